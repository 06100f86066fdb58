//! A villager's way through every screen of the real window, high and wide: the code on each leads to the same thing on the
//! real server.

use crate::fixture::{self, Copy};
use crate::window::{PATIENCE, Window, is_pressable, is_something};
use ledger::money::Fen;
use mingbai_tests::sample::{Sample, SampleReceipt};
use mingbai_tests::server::Server;
use std::time::Instant;

type Spot = (u32, u32);

/// From one receipt that is found to the next.
const FOUND_ROW: u32 = 164;

/// Where a window of one shape has what is touched.
struct Shape {
    size: &'static str,
    // The bar.
    back: Spot,
    home: Spot,
    easier: Spot,
    age: Spot,
    // Doors of the home page.
    receipts: Spot,
    notices: Spot,
    search: Spot,
    // The first of what is listed.
    village: Spot,
    month: Spot,
    receipt: Spot,
    bulletin: Spot,
    found: Spot,
    // The month at a glance: what opens it, the last receipt in it, and from where to where a finger drags it.
    summary: Spot,
    smallest: Spot,
    drag: (Spot, Spot),
    /// What a list goes on with, as long as it does.
    down: Spot,
    // A receipt's photograph: the middle of it, what enlarges it and shows all of it, on its receipt and alone.
    alone: Spot,
    photograph: Spot,
    larger: [Spot; 2],
    whole: [Spot; 2],
    // Seals of a receipt and a bulletin.
    seals: [Spot; 2],
    english: Spot,
    chinese: Spot,
    // Pads: the first key, how far it is to the next, and how many stand in a row.
    letters: (Spot, Spot, u32),
    figures: (Spot, Spot, u32),
    candidate: Spot,
    to_figures: Spot,
    clear: Spot,
    /// What puts an emergency away.
    seen: Spot,
}

const HIGH: Shape = Shape {
    size: "1080x1920",
    back: (120, 1720),
    home: (330, 1720),
    easier: (730, 1720),
    age: (150, 1850),
    receipts: (280, 380),
    notices: (800, 730),
    search: (800, 1050),
    village: (120, 250),
    month: (130, 235),
    receipt: (400, 305),
    bulletin: (200, 470),
    found: (150, 330),
    summary: (880, 210),
    smallest: (300, 1445),
    drag: ((500, 1600), (500, 160)),
    down: (988, 1534),
    alone: (450, 1370),
    photograph: (500, 850),
    larger: [(980, 709), (980, 1310)],
    whole: [(980, 940), (980, 1540)],
    seals: [(200, 1080), (200, 1140)],
    english: (830, 988),
    chinese: (280, 988),
    letters: ((88, 1212), (113, 112), 9),
    figures: ((154, 1172), (257, 124), 3),
    candidate: (90, 1112),
    to_figures: (804, 1551),
    clear: (780, 222),
    seen: (540, 1556),
};

const WIDE: Shape = Shape {
    size: "1920x1080",
    back: (1680, 1000),
    home: (1820, 1000),
    easier: (1820, 870),
    age: (1640, 640),
    receipts: (280, 340),
    notices: (400, 640),
    search: (290, 890),
    village: (120, 250),
    month: (130, 235),
    receipt: (300, 305),
    bulletin: (200, 360),
    found: (150, 330),
    summary: (1480, 210),
    smallest: (300, 925),
    drag: ((700, 1000), (700, 100)),
    down: (1510, 1002),
    alone: (1144, 556),
    photograph: (800, 640),
    larger: [(745, 763), (1497, 763)],
    whole: [(745, 992), (1497, 993)],
    seals: [(1200, 205), (200, 970)],
    english: (1178, 987),
    chinese: (404, 987),
    letters: ((820, 557), (114, 112), 7),
    figures: ((862, 620), (203, 124), 3),
    candidate: (830, 440),
    to_figures: (1372, 1001),
    clear: (1291, 221),
    seen: (800, 1008),
};

#[test]
fn the_codes_of_a_high_window_lead_to_what_a_finger_opens() {
    walk(&HIGH);
}

#[test]
fn the_codes_of_a_wide_window_lead_to_what_a_finger_opens() {
    walk(&WIDE);
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
        let start = Instant::now();
        while is_pressable(&window.display.pixels(), shape.down) {
            assert!(start.elapsed() < PATIENCE, "the list has no end");
            // A swipe that comes while the list runs to its end changes nothing.
            window.display.swipe(from, to);
            window.wait("list at rest", |_| true);
        }
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
        let shows_all = |all: bool, whole: Spot| {
            window.wait("photograph", |now| is_pressable(now, whole) != all);
        };
        window.tap(shape.larger[0], &here);
        shows_all(false, shape.whole[0]);
        window.tap(shape.whole[0], &here);
        shows_all(true, shape.whole[0]);
        window.tap(shape.alone, &here);
        window.tap(shape.larger[1], &here);
        let (x, y) = shape.photograph;
        window.after(|display| display.swipe((x, y), (x - 200, y - 50)), &here);
        window.tap(shape.whole[1], &here);
        // Two quick taps enlarge it, and two more show all of it again.
        for all in [false, true] {
            window.after(|display| display.tap_twice(x, y), &here);
            shows_all(all, shape.whole[1]);
        }
        window.tap(shape.back, &here);
        says(&window.tap(shape.seals[0], &here), &["签名"]);
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
        let mut links =
            list.split("href=\"/b/").skip(1).map(|rest| rest.split('"').next().unwrap());
        let newest = links.find(|link| link.parse::<u64>().is_ok()).unwrap();
        let here = format!("/b/{newest}");
        let page = window.tap(shape.bulletin, &here);
        let told = all().find(|one| page.contains(&one.title)).unwrap();
        says(&page, &[told.body.lines().next().unwrap()]);
        window.tap(shape.seals[1], &here);
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
        let fuel = self.listed().into_iter().find(|one| one.purpose.contains("加油")).unwrap();
        let tools = self.listed().into_iter().find(|one| one.purpose.contains("扫把")).unwrap();
        window.tap(shape.search, "/");
        let letter = |key: char| key as u32 - 'a' as u32;
        "jiayou".chars().for_each(|key| self.key(&shape.letters, letter(key)));
        window.tap(shape.candidate, "/");
        self.only_one_is_found();
        let here = self.address(fuel);
        is_of(&window.tap(shape.found, &here), fuel);
        window.tap(shape.back, "/");
        window.tap(shape.clear, "/");
        window.tap(shape.to_figures, "/");
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

    /// Presses a key of a pad, which changes a few pixels only.
    fn key(&self, (first, step, across): &(Spot, Spot, u32), place: u32) {
        self.window
            .display
            .tap(first.0 + place % across * step.0, first.1 + place / across * step.1);
    }

    /// It comes up by itself once it is published, and goes when it was read.
    fn emergency(&self, server: &Server) {
        let office = |login| fixture::town().office(server, login).unwrap();
        office("editor").warn("cunwu", "台风红色预警", "请到小学避险。").unwrap();
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
