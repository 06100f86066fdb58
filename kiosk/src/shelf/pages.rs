//! The pages about one paper, each verified once more before it is handed out.

use ledger::content::{BulletinContent, KeyContent, ReceiptContent};
use ledger::hash::Hash;
use ledger::key::VerifierKey;
use ledger::note::Note;
use ledger::place::Village;
use ledger::statement::{Role, Statement};
use ledger::time::{Period, Timestamp};
use ledger::tree::leaf_hash;
use rusqlite::{OptionalExtension, Row};

use super::lists::statement_in;
use super::{BulletinPage, ReceiptPage, Shelf, ShelfError, Signer, State, parsed, verified};

/// A key and who the log says holds it.
struct Enrolled {
    key: VerifierKey,
    role: Role,
    holder: Option<KeyContent>,
}

/// What both kinds of page say about the statement itself.
struct Signed {
    village: Village,
    time: Timestamp,
    state: State,
    signers: Vec<Signer>,
    entry_hash: Hash,
}

impl Shelf {
    /// One receipt, its signatures and content verified again. `None` when there is none at that index or its content
    /// has not arrived.
    pub fn receipt(&self, index: u64) -> Result<Option<ReceiptPage>, ShelfError> {
        let mut query = self.db.prepare_cached(
            "SELECT r.corrected_by, r.withdrawn_by, s.content, c.bytes, r.village, r.period, r.corrects
             FROM receipt r JOIN statement s USING (id) LEFT JOIN content c USING (id)
             WHERE r.id = ?1",
        )?;
        type Found = (Signed, Option<ReceiptContent>, Period, Option<u64>);
        let mut rows = query.query([index])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let Some(signed) = self.signed(index, row)? else { return Ok(None) };
        let content = verified(row.get(3)?, row.get(2)?);
        let (signed, content, period, corrects): Found =
            (signed, content, parsed(row, 5)?, row.get(6)?);
        let withdrawn = matches!(signed.state, State::Withdrawn { .. });
        let (Some(head), true) = (self.head()?, withdrawn || content.is_some()) else {
            return Ok(None);
        };
        Ok(Some(ReceiptPage {
            index,
            village: signed.village,
            village_name: self.names()?.place(signed.village),
            period,
            content: content.filter(|_| !withdrawn),
            signers: signed.signers,
            signed_at: signed.time,
            state: signed.state,
            corrects,
            log_size: head.size,
            root: head.root,
            entry_hash: signed.entry_hash,
        }))
    }

    /// One bulletin, its signatures and content verified again. `None` as for a receipt.
    pub fn bulletin(&self, index: u64) -> Result<Option<BulletinPage>, ShelfError> {
        let mut query = self.db.prepare_cached(
            "SELECT b.corrected_by, b.withdrawn_by, s.content, c.bytes, b.village
             FROM bulletin b JOIN statement s USING (id) LEFT JOIN content c USING (id)
             WHERE b.id = ?1",
        )?;
        let mut rows = query.query([index])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let Some(signed) = self.signed(index, row)? else { return Ok(None) };
        let content: Option<BulletinContent> = verified(row.get(3)?, row.get(2)?);
        let withdrawn = matches!(signed.state, State::Withdrawn { .. });
        let (Some(head), true) = (self.head()?, withdrawn || content.is_some()) else {
            return Ok(None);
        };
        let explains = content.as_ref().and_then(|content| content.explains);
        Ok(Some(BulletinPage {
            index,
            importance: content.as_ref().map(|content| content.importance).unwrap_or_default(),
            explains: explains.map(|hash| self.policy(hash)).transpose()?.flatten(),
            explained_by: self.explanations(index)?,
            village: signed.village,
            village_name: self.names()?.place(signed.village),
            content: content.filter(|_| !withdrawn),
            signers: signed.signers,
            signed_at: signed.time,
            state: signed.state,
            log_size: head.size,
            root: head.root,
            entry_hash: signed.entry_hash,
        }))
    }

    /// What the entry at `index` says and who signed it; `None` if its signatures do not verify (any more: a bit may
    /// have fallen over on the disk). `row` begins with the paper's state and holds the village at 4.
    fn signed(&self, index: u64, row: &Row) -> Result<Option<Signed>, ShelfError> {
        let Some(entry) = self.entry(index)? else { return Ok(None) };
        let (Ok(note), Some(statement)) = (Note::parse(&entry), statement_in(&entry)) else {
            return Ok(None);
        };
        let enrolled = self.enrolled(index)?;
        let Ok(keys) = note.verify(enrolled.iter().map(|e| &e.key)) else { return Ok(None) };
        let signer = |key: &&VerifierKey| {
            let found = enrolled.iter().find(|e| e.key == **key)?;
            let holder = found.holder.clone();
            let (holder, post) = holder.map(|h| (h.holder, h.post)).unwrap_or_default();
            Some(Signer { holder, post, role: found.role, key: key.name().to_owned() })
        };
        Ok(Some(Signed {
            village: parsed(row, 4)?,
            time: statement.time().clone(),
            state: self.state(row.get(0)?, row.get(1)?)?,
            signers: keys.iter().filter_map(signer).collect(),
            entry_hash: leaf_hash(&entry),
        }))
    }

    /// The keys that counted when the entry at `index` was logged, the newest enrolment first.
    fn enrolled(&self, index: u64) -> Result<Vec<Enrolled>, ShelfError> {
        let mut query = self.db.prepare_cached(
            "SELECT e.bytes, s.content, c.bytes
             FROM signer JOIN entry e USING (id) JOIN statement s USING (id)
             LEFT JOIN content c USING (id)
             WHERE id <= ?1 AND (revoked_by IS NULL OR revoked_by > ?1) ORDER BY id DESC",
        )?;
        let mut rows = query.query([index])?;
        let mut enrolled = Vec::new();
        while let Some(row) = rows.next()? {
            let entry: Vec<u8> = row.get(0)?;
            if let Some(Statement::Key { key, role, .. }) = statement_in(&entry) {
                let holder = verified(row.get(2)?, row.get(1)?);
                enrolled.push(Enrolled { key, role, holder });
            }
        }
        Ok(enrolled)
    }

    /// The keys that counted when the entry at `index` was logged.
    pub(super) fn keys_at(&self, index: u64) -> Result<Vec<VerifierKey>, ShelfError> {
        Ok(self.enrolled(index)?.into_iter().map(|enrolled| enrolled.key).collect())
    }

    /// True when the log has a paper at `index` whose content has not arrived.
    pub fn is_waiting(&self, index: u64) -> Result<bool, ShelfError> {
        let mut query = self.db.prepare_cached(
            "SELECT 1 FROM statement s WHERE id = ?1 AND content IS NOT NULL
             AND refused IS NULL AND withdrawn_by IS NULL
             AND NOT EXISTS (SELECT 1 FROM content c WHERE c.id = s.id)",
        )?;
        Ok(query.query_row([index], |_| Ok(())).optional()?.is_some())
    }
}
