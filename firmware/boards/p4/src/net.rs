//! The network: the chip's Ethernet with an IP101 beside it, and Embassy's stack on it.

use embassy_executor::Spawner;
use embassy_net::{Config, Runner, StackResources};
use embassy_time::Timer;
use esp_hal::Async;
use esp_hal::ethernet::phy::generic::GenericPhy;
use esp_hal::ethernet::{Error, Ethernet, EthernetDmaStorage, EthernetPinBundle};
use esp_hal::gpio::{Level, Output, OutputConfig};
use esp_hal::peripherals::{ETH, GPIO51};
use firmware::stack::{Buffers, Client, SOCKETS};
use static_cell::{ConstStaticCell, StaticCell};

/// Frames that wait, coming and going.
const FRAMES: usize = 8;
/// Where the IP101 is on its bus.
const PHY: u8 = 1;

type Card = Ethernet<'static, Async, GenericPhy>;

/// Starts the network.
pub async fn start(
    spawner: Spawner,
    chip: ETH<'static>,
    reset: GPIO51<'static>,
    pins: impl EthernetPinBundle + 'static,
    seed: u64,
) -> Result<Client, Error> {
    static STORAGE: ConstStaticCell<EthernetDmaStorage<FRAMES, FRAMES>> =
        ConstStaticCell::new(EthernetDmaStorage::new());
    static RESOURCES: StaticCell<StackResources<SOCKETS>> = StaticCell::new();
    static TCP: StaticCell<Buffers> = StaticCell::new();
    let mut reset = Output::new(reset, Level::Low, OutputConfig::default());
    Timer::after_millis(10).await;
    reset.set_high();
    Timer::after_millis(50).await;
    let address = esp_hal::efuse::base_mac_address();
    let mut mac = [0; 6];
    mac.copy_from_slice(address.as_bytes());
    let card = Ethernet::new(chip, STORAGE.take(), mac, GenericPhy::new(PHY), pins)?.into_async();
    let resources = RESOURCES.init(StackResources::new());
    let (stack, runner) =
        embassy_net::new(card, Config::dhcpv4(Default::default()), resources, seed);
    if let Ok(token) = run(runner) {
        spawner.spawn(token);
    }
    Ok(Client::new(stack, TCP.init(Buffers::new())))
}

#[embassy_executor::task]
async fn run(mut runner: Runner<'static, Card>) -> ! {
    runner.run().await
}
