//! Images that arrive: by hash, in pieces, going on where they were cut.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use http_body_util::BodyExt;
use ledger::hash::{Hash, sha256};
use rusqlite::{Connection, OptionalExtension, params};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::app::App;
use crate::durable;
use crate::error::{Error, Result};
use crate::intake;
use crate::photo::{self, IMAGE_BYTES_MAX};

/// How long the next bytes of a body may take.
const PIECE_TIMEOUT: Duration = Duration::from_secs(30);
/// Images that are decoded at the same time: each may take 160 MB.
const DECODERS: usize = 2;

/// What is arriving right now.
pub struct Uploads {
    lines: Arc<Mutex<HashMap<Hash, Arc<Line>>>>,
    decoders: Arc<Semaphore>,
}

impl Default for Uploads {
    fn default() -> Self {
        Self { lines: Arc::default(), decoders: Arc::new(Semaphore::new(DECODERS)) }
    }
}

impl Uploads {
    /// A turn to decode pictures.
    ///
    /// # Errors
    /// When the server ends.
    pub async fn turn(&self) -> Result<OwnedSemaphorePermit> {
        Arc::clone(&self.decoders).acquire_owned().await.map_err(|_| Error::Busy)
    }
}

/// The requests for one image. A newcomer makes the one before it stop where it is: that one's
/// sender may be gone without the connection having noticed.
struct Line {
    turn: Arc<tokio::sync::Mutex<()>>,
    newest: watch::Sender<()>,
}

/// The right to write one image's file; two requests never write one file.
struct Turn {
    lines: Arc<Mutex<HashMap<Hash, Arc<Line>>>>,
    hash: Hash,
    newcomer: watch::Receiver<()>,
    _held: tokio::sync::OwnedMutexGuard<()>,
}

impl Turn {
    async fn take(uploads: &Uploads, hash: Hash) -> Self {
        let (turn, newcomer) = {
            let mut lines = uploads.lines.lock().unwrap_or_else(PoisonError::into_inner);
            let line = lines.entry(hash).or_insert_with(|| {
                Arc::new(Line { turn: Arc::default(), newest: watch::Sender::new(()) })
            });
            line.newest.send_replace(());
            (Arc::clone(&line.turn), line.newest.subscribe())
        };
        let held = turn.lock_owned().await;
        Self { lines: Arc::clone(&uploads.lines), hash, newcomer, _held: held }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        // This turn's own receiver is the last one: nobody else stands in the line.
        if lines.get(&self.hash).is_some_and(|line| line.newest.receiver_count() <= 1) {
            lines.remove(&self.hash);
        }
    }
}

/// What came of a piece.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece {
    /// So many bytes are held now.
    Held(u64),
    /// The piece does not begin where this many held bytes end.
    Elsewhere(u64),
}

/// Bytes of the image that are held.
///
/// # Errors
/// `not-named` when no kept submission names the image.
pub fn held(app: &App, hash: &Hash) -> Result<u64> {
    let known =
        app.db.read(|c| if is_named(c, hash)? { whole(c, hash) } else { Err(not_named()) })?;
    Ok(known.unwrap_or_else(|| partial(app, hash)))
}

/// Takes bytes from `offset` on of an image of `total` bytes. What arrived before the connection
/// was cut is kept.
///
/// # Errors
/// `not-named`, `too-large`, `bad-image` (then nothing is held any more), `too-slow`.
pub async fn append(
    app: &Arc<App>,
    hash: Hash,
    offset: u64,
    total: u64,
    body: Body,
) -> Result<Piece> {
    app.publisher.must_run()?;
    if total == 0 || total > IMAGE_BYTES_MAX as u64 {
        return Err(Error::refused("too-large", "图片应为 1 字节到 8 MiB"));
    }
    let mut turn = Turn::take(&app.uploads, hash).await;
    let have = held(app, &hash)?;
    if app.db.read(|c| whole(c, &hash))?.is_some() {
        return Ok(if offset == have { Piece::Held(have) } else { Piece::Elsewhere(have) });
    }
    if offset != have {
        return Ok(Piece::Elsewhere(have));
    }
    if have > total {
        durable::remove(&app.data.upload(&hash))?;
        return Ok(Piece::Elsewhere(0));
    }
    let have = store(app, &mut turn, have, total, body).await?;
    if have == total {
        finish(app, turn).await?;
    }
    Ok(Piece::Held(have))
}

