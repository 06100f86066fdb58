//! The flash: a 32 MiB CFI chip pair (`-drive if=pflash,unit=1`), mapped for reading, and what lies where in it. QEMU's chip
//! forgives what a real one does not; here that is the program's fault, and ends it.

use crate::mmio;
use core::cell::RefCell;
use critical_section::Mutex;
use embedded_storage_async::nor_flash::{
    ErrorType, MultiwriteNorFlash, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash,
};

/// Where the machine has it.
const BASE: usize = 0x2200_0000;
/// Bytes of the whole, and of what is erased at a time.
const SIZE: usize = 32 << 20;
const SECTOR: usize = 256 << 10;
/// Bytes that are written at a time.
const WORD: usize = 4;
/// Bytes that are written at once if they are together, as to other flash: then a power cut leaves none of them, or all.
const PAGE: usize = 256;
const ERASED: u32 = u32::MAX;

/// Commands to both chips, and what they answer when they are done and when they failed.
const ERASE: u32 = 0x0020_0020;
const CONFIRM: u32 = 0x00d0_00d0;
const PROGRAM: u32 = 0x0040_0040;
const PROGRAM_MANY: u32 = 0x00e8_00e8;
const CLEAR: u32 = 0x0050_0050;
const READ: u32 = 0x00ff_00ff;
const DONE: u32 = 0x0080_0080;
const FAILED: u32 = 0x003a_003a;

/// Words that were written twice since they were erased, or since the board was started, a bit each.
static TWICE: Mutex<RefCell<[u32; SIZE / WORD / 32]>> = Mutex::new(RefCell::new([0; _]));

/// What can go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// An address outside of the part.
    #[error("outside of this part of the flash")]
    Outside,
    /// The chip says that it failed.
    #[error("the flash failed")]
    Failed,
}

impl NorFlashError for Error {
    fn kind(&self) -> NorFlashErrorKind {
        match self {
            Error::Outside => NorFlashErrorKind::OutOfBounds,
            Error::Failed => NorFlashErrorKind::Other,
        }
    }
}

/// A part of the flash.
#[derive(Debug)]
pub struct Part {
    start: usize,
    size: usize,
}

/// The parts, each once.
pub struct Parts {
    /// The glyph packs, which are only read.
    pub glyphs: &'static [u8],
    /// What the board was told, which is only read too.
    pub config: &'static [u8],
    /// The two slots for firmware.
    pub slots: [Part; 2],
    /// Which slot is good, and which is tried.
    pub record: Part,
    /// What the board keeps.
    pub store: Part,
}

/// Divides the flash. Once: the parts are each somebody's own.
pub fn parts() -> Parts {
    const MIB: usize = 1 << 20;
    // SAFETY: flash is mapped here for as long as the machine runs, and no `Part` is in what is lent: it does not change. While
    // the chip takes commands it cannot be read, but then nothing else runs: see `commands`.
    let lend = |start: usize, size| unsafe {
        core::slice::from_raw_parts(core::ptr::with_exposed_provenance(BASE + start), size)
    };
    Parts {
        glyphs: pack(lend(0, 16 * MIB)),
        config: lend(20 * MIB + SECTOR, SECTOR),
        slots: [16, 18].map(|start| Part { start: start * MIB, size: 2 * MIB }),
        record: Part { start: 20 * MIB, size: SECTOR },
        store: Part { start: 24 * MIB, size: 8 * MIB },
    }
}

/// The glyph pack without the erased flash behind it: its third word says how long it is.
fn pack(flash: &[u8]) -> &[u8] {
    let length = flash[8..].first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes));
    flash.get(..length as usize).unwrap_or_default()
}

impl Part {
    /// Makes it smaller, to no less than a sector.
    pub fn shrink(self, sectors: usize) -> Part {
        Part { size: self.size.min(sectors.max(1) * SECTOR), ..self }
    }

    /// Reads, without waiting.
    pub fn get(&self, offset: u32, bytes: &mut [u8]) -> Result<(), Error> {
        let at = self.place(offset, bytes.len())?;
        // SAFETY: `place` has looked that so many bytes of flash are there; nothing of Rust's is among them.
        unsafe {
            let from = core::ptr::with_exposed_provenance::<u8>(at);
            from.copy_to_nonoverlapping(bytes.as_mut_ptr(), bytes.len());
        }
        Ok(())
    }

