//! Review: what waits, what one looks like, and the decisions that people of the office take.

mod countersign;
mod decide;
pub mod invoice;
mod page;
mod way;

use ledger::content::Openness;
use ledger::hash::Hash;
use rusqlite::{Connection, OptionalExtension, Params, Row};

use crate::error::Result;
use crate::people::Who;
pub use countersign::{countersign, key_name, object};
pub(crate) use decide::bounce;
pub use decide::{REASON_CHARS_MAX, approve, pass, publish, return_to, withdraw};
pub use page::{Filter, PAGE_MAX, Page, page};
pub use way::{Needs, Opinion, Stage, Voice, needs, signed_note, stage};

/// Most submissions that one list holds.
pub const LIST_MAX: u32 = 500;

/// Where a submission stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Images are still missing.
    Incomplete,
    /// Whole, waiting for review.
    Received,
    /// Sent back with a reason.
    Returned,
    /// In the log.
    Published,
}

/// Something that a reviewer should look at.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct Flag {
    /// `invoice-used`: an earlier submission has this invoice number. `image-used`: an earlier one
    /// has this picture. `alike`: an earlier one has this payee, amount and date, and neither.
    pub code: &'static str,
    /// The earlier submission's id.
    pub other: String,
    /// The earlier submission's village: not everyone may see it.
    #[serde(skip)]
    pub village: String,
}

/// A submission as the office sees it.
#[derive(Clone, Debug)]
pub struct Submission {
    /// SHA-256 (hex) of the note's text.
    pub id: String,
    /// `receipt`, `nothing`, `bulletin` or `correction`.
    pub kind: String,
    /// 12-digit code.
    pub village: String,
    /// `YYYY-MM`, where the kind has one.
    pub period: Option<String>,
    /// Name of the key that signed.
    pub signer: String,
    /// Login of the editor who wrote it (bulletins).
    pub author: Option<String>,
    /// Login of whom the editor stood in for.
    pub author_for: Option<String>,
    /// The signed note.
    pub note: String,
    /// The content object's text (JSON); none once withdrawn.
    pub body: Option<String>,
    /// The log index that a correction means.
    pub of: Option<u64>,
    /// Where it stands.
    pub state: State,
    /// Why it was returned.
    pub reason: Option<String>,
    /// Where the error came from: `format`, `original`, `attribute`.
    pub source: Option<String>,
    /// Its index in the log.
    pub index: Option<u64>,
    /// When it came, RFC 3339.
    pub received: String,
    /// When its state last changed, RFC 3339.
    pub changed: String,
    /// Hashes of images that have not arrived.
    pub missing: Vec<String>,
    /// What a reviewer should look at.
    pub flags: Vec<Flag>,
    /// What supervisors, reviewer and leader said of it.
    pub opinions: Vec<Opinion>,
}

impl Submission {
    /// How far it is to be disclosed, where its content says so.
    #[must_use]
    pub fn openness(&self) -> Option<Openness> {
        #[derive(serde::Deserialize)]
        struct Said {
            openness: Option<Openness>,
        }
        serde_json::from_str::<Said>(self.body.as_deref()?).ok()?.openness
    }
}

/// What waits for somebody's word, is whole, and may be seen by this person; oldest first, at most [`LIST_MAX`].
///
/// # Errors
/// When the database cannot be read.
pub fn list_pending(c: &Connection, who: &Who) -> Result<Vec<Submission>> {
    match &who.village {
        None => list(c, &format!("{WAITS} ORDER BY w.seq"), []),
        Some(own) => list(c, &format!("{WAITS} AND w.village = ?1 ORDER BY w.seq"), [own.as_str()]),
    }
}

/// The same of one village's month (`YYYY-MM`), or of its bulletins and corrections, which have none.
///
/// # Errors
/// When the database cannot be read.
pub fn list_pending_of(
    c: &Connection,
    village: &str,
    period: Option<&str>,
) -> Result<Vec<Submission>> {
    let month = "w.village = ?1 AND w.period IS ?2";
    list(c, &format!("{WAITS} AND {month} ORDER BY w.seq"), (village, period))
}

