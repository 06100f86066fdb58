//! The phone as camera: a real browser at a phone's size, the real uploader, photographs from the file input.

use crate::fixture;
use fantoccini::Locator;
use mingbai_tests::accountant::Accountant;
use mingbai_tests::browser::Browser;
use mingbai_tests::{Result, programs};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Stdio};
use std::time::Duration;

/// A running `mingbai-uploader camera`; killed when dropped.
struct Camera {
    child: Child,
    out: BufReader<ChildStdout>,
    port: String,
    url: String,
}

impl Camera {
    fn start(data: &Path, port: &str) -> Result<Camera> {
        let mut command = programs::command("mingbai-uploader")?;
        command.args([
            "camera",
            "--json",
            "--address",
            "127.0.0.1",
            "--data",
            programs::text(data),
        ]);
        if !port.is_empty() {
            command.args(["--port", port]);
        }
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        let mut out = BufReader::new(child.stdout.take().ok_or("no output")?);
        let ready = event(&mut out)?;
        let url = ready["urls"][0].as_str().ok_or("no address")?.to_owned();
        let port = url.split([':', '/']).nth(4).ok_or("no port")?.to_owned();
        Ok(Camera { child, out, port, url })
    }

    /// The next line that tells of this.
    fn next(&mut self, kind: &str) -> Result<serde_json::Value> {
        loop {
            let told = event(&mut self.out)?;
            if told["event"] == kind {
                return Ok(told);
            }
        }
    }
}

fn event(out: &mut BufReader<ChildStdout>) -> Result<serde_json::Value> {
    let mut line = String::new();
    out.read_line(&mut line)?;
    Ok(serde_json::from_str(&line)?)
}

impl Drop for Camera {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A phone's browser and where its pictures go.
struct Phone {
    browser: Browser,
    shots: PathBuf,
}

impl Phone {
    async fn open() -> Result<Phone> {
        let shots = Path::new(env!("CARGO_TARGET_TMPDIR")).join("camera");
        std::fs::create_dir_all(&shots)?;
        // Chromium makes no window narrower than 500.
        Ok(Phone { browser: Browser::open(500, 950, true).await?, shots })
    }

    async fn goto(&self, url: &str) -> Result<()> {
        Ok(self.browser.client.goto(url).await?)
    }

    /// Makes the page speak this language, whichever the browser asked for.
    async fn speak(&self, lang: &str) -> Result<()> {
        if self.browser.client.find(Locator::Css("html")).await?.attr("lang").await?.as_deref()
            != Some(lang)
        {
            self.browser.client.find(Locator::Id("language")).await?.click().await?;
        }
        self.wait(&format!("html[lang='{lang}']"), 1).await
    }

    async fn pick(&self, input: &str, photos: &[PathBuf]) -> Result<()> {
        let files: Vec<&str> = photos.iter().map(|photo| programs::text(photo)).collect();
        let input = self.browser.client.find(Locator::Id(input)).await?;
        Ok(input.send_keys(&files.join("\n")).await?)
    }

    /// Waits until so many elements are there.
    async fn wait(&self, css: &str, count: usize) -> Result<()> {
        let start = std::time::Instant::now();
        while self.browser.client.find_all(Locator::Css(css)).await?.len() != count {
            if start.elapsed() > Duration::from_secs(60) {
                let page = self.text("body").await?;
                return Err(format!("never {count} of {css}:\n{page}").into());
            }
        }
        Ok(())
    }

    async fn text(&self, css: &str) -> Result<String> {
        Ok(self.browser.client.find(Locator::Css(css)).await?.text().await?)
    }

