//! The kiosk as one of a fleet: enrolled by a code, it tells the office how it is and which bulletins it showed, and learns
//! which are urgent. Nothing here is waited for by a screen, and nothing is lost while there is no network.

mod clerk;
mod enrolment;
mod key;
mod office;
mod round;
mod seen;
mod stand;

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use ledger::hash::Hash;
use ledger::kiosk::{Word, id};
use ledger::time::Timestamp;

use crate::asking::Undelivered;
use crate::clock::Clock;
use crate::diary::Event;
use crate::drawer::{Drawer, DrawerError};
use crate::fetch::FetchError;
use clerk::Entry;
pub use enrolment::{Enrolled, Enrolment, Waiting};
pub use round::{Outcome, Told};
use round::{Round, Screen};

/// What can go wrong with being one of a fleet. The screens go on without.
#[derive(Debug, thiserror::Error)]
pub enum FleetError {
    /// The kiosk's own database.
    #[error(transparent)]
    Drawer(#[from] DrawerError),
    /// The network, or an answer that is none.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// Questions could not be sent; they wait.
    #[error(transparent)]
    Asking(#[from] Undelivered),
    /// The office refused; its word for programs.
    #[error("镇里没有接受（{0}）/ refused by the office")]
    Refused(String),
    /// The key's file can be read by others.
    #[error(
        "别人也能读这块屏的钥匙 {0}；请删掉它，重开机，再到镇里登记 / others can read the kiosk's key"
    )]
    OpenKey(PathBuf),
    /// The system gives no random bytes.
    #[error("系统给不出随机数（{0}）/ no random bytes")]
    Random(#[from] getrandom::Error),
    /// A name that no key can have.
    #[error("钥匙的名称不对 / a bad name for a key")]
    Name,
    /// No thread.
    #[error("系统不给线程（{0}）/ cannot start a thread")]
    Thread(#[from] io::Error),
}

/// How a kiosk takes part.
#[derive(Clone, Debug)]
pub struct Options {
    /// The kiosk's data folder.
    pub data: PathBuf,
    /// The office's address; without one, what was shown is only kept.
    pub server: Option<String>,
    /// The longest that one answer may take.
    pub patience: Duration,
    /// The machine's clock.
    pub now: fn() -> Timestamp,
}

/// What the screens are told, on another thread than theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// The enrolment stands otherwise than before: look at [`Fleet::enrolment`].
    Enrolment,
    /// A bulletin is urgent that is not on the shelf yet: sync at once.
    SyncNow,
    /// Other bulletins are urgent than before: look at [`Fleet::emergencies`].
    Emergencies,
}

/// What the threads of a fleet share.
struct Shared {
    enrolment: Mutex<Enrolment>,
    emergencies: Mutex<Vec<u64>>,
    screen: Mutex<Screen>,
}

/// What the reporting thread is told.
enum Ring {
    /// A sync ended.
    Synced,
    /// Somebody looks at the code now, or no longer.
    Watched(bool),
}

/// This kiosk's part in the fleet. Cheap to clone; ends when the last one is dropped.
#[derive(Clone)]
pub struct Fleet {
    shared: Arc<Shared>,
    clerk: Sender<Entry>,
    bell: Sender<Ring>,
    clock: Clock,
    id: Hash,
    after_crash: bool,
    begin_at: Option<String>,
}

impl fmt::Debug for Fleet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fleet({})", self.id)
    }
}

impl Fleet {
    /// Starts: makes the key at the first start, then writes down and reports on threads of its own. `idle` is how long a
    /// screen stays open that nobody touches: after a crash that is younger one begins there again. `tell` is called on
    /// another thread.
    ///
    /// # Errors
    /// [`FleetError`] when there is no key, drawer or thread to be had.
    pub fn start(
        options: &Options,
        idle: Duration,
        tell: impl Fn(News) + Send + 'static,
    ) -> Result<Self, FleetError> {
        let mut round = Round::open(options)?;
        let drawer = Drawer::open(&options.data)?;
        let begun = stand::begin(&drawer, idle)?;
        let version = env!("CARGO_PKG_VERSION");
        let event = if begun.crashed { Event::Restarted } else { Event::Started };
        drawer.note(&event(version), round.clock().now())?;
        let shared = Arc::new(Shared {
            enrolment: Mutex::new(round.enrolment().clone()),
            emergencies: Mutex::new(round.emergencies().to_vec()),
            screen: Mutex::new(Screen::default()),
        });
        let (clock, run, id) = (round.clock().clone(), round.run(), id(round.verifier()));
        let clerk = clerk::start(drawer, clock.clone(), run)?;
        let (bell, rung) = channel();
        let theirs = shared.clone();
        thread::Builder::new().name("fleet".into()).spawn(move || {
            report_on(&mut round, &theirs, &rung, &tell);
        })?;
        let (after_crash, begin_at) = (begun.crashed, begun.place);
        Ok(Self { shared, clerk, bell, clock, id, after_crash, begin_at })
    }

