//! A board's whole life with newer firmware at the office: it proves itself without one answer about the log, takes the update
//! when nobody is at the screen, and starts it.

use embassy_futures::block_on;
use embassy_futures::select::{Either, select};
use embassy_time::{Duration, Timer};
use firmware::board::{Chance, Clock, Finger, Watchdog};
use firmware::host::Sockets;
use firmware::http::Net;
use firmware::nor::{Nor, SECTOR};
use firmware::run::{Config, Parts, run};
use firmware::screen::Link;
use firmware::slots::Memory;
use firmware::store::Layout;
use firmware::sync::Source;
use firmware::update::{Manifest, Running};
use ledger::hash::sha256;
use ledger::key::SigningKey;
use ledger::note::compose;
use sim::glass::{Glass, Hand, Script};
use std::cell::Cell;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, channel};

/// Longer than anything here takes; a test that waits so long has failed.
const TOO_LONG: Duration = Duration::from_secs(60);
const EVERY: Duration = Duration::from_millis(10);
const ALONE: Duration = Duration::from_millis(200);
/// So many rounds take three times as long.
const ROUNDS: usize = 60;

/// The machine, as far as this test needs one.
struct Machine;

impl Clock for Machine {
    fn now(&self) -> Option<i64> {
        None
    }

    fn set(&mut self, _: i64) {}
}

impl Chance for Machine {
    fn fill(&mut self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}

impl Watchdog for Machine {
    fn feed(&mut self) {}
}

/// An office that knows nothing but firmware; its address, and the paths that it was asked for, as they come.
fn office(note: Vec<u8>, image: Vec<u8>) -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let (tell, asked) = channel();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let path = path(&mut stream);
            let body = match path.as_str() {
                "/board/firmware/sim.note" => Some(&note),
                "/board/firmware/sim.bin" => Some(&image),
                _ => None,
            };
            let (status, body) = body.map_or(("404 Not Found", &[][..]), |body| ("200 OK", body));
            let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n", body.len());
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
            if tell.send(path).is_err() {
                break;
            }
        }
    });
    (url, asked)
}

fn path(stream: &mut TcpStream) -> String {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
        head.push(byte[0]);
    }
    String::from_utf8_lossy(&head).split(' ').nth(1).unwrap_or_default().into()
}

#[test]
fn newer_firmware_is_fetched_and_started_while_nobody_looks() {
    let image: Vec<u8> = (0..50_001u32).map(|n| (n * 7) as u8).collect();
    let maker = SigningKey::from_seed("maker.example", [8; 32]).expect("a key");
    let manifest = Manifest { version: 4, bytes: 50_001, sha256: sha256(&image) };
    let text = manifest.to_text("sim");
    let note = compose(&text, &[maker.sign(&text)]).into_bytes();
    let (server, asked) = office(note, image.clone());
    let log = SigningKey::from_seed("log.example", [1; 32]).expect("a key").verifier();
    let (records, all) = (8 * SECTOR as u32, 12 * SECTOR as u32);
    let config = Config {
        public: server.clone(),
        source: Source { server, village: "341181107201".parse().expect("a village"), log },
        layout: Layout { records: 0..records, pictures: records..all },
        every: EVERY,
        alone: ALONE,
        good: ALONE,
        version: "0.0.3",
        running: Some(Running { board: "sim", version: 3, maker: maker.verifier() }),
        pack: &[],
    };
    let (link, script) = (Link::new(), Script::new());
    let (mut glass, mut hand) = (Glass::new((800, 480)), Hand(&script));
    let mut slots = Memory::new(|| std::panic::panic_any("started anew"));
    let gone = Cell::new(false);
    let hand_does = async {
        script.send(Finger::At(5, 5)).await;
        // Long after it proved itself, whatever the office says, and would be alone: but there is a finger.
        let (mut seen, mut rounds) = (Vec::new(), 0);
        while rounds < ROUNDS {
            seen.extend(asked.try_iter());
            rounds = seen.iter().filter(|path| path.starts_with("/board/3411")).count();
            Timer::after_millis(1).await;
        }
        assert!(!seen.iter().any(|path| path.starts_with("/board/firmware")), "{seen:?}");
        gone.set(true);
        script.send(Finger::Up).await;
        Timer::after(TOO_LONG).await;
    };
    let parts = Parts {
        display: &mut glass,
        touch: &mut hand,
        net: Net { tcp: &Sockets, dns: &Sockets },
        flash: Nor::new(12),
        slots: &mut slots,
        clock: &mut Machine,
        chance: &mut Machine,
        watchdog: &mut Machine,
    };
    let ended = catch_unwind(AssertUnwindSafe(|| {
        match block_on(select(run(parts, &config, &link), hand_does)) {
            Either::First(Err(why)) => panic!("it does not start: {why}"),
            Either::Second(()) => panic!("it was not started anew"),
        }
    }));
    let why = ended.expect_err("it never ends");
    assert_eq!(why.downcast_ref::<&str>(), Some(&"started anew"));
    assert!(gone.get(), "while there was a finger");
    assert!(slots.confirmed && slots.tried && slots.other[..image.len()] == image);
}
