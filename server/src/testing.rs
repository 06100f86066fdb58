//! An office in a temporary directory, with one village and its accountant, for tests.

use std::sync::Arc;

use ledger::content::{
    Content, Direction, ImageRef, Invoice, Openness, ReceiptContent, Salt, VillageName,
};
use ledger::hash::{Hash, sha256};
use ledger::key::SigningKey;
use ledger::kiosk::Report;
use ledger::money::Fen;
use ledger::note::compose;
use ledger::place::Village;
use ledger::statement::{Role, Statement};
use tempfile::TempDir;

use crate::app::App;
use crate::blobs::{self, Piece};
use crate::bulletin::{self, Written};
use crate::clock;
use crate::data::DataDir;
use crate::directory::{self, Holder};
use crate::found::found;
use crate::intake::{self, Status};
use crate::people::{self, Actor, Who};
use crate::photo::{self, tests::jpeg};
use crate::publish::Crash;
use crate::review;

pub(crate) const ORIGIN: &str = "xinjie.example/log";

pub(crate) struct Office {
    pub directory: TempDir,
    pub accountant: SigningKey,
    pub reviewer: Who,
}

pub(crate) fn village() -> Village {
    "341181107201".parse().unwrap()
}

impl Office {
    /// Entries 0 and 1 found it, 2 names the village, 3 enrols its accountant. Its rules ask for nobody's countersignature.
    pub fn new() -> Self {
        let office = Self::by_the_rules();
        let rules = include_str!("../../assets/rules/chongqing.toml");
        let rules = rules.replace("supervisors = 1", "supervisors = 0");
        let rules = rules.replace("supervisors = 2", "supervisors = 0");
        let rules = rules.replace("leader = true\nresolution", "leader = false\nresolution");
        std::fs::write(office.data().rules(), rules).unwrap();
        office
    }

    /// The same with the rules that the program comes with.
    pub fn by_the_rules() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let accountant = SigningKey::from_seed("341181107201/accountant", [7; 32]).unwrap();
        let township = "341181107000".parse().unwrap();
        found(&DataDir::at(directory.path()), "新街镇", ORIGIN, township).unwrap();
        let who = Actor::operator();
        let reviewer = Who {
            id: 0,
            login: "wang".into(),
            name: "王审核".into(),
            role: people::Role::Reviewer,
            village: None,
            away: false,
            absent: Vec::new(),
        };
        let office = Self { directory, accountant, reviewer };
        let app = office.open();
        let names = [VillageName { code: village(), name: "新街村".into() }];
        directory::add_villages(&app, &names, &who).unwrap();
        let holder = Holder { name: "李会计".into(), post: "报账员".into() };
        let key = office.accountant.verifier();
        directory::enrol(&app, village(), Role::Accountant, key, holder, &who).unwrap();
        office
    }

    /// Publishes a bulletin; gives its log index.
    pub fn bulletin(&self, app: &Arc<App>, title: &str, body: &str) -> u64 {
        let (login, name) = ("zhou".to_owned(), "周编辑".to_owned());
        let editor = Who { login, name, role: people::Role::Editor, ..self.reviewer.clone() };
        let written = Written {
            column: "tongzhi".into(),
            title: title.into(),
            body: body.into(),
            ..Written::default()
        };
        wait(async {
            let id = bulletin::emergency(app, &editor, written, 1).await.unwrap();
            review::publish(app, &[id], &self.reviewer).await.unwrap()[0].index
        })
    }

    pub fn data(&self) -> DataDir {
        DataDir::at(self.directory.path())
    }

    pub fn open(&self) -> Arc<App> {
        self.open_with(Crash::Never)
    }

    pub fn open_with(&self, crash: Crash) -> Arc<App> {
        Arc::new(App::open_with(self.data(), "http://test".into(), crash).unwrap())
    }

    /// A signed receipt that differs with `n`, its content, and its images.
    pub fn receipt(&self, n: u8, images: &[Vec<u8>]) -> (String, String) {
        self.receipt_with(n, images, None)
    }

    pub fn receipt_with(
        &self,
        n: u8,
        images: &[Vec<u8>],
        invoice: Option<Invoice>,
    ) -> (String, String) {
        let content = ReceiptContent { invoice, ..content(n, images) };
        signed(village(), &self.accountant, &content)
    }

    /// Names a second village and enrols its accountant.
    pub fn neighbour(&self, app: &App) -> (Village, SigningKey) {
        let code: Village = "341181107202".parse().unwrap();
        let names = [VillageName { code, name: "邻村".into() }];
        let who = Actor::operator();
        directory::add_villages(app, &names, &who).unwrap();
        let key = SigningKey::from_seed("341181107202/accountant", [6; 32]).unwrap();
        let holder = Holder { name: "赵会计".into(), post: "报账员".into() };
        directory::enrol(app, code, Role::Accountant, key.verifier(), holder, &who).unwrap();
        (code, key)
    }

    /// Enrols a supervisor of the village; gives the key that is theirs.
    pub fn supervisor(&self, app: &App, login: &str, seed: u8) -> SigningKey {
        let name = crate::review::key_name(village().as_str(), login);
        let key = SigningKey::from_seed(&name, [seed; 32]).unwrap();
        let holder = Holder { name: format!("{login}监督"), post: "监督委员".into() };
        let (role, by) = (Role::Supervisor, Actor::operator());
        directory::enrol(app, village(), role, key.verifier(), holder, &by).unwrap();
        key
    }

    /// Somebody with this post; `id` 0: no account stands behind it.
    pub fn person(&self, login: &str, role: people::Role) -> Who {
        let village = role.is_of_village().then(village);
        Who { login: login.into(), name: login.into(), role, village, ..self.reviewer.clone() }
    }

    /// Signs and submits a receipt that [`Self::receipt`] would make, after `change`; answers its id.
    pub fn submit(&self, app: &App, n: u8, change: impl FnOnce(&mut ReceiptContent)) -> String {
        let (_, body) = self.receipt(n, &[]);
        let mut content = ReceiptContent::parse(body.as_bytes()).unwrap();
        change(&mut content);
        let (body, content) = content.to_bytes();
        let statement = Statement::Receipt {
            village: village(),
            period: "2026-05".parse().unwrap(),
            time: "2026-06-03T09:12:00+08:00".parse().unwrap(),
            content,
        };
        let body = String::from_utf8(body).unwrap();
        wait(intake::receive(app, self.sign(&statement), Some(body))).unwrap().id
    }

    pub fn sign(&self, statement: &Statement) -> String {
        let text = statement.to_text();
        compose(&text, &[self.accountant.sign(&text)])
    }

    /// Submits a receipt with one image and sends the image.
    pub async fn submit_whole(&self, app: &Arc<App>, n: u8) -> Status {
        let picture = jpeg(n);
        let (note, body) = self.receipt(n, std::slice::from_ref(&picture));
        let status = intake::receive(app, note, Some(body)).await.unwrap();
        for hash in status.missing {
            send(app, hash.parse().unwrap(), &picture).await;
        }
        app.db.read(|c| intake::status(c, &status.id)).unwrap()
    }
}

