//! Checking a record in the reader's own hands: in a real browser with the network off, with the program, and with a
//! shell script.

use crate::fixture::{self, Copy, town};
use fantoccini::Locator;
use mingbai_tests::browser::Browser;
use mingbai_tests::meddler::Meddler;
use mingbai_tests::{Result, programs};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// How long the browser may take over a record.
const PATIENCE: Duration = Duration::from_secs(20);

/// The log index of the first published receipt that has a picture.
fn receipt(url: &str) -> u64 {
    let village = &town().sample.villages[0].code;
    let get = |path: &str| {
        let mut answer = ureq::get(format!("{url}{path}")).call().unwrap();
        answer.body_mut().read_to_string().unwrap()
    };
    let page = get(&format!("/v/{village}"));
    let month = page.split("href=\"").find(|part| part.starts_with(&format!("/v/{village}/2")));
    let month = get(month.unwrap().split('"').next().unwrap());
    let first = month.split("href=\"/r/").find(|part| part.contains("class=\"thumb\"")).unwrap();
    first.split('"').next().unwrap().parse().unwrap()
}

/// What the panel says when it is done: the verdict shown, and the step that went wrong.
async fn verdict(browser: &Browser) -> Result<(String, String)> {
    let script = "const shown = ['yes', 'no', 'missing'].find((name) => !document.getElementById('check-' + name).hidden);
        return [shown || '', document.querySelector('.steps .no')?.dataset.step || ''];";
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        let said = browser.client.execute(script, Vec::new()).await?;
        let (shown, step) = serde_json::from_value::<(String, String)>(said)?;
        if !shown.is_empty() {
            return Ok((shown, step));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Err("the browser did not come to a verdict".into())
}

async fn press(browser: &Browser, id: &str) -> Result<()> {
    browser.client.find(Locator::Css(id)).await?.click().await?;
    Ok(())
}

/// The panel as a picture, for people to look at.
async fn shot(browser: &Browser, name: &str) -> Result<()> {
    let folder = programs::root().join("target/tmp/phone");
    std::fs::create_dir_all(&folder)?;
    let down = "document.getElementById('check').scrollIntoView()";
    browser.client.execute(down, Vec::new()).await?;
    std::fs::write(folder.join(format!("{name}.png")), browser.client.screenshot().await?)?;
    Ok(())
}

async fn offline(url: &str, page: &str, library: bool) -> Result<()> {
    let browser = Browser::open_sized(360, 780).await?;
    browser.client.goto(&format!("{url}{page}")).await?;
    if library {
        let without = "Object.defineProperty(crypto, 'subtle', { value: undefined })";
        browser.client.execute(without, Vec::new()).await?;
    }
    press(&browser, "#check-start").await?;
    assert_eq!(verdict(&browser).await?, ("yes".into(), String::new()), "{page}");
    shot(&browser, "check-yes").await?;
    browser.network(None).await?;
    let lost =
        "const done = arguments[0]; fetch('/checkpoint').then(() => done(false), () => done(true))";
    assert_eq!(browser.client.execute_async(lost, Vec::new()).await?, true, "the network is off");
    press(&browser, "#check-again").await?;
    assert_eq!(verdict(&browser).await?, ("yes".into(), String::new()), "{page} offline");
    let ticks = "return document.querySelectorAll('.steps .yes').length";
    assert_eq!(browser.client.execute(ticks, Vec::new()).await?, 6);
    browser.close().await
}

#[test]
fn a_browser_checks_a_record_with_the_network_off() {
    let copy = Copy::new();
    let server = copy.serve();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let n = receipt(&server.url);
    for library in [false, true] {
        runtime.block_on(offline(&server.url, &format!("/r/{n}"), library)).unwrap();
    }
    runtime.block_on(offline(&server.url, &format!("/r/{n}?lang=en"), false)).unwrap();
    let list = String::from_utf8(server.get("/b").unwrap()).unwrap();
    let mut bulletins = list.split("class=\"row\" href=\"/b/");
    let bulletin = bulletins.nth(1).unwrap().split('"').next().unwrap().to_owned();
    runtime.block_on(offline(&server.url, &format!("/b/{bulletin}"), false)).unwrap();
}

/// Opens a page through somebody who flips one bit of the `at`th byte (from the end where negative) of what lies at
/// paths that begin so.
async fn meddled(browser: &Browser, server: &str, n: u64, path: &str, at: i32) -> Result<String> {
    let path = path.to_owned();
    let meddler = Meddler::start(server, move |asked, mut bytes| {
        if asked.starts_with(&path) {
            let length = i32::try_from(bytes.len()).unwrap();
            let at = usize::try_from(if at < 0 { length + at } else { at }).unwrap();
            bytes[at] ^= 1;
        }
        bytes
    })?;
    browser.client.goto(&format!("{}/r/{n}", meddler.url)).await?;
    press(browser, "#check-start").await?;
    let (verdict, step) = verdict(browser).await?;
    assert_eq!(verdict, "no");
    let sentence = browser.client.find(Locator::Css("#check-no")).await?.text().await?;
    let name = browser.client.find(Locator::Css(".steps .no b")).await?.text().await?;
    assert!(sentence.contains(&name), "{sentence} names {name}");
    Ok(step)
}

async fn every_lie(url: &str, n: u64) -> Result<()> {
    let browser = Browser::open_sized(360, 780).await?;
    let [note, proof] = ["note", "proof"].map(|what| format!("/r/{n}/{what}"));
    for (path, at, steps) in [
        (note.as_str(), 30, "place"),
        (&note, -3, "place"),
        (&proof, 0, "log"),
        (&proof, 29, "log place"),
        (&proof, 40, "log place"),
        (&proof, -3, "log"),
        (&proof, -60, "log"),
        ("/r/0/note", 50, "place"),
        ("/r/0/proof", -40, "log"),
        ("/content/", 20, "content"),
        ("/content/", -2, "content"),
        ("/blob/", 700, "images"),
        ("/blob/", -2, "images"),
    ] {
        let step = meddled(&browser, url, n, path, at).await?;
        assert!(steps.split(' ').any(|one| one == step), "{path} at {at}: {step}");
    }
    browser.close().await
}

#[test]
fn a_browser_names_the_step_that_a_changed_byte_breaks() {
    let copy = Copy::new();
    let server = copy.serve();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(every_lie(&server.url, receipt(&server.url))).unwrap();
}

async fn other_words(url: &str, n: u64) -> Result<()> {
    let browser = Browser::open_sized(360, 780).await?;
    let page = format!("/r/{n}");
    let meddler = Meddler::start(url, move |asked, bytes| match asked == page {
        true => String::from_utf8(bytes).unwrap().replace(" 元</dd>", "0 元</dd>").into_bytes(),
        false => bytes,
    })?;
    browser.client.goto(&format!("{}/r/{n}", meddler.url)).await?;
    press(&browser, "#check-start").await?;
    assert_eq!(verdict(&browser).await?, ("no".into(), "page".into()));
    shot(&browser, "check-no").await?;
    browser.close().await
}

#[test]
fn a_page_that_says_another_amount_than_was_signed_is_noticed() {
    let copy = Copy::new();
    let server = copy.serve();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let n = receipt(&server.url);
    runtime.block_on(other_words(&server.url, n)).unwrap();
}

async fn without_scripts(url: &str, n: u64) -> Result<()> {
    let browser = Browser::open(500, 800, false).await?;
    browser.client.goto(&format!("{url}/r/{n}")).await?;
    press(&browser, "#check-start").await?;
    assert_eq!(browser.client.current_url().await?.path(), format!("/r/{n}/verify"));
    browser.client.find(Locator::Css(&format!("a[href='/r/{n}/bundle']"))).await?;
    assert!(browser.client.source().await?.contains(&town().vkey));
    browser.close().await
}

#[test]
fn without_scripts_the_button_leads_to_words_and_the_bundle() {
    let copy = Copy::new();
    let server = copy.serve();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(without_scripts(&server.url, receipt(&server.url))).unwrap();
}

/// The bundle of a receipt, as a file.
fn downloaded(copy: &Copy) -> (u64, PathBuf) {
    let server = copy.serve();
    let n = receipt(&server.url);
    let file = copy.folder.path().join(format!("mingbai-{n}.tar"));
    std::fs::write(&file, server.get(&format!("/r/{n}/bundle")).unwrap()).unwrap();
    (n, file)
}

fn checked(file: &Path, vkey: &str) -> (Option<i32>, String) {
    let args = ["verify-bundle", programs::text(file), "--vkey", vkey];
    let output = programs::output("mingbai-server", &args).unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout) + &text(output.stderr))
}

