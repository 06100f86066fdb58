//! A board's life: what it holds is on the screen at once; then it follows the log, fetches pictures and glyphs, tells the
//! office how it is, and looks for newer firmware, for ever.

use alloc::string::String;
use alloc::vec::Vec;
use core::cell::RefCell;
use core::convert::Infallible;

use embassy_futures::join::join4;
use embassy_futures::select::{Either, select};
use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use embassy_sync::mutex::Mutex;
use embassy_sync::signal::Signal;
use embassy_time::{Duration, Instant, Timer};
use embedded_nal_async::{Dns, TcpConnect};
use ledger::hash::Hash;
use ledger::key::SigningKey;
use ledger::kiosk::Report;
use ledger::time::Timestamp;

use crate::board::{Chance, Clock, Display, Flash, Slots, Touch, Watchdog};
use crate::book::Book;
use crate::config;
use crate::enrol::{self, Stand, Told};
use crate::http::Net;
use crate::onlooker::{Onlooker, Watched};
use crate::pages::{Page, Place, Status, Trouble};
use crate::screen::{self, BadScreen, Link, Screen};
use crate::store::{Layout, Store, StoreError, Word};
use crate::sync::{self, Library, Shared, Source, SyncError};
use crate::update::{self, Running, Updates};

/// How often the watchdog is fed.
const FEED: Duration = Duration::from_secs(2);
/// How often the office is asked while its code is on the screen.
const ASK: Duration = Duration::from_secs(5);
/// Between two tries to get more into a flash that is full.
const FULL: Duration = Duration::from_secs(60 * 60);
/// Between two times that flash is told of a sync that brought nothing.
const KEEP_SECONDS: u64 = 60 * 60;
/// Between two syncs, and until a screen that is left alone goes home, unless the board is told otherwise.
const EVERY_SECONDS: u64 = 60;
const ALONE_SECONDS: u64 = 120;
/// Firmware that ran so long is good, unless the board is told otherwise.
const GOOD_SECONDS: u64 = 60;
/// Seconds between two reports, until the office says otherwise.
const REPORT_SECONDS: u64 = 600;

/// What a board is told when it is set up.
#[derive(Clone, Debug)]
pub struct Config {
    /// Whom it follows.
    pub source: Source,
    /// The address that its codes lead to, without a slash at its end.
    pub public: String,
    /// Where in the flash what lies.
    pub layout: Layout,
    /// Between two syncs.
    pub every: Duration,
    /// Left alone for so long, the screen goes home.
    pub alone: Duration,
    /// Having run for so long, the firmware is good.
    pub good: Duration,
    /// Version of the firmware, for reports.
    pub version: &'static str,
    /// What it is for its maker; none takes no updates.
    pub running: Option<Running>,
    /// The glyph pack, where it lies.
    pub pack: &'static [u8],
}

impl Config {
    /// What stands in a board's flash; `layout`, `board` (its name), `version` and `pack` are the board's own.
    ///
    /// # Errors
    /// [`Untold`].
    pub fn told(
        told: config::Config<'_>,
        layout: Layout,
        board: &'static str,
        version: &'static str,
        pack: &'static [u8],
    ) -> Result<Config, Untold> {
        let get = |name| told.get(name).ok_or(Untold::Missing(name));
        let seconds = |name, usual| {
            let value = told.get(name).and_then(|value| value.parse().ok());
            Duration::from_secs(value.unwrap_or(usual))
        };
        let server = get("server")?.trim_end_matches('/');
        let maker = told.get("maker").map(|key| key.parse().map_err(|_| Untold::Maker));
        let number = update::number(version).ok_or(Untold::Version)?;
        let running = |maker| Running { board, version: number, maker };
        Ok(Config {
            source: Source {
                server: server.into(),
                village: get("village")?.parse().map_err(|_| Untold::Village)?,
                log: get("log")?.parse().map_err(|_| Untold::Log)?,
            },
            public: told.get("public").unwrap_or(server).into(),
            layout,
            every: seconds("every", EVERY_SECONDS),
            alone: seconds("alone", ALONE_SECONDS),
            good: seconds("good", GOOD_SECONDS),
            version,
            running: maker.transpose()?.map(running),
            pack,
        })
    }
}

/// What a board was not told, or was told wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Untold {
    /// Nothing under this name.
    #[error("it was not told its {0}")]
    Missing(&'static str),
    /// The village is no code.
    #[error("its village is none")]
    Village,
    /// The log's key is no vkey.
    #[error("the log's key is none")]
    Log,
    /// The maker's key is no vkey.
    #[error("the maker's key is none")]
    Maker,
    /// The firmware's own version is no `major.minor.patch`.
    #[error("the firmware's version is none")]
    Version,
}

