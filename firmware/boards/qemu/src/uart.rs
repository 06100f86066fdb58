//! The serial line (16550): what the board says about itself.

use crate::mmio;
use core::fmt::{self, Write};

const UART: usize = 0x1000_0000;
/// Line status, and its bit that says that a byte can go.
const STATUS: usize = UART + 5;
const READY: u8 = 0x20;

struct Uart;

impl Write for Uart {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            while mmio::read::<u8>(STATUS) & READY == 0 {}
            mmio::write(UART, byte);
        }
        Ok(())
    }
}

/// Prints a line; use [`println!`](crate::println).
pub fn line(text: fmt::Arguments) {
    // It cannot fail: it waits.
    let _ = writeln!(Uart, "{text}");
}

/// Prints a line on the serial line.
#[macro_export]
macro_rules! println {
    ($($text:tt)*) => { $crate::uart::line(format_args!($($text)*)) };
}