/// The report of a kiosk that is well, by a clock that says `now`.
pub(crate) fn report(number: u64, now: i64) -> Report {
    Report {
        number,
        time: clock::text_of(now).parse().unwrap(),
        app: "0.1.0".parse().unwrap(),
        screen: "home".parse().unwrap(),
        free: 50 << 30,
        total: 100 << 30,
        offset: None,
        checkpoint: None,
        shown: Vec::new(),
        synced: None,
        error: None,
    }
}

/// What a receipt says that differs with `n`.
pub(crate) fn content(n: u8, images: &[Vec<u8>]) -> ReceiptContent {
    ReceiptContent {
        salt: Salt([n; 16]),
        direction: Direction::Out,
        amount: Fen(100 + i64::from(n)),
        date: "2026-05-12".parse().unwrap(),
        purpose: "路灯维修".into(),
        payee: "五金店".into(),
        category: "维修费".into(),
        handler: String::new(),
        witness: String::new(),
        approver: String::new(),
        recipient: String::new(),
        supervisor: String::new(),
        payment: None,
        resolution: String::new(),
        invoice: None,
        openness: Some(Openness::Open {}),
        no_voucher: String::new(),
        images: images.iter().map(|bytes| image_ref(bytes)).collect(),
    }
}

/// A receipt of May 2026 as its accountant sends it: note and content.
pub(crate) fn signed(
    village: Village,
    key: &SigningKey,
    content: &ReceiptContent,
) -> (String, String) {
    let (body, content) = content.to_bytes();
    let statement = Statement::Receipt {
        village,
        period: "2026-05".parse().unwrap(),
        time: "2026-06-03T09:12:00+08:00".parse().unwrap(),
        content,
    };
    let text = statement.to_text();
    (compose(&text, &[key.sign(&text)]), String::from_utf8(body).unwrap())
}

fn image_ref(bytes: &[u8]) -> ImageRef {
    let sha256 = sha256(bytes);
    let (width, height) = photo::check(bytes).unwrap_or((40, 30));
    ImageRef {
        sha256,
        thumb: sha256,
        width,
        height,
        bytes: bytes.len() as u64,
        covered: Vec::new(),
    }
}

pub(crate) async fn send(app: &Arc<App>, hash: Hash, bytes: &[u8]) {
    let total = bytes.len() as u64;
    let piece = blobs::append(app, hash, 0, total, bytes.to_vec().into()).await.unwrap();
    assert_eq!(piece, Piece::Held(total));
}

/// Runs a future to its end on a small runtime.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}
