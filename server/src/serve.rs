//! Serving: the listener, its limits and timeouts, and an end that lets requests finish.

mod stall;
mod tls;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::Semaphore;

use crate::error::{Error, Result};
pub use tls::Tls;

/// How long a request's head may take (axum's own server has no such limit).
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the beginning of a TLS connection may take.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a reader may take nothing of an answer.
const STALL_TIMEOUT: Duration = Duration::from_secs(15);
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
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut stop = std::pin::pin!(stop);
    loop {
        let place = Arc::clone(&places).acquire_owned().await.map_err(|_| Error::Busy)?;
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
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
            connect(stream, tls, router, watcher).await;
        });
    }
    drop(listener);
    if tokio::time::timeout(LAST_REQUESTS, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests were cut off");
    }
    Ok(())
}

async fn connect(stream: TcpStream, tls: Option<Arc<Tls>>, router: Router, watcher: Watcher) {
    // Without it small answers wait for the reader's delayed acknowledgement.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "no TCP_NODELAY");
    }
    let stream = stall::Stalls::new(stream, STALL_TIMEOUT);
    match tls {
        None => talk(stream, router, watcher).await,
        Some(tls) => match tls.accept(stream, HANDSHAKE_TIMEOUT).await {
            Ok(stream) => talk(stream, router, watcher).await,
            Err(error) => tracing::debug!(%error, "a TLS handshake failed"),
        },
    }
}

/// One connection to its end.
async fn talk<S>(stream: S, router: Router, watcher: Watcher)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(BUFFER_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(%error, "a connection ended");
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
