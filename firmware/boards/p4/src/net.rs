//! The network: the chip's Ethernet with an IP101 beside it, and Embassy's stack on it.

use core::net::{IpAddr, SocketAddr};
use embassy_executor::Spawner;
use embassy_net::dns::{self, DnsSocket};
use embassy_net::tcp::client::{TcpClient, TcpClientState, TcpConnection};
use embassy_net::{Config, Runner, Stack, StackResources, tcp};
use embassy_time::{Duration, Timer, with_timeout};
use embedded_nal_async::{AddrType, Dns, TcpConnect};
use esp_hal::Async;
use esp_hal::ethernet::phy::generic::GenericPhy;
use esp_hal::ethernet::{Error, Ethernet, EthernetDmaStorage, EthernetPinBundle};
use esp_hal::gpio::{Level, Output, OutputConfig};
use esp_hal::peripherals::{ETH, GPIO51};
use static_cell::{ConstStaticCell, StaticCell};

/// Frames that wait, coming and going.
const FRAMES: usize = 8;
/// Connections at once, and their buffers, bytes.
const CONNECTIONS: usize = 2;
const SENDS: usize = 1024;
const RECEIVES: usize = 8192;
/// Sockets: those, and one each for DHCP and DNS.
const SOCKETS: usize = CONNECTIONS + 2;
/// Where the IP101 is on its bus.
const PHY: u8 = 1;
/// Until it has an address, nothing can be reached; whoever wants something waits so long for that.
const PATIENCE: Duration = Duration::from_secs(10);

type Card = Ethernet<'static, Async, GenericPhy>;

/// Makes connections, and finds names.
pub struct Client {
    stack: Stack<'static>,
    tcp: TcpClient<'static, CONNECTIONS, SENDS, RECEIVES>,
    dns: DnsSocket<'static>,
}

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
    static STATE: StaticCell<TcpClientState<CONNECTIONS, SENDS, RECEIVES>> = StaticCell::new();
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
    let tcp = TcpClient::new(stack, STATE.init(TcpClientState::new()));
    Ok(Client { stack, tcp, dns: DnsSocket::new(stack) })
}

#[embassy_executor::task]
async fn run(mut runner: Runner<'static, Card>) -> ! {
    runner.run().await
}

impl Client {
    /// Waits until there is an address, but not for ever: what is tried then says what is wrong.
    async fn ready(&self) {
        let _ = with_timeout(PATIENCE, self.stack.wait_config_up()).await;
    }
}

impl TcpConnect for Client {
    type Error = tcp::Error;
    type Connection<'a> = TcpConnection<'a, CONNECTIONS, SENDS, RECEIVES>;

    async fn connect(&self, remote: SocketAddr) -> Result<Self::Connection<'_>, tcp::Error> {
        self.ready().await;
        self.tcp.connect(remote).await
    }
}

impl Dns for Client {
    type Error = dns::Error;

    async fn get_host_by_name(&self, host: &str, kind: AddrType) -> Result<IpAddr, dns::Error> {
        self.ready().await;
        self.dns.get_host_by_name(host, kind).await
    }

    async fn get_host_by_address(&self, of: IpAddr, name: &mut [u8]) -> Result<usize, dns::Error> {
        self.dns.get_host_by_address(of, name).await
    }
}
