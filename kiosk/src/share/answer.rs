//! One request, one answer: which file of the read surface is asked for, and how much of it.

use std::convert::Infallible;
use std::fs;
use std::io::{self, Seek, SeekFrom};
use std::ops::Range;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use hyper::body::{Bytes, Frame, Incoming, SizeHint};
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use ledger::surface::Item;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;

use super::surface::{Body, Given, Surface};
use crate::shelf::{Shelf, ShelfError};

/// KiB of answers that are held in memory at the same time; pictures are read as they are sent.
const MEMORY_KIB: u32 = 64 * 1024;
/// Bytes that are handed over at once.
const PIECE_BYTES: usize = 64 * 1024;
/// Hex digits of an entity tag.
const TAG_DIGITS: usize = 16;

/// Where requests come to: the shelf, open, and room for answers.
pub(super) struct Desk {
    data: PathBuf,
    /// Open from the first request on; and which file the database is.
    surface: Mutex<Option<(Surface, u64)>>,
    room: Arc<Semaphore>,
}

type Answer = Response<Parts>;

impl Desk {
    pub fn of(data: &Path) -> Self {
        let room = usize::try_from(MEMORY_KIB).unwrap_or(usize::MAX);
        Self {
            data: data.to_owned(),
            surface: Mutex::default(),
            room: Arc::new(Semaphore::new(room)),
        }
    }

    pub async fn answer(self: Arc<Self>, asked: Request<Incoming>) -> Result<Answer, Infallible> {
        if !matches!(*asked.method(), Method::GET | Method::HEAD) {
            let mut answer = empty(StatusCode::METHOD_NOT_ALLOWED);
            set(answer.headers_mut(), header::ALLOW, "GET, HEAD");
            return Ok(answer);
        }
        let Some(item) = asked.uri().path().strip_prefix('/').and_then(Item::parse) else {
            return Ok(absent());
        };
        let desk = Arc::clone(&self);
        let given = spawn_blocking(move || desk.give(item)).await;
        let mut answer = match given {
            Ok(Ok(Some(given))) => {
                self.carry(item, given, asked.headers()).unwrap_or_else(|_| busy())
            }
            Ok(Ok(None)) => absent(),
            Ok(Err(_)) | Err(_) => busy(),
        };
        if *asked.method() == Method::HEAD {
            *answer.body_mut() = Parts::nothing();
        }
        Ok(answer)
    }

    /// The file, from the shelf as it is now. Blocks.
    fn give(&self, item: Item) -> Result<Option<Given>, ShelfError> {
        let mut open = self.surface.lock().unwrap_or_else(PoisonError::into_inner);
        let database = || fs::metadata(self.data.join("kiosk.db")).map_or(0, |file| file.ino());
        let (mut surface, file) = match open.take() {
            Some((surface, file)) if file == database() => (surface, file),
            // A broken database is set aside while this runs, and another one begun.
            _ => (Surface::of(Shelf::open(&self.data)?), database()),
        };
        surface.follow()?;
        let given = surface.give(item)?;
        *open = Some((surface, file));
        Ok(given)
    }

