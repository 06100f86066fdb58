//! Asking other servers over HTTP: every answer bounded in bytes and in time. Blocks.

use std::io::Read;
use std::time::Duration;

use ledger::client::Want;
use ureq::Agent;
use ureq::http::header::{ACCEPT_ENCODING, CONTENT_TYPE, RANGE};

use crate::error::{Error, Result};

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(10);

/// Another server.
pub struct Line {
    agent: Agent,
    address: String,
}

/// What it said.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

impl Line {
    /// A line to an address such as `https://mingbai.example`; nothing is asked yet. No answer may take longer than
    /// `patience`, and none leads elsewhere.
    ///
    /// # Errors
    /// `bad-url` when it is no address of HTTP.
    pub fn to(address: &str, patience: Duration) -> Result<Self> {
        if !["http://", "https://"].iter().any(|scheme| address.starts_with(scheme)) {
            let message = format!("网址 {address} 不对：应以 http:// 或 https:// 开头");
            return Err(Error::refused("bad-url", message));
        }
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(CONNECT))
            .timeout_global(Some(patience))
            .max_redirects(0)
            .build();
        Ok(Self { agent: config.into(), address: address.trim_end_matches('/').into() })
    }

    /// The whole of a path; none if it is not there.
    ///
    /// # Errors
    /// `unreachable`, or `bad-answer` for one that is too large or of another status.
    pub fn get(&self, path: &str, bytes_max: usize) -> Result<Option<Vec<u8>>> {
        self.fetch(&Want { path: path.into(), from: 0, bytes_max })
    }

    /// What a reader of a log wants, which must be there.
    ///
    /// # Errors
    /// As [`Line::get`]; `absent` when it is not there.
    pub fn need(&self, want: &Want) -> Result<Vec<u8>> {
        let absent = || Error::refused("absent", format!("{}/{}：没有", self.address, want.path));
        self.fetch(want)?.ok_or_else(absent)
    }

    fn fetch(&self, want: &Want) -> Result<Option<Vec<u8>>> {
        let mut request = self.agent.get(format!("{}/{}", self.address, want.path));
        if want.from > 0 {
            let rest = format!("bytes={}-", want.from);
            request = request.header(ACCEPT_ENCODING, "identity").header(RANGE, rest);
        }
        let answer = request.call().map_err(|why| self.lost(&want.path, &why))?;
        let skip = match answer.status().as_u16() {
            // A mirror without ranges sends the whole.
            200 => want.from,
            206 if want.from > 0 => 0,
            404 | 410 | 416 => return Ok(None),
            status => return Err(self.bad(&want.path, &format!("状态 {status}"))),
        };
        let whole = want.bytes_max.saturating_add(usize::try_from(skip).unwrap_or(usize::MAX));
        let mut bytes = self.read(&want.path, answer, whole)?;
        bytes.drain(..bytes.len().min(usize::try_from(skip).unwrap_or(usize::MAX)));
        Ok(Some(bytes))
    }

    /// Sends a body.
    ///
    /// # Errors
    /// `unreachable`, or `bad-answer` for one that is too large.
    pub fn post(&self, path: &str, body: &str, bytes_max: usize) -> Result<Answer> {
        let request = self.agent.post(format!("{}/{path}", self.address));
        let sent = request.header(CONTENT_TYPE, "text/plain; charset=utf-8").send(body);
        let answer = sent.map_err(|why| self.lost(path, &why))?;
        let status = answer.status().as_u16();
        Ok(Answer { status, body: self.read(path, answer, bytes_max)? })
    }

    fn read(
        &self,
        path: &str,
        answer: ureq::http::Response<ureq::Body>,
        max: usize,
    ) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut body = answer.into_body().into_reader().take(max as u64 + 1);
        body.read_to_end(&mut bytes).map_err(|why| self.lost(path, &why))?;
        if bytes.len() > max {
            return Err(self.bad(path, &format!("超过 {max} 字节")));
        }
        Ok(bytes)
    }

    fn lost(&self, path: &str, why: &dyn std::fmt::Display) -> Error {
        Error::refused("unreachable", format!("连不上 {}/{path}：{why}", self.address))
    }

    fn bad(&self, path: &str, why: &str) -> Error {
        Error::refused("bad-answer", format!("{}/{path} 答得不对：{why}", self.address))
    }
}