/// What is whole and waits.
const WAITS: &str = "w.state = 'received' AND NOT EXISTS (SELECT 1 FROM submission_image s
             LEFT JOIN image i ON i.sha256 = s.sha256
             WHERE s.submission = w.seq AND i.sha256 IS NULL)";

/// What was returned (or published) last and may be seen by this person, newest first, at most `max`.
///
/// # Errors
/// When the database cannot be read.
pub fn list_decided(
    c: &Connection,
    who: &Who,
    published: bool,
    max: usize,
) -> Result<Vec<Submission>> {
    let state = if published { "published" } else { "returned" };
    let order = format!("ORDER BY w.changed DESC, w.seq DESC LIMIT {max}");
    match &who.village {
        None => list(c, &format!("w.state = '{state}' {order}"), []),
        Some(own) => {
            list(c, &format!("w.state = '{state}' AND w.village = ?1 {order}"), [own.as_str()])
        }
    }
}

/// How many submissions that this person may see stand returned.
///
/// # Errors
/// When the database cannot be read.
pub fn count_returned(c: &Connection, who: &Who) -> Result<u64> {
    let count = |sql: &str, values: &[&str]| -> Result<u64> {
        let mut query = c.prepare_cached(sql)?;
        Ok(query.query_row(rusqlite::params_from_iter(values), |row| row.get(0))?)
    };
    let all = "SELECT count(*) FROM submission WHERE state = 'returned'";
    match &who.village {
        None => count(all, &[]),
        Some(own) => count(&format!("{all} AND village = ?1"), &[own.as_str()]),
    }
}