/// What a board brings.
#[allow(missing_docs, reason = "each is what its trait says")]
pub struct Parts<'b, D, T, N, S, F, L, C, H, W> {
    pub display: &'b mut D,
    pub touch: &'b mut T,
    pub net: Net<'b, N, S>,
    pub flash: F,
    pub slots: &'b mut L,
    pub clock: &'b mut C,
    pub chance: &'b mut H,
    pub watchdog: &'b mut W,
}

/// Why a board does not start.
#[derive(Debug, thiserror::Error)]
pub enum BadStart {
    /// Its flash.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Its screen.
    #[error(transparent)]
    Screen(#[from] BadScreen),
}

/// What is known besides what is verified.
struct State {
    synced: Option<i64>,
    /// When the flash was told of that last.
    told: Option<i64>,
    trouble: Option<Trouble>,
    stand: Option<Stand>,
    /// What is on the screen.
    place: Place,
    /// Instant and reading of the clock when it was right last.
    time: Option<(Instant, i64)>,
}

impl State {
    /// Seconds since 1970.
    fn now(&self) -> Option<i64> {
        self.time.map(|(at, then)| {
            then.saturating_add(i64::try_from(at.elapsed().as_secs()).unwrap_or(i64::MAX))
        })
    }
}

/// Runs a board for ever.
///
/// # Errors
/// [`BadStart`]: then it does not begin.
pub async fn run<D, T, N, S, F, L, C, H, W>(
    parts: Parts<'_, D, T, N, S, F, L, C, H, W>,
    config: &Config,
    link: &Link,
) -> Result<Infallible, BadStart>
where
    D: Display,
    T: Touch,
    N: TcpConnect,
    S: Dns,
    F: Flash,
    L: Slots,
    C: Clock,
    H: Chance,
    W: Watchdog,
{
    let Parts { display, touch, net, flash, slots, clock, chance, watchdog } = parts;
    let mut store = Store::new(flash, config.layout.clone());
    // Reading all that is kept may take longer than the watchdog waits.
    let reading = async {
        let book = Book::open(config.source.village, &config.public, &mut store).await?;
        let key = enrol::key(&mut store, chance).await?;
        let synced = store.word(Word::Synced).await?;
        let synced = synced.and_then(|bytes| bytes.try_into().ok()).map(i64::from_be_bytes);
        Ok::<_, StoreError>((book, key, synced, store.glyphs().await?))
    };
    let (book, key, synced, besides) = match select(reading, feed(watchdog)).await {
        Either::First(read) => read?,
        Either::Second(never) => match never {},
    };
    let mut screen = Screen::new(display.size(), config.pack, besides)?;
    let library = Mutex::new(Library { store, book });
    let time = clock.now().map(|now| (Instant::now(), now));
    let place = Place::default();
    let state = State { synced, told: synced, trouble: None, stand: None, place, time };
    let life = Life {
        net,
        config,
        link,
        key,
        library,
        updates: Mutex::new(Updates::new(slots)),
        onlooker: Onlooker::new(),
        state: RefCell::new(state),
        call: Signal::new(),
    };
    let (mut display, mut touch) =
        (Watched(display, &life.onlooker), Watched(touch, &life.onlooker));
    let load = async |place| life.page(place).await;
    let shown = screen::run(&mut screen, &mut display, &mut touch, link, config.alone, load);
    join4(shown, life.follow(clock), life.prove(), feed(watchdog)).await.0
}

/// Feeds the watchdog for as long as the board's other tasks let this one have its turn.
async fn feed(watchdog: &mut impl Watchdog) -> Infallible {
    loop {
        watchdog.feed();
        Timer::after(FEED).await;
    }
}

/// How far it came with what is fetched piece by piece.
#[derive(Default)]
struct Rest {
    /// Pictures that are here, or that there is no room for.
    pictures: Vec<Hash>,
    /// What no page shows any more was dropped since the start.
    tidied: bool,
    /// The log index from where on contents are asked for.
    next: u64,
}

struct Life<'b, N, S, F, L> {
    net: Net<'b, N, S>,
    config: &'b Config,
    link: &'b Link,
    key: SigningKey,
    library: Shared<F>,
    updates: Mutex<NoopRawMutex, Updates<'b, L>>,
    onlooker: Onlooker,
    state: RefCell<State>,
    /// Somebody waits for the office.
    call: Signal<NoopRawMutex, ()>,
}

