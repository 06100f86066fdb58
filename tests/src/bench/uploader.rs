//! Reading photos: our codes beside zbarimg's and zxing-cpp's on the same files, and what a paper costs to read and to make.

use crate::bench::{median, report};
use crate::sample::{self, Sample, SampleReceipt};
use crate::{Result, programs};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// A folder of photos with the texts of their codes in `expected.json`; without it the sample's are taken.
const PHOTOS: &str = "MINGBAI_BENCH_PHOTOS";
/// Photos that are read with their print and made at the size of a phone's camera.
const LARGE: usize = 6;
/// Photos of each kind of paper whose print is read.
const EACH_KIND: usize = 6;

/// A photo and the text of its code.
#[derive(Deserialize)]
struct Photo {
    file: PathBuf,
    text: String,
}

/// How a reader of codes is asked for the texts on a photo.
type Reader = fn(&Path) -> Result<Command>;

/// Measures.
pub fn run() -> Result<()> {
    let folder = programs::root().join("target/bench/papers");
    std::fs::create_dir_all(&folder)?;
    let sample = sample::make(&folder, 48, 2, 2)?;
    codes(&photos(&sample)?)?;
    costs(&sample)?;
    fields(&sample)
}

fn photos(sample: &Sample) -> Result<Vec<Photo>> {
    if let Some(folder) = std::env::var_os(PHOTOS).map(PathBuf::from) {
        let list = std::fs::read(folder.join("expected.json"))?;
        let photos: Vec<Photo> = serde_json::from_slice(&list)?;
        let at = |photo: Photo| Photo { file: folder.join(photo.file), ..photo };
        return Ok(photos.into_iter().map(at).collect());
    }
    let coded = sample.receipts.iter().filter(|receipt| receipt.has_qr);
    let photo = |receipt: &SampleReceipt| Photo {
        file: sample.folder.join(&receipt.photo),
        text: receipt.qr.clone(),
    };
    Ok(coded.map(photo).collect())
}

fn codes(photos: &[Photo]) -> Result<()> {
    let readers: [(&str, Reader); 3] = [
        ("mingbai", |file| {
            let mut command = programs::command("mingbai-uploader")?;
            command.args(["read", "--json"]).arg(file);
            Ok(command)
        }),
        ("zbarimg", |file| {
            let mut command = Command::new("zbarimg");
            command.args(["--quiet", "--raw", "-Sdisable", "-Sqrcode.enable"]).arg(file);
            Ok(command)
        }),
        ("zxing-cpp", |file| {
            let mut command = Command::new("ZXingReader");
            command.args(["-format", "QRCode"]).arg(file);
            Ok(command)
        }),
    ];
    println!(
        "codes on {} photos{:<22}{:>12}{:>12}{:>12}",
        photos.len(),
        "",
        "read",
        "median s",
        "worst s"
    );
    for (name, command) in readers {
        let (mut read, mut seconds) = (0, Vec::new());
        for photo in photos {
            let clock = Instant::now();
            let output = command(&photo.file)?.output().map_err(|e| format!("{name}: {e}"))?;
            seconds.push(clock.elapsed().as_secs_f64());
            read += usize::from(tells(&output.stdout, &photo.text));
        }
        let worst = seconds.iter().copied().fold(0.0, f64::max);
        let share = format!("{read}/{}", photos.len());
        println!("  {name:<38}{share:>12}{:>12.3}{worst:>12.3}", median(seconds));
    }
    Ok(())
}

/// Whether a reader's output holds the text: as JSON, or as it is, whatever it makes of line ends.
fn tells(output: &[u8], text: &str) -> bool {
    let told = String::from_utf8_lossy(output);
    if let Ok(line) = serde_json::from_str::<serde_json::Value>(&told) {
        return line["qr"].as_array().is_some_and(|texts| texts.iter().any(|one| one == text));
    }
    let plain = |text: &str| text.split_whitespace().collect::<String>();
    // zxing-cpp writes line ends and bytes outside ASCII as <U+…> unless the text is plain.
    let named = told
        .replace("<U+0D>", " ")
        .replace("<U+0A>", " ")
        .replace("<CR>", " ")
        .replace("<LF>", " ");
    plain(&named).contains(&plain(text))
}

fn costs(sample: &Sample) -> Result<()> {
    let files = || sample.receipts.iter().take(LARGE).map(|r| sample.folder.join(&r.photo));
    let measure = |more: &[&str]| -> Result<Vec<serde_json::Value>> {
        let mut command = programs::command("mingbai-measure")?;
        let output = command.args(["--megapixels", "12"]).args(more).args(files()).output()?;
        let told = String::from_utf8(output.stdout)?;
        Ok(told.lines().map(serde_json::from_str).collect::<std::result::Result<_, _>>()?)
    };
    let total = |line: &serde_json::Value, steps: &[&str]| -> f64 {
        steps.iter().filter_map(|step| line["seconds"][step].as_f64()).sum()
    };
    let lines = measure(&[])?;
    let all = |steps: &[&str]| median(lines.iter().map(|line| total(line, steps)).collect());
    report::alone(
        "12 MP photo to record, without print: s",
        all(&["decode", "look", "publish"]),
        "≤ 1",
    );
    report::alone(
        "12 MP photo to record, with print: s",
        all(&["decode", "look", "text", "publish"]),
        "≤ 5",
    );
    let bytes = lines.iter().filter_map(|line| line["bytes"].as_f64()).collect();
    report::alone("public picture: bytes", median(bytes), "");
    Ok(())
}

/// The share of fields that code and print give rightly, kind by kind.
fn fields(sample: &Sample) -> Result<()> {
    let mut kinds: BTreeMap<&str, Vec<&SampleReceipt>> = BTreeMap::new();
    for receipt in &sample.receipts {
        let kind = kinds.entry(&receipt.kind).or_default();
        if kind.len() < EACH_KIND {
            kind.push(receipt);
        }
    }
    for (kind, receipts) in kinds {
        let (mut right, mut of) = (0, 0);
        for receipt in receipts {
            let file = sample.folder.join(&receipt.photo);
            let told = programs::run(
                "mingbai-uploader",
                &["read", "--json", "--text", programs::text(&file)],
            )?;
            let read: serde_json::Value = serde_json::from_str(&told)?;
            let wanted = ledger::money::Fen(receipt.amount).plain();
            let amount = read["printed"]["total"].as_i64() == Some(receipt.amount)
                || read["fields"]["total"].as_str() == Some(&wanted);
            let date = read["printed"]["date"].as_str().or(read["fields"]["date"].as_str());
            let found = [
                amount,
                date == Some(&receipt.date),
                read["printed"]["payee"].as_str() == Some(&receipt.payee),
            ];
            right += found.iter().filter(|found| **found).count();
            of += found.len();
        }
        let share = 100.0 * f64::from(u32::try_from(right)?) / f64::from(u32::try_from(of)?);
        report::alone(&format!("amount, date, payee of {kind}: % right"), share, "≥ 95");
    }
    Ok(())
}
