//! Building the view: every entry of the log is read once, in order, and changes the tables.

use ledger::content::{
    BulletinContent, ClosingContent, Content, Direction, DirectoryContent, KeyContent,
    ReceiptContent,
};
use ledger::note::Note;
use ledger::statement::{Act, Statement, word};
use ledger::tree::leaf_hash;
use rusqlite::{Connection, OptionalExtension, params};

use super::questions;
use crate::error::{Error, Result};

/// Reads the entries that were published since the last call. Belongs in a write transaction.
///
/// # Errors
/// When the database fails, or an entry is not a signed note.
pub fn extend(connection: &Connection) -> Result<()> {
    let next: i64 = connection.query_row("SELECT next FROM view_state", [], |row| row.get(0))?;
    let mut entries = connection
        .prepare_cached("SELECT idx, note, body FROM entry WHERE idx >= ?1 ORDER BY idx")?;
    let mut rows = entries.query([next])?;
    let mut seen = next;
    while let Some(row) = rows.next()? {
        let entry = Entry { n: row.get(0)?, note: row.get(1)?, body: row.get(2)? };
        entry.admit(connection)?;
        seen = entry.n + 1;
    }
    connection.execute("UPDATE view_state SET next = ?1", [seen])?;
    Ok(())
}

/// Empties the view and builds it again.
///
/// # Errors
/// As [`extend`].
pub fn rebuild(connection: &Connection) -> Result<()> {
    connection.execute_batch(
        "DELETE FROM view_signer; DELETE FROM view_item; DELETE FROM view_key;
         DELETE FROM view_column; DELETE FROM view_village;
         DELETE FROM view_closing; DELETE FROM view_question; DELETE FROM view_answer;
         UPDATE view_state SET next = 0, township = '';",
    )?;
    extend(connection)
}

/// One entry of the log with its content, if that is disclosed.
struct Entry {
    n: i64,
    note: String,
    body: Option<String>,
}

/// What a statement stands in the view as.
struct Place<'a> {
    kind: &'a str,
    village: String,
    period: Option<String>,
    corrects: Option<i64>,
}

impl Entry {
    fn admit(&self, connection: &Connection) -> Result<()> {
        let note = Note::parse(self.note.as_bytes())
            .map_err(|error| Error::Corrupt(format!("第 {} 条：{error}", self.n)))?;
        let Ok(statement) = Statement::parse(note.text()) else {
            return Ok(()); // a kind of a later version: kept in the log, not shown here
        };
        let village = statement.village().to_string();
        let period = statement.period().map(|period| period.to_string());
        match &statement {
            Statement::Receipt { .. } | Statement::Nothing { .. } | Statement::Bulletin { .. } => {
                let place = Place { kind: statement.kind(), village, period, corrects: None };
                self.add(connection, &note, &statement, &place)
            }
            Statement::Correction { of, .. } => self.correct(connection, &note, &statement, *of),
            Statement::Withdrawal { reason, ground, .. } => {
                self.withdraw(connection, &word(reason), ground.as_ref().map(word))
            }
            Statement::Closing { .. } => self.close(connection, &village, period.as_deref()),
            Statement::Question { of, time, .. } => {
                questions::ask(connection, self.n, &village, *of, time, self.body.as_deref())
            }
            Statement::Answer { of, time, .. } => {
                questions::answer(connection, self.n, *of, time, self.body.as_deref())
            }
            Statement::Audit { .. } => Ok(()),
            Statement::Key { act: Act::Enrol, role, key, .. } => {
                self.enrol(connection, key.name(), key.id(), &word(role), &village)
            }
            Statement::Key { act: Act::Revoke, key, .. } => {
                connection.execute(
                    "UPDATE view_key SET revoked = ?3 WHERE name = ?1 AND id = ?2",
                    params![key.name(), key.id(), self.n],
                )?;
                Ok(())
            }
            Statement::Directory { .. } => self.direct(connection),
        }
    }

