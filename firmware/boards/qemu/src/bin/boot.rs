//! The boot loader: sets the watchdog going, picks a slot, lays the firmware that is in it into memory, and starts it.
#![no_std]
#![no_main]

use board::slots::{HANDED, Slots};
use board::watchdog::Watchdog;
use board::{flash, power, println};

/// Where firmware may lie in memory.
const MEMORY: core::ops::Range<u32> = 0x8020_0000..0x8400_0000;
/// A program's head and one of its segments in an ELF file of 32 bits, bytes; and a segment that is to be loaded.
const HEAD: usize = 52;
const SEGMENT: usize = 32;
const LOAD: u32 = 1;

#[riscv_rt::entry]
fn main() -> ! {
    Watchdog::start();
    let parts = flash::parts();
    let mut slots = Slots::new(parts.slots, parts.record);
    // A slot that was to be tried and holds no firmware is tried no second time.
    let Some((slot, start)) = (0..2).find_map(|_| {
        let slot = slots.choose().unwrap_or_else(|error| panic!("the record of slots: {error}"));
        Some((slot, load(&slots)?))
    }) else {
        println!("boot: no firmware");
        power::exit(1)
    };
    println!("boot: slot {slot}");
    // SAFETY: what was laid there is a program for this machine that begins there, by its own head.
    let start: extern "C" fn(usize, usize, usize) -> ! =
        unsafe { core::mem::transmute(start as usize) };
    start(0, HANDED + slot, 0)
}

/// Lays a program's segments into memory: where it begins.
fn load(slots: &Slots) -> Option<u32> {
    let mut head = [0; HEAD];
    slots.get(0, &mut head).ok()?;
    if !head.starts_with(b"\x7fELF\x01\x01") {
        return None;
    }
    let start = word(&head, 24)?;
    let (segments, count) = (word(&head, 28)?, word(&head, 44)? & 0xffff);
    for n in 0..count {
        let mut segment = [0; SEGMENT];
        slots.get(segments.checked_add(n * SEGMENT as u32)?, &mut segment).ok()?;
        let (offset, at, length) = (word(&segment, 4)?, word(&segment, 12)?, word(&segment, 16)?);
        if word(&segment, 0)? != LOAD || length == 0 {
            continue;
        }
        let end = at.checked_add(length)?;
        if !MEMORY.contains(&at) || end > MEMORY.end {
            return None;
        }
        // SAFETY: this memory is nobody's while the boot loader runs, and is there.
        let memory = unsafe {
            core::slice::from_raw_parts_mut(
                core::ptr::with_exposed_provenance_mut(at as usize),
                length as usize,
            )
        };
        slots.get(offset, memory).ok()?;
    }
    riscv::asm::fence_i();
    MEMORY.contains(&start).then_some(start)
}

/// A word of a file's head.
fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}