/// Whether this person may see an image: some submission that they may see names it.
///
/// # Errors
/// When the database cannot be read.
pub fn may_see_image(c: &Connection, hash: &Hash, who: &Who) -> Result<bool> {
    let mut query = c.prepare_cached(
        "SELECT DISTINCT w.village FROM submission_image s JOIN submission w ON w.seq = s.submission
         WHERE s.sha256 = ?1 LIMIT 100",
    )?;
    let mut rows = query.query([hash.to_string()])?;
    while let Some(row) = rows.next()? {
        if who.sees(&row.get::<_, String>(0)?) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// One submission by its id.
///
/// # Errors
/// When the database cannot be read.
pub fn one(c: &Connection, id: &str) -> Result<Option<Submission>> {
    let mut query = c.prepare_cached(&format!("{SELECT} w.id = ?1"))?;
    let found = query.query_row([id], read).optional()?;
    found.map(|(seq, submission)| complete(c, seq, submission)).transpose()
}

/// One submission by its place in the order of arrival.
///
/// # Errors
/// When the database cannot be read.
pub(crate) fn at(c: &Connection, seq: i64) -> Result<Option<Submission>> {
    let mut query = c.prepare_cached(&format!("{SELECT} w.seq = ?1"))?;
    let found = query.query_row([seq], read).optional()?;
    found.map(|(seq, submission)| complete(c, seq, submission)).transpose()
}

/// The columns that [`read`] reads. An index counts once the files of its batch are written.
const SELECT: &str = "SELECT w.seq, w.id, w.kind, w.village, w.period, w.signer, w.author, w.note,
    w.body, w.of, w.state, w.reason, w.source,
    CASE WHEN w.idx < (SELECT applied FROM log) THEN w.idx END, w.received, w.changed, w.author_for
    FROM submission w WHERE";

fn list(c: &Connection, which: &str, values: impl Params) -> Result<Vec<Submission>> {
    let mut query =
        c.prepare_cached(&format!("SELECT * FROM ({SELECT} {which}) LIMIT {LIST_MAX}"))?;
    let rows = query.query_map(values, read)?;
    rows.map(|row| {
        let (seq, submission) = row?;
        complete(c, seq, submission)
    })
    .collect()
}

fn read(row: &Row<'_>) -> rusqlite::Result<(i64, Submission)> {
    let (state, index): (String, Option<u64>) = (row.get(10)?, row.get(13)?);
    let state = match state.as_str() {
        "returned" => State::Returned,
        "published" if index.is_some() => State::Published,
        _ => State::Received,
    };
    let submission = Submission {
        id: row.get(1)?,
        kind: row.get(2)?,
        village: row.get(3)?,
        period: row.get(4)?,
        signer: row.get(5)?,
        author: row.get(6)?,
        note: row.get(7)?,
        body: row.get(8)?,
        of: row.get(9)?,
        state,
        reason: row.get(11)?,
        source: row.get(12)?,
        index,
        received: row.get(14)?,
        changed: row.get(15)?,
        missing: Vec::new(),
        flags: Vec::new(),
        author_for: row.get(16)?,
        opinions: Vec::new(),
    };
    Ok((row.get(0)?, submission))
}

fn complete(c: &Connection, seq: i64, mut submission: Submission) -> Result<Submission> {
    if submission.state == State::Received {
        submission.missing = missing(c, seq)?;
        if !submission.missing.is_empty() {
            submission.state = State::Incomplete;
        }
    }
    submission.flags = flags(c, seq)?;
    submission.opinions = way::opinions(c, seq)?;
    Ok(submission)
}

fn missing(c: &Connection, seq: i64) -> Result<Vec<String>> {
    let mut query = c.prepare_cached(
        "SELECT s.sha256 FROM submission_image s LEFT JOIN image i ON i.sha256 = s.sha256
         WHERE s.submission = ?1 AND i.sha256 IS NULL ORDER BY s.picture, s.sha256",
    )?;
    let rows = query.query_map([seq], |row| row.get(0))?;
    Ok(rows.collect::<std::result::Result<_, _>>()?)
}

/// Earlier submissions of any village (not returned, and not what this one corrects) with the same invoice number, the
/// same picture, or the same payee, amount and date.
const FLAGS: &str = "SELECT DISTINCT o.seq, o.id, o.village, 'invoice-used' FROM invoice mine
         JOIN invoice theirs ON theirs.number = mine.number AND theirs.code = mine.code
         JOIN submission o ON o.seq = theirs.submission
         JOIN submission w ON w.seq = mine.submission
         WHERE w.seq = ?1 AND o.seq < w.seq AND o.state <> 'returned'
           AND coalesce(w.of, -1) NOT IN (coalesce(o.idx, -2), coalesce(o.of, -2))
     UNION SELECT DISTINCT o.seq, o.id, o.village, 'image-used' FROM submission_image mine
         JOIN submission_image theirs ON theirs.sha256 = mine.sha256
         JOIN submission o ON o.seq = theirs.submission
         JOIN submission w ON w.seq = mine.submission
         WHERE w.seq = ?1 AND mine.picture = 1 AND theirs.picture = 1 AND o.seq < w.seq
           AND o.state <> 'returned'
           AND coalesce(w.of, -1) NOT IN (coalesce(o.idx, -2), coalesce(o.of, -2))
     UNION SELECT o.seq, o.id, o.village, 'alike' FROM submission w JOIN submission o
             ON json_extract(o.body, '$.amount') = json_extract(w.body, '$.amount')
             AND json_extract(o.body, '$.date') = json_extract(w.body, '$.date')
             AND json_extract(o.body, '$.payee') = json_extract(w.body, '$.payee')
         WHERE w.seq = ?1 AND o.body IS NOT NULL AND o.seq < w.seq AND o.state <> 'returned'
           AND coalesce(w.of, -1) NOT IN (coalesce(o.idx, -2), coalesce(o.of, -2))
     ORDER BY 4 DESC, 1 LIMIT 8";

fn flags(c: &Connection, seq: i64) -> Result<Vec<Flag>> {
    let mut query = c.prepare_cached(FLAGS)?;
    let rows = query.query_map([seq], |row| {
        let code: String = row.get(3)?;
        let code = match code.as_str() {
            "invoice-used" => "invoice-used",
            "image-used" => "image-used",
            _ => "alike",
        };
        Ok(Flag { code, other: row.get(1)?, village: row.get(2)? })
    })?;
    let mut flags: Vec<Flag> = Vec::new();
    for flag in rows {
        let flag = flag?;
        // The weaker finding stands last and says nothing new of one that was found already.
        if flag.code != "alike" || flags.iter().all(|known| known.other != flag.other) {
            flags.push(flag);
        }
    }
    Ok(flags)
}

#[cfg(test)]
mod doubles_tests;
#[cfg(test)]
mod tests;
