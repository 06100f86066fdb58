//! The emulated board: QEMU with the firmware in a flash of its own, a finger and an eye on its screen (by QMP), and what it
//! says on its serial line. firmware/README.md says how it is built.

use crate::{Result, programs};
use image::RgbImage;
use serde_json::{Value, json};
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// The emulator.
pub const QEMU: &str = "qemu-system-riscv32";
/// The program that a board runs.
pub const FIRMWARE: &str = "board-qemu";
/// The screen, pixels.
pub const SCREEN: (u32, u32) = (800, 480);
/// How long the board may take to say something.
pub const PATIENCE: Duration = Duration::from_secs(120);
/// Where this machine's loopback is for the board.
const HOST: &str = "10.0.2.2";

/// The flash's parts, as firmware/boards/qemu/src/flash.rs has them: bytes from the start.
const SIZE: usize = 32 << 20;
const SLOT: u64 = 16 << 20;
const RECORD: u64 = 20 << 20;
const CONFIG: u64 = (20 << 20) + (256 << 10);
const STORE: u64 = 24 << 20;

/// A program of the board, built: `None` where it is not.
pub fn program(name: &str) -> Option<PathBuf> {
    let folder = programs::root().join("target/firmware/riscv32imafc-unknown-none-elf/board");
    Some(folder.join(name)).filter(|path| path.exists())
}

/// The address of a server on this machine, as the board reaches it.
pub fn address(url: &str) -> String {
    url.replace("127.0.0.1", HOST)
}

/// A flash, in a file.
pub struct Flash {
    /// Where it is.
    pub path: PathBuf,
}

impl Flash {
    /// A new one with a program in its first slot.
    pub fn new(path: &Path, firmware: &str) -> Result<Flash> {
        let program = program(firmware).ok_or_else(|| format!("{firmware} is not built"))?;
        let mut bytes = vec![0xff; SIZE];
        let firmware = std::fs::read(program)?;
        bytes[SLOT as usize..][..firmware.len()].copy_from_slice(&firmware);
        std::fs::write(path, bytes)?;
        Ok(Flash { path: path.into() })
    }

    /// A new one with the firmware in its first slot, the glyph packs of a file, and what the board is told.
    pub fn of_board(path: &Path, packs: &Path, told: &[(&str, &str)]) -> Result<Flash> {
        let flash = Flash::new(path, FIRMWARE)?;
        flash.glyphs(&std::fs::read(packs)?)?;
        flash.configure(told)?;
        Ok(flash)
    }

    /// Lays the glyph packs in.
    pub fn glyphs(&self, packs: &[u8]) -> Result<()> {
        self.put(0, packs)
    }

    /// Tells the board its configuration, all of it.
    pub fn configure(&self, values: &[(&str, &str)]) -> Result<()> {
        let lines = values.iter().map(|(name, value)| format!("{name}={value}\n"));
        let mut bytes = lines.collect::<String>().into_bytes();
        // It ends at the first erased byte, whatever an earlier one left behind that.
        bytes.push(0xff);
        self.put(CONFIG, &bytes)
    }

    /// What the board keeps.
    pub fn store(&self) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(STORE))?;
        file.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Whether the first update that the board took has said that it is good.
    pub fn confirmed(&self) -> Result<bool> {
        let mut word = [0xff; 4];
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(RECORD + 8))?;
        file.read_exact(&mut word)?;
        Ok(word == [0; 4])
    }

    /// Writes over a place of what the board keeps, as no board can.
    pub fn spoil(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        self.put(STORE + offset, bytes)
    }

    fn put(&self, at: u64, bytes: &[u8]) -> Result<()> {
        let mut file = File::options().write(true).open(&self.path)?;
        file.seek(SeekFrom::Start(at))?;
        Ok(file.write_all(bytes)?)
    }
}

/// A board that runs; its plug is pulled when dropped.
pub struct Emulated {
    child: Child,
    qmp: BufReader<UnixStream>,
    lines: Receiver<String>,
    /// What it has said so far.
    pub said: Vec<String>,
    folder: tempfile::TempDir,
}

