//! A township's log, contents and small pictures as its public read surface, served over HTTP to a test.

#![allow(clippy::unwrap_used)]
use image::{DynamicImage, GrayImage, Luma, codecs::jpeg::JpegEncoder};
use ledger::checkpoint::Checkpoint;
use ledger::content::{Content, Direction, ImageRef, Invoice, Openness, ReceiptContent, Salt};
use ledger::hash::{Hash, sha256};
use ledger::key::SigningKey;
use ledger::money::Fen;
use ledger::note::compose;
use ledger::statement::{Act, Reason, Role, Source, Statement};
use ledger::tile::{Edge, bundle_path, content_bundle_path, join_bundle};
use ledger::tree::leaf_hash;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

pub const OWN: &str = "341181107201";
pub const OTHER: &str = "341181107202";
const TIME: &str = "2026-06-03T09:12:00+08:00";

pub type Files = BTreeMap<String, Vec<u8>>;

pub struct Town {
    pub log: SigningKey,
    /// The office's and the accountants'.
    keys: [SigningKey; 3],
    pub entries: Vec<Vec<u8>>,
    contents: BTreeMap<u64, Vec<u8>>,
    hidden: BTreeSet<u64>,
    blobs: BTreeMap<Hash, Vec<u8>>,
}

/// A small JPEG with a pattern of its own.
pub fn thumb(n: u64) -> Vec<u8> {
    let seed = sha256(&n.to_be_bytes()).0;
    let shade = |x: u32, y: u32| seed[((x / 10 + y / 10 * 7) % 32) as usize];
    let picture = GrayImage::from_fn(120, 90, |x, y| Luma([shade(x, y)]));
    let mut bytes = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut bytes, 80);
    DynamicImage::ImageLuma8(picture).write_with_encoder(encoder).unwrap();
    bytes
}

impl Town {
    /// With the office and the accountants of two villages: entries 0 to 2.
    pub fn new() -> Town {
        let key = |name: &str, seed| SigningKey::from_seed(name, [seed; 32]).unwrap();
        let mut town = Town {
            log: key("log.example/town", 1),
            keys: [
                key("341181107000/office", 2),
                key("341181107201/accountant", 3),
                key("341181107202/accountant", 4),
            ],
            entries: Vec::new(),
            contents: BTreeMap::new(),
            hidden: BTreeSet::new(),
            blobs: BTreeMap::new(),
        };
        let villages =
            [(Role::Office, "341181107000"), (Role::Accountant, OWN), (Role::Accountant, OTHER)];
        let keys = town.keys.each_ref().map(SigningKey::verifier);
        for ((role, village), key) in villages.into_iter().zip(keys) {
            let (village, time) = (village.parse().unwrap(), TIME.parse().unwrap());
            let enrol = Statement::Key { village, time, act: Act::Enrol, role, key, content: None };
            town.append(&enrol, None, 0);
        }
        town
    }

    fn append(&mut self, statement: &Statement, content: Option<Vec<u8>>, by: usize) -> u64 {
        let (index, text) = (self.entries.len() as u64, statement.to_text());
        self.entries.push(compose(&text, &[self.keys[by].sign(&text)]).into_bytes());
        self.contents.extend(content.map(|bytes| (index, bytes)));
        index
    }

    /// What the receipt at the next index says: everything in it follows from the index.
    pub fn content(&mut self, number: Option<&str>) -> ReceiptContent {
        let n = self.entries.len() as u64;
        let small = thumb(n);
        let image = ImageRef {
            sha256: sha256(&n.to_le_bytes()),
            thumb: sha256(&small),
            width: 1200,
            height: 900,
            bytes: 8,
            covered: Vec::new(),
        };
        self.blobs.insert(image.thumb, small);
        let invoice = number.map(|number| Invoice {
            type_code: "32".into(),
            code: String::new(),
            number: number.into(),
            check: String::new(),
        });
        ReceiptContent {
            salt: Salt([n as u8; 16]),
            direction: Direction::Out,
            amount: Fen(1_000 + n as i64),
            date: "2026-05-12".parse().unwrap(),
            purpose: "路灯维修".into(),
            payee: "新街五金店".into(),
            category: "维修费".into(),
            handler: String::new(),
            witness: String::new(),
            approver: String::new(),
            recipient: String::new(),
            supervisor: String::new(),
            payment: None,
            resolution: String::new(),
            invoice,
            openness: Some(Openness::Open {}),
            no_voucher: String::new(),
            images: vec![image],
        }
    }

    pub fn receipt(&mut self, village: &str, number: Option<&str>) -> u64 {
        let by = if village == OTHER { 2 } else { 1 };
        let (bytes, content) = self.content(number).to_bytes();
        let (village, time) = (village.parse().unwrap(), TIME.parse().unwrap());
        let period = "2026-05".parse().unwrap();
        self.append(&Statement::Receipt { village, period, time, content }, Some(bytes), by)
    }

