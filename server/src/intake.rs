//! Intake: a signed submission is checked, kept, and acknowledged once it is on the disk.

use ledger::content::{CONTENT_BYTES_MAX, Content, ImageRef, Invoice, ReceiptContent, VideoRef};
use ledger::hash::{Hash, sha256};
use ledger::note::Note;
use ledger::roster::{Admitted, Roster};
use ledger::statement::Statement;
use rusqlite::{Connection, OptionalExtension, params};

use crate::app::App;
use crate::clock;
use crate::error::{Error, Result};
use crate::people::Actor;
use crate::publish;
use crate::review::{self, State};
use crate::search;

/// Bytes of the longest signed note that is taken in: a statement and a handful of signatures.
pub const NOTE_BYTES_MAX: usize = 4096;

/// What the sender of a submission is told.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct Status {
    /// SHA-256 (hex) of the note's text.
    pub id: String,
    /// Where it stands.
    pub state: State,
    /// Hashes (hex) of images that have not arrived.
    pub missing: Vec<String>,
    /// What a reviewer will look at.
    pub flags: Vec<review::Flag>,
    /// Why it was returned: a sentence in Chinese.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Where the error came from: `format`, `original`, `attribute`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Its index in the log, once published.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<u64>,
}

/// A submission that passed every check that needs no other submission.
#[derive(Debug)]
pub(crate) struct Checked {
    pub id: String,
    pub note: String,
    pub body: Option<String>,
    pub statement: Statement,
    pub signer: String,
    pub images: Vec<ImageRef>,
    pub videos: Vec<VideoRef>,
    pub invoice: Option<Invoice>,
    /// Whether it says how far it is to be disclosed, or need not.
    pub says_openness: bool,
}

/// Takes in what an accountant signed. The same note again is answered with the same status.
///
/// # Errors
/// A refusal that says what is wrong, or that nothing can be written now.
pub async fn receive(app: &App, note: String, body: Option<String>) -> Result<Status> {
    app.publisher.must_run()?;
    let roster = app.publisher.roster();
    let checked = check(&roster, note, body, |of| {
        app.db.read(|c| Ok(publish::earlier(c, of))).ok().flatten()
    })?;
    let status = app
        .db
        .write(move |c| {
            if find(c, &checked.id)?.is_none() {
                if let Statement::Correction { of, .. } = checked.statement {
                    publish::must_stand(c, of)?;
                }
                keep(c, &checked, None)?;
                if !checked.says_openness {
                    review::bounce(c, &checked.id)?;
                }
            }
            status(c, &checked.id)
        })
        .await?;
    // Its pictures may have been here before.
    app.lookout.wake();
    Ok(status)
}

/// The status of a submission.
///
/// # Errors
/// `not-found` when there is none.
pub fn status(c: &Connection, id: &str) -> Result<Status> {
    let unknown = || Error::refused("not-found", "没有这份提交");
    let found = review::one(c, id)?.ok_or_else(unknown)?;
    Ok(Status {
        id: found.id,
        state: found.state,
        missing: found.missing,
        flags: found.flags,
        reason: found.reason,
        source: found.source,
        index: found.index,
    })
}

/// Checks signature, permission, spelling, content and limits.
fn check(
    roster: &Roster,
    note: String,
    body: Option<String>,
    earlier: impl Fn(u64) -> Option<Statement>,
) -> Result<Checked> {
    let content_bytes = body.as_ref().map_or(0, String::len);
    if note.len() > NOTE_BYTES_MAX || content_bytes > CONTENT_BYTES_MAX {
        return Err(Error::refused("too-large", "声明或内容过长"));
    }
    let admitted =
        roster.check(note.as_bytes(), &earlier).map_err(|refusal| publish::refused(&refusal))?;
    only_known_signatures(&note, &admitted)?;
    let statement = admitted.statement;
    let is_receipt = match &statement {
        Statement::Receipt { .. } => true,
        Statement::Nothing { .. } => false,
        Statement::Correction { of, .. } => {
            matches!(earlier(*of), Some(Statement::Receipt { .. }))
        }
        _ => false,
    };
    if !is_receipt && !matches!(statement, Statement::Nothing { .. }) {
        return Err(Error::refused("not-allowed", "此类声明由镇政府在服务器上办理"));
    }
    if statement.content() != body.as_ref().map(|body| sha256(body.as_bytes())) {
        return Err(Error::refused("content-mismatch", "内容与签名的声明不符"));
    }
    let receipt = body.as_ref().map(|body| parse_receipt(body)).transpose()?;
    Ok(Checked {
        id: sha256(statement.to_text().as_bytes()).to_string(),
        signer: admitted.signers.first().map_or_else(String::new, |s| s.key.name().to_owned()),
        says_openness: receipt.as_ref().is_none_or(|receipt| receipt.openness.is_some()),
        images: receipt.as_ref().map_or_else(Vec::new, |receipt| receipt.images.clone()),
        videos: Vec::new(),
        invoice: receipt.and_then(|receipt| receipt.invoice),
        note,
        body,
        statement,
    })
}

