//! The flash, and what lies where in it: as partitions.csv says.

use alloc::boxed::Box;
use alloc::vec;
use core::cell::RefCell;
use embedded_storage_async::nor_flash::{
    ErrorType, MultiwriteNorFlash, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash,
};
use esp_bootloader_esp_idf::ota::OtaImageState;
use esp_bootloader_esp_idf::ota_updater::OtaUpdater;
use esp_bootloader_esp_idf::partitions::{self, AppPartitionSubType, PARTITION_TABLE_MAX_LEN};
use esp_storage::{FlashStorage, FlashStorageError};

/// Bytes of the longest configuration.
const CONFIG: usize = 4096;
/// Where the parts begin, and how long they are, bytes.
const SLOT: u32 = 0x1f_0000;
const SLOTS: [(AppPartitionSubType, u32); 2] =
    [(AppPartitionSubType::Ota0, 0x1_0000), (AppPartitionSubType::Ota1, 0x20_0000)];
const TOLD: Part = Part { start: 0x3f_0000, size: CONFIG as u32 };
const STORE: Part = Part { start: 0x40_0000, size: 0x18_0000 };
const GLYPHS: Part = Part { start: 0x58_0000, size: 0xa8_0000 };

/// The chip, which the parts share.
pub type Chip = RefCell<FlashStorage<'static>>;

/// What can go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// An address outside of the part.
    #[error("outside of this part of the flash")]
    Outside,
    /// The chip failed, or was asked for half a word.
    #[error("the flash failed: {0:?}")]
    Chip(FlashStorageError),
    /// The table of partitions, or the record of slots.
    #[error("the flash is not divided as it should be: {0:?}")]
    Table(partitions::Error),
}

impl From<FlashStorageError> for Error {
    fn from(error: FlashStorageError) -> Error {
        Error::Chip(error)
    }
}

impl From<partitions::Error> for Error {
    fn from(error: partitions::Error) -> Error {
        Error::Table(error)
    }
}

impl NorFlashError for Error {
    fn kind(&self) -> NorFlashErrorKind {
        match self {
            Error::Outside => NorFlashErrorKind::OutOfBounds,
            Error::Chip(FlashStorageError::NotAligned) => NorFlashErrorKind::NotAligned,
            _ => NorFlashErrorKind::Other,
        }
    }
}

/// A part of the flash.
#[derive(Clone, Copy, Debug)]
struct Part {
    start: u32,
    size: u32,
}

impl Part {
    fn place(self, offset: u32, length: usize) -> Result<u32, Error> {
        let length = u32::try_from(length).map_err(|_| Error::Outside)?;
        let inside = offset <= self.size && length <= self.size - offset;
        if inside { Ok(self.start + offset) } else { Err(Error::Outside) }
    }

    fn read(self, chip: &Chip, offset: u32, bytes: &mut [u8]) -> Result<(), Error> {
        let at = self.place(offset, bytes.len())?;
        Ok(chip.borrow_mut().read(at, bytes)?)
    }
}

/// What the board keeps.
pub struct Store {
    chip: &'static Chip,
}

impl Store {
    /// Bytes of it.
    pub const SIZE: u32 = STORE.size;

    /// The store on this chip.
    pub fn new(chip: &'static Chip) -> Store {
        Store { chip }
    }
}

impl ErrorType for Store {
    type Error = Error;
}

impl ReadNorFlash for Store {
    const READ_SIZE: usize = 4;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Error> {
        STORE.read(self.chip, offset, bytes)
    }

    fn capacity(&self) -> usize {
        STORE.size as usize
    }
}

impl NorFlash for Store {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = FlashStorage::SECTOR_SIZE as usize;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), Error> {
        let at = STORE.place(from, to.saturating_sub(from) as usize)?;
        Ok(self.chip.borrow_mut().erase(at, at + to.saturating_sub(from))?)
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Error> {
        let at = STORE.place(offset, bytes.len())?;
        Ok(self.chip.borrow_mut().write_nor(at, bytes)?)
    }
}

impl MultiwriteNorFlash for Store {}

/// What the board was told.
pub fn told(chip: &Chip) -> Result<&'static [u8], Error> {
    let bytes = Box::leak(vec![0xff; CONFIG].into_boxed_slice());
    TOLD.read(chip, 0, bytes)?;
    Ok(bytes)
}

