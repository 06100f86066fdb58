//! Writing a tar archive inside an age file (C2SP/age): whole and on the disk, or not there at all.

use crate::error::{Error, Result};
use crate::keys::sync_folder;
use age::Encryptor;
use age::stream::StreamWriter;
use std::io::{self, BufWriter};
use std::path::Path;
use tempfile::NamedTempFile;

/// The archive while it is filled.
pub type Archive = tar::Builder<StreamWriter<BufWriter<NamedTempFile>>>;

/// Writes `file`, which must not exist, with what `fill` puts into the archive. A crash leaves no file of that name.
///
/// # Errors
/// [`Error::Disk`].
pub fn write(
    file: &Path,
    encryptor: Encryptor,
    fill: impl FnOnce(&mut Archive) -> io::Result<()>,
) -> Result<()> {
    let beside = match file.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let write = || -> io::Result<()> {
        let temporary = BufWriter::new(NamedTempFile::new_in(beside)?);
        let mut archive = tar::Builder::new(encryptor.wrap_output(temporary)?);
        fill(&mut archive)?;
        let sealed = archive.into_inner()?.finish()?;
        let whole = sealed.into_inner().map_err(io::IntoInnerError::into_error)?;
        whole.as_file().sync_all()?;
        whole.persist_noclobber(file)?;
        Ok(())
    };
    write().map_err(Error::disk(file))?;
    sync_folder(beside)
}
