//! Whoever stands between a browser and a server: passes every answer on and lets a test change its bytes.

use crate::Result;
use crate::request::Request;
use std::io::{BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

/// What a test makes of an answer: `(path, honest bytes)` to the bytes that are passed on.
type Change = dyn Fn(&str, Vec<u8>) -> Vec<u8> + Send + Sync;

/// Whom requests go to: `http://…`, or nobody.
type To = Arc<Mutex<Option<String>>>;

/// A running meddler; it ends with the test's process.
pub struct Meddler {
    /// `http://127.0.0.1:PORT`.
    pub url: String,
    to: To,
}

impl Meddler {
    /// Passes on what `server` (`http://…`) answers, as `change` leaves it.
    pub fn start(
        server: &str,
        change: impl Fn(&str, Vec<u8>) -> Vec<u8> + Send + Sync + 'static,
    ) -> Result<Meddler> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}", listener.local_addr()?);
        let to: To = Arc::new(Mutex::new(Some(server.into())));
        let (server, change): (To, Arc<Change>) = (to.clone(), Arc::new(change));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (server, change) = (server.clone(), change.clone());
                std::thread::spawn(move || pass_on(stream, &server, &*change).is_ok());
            }
        });
        Ok(Meddler { url, to })
    }

    /// From now on another server is asked; with none, every connection ends at its next request.
    pub fn turn_to(&self, server: Option<&str>) {
        *self.to.lock().unwrap_or_else(PoisonError::into_inner) = server.map(String::from);
    }
}

/// Answers the requests of one connection until it is closed.
fn pass_on(stream: TcpStream, to: &Mutex<Option<String>>, change: &Change) -> Result<()> {
    let agent: ureq::Agent =
        ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut stream = stream;
    while let Some(request) = Request::read(&mut reader)? {
        let server = to.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(server) = server else { return Ok(()) };
        let path = &request.target;
        let mut answer = agent.get(format!("{server}{path}")).call()?;
        let bytes = answer.body_mut().with_config().limit(64 << 20).read_to_vec()?;
        let body = change(path, bytes);
        write!(stream, "HTTP/1.1 {}\r\nContent-Length: {}\r\n", answer.status(), body.len())?;
        for name in ["content-type", "content-security-policy"] {
            if let Some(value) = answer.headers().get(name) {
                write!(stream, "{name}: {}\r\n", value.to_str()?)?;
            }
        }
        stream.write_all(b"\r\n")?;
        stream.write_all(&body)?;
        stream.flush()?;
    }
    Ok(())
}
