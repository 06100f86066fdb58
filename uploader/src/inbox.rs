//! A watched folder that fills the desk: what is new in it is taken in, what cannot be kept now is tried again.

use crate::camera::verdict::{Outcome, Verdict};
use crate::desk::Desk;
use crate::error::{Error, Result};
use crate::photo::PhotoFile;
use crate::watch::Watch;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

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
    /// Watches the folder for a desk. What lay in it when this desk watched it for the first time is known and stays out;
    /// what came since then and is not at the desk, because the program was not running, is taken in.
    ///
    /// # Errors
    /// [`Error::Disk`] if the folder cannot be listed, [`Error::Outbox`].
    pub fn open(desk: &mut Desk, folder: &Path) -> Result<Inbox> {
        let begun = first_watched(desk, folder)?;
        let held = |file: &Path| {
            let photo = PhotoFile::read(file).ok();
            photo.is_some_and(|photo| matches!(desk.outbox.holder_of(photo.hash), Ok(Some(_))))
        };
        let watch = Watch::new(folder, |file, came| came < begun || held(file));
        let watch = watch.map_err(Error::disk(folder))?;
        Ok(Inbox { watch, gone: false, left: Vec::new() })
    }

    /// How many photos lie there that are not taken in.
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

/// When the desk watched the folder for the first time: now, if it never did.
fn first_watched(desk: &mut Desk, folder: &Path) -> Result<SystemTime> {
    let whole = folder.canonicalize().map_err(Error::disk(folder))?;
    let name = format!("watched {}", whole.display());
    if let Ok(nanos) = desk.outbox.setting(&name)?.parse() {
        return Ok(UNIX_EPOCH + Duration::from_nanos(nanos));
    }
    let now = SystemTime::now();
    let nanos = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    desk.outbox.set(&name, &nanos.to_string())?;
    Ok(now)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::camera::take_file;
    use crate::desk::tests::desk;
    use crate::draft::Draft;
    use crate::photo::tests::photo;

    #[test]
    fn what_came_while_the_program_was_not_running_is_taken_in_and_what_was_there_before_is_not() {
        let (_kept, mut desk, _) = desk();
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, width| {
            std::fs::write(folder.path().join(name), photo(width, 400, 1)).unwrap();
        };
        put("old.jpg", 500);
        let place = desk.folder().to_path_buf();
        let looked = |desk: &mut Desk| {
            let mut inbox = Inbox::open(desk, folder.path()).unwrap();
            let mut taken = Vec::new();
            for _ in 0..3 {
                inbox.look(
                    |file| take_file(&place, file, &Draft::default()),
                    |arrival| match arrival {
                        Arrival::Photo(file, _) => {
                            taken.push(file.file_name().unwrap().to_str().unwrap().to_owned());
                        }
                        other => panic!("{other:?}"),
                    },
                );
            }
            taken
        };
        assert!(looked(&mut desk).is_empty(), "it lay there before");
        // The clock of files goes in steps.
        let begun = SystemTime::now();
        let written = || folder.path().join("new.jpg").metadata().unwrap().modified().unwrap();
        put("new.jpg", 600);
        while written() <= begun {
            put("new.jpg", 600);
        }
        assert_eq!(looked(&mut desk), ["new.jpg"]);
        assert!(looked(&mut desk).is_empty(), "it is at the desk");
    }

    #[test]
    fn what_cannot_be_kept_is_told_once_and_tried_until_it_can() {
        let (_kept, mut desk, _) = desk();
        let folder = tempfile::tempdir().unwrap();
        let mut inbox = Inbox::open(&mut desk, folder.path()).unwrap();
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
