//! Sending: the requests of docs/FORMATS.md "Sending a submission", tried again a bounded number of times.

use crate::images::Images;
use crate::item::{Signed, State};
use crate::resume::{Event, Next, Resume, TRIES, pause};
use crate::say;
use ledger::hash::Hash;
use ledger::statement::Source;
use serde::{Deserialize, Serialize};
use std::thread::sleep;
use std::time::Duration;
use ureq::http::{Response, StatusCode};
use ureq::{Agent, Body};

/// Requests under way at once: enough to hide a slow line's delay, few enough for one small server.
pub const LANES: usize = 4;
/// Bytes of the largest answer that is read.
const ANSWER_BYTES_MAX: u64 = 64 << 10;
/// How often images that the server misses are sent before it is taken for broken.
const ROUNDS: u32 = 5;
/// The first pause between them; each is twice as long as the one before.
const ROUND_PAUSE: Duration = Duration::from_millis(100);
const CONNECT: Duration = Duration::from_secs(10);
/// The longest silence in the middle of sending or receiving.
const SILENCE: Duration = Duration::from_secs(30);
/// The longest that one request may take.
const REQUEST: Duration = Duration::from_secs(300);
const OFFSET: &str = "Upload-Offset";

/// Where a submission stands at the office.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the words of docs/FORMATS.md")]
pub enum Stage {
    #[default]
    Incomplete,
    Received,
    Returned,
    Published,
}

impl Stage {
    /// The state of the item here.
    pub fn in_outbox(self) -> State {
        match self {
            Stage::Incomplete => State::Signed,
            Stage::Received => State::Received,
            Stage::Returned => State::Returned,
            Stage::Published => State::Published,
        }
    }
}

/// Something the office's machine noticed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Flag {
    /// Such as `invoice-used`.
    pub code: String,
    /// The other submission concerned.
    pub other: String,
}

/// What the server says of a submission.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Status {
    /// Where it stands.
    pub state: Stage,
    /// Images that have not arrived.
    pub missing: Vec<Hash>,
    /// What the office's machine noticed.
    pub flags: Vec<Flag>,
    /// Why it was returned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Where the error came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// Its index in the log, once published.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<u64>,
}

/// Why sending failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The line or the server; another time it may work.
    Cut(String),
    /// The server refuses this item: its code and its words.
    Refused(String),
    /// An image of this item is gone or damaged here.
    Image(Hash),
}

/// The township's server.
pub struct Server {
    agent: Agent,
    address: String,
}

#[derive(Serialize)]
struct Submission<'a> {
    statement: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<&'a str>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Refusal {
    error: String,
    message: String,
}

impl Server {
    /// The server at an address such as `https://mingbai.example`; nothing is asked yet.
    pub fn new(address: &str) -> Server {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(CONNECT))
            .timeout_per_read(Some(SILENCE))
            .timeout_per_write(Some(SILENCE))
            .timeout_per_call(Some(REQUEST))
            .max_idle_connections_per_host(LANES)
            .max_redirects(0)
            .build();
        Server { agent: config.into(), address: address.trim_end_matches('/').into() }
    }

    /// The address.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Sends an item until the server holds all of it; what it says then. Doing it again does no harm.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn deliver(&self, signed: &Signed, images: &Images) -> Result<Status, Fault> {
        let mut status = patiently(|| self.submit(signed))?;
        for round in 0..ROUNDS {
            if status.missing.is_empty() {
                return Ok(status);
            }
            if round > 0 {
                // Another item with the same picture may be putting it in at this moment.
                sleep(ROUND_PAUSE * 2_u32.pow(round));
            }
            for hash in status.missing {
                let bytes = images.load(hash).ok_or(Fault::Image(hash))?;
                self.upload(hash, &bytes)?;
            }
            status = self.ask(signed)?.unwrap_or_default();
        }
        if status.missing.is_empty() && status.state != Stage::Incomplete {
            return Ok(status);
        }
        Err(Fault::Refused(say!("服务器一直说图片没有收全")))
    }

    /// What the server says of an item; `None` if it does not know it.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn ask(&self, signed: &Signed) -> Result<Option<Status>, Fault> {
        let url = format!("{}/api/submissions/{}", self.address, signed.submission);
        patiently(|| {
            let answer = self.agent.get(&url).call().map_err(|why| cut(&why))?;
            match answer.status() {
                StatusCode::NOT_FOUND => Ok(None),
                _ => read_status(answer).map(Some),
            }
        })
    }

    fn submit(&self, signed: &Signed) -> Result<Status, Fault> {
        let body = Submission { statement: &signed.note, content: signed.content.as_deref() };
        let url = format!("{}/api/submissions", self.address);
        read_status(self.agent.post(&url).send_json(&body).map_err(|why| cut(&why))?)
    }

    fn upload(&self, hash: Hash, bytes: &[u8]) -> Result<(), Fault> {
        let mut resume = Resume::new(bytes.len() as u64);
        let mut next = Next::Ask(Duration::ZERO);
        let mut last = String::new();
        loop {
            let brought = match next {
                Next::Done => return Ok(()),
                Next::GiveUp => return Err(Fault::Cut(last)),
                Next::Ask(wait) => {
                    sleep(wait);
                    self.held(hash)
                }
                Next::Send(range) => self.send(hash, bytes, range),
            };
            let event = match brought {
                Ok(held) => Event::Held(held),
                Err(Fault::Cut(why)) => {
                    last = why;
                    Event::Cut
                }
                Err(refused) => return Err(refused),
            };
            next = resume.next(event);
        }
    }

    fn held(&self, hash: Hash) -> Result<u64, Fault> {
        let url = format!("{}/api/blobs/{hash}", self.address);
        offset(self.agent.head(&url).call().map_err(|why| cut(&why))?)
    }

    fn send(&self, hash: Hash, bytes: &[u8], range: std::ops::Range<u64>) -> Result<u64, Fault> {
        let url = format!("{}/api/blobs/{hash}", self.address);
        let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
        let request = self
            .agent
            .patch(&url)
            .header(OFFSET, range.start.to_string())
            .header("Upload-Length", bytes.len().to_string())
            .header("Content-Type", "application/offset+octet-stream");
        let piece = &bytes[place(range.start)..place(range.end)];
        offset(request.send(piece).map_err(|why| cut(&why))?)
    }
}

