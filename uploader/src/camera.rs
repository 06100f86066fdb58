//! The phone as camera: a page on the local network that takes photo after photo, for one phone that scanned the code
//! on the screen. Plain HTTP, because no phone trusts a certificate of a computer without a name.

mod network;
mod page;
pub mod pairing;
pub mod qr;
mod serve;
mod take;
pub mod terminal;
pub mod verdict;

pub use network::addresses;
pub use take::{take_bytes, take_file};

use crate::error::{Error, Result};
use pairing::{Refused, Standing};
use qrcodegen::QrCode;
use serve::Room;
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::oneshot;
use verdict::Verdict;

/// The port, if it is free. Always the same one, because a phone keeps unsent photos under the address of the page.
pub const PORT: u16 = 18_910;
/// How long a photo that is being taken in may take once the camera was told to stop.
const LAST_PHOTO: Duration = Duration::from_secs(10);

/// Where the camera listens; by default on every network at [`PORT`], or at any free port if that is taken.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
pub struct Listen {
    /// 只用电脑的这个网址 / only this address of the computer [default: all]
    #[arg(long, env = "MINGBAI_ADDRESS", value_name = "IPV4")]
    pub address: Option<Ipv4Addr>,
    /// 端口 / port [default: 18910, or any that is free]
    #[arg(long, env = "MINGBAI_PORT", value_name = "PORT",
          value_parser = clap::value_parser!(u16).range(1024..))]
    pub port: Option<u16>,
}

/// What happens at the camera, for the window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A phone paired, or a pairing ended.
    Standing(Standing),
    /// Someone was not let in.
    Refused(Refused),
    /// A photo came, and what became of it.
    Photo(Verdict),
}

/// A running camera. It stops when dropped.
pub struct Camera {
    address: Option<Ipv4Addr>,
    port: u16,
    room: Arc<Room>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Camera {
    /// Starts on a thread of its own. `intake` is given the bytes of one photo after the other, never two at a time;
    /// the receiver ends when the camera stops.
    ///
    /// # Errors
    /// [`Error::Camera`] if nothing can be listened on, [`Error::Random`].
    pub fn start(
        listen: &Listen,
        intake: impl Fn(Vec<u8>) -> Verdict + Send + Sync + 'static,
    ) -> Result<(Camera, Receiver<Event>)> {
        let listener = bind(listen).map_err(Error::Camera)?;
        let port = listener.local_addr().map_err(Error::Camera)?.port();
        let (events, happened) = mpsc::channel();
        let room = Arc::new(Room::new(intake, events)?);
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(Error::Camera)?;
        let inside = Arc::clone(&room);
        let work = move || {
            if let Err(why) = runtime.block_on(serve::serve(listener, inside, stopped)) {
                eprintln!("{}", Error::Camera(why));
            }
            runtime.shutdown_timeout(LAST_PHOTO);
        };
        let thread = std::thread::Builder::new().name("camera".into()).spawn(work);
        let thread = Some(thread.map_err(Error::Camera)?);
        let camera = Camera { address: listen.address, port, room, stop: Some(stop), thread };
        Ok((camera, happened))
    }

    /// The addresses that a phone may open, the likeliest first, each with the secret after `#`, which browsers never send.
    /// None without a network, and none while no phone can pair: see [`Camera::standing`].
    pub fn urls(&self) -> Vec<String> {
        let Some(secret) = self.room.secret() else { return Vec::new() };
        let found = self.address.map_or_else(addresses, |address| vec![address]);
        found.iter().map(|address| format!("http://{address}:{}/#{secret}", self.port)).collect()
    }

    /// The likeliest of [`Camera::urls`].
    pub fn url(&self) -> Option<String> {
        self.urls().into_iter().next()
    }

    /// The code of [`Camera::url`].
    pub fn qr(&self) -> Option<QrCode> {
        qr::code(&self.url()?)
    }

    /// Whether the code waits, a phone is paired, or a new code is needed.
    pub fn standing(&self) -> Standing {
        self.room.standing()
    }

    /// Makes a new code. A phone that was paired is not any more; what it has not sent stays on it.
    ///
    /// # Errors
    /// [`Error::Random`].
    pub fn renew(&self) -> Result<()> {
        self.room.renew()
    }
}

impl Drop for Camera {
    fn drop(&mut self) {
        self.stop.take();
        // A panic there was told already.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn bind(listen: &Listen) -> std::io::Result<TcpListener> {
    let address = listen.address.unwrap_or(Ipv4Addr::UNSPECIFIED);
    let at = |port| TcpListener::bind(SocketAddrV4::new(address, port));
    let listener = match listen.port {
        Some(port) => at(port)?,
        None => at(PORT).or_else(|_| at(0))?,
    };
    listener.set_nonblocking(true)?;
    Ok(listener)
}
