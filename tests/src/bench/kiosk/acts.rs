//! The two that are set beside each other on one stage: our kiosk, and Chromium in its kiosk mode with the same things on a
//! page. What a movement costs each of them.

use super::stage::{Actor, Stage};
use super::stock::{A_MONTH, MONTH, Picture};
use crate::bench::cost::{cpu_seconds, pss_mib};
use crate::browser::QUIET;
use crate::{Result, programs};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// For how long idleness is watched.
const IDLE: Duration = Duration::from_secs(10);
/// How long Chromium may take for a movement of ten seconds.
const PATIENCE: Duration = Duration::from_secs(90);

/// What a movement cost.
#[derive(Clone, Copy, Debug)]
pub struct Moved {
    /// Milliseconds of CPU a frame.
    pub cpu_ms: f64,
    /// Frames a second.
    pub rate: f64,
    /// MiB of memory right after it.
    pub mib: f64,
}

/// CPU of these processes while nobody touches anything, in per cent of a core.
pub fn idle_percent(actor: &Actor) -> Result<f64> {
    let family = actor.family()?;
    let before = cpu_seconds(&family)?;
    thread::sleep(IDLE);
    Ok((cpu_seconds(&family)? - before) / IDLE.as_secs_f64() * 100.0)
}

/// Our kiosk over a folder of data.
pub struct Kiosk<'a> {
    /// Its data.
    pub data: &'a Path,
    /// The server whose addresses its codes tell.
    pub url: &'a str,
}

impl Kiosk<'_> {
    /// The command that opens its screen. It tells how many frames it drew in every second.
    pub fn command(&self) -> Result<Command> {
        let mut command = programs::command("mingbai-kiosk")?;
        command.args(["--fullscreen", "--data", programs::text(self.data)]);
        command.args(["--public-url", self.url, "--every", "86400"]);
        command.env("SLINT_DEBUG_PERFORMANCE", "refresh_lazy,console");
        command.stderr(Stdio::piped());
        Ok(command)
    }
}

/// Listens to how many frames the kiosk draws.
pub struct Counter(Arc<Mutex<Vec<(Instant, f64)>>>);

impl Counter {
    /// From now on.
    pub fn of(actor: &mut Actor) -> Result<Counter> {
        let told = actor.0.stderr.take().ok_or("nothing is told")?;
        let counts = Arc::new(Mutex::new(Vec::new()));
        let list = Arc::clone(&counts);
        thread::spawn(move || {
            for line in BufReader::new(told).lines().map_while(std::io::Result::ok) {
                let number = line
                    .split_once("per second:")
                    .and_then(|(_, rest)| rest.split_whitespace().next()?.parse::<f64>().ok());
                if let Some(number) = number {
                    list.lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push((Instant::now(), number));
                }
            }
        });
        Ok(Counter(counts))
    }

    /// Frames a second while something was done, and what that cost.
    pub fn watch(&self, actor: &Actor, movement: impl FnOnce() -> Result<()>) -> Result<Moved> {
        let family = actor.family()?;
        let (begun, before) = (Instant::now(), cpu_seconds(&family)?);
        movement()?;
        let (cpu, seconds) = (cpu_seconds(&family)? - before, begun.elapsed().as_secs_f64());
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // The first second holds what was before.
        let within = counts.iter().filter(|(at, _)| *at > begun + Duration::from_secs(1));
        let rates: Vec<f64> = within.map(|(_, frames)| *frames).collect();
        if rates.len() < 3 {
            return Err("the kiosk told of too few seconds".into());
        }
        let rate = rates.iter().sum::<f64>() / rates.len() as f64;
        Ok(Moved { cpu_ms: cpu * 1e3 / (rate * seconds), rate, mib: pss_mib(&family)? })
    }
}

/// Chromium with pages that show what the kiosk shows.
pub struct Chromium {
    pages: PathBuf,
    profile: tempfile::TempDir,
}

