//! What a board has to bring: a screen, a finger on it, a network, flash, a clock, chance, a watchdog.

use embedded_storage_async::nor_flash::MultiwriteNorFlash;
use pixels::Pixel;

/// A screen with its frame in memory.
#[allow(async_fn_in_trait, reason = "one executor, one thread")]
pub trait Display {
    /// A pixel of the frame.
    type Pixel: Pixel;
    /// Width and height in pixels.
    fn size(&self) -> (u32, u32);
    /// The frame, rows from the top, each as long as the screen is wide. It keeps what was drawn before.
    fn frame(&mut self) -> &mut [Self::Pixel];
    /// Brings a rectangle of the frame (x, y, width, height in pixels) onto the glass.
    async fn present(&mut self, area: (u32, u32, u32, u32));
}

/// What a finger did; places in pixels from the top left corner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finger {
    /// It touches the glass, or is elsewhere on it.
    At(i32, i32),
    /// It is gone.
    Up,
}

/// The glass.
#[allow(async_fn_in_trait, reason = "one executor, one thread")]
pub trait Touch {
    /// Waits for the next thing that the finger does.
    async fn next(&mut self) -> Finger;
}

/// The time of day. It may be wrong: nothing that is signed is believed or doubted for it.
pub trait Clock {
    /// Seconds since 1970, if the board was ever told.
    fn now(&self) -> Option<i64>;
    /// Sets it.
    fn set(&mut self, seconds: i64);
}

/// Random bytes from the hardware.
pub trait Chance {
    /// Fills the bytes.
    fn fill(&mut self, bytes: &mut [u8]);
}

/// Starts the board anew unless it is fed in time.
pub trait Watchdog {
    /// Says that all is well, for the next eight seconds.
    fn feed(&mut self);
}

/// Real NOR flash: erased in sectors, written where it was erased, and once more with bits that only fall.
pub trait Flash: MultiwriteNorFlash {}

impl<F: MultiwriteNorFlash> Flash for F {}

/// Where firmware lies: one slot runs, the other takes an update.
#[allow(async_fn_in_trait, reason = "one executor, one thread")]
pub trait Slots {
    /// What can go wrong.
    type Error: core::fmt::Debug;
    /// Bytes that fit into a slot.
    fn capacity(&self) -> u32;
    /// Erases the other slot.
    async fn begin(&mut self) -> Result<(), Self::Error>;
    /// Writes a piece of an image to the other slot; `at` is a multiple of 4.
    async fn write(&mut self, at: u32, bytes: &[u8]) -> Result<(), Self::Error>;
    /// Reads back from the other slot.
    async fn read(&mut self, at: u32, bytes: &mut [u8]) -> Result<(), Self::Error>;
    /// Starts the other slot at the next reset, once: unless it confirms itself, the one after that is this slot's again.
    async fn try_other(&mut self) -> Result<(), Self::Error>;
    /// Says that the slot that runs is good.
    async fn confirm(&mut self) -> Result<(), Self::Error>;
    /// Starts the board anew.
    fn reset(&mut self) -> !;
}
