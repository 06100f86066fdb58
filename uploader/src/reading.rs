//! Reading the codes on a paper: a quick look, then a ladder of copies of the photo until an invoice's code is found.

use crate::guard;
use crate::photo::{Pixels, fit, resize};
use image::GrayImage;
use marks::invoice;
use rustix::time::{ClockId, clock_gettime};
use rxing::common::HybridBinarizer;
use rxing::multi::MultipleBarcodeReader;
use rxing::qrcode::QRCodeReader;
use rxing::qrcode::cpp_port::QrReader;
use rxing::{BarcodeFormat, BinaryBitmap, DecodeHints, Reader};
use std::collections::HashSet;
use std::sync::mpsc::{self, Sender};
use std::time::Duration;

/// The most codes that are kept of one photo.
const CODES_MAX: usize = 16;
/// Pixels of the long edge of the copy for the quick look, which takes half a minute on some 12-megapixel photos.
const FIRST_LOOK_EDGE: u32 = 1200;
/// How long the quick look may take.
const FIRST_LOOK_DEADLINE: Duration = Duration::from_millis(400);
/// Processor time for the ladder. A step that has begun is ended.
const LADDER_BUDGET: Duration = Duration::from_millis(800);
/// How long the ladder may take by the clock, on a machine that is busy.
const LADDER_DEADLINE: Duration = Duration::from_secs(8);
/// Pixels of the long edge of the copies that filters work on.
const FILTER_EDGE: u32 = 1600;
/// Photos with a long edge below this are tried at twice the size.
const DOUBLE_BELOW: u32 = 1300;

/// One rung: a copy of the photo that shows codes the others hide. Ordered by what they found in measured photos.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rung {
    /// The long edge made this many pixels.
    Edge(u32),
    /// As it was taken.
    AsIs,
    /// Light codes on dark ground.
    Inverted,
    /// Softened, against noise.
    Soft,
    /// Black and white by the brightness around each pixel, within the long edge divided by this; against shadows.
    Threshold(u32),
    /// Small photos at twice the size.
    Double,
    /// Softened, then black and white.
    SoftThreshold,
}

const LADDER: [Rung; 11] = [
    Rung::Edge(1200),
    Rung::Edge(700),
    Rung::AsIs,
    Rung::Edge(2000),
    Rung::Edge(400),
    Rung::Inverted,
    Rung::Soft,
    Rung::Threshold(16),
    Rung::Threshold(50),
    Rung::Double,
    Rung::SoftThreshold,
];

/// The texts of all codes found, each once. Goes on while none of them is an invoice's, within the budget.
pub fn codes(photo: GrayImage) -> Vec<String> {
    let mut texts = first_look(&photo);
    if invoice::choose(&texts).is_some() {
        return texts;
    }
    let (found, finds) = mpsc::channel();
    let known = texts.clone();
    // What was found before a panic or the deadline is kept: it came through the channel.
    let _ = guard::within(LADDER_DEADLINE, move || climb(&photo, known, &found));
    for text in finds.try_iter() {
        keep(&mut texts, text);
    }
    texts
}

fn keep(texts: &mut Vec<String>, text: String) {
    if texts.len() < CODES_MAX && !text.trim().is_empty() && !texts.contains(&text) {
        texts.push(text);
    }
}

/// Reads what is easy to read, in some milliseconds.
pub fn first_look(photo: &GrayImage) -> Vec<String> {
    let Some(copy) = copy(photo, FIRST_LOOK_EDGE) else { return Vec::new() };
    let look = move || {
        let mut prepared = rqrr::PreparedImage::prepare_from_greyscale(
            copy.width() as usize,
            copy.height() as usize,
            |x, y| copy.as_raw().get(y * copy.width() as usize + x).copied().unwrap_or_default(),
        );
        let grids = prepared.detect_grids();
        // Text in another charset is no error here: the ladder reads it.
        grids.iter().filter_map(|grid| grid.decode().ok()).map(|(_, text)| text).collect()
    };
    let read: Vec<String> = guard::within(FIRST_LOOK_DEADLINE, look).unwrap_or_default();
    let mut texts = Vec::new();
    read.into_iter().for_each(|text| keep(&mut texts, text));
    texts
}

