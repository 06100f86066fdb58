//! Promises of a shelf that is shared: to whoever asks as one may, the files that the office's server has; to whoever does
//! not, nothing, and never to the harm of others.

#![allow(clippy::unwrap_used)]

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};
use std::{fs, thread};

use ledger::hash::{Hash, sha256};
use ureq::http::Response;

use super::*;
use crate::fetch::Bundle;
use crate::shelf::{Audit, Images, PICTURE_BYTES_MAX, Shelf};
use crate::sync::tests::town::{Town, picture};
use crate::sync::tests::{Kiosk, options, town_of};
use crate::sync::{Options, run};

/// How long anything may take here before the test gives up.
const PATIENCE: Duration = Duration::from_secs(60);
/// Others that nobody waits for.
const SHORT: Limits =
    Limits { head: Duration::from_millis(300), patience: Duration::from_millis(300) };

/// A shelf that is shared.
struct Shared {
    at: SocketAddr,
    _share: Share,
}

impl Shared {
    fn of(data: &Path, limits: Limits) -> Self {
        let (tell, told) = channel();
        let here = "127.0.0.1:0".parse().unwrap();
        let share = Share::start(data, here, limits, move |at| tell.send(at).unwrap()).unwrap();
        Self { at: told.recv().unwrap(), _share: share }
    }

    fn url(&self) -> String {
        format!("http://{}", self.at)
    }

    fn ask(&self, path: &str, header: (&str, &str)) -> (Response<()>, Vec<u8>) {
        let agent: ureq::Agent =
            ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let asked = agent.get(format!("{}{path}", self.url())).header(header.0, header.1);
        let (head, mut body) = asked.call().unwrap().into_parts();
        (Response::from_parts(head, ()), body.with_config().limit(64 << 20).read_to_vec().unwrap())
    }

    /// The file, if it is given.
    fn get(&self, path: &str) -> Option<Vec<u8>> {
        let (head, body) = self.ask(path, ("accept", "*/*"));
        match head.status().as_u16() {
            200 => Some(body),
            404 => None,
            other => panic!("{path}: {other}"),
        }
    }

    /// What comes until the other side closes, for these bytes.
    fn say(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.at).unwrap();
        // What is too long may be cut off while it is still being said.
        let _ = stream.write_all(bytes);
        until_closed(&mut stream)
    }

    /// Somebody who asks for something and has yet to read the answer.
    fn asking(&self, asks: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.at).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        // Whoever has no place here may be turned away while still asking.
        let _ = stream.write_all(asks.as_bytes());
        stream
    }
}

fn until_closed(stream: &mut TcpStream) -> String {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut told = Vec::new();
    if let Err(error) = stream.read_to_end(&mut told) {
        assert_eq!(error.kind(), ErrorKind::ConnectionReset, "it was closed in time");
    }
    String::from_utf8_lossy(&told).into_owned()
}

/// A kiosk with everything of a town on its shelf, pictures too.
fn stocked(town: &Town) -> Kiosk {
    let mut kiosk = Kiosk::new(town);
    kiosk.options.images = Images::All;
    kiosk.sync().unwrap();
    kiosk
}

/// Another kiosk, with nothing but the log's key and this one source.
fn newcomer(data: &Path, town: &Town, source: &Shared) -> Options {
    Options { vkey: Some(town.log.verifier()), images: Images::All, ..options(data, &source.url()) }
}

#[test]
fn everything_that_the_server_has_is_given_byte_for_byte_and_nothing_that_was_withdrawn() {
    let mut town = town_of(600);
    town.correction(5, -1, "改");
    let secret = town.receipt(-777, "身份证号码泄露");
    let kiosk = stocked(&town);
    let shared = Shared::of(kiosk.dir.path(), Limits::default());
    let content = kiosk.shelf().receipt(secret).unwrap().unwrap().content.unwrap();
    let gone = [
        town.content_path(secret),
        format!("/blob/{}", content.images[0].sha256),
        format!("/blob/{}", content.images[0].thumb),
    ];
    assert!(gone.iter().all(|path| shared.get(path).is_some()));
    town.withdraw(secret);
    town.bulletin("停水通知");
    kiosk.serve(&town);
    kiosk.sync().unwrap();

    let stick = kiosk.dir.path().join("stick.tar");
    let exported = export(kiosk.dir.path(), &stick, Images::All).unwrap();
    assert_eq!((exported.size, exported.contents), (607, 605));
    let stick = Bundle::open(&stick).unwrap();
    let files = town.files();
    for (path, bytes) in &files {
        let wanted = (!gone.contains(path)).then_some(bytes);
        assert!(shared.get(path).as_ref() == wanted, "{path}");
        let mut carried = Vec::new();
        let part = stick.read(path, 0).map(|mut part| part.read_to_end(&mut carried));
        let single = path.starts_with("/content/") && !path.starts_with("/content/bundle/");
        assert_eq!(part.is_some(), wanted.is_some() && !single, "{path}");
        assert!(part.is_none() || carried == *bytes, "{path}");
    }
    assert!(gone.iter().all(|path| shared.get(path).is_none()));
    // Of a log that grew, what was partial is still given.
    let whole = &files["/tile/entries/000"];
    let first = usize::from(u16::from_be_bytes([whole[0], whole[1]])) + 2;
    assert_eq!(shared.get("/tile/entries/000.p/1").unwrap(), whole[..first]);
    assert_eq!(shared.get("/tile/0/001.p/7").unwrap(), files["/tile/0/001"][..7 * 32]);
}

