//! A small township for tests: its log, contents and pictures as the files of its read surface.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};

use ledger::checkpoint::Checkpoint;
use ledger::content::{
    BulletinContent, ClosingContent, Column, ColumnKind, Content, Direction, DirectoryContent,
    ImageRef, KeyContent, Openness, ReceiptContent, Salt, VillageName,
};
use ledger::hash::{Hash, sha256};
use ledger::key::SigningKey;
use ledger::money::Fen;
use ledger::note::{Note, compose};
use ledger::place::Village;
use ledger::statement::{Act, Reason, Role, Source, Statement};
use ledger::tile::{Edge, Tile, bundle_path, join_bundle};
use ledger::time::Timestamp;
use ledger::tree::leaf_hash;

pub const TOWNSHIP: &str = "341181107000";
pub const VILLAGE: &str = "341181107201";
pub const MONTH: &str = "2026-05";

/// Path to bytes.
pub type Files = BTreeMap<String, Vec<u8>>;

pub struct Town {
    pub log: SigningKey,
    office: SigningKey,
    accountants: Vec<SigningKey>,
    pub entries: Vec<Vec<u8>>,
    contents: BTreeMap<u64, Vec<u8>>,
    withdrawn: BTreeSet<u64>,
    pub pictures: BTreeMap<Hash, Vec<u8>>,
    salts: u8,
}

/// The names of as many villages as a town can have.
pub const NAMES: [&str; 8] =
    ["新街村", "河东村", "柳树湾村", "石桥村", "大王庄村", "东岗村", "三里铺村", "马家营村"];

/// The first village.
pub fn village() -> Village {
    VILLAGE.parse().unwrap()
}

/// The village of that number, from 0.
pub fn village_no(n: usize) -> Village {
    format!("34118110720{}", n + 1).parse().unwrap()
}

fn time() -> Timestamp {
    "2026-06-03T09:12:00+08:00".parse().unwrap()
}

/// Bytes that are no JPEG, but have a hash: the shelf does not decode.
pub fn picture(n: u64, length: usize) -> Vec<u8> {
    let seed = sha256(&n.to_be_bytes()).0;
    seed.iter().copied().cycle().take(length).collect()
}

impl Town {
    /// With the office, an accountant and a directory: entries 0 to 2.
    pub fn new() -> Self {
        Self::with_log_seed(1)
    }

    pub fn with_log_seed(seed: u8) -> Self {
        Self::build(seed, 1)
    }

    /// With so many villages of [`NAMES`], each with an accountant.
    pub fn with_villages(villages: usize) -> Self {
        Self::build(1, villages)
    }

    fn build(seed: u8, villages: usize) -> Self {
        let key = |name: &str, seed| SigningKey::from_seed(name, [seed; 32]).unwrap();
        let accountant =
            |n: usize| key(&format!("{}/accountant", village_no(n)), 3 + u8::try_from(n).unwrap());
        let mut town = Self {
            log: key("test.example/log", seed),
            office: key("341181107000/office", 2),
            accountants: (0..villages).map(accountant).collect(),
            entries: Vec::new(),
            contents: BTreeMap::new(),
            withdrawn: BTreeSet::new(),
            pictures: BTreeMap::new(),
            salts: 0,
        };
        town.enrol(None, "王建国", "党政办");
        for n in 0..villages {
            town.enrol(Some(n), "李秀英", "报账员");
        }
        let directory = DirectoryContent {
            salt: town.salt(),
            township: "新街镇".into(),
            villages: (0..villages)
                .map(|n| VillageName { code: village_no(n), name: NAMES[n].into() })
                .collect(),
            columns: vec![Column {
                id: "tongzhi".into(),
                name: "通知公告".into(),
                name_en: "Notices".into(),
                kind: ColumnKind::Notice,
            }],
        };
        let (bytes, content) = directory.to_bytes();
        let township = TOWNSHIP.parse().unwrap();
        let statement = Statement::Directory { village: township, time: time(), content };
        town.append(&statement, Some(bytes), None);
        town
    }

