//! The rulebook: the rules and the working-day calendar that an office goes by, read anew when their files change.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use crate::data::DataDir;
use crate::error::Result;
use crate::rules::Rules;
use crate::workdays::{self, Workdays};

/// What every deadline is found with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rulebook {
    /// The rules.
    pub rules: Rules,
    /// The calendar.
    pub workdays: Workdays,
}

impl Rulebook {
    /// The one of a data directory; where it holds nothing, what the program came with.
    ///
    /// # Errors
    /// `bad-rules`, `bad-holidays`, or a file that cannot be read.
    pub fn load(data: &DataDir) -> Result<Self> {
        Ok(Self { rules: Rules::load(data)?, workdays: Workdays::load(data)? })
    }
}

/// The rulebook of a running office.
#[derive(Debug)]
pub struct LiveRulebook {
    data: DataDir,
    held: Mutex<Held>,
}

#[derive(Debug)]
struct Held {
    seen: Vec<Seen>,
    book: Arc<Rulebook>,
}

/// What tells one version of a file from another.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    path: PathBuf,
    inode: u64,
    bytes: u64,
    changed: (i64, i64),
}

impl LiveRulebook {
    /// Opens the rulebook of a data directory.
    ///
    /// # Errors
    /// As [`Rulebook::load`].
    pub fn open(data: &DataDir) -> Result<Self> {
        // Looked at first: what changes while it is read is read again.
        let seen = look(data);
        let held = Held { seen, book: Arc::new(Rulebook::load(data)?) };
        Ok(Self { data: data.clone(), held: Mutex::new(held) })
    }

    /// The rulebook as it is now. Files that became wrong (somebody edited them in place) are told in the server's log,
    /// and what was known stays.
    #[must_use]
    pub fn now(&self) -> Arc<Rulebook> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = look(&self.data);
        if seen != held.seen {
            match Rulebook::load(&self.data) {
                Ok(book) => {
                    tracing::info!(rules = %book.rules.name, "rules or holidays changed");
                    held.book = Arc::new(book);
                }
                Err(error) => tracing::error!(%error, "changed rules or holidays are not used"),
            }
            held.seen = seen;
        }
        Arc::clone(&held.book)
    }
}

/// All files that a rulebook is read from. One that cannot be looked at is told of by reading it.
fn look(data: &DataDir) -> Vec<Seen> {
    let holidays = workdays::files(data).unwrap_or_default();
    let seen = std::iter::once(data.rules()).chain(holidays).filter_map(|path| {
        let file = fs::metadata(&path).ok()?;
        let changed = (file.mtime(), file.mtime_nsec());
        Some(Seen { path, inode: file.ino(), bytes: file.len(), changed })
    });
    seen.collect()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::rules;

    fn import_rules(data: &DataDir, from: &str, to: &str) -> Result<Rules> {
        let file = data.path().join("new.toml");
        assert!(rules::SHIPPED.contains(from));
        fs::write(&file, rules::SHIPPED.replacen(from, to, 1)).unwrap();
        rules::import(data, &file)
    }

    #[test]
    fn a_new_calendar_moves_a_due_date_and_its_explanation_without_a_restart() {
        let directory = tempfile::tempdir().unwrap();
        let data = DataDir::at(directory.path());
        let live = LiveRulebook::open(&data).unwrap();
        let created = date(2026, 9, 30);
        let before = live.now().proactive_due(created);
        assert_eq!(before.on, date(2026, 11, 3));
        assert!(before.why.to_string().contains("国庆节 5 天不算"), "{}", before.why);

        let notice = r#"{"year":2026,"days":[
            {"name":"防汛","date":"2026-10-15","isOffDay":true},
            {"name":"防汛","date":"2026-10-18","isOffDay":false}]}"#;
        workdays::import(&data, notice.as_bytes()).unwrap();
        let after = live.now().proactive_due(created);
        assert_eq!(after.on, date(2026, 10, 28));
        let said = after.why.to_string();
        assert!(!said.contains("国庆节"), "{said}");
        assert!(said.contains("防汛 1 天不算；2026-10-18 调休上班，算"), "{said}");

        fs::remove_file(data.holidays_of(2026)).unwrap();
        assert_eq!(live.now().proactive_due(created), before);
    }

    #[test]
    fn new_rules_count_at_once_and_wrong_ones_never() {
        let directory = tempfile::tempdir().unwrap();
        let data = DataDir::at(directory.path());
        let live = LiveRulebook::open(&data).unwrap();
        import_rules(&data, "silent_hours = 26", "silent_hours = 48").unwrap();
        assert_eq!(live.now().rules.kiosk_silent_hours(), 48);
        import_rules(&data, "silent_hours = 26", "silent_hours = 49").unwrap();
        assert_eq!(
            live.now().rules.kiosk_silent_hours(),
            49,
            "as long, and perhaps in the same moment"
        );
        fs::write(data.rules(), "name = ").unwrap();
        assert_eq!(live.now().rules.kiosk_silent_hours(), 49);
        assert_eq!(LiveRulebook::open(&data).unwrap_err().code(), "bad-rules");
        fs::remove_file(data.rules()).unwrap();
        assert_eq!(live.now().rules.kiosk_silent_hours(), 26);
    }
}
