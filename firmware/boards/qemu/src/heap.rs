//! The heap, as a real board has it: a small one in the processor's own memory, and one in the external memory, where frames are
//! too, for what is large: glyph tables and decoded pictures.

use core::alloc::{GlobalAlloc, Layout};
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicUsize, Ordering};
use embedded_alloc::LlffHeap;

/// Bytes of the small heap.
pub const SIZE: usize = 512 << 10;
/// Bytes of the one for what is large, and from how many bytes on something is that.
pub const LARGE_SIZE: usize = 4 << 20;
/// See above.
pub const LARGE: usize = 64 << 10;

/// A heap, and the most that was ever in use of it.
struct Heap(LlffHeap, AtomicUsize);

struct Heaps {
    small: Heap,
    large: Heap,
}

#[global_allocator]
static HEAPS: Heaps = Heaps { small: Heap::empty(), large: Heap::empty() };

impl Heap {
    const fn empty() -> Heap {
        Heap(LlffHeap::empty(), AtomicUsize::new(0))
    }

    fn used(&self) -> (usize, usize) {
        (self.0.used(), self.1.load(Ordering::Relaxed))
    }
}

impl Heaps {
    fn of(&self, layout: Layout) -> &Heap {
        if layout.size() < LARGE { &self.small } else { &self.large }
    }
}

// SAFETY: all is left to the allocators inside; what was taken from one goes back to it, as its size says which.
unsafe impl GlobalAlloc for Heaps {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let heap = self.of(layout);
        // SAFETY: the caller keeps to the contract of this same function.
        let at = unsafe { heap.0.alloc(layout) };
        heap.1.fetch_max(heap.0.used(), Ordering::Relaxed);
        at
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps to the contract of this same function.
        unsafe { self.of(layout).0.dealloc(at, layout) }
    }
}

/// Gives the heaps their memory; before anything is allocated, and once.
pub fn start() {
    static mut SMALL: [MaybeUninit<u8>; SIZE] = [const { MaybeUninit::uninit() }; SIZE];
    #[unsafe(link_section = ".uninit")]
    static mut LARGE: [MaybeUninit<u8>; LARGE_SIZE] = [const { MaybeUninit::uninit() }; LARGE_SIZE];
    // SAFETY: the memory is named in this function alone, which panics in the allocator when it is called again.
    unsafe {
        HEAPS.small.0.init((&raw mut SMALL).addr(), SIZE);
        HEAPS.large.0.init((&raw mut LARGE).addr(), LARGE_SIZE);
    }
}

/// Bytes in use, and the most there ever were, of the small heap and of the one for what is large.
pub fn used() -> [(usize, usize); 2] {
    [HEAPS.small.used(), HEAPS.large.used()]
}
