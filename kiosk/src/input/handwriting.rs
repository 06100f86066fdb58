//! Characters drawn with a finger, read by the program `zinnia`: a child that a thread of its own keeps open.

mod child;
mod strokes;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::Receiver;

use crate::worker::Worker;
use child::Child;
pub use strokes::Stroke;

/// Characters on offer for a drawing.
pub const CANDIDATES_MAX: usize = 10;
/// What reads, of Debian's zinnia-utils.
const PROGRAM: &str = "/usr/bin/zinnia";
/// What it has learned, of Debian's tegaki-zinnia-simplified-chinese.
const MODEL: &str = "/usr/share/tegaki/models/zinnia/handwriting-zh_CN.model";
/// How often a drawing is tried: a child that died is replaced once.
const TRIES: usize = 2;

/// A program and the model it reads with.
#[derive(Clone, Debug)]
pub(crate) struct Reader {
    program: PathBuf,
    model: PathBuf,
}

impl Default for Reader {
    fn default() -> Self {
        Self { program: PROGRAM.into(), model: MODEL.into() }
    }
}

/// What is to be read; `turn` is the asker's, to know a late answer by.
struct Drawing {
    turn: i32,
    strokes: Vec<Stroke>,
}

/// The way to the reading thread. Child and thread end when this goes.
pub struct Handwriting(Worker<Drawing>);

impl Handwriting {
    /// Starts the thread; what it reads is given to `deliver`, with the turn it was asked in. `None` on a machine without
    /// the program or its model: then handwriting is not to be offered.
    #[must_use]
    pub fn open(deliver: impl Fn(i32, Vec<String>) + Send + 'static) -> Option<Self> {
        Self::with(Reader::default(), deliver)
    }

    /// True when [`Handwriting::open`] will find what it needs.
    #[must_use]
    pub fn is_offered() -> bool {
        let reader = Reader::default();
        is_file(&reader.program) && is_file(&reader.model)
    }

    pub(crate) fn with(
        reader: Reader,
        deliver: impl Fn(i32, Vec<String>) + Send + 'static,
    ) -> Option<Self> {
        if !is_file(&reader.program) || !is_file(&reader.model) {
            return None;
        }
        let work = move |queue: &_, open: &_| work(&reader, queue, open, deliver);
        Worker::start("handwriting", work).ok().map(Self)
    }

    /// Asks for the characters that these strokes may be; never waits. A newer question makes an older one moot.
    pub fn read(&self, turn: i32, strokes: Vec<Stroke>) {
        self.0.order(Drawing { turn, strokes });
    }

    /// True while something that was asked is not answered.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.0.is_busy()
    }
}

fn is_file(path: &Path) -> bool {
    path.metadata().is_ok_and(|found| found.is_file())
}

fn work(
    reader: &Reader,
    queue: &Receiver<Drawing>,
    open: &AtomicUsize,
    deliver: impl Fn(i32, Vec<String>),
) {
    // Started before it is needed: its model takes longer to read than a character.
    let mut child = Child::start(&reader.program, &reader.model).ok();
    let mut serial = 0;
    while let Ok(mut drawing) = queue.recv() {
        let mut moot = 0;
        for newer in queue.try_iter() {
            drawing = newer;
            moot += 1;
        }
        let mut found = Vec::new();
        for _ in 0..TRIES {
            serial += 1;
            let Some(line) = strokes::line(serial, &drawing.strokes) else { break };
            if child.is_none() {
                child = Child::start(&reader.program, &reader.model).ok();
            }
            if let Some(read) = child.as_mut().and_then(|child| child.read(serial, &line)) {
                found = read;
                break;
            }
            child = None;
        }
        deliver(drawing.turn, found);
        open.fetch_sub(moot + 1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests;
