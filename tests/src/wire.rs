//! A line between a program and a server: counts what goes over it, and can cut connections after so many bytes.

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
    /// Bytes that were carried, both ways.
    pub carried: Arc<AtomicU64>,
}

impl Wire {
    /// Lays a wire to `server` (`http://127.0.0.1:PORT`).
    pub fn to(server: &str) -> Result<Wire> {
        let target = server.trim_start_matches("http://").to_string();
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}", listener.local_addr()?);
        let allowance = Arc::new(AtomicU64::new(u64::MAX));
        let carried = Arc::new(AtomicU64::new(0));
        let (shared, count) = (allowance.clone(), carried.clone());
        std::thread::spawn(move || {
            for near in listener.incoming().flatten() {
                let Ok(far) = TcpStream::connect(&target) else { continue };
                let (Ok(near_out), Ok(far_in)) = (near.try_clone(), far.try_clone()) else {
                    continue;
                };
                let bytes = shared.load(Ordering::SeqCst);
                let counts = [count.clone(), count.clone()];
                let [up, down] = counts;
                std::thread::spawn(move || carry(near, far, bytes, &up));
                std::thread::spawn(move || carry(far_in, near_out, u64::MAX, &down));
            }
        });
        Ok(Wire { url, allowance, carried })
    }
}

fn carry(mut from: TcpStream, mut to: TcpStream, mut allowance: u64, carried: &AtomicU64) {
    let mut buffer = [0; 16_384];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        let passed = usize::try_from(allowance).unwrap_or(usize::MAX).min(length);
        carried.fetch_add(passed as u64, Ordering::SeqCst);
        if to.write_all(&buffer[..passed]).is_err() || passed < length {
            break;
        }
        allowance -= passed as u64;
    }
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}
