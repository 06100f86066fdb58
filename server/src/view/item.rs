//! One published record, and who signed it.

use ledger::content::{BulletinContent, Content, ReceiptContent};
use ledger::hash::Hash;
use ledger::time::{Period, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row};

use super::parsed;
use crate::error::Result;

/// Who signed a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signer {
    /// Name of the key.
    pub key: String,
    /// `office`, `accountant` or `supervisor`; empty when the key is unknown.
    pub role: String,
    /// The person's name, if it is disclosed.
    pub holder: Option<String>,
    /// The person's post, if it is disclosed.
    pub post: Option<String>,
}

/// A published receipt, empty month or bulletin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Log index.
    pub n: u64,
    /// `receipt`, `nothing` or `bulletin`.
    pub kind: String,
    /// 12-digit code.
    pub village: String,
    /// The month of accounts, where it has one.
    pub period: Option<Period>,
    /// When it was signed.
    pub time: Timestamp,
    /// Its hash as a leaf of the log.
    pub leaf: Hash,
    /// Its content as JSON, where it has one and was not withdrawn.
    pub content: Option<String>,
    /// The log index of the version before.
    pub corrects: Option<u64>,
    /// The log index of the version after.
    pub corrected: Option<u64>,
    /// The log index and the reason's code of its withdrawal.
    pub withdrawn: Option<(u64, String)>,
    /// The law's ground, where it never was disclosed.
    pub ground: Option<String>,
    /// Who signed, in order.
    pub signers: Vec<Signer>,
}

impl Item {
    /// The path of its page.
    #[must_use]
    pub fn path(&self) -> String {
        let page = if self.kind == "bulletin" { 'b' } else { 'r' };
        format!("/{page}/{}", self.n)
    }

    /// The content of a receipt.
    #[must_use]
    pub fn receipt(&self) -> Option<ReceiptContent> {
        let text = self.content.as_deref().filter(|_| self.kind == "receipt")?;
        ReceiptContent::parse(text.as_bytes()).ok()
    }

    /// The content of a bulletin.
    #[must_use]
    pub fn bulletin(&self) -> Option<BulletinContent> {
        let text = self.content.as_deref().filter(|_| self.kind == "bulletin")?;
        BulletinContent::parse(text.as_bytes()).ok()
    }
}

/// The item at log index `n`, if there is one.
///
/// # Errors
/// When the database fails.
pub fn item(connection: &Connection, n: u64) -> Result<Option<Item>> {
    let sql = "SELECT n, kind, village, period, time, leaf, content, corrects, corrected,
               withdrawn, reason, ground FROM view_item WHERE n = ?1";
    let Ok(index) = i64::try_from(n) else { return Ok(None) };
    let found = connection.prepare_cached(sql)?.query_row([index], read_item).optional()?;
    let Some(mut item) = found else { return Ok(None) };
    let sql = "SELECT signer.name, ifnull(role, ''), holder, post FROM view_signer AS signer
               LEFT JOIN view_key AS key ON key.name = signer.name AND key.id = signer.id
               WHERE signer.n = ?1 ORDER BY line";
    let mut query = connection.prepare_cached(sql)?;
    let signers = query.query_map([index], |row| {
        Ok(Signer { key: row.get(0)?, role: row.get(1)?, holder: row.get(2)?, post: row.get(3)? })
    })?;
    item.signers = signers.collect::<rusqlite::Result<_>>()?;
    Ok(Some(item))
}

fn read_item(row: &Row<'_>) -> rusqlite::Result<Item> {
    let period: Option<String> = row.get(3)?;
    let withdrawn: Option<u64> = row.get(9)?;
    let reason: Option<String> = row.get(10)?;
    Ok(Item {
        n: row.get(0)?,
        kind: row.get(1)?,
        village: row.get(2)?,
        period: period.and_then(|text| text.parse().ok()),
        time: parsed(row, 4)?,
        leaf: Hash(row.get(5)?),
        content: row.get(6)?,
        corrects: row.get(7)?,
        corrected: row.get(8)?,
        withdrawn: withdrawn.map(|by| (by, reason.unwrap_or_default())),
        ground: row.get(11)?,
        signers: Vec::new(),
    })
}

/// The name of whoever holds the key that counts under this name.
///
/// # Errors
/// When the database fails.
pub fn holder(connection: &Connection, key: &str) -> Result<Option<String>> {
    let sql = "SELECT holder FROM view_key WHERE name = ?1 AND revoked IS NULL";
    let found = connection.prepare_cached(sql)?.query_row([key], |row| row.get(0)).optional()?;
    Ok(found.flatten())
}

/// A key that may sign now.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct Enrolled {
    /// Name of the key.
    pub key: String,
    /// The village's name.
    pub place: String,
    /// The person's name; empty where it is not disclosed.
    pub holder: String,
    /// The person's post; empty where it is not disclosed.
    pub post: String,
}

/// The villages' keys that may sign now, in the directory's order.
///
/// # Errors
/// When the database fails.
pub fn enrolled(connection: &Connection) -> Result<Vec<Enrolled>> {
    let sql = "SELECT key.name, ifnull(view_village.name, key.village), ifnull(holder, ''),
               ifnull(post, '') FROM view_key AS key
               LEFT JOIN view_village ON view_village.code = key.village
               WHERE revoked IS NULL AND role <> 'office' ORDER BY place, key.name";
    let mut query = connection.prepare_cached(sql)?;
    let keys = query.query_map([], |row| {
        Ok(Enrolled {
            key: row.get(0)?,
            place: row.get(1)?,
            holder: row.get(2)?,
            post: row.get(3)?,
        })
    })?;
    Ok(keys.collect::<rusqlite::Result<_>>()?)
}
