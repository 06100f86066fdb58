//! Which device wants something (PLIC): each of the eight virtio devices wakes who waits for it.

use crate::mmio;
use embassy_sync::waitqueue::AtomicWaker;

const PLIC: usize = 0x0c00_0000;
const ENABLE: usize = PLIC + 0x2000;
const THRESHOLD: usize = PLIC + 0x20_0000;
const CLAIM: usize = PLIC + 0x20_0004;

/// Where the virtio devices are, and how far apart.
pub const VIRTIO: usize = 0x1000_1000;
/// See above.
pub const VIRTIO_SIZE: usize = 0x1000;
/// How many there are; the interrupts of their slots are 1 to 8.
pub const SLOTS: usize = 8;
/// Registers of a virtio device: what it wants, and that it was heard.
const STATUS: usize = 0x60;
const ACKNOWLEDGE: usize = 0x64;

static WAITING: [AtomicWaker; SLOTS] = [const { AtomicWaker::new() }; SLOTS];

/// Who waits for the device in a slot.
pub fn waker(slot: usize) -> &'static AtomicWaker {
    &WAITING[slot]
}

/// Lets interrupts through.
pub fn start() {
    for slot in 0..SLOTS {
        mmio::write::<u32>(PLIC + 4 * (slot + 1), 1);
    }
    mmio::write::<u32>(ENABLE, 0x1fe);
    mmio::write::<u32>(THRESHOLD, 0);
    // SAFETY: nothing is in a critical section that relied on interrupts being off from before this program ran.
    unsafe {
        riscv::register::mie::set_mext();
        riscv::register::mie::set_mtimer();
        riscv::interrupt::enable();
    }
}

#[riscv_rt::core_interrupt(riscv::interrupt::Interrupt::MachineExternal)]
fn wanted() {
    loop {
        let source = mmio::read::<u32>(CLAIM);
        let Some(slot) = (source as usize).checked_sub(1) else { return };
        if slot < SLOTS {
            let device = VIRTIO + slot * VIRTIO_SIZE;
            mmio::write::<u32>(device + ACKNOWLEDGE, mmio::read::<u32>(device + STATUS));
            WAITING[slot].wake();
        }
        mmio::write::<u32>(CLAIM, source);
    }
}
