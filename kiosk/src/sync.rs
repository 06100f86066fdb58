//! One sync: ask the server for its newest head, verify everything that is new, put it on the shelf at once.
//!
//! The order is always checkpoint, entries, root, contents, one transaction, pictures. A cut anywhere leaves the last
//! good shelf, and the next sync goes on from what had arrived.

mod ahead;
mod background;
mod contents;
mod ladder;
mod pictures;

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use ledger::checkpoint::{CHECKPOINT_BYTES_MAX, Checkpoint};
use ledger::client::{Refused, View};
use ledger::hash::Hash;
use ledger::key::VerifierKey;
use ledger::place::Village;
pub use ledger::policy::{BadPolicy, Cosigned, POLICY_BYTES_MAX, Policy};
use ledger::time::Timestamp;
use ledger::tree::{Frontier, leaf_hash};
use serde::Serialize;

use crate::fetch::{Answer, Ask, BadBundle, Bundle, Cost, FetchError, Manner, Server, Source};
use crate::hours::Hours;
use crate::shelf::{Adopted, Batch, Head, Images, Shelf, ShelfError, Trouble, TroubleKind, Wanted};
use ahead::Incoming;
pub use background::{Background, Orders, Queue, orders};
use ladder::Ladder;

/// The largest log that a kiosk takes on, in entries: a township's for some hundred years.
const LOG_SIZE_MAX: u64 = 1 << 26;
/// How often a long sync writes down what it has.
const FLUSH_TIME: Duration = Duration::from_secs(10);

/// How long one answer may take where nothing else is said.
const PATIENCE: Duration = Duration::from_secs(60);

/// What to sync, and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// The shelf's directory.
    pub data: PathBuf,
    /// Addresses such as `http://192.168.1.10:8080`, of the server and of mirrors of it. They are tried in turn; what
    /// one cannot serve the next does.
    pub servers: Vec<String>,
    /// The log's key; needed at the first start, and refused later if it is another.
    pub vkey: Option<VerifierKey>,
    /// Which pictures to fetch.
    pub images: Images,
    /// The village whose pictures come first, and are the last to go.
    pub village: Option<Village>,
    /// The most bytes of pictures on the disk.
    pub budget: Option<u64>,
    /// Pictures that somebody opened lately: they come first, and stay.
    pub opened: Vec<Hash>,
    /// When pictures are fetched. Text always comes: an emergency looks like any other before it is read.
    pub hours: Option<Hours>,
    /// The most bytes a second.
    pub rate: Option<u64>,
    /// Which witnesses must have cosigned a head before it is believed.
    pub policy: Option<Policy>,
    /// The longest that one answer may take.
    pub patience: Duration,
    /// The clock. It labels; nothing is believed or refused because of it.
    pub now: fn() -> Timestamp,
}

impl Options {
    /// A sync of everything, as fast as it goes, from these servers in turn.
    #[must_use]
    pub fn new(data: PathBuf, servers: Vec<String>, vkey: Option<VerifierKey>) -> Self {
        Self {
            data,
            servers,
            vkey,
            images: Images::All,
            village: None,
            budget: None,
            opened: Vec::new(),
            hours: None,
            rate: None,
            policy: None,
            patience: PATIENCE,
            now: clock,
        }
    }
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
    /// Pictures that were removed to keep within the budget.
    pub evicted: u64,
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

