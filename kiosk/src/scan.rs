//! A scan: decoded once, kept at four sizes for while it moves, and filtered to the screen's own pixels when it rests.
//!
//! The software renderer takes the nearest pixel, which turns small print into dots; so nothing is left for it to scale.

pub mod darkroom;

use std::io::Cursor;

use fast_image_resize::images::{Image as Pixels, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use image::{ImageReader, Limits};
use slint::{Rgb8Pixel, SharedPixelBuffer};

/// A picture in RGB, three bytes a pixel.
pub type Rgb = SharedPixelBuffer<Rgb8Pixel>;

/// The longest side that is decoded, in pixels; docs/FORMATS.md allows 2,000.
const SIDE_MAX: u32 = 8_000;
/// The most memory that decoding may take, in bytes.
const DECODE_BYTES_MAX: u64 = 200 * 1024 * 1024;
/// True size, a half, a quarter, an eighth.
const LEVELS: usize = 4;

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// The bytes are no picture, or too large a one.
    #[error("照片打不开（{0}）/ cannot read the picture")]
    Decode(#[from] image::ImageError),
    /// The picture could not be scaled.
    #[error("照片缩放不了（{0}）/ cannot scale the picture")]
    Scale(String),
}

/// What part of a scan a frame shows, in the screen's pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct View {
    /// Width of the frame.
    pub width: f64,
    /// Height of the frame.
    pub height: f64,
    /// Shown size over true size.
    pub zoom: f64,
    /// Left edge of the whole picture, from the frame's.
    pub x: f64,
    /// Top edge of the whole picture, from the frame's.
    pub y: f64,
}

/// The visible part of a scan at the screen's own pixels.
pub struct Sharp {
    /// The pixels.
    pub pixels: Rgb,
    /// Where its left edge goes in the frame, in pixels.
    pub x: u32,
    /// Where its top edge goes in the frame, in pixels.
    pub y: u32,
}

/// Decodes a picture within the limits.
pub fn decode(bytes: &[u8]) -> Result<Rgb, ScanError> {
    let mut reader = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .map_err(image::ImageError::IoError)?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(SIDE_MAX);
    limits.max_image_height = Some(SIDE_MAX);
    limits.max_alloc = Some(DECODE_BYTES_MAX);
    reader.limits(limits);
    let picture = reader.decode()?.into_rgb8();
    Ok(Rgb::clone_from_slice(picture.as_raw(), picture.width(), picture.height()))
}

/// The picture itself and its halves.
pub fn levels(picture: Rgb) -> Result<Vec<Rgb>, ScanError> {
    let mut levels = vec![picture];
    while levels.len() < LEVELS {
        let Some(last) = levels.last() else { break };
        let (width, height) = (last.width().div_ceil(2), last.height().div_ceil(2));
        let whole = (0.0, 0.0, f64::from(last.width()), f64::from(last.height()));
        levels.push(resize(last, whole, width, height, FilterType::Box)?);
    }
    Ok(levels)
}

/// The level to stretch while a finger moves a picture shown at `zoom`: the smallest that is not enlarged.
#[must_use]
pub fn level_for(zoom: f64, levels: usize) -> usize {
    let mut level = 0;
    while level + 1 < levels && zoom <= 0.5_f64.powi(i32::try_from(level).unwrap_or(0) + 1) {
        level += 1;
    }
    level
}

/// The whole picture, as large as fits into `width` by `height` pixels, and never enlarged.
pub fn fit(picture: &Rgb, width: u32, height: u32) -> Result<Rgb, ScanError> {
    let (w, h) = (f64::from(picture.width()), f64::from(picture.height()));
    let scale = (f64::from(width) / w).min(f64::from(height) / h).min(1.0);
    let whole = (0.0, 0.0, w, h);
    resize(picture, whole, pixels(w * scale), pixels(h * scale), FilterType::Lanczos3)
}