    /// Enrols the office's key, or that of a village's accountant.
    fn enrol(&mut self, of: Option<usize>, holder: &str, post: &str) {
        let salt = self.salt();
        let content = KeyContent { salt, holder: holder.into(), post: post.into() };
        let (bytes, hash) = content.to_bytes();
        let statement = Statement::Key {
            village: of.map_or_else(|| TOWNSHIP.parse().unwrap(), village_no),
            time: time(),
            act: Act::Enrol,
            role: if of.is_some() { Role::Accountant } else { Role::Office },
            key: of.map_or(&self.office, |n| &self.accountants[n]).verifier(),
            content: Some(hash),
        };
        self.append(&statement, Some(bytes), None);
    }

    fn salt(&mut self) -> Salt {
        self.salts = self.salts.wrapping_add(1);
        Salt([self.salts; 16])
    }

    /// Appends what the accountant of a village signs, or the office.
    fn append(
        &mut self,
        statement: &Statement,
        content: Option<Vec<u8>>,
        by: Option<usize>,
    ) -> u64 {
        let key = by.map_or(&self.office, |n| &self.accountants[n]);
        let text = statement.to_text();
        let entry = compose(&text, &[key.sign(&text)]).into_bytes();
        self.append_raw(entry, content)
    }

    pub fn append_raw(&mut self, entry: Vec<u8>, content: Option<Vec<u8>>) -> u64 {
        let index = self.entries.len() as u64;
        self.entries.push(entry);
        self.contents.extend(content.map(|bytes| (index, bytes)));
        index
    }

    pub fn receipt_content(&mut self, fen: i64, purpose: &str) -> ReceiptContent {
        let n = self.entries.len() as u64;
        let (big, small) = (picture(n, 3000), picture(n + 1_000_000, 400));
        let image = ImageRef {
            sha256: sha256(&big),
            thumb: sha256(&small),
            width: 60,
            height: 40,
            bytes: big.len() as u64,
            covered: Vec::new(),
        };
        self.pictures.extend([(image.sha256, big), (image.thumb, small)]);
        ReceiptContent {
            salt: self.salt(),
            direction: if fen < 0 { Direction::Out } else { Direction::In },
            amount: Fen(fen.abs()),
            date: "2026-05-12".parse().unwrap(),
            purpose: purpose.into(),
            payee: "新街五金店".into(),
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
            images: vec![image],
        }
    }

    /// A receipt of the village's month; fen below 0 are spent.
    pub fn receipt(&mut self, fen: i64, purpose: &str) -> u64 {
        let content = self.receipt_content(fen, purpose);
        self.receipt_of(0, MONTH, &content)
    }

    /// A receipt of any village's month.
    pub fn receipt_of(&mut self, n: usize, period: &str, content: &ReceiptContent) -> u64 {
        let (bytes, content) = content.to_bytes();
        let (village, period) = (village_no(n), period.parse().unwrap());
        let statement = Statement::Receipt { village, period, time: time(), content };
        self.append(&statement, Some(bytes), Some(n))
    }

    /// The office closes the first village's month.
    pub fn closing(&mut self, receipts: u64, received: i64, spent: i64) -> u64 {
        let content = ClosingContent {
            salt: self.salt(),
            receipts,
            received: Fen(received),
            spent: Fen(spent),
            unvouched: Vec::new(),
        };
        let (bytes, content) = content.to_bytes();
        let (village, period) = (village(), MONTH.parse().unwrap());
        let statement = Statement::Closing { village, period, time: time(), content };
        self.append(&statement, Some(bytes), None)
    }

    pub fn correction(&mut self, of: u64, fen: i64, purpose: &str) -> u64 {
        let (bytes, content) = self.receipt_content(fen, purpose).to_bytes();
        let source = Source::Original;
        let statement =
            Statement::Correction { village: village(), time: time(), of, source, content };
        self.append(&statement, Some(bytes), Some(0))
    }

    /// Withdraws; the server drops the contents at once.
    pub fn withdraw(&mut self, of: u64) -> u64 {
        let (reason, source) = (Reason::Personal, Source::Original);
        let note = Note::parse(&self.entries[usize::try_from(of).unwrap()]).unwrap();
        let statement = Statement::Withdrawal {
            village: Statement::parse(note.text()).unwrap().village(),
            time: time(),
            of,
            reason,
            source,
            ground: None,
        };
        self.withdrawn.insert(of);
        self.append(&statement, None, None)
    }

