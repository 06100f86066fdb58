//! A kiosk's verified sync of 10,000 receipts against rsync of the same records as files.

use crate::bench::submissions::send;
use crate::bench::{Bench, ROUNDS, median, report};
use crate::pen::Pen;
use crate::wire::Wire;
use crate::{Result, programs};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// What one transfer cost.
struct Cost {
    bytes: f64,
    seconds: f64,
    requests: f64,
}

/// Measures.
pub fn run(bench: Bench) -> Result<()> {
    let records = bench.town.folder.join("records");
    let rsync = Rsync::serve(&records)?;
    let kiosk = bench.town.folder.join("kiosk");
    let copy = bench.town.folder.join("copy");
    let (mut us, mut them) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let _ = (std::fs::remove_dir_all(&kiosk), std::fs::remove_dir_all(&copy));
        us.push(sync(&bench, &kiosk)?);
        them.push(rsync.fetch(&copy)?);
    }
    tell("fresh sync of 10,000 receipts", &us, &them, "≤ 0.75");
    let seconds = |costs: &[Cost]| median(costs.iter().map(|c| c.seconds).collect());
    report::ratio("fresh sync of 10,000 receipts: seconds", seconds(&us), seconds(&them), "≤ 1");
    let (us, them) = ([sync(&bench, &kiosk)?], [rsync.fetch(&copy)?]);
    tell("nothing new", &us, &them, "");
    report::alone("nothing new: bytes", us[0].bytes, "≤ 512");
    report::alone("nothing new: requests", us[0].requests, "≤ 1");
    let accountant = &bench.town.accountants[0];
    let one = Pen::take(&accountant.data, &accountant.village)?.receipt(1_000_000)?;
    send(&bench.server.url, std::slice::from_ref(&one))?;
    let office = bench.town.office(&bench.server, "reviewer")?;
    office.publish_seconds(std::slice::from_ref(&one.id))?;
    std::fs::write(records.join(&one.id), format!("{}{}", one.statement, one.content))?;
    let (us, them) = ([sync(&bench, &kiosk)?], [rsync.fetch(&copy)?]);
    tell("one new receipt", &us, &them, "");
    report::alone("one new receipt: bytes", us[0].bytes, "≤ 24000");
    report::alone("one new receipt: requests", us[0].requests, "≤ 3");
    Ok(())
}

fn tell(what: &str, us: &[Cost], them: &[Cost], goal: &str) {
    let bytes = |costs: &[Cost]| median(costs.iter().map(|c| c.bytes).collect());
    report::ratio(&format!("{what}: bytes"), bytes(us), bytes(them), goal);
}

/// One sync of records without pictures, the bytes counted on the wire and not by the kiosk.
fn sync(bench: &Bench, kiosk: &Path) -> Result<Cost> {
    let wire = Wire::to(&bench.server.url)?;
    let start = Instant::now();
    let told = programs::run(
        "mingbai-kiosk",
        &[
            "sync",
            "--data",
            programs::text(kiosk),
            "--server",
            &wire.url,
            "--vkey",
            &bench.town.vkey,
            "--images",
            "none",
            "--json",
        ],
    )?;
    let seconds = start.elapsed().as_secs_f64();
    let told: serde_json::Value = serde_json::from_str(&told)?;
    let requests = told["requests"].as_f64().ok_or("sync told no requests")?;
    Ok(Cost { bytes: wire.carried.load(Ordering::SeqCst) as f64, seconds, requests })
}

/// An rsync daemon on loopback, serving a folder.
struct Rsync {
    daemon: Child,
    address: String,
    _folder: tempfile::TempDir,
}

impl Rsync {
    fn serve(records: &Path) -> Result<Rsync> {
        let folder = tempfile::tempdir()?;
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let config: PathBuf = folder.path().join("rsyncd.conf");
        let path = programs::text(records);
        let own = "use chroot = no\nuid = root\ngid = root\n";
        std::fs::write(&config, format!("{own}[records]\npath = {path}\nread only = yes\n"))?;
        let daemon = Command::new("rsync")
            .args(["--daemon", "--no-detach", "--address=127.0.0.1"])
            .args([format!("--port={port}"), format!("--config={}", config.display())])
            .spawn()
            .map_err(|error| format!("rsync: {error}"))?;
        for _ in 0..100 {
            if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Ok(Rsync { daemon, address: format!("127.0.0.1:{port}"), _folder: folder });
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Err("the rsync daemon did not start".into())
    }

    /// `rsync -az`, through the same kind of wire as the kiosk's sync.
    fn fetch(&self, copy: &Path) -> Result<Cost> {
        let wire = Wire::to(&self.address)?;
        let url = wire.url.replace("http://", "rsync://");
        let start = Instant::now();
        let status = Command::new("rsync")
            .args(["-az", &format!("{url}/records/"), programs::text(copy)])
            .status()?;
        let seconds = start.elapsed().as_secs_f64();
        if !status.success() {
            return Err("rsync failed".into());
        }
        Ok(Cost { bytes: wire.carried.load(Ordering::SeqCst) as f64, seconds, requests: 1.0 })
    }
}

impl Drop for Rsync {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}
