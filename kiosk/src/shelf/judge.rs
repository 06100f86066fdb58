//! Which entries of the log count: the roster, gone through in the log's order.

use std::collections::HashMap;

use ledger::roster::Roster;
use ledger::statement::Statement;

use super::lists::statement_in;
use super::{Shelf, ShelfError};

/// What is thought of one entry.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::large_enum_variant, reason = "nearly every entry counts")]
pub enum Verdict {
    /// It states this, by someone who may.
    Counts(Statement),
    /// It is kept and never shown, for this reason.
    Refused(String),
}

impl Shelf {
    /// Judges the entries that follow the first `held` ones of this shelf. Every signature is verified.
    pub fn judge(&self, held: u64, entries: &[Vec<u8>]) -> Result<Vec<Verdict>, ShelfError> {
        let mut roster = self.roster(held)?;
        let mut verdicts: Vec<Verdict> = Vec::new();
        for entry in entries {
            let earlier = |of: u64| match of.checked_sub(held) {
                None => self.counted(of).ok().flatten(),
                Some(at) => match verdicts.get(usize::try_from(at).ok()?)? {
                    Verdict::Counts(statement) => Some(statement.clone()),
                    Verdict::Refused(_) => None,
                },
            };
            verdicts.push(match roster.admit(entry, earlier) {
                Ok(admitted) => Verdict::Counts(admitted.statement),
                Err(refusal) => Verdict::Refused(refusal.to_string()),
            });
        }
        Ok(verdicts)
    }

    /// The roster after the first `held` entries. Only key statements change it, so only those are verified again; the
    /// others are counted as what a roster does not know.
    fn roster(&self, held: u64) -> Result<Roster, ShelfError> {
        let mut query = self.db.prepare_cached(
            "SELECT id, bytes FROM statement JOIN entry USING (id)
             WHERE kind = 'key' AND refused IS NULL AND id < ?1",
        )?;
        let rows = query.query_map([held], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let keys: HashMap<u64, Vec<u8>> = rows.collect::<Result<_, _>>()?;
        let mut roster = Roster::default();
        for index in 0..held {
            let entry = keys.get(&index).map_or(&[][..], Vec::as_slice);
            let _ = roster.admit(entry, |_| None); // judged when it came
        }
        Ok(roster)
    }

    /// The statement at `index` if it counts.
    fn counted(&self, index: u64) -> Result<Option<Statement>, ShelfError> {
        let mut query = self.db.prepare_cached(
            "SELECT bytes FROM statement JOIN entry USING (id) WHERE id = ?1 AND refused IS NULL",
        )?;
        let mut rows = query.query([index])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let entry: Vec<u8> = row.get(0)?;
        Ok(statement_in(&entry))
    }
}
