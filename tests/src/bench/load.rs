//! Load from wrk, and what it cost the server by the kernel's own accounts.

use crate::Result;
use crate::bench::cost::cpu_seconds;
use std::process::Command;

/// What one run of wrk said, and the CPU time that the server's processes used meanwhile.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    /// Requests answered a second.
    pub per_second: f64,
    /// Microseconds of CPU a request.
    pub cpu_us: f64,
    /// Milliseconds.
    pub p99_ms: f64,
}

const SECONDS: f64 = 4.0;

/// 32 connections for four seconds at `url`, which the processes `servers` answer.
pub fn run(url: &str, servers: &[u32]) -> Result<Load> {
    let before = cpu_seconds(servers)?;
    let output = Command::new("wrk")
        .args(["-t1", "-c32", &format!("-d{SECONDS}s"), "--latency", url])
        .output()
        .map_err(|error| format!("wrk: {error}"))?;
    let cpu = cpu_seconds(servers)? - before;
    let text = String::from_utf8(output.stdout)?;
    if text.contains("Non-2xx") || text.contains("Socket errors") {
        return Err(format!("wrk had errors at {url}:\n{text}").into());
    }
    let after =
        |mark: &str| text.split_once(mark).and_then(|(_, rest)| rest.split_whitespace().next());
    let per_second: f64 = after("Requests/sec:").ok_or("wrk told no rate")?.parse()?;
    let requests: f64 = text
        .lines()
        .find_map(|line| line.trim().split_once(" requests in "))
        .ok_or("wrk told no count")?
        .0
        .parse()?;
    let p99_ms = milliseconds(after("99%").ok_or("wrk told no latency")?)?;
    Ok(Load { per_second, cpu_us: cpu / requests * 1e6, p99_ms })
}

fn milliseconds(text: &str) -> Result<f64> {
    for (unit, factor) in [("us", 0.001), ("ms", 1.0), ("s", 1000.0)] {
        if let Some(number) = text.strip_suffix(unit) {
            return Ok(number.parse::<f64>()? * factor);
        }
    }
    Err(format!("not a duration: {text}").into())
}
