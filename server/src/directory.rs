//! The directory (villages, columns) and the keys: what the office states about itself.

use ledger::content::{Column, ColumnKind, Content, DirectoryContent, KeyContent, VillageName};
use ledger::key::VerifierKey;
use ledger::place::Village;
use ledger::statement::{Act, Role, Statement, word};
use rusqlite::{Connection, OptionalExtension};

use crate::app::App;
use crate::audit::{self, Change};
use crate::bulletin::salt;
use crate::clock;
use crate::error::{Error, Result};
use crate::people::Actor;
use crate::publish::{Keys, NewEntry, Published, office_note};

/// The columns that a new office begins with: id, Chinese, English, what stands in them.
const FIRST_COLUMNS: [(&str, &str, &str, ColumnKind); 4] = [
    ("cunwu", "村务公开", "Village affairs", ColumnKind::Notice),
    ("tongzhi", "通知公告", "Notices", ColumnKind::Notice),
    ("wenjian", "政策文件", "Policies", ColumnKind::Policy),
    ("zhengce", "政策解读", "Policies explained", ColumnKind::Explanation),
];

/// The directory as last published.
///
/// # Errors
/// When there is none, or the database cannot be read.
pub fn current(c: &Connection) -> Result<DirectoryContent> {
    let body: Option<String> = c
        .prepare_cached(
            "SELECT body FROM entry WHERE kind = 'directory' AND body IS NOT NULL
             ORDER BY idx DESC LIMIT 1",
        )?
        .query_row([], |row| row.get(0))
        .optional()?;
    let body = body.ok_or_else(|| Error::Corrupt("没有公布过村名录".into()))?;
    DirectoryContent::parse(body.as_bytes()).map_err(|e| Error::Corrupt(format!("村名录：{e}")))
}

/// Entries 0 and 1 of a new log: the office enrols its own key and names the township.
pub(crate) fn first_entries(keys: &Keys, township: Village, name: &str) -> Result<Vec<NewEntry>> {
    let key = Statement::Key {
        village: township,
        time: clock::timestamp()?,
        act: Act::Enrol,
        role: Role::Office,
        key: keys.office.verifier(),
        content: None,
    };
    let column = |(id, name, name_en, kind): (&str, &str, &str, ColumnKind)| Column {
        id: id.into(),
        name: name.into(),
        name_en: name_en.into(),
        kind,
    };
    let directory = DirectoryContent {
        salt: salt()?,
        township: name.to_owned(),
        villages: Vec::new(),
        columns: FIRST_COLUMNS.into_iter().map(column).collect(),
    };
    let enrolment = NewEntry::stated(office_note(keys, &key), None);
    Ok(vec![enrolment, directory_entry(keys, township, &directory)?])
}

fn directory_entry(keys: &Keys, township: Village, new: &DirectoryContent) -> Result<NewEntry> {
    new.check().map_err(|e| Error::refused("bad-directory", format!("村名录不合规定：{e}")))?;
    let (body, content) = new.to_bytes();
    let statement = Statement::Directory { village: township, time: clock::timestamp()?, content };
    let body = Some(String::from_utf8_lossy(&body).into_owned());
    Ok(NewEntry::stated(office_note(keys, &statement), body))
}

/// Adds villages to the directory, or renames them: one statement for all. Answers nothing when
/// the directory says so already.
///
/// # Errors
/// When a name or code is wrong, or publishing fails.
pub fn add_villages(app: &App, villages: &[VillageName], by: &Actor) -> Result<Option<Published>> {
    let villages = villages.to_vec();
    change(app, by, "village-add", move |directory| {
        for village in villages {
            if village.code.is_township() {
                let message = format!("{} 是乡镇代码，不是村代码", village.code);
                return Err(Error::refused("bad-village", message));
            }
            match directory.villages.iter_mut().find(|known| known.code == village.code) {
                Some(known) => known.name = village.name,
                None => directory.villages.push(village),
            }
        }
        Ok(())
    })
}

/// Adds a column to the directory, or renames it.
///
/// # Errors
/// As [`add_villages`].
pub fn add_column(app: &App, column: &Column, by: &Actor) -> Result<Option<Published>> {
    let column = column.clone();
    change(app, by, "column-add", move |directory| {
        match directory.columns.iter_mut().find(|known| known.id == column.id) {
            Some(known) => *known = column,
            None => directory.columns.push(column),
        }
        Ok(())
    })
}