    /// Writes, without waiting.
    pub fn put(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Error> {
        let at = self.place(offset, bytes.len())?;
        let whole = [at, bytes.len()].iter().all(|n| n.is_multiple_of(WORD));
        assert!(whole, "flash: written to half a word");
        let (mut at, mut words) = (at, bytes.as_chunks::<WORD>().0);
        for (n, word) in words.iter().enumerate() {
            admit(at + n * WORD, u32::from_le_bytes(*word));
        }
        commands(|| {
            while !words.is_empty() {
                let (page, rest) = words.split_at(words.len().min((PAGE - at % PAGE) / WORD));
                program(at, page)?;
                (at, words) = (at + page.as_flattened().len(), rest);
            }
            Ok(())
        })
    }

    /// Erases whole sectors, without waiting.
    pub fn erase_now(&mut self, from: u32, to: u32) -> Result<(), Error> {
        let at = self.place(from, to.saturating_sub(from) as usize)?;
        let whole = [from, to].iter().all(|n| (*n as usize).is_multiple_of(SECTOR));
        assert!(from <= to && whole, "flash: half a sector erased");
        let end = at + (to - from) as usize;
        critical_section::with(|cs| {
            let words = (at - BASE) / WORD / 32..(end - BASE) / WORD / 32;
            TWICE.borrow_ref_mut(cs)[words].fill(0);
        });
        commands(|| {
            (at..end).step_by(SECTOR).try_for_each(|sector| {
                mmio::write(sector, ERASE);
                mmio::write(sector, CONFIRM);
                done(sector)
            })
        })
    }

    /// The address of a place in this part that has this many bytes.
    fn place(&self, offset: u32, length: usize) -> Result<usize, Error> {
        let offset = offset as usize;
        let inside = offset <= self.size && length <= self.size - offset;
        if inside { Ok(BASE + self.start + offset) } else { Err(Error::Outside) }
    }
}

/// Has the chip take commands. Interrupts stay on: nothing that they run reads flash.
fn commands(work: impl FnOnce() -> Result<(), Error>) -> Result<(), Error> {
    let result = work();
    if result.is_err() {
        mmio::write(BASE, CLEAR);
    }
    mmio::write(BASE, READ);
    result
}

/// Has the chip write words of one page.
fn program(at: usize, words: &[[u8; WORD]]) -> Result<(), Error> {
    if words.len() == 1 {
        mmio::write(at, PROGRAM);
    } else {
        mmio::write(at, PROGRAM_MANY);
        done(at)?;
        let more = words.len() as u32 - 1;
        mmio::write(at, more << 16 | more);
    }
    for (n, word) in words.iter().enumerate() {
        mmio::write(at + n * WORD, u32::from_le_bytes(*word));
    }
    if words.len() > 1 {
        mmio::write(at, CONFIRM);
    }
    done(at)
}

/// Waits until the chip has done what it was told.
fn done(at: usize) -> Result<(), Error> {
    loop {
        let status: u32 = mmio::read(at);
        if status & DONE == DONE {
            return if status & FAILED == 0 { Ok(()) } else { Err(Error::Failed) };
        }
    }
}

/// Lets through what real flash takes: a word that is erased, or once more with bits that only fall.
fn admit(at: usize, word: u32) {
    let old: u32 = mmio::read(at);
    assert!(old & word == word, "flash: {at:#x} holds {old:#010x}, written with {word:#010x}");
    if old == ERASED {
        return;
    }
    let index = (at - BASE) / WORD;
    let second = critical_section::with(|cs| {
        let mut twice = TWICE.borrow_ref_mut(cs);
        let (bits, bit) = (&mut twice[index / 32], 1 << (index % 32));
        let second = *bits & bit == 0;
        *bits |= bit;
        second
    });
    assert!(second, "flash: {at:#x} written for the third time");
}

impl ErrorType for Part {
    type Error = Error;
}

impl ReadNorFlash for Part {
    const READ_SIZE: usize = 1;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Error> {
        self.get(offset, bytes)
    }

    fn capacity(&self) -> usize {
        self.size
    }
}

impl NorFlash for Part {
    const WRITE_SIZE: usize = WORD;
    const ERASE_SIZE: usize = SECTOR;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), Error> {
        self.erase_now(from, to)
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Error> {
        self.put(offset, bytes)
    }
}

impl MultiwriteNorFlash for Part {}
