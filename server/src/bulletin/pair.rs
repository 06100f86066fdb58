//! A policy and what explains it are published together (政策文件与解读材料同步公布), by the unit that drafted them.

use ledger::content::{BulletinContent, ColumnKind, Content, Openness};
use ledger::hash::{Hash, sha256};
use rusqlite::{Connection, OptionalExtension};

use super::drafts;
use super::written::DRAFT;
use crate::directory;
use crate::error::{Error, Result};
use crate::people::Actor;
use crate::review::Submission;

/// A bulletin that is to be published, and its hash.
struct Chosen {
    hash: Hash,
    content: BulletinContent,
}

/// Whether everything that is chosen may be published together: a policy with its explanation, or with the reason why it
/// needs none; an explanation with its policy, or after it. A correction is not asked: the first version was.
///
/// # Errors
/// `unpaired` says which bulletin misses what.
pub fn must_be_paired<'a>(
    c: &Connection,
    chosen: impl Iterator<Item = &'a Submission>,
) -> Result<()> {
    let chosen: Vec<Chosen> =
        chosen.filter(|one| one.kind == "bulletin").filter_map(read).collect();
    if chosen.is_empty() {
        return Ok(());
    }
    let columns = directory::current(c)?.columns;
    for one in &chosen {
        let column = columns.iter().find(|column| column.id == one.content.column);
        match (column.map(|column| column.kind).unwrap_or_default(), one.content.explains) {
            (_, Some(policy)) => follows(c, &chosen, one, policy)?,
            (ColumnKind::Policy, None) => is_explained(c, &chosen, one)?,
            // What explains no policy of this township explains somebody else's.
            (ColumnKind::Notice | ColumnKind::Explanation, None) => {}
        }
    }
    Ok(())
}

fn read(submission: &Submission) -> Option<Chosen> {
    let body = submission.body.as_deref()?.as_bytes();
    let content = BulletinContent::parse(body).ok()?;
    Some(Chosen { hash: sha256(body), content })
}

/// An explanation's policy stands, or is chosen too, and both are of one unit.
fn follows(c: &Connection, chosen: &[Chosen], one: &Chosen, policy: Hash) -> Result<()> {
    let published = || -> Result<Option<BulletinContent>> {
        let body: Option<String> = c
            .query_row(
                "SELECT body FROM entry WHERE content = ?1 AND kind IN ('bulletin', 'correction')
                 AND body IS NOT NULL",
                [policy.to_string()],
                |row| row.get(0),
            )
            .optional()?;
        Ok(body.and_then(|body| BulletinContent::parse(body.as_bytes()).ok()))
    };
    let policy = match chosen.iter().find(|other| other.hash == policy) {
        Some(other) => Some(other.content.clone()),
        None => published()?,
    };
    match policy {
        None => Err(unpaired(one, "是解读，要和它解读的政策文件一起公布：请把政策文件也选上")),
        Some(policy) if policy.unit != one.content.unit => {
            let message =
                format!("的起草单位要和政策文件的一样（{}）：谁起草、谁解读", policy.unit);
            Err(unpaired(one, &message))
        }
        Some(_) => Ok(()),
    }
}

/// A policy's explanation stands, or is chosen too, or it says why there is none.
fn is_explained(c: &Connection, chosen: &[Chosen], one: &Chosen) -> Result<()> {
    // What nobody sees explains nothing.
    let is_seen = |other: &Chosen| other.content.openness.and_then(Openness::withholding).is_none();
    let chosen_too =
        chosen.iter().any(|other| other.content.explains == Some(one.hash) && is_seen(other));
    if chosen_too || !one.content.no_explanation.trim().is_empty() {
        return Ok(());
    }
    let stands: bool = c.query_row(
        "SELECT EXISTS (SELECT 1 FROM view_item WHERE explains = ?1 AND withdrawn IS NULL)",
        [one.hash.to_string()],
        |row| row.get(0),
    )?;
    if stands {
        return Ok(());
    }
    Err(unpaired(one, "是政策文件，要和解读一起公布：请把解读也选上，或退回写明不需要解读的原因"))
}

fn unpaired(one: &Chosen, what: &str) -> Error {
    Error::refused("unpaired", format!("《{}》{what}。", one.content.title))
}

/// The submissions that wait and belong with this one: what explains it, or what it explains; id and title.
///
/// # Errors
/// When the database cannot be read.
pub fn partners(c: &Connection, of: &Submission) -> Result<Vec<(String, String)>> {
    let Some(mine) = read(of).filter(|_| of.kind == "bulletin") else { return Ok(Vec::new()) };
    let mut query = c.prepare_cached(
        "SELECT id, body FROM submission WHERE state = 'received' AND kind = 'bulletin'
         AND body IS NOT NULL AND id <> ?1",
    )?;
    let mut rows = query.query([&of.id])?;
    let mut partners = Vec::new();
    while let Some(row) = rows.next()? {
        let (id, body): (String, String) = (row.get(0)?, row.get(1)?);
        let Ok(content) = BulletinContent::parse(body.as_bytes()) else { continue };
        let hash = sha256(body.as_bytes());
        if content.explains == Some(mine.hash) || mine.content.explains == Some(hash) {
            partners.push((id, content.title));
        }
    }
    Ok(partners)
}

/// The policies that an explanation by this person may be about: what [`super::Written::explains`] holds, and a label's
/// parts: what it is (`draft`, `waiting`, `published`) and its title.
///
/// # Errors
/// When the database cannot be read.
pub fn policies(c: &Connection, by: &Actor) -> Result<Vec<(String, &'static str, String)>> {
    let columns = directory::current(c)?.columns.into_iter();
    let columns: Vec<String> = columns
        .filter(|column| column.kind == ColumnKind::Policy)
        .map(|column| column.id)
        .collect();
    let mut found = Vec::new();
    for draft in drafts::list(c, by)?.into_iter().filter(|draft| draft.standing.is_open()) {
        if draft.of.is_none() && columns.contains(&draft.written.column) {
            found.push((format!("{DRAFT}{}", draft.id), "draft", draft.written.title));
        }
    }
    let mut query = c.prepare_cached(
        "SELECT content, body, state FROM submission WHERE kind = 'bulletin' AND body IS NOT NULL
         AND state <> 'returned' ORDER BY seq DESC LIMIT 300",
    )?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        let (hash, body, state): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let Ok(content) = BulletinContent::parse(body.as_bytes()) else { continue };
        if columns.contains(&content.column) {
            let standing = if state == "received" { "waiting" } else { "published" };
            found.push((hash, standing, content.title));
        }
    }
    Ok(found)
}