/// Writes a body's bytes as they come; answers how many bytes are held then.
async fn store(
    app: &App,
    turn: &mut Turn,
    mut have: u64,
    total: u64,
    mut body: Body,
) -> Result<u64> {
    let path = app.data.upload(&turn.hash);
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(Error::file(&path))?;
    file.seek(SeekFrom::Start(have)).map_err(Error::file(&path))?;
    loop {
        let frame = tokio::select! {
            frame = tokio::time::timeout(PIECE_TIMEOUT, body.frame()) => frame,
            _ = turn.newcomer.changed() => return Ok(have),
        };
        let frame = match frame {
            Err(_) => return Err(Error::refused("too-slow", "图片传得太慢，请接着传")),
            Ok(None | Some(Err(_))) => return Ok(have), // the end, or a cut: both keep what came
            Ok(Some(Ok(frame))) => frame,
        };
        let Some(bytes) = frame.data_ref() else { continue };
        if have + bytes.len() as u64 > total {
            return Err(Error::refused("too-large", "图片比声明的长"));
        }
        file.write_all(bytes).map_err(Error::file(&path))?;
        have += bytes.len() as u64;
    }
}

/// Checks a whole image and keeps it durably; a wrong one is dropped.
async fn finish(app: &Arc<App>, turn: Turn) -> Result<()> {
    let permit = app.uploads.turn().await?;
    let (app, hash) = (Arc::clone(app), turn.hash);
    let work = tokio::task::spawn_blocking(move || {
        let (_permit, _turn) = (permit, turn);
        let upload = app.data.upload(&hash);
        let checked = check(&app, &hash);
        if checked.is_err() {
            durable::remove(&upload)?;
        }
        let (bytes, width, height) = checked?;
        File::open(&upload).and_then(|file| file.sync_all()).map_err(Error::file(&upload))?;
        let kept = app.data.private_blob(&hash);
        durable::move_file(&upload, &kept)?;
        if let Some(directory) = kept.parent() {
            durable::sync_directory(directory)?;
        }
        app.db.write_blocking(move |c| keep(c, &hash, bytes, width, height))?;
        app.lookout.wake();
        Ok(())
    });
    work.await.unwrap_or_else(|_| Err(Error::Corrupt("检查图片时出错（程序内部错误）".into())))
}

fn check(app: &App, hash: &Hash) -> Result<(usize, u32, u32)> {
    let path = app.data.upload(hash);
    let bytes = fs::read(&path).map_err(Error::file(&path))?;
    if sha256(&bytes) != *hash {
        return Err(Error::refused("bad-image", "图片与声明的散列不符，请重新上传"));
    }
    let (width, height) = photo::check(&bytes)?;
    app.db.read(|c| must_be_as_said(c, hash, bytes.len(), width, height))?;
    Ok((bytes.len(), width, height))
}

/// A picture has the size that the contents naming it say: pages are laid out by that.
fn must_be_as_said(
    c: &Connection,
    hash: &Hash,
    bytes: usize,
    width: u32,
    height: u32,
) -> Result<()> {
    let mut query = c.prepare_cached(
        "SELECT w.body FROM submission w JOIN submission_image s ON s.submission = w.seq
         WHERE s.sha256 = ?1 AND s.picture = 1 AND w.state = 'received' AND w.body IS NOT NULL",
    )?;
    let bodies = query.query_map([hash.to_string()], |row| row.get::<_, String>(0))?;
    for body in bodies {
        for image in intake::images_of(&body?).iter().filter(|image| image.sha256 == *hash) {
            if (image.width, image.height, image.bytes) != (width, height, bytes as u64) {
                return Err(Error::refused("bad-image", "图片的尺寸与内容所写的不符"));
            }
        }
    }
    Ok(())
}

/// Records an image whose file is in place.
///
/// # Errors
/// When the database cannot be written.
pub(crate) fn keep(
    c: &Connection,
    hash: &Hash,
    bytes: usize,
    width: u32,
    height: u32,
) -> Result<()> {
    c.prepare_cached(
        "INSERT OR IGNORE INTO image (sha256, bytes, width, height) VALUES (?1, ?2, ?3, ?4)",
    )?
    .execute(params![hash.to_string(), bytes, width, height])?;
    Ok(())
}

fn partial(app: &App, hash: &Hash) -> u64 {
    fs::metadata(app.data.upload(hash)).map_or(0, |file| file.len())
}

fn whole(c: &Connection, hash: &Hash) -> Result<Option<u64>> {
    let mut query = c.prepare_cached("SELECT bytes FROM image WHERE sha256 = ?1")?;
    Ok(query.query_row([hash.to_string()], |row| row.get(0)).optional()?)
}

fn not_named() -> Error {
    Error::refused("not-named", "没有提交用到这张图片")
}

/// Whether a submission under review, or a published record that was not withdrawn, names it.
fn is_named(c: &Connection, hash: &Hash) -> Result<bool> {
    let named = c
        .prepare_cached(
            "SELECT 1 FROM submission_image s JOIN submission w ON w.seq = s.submission
             WHERE s.sha256 = ?1 AND (w.state = 'received' OR EXISTS
                 (SELECT 1 FROM entry_image i WHERE i.idx = w.idx AND i.sha256 = ?1)) LIMIT 1",
        )?
        .query_row([hash.to_string()], |_| Ok(()))
        .optional()?;
    Ok(named.is_some())
}

#[cfg(test)]
mod tests;