impl Emulated {
    /// Starts a board with this flash. `more` are further options of QEMU, such as `-icount shift=0`, with which an instruction
    /// takes a nanosecond and every run is the same.
    pub fn start(flash: &Flash, more: &[&str]) -> Result<Emulated> {
        let boot = program("board-qemu-boot").ok_or("board-qemu-boot is not built")?;
        let folder = tempfile::tempdir()?;
        let socket = folder.path().join("qmp");
        let mut child = Command::new(QEMU)
            .args(["-M", "virt", "-cpu", "rv32", "-m", "64M", "-bios", programs::text(&boot)])
            .args(["-global", "virtio-mmio.force-legacy=false", "-device", "i6300esb"])
            .args(["-drive", &format!("if=pflash,unit=1,format=raw,file={}", flash.path.display())])
            .args(["-netdev", "user,id=net", "-device", "virtio-net-device,netdev=net"])
            .args(["-device", &format!("virtio-gpu-device,xres={},yres={}", SCREEN.0, SCREEN.1)])
            .args(["-device", "virtio-tablet-device", "-device", "virtio-rng-device"])
            // It waits for this program to be ready for what it says and does.
            .args(["-display", "none", "-monitor", "none", "-serial", "stdio", "-S"])
            .args(["-qmp", &format!("unix:{},server=on,wait=off", socket.display())])
            .args(more)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{QEMU} (Debian: qemu-system-misc): {error}"))?;
        let lines = listen(child.stdout.take().ok_or("no output")?);
        let qmp = match connect(&socket) {
            Ok(qmp) => qmp,
            Err(error) => {
                let _ = (child.kill(), child.wait());
                return Err(error);
            }
        };
        let mut board = Emulated { child, qmp, lines, said: Vec::new(), folder };
        board.read()?;
        board.ask("qmp_capabilities", json!({}))?;
        board.ask("cont", json!({}))?;
        Ok(board)
    }

    /// Waits until it says a line with this in it: that line. One that it said before is not waited for again.
    pub fn wait_for(&mut self, words: &str) -> Result<String> {
        let begun = Instant::now();
        loop {
            let left = PATIENCE.saturating_sub(begun.elapsed());
            match self.lines.recv_timeout(left) {
                Ok(line) => {
                    self.said.push(line.clone());
                    if line.contains(words) {
                        return Ok(line);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    return Err(format!("no {words:?} in {PATIENCE:?}: {:#?}", self.said).into());
                }
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(format!("it ended without {words:?}: {:#?}", self.said).into());
                }
            }
        }
    }

    /// Panics if the board did, so far.
    pub fn never_panicked(&mut self) {
        self.said.extend(self.lines.try_iter());
        assert!(!self.said.iter().any(|line| line.starts_with("panic")), "{:#?}", self.said);
    }

    /// The screen as it is.
    pub fn screen(&mut self) -> Result<RgbImage> {
        let file = self.folder.path().join("screen.png");
        let asked = json!({ "filename": programs::text(&file), "format": "png" });
        self.ask("screendump", asked)?;
        Ok(image::open(file)?.into_rgb8())
    }

    /// Waits until the screen is as this function wants it: that screen.
    pub fn until(&mut self, what: &str, wanted: impl Fn(&RgbImage) -> bool) -> Result<RgbImage> {
        let begun = Instant::now();
        loop {
            let screen = self.screen()?;
            if wanted(&screen) {
                return Ok(screen);
            }
            if begun.elapsed() > PATIENCE {
                self.said.extend(self.lines.try_iter());
                let said = &self.said;
                return Err(format!("not on the screen in {PATIENCE:?}: {what}; {said:#?}").into());
            }
        }
    }

    /// Waits until nothing on the screen has changed for so long: that screen.
    pub fn still(&mut self, quiet: Duration) -> Result<RgbImage> {
        let (mut last, mut since) = (self.screen()?, Instant::now());
        let begun = Instant::now();
        while since.elapsed() < quiet {
            let screen = self.screen()?;
            if screen != last {
                (last, since) = (screen, Instant::now());
            }
            if begun.elapsed() > PATIENCE {
                return Err(format!("the screen was never still in {PATIENCE:?}").into());
            }
        }
        Ok(last)
    }