#[test]
fn a_part_is_given_from_any_byte_and_what_is_held_is_not_sent_again() {
    let town = town_of(300);
    let kiosk = stocked(&town);
    let shared = Shared::of(kiosk.dir.path(), Limits::default());
    let picture = *town.pictures.keys().next().unwrap();
    for path in ["/checkpoint", "/tile/entries/001.p/47", &format!("/blob/{picture}")] {
        let whole = &town.files()[path];
        let length = whole.len();
        let (head, _) = shared.ask(path, ("accept", "*/*"));
        let tag = head.headers()["etag"].to_str().unwrap().to_owned();
        for held in [tag.clone(), format!("\"x\", W/{tag}"), "*".to_owned()] {
            let (head, body) = shared.ask(path, ("if-none-match", &held));
            assert_eq!((head.status().as_u16(), body.len()), (304, 0), "{path} {held}");
            assert_eq!(head.headers()["etag"], tag.as_str());
        }
        assert_eq!(shared.ask(path, ("if-none-match", "\"x\"")).1, *whole);
        for from in [0, 1, length / 2, length - 1] {
            let (head, body) = shared.ask(path, ("range", &format!("bytes={from}-")));
            assert_eq!((head.status().as_u16(), &body[..]), (206, &whole[from..]), "{path}");
            let range = format!("bytes {from}-{}/{length}", length - 1);
            assert_eq!(head.headers()["content-range"], range.as_str());
        }
        assert_eq!(shared.ask(path, ("range", "bytes=2-4")).1, whole[2..5]);
        for beyond in [format!("bytes={length}-"), format!("bytes={}-", u64::MAX)] {
            let (head, body) = shared.ask(path, ("range", &beyond));
            assert_eq!((head.status().as_u16(), body.len()), (416, 0), "{path} {beyond}");
        }
        for odd in ["bytes=-3", "bytes=4-2", "bytes=1-2,4-5", "lines=1-", "bytes=x-"] {
            assert_eq!(shared.ask(path, ("range", odd)).1, *whole, "{path} {odd}");
        }
    }
}

#[test]
fn only_the_files_are_given_and_only_to_whoever_reads() {
    let kiosk = stocked(&town_of(3));
    fs::write(kiosk.dir.path().join("kiosk.key"), "secret").unwrap();
    let shared = Shared::of(kiosk.dir.path(), Limits::default());
    let hash = sha256(b"x");
    for path in [
        "/",
        "/kiosk.key",
        "/kiosk.db",
        "/blob/../kiosk.key",
        "/blob/%2e%2e/kiosk.key",
        "/%63heckpoint",
        "//checkpoint",
        "/checkpoint/",
        "/tile/0/000",
        "/tile/0/000.p/7",
        "/tile/9/000.p/1",
        "/tile/entries/001",
        "/content/bundle/001",
        "/content/bundle/x018/x446/x744/x073/x709/x551/615",
        "/healthz",
        &format!("/blob/{hash}"),
        &format!("/content/{hash}"),
    ] {
        let told =
            shared.say(format!("GET {path} HTTP/1.1\r\nconnection: close\r\n\r\n").as_bytes());
        assert!(told.starts_with("HTTP/1.1 404 "), "{path}: {told}");
    }
    let head = shared.say(b"HEAD /checkpoint HTTP/1.1\r\nconnection: close\r\n\r\n");
    let length = shared.get("/checkpoint").unwrap().len();
    assert!(head.starts_with("HTTP/1.1 200 ") && head.ends_with("\r\n\r\n"), "{head}");
    assert!(head.contains(&format!("content-length: {length}\r\n")), "{head}");
    for method in ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"] {
        let asked = format!("{method} /checkpoint HTTP/1.1\r\nconnection: close\r\n\r\n");
        let told = shared.say(asked.as_bytes());
        assert!(told.starts_with("HTTP/1.1 405 ") && told.contains("allow: GET, HEAD"), "{told}");
    }
    for garbage in
        [&b"\x00\xff\x00\xff\r\n\r\n"[..], b"GET\r\n\r\n", b"GET /checkpoint HTTP/9.9\r\n\r\n"]
    {
        let told = shared.say(garbage);
        assert!(told.is_empty() || told.starts_with("HTTP/1.1 400 "), "{told}");
    }
    let body = b"GET /checkpoint HTTP/1.1\r\ncontent-length: 999999999\r\n\r\nand so on";
    assert!(Shared::of(kiosk.dir.path(), SHORT).say(body).starts_with("HTTP/1.1 200 "));
    let long = format!("GET /checkpoint HTTP/1.1\r\nx: {}\r\n\r\n", "a".repeat(100_000));
    let many = format!("GET /checkpoint HTTP/1.1\r\n{}\r\n", "x: a\r\n".repeat(1_000));
    for large in [long, many, format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(100_000))] {
        let told = shared.say(large.as_bytes());
        let refused = ["", "HTTP/1.1 431 ", "HTTP/1.1 414 "];
        assert!(refused.iter().any(|head| told.starts_with(head)) && !told.contains(" 200 "));
    }
    assert!(shared.get("/checkpoint").is_some());
}

