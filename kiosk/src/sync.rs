//! One sync: ask the server for its newest head, verify everything that is new, put it on the shelf at once.
//!
//! The order is always checkpoint, entries, root, contents, one transaction, pictures. A cut anywhere leaves the last
//! good shelf, and the next sync goes on from what had arrived.

mod ahead;
mod contents;
mod pictures;

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use ledger::checkpoint::{CHECKPOINT_BYTES_MAX, Checkpoint};
use ledger::client::{Refused, View};
use ledger::key::VerifierKey;
use ledger::time::Timestamp;
use ledger::tree::{Frontier, leaf_hash};
use serde::Serialize;

use crate::fetch::{Answer, Ask, Cost, FetchError, Server};
use crate::shelf::{Adopted, Batch, Head, Images, Shelf, ShelfError, Trouble, TroubleKind};
use ahead::Incoming;

/// The largest log that a kiosk takes on, in entries: a township's for some hundred years.
const LOG_SIZE_MAX: u64 = 1 << 26;
/// How often a long sync writes down what it has.
const FLUSH_TIME: Duration = Duration::from_secs(10);

/// What to sync, and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// The shelf's directory.
    pub data: PathBuf,
    /// The server's address, such as `http://192.168.1.10:8080`.
    pub server: String,
    /// The log's key; needed at the first start, and refused later if it is another.
    pub vkey: Option<VerifierKey>,
    /// Which pictures to fetch.
    pub images: Images,
    /// The longest that one answer may take.
    pub patience: Duration,
    /// The clock. It labels; nothing is believed or refused because of it.
    pub now: fn() -> Timestamp,
}

/// What a sync did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Entries of the verified log.
    pub size: u64,
    /// New entries.
    pub entries: u64,
    /// New entries that do not count, and are never shown.
    pub refused: u64,
    /// New contents.
    pub contents: u64,
    /// Papers whose details were removed.
    pub withdrawn: u64,
    /// Contents that the server does not have (yet).
    pub waiting: u64,
    /// New pictures.
    pub images: u64,
    /// Pictures that the server does not have.
    pub images_missing: u64,
    /// Requests and bytes.
    #[serde(flatten)]
    pub cost: Cost,
    /// Milliseconds in all.
    pub ms: u64,
}

impl Report {
    /// True when the shelf now shows something that it did not.
    #[must_use]
    pub fn is_news(&self) -> bool {
        self.entries + self.contents + self.withdrawn + self.images > 0
    }
}

/// Why a sync did not end well. What was on the shelf is still there.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// The shelf itself.
    #[error(transparent)]
    Shelf(#[from] ShelfError),
    /// The network, or an answer that is none.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// The head is not signed by the key trusted here.
    #[error(
        "服务器的账本不是本机信任的公钥签的，没有采用（{0}）/ checkpoint not signed by the trusted key"
    )]
    BadSignature(String),
    /// An older head than the one held.
    #[error(
        "服务器的账本倒退了：本机已核到 {held} 条，它只有 {offered} 条，没有采用 / the log was rolled back"
    )]
    Rollback {
        /// Entries held here.
        held: u64,
        /// Entries offered.
        offered: u64,
    },
    /// Another history than the one held.
    #[error("服务器的账本改了历史，没有采用；两份签名证据在 {evidence} / the log was forked")]
    Fork {
        /// The file with both signed heads.
        evidence: PathBuf,
    },
    /// Bytes that are not those committed to.
    #[error("服务器发来的数据被改过或坏了，没有采用：{0} / hash mismatch")]
    BadHash(String),
    /// A log that no server could serve.
    #[error("服务器说账本有 {0} 条，不可能，没有采用 / impossible log size")]
    TooLarge(u64),
    /// Another sync of this shelf is at work.
    #[error("另一个同步正在进行 / another sync is running")]
    Busy,
    /// No key given, and none trusted yet.
    #[error("第一次同步要用 --vkey 给出账本的公钥 / the first sync needs --vkey")]
    NoKey,
}

impl SyncError {
    /// What the screen says about it.
    #[must_use]
    pub fn kind(&self) -> TroubleKind {
        match self {
            Self::Shelf(ShelfError::WrongKey { .. }) | Self::NoKey => TroubleKind::WrongKey,
            Self::Shelf(_) | Self::Busy => TroubleKind::Disk,
            Self::Fetch(FetchError::TooLarge { .. }) | Self::TooLarge(_) => TroubleKind::TooLarge,
            Self::Fetch(FetchError::Malformed { .. }) => TroubleKind::BadFormat,
            Self::Fetch(_) => TroubleKind::Unreachable,
            Self::BadSignature(_) => TroubleKind::BadSignature,
            Self::Rollback { .. } => TroubleKind::Rollback,
            Self::Fork { .. } => TroubleKind::Fork,
            Self::BadHash(_) => TroubleKind::BadHash,
        }
    }
}

