//! Bulletins in lists, and their columns.

use ledger::content::{BulletinContent, Content};
use ledger::time::Timestamp;
use rusqlite::{Connection, params};

use super::parsed;
use crate::error::Result;

/// Bulletins on one page.
pub const BULLETINS_PAGE: usize = 20;

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
}

impl BulletinLine {
    /// Its column's name in Chinese or in English.
    #[must_use]
    pub fn column(&self, chinese: bool) -> &str {
        if chinese { &self.column.0 } else { &self.column.1 }
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
}

/// The columns of bulletins, in the directory's order.
///
/// # Errors
/// When the database fails.
pub fn columns(connection: &Connection) -> Result<Vec<Column>> {
    let sql = "SELECT id, name, name_en FROM view_column ORDER BY place";
    let mut query = connection.prepare_cached(sql)?;
    let columns = query.query_map([], |row| {
        Ok(Column { id: row.get(0)?, name: row.get(1)?, name_en: row.get(2)? })
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
    /// Only those before this log index.
    pub before: Option<u64>,
    /// At most so many.
    pub limit: usize,
}

/// Bulletins, newest first.
///
/// # Errors
/// When the database fails.
pub fn bulletins(connection: &Connection, which: Which<'_>) -> Result<Vec<BulletinLine>> {
    let sql = "SELECT item.n, item.content, item.time, ifnull(col.name, ''),
                 ifnull(col.name_en, ''), ifnull(view_village.name, '')
               FROM view_item AS item LEFT JOIN view_column AS col ON col.id = item.column_id
               LEFT JOIN view_village ON view_village.code = item.village
               WHERE item.kind = 'bulletin' AND item.content IS NOT NULL AND item.corrected IS NULL
               AND (?1 IS NULL OR item.column_id = ?1) AND (?2 IS NULL OR item.village = ?2)
               AND (?3 IS NULL OR item.n < ?3) ORDER BY item.n DESC LIMIT ?4";
    let mut query = connection.prepare_cached(sql)?;
    let limit = i64::try_from(which.limit).unwrap_or(i64::MAX);
    let mut rows = query.query(params![which.column, which.village, which.before, limit])?;
    let mut bulletins = Vec::new();
    while let Some(row) = rows.next()? {
        let text: String = row.get(1)?;
        let Ok(content) = BulletinContent::parse(text.as_bytes()) else { continue };
        bulletins.push(BulletinLine {
            n: row.get(0)?,
            title: content.title,
            time: parsed(row, 2)?,
            column: (row.get(3)?, row.get(4)?),
            place: row.get(5)?,
        });
    }
    Ok(bulletins)
}
