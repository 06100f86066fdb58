//! The originals of one paper, sealed for the office when it asks for them: an age file (C2SP/age, X25519) around a tar
//! archive of the photos. Nobody else can open it, the accountant neither.

use crate::desk::Desk;
use crate::error::{Error, Result};
use age::Encryptor;
use age::x25519::Recipient;
use std::io::{self, BufWriter};
use std::path::Path;

/// Writes the originals of an item to `file`, for the holder of the key `to` (`age1…`).
///
/// # Errors
/// [`Error::Recipient`], [`Error::Image`] if an original is gone, [`Error::Disk`].
pub fn seal(desk: &Desk, id: i64, to: &str, file: &Path) -> Result<()> {
    let recipient: Recipient = to.trim().parse().map_err(|_| Error::Recipient(to.into()))?;
    let item = desk.outbox.item(id)?;
    let beside = match file.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let mut photos = Vec::new();
    for page in &item.pages {
        let path = desk.originals.path(page.original);
        let photo = desk.originals.load(page.original);
        photos.push(photo.ok_or(Error::Image { id, file: path })?);
    }
    let write = || -> io::Result<()> {
        let temporary = tempfile::NamedTempFile::new_in(beside)?;
        let to = std::iter::once(&recipient as &dyn age::Recipient);
        let encryptor = Encryptor::with_recipients(to).map_err(io::Error::other)?;
        let mut archive = tar::Builder::new(encryptor.wrap_output(BufWriter::new(temporary))?);
        for (n, photo) in (1..).zip(&photos) {
            let mut header = tar::Header::new_gnu();
            header.set_size(photo.len() as u64);
            header.set_mode(0o600);
            archive.append_data(&mut header, format!("{id}-{n}"), &**photo)?;
        }
        let whole = archive.into_inner()?.finish()?;
        let whole = whole.into_inner().map_err(io::IntoInnerError::into_error)?;
        whole.as_file().sync_all()?;
        whole.persist_noclobber(file)?;
        Ok(())
    };
    write().map_err(Error::disk(file))
}