    async fn shot(&self, name: &str) -> Result<()> {
        let wide = "const p = document.documentElement; return p.scrollWidth > p.clientWidth";
        let wide = self.browser.client.execute(wide, Vec::new()).await?;
        assert_eq!(wide, false, "{name} scrolls sideways");
        let picture = self.browser.client.screenshot().await?;
        Ok(std::fs::write(self.shots.join(format!("{name}.png")), picture)?)
    }
}

/// What a finger must hit and an eye must read, on the page as it is now: (smallest target, smallest type), CSS pixels.
async fn smallest(phone: &Phone) -> Result<(f64, f64)> {
    let script = "
        const targets = [...document.querySelectorAll('input, button')]
            .map(e => Math.min(e.getBoundingClientRect().width, e.getBoundingClientRect().height));
        const texts = [...document.querySelectorAll('body *')]
            .filter(e => [...e.childNodes].some(n => n.nodeType == 3 && n.data.trim()) && e.offsetParent)
            .map(e => parseFloat(getComputedStyle(e).fontSize));
        return [Math.min(...targets), Math.min(...texts)]";
    let sizes = phone.browser.client.execute(script, Vec::new()).await?;
    Ok(serde_json::from_value(sizes)?)
}

async fn photograph(data: &Path, photos: &[PathBuf]) -> Result<()> {
    let mut camera = Camera::start(data, "")?;
    let (port, first) = (camera.port.clone(), camera.url.clone());
    let phone = Phone::open().await?;
    // A stranger without the secret gets the page and no further.
    let address = first.split('#').next().unwrap_or_default();
    phone.goto(address).await?;
    phone.wait("#line.over", 1).await?;
    phone.speak("zh-CN").await?;
    phone.shot("stranger-zh").await?;
    phone.goto(&first).await?;
    phone.wait("#line.ready", 1).await?;
    camera.next("paired")?;
    let here = phone.browser.client.current_url().await?;
    assert_eq!(here.fragment(), None, "the secret stays in the address");
    phone.pick("camera", &photos[..1]).await?;
    phone.wait(".shot.taken", 1).await?;
    assert_eq!(camera.next("photo")?["verdict"]["state"], "taken");
    phone.pick("album", &photos[1..3]).await?;
    phone.wait(".shot.taken", 3).await?;
    phone.pick("camera", &photos[..1]).await?;
    phone.wait(".shot.again", 1).await?;
    assert!(phone.text("#count").await?.contains('3'));
    phone.shot("verdicts-zh").await?;
    let (target, kind) = smallest(&phone).await?;
    assert!(target >= 64.0 && kind >= 20.0, "targets of {target} px, type of {kind} px");
    second_phone(&first).await?;

    drop(camera);
    phone.pick("camera", &photos[3..4]).await?;
    phone.wait("#line.lost", 1).await?;
    phone.wait(".shot.kept", 1).await?;
    phone.shot("lost-zh").await?;
    // The uploader is there again, knows no phone, and shows a new code.
    let mut camera = Camera::start(data, &port)?;
    phone.browser.client.find(Locator::Id("line")).await?.click().await?;
    phone.wait("#line.over", 1).await?;
    phone.browser.client.refresh().await?;
    phone.wait("#line.over", 1).await?;
    phone.wait(".shot.kept", 1).await?;
    phone.speak("en").await?;
    phone.shot("over-en").await?;
    phone.goto(&camera.url).await?;
    phone.wait(".shot.taken", 1).await?;
    assert_eq!(camera.next("photo")?["verdict"]["state"], "taken");
    phone.pick("album", &[programs::root().join("LICENSE").canonicalize().unwrap()]).await?;
    phone.wait(".shot.bad", 1).await?;
    phone.shot("verdicts-en").await?;
    phone.browser.client.refresh().await?;
    phone.wait("#line.ready", 1).await?;
    phone.wait(".shot", 0).await?;
    phone.browser.close().await
}

/// Another phone that scanned the same code: refused with a sentence.
async fn second_phone(url: &str) -> Result<()> {
    let second = Phone::open().await?;
    second.goto(url).await?;
    second.wait("#line.taken", 1).await?;
    second.speak("zh-CN").await?;
    assert!(second.text("#line").await?.contains("另一部手机"));
    second.browser.close().await
}

#[test]
fn a_phone_photographs_receipts_and_loses_none_when_the_computer_goes_away() {
    let sample = fixture::small_sample();
    let photo = |n: usize| sample.folder.join(&sample.receipts[n].photo);
    let photos: Vec<PathBuf> = (0..4).map(photo).collect();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("uploader");
    let (accountant, _) = Accountant::init(&data, &sample.villages[0].code, "王会计").unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(photograph(&data, &photos)).unwrap();
    assert_eq!(accountant.items().unwrap().len(), 4);
}

#[test]
fn a_photo_that_comes_into_a_watched_folder_is_taken_in() {
    let sample = fixture::small_sample();
    let folder = tempfile::tempdir().unwrap();
    let (data, scans) = (folder.path().join("uploader"), folder.path().join("scans"));
    let (accountant, _) = Accountant::init(&data, &sample.villages[0].code, "王会计").unwrap();
    let photo = |n: usize| sample.folder.join(&sample.receipts[n].photo);
    let copy = |n: usize, name: &str| std::fs::copy(photo(n), scans.join(name)).unwrap();
    std::fs::create_dir(&scans).unwrap();
    copy(0, "old.jpg");
    let mut command = programs::command("mingbai-uploader").unwrap();
    let args = ["watch", "--json", "--data", programs::text(&data), programs::text(&scans)];
    let mut watching = command.args(args).stdout(Stdio::piped()).spawn().unwrap();
    let mut out = BufReader::new(watching.stdout.take().unwrap());
    assert_eq!(event(&mut out).unwrap()["event"], "folder");
    copy(1, "new.jpg");
    let told = event(&mut out).unwrap();
    watching.kill().unwrap();
    watching.wait().unwrap();
    assert_eq!(told["verdict"]["state"], "taken", "{told}");
    assert!(told["file"].as_str().unwrap().ends_with("new.jpg"));
    assert_eq!(accountant.items().unwrap().len(), 1);
}
