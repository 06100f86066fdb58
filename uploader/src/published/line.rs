//! The public read surface of the township's server: every answer bounded in bytes and time.

use super::{FollowError, Result};
use ledger::client::Want;
use std::io::Read;
use std::time::Duration;
use ureq::Agent;
use ureq::http::header::{ACCEPT_ENCODING, RANGE};

const CONNECT: Duration = Duration::from_secs(10);
/// The longest that one answer may take.
const ANSWER: Duration = Duration::from_secs(60);

/// A server to read from.
pub struct Line {
    agent: Agent,
    address: String,
}

impl Line {
    /// A line to an address such as `https://mingbai.example`; nothing is asked yet.
    pub fn to(address: &str) -> Line {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(CONNECT))
            .timeout_global(Some(ANSWER))
            .max_redirects(0)
            .build();
        Line { agent: config.into(), address: address.trim_end_matches('/').into() }
    }

    /// The whole of a path; `None` if the server does not have it.
    pub fn get(&self, path: &str, bytes_max: usize) -> Result<Option<Vec<u8>>> {
        self.ask(path, 0, bytes_max)
    }

    /// What a reader of the log wants, which must be there.
    pub fn need(&self, want: &Want) -> Result<Vec<u8>> {
        let missing = || FollowError::Status(want.path.clone(), 404);
        self.ask(&want.path, want.from, want.bytes_max)?.ok_or_else(missing)
    }

    fn ask(&self, path: &str, from: u64, bytes_max: usize) -> Result<Option<Vec<u8>>> {
        let mut request = self.agent.get(format!("{}/{path}", self.address));
        if from > 0 {
            let rest = format!("bytes={from}-");
            request = request.header(ACCEPT_ENCODING, "identity").header(RANGE, rest);
        }
        let lost = |why: String| FollowError::Unreachable(path.into(), why);
        let answer = request.call().map_err(|why| lost(why.to_string()))?;
        let already = match answer.status().as_u16() {
            200 => from,
            206 if from > 0 => 0,
            404 | 410 | 416 => return Ok(None),
            status => return Err(FollowError::Status(path.into(), status)),
        };
        let (mut bytes, limit) = (Vec::new(), bytes_max as u64);
        let mut body = answer.into_body().into_reader().take(limit + 1);
        body.read_to_end(&mut bytes).map_err(|why| lost(why.to_string()))?;
        if bytes.len() as u64 > limit {
            return Err(FollowError::TooLarge(path.into()));
        }
        // A mirror without ranges sends the whole.
        let already = usize::try_from(already).unwrap_or(usize::MAX);
        Ok(bytes.get(already..).map(<[u8]>::to_vec))
    }
}
