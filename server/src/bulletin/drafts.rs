//! Bulletins that are being written: every save is kept, an older window never writes over a newer one, and what was
//! deleted comes back.

use ledger::encoding::hex;
use ledger::statement::{Source, word};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::written::Written;
use crate::audit::{self, Change};
use crate::clock;
use crate::error::{Error, Result};
use crate::people::Actor;

/// Seconds within which one person's saves share a line of the list of versions.
const ONE_VERSION_SECONDS: i64 = 10 * 60;
/// Versions kept of one draft; the oldest goes.
const VERSIONS_MAX: i64 = 200;
/// Drafts that one person may have open.
const OPEN_MAX: i64 = 200;
/// Drafts that the list holds.
const LIST_MAX: i64 = 200;
/// Bytes of the longest draft, as JSON.
const BODY_BYTES_MAX: usize = 256 << 10;

/// Where a draft stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is being written.
    Writing,
    /// The submission of this id waits for review: nothing is written any more.
    Waiting(String),
    /// The reviewer sent it back for this reason; it is being written again.
    Returned(String),
    /// It stands in the log at this index.
    Published(u64),
    /// It was deleted, which can be undone.
    Deleted,
}

impl Standing {
    /// Whether it may be written on.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Writing | Self::Returned(_))
    }
}

/// A draft.
#[derive(Clone, Debug)]
pub struct Draft {
    /// 32 hex digits.
    pub id: String,
    /// The newest version's number, from 1.
    pub version: i64,
    /// The log index of the bulletin that it corrects, and where that one's error came from (its word).
    pub of: Option<(u64, String)>,
    /// Where it stands.
    pub standing: Standing,
    /// What is written.
    pub written: Written,
    /// When it was saved last, RFC 3339.
    pub changed: String,
    /// The submission it was last sent as.
    pub submission: Option<String>,
}

/// One version of a draft, as listed.
#[derive(Clone, Debug)]
pub struct Version {
    /// Names it.
    pub id: i64,
    /// Whether it was refused because a newer one stood.
    pub aside: bool,
    /// Who saved it.
    pub name: String,
    /// When, RFC 3339.
    pub saved: String,
    /// What is written.
    pub written: Written,
}

/// What became of a save.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Saved {
    /// It is version so and so.
    As(i64),
    /// A newer version stood: this one was kept aside, in the list of versions.
    Aside,
}

/// Begins a draft; answers its id.
///
/// # Errors
/// `too-many` when this person has too many open ones.
pub fn create(
    c: &Connection,
    by: &Actor,
    written: &Written,
    of: Option<(u64, Source)>,
) -> Result<String> {
    let open: i64 = c.query_row(
        "SELECT count(*) FROM draft LEFT JOIN submission s ON s.id = draft.submission
         WHERE draft.author = ?1 AND deleted IS NULL AND (s.state IS NULL OR s.state = 'returned')",
        [&by.login],
        |row| row.get(0),
    )?;
    if open >= OPEN_MAX {
        let message = format!("没写完的公告太多（{OPEN_MAX} 篇）：请先删掉不要的。");
        return Err(Error::refused("too-many", message));
    }
    let id = hex(&super::salt()?.0);
    c.execute(
        "INSERT INTO draft (id, author, author_for, version, of, source, changed)
         VALUES (?1, ?2, ?3, 1, ?4, ?5, ?6)",
        params![
            id,
            by.login,
            by.for_login(),
            of.map(|(of, _)| of),
            of.map(|(_, source)| word(&source)),
            clock::now(),
        ],
    )?;
    insert(c, by, &id, 1, false, written)?;
    Ok(id)
}

fn insert(
    c: &Connection,
    by: &Actor,
    id: &str,
    number: i64,
    aside: bool,
    written: &Written,
) -> Result<()> {
    let now = clock::now();
    c.prepare_cached(
        "INSERT INTO draft_version (draft, number, aside, body, login, name, began, saved)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)",
    )?
    .execute(params![id, number, aside, text(written)?, by.login, by.name, now])?;
    c.prepare_cached(
        "DELETE FROM draft_version WHERE draft = ?1 AND id <= (SELECT id FROM draft_version
         WHERE draft = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)
         AND (aside = 1 OR number <> (SELECT version FROM draft WHERE id = ?1))",
    )?
    .execute(params![id, VERSIONS_MAX])?;
    Ok(())
}

fn text(written: &Written) -> Result<String> {
    let text = serde_json::to_string(written).map_err(|e| Error::Corrupt(e.to_string()))?;
    if text.len() > BODY_BYTES_MAX {
        return Err(Error::refused("too-large", "写得太长，没有保存：请删短，或分成两篇。"));
    }
    Ok(text)
}

