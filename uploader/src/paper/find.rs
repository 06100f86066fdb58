//! Finding the paper: of all shapes that four straight edges of the photo enclose, the one whose sides are edges all along.

use super::lines::{Edges, Line};
use crate::geometry::{Point, Quad};
use crate::photo::shrink;
use image::RgbImage;

/// Pixels of the long edge of the copy that is searched.
const EDGE: u32 = 512;
/// The smallest share of the photo that is taken for the paper.
const AREA_MIN: f32 = 0.12;
/// Pixels that a corner may lie outside of the copy.
const OUTSIDE: f32 = 6.0;
/// The share of each side that must be edge.
const SIDE_MIN: f32 = 0.4;
/// The share of all sides together that must be edge. Measured on drawn photos: see the tests.
const SURE: f32 = 0.68;
/// How much of that share a shape that fills the photo gains over a small one: a form has rectangles within.
const AREA_WEIGHT: f32 = 0.35;

/// A place counted from the centre of the copy.
type Spot = (f32, f32);

/// The paper's corners, or `None` when that is not sure.
pub fn find(photo: &RgbImage) -> Option<Quad> {
    let copy = shrink(photo, EDGE)?;
    let (width, height) = (copy.width() as f32, copy.height() as f32);
    let edges = Edges::of(&copy);
    let lines = edges.lines();
    let mut best: Option<(f32, [Spot; 4])> = None;
    for (a, b) in pairs(&lines) {
        for (c, d) in pairs(&lines) {
            let Some(corners) = corners(&edges, [a, c, b, d]) else { continue };
            let share = area(&corners) / (width * height);
            let Some(edge) = (share >= AREA_MIN).then(|| edge(&corners, [a, c, b, d])).flatten()
            else {
                continue;
            };
            let score = edge + AREA_WEIGHT * share.sqrt();
            if edge >= SURE && best.as_ref().is_none_or(|(most, _)| score > *most) {
                best = Some((score, corners));
            }
        }
    }
    let (_, corners) = best?;
    let point = |(x, y): Spot| Point {
        x: (x / width + 0.5).clamp(0.0, 1.0),
        y: (y / height + 0.5).clamp(0.0, 1.0),
    };
    let quad = Quad(clockwise(corners).map(point));
    quad.is_paper().then_some(quad)
}

/// Two lines that can be opposite sides: within 40 degrees of each other. Each pair once.
fn pairs(lines: &[Line]) -> impl Iterator<Item = (&Line, &Line)> {
    let opposite =
        |a: &Line, b: &Line| (a.normal.0 * b.normal.0 + a.normal.1 * b.normal.1).abs() > 0.766;
    lines.iter().enumerate().flat_map(move |(n, a)| {
        lines[..n].iter().filter(move |b| opposite(a, b)).map(move |b| (a, b))
    })
}

/// Where four sides meet, one after the other, if that is on the photo.
fn corners(edges: &Edges, sides: [&Line; 4]) -> Option<[Spot; 4]> {
    let mut corners = [(0.0, 0.0); 4];
    for (n, corner) in corners.iter_mut().enumerate() {
        *corner = sides[n].crossing(sides[(n + 1) % 4])?;
        if !edges.holds(*corner, OUTSIDE) {
            return None;
        }
    }
    Some(corners)
}

fn area(corners: &[Spot; 4]) -> f32 {
    let [a, b, c, d] = corners;
    ((c.0 - a.0) * (d.1 - b.1) - (c.1 - a.1) * (d.0 - b.0)).abs() / 2.0
}

/// Which share of the sides is edge, bright inside all round or dark inside all round; `None` if a side has too little.
fn edge(corners: &[Spot; 4], sides: [&Line; 4]) -> Option<f32> {
    let centre = corners.iter().fold((0.0, 0.0), |c, p| (c.0 + p.0 / 4.0, c.1 + p.1 / 4.0));
    let (mut bright, mut dark, mut all) = (0.0, 0.0, 0.0);
    for (n, line) in sides.into_iter().enumerate() {
        let (from, to) = (corners[(n + 3) % 4], corners[n]);
        let length = (to.0 - from.0).hypot(to.1 - from.1).max(1.0);
        let (there, away) = line.support(from, to);
        let inside = line.normal.0 * centre.0 + line.normal.1 * centre.1 > line.distance;
        let (lit, unlit) = if inside { (there, away) } else { (away, there) };
        if lit.max(unlit) < SIDE_MIN * length {
            return None;
        }
        bright += lit;
        dark += unlit;
        all += length;
    }
    Some((bright.max(dark) / all).min(1.0))
}

/// Clockwise, from the one nearest to the upper left.
fn clockwise(mut corners: [Spot; 4]) -> [Spot; 4] {
    let [a, b, c, d] = corners;
    if (c.0 - a.0) * (d.1 - b.1) - (c.1 - a.1) * (d.0 - b.0) < 0.0 {
        corners.reverse();
    }
    let first = (0..4).min_by(|a, b| {
        let sum = |n: &usize| corners[*n].0 + corners[*n].1;
        sum(a).total_cmp(&sum(b))
    });
    corners.rotate_left(first.unwrap_or_default());
    corners
}

#[cfg(test)]
mod tests;
