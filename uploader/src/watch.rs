//! A folder whose new photos are taken in by themselves, such as a scanner's or a chat program's.

use std::collections::HashMap;
use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Endings of names that are photos.
const PHOTOS: [&str; 4] = ["jpg", "jpeg", "png", "webp"];

/// What shows that a file is the same as before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    bytes: u64,
    changed: Option<SystemTime>,
}

/// How far a file has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    /// It may still be growing.
    Settling(Stamp),
    /// It was handed out, or was known from the start.
    Known(Stamp),
}

/// A watched folder. It remembers the files it saw, until the program ends.
#[derive(Debug)]
pub struct Watch {
    folder: PathBuf,
    seen: HashMap<PathBuf, Seen>,
}

impl Watch {
    /// Watches the folder from now on. `known` says of what lies in it already, and of when it came there, whether it is
    /// known; what is not will be handed out.
    ///
    /// # Errors
    /// The folder cannot be listed.
    pub fn new(folder: &Path, known: impl Fn(&Path, SystemTime) -> bool) -> io::Result<Watch> {
        let mut seen = HashMap::new();
        for (path, stamp) in photos(folder)? {
            // A file that was moved away since is none.
            let came = path.symlink_metadata().map(|file| came(&file));
            if came.is_ok_and(|came| known(&path, came)) {
                seen.insert(path, Seen::Known(stamp));
            }
        }
        Ok(Watch { folder: folder.into(), seen })
    }

    /// How many photos are known.
    pub fn known(&self) -> usize {
        self.seen.values().filter(|seen| matches!(seen, Seen::Known(_))).count()
    }

    /// Photos that are new or were changed, and have stayed the same between the last look and this one; by name.
    ///
    /// # Errors
    /// The folder cannot be listed; what is known of it is kept until it is there again.
    pub fn look(&mut self) -> io::Result<Vec<PathBuf>> {
        let mut ready = Vec::new();
        let mut seen = HashMap::new();
        for (path, stamp) in photos(&self.folder)? {
            let now = match self.seen.get(&path) {
                Some(Seen::Known(known)) if *known == stamp => Seen::Known(stamp),
                Some(Seen::Settling(last)) if *last == stamp && stamp.bytes > 0 => {
                    ready.push(path.clone());
                    Seen::Known(stamp)
                }
                _ => Seen::Settling(stamp),
            };
            seen.insert(path, now);
        }
        self.seen = seen;
        ready.sort();
        Ok(ready)
    }
}

/// The photos in a folder: plain files, no links, no folders in it.
fn photos(folder: &Path) -> io::Result<Vec<(PathBuf, Stamp)>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        // A file that was moved away since is none; nor is one that cannot be looked at.
        let Ok(file) = path.symlink_metadata() else { continue };
        if file.is_file() && is_photo(&path) {
            found.push((path, stamp(&file)));
        }
    }
    Ok(found)
}

/// By its name. Programs that still write use other endings (`.part`, `.crdownload`, `~`) or hide the file.
fn is_photo(path: &Path) -> bool {
    let named = |name: &str| !name.starts_with(['.', '~']);
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    let photo = PHOTOS.iter().any(|known| ending.eq_ignore_ascii_case(known));
    photo && path.file_name().is_some_and(|name| named(&name.to_string_lossy()))
}

fn stamp(file: &Metadata) -> Stamp {
    Stamp { bytes: file.len(), changed: file.modified().ok() }
}

/// When a file came where it is. Whoever copies it may keep the time of its last change, but not this one.
fn came(file: &Metadata) -> SystemTime {
    let seconds = u64::try_from(file.ctime()).unwrap_or_default();
    let rest = u32::try_from(file.ctime_nsec()).unwrap_or_default();
    UNIX_EPOCH + Duration::new(seconds, rest)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;
    use std::fs;

    fn names(found: Vec<PathBuf>) -> Vec<String> {
        let name = |path: PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
        found.into_iter().map(name).collect()
    }

    #[test]
    fn a_new_file_is_taken_once_when_it_has_stopped_growing() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, bytes: &str| fs::write(folder.path().join(name), bytes).unwrap();
        put("old.jpg", "old");
        let mut watch = Watch::new(folder.path(), |_, _| true).unwrap();
        assert_eq!(watch.known(), 1);
        assert!(watch.look().unwrap().is_empty(), "it was here before");
        put("b.JPG", "half");
        put("a.png", "whole");
        put("empty.webp", "");
        assert!(watch.look().unwrap().is_empty(), "seen once only");
        put("b.JPG", "half and more");
        assert_eq!(names(watch.look().unwrap()), ["a.png"]);
        assert_eq!(names(watch.look().unwrap()), ["b.JPG"]);
        assert!(watch.look().unwrap().is_empty(), "handed out twice");
        put("a.png", "scanned again under the same name");
        assert!(watch.look().unwrap().is_empty());
        assert_eq!(names(watch.look().unwrap()), ["a.png"]);
    }

    #[test]
    fn a_file_that_only_changes_its_time_is_still_being_written() {
        let folder = tempfile::tempdir().unwrap();
        let mut watch = Watch::new(folder.path(), |_, _| true).unwrap();
        let path = folder.path().join("a.jpg");
        fs::write(&path, "same").unwrap();
        assert!(watch.look().unwrap().is_empty());
        let later = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
        fs::File::options().write(true).open(&path).unwrap().set_modified(later).unwrap();
        assert!(watch.look().unwrap().is_empty());
        assert_eq!(names(watch.look().unwrap()), ["a.jpg"]);
    }

    #[test]
    fn what_is_no_finished_photo_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let mut watch = Watch::new(folder.path(), |_, _| true).unwrap();
        let none = [
            ".a.jpg",
            "~a.jpg",
            "a.jpg~",
            "a.jpg.part",
            "a.png.crdownload",
            "a.tmp",
            "a.pdf",
            "jpg",
        ];
        for name in none {
            fs::write(folder.path().join(name), "x").unwrap();
        }
        fs::create_dir(folder.path().join("d.jpg")).unwrap();
        let outside = tempfile::NamedTempFile::new().unwrap();
        fs::write(outside.path(), "x").unwrap();
        std::os::unix::fs::symlink(outside.path(), folder.path().join("link.jpg")).unwrap();
        watch.look().unwrap();
        assert!(watch.look().unwrap().is_empty());
    }

    #[test]
    fn a_folder_that_goes_and_comes_back_keeps_what_is_known() {
        let place = tempfile::tempdir().unwrap();
        let (folder, away) = (place.path().join("in"), place.path().join("away"));
        assert!(Watch::new(&folder, |_, _| true).is_err());
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("a.jpg"), "x").unwrap();
        let mut watch = Watch::new(&folder, |_, _| true).unwrap();
        fs::rename(&folder, &away).unwrap();
        assert_eq!(watch.look().unwrap_err().kind(), io::ErrorKind::NotFound);
        fs::rename(&away, &folder).unwrap();
        watch.look().unwrap();
        assert!(watch.look().unwrap().is_empty(), "taken a second time");
    }

    proptest! {
        #[test]
        fn a_photos_name_ends_as_one_and_is_not_hidden(name in "[.~a-z]{0,4}\\.(jpg|JPEG|Png|webp|part|tmp|jpg~)") {
            let ends = ["jpg", "jpeg", "png", "webp"].iter().any(|e| name.to_lowercase().ends_with(&format!(".{e}")));
            let shown = !name.starts_with('.') && !name.starts_with('~');
            prop_assert_eq!(is_photo(Path::new(&name)), ends && shown);
        }
    }
}
