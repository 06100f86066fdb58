//! The hands beside the window: they take in photos and do the chores of the drafts, one after another, so that nobody
//! waits for them. What they were at when the program ended is found undone at the next start.

use super::line::beside;
use super::news::{News, Tell};
use crate::chores::{self, Chore, Task};
use crate::desk::Desk;
use crate::draft::Draft;
use crate::error::{Error, Result};
use crate::intake::{self, Refused};
use crate::ocr::{self, Reader};
use crate::photo::PhotoFile;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};

/// What the hands are asked.
enum Ask {
    /// Take in photos, each a receipt of which this much is known.
    Take(Vec<PathBuf>, Box<Draft>),
    /// There may be chores.
    Look,
}

/// The hands of one desk. They stop when dropped, after what they are at.
pub struct Hands(Sender<Ask>);

impl Hands {
    /// Starts them; the chores that were left begin at once.
    ///
    /// # Errors
    /// [`Error::Thread`].
    pub fn start(folder: &Path, models: Option<PathBuf>, tell: Tell) -> Result<Hands> {
        let (ask, asks) = channel();
        let folder = folder.to_path_buf();
        let work = move || {
            let ended = Work::begin(&folder, models, tell.clone()).and_then(|work| work.run(&asks));
            if let Err(why) = ended {
                tell.news(News::Problem(why.to_string()));
            }
        };
        beside("hands", work)?;
        Ok(Hands(ask))
    }

    /// Takes in photos, each a receipt of its own.
    pub fn take(&self, photos: Vec<PathBuf>, draft: Draft) {
        // A thread that is gone has told why.
        let _ = self.0.send(Ask::Take(photos, Box::new(draft)));
    }

    /// Says that there may be chores.
    pub fn look(&self) {
        let _ = self.0.send(Ask::Look);
    }
}

/// What the hands know.
struct Work {
    desk: Desk,
    models: Option<PathBuf>,
    reader: Option<Reader>,
    /// Whether the models were looked for: without them, that is done and told once.
    looked_for: bool,
    tell: Tell,
    /// Chores that failed; they were told, and are tried again at the next start.
    failed: Vec<Chore>,
    /// The items that had chores since there last were none.
    begun: BTreeSet<i64>,
}

impl Work {
    fn begin(folder: &Path, models: Option<PathBuf>, tell: Tell) -> Result<Work> {
        let desk = Desk::open(folder)?;
        let (failed, begun) = (Vec::new(), BTreeSet::new());
        Ok(Work { desk, models, reader: None, looked_for: false, tell, failed, begun })
    }

    /// Works until nobody asks any more.
    fn run(mut self, asks: &Receiver<Ask>) -> Result<()> {
        let mut idle = false;
        loop {
            let ask = match idle {
                true => asks.recv().map_err(|_| TryRecvError::Disconnected),
                false => asks.try_recv(),
            };
            match ask {
                Ok(Ask::Take(photos, draft)) => photos.iter().for_each(|p| self.take(p, &draft)),
                Ok(Ask::Look) | Err(TryRecvError::Empty) => {}
                Err(TryRecvError::Disconnected) => return Ok(()),
            }
            idle = !self.do_one()?;
        }
    }

    fn take(&mut self, file: &Path, draft: &Draft) {
        let bad = |why| Error::Photo { file: file.into(), why };
        let taken = match PhotoFile::read(file) {
            Ok(photo) => intake::take(&mut self.desk, vec![photo], draft),
            Err(why) => Err(Refused::Photo(0, why)),
        };
        self.tell.news(match taken {
            Ok(Ok(_)) => News::Changed,
            Ok(Err(id)) => News::Again(id),
            Err(Refused::Photo(_, why)) => News::Problem(bad(why).to_string()),
            Err(Refused::Desk(why)) => News::Problem(why.to_string()),
        });
    }

    /// Does the next chore; whether there was one. Pictures come before printed words, which take the longest.
    fn do_one(&mut self) -> Result<bool> {
        let items = self.desk.outbox.items()?;
        let of = |reader| items.iter().flat_map(move |item| chores::of(item, reader));
        let mut left: Vec<Chore> = of(false).collect();
        if self.has_reader(of(true).any(|chore| chore.task == Task::Read)) {
            left.extend(of(true).filter(|chore| chore.task == Task::Read));
        }
        left.retain(|chore| !self.failed.contains(chore));
        let busy: BTreeSet<i64> = left.iter().map(|chore| chore.page.item).collect();
        self.begun.extend(&busy);
        if busy.is_empty() {
            self.begun.clear();
        }
        let of = self.begun.len();
        self.tell.news(News::Working { done: of - busy.len(), of, busy });
        let Some(chore) = left.into_iter().next() else { return Ok(false) };
        if let Err(why) = chore.finish(&mut self.desk, self.reader.as_ref()) {
            self.tell.news(News::Problem(why.to_string()));
            self.failed.push(chore);
        }
        Ok(true)
    }

    /// Whether printed words can be read; the models are loaded when they are first wanted.
    fn has_reader(&mut self, wanted: bool) -> bool {
        if wanted && !self.looked_for {
            self.looked_for = true;
            match ocr::reader(self.models.as_deref()) {
                Ok(reader) => self.reader = reader,
                Err(why) => self.tell.news(News::Problem(why.to_string())),
            }
        }
        self.reader.is_some()
    }
}
