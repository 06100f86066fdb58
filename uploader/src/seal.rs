//! The originals of one paper, sealed for the office when it asks for them: an age file (C2SP/age, X25519) around a tar
//! archive of the photos. Nobody else can open it, the accountant neither.

use crate::desk::Desk;
use crate::error::{Error, Result};
use crate::sealed;
use age::Encryptor;
use age::x25519::Recipient;
use std::io;
use std::path::Path;

/// Writes the originals of an item to `file`, for the holder of the key `to` (`age1…`).
///
/// # Errors
/// [`Error::Recipient`], [`Error::Image`] if an original is gone, [`Error::Disk`].
pub fn seal(desk: &Desk, id: i64, to: &str, file: &Path) -> Result<()> {
    let recipient: Recipient = to.trim().parse().map_err(|_| Error::Recipient(to.into()))?;
    let item = desk.outbox.item(id)?;
    let mut photos = Vec::new();
    for page in &item.pages {
        let path = desk.originals.path(page.original);
        let photo = desk.originals.load(page.original);
        photos.push(photo.ok_or(Error::Image { id, file: path })?);
    }
    let to = std::iter::once(&recipient as &dyn age::Recipient);
    let encryptor = Encryptor::with_recipients(to);
    let encryptor = encryptor.map_err(io::Error::other).map_err(Error::disk(file))?;
    sealed::write(file, encryptor, |archive| {
        for (n, photo) in (1..).zip(&photos) {
            let mut header = tar::Header::new_gnu();
            header.set_size(photo.len() as u64);
            header.set_mode(0o600);
            archive.append_data(&mut header, format!("{id}-{n}"), &**photo)?;
        }
        Ok(())
    })
}