    /// A finger touches a pixel and is gone.
    pub fn tap(&mut self, x: u32, y: u32) -> Result<()> {
        self.finger(x, y, Some(true))?;
        self.finger(x, y, Some(false))
    }

    /// A finger goes from a pixel to another in so many steps, and is gone.
    pub fn drag(&mut self, from: (u32, u32), to: (u32, u32), steps: u32) -> Result<()> {
        self.finger(from.0, from.1, Some(true))?;
        let between = |from: u32, to: u32, step: u32| {
            let way = (i64::from(to) - i64::from(from)) * i64::from(step) / i64::from(steps.max(1));
            u32::try_from(i64::from(from) + way)
        };
        for step in 1..=steps {
            self.finger(between(from.0, to.0, step)?, between(from.1, to.1, step)?, None)?;
        }
        self.finger(to.0, to.1, Some(false))
    }

    /// The finger is at a pixel; it comes down, or is gone.
    fn finger(&mut self, x: u32, y: u32, down: Option<bool>) -> Result<()> {
        // The tablet is 32768 wide and high: the first of its places that are in this pixel.
        let place = |pixel: u32, size: u32| (u64::from(pixel) * 0x8000).div_ceil(u64::from(size));
        let abs = |axis, value| json!({ "type": "abs", "data": { "axis": axis, "value": value } });
        let mut events = vec![abs("x", place(x, SCREEN.0)), abs("y", place(y, SCREEN.1))];
        if let Some(down) = down {
            events.push(json!({ "type": "btn", "data": { "button": "left", "down": down } }));
        }
        self.ask("input-send-event", json!({ "events": events })).map(drop)
    }

    /// Cuts the network off, or joins it again.
    pub fn network(&mut self, on: bool) -> Result<()> {
        self.ask("set_link", json!({ "name": "net", "up": on })).map(drop)
    }

    /// Pulls the plug: SIGKILL.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Waits until the board ends by itself: its exit status.
    pub fn end(&mut self) -> Result<Option<i32>> {
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => self.said.push(line),
                Err(RecvTimeoutError::Disconnected) => return Ok(self.child.wait()?.code()),
                Err(RecvTimeoutError::Timeout) => {
                    return Err(format!("it did not end: {:#?}", self.said).into());
                }
            }
        }
    }

    /// Waits until somebody closes its window.
    pub fn closed(&mut self) -> Result<()> {
        self.child.wait()?;
        Ok(())
    }

    /// Has QEMU do something: what it answered.
    fn ask(&mut self, what: &str, arguments: Value) -> Result<Value> {
        let asked = json!({ "execute": what, "arguments": arguments });
        writeln!(self.qmp.get_mut(), "{asked}")?;
        loop {
            let answer = self.read()?;
            if let Some(error) = answer.get("error") {
                return Err(format!("{what}: {error}").into());
            }
            // What happens meanwhile is told too.
            if let Some(done) = answer.get("return") {
                return Ok(done.clone());
            }
        }
    }

    fn read(&mut self) -> Result<Value> {
        let mut line = String::new();
        self.qmp.read_line(&mut line)?;
        Ok(serde_json::from_str(&line)?)
    }
}

impl Drop for Emulated {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}

/// Its lines, as they come.
fn listen(out: ChildStdout) -> Receiver<String> {
    let (tell, lines) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(out).lines().map_while(std::result::Result::ok) {
            if tell.send(line.trim_end().to_owned()).is_err() {
                break;
            }
        }
    });
    lines
}

/// Connects to QEMU, which takes a moment to open its door.
fn connect(socket: &Path) -> Result<BufReader<UnixStream>> {
    let begun = Instant::now();
    loop {
        match UnixStream::connect(socket) {
            Ok(stream) => {
                stream.set_read_timeout(Some(PATIENCE))?;
                return Ok(BufReader::new(stream));
            }
            Err(error) if begun.elapsed() > PATIENCE => return Err(format!("QEMU: {error}").into()),
            Err(_) => std::thread::yield_now(),
        }
    }
}