    pub fn correction(&mut self, of: u64, number: Option<&str>) -> u64 {
        let (bytes, content) = self.content(number).to_bytes();
        let (village, time) = (OWN.parse().unwrap(), TIME.parse().unwrap());
        let statement =
            Statement::Correction { village, time, of, source: Source::Original, content };
        self.append(&statement, Some(bytes), 1)
    }

    /// Withdraws a receipt of the own village; the server drops what it said.
    pub fn withdraw(&mut self, of: u64) {
        let (village, time) = (OWN.parse().unwrap(), TIME.parse().unwrap());
        let (reason, source) = (Reason::Personal, Source::Original);
        let statement = Statement::Withdrawal { village, time, of, reason, source, ground: None };
        self.hidden.insert(of);
        self.append(&statement, None, 0);
    }

    /// A receipt that the other village's accountant signed for the own village.
    pub fn forged(&mut self) -> u64 {
        let (bytes, content) = self.content(Some("666")).to_bytes();
        let (village, time) = (OWN.parse().unwrap(), TIME.parse().unwrap());
        let period = "2026-05".parse().unwrap();
        self.append(&Statement::Receipt { village, period, time, content }, Some(bytes), 2)
    }

    pub fn files(&self) -> Files {
        let mut files = Files::new();
        let mut edge = Edge::default();
        let joined = |hashes: &[Hash]| hashes.iter().flat_map(|hash| hash.0).collect::<Vec<u8>>();
        for entry in &self.entries {
            edge.push(leaf_hash(entry), |tile, row| {
                files.insert(tile.path(), joined(&row));
            });
        }
        for (tile, row) in edge.partial_tiles() {
            files.insert(tile.path(), joined(row));
        }
        let shown =
            |index: u64| self.contents.get(&index).filter(|_| !self.hidden.contains(&index));
        for (number, chunk) in (0u64..).zip(self.entries.chunks(256)) {
            let width = u16::try_from(chunk.len()).unwrap();
            let bundle = join_bundle(chunk.iter().map(Vec::as_slice)).unwrap();
            files.insert(bundle_path(number, width), bundle);
            let items = (number * 256..).take(chunk.len());
            let items = items.map(|index| shown(index).map_or(&[][..], Vec::as_slice));
            files.insert(content_bundle_path(number), join_bundle(items).unwrap());
        }
        for bytes in self.contents.keys().filter_map(|index| shown(*index)) {
            files.insert(format!("content/{}", sha256(bytes)), bytes.clone());
        }
        files
            .extend(self.blobs.iter().map(|(hash, bytes)| (format!("blob/{hash}"), bytes.clone())));
        files.insert("checkpoint".into(), self.head(edge.size(), edge.root()));
        files
    }

    pub fn head(&self, size: u64, root: Hash) -> Vec<u8> {
        let origin = self.log.verifier().name().to_owned();
        Checkpoint { origin, size, root }.sign(&self.log).into_bytes()
    }
}

/// A web server that holds what a test gives it.
pub struct Web {
    pub url: String,
    files: Arc<Mutex<Files>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Web {
    pub fn start(files: Files) -> Web {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let web = Web { url, files: Arc::new(Mutex::new(files)), asked: Arc::default() };
        let (files, asked) = (web.files.clone(), web.asked.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (files, asked) = (files.clone(), asked.clone());
                std::thread::spawn(move || answer(stream, &files, &asked));
            }
        });
        web
    }

    pub fn hold(&self, files: Files) {
        *self.files.lock().unwrap() = files;
    }

    /// The paths asked for since the last time.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

/// Answers requests on a connection until either side goes.
fn answer(mut stream: TcpStream, files: &Mutex<Files>, asked: &Mutex<Vec<String>>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    loop {
        let (mut first, mut line, mut from) = (String::new(), String::new(), None);
        if reader.read_line(&mut first).ok()? == 0 {
            return None;
        }
        while reader.read_line(&mut line).ok()? > 2 {
            let range = line.to_lowercase();
            if let Some(range) = range.trim().strip_prefix("range: bytes=") {
                from = range.trim_end_matches('-').parse::<usize>().ok();
            }
            line.clear();
        }
        let path = first.split(' ').nth(1)?.trim_start_matches('/').to_owned();
        let file = files.lock().unwrap().get(&path).cloned();
        asked.lock().unwrap().push(path);
        let (status, body) = match (file, from) {
            (Some(body), Some(from)) if from <= body.len() => ("206 OK", body[from..].to_vec()),
            (Some(body), _) => ("200 OK", body),
            (None, _) => ("404 Not Found", Vec::new()),
        };
        write!(stream, "HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n", body.len()).ok()?;
        stream.write_all(&body).ok()?;
    }
}
