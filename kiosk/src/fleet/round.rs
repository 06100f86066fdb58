//! A round with the office: ask where the enrolment stands, report, keep what was answered.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use ledger::checkpoint::CHECKPOINT_BYTES_MAX;
use ledger::key::VerifierKey;
use ledger::kiosk::{OFFSET_SECONDS_MAX, Report, Shown, Word, id};
use ledger::time::Timestamp;
use serde::Serialize;

use super::office::{Kept, Office, Reported, Said, Standing};
use super::{Enrolled, Enrolment, FleetError, Options, Waiting, check_digits, key, seen};
use crate::asking;
use crate::clock::{Clock, Machine};
use crate::diary::{self, Event};
use crate::drawer::{Drawer, file_error};
use crate::shelf::{Shelf, ShelfError};

/// How often the office is asked while somebody looks at the code.
const WATCHED_TIME: Duration = Duration::from_secs(5);
/// How often otherwise, and how long after a failure.
const PATIENT_TIME: Duration = Duration::from_secs(60);
/// How long after a report the next one may come.
const SOON_TIME: Duration = Duration::from_secs(6);
/// How long to wait when there is nothing to be done until somebody says something.
const LONG_TIME: Duration = Duration::from_secs(3600);
/// Seconds between two reports, whatever the office asks for.
const EVERY_SECONDS: std::ops::RangeInclusive<u64> = 10..=3_600;
/// Seconds for which urgent bulletins stay so when the office cannot be reached.
const URGENT_SECONDS: i64 = 86_400;
/// From how many seconds on a clock is wrong.
const WRONG_SECONDS: i64 = 60;

/// The page that the screen shows, as the office is told.
#[derive(Clone, Debug)]
pub(super) struct Screen(pub Word);

impl Default for Screen {
    fn default() -> Self {
        // It is a word: a test reads it.
        Self("off".parse().unwrap_or_else(|_| unreachable!()))
    }
}

/// What a report told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Told {
    /// Lines of what was shown.
    pub lines: usize,
    /// Lines that are still to be told.
    pub left: u64,
}

/// What came of a round.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// What the office knows this kiosk by: 64 hex digits.
    pub id: String,
    /// The first of them, for people to compare.
    pub check: String,
    /// Where the enrolment stands.
    #[serde(flatten)]
    pub enrolment: Enrolment,
    /// The number of the newest report.
    pub number: u64,
    /// What was told, if the report was kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub told: Option<Told>,
    /// Urgent bulletins, by log index.
    pub emergencies: Vec<u64>,
    /// Whether one of them is not on the shelf yet.
    pub wants_sync: bool,
}

/// What is needed for rounds with the office.
pub(super) struct Round {
    data: PathBuf,
    drawer: Drawer,
    office: Option<Office>,
    key: VerifierKey,
    clock: Clock,
    run: i64,
    enrolment: Enrolment,
    emergencies: Vec<u64>,
    emergencies_at: i64,
    /// The office answered since the start.
    asked: bool,
    every: Duration,
    last: Option<Instant>,
    /// Something is to be told before `every` is over.
    hurried: bool,
}

impl Round {
    pub(super) fn open(options: &Options) -> Result<Self, FleetError> {
        let drawer = Drawer::open(&options.data)?;
        let (key, replaced) = key::own(&options.data)?;
        let clock = Clock::start(options.now, drawer.number("certain")?.unwrap_or(0));
        if replaced {
            drawer.note(&Event::NewKey, clock.now())?;
            drawer.put("enrolment", None)?;
        }
        let run = drawer.number("run")?.unwrap_or(0) + 1;
        drawer.put("run", Some(&run.to_string()))?;
        let verifier = key.verifier();
        let office = |url: &String| Office::new(url, options.patience, key);
        let kept = drawer.get("enrolment")?.and_then(|json| serde_json::from_str(&json).ok());
        let urgent = drawer.get("emergencies")?.unwrap_or_default();
        let mut round = Self {
            office: options.server.as_ref().map(office).transpose()?,
            data: options.data.clone(),
            key: verifier,
            clock,
            run,
            enrolment: kept.unwrap_or_default(),
            emergencies: urgent.split(',').filter_map(|n| n.parse().ok()).collect(),
            emergencies_at: drawer.number("emergencies-at")?.unwrap_or(0),
            drawer,
            asked: false,
            every: PATIENT_TIME,
            last: None,
            hurried: false,
        };
        round.learn()?;
        Ok(round)
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.clock
    }