/// This moment by the machine's clock.
#[must_use]
pub fn clock() -> Timestamp {
    let text = jiff::Zoned::now().strftime("%Y-%m-%dT%H:%M:%S%:z").to_string();
    // The format above is the one that is read; a clock before the year 0 gets the epoch.
    text.parse().or_else(|_| "1970-01-01T00:00:00Z".parse()).unwrap_or_else(|_| unreachable!())
}

/// Runs one sync.
///
/// # Errors
/// [`SyncError`]; the trouble is noted on the shelf for the screen.
pub fn run(options: &Options) -> Result<Report, SyncError> {
    let started = Instant::now();
    let mut shelf = Shelf::open(&options.data)?;
    let _turn = take_turn(&options.data)?;
    let result = Sync::begin(&mut shelf, options).and_then(Sync::finish);
    match result {
        Ok(mut report) => {
            report.ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
            Ok(report)
        }
        Err(error) => {
            let (kind, detail, at) = (error.kind(), error.to_string(), (options.now)());
            shelf.troubled(&Trouble { kind, detail, at })?;
            Err(error)
        }
    }
}

/// Holds the shelf's turn to sync until dropped.
fn take_turn(data: &Path) -> Result<File, SyncError> {
    let path = data.join("sync.lock");
    let file_error = |source| ShelfError::File { path: path.clone(), source };
    let file = File::create(&path).map_err(file_error)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(SyncError::Busy),
        Err(TryLockError::Error(source)) => Err(file_error(source).into()),
    }
}

/// A sync under way.
struct Sync<'s> {
    shelf: &'s mut Shelf,
    options: &'s Options,
    server: Server,
    log: VerifierKey,
    report: Report,
    /// What is wrong with some content or picture; the rest goes on.
    spoiled: Option<SyncError>,
}

impl<'s> Sync<'s> {
    fn begin(shelf: &'s mut Shelf, options: &'s Options) -> Result<Self, SyncError> {
        let log = match (&options.vkey, shelf.trusted()?) {
            (Some(vkey), _) => vkey.clone(),
            (None, Some(held)) => held.parse().map_err(|_| SyncError::NoKey)?,
            (None, None) => return Err(SyncError::NoKey),
        };
        shelf.trust(&log)?;
        shelf.sweep()?;
        let server = Server::new(&options.server, options.patience)?;
        Ok(Self { shelf, options, server, log, report: Report::default(), spoiled: None })
    }

    fn finish(mut self) -> Result<Report, SyncError> {
        let old = self.shelf.head()?;
        let etag = old.as_ref().and_then(|head| head.etag.clone());
        let ask = etag.as_deref().map_or(Ask::Whole, Ask::Unless);
        match self.server.get("/checkpoint", ask, CHECKPOINT_BYTES_MAX as u64)? {
            Answer::Whole(note, etag) => self.advance(old, &note, etag)?,
            Answer::Unchanged => self.missing()?,
            Answer::Missing | Answer::Rest(_) => {
                return Err(FetchError::Status { path: "/checkpoint".into(), status: 404 }.into());
            }
        }
        self.shelf.sweep()?;
        self.pictures()?;
        if let Some(error) = self.spoiled {
            return Err(error);
        }
        self.shelf.checked(&(self.options.now)())?;
        self.report.size = self.shelf.head()?.map_or(0, |head| head.size);
        self.report.waiting = self.shelf.missing_contents(u32::MAX)?.len() as u64;
        self.report.cost = self.server.cost();
        Ok(self.report)
    }

