//! What an editor attaches: pictures, the pages of a PDF, videos. A file comes in pieces into a place of its own, is looked
//! at, and what is made of it is kept beside the other pictures until it is published.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use ledger::content::{BulletinContent, ImageRef, VIDEO_BYTES_MAX, VideoRef};
use ledger::encoding::hex;
use ledger::hash::{Hash, sha256};
use rusqlite::Connection;

use crate::app::App;
use crate::data::DataDir;
use crate::durable::{self, Access};
use crate::error::{Error, Result};
use crate::photo::{self, Prepared};
use crate::{blobs, pdf, video};

/// Bytes of the largest picture that is sent.
pub const PICTURE_BYTES_MAX: u64 = 20 << 20;
/// Bytes of all that one form may carry.
pub const UPLOAD_BYTES_MAX: usize = 320 << 20;
/// What the names of files on their way begin with.
const ON_THE_WAY: &str = "office-";
/// Bytes by which a file's kind is known.
const HEAD_BYTES: usize = 12;

/// A file on its way in: gone when it is dropped.
#[derive(Debug)]
pub struct Spool {
    path: PathBuf,
    file: File,
    bytes: u64,
    head: Vec<u8>,
}

impl Spool {
    /// An empty one.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn new(data: &DataDir) -> Result<Self> {
        let name = format!("{ON_THE_WAY}{}", hex(&super::salt()?.0));
        let path = data.path().join("private/upload").join(name);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .map_err(Error::file(&path))?;
        Ok(Self { path, file, bytes: 0, head: Vec::new() })
    }

    /// Adds a piece.
    ///
    /// # Errors
    /// `too-large` when the file is larger than files of its kind may be.
    pub fn add(&mut self, piece: &[u8]) -> Result<()> {
        let missing = HEAD_BYTES.saturating_sub(self.head.len()).min(piece.len());
        self.head.extend_from_slice(piece.get(..missing).unwrap_or_default());
        self.bytes += piece.len() as u64;
        let (max, kind) = match () {
            () if video::is_video(&self.head) => (VIDEO_BYTES_MAX, "视频"),
            () if pdf::is_pdf(&self.head) => (pdf::PDF_BYTES_MAX, "PDF"),
            () => (PICTURE_BYTES_MAX, "图片"),
        };
        if self.bytes > max {
            let message = format!("{kind}太大：至多 {} MiB。", max >> 20);
            return Err(Error::refused("too-large", message));
        }
        self.file.write_all(piece).map_err(Error::file(&self.path))
    }

    /// Whether nothing came.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes == 0
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        // Gone already when it was moved to its place; a leftover is cleared at the next start.
        let _moved = fs::remove_file(&self.path);
    }
}

/// A folder on its way: gone with all in it when it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(data: &DataDir) -> Result<Self> {
        let name = format!("{ON_THE_WAY}{}", hex(&super::salt()?.0));
        let path = data.path().join("private/upload").join(name);
        DirBuilder::new().mode(0o700).create(&path).map_err(Error::file(&path))?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _leftover = fs::remove_dir_all(&self.0);
    }
}

/// Removes what a crash left on its way in.
///
/// # Errors
/// When it cannot be removed.
pub fn clear(data: &DataDir) -> Result<()> {
    let folder = data.path().join("private/upload");
    for entry in fs::read_dir(&folder).map_err(Error::file(&folder))? {
        let path = entry.map_err(Error::file(&folder))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.starts_with(ON_THE_WAY) {
            let removed =
                if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            removed.map_err(Error::file(&path))?;
        }
    }
    Ok(())
}

/// What a file became.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Added {
    /// Pictures: one, or a PDF's pages.
    pub images: Vec<ImageRef>,
    /// A video.
    pub videos: Vec<VideoRef>,
}

/// Looks at a file and keeps what is made of it. Takes CPU: blocks.
///
/// # Errors
/// `bad-image`, `bad-pdf`, `bad-video`, `no-program`: each says what to do.
pub fn take(app: &App, mut spool: Spool) -> Result<Added> {
    let mut added = Added::default();
    if video::is_video(&spool.head) {
        added.videos.push(take_video(app, &mut spool)?);
    } else if pdf::is_pdf(&spool.head) {
        let folder = Folder::new(&app.data)?;
        for page in pdf::pages(&spool.path, &folder.0)? {
            added.images.push(take_picture(app, &page)?);
        }
    } else {
        added.images.push(take_picture(app, &spool.path)?);
    }
    Ok(added)
}

fn take_picture(app: &App, file: &Path) -> Result<ImageRef> {
    let bytes = fs::read(file).map_err(Error::file(file))?;
    let Prepared { image, picture, thumb } = photo::prepare(&bytes)?;
    for (hash, bytes) in [(&image.sha256, &picture), (&image.thumb, &thumb)] {
        if app.data.find_blob(hash).is_none() {
            durable::replace(&app.data.private_blob(hash), bytes, Access::Private)?;
        }
    }
    let made = image.clone();
    app.db.write_blocking(move |c| {
        blobs::keep(c, &made.sha256, picture.len(), made.width, made.height)?;
        // A thumbnail's size is not asked for by anyone.
        blobs::keep(c, &made.thumb, thumb.len(), 0, 0)
    })?;
    Ok(image)
}

fn take_video(app: &App, spool: &mut Spool) -> Result<VideoRef> {
    let found = video::inspect(&mut spool.file)?;
    video::blank(&mut spool.file, &found.hidden).map_err(Error::file(&spool.path))?;
    let mut bytes = Vec::new();
    spool.file.seek(SeekFrom::Start(0)).map_err(Error::file(&spool.path))?;
    spool.file.read_to_end(&mut bytes).map_err(Error::file(&spool.path))?;
    spool.file.sync_all().map_err(Error::file(&spool.path))?;
    let made = VideoRef {
        sha256: sha256(&bytes),
        bytes: spool.bytes,
        width: found.width,
        height: found.height,
        seconds: found.seconds,
    };
    if app.data.find_blob(&made.sha256).is_none() {
        let kept = app.data.private_blob(&made.sha256);
        durable::move_file(&spool.path, &kept)?;
        if let Some(folder) = kept.parent() {
            durable::sync_directory(folder)?;
        }
    }
    let row = made.clone();
    app.db
        .write_blocking(move |c| blobs::keep(c, &row.sha256, bytes.len(), row.width, row.height))?;
    Ok(made)
}

/// Writes down what a bulletin names once more: a withdrawal may have struck it off while only a draft used it.
pub(super) fn keep_again(c: &Connection, content: &BulletinContent) -> Result<()> {
    let size = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
    for image in &content.images {
        blobs::keep(c, &image.sha256, size(image.bytes), image.width, image.height)?;
        blobs::keep(c, &image.thumb, 0, 0, 0)?;
    }
    for video in &content.videos {
        blobs::keep(c, &video.sha256, size(video.bytes), video.width, video.height)?;
    }
    Ok(())
}

/// What a bulletin names must lie here still: a withdrawal may have taken it.
pub(super) fn must_be_present(app: &App, content: &BulletinContent) -> Result<()> {
    let pictures = content.images.iter().flat_map(|image| [&image.sha256, &image.thumb]);
    let gone = |hash: &&Hash| app.data.find_blob(hash).is_none();
    if pictures.chain(content.videos.iter().map(|video| &video.sha256)).any(|hash| gone(&hash)) {
        let message = "有图片或视频已经随另一篇公告撤回：请移除后重新上传。";
        return Err(Error::refused("bad-content", message));
    }
    Ok(())
}
