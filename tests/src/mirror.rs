//! A mirror that may lie: serves the files of a folder over HTTP and lets a test change each answer. Knows nothing of
//! the formats; it is what a hostile network or a broken cache would be.

use crate::Result;
use crate::request::Request;
use std::io::{BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What a test makes of an answer: `(path, honest bytes if any)` to the bytes that are sent.
pub type Lie = dyn Fn(&str, Option<Vec<u8>>) -> Option<Vec<u8>> + Send + Sync;

/// A running mirror; it ends with the test's process.
pub struct Mirror {
    /// `http://127.0.0.1:PORT`.
    pub url: String,
}

impl Mirror {
    /// Serves `folder` truthfully but for what `lie` changes.
    pub fn start(
        folder: &Path,
        lie: impl Fn(&str, Option<Vec<u8>>) -> Option<Vec<u8>> + Send + Sync + 'static,
    ) -> Result<Mirror> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}", listener.local_addr()?);
        let (folder, lie): (PathBuf, Arc<Lie>) = (folder.to_path_buf(), Arc::new(lie));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (folder, lie) = (folder.clone(), lie.clone());
                std::thread::spawn(move || answer(stream, &folder, &*lie));
            }
        });
        Ok(Mirror { url })
    }
}

/// Answers requests on one connection until it is closed.
fn answer(stream: TcpStream, folder: &Path, lie: &Lie) -> Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut stream = stream;
    while let Some(request) = Request::read(&mut reader)? {
        let (path, _) = request.parts();
        let honest = std::fs::read(folder.join(path.trim_start_matches('/'))).ok();
        match lie(path, honest) {
            Some(body) => {
                write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len())?;
                stream.write_all(&body)?;
            }
            None => write!(stream, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")?,
        }
        stream.flush()?;
    }
    Ok(())
}