    /// From the head held to the one in `note`.
    fn advance(
        &mut self,
        old: Option<Head>,
        note: &[u8],
        etag: Option<String>,
    ) -> Result<(), SyncError> {
        let offered = Checkpoint::open(note, &self.log)
            .map_err(|bad| SyncError::BadSignature(bad.to_string()))?;
        if offered.size > LOG_SIZE_MAX {
            return Err(SyncError::TooLarge(offered.size));
        }
        let held = old.as_ref().map_or(0, |head| head.size);
        if offered.size < held {
            return Err(SyncError::Rollback { held, offered: offered.size });
        }
        // Entries that a failing disk changed are all fetched again; the old head still binds.
        let view = self.shelf.view()?.unwrap_or_default();
        let server = self.server.clone();
        let inbox = self.shelf.inbox()?;
        thread::scope(|scope| {
            let mut incoming = Incoming::start(scope, server, &view, offered.size, inbox);
            let (next, entries) = self.read(&view, note, &mut incoming, old.as_ref())?;
            if entries.is_empty() && old.is_some() {
                self.shelf.tagged(etag.as_deref())?;
                return self.missing();
            }
            let verdicts = self.shelf.judge(view.size(), &entries)?;
            let head =
                Head { checkpoint: note.to_vec(), size: next.size(), root: next.root(), etag };
            self.report.entries = entries.len() as u64;
            let at = (self.options.now)();
            let batch = Batch { old, held: view.size(), head, entries, verdicts, at };
            self.adopt(batch, incoming)
        })
    }

    /// Fetches and verifies the entries up to the head in `note`.
    fn read(
        &mut self,
        view: &View,
        note: &[u8],
        incoming: &mut Incoming,
        old: Option<&Head>,
    ) -> Result<(View, Vec<Vec<u8>>), SyncError> {
        let mut entries: Vec<Vec<u8>> = Vec::new();
        let fetch = |want: &ledger::client::Want| {
            let bytes = incoming.answer(want)?;
            if incoming.is_time_to_flush() {
                self.shelf.keep_inbox(&incoming.take_fresh())?;
            }
            Ok::<_, SyncError>(bytes)
        };
        let keep = |_, entry: &[u8]| {
            entries.push(entry.to_vec());
            Ok(())
        };
        let next = match view.advance(&self.log, note, fetch, keep) {
            Ok(next) => next,
            Err(Refused::Fetch(error)) => {
                self.shelf.keep_inbox(&incoming.take_fresh())?;
                return Err(error);
            }
            Err(refused) => {
                self.shelf.clear_inbox()?;
                return Err(self.refused(refused));
            }
        };
        if let Some(old) = old.filter(|old| view.size() < old.size) {
            // All was fetched again: it must begin with the log that was verified before.
            let mut frontier = Frontier::default();
            let first = usize::try_from(old.size).unwrap_or(usize::MAX);
            entries.iter().take(first).for_each(|entry| frontier.push(leaf_hash(entry)));
            if frontier.root() != old.root {
                let held = String::from_utf8_lossy(&old.checkpoint).into_owned();
                let offered = next.checkpoint().to_owned();
                return Err(self.refused(Refused::Fork { held, offered }));
            }
        }
        Ok((next, entries))
    }

    fn refused(&self, refused: Refused<SyncError>) -> SyncError {
        match refused {
            Refused::Fetch(error) => error,
            Refused::BadSignature(bad) => SyncError::BadSignature(bad.to_string()),
            Refused::Rollback { held, offered } => SyncError::Rollback { held, offered },
            Refused::BadHash(path) => SyncError::BadHash(path),
            Refused::Fork { held, offered } => {
                let evidence = self.options.data.join("fork-evidence.txt");
                match fs::write(&evidence, format!("{held}\n\n{offered}")) {
                    Ok(()) => SyncError::Fork { evidence },
                    Err(source) => ShelfError::File { path: evidence, source }.into(),
                }
            }
        }
    }

    /// Counts what a commit did.
    fn count(&mut self, adopted: Adopted) {
        self.report.refused += adopted.refused;
        self.report.withdrawn += adopted.withdrawn;
    }

    /// Remembers the first thing that is wrong with one content or picture.
    fn spoil(&mut self, error: SyncError) {
        self.spoiled.get_or_insert(error);
    }
}

/// Syncs now and then again after each `every`, on its own thread, until dropped.
pub struct Background {
    _stop: Sender<()>,
}

impl Background {
    /// Starts. The shelf is audited first; `tell` is called, on that thread, after each sync.
    #[must_use]
    pub fn start(
        options: Options,
        every: Duration,
        mut tell: impl FnMut(&Result<Report, SyncError>) + Send + 'static,
    ) -> Self {
        let (stop, stopped): (Sender<()>, Receiver<()>) = channel();
        thread::spawn(move || {
            // What an audit cannot mend, the sync that follows reports.
            let _ = Shelf::open_audited(&options.data);
            loop {
                tell(&run(&options));
                // Nothing is ever sent: it ends when the other side is dropped.
                if stopped.recv_timeout(every) != Err(RecvTimeoutError::Timeout) {
                    return;
                }
            }
        });
        Self { _stop: stop }
    }
}

#[cfg(test)]
mod tests;
