//! The gate that says whether a photo is good enough, and what to do if it is not. It never stops anyone.

use crate::geometry::Quad;
use crate::photo::{Pixels, fit, resize};
use crate::picture::PICTURE_EDGE;
use crate::say;
use image::{GrayImage, imageops};
use serde::{Deserialize, Serialize};

/// Pixels of the long side of a paper on its photo, below which small print is lost.
const PAPER_EDGE_MIN: u32 = 1000;
/// The widest that edges of strokes may be, in pixels of the public picture.
const BLUR_MAX: f32 = 6.0;
/// Brightness of the paper (of 255) below which it is too dark.
const LIGHT_MIN: u8 = 70;
/// Pixels on each side of an edge within which its full height is looked for.
const REACH: usize = 9;
/// The share of the paper's range from dark to light that an edge must span to be a stroke's.
const SPAN: f32 = 0.3;
/// Edges of strokes that a judgement needs.
const EDGES_MIN: usize = 150;

/// How a photo came out.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Sharpness {
    /// Pixels of the paper's long side.
    pub edge: u32,
    /// Width of the edges of strokes, in pixels of the public picture, across the worse direction; 2 is as sharp as can be.
    /// `None` if there are hardly any.
    pub blur: Option<f32>,
    /// Brightness of the paper, of 255.
    pub light: u8,
}

/// What is said about a photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gate {
    /// It can be used.
    Good,
    /// Its strokes run into each other.
    Blurred,
    /// The paper is too small on it.
    TooSmall,
    /// There was too little light.
    TooDark,
}

impl Gate {
    /// What to do, for the person; nothing if all is well.
    pub fn advice(self) -> Option<String> {
        match self {
            Gate::Good => None,
            Gate::Blurred => Some(say!("太模糊，请拿稳、点一下屏幕对焦后重拍")),
            Gate::TooSmall => Some(say!("太小，请靠近，让整张票据占满画面")),
            Gate::TooDark => Some(say!("太暗，请到亮处重拍或开灯")),
        }
    }
}

/// What the measures come to: the first thing that is to be done about it.
pub fn verdict(sharpness: &Sharpness) -> Gate {
    if sharpness.light < LIGHT_MIN {
        Gate::TooDark
    } else if sharpness.edge < PAPER_EDGE_MIN {
        Gate::TooSmall
    } else if sharpness.blur.is_none_or(|blur| blur > BLUR_MAX) {
        Gate::Blurred
    } else {
        Gate::Good
    }
}

/// Measures the paper on an upright photo, or the whole photo.
pub fn measure(photo: &GrayImage, paper: Option<&Quad>) -> Sharpness {
    let Quad(corners) = paper.filter(|quad| quad.is_paper()).unwrap_or(&Quad::WHOLE);
    let (width, height) = (photo.width() as f32, photo.height() as f32);
    let at = corners.map(|p| (p.x.clamp(0.0, 1.0) * width, p.y.clamp(0.0, 1.0) * height));
    let low = at.iter().fold(at[0], |low, p| (low.0.min(p.0), low.1.min(p.1)));
    let high = at.iter().fold(at[0], |high, p| (high.0.max(p.0), high.1.max(p.1)));
    let side = |n: usize| (at[n].0 - at[(n + 1) % 4].0).hypot(at[n].1 - at[(n + 1) % 4].1);
    let edge = (0..4).map(side).fold(0.0, f32::max) as u32;
    let (wide, tall) = ((high.0 - low.0) as u32, (high.1 - low.1) as u32);
    let paper = imageops::crop_imm(photo, low.0 as u32, low.1 as u32, wide, tall).to_image();
    let paper = at_public_size(paper);
    let (dark, light) = (share(&paper, 0.02), share(&paper, 0.8));
    let span = (f32::from(light.saturating_sub(dark)) * SPAN).max(12.0);
    let across = blur(paper.rows().step_by(2).map(|row| row.map(|p| p.0[0]).collect()), span);
    let turned = imageops::rotate90(&paper);
    let down = blur(turned.rows().step_by(2).map(|row| row.map(|p| p.0[0]).collect()), span);
    Sharpness { edge, blur: across.zip(down).map(|(a, b)| a.max(b)), light }
}

/// As large as the public will see it: what is finer than that is no matter.
fn at_public_size(paper: GrayImage) -> GrayImage {
    let from = paper.dimensions();
    let to = fit(from.0, from.1, PICTURE_EDGE);
    let smaller = (from != to).then(|| resize(&paper, from, to, Pixels::Gray)).flatten();
    smaller.and_then(|raw| GrayImage::from_raw(to.0, to.1, raw)).unwrap_or(paper)
}

/// The brightness that this share of the pixels stays below.
fn share(picture: &GrayImage, share: f64) -> u8 {
    let mut counts = [0_u64; 256];
    picture.iter().for_each(|v| counts[usize::from(*v)] += 1);
    let mut left = (share * picture.len() as f64) as u64;
    let found = counts.iter().position(|count| {
        let here = left < *count;
        left = left.saturating_sub(*count);
        here
    });
    found.and_then(|n| u8::try_from(n).ok()).unwrap_or(u8::MAX)
}

/// The width of the sharper quarter of all edges that span at least so much; `None` if there are too few.
fn blur(lines: impl Iterator<Item = Vec<u8>>, span: f32) -> Option<f32> {
    let mut widths: Vec<f32> = lines.flat_map(|line| widths(&line, span)).collect();
    if widths.len() < EDGES_MIN {
        return None;
    }
    let quarter = widths.len() / 4;
    Some(*widths.select_nth_unstable_by(quarter, f32::total_cmp).1)
}

/// Widths of the edges along a line of pixels: how high an edge is, divided by how steep.
fn widths(line: &[u8], span: f32) -> Vec<f32> {
    let slope = |n: usize| f32::from(line[n + 1]) - f32::from(line[n - 1]);
    let mut widths = Vec::new();
    for n in 2..line.len().saturating_sub(2) {
        let here = slope(n).abs();
        // The steepest place of an edge, steep enough that it can be a stroke's at all.
        let steepest = here > slope(n - 1).abs() && here >= slope(n + 1).abs();
        if !steepest || here / 2.0 * (2 * REACH) as f32 <= span {
            continue;
        }
        let before = &line[n.saturating_sub(REACH)..=n];
        let after = &line[n..(n + REACH + 1).min(line.len())];
        let (from, to) = if slope(n) > 0.0 { (before, after) } else { (after, before) };
        let low = from.iter().copied().min().unwrap_or_default();
        let high = to.iter().copied().max().unwrap_or_default();
        let height = f32::from(high.saturating_sub(low));
        if height >= span {
            widths.push(height * 2.0 / here);
        }
    }
    widths
}

#[cfg(test)]
mod tests;
