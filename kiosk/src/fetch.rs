//! Where a log is read from: a server, a mirror, or a bundle on a stick. Every answer is bounded in bytes and time,
//! every byte on the wire is counted, and no more come a second than was allowed.

mod bundle;

mod post;

use std::fmt;
use std::io::{ErrorKind, Read};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde::Serialize;
use ureq::Agent;
use ureq::config::AutoHeaderValue;
use ureq::http::header::{ACCEPT_ENCODING, CONTENT_RANGE, ETAG, IF_NONE_MATCH, RANGE};
use ureq::http::{HeaderMap, HeaderName};
use ureq::unversioned::resolver::DefaultResolver;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, NextTimeout, RustlsConnector, TcpConnector, Transport,
};

pub use bundle::{BadBundle, Bundle};

/// How long to wait for a connection.
const CONNECT_TIME: Duration = Duration::from_secs(10);
/// Largest head of an answer, in bytes.
const HEADER_LIMIT: usize = 16 * 1024;
/// Longest server address, in bytes.
const SERVER_LIMIT: usize = 1024;

/// Why an answer could not be had. Says nothing about what it would have held.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The server's address is not one.
    #[error("服务器地址不对：{0}（要像 http://192.168.1.10:8080）/ not a server address")]
    BadServer(String),
    /// Some of it came, and the time for all of it is over.
    #[error("网络太慢（{path} 没有传完）/ the line is too slow")]
    TooSlow {
        /// What was asked for.
        path: String,
    },
    /// No connection, or it was cut, or nothing came.
    #[error("连不上服务器（{path}：{reason}）/ cannot reach the server")]
    Unreachable {
        /// What was asked for.
        path: String,
        /// What the network said.
        reason: String,
    },
    /// A status that no answer here may have.
    #[error("服务器答了 {status}（{path}）/ the server answered {status}")]
    Status {
        /// What was asked for.
        path: String,
        /// The HTTP status.
        status: u16,
    },
    /// More bytes than any right answer has.
    #[error("服务器发来的太大（{path}，超过 {limit} 字节）/ answer too large")]
    TooLarge {
        /// What was asked for.
        path: String,
        /// The limit, in bytes.
        limit: u64,
    },
    /// An answer that HTTP does not allow, or that does not fit what was asked.
    #[error("服务器答得不合格式（{path}：{reason}）/ malformed answer")]
    Malformed {
        /// What was asked for.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// What the server had to say.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    /// The whole thing, and its entity tag.
    Whole(Vec<u8>, Option<String>),
    /// The bytes from the asked offset on.
    Rest(Vec<u8>),
    /// Unchanged since the entity tag that was sent.
    Unchanged,
    /// The server has no such thing (404, 410), or nothing from that offset on (416).
    Missing,
}

/// What is asked beside the path.
#[derive(Clone, Copy, Debug)]
pub enum Ask<'a> {
    /// Everything, compressed where the server likes.
    Whole,
    /// Everything unless its entity tag is still this one.
    Unless(&'a str),
    /// The bytes from this offset on, as they are.
    From(u64),
}

/// What a sync cost on the wire.
#[derive(Debug, Default)]
struct Tally {
    requests: AtomicU64,
    sent: AtomicU64,
    received: AtomicU64,
}

/// Requests and bytes so far; under TLS the bytes are those of TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Cost {
    /// HTTP requests.
    pub requests: u64,
    /// Bytes written to the network.
    pub sent: u64,
    /// Bytes read from the network.
    pub received: u64,
}

/// How a server is asked.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    /// The longest that one answer may take, and as much longer as the rate makes it.
    pub patience: Duration,
    /// The most bytes a second.
    pub rate: Option<u64>,
}

/// Whatever has the files of a log's read surface; shared by threads. What it says is not believed yet.
#[derive(Clone)]
pub enum Source {
    /// A server or mirror.
    Server(Server),
    /// A file.
    Bundle(Bundle),
}