    pub(super) fn run(&self) -> i64 {
        self.run
    }

    pub(super) fn verifier(&self) -> &VerifierKey {
        &self.key
    }

    pub(super) fn enrolment(&self) -> &Enrolment {
        &self.enrolment
    }

    /// The urgent bulletins; none when that is too long ago.
    pub(super) fn emergencies(&self) -> &[u64] {
        let age = self.clock.now() - self.emergencies_at;
        if age <= URGENT_SECONDS { &self.emergencies } else { &[] }
    }

    /// A sync ended: there is something new to tell, and to learn.
    pub(super) fn hurry(&mut self) -> Result<(), FleetError> {
        self.hurried = true;
        self.learn()
    }

    /// Whatever the machine's clock says: it is later than the newest thing that was signed.
    fn learn(&mut self) -> Result<(), FleetError> {
        // What is wrong with the shelf the sync says.
        let newest = Shelf::open(&self.data).and_then(|shelf| shelf.freshness());
        let Some(newest) = newest.ok().and_then(|fresh| fresh.newest) else { return Ok(()) };
        let (clock, run) = (&self.clock, self.run);
        self.drawer.at_once(|db| match clock.is_over(newest.unix_seconds()) {
            Some(by) => seen::shift(db, run, by),
            None => Ok(()),
        })?;
        Ok(())
    }

    /// Whether it is time for a round.
    pub(super) fn has_turn(&self, watched: bool) -> bool {
        self.rest(watched).is_zero()
    }

    /// How long until the next round.
    pub(super) fn rest(&self, watched: bool) -> Duration {
        let pause = match &self.enrolment {
            _ if self.office.is_none() => LONG_TIME,
            _ if self.last.is_none() => Duration::ZERO,
            Enrolment::Revoked if self.asked => LONG_TIME,
            Enrolment::Enrolled(_) if self.hurried => SOON_TIME,
            Enrolment::Enrolled(_) => self.every,
            _ if watched => WATCHED_TIME,
            _ => PATIENT_TIME,
        };
        match self.last {
            // Nothing is ever due for one that is out of use, or has nobody to ask.
            _ if pause == LONG_TIME => pause,
            Some(last) => pause.saturating_sub(last.elapsed()),
            None => pause,
        }
    }

    /// One round. What fails is tried again by the next.
    pub(super) fn go(&mut self, screen: &Screen) -> Result<Outcome, FleetError> {
        self.last = Some(Instant::now());
        self.hurried = false;
        // Whoever asked something waits, whatever becomes of the report.
        let delivered = self.deliver();
        let done = self.take_turn(screen);
        match &done {
            Err(FleetError::Refused(word)) => self.note(&Event::Unheard(word.clone()))?,
            Ok(Some(Told { left: 1.., .. })) => self.hurried = true,
            _ => {}
        }
        let told = done?;
        delivered?;
        let id = id(&self.key);
        Ok(Outcome {
            id: id.to_string(),
            check: check_digits(id),
            enrolment: self.enrolment.clone(),
            number: self.number()?,
            told,
            emergencies: self.emergencies().to_vec(),
            wants_sync: self.wants_sync(),
        })
    }

    /// Sends the questions that wait.
    fn deliver(&self) -> Result<(), FleetError> {
        let Some(office) = &self.office else { return Ok(()) };
        let delivered = asking::deliver(&self.drawer, office.server())?;
        if delivered.refused > 0 {
            self.note(&Event::QuestionsRefused(delivered.refused))?;
        }
        Ok(())
    }

