//! The watchdog: an Intel 6300ESB on the machine's PCI bus (`-device i6300esb`), which starts the board anew whatever the
//! program does, interrupts off included. The boot loader starts it, so that an update that hangs at once is noticed too.

use crate::mmio;

/// The bus's configuration space, the size of a device's in it, and where devices' registers can be.
const BUS: usize = 0x3000_0000;
const DEVICE: usize = 1 << 15;
const REGISTERS: usize = 0x4000_0000;
/// Maker and kind of the device.
const KIND: u32 = 0x25ab_8086;
/// In its configuration: may it be addressed, where, what its stages do, does it run.
const COMMAND: usize = 0x04;
const BASE: usize = 0x10;
const STAGES: usize = 0x60;
const RUN: usize = 0x68;
/// Its registers: ticks of the first and the second stage, and what starts them over, which are locked until two words were
/// written to the last.
const FIRST: usize = REGISTERS;
const SECOND: usize = REGISTERS + 4;
const RELOAD: usize = REGISTERS + 12;
const UNLOCK: [u16; 2] = [0x80, 0x86];
/// Ticks of four seconds: the bus's 33 MHz through 2^15.
const FOUR_SECONDS: u32 = 4 * 33_000_000 / (1 << 15);

/// The watchdog, if the machine has one: eight seconds after it was fed, the board starts anew.
pub struct Watchdog(bool);

impl Watchdog {
    /// Finds it and sets it going; one that runs is only found.
    pub fn start() -> Watchdog {
        let found = (0..32).map(|n| BUS + n * DEVICE).find(|at| mmio::read::<u32>(*at) == KIND);
        let Some(device) = found else { return Watchdog(false) };
        if mmio::read::<u32>(device + BASE) & !0xf != REGISTERS as u32 {
            mmio::write::<u32>(device + BASE, REGISTERS as u32);
            mmio::write::<u16>(device + COMMAND, 2);
            // Neither stage interrupts, and the end of the second starts the board anew.
            mmio::write::<u16>(device + STAGES, 3);
            for stage in [FIRST, SECOND] {
                unlock();
                mmio::write::<u32>(stage, FOUR_SECONDS);
            }
            mmio::write::<u8>(device + RUN, 2);
        }
        Watchdog(true)
    }

    /// Whether the machine has one.
    pub fn present(&self) -> bool {
        self.0
    }
}

fn unlock() {
    for word in UNLOCK {
        mmio::write::<u16>(RELOAD, word);
    }
}

impl firmware::board::Watchdog for Watchdog {
    fn feed(&mut self) {
        if self.0 {
            unlock();
            mmio::write::<u16>(RELOAD, 0x100);
        }
    }
}
