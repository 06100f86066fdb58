//! A published record page and a 200 kB image, against the same bytes from nginx.

use crate::bench::{Bench, ROUNDS, load, load::Load, median, report};
use crate::{Result, programs};
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

/// Measures; hands on the township with its one published record.
pub fn run() -> Result<Bench> {
    let bench = Bench::found()?;
    let (record, image) = publish_one(&bench)?;
    let folder = tempfile::tempdir()?;
    let page = bench.server.get(&record)?;
    let picture = bench.server.get(&image)?;
    std::fs::write(folder.path().join("page.html"), &page)?;
    std::fs::write(folder.path().join("picture.jpg"), &picture)?;
    let nginx = Nginx::start(folder.path())?;
    let ours = [bench.server.id()];
    for (what, our_path, their_path) in [
        (format!("record page, {} bytes", page.len()), record, "/page.html"),
        (format!("image, {} bytes", picture.len()), image, "/picture.jpg"),
    ] {
        let (our_url, their_url) =
            (format!("{}{our_path}", bench.server.url), format!("{}{their_path}", nginx.url));
        let (mut us, mut them) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            us.push(load::run(&our_url, &ours)?);
            them.push(load::run(&their_url, &nginx.workers)?);
        }
        let middle =
            |loads: &[Load], figure: fn(&Load) -> f64| median(loads.iter().map(figure).collect());
        let tell = |name: &str, figure: fn(&Load) -> f64, goal| {
            let name = format!("{what}: {name}");
            report::ratio(&name, middle(&us, figure), middle(&them, figure), goal);
        };
        tell("requests/s", |l| l.per_second, "≥ 0.8");
        tell("CPU µs", |l| l.cpu_us, "≤ 1.3");
        tell("p99 ms", |l| l.p99_ms, "≤ 2");
    }
    Ok(bench)
}

/// Publishes one receipt whose picture is about 200 kB; answers the paths of its page and of the picture.
fn publish_one(bench: &Bench) -> Result<(String, String)> {
    let photo = bench.town.folder.join("photo.png");
    // Grain enough that the compressed picture is about 200 kB.
    let mut seed = 1u32;
    image::RgbImage::from_fn(1500, 2000, |x, y| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let grain = (seed >> 27) as u8;
        let paper = if x / 90 % 2 == 0 && y / 40 % 3 == 0 { 90 } else { 200 };
        image::Rgb([paper + grain, paper + grain, paper + grain / 2])
    })
    .save(&photo)?;
    let accountant = &bench.town.accountants[0];
    let mut args = vec!["add", programs::text(&photo), "--period", "2026-05", "--amount", "88"];
    args.extend(["--direction", "out", "--date", "2026-05-09", "--purpose", "路灯维修"]);
    args.extend(["--payee", "新街五金店", "--category", "维修费"]);
    accountant.run(&args)?;
    accountant.send(&bench.server.url)?;
    bench.town.office(&bench.server, "reviewer")?.publish_all(|_| ())?;
    let checkpoint = String::from_utf8(bench.server.get("/checkpoint")?)?;
    let size: u64 = checkpoint.lines().nth(1).ok_or("no size")?.parse()?;
    let record = format!("/r/{}", size - 1);
    let page = String::from_utf8(bench.server.get(&record)?)?;
    let mut images = page.split("/blob/").skip(1).filter_map(|rest| rest.get(..64));
    let mut largest = (0, String::new());
    for hash in images.by_ref() {
        let path = format!("/blob/{hash}");
        let bytes = bench.server.get(&path)?.len();
        if bytes > largest.0 {
            largest = (bytes, path);
        }
    }
    Ok((record, largest.1))
}

/// nginx with two workers, serving a folder.
struct Nginx {
    master: Child,
    workers: Vec<u32>,
    url: String,
}

impl Nginx {
    fn start(folder: &Path) -> Result<Nginx> {
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let config = folder.join("nginx.conf");
        let place = programs::text(folder);
        // As Debian's own configuration has it, with the log off: ours writes none either.
        write!(
            std::fs::File::create(&config)?,
            "user root; daemon off; worker_processes 2; pid {place}/nginx.pid; error_log {place}/error.log;\n\
             events {{ worker_connections 768; }}\n\
             http {{ sendfile on; tcp_nopush on; access_log off; types {{ text/html html; image/jpeg jpg; }}\n\
             server {{ listen 127.0.0.1:{port}; root {place}; }} }}\n"
        )?;
        let master = Command::new("nginx")
            .args(["-c", programs::text(&config)])
            .stderr(std::process::Stdio::null())
            .spawn()
            .map_err(|error| format!("nginx: {error}"))?;
        let mut nginx =
            Nginx { master, workers: Vec::new(), url: format!("http://127.0.0.1:{port}") };
        for _ in 0..100 {
            if ureq::get(format!("{}/page.html", nginx.url)).call().is_ok() {
                let children = format!("/proc/{0}/task/{0}/children", nginx.master.id());
                let children = std::fs::read_to_string(children)?;
                nginx.workers =
                    children.split_whitespace().filter_map(|id| id.parse().ok()).collect();
                return Ok(nginx);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Err("nginx did not start".into())
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.master.id().to_string()).status();
        let _ = self.master.wait();
    }
}
