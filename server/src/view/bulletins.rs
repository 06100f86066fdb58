//! Bulletins in lists, and their columns.

use ledger::content::{BulletinContent, ColumnKind, Content, Importance};
use ledger::hash::Hash;
use ledger::time::Timestamp;
use rusqlite::{Connection, params};

use super::parsed;
use crate::error::Result;
use crate::markdown;

/// Bulletins on one page.
pub const BULLETINS_PAGE: usize = 20;
/// Bulletins that the list of what is shown now holds.
const SHOWN_MAX: usize = 100;
/// Emergencies that stand above a page at the same time.
const EMERGENCIES_MAX: usize = 5;
/// Characters of a bulletin's text that a list holds.
const TEXT_CHARS: usize = 120;

/// A bulletin in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BulletinLine {
    /// Log index.
    pub n: u64,
    /// Its title.
    pub title: String,
    /// Its column's name in Chinese and in English.
    pub column: (String, String),
    /// The village it is about; empty when it is the township's.
    pub place: String,
    /// When it was signed.
    pub time: Timestamp,
    /// Whether it is to be shown now.
    pub shown: bool,
    /// Until when it is shown, if that ends.
    pub until: Option<Timestamp>,
    /// How important it is.
    pub importance: Importance,
    /// The beginning of its text, without marks.
    pub text: String,
}

impl BulletinLine {
    /// Its column's name in Chinese or in English.
    #[must_use]
    pub fn column(&self, chinese: bool) -> &str {
        if chinese { &self.column.0 } else { &self.column.1 }
    }

    /// Whether it is not shown any more at this Unix second.
    #[must_use]
    pub fn is_past(&self, now: &i64) -> bool {
        self.until.as_ref().is_some_and(|until| until.unix_seconds() < *now)
    }
}

/// A column of bulletins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its id in links.
    pub id: String,
    /// Chinese name.
    pub name: String,
    /// English name.
    pub name_en: String,
    /// What its bulletins are.
    pub kind: ColumnKind,
}

/// The columns of bulletins, in the directory's order.
///
/// # Errors
/// When the database fails.
pub fn columns(connection: &Connection) -> Result<Vec<Column>> {
    let sql = "SELECT id, name, name_en, kind FROM view_column ORDER BY place";
    let mut query = connection.prepare_cached(sql)?;
    let columns = query.query_map([], |row| {
        let kind: String = row.get(3)?;
        let kind = match kind.as_str() {
            "policy" => ColumnKind::Policy,
            "explanation" => ColumnKind::Explanation,
            _ => ColumnKind::Notice,
        };
        Ok(Column { id: row.get(0)?, name: row.get(1)?, name_en: row.get(2)?, kind })
    })?;
    Ok(columns.collect::<rusqlite::Result<_>>()?)
}

/// Which bulletins a list holds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Which<'a> {
    /// Only those of this column.
    pub column: Option<&'a str>,
    /// Only those about this village.
    pub village: Option<&'a str>,
    /// Only those after this one in the list.
    pub after: Option<Place>,
    /// At most so many.
    pub limit: usize,
    /// The time it is, Unix seconds: what is shown now comes first.
    pub now: i64,
}

/// Where a bulletin stands in a list: those that are shown first, then by log index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Whether it is shown.
    pub shown: bool,
    /// Its log index.
    pub n: u64,
}

const LINE: &str = "SELECT item.n, item.content, item.time, ifnull(col.name, ''),
    ifnull(col.name_en, ''), ifnull(view_village.name, ''),
    ifnull(item.shown_from, ?1) <= ?1 AND ifnull(item.shown_until, ?1) >= ?1 AS shown
    FROM view_item AS item LEFT JOIN view_column AS col ON col.id = item.column_id
    LEFT JOIN view_village ON view_village.code = item.village
    WHERE item.kind = 'bulletin' AND item.content IS NOT NULL AND item.corrected IS NULL";

/// Bulletins: those that are shown now, then those that were, each newest first.
///
/// # Errors
/// When the database fails.
pub fn bulletins(connection: &Connection, which: Which<'_>) -> Result<Vec<BulletinLine>> {
    let sql = format!(
        "{LINE} AND (?2 IS NULL OR item.column_id = ?2) AND (?3 IS NULL OR item.village = ?3)
         AND (?4 IS NULL OR shown < ?4 OR (shown = ?4 AND item.n < ?5))
         ORDER BY shown DESC, item.n DESC LIMIT ?6"
    );
    let limit = i64::try_from(which.limit).unwrap_or(i64::MAX);
    let after = which.after;
    let values = params![
        which.now,
        which.column,
        which.village,
        after.map(|after| after.shown),
        after.map(|after| after.n),
        limit
    ];
    lines(connection, &sql, values)
}

