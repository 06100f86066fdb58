//! A village with 2,000 receipts, 200 of them in its newest month with a picture each, one as large as a camera makes it.

use crate::bench::{Bench, submissions};
use crate::pen::{Pen, Submission};
use crate::{Result, programs, sample};
use image::codecs::jpeg::JpegEncoder;
use image::imageops::{self, FilterType};
use image::{Rgb, RgbImage};
use ledger::content::ImageRef;
use ledger::hash::sha256;
use std::path::{Path, PathBuf};

/// The newest month.
pub const MONTH: &str = "2026-10";
/// Receipts of a month.
pub const A_MONTH: u64 = 200;
/// Months.
const MONTHS: u64 = 10;
/// Most that one request publishes.
const BATCH: usize = 1_000;
/// Papers that are drawn; the pictures are made of them.
const PAPERS: u32 = 12;
/// Sides in pixels of a picture, of its thumbnail, and of the one as a camera of 12 megapixels makes it.
const SIZE: (u32, u32) = (1_200, 1_600);
const THUMB: (u32, u32) = (240, 320);
const LARGE: (u32, u32) = (3_000, 4_000);
/// JPEG quality.
const QUALITY: u8 = 80;

/// A picture and its thumbnail, as JPEG.
pub struct Picture {
    /// The picture.
    pub whole: Vec<u8>,
    /// The thumbnail.
    pub thumb: Vec<u8>,
    size: (u32, u32),
}

impl Picture {
    fn image(&self) -> ImageRef {
        ImageRef {
            sha256: sha256(&self.whole),
            thumb: sha256(&self.thumb),
            width: self.size.0,
            height: self.size.1,
            bytes: self.whole.len() as u64,
            covered: Vec::new(),
        }
    }
}

/// Fills the township; answers the pictures of the newest month, the largest first.
pub fn fill(bench: &Bench) -> Result<Vec<Picture>> {
    let accountant = &bench.town.accountants[0];
    let pen = Pen::take(&accountant.data, &accountant.village)?;
    let office = bench.town.office(&bench.server, "reviewer")?;
    let pictures = pictures()?;
    let mut receipts = Vec::new();
    for (n, picture) in (0..).zip(&pictures) {
        receipts.push(pen.pictured(n * 28, MONTH, vec![picture.image()])?);
    }
    for n in A_MONTH..A_MONTH * MONTHS {
        receipts.push(pen.receipt_of(n, &format!("2026-{:02}", 10 - n / A_MONTH))?);
    }
    submissions::send(&bench.server.url, &receipts)?;
    for picture in &pictures {
        submissions::put(&bench.server.url, &picture.whole)?;
        submissions::put(&bench.server.url, &picture.thumb)?;
    }
    for part in receipts.chunks(BATCH) {
        let ids: Vec<String> = part.iter().map(|one: &Submission| one.id.clone()).collect();
        office.publish_seconds(&ids)?;
    }
    Ok(pictures)
}

/// As many as a month has receipts: a few drawn papers, each copy with a mark of its own.
fn pictures() -> Result<Vec<Picture>> {
    let folder = programs::root().join("target/bench/receipts");
    std::fs::create_dir_all(&folder)?;
    let sample = sample::make(&folder, PAPERS, 1, 1)?;
    let papers = sample.receipts.iter().map(|receipt| sample.folder.join(&receipt.photo));
    let papers: Vec<PathBuf> = papers.collect();
    let open = |path: &Path| -> Result<RgbImage> { Ok(image::open(path)?.into_rgb8()) };
    let first = papers.first().ok_or("the sample has no paper")?;
    let mut pictures = vec![picture(&open(first)?, LARGE, 0)?];
    let smaller: Vec<RgbImage> = papers
        .iter()
        .map(|path| Ok(imageops::resize(&open(path)?, SIZE.0, SIZE.1, FilterType::Triangle)))
        .collect::<Result<_>>()?;
    for (n, paper) in (1..A_MONTH as u32).zip(smaller.iter().cycle()) {
        pictures.push(picture(paper, SIZE, n)?);
    }
    Ok(pictures)
}

fn picture(paper: &RgbImage, size: (u32, u32), mark: u32) -> Result<Picture> {
    let mut whole = imageops::resize(paper, size.0, size.1, FilterType::CatmullRom);
    for bit in 0..8 {
        let tone = if mark >> bit & 1 == 1 { 30 } else { 220 };
        let square = RgbImage::from_pixel(size.0 / 16, size.0 / 16, Rgb([tone; 3]));
        imageops::replace(&mut whole, &square, i64::from(bit * size.0 / 10), 0);
    }
    let thumb = imageops::resize(&whole, THUMB.0, THUMB.1, FilterType::Triangle);
    Ok(Picture { whole: jpeg(&whole)?, thumb: jpeg(&thumb)?, size })
}

fn jpeg(picture: &RgbImage) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, QUALITY).encode_image(picture)?;
    Ok(bytes)
}
