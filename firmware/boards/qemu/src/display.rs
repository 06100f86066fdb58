//! The screen (virtio-gpu): a frame of 32-bit pixels in memory, which QEMU copies when it is told.

use crate::virtio::{self, Memory};
use crate::{println, time};
use core::sync::atomic::{AtomicBool, Ordering};
use firmware::screen::Xrgb;
use virtio_drivers::device::gpu::VirtIOGpu;
use virtio_drivers::transport::DeviceType;
use virtio_drivers::transport::mmio::MmioTransport;

/// Whether it is told what each frame takes.
static TELLS: AtomicBool = AtomicBool::new(false);

/// From now on it is said on the serial line how many instructions it took to lay out and draw what is shown; nothing to go by
/// but where QEMU counts them.
pub fn tell() {
    TELLS.store(true, Ordering::Relaxed);
}

/// The screen.
pub struct Display {
    gpu: VirtIOGpu<Memory, MmioTransport<'static>>,
    size: (u32, u32),
    frame: &'static mut [Xrgb],
    /// When the frame was last handed out, in instructions, until what was drawn is shown.
    handed: Option<u64>,
}

impl Display {
    /// Finds it, as large as QEMU says.
    pub fn start() -> Option<Display> {
        let (_, transport) = virtio::find(DeviceType::GPU)?;
        let mut gpu = VirtIOGpu::new(transport).ok()?;
        let size = gpu.resolution().ok()?;
        let bytes = gpu.change_resolution(size.0, size.1).ok()?;
        let pixels = bytes.len() / size_of::<Xrgb>();
        // SAFETY: whole pages that are given out once and never taken back, any bits are a pixel, and the size is not changed
        // again: the driver hands this memory to nobody else. The device only reads it.
        let frame = unsafe { core::slice::from_raw_parts_mut(bytes.as_mut_ptr().cast(), pixels) };
        let shown = (size.0 * size.1) as usize;
        Some(Display { gpu, size, frame: &mut frame[..shown], handed: None })
    }
}

impl firmware::board::Display for Display {
    type Pixel = Xrgb;

    fn size(&self) -> (u32, u32) {
        self.size
    }

    fn frame(&mut self) -> &mut [Xrgb] {
        self.handed = Some(time::instructions());
        self.frame
    }

    async fn present(&mut self, _area: (u32, u32, u32, u32)) {
        // Once for all that is shown together.
        if let Some(handed) = self.handed.take().filter(|_| TELLS.load(Ordering::Relaxed)) {
            println!("drawn: {} instructions", time::instructions() - handed);
        }
        // The driver brings the whole frame over: that is QEMU's work, not the board's. A device that is gone shows nothing.
        let _ = self.gpu.flush();
    }
}