impl<N: TcpConnect, S: Dns, F: Flash, L: Slots> Life<'_, N, S, F, L> {
    /// The page of a place, from what is here.
    async fn page(&self, place: Place) -> Page {
        let enrolling = place == Place::Enrol;
        let known = {
            let mut state = self.state.borrow_mut();
            if enrolling && state.place != place {
                self.call.signal(());
            }
            state.place = place;
            Status {
                synced: state.synced,
                now: state.now(),
                trouble: state.trouble,
                ..Status::default()
            }
        };
        let mut library = self.library.lock().await;
        let Library { store, book } = &mut *library;
        let status = book.status(known);
        if enrolling {
            return Page::Enrol(enrol::page(&self.key, self.state.borrow().stand.as_ref()));
        }
        if book.is_empty() && place != Place::Status {
            return Page::Empty(status);
        }
        // What cannot be read now, or was dropped meanwhile: the page that says how things are.
        let page = match place {
            Place::Home => Some(Page::Home(book.home(status.clone()))),
            Place::Months => Some(Page::Months(book.months())),
            Place::Month(period) => Some(Page::Month(book.month(period))),
            Place::Receipt(n) => {
                book.receipt_page(store, n).await.ok().flatten().map(Page::Receipt)
            }
            Place::Bulletins => Some(Page::Bulletins(book.bulletins())),
            Place::Bulletin(n) => {
                book.bulletin_page(store, n).await.ok().flatten().map(Page::Bulletin)
            }
            Place::Seal(n) => book.seal(store, n).await.ok().flatten().map(Page::Seal),
            Place::Status | Place::Enrol => None,
        };
        page.unwrap_or(Page::Status(status))
    }

    /// Follows the log for ever.
    async fn follow(&self, clock: &mut impl Clock) {
        let (mut rest, mut reported, mut next) = (Rest::default(), None, Instant::MIN);
        loop {
            if Instant::now() >= next {
                match self.once(&mut rest, clock).await {
                    Ok(()) => self.state.borrow_mut().trouble = None,
                    Err(error) => next = Instant::now() + self.fail(&error).await,
                }
            }
            self.link.news();
            self.tell(clock, &mut reported).await;
            self.renew().await;
            let wait = if self.enrolling() { ASK } else { self.config.every };
            select(Timer::after(wait), self.call.wait()).await;
        }
    }

    /// The log to its end, then what pages show.
    async fn once(&self, rest: &mut Rest, clock: &impl Clock) -> Result<(), SyncError> {
        let (net, source) = (&self.net, &self.config.source);
        let new = sync::follow(net, source, &self.library).await? > 0;
        if new {
            self.link.news();
        }
        let now = clock.now().or_else(|| self.state.borrow().now());
        if let Some(now) = now {
            self.keep_synced(now, new).await;
        }
        if sync::fetch_contents(net, source, &self.library, &mut rest.next).await? {
            self.link.news();
        }
        let missing = self.link.missing();
        let glyphs = sync::fetch_glyphs(net, source, &self.library, &missing).await?;
        if !glyphs.is_empty() {
            self.link.give(glyphs);
        }
        if new || !rest.tidied {
            sync::tidy_pictures(&self.library).await?;
            rest.tidied = true;
        }
        let news = || self.link.news();
        sync::fetch_pictures(net, source, &self.library, &mut rest.pictures, news).await
    }

    /// Its code is on the screen.
    fn enrolling(&self) -> bool {
        self.state.borrow().place == Place::Enrol
    }

    /// Says that this firmware is good, once it drew a page, what it keeps can be read, and it went on for so long, with its
    /// watchdog fed. The network has no part in that: a village without one never goes back to older firmware.
    async fn prove(&self) {
        Timer::after(self.config.good).await;
        while !self.is_good().await {
            Timer::after(FEED).await;
        }
    }

    async fn is_good(&self) -> bool {
        self.onlooker.drawn()
            && self.library.lock().await.store.head().await.is_ok()
            && self.updates.lock().await.confirm().await
    }

    /// Looks for newer firmware and starts it, while nobody looks at the screen. Whatever became of the sync: it may be the
    /// firmware that is wrong.
    async fn renew(&self) {
        let Some(running) = &self.config.running else { return };
        if self.is_alone() {
            let server = &self.config.source.server;
            self.updates.lock().await.look(&self.net, server, running, &self.library).await;
        }
        // Somebody may have come meanwhile.
        if self.is_alone() {
            self.updates.lock().await.start();
        }
    }

    fn is_alone(&self) -> bool {
        let home = self.state.borrow().place == Place::Home;
        home && self.onlooker.alone() >= self.config.alone
    }

    /// Says what is wrong; answers how long nothing more is tried.
    async fn fail(&self, error: &SyncError) -> Duration {
        self.state.borrow_mut().trouble = Some(error.trouble());
        let full = *error == SyncError::Store(StoreError::Full);
        // Where nothing can go, the screen says that it is full, and each further try would wear all of the flash.
        let stuck = full && !matches!(sync::make_room(&self.library).await, Ok(true));
        if stuck { FULL } else { Duration::MIN }
    }

    /// Tells the flash that the log was followed to its end, but seldom: it is written to no more than is of use to who sees the
    /// board after a power cut.
    async fn keep_synced(&self, now: i64, new: bool) {
        {
            let mut state = self.state.borrow_mut();
            state.synced = Some(now);
            if !new && state.told.is_some_and(|told| now.abs_diff(told) < KEEP_SECONDS) {
                return;
            }
            state.told = Some(now);
        }
        let mut library = self.library.lock().await;
        // If that cannot be kept, no more is lost than that.
        let _ = library.store.put_word(Word::Synced, &now.to_be_bytes()).await;
    }

    /// Enrolment while its code is on the screen; reports once the office knows the board.
    async fn tell(&self, clock: &mut impl Clock, reported: &mut Option<(Instant, u64)>) {
        let server = &self.config.source.server;
        let enrolled = matches!(self.state.borrow().stand, Some(Stand::Enrolled { .. }));
        if !enrolled && (self.enrolling() || self.state.borrow().stand.is_none()) {
            let asked = enrol::ask(&self.net, server, &self.key, self.config.version).await;
            if let Ok(answer) = asked {
                self.right(clock, answer.time);
                self.state.borrow_mut().stand = Some(answer.stand);
                self.link.news();
            }
        }
        let Some(Stand::Enrolled { number, .. }) = self.state.borrow().stand.clone() else {
            return;
        };
        let due = reported.is_none_or(|(at, every)| at.elapsed().as_secs() >= every);
        if !due {
            return;
        }
        let Some(report) = self.report(number + 1).await else { return };
        match enrol::report(&self.net, server, &self.key, &report).await {
            Ok(Told::Kept { every, time }) => {
                self.right(clock, time);
                *reported = Some((Instant::now(), every));
                self.count(number + 1);
            }
            // A number that was used: the office says which when it is asked.
            Ok(Told::Replayed) => self.state.borrow_mut().stand = None,
            Ok(Told::Revoked) => self.state.borrow_mut().stand = Some(Stand::Revoked),
            Err(_) => *reported = Some((Instant::now(), REPORT_SECONDS)),
        }
    }

    fn count(&self, newest: u64) {
        if let Some(Stand::Enrolled { number, .. }) = &mut self.state.borrow_mut().stand {
            *number = newest;
        }
    }

    /// The office's time is believed for ages, and for nothing that is signed.
    fn right(&self, clock: &mut impl Clock, time: i64) {
        clock.set(time);
        self.state.borrow_mut().time = Some((Instant::now(), time));
    }

    async fn report(&self, number: u64) -> Option<Report> {
        let (now, synced, trouble) = {
            let state = self.state.borrow();
            (state.now()?, state.synced, state.trouble)
        };
        let update = self.updates.lock().await.failed().map(|_| "update");
        let mut library = self.library.lock().await;
        let head = library.store.head().await.ok()?;
        let total = u64::from(self.config.layout.records.end - self.config.layout.records.start);
        let error = trouble.map(|trouble| match trouble {
            Trouble::Offline => "offline",
            Trouble::Forged => "forged",
            Trouble::RolledBack => "rolled-back",
            Trouble::Forked => "forked",
            Trouble::Full => "full",
        });
        Some(Report {
            number,
            time: Timestamp::in_china(now)?,
            app: self.config.version.parse().ok()?,
            screen: "board".parse().ok()?,
            // The store does not know how much of it is old.
            free: 0,
            total,
            offset: None,
            checkpoint: Some(head.checkpoint).filter(|note| !note.is_empty()),
            shown: Vec::new(),
            synced: synced.and_then(Timestamp::in_china),
            error: error.or(update).and_then(|word| word.parse().ok()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answers::serve;
    use crate::host::Sockets;
    use crate::http::HttpError;
    use crate::nor::Nor;
    use crate::slots::Memory;
    use crate::sync::tests::{ALL, LAYOUT, feed, library, log, pack, source};
    use alloc::vec;
    use core::cell::Cell;
    use embassy_futures::block_on;

    /// A clock that a test turns.
    struct Hands(Cell<i64>);

    impl Clock for Hands {
        fn now(&self) -> Option<i64> {
            Some(self.0.get())
        }

        fn set(&mut self, _: i64) {}
    }

    fn config(server: String) -> Config {
        Config {
            public: server.clone(),
            source: source(server),
            layout: LAYOUT,
            every: Duration::MIN,
            alone: Duration::MIN,
            good: Duration::MIN,
            version: "0.0.0",
            running: None,
            pack: &[],
        }
    }

    fn life<'b>(
        config: &'b Config,
        link: &'b Link,
        slots: &'b mut Memory,
        flash: Nor,
    ) -> Life<'b, Sockets, Sockets, Nor, Memory> {
        let state = State {
            synced: None,
            told: None,
            trouble: None,
            stand: None,
            place: Place::Home,
            time: None,
        };
        Life {
            net: Net { tcp: &Sockets, dns: &Sockets },
            config,
            link,
            key: SigningKey::from_seed("kiosk", [4; 32]).unwrap(),
            library: library(flash),
            updates: Mutex::new(Updates::new(slots)),
            onlooker: Onlooker::new(),
            state: RefCell::new(state),
            call: Signal::new(),
        }
    }

    fn slots() -> Memory {
        Memory::new(|| panic!("a reset"))
    }

    /// Syncs until the office has no more to say; each time so many seconds after the one before. How often the flash was
    /// written to each time.
    fn steps(bodies: Vec<Vec<u8>>, seconds: i64, flash: Nor) -> Vec<u64> {
        let rounds = bodies.len();
        let (server, _) = serve(bodies);
        let (config, link, mut slots) = (config(server), Link::new(), slots());
        let life = life(&config, &link, &mut slots, flash);
        let (mut rest, clock) = (Rest::default(), Hands(Cell::new(1_780_449_120)));
        let mut steps = Vec::new();
        for _ in 0..rounds {
            block_on(async {
                let before = life.library.lock().await.store.flash().steps;
                life.once(&mut rest, &clock).await.unwrap();
                steps.push(life.library.lock().await.store.flash().steps - before);
            });
            assert_eq!(life.state.borrow().synced, Some(clock.0.get()));
            clock.0.set(clock.0.get() + seconds);
        }
        steps
    }

    #[test]
    fn a_full_flash_is_not_worn_by_trying_every_minute() {
        let body = pack(&feed(&log(120, 0), 0, ALL));
        let (server, _) = serve(vec![body]);
        let (config, link, mut slots) = (config(server), Link::new(), slots());
        let life = life(&config, &link, &mut slots, Nor::new(20));
        let clock = Hands(Cell::new(0));
        block_on(async {
            let error = life.once(&mut Rest::default(), &clock).await.unwrap_err();
            assert_eq!(error, StoreError::Full.into());
            assert_eq!(life.fail(&error).await, FULL);
            assert_eq!(life.state.borrow().trouble, Some(Trouble::Full));
            assert_eq!(life.fail(&HttpError::Offline.into()).await, Duration::MIN);
        });
    }

    #[test]
    fn a_sync_that_brings_nothing_is_written_down_once_an_hour() {
        let log = log(2, 0);
        let (all, none) = (pack(&feed(&log, 0, ALL)), pack(&feed(&log, 5, ALL)));
        let bodies = [vec![all], vec![none; 61]].concat();
        let written = steps(bodies, 60, Nor::new(20));
        let hours: Vec<usize> = (0..written.len()).filter(|n| written[*n] > 0).collect();
        assert_eq!(hours, [0, 60], "{written:?}");
    }

    #[test]
    fn a_flash_that_takes_no_more_is_no_trouble_where_nothing_is_new() {
        let log = log(2, 0);
        let held = library(Nor::new(20));
        let (server, _) = serve(vec![pack(&feed(&log, 0, ALL))]);
        let net = Net { tcp: &Sockets, dns: &Sockets };
        block_on(sync::follow(&net, &source(server), &held)).unwrap();
        let mut flash = held.into_inner().store.flash().clone();
        flash.left = Some(0);
        assert_eq!(steps(vec![pack(&feed(&log, 5, ALL)); 3], 3600, flash), [0; 3]);
    }
}
