//! Asking the office over HTTP. Nothing that comes back is believed: whoever asked verifies it.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use embassy_time::{Duration, with_timeout};
use embedded_io_async::Read;
use embedded_nal_async::{Dns, TcpConnect};
use reqwless::client::HttpClient;
use reqwless::headers::ContentType;
use reqwless::request::{Method, RequestBuilder};

/// How long a connection, an answer's head, or the next piece of its body may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long a body may take to its end, whatever comes of it: a drip would hold everything else up.
const BODY: Duration = Duration::from_secs(15 * 60);
/// Bytes of an answer's head.
const HEAD: usize = 4 * 1024;
/// Bytes that are read at once.
const PIECE: usize = 2 * 1024;

/// Why nothing came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// Nobody answers, or stopped answering.
    #[error("nobody answers")]
    Offline,
    /// It was refused.
    #[error("answered {0}")]
    Status(u16),
    /// More came than was asked for.
    #[error("the answer is too long")]
    TooLong,
}

/// Where the network is.
#[derive(Clone, Copy, Debug)]
pub struct Net<'n, T, D> {
    /// Makes connections.
    pub tcp: &'n T,
    /// Finds names.
    pub dns: &'n D,
}

impl<T: TcpConnect, D: Dns> Net<'_, T, D> {
    /// Gets an address piece by piece. `taken` hears each piece and answers whether it wants more.
    ///
    /// # Errors
    /// [`HttpError`], or what `taken` found wrong.
    pub async fn get<E: From<HttpError>>(
        &self,
        url: &str,
        taken: impl AsyncFnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut client = HttpClient::new(self.tcp, self.dns);
        let mut head = vec![0; HEAD];
        let asked = in_time(client.request(Method::GET, url)).await?;
        let mut asked = Box::new(asked);
        let answer = in_time(asked.send(&mut head)).await?;
        if answer.status.0 != 200 {
            return Err(HttpError::Status(answer.status.0).into());
        }
        pieces(answer.body().reader(), taken).await
    }

    /// Gets all of it, if it is not longer than `most` bytes.
    ///
    /// # Errors
    /// [`HttpError`].
    pub async fn get_all(&self, url: &str, most: usize) -> Result<Vec<u8>, HttpError> {
        let mut all = Vec::new();
        self.get(url, async |piece: &[u8]| add(&mut all, piece, most)).await?;
        Ok(all)
    }

    /// Sends something and answers the status and what came back, at most `most` bytes.
    ///
    /// # Errors
    /// [`HttpError`]; a refusal is an answer here.
    pub async fn post(
        &self,
        url: &str,
        kind: ContentType,
        bytes: &[u8],
        most: usize,
    ) -> Result<(u16, String), HttpError> {
        let mut client = HttpClient::new(self.tcp, self.dns);
        let mut head = vec![0; HEAD];
        let asked = in_time(client.request(Method::POST, url)).await?;
        let mut asked = Box::new(asked.body(bytes).content_type(kind));
        let answer = in_time(asked.send(&mut head)).await?;
        let status = answer.status.0;
        let mut all = Vec::new();
        pieces(answer.body().reader(), async |piece: &[u8]| add(&mut all, piece, most)).await?;
        Ok((status, String::from_utf8(all).map_err(|_| HttpError::Status(status))?))
    }
}

/// Reads a body to its end.
async fn pieces<E: From<HttpError>>(
    mut body: impl Read,
    mut taken: impl AsyncFnMut(&[u8]) -> Result<(), E>,
) -> Result<(), E> {
    let mut piece = vec![0; PIECE];
    let reading = async {
        loop {
            let count = in_time(body.read(&mut piece)).await?;
            if count == 0 {
                return Ok(());
            }
            taken(&piece[..count]).await?;
        }
    };
    with_timeout(BODY, reading).await.unwrap_or(Err(HttpError::Offline.into()))
}

fn add(all: &mut Vec<u8>, piece: &[u8], most: usize) -> Result<(), HttpError> {
    if all.len() + piece.len() > most {
        return Err(HttpError::TooLong);
    }
    all.extend_from_slice(piece);
    Ok(())
}

async fn in_time<V, E>(work: impl Future<Output = Result<V, E>>) -> Result<V, HttpError> {
    match with_timeout(PATIENCE, work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(_)) | Err(_) => Err(HttpError::Offline),
    }
}