    /// What this sync and one after it did together.
    fn and(self, later: &Self) -> Self {
        Self {
            size: later.size,
            waiting: later.waiting,
            images_missing: later.images_missing,
            entries: self.entries + later.entries,
            refused: self.refused + later.refused,
            contents: self.contents + later.contents,
            withdrawn: self.withdrawn + later.withdrawn,
            images: self.images + later.images,
            evicted: self.evicted + later.evicted,
            cost: Cost {
                requests: self.cost.requests + later.cost.requests,
                sent: self.cost.sent + later.cost.sent,
                received: self.cost.received + later.cost.received,
            },
            ms: self.ms + later.ms,
        }
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
    /// A bundle with an older part of the log that is held.
    #[error(
        "数据包比本机旧：本机已有 {held} 条，包里只到 {offered} 条；本机没有变 / the bundle is older than what is held"
    )]
    Older {
        /// Entries held here.
        held: u64,
        /// Entries in the bundle.
        offered: u64,
    },
    /// A file that is no bundle.
    #[error(transparent)]
    Bundle(#[from] BadBundle),
    /// Bytes that are not those committed to.
    #[error("服务器发来的数据被改过或坏了，没有采用：{0} / hash mismatch")]
    BadHash(String),
    /// A log that no server could serve.
    #[error("服务器说账本有 {0} 条，不可能，没有采用 / impossible log size")]
    TooLarge(u64),
    /// A head that too few witnesses cosigned.
    #[error(
        "账本缺见证人的签字（有 {0} 个，不够），没有采用 / too few witnesses cosigned the checkpoint"
    )]
    Unwitnessed(usize),
    /// The policy of witnesses is for other logs.
    #[error("见证规则是给别的账本的 / the witness policy is for other logs")]
    OtherPolicy,
    /// Another sync of this shelf is at work.
    #[error("另一个同步正在进行 / another sync is running")]
    Busy,
    /// No source was given.
    #[error("没有写服务器地址 / no server given")]
    NoSource,
    /// No key given, and none trusted yet.
    #[error("第一次同步要用 --vkey 给出账本的公钥 / the first sync needs --vkey")]
    NoKey,
}

