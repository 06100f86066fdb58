//! Who may ask at once, and how slowly an answer may be taken.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

/// Connections at the same time.
const GUESTS_MAX: usize = 64;
/// Those of one address: nobody keeps the others out.
const GUESTS_OF_ONE_MAX: usize = 8;
/// Bytes a second, on the whole, that keep a reader from being too slow.
const SLOWEST: u64 = 500;

/// The connections that there are, by address.
#[derive(Debug, Default)]
pub(super) struct Guests(Mutex<HashMap<IpAddr, usize>>);

/// The place of one connection; free again when dropped.
#[derive(Debug)]
pub(super) struct Seat {
    guests: Arc<Guests>,
    address: IpAddr,
}

impl Guests {
    /// A place for one more, if there is one.
    pub fn seat(self: &Arc<Self>, address: IpAddr) -> Option<Seat> {
        let address = address.to_canonical();
        let mut seats = self.seats();
        let own = seats.get(&address).copied().unwrap_or(0);
        if own >= GUESTS_OF_ONE_MAX || seats.values().sum::<usize>() >= GUESTS_MAX {
            return None;
        }
        seats.insert(address, own + 1);
        Some(Seat { guests: Arc::clone(self), address })
    }

    fn seats(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut seats = self.guests.seats();
        match seats.get_mut(&self.address) {
            Some(own) if *own > 1 => *own -= 1,
            _ => {
                seats.remove(&self.address);
            }
        }
    }
}

/// A connection whose reader may make it wait for so long; every [`SLOWEST`] bytes taken make good a second of that.
#[derive(Debug)]
pub(super) struct Patient {
    stream: TcpStream,
    /// The longest that it may be made to wait.
    most: Duration,
    /// How much longer it may be now.
    patience: Duration,
    /// While it waits: since when, and until when.
    waiting: Option<(Instant, Pin<Box<Sleep>>)>,
}

impl Patient {
    pub fn new(stream: TcpStream, most: Duration) -> Self {
        Self { stream, most, patience: most, waiting: None }
    }

    /// Counts what a try to write came to.
    fn count<T>(
        &mut self,
        context: &mut Context<'_>,
        tried: Poll<io::Result<T>>,
        bytes: impl FnOnce(&T) -> usize,
    ) -> Poll<io::Result<T>> {
        if let Poll::Ready(done) = tried {
            if let Some((since, _)) = self.waiting.take() {
                self.patience = self.patience.saturating_sub(since.elapsed());
            }
            let taken = done.as_ref().map_or(0, bytes) as u64;
            let good = Duration::from_millis(taken * 1000 / SLOWEST);
            self.patience = self.most.min(self.patience + good);
            return Poll::Ready(done);
        }
        let patience = self.patience;
        let begin = || (Instant::now(), Box::pin(sleep(patience)));
        let (_, until) = self.waiting.get_or_insert_with(begin);
        ready!(until.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Patient {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Patient {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let tried = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.count(context, tried, |taken| *taken)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let tried = Pin::new(&mut self.stream).poll_flush(context);
        self.count(context, tried, |()| 0)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn nobody_takes_all_places_and_a_place_is_free_again_when_its_guest_left() {
        let guests = Arc::new(Guests::default());
        let address = |n: usize| IpAddr::from([10, 0, 0, u8::try_from(n).unwrap()]);
        let mut seats: Vec<Seat> = Vec::new();
        for guest in 0..GUESTS_MAX / GUESTS_OF_ONE_MAX {
            for _ in 0..GUESTS_OF_ONE_MAX {
                seats.push(guests.seat(address(guest)).unwrap());
            }
            assert!(guests.seat(address(guest)).is_none());
        }
        assert!(guests.seat(address(99)).is_none(), "full");
        let mapped: IpAddr = "::ffff:10.0.0.0".parse().unwrap();
        seats.remove(0);
        let seat = guests.seat(mapped).unwrap();
        assert!(guests.seat(address(0)).is_none());
        drop((seat, seats));
        assert!(guests.seats().is_empty());
    }
}
