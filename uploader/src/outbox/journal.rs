//! The journal of undo: what each deed of the person changed. Taken back field by field, so that what machines filled in
//! since then stays.

use super::regroup::{lay_out, photos_of};
use super::{Outbox, json, of_json};
use crate::draft::Field;
use crate::edit::Edit;
use crate::error::{Error, Result};
use crate::item::State;
use crate::say;
use ledger::hash::Hash;
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
    Correct,
    Apart,
    Join,
    Retake,
    Split,
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
            Act::Correct => say!("更正第 {id} 号", id = id),
            Act::Apart => say!("说第 {id} 号不是同一张", id = id),
            Act::Join => say!("给第 {id} 号加页", id = id),
            Act::Retake => say!("给第 {id} 号换照片", id = id),
            Act::Split => say!("从第 {id} 号拆出一页", id = id),
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
    /// Of its pages, in their order.
    #[serde(default)]
    photos: Vec<Hash>,
    /// The papers that it was said not to be.
    #[serde(default)]
    apart: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct Change {
    before: Snapshot,
    after: Snapshot,
}

impl Change {
    fn gave(&self, photo: &Hash) -> bool {
        self.before.photos.contains(photo) && !self.after.photos.contains(photo)
    }

    fn moved_pages(&self) -> bool {
        self.before.photos != self.after.photos
    }
}

impl Outbox {
    /// Does a deed that can be undone, to these items; the first of them, or else the one that it added, is what a person
    /// calls it after. `work` says which item it added.
    pub(super) fn act<T>(
        &mut self,
        act: Act,
        on: &[i64],
        work: impl FnOnce(&Transaction) -> Result<(T, Option<i64>)>,
    ) -> Result<T> {
        self.write(|t| {
            let before: Vec<Snapshot> =
                on.iter().map(|item| snapshot(t, *item)).collect::<Result<_>>()?;
            let (done, added) = work(t)?;
            let mut changes = Vec::new();
            for before in before {
                let after = snapshot(t, before.item)?;
                changes.push(Change { before, after });
            }
            if let Some(added) = added {
                let after = snapshot(t, added)?;
                let mut before = Snapshot { state: State::Removed.word().into(), ..after.clone() };
                // A page that an item gave away goes back to it.
                before.photos.retain(|photo| !changes.iter().any(|change| change.gave(photo)));
                changes.push(Change { before, after });
            }
            changes.retain(|change| change.before != change.after);
            if let (false, Some(item)) = (changes.is_empty(), on.first().copied().or(added)) {
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
    /// [`Error::Outbox`].
    pub fn last_deed(&self) -> Result<Option<Deed>> {
        let get = "SELECT deed FROM journal ORDER BY id DESC LIMIT 1";
        let deed: Option<String> = self.db.query_row(get, [], |row| row.get(0)).optional()?;
        deed.as_deref().map(of_json).transpose()
    }

    /// Takes back the last deed; which it was.
    ///
    /// # Errors
    /// [`Error::Outbox`].
    pub fn undo(&mut self) -> Result<Option<Deed>> {
        let get = "SELECT id, deed, changes FROM journal ORDER BY id DESC LIMIT 1";
        self.write(|t| {
            let row = |row: &rusqlite::Row| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
            let last: Option<(i64, String, String)> = t.query_row(get, [], row).optional()?;
            let Some((id, deed, changes)) = last else { return Ok(None) };
            let changes: Vec<Change> = of_json(&changes)?;
            put_pages_back(t, &changes)?;
            for change in &changes {
                take_back(t, change)?;
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
    let (state, draft) = found.ok_or(Error::NoItem(item))?;
    let mut pages = t.prepare_cached("SELECT edit FROM page WHERE item = ?1 ORDER BY n")?;
    let edits: Vec<String> =
        pages.query_map([item], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    let edits = edits.iter().map(|edit| of_json(edit)).collect::<Result<_>>()?;
    let photos = photos_of(t, item)?;
    let mut apart = t.prepare_cached("SELECT other FROM apart WHERE item = ?1 ORDER BY other")?;
    let apart = apart.query_map([item], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    Ok(Snapshot { item, state, draft: of_json(&draft)?, edits, photos, apart })
}

/// Lays the pages that the deed moved where they lay before.
fn put_pages_back(t: &Transaction, changes: &[Change]) -> Result<()> {
    let moved: Vec<&Change> = changes.iter().filter(|change| change.moved_pages()).collect();
    for change in &moved {
        // Moved again since, without a journal: left as they are.
        if photos_of(t, change.after.item)? != change.after.photos {
            return Ok(());
        }
    }
    let before = moved.iter().map(|change| (change.after.item, change.before.photos.as_slice()));
    lay_out(t, &before.collect::<Vec<_>>())
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
    if change.moved_pages() {
        return Ok(());
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
