//! The kiosk beside Chromium in its kiosk mode, on one display and one after the other; the time of every frame; and a
//! long life in little time.

mod acts;
mod stage;
mod stock;

use crate::bench::cost::pss_mib;
use crate::bench::{Bench, median, report, submissions};
use crate::pen::Pen;
use crate::{Result, programs};
use acts::{Chromium, Counter, Kiosk, Moved, idle_percent};
use serde_json::Value;
use stage::Stage;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

/// Rounds of a start: it takes little time and varies much.
const STARTS: usize = 5;
/// Pages that the long life opens, and syncs meanwhile.
const CHANGES: u32 = 10_000;
const SYNCS: u32 = 1_000;
/// The shares of that life, in per cent, that memory is compared in: after the warm-up, and at the end.
const WARM_UP: usize = 10;
const SPAN: usize = 20;
/// How often the office publishes meanwhile.
const NEWS: Duration = Duration::from_secs(2);
/// Where a finger finds its way from the first page to the scan, and what the code then tells.
const WAY: [((u32, u32), &str); 4] = [
    ((400, 360), ""),
    ((220, 320), "/v/341181107201"),
    ((400, 275), "/v/341181107201/2026-10"),
    ((413, 366), "/r/"),
];
/// The button that opens a receipt's picture as large as the screen.
const SCAN: (u32, u32) = (1_145, 556);

/// Measures.
pub fn run() -> Result<()> {
    let bench = Bench::found()?;
    let pictures = stock::fill(&bench)?;
    let data = bench.town.folder.join("kiosk");
    let (server, vkey) = (bench.server.url.as_str(), bench.town.vkey.as_str());
    let place = ["--data", programs::text(&data), "--server", server, "--vkey", vkey];
    programs::run("mingbai-kiosk", &[&["sync"], &place[..]].concat())?;
    let chromium = Chromium::prepare(&bench.town.folder, &pictures)?;
    beside(&Kiosk { data: &data, url: server }, &chromium)?;
    frames(&data)?;
    soak(&bench, &data)
}

/// Ours and the other on one display.
fn beside(kiosk: &Kiosk, chromium: &Chromium) -> Result<()> {
    let stage = Stage::set_up()?;
    let (mut us, mut them) = (Vec::new(), Vec::new());
    // Its first start makes a profile, which is not what is measured.
    drop(stage.first_picture(chromium.command("home.html"))?);
    for _ in 0..STARTS {
        us.push(stage.first_picture(kiosk.command()?)?.1);
        them.push(stage.first_picture(chromium.command("home.html"))?.1);
    }
    report::ratio("kiosk, start to the whole first picture: s", median(us), median(them), "≤ 0.2");
    let ours = ours(&stage, kiosk)?;
    let theirs = theirs(&stage, chromium)?;
    report::ratio("kiosk at rest on a month: PSS, MiB", ours.mib, theirs.mib, "≤ 0.12");
    report::ratio("kiosk at rest: CPU, % of a core", ours.idle, theirs.idle, "≤ 1");
    for ((what, us), them) in ["scroll", "pan", "zoom"].iter().zip(&ours.moved).zip(&theirs.moved) {
        report::ratio(&format!("kiosk, {what}: CPU ms a frame"), us.cpu_ms, them.cpu_ms, "≤ 0.35");
        report::ratio(&format!("kiosk, {what}: frames a second"), us.rate, them.rate, "");
        report::ratio(&format!("kiosk, {what}: PSS, MiB"), us.mib, them.mib, "");
    }
    Ok(())
}

/// What one of the two was seen to do.
struct Act {
    mib: f64,
    idle: f64,
    /// Scrolling, panning, zooming.
    moved: [Moved; 3],
}