/// Copies the glyph pack into external memory, which is faster than flash, and free: what is left of that memory. A pack that says
/// that it is longer than there is room is none.
pub fn glyphs(chip: &Chip, memory: &'static mut [u8]) -> Result<&'static [u8], Error> {
    let mut head = [0; 12];
    GLYPHS.read(chip, 0, &mut head)?;
    let length = head[8..].first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes));
    let Some(pack) = memory.get_mut(..length as usize) else { return Ok(&[]) };
    if length > GLYPHS.size {
        return Ok(&[]);
    }
    GLYPHS.read(chip, 0, pack)?;
    Ok(pack)
}

/// The two slots for firmware, with the boot loader's own record of which one is good. The boot loader must have been built to roll
/// back (`CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE`): it is that which starts a slot once.
pub struct Slots {
    chip: &'static Chip,
    /// The slot that does not run, and where it is; an error where that is not known: nothing is written on a guess.
    other: Result<(AppPartitionSubType, Part), Error>,
}

impl Slots {
    /// The slots on this chip.
    pub fn new(chip: &'static Chip) -> Slots {
        Slots { chip, other: other(chip) }
    }

    /// Does something with the record.
    fn with<T>(
        &self,
        work: impl FnOnce(&mut OtaUpdater) -> Result<T, partitions::Error>,
    ) -> Result<T, Error> {
        let (mut chip, mut table) = (self.chip.borrow_mut(), [0; PARTITION_TABLE_MAX_LEN]);
        Ok(work(&mut OtaUpdater::new(&mut chip, &mut table)?)?)
    }
}

/// The slot that does not run, by where the chip maps the one that does: the record may name one that was rolled back, or none.
fn other(chip: &Chip) -> Result<(AppPartitionSubType, Part), Error> {
    let (mut chip, mut table) = (chip.borrow_mut(), [0; PARTITION_TABLE_MAX_LEN]);
    let table = partitions::read_partition_table(&mut chip, &mut table)?;
    let running = table.booted_partition()?.map(|entry| entry.offset());
    match SLOTS.map(|(_, start)| Some(start) == running) {
        [true, false] => Ok(SLOTS[1]),
        [false, true] => Ok(SLOTS[0]),
        _ => Err(Error::Table(partitions::Error::Invalid)),
    }
    .map(|(slot, start)| (slot, Part { start, size: SLOT }))
}

impl firmware::board::Slots for Slots {
    type Error = Error;

    fn capacity(&self) -> u32 {
        SLOT
    }

    async fn begin(&mut self) -> Result<(), Error> {
        let (_, part) = self.other?;
        for at in (part.start..part.start + part.size).step_by(FlashStorage::BLOCK_SIZE as usize) {
            self.chip.borrow_mut().erase(at, at + FlashStorage::BLOCK_SIZE)?;
            embassy_time::Timer::after_millis(1).await;
        }
        Ok(())
    }

    async fn write(&mut self, at: u32, bytes: &[u8]) -> Result<(), Error> {
        let place = self.other?.1.place(at, bytes.len())?;
        let (words, rest) = bytes.as_chunks::<4>();
        let mut chip = self.chip.borrow_mut();
        chip.write_nor(place, words.as_flattened())?;
        if rest.is_empty() {
            return Ok(());
        }
        let mut word = [0xff; 4];
        word[..rest.len()].copy_from_slice(rest);
        Ok(chip.write_nor(place + words.as_flattened().len() as u32, &word)?)
    }

    async fn read(&mut self, at: u32, bytes: &mut [u8]) -> Result<(), Error> {
        self.other?.1.read(self.chip, at, bytes)
    }

    async fn try_other(&mut self) -> Result<(), Error> {
        let (slot, _) = self.other?;
        self.with(|updater| {
            // The first firmware was written by a cable: the record says nothing of it, and would have nothing to go back to.
            if updater.selected_partition()? == AppPartitionSubType::Factory {
                updater.ota_data()?.set_current_app_partition(SLOTS[0].0)?;
                updater.set_current_ota_state(OtaImageState::Valid)?;
            }
            updater.ota_data()?.set_current_app_partition(slot)?;
            updater.set_current_ota_state(OtaImageState::New)
        })
    }

    async fn confirm(&mut self) -> Result<(), Error> {
        self.with(|updater| match updater.current_ota_state() {
            Ok(OtaImageState::PendingVerify) => updater.set_current_ota_state(OtaImageState::Valid),
            // Not on trial, or written by a cable: no record says anything of it.
            _ => Ok(()),
        })
    }

    fn reset(&mut self) -> ! {
        esp_hal::system::software_reset()
    }
}