/// Saves what was written on top of version `base`. The pictures and videos are those of the newest version: a page does
/// not send them.
///
/// # Errors
/// `not-found`; `wrong-state` when it waits or is published.
pub fn save(c: &Connection, by: &Actor, id: &str, base: i64, written: &Written) -> Result<Saved> {
    let draft = open(c, by, id)?;
    let mut written = written.clone();
    written.images.clone_from(&draft.written.images);
    written.videos.clone_from(&draft.written.videos);
    if base != draft.version {
        if written != draft.written {
            keep_aside(c, by, id, base, &written)?;
        }
        return Ok(Saved::Aside);
    }
    if written == draft.written {
        return Ok(Saved::As(base));
    }
    put(c, by, &draft, &written, true).map(Saved::As)
}

/// The same with other pictures or videos, or on purpose: a version of its own.
///
/// # Errors
/// As [`save`].
pub fn replace(c: &Connection, by: &Actor, id: &str, written: &Written) -> Result<i64> {
    let draft = open(c, by, id)?;
    put(c, by, &draft, written, false)
}

fn put(
    c: &Connection,
    by: &Actor,
    draft: &Draft,
    written: &Written,
    may_share: bool,
) -> Result<i64> {
    let (next, now) = (draft.version + 1, clock::now());
    let shared = may_share && share(c, by, draft, next, written)?;
    c.prepare_cached("UPDATE draft SET version = ?2, changed = ?3 WHERE id = ?1")?
        .execute(params![draft.id, next, now])?;
    if !shared {
        insert(c, by, &draft.id, next, false, written)?;
    }
    Ok(next)
}