    /// The answer that carries what was asked for of a file.
    fn carry(&self, item: Item, given: Given, asked: &HeaderMap) -> io::Result<Answer> {
        let mut tag = given.hash.to_string();
        tag.truncate(TAG_DIGITS);
        let tag = format!("\"{tag}\"");
        let mut answer = empty(StatusCode::OK);
        let headers = answer.headers_mut();
        let (media, caching) = manner(item);
        set(headers, header::CACHE_CONTROL, caching);
        set(headers, header::ETAG, &tag);
        if asked.get(header::IF_NONE_MATCH).is_some_and(|held| names(held, &tag)) {
            headers.remove(header::CONTENT_LENGTH);
            *answer.status_mut() = StatusCode::NOT_MODIFIED;
            return Ok(answer);
        }
        set(headers, header::CONTENT_TYPE, media);
        set(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
        set(headers, header::ACCEPT_RANGES, "bytes");
        let length = given.length;
        let range = match part(asked, &tag, length) {
            Some(range) if range.is_empty() => {
                set(headers, header::CONTENT_RANGE, &format!("bytes */{length}"));
                *answer.status_mut() = StatusCode::RANGE_NOT_SATISFIABLE;
                return Ok(answer);
            }
            Some(range) => {
                let told = format!("bytes {}-{}/{length}", range.start, range.end - 1);
                set(headers, header::CONTENT_RANGE, &told);
                *answer.status_mut() = StatusCode::PARTIAL_CONTENT;
                range
            }
            None => 0..length,
        };
        set(answer.headers_mut(), header::CONTENT_LENGTH, &(range.end - range.start).to_string());
        *answer.body_mut() = Parts::of(given.body, range, &self.room)?;
        Ok(answer)
    }
}

/// What kind of bytes a file has, and how long others may keep them (docs/FORMATS.md).
fn manner(item: Item) -> (&'static str, &'static str) {
    const BYTES: &str = "application/octet-stream";
    const FOR_EVER: &str = "public, max-age=31536000, immutable";
    // What may be withdrawn must leave shared caches.
    const A_DAY: &str = "public, max-age=86400";
    const ASK_EVERY_TIME: &str = "no-cache";
    match item {
        Item::Checkpoint => ("text/plain; charset=utf-8", ASK_EVERY_TIME),
        Item::Tile(_) | Item::Entries { .. } => (BYTES, FOR_EVER),
        Item::Contents(_) => (BYTES, ASK_EVERY_TIME),
        Item::Content(_) => ("application/json", A_DAY),
        Item::Blob(_) => ("image/jpeg", A_DAY),
    }
}

/// Whether a list of entity tags names this one.
fn names(held: &HeaderValue, tag: &str) -> bool {
    let mut held = held.to_str().unwrap_or_default().split(',').map(str::trim);
    held.any(|held| held == "*" || held.strip_prefix("W/").unwrap_or(held) == tag)
}

/// The bytes that are asked for: from one on, or from one to another; an empty range is beyond the end. Everything else
/// that a `Range` can say is answered whole, as HTTP allows.
fn part(asked: &HeaderMap, tag: &str, length: u64) -> Option<Range<u64>> {
    if asked.get(header::IF_RANGE).is_some_and(|held| held != tag) {
        return None;
    }
    let spec = asked.get(header::RANGE)?.to_str().ok()?.strip_prefix("bytes=")?;
    let (first, last) = spec.split_once('-')?;
    let first: u64 = first.parse().ok()?;
    let end = match last {
        "" => length,
        last => last.parse::<u64>().ok().filter(|last| *last >= first)?.saturating_add(1),
    };
    let end = end.min(length);
    Some(first.min(end)..end)
}

fn empty(status: StatusCode) -> Answer {
    let mut answer = Response::new(Parts::nothing());
    *answer.status_mut() = status;
    set(answer.headers_mut(), header::CONTENT_LENGTH, "0");
    answer
}

fn absent() -> Answer {
    let mut answer = empty(StatusCode::NOT_FOUND);
    set(answer.headers_mut(), header::CACHE_CONTROL, "no-cache");
    answer
}

/// The shelf cannot be read, or too much is being sent.
fn busy() -> Answer {
    let mut answer = empty(StatusCode::SERVICE_UNAVAILABLE);
    set(answer.headers_mut(), header::RETRY_AFTER, "5");
    answer
}

fn set(headers: &mut HeaderMap, name: HeaderName, text: &str) {
    if let Ok(value) = HeaderValue::from_str(text) {
        headers.insert(name, value);
    }
}

/// The body of an answer, handed over piece by piece as its reader takes it.
pub(super) struct Parts {
    source: Source,
    left: u64,
    /// The room in memory that it takes.
    _room: Option<OwnedSemaphorePermit>,
}

enum Source {
    Memory(Bytes),
    Disk(tokio::fs::File),
}

impl Parts {
    fn nothing() -> Self {
        Self { source: Source::Memory(Bytes::new()), left: 0, _room: None }
    }

    fn of(body: Body, range: Range<u64>, room: &Arc<Semaphore>) -> io::Result<Self> {
        let left = range.end - range.start;
        match body {
            Body::Bytes(bytes) => {
                let kib = u32::try_from(bytes.len() / 1024 + 1).unwrap_or(u32::MAX);
                let room =
                    Arc::clone(room).try_acquire_many_owned(kib).map_err(io::Error::other)?;
                let at = |byte| usize::try_from(byte).map_err(io::Error::other);
                let bytes = Bytes::from(bytes).slice(at(range.start)?..at(range.end)?);
                Ok(Self { source: Source::Memory(bytes), left, _room: Some(room) })
            }
            Body::File(mut file) => {
                file.seek(SeekFrom::Start(range.start))?;
                Ok(Self { source: Source::Disk(file.into()), left, _room: None })
            }
        }
    }
}

impl hyper::body::Body for Parts {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let most = usize::try_from(self.left).unwrap_or(PIECE_BYTES).min(PIECE_BYTES);
        if most == 0 {
            return Poll::Ready(None);
        }
        let piece = match &mut self.source {
            Source::Memory(bytes) => bytes.split_to(most),
            Source::Disk(file) => {
                let mut piece = vec![0; most];
                let mut buffer = ReadBuf::new(&mut piece);
                ready!(Pin::new(file).poll_read(context, &mut buffer))?;
                let read = buffer.filled().len();
                piece.truncate(read);
                Bytes::from(piece)
            }
        };
        if piece.is_empty() {
            // Shorter than it was a moment ago.
            return Poll::Ready(Some(Err(io::ErrorKind::UnexpectedEof.into())));
        }
        self.left -= piece.len() as u64;
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
