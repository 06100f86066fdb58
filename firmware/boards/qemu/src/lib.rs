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

use embassy_executor::{Executor, SpawnToken, Spawner};
use static_cell::StaticCell;

/// Starts the board with its first task, and never ends.
pub fn start<T, E>(first: impl FnOnce(Spawner) -> Result<SpawnToken<T>, E>) -> ! {
    static EXECUTOR: StaticCell<Executor> = StaticCell::new();
    heap::start();
    interrupts::start();
    let executor = EXECUTOR.init(Executor::new());
    executor.run(|spawner| match first(spawner) {
        Ok(token) => spawner.spawn(token),
        Err(_) => panic!("no room for a task"),
    })
}
