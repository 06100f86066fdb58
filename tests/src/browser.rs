//! A real headless Chromium, driven through chromedriver.

use crate::Result;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// What keeps Chromium quiet and on this machine.
pub const QUIET: [&str; 7] = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];
/// What makes it a browser that nobody sees.
const UNSEEN: [&str; 3] = ["--headless", "--hide-scrollbars", "--disable-dev-shm-usage"];

/// How often chromedriver is started before it counts as broken.
const DRIVER_STARTS: usize = 5;

/// A chromedriver and the port it listens on.
fn start_driver() -> Result<(Child, u16)> {
    for _ in 0..DRIVER_STARTS {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("chromedriver (Debian: chromium-driver): {error}"))?;
        let out = driver.stdout.take().ok_or("no output")?;
        let port = BufReader::new(out).lines().map_while(std::io::Result::ok).find_map(|line| {
            let (_, port) = line.rsplit_once("successfully on port ")?;
            port.trim_end_matches('.').parse().ok()
        });
        match port {
            Some(port) => return Ok((driver, port)),
            // The port that IPv4 gave it was taken on IPv6 meanwhile: it ends by itself.
            None => drop(driver.wait()),
        }
    }
    Err("chromedriver named no port".into())
}

/// A running chromedriver and one browser window.
pub struct Browser {
    driver: Child,
    port: u16,
    /// The window.
    pub client: fantoccini::Client,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Opens a window of this size in CSS pixels. With `scripts` off, pages run no JavaScript.
    pub async fn open(width: u32, height: u32, scripts: bool) -> Result<Browser> {
        Browser::start(width, height, scripts, false).await
    }

    /// Opens a window whose page is exactly as wide as this, in CSS pixels: as a phone is, where a window cannot be so
    /// narrow.
    pub async fn open_sized(width: u32, height: u32) -> Result<Browser> {
        Browser::start(width, height, true, true).await
    }

    async fn start(width: u32, height: u32, scripts: bool, exact: bool) -> Result<Browser> {
        let (driver, port) = start_driver()?;
        let profile = tempfile::tempdir()?;
        let mut flags: Vec<String> =
            QUIET.iter().chain(&UNSEEN).map(|flag| flag.to_string()).collect();
        flags.push(format!("--window-size={width},{height}"));
        flags.push(format!("--user-data-dir={}", profile.path().display()));
        let mut options = serde_json::json!({ "args": flags, "binary": "/usr/bin/chromium" });
        if !scripts {
            options["prefs"] =
                serde_json::json!({ "profile.managed_default_content_settings.javascript": 2 });
        }
        if exact {
            let size = serde_json::json!({ "width": width, "height": height, "pixelRatio": 1.0, "touch": false });
            options["mobileEmulation"] = serde_json::json!({ "deviceMetrics": size });
        }
        let mut wanted = serde_json::Map::new();
        wanted.insert("goog:chromeOptions".into(), options);
        let client = fantoccini::ClientBuilder::new(
            hyper_util::client::legacy::connect::HttpConnector::new(),
        )
        .capabilities(wanted)
        .connect(&format!("http://127.0.0.1:{port}"))
        .await?;
        Ok(Browser { driver, port, client, _profile: profile })
    }

    /// Asks Chromium's DevTools protocol for something, as chromedriver passes it on.
    pub async fn devtools(
        &self,
        command: &str,
        params: serde_json::Value,
    ) -> Result<serde_json::Value> {
        let session = self.client.session_id().await?.ok_or("no session")?;
        let url = format!("http://127.0.0.1:{}/session/{session}/goog/cdp/execute", self.port);
        let body = serde_json::json!({ "cmd": command, "params": params });
        let mut answer = ureq::post(url).send_json(body)?;
        Ok(answer.body_mut().read_json::<serde_json::Value>()?["value"].take())
    }

    /// Makes the network this fast, in bytes and milliseconds of a round trip; `None`: there is none.
    pub async fn network(&self, speed: Option<(u32, u32)>) -> Result<()> {
        let (bytes, latency) = speed.unwrap_or((0, 0));
        let conditions = serde_json::json!({
            "offline": speed.is_none(), "latency": latency, "downloadThroughput": bytes, "uploadThroughput": bytes,
        });
        self.devtools("Network.enable", serde_json::json!({})).await?;
        self.devtools("Network.emulateNetworkConditions", conditions).await?;
        Ok(())
    }

    /// Closes the window.
    pub async fn close(self) -> Result<()> {
        self.client.clone().close().await?;
        Ok(())
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