    fn take_turn(&mut self, screen: &Screen) -> Result<Option<Told>, FleetError> {
        if !self.asked || matches!(self.enrolment, Enrolment::Waiting(_)) {
            match self.office()?.standing()? {
                Some(standing) => self.hear(standing)?,
                None => self.forgotten()?,
            }
            self.asked = true;
        }
        if self.enrolment == Enrolment::Unasked {
            let standing = self.office()?.ask()?;
            self.hear(standing)?;
        }
        match self.enrolment {
            Enrolment::Enrolled(_) => self.report(screen),
            _ => Ok(None),
        }
    }

    fn office(&self) -> Result<&Office, FleetError> {
        self.office.as_ref().ok_or_else(|| FleetError::Refused("no-server".to_owned()))
    }

    fn number(&self) -> Result<u64, FleetError> {
        Ok(self.drawer.number("number")?.and_then(|n| u64::try_from(n).ok()).unwrap_or(0))
    }

    fn hear(&mut self, standing: Standing) -> Result<(), FleetError> {
        self.it_is(&standing.time)?;
        if standing.number > self.number()? {
            self.drawer.put("number", Some(&standing.number.to_string()))?;
        }
        self.stands(match standing.said {
            Said::Waiting { code, expires } => Enrolment::Waiting(Waiting { code, expires }),
            Said::Enrolled { name, village } => Enrolment::Enrolled(Enrolled { name, village }),
            Said::Revoked => Enrolment::Revoked,
        })
    }

    fn forgotten(&mut self) -> Result<(), FleetError> {
        if matches!(self.enrolment, Enrolment::Enrolled(_)) {
            self.note(&Event::Forgotten)?;
        }
        self.stands(Enrolment::Unasked)
    }

    /// From now on the enrolment stands so; kept for the next start if it lasts.
    fn stands(&mut self, now: Enrolment) -> Result<(), FleetError> {
        if now == self.enrolment {
            return Ok(());
        }
        let lasts = matches!(now, Enrolment::Enrolled(_) | Enrolment::Revoked);
        // Serialising text to a string cannot fail.
        let json = serde_json::to_string(&now).unwrap_or_default();
        self.drawer.put("enrolment", lasts.then_some(json.as_str()))?;
        match (&self.enrolment, &now) {
            (Enrolment::Enrolled(_), Enrolment::Enrolled(_)) => {}
            (_, Enrolment::Enrolled(_)) => self.note(&Event::Enrolled)?,
            (_, Enrolment::Revoked) => self.note(&Event::Revoked)?,
            _ => {}
        }
        self.enrolment = now;
        Ok(())
    }

    fn note(&self, event: &Event) -> Result<(), FleetError> {
        Ok(self.drawer.note(event, self.clock.now())?)
    }

    /// The office says what time it is: what was written down gets its day.
    fn it_is(&mut self, time: &Timestamp) -> Result<(), FleetError> {
        let (clock, run, truth) = (&self.clock, self.run, time.unix_seconds());
        self.drawer.at_once(|db| {
            let by = clock.confirm(truth);
            seen::settle(db, run, by, truth.saturating_mul(1000))?;
            let sql = "INSERT OR REPLACE INTO kept VALUES ('certain', ?1)";
            db.prepare_cached(sql)?.execute([truth.to_string()])?;
            match clock.standing() {
                Machine::Ahead(by) if by.abs() >= WRONG_SECONDS => {
                    diary::note(db, &Event::ClockWrong(by), truth)
                }
                _ => Ok(()),
            }
        })?;
        Ok(())
    }