fn change(
    app: &App,
    by: &Actor,
    act: &'static str,
    edit: impl FnOnce(&mut DirectoryContent) -> Result<()> + Send + 'static,
) -> Result<Option<Published>> {
    let before = app.db.read(current)?;
    let mut after = before.clone();
    edit(&mut after)?;
    if after == before {
        return Ok(None);
    }
    after.salt = salt()?;
    let (by, township) = (by.clone(), township(app)?);
    let published = app.append(move |c, keys| {
        // Nobody else may have published another directory since it was read.
        if current(c)? != before {
            return Err(Error::Busy);
        }
        let (old, new) = (said(&before), said(&after));
        let what = Change { old: Some(&old), new: Some(&new) };
        audit::record(c, &by, act, township.as_str(), what)?;
        Ok(vec![directory_entry(keys, township, &after)?])
    })?;
    Ok(published.into_iter().next())
}

/// A directory as the record of what was done keeps it.
fn said(directory: &DirectoryContent) -> String {
    let villages = directory.villages.iter().map(|v| format!("{}={}", v.code, v.name));
    let columns = directory.columns.iter();
    let columns = columns.map(|c| format!("{}={}/{} ({})", c.id, c.name, c.name_en, word(&c.kind)));
    villages.chain(columns).collect::<Vec<_>>().join(", ")
}

fn township(app: &App) -> Result<Village> {
    app.township.parse().map_err(|_| Error::Corrupt("数据库中的乡镇代码".into()))
}

/// Whose key it is, as far as the public may know.
#[derive(Clone, Debug)]
pub struct Holder {
    /// The person's name.
    pub name: String,
    /// Such as 报账员.
    pub post: String,
}

/// Enrols a village's key: from the statement that this publishes on, its signatures count.
///
/// # Errors
/// When the village is not in the directory, or the key was enrolled, or is not named for it.
pub fn enrol(
    app: &App,
    village: Village,
    role: Role,
    key: VerifierKey,
    holder: Holder,
    by: &Actor,
) -> Result<Published> {
    let known = app.db.read(current)?.villages.iter().any(|known| known.code == village);
    if !known {
        let message = format!("村名录里没有 {village}：请先 village add");
        return Err(Error::refused("bad-village", message));
    }
    let content = KeyContent { salt: salt()?, holder: holder.name, post: holder.post };
    content.check().map_err(|e| Error::refused("bad-name", format!("持有人不合规定：{e}")))?;
    let (body, hash) = content.to_bytes();
    let statement = Statement::Key {
        village,
        time: clock::timestamp()?,
        act: Act::Enrol,
        role,
        key,
        content: Some(hash),
    };
    state(app, "key-enrol", statement, Some(String::from_utf8_lossy(&body).into_owned()), by)
}

/// Revokes a key by its name: what it signed before stands, nothing after.
///
/// # Errors
/// When no such key is enrolled, or it is the office's own.
pub fn revoke(app: &App, name: &str, by: &Actor) -> Result<Published> {
    let roster = app.publisher.roster();
    let signer = roster.signers().iter().find(|signer| signer.key.name() == name);
    let signer = signer
        .filter(|signer| signer.role != Role::Office)
        .ok_or_else(|| Error::refused("bad-key", format!("没有登记名为 {name} 的密钥")))?;
    let statement = Statement::Key {
        village: signer.village,
        time: clock::timestamp()?,
        act: Act::Revoke,
        role: signer.role,
        key: signer.key.clone(),
        content: None,
    };
    state(app, "key-revoke", statement, None, by)
}

fn state(
    app: &App,
    act: &'static str,
    statement: Statement,
    body: Option<String>,
    by: &Actor,
) -> Result<Published> {
    let by = by.clone();
    let published = app.append(move |c, keys| {
        let key = match &statement {
            Statement::Key { key, .. } => key.to_string(),
            _ => String::new(),
        };
        audit::record(c, &by, act, statement.village().as_str(), Change::to(&key))?;
        Ok(vec![NewEntry::stated(office_note(keys, &statement), body)])
    })?;
    published.into_iter().next().ok_or_else(|| Error::Corrupt("声明没有结果".into()))
}
