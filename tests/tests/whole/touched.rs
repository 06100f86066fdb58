//! A villager's way through every screen of the real window, high and wide: the code on each leads to the same thing on the
//! real server.

use crate::fixture::{self, Copy};
use crate::window::{Window, is_something};
use ledger::money::Fen;
use mingbai_tests::sample::{Sample, SampleReceipt};
use mingbai_tests::server::Server;

type Spot = (u32, u32);

/// From one receipt that is found to the next.
const FOUND_ROW: u32 = 164;

/// Where a display of one shape has what is touched.
struct Shape {
    size: &'static str,
    back: Spot,
    home: Spot,
    easier: Spot,
    age: Spot,
    /// On the home page.
    receipts: Spot,
    notices: Spot,
    search: Spot,
    village: Spot,
    month: Spot,
    summary: Spot,
    /// On the month at a glance: from where to where a finger drags it to its end, and the last receipt there.
    drag: (Spot, Spot),
    smallest: Spot,
    receipt: Spot,
    larger: Spot,
    whole: Spot,
    seal: Spot,
    /// What opens the picture, and the middle of it.
    picture: Spot,
    scan: Spot,
    bulletin: Spot,
    bulletin_seal: Spot,
    chinese: Spot,
    english: Spot,
    /// The first letter's key, how far it is to the next, and how many stand in a row.
    letters: (Spot, Spot, u32),
    clear: Spot,
    numbers: Spot,
    /// The same for figures.
    figures: (Spot, Spot, u32),
    found: Spot,
    seen: Spot,
}

const HIGH: Shape = Shape {
    size: "1080x1920",
    back: (120, 1720),
    home: (330, 1720),
    easier: (720, 1720),
    age: (400, 1840),
    receipts: (280, 400),
    notices: (800, 700),
    search: (800, 1000),
    village: (280, 300),
    month: (400, 270),
    summary: (880, 210),
    drag: ((500, 1300), (500, 200)),
    smallest: (400, 1500),
    receipt: (400, 330),
    larger: (980, 750),
    whole: (980, 980),
    seal: (400, 1120),
    picture: (400, 1500),
    scan: (500, 700),
    bulletin: (400, 400),
    bulletin_seal: (400, 1000),
    chinese: (280, 1000),
    english: (800, 1000),
    letters: ((88, 1220), (113, 112), 9),
    clear: (720, 222),
    numbers: (800, 1556),
    figures: ((154, 1172), (257, 124), 3),
    found: (400, 370),
    seen: (540, 1560),
};

#[test]
fn the_codes_of_a_high_window_lead_to_what_a_finger_opens() {
    walk(&HIGH);
}

fn walk(shape: &Shape) {
    let copy = Copy::new();
    let server = copy.serve();
    copy.sync(&server.url).unwrap();
    let window = Window::open(&copy, &server, shape.size);
    let way = Way { window, shape, sample: &fixture::town().sample };
    way.month();
    way.receipt();
    way.bulletin();
    way.status();
    way.language();
    way.search();
    way.emergency(&server);
}

struct Way<'a> {
    window: Window<'a>,
    shape: &'a Shape,
    sample: &'a Sample,
}

/// A page says all of this.
fn says(page: &str, words: &[&str]) {
    for word in words {
        assert!(page.contains(word), "no “{word}” in {page}");
    }
}

/// It is the page of this receipt.
fn is_of(page: &str, receipt: &SampleReceipt) {
    says(page, &[&receipt.purpose, &receipt.payee, &Fen(receipt.amount).to_string()]);
}

