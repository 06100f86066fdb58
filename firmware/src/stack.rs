//! Embassy's network stack for whoever makes connections: TCP and names, once there is an address.

use core::net::{IpAddr, SocketAddr};
use embassy_net::dns::{self, DnsSocket};
use embassy_net::tcp::client::{TcpClient, TcpClientState, TcpConnection};
use embassy_net::{Stack, tcp};
use embassy_time::{Duration, with_timeout};
use embedded_nal_async::{AddrType, Dns, TcpConnect};

/// Connections at once, and their buffers, bytes.
const CONNECTIONS: usize = 2;
const SENDS: usize = 1024;
const RECEIVES: usize = 8192;
/// Sockets: those, and one each for DHCP and DNS.
pub const SOCKETS: usize = CONNECTIONS + 2;
/// Until it has an address, nothing can be reached; whoever wants something waits so long for that.
const PATIENCE: Duration = Duration::from_secs(10);

/// The connections' buffers.
pub type Buffers = TcpClientState<CONNECTIONS, SENDS, RECEIVES>;

/// Makes connections, and finds names.
pub struct Client {
    /// The network's stack.
    pub stack: Stack<'static>,
    tcp: TcpClient<'static, CONNECTIONS, SENDS, RECEIVES>,
    dns: DnsSocket<'static>,
}

impl Client {
    /// A client of a stack whose runner runs.
    #[must_use]
    pub fn new(stack: Stack<'static>, buffers: &'static Buffers) -> Client {
        Client { stack, tcp: TcpClient::new(stack, buffers), dns: DnsSocket::new(stack) }
    }

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
