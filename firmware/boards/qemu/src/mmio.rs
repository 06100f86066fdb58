//! Registers of the machine's devices, by their address in QEMU's memory map of `virt`.

/// A register that can be read and written at its width.
pub trait Width: Copy {}

impl Width for u8 {}
impl Width for u16 {}
impl Width for u32 {}

/// Addresses below this are devices'; memory is above.
const MEMORY: usize = 0x8000_0000;

/// Reads a device's register.
pub fn read<T: Width>(address: usize) -> T {
    assert!(address < MEMORY && address.is_multiple_of(size_of::<T>()), "no register {address:#x}");
    // SAFETY: nothing of Rust's lies among the devices, and every bit pattern is an integer; where there is no device, the
    // machine traps instead of answering.
    unsafe { core::ptr::with_exposed_provenance::<T>(address).read_volatile() }
}

/// Writes a device's register.
pub fn write<T: Width>(address: usize, value: T) {
    assert!(address < MEMORY && address.is_multiple_of(size_of::<T>()), "no register {address:#x}");
    // SAFETY: as above. A device that reads or writes memory is told where by `virtio-drivers` alone: its queues' registers are
    // not written by this function.
    unsafe { core::ptr::with_exposed_provenance_mut::<T>(address).write_volatile(value) }
}