impl Way<'_> {
    /// Receipts of the first village in June, as they are listed: by their day.
    fn listed(&self) -> Vec<&SampleReceipt> {
        let village = &self.sample.villages[0].code;
        let in_june = |one: &&SampleReceipt| one.village == *village && one.period == "2026-06";
        let mut listed: Vec<_> = self.sample.receipts.iter().filter(in_june).collect();
        listed.sort_by_key(|one| &one.date);
        listed
    }

    /// The address of a receipt's page.
    fn address(&self, receipt: &SampleReceipt) -> String {
        let month = self.window.page(&format!("/v/{}/{}", receipt.village, receipt.period));
        let link = month.split("href=\"").find(|rest| rest.contains(&receipt.purpose));
        link.unwrap().split('"').next().unwrap().to_owned()
    }

    /// From home to a month, which is left open.
    fn month(&self) {
        let (window, shape, village) = (&self.window, self.shape, &self.sample.villages[0]);
        let villages: Vec<&str> =
            self.sample.villages.iter().map(|one| one.name.as_str()).collect();
        let (here, month) =
            (format!("/v/{}", village.code), format!("/v/{}/2026-06", village.code));
        says(&window.tap(shape.receipts, "/"), &villages);
        says(&window.tap(shape.village, &here), &[&village.name]);
        let spent: i64 =
            self.listed().iter().filter(|one| one.direction == "out").map(|one| one.amount).sum();
        let sum = Fen(spent).to_string();
        says(&window.tap(shape.month, &month), &[&village.name, "2026年6月", &sum]);
        says(&window.tap(shape.summary, &month), &["钱花在哪里"]);
        let (from, to) = shape.drag;
        window.after(|display| display.drag(from, to), &month);
        let smallest = self.listed().into_iter().min_by_key(|one| one.amount).unwrap();
        is_of(&window.tap(shape.smallest, &self.address(smallest)), smallest);
        window.tap(shape.back, &month);
        window.tap(shape.back, &month);
    }

    /// From the month to its first receipt, its picture and its seal; then home.
    fn receipt(&self) {
        let (window, shape, receipt) = (&self.window, self.shape, self.listed()[0]);
        let here = self.address(receipt);
        is_of(&window.tap(shape.receipt, &here), receipt);
        window.tap(shape.larger, &here);
        window.tap(shape.whole, &here);
        window.tap(shape.picture, &here);
        window.tap(shape.larger, &here);
        window.after(
            |display| display.drag(shape.scan, (shape.scan.0 - 100, shape.scan.1 - 50)),
            &here,
        );
        // Two quick taps show all of it again.
        window.after(|display| display.tap_twice(shape.scan.0, shape.scan.1), &here);
        window.tap(shape.back, &here);
        says(&window.tap(shape.seal, &here), &["签名"]);
        says(&window.tap(shape.home, "/"), &[&self.sample.township.name]);
    }

    fn bulletin(&self) {
        let (window, shape) = (&self.window, self.shape);
        let column = "/b?column=tongzhi";
        let list = window.tap(shape.notices, column);
        let all = || self.sample.bulletins.iter().filter(|one| one.images.is_empty());
        for bulletin in all() {
            assert_eq!(list.contains(&bulletin.title), bulletin.column == "tongzhi");
        }
        // The newest stands first, here as there.
        let newest = list.split("href=\"/b/").nth(1).unwrap().split('"').next().unwrap();
        let here = format!("/b/{newest}");
        let page = window.tap(shape.bulletin, &here);
        let told = all().find(|one| page.contains(&one.title)).unwrap();
        says(&page, &[told.body.lines().next().unwrap()]);
        window.tap(shape.bulletin_seal, &here);
        window.tap(shape.home, "/");
    }

    fn status(&self) {
        says(&self.window.tap(self.shape.age, "/"), &[&self.sample.township.name]);
        self.window.tap(self.shape.back, "/");
    }

    fn language(&self) {
        let (window, shape, village) = (&self.window, self.shape, &self.sample.villages[0]);
        window.tap(shape.easier, "/");
        says(&window.tap(shape.english, "/?lang=en"), &["lang=\"en\""]);
        window.tap(shape.home, "/?lang=en");
        says(&window.tap(shape.notices, "/b?column=tongzhi&lang=en"), &["Notices"]);
        window.tap(shape.home, "/?lang=en");
        window.tap(shape.receipts, "/?lang=en");
        let here = format!("/v/{}?lang=en", village.code);
        says(&window.tap(shape.village, &here), &["lang=\"en\"", &village.name]);
        window.tap(shape.easier, "/?lang=en");
        window.tap(shape.chinese, "/");
        window.tap(shape.home, "/");
    }

    fn search(&self) {
        let (window, shape) = (&self.window, self.shape);
        let power = self.listed().into_iter().find(|one| one.purpose.contains("电费")).unwrap();
        let tools = self.listed().into_iter().find(|one| one.purpose.contains("扫把")).unwrap();
        window.tap(shape.search, "/");
        let letter = |key: char| key as u32 - 'a' as u32;
        "dianfei".chars().for_each(|key| self.key(&shape.letters, letter(key)));
        self.only_one_is_found();
        let here = self.address(power);
        is_of(&window.tap(shape.found, &here), power);
        window.tap(shape.back, "/");
        window.tap(shape.clear, "/");
        window.tap(shape.numbers, "/");
        let figure = |key: char| "123456789.0".find(key).unwrap() as u32;
        "2332.5".chars().for_each(|key| self.key(&shape.figures, figure(key)));
        self.only_one_is_found();
        let here = self.address(tools);
        is_of(&window.tap(shape.found, &here), tools);
        window.tap(shape.home, "/");
    }

    fn only_one_is_found(&self) {
        let (first, second) =
            (self.shape.found, (self.shape.found.0, self.shape.found.1 + FOUND_ROW));
        let one = |now: &_| is_something(now, first) && !is_something(now, second);
        self.window.wait("single receipt", one);
    }

    /// Presses a key of a pad.
    fn key(&self, (first, step, across): &(Spot, Spot, u32), place: u32) {
        let key = (first.0 + place % across * step.0, first.1 + place / across * step.1);
        self.window.tap(key, "/");
    }

    /// It comes up by itself once it is published, and goes when it was read.
    fn emergency(&self, server: &Server) {
        let form = [
            ("title", "台风红色预警"),
            ("body", "请到小学避险。"),
            ("village", ""),
            ("column", "cunwu"),
            ("hours", "24"),
        ];
        let office = |login| fixture::town().office(server, login).unwrap();
        let path = "/office/emergency";
        office("editor").submit(path, path, &form).unwrap();
        let reviewer = office("reviewer");
        let here = format!("/b/{}", self.entries());
        let page =
            self.window.after(|_| assert_eq!(reviewer.publish_all(|_| ()).unwrap(), 1), &here);
        says(&page, &["台风红色预警", "请到小学避险。"]);
        self.window.tap(self.shape.seen, "/");
    }

    /// Entries of the log.
    fn entries(&self) -> u64 {
        let checkpoint = self.window.page("/checkpoint");
        checkpoint.lines().nth(1).unwrap().parse().unwrap()
    }
}
