//! A display whose picture lies in a file, so that looking at it costs next to nothing, and a hand at its pointer.

use crate::bench::cost;
use crate::xvfb::Xvfb;
use crate::{Result, codes, programs};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Width and height of the display.
pub const SIZE: (u32, u32) = (1920, 1080);
/// The time between two frames, in seconds, as `xdotool` takes it.
const FRAME: &str = "0.0166";
/// How long anything may take to be drawn.
const PATIENCE: Duration = Duration::from_secs(30);
/// Lines between two that are looked at, to see whether anything changed.
const LINES: u64 = 13;
/// A picture that stands for so long is whole.
const REST: Duration = Duration::from_secs(3);

/// The display; gone when dropped.
pub struct Stage {
    screen: Xvfb,
    picture: File,
    start: u64,
    line: u64,
    _folder: tempfile::TempDir,
}

impl Stage {
    /// Sets it up.
    pub fn set_up() -> Result<Stage> {
        let folder = tempfile::tempdir()?;
        let size = format!("{}x{}", SIZE.0, SIZE.1);
        let screen = Xvfb::start(&size, &["-fbdir", programs::text(folder.path())])?;
        let picture = File::open(folder.path().join("Xvfb_screen0"))?;
        // The head of an XWD file: big-endian words, then colours of 12 bytes, then the lines.
        let word = |at: u64| -> Result<u64> {
            let mut bytes = [0; 4];
            picture.read_exact_at(&mut bytes, at * 4)?;
            Ok(u32::from_be_bytes(bytes).into())
        };
        let (start, line) = (word(0)? + word(19)? * 12, word(12)?);
        Ok(Stage { screen, picture, start, line, _folder: folder })
    }

    /// Starts a program on it.
    pub fn start(&self, mut command: Command) -> Result<Actor> {
        command.envs(self.screen.env()).env_remove("WAYLAND_DISPLAY").stdout(Stdio::null());
        Ok(Actor(command.spawn()?))
    }

    /// Starts a program and waits until its picture is whole; seconds.
    pub fn first_picture(&self, command: Command) -> Result<(Actor, f64)> {
        let before = self.glance()?;
        let begun = Instant::now();
        let actor = self.start(command)?;
        Ok((actor, (self.rest(before, begun)? - begun).as_secs_f64()))
    }

    /// A number that is another one when the picture is.
    fn glance(&self) -> Result<u64> {
        let mut bytes = vec![0; self.line as usize];
        let mut sum = 0u64;
        for line in (0..u64::from(SIZE.1)).step_by(LINES as usize) {
            self.picture.read_exact_at(&mut bytes, self.start + line * self.line)?;
            for word in bytes.chunks_exact(8).filter_map(|word| word.try_into().ok()) {
                sum = (sum ^ u64::from_ne_bytes(word)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            }
        }
        Ok(sum)
    }

    /// The whole picture, in grey.
    pub fn picture(&self) -> Result<image::GrayImage> {
        let mut bytes = vec![0; (self.line * u64::from(SIZE.1)) as usize];
        self.picture.read_exact_at(&mut bytes, self.start)?;
        let pixel =
            |x: u32, y: u32| bytes[(u64::from(y) * self.line) as usize + x as usize * 4 + 1];
        Ok(image::GrayImage::from_fn(SIZE.0, SIZE.1, |x, y| image::Luma([pixel(x, y)])))
    }

    /// Taps a place until the code on the display tells an address with this in it.
    pub fn tap_to(&self, (x, y): (u32, u32), page: &str) -> Result<()> {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            self.screen.xdotool(&["mousemove", &x.to_string(), &y.to_string(), "click", "1"])?;
            let tapped = Instant::now();
            while tapped.elapsed() < Duration::from_secs(2) {
                if codes::read(&self.picture()?).iter().any(|address| address.contains(page)) {
                    return Ok(());
                }
            }
        }
        self.picture()?.save(std::env::temp_dir().join("mingbai-bench-lost.png"))?;
        Err(format!("a tap at {x}, {y} did not lead to {page}; see mingbai-bench-lost.png").into())
    }

    /// Taps a place and waits until what that changes is whole.
    pub fn tap(&self, (x, y): (u32, u32)) -> Result<()> {
        let before = self.glance()?;
        self.screen.xdotool(&["mousemove", &x.to_string(), &y.to_string(), "click", "1"])?;
        self.rest(before, Instant::now()).map(drop)
    }

    /// Waits until the display shows something else than `before`, whole; answers since when.
    fn rest(&self, mut last: u64, begun: Instant) -> Result<Instant> {
        let mut changed = None;
        loop {
            let now = self.glance()?;
            if now != last {
                (last, changed) = (now, Some(Instant::now()));
            }
            if let Some(at) = changed.filter(|at| at.elapsed() > REST) {
                return Ok(at);
            }
            if begun.elapsed() > PATIENCE {
                return Err("the display stayed as it was, or never rested".into());
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// A finger goes from one place to another and back, so many times, a step of `step` pixels a frame.
    pub fn drag(&self, from: (i32, i32), to: (i32, i32), step: i32, times: u32) -> Result<()> {
        let mut words: Vec<String> = Vec::new();
        let mut say = |said: &[&str]| words.extend(said.iter().map(|word| (*word).to_owned()));
        for turn in 0..times {
            let (from, to) = if turn % 2 == 0 { (from, to) } else { (to, from) };
            let (across, down) = (to.0 - from.0, to.1 - from.1);
            let steps = across.abs().max(down.abs()) / step;
            say(&["mousemove", &from.0.to_string(), &from.1.to_string(), "mousedown", "1"]);
            for at in 1..=steps {
                let (x, y) = (from.0 + across * at / steps, from.1 + down * at / steps);
                say(&["mousemove", &x.to_string(), &y.to_string(), "sleep", FRAME]);
            }
            say(&["mouseup", "1", "sleep", FRAME]);
        }
        self.screen.xdotool(&words.iter().map(String::as_str).collect::<Vec<_>>()).map(drop)
    }

    /// A wheel turns over a place, a notch a frame: so many up and as many down, so many times.
    pub fn wheel(&self, (x, y): (u32, u32), notches: u32, times: u32) -> Result<()> {
        let (x, y) = (x.to_string(), y.to_string());
        let mut words = vec!["mousemove", &x, &y];
        for turn in 0..times {
            for _ in 0..notches {
                words.extend(["click", if turn % 2 == 0 { "4" } else { "5" }, "sleep", FRAME]);
            }
        }
        self.screen.xdotool(&words).map(drop)
    }

    /// The title of the one window; nothing before there is one.
    pub fn title(&self) -> String {
        self.screen.xdotool(&["getactivewindow", "getwindowname"]).unwrap_or_default()
    }
}

/// A program on the display; ended when dropped.
pub struct Actor(pub Child);

impl Actor {
    /// Its processes.
    pub fn family(&self) -> Result<Vec<u32>> {
        cost::family(self.0.id())
    }
}

impl Drop for Actor {
    fn drop(&mut self) {
        // Those that it started end with it, or are told to.
        let family = self.family().unwrap_or_default();
        let _ = (self.0.kill(), self.0.wait());
        for id in family {
            let _ =
                Command::new("kill").args(["-9", &id.to_string()]).stderr(Stdio::null()).status();
        }
    }
}