    /// The kiosk's reckoning of time.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Where the enrolment stands.
    #[must_use]
    pub fn enrolment(&self) -> Enrolment {
        self.shared.enrolment.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What the person of the office compares: the first digits of this kiosk's id, as `1a2b 3c4d`.
    #[must_use]
    pub fn check_digits(&self) -> String {
        check_digits(self.id)
    }

    /// Log indexes of bulletins that are to be shown at once, the newest first. Show one only if the shelf has it.
    #[must_use]
    pub fn emergencies(&self) -> Vec<u64> {
        self.shared.emergencies.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A bulletin was on the screen from one instant to the other. To be called every few seconds while it is, by the
    /// thread that draws: what a power cut can take is what was not yet told here.
    pub fn saw(&self, bulletin: u64, from: Instant, to: Instant) {
        self.write(Entry::Saw { bulletin, from, to });
    }

    /// The screen shows this page now: a word for the office, such as `home` or `bulletin/17`, and where to begin again
    /// after a crash, in the screens' own words.
    pub fn at(&self, screen: Word, place: &str) {
        *self.shared.screen.lock().unwrap_or_else(PoisonError::into_inner) = Screen(screen);
        self.write(Entry::Place(place.to_owned()));
    }

    /// Where to begin: the place that was told to [`Fleet::at`] before a crash, unless it was left alone for too long.
    #[must_use]
    pub fn begin_at(&self) -> Option<&str> {
        self.begin_at.as_deref()
    }

    /// True when the program was not stopped the last time.
    #[must_use]
    pub fn after_crash(&self) -> bool {
        self.after_crash
    }

    /// Writes something down in the diary.
    pub fn note(&self, event: Event) {
        self.write(Entry::Happened(event));
    }

    /// A sync ended: the office is told.
    pub fn synced(&self) {
        let _ = self.bell.send(Ring::Synced); // the thread ends with the program only
    }

    /// Whether somebody looks at the code now: then the office is asked every few seconds.
    pub fn watch(&self, watched: bool) {
        let _ = self.bell.send(Ring::Watched(watched));
    }

    /// The program ends as it should: everything is written down.
    pub fn stop(&self) {
        let (done, wait) = channel();
        self.write(Entry::Stop(done));
        let _ = wait.recv_timeout(clerk::STOP_TIME);
    }

    fn write(&self, entry: Entry) {
        let _ = self.clerk.send(entry); // the thread ends with the program only
    }
}

/// The first digits of an id, for people to compare.
#[must_use]
pub fn check_digits(id: Hash) -> String {
    let id = id.to_string();
    format!("{} {}", id.get(..4).unwrap_or_default(), id.get(4..8).unwrap_or_default())
}

/// One round with the office, for scripts and tests.
///
/// # Errors
/// [`FleetError`].
pub fn report_once(options: &Options) -> Result<Outcome, FleetError> {
    Round::open(options)?.go(&Screen::default())
}

/// The reporting thread: until every [`Fleet`] is gone.
fn report_on(round: &mut Round, shared: &Shared, bell: &Receiver<Ring>, tell: &dyn Fn(News)) {
    let mut watched = false;
    loop {
        let screen = shared.screen.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let outcome = if round.has_turn(watched) { Some(round.go(&screen)) } else { None };
        match outcome {
            Some(Ok(Outcome { wants_sync: true, .. })) => tell(News::SyncNow),
            Some(Err(FleetError::Drawer(error))) => eprintln!("{error}"),
            // Not reached: the sync says so on the screen, and the next round tries again.
            _ => {}
        }
        if replace(&shared.enrolment, round.enrolment()) {
            tell(News::Enrolment);
        }
        if replace(&shared.emergencies, &round.emergencies().to_vec()) {
            tell(News::Emergencies);
        }
        match bell.recv_timeout(round.rest(watched)) {
            Ok(Ring::Synced) => {
                if let Err(error) = round.hurry() {
                    eprintln!("{error}");
                }
            }
            Ok(Ring::Watched(now)) => watched = now,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// Puts in a new value; true when it is another one.
fn replace<T: PartialEq + Clone>(place: &Mutex<T>, value: &T) -> bool {
    let mut held = place.lock().unwrap_or_else(PoisonError::into_inner);
    let other = *held != *value;
    if other {
        *held = value.clone();
    }
    other
}

#[cfg(test)]
mod tests;