/// Writes over the newest version if the same person began it a short while ago.
fn share(c: &Connection, by: &Actor, draft: &Draft, next: i64, written: &Written) -> Result<bool> {
    let newest: Option<(i64, String)> = c
        .prepare_cached(
            "SELECT id, began FROM draft_version
             WHERE draft = ?1 AND number = ?2 AND aside = 0 AND login = ?3 AND ?2 > 1",
        )?
        .query_row(params![draft.id, draft.version, by.login], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((version, began)) = newest else { return Ok(false) };
    let began: Option<ledger::time::Timestamp> = began.parse().ok();
    let fresh =
        began.is_some_and(|began| clock::unix_now() - began.unix_seconds() < ONE_VERSION_SECONDS);
    if fresh {
        c.prepare_cached(
            "UPDATE draft_version SET number = ?2, body = ?3, saved = ?4 WHERE id = ?1",
        )?
        .execute(params![version, next, text(written)?, clock::now()])?;
    }
    Ok(fresh)
}

/// Keeps a refused save; the same window's newer one takes its place.
fn keep_aside(c: &Connection, by: &Actor, id: &str, base: i64, written: &Written) -> Result<()> {
    let replaced = c
        .prepare_cached(
            "UPDATE draft_version SET body = ?4, saved = ?5
             WHERE draft = ?1 AND number = ?2 AND login = ?3 AND aside = 1",
        )?
        .execute(params![id, base, by.login, text(written)?, clock::now()])?;
    if replaced == 0 {
        insert(c, by, id, base, true, written)?;
    }
    Ok(())
}

/// Makes an older version the newest; what stood before stays in the list.
///
/// # Errors
/// As [`save`]; `not-found` when the draft has no such version.
pub fn restore(c: &Connection, by: &Actor, id: &str, version: i64) -> Result<i64> {
    let draft = open(c, by, id)?;
    let body: Option<String> = c
        .query_row(
            "SELECT body FROM draft_version WHERE draft = ?1 AND id = ?2",
            params![id, version],
            |row| row.get(0),
        )
        .optional()?;
    let body = body.ok_or_else(|| Error::refused("not-found", "没有这个版本"))?;
    put(c, by, &draft, &read(&body)?, false)
}

/// Every version of a draft, newest first.
///
/// # Errors
/// When the database cannot be read.
pub fn versions(c: &Connection, id: &str) -> Result<Vec<Version>> {
    let mut query = c.prepare_cached(
        "SELECT id, aside, name, saved, body FROM draft_version WHERE draft = ?1
         ORDER BY saved DESC, id DESC",
    )?;
    let mut rows = query.query([id])?;
    let mut versions = Vec::new();
    while let Some(row) = rows.next()? {
        let body: String = row.get(4)?;
        versions.push(Version {
            id: row.get(0)?,
            aside: row.get(1)?,
            name: row.get(2)?,
            saved: row.get(3)?,
            written: read(&body)?,
        });
    }
    Ok(versions)
}

/// Deletes a draft, or brings it back.
///
/// # Errors
/// As [`save`].
pub fn delete(c: &Connection, by: &Actor, id: &str, undo: bool) -> Result<()> {
    let draft = one(c, by, id)?;
    if !(draft.standing.is_open() || undo && draft.standing == Standing::Deleted) {
        return Err(closed(&draft.standing));
    }
    let deleted = (!undo).then(clock::now);
    c.execute("UPDATE draft SET deleted = ?2 WHERE id = ?1", params![id, deleted])?;
    let act = if undo { "draft-undelete" } else { "draft-delete" };
    audit::record(c, by, act, id, Change::to(&draft.written.title))
}

/// This person's drafts that are not deleted nor published, newest first.
///
/// # Errors
/// When the database cannot be read.
pub fn list(c: &Connection, by: &Actor) -> Result<Vec<Draft>> {
    let mut query = c.prepare_cached(&format!(
        "{SELECT} d.deleted IS NULL AND ifnull(s.state, '') <> 'published'
         AND (d.author IN (?1, ?2) OR d.author_for IN (?1, ?2))
         ORDER BY d.changed DESC LIMIT {LIST_MAX}"
    ))?;
    // Nobody's login is empty.
    let mut rows = query.query(params![by.login, by.for_login().unwrap_or_default()])?;
    let mut drafts = Vec::new();
    while let Some(row) = rows.next()? {
        drafts.push(draft_of(row)?);
    }
    Ok(drafts)
}

/// One draft of this person.
///
/// # Errors
/// `not-found` when there is none or it is another person's.
pub fn one(c: &Connection, by: &Actor, id: &str) -> Result<Draft> {
    let mut query = c.prepare_cached(&format!("{SELECT} d.id = ?1"))?;
    let mut rows = query.query([id])?;
    if let Some(row) = rows.next()? {
        let (author, author_for): (String, Option<String>) = (row.get(8)?, row.get(9)?);
        if by.is_either(Some(&author), author_for.as_deref()) {
            return draft_of(row);
        }
    }
    Err(Error::refused("not-found", "没有这篇草稿"))
}

/// One draft of this person that may be written on.
pub(super) fn open(c: &Connection, by: &Actor, id: &str) -> Result<Draft> {
    let draft = one(c, by, id)?;
    if draft.standing.is_open() { Ok(draft) } else { Err(closed(&draft.standing)) }
}

/// Writes down what a draft was sent as.
pub(super) fn sent(c: &Connection, draft: &Draft, submission: &str) -> Result<()> {
    let same = c.execute(
        "UPDATE draft SET submission = ?3 WHERE id = ?1 AND version = ?2",
        params![draft.id, draft.version, submission],
    )?;
    if same == 1 { Ok(()) } else { Err(Error::Busy) }
}

fn closed(standing: &Standing) -> Error {
    let message = match standing {
        Standing::Waiting(_) => "已经送审，不能再改：要改请让审核人员退回。",
        Standing::Published(_) => "已经公布，不能再改：要改请写更正。",
        Standing::Deleted => "这篇草稿已删除：请先撤销删除。",
        Standing::Writing | Standing::Returned(_) => "这篇草稿正在写",
    };
    Error::refused("wrong-state", message)
}

const SELECT: &str = "SELECT d.id, d.version, d.of, d.source, d.changed, d.submission, d.deleted,
    v.body, d.author, d.author_for, s.state, s.reason,
    CASE WHEN s.idx < (SELECT applied FROM log) THEN s.idx END
    FROM draft d JOIN draft_version v ON v.draft = d.id AND v.number = d.version AND v.aside = 0
    LEFT JOIN submission s ON s.id = d.submission WHERE";

fn draft_of(row: &Row<'_>) -> Result<Draft> {
    let submission: Option<String> = row.get(5)?;
    let (deleted, state): (Option<String>, Option<String>) = (row.get(6)?, row.get(10)?);
    let standing = match (deleted, state.as_deref(), row.get(12)?) {
        (Some(_), ..) => Standing::Deleted,
        (None, Some("published"), Some(n)) => Standing::Published(n),
        (None, Some("returned"), _) => {
            let reason: Option<String> = row.get(11)?;
            Standing::Returned(reason.unwrap_or_default())
        }
        (None, Some(_), _) => Standing::Waiting(submission.clone().unwrap_or_default()),
        (None, None, _) => Standing::Writing,
    };
    let (of, source): (Option<u64>, Option<String>) = (row.get(2)?, row.get(3)?);
    let body: String = row.get(7)?;
    Ok(Draft {
        id: row.get(0)?,
        version: row.get(1)?,
        of: of.zip(source),
        standing,
        written: read(&body)?,
        changed: row.get(4)?,
        submission,
    })
}

fn read(body: &str) -> Result<Written> {
    serde_json::from_str(body).map_err(|e| Error::Corrupt(format!("草稿：{e}")))
}
