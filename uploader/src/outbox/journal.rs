//! The journal of undo: what each deed of the person changed. Taken back field by field, so that what machines filled in
//! since then stays.

use super::{Outbox, json, of_json};
use crate::draft::Field;
use crate::edit::Edit;
use crate::error::Result;
use crate::item::State;
use crate::say;
use rusqlite::{OptionalExtension, Transaction, params};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The most deeds that can be undone.
const DEEDS_MAX: i64 = 500;

/// What a person did to one item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deed {
    /// The item's number.
    pub item: i64,
    /// What was done to it.
    pub act: Act,
}

/// The kinds of deeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "told by `said`")]
pub enum Act {
    Add,
    Edit,
    Type(Field),
    Picture,
    Remove,
    Restore,
    Revise,
    Apart,
}

impl Deed {
    /// What a person calls it.
    pub fn said(self) -> String {
        let id = self.item;
        match self.act {
            Act::Add => say!("加入第 {id} 号", id = id),
            Act::Edit => say!("修改第 {id} 号", id = id),
            Act::Type(field) => {
                say!("填写第 {id} 号的{field}", id = id, field = field.label())
            }
            Act::Picture => say!("修改第 {id} 号的照片", id = id),
            Act::Remove => say!("删除第 {id} 号", id = id),
            Act::Restore => say!("恢复第 {id} 号", id = id),
            Act::Revise => say!("重做第 {id} 号", id = id),
            Act::Apart => say!("说第 {id} 号不是同一张", id = id),
        }
    }
}

/// An item as far as a person changes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Snapshot {
    item: i64,
    state: String,
    draft: Map<String, Value>,
    edits: Vec<Map<String, Value>>,
    /// The papers that it was said not to be.
    #[serde(default)]
    apart: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct Change {
    before: Snapshot,
    after: Snapshot,
}

impl Outbox {
    /// Does a deed that can be undone. `work` says which item it was done to, and which items it added.
    pub(super) fn act<T>(
        &mut self,
        act: Act,
        on: Option<i64>,
        work: impl FnOnce(&Transaction) -> Result<(T, Option<i64>)>,
    ) -> Result<T> {
        self.write(|t| {
            let before = on.map(|item| snapshot(t, item)).transpose()?;
            let (done, added) = work(t)?;
            let mut changes = Vec::new();
            if let Some(before) = before {
                let after = snapshot(t, before.item)?;
                changes.push(Change { before, after });
            }
            if let Some(added) = added {
                let after = snapshot(t, added)?;
                let before = Snapshot { state: State::Removed.word().into(), ..after.clone() };
                changes.push(Change { before, after });
            }
            changes.retain(|change| change.before != change.after);
            if let (false, Some(item)) = (changes.is_empty(), on.or(added)) {
                let values = params![json(&Deed { item, act })?, json(&changes)?];
                t.execute("INSERT INTO journal (deed, changes) VALUES (?1, ?2)", values)?;
                let old = "DELETE FROM journal WHERE id <= (SELECT max(id) FROM journal) - ?1";
                t.execute(old, [DEEDS_MAX])?;
            }
            Ok(done)
        })
    }

    /// The deed that [`Outbox::undo`] would take back.
    ///
    /// # Errors
    /// [`crate::error::Error::Outbox`].
    pub fn last_deed(&self) -> Result<Option<Deed>> {
        let get = "SELECT deed FROM journal ORDER BY id DESC LIMIT 1";
        let deed: Option<String> = self.db.query_row(get, [], |row| row.get(0)).optional()?;
        deed.as_deref().map(of_json).transpose()
    }

    /// Takes back the last deed; which it was.
    ///
    /// # Errors
    /// [`crate::error::Error::Outbox`].
    pub fn undo(&mut self) -> Result<Option<Deed>> {
        let get = "SELECT id, deed, changes FROM journal ORDER BY id DESC LIMIT 1";
        self.write(|t| {
            let row = |row: &rusqlite::Row| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
            let last: Option<(i64, String, String)> = t.query_row(get, [], row).optional()?;
            let Some((id, deed, changes)) = last else { return Ok(None) };
            for change in of_json::<Vec<Change>>(&changes)? {
                take_back(t, &change)?;
            }
            t.execute("DELETE FROM journal WHERE id = ?1", [id])?;
            of_json(&deed).map(Some)
        })
    }
}

fn snapshot(t: &Transaction, item: i64) -> Result<Snapshot> {
    let get = "SELECT state, draft FROM item WHERE id = ?1";
    let found: Option<(String, String)> =
        t.query_row(get, [item], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let (state, draft) = found.ok_or(crate::error::Error::NoItem(item))?;
    let mut pages = t.prepare_cached("SELECT edit FROM page WHERE item = ?1 ORDER BY n")?;
    let edits: Vec<String> =
        pages.query_map([item], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    let edits = edits.iter().map(|edit| of_json(edit)).collect::<Result<_>>()?;
    let mut apart = t.prepare_cached("SELECT other FROM apart WHERE item = ?1 ORDER BY other")?;
    let apart = apart.query_map([item], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    Ok(Snapshot { item, state, draft: of_json(&draft)?, edits, apart })
}

fn take_back(t: &Transaction, change: &Change) -> Result<()> {
    let (before, after) = (&change.before, &change.after);
    let now = snapshot(t, after.item)?;
    let mut state = now.state.as_str();
    if state == after.state && before.state != after.state {
        // A signature that was thrown away stays so.
        let signed = before.state == State::Signed.word();
        state = if signed { State::Draft.word() } else { &before.state };
    }
    let draft = merge(&before.draft, &after.draft, now.draft);
    let put = "UPDATE item SET state = ?2, draft = ?3 WHERE id = ?1";
    t.execute(put, params![now.item, state, json(&draft)?])?;
    let item = now.item;
    for other in after.apart.iter().filter(|other| !before.apart.contains(other)) {
        t.execute("DELETE FROM apart WHERE item = ?1 AND other = ?2", params![item, other])?;
    }
    let edits = before.edits.iter().zip(&after.edits).zip(now.edits);
    for (n, ((before, after), now)) in (0i64..).zip(edits) {
        let edit = merge(before, after, now.clone());
        if edit != now {
            // In the words that `made` compares with.
            let edit: Edit = of_json(&json(&edit)?)?;
            let put = "UPDATE page SET edit = ?3, image = NULL WHERE item = ?1 AND n = ?2";
            t.execute(put, params![item, n, json(&edit)?])?;
        }
    }
    Ok(())
}

/// `now` with what the deed changed set back, but for what was changed again since.
fn merge(
    before: &Map<String, Value>,
    after: &Map<String, Value>,
    mut now: Map<String, Value>,
) -> Map<String, Value> {
    for (key, was) in before {
        let became = after.get(key);
        if became != Some(was) && now.get(key) == became {
            now.insert(key.clone(), was.clone());
        }
    }
    for key in after.keys().filter(|key| !before.contains_key(*key)) {
        if now.get(key) == after.get(key) {
            now.remove(key);
        }
    }
    now
}