    fn report(&mut self, screen: &Screen) -> Result<Option<Told>, FleetError> {
        let number = self.number()? + 1;
        // Kept before it is sent: after a lost answer the next one is larger.
        self.drawer.put("number", Some(&number.to_string()))?;
        let lines = seen::untold(&self.drawer.db)?;
        let report = self.compose(number, screen, lines)?;
        match self.office()?.report(&report)? {
            Reported::Kept(kept) => return self.kept(kept, &report.shown).map(Some),
            // Somebody counted on from another copy of this kiosk: ask how far.
            Reported::Replayed => (self.asked, self.hurried) = (false, true),
            Reported::TooOften => self.hurried = true,
            Reported::Revoked => self.stands(Enrolment::Revoked)?,
            Reported::Unknown => self.forgotten()?,
        }
        Ok(None)
    }

    fn compose(
        &self,
        number: u64,
        screen: &Screen,
        shown: Vec<Shown>,
    ) -> Result<Report, FleetError> {
        let room = rustix::fs::statvfs(&self.data);
        let room = room.map_err(|error| file_error(&self.data)(error.into()))?;
        let total = room.f_blocks.saturating_mul(room.f_frsize).max(1);
        let offset = match self.clock.standing() {
            Machine::Ahead(by) => Some(by),
            Machine::Possible | Machine::Behind => None,
        };
        let disk = || "disk".parse().ok();
        let (checkpoint, synced, error) = self.of_shelf().unwrap_or_else(|_| (None, None, disk()));
        Ok(Report {
            number,
            time: self.clock.machine(),
            app: env!("CARGO_PKG_VERSION").parse().map_err(|_| FleetError::Name)?,
            screen: screen.0.clone(),
            free: room.f_bavail.saturating_mul(room.f_frsize).min(total),
            total,
            offset: offset.filter(|by| by.unsigned_abs() <= OFFSET_SECONDS_MAX.unsigned_abs()),
            checkpoint,
            shown,
            synced,
            error,
        })
    }

    /// The newest checkpoint, when the last sync ended well, and why the one since did not.
    #[allow(clippy::type_complexity, reason = "three fields of a report, of one reader")]
    fn of_shelf(&self) -> Result<(Option<String>, Option<Timestamp>, Option<Word>), ShelfError> {
        let shelf = Shelf::open(&self.data)?;
        let note = shelf.head()?.map(|head| head.checkpoint);
        let note = note.filter(|note| note.len() <= CHECKPOINT_BYTES_MAX);
        let freshness = shelf.freshness()?;
        let error = freshness.trouble.and_then(|trouble| trouble.kind.word().parse().ok());
        Ok((note.and_then(|note| String::from_utf8(note).ok()), freshness.checked_at, error))
    }

    fn kept(&mut self, kept: Kept, lines: &[Shown]) -> Result<Told, FleetError> {
        self.it_is(&kept.time)?;
        let now = kept.time.unix_seconds();
        seen::told(&self.drawer.db, lines, now.saturating_mul(1000))?;
        self.stands(Enrolment::Enrolled(Enrolled { name: kept.name, village: kept.village }))?;
        self.every = Duration::from_secs(
            kept.report_every.clamp(*EVERY_SECONDS.start(), *EVERY_SECONDS.end()),
        );
        if self.emergencies != kept.emergencies || !kept.emergencies.is_empty() {
            let said: Vec<String> = kept.emergencies.iter().map(u64::to_string).collect();
            self.drawer.put("emergencies", Some(&said.join(",")))?;
            self.drawer.put("emergencies-at", Some(&now.to_string()))?;
        }
        (self.emergencies, self.emergencies_at) = (kept.emergencies, now);
        Ok(Told { lines: lines.len(), left: seen::count_untold(&self.drawer.db)? })
    }

    /// Whether an urgent bulletin is not whole on the shelf yet.
    fn wants_sync(&self) -> bool {
        let missing = || {
            let shelf = Shelf::open(&self.data)?;
            for index in self.emergencies() {
                if shelf.bulletin(*index)?.is_none() || shelf.is_waiting(*index)? {
                    return Ok::<_, ShelfError>(true);
                }
            }
            Ok(false)
        };
        // What is wrong with the shelf the sync says.
        !self.emergencies().is_empty() && missing().unwrap_or(true)
    }
}
