//! The outbox: every paper from the moment it was taken in until it is published. One SQLite file; images lie beside it.

use crate::draft::Draft;
use crate::error::{Error, Result};
use crate::item::{Item, Kind, Page, Signed, State};
use crate::say;
use crate::send::Status;
use ledger::hash::Hash;
use ledger::time::Period;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, TransactionBehavior, params};
use rusqlite_migration::{M, Migrations};
use std::path::Path;
use std::time::Duration;

mod journal;
mod pages;
mod regroup;

pub use journal::{Act, Deed};
use pages::put_page;
pub use pages::{Found, PageId};
pub use regroup::Place;

/// How long to wait for another program that writes.
const BUSY: Duration = Duration::from_secs(5);

const SCHEMA: &[M<'static>] =
    &[M::up(include_str!("outbox/first.sql")), M::up(include_str!("outbox/second.sql"))];

/// The open outbox.
pub struct Outbox {
    db: Connection,
}

impl Outbox {
    /// Opens the file, making or updating its tables.
    ///
    /// # Errors
    /// [`Error::Outbox`], [`Error::Schema`].
    pub fn open(file: &Path) -> Result<Outbox> {
        let mut db = Connection::open(file)?;
        db.busy_timeout(BUSY)?;
        db.pragma_update(None, "journal_mode", "WAL")?;
        // Once a command has returned, a power cut takes nothing.
        db.pragma_update(None, "synchronous", "FULL")?;
        db.pragma_update(None, "foreign_keys", true)?;
        db.pragma_update(None, "trusted_schema", false)?;
        Migrations::from_slice(SCHEMA).to_latest(&mut db).map_err(Error::Schema)?;
        Ok(Outbox { db })
    }

    fn write<T>(&mut self, work: impl FnOnce(&Transaction) -> Result<T>) -> Result<T> {
        let transaction = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let done = work(&transaction)?;
        transaction.commit()?;
        Ok(done)
    }

    /// Copies the whole outbox as it is now into a new file.
    ///
    /// # Errors
    /// [`Error::Outbox`].
    pub fn copy_to(&self, file: &Path) -> Result<()> {
        Ok(self.db.backup("main", file, None)?)
    }

    /// Keeps a setting.
    ///
    /// # Errors
    /// [`Error::Outbox`].
    pub fn set(&mut self, name: &str, value: &str) -> Result<()> {
        let put = "INSERT INTO setting VALUES (?1, ?2)
                   ON CONFLICT (name) DO UPDATE SET value = excluded.value";
        self.write(|t| Ok(t.execute(put, [name, value]).map(|_| ())?))
    }

    /// A setting, empty if it was never kept.
    ///
    /// # Errors
    /// [`Error::Outbox`].
    pub fn setting(&self, name: &str) -> Result<String> {
        let get = "SELECT value FROM setting WHERE name = ?1";
        Ok(self.db.query_row(get, [name], |row| row.get(0)).optional()?.unwrap_or_default())
    }

    /// The item that the photo file belongs to, if it was taken in before. The newest, if it was revised.
    ///
    /// # Errors
    /// [`Error::Outbox`].
    pub fn holder_of(&self, original: Hash) -> Result<Option<i64>> {
        holder_of(&self.db, original)
    }

    /// Adds a receipt, unless one of its photos is in the outbox already: then that item's number is `Err`.
    ///
    /// # Errors
    /// [`Error::Outbox`].
    pub fn add(
        &mut self,
        draft: &Draft,
        originals: &[Hash],
    ) -> Result<std::result::Result<i64, i64>> {
        let mut pages: Vec<Page> = Vec::new();
        for original in originals {
            if !pages.iter().any(|page| page.original == *original) {
                pages.push(Page::new(*original));
            }
        }
        self.act(Act::Add, &[], |t| {
            for page in &pages {
                if let Some(id) = holder_of(t, page.original)? {
                    return Ok((Err(id), None));
                }
            }
            let id = insert(t, "receipt", draft, &pages, None)?;
            Ok((Ok(id), Some(id)))
        })
    }

    /// Adds a nil return, unless there is one of that month: then its number is `Err`.
    ///
    /// # Errors
    /// [`Error::Outbox`].
    pub fn add_nothing(&mut self, period: Period) -> Result<std::result::Result<i64, i64>> {
        let find = "SELECT id FROM item WHERE kind = 'nothing' AND draft ->> 'period' = ?1
                    AND state NOT IN ('removed', 'revised')";
        let draft = Draft { period: Some(period), ..Draft::default() };
        self.act(Act::Add, &[], |t| {
            let there = t.query_row(find, [period.to_string()], |row| row.get(0)).optional()?;
            if let Some(id) = there {
                return Ok((Err(id), None));
            }
            let id = insert(t, "nothing", &draft, &[], None)?;
            Ok((Ok(id), Some(id)))
        })
    }

    /// Marks a returned item as revised and adds a new draft like it; the draft's number.
    ///
    /// # Errors
    /// [`Error::State`] unless it was returned.
    pub fn revise(&mut self, item: &Item) -> Result<i64> {
        self.act(Act::Revise, &[item.id], |t| {
            step(t, item.id, &[State::Returned], State::Revised)?;
            let id = again(t, item, &item.draft)?;
            Ok((id, Some(id)))
        })
    }

    /// Adds a draft with a published item's pages, to correct it; the draft's number.
    ///
    /// # Errors
    /// [`Error::State`] unless it is published.
    pub fn correct(&mut self, item: &Item, draft: &Draft) -> Result<i64> {
        self.act(Act::Correct, &[item.id], |t| {
            step(t, item.id, &[State::Published], State::Published)?;
            let id = again(t, item, draft)?;
            Ok((id, Some(id)))
        })
    }

    /// Changes the fields of a draft.
    ///
    /// # Errors
    /// [`Error::State`] unless it is a draft; `change`'s own, and then nothing is changed.
    pub fn edit(
        &mut self,
        id: i64,
        act: Act,
        change: impl FnOnce(&mut Draft) -> Result<()>,
    ) -> Result<()> {
        self.act(act, &[id], |t| {
            step(t, id, &[State::Draft], State::Draft)?;
            let mut draft = draft_of(t, id)?;
            change(&mut draft)?;
            put_draft(t, id, &draft)?;
            Ok(((), None))
        })
    }

    /// Takes an item out of the work; a signature that was never sent is thrown away.
    ///
    /// # Errors
    /// [`Error::State`] if it was sent.
    pub fn remove(&mut self, id: i64) -> Result<()> {
        let unsign = "UPDATE item SET submission = NULL, note = NULL, content = NULL WHERE id = ?1";
        self.act(Act::Remove, &[id], |t| {
            let get = "SELECT offered FROM item WHERE id = ?1";
            let offered = t.query_row(get, [id], |row| row.get(0)).optional()?;
            let from: &[State] = match offered {
                Some(true) => &[State::Draft],
                _ => &[State::Draft, State::Signed],
            };
            step(t, id, from, State::Removed)?;
            t.execute(unsign, [id])?;
            Ok(((), None))
        })
    }

    /// Brings a removed item back as a draft.
    ///
    /// # Errors
    /// [`Error::State`] unless it is removed, and if its pages went to another one.
    pub fn restore(&mut self, id: i64) -> Result<()> {
        self.act(Act::Restore, &[id], |t| {
            let empty = "SELECT count(*) FROM item WHERE id = ?1 AND kind = 'receipt'
                         AND NOT EXISTS (SELECT 1 FROM page WHERE item = ?1)";
            if t.query_row(empty, [id], |row| row.get::<_, i64>(0))? > 0 {
                let why = say!("照片在别的票据里；要分开请用 split");
                return Err(Error::State { id, state: State::Removed, why });
            }
            step(t, id, &[State::Removed], State::Draft)?;
            Ok(((), None))
        })
    }

    /// Keeps what was signed. What was done before can no longer be undone.
    ///
    /// # Errors
    /// [`Error::State`] unless it is a draft.
    pub fn sign(&mut self, id: i64, signed: &Signed) -> Result<()> {
        let put = "UPDATE item SET submission = ?2, note = ?3, content = ?4 WHERE id = ?1";
        let submission = signed.submission.to_string();
        self.write(|t| {
            t.execute(put, params![id, submission, signed.note, signed.content])?;
            t.execute("DELETE FROM journal", [])?;
            step(t, id, &[State::Draft], State::Signed)
        })
    }

    /// Notes that an item is about to be sent: from here on the server may have it.
    ///
    /// # Errors
    /// [`Error::Outbox`].
    pub fn offer(&mut self, ids: &[i64]) -> Result<()> {
        self.write(|t| {
            for id in ids {
                t.execute("UPDATE item SET offered = 1 WHERE id = ?1", [id])?;
            }
            Ok(())
        })
    }

    /// Keeps what the server said of an item; where it now stands.
    ///
    /// # Errors
    /// [`Error::Outbox`].
    pub fn answer(&mut self, id: i64, status: &Status) -> Result<State> {
        let state = status.state.in_outbox();
        let put = "UPDATE item SET state = ?2, status = ?3 WHERE id = ?1
                   AND state IN ('signed', 'received', 'returned', 'published')";
        self.write(|t| {
            t.execute(put, params![id, state.word(), json(status)?])?;
            Ok(state)
        })
    }

    /// The server does not know an item that it once had: it must be sent again.
    ///
    /// # Errors
    /// [`Error::Outbox`].
    pub fn forgotten(&mut self, id: i64) -> Result<()> {
        let put = "UPDATE item SET state = 'signed', status = NULL WHERE id = ?1
                   AND state IN ('signed', 'received')";
        self.write(|t| Ok(t.execute(put, [id]).map(|_| ())?))
    }

    /// One item.
    ///
    /// # Errors
    /// [`Error::NoItem`].
    pub fn item(&self, id: i64) -> Result<Item> {
        self.select("WHERE id = ?1", [id])?.pop().ok_or(Error::NoItem(id))
    }

    /// All items, by number.
    ///
    /// # Errors
    /// [`Error::Outbox`], [`Error::Record`].
    pub fn items(&self) -> Result<Vec<Item>> {
        self.select("ORDER BY id", [])
    }

    fn select(&self, which: &str, values: impl rusqlite::Params) -> Result<Vec<Item>> {
        let sql = format!(
            "SELECT id, kind, state, draft, submission, note, content, status, offered FROM item {which}"
        );
        let mut statement = self.db.prepare_cached(&sql)?;
        let mut rows = statement.query(values)?;
        let mut items = Vec::new();
        while let Some(row) = rows.next()? {
            items.push(self.read(row)?);
        }
        Ok(items)
    }

    fn read(&self, row: &Row) -> Result<Item> {
        let id = row.get(0)?;
        let kind: String = row.get(1)?;
        let status: Option<String> = row.get(7)?;
        let submission: Option<String> = row.get(4)?;
        let signed = match (submission, row.get(5)?) {
            (Some(submission), Some(note)) => Some(Signed {
                submission: submission.parse().map_err(|_| Error::Record(submission))?,
                note,
                content: row.get(6)?,
            }),
            _ => None,
        };
        Ok(Item {
            id,
            kind: if kind == "nothing" { Kind::Nothing } else { Kind::Receipt },
            state: State::of_word(&row.get::<_, String>(2)?)?,
            draft: of_json(&row.get::<_, String>(3)?)?,
            pages: self.pages(id)?,
            signed,
            status: status.as_deref().map(of_json).transpose()?,
            offered: row.get(8)?,
        })
    }
}

fn holder_of(db: &Connection, original: Hash) -> Result<Option<i64>> {
    let find = "SELECT item FROM page WHERE original = ?1 ORDER BY item DESC LIMIT 1";
    Ok(db.query_row(find, [original.to_string()], |row| row.get(0)).optional()?)
}

fn insert(
    t: &Transaction,
    kind: &str,
    draft: &Draft,
    pages: &[Page],
    revises: Option<i64>,
) -> Result<i64> {
    let put = "INSERT INTO item (kind, state, draft, revises) VALUES (?1, 'draft', ?2, ?3)";
    t.execute(put, params![kind, json(draft)?, revises])?;
    let id = t.last_insert_rowid();
    for (n, page) in (0i64..).zip(pages) {
        put_page(t, id, n, page)?;
    }
    Ok(id)
}

/// Adds an item with these fields and with the pages of another one and what was found on them.
fn again(t: &Transaction, item: &Item, draft: &Draft) -> Result<i64> {
    let kind = if item.kind == Kind::Receipt { "receipt" } else { "nothing" };
    let id = insert(t, kind, draft, &item.pages, Some(item.id))?;
    let lines = "UPDATE page SET lines =
        (SELECT old.lines FROM page old WHERE old.item = ?1 AND old.n = page.n) WHERE item = ?2";
    t.execute(lines, [item.id, id])?;
    Ok(id)
}

fn draft_of(t: &Transaction, id: i64) -> Result<Draft> {
    let get = "SELECT draft FROM item WHERE id = ?1";
    let draft: Option<String> = t.query_row(get, [id], |row| row.get(0)).optional()?;
    of_json(&draft.ok_or(Error::NoItem(id))?)
}

fn put_draft(t: &Transaction, id: i64, draft: &Draft) -> Result<()> {
    t.execute("UPDATE item SET draft = ?2 WHERE id = ?1", params![id, json(draft)?])?;
    Ok(())
}

/// Moves an item from one of `from` to `to`.
fn step(t: &Transaction, id: i64, from: &[State], to: State) -> Result<()> {
    let get = "SELECT state FROM item WHERE id = ?1";
    let word: Option<String> = t.query_row(get, [id], |row| row.get(0)).optional()?;
    let state = State::of_word(&word.ok_or(Error::NoItem(id))?)?;
    if !from.contains(&state) {
        let why = match state {
            _ if to == State::Published => say!("只能更正已经公布的票据"),
            State::Published => say!("已经公布；要改请用 correct 更正"),
            State::Draft if to == State::Draft => say!("没有删除，不用恢复"),
            State::Draft => say!("还没有发送过"),
            State::Signed if to == State::Removed => say!("可能已经发到服务器，不能删除"),
            State::Signed => say!("签名后不能改；先 remove 再 restore，然后修改"),
            State::Returned => say!("请用 revise 重做"),
            State::Removed => say!("请先用 restore 恢复"),
            State::Received | State::Revised => say!("不能再改"),
        };
        return Err(Error::State { id, state, why });
    }
    t.execute("UPDATE item SET state = ?2 WHERE id = ?1", params![id, to.word()])?;
    Ok(())
}

fn json(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|why| Error::Record(why.to_string()))
}

fn of_json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|why| Error::Record(why.to_string()))
}

#[cfg(test)]
mod tests;
