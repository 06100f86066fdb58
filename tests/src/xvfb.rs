//! A display without a screen (Xvfb) and its window manager, and xdotool, the hand at its pointer and keys.

use crate::Result;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long its manager may take to start.
const PATIENCE: Duration = Duration::from_secs(60);

/// The display; gone when dropped.
pub struct Xvfb {
    server: Child,
    manager: Child,
    /// What X calls it, such as `:99`.
    pub name: String,
}

impl Xvfb {
    /// One of a size such as `1366x768`, with more arguments for Xvfb.
    pub fn start(size: &str, more: &[&str]) -> Result<Xvfb> {
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", &format!("{size}x24"), "-nolisten", "tcp"])
            // A display begins anew when its last client leaves, and turns away who comes just then.
            .arg("-noreset")
            .args(more)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("Xvfb (Debian: xvfb): {error}"))?;
        let mut number = String::new();
        BufReader::new(server.stdout.take().ok_or("no output")?).read_line(&mut number)?;
        let name = format!(":{}", number.trim());
        let manager = Command::new("openbox").env("DISPLAY", &name).stderr(Stdio::null()).spawn();
        let manager = manager.map_err(|error| format!("openbox (Debian: openbox): {error}"))?;
        let display = Xvfb { server, manager, name };
        // Without its manager a display knows no full screen.
        let begun = Instant::now();
        while display.xdotool(&["get_num_desktops"]).is_err() {
            if begun.elapsed() > PATIENCE {
                return Err("openbox did not start".into());
            }
        }
        Ok(display)
    }

    /// The environment of a program that shall be shown here.
    pub fn env(&self) -> [(&str, &str); 1] {
        [("DISPLAY", &self.name)]
    }

    /// Has xdotool do something; answers what it said.
    pub fn xdotool(&self, args: &[&str]) -> Result<String> {
        let told = Command::new("xdotool").envs(self.env()).args(args).output();
        let told = told.map_err(|error| format!("xdotool (Debian: xdotool): {error}"))?;
        if !told.status.success() {
            return Err(format!("xdotool: {}", told.status).into());
        }
        Ok(String::from_utf8_lossy(&told.stdout).trim().to_owned())
    }
}

impl Drop for Xvfb {
    fn drop(&mut self) {
        for child in [&mut self.manager, &mut self.server] {
            let _ = (child.kill(), child.wait());
        }
    }
}
