//! The clerk: writes down what the screens say, on a thread of its own, so that no screen waits for a disk.

use std::io;
use std::mem;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::{seen, stand};
use crate::clock::Clock;
use crate::diary::{self, Event};
use crate::drawer::{Drawer, DrawerError};

/// How long what was said may wait for more of it: so much can a power cut take.
const GATHER_TIME: Duration = Duration::from_secs(2);
/// How long the end of the program waits for the last line.
pub(super) const STOP_TIME: Duration = Duration::from_secs(5);
/// How much is kept in memory while the disk takes nothing.
const ENTRIES_MAX: usize = 10_000;

/// Something to write down.
pub(super) enum Entry {
    /// A bulletin was on the screen.
    Saw { bulletin: u64, from: Instant, to: Instant },
    /// The screen stands there.
    Place(String),
    /// For the diary.
    Happened(Event),
    /// The program ends; answered when everything is on the disk.
    Stop(Sender<()>),
}

/// Starts the clerk; it ends when nobody can say anything to it any more.
pub(super) fn start(drawer: Drawer, clock: Clock, run: i64) -> io::Result<Sender<Entry>> {
    let (said, heard) = channel();
    let mut clerk = Clerk { drawer, clock, run, entries: Vec::new() };
    thread::Builder::new().name("clerk".into()).spawn(move || clerk.work(&heard))?;
    Ok(said)
}

struct Clerk {
    drawer: Drawer,
    clock: Clock,
    run: i64,
    entries: Vec<Entry>,
}

impl Clerk {
    fn work(&mut self, heard: &Receiver<Entry>) {
        while let Ok(first) = heard.recv() {
            self.entries.push(first);
            let until = Instant::now() + GATHER_TIME;
            let mut open = true;
            while open && !matches!(self.entries.last(), Some(Entry::Stop(_))) {
                match heard.recv_timeout(until.saturating_duration_since(Instant::now())) {
                    Ok(entry) => self.entries.push(entry),
                    Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => open = false,
                }
            }
            if let Err(error) = self.write() {
                eprintln!("{error}");
                let spare = self.entries.len().saturating_sub(ENTRIES_MAX);
                self.entries.drain(..spare);
            }
        }
    }

    /// Writes all of it at once, or keeps it for the next time.
    fn write(&mut self) -> Result<(), DrawerError> {
        let Self { drawer, clock, run, entries } = self;
        drawer.at_once(|db| {
            // The clock is asked while nobody else writes: no line is moved that is not there yet.
            if let Some(by) = clock.look() {
                seen::shift(db, *run, by)?;
            }
            entries.iter().try_for_each(|entry| put(db, clock, *run, entry))?;
            seen::trim(db)
        })?;
        for entry in mem::take(&mut self.entries) {
            if let Entry::Stop(done) = entry {
                let _ = done.send(()); // whoever asked may have given up
            }
        }
        Ok(())
    }
}

fn put(db: &Connection, clock: &Clock, run: i64, entry: &Entry) -> Result<(), DrawerError> {
    match entry {
        Entry::Saw { bulletin, from, to } => {
            seen::add(db, run, *bulletin, clock.millis(*from), clock.millis(*to))
        }
        Entry::Place(place) => stand::at(db, place),
        Entry::Happened(event) => diary::note(db, event, clock.now()),
        Entry::Stop(_) => {
            diary::note(db, &Event::Stopped, clock.now())?;
            stand::end(db)
        }
    }
}
