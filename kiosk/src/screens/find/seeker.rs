//! The seeker: the one thread that offers words for letters and looks through the shelf, so that the screen never waits.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::Receiver;

use crate::input::pinyin::{Candidate, Pinyin};
use crate::shelf::{Found, Question, Shelf, ShelfError};
use crate::worker::Worker;

/// Words on offer for the letters.
const CANDIDATES_MAX: usize = 40;
/// Papers that are listed.
pub(super) const FOUND_MAX: usize = 100;
/// Months of each village whose payees and categories are learned.
const MONTHS_LEARNED: usize = 3;

/// What somebody wrote so far; `turn` tells a late answer from the newest.
pub(super) struct Ask {
    pub turn: i32,
    /// Letters that nothing was chosen for yet.
    pub letters: String,
    /// What is looked for.
    pub question: Question,
}

/// What comes of it.
pub(super) enum Answer {
    /// Words that the letters may stand for.
    Words(Vec<Candidate>),
    /// What was found, at most one more than is listed.
    Found(Vec<Found>),
}

/// The way to the seeker; its thread ends when this goes.
pub(super) struct Seeker(Worker<Ask>);

impl Seeker {
    /// Starts the thread over the shelf in `dir`; every answer is given to `deliver` with its turn.
    pub(super) fn start(
        dir: &Path,
        deliver: impl Fn(i32, Answer) + Send + 'static,
    ) -> std::io::Result<Self> {
        let dir: PathBuf = dir.to_owned();
        let work = move |queue: &_, open: &_| work(&dir, queue, open, deliver);
        Worker::start("seeker", work).map(Self)
    }

    /// Asks; never waits. A newer question makes an older one moot.
    pub(super) fn ask(&self, ask: Ask) {
        self.0.order(ask);
    }

    /// True while something that was asked is not answered.
    pub(super) fn is_busy(&self) -> bool {
        self.0.is_busy()
    }
}

fn work(dir: &Path, queue: &Receiver<Ask>, open: &AtomicUsize, deliver: impl Fn(i32, Answer)) {
    let mut pinyin = Pinyin::open();
    let mut learned = None;
    let mut shelf = None;
    let mut waiting = None;
    while let Some(mut ask) = waiting.take().or_else(|| queue.recv().ok()) {
        for newer in queue.try_iter() {
            ask = newer;
            open.fetch_sub(1, Ordering::SeqCst);
        }
        if shelf.is_none() {
            shelf = Shelf::open(dir).ok();
        }
        // A head is a state of the shelf: the words that it holds are learned once.
        let head =
            shelf.as_ref().and_then(|shelf| shelf.head().ok().flatten()).map(|head| head.size);
        if learned != Some(head) {
            let words = shelf.as_ref().map_or_else(|| Ok(Vec::new()), words).unwrap_or_default();
            pinyin.teach(words.iter().map(String::as_str));
            learned = Some(head);
        }
        deliver(ask.turn, Answer::Words(pinyin.candidates(&ask.letters, CANDIDATES_MAX)));
        waiting = queue.try_recv().ok();
        if waiting.is_none() {
            let found = shelf.as_ref().map(|shelf| shelf.search(&ask.question, FOUND_MAX + 1));
            match found {
                Some(Ok(found)) => deliver(ask.turn, Answer::Found(found)),
                Some(Err(error)) => eprintln!("{error}"),
                None => {}
            }
        }
        open.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Names that people look for: of the places, then of whom and what the newest months name.
fn words(shelf: &Shelf) -> Result<Vec<String>, ShelfError> {
    let mut words: Vec<String> = shelf.township()?.into_iter().map(|town| town.name).collect();
    let villages = shelf.villages()?;
    words.extend(villages.iter().map(|village| village.name.clone()));
    let mut seen = HashSet::new();
    for village in &villages {
        for month in shelf.months(village.code)?.iter().take(MONTHS_LEARNED) {
            for row in shelf.receipts(village.code, month.period)? {
                let named = [row.payee, row.category];
                words.extend(named.into_iter().filter(|word| seen.insert(word.clone())));
            }
        }
    }
    Ok(words)
}
