//! NOR flash in memory, as strict as the real one, whose current can be cut at any write: for the simulated board and for
//! tests.

use alloc::vec;
use alloc::vec::Vec;

use embedded_storage_async::nor_flash::{
    ErrorType, MultiwriteNorFlash, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash,
};

/// Bytes of a sector.
pub const SECTOR: usize = 4096;
/// Bytes of a word.
const WORD: usize = 4;

/// What the flash refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// A place that is not there, or no whole words or sectors.
    Place,
    /// A bit that would have to rise.
    Bit,
    /// The current is gone.
    Cut,
}

impl NorFlashError for Refused {
    fn kind(&self) -> NorFlashErrorKind {
        match self {
            Refused::Place => NorFlashErrorKind::OutOfBounds,
            Refused::Bit | Refused::Cut => NorFlashErrorKind::Other,
        }
    }
}

/// The flash.
#[derive(Clone, Debug)]
pub struct Nor {
    bytes: Vec<u8>,
    /// Words and sectors that were written and erased.
    pub steps: u64,
    /// How many more may be before the current goes; none: it stays.
    pub left: Option<u64>,
}

impl Nor {
    /// So many erased sectors.
    pub fn new(sectors: usize) -> Nor {
        Nor { bytes: vec![0xFF; sectors * SECTOR], steps: 0, left: None }
    }

    /// What it holds.
    pub fn bytes(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    fn place(&self, at: u32, length: usize, unit: usize) -> Result<usize, Refused> {
        let at = at as usize;
        let fits = at.is_multiple_of(unit)
            && length.is_multiple_of(unit)
            && at.checked_add(length).is_some_and(|end| end <= self.bytes.len());
        if fits { Ok(at) } else { Err(Refused::Place) }
    }

    /// One more word or sector; false: the current goes in the middle of it.
    fn step(&mut self) -> Result<bool, Refused> {
        match &mut self.left {
            Some(0) => return Err(Refused::Cut),
            Some(left) => *left -= 1,
            None => {}
        }
        self.steps += 1;
        Ok(self.left != Some(0))
    }
}

impl ErrorType for Nor {
    type Error = Refused;
}

impl ReadNorFlash for Nor {
    const READ_SIZE: usize = 1;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Refused> {
        let at = self.place(offset, bytes.len(), 1)?;
        bytes.copy_from_slice(&self.bytes[at..at + bytes.len()]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.bytes.len()
    }
}

impl NorFlash for Nor {
    const WRITE_SIZE: usize = WORD;
    const ERASE_SIZE: usize = SECTOR;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), Refused> {
        let length = to.checked_sub(from).ok_or(Refused::Place)? as usize;
        let at = self.place(from, length, SECTOR)?;
        for sector in (at..at + length).step_by(SECTOR) {
            let whole = self.step()?;
            let end = sector + if whole { SECTOR } else { SECTOR / 2 };
            self.bytes[sector..end].fill(0xFF);
            if !whole {
                return Err(Refused::Cut);
            }
        }
        Ok(())
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Refused> {
        let at = self.place(offset, bytes.len(), WORD)?;
        for (word, new) in (at..).step_by(WORD).zip(bytes.chunks(WORD)) {
            let whole = self.step()?;
            // Half of a word's bytes, where the current goes.
            let new = if whole { new } else { &new[..WORD / 2] };
            for (old, new) in self.bytes[word..].iter_mut().zip(new) {
                if *new & !*old != 0 {
                    return Err(Refused::Bit);
                }
                *old &= new;
            }
            if !whole {
                return Err(Refused::Cut);
            }
        }
        Ok(())
    }
}

impl MultiwriteNorFlash for Nor {}
