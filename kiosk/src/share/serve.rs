//! The listener of a shelf that is shared, and what it lets others do.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustix::net::sockopt::set_socket_send_buffer_size;
use tokio::net::TcpStream;
use tokio::runtime;
use tokio::sync::oneshot;

use super::answer::Desk;
use super::guests::{Guests, Patient};

/// Bytes of a request's head.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// Lines of it.
const HEAD_LINES_MAX: usize = 64;
/// Bytes of an answer that the system takes at once. It tells that there is room again when a third of it was taken: the
/// more, the longer an honest slow reader seems to take nothing.
const SEND_BUFFER_BYTES: usize = 64 * 1024;
/// A pause after the system had no file descriptor or memory left for a connection.
const PAUSE: Duration = Duration::from_millis(100);

/// How long others may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// For a request's head, and between two requests.
    pub head: Duration,
    /// While they take nothing, or too little, of what they asked for.
    pub patience: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { head: Duration::from_secs(10), patience: Duration::from_secs(60) }
    }
}

/// Listens at an address; port 0 lets the system choose.
pub(super) fn listen(at: SocketAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(at)?;
    // Accepted connections inherit it.
    set_socket_send_buffer_size(&listener, SEND_BUFFER_BYTES)?;
    Ok(listener)
}

/// Answers on this thread, and reads and hashes on one other, until `stopped`.
pub(super) fn run(
    listener: TcpListener,
    desk: Arc<Desk>,
    limits: Limits,
    stopped: oneshot::Receiver<()>,
) -> io::Result<()> {
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(1)
        .thread_name("share-shelf")
        .build()?;
    let served = runtime.block_on(serve(listener, desk, limits, stopped));
    // Nobody waits for what is still being read.
    runtime.shutdown_background();
    served
}

async fn serve(
    listener: TcpListener,
    desk: Arc<Desk>,
    limits: Limits,
    mut stopped: oneshot::Receiver<()>,
) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let guests = Arc::new(Guests::default());
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = &mut stopped => return Ok(()),
        };
        let Ok((stream, address)) = accepted else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        // Without a place it is closed at once, and comes again.
        let Some(seat) = guests.seat(address.ip()) else { continue };
        let desk = Arc::clone(&desk);
        tokio::spawn(async move {
            let _seat = seat;
            talk(stream, desk, limits).await;
        });
    }
}

/// One connection to its end. Whoever goes away, or breaks the rules, ends it with an error that nobody needs.
async fn talk(stream: TcpStream, desk: Arc<Desk>, limits: Limits) {
    // Without it small answers wait for the reader's delayed acknowledgement.
    let _ = stream.set_nodelay(true);
    let io = TokioIo::new(Patient::new(stream, limits.patience));
    let answered = service_fn(move |asked| Arc::clone(&desk).answer(asked));
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_buf_size(HEAD_BYTES_MAX)
        .max_headers(HEAD_LINES_MAX)
        .serve_connection(io, answered)
        .await;
}