    /// Adds a receipt, an empty month, a bulletin, or a newer version of one.
    fn add(
        &self,
        connection: &Connection,
        note: &Note,
        statement: &Statement,
        place: &Place<'_>,
    ) -> Result<()> {
        let body = self.body.as_deref().unwrap_or_default().as_bytes();
        let receipt = (place.kind == "receipt").then(|| ReceiptContent::parse(body).ok()).flatten();
        let bulletin =
            (place.kind == "bulletin").then(|| BulletinContent::parse(body).ok()).flatten();
        let readable = receipt.is_some() || bulletin.is_some();
        connection
            .prepare_cached(
                "INSERT INTO view_item (n, kind, village, period, time, leaf, content, income,
                 amount, column_id, corrects, shown_from, shown_until, importance, explains)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
            )?
            .execute(params![
                self.n,
                place.kind,
                place.village,
                place.period,
                statement.time().as_str(),
                leaf_hash(self.note.as_bytes()).0,
                readable.then_some(self.body.as_deref()).flatten(),
                receipt.as_ref().map(|receipt| receipt.direction == Direction::In),
                receipt.as_ref().map(|receipt| receipt.amount.0),
                bulletin.as_ref().map(|bulletin| &bulletin.column),
                place.corrects,
                bulletin.as_ref().and_then(|b| Some(b.from.as_ref()?.unix_seconds())),
                bulletin.as_ref().and_then(|b| Some(b.until.as_ref()?.unix_seconds())),
                bulletin.as_ref().map(|b| word(&b.importance)),
                bulletin.as_ref().and_then(|b| Some(b.explains?.to_string())),
            ])?;
        let mut signer =
            connection.prepare_cached("INSERT INTO view_signer VALUES (?1, ?2, ?3, ?4)")?;
        for (line, signature) in (0_i64..).zip(note.signatures()) {
            signer.execute(params![self.n, line, signature.name, signature.id])?;
        }
        Ok(())
    }

    /// The newer version takes the older one's place in its month; the older one stays readable.
    fn correct(
        &self,
        connection: &Connection,
        note: &Note,
        statement: &Statement,
        of: u64,
    ) -> Result<()> {
        let of = i64::try_from(of).unwrap_or(i64::MAX);
        let old = connection
            .prepare_cached("SELECT kind, village, period FROM view_item WHERE n = ?1")?
            .query_row([of], |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get(2)?))
            })
            .optional()?;
        let Some((kind, village, period)) = old else {
            return Ok(());
        };
        let place = Place { kind: &kind, village, period, corrects: Some(of) };
        self.add(connection, note, statement, &place)?;
        connection.execute(
            "UPDATE view_item SET corrected = ?2 WHERE (n = ?1 OR corrects = ?1) AND n <> ?2",
            [of, self.n],
        )?;
        Ok(())
    }

    /// Drops what the view holds of the withdrawn content. Which entries that are (newer versions
    /// go with what they corrected) stands beside the entries.
    fn withdraw(
        &self,
        connection: &Connection,
        reason: &str,
        ground: Option<String>,
    ) -> Result<()> {
        connection.execute(
            "UPDATE view_item SET withdrawn = ?1, reason = ?2, ground = ?3, content = NULL,
             income = NULL, amount = NULL, shown_from = NULL, shown_until = NULL,
             importance = NULL, explains = NULL WHERE n IN (SELECT idx FROM entry WHERE withdrawn = ?1)",
            params![self.n, reason, ground],
        )?;
        connection.execute(
            "UPDATE view_key SET holder = NULL, post = NULL
             WHERE n IN (SELECT idx FROM entry WHERE withdrawn = ?1)",
            [self.n],
        )?;
        questions::withdraw(connection, self.n, reason)
    }

    /// The newest closing of a month counts.
    fn close(&self, connection: &Connection, village: &str, period: Option<&str>) -> Result<()> {
        let body = self.body.as_deref().unwrap_or_default().as_bytes();
        let Ok(closing) = ClosingContent::parse(body) else { return Ok(()) };
        connection.execute(
            "INSERT OR REPLACE INTO view_closing
             SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, published FROM entry WHERE idx = ?3",
            params![
                village,
                period,
                self.n,
                closing.receipts,
                closing.received.0,
                closing.spent.0,
                self.body,
            ],
        )?;
        Ok(())
    }

    fn enrol(
        &self,
        connection: &Connection,
        name: &str,
        id: u32,
        role: &str,
        village: &str,
    ) -> Result<()> {
        let body = self.body.as_deref().unwrap_or_default().as_bytes();
        let person = KeyContent::parse(body).ok();
        connection.execute(
            "INSERT INTO view_key (name, id, n, role, village, holder, post)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (name, id) DO UPDATE SET n = excluded.n, role = excluded.role,
             village = excluded.village, holder = excluded.holder, post = excluded.post,
             revoked = NULL",
            params![
                name,
                id,
                self.n,
                role,
                village,
                person.as_ref().map(|person| &person.holder),
                person.as_ref().map(|person| &person.post),
            ],
        )?;
        Ok(())
    }

    /// The newest directory replaces the one before.
    fn direct(&self, connection: &Connection) -> Result<()> {
        let body = self.body.as_deref().unwrap_or_default().as_bytes();
        let Ok(directory) = DirectoryContent::parse(body) else {
            return Ok(());
        };
        connection.execute("UPDATE view_state SET township = ?1", [&directory.township])?;
        connection.execute_batch("DELETE FROM view_village; DELETE FROM view_column;")?;
        for (place, village) in (0_i64..).zip(&directory.villages) {
            connection.execute(
                "INSERT OR IGNORE INTO view_village VALUES (?1, ?2, ?3)",
                params![village.code.as_str(), place, village.name],
            )?;
        }
        for (place, column) in (0_i64..).zip(&directory.columns) {
            connection.execute(
                "INSERT OR IGNORE INTO view_column (id, place, name, name_en, kind)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
                params![column.id, place, column.name, column.name_en, word(&column.kind)],
            )?;
        }
        Ok(())
    }
}