impl Source {
    /// Asks for `path` and reads at most `limit` bytes of answer, counted after decompression.
    pub fn get(&self, path: &str, ask: Ask, limit: u64) -> Result<Answer, FetchError> {
        match self.open(path, ask, limit)? {
            Opened::Body { reader, rest, etag } => {
                let mut bytes = Vec::new();
                let read = reader.take(limit + 1).read_to_end(&mut bytes);
                read.map_err(|e| match ureq::Error::from(e) {
                    ureq::Error::Timeout(_) if !bytes.is_empty() => {
                        FetchError::TooSlow { path: path.to_owned() }
                    }
                    error => unreachable_at(path, error),
                })?;
                if bytes.len() as u64 > limit {
                    return Err(FetchError::TooLarge { path: path.to_owned(), limit });
                }
                Ok(if rest { Answer::Rest(bytes) } else { Answer::Whole(bytes, etag) })
            }
            Opened::Unchanged => Ok(Answer::Unchanged),
            Opened::Missing => Ok(Answer::Missing),
        }
    }

    /// Asks for `path` and gives the body to be read piece by piece. The caller bounds it; a right one has at most
    /// `limit` bytes.
    pub(crate) fn open(&self, path: &str, ask: Ask, limit: u64) -> Result<Opened, FetchError> {
        match self {
            Self::Server(server) => server.open(path, ask, limit),
            Self::Bundle(bundle) => {
                let from = if let Ask::From(offset) = ask { offset } else { 0 };
                Ok(bundle.read(path, from).map_or(Opened::Missing, |part| Opened::Body {
                    reader: Box::new(part),
                    rest: from > 0,
                    etag: None,
                }))
            }
        }
    }

    /// What it has cost so far; a file costs nothing.
    #[must_use]
    pub fn cost(&self) -> Cost {
        match self {
            Self::Server(server) => server.cost(),
            Self::Bundle(_) => Cost::default(),
        }
    }

    /// True when an answer is new as of now, and small things are quickly asked for.
    #[must_use]
    pub fn is_live(&self) -> bool {
        matches!(self, Self::Server(_))
    }

    /// What tells it from other sources.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Server(server) => &server.base,
            Self::Bundle(_) => "",
        }
    }
}

/// A server that can be asked; shared by threads.
#[derive(Clone)]
pub struct Server {
    agent: Agent,
    base: String,
    tally: Arc<Tally>,
    manner: Manner,
}

impl Server {
    /// A server at `url`.
    pub fn new(url: &str, manner: Manner) -> Result<Self, FetchError> {
        let base = url.trim_end_matches('/').to_owned();
        let scheme = base.starts_with("http://") || base.starts_with("https://");
        if !scheme || base.len() > SERVER_LIMIT || base.parse::<ureq::http::Uri>().is_err() {
            return Err(FetchError::BadServer(url.chars().take(100).collect()));
        }
        // No redirects, no proxy, no header that is not needed: a request is some 90 bytes.
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .user_agent(AutoHeaderValue::None)
            .accept(AutoHeaderValue::None)
            .accept_encoding(AutoHeaderValue::None)
            .max_response_header_size(HEADER_LIMIT)
            .timeout_connect(Some(CONNECT_TIME.min(manner.patience)))
            .build();
        let tally = Arc::new(Tally::default());
        let connector = ().chain(TcpConnector::default()).chain(Counter {
            tally: tally.clone(),
            pace: manner.rate.map(|rate| Arc::new(Pace::new(rate))),
        });
        let connector = connector.chain(RustlsConnector::default());
        let agent = Agent::with_parts(config, connector, DefaultResolver::default());
        Ok(Self { agent, base, tally, manner })
    }

