//! Random bytes (virtio-rng).

use crate::virtio::{self, Memory};
use virtio_drivers::device::rng::VirtIORng;
use virtio_drivers::transport::DeviceType;
use virtio_drivers::transport::mmio::MmioTransport;

/// The machine's source of random bytes.
pub struct Chance(VirtIORng<Memory, MmioTransport<'static>>);

impl Chance {
    /// Finds it.
    pub fn start() -> Option<Chance> {
        let (_, transport) = virtio::find(DeviceType::EntropySource)?;
        VirtIORng::new(transport).ok().map(Chance)
    }

    /// A number.
    pub fn number(&mut self) -> u64 {
        let mut bytes = [0; 8];
        firmware::board::Chance::fill(self, &mut bytes);
        u64::from_le_bytes(bytes)
    }
}

impl firmware::board::Chance for Chance {
    fn fill(&mut self, mut bytes: &mut [u8]) {
        while !bytes.is_empty() {
            let got = self.0.request_entropy(bytes).unwrap_or(0).min(bytes.len());
            bytes = &mut bytes[got..];
        }
    }
}