/// Tries until it works, is refused, or was cut [`TRIES`] times.
fn patiently<T>(mut attempt: impl FnMut() -> Result<T, Fault>) -> Result<T, Fault> {
    let mut vain = 0;
    loop {
        match attempt() {
            Err(Fault::Cut(_)) if vain + 1 < TRIES => {
                vain += 1;
                sleep(pause(vain));
            }
            done => return done,
        }
    }
}

/// The bytes held, from an answer's header: of success, or of a conflict that tells the right offset.
fn offset(answer: Response<Body>) -> Result<u64, Fault> {
    let told = answer.headers().get(OFFSET).and_then(|value| value.to_str().ok()?.parse().ok());
    match (answer.status(), told) {
        (status, Some(held)) if status.is_success() || status == StatusCode::CONFLICT => Ok(held),
        _ => Err(refusal(answer)),
    }
}

fn read_status(mut answer: Response<Body>) -> Result<Status, Fault> {
    if !answer.status().is_success() {
        return Err(refusal(answer));
    }
    let bytes = bounded(&mut answer)?;
    serde_json::from_slice(&bytes)
        .map_err(|_| Fault::Refused(say!("服务器的回答读不懂，地址对吗？")))
}

fn bounded(answer: &mut Response<Body>) -> Result<Vec<u8>, Fault> {
    let body = answer.body_mut().with_config().limit(ANSWER_BYTES_MAX);
    body.read_to_vec().map_err(|why| cut(&why))
}

/// Why the server did not do it: busy or broken is worth another try, anything else is not.
fn refusal(mut answer: Response<Body>) -> Fault {
    let status = answer.status();
    let text = bounded(&mut answer).unwrap_or_default();
    let told: Refusal = serde_json::from_slice(&text).unwrap_or_default();
    let words = match (told.message.is_empty(), told.error.is_empty()) {
        (true, true) => say!("服务器回答 {status}", status = status.as_u16()),
        (true, false) => told.error,
        (false, true) => told.message,
        (false, false) => say!("{message}（{code}）", message = told.message, code = told.error),
    };
    let later = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS, StatusCode::CONFLICT];
    if status.is_server_error() || later.contains(&status) {
        return Fault::Cut(words);
    }
    Fault::Refused(words)
}

/// What went wrong on the line, in plain words.
fn cut(why: &ureq::Error) -> Fault {
    let words = match why {
        ureq::Error::HostNotFound => say!("找不到这台服务器，请检查地址和网络"),
        ureq::Error::Timeout(_) => say!("等了很久没有回答"),
        ureq::Error::ConnectionFailed => say!("连不上"),
        ureq::Error::Io(why) => match why.kind() {
            std::io::ErrorKind::ConnectionRefused => say!("连不上，服务器可能没有开"),
            std::io::ErrorKind::TimedOut => say!("等了很久没有回答"),
            _ => say!("连接断了：{why}", why = why),
        },
        ureq::Error::BadUri(_) | ureq::Error::Http(_) => {
            return Fault::Refused(say!("地址写得不对，要像 https://mingbai.example 这样"));
        }
        other => say!("连接断了：{why}", why = other),
    };
    Fault::Cut(words)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_status_is_read_as_the_formats_page_writes_it() {
        let text = r#"{"id":"x","state":"returned","missing":[],"flags":[{"code":"invoice-used","other":"y"}],"reason":"照片模糊","source":"original","later":1}"#;
        let status: Status = serde_json::from_str(text).unwrap();
        assert_eq!(status.state, Stage::Returned);
        assert_eq!(status.source, Some(Source::Original));
        let back = serde_json::to_string(&status).unwrap();
        assert_eq!(serde_json::from_str::<Status>(&back).unwrap(), status);
        let short: Status = serde_json::from_str(r#"{"state":"published","index":17}"#).unwrap();
        assert_eq!(short.index, Some(17));
        assert!(serde_json::from_str::<Status>(r#"{"state":"lost"}"#).is_err());
    }

    #[test]
    fn a_server_that_is_not_there_is_told_after_bounded_tries() {
        // A port that was free a moment ago, and is closed.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let server = Server::new(&format!("http://127.0.0.1:{port}/"));
        assert!(matches!(server.held(ledger::hash::sha256(b"")), Err(Fault::Cut(_))));
        let wrong = Server::new("not an address");
        assert!(matches!(wrong.held(ledger::hash::sha256(b"")), Err(Fault::Refused(_))));
    }
}
