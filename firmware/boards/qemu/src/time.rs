//! Time since the machine was started, and timers, from the CLINT's counter of 10 MHz.

use crate::mmio;
use core::cell::RefCell;
use core::task::Waker;
use critical_section::Mutex;
use embassy_time_driver::{Driver, TICK_HZ, time_driver_impl};
use embassy_time_queue_utils::Queue;

const COMPARE: usize = 0x0200_4000;
const NOW: usize = 0x0200_bff8;
/// The counter's ticks in one of Embassy's, which are microseconds.
const PER_TICK: u64 = 10_000_000 / TICK_HZ;

struct Timers(Mutex<RefCell<Queue>>);

time_driver_impl!(static TIMERS: Timers = Timers(Mutex::new(RefCell::new(Queue::new()))));

impl Driver for Timers {
    fn now(&self) -> u64 {
        counter() / PER_TICK
    }

    fn schedule_wake(&self, at: u64, waker: &Waker) {
        critical_section::with(|cs| {
            let mut queue = self.0.borrow_ref_mut(cs);
            if queue.schedule_wake(at, waker) {
                ring_at(queue.next_expiration(self.now()));
            }
        });
    }
}

/// The counter; its halves are read anew if the upper one moved in between.
fn counter() -> u64 {
    loop {
        let (high, low) = (mmio::read::<u32>(NOW + 4), mmio::read::<u32>(NOW));
        if mmio::read::<u32>(NOW + 4) == high {
            return u64::from(high) << 32 | u64::from(low);
        }
    }
}

/// Sets the alarm; one in the past rings at once.
fn ring_at(tick: u64) {
    let at = tick.saturating_mul(PER_TICK);
    // Never in the past while only one half is written.
    mmio::write::<u32>(COMPARE + 4, u32::MAX);
    mmio::write::<u32>(COMPARE, at as u32);
    mmio::write::<u32>(COMPARE + 4, (at >> 32) as u32);
}

/// Instructions that were executed, where QEMU counts them (`-icount`); elsewhere a number that only grows.
pub fn instructions() -> u64 {
    riscv::register::minstret::read64()
}

#[riscv_rt::core_interrupt(riscv::interrupt::Interrupt::MachineTimer)]
fn rang() {
    critical_section::with(|cs| {
        let next = TIMERS.0.borrow_ref_mut(cs).next_expiration(TIMERS.now());
        ring_at(next);
    });
}
