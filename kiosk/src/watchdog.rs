//! The watchdog: systemd hears that the screen is alive, and starts the program again when it no longer is. sd_notify(3)
//! is a datagram to the socket in `NOTIFY_SOCKET`; without one, nothing is said.

use std::env;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::process;
use std::time::Duration;

/// How many times within its patience systemd is told that the screen is alive.
const BEATS: u32 = 3;
/// Characters of the longest status.
const STATUS_CHARS_MAX: usize = 200;

/// The line to systemd.
#[derive(Debug)]
pub struct Watchdog {
    socket: UnixDatagram,
    address: SocketAddr,
    patience: Option<Duration>,
}

impl Watchdog {
    /// The watchdog of whoever started this program; none when nobody watches.
    #[must_use]
    pub fn of_environment() -> Option<Self> {
        let address = env::var("NOTIFY_SOCKET").ok()?;
        let number = |name| env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
        let ours = number("WATCHDOG_PID").is_none_or(|pid| pid == u64::from(process::id()));
        let patience = number("WATCHDOG_USEC").filter(|_| ours).map(Duration::from_micros);
        Self::at(&address, patience).ok()
    }

    /// One that listens at this address: a path, or a name that begins with `@`.
    fn at(address: &str, patience: Option<Duration>) -> io::Result<Self> {
        let address = match address.strip_prefix('@') {
            Some(name) => SocketAddr::from_abstract_name(name)?,
            None => SocketAddr::from_pathname(address)?,
        };
        let socket = UnixDatagram::unbound()?;
        // A systemd that does not read must not hold the screen up.
        socket.set_nonblocking(true)?;
        Ok(Self { socket, address, patience })
    }

    /// How often [`Watchdog::beat`] is to be called, by the thread that draws; `None` when nobody waits for it.
    #[must_use]
    pub fn every(&self) -> Option<Duration> {
        self.patience.map(|patience| patience / BEATS)
    }

    /// The screen is open.
    pub fn ready(&self) {
        self.say("READY=1");
    }

    /// The screen is alive.
    pub fn beat(&self) {
        self.say("WATCHDOG=1");
    }

    /// What the program does now, for `systemctl status`.
    pub fn status(&self, text: &str) {
        let line = text.chars().filter(|c| !c.is_control()).take(STATUS_CHARS_MAX);
        self.say(&format!("STATUS={}", line.collect::<String>()));
    }

    /// The program ends as it should.
    pub fn stopping(&self) {
        self.say("STOPPING=1");
    }

    fn say(&self, words: &str) {
        // Whoever does not hear is no reason to stop: a missed beat is told again.
        let _ = self.socket.send_to_addr(words.as_bytes(), &self.address);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn heard(socket: &UnixDatagram) -> String {
        let mut bytes = [0; 512];
        let length = socket.recv(&mut bytes).unwrap();
        String::from_utf8(bytes[..length].to_vec()).unwrap()
    }

    #[test]
    fn systemd_hears_what_it_must() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notify");
        let name = format!("mingbai-watchdog-{}", process::id());
        let abstract_name = SocketAddr::from_abstract_name(&name).unwrap();
        for (socket, address) in [
            (UnixDatagram::bind(&path).unwrap(), path.to_str().unwrap().to_owned()),
            (UnixDatagram::bind_addr(&abstract_name).unwrap(), format!("@{name}")),
        ] {
            let watchdog = Watchdog::at(&address, Some(Duration::from_secs(30))).unwrap();
            assert_eq!(watchdog.every(), Some(Duration::from_secs(10)));
            watchdog.ready();
            watchdog.beat();
            watchdog.status("首页\nREADY=0");
            watchdog.stopping();
            let said = [(); 4].map(|()| heard(&socket));
            assert_eq!(said, ["READY=1", "WATCHDOG=1", "STATUS=首页READY=0", "STOPPING=1"]);
        }
    }

    #[test]
    fn a_systemd_that_is_gone_or_deaf_holds_nobody_up() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notify");
        let deaf = UnixDatagram::bind(&path).unwrap();
        let watchdog = Watchdog::at(path.to_str().unwrap(), None).unwrap();
        assert_eq!(watchdog.every(), None);
        (0..10_000).for_each(|_| watchdog.beat());
        drop(deaf);
        watchdog.beat();
        assert!(Watchdog::at(&"x".repeat(200), None).is_err());
    }
}
