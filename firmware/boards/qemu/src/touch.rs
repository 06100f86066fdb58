//! The glass: QEMU's tablet (virtio-input), whose button held down is a finger.

use crate::interrupts;
use crate::virtio::{self, Memory};
use core::future::poll_fn;
use core::task::Poll;
use firmware::board::Finger;
use virtio_drivers::device::input::{InputEvent, VirtIOInput};
use virtio_drivers::transport::DeviceType;
use virtio_drivers::transport::mmio::MmioTransport;

/// Linux's numbers for what a tablet says: the end of a report, a button, a place.
const REPORT: u16 = 0;
const KEY: u16 = 1;
const PLACE: u16 = 3;
const LEFT: u16 = 0x110;
/// The tablet's places go from 0 to this.
const FAR: i64 = 32767;

/// The glass.
pub struct Touch {
    tablet: VirtIOInput<Memory, MmioTransport<'static>>,
    slot: usize,
    /// The screen's size, pixels.
    size: (u32, u32),
    /// Where the pointer is on the tablet, whether it is held down, and whether that was told.
    at: [i64; 2],
    down: bool,
    told: bool,
}

impl Touch {
    /// Finds it, for a screen of this size.
    pub fn start(size: (u32, u32)) -> Option<Touch> {
        let (slot, transport) = virtio::find(DeviceType::Input)?;
        let tablet = VirtIOInput::new(transport).ok()?;
        Some(Touch { tablet, slot, size, at: [0; 2], down: false, told: false })
    }

    /// What an event comes to, if the finger did something.
    fn take(&mut self, event: InputEvent) -> Option<Finger> {
        match (event.event_type, event.code) {
            (PLACE, axis @ 0..=1) => self.at[usize::from(axis)] = i64::from(event.value).min(FAR),
            (KEY, LEFT) => self.down = event.value != 0,
            (REPORT, _) if self.down => {
                self.told = true;
                let [x, y] = self.at;
                let pixel = |at: i64, size: u32| (at * i64::from(size) / (FAR + 1)) as i32;
                return Some(Finger::At(pixel(x, self.size.0), pixel(y, self.size.1)));
            }
            (REPORT, _) if self.told => {
                self.told = false;
                return Some(Finger::Up);
            }
            _ => {}
        }
        None
    }
}

impl firmware::board::Touch for Touch {
    async fn next(&mut self) -> Finger {
        poll_fn(|context| {
            interrupts::waker(self.slot).register(context.waker());
            while let Some(event) = self.tablet.pop_pending_event() {
                if let Some(finger) = self.take(event) {
                    // More may wait, and then no interrupt tells of it.
                    context.waker().wake_by_ref();
                    return Poll::Ready(finger);
                }
            }
            Poll::Pending
        })
        .await
    }
}
