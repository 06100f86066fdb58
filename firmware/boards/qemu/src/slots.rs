//! Two slots for firmware. A record in flash says which one is good: an entry for each update, of four words, each written
//! once: the slot, that it was started, that it confirmed itself, and one that is left.

use crate::flash::{Error, Part};
use crate::power;

/// Bytes of an entry.
const ENTRY: u32 = 16;
/// An entry's first word: this, and the slot.
const UPDATE: u32 = 0x5a5a_0000;
const ERASED: u32 = u32::MAX;
/// What marks that it was started, or confirmed.
const MARK: u32 = 0;
/// Where those words are in an entry.
const STARTED: u32 = 4;
const CONFIRMED: u32 = 8;

/// Which slot the boot loader started is what it hands to the firmware beside this, so that no other number passes for it.
pub const HANDED: usize = 0x6d62_0000;

/// The slots and their record.
pub struct Slots {
    slots: [Part; 2],
    record: Part,
    /// Which one runs.
    running: usize,
}

/// An entry of the record.
struct Entry {
    at: u32,
    slot: usize,
    started: bool,
    confirmed: bool,
}

impl Slots {
    /// The slots, of which the first is taken for the one that runs.
    pub fn new(slots: [Part; 2], record: Part) -> Slots {
        Slots { slots, record, running: 0 }
    }

    /// The slots as the firmware finds them, by what the boot loader handed to it.
    pub fn handed(slots: [Part; 2], record: Part, handed: usize) -> Slots {
        Slots { running: usize::from(handed == HANDED + 1), ..Slots::new(slots, record) }
    }

    /// Which one runs: 0 or 1.
    pub fn running(&self) -> usize {
        self.running
    }

    /// Decides which slot is started, and writes down that it is: the one to be tried, or else the last that was good.
    pub fn choose(&mut self) -> Result<usize, Error> {
        let (mut good, mut last) = (0, None);
        for entry in (0..self.record_entries()).map_while(|n| self.entry(n)) {
            if entry.confirmed {
                good = entry.slot;
            }
            last = Some(entry);
        }
        self.running = good;
        if let Some(entry) = last.filter(|entry| !entry.started) {
            self.record.put(entry.at + STARTED, &MARK.to_le_bytes())?;
            self.running = entry.slot;
        }
        Ok(self.running)
    }

    /// Reads from the slot that runs.
    pub fn get(&self, at: u32, bytes: &mut [u8]) -> Result<(), Error> {
        self.slots[self.running].get(at, bytes)
    }

    fn record_entries(&self) -> u32 {
        firmware_capacity(&self.record) / ENTRY
    }

    /// An entry by number, unless none was written there.
    fn entry(&self, n: u32) -> Option<Entry> {
        let word = |offset| {
            let mut bytes = [0; 4];
            self.record.get(n * ENTRY + offset, &mut bytes).ok()?;
            Some(u32::from_le_bytes(bytes))
        };
        let first = word(0).filter(|first| *first != ERASED)?;
        Some(Entry {
            at: n * ENTRY,
            slot: usize::from(first & 1 == 1),
            // A word that a power cut left half written names no slot to try.
            started: first & !1 != UPDATE || word(STARTED)? == MARK,
            confirmed: first & !1 == UPDATE && word(CONFIRMED)? == MARK,
        })
    }

    fn last(&self) -> Option<Entry> {
        (0..self.record_entries()).map_while(|n| self.entry(n)).last()
    }

    fn other(&mut self) -> &mut Part {
        &mut self.slots[1 - self.running]
    }
}

fn firmware_capacity(part: &Part) -> u32 {
    embedded_storage_async::nor_flash::ReadNorFlash::capacity(part) as u32
}

impl firmware::board::Slots for Slots {
    type Error = Error;

    fn capacity(&self) -> u32 {
        firmware_capacity(&self.slots[0])
    }

    async fn begin(&mut self) -> Result<(), Error> {
        let end = self.capacity();
        self.other().erase_now(0, end)
    }

    async fn write(&mut self, at: u32, bytes: &[u8]) -> Result<(), Error> {
        let (words, rest) = bytes.as_chunks::<4>();
        self.other().put(at, words.as_flattened())?;
        if rest.is_empty() {
            return Ok(());
        }
        let mut word = ERASED.to_le_bytes();
        word[..rest.len()].copy_from_slice(rest);
        self.other().put(at + words.as_flattened().len() as u32, &word)
    }

    async fn read(&mut self, at: u32, bytes: &mut [u8]) -> Result<(), Error> {
        self.other().get(at, bytes)
    }

    async fn try_other(&mut self) -> Result<(), Error> {
        let at = self.last().map_or(0, |entry| entry.at + ENTRY);
        let slot = 1 - self.running as u32;
        self.record.put(at, &(UPDATE | slot).to_le_bytes())
    }

    async fn confirm(&mut self) -> Result<(), Error> {
        match self.last() {
            Some(entry) if entry.slot == self.running && entry.started && !entry.confirmed => {
                self.record.put(entry.at + CONFIRMED, &MARK.to_le_bytes())
            }
            _ => Ok(()),
        }
    }

    fn reset(&mut self) -> ! {
        power::reset()
    }
}
