//! Slots for firmware in memory: for the simulated board and for tests.

use alloc::vec;
use alloc::vec::Vec;

use crate::board::Slots;

/// Bytes of a slot.
const SLOT: u32 = 4 << 20;

/// The slots; what runs is in none of them.
#[derive(Clone, Debug)]
pub struct Memory {
    /// What the other slot holds.
    pub other: Vec<u8>,
    /// The other slot is to be started.
    pub tried: bool,
    /// What runs said that it is good.
    pub confirmed: bool,
    reset: fn() -> !,
}

impl Memory {
    /// Empty ones; `reset` is how this board starts anew.
    pub fn new(reset: fn() -> !) -> Memory {
        Memory { other: Vec::new(), tried: false, confirmed: false, reset }
    }

    fn place(&mut self, at: u32, length: usize) -> Result<&mut [u8], Outside> {
        let at = at as usize;
        if !at.is_multiple_of(4) || !length.is_multiple_of(4) {
            return Err(Outside);
        }
        let end = at.checked_add(length).ok_or(Outside)?;
        self.other.get_mut(at..end).ok_or(Outside)
    }
}

/// No such place in a slot, or no whole words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outside;

impl Slots for Memory {
    type Error = Outside;

    fn capacity(&self) -> u32 {
        SLOT
    }

    async fn begin(&mut self) -> Result<(), Outside> {
        self.other = vec![0xFF; SLOT as usize];
        Ok(())
    }

    async fn write(&mut self, at: u32, bytes: &[u8]) -> Result<(), Outside> {
        self.place(at, bytes.len())?.copy_from_slice(bytes);
        Ok(())
    }

    async fn read(&mut self, at: u32, bytes: &mut [u8]) -> Result<(), Outside> {
        bytes.copy_from_slice(self.place(at, bytes.len())?);
        Ok(())
    }

    async fn try_other(&mut self) -> Result<(), Outside> {
        self.tried = true;
        Ok(())
    }

    async fn confirm(&mut self) -> Result<(), Outside> {
        self.confirmed = true;
        Ok(())
    }

    fn reset(&mut self) -> ! {
        (self.reset)()
    }
}