fn climb(photo: &GrayImage, mut known: Vec<String>, found: &Sender<String>) {
    let start = processor_time();
    let long = photo.width().max(photo.height());
    let mut sizes_done = HashSet::new();
    for rung in LADDER {
        let size = match rung {
            Rung::Edge(edge) => Some(edge.min(long)),
            Rung::AsIs => Some(long),
            _ => None,
        };
        // Filters are not worth their time when codes are found well and are only none of an invoice.
        let settled = invoice::choose(&known).is_some() || (size.is_none() && !known.is_empty());
        if settled || processor_time().saturating_sub(start) > LADDER_BUDGET {
            return;
        }
        if size.is_some_and(|size| !sizes_done.insert(size)) {
            continue;
        }
        for text in rung.copy(photo).map(read_all).unwrap_or_default() {
            if !known.contains(&text) {
                known.push(text.clone());
                // The other end waits until this function has ended.
                let _ = found.send(text);
            }
        }
    }
}

/// Processor time that this thread has used.
fn processor_time() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(now.tv_sec).unwrap_or_default();
    Duration::new(seconds, u32::try_from(now.tv_nsec).unwrap_or_default())
}

impl Rung {
    fn copy(self, photo: &GrayImage) -> Option<GrayImage> {
        let long = photo.width().max(photo.height());
        let small = || copy(photo, FILTER_EDGE);
        let soft = |picture: &GrayImage| image::imageops::fast_blur(picture, 1.2);
        Some(match self {
            Rung::Edge(edge) => copy(photo, edge)?,
            Rung::AsIs => photo.clone(),
            Rung::Inverted => {
                let mut copy = copy(photo, FIRST_LOOK_EDGE)?;
                image::imageops::invert(&mut copy);
                copy
            }
            Rung::Soft => soft(&small()?),
            Rung::Threshold(part) => threshold(&small()?, long.min(FILTER_EDGE) / part),
            Rung::Double if long < DOUBLE_BELOW => {
                let (w, h) = photo.dimensions();
                let pixels = resize(photo, (w, h), (w * 2, h * 2), Pixels::Gray)?;
                GrayImage::from_raw(w * 2, h * 2, pixels)?
            }
            Rung::Double => return None,
            Rung::SoftThreshold => threshold(&soft(&small()?), long.min(FILTER_EDGE) / 16),
        })
    }
}

fn copy(photo: &GrayImage, edge: u32) -> Option<GrayImage> {
    let from = photo.dimensions();
    let to = fit(from.0, from.1, edge);
    if from == to {
        return Some(photo.clone());
    }
    GrayImage::from_raw(to.0, to.1, resize(photo, from, to, Pixels::Gray)?)
}

/// White where a pixel is brighter than the mean of those within `radius`, less a little; else black.
fn threshold(picture: &GrayImage, radius: u32) -> GrayImage {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let (radius, stride) = (radius.max(2) as usize, width + 1);
    // sums[y][x]: all pixels above and left of (x, y).
    let mut sums = vec![0u32; stride * (height + 1)];
    for (y, row) in picture.as_raw().chunks_exact(width).enumerate() {
        let mut line = 0;
        for (x, pixel) in row.iter().enumerate() {
            line += u32::from(*pixel);
            sums[(y + 1) * stride + x + 1] = sums[y * stride + x + 1].wrapping_add(line);
        }
    }
    let mut out = picture.clone();
    for (y, row) in out.chunks_exact_mut(width).enumerate() {
        let (top, bottom) = (y.saturating_sub(radius), (y + radius + 1).min(height));
        for (x, pixel) in row.iter_mut().enumerate() {
            let (left, right) = (x.saturating_sub(radius), (x + radius + 1).min(width));
            let corner = |x: usize, y: usize| sums[y * stride + x];
            // Wrapping: the whole sum may pass 32 bits, that of a window cannot.
            let sum = corner(right, bottom)
                .wrapping_add(corner(left, top))
                .wrapping_sub(corner(left, bottom))
                .wrapping_sub(corner(right, top));
            let area = u32::try_from((right - left) * (bottom - top)).unwrap_or(u32::MAX);
            *pixel = if u32::from(*pixel) + 5 >= sum / area.max(1) { 255 } else { 0 };
        }
    }
    out
}

