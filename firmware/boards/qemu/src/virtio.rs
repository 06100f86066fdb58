//! The machine's virtio devices: where they are, and the memory that they share with their drivers.

use crate::interrupts::{SLOTS, VIRTIO, VIRTIO_SIZE};
use crate::mmio;
use core::mem::MaybeUninit;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicUsize, Ordering};
use virtio_drivers::transport::DeviceType;
use virtio_drivers::transport::mmio::MmioTransport;
use virtio_drivers::{BufferDirection, Hal, PAGE_SIZE, PhysAddr};

/// The register that says what a device is.
const KIND: usize = 8;

/// Pages for queues and the frame: 1280 x 800 pixels and some more.
const PAGES: usize = 1152;

/// How devices and program see the same memory: at the same addresses.
pub struct Memory;

#[repr(align(4096))]
struct Page(#[allow(dead_code, reason = "reached by its address")] [u8; PAGE_SIZE]);

/// The first device of a kind, and its slot.
pub fn find(kind: DeviceType) -> Option<(usize, MmioTransport<'static>)> {
    // A transport that goes resets its device: only the one that is looked for gets one.
    let place = |slot| VIRTIO + slot * VIRTIO_SIZE;
    let slot = (0..SLOTS).find(|n| mmio::read::<u32>(place(*n) + KIND) == kind as u32)?;
    let header = NonNull::new(core::ptr::with_exposed_provenance_mut(place(slot)))?;
    // SAFETY: QEMU has its eight devices here as long as it runs. Each kind is looked for once, by the one driver that it has;
    // the interrupt's handler only reads what the device wants and says that it heard.
    unsafe { MmioTransport::new(header, VIRTIO_SIZE) }.ok().map(|transport| (slot, transport))
}

// SAFETY: what is given out was never given out before, is zeroed and aligned to pages; addresses are the same on both sides.
unsafe impl Hal for Memory {
    fn dma_alloc(pages: usize, _: BufferDirection) -> (PhysAddr, NonNull<u8>) {
        #[unsafe(link_section = ".uninit")]
        static mut POOL: [MaybeUninit<Page>; PAGES] = [const { MaybeUninit::uninit() }; PAGES];
        static USED: AtomicUsize = AtomicUsize::new(0);
        let first = USED.fetch_add(pages, Ordering::Relaxed);
        assert!(first + pages <= PAGES, "no memory for devices: raise PAGES");
        // SAFETY: inside of the pool, as was just looked at; nobody else has these pages.
        let at = unsafe {
            let at = (&raw mut POOL).cast::<Page>().add(first);
            at.write_bytes(0, pages);
            NonNull::new_unchecked(at.cast::<u8>())
        };
        (at.as_ptr().expose_provenance() as PhysAddr, at)
    }

    // Devices are found once and stay: what they have is not given back.
    unsafe fn dma_dealloc(_: PhysAddr, _: NonNull<u8>, _: usize) -> i32 {
        0
    }

    unsafe fn mmio_phys_to_virt(at: PhysAddr, _: usize) -> NonNull<u8> {
        unreachable!("no virtio on PCI here: {at:#x}")
    }

    unsafe fn share(buffer: NonNull<[u8]>, _: BufferDirection) -> PhysAddr {
        buffer.cast::<u8>().as_ptr().expose_provenance() as PhysAddr
    }

    unsafe fn unshare(_: PhysAddr, _: NonNull<[u8]>, _: BufferDirection) {}
}