impl SyncError {
    /// What the screen says about it.
    #[must_use]
    pub fn kind(&self) -> TroubleKind {
        match self {
            Self::Shelf(ShelfError::WrongKey { .. }) | Self::NoKey | Self::OtherPolicy => {
                TroubleKind::WrongKey
            }
            Self::Unwitnessed(_) => TroubleKind::Unwitnessed,
            Self::Shelf(_) | Self::Busy => TroubleKind::Disk,
            Self::Fetch(FetchError::TooLarge { .. }) | Self::TooLarge(_) => TroubleKind::TooLarge,
            Self::Fetch(FetchError::Malformed { .. }) => TroubleKind::BadFormat,
            Self::Fetch(_) | Self::NoSource => TroubleKind::Unreachable,
            Self::BadSignature(_) => TroubleKind::BadSignature,
            Self::Rollback { .. } | Self::Older { .. } => TroubleKind::Rollback,
            Self::Bundle(_) => TroubleKind::BadFormat,
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
    take_in(options, |_| true, |shelf| from_any(shelf, options))
}

/// Does `work` while it is this sync's turn. What goes wrong is noted for the screen, if it is `noted`.
fn take_in(
    options: &Options,
    noted: impl FnOnce(&SyncError) -> bool,
    work: impl FnOnce(&mut Shelf) -> Result<Report, SyncError>,
) -> Result<Report, SyncError> {
    let started = Instant::now();
    let mut shelf = Shelf::open(&options.data)?;
    let _turn = take_turn(&options.data)?;
    match work(&mut shelf) {
        Ok(mut report) => {
            report.ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
            Ok(report)
        }
        Err(error) => {
            if noted(&error) {
                let (kind, detail, at) = (error.kind(), error.to_string(), (options.now)());
                shelf.troubled(&Trouble { kind, detail, at })?;
            }
            Err(error)
        }
    }
}

/// Syncs with the sources in turn, until one brought something new and nothing lacks: one that holds back is no obstacle
/// while another does not. A log that was forked is told even if another source does not show it; what else is wrong
/// with one source is forgiven when another serves.
fn from_any(shelf: &mut Shelf, options: &Options) -> Result<Report, SyncError> {
    let mut served: Option<Report> = None;
    let mut failures = Vec::new();
    for server in &options.servers {
        let mut result = Sync::with(shelf, options, server).and_then(Sync::finish);
        if served.is_some() && matches!(result, Err(SyncError::Rollback { .. })) {
            // What it has of an older log may still be what lacks.
            result = Sync::with(shelf, options, server).and_then(Sync::fill);
        }
        match result {
            Ok(report) => {
                let report = served.map_or(report.clone(), |before| before.and(&report));
                let enough = report.is_news() && report.waiting + report.images_missing == 0;
                served = Some(report);
                if enough {
                    break;
                }
            }
            Err(error) => failures.push(error),
        }
    }
    let rank = |error: &SyncError| match error.kind() {
        TroubleKind::Fork => 0,
        kind if kind.is_dishonest() => 1,
        _ => 2,
    };
    failures.sort_by_key(rank);
    match (served, failures.into_iter().next()) {
        (_, Some(fork @ SyncError::Fork { .. })) => Err(fork),
        (Some(report), _) => Ok(report),
        (None, error) => Err(error.unwrap_or(SyncError::NoSource)),
    }
}

/// Takes in what is in a bundle, verified as if a server had said it.
///
/// # Errors
/// [`SyncError`]; only a fork is noted for the screen: what else is wrong with a file says nothing about the log.
pub fn import(options: &Options, file: &Path) -> Result<Report, SyncError> {
    let source = Source::Bundle(Bundle::open(file)?);
    let is_fork = |error: &SyncError| matches!(error, SyncError::Fork { .. });
    take_in(options, is_fork, |shelf| Sync::begin(shelf, options, source)?.finish())
}

/// Fetches one picture that somebody wants to see now, whatever the hour.
fn picture(options: &Options, hash: Hash) -> Result<Report, SyncError> {
    let mut shelf = Shelf::open(&options.data)?;
    let _turn = take_turn(&options.data)?;
    let Some(wanted) = shelf.wanted_one(hash)? else { return Ok(Report::default()) };
    let mut failure = SyncError::NoSource;
    for server in &options.servers {
        match Sync::with(&mut shelf, options, server).and_then(|sync| sync.one(wanted)) {
            Ok(report) if report.images > 0 => return Ok(report),
            Ok(_) => {}
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

/// The log of the first `size` of these entries, of all of them where there are fewer.
fn frontier_of(entries: &[Vec<u8>], size: u64) -> Frontier {
    let mut frontier = Frontier::default();
    let first = usize::try_from(size).unwrap_or(usize::MAX);
    entries.iter().take(first).for_each(|entry| frontier.push(leaf_hash(entry)));
    frontier
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
    source: Source,
    log: VerifierKey,
    report: Report,
    /// What is wrong with some content or picture; the rest goes on.
    spoiled: Option<SyncError>,
}

impl<'s> Sync<'s> {
    fn with(shelf: &'s mut Shelf, options: &'s Options, server: &str) -> Result<Self, SyncError> {
        let manner = Manner { patience: options.patience, rate: options.rate };
        Self::begin(shelf, options, Source::Server(Server::new(server, manner)?))
    }

    fn begin(
        shelf: &'s mut Shelf,
        options: &'s Options,
        source: Source,
    ) -> Result<Self, SyncError> {
        let log = match (&options.vkey, shelf.trusted()?) {
            (Some(vkey), _) => vkey.clone(),
            (None, Some(held)) => held.parse().map_err(|_| SyncError::NoKey)?,
            (None, None) => return Err(SyncError::NoKey),
        };
        shelf.trust(&log)?;
        if options.policy.as_ref().is_some_and(|policy| !policy.is_for(&log)) {
            return Err(SyncError::OtherPolicy);
        }
        Ok(Self { shelf, options, source, log, report: Report::default(), spoiled: None })
    }

    fn finish(mut self) -> Result<Report, SyncError> {
        let old = self.shelf.head()?;
        // An entity tag means something to the source that gave it, and to no other.
        let mark = format!(" {}", self.source.name());
        let known = old.as_ref().filter(|head| self.is_witnessed(&head.checkpoint));
        let tag = known.and_then(|head| head.etag.as_ref()?.strip_suffix(&mark));
        let ask = tag.map_or(Ask::Whole, Ask::Unless);
        match self.source.get("/checkpoint", ask, CHECKPOINT_BYTES_MAX as u64)? {
            Answer::Whole(note, tag) => {
                let etag = tag.map(|tag| tag + &mark);
                self.advance(old, &note, etag)?;
            }
            Answer::Unchanged => self.missing()?,
            Answer::Missing | Answer::Rest(_) => {
                return Err(FetchError::Status { path: "/checkpoint".into(), status: 404 }.into());
            }
        }
        self.keep_witnesses()?;
        if self.report.withdrawn > 0 {
            self.shelf.sweep()?;
        }
        self.pictures()?;
        if self.spoiled.is_none() && self.source.is_live() {
            self.shelf.checked(&(self.options.now)())?;
        }
        self.told()
    }

    /// Fetches what an earlier source did not have.
    fn fill(mut self) -> Result<Report, SyncError> {
        self.missing()?;
        self.pictures()?;
        self.told()
    }

    /// Fetches one picture.
    fn one(mut self, wanted: Wanted) -> Result<Report, SyncError> {
        self.report.images = u64::from(self.picture(wanted)?);
        self.told()
    }

    fn told(mut self) -> Result<Report, SyncError> {
        if let Some(error) = self.spoiled {
            return Err(error);
        }
        self.report.size = self.shelf.head()?.map_or(0, |head| head.size);
        self.report.waiting = self.shelf.missing_contents(u32::MAX)?.len() as u64;
        self.report.cost = self.source.cost();
        Ok(self.report)
    }

    fn cosigned(&self, checkpoint: &[u8]) -> Vec<Cosigned> {
        let policy = self.options.policy.as_ref();
        policy.map(|policy| policy.cosigned(checkpoint)).unwrap_or_default()
    }

    /// True when the policy, if there is one, is content with the head's cosignatures.
    fn is_witnessed(&self, checkpoint: &[u8]) -> bool {
        let policy = self.options.policy.as_ref();
        policy.is_none_or(|policy| policy.is_met_by(&self.cosigned(checkpoint)))
    }

    /// Notes who cosigned the head that is held.
    fn keep_witnesses(&mut self) -> Result<(), SyncError> {
        let head = self.shelf.head()?;
        let cosigned = head.map(|head| self.cosigned(&head.checkpoint)).unwrap_or_default();
        let told = |c: &Cosigned| (c.name.clone(), c.key.to_string(), c.at);
        Ok(self.shelf.keep_witnesses(&cosigned.iter().map(told).collect::<Vec<_>>())?)
    }

    /// The same head as held, read once more: its witnesses may have signed again since.
    fn same_head(&self, note: &[u8], etag: Option<&str>) -> Result<(), SyncError> {
        let newest = |note: &[u8]| self.cosigned(note).iter().map(|cosigned| cosigned.at).max();
        let held = self.shelf.head()?.map(|head| head.checkpoint).unwrap_or_default();
        let newer = newest(note) > newest(&held);
        Ok(self.shelf.tagged(etag, if newer { note } else { &held })?)
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
            return Err(self.behind(held, &offered, note));
        }
        // Entries that a failing disk changed are all fetched again; the old head still binds.
        let view = self.shelf.view()?.unwrap_or_default();
        let source = self.source.clone();
        let inbox = self.shelf.inbox()?;
        let far = offered.size - view.size() > ladder::STEP;
        let ladder = far.then(|| Ladder::fetch(&source, &offered)).transpose()?;
        thread::scope(|scope| {
            let mut incoming = Incoming::start(scope, source, &view, offered.size, inbox, ladder);
            let (next, entries) = self.read(&view, note, &mut incoming, old.as_ref())?;
            if !self.is_witnessed(note) {
                self.shelf.keep_inbox(&incoming.take_fresh())?;
                return Err(SyncError::Unwitnessed(self.cosigned(note).len()));
            }
            if entries.is_empty() && old.is_some() {
                self.same_head(note, etag.as_deref())?;
                return self.missing();
            }
            let verdicts = self.shelf.judge(view.size(), &entries)?;
            let head =
                Head { checkpoint: note.to_vec(), size: next.size(), root: next.root(), etag };
            self.report.entries = entries.len() as u64;
            let at = self.source.is_live().then(|| (self.options.now)());
            let batch = Batch { old, held: view.size(), head, entries, verdicts, at };
            self.adopt(batch, incoming)
        })
    }

    /// What an older head means: of a server, that it takes back what it showed; of a bundle, only that it is old, if it
    /// is a part of the log that is held.
    fn behind(&self, held: u64, offered: &Checkpoint, note: &[u8]) -> SyncError {
        let offered_size = offered.size;
        if self.source.is_live() {
            return SyncError::Rollback { held, offered: offered_size };
        }
        let own = match self.shelf.entries() {
            Ok(entries) => entries,
            Err(error) => return error.into(),
        };
        let frontier = frontier_of(&own, offered_size);
        // Entries that were lost on the disk prove nothing.
        if frontier.size() < offered_size || frontier.root() == offered.root {
            return SyncError::Older { held, offered: offered_size };
        }
        let text = |note: &[u8]| String::from_utf8_lossy(note).into_owned();
        let head = self.shelf.head().ok().flatten().map(|head| text(&head.checkpoint));
        self.refused(Refused::Fork { held: head.unwrap_or_default(), offered: text(note) })
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
            Err(Refused::Fetch(error @ SyncError::BadHash(_))) => {
                self.shelf.clear_inbox()?;
                return Err(error);
            }
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
            if frontier_of(&entries, old.size).root() != old.root {
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

#[cfg(test)]
pub(crate) mod tests;
