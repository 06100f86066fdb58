//! The programs that make a sound, one feeding the next; gone when it goes.

use std::io::{Error, Result, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::{ESPEAK, PLAYER, click};

/// The voice of espeak-ng that reads syllables with tones. Its `cmn`, which reads characters, spells many words as if
/// they were English in Debian 12.
const VOICE: &str = "cmn-latn-pinyin";
/// Words a minute: slower than the usual 175, for old ears.
const SPEED: &str = "140";
/// How long a sentence may take.
const SENTENCE_TIME_MAX: Duration = Duration::from_secs(90);
/// Bytes of memory that espeak-ng may map.
const MEMORY_MAX: u32 = 256 << 20;
/// Seconds of work for one sentence; it takes hundredths.
const WORK_MAX: u32 = 10;

/// A sound on its way.
pub(super) struct Playing {
    children: Vec<Child>,
    begun: Instant,
}

impl Playing {
    /// `None` while it sounds; then whether it was heard to its end.
    pub(super) fn ended(&mut self) -> Option<bool> {
        match self.children.last_mut()?.try_wait() {
            Ok(None) if self.begun.elapsed() < SENTENCE_TIME_MAX => None,
            Ok(Some(status)) => Some(status.success()),
            _ => Some(false),
        }
    }

    /// Starts `command` and gives it `input`; what it writes is for the next.
    fn start(command: &mut Command, input: &[u8]) -> Result<Self> {
        let child = command.stdin(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let mut playing = Self { children: vec![child], begun: Instant::now() };
        let pipe = playing.children[0].stdin.take().ok_or_else(|| Error::other("no pipe"));
        pipe?.write_all(input)?;
        Ok(playing)
    }

    /// Plays what the child so far writes.
    fn heard_on(mut self, device: &str) -> Result<Self> {
        let sound = self.children[0].stdout.take().ok_or_else(|| Error::other("no pipe"))?;
        let player = player(device).stdin(sound).stderr(Stdio::null()).spawn()?;
        self.children.push(player);
        Ok(self)
    }
}

impl Drop for Playing {
    fn drop(&mut self) {
        for child in self.children.iter_mut().rev() {
            // An error means that it has ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn player(device: &str) -> Command {
    let mut command = Command::new(PLAYER);
    command.args(["--quiet", "--device", device, "-"]).stdout(Stdio::null());
    command
}

/// The command that speaks syllables into a WAV file on its output.
pub(super) fn espeak() -> Command {
    let mut command = Command::new("prlimit");
    command
        .args([
            &format!("--as={MEMORY_MAX}"),
            &format!("--cpu={WORK_MAX}"),
            "--core=0",
            "--",
            ESPEAK,
        ])
        .args(["-v", VOICE, "-s", SPEED, "--stdin", "--stdout"])
        .stdout(Stdio::piped());
    command
}

/// Speaks syllables with tones.
pub(super) fn speak(syllables: &str, volume: u8, device: &str) -> Result<Playing> {
    // Its amplitudes go to 200.
    let amplitude = (2 * u16::from(volume.min(100))).to_string();
    let mut command = espeak();
    Playing::start(command.args(["-a", &amplitude]), syllables.as_bytes())?.heard_on(device)
}

/// Has another program speak a sentence.
pub(super) fn speak_with(program: &Path, said: &str, device: &str) -> Result<Playing> {
    Playing::start(Command::new(program).stdout(Stdio::piped()), said.as_bytes())?.heard_on(device)
}

/// Plays the click.
pub(super) fn click(volume: u8, device: &str) -> Result<Playing> {
    Playing::start(&mut player(device), &click::wav(volume))
}