#[test]
fn the_program_checks_a_bundle_and_refuses_one_that_was_touched() {
    let copy = Copy::new();
    let (n, file) = downloaded(&copy);
    let (code, said) = checked(&file, &town().vkey);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(said.matches('✓').count(), 6, "{said}");
    assert!(said.contains(&format!("第 {n} 号")), "{said}");
    let other = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    assert_eq!(checked(&file, other).0, Some(1), "another log's key");
    assert_eq!(checked(&file, "rubbish").0, Some(2));
    let length = std::fs::read(&file).unwrap().len();
    for at in (0..40).map(|part| part * (length - 1) / 39) {
        fixture::flip(&file, at);
        let (code, said) = checked(&file, &town().vkey);
        assert_eq!(code, Some(1), "byte {at}: {said}");
        fixture::flip(&file, at);
    }
}

/// Runs the recipe of the docs in an unpacked bundle.
fn recipe(folder: &Path, vkey: &str) -> (bool, String) {
    let output = Command::new("sh").arg(folder.join("check.sh")).arg(vkey).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

#[test]
fn a_shell_with_openssl_checks_a_bundle_and_names_what_was_changed() {
    let copy = Copy::new();
    let (n, file) = downloaded(&copy);
    let unpack = || {
        let mut tar = Command::new("tar");
        tar.arg("-xf").arg(&file).arg("-C").arg(copy.folder.path());
        assert!(tar.status().unwrap().success());
    };
    let folder = copy.folder.path().join(format!("mingbai-{n}"));
    unpack();
    let documented = std::fs::read(programs::root().join("docs/check.sh")).unwrap();
    assert!(std::fs::read(folder.join("check.sh")).unwrap() == documented);
    let (good, said) = recipe(&folder, &town().vkey);
    assert!(good && said.contains("verified"), "{said}");
    let slip = town().vkey.replacen("+A", "+B", 1);
    assert!(!recipe(&folder, &slip).0, "a slip in the key");
    let image = std::fs::read_dir(folder.join("images")).unwrap().next().unwrap().unwrap().path();
    for (path, at) in [
        ("content.json".into(), 20),
        (format!("entries/{n}/note.txt"), 30),
        (format!("entries/{n}/proof.txt"), 40),
        ("entries/0/note.txt".into(), 30),
        (image.strip_prefix(&folder).unwrap().to_str().unwrap().to_owned(), 900),
    ] {
        // Whoever changes a file can write the list anew.
        for listed in [false, true] {
            unpack();
            fixture::flip(&folder.join(&path), at);
            if listed {
                let list = "find . -type f ! -name SHA256SUMS | sed 's,^./,,' | xargs sha256sum > SHA256SUMS";
                let status = Command::new("sh").args(["-c", list]).current_dir(&folder).status();
                assert!(status.unwrap().success());
            }
            let (good, said) = recipe(&folder, &town().vkey);
            assert!(!good && said.contains('✗'), "{path} {said}");
        }
    }
}
