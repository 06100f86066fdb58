//! The emulated board: QEMU's riscv32 `virt` machine as the firmware sees a board. docs: firmware/README.md.
#![no_std]

extern crate alloc;

pub mod chance;
pub mod clock;
pub mod display;
pub mod flash;
pub mod heap;
pub mod interrupts;
mod mmio;
pub mod net;
pub mod power;
pub mod slots;
pub mod time;
pub mod touch;
pub mod uart;
pub mod virtio;
pub mod watchdog;
