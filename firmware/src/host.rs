//! The network of the machine that a simulated board runs on.

extern crate std;

use core::net::{IpAddr, SocketAddr};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::string::{String, ToString as _};

use embassy_time::{Duration, Timer};
use embedded_io_async::{ErrorType, Read, Write};
use embedded_nal_async::{AddrType, Dns, TcpConnect};

/// How often a socket that has nothing is asked again.
const PAUSE: Duration = Duration::from_millis(1);
/// How long a connection may take.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);

/// The machine's sockets.
#[derive(Clone, Copy, Debug)]
pub struct Sockets;

/// A connection.
#[derive(Debug)]
pub struct Socket(TcpStream);

impl TcpConnect for Sockets {
    type Error = io::Error;
    type Connection<'a> = Socket;

    async fn connect(&self, remote: SocketAddr) -> io::Result<Socket> {
        let stream = TcpStream::connect_timeout(&remote, PATIENCE)?;
        stream.set_nonblocking(true)?;
        Ok(Socket(stream))
    }
}

impl Dns for Sockets {
    type Error = io::Error;

    async fn get_host_by_name(&self, host: &str, _: AddrType) -> io::Result<IpAddr> {
        let found = (host, 0).to_socket_addrs()?.find(SocketAddr::is_ipv4);
        found.map(|found| found.ip()).ok_or_else(|| ErrorKind::NotFound.into())
    }

    async fn get_host_by_address(&self, addr: IpAddr, result: &mut [u8]) -> io::Result<usize> {
        let name: String = addr.to_string();
        let room = result.get_mut(..name.len()).ok_or(ErrorKind::InvalidInput)?;
        room.copy_from_slice(name.as_bytes());
        Ok(name.len())
    }
}

impl ErrorType for Socket {
    type Error = io::Error;
}

impl Read for Socket {
    async fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.0.read(bytes) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => Timer::after(PAUSE).await,
                done => return done,
            }
        }
    }
}

impl Write for Socket {
    async fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match self.0.write(bytes) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => Timer::after(PAUSE).await,
                done => return done,
            }
        }
    }

    async fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