#[test]
fn an_empty_shelf_gives_nothing_until_it_is_filled() {
    let town = town_of(3);
    let kiosk = Kiosk::new(&town);
    let shared = Shared::of(kiosk.dir.path(), Limits::default());
    assert_eq!(shared.get("/checkpoint"), None);
    kiosk.sync().unwrap();
    assert_eq!(shared.get("/checkpoint").unwrap(), town.files()["/checkpoint"]);
}

#[test]
fn while_it_grows_others_follow_it_and_never_see_it_torn() {
    let mut town = town_of(250);
    let kiosk = stocked(&town);
    let shared = Shared::of(kiosk.dir.path(), Limits::default());
    let dir = tempfile::TempDir::new().unwrap();
    let other = newcomer(dir.path(), &town, &shared);
    let grown = AtomicBool::new(false);
    thread::scope(|scope| {
        let follows = scope.spawn(|| {
            let mut sizes = Vec::new();
            loop {
                let last = grown.load(Ordering::SeqCst);
                sizes.push(run(&other).unwrap().size);
                if last {
                    return sizes;
                }
            }
        });
        for n in 0..40 {
            town.receipt(-1, &format!("新{n}"));
            kiosk.serve(&town);
            kiosk.sync().unwrap();
        }
        grown.store(true, Ordering::SeqCst);
        let sizes = follows.join().unwrap();
        assert!(sizes.is_sorted() && sizes.last() == Some(&293), "{sizes:?}");
    });
    assert_eq!(Shelf::open(dir.path()).unwrap().pictures(Images::All).unwrap().len(), 580);
    assert_eq!(Shelf::open(dir.path()).unwrap().audit().unwrap(), Audit::default());
}

#[test]
fn what_a_failing_disk_changed_is_not_given() {
    let town = town_of(300);
    let kiosk = stocked(&town);
    let shared = Shared::of(kiosk.dir.path(), Limits::default());
    let whole = shared.get("/tile/entries/000").unwrap();
    let db = rusqlite::Connection::open(kiosk.dir.path().join("kiosk.db")).unwrap();
    db.execute("UPDATE entry SET bytes = x'00' WHERE id = 8", []).unwrap();
    db.execute("UPDATE content SET bytes = x'00' WHERE id = 9", []).unwrap();
    let hash = *town.pictures.keys().next().unwrap();
    fs::write(kiosk.shelf().blob(hash), "other").unwrap();
    for path in ["/tile/entries/000", "/tile/entries/000.p/9", "/tile/0/000"] {
        assert!(shared.get(path).is_none(), "{path}");
    }
    assert!(shared.get("/tile/entries/001.p/47").is_some());
    assert_eq!(shared.get(&town.content_path(9)), None);
    assert_eq!(shared.get(&format!("/blob/{hash}")), None);
    // Whoever begins with such a shelf cannot prove any head.
    let anew = Shared::of(kiosk.dir.path(), Limits::default());
    let log = ["/checkpoint", "/tile/entries/001.p/47", "/tile/1/000.p/1", "/content/bundle/001"];
    assert!(log.iter().all(|path| anew.get(path).is_none()));
    // Set aside, as an audit does it, and fetched again, while it is shared.
    fs::rename(kiosk.dir.path().join("kiosk.db"), kiosk.dir.path().join("old")).unwrap();
    kiosk.sync().unwrap();
    assert!(shared.get("/tile/entries/000") == Some(whole));
    assert!(shared.get(&town.content_path(9)).is_some());
}

