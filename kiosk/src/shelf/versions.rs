//! The versions of a paper: what was published first, and what took its place.

use ledger::statement::{Source, Statement};
use ledger::time::Timestamp;

use super::lists::statement_in;
use super::{Shelf, ShelfError, Version, parsed};

impl Shelf {
    /// All versions of the receipt or bulletin at `index`, which may be any of them, oldest first. Empty when there is
    /// none at that index.
    pub fn versions(&self, index: u64) -> Result<Vec<Version>, ShelfError> {
        let mut versions = Vec::new();
        for table in ["receipt", "bulletin"] {
            let mut query = self.db.prepare_cached(&format!(
                "SELECT v.id, v.corrected_by, v.withdrawn_by, v.corrects, s.time
                 FROM {table} this JOIN {table} v ON v.id = coalesce(this.corrects, this.id)
                                                  OR v.corrects = coalesce(this.corrects, this.id)
                 JOIN statement s ON s.id = v.id WHERE this.id = ?1 ORDER BY v.id"
            ))?;
            let mut rows = query.query([index])?;
            while let Some(row) = rows.next()? {
                let (index, signed): (u64, Timestamp) = (row.get(0)?, parsed(row, 4)?);
                versions.push(Version {
                    index,
                    date: signed.date(),
                    state: self.state(row.get(1)?, row.get(2)?)?,
                    corrects: row.get(3)?,
                    source: self.error_source(index)?,
                });
            }
        }
        Ok(versions)
    }

    /// Where the error came from that the statement at `index` corrects.
    fn error_source(&self, index: u64) -> Result<Option<Source>, ShelfError> {
        let entry = self.entry(index)?.unwrap_or_default();
        Ok(match statement_in(&entry) {
            Some(Statement::Correction { source, .. }) => Some(source),
            _ => None,
        })
    }
}
