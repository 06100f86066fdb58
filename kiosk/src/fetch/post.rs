//! What a kiosk tells the office. Beside the rest, which only asks.

use std::io::Read;
use std::sync::atomic::Ordering;

use ureq::http::header::CONTENT_TYPE;

use super::{FetchError, Server, unreachable_at};

impl Server {
    /// Sends `body` to `path`: the status, whatever it is, and at most `limit` bytes of answer.
    ///
    /// # Errors
    /// [`FetchError`].
    pub fn post(
        &self,
        path: &str,
        kind: &str,
        body: &str,
        limit: u64,
    ) -> Result<(u16, Vec<u8>), FetchError> {
        self.tally.requests.fetch_add(1, Ordering::Relaxed);
        let request = self.agent.post(format!("{}{path}", self.base)).header(CONTENT_TYPE, kind);
        let request = request.config().timeout_global(Some(self.manner.patience)).build();
        let (head, body) = request.send(body).map_err(|e| unreachable_at(path, e))?.into_parts();
        let mut bytes = Vec::new();
        let read = body.into_reader().take(limit + 1).read_to_end(&mut bytes);
        read.map_err(|e| unreachable_at(path, ureq::Error::from(e)))?;
        if bytes.len() as u64 > limit {
            return Err(FetchError::TooLarge { path: path.to_owned(), limit });
        }
        Ok((head.status.as_u16(), bytes))
    }
}
