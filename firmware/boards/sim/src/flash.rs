//! Flash in a file: strict as the real one, and there again after the program was killed.

use embedded_storage_async::nor_flash::{ErrorType, MultiwriteNorFlash, NorFlash, ReadNorFlash};
use firmware::nor::{Nor, Refused, SECTOR};
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

/// The flash.
#[derive(Debug)]
pub struct FileFlash {
    nor: Nor,
    file: File,
}

impl FileFlash {
    /// The flash in a file of so many sectors; an erased one where there is none yet.
    ///
    /// # Errors
    /// When the file cannot be read or written, or is of another size.
    pub fn open(path: &Path, sectors: usize) -> io::Result<FileFlash> {
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        let (mut nor, mut bytes) = (Nor::new(sectors), Vec::new());
        file.read_to_end(&mut bytes)?;
        match bytes.len() {
            0 => file.write_all_at(nor.bytes(), 0)?,
            length if length == nor.bytes().len() => *nor.bytes() = bytes,
            _ => return Err(io::ErrorKind::InvalidData.into()),
        }
        Ok(FileFlash { nor, file })
    }

    fn keep(&mut self, from: u32, length: usize) -> Result<(), Refused> {
        let at = from as usize;
        let bytes = self.nor.bytes().get(at..at + length).ok_or(Refused::Place)?;
        self.file.write_all_at(bytes, from.into()).map_err(|_| Refused::Cut)
    }
}

impl ErrorType for FileFlash {
    type Error = Refused;
}

impl ReadNorFlash for FileFlash {
    const READ_SIZE: usize = Nor::READ_SIZE;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Refused> {
        self.nor.read(offset, bytes).await
    }

    fn capacity(&self) -> usize {
        self.nor.capacity()
    }
}

impl NorFlash for FileFlash {
    const WRITE_SIZE: usize = Nor::WRITE_SIZE;
    const ERASE_SIZE: usize = SECTOR;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), Refused> {
        self.nor.erase(from, to).await?;
        self.keep(from, (to - from) as usize)
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Refused> {
        self.nor.write(offset, bytes).await?;
        self.keep(offset, bytes.len())
    }
}

impl MultiwriteNorFlash for FileFlash {}