fn ours(stage: &Stage, kiosk: &Kiosk) -> Result<Act> {
    let (mut actor, _) = stage.first_picture(kiosk.command()?)?;
    let counter = Counter::of(&mut actor)?;
    let [villages, village, month, receipt] = WAY;
    for (place, page) in [villages, village, month] {
        stage.tap_to(place, &format!("{}{page}", kiosk.url))?;
    }
    let idle = idle_percent(&actor)?;
    let mib = pss_mib(&actor.family()?)?;
    let scroll = counter.watch(&actor, || stage.drag((500, 900), (500, 300), 10, 10))?;
    // The movement ended where it began; the first receipt has the largest picture.
    stage.tap_to(receipt.0, receipt.1)?;
    stage.tap(SCAN)?;
    let zoom = counter.watch(&actor, || stage.wheel((760, 560), 20, 30))?;
    stage.wheel((760, 560), 20, 1)?;
    let pan = counter.watch(&actor, || stage.drag((900, 700), (500, 300), 10, 15))?;
    Ok(Act { mib, idle, moved: [scroll, pan, zoom] })
}

fn theirs(stage: &Stage, chromium: &Chromium) -> Result<Act> {
    let (actor, _) = stage.first_picture(chromium.command("month.html"))?;
    let idle = idle_percent(&actor)?;
    let mib = pss_mib(&actor.family()?)?;
    drop(actor);
    let watch = |page| chromium.watch(stage, page);
    Ok(Act {
        mib,
        idle,
        moved: [watch("month.html#scroll")?, watch("scan.html#pan")?, watch("scan.html#zoom")?],
    })
}

/// The time of every frame, without a display.
fn frames(data: &Path) -> Result<()> {
    let told: Value = serde_json::from_str(&programs::run(
        "mingbai-kiosk-measure",
        &["--data", programs::text(data), "frames"],
    )?)?;
    for (what, of) in [
        ("scroll", format!("a month of {}", told["receipts"])),
        ("pan", format!("a scan of {:.0} MP", told["megapixels"].as_f64().unwrap_or(0.0))),
        ("zoom", "it".to_owned()),
    ] {
        let figure = |name: &str| told[what][name].as_f64().unwrap_or(f64::NAN);
        report::alone(&format!("frame of {what}, {of}: ms at p99"), figure("p99"), "< 16.7");
        report::alone(
            &format!("frame of {what}, the worst of {}", told[what]["frames"]),
            figure("worst"),
            "",
        );
    }
    Ok(())
}

/// A long life, with an office that goes on publishing.
fn soak(bench: &Bench, data: &Path) -> Result<()> {
    let (changes, syncs) = (CHANGES.to_string(), SYNCS.to_string());
    let mut command = programs::command("mingbai-kiosk-measure")?;
    command.args(["--data", programs::text(data), "soak", "--server", &bench.server.url]);
    command.args(["--changes", &changes, "--syncs", &syncs]).stdout(Stdio::piped());
    let child = command.spawn()?;
    let told = publish_while(bench, child)?;
    let told: Value = serde_json::from_str(&told)?;
    let figure = |name: &str| told[name].as_f64().unwrap_or(f64::NAN);
    println!("{CHANGES} pages opened, {SYNCS} syncs, {} of them with news", told["news"]);
    report::alone("blank frames", figure("blank"), "0");
    report::alone("syncs that failed", figure("failed"), "0");
    let memory: Vec<f64> = serde_json::from_value(told["memory"].clone())?;
    let part = |from: usize| {
        let at = |share: usize| memory.len() * share / 100;
        median(memory[at(from)..at(from + SPAN)].to_vec())
    };
    let (early, late) = (part(WARM_UP), part(100 - SPAN));
    report::ratio("memory late against early: PSS, MiB", late, early, "≤ 1.05");
    Ok(())
}

/// Publishes a receipt now and then until the child ends; answers what it said.
fn publish_while(bench: &Bench, mut child: Child) -> Result<String> {
    let accountant = &bench.town.accountants[0];
    let pen = Pen::take(&accountant.data, &accountant.village)?;
    let office = bench.town.office(&bench.server, "reviewer")?;
    let mut n = 1_000_000;
    while child.try_wait()?.is_none() {
        let one = pen.receipt_of(n, stock::MONTH)?;
        submissions::send(&bench.server.url, std::slice::from_ref(&one))?;
        office.publish_seconds(&[one.id])?;
        n += 1;
        std::thread::sleep(NEWS);
    }
    let output = child.wait_with_output()?;
    if !output.status.success() {
        return Err("mingbai-kiosk-measure failed".into());
    }
    Ok(String::from_utf8(output.stdout)?)
}