/// Every QR code that one copy shows.
fn read_all(copy: GrayImage) -> Vec<String> {
    let (width, height) = copy.dimensions();
    let Ok(source) = rxing::Luma8LuminanceSource::new(copy.into_raw(), width, height) else {
        return Vec::new();
    };
    let mut bitmap = BinaryBitmap::new(HybridBinarizer::new(source));
    let hints = DecodeHints {
        TryHarder: Some(true),
        PossibleFormats: Some(HashSet::from([BarcodeFormat::QR_CODE])),
        ..DecodeHints::default()
    };
    let mut results = QrReader.decode_multiple_with_hints(&mut bitmap, &hints).unwrap_or_default();
    if results.is_empty() {
        // The older reader finds some codes that are bent.
        results.extend(QRCodeReader.decode_with_hints(&mut bitmap, &hints));
    }
    results.iter().map(|result| result.getText().to_owned()).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;
    use qrcodegen::{QrCode, QrCodeEcc};

    pub(crate) const BILL: &str = "01,32,,26447000001243494438,285.92,20260619,,300A";

    /// A sheet with codes side by side, `scale` pixels a module.
    pub(crate) fn sheet(texts: &[&str], scale: u32) -> GrayImage {
        let codes: Vec<QrCode> =
            texts.iter().map(|t| QrCode::encode_text(t, QrCodeEcc::Medium).unwrap()).collect();
        let side = |code: &QrCode| (code.size() as u32 + 12) * scale;
        let width = codes.iter().map(side).sum();
        let height = codes.iter().map(side).max().unwrap();
        let mut sheet = GrayImage::from_pixel(width, height, image::Luma([225]));
        let mut left = 0;
        for code in &codes {
            for (x, y) in (0..side(code)).flat_map(|x| (0..side(code)).map(move |y| (x, y))) {
                let module = |at: u32| (at / scale) as i32 - 6;
                if code.get_module(module(x), module(y)) {
                    sheet.put_pixel(left + x, y, image::Luma([35]));
                }
            }
            left += side(code);
        }
        sheet
    }

    #[test]
    fn a_clear_code_is_read_by_the_quick_look() {
        assert_eq!(first_look(&sheet(&[BILL], 5)), [BILL]);
    }

    #[test]
    fn all_codes_on_a_paper_are_read_and_the_invoice_is_found() {
        let texts = codes(sheet(&["https://pay.example/1234", BILL], 5));
        assert_eq!(invoice::choose(&texts).unwrap().0, BILL);
        assert_eq!(texts.len(), 2, "{texts:?}");
    }

    #[test]
    fn a_code_in_hard_shadow_or_inverted_is_read_by_the_ladder() {
        let mut dark = sheet(&[BILL], 6);
        image::imageops::invert(&mut dark);
        assert_eq!(codes(dark), [BILL]);
        let mut shaded = sheet(&[BILL], 6);
        let width = shaded.width();
        for (x, _, pixel) in shaded.enumerate_pixels_mut() {
            let light = 255 - 200 * x / width;
            pixel.0[0] = (u32::from(pixel.0[0]) * light / 255) as u8;
        }
        assert_eq!(codes(shaded), [BILL]);
    }

    #[test]
    fn a_paper_without_a_code_gives_none() {
        assert_eq!(codes(GrayImage::from_pixel(900, 700, image::Luma([200]))), [""; 0]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]
        #[test]
        fn no_noise_panics_the_ladder(seed in prop::collection::vec(any::<u8>(), 97), w in 33u32..160, h in 33u32..160) {
            let noise = GrayImage::from_fn(w, h, |x, y| {
                let at = (x as usize * 31 + y as usize * 17) ^ (x * y) as usize;
                image::Luma([seed[at % seed.len()]])
            });
            let mut known = Vec::new();
            for rung in LADDER {
                known.extend(rung.copy(&noise).map(read_all).unwrap_or_default());
            }
        }
    }
}
