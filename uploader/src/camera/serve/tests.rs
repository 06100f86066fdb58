#![allow(clippy::unwrap_used)]
use crate::camera::pairing::{Refused, Standing};
use crate::camera::verdict::{Outcome, Verdict};
use crate::camera::{Camera, Event, Listen};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::sync::mpsc::Receiver;

const ID: &str = "000102030405060708090a0b0c0d0e0f";

/// A camera on the loopback that says of each photo how many bytes it has; `trouble` is one that cannot be kept.
struct Site {
    camera: Camera,
    events: Receiver<Event>,
    address: SocketAddr,
    secret: String,
}

impl Site {
    fn open() -> Site {
        let listen = Listen { address: Some(Ipv4Addr::LOCALHOST), port: None };
        let intake = |bytes: Vec<u8>| match bytes.as_slice() {
            b"trouble" => Verdict::plain(Outcome::Trouble, None, "disk".into()),
            _ => Verdict::plain(Outcome::Taken, Some(1), format!("{} bytes", bytes.len())),
        };
        let (camera, events) = Camera::start(&listen, intake).unwrap();
        let url = camera.url().unwrap();
        let (address, secret) = url.strip_prefix("http://").unwrap().split_once("/#").unwrap();
        let (address, secret) = (address.parse().unwrap(), secret.to_owned());
        Site { camera, events, address, secret }
    }

    /// Sends the text of a request and reads the whole answer: its status and its body.
    fn send(&self, request: &[u8]) -> (u16, String) {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.write_all(request).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        let body = answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned());
        (status, body.unwrap_or(answer))
    }

    fn ask(&self, line: &str, headers: &str, body: &str) -> (u16, String) {
        let host = if headers.contains("Host: ") { String::new() } else { self.host() };
        let length = body.len();
        let head =
            format!("{line} HTTP/1.1\r\n{host}Content-Length: {length}\r\nConnection: close\r\n");
        self.send(format!("{head}{headers}\r\n{body}").as_bytes())
    }

    fn host(&self) -> String {
        format!("Host: {}\r\n", self.address)
    }

    fn pair(&self) -> String {
        let (status, token) = self.ask("POST /pair", "", &self.secret);
        assert_eq!(status, 200);
        token
    }

    fn photo(&self, token: &str, id: &str, body: &str) -> (u16, String) {
        self.ask(
            "POST /photo",
            &format!("Authorization: Bearer {token}\r\nX-Photo: {id}\r\n"),
            body,
        )
    }
}

