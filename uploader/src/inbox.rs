//! A watched folder that fills the desk: what is new in it is taken in, what cannot be kept now is tried again.

use crate::camera::verdict::{Outcome, Verdict};
use crate::watch::Watch;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How often a folder is looked at: a file is taken when it did not change between two looks.
pub const LOOK: Duration = Duration::from_secs(2);

/// What a look at the folder found.
#[derive(Debug)]
pub enum Arrival {
    /// The folder is not there any more, and why.
    Gone(io::Error),
    /// The folder is there again.
    Back,
    /// A photo, and what became of it.
    Photo(PathBuf, Verdict),
}

/// A watched folder, and what of it could not be kept yet.
pub struct Inbox {
    watch: Watch,
    gone: bool,
    left: Vec<PathBuf>,
}

impl Inbox {
    /// Watches the folder from now on: what lies in it already is known.
    ///
    /// # Errors
    /// The folder cannot be listed.
    pub fn open(folder: &Path) -> io::Result<Inbox> {
        Ok(Inbox { watch: Watch::new(folder)?, gone: false, left: Vec::new() })
    }

    /// How many photos lay there from the start.
    pub fn known(&self) -> usize {
        self.watch.known()
    }

    /// Takes in what is new. What cannot be kept now is told once and tried again at every look.
    pub fn look(&mut self, take: impl Fn(&Path) -> Verdict, mut told: impl FnMut(Arrival)) {
        let new = match self.watch.look() {
            Ok(new) => {
                if std::mem::take(&mut self.gone) {
                    told(Arrival::Back);
                }
                new
            }
            Err(why) => {
                if !std::mem::replace(&mut self.gone, true) {
                    told(Arrival::Gone(why));
                }
                Vec::new()
            }
        };
        let waiting = std::mem::take(&mut self.left);
        let again = waiting.len();
        for (at, file) in waiting.into_iter().chain(new).enumerate() {
            let verdict = take(&file);
            let trouble = verdict.state == Outcome::Trouble;
            if trouble {
                self.left.push(file.clone());
            }
            if !trouble || at >= again {
                told(Arrival::Photo(file, verdict));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_cannot_be_kept_is_told_once_and_tried_until_it_can() {
        let folder = tempfile::tempdir().unwrap();
        let mut inbox = Inbox::open(folder.path()).unwrap();
        std::fs::write(folder.path().join("a.jpg"), b"a").unwrap();
        let look = |inbox: &mut Inbox, state| {
            let mut told = Vec::new();
            inbox.look(
                |_| Verdict::plain(state, None, String::new()),
                |arrival| told.push(matches!(arrival, Arrival::Photo(..))),
            );
            told
        };
        assert!(look(&mut inbox, Outcome::Trouble).is_empty(), "it may still be growing");
        assert_eq!(look(&mut inbox, Outcome::Trouble), [true]);
        assert!(look(&mut inbox, Outcome::Trouble).is_empty(), "told before");
        assert_eq!(look(&mut inbox, Outcome::Taken), [true]);
        assert!(look(&mut inbox, Outcome::Taken).is_empty());
        std::fs::remove_dir_all(folder.path()).unwrap();
        assert_eq!(look(&mut inbox, Outcome::Taken), [false], "the folder is gone");
        assert!(look(&mut inbox, Outcome::Taken).is_empty());
        std::fs::create_dir(folder.path()).unwrap();
        assert_eq!(look(&mut inbox, Outcome::Taken), [false], "and back");
    }
}
