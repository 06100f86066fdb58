//! What a board costs: the bytes of its first sync of a year of one village, and of a month that is added; and what its firmware
//! takes on the emulated board.

mod emulated;

use crate::Result;
use crate::bench::{Bench, report, submissions};
use crate::pen::{Pen, Submission};
use image::codecs::jpeg::JpegEncoder;
use image::{Rgb, RgbImage};
use ledger::checkpoint::Checkpoint;
use ledger::content::ImageRef;
use ledger::hash::sha256;

/// Villages of the township; the board is one's.
const VILLAGES: usize = 8;
/// Receipts of each village a month, and months that are there at first.
const RECEIPTS: u64 = 20;
const MONTHS: u64 = 12;
/// The month that is added.
const NEWEST: &str = "2026-11";
/// Most bytes of a feed that are read.
const FEED_BYTES_MAX: u64 = 64 << 20;
/// Side in pixels of a picture; of its thumbnail, which a board shows; and of one in the newest month, as uploaders make them.
/// Their bytes are not counted here.
const SIDES: [u32; 3] = [96, 48, 320];
/// A bulletin of more than one screen.
const COLUMN: &str = "cunwu";
const TITLE: &str = "关于维修村东水渠的公告";
const PARAGRAPH: &str = "经村民代表会议讨论通过，本村东头水渠定于下月开工维修，所需经费从集体收入中列支，明细见小发票。";
const PARAGRAPHS: usize = 8;

/// Measures.
pub fn run() -> Result<()> {
    let bench = Bench::with_villages(VILLAGES)?;
    let office = bench.town.office(&bench.server, "reviewer")?;
    let mut number = 0;
    let mut month = |month: &str| -> Result<()> {
        for accountant in &bench.town.accountants {
            let pen = Pen::take(&accountant.data, &accountant.village)?;
            let mut receipts: Vec<Submission> = Vec::new();
            for _ in 0..RECEIPTS {
                number += 1;
                let thumb = if month == NEWEST { SIDES[2] } else { SIDES[1] };
                let image = picture(number, thumb)?;
                receipts.push(pen.pictured(number, month, vec![image.0.clone()])?);
                submissions::send(&bench.server.url, &receipts[receipts.len() - 1..])?;
                submissions::put(&bench.server.url, &image.1)?;
                submissions::put(&bench.server.url, &image.2)?;
            }
            let ids: Vec<String> = receipts.iter().map(|one| one.id.clone()).collect();
            office.publish_seconds(&ids)?;
        }
        Ok(())
    };
    for n in 0..MONTHS {
        let (year, of) = if n < 2 { (2025, 11 + n) } else { (2026, n - 1) };
        month(&format!("{year}-{of:02}"))?;
    }
    let village = &bench.town.accountants[0].village;
    let held = size(&bench)?;
    let first = feed(&bench, village, 0)?;
    month(NEWEST)?;
    let delta = feed(&bench, village, held)?;
    println!("{VILLAGES} villages, {RECEIPTS} receipts a month each, each with a picture");
    report::alone("board: first sync of a year, bytes", first as f64, "≤ 100,000");
    report::alone("board: a month's delta, bytes", delta as f64, "≤ 10,000");
    let editor = bench.town.office(&bench.server, "editor")?;
    editor.write(COLUMN, TITLE, &[PARAGRAPH; PARAGRAPHS].join("\n\n"))?;
    office.publish_all(drop)?;
    emulated::run(&bench, village)
}

/// Entries of the log.
fn size(bench: &Bench) -> Result<u64> {
    let note = ureq::get(format!("{}/checkpoint", bench.server.url)).call()?;
    let note = note.into_body().read_to_string()?;
    let text = note.split_once("\n\n").map(|(text, _)| format!("{text}\n")).ok_or("no note")?;
    Ok(Checkpoint::parse(&text)?.size)
}

fn feed(bench: &Bench, village: &str, from: u64) -> Result<usize> {
    let url = format!("{}/board/{village}?from={from}", bench.server.url);
    let body = ureq::get(url).call()?.into_body();
    Ok(body.into_with_config().limit(FEED_BYTES_MAX).read_to_vec()?.len())
}

/// A picture that is like no other, and its thumbnail.
fn picture(n: u64, thumb: u32) -> Result<(ImageRef, Vec<u8>, Vec<u8>)> {
    let draw = |side: u32| -> Result<Vec<u8>> {
        let dot = |x: u32, y: u32| {
            let bit = (x * 8 / side) + 8 * (y * 8 / side);
            if n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> bit & 1 == 1 { 40 } else { 220 }
        };
        let picture = RgbImage::from_fn(side, side, |x, y| Rgb([dot(x, y); 3]));
        let mut bytes = Vec::new();
        JpegEncoder::new_with_quality(&mut bytes, 80).encode_image(&picture)?;
        Ok(bytes)
    };
    let (whole, thumb) = (draw(SIDES[0])?, draw(thumb)?);
    let image = ImageRef {
        sha256: sha256(&whole),
        thumb: sha256(&thumb),
        width: SIDES[0],
        height: SIDES[0],
        bytes: whole.len() as u64,
        covered: Vec::new(),
    };
    Ok((image, whole, thumb))
}