/// The part of `picture` that `view` shows; `None` when it shows none.
pub fn sharpen(picture: &Rgb, view: View) -> Result<Option<Sharp>, ScanError> {
    let span = |start: f64, length: f64, frame: f64| {
        let from = start.max(0.0).ceil();
        let to = (start + length).min(frame).floor();
        (to - from >= 1.0).then_some((from, to - from))
    };
    let across = span(view.x, f64::from(picture.width()) * view.zoom, view.width);
    let down = span(view.y, f64::from(picture.height()) * view.zoom, view.height);
    let (Some((x, width)), Some((y, height))) = (across, down) else { return Ok(None) };
    let from =
        ((x - view.x) / view.zoom, (y - view.y) / view.zoom, width / view.zoom, height / view.zoom);
    let filter = if view.zoom < 1.0 { FilterType::Lanczos3 } else { FilterType::CatmullRom };
    let pixels_there = resize(picture, from, pixels(width), pixels(height), filter)?;
    Ok(Some(Sharp { pixels: pixels_there, x: x as u32, y: y as u32 }))
}

fn pixels(length: f64) -> u32 {
    (length.round() as u32).max(1)
}

/// Scales the part of `from` at (left, top, width, height) to `width` by `height` pixels.
fn resize(
    from: &Rgb,
    (left, top, part_width, part_height): (f64, f64, f64, f64),
    width: u32,
    height: u32,
    filter: FilterType,
) -> Result<Rgb, ScanError> {
    let said = |error: &dyn std::fmt::Display| ScanError::Scale(error.to_string());
    let source = ImageRef::new(from.width(), from.height(), from.as_bytes(), PixelType::U8x3)
        .map_err(|e| said(&e))?;
    let mut target = Pixels::new(width, height, PixelType::U8x3);
    let part_width = part_width.min(f64::from(from.width()) - left);
    let part_height = part_height.min(f64::from(from.height()) - top);
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(filter)).crop(
        left,
        top,
        part_width,
        part_height,
    );
    Resizer::new().resize(&source, &mut target, &options).map_err(|e| said(&e))?;
    Ok(Rgb::clone_from_slice(target.buffer(), width, height))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn chequered(width: u32, height: u32) -> Rgb {
        let mut picture = Rgb::new(width, height);
        for (i, pixel) in picture.make_mut_slice().iter_mut().enumerate() {
            let (x, y) = (i as u32 % width, i as u32 / width);
            let tone = if (x + y) % 2 == 0 { 0 } else { 255 };
            *pixel = Rgb8Pixel { r: tone, g: tone, b: tone };
        }
        picture
    }

    #[test]
    fn fine_print_becomes_grey_and_not_dots() {
        let small = fit(&chequered(400, 300), 200, 200).unwrap();
        assert_eq!((small.width(), small.height()), (200, 150));
        assert!(small.as_slice().iter().all(|p| (100..=155).contains(&p.r)));
    }

    #[test]
    fn a_picture_is_never_enlarged_to_fit() {
        let small = fit(&chequered(30, 20), 200, 200).unwrap();
        assert_eq!((small.width(), small.height()), (30, 20));
    }

    #[test]
    fn the_sharp_copy_covers_what_is_seen_and_no_more() {
        let picture = chequered(1000, 2000);
        let view = View { width: 300.0, height: 400.0, zoom: 0.5, x: -100.5, y: 50.0 };
        let sharp = sharpen(&picture, view).unwrap().unwrap();
        assert_eq!((sharp.x, sharp.y), (0, 50));
        assert_eq!((sharp.pixels.width(), sharp.pixels.height()), (300, 350));
        let away = View { x: 400.0, ..view };
        assert!(sharpen(&picture, away).unwrap().is_none());
    }

    #[test]
    fn the_stretched_level_is_never_smaller_than_what_is_shown() {
        assert_eq!(level_for(2.0, 4), 0);
        assert_eq!(level_for(0.51, 4), 0);
        assert_eq!(level_for(0.5, 4), 1);
        assert_eq!(level_for(0.2, 4), 2);
        assert_eq!(level_for(0.01, 4), 3);
        assert_eq!(level_for(0.01, 1), 0);
    }

    #[test]
    fn bytes_that_are_no_picture_are_refused() {
        assert!(decode(b"not a picture").is_err());
        assert!(decode(&[]).is_err());
    }
}