/// A signature by a key that nobody knows would be bytes in the log that nobody vouches for.
fn only_known_signatures(note: &str, admitted: &Admitted) -> Result<()> {
    let lines = Note::parse(note.as_bytes()).map_or(0, |note| note.signatures().len());
    if lines == admitted.signers.len() {
        Ok(())
    } else {
        Err(Error::refused("not-enrolled", "声明上有未登记密钥的签名，或重复的签名"))
    }
}

fn parse_receipt(body: &str) -> Result<ReceiptContent> {
    ReceiptContent::parse(body.as_bytes())
        .map_err(|e| Error::refused("bad-content", format!("内容不合规定：{e}")))
}

fn find(c: &Connection, id: &str) -> Result<Option<i64>> {
    let mut query = c.prepare_cached("SELECT seq FROM submission WHERE id = ?1")?;
    Ok(query.query_row([id], |row| row.get(0)).optional()?)
}

/// Writes a submission to be reviewed.
///
/// # Errors
/// `content-used` when the same content stands under another statement.
pub(crate) fn keep(c: &Connection, checked: &Checked, author: Option<&Actor>) -> Result<()> {
    let content = checked.statement.content().map(|hash| hash.to_string());
    if let Some(hash) = &content {
        must_be_new(c, hash)?;
    }
    let of = match &checked.statement {
        Statement::Correction { of, .. } => Some(*of),
        _ => None,
    };
    let now = clock::now();
    c.prepare_cached(
        "INSERT INTO submission (id, kind, village, period, signer, author, author_for, note,
             content, body, of, state, received, changed)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 'received', ?12, ?12)",
    )?
    .execute(params![
        checked.id,
        checked.statement.kind(),
        checked.statement.village().as_str(),
        checked.statement.period().map(|period| period.to_string()),
        checked.signer,
        author.map(|author| &author.login),
        author.and_then(Actor::for_login),
        checked.note,
        content,
        checked.body,
        of,
        now,
    ])?;
    let seq = c.last_insert_rowid();
    if let Some(body) = &checked.body {
        let period = checked.statement.period().map(|period| period.to_string());
        search::keep(c, seq, checked.statement.village().as_str(), period.as_deref(), body)?;
    }
    let pictures =
        checked.images.iter().flat_map(|image| [(&image.sha256, true), (&image.thumb, false)]);
    let videos = checked.videos.iter().map(|video| (&video.sha256, false));
    for (hash, picture) in pictures.chain(videos) {
        c.prepare_cached(
            "INSERT OR IGNORE INTO submission_image (submission, sha256, picture)
             VALUES (?1, ?2, ?3)",
        )?
        .execute(params![seq, hash.to_string(), picture])?;
    }
    if let Some(invoice) = &checked.invoice {
        c.prepare_cached("INSERT INTO invoice (submission, code, number) VALUES (?1, ?2, ?3)")?
            .execute(params![seq, invoice.code, invoice.number])?;
    }
    Ok(())
}

/// One content stands under one statement: else withdrawing one would take the other's away.
fn must_be_new(c: &Connection, content: &str) -> Result<()> {
    let used: bool = c
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM entry WHERE content = ?1)
             OR EXISTS (SELECT 1 FROM submission WHERE content = ?1 AND +state = 'received')",
        )?
        .query_row([content], |row| row.get(0))?;
    if used {
        return Err(Error::refused("content-used", "同一内容已用另一份声明提交过"));
    }
    Ok(())
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct WithFiles {
    images: Vec<ImageRef>,
    videos: Vec<VideoRef>,
}

impl WithFiles {
    fn of(body: &str) -> Self {
        serde_json::from_str(body).unwrap_or_default()
    }
}

/// The pictures that a content object names; none if it is of a kind without.
#[must_use]
pub fn images_of(body: &str) -> Vec<ImageRef> {
    WithFiles::of(body).images
}

/// The files that a content object names: pictures, thumbnails and videos.
#[must_use]
pub fn files_of(body: &str) -> Vec<Hash> {
    let named = WithFiles::of(body);
    let videos = named.videos.into_iter().map(|video| video.sha256);
    named.images.into_iter().flat_map(|image| [image.sha256, image.thumb]).chain(videos).collect()
}

#[cfg(test)]
mod tests;
