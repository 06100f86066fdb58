//! Signed submissions accepted durably a second, and how long a thousand pending ones take to be published.

use crate::Result;
use crate::bench::{Bench, ROUNDS, median, report};
use crate::pen::{Pen, Submission};
use ledger::hash::sha256;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// Connections that send at the same time.
const CONNECTIONS: usize = 64;
/// Submissions a round.
const EACH: u64 = 3_334;

/// Measures; hands on the township with all of it published and kept as files for the next comparison.
pub fn run(bench: Bench) -> Result<Bench> {
    let accountant = &bench.town.accountants[0];
    let pen = Pen::take(&accountant.data, &accountant.village)?;
    let records = bench.town.folder.join("records");
    std::fs::create_dir_all(&records)?;
    let (mut rates, mut publishing) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS as u64 {
        let batch: Vec<Submission> =
            (round * EACH..(round + 1) * EACH).map(|n| pen.receipt(n)).collect::<Result<_>>()?;
        let start = Instant::now();
        send(&bench.server.url, &batch)?;
        rates.push(batch.len() as f64 / start.elapsed().as_secs_f64());
        let office = bench.town.office(&bench.server, "reviewer")?;
        for part in batch.chunks(1_000) {
            let ids: Vec<String> = part.iter().map(|s| s.id.clone()).collect();
            let seconds = office.publish_seconds(&ids)?;
            if part.len() == 1_000 {
                publishing.push(seconds);
            }
        }
        for one in &batch {
            let file = records.join(&one.id);
            std::fs::write(file, format!("{}{}", one.statement, one.content))?;
        }
    }
    report::alone("submissions accepted durably a second", median(rates), "≥ 2000");
    report::alone("publishing 1,000 pending, seconds", median(publishing), "≤ 1");
    Ok(bench)
}

/// Sends a batch over many connections; every one must be acknowledged.
pub fn send(url: &str, batch: &[Submission]) -> Result<()> {
    let address = url.trim_start_matches("http://");
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let connection = || -> Result<()> {
            let mut stream = TcpStream::connect(address)?;
            stream.set_nodelay(true)?;
            while let Some(one) = batch.get(next.fetch_add(1, Ordering::Relaxed)) {
                post(&mut stream, address, &one.body())?;
            }
            Ok(())
        };
        let hands: Vec<_> = (0..CONNECTIONS).map(|_| scope.spawn(connection)).collect();
        hands.into_iter().try_for_each(|hand| hand.join().map_err(|_| "a connection failed")?)
    })
}

fn post(stream: &mut TcpStream, host: &str, body: &str) -> Result<()> {
    let length = body.len();
    let head = format!(
        "POST /api/submissions HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    );
    stream.write_all((head + body).as_bytes())?;
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let length = stream.read(&mut buffer)?;
        answer.extend(&buffer[..length]);
        let text = String::from_utf8_lossy(&answer);
        if let Some((head, rest)) = text.split_once("\r\n\r\n") {
            let expected = head
                .lines()
                .filter_map(|line| line.split_once(": "))
                .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
                .map_or(Ok(0), |(_, value)| value.parse::<usize>())?;
            if rest.len() >= expected {
                let accepted = head.starts_with("HTTP/1.1 202") || head.starts_with("HTTP/1.1 200");
                return if accepted { Ok(()) } else { Err(text.into_owned().into()) };
            }
        }
        if length == 0 {
            return Err(format!("the server hung up: {text}").into());
        }
    }
}

/// Sends a picture that a submission names.
pub fn put(server: &str, bytes: &[u8]) -> Result<()> {
    let hash = sha256(bytes);
    ureq::patch(format!("{server}/api/blobs/{hash}"))
        .header("Upload-Offset", "0")
        .header("Upload-Length", bytes.len().to_string())
        .header("Content-Type", "application/offset+octet-stream")
        .send(bytes)?;
    Ok(())
}