    fn open(&self, path: &str, ask: Ask, limit: u64) -> Result<Opened, FetchError> {
        let at_this_rate = self.manner.rate.map_or(0, |rate| limit / rate.max(1));
        let longest = self.manner.patience.saturating_add(Duration::from_secs(at_this_rate));
        let request = self.agent.get(format!("{}{path}", self.base));
        let mut request = request.config().timeout_global(Some(longest)).build();
        request = match ask {
            Ask::Whole => request.header(ACCEPT_ENCODING, "gzip"),
            Ask::Unless(etag) => request.header(IF_NONE_MATCH, etag),
            Ask::From(0) => request.header(ACCEPT_ENCODING, "identity"),
            Ask::From(offset) => request
                .header(ACCEPT_ENCODING, "identity")
                .header(RANGE, format!("bytes={offset}-")),
        };
        self.tally.requests.fetch_add(1, Ordering::Relaxed);
        let answer = request.call().map_err(|e| unreachable_at(path, e))?;
        let (head, body) = answer.into_parts();
        let malformed = |reason: &str| FetchError::Malformed {
            path: path.to_owned(),
            reason: reason.to_owned(),
        };
        let etag = text(&head.headers, &ETAG).filter(|tag| tag.len() <= 200).map(str::to_owned);
        match (head.status.as_u16(), ask) {
            (200, _) => {
                Ok(Opened::Body { reader: Box::new(body.into_reader()), rest: false, etag })
            }
            (206, Ask::From(offset)) => {
                let range = text(&head.headers, &CONTENT_RANGE).unwrap_or_default();
                if !range.starts_with(&format!("bytes {offset}-")) {
                    return Err(malformed("another range than was asked for"));
                }
                Ok(Opened::Body { reader: Box::new(body.into_reader()), rest: true, etag })
            }
            (304, Ask::Unless(_)) => Ok(Opened::Unchanged),
            (404 | 410, _) | (416, Ask::From(_)) => Ok(Opened::Missing),
            (status, _) => Err(FetchError::Status { path: path.to_owned(), status }),
        }
    }

    fn cost(&self) -> Cost {
        Cost {
            requests: self.tally.requests.load(Ordering::Relaxed),
            sent: self.tally.sent.load(Ordering::Relaxed),
            received: self.tally.received.load(Ordering::Relaxed),
        }
    }
}

/// An answer whose body is still to be read.
pub(crate) enum Opened {
    Body { reader: Box<dyn Read>, rest: bool, etag: Option<String> },
    Unchanged,
    Missing,
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// What a transport error means to the reader of a path.
pub(crate) fn unreachable_at(path: &str, error: ureq::Error) -> FetchError {
    let path = path.to_owned();
    let reason = error.to_string();
    match error {
        ureq::Error::BadUri(_) | ureq::Error::Http(_) => FetchError::BadServer(reason),
        // A cut in the middle of compressed bytes is a cut.
        ureq::Error::Decompress(_, error) if error.kind() == ErrorKind::UnexpectedEof => {
            FetchError::Unreachable { path, reason }
        }
        ureq::Error::Protocol(_)
        | ureq::Error::Decompress(..)
        | ureq::Error::LargeResponseHeader(..) => FetchError::Malformed { path, reason },
        _ => FetchError::Unreachable { path, reason },
    }
}

/// Lets no more bytes pass than so many a second, over all connections that share it.
#[derive(Debug)]
struct Pace {
    rate: u64,
    /// When what has come would have come at that rate.
    due: Mutex<Instant>,
}

impl Pace {
    fn new(rate: u64) -> Self {
        Self { rate: rate.max(1), due: Mutex::new(Instant::now()) }
    }

    /// Waits for as long as so many bytes take.
    fn spend(&self, bytes: usize) {
        let time = Duration::from_secs_f64(bytes as f64 / self.rate as f64);
        let due = {
            let mut due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
            *due = (*due).max(Instant::now()) + time;
            *due
        };
        thread::sleep(due.saturating_duration_since(Instant::now()));
    }
}

/// Wraps each TCP connection to count what passes, and to slow it down.
struct Counter {
    tally: Arc<Tally>,
    pace: Option<Arc<Pace>>,
}

impl fmt::Debug for Counter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Counter")
    }
}

impl<In: Transport> Connector<In> for Counter {
    type Out = Counted<In>;

    fn connect(
        &self,
        _: &ConnectionDetails,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, ureq::Error> {
        Ok(chained.map(|inner| Counted {
            inner,
            tally: self.tally.clone(),
            pace: self.pace.clone(),
        }))
    }
}

#[derive(Debug)]
struct Counted<T> {
    inner: T,
    tally: Arc<Tally>,
    pace: Option<Arc<Pace>>,
}

impl<T: Transport> Transport for Counted<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        self.tally.sent.fetch_add(amount as u64, Ordering::Relaxed);
        self.inner.transmit_output(amount, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        let before = self.inner.buffers().input().len();
        let progress = self.inner.await_input(timeout);
        let arrived = self.inner.buffers().input().len().saturating_sub(before);
        self.tally.received.fetch_add(arrived as u64, Ordering::Relaxed);
        if let Some(pace) = &self.pace {
            pace.spend(arrived);
        }
        progress
    }

    fn is_open(&mut self) -> bool {
        self.inner.is_open()
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}