impl Chromium {
    /// Writes its pages.
    pub fn prepare(folder: &Path, pictures: &[Picture]) -> Result<Chromium> {
        let pages = folder.join("pages");
        std::fs::create_dir_all(&pages)?;
        for (n, picture) in pictures.iter().enumerate() {
            std::fs::write(pages.join(format!("{n}.jpg")), &picture.thumb)?;
        }
        let largest = pictures.first().ok_or("no picture")?;
        std::fs::write(pages.join("scan.jpg"), &largest.whole)?;
        std::fs::write(pages.join("page.css"), include_str!("page.css"))?;
        std::fs::write(pages.join("move.js"), include_str!("move.js"))?;
        for (name, body) in [("home", home()), ("month", month()), ("scan", SCAN.to_owned())] {
            std::fs::write(pages.join(format!("{name}.html")), format!("{HEAD}{body}{FOOT}"))?;
        }
        Ok(Chromium { pages, profile: tempfile::tempdir()? })
    }

    /// The command that opens a page, such as `month.html#move`.
    pub fn command(&self, page: &str) -> Command {
        let mut command = Command::new("chromium");
        command.arg("--kiosk").args(QUIET).arg("--disable-features=Translate");
        command.arg(format!("--user-data-dir={}", self.profile.path().display()));
        command.arg(format!("file://{}/{page}", self.pages.display())).stderr(Stdio::null());
        command
    }

    /// Opens a page that moves by itself, and counts its frames.
    pub fn watch(&self, stage: &Stage, page: &str) -> Result<Moved> {
        let actor = stage.start(self.command(page))?;
        let told = |what: &str| -> Result<String> {
            let begun = Instant::now();
            while begun.elapsed() < PATIENCE {
                let title = stage.title();
                if title.contains(what) {
                    return Ok(title);
                }
                thread::sleep(Duration::from_millis(100));
            }
            Err(format!("Chromium did not say {what} of {page}").into())
        };
        told("moving")?;
        let family = actor.family()?;
        let (begun, before) = (Instant::now(), cpu_seconds(&family)?);
        let title = told("frames")?;
        let (cpu, seconds) = (cpu_seconds(&family)? - before, begun.elapsed().as_secs_f64());
        let frames = title.split_whitespace().find_map(|word| word.parse::<f64>().ok());
        let frames = frames.ok_or("Chromium told no number of frames")?;
        Ok(Moved { cpu_ms: cpu * 1e3 / frames, rate: frames / seconds, mib: pss_mib(&family)? })
    }
}

const HEAD: &str =
    "<!doctype html><meta charset=utf-8><title>page</title><link rel=stylesheet href=page.css>";
const FOOT: &str = "<footer>今天核对过 · 更方便 · English</footer><script src=move.js></script>";
const SCAN: &str = "<h1>路灯维修（第0笔）</h1><div id=frame><img id=scan src=scan.jpg></div>";

/// The first page: as many doors as the kiosk has, and a picture.
fn home() -> String {
    let door = |name: &str, what: &str| {
        format!("<div class=door><img src=1.jpg><div>{name}<small>{what}</small></div></div>")
    };
    let doors = [
        ("小发票", "村里的每一张小票"),
        ("村务公开", "共 0 篇"),
        ("查一查", "写两个字，或一个金额"),
    ];
    let doors: String = doors.iter().map(|(name, what)| door(name, what)).collect();
    format!("<h1>新街镇 · 明白账</h1><main><div class=rows>{doors}</div></main>")
}

/// A month of as many receipts as the kiosk's, their pictures beside them.
fn month() -> String {
    let row = |n: u64| {
        let (yuan, fen, day) = (n * 79, n % 100, 1 + n % 28);
        format!(
            "<div class=row><img src={n}.jpg><div><b>路灯维修（第{n}笔）</b><span><i>新街五金店</i>\
             <b>支出 {yuan}.{fen:02} 元</b></span><i>{MONTH}-{day:02}</i></div></div>"
        )
    };
    let rows: String = (0..A_MONTH).map(row).collect();
    format!("<h1>新街1村 10月</h1><main id=month><div class=rows>{rows}</div></main>")
}
