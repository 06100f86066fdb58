//! The network (virtio-net) with Embassy's stack on it: an address by DHCP, TCP and DNS.

use crate::interrupts;
use crate::virtio::{self, Memory};
use core::task::Context;
use embassy_executor::Spawner;
use embassy_net::{Config, Runner, StackResources};
use embassy_net_driver::{Capabilities, Driver, HardwareAddress, LinkState, RxToken, TxToken};
use firmware::stack::{Buffers, Client, SOCKETS};
use static_cell::{ConstStaticCell, StaticCell};
use virtio_drivers::device::net::VirtIONetRaw;
use virtio_drivers::transport::DeviceType;
use virtio_drivers::transport::mmio::MmioTransport;

/// Buffers for what comes; a queue as long.
const BUFFERS: usize = 16;
/// The largest frame, and a buffer for it with virtio's own head, bytes.
const FRAME: usize = 1514;
const BUFFER: usize = 1536;
/// Starts the network.
pub fn start(spawner: Spawner, seed: u64) -> Option<Client> {
    static RESOURCES: StaticCell<StackResources<SOCKETS>> = StaticCell::new();
    static TCP: StaticCell<Buffers> = StaticCell::new();
    let resources = RESOURCES.init(StackResources::new());
    let card = Card::start()?;
    let (stack, runner) =
        embassy_net::new(card, Config::dhcpv4(Default::default()), resources, seed);
    spawner.spawn(run(runner).ok()?);
    Some(Client::new(stack, TCP.init(Buffers::new())))
}

#[embassy_executor::task]
async fn run(mut runner: Runner<'static, Card>) -> ! {
    runner.run().await
}

/// The network card.
struct Card {
    device: VirtIONetRaw<Memory, MmioTransport<'static>, BUFFERS>,
    slot: usize,
    buffers: &'static mut [[u8; BUFFER]; BUFFERS],
    /// Which buffer the device has under which of its tokens.
    lent: [usize; BUFFERS],
}

impl Card {
    fn start() -> Option<Card> {
        static MEMORY: ConstStaticCell<[[u8; BUFFER]; BUFFERS]> =
            ConstStaticCell::new([[0; BUFFER]; BUFFERS]);
        let (slot, transport) = virtio::find(DeviceType::Network)?;
        let device = VirtIONetRaw::new(transport).ok()?;
        let buffers = MEMORY.take();
        let mut card = Card { device, slot, buffers, lent: [0; BUFFERS] };
        (0..BUFFERS).try_for_each(|buffer| card.lend(buffer))?;
        Some(card)
    }

    /// Gives the device a buffer to receive into.
    fn lend(&mut self, buffer: usize) -> Option<()> {
        // SAFETY: the buffer lives as long as the program, and is next touched when the device has given it back.
        let token = unsafe { self.device.receive_begin(&mut self.buffers[buffer]) }.ok()?;
        self.lent[usize::from(token)] = buffer;
        Some(())
    }

    /// Takes back a buffer with a frame in it: which one, and where in it.
    fn take(&mut self) -> Option<(usize, core::ops::Range<usize>)> {
        let token = self.device.poll_receive()?;
        let buffer = self.lent[usize::from(token)];
        // SAFETY: this is the buffer that was lent for this token.
        let done = unsafe { self.device.receive_complete(token, &mut self.buffers[buffer]) };
        let (head, length) = done.unwrap_or((0, 0));
        Some((buffer, head..(head + length).min(BUFFER)))
    }
}

impl Driver for Card {
    type RxToken<'a> = Received<'a>;
    type TxToken<'a> = Sending<'a>;

    fn receive(&mut self, context: &mut Context) -> Option<(Received<'_>, Sending<'_>)> {
        interrupts::waker(self.slot).register(context.waker());
        let (buffer, frame) = self.take()?;
        let mut bytes = [0; FRAME];
        let length = frame.len().min(FRAME);
        bytes[..length].copy_from_slice(&self.buffers[buffer][frame][..length]);
        // It was just given back: there is room for it.
        self.lend(buffer)?;
        Some((Received { bytes, length, card: core::marker::PhantomData }, Sending(self)))
    }

    fn transmit(&mut self, context: &mut Context) -> Option<Sending<'_>> {
        interrupts::waker(self.slot).register(context.waker());
        Some(Sending(self))
    }

    fn link_state(&mut self, _: &mut Context) -> LinkState {
        LinkState::Up
    }

    fn capabilities(&self) -> Capabilities {
        let mut capabilities = Capabilities::default();
        capabilities.max_transmission_unit = FRAME;
        capabilities.max_burst_size = Some(BUFFERS);
        capabilities
    }

    fn hardware_address(&self) -> HardwareAddress {
        HardwareAddress::Ethernet(self.device.mac_address())
    }
}

/// A frame that came.
struct Received<'a> {
    bytes: [u8; FRAME],
    length: usize,
    card: core::marker::PhantomData<&'a ()>,
}

impl RxToken for Received<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(mut self, work: F) -> R {
        work(&mut self.bytes[..self.length])
    }
}

/// A frame that goes.
struct Sending<'a>(&'a mut Card);

impl TxToken for Sending<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, work: F) -> R {
        let mut bytes = [0; FRAME];
        let result = work(&mut bytes[..length]);
        // It waits until QEMU took it, which is at once; what is lost, TCP sends again.
        let _ = self.0.device.send(&bytes[..length]);
        result
    }
}