    pub fn nothing(&mut self, period: &str) -> u64 {
        let (village, period) = (village(), period.parse().unwrap());
        let statement = Statement::Nothing { village, period, time: time() };
        self.append(&statement, None, Some(0))
    }

    pub fn bulletin(&mut self, title: &str) -> u64 {
        self.bulletin_with(title, |_| {})
    }

    /// A bulletin of the township that is otherwise than most.
    pub fn bulletin_with(&mut self, title: &str, change: impl FnOnce(&mut BulletinContent)) -> u64 {
        let mut content = BulletinContent::plain(self.salt(), "tongzhi", title, "一段\n\n两段");
        change(&mut content);
        let (bytes, content) = content.to_bytes();
        let village = TOWNSHIP.parse().unwrap();
        let statement = Statement::Bulletin { village, time: time(), content };
        self.append(&statement, Some(bytes), None)
    }

    /// The office puts another text in a bulletin's place.
    pub fn bulletin_correction(&mut self, of: u64, title: &str) -> u64 {
        let content = BulletinContent::plain(self.salt(), "tongzhi", title, "改过的");
        let (bytes, content) = content.to_bytes();
        let (village, source) = (TOWNSHIP.parse().unwrap(), Source::Format);
        let statement = Statement::Correction { village, time: time(), of, source, content };
        self.append(&statement, Some(bytes), None)
    }

    pub fn content_hash(&self, index: u64) -> Hash {
        sha256(&self.contents[&index])
    }

    /// A receipt that a stranger's key of the accountant's name signed.
    pub fn strange_receipt(&mut self) -> u64 {
        let stranger = SigningKey::from_seed("341181107201/accountant", [99; 32]).unwrap();
        let (bytes, content) = self.receipt_content(-100, "冒名").to_bytes();
        let (village, period) = (village(), MONTH.parse().unwrap());
        let text = Statement::Receipt { village, period, time: time(), content }.to_text();
        let entry = compose(&text, &[stranger.sign(&text)]).into_bytes();
        self.append_raw(entry, Some(bytes))
    }

    pub fn content_path(&self, index: u64) -> String {
        format!("/content/{}", sha256(&self.contents[&index]))
    }

    pub fn bundle_path(&self, number: u64) -> String {
        let width = (self.entries.len() as u64 - number * 256).min(256);
        format!("/{}", bundle_path(number, u16::try_from(width).unwrap()))
    }

    /// What the server serves at this size.
    pub fn files(&self) -> Files {
        let mut files = Files::new();
        let mut edge = Edge::default();
        let bytes = |hashes: &[Hash]| hashes.iter().flat_map(|h| h.0).collect::<Vec<u8>>();
        let tile_at = |tile: Tile| format!("/{}", tile.path());
        for entry in &self.entries {
            edge.push(leaf_hash(entry), |tile, row| {
                files.insert(tile_at(tile), bytes(&row));
            });
        }
        for (tile, row) in edge.partial_tiles() {
            files.insert(tile_at(tile), bytes(row));
        }
        for (number, chunk) in (0u64..).zip(self.entries.chunks(256)) {
            let bundle = join_bundle(chunk.iter().map(Vec::as_slice)).unwrap();
            files.insert(self.bundle_path(number), bundle);
            let items = (number * 256..).take(chunk.len()).map(|index| {
                let content =
                    self.contents.get(&index).filter(|_| !self.withdrawn.contains(&index));
                content.map_or(&[][..], Vec::as_slice)
            });
            files.insert(format!("/content/bundle/{number:03}"), join_bundle(items).unwrap());
        }
        for (index, bytes) in &self.contents {
            if !self.withdrawn.contains(index) {
                files.insert(format!("/content/{}", sha256(bytes)), bytes.clone());
            }
        }
        for (hash, bytes) in &self.pictures {
            files.insert(format!("/blob/{hash}"), bytes.clone());
        }
        let head = self.head(edge.size(), edge.root());
        files.insert("/checkpoint".into(), head);
        files
    }

    /// A signed head that says so.
    pub fn head(&self, size: u64, root: Hash) -> Vec<u8> {
        let origin = self.log.verifier().name().to_owned();
        Checkpoint { origin, size, root }.sign(&self.log).into_bytes()
    }
}
