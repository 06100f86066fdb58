//! The board on the host: the same firmware as the emulated board's, whose screen is compared with that one's and where words
//! are looked for. firmware/README.md says how it is built.

use crate::{Result, programs};
use image::RgbImage;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

use crate::emulated::PATIENCE;

/// A program of the host's, built: `None` where it is not.
pub fn program(name: &str) -> Option<PathBuf> {
    let path = programs::root().join("target/firmware/release").join(name);
    Some(path).filter(|path| path.exists())
}

/// A board that runs.
pub struct Simulated {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    folder: tempfile::TempDir,
}

impl Simulated {
    /// Starts a board with a flash in a file, the glyph packs in another, and what it is told.
    pub fn start(flash: &Path, packs: &Path, told: &[(&str, &str)]) -> Result<Simulated> {
        let mut child = Command::new(program("board-live").ok_or("board-live is not built")?)
            .args(["--flash", programs::text(flash), "--pack", programs::text(packs)])
            .args(told.iter().map(|(name, value)| format!("{name}={value}")))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdin = child.stdin.take().ok_or("no input")?;
        let stdout = BufReader::new(child.stdout.take().ok_or("no output")?);
        Ok(Simulated { child, stdin, stdout, folder: tempfile::tempdir()? })
    }

    /// The screen as it is.
    pub fn screen(&mut self) -> Result<RgbImage> {
        let file = self.folder.path().join("screen.png");
        self.tell(&format!("shot {}", file.display()))?;
        Ok(image::open(file)?.into_rgb8())
    }

    /// A pixel on these words, if they can be read on the screen.
    pub fn reads(&mut self, words: &str) -> Result<Option<(u32, u32)>> {
        let answer = self.ask(&format!("find {words}"))?;
        let at = answer.strip_prefix("at ").and_then(|at| at.split_once(' '));
        at.map(|(x, y)| Ok((x.parse()?, y.parse()?))).transpose()
    }

    /// Waits until these words can be read on the screen: a pixel on them.
    pub fn find(&mut self, words: &str) -> Result<(u32, u32)> {
        let begun = Instant::now();
        loop {
            if let Some(at) = self.reads(words)? {
                return Ok(at);
            }
            if begun.elapsed() > PATIENCE {
                let kept = std::env::temp_dir().join("board-unread.png");
                self.screen()?.save(&kept)?;
                return Err(format!("“{words}” cannot be read: {}", kept.display()).into());
            }
        }
    }

    /// A finger touches a pixel and is gone.
    pub fn tap(&mut self, x: u32, y: u32) -> Result<()> {
        self.tell(&format!("at {x} {y}"))?;
        self.tell("up")
    }

    fn tell(&mut self, line: &str) -> Result<()> {
        let answer = self.ask(line)?;
        if answer.starts_with("done ") { Ok(()) } else { Err(answer.into()) }
    }

    fn ask(&mut self, line: &str) -> Result<String> {
        writeln!(self.stdin, "{line}")?;
        let mut answer = String::new();
        if self.stdout.read_line(&mut answer)? == 0 {
            return Err("it ended".into());
        }
        Ok(answer.trim_end().to_owned())
    }
}

impl Drop for Simulated {
    fn drop(&mut self) {
        let _ = (self.child.kill(), self.child.wait());
    }
}
