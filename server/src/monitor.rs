//! Monitor: follows a log from outside and trusts nothing but its key. Keeps every head that it was shown, checks all that
//! stands under them, and says by name what is wrong. For a journalist, a county office, a villager's nephew.

mod alarm;
mod book;
mod contents;
mod follow;
mod report;
mod store;
#[cfg(test)]
mod tests;
pub mod witness;

use std::path::PathBuf;
use std::time::Duration;

use ledger::checkpoint::Checkpoint;
use ledger::key::VerifierKey;

use crate::clock;
use crate::error::Result;
use crate::outbound::Line;
use crate::rulebook::Rulebook;
use crate::web::words::{Words, zh};
use alarm::Alarm;
pub use alarm::Kind;
use book::Book;
pub use contents::Depth;
use follow::{OFFICE, Source};
pub use report::Status;
use store::Store;

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// Seconds between two looks at all that is served.
const ALL_AGAIN: i64 = 86_400;
/// What the heads are said to come from that were shown to a witness alone.
const WITNESS: &str = "witness";

/// What to watch, and how.
pub struct Options {
    /// The office's address.
    pub url: String,
    /// Addresses of others who have the log: mirrors, kiosks that share.
    pub also: Vec<String>,
    /// The log's key.
    pub log: VerifierKey,
    /// Where everything is kept.
    pub data: PathBuf,
    /// Where the report is written.
    pub report: PathBuf,
    /// What is looked at in each round.
    pub depth: Depth,
    /// Days without anything new after which that is an alarm.
    pub silent_days: u32,
    /// By when months are due.
    pub rules: Rulebook,
    /// The language of report and messages.
    pub words: Words,
}

/// A monitor at work. Blocks; one round at a time.
pub struct Monitor {
    options: Options,
    store: Store,
    sources: Vec<Source>,
    /// When all that is served was looked at last.
    looked: Option<i64>,
}

impl Monitor {
    /// Takes up a directory.
    ///
    /// # Errors
    /// `bad-url`, `other-log`, `data-in-use`, or when the disk fails.
    pub fn open(options: Options) -> Result<Self> {
        let source = |name: &str, url: &str| -> Result<Source> {
            Ok(Source { name: name.to_owned(), line: Line::to(url, PATIENCE)? })
        };
        let mut sources = vec![source(OFFICE, &options.url)?];
        for url in &options.also {
            sources.push(source(url, url)?);
        }
        let store = Store::open(&options.data, &options.log, clock::unix_now())?;
        Ok(Self { options, store, sources, looked: None })
    }

    /// Where a witness beside this monitor keeps its state.
    #[must_use]
    pub fn witness_folder(options: &Options) -> PathBuf {
        options.data.join("witness")
    }

    /// Follows, checks, and writes the report.
    ///
    /// # Errors
    /// When the disk fails. What is wrong with the log is no error.
    pub fn round(&mut self) -> Result<Status> {
        let now = clock::unix_now();
        let mut alarms = Vec::new();
        // Copies first: what they hold is what the office is measured by.
        for source in self.sources.iter().rev() {
            alarms.extend(follow::follow(&mut self.store, source, &self.options.log, now)?);
        }
        self.look_at_refused(now)?;
        // One that shows another log is not asked for the contents of this one.
        if self.store.shows_ours(OFFICE)? {
            alarms.extend(self.look_at_contents(now)?);
        }
        alarms.extend(self.forks()?);
        let book = Book::read(&self.store)?;
        alarms.extend(book.alarms(&self.options.rules, now, self.options.silent_days));
        alarms.sort_by_key(|alarm| alarm.kind);
        let raised = self.store.raise(alarms, now)?;
        let status = Status::read(&self.store, book, raised, now)?;
        report::write(&self.options.report, &self.options, &self.options.rules, &status)?;
        // Only now: what no report says yet stays news.
        self.store.told()?;
        Ok(status)
    }

    /// Heads that were shown to the witness beside this monitor, and that it refused.
    fn look_at_refused(&mut self, now: i64) -> Result<()> {
        let held = self.store.view()?.size();
        for note in witness::refused(&Self::witness_folder(&self.options))? {
            let Ok(head) = Checkpoint::open(&note, &self.options.log) else { continue };
            if head.size <= held {
                follow::compare(&self.store, WITNESS, &head, &note, false, now)?;
            }
        }
        Ok(())
    }

    /// Looks at contents and pictures; once more after following again, where something was missing: it may have been
    /// withdrawn meanwhile.
    fn look_at_contents(&mut self, now: i64) -> Result<Option<Alarm>> {
        let is_time = self.looked.is_none_or(|looked| now - looked >= ALL_AGAIN);
        let depth = match self.options.depth {
            Depth::New if is_time => Depth::Contents,
            depth => depth,
        };
        let Some(office) = self.sources.first() else { return Ok(None) };
        // What it does not say it has it need not serve: that is a matter of its head.
        let size = self.store.shown_last(OFFICE)?;
        let looked = contents::look(&self.store, &office.line, depth, size, now).and_then(|lost| {
            if lost > 0 {
                follow::follow(&mut self.store, office, &self.options.log, now)?;
                contents::look(&self.store, &office.line, Depth::New, size, now)?;
            }
            Ok(())
        });
        match looked {
            Ok(()) => {
                self.looked = if depth == Depth::New { self.looked } else { Some(now) };
                Ok(None)
            }
            Err(error) if follow::is_of_the_line(&error) => {
                let said = zh("{why}");
                Ok(Some(Alarm::new(Kind::Unreachable, "contents", said, &[("why", &error)])))
            }
            Err(error) => Err(error),
        }
    }

    /// Every fork that was ever proved: it does not pass.
    fn forks(&self) -> Result<Vec<Alarm>> {
        let forks = self.store.evidence_of(Kind::Fork.code())?.into_iter();
        let said = zh("{source} 给看的账本和以前签过名的不是同一本，证据文件 {file}");
        let alarm = |(source, file): (String, String)| {
            Alarm::new(Kind::Fork, &file, said, &[("source", &source), ("file", &file)])
        };
        Ok(forks.map(alarm).collect())
    }
}
