//! A bad line: a TCP proxy that cuts every connection after a number of bytes sent upstream.

use crate::Result;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A proxy to a server on this machine.
pub struct Wire {
    /// `http://127.0.0.1:PORT`: the address to send to instead of the server's.
    pub url: String,
    /// Bytes that each new connection may send upstream before it is cut.
    pub allowance: Arc<AtomicU64>,
}

impl Wire {
    /// Lays a wire to `server` (`http://127.0.0.1:PORT`).
    pub fn to(server: &str) -> Result<Wire> {
        let target = server.trim_start_matches("http://").to_string();
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}", listener.local_addr()?);
        let allowance = Arc::new(AtomicU64::new(u64::MAX));
        let shared = allowance.clone();
        std::thread::spawn(move || {
            for near in listener.incoming().flatten() {
                let Ok(far) = TcpStream::connect(&target) else { continue };
                let (Ok(near_out), Ok(far_in)) = (near.try_clone(), far.try_clone()) else {
                    continue;
                };
                let bytes = shared.load(Ordering::SeqCst);
                std::thread::spawn(move || carry(near, far, bytes));
                std::thread::spawn(move || carry(far_in, near_out, u64::MAX));
            }
        });
        Ok(Wire { url, allowance })
    }
}

fn carry(mut from: TcpStream, mut to: TcpStream, mut allowance: u64) {
    let mut buffer = [0; 4096];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        let passed = usize::try_from(allowance).unwrap_or(usize::MAX).min(length);
        if to.write_all(&buffer[..passed]).is_err() || passed < length {
            break;
        }
        allowance -= passed as u64;
    }
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}
