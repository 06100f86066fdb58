//! Giving on what is on the shelf: to other kiosks over the network, and to a stick. Whoever takes it verifies it as if
//! the office's server had said it; nothing is believed because it came from here.

mod answer;
mod guests;
mod serve;
mod stick;
mod surface;
mod tree;

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rustix::process::setpriority_process;
use tokio::sync::oneshot::{self, error::TryRecvError};

use answer::Desk;
pub use serve::Limits;
pub use stick::{ExportError, Exported, export};

/// Where the setting on the hidden page shares: at every address of the machine.
pub const USUAL_ADDRESS: &str = "0.0.0.0:8080";
/// Addresses on the outside, of IPv4 and IPv6.
const OUTSIDE: (&str, &str) = ("223.5.5.5", "2400:3200::1");
/// How long it is before an address that this machine does not have yet is tried again.
const NEXT_TRY: Duration = Duration::from_secs(5);
/// How much whoever looks at the screen goes before: Linux gives these threads what others leave.
const NICE: i32 = 19;

/// Why nothing is shared.
#[derive(Debug, thiserror::Error)]
#[error("不能在 {at} 分享给别的屏（{source}）/ cannot share at this address")]
pub struct CannotShare {
    at: SocketAddr,
    source: io::Error,
}

/// Answers others from a shelf, on threads of its own, until dropped.
pub struct Share {
    _stop: oneshot::Sender<()>,
}

impl Share {
    /// Starts to answer at an address from the shelf in `data`; port 0 lets the system choose. `tell` hears where, once it
    /// can be asked: an address that comes with the network is waited for.
    ///
    /// # Errors
    /// When the address is taken, or not to be had.
    pub fn start(
        data: &Path,
        at: SocketAddr,
        limits: Limits,
        tell: impl FnOnce(SocketAddr) + Send + 'static,
    ) -> Result<Self, CannotShare> {
        let cannot = |source| CannotShare { at, source };
        let listener = match serve::listen(at) {
            Ok(listener) => Some(listener),
            Err(error) if error.kind() == ErrorKind::AddrNotAvailable => {
                eprintln!("{}", cannot(error));
                None
            }
            Err(error) => return Err(cannot(error)),
        };
        let desk = Arc::new(Desk::of(data));
        let (stop, mut stopped) = oneshot::channel();
        let work = move || {
            // What it cannot be is said nowhere: then it is as urgent as anything else.
            let _ = setpriority_process(None, NICE);
            let Some(listener) = listener.or_else(|| listen_patiently(at, &mut stopped)) else {
                return;
            };
            if let Ok(address) = listener.local_addr() {
                tell(address);
            }
            if let Err(error) = serve::run(listener, desk, limits, stopped) {
                eprintln!("{}", CannotShare { at, source: error });
            }
        };
        thread::Builder::new().name("share".into()).spawn(work).map_err(cannot)?;
        Ok(Self { _stop: stop })
    }
}

/// Where others find what is shared at an address: where that is every address of the machine, at the one that packets to
/// the outside leave from. Connecting a UDP socket asks the routing table and sends nothing.
#[must_use]
pub fn as_found(at: SocketAddr) -> SocketAddr {
    let found = || {
        let socket = UdpSocket::bind(SocketAddr::new(at.ip(), 0)).ok()?;
        socket.connect((if at.is_ipv4() { OUTSIDE.0 } else { OUTSIDE.1 }, 9)).ok()?;
        Some(SocketAddr::new(socket.local_addr().ok()?.ip(), at.port()))
    };
    if at.ip().is_unspecified() { found().unwrap_or(at) } else { at }
}

/// Listens as soon as the machine has the address; `None` when it is not wanted any more.
fn listen_patiently(at: SocketAddr, stopped: &mut oneshot::Receiver<()>) -> Option<TcpListener> {
    while stopped.try_recv() == Err(TryRecvError::Empty) {
        match serve::listen(at) {
            Ok(listener) => return Some(listener),
            Err(_) => thread::sleep(NEXT_TRY),
        }
    }
    None
}

#[cfg(test)]
mod tests;
