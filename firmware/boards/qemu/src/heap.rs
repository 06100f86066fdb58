//! The heap, as a real board has it: a small one in the processor's own memory, and one in the external memory, where frames are
//! too, for what is large: glyph tables and decoded pictures.

use core::alloc::{GlobalAlloc, Layout};
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicUsize, Ordering};
use embedded_alloc::TlsfHeap;

/// Bytes of the small heap.
pub const SIZE: usize = 512 << 10;
/// Bytes of the one for what is large, and from how many bytes on something is that.
pub const LARGE_SIZE: usize = 4 << 20;
/// See above.
pub const LARGE: usize = 64 << 10;

/// What the allocator puts before what is asked for, and what it rounds the sum up to; bytes.
const HEAD: usize = 8;
const GRAIN: usize = 16;

/// A heap whose steps are as many however full it is; how much of it is in use, and the most that ever was.
struct Heap {
    heap: TlsfHeap,
    now: AtomicUsize,
    most: AtomicUsize,
}

struct Heaps {
    small: Heap,
    large: Heap,
}

#[global_allocator]
static HEAPS: Heaps = Heaps { small: Heap::empty(), large: Heap::empty() };

impl Heap {
    const fn empty() -> Heap {
        Heap { heap: TlsfHeap::empty(), now: AtomicUsize::new(0), most: AtomicUsize::new(0) }
    }

    fn used(&self) -> (usize, usize) {
        (self.now.load(Ordering::Relaxed), self.most.load(Ordering::Relaxed))
    }
}

/// Bytes of the heap that something takes.
fn taken(layout: Layout) -> usize {
    (layout.size() + HEAD).next_multiple_of(GRAIN)
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
        let at = unsafe { heap.heap.alloc(layout) };
        if !at.is_null() {
            let before = heap.now.fetch_add(taken(layout), Ordering::Relaxed);
            heap.most.fetch_max(before + taken(layout), Ordering::Relaxed);
        }
        at
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        let heap = self.of(layout);
        heap.now.fetch_sub(taken(layout), Ordering::Relaxed);
        // SAFETY: the caller keeps to the contract of this same function.
        unsafe { heap.heap.dealloc(at, layout) }
    }
}

/// Gives the heaps their memory; before anything is allocated, and once.
pub fn start() {
    static mut SMALL: [MaybeUninit<u8>; SIZE] = [const { MaybeUninit::uninit() }; SIZE];
    #[unsafe(link_section = ".uninit")]
    static mut LARGE: [MaybeUninit<u8>; LARGE_SIZE] = [const { MaybeUninit::uninit() }; LARGE_SIZE];
    // SAFETY: the memory is named in this function alone, which panics in the allocator when it is called again.
    unsafe {
        HEAPS.small.heap.init((&raw mut SMALL).addr(), SIZE);
        HEAPS.large.heap.init((&raw mut LARGE).addr(), LARGE_SIZE);
    }
}

/// Bytes in use, and the most there ever were, of the small heap and of the one for what is large.
pub fn used() -> [(usize, usize); 2] {
    [HEAPS.small.used(), HEAPS.large.used()]
}
