//! Covering: blotted out of the photo first, then a clean box on the picture.

use crate::edit::Cover;
use crate::geometry::{Point, Quad};
use crate::paper::Flattening;
use image::{Rgb, RgbImage};
use ledger::content::{COVERED_MAX, Covered};

/// How much of its height a box grows on each side: what was read lies a little beside its frame.
const GROWTH: f32 = 0.3;
/// Pixels that a box grows at least, more than a resampling filter reaches.
const GROWTH_MIN: f32 = 8.0;
/// Pixels of a block of a 4:2:0 JPEG: a box of whole blocks shares no coefficient with what is beside it.
const BLOCK: u32 = 16;
/// Pixels of the light line round a box.
const LINE: u32 = 2;
const DARK: Rgb<u8> = Rgb([40; 3]);
const LIGHT: Rgb<u8> = Rgb([225; 3]);

/// Paints over what is covered, on the photo itself: every step after this one never saw it.
pub fn blot(photo: &mut RgbImage, covers: &[Cover]) {
    let (width, height) = photo.dimensions();
    for cover in covers.iter().filter(|cover| cover.on) {
        let corners = cover.place.0.map(|p| (p.x * width as f32, p.y * height as f32));
        let (top, bottom) = span(corners.map(|(_, y)| y), height);
        for y in top..bottom {
            let (left, right) = row(&corners, y as f32, width);
            for x in left..right {
                photo.put_pixel(x, y, DARK);
            }
        }
    }
}

/// Whole pixels from the least to the greatest of the values, within `size`.
fn span(values: impl IntoIterator<Item = f32>, size: u32) -> (u32, u32) {
    let (low, high) = extent(values);
    // The casts keep to 0 and the greatest number by themselves.
    (low.floor() as u32, (high.ceil() as u32).min(size))
}

fn extent(values: impl IntoIterator<Item = f32>) -> (f32, f32) {
    let start = (f32::INFINITY, f32::NEG_INFINITY);
    values.into_iter().fold(start, |(low, high), value| (low.min(value), high.max(value)))
}

/// The pixels of the row from `y` to `y + 1` that lie between the outermost sides of the shape.
fn row(corners: &[(f32, f32); 4], y: f32, width: u32) -> (u32, u32) {
    let sides = (0..4).map(|n| (corners[n], corners[(n + 1) % 4]));
    let crossings = sides.flat_map(|(a, b)| {
        let (low, high) = (a.1.min(b.1).max(y), a.1.max(b.1).min(y + 1.0));
        let at = |y: f32| {
            if a.1 == b.1 { [a.0, b.0] } else { [a.0 + (b.0 - a.0) * (y - a.1) / (b.1 - a.1); 2] }
        };
        if low > high { vec![] } else { [at(low), at(high)].concat() }
    });
    span(crossings, width)
}

/// The boxes on the picture: upright, grown, in whole blocks. What lies beside the paper needs none.
pub fn boxes(covers: &[Cover], flattening: &Flattening) -> Vec<Covered> {
    let on = covers.iter().filter(|cover| cover.on);
    let mut boxes: Vec<Covered> = on.filter_map(|cover| boxed(cover, flattening)).collect();
    while boxes.len() > COVERED_MAX {
        join_nearest(&mut boxes);
    }
    boxes
}

fn boxed(cover: &Cover, flattening: &Flattening) -> Option<Covered> {
    let Rectangle { left, top, right, bottom } = Rectangle::around(&cover.place, flattening)?;
    let growth = (GROWTH * (bottom - top).min(right - left)).max(GROWTH_MIN);
    let blocks = |low: f32, high: f32, size: u32| {
        let (low, high) = span([low - growth, high + growth], size);
        (low / BLOCK * BLOCK, high.next_multiple_of(BLOCK).min(size))
    };
    let (width, height) = flattening.size();
    let ((left, right), (top, bottom)) = (blocks(left, right, width), blocks(top, bottom, height));
    let (width, height) = (right.checked_sub(left)?, bottom.checked_sub(top)?);
    let seen = width > 0 && height > 0;
    seen.then_some(Covered { x: left, y: top, width, height, ground: cover.ground })
}

struct Rectangle {
    left: f32,
    top: f32,
    right: f32,
    bottom: f32,
}

impl Rectangle {
    /// Round a place of the photo, in the picture's pixels.
    fn around(place: &Quad, flattening: &Flattening) -> Option<Rectangle> {
        let (width, height) = flattening.size();
        // A corner behind the paper's horizon has no place on the picture; the photo is blotted there all the same.
        let corners: Vec<Point> =
            place.0.iter().filter_map(|corner| flattening.to_picture(*corner)).collect();
        let (left, right) = extent(corners.iter().map(|p| p.x * width as f32));
        let (top, bottom) = extent(corners.iter().map(|p| p.y * height as f32));
        (left <= right && top <= bottom).then_some(Rectangle { left, top, right, bottom })
    }
}

/// Makes one box of the two whose common box is smallest.
fn join_nearest(boxes: &mut Vec<Covered>) {
    let pairs = (0..boxes.len()).flat_map(|b| (0..b).map(move |a| (a, b)));
    let area = |c: &Covered| u64::from(c.width) * u64::from(c.height);
    let Some((a, b)) = pairs.min_by_key(|(a, b)| area(&union(&boxes[*a], &boxes[*b]))) else {
        return;
    };
    boxes[a] = union(&boxes[a], &boxes[b]);
    boxes.remove(b);
}

fn union(a: &Covered, b: &Covered) -> Covered {
    let (x, y) = (a.x.min(b.x), a.y.min(b.y));
    let width = (a.x + a.width).max(b.x + b.width) - x;
    let height = (a.y + a.height).max(b.y + b.height) - y;
    Covered { x, y, width, height, ground: a.ground }
}

/// Paints the boxes: flat, with a light line outside of each.
pub fn burn(picture: &mut RgbImage, boxes: &[Covered]) {
    let (width, height) = picture.dimensions();
    let mut fill = |c: &Covered, line: u32, colour| {
        for y in c.y.saturating_sub(line)..(c.y + c.height + line).min(height) {
            for x in c.x.saturating_sub(line)..(c.x + c.width + line).min(width) {
                picture.put_pixel(x, y, colour);
            }
        }
    };
    boxes.iter().for_each(|c| fill(c, LINE, LIGHT));
    boxes.iter().for_each(|c| fill(c, 0, DARK));
}