/// The bulletins that are to be shown at this Unix second, newest first.
///
/// # Errors
/// When the database fails.
pub fn shown_now(connection: &Connection, now: i64) -> Result<Vec<BulletinLine>> {
    let mut lines = bulletins(connection, Which { limit: SHOWN_MAX, now, ..Which::default() })?;
    lines.retain(|line| line.shown);
    Ok(lines)
}

/// Emergencies that last, newest first: of the whole township, and of this village or of all.
///
/// # Errors
/// When the database fails.
pub fn emergencies(
    connection: &Connection,
    village: Option<&str>,
    now: i64,
) -> Result<Vec<BulletinLine>> {
    let sql = format!(
        "{LINE} AND item.importance = 'emergency' AND shown
         AND (?2 IS NULL OR item.village IN (?2, (SELECT township FROM log)))
         ORDER BY item.n DESC LIMIT {EMERGENCIES_MAX}"
    );
    lines(connection, &sql, params![now, village])
}

/// When pages change next although nothing is published: a bulletin begins or ends, a question becomes overdue. Unix
/// seconds.
///
/// # Errors
/// When the database fails.
pub fn next_change(connection: &Connection, now: i64) -> Result<Option<i64>> {
    let sql = "SELECT min(at) FROM
               (SELECT min(shown_from) AS at FROM view_item WHERE shown_from > ?1
                UNION ALL SELECT min(shown_until) + 1 FROM view_item WHERE shown_until >= ?1)";
    let bulletin: Option<i64> =
        connection.prepare_cached(sql)?.query_row([now], |row| row.get(0))?;
    let overdue = super::questions::next_overdue(connection, now)?;
    Ok(bulletin.into_iter().chain(overdue).min())
}

/// Bulletins that explain the policy at this index, or another version of it: log index and title.
///
/// # Errors
/// When the database fails.
pub fn explanations(connection: &Connection, policy: u64) -> Result<Vec<(u64, String)>> {
    let sql = "SELECT n, content FROM view_item WHERE content IS NOT NULL AND corrected IS NULL
               AND explains IN (SELECT entry.content FROM view_item AS this
                   JOIN view_item AS version ON ifnull(version.corrects, version.n)
                       = ifnull(this.corrects, this.n)
                   JOIN entry ON entry.idx = version.n WHERE this.n = ?1) ORDER BY n";
    titles(connection, sql, params![i64::try_from(policy).unwrap_or(i64::MAX)])
}

/// The policy with this content hash, or what corrected it: log index and title.
///
/// # Errors
/// When the database fails.
pub fn policy(connection: &Connection, content: &Hash) -> Result<Option<(u64, String)>> {
    let sql = "SELECT item.n, item.content FROM entry
               JOIN view_item AS old ON old.n = entry.idx
               JOIN view_item AS item ON item.n = ifnull(old.corrected, old.n)
               WHERE entry.content = ?1 AND item.kind = 'bulletin' AND item.content IS NOT NULL";
    Ok(titles(connection, sql, params![content.to_string()])?.pop())
}

fn titles(
    connection: &Connection,
    sql: &str,
    values: &[&dyn rusqlite::ToSql],
) -> Result<Vec<(u64, String)>> {
    let mut query = connection.prepare_cached(sql)?;
    let mut rows = query.query(values)?;
    let mut titles = Vec::new();
    while let Some(row) = rows.next()? {
        let text: String = row.get(1)?;
        if let Ok(content) = BulletinContent::parse(text.as_bytes()) {
            titles.push((row.get(0)?, content.title));
        }
    }
    Ok(titles)
}

fn lines(
    connection: &Connection,
    sql: &str,
    values: &[&dyn rusqlite::ToSql],
) -> Result<Vec<BulletinLine>> {
    let mut query = connection.prepare_cached(sql)?;
    let mut rows = query.query(values)?;
    let mut bulletins = Vec::new();
    while let Some(row) = rows.next()? {
        let text: String = row.get(1)?;
        let Ok(content) = BulletinContent::parse(text.as_bytes()) else { continue };
        bulletins.push(BulletinLine {
            n: row.get(0)?,
            text: markdown::first_line(&content.body, TEXT_CHARS),
            title: content.title,
            time: parsed(row, 2)?,
            column: (row.get(3)?, row.get(4)?),
            place: row.get(5)?,
            shown: row.get(6)?,
            until: content.until,
            importance: content.importance,
        });
    }
    Ok(bulletins)
}