#[test]
fn a_phone_pairs_once_sends_photos_and_a_second_phone_is_refused() {
    let site = Site::open();
    let token = site.pair();
    assert_eq!(site.events.recv(), Ok(Event::Standing(Standing::Paired)));
    assert_eq!(site.camera.url(), None, "a used code is not shown");
    let state = site.ask("GET /state", &format!("Authorization: Bearer {token}\r\n"), "");
    assert_eq!(state, (200, r#"{"bytes_max":67108864}"#.into()));
    let (status, verdict) = site.photo(&token, ID, "photo");
    assert_eq!(status, 200);
    assert!(verdict.contains(r#""state":"taken""#) && verdict.contains("5 bytes"), "{verdict}");
    assert!(matches!(site.events.recv(), Ok(Event::Photo(seen)) if seen.say == "5 bytes"));
    assert_eq!(site.ask("POST /pair", "", &site.secret), (403, r#"{"why":"taken"}"#.into()));
    assert_eq!(site.events.recv(), Ok(Event::Refused(Refused::Taken)));
    site.camera.renew().unwrap();
    assert_eq!(site.events.recv(), Ok(Event::Standing(Standing::Waiting)));
    assert_eq!(site.photo(&token, ID, "photo").0, 401, "the old phone was let in");
    assert!(!site.camera.url().unwrap().contains(&site.secret));
}

#[test]
fn the_same_photo_sent_again_has_the_verdict_it_had_and_trouble_is_tried_again() {
    let site = Site::open();
    let token = site.pair();
    let first = site.photo(&token, ID, "photo");
    assert_eq!(site.photo(&token, ID, "photo"), first);
    assert_ne!(site.photo(&token, ID, "other photo"), first, "an id is no hash");
    let trouble = site.photo(&token, ID, "trouble");
    assert_eq!(trouble.0, 503);
    assert_eq!(site.photo(&token, ID, "trouble"), trouble);
    let port = site.address;
    let seen = site.events.iter().skip(1);
    drop(site.camera);
    let photos = seen.filter(|event| matches!(event, Event::Photo(_))).count();
    assert_eq!(photos, 4, "the repeated photo was taken in again");
    assert!(TcpStream::connect(port).is_err(), "it still listens");
}

#[test]
fn strangers_are_refused() {
    let site = Site::open();
    let open = |path: &str| site.ask(&format!("GET {path}"), "", "").0;
    assert_eq!(
        (open("/"), open("/camera.js"), open("/style.css"), open("/x")),
        (200, 200, 200, 404)
    );
    assert_eq!(site.photo(ID, ID, "photo").0, 401);
    assert_eq!(site.ask("POST /photo", "", "photo").0, 401);
    let port = site.address.port();
    for host in ["evil.example", "localhost", "127.0.0.2"] {
        let pointed_here = format!("Host: {host}:{port}\r\n");
        assert_eq!(site.ask("GET /", &pointed_here, "").0, 421, "{host}");
    }
    let foreign = "Origin: http://evil.example\r\n";
    assert_eq!(site.ask("POST /pair", foreign, &site.secret).0, 421);
    for _ in 0..4 {
        assert_eq!(site.ask("POST /pair", "", ID), (403, r#"{"why":"wrong"}"#.into()));
    }
    assert_eq!(site.ask("POST /pair", "", &"0".repeat(1000)).0, 413, "the body was read");
    assert_eq!(site.ask("POST /pair", "", "").1, r#"{"why":"guessed"}"#);
    assert_eq!(site.ask("POST /pair", "", &site.secret).1, r#"{"why":"guessed"}"#);
    assert_eq!(site.camera.standing(), Standing::Over(Refused::Guessed));
}

#[test]
fn a_photo_that_is_cut_too_large_or_unnamed_leaves_nothing() {
    let site = Site::open();
    let token = site.pair();
    let head = format!("{}Authorization: Bearer {token}\r\n", site.host());
    let cut =
        format!("POST /photo HTTP/1.1\r\n{head}X-Photo: {ID}\r\nContent-Length: 900\r\n\r\nhalf");
    let mut stream = TcpStream::connect(site.address).unwrap();
    stream.write_all(cut.as_bytes()).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(!answer.contains("200 OK"), "{answer}");
    let large =
        format!("POST /photo HTTP/1.1\r\n{head}X-Photo: {ID}\r\nContent-Length: 67108865\r\n\r\n");
    assert_eq!(site.send(large.as_bytes()).0, 413);
    assert_eq!(site.photo(&token, "7", "photo").0, 400);
    let long = format!("X-Long: {}\r\n", "x".repeat(20_000));
    assert_eq!(site.ask("GET /state", &long, "").0, 431);
    assert_eq!(site.photo(&token, ID, "whole").0, 200);
    let Site { camera, events, .. } = site;
    drop(camera);
    let photos: Vec<Event> =
        events.iter().filter(|event| matches!(event, Event::Photo(_))).collect();
    assert_eq!(photos.len(), 1, "{photos:?}");
}

#[test]
fn every_answer_forbids_foreign_scripts() {
    let site = Site::open();
    for path in ["/", "/camera.js", "/nothing"] {
        let head = site.host();
        let mut stream = TcpStream::connect(site.address).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\n{head}Connection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let answer = answer.to_lowercase();
        assert!(answer.contains("content-security-policy: default-src 'none'"), "{answer}");
        assert!(!answer.contains("unsafe-inline") && answer.contains("cache-control: no-store"));
    }
}
