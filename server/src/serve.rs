//! Serving: the listener, its limits and timeouts, and an end that lets requests finish.

mod stall;
mod tls;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::Semaphore;

use crate::error::{Error, Result};
use crate::web::limit::Peer;
pub use tls::Tls;

/// How long the other side may take.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For a request's head, and between two requests (axum's own server has no such limit).
    pub head: Duration,
    /// For the beginning of a TLS connection.
    pub handshake: Duration,
    /// While it takes nothing of an answer.
    pub stall: Duration,
}

impl Patience {
    /// That of a real server.
    pub const REAL: Self = Self {
        head: Duration::from_secs(10),
        handshake: Duration::from_secs(10),
        stall: Duration::from_secs(15),
    };
}

/// Connections at the same time; more wait to be accepted.
const CONNECTIONS_MAX: usize = 1024;
/// Bytes of a request's head, and of what is buffered of an answer.
const BUFFER_BYTES_MAX: usize = 64 * 1024;
/// How long open requests may take once the server was told to stop.
const LAST_REQUESTS: Duration = Duration::from_secs(10);
/// A pause after the system had no file descriptor or memory left for a connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Bytes of an answer that the system takes at once: a whole picture without waiting for its reader.
const SEND_BUFFER_BYTES: u32 = 256 * 1024;
/// Connections that wait to be accepted.
const BACKLOG: u32 = 1024;

/// Listens at an address; port 0 lets the system choose.
///
/// # Errors
/// When the address is taken or not this machine's.
pub fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    // Accepted connections inherit it.
    socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Answers requests, inside TLS where it is given, until `stop` is ready; then finishes those under
/// way.
///
/// # Errors
/// Never once it runs.
pub async fn serve(
    listener: TcpListener,
    tls: Option<Arc<Tls>>,
    router: Router,
    stop: impl Future<Output = ()>,
) -> Result<()> {
    serve_with(listener, tls, router, Patience::REAL, stop).await
}

/// The same with another patience.
async fn serve_with(
    listener: TcpListener,
    tls: Option<Arc<Tls>>,
    router: Router,
    patience: Patience,
    stop: impl Future<Output = ()>,
) -> Result<()> {
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut stop = std::pin::pin!(stop);
    loop {
        let place = Arc::clone(&places).acquire_owned().await.map_err(|_| Error::Busy)?;
        let (stream, peer) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, address)) => (stream, Peer(address.ip())),
                Err(error) => {
                    tracing::warn!(%error, "could not accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            },
            () = &mut stop => break,
        };
        let (tls, router, watcher) = (tls.clone(), router.clone(), graceful.watcher());
        tokio::spawn(async move {
            let _place = place;
            connect(stream, tls, Answerer { router, peer, patience, watcher }).await;
        });
    }
    drop(listener);
    if tokio::time::timeout(LAST_REQUESTS, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests were cut off");
    }
    Ok(())
}

/// What answers the requests of one connection.
struct Answerer {
    router: Router,
    peer: Peer,
    patience: Patience,
    watcher: Watcher,
}

async fn connect(stream: TcpStream, tls: Option<Arc<Tls>>, answerer: Answerer) {
    // Without it small answers wait for the reader's delayed acknowledgement.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "no TCP_NODELAY");
    }
    let patience = answerer.patience;
    let stream = stall::Stalls::new(stream, patience.stall);
    match tls {
        None => answerer.talk(stream).await,
        Some(tls) => match tls.accept(stream, patience.handshake).await {
            Ok(stream) => answerer.talk(stream).await,
            Err(error) => tracing::debug!(%error, "a TLS handshake failed"),
        },
    }
}

impl Answerer {
    /// One connection to its end.
    async fn talk<S>(self, stream: S)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (inner, peer) = (TowerToHyperService::new(self.router), self.peer);
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(peer);
            inner.call(request)
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.patience.head)
            .max_buf_size(BUFFER_BYTES_MAX)
            .serve_connection(TokioIo::new(stream), service);
        if let Err(error) = self.watcher.watch(connection).await {
            tracing::debug!(%error, "a connection ended");
        }
    }
}

/// Ready when the process is asked to stop (SIGTERM or SIGINT).
///
/// # Errors
/// When the signals cannot be watched.
pub fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

#[cfg(test)]
mod tests;
