//! A request, as the small servers of the tests read it from a connection.

use crate::Result;
use std::io::{BufRead, Read};

/// What was asked.
pub struct Request {
    /// `GET` or `POST`.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// What came with it.
    pub body: Vec<u8>,
}

impl Request {
    /// The next one of a connection; none once that is closed.
    pub fn read(reader: &mut impl BufRead) -> Result<Option<Request>> {
        let mut request = String::new();
        if reader.read_line(&mut request)? == 0 {
            return Ok(None);
        }
        let mut length = 0;
        loop {
            let mut header = String::new();
            reader.read_line(&mut header)?;
            match header.trim_end().split_once(':') {
                None => break,
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    length = value.trim().parse()?;
                }
                Some(_) => {}
            }
        }
        let mut body = Vec::new();
        reader.take(length).read_to_end(&mut body)?;
        let mut words = request.split_whitespace();
        let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or("/"));
        Ok(Some(Request { method: method.into(), target: target.into(), body }))
    }

    /// The target without its query, and the query.
    pub fn parts(&self) -> (&str, &str) {
        self.target.split_once('?').unwrap_or((&self.target, ""))
    }
}
