//! A small web server for tests, which can lie, stall and cut.

#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use flate2::Compression;
use flate2::read::GzEncoder;
use ledger::hash::sha256;

use super::town::Files;

/// What goes wrong with one path.
#[derive(Clone, Copy, Debug)]
pub enum Trick {
    /// A body without an end.
    Endless,
    /// A head, then nothing more until the reader gives up.
    Stall,
    /// The connection is cut after so many bytes of the body.
    Cut(usize),
    /// Sent elsewhere, where it is sent elsewhere again.
    Redirect,
    /// A length that is by so many bytes more or less than what comes, and then the connection is cut.
    Promise(i64),
    /// A byte now and then, without an end.
    Drip,
    /// A head without an end.
    Headers,
    /// A little that unpacks to very much.
    Bomb,
    /// The server's own error.
    Error,
    /// No HTTP at all.
    Garbage,
}

#[derive(Default)]
struct State {
    files: Files,
    tricks: HashMap<String, Trick>,
    asked: Vec<String>,
}

pub struct Mirror {
    pub url: String,
    state: Arc<Mutex<State>>,
}

impl Mirror {
    pub fn new(files: Files) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State { files, ..State::default() }));
        let shared = state.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let shared = shared.clone();
                thread::spawn(move || serve(&stream.unwrap(), &shared));
            }
        });
        Self { url, state }
    }

    pub fn serve(&self, files: Files) {
        let mut state = self.state.lock().unwrap();
        state.files = files;
        state.tricks.clear();
    }

    pub fn trick(&self, path: &str, trick: Trick) {
        self.state.lock().unwrap().tricks.insert(path.to_owned(), trick);
    }

    /// The paths asked for since the last time, with their range if there was one.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.state.lock().unwrap().asked)
    }
}

/// Answers requests on one connection until either side goes. Errors are the client's leaving.
fn serve(stream: &TcpStream, state: &Mutex<State>) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut reader = BufReader::new(stream);
    loop {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            if line == "\r\n" {
                break;
            }
            lines.push(line.trim_end().to_owned());
        }
        let path = lines.first()?.split(' ').nth(1)?.to_owned();
        let header = |name: &str| {
            let prefix = format!("{name}: ");
            lines.iter().find_map(|l| Some(l.to_lowercase().strip_prefix(&prefix)?.to_owned()))
        };
        let range = header("range");
        let (file, trick) = {
            let mut state = state.lock().unwrap();
            state.asked.push(range.iter().fold(path.clone(), |p, range| format!("{p} {range}")));
            (state.files.get(&path).cloned(), state.tricks.get(&path).copied())
        };
        let gzip = header("accept-encoding").is_some_and(|e| e.contains("gzip"));
        let (head, body) = answer(file, range, header("if-none-match"), gzip);
        let mut out = stream;
        let Some(trick) = trick else {
            out.write_all(head.as_bytes()).ok()?;
            out.write_all(&body).ok()?;
            continue;
        };
        return play(trick, &path, &head, &body, stream, &mut reader);
    }
}

/// Does what is wrong, until the client leaves.
fn play(
    trick: Trick,
    path: &str,
    head: &str,
    body: &[u8],
    mut out: &TcpStream,
    reader: &mut impl Read,
) -> Option<()> {
    let ok = |headers: &str| format!("HTTP/1.1 200 OK\r\n{headers}\r\n");
    match trick {
        Trick::Cut(at) => {
            out.write_all(head.as_bytes()).ok()?;
            out.write_all(&body[..at.min(body.len())]).ok()?;
        }
        Trick::Stall => {
            out.write_all(head.as_bytes()).ok()?;
            let _ = reader.read(&mut [0]); // returns when the client gives up
        }
        Trick::Endless => {
            out.write_all(ok("connection: close\r\n").as_bytes()).ok()?;
            loop {
                out.write_all(&[b'a'; 65536]).ok()?;
            }
        }
        Trick::Redirect => {
            let head = format!(
                "HTTP/1.1 302 Found\r\nlocation: {path}?again\r\ncontent-length: 0\r\n\r\n"
            );
            out.write_all(head.as_bytes()).ok()?;
        }
        Trick::Promise(more) => {
            let length = body.len().saturating_add_signed(isize::try_from(more).unwrap());
            out.write_all(ok(&format!("content-length: {length}\r\n")).as_bytes()).ok()?;
            out.write_all(body).ok()?;
        }
        Trick::Drip => {
            out.write_all(ok("connection: close\r\n").as_bytes()).ok()?;
            loop {
                out.write_all(b"a").ok()?;
                thread::sleep(Duration::from_millis(100));
            }
        }
        Trick::Headers => {
            out.write_all(b"HTTP/1.1 200 OK\r\n").ok()?;
            loop {
                out.write_all(b"x-more: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n")
                    .ok()?;
            }
        }
        Trick::Bomb => {
            let body = super::hostile::bomb();
            let length = body.len();
            let head = ok(&format!("content-encoding: gzip\r\ncontent-length: {length}\r\n"));
            out.write_all(head.as_bytes()).ok()?;
            out.write_all(body).ok()?;
        }
        Trick::Error => {
            out.write_all(b"HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n").ok()?;
        }
        Trick::Garbage => out.write_all(b"\x00\xff not http at all\r\n\r\n").ok()?,
    }
    None
}

fn answer(
    file: Option<Vec<u8>>,
    range: Option<String>,
    none_match: Option<String>,
    gzip: bool,
) -> (String, Vec<u8>) {
    let Some(body) = file else {
        return ("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".into(), Vec::new());
    };
    let etag = format!("\"{}\"", &sha256(&body).to_string()[..16]);
    if none_match.as_ref() == Some(&etag) {
        let head = "HTTP/1.1 304 Not Modified\r\n";
        return (format!("{head}etag: {etag}\r\ncache-control: no-cache\r\n\r\n"), Vec::new());
    }
    if let Some(range) = range {
        let from: usize = range.trim_start_matches("bytes=").trim_end_matches('-').parse().unwrap();
        if from >= body.len() {
            let head = "HTTP/1.1 416 Range Not Satisfiable\r\ncontent-length: 0\r\n\r\n";
            return (head.into(), Vec::new());
        }
        let rest = body[from..].to_vec();
        let (last, all, length) = (body.len() - 1, body.len(), rest.len());
        let head = format!(
            "HTTP/1.1 206 Partial Content\r\ncontent-range: bytes {from}-{last}/{all}\r\ncontent-length: {length}\r\n\r\n"
        );
        return (head, rest);
    }
    let mut encoding = "";
    let mut sent = body;
    if gzip {
        let mut packed = Vec::new();
        GzEncoder::new(&sent[..], Compression::default()).read_to_end(&mut packed).unwrap();
        (sent, encoding) = (packed, "content-encoding: gzip\r\n");
    }
    let length = sent.len();
    let head =
        format!("HTTP/1.1 200 OK\r\netag: {etag}\r\n{encoding}content-length: {length}\r\n\r\n");
    (head, sent)
}