/// A connection from another address of this machine.
fn connect_from(address: &str, at: SocketAddr) -> TcpStream {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
    runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind(format!("{address}:0").parse().unwrap()).unwrap();
        let stream = socket.connect(at).await.unwrap().into_std().unwrap();
        stream.set_nonblocking(false).unwrap();
        stream
    })
}

#[test]
fn whoever_says_nothing_is_shown_out_and_does_not_keep_others_out_meanwhile() {
    let kiosk = stocked(&town_of(3));
    let patient = Shared::of(kiosk.dir.path(), Limits { head: PATIENCE, patience: PATIENCE });
    // From one address more than are let in.
    let mut idle: Vec<TcpStream> = (0..20).map(|_| connect_from("127.0.0.9", patient.at)).collect();
    idle.iter_mut().for_each(|stream| stream.write_all(b"GET /check").unwrap());
    assert!(patient.get("/checkpoint").is_some(), "others are served");
    for stream in &mut idle[8..] {
        assert_eq!(until_closed(stream), "");
    }
    idle[0].set_nonblocking(true).unwrap();
    let still_open = idle[0].read(&mut [0]).unwrap_err();
    assert_eq!(still_open.kind(), ErrorKind::WouldBlock, "as many as may be are let in");
    let shared = Shared::of(kiosk.dir.path(), SHORT);
    for begun in ["", "GET", "GET /checkpoint HTTP/1.1\r\n", "GET /checkpoint HTTP/1.1\r\nx: "] {
        assert!(!shared.say(begun.as_bytes()).contains(" 200 "), "{begun}");
    }
    // One that asked rightly and then says nothing more.
    let told = shared.say(b"GET /checkpoint HTTP/1.1\r\n\r\n");
    assert!(told.starts_with("HTTP/1.1 200 "), "{told}");
}

/// A town with a picture as large as they may be.
fn town_with_a_large_picture() -> (Town, Hash) {
    let mut town = town_of(3);
    let large = picture(7, usize::try_from(PICTURE_BYTES_MAX).unwrap());
    let mut content = town.receipt_content(-1, "大照片");
    content.images[0].sha256 = sha256(&large);
    content.images[0].bytes = large.len() as u64;
    town.receipt_of(0, "2026-05", &content);
    let hash = sha256(&large);
    town.pictures.insert(hash, large);
    (town, hash)
}

#[test]
fn whoever_takes_nothing_of_what_was_asked_for_is_shown_out() {
    let (town, hash) = town_with_a_large_picture();
    let kiosk = stocked(&town);
    let shared = Shared::of(kiosk.dir.path(), SHORT);
    // More than the system holds between the two.
    let asks = format!("GET /blob/{hash} HTTP/1.1\r\n\r\n").repeat(8);
    let full: Vec<TcpStream> = (0..8).map(|_| shared.asking(&asks)).collect();
    // This address has as many places as before only when all of them are gone.
    let began = Instant::now();
    let welcome = |stream: &mut TcpStream| {
        let mut told = [0; 13];
        stream.read_exact(&mut told).is_ok() && told == *b"HTTP/1.1 200 "
    };
    let all_free = || {
        let mut next: Vec<TcpStream> =
            (0..full.len()).map(|_| shared.asking("GET /checkpoint HTTP/1.1\r\n\r\n")).collect();
        next.iter_mut().all(welcome)
    };
    while !all_free() {
        assert!(began.elapsed() < PATIENCE, "they keep their places");
        thread::sleep(Duration::from_millis(20)); // that there is a place is nowhere told
    }
    for mut stream in full {
        assert!((until_closed(&mut stream).len() as u64) < 8 * PICTURE_BYTES_MAX);
    }
}

#[test]
fn a_slow_reader_that_goes_on_reading_gets_all_of_it() {
    let (town, hash) = town_with_a_large_picture();
    let kiosk = stocked(&town);
    let shared = Shared::of(kiosk.dir.path(), SHORT);
    let dir = tempfile::TempDir::new().unwrap();
    // Longer than the patience of `SHORT` on the whole.
    let slow = Options { rate: Some(2 << 20), ..newcomer(dir.path(), &town, &shared) };
    run(&slow).unwrap();
    assert!(Shelf::open(dir.path()).unwrap().image(hash).is_some());
}

#[test]
fn an_address_that_is_taken_is_told() {
    let kiosk = stocked(&town_of(1));
    let shared = Shared::of(kiosk.dir.path(), Limits::default());
    let again = Share::start(kiosk.dir.path(), shared.at, Limits::default(), |_| ());
    let told = again.err().unwrap().to_string();
    assert!(told.contains(&shared.at.to_string()) && told.lines().count() == 1, "{told}");
    let known: SocketAddr = "192.0.2.7:8080".parse().unwrap();
    assert_eq!(as_found(known), known);
    assert_eq!(as_found("0.0.0.0:8080".parse().unwrap()).port(), 8080);
}
