//! The straight edges of a small picture, by Hough's transform. Writing and ruled lines are taken away before.

use image::RgbImage;
use std::f32::consts::PI;

/// Pixels within which the brightest is taken: strokes thinner than twice that are gone.
const STROKE: usize = 3;
/// Change of brightness from one pixel to the next that makes an edge.
const CHANGE_MIN: f32 = 2.5;
/// Above that, an edge says no more.
const CHANGE_MAX: f32 = 8.0;
/// Directions of lines, of one degree each.
const ANGLES: usize = 180;
/// How far, in degrees, an edge's own direction may be off.
const SPREAD: usize = 5;
/// Lines that are within this many degrees and pixels are the same.
const SAME: (usize, i32) = (4, 7);
/// The most lines.
const LINES_MAX: usize = 26;
/// Pixels on each side of a line where its edge may lie: paper bulges.
const BULGE: i32 = 2;

/// The edges of a picture.
pub struct Edges {
    width: usize,
    height: usize,
    /// The direction towards the bright side, and how strong; zero where there is no edge.
    field: Vec<(f32, f32, f32)>,
}

/// A straight line: the points `p` with `p · normal = distance`, both from the picture's centre.
#[derive(Debug, Clone)]
pub struct Line {
    /// Of length 1.
    pub normal: (f32, f32),
    /// Pixels.
    pub distance: f32,
    /// How many pixels before each place of the line are edges, bright on the normal's side and on the other.
    support: Vec<(u16, u16)>,
}

impl Edges {
    /// Of a picture some hundred pixels long.
    pub fn of(picture: &RgbImage) -> Edges {
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        let row = width * 3;
        let brightest = |part: &[u8]| part.iter().copied().max().unwrap_or(0);
        let darkest = |part: &[u8]| part.iter().copied().min().unwrap_or(255);
        let mut raw = windowed(picture, row, STROKE, brightest);
        raw = windowed(&raw, row, STROKE, darkest);
        for _ in 0..2 {
            raw = windowed(&raw, row, 1, |part| {
                let sum: usize = part.iter().map(|v| usize::from(*v)).sum();
                ((sum + part.len() / 2) / part.len()) as u8
            });
        }
        let slope = |at: usize, step: usize| f32::from(raw[at + step]) - f32::from(raw[at - step]);
        let mut field = vec![(0.0, 0.0, 0.0); width * height];
        for y in 1..height.saturating_sub(1) {
            for x in 1..width.saturating_sub(1) {
                let at = y * row + x * 3;
                let parts = (at..at + 3).map(|at| (slope(at, 3) / 2.0, slope(at, row) / 2.0));
                let strength = |(dx, dy): (f32, f32)| dx.hypot(dy);
                let steepest = parts.max_by(|a, b| strength(*a).total_cmp(&strength(*b)));
                let (dx, dy) = steepest.unwrap_or_default();
                let change = strength((dx, dy));
                if change >= CHANGE_MIN {
                    field[y * width + x] = (dx / change, dy / change, change);
                }
            }
        }
        Edges { width, height, field: ridges(&field, width) }
    }

    /// Pixels from the centre to a corner.
    fn reach(&self) -> i32 {
        (self.width as f32 / 2.0).hypot(self.height as f32 / 2.0).ceil() as i32 + 1
    }

    fn about_centre(&self, at: usize) -> (f32, f32) {
        let (x, y) = (at % self.width, at / self.width);
        (x as f32 + 0.5 - self.width as f32 / 2.0, y as f32 + 0.5 - self.height as f32 / 2.0)
    }

    /// The edge at a place counted from the centre.
    fn at(&self, x: f32, y: f32) -> Option<(f32, f32)> {
        let (x, y) = (x + self.width as f32 / 2.0, y + self.height as f32 / 2.0);
        let inside = x >= 0.0 && y >= 0.0 && x < self.width as f32 && y < self.height as f32;
        let (dx, dy, strength) = *self.field.get(y as usize * self.width + x as usize)?;
        (inside && strength > 0.0).then_some((dx, dy))
    }

    /// The lines that most edges lie on.
    pub fn lines(&self) -> Vec<Line> {
        let reach = self.reach();
        let wide = (2 * reach + 1) as usize;
        let normals: Vec<(f32, f32)> = (0..ANGLES)
            .map(|n| (n as f32 * PI / ANGLES as f32).sin_cos())
            .map(|(sin, cos)| (cos, sin))
            .collect();
        let mut votes = vec![0.0_f32; wide * ANGLES];
        for (at, (dx, dy, strength)) in self.field.iter().enumerate().filter(|(_, e)| e.2 > 0.0) {
            let (x, y) = self.about_centre(at);
            let own = (dy.atan2(*dx) / PI * ANGLES as f32).round() as i32;
            for angle in own - SPREAD as i32..=own + SPREAD as i32 {
                let angle = angle.rem_euclid(ANGLES as i32) as usize;
                let (cos, sin) = normals[angle];
                let distance = (x * cos + y * sin).round() as i32 + reach;
                votes[angle * wide + distance as usize] += strength.min(CHANGE_MAX);
            }
        }
        let mut lines = Vec::new();
        while lines.len() < LINES_MAX {
            let best = votes.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
            let Some((best, _)) = best.filter(|(_, sum)| **sum > CHANGE_MAX * 12.0) else { break };
            let (angle, distance) = (best / wide, (best % wide) as i32);
            for near in 0..=2 * SAME.0 {
                let turned = angle as i32 + near as i32 - SAME.0 as i32;
                // Half a turn on, the same line lies on the other side of the centre.
                let there = if turned.div_euclid(ANGLES as i32) == 0 {
                    distance
                } else {
                    2 * reach - distance
                };
                let row = turned.rem_euclid(ANGLES as i32) as usize * wide;
                let span =
                    (there - SAME.1).max(0) as usize..=(there + SAME.1).min(2 * reach) as usize;
                votes[row..row + wide][span].fill(0.0);
            }
            let line = self.line(normals[angle], (distance - reach) as f32);
            lines.push(self.fitted(&line).unwrap_or(line));
        }
        lines
    }

    fn line(&self, normal: (f32, f32), distance: f32) -> Line {
        let reach = self.reach();
        let mut support = vec![(0, 0)];
        let (mut there, mut away) = (0, 0);
        for along in -reach..=reach {
            match self.beside(normal, distance, along as f32) {
                Some((_, true)) => there += 1,
                Some((_, false)) => away += 1,
                None => {}
            }
            support.push((there, away));
        }
        Line { normal, distance, support }
    }

    /// How far beside the line its edge lies, and whether it is bright on the normal's side.
    fn beside(&self, (nx, ny): (f32, f32), distance: f32, along: f32) -> Option<(f32, bool)> {
        // From the line outwards.
        [0, 1, -1, 2, -2].into_iter().filter(|off: &i32| off.abs() <= BULGE).find_map(|off| {
            let from = distance + off as f32;
            let (dx, dy) = self.at(nx * from - ny * along, ny * from + nx * along)?;
            let same = dx * nx + dy * ny;
            (same.abs() > 0.92).then_some((off as f32, same > 0.0))
        })
    }

    /// The line moved and turned to where its edges lie, by least squares; `None` if they are too few.
    fn fitted(&self, line: &Line) -> Option<Line> {
        let reach = self.reach();
        let (mut n, mut t, mut tt, mut d, mut td) = (0.0_f32, 0.0, 0.0, 0.0, 0.0);
        for along in -reach..=reach {
            let along = along as f32;
            if let Some((off, _)) = self.beside(line.normal, line.distance, along) {
                n += 1.0;
                t += along;
                tt += along * along;
                d += off;
                td += along * off;
            }
        }
        let spread = n * tt - t * t;
        if n < 12.0 || spread <= 0.0 {
            return None;
        }
        let slope = (n * td - t * d) / spread;
        let offset = (d - slope * t) / n;
        // The line p(t) = (distance + offset + slope t) normal + t direction.
        let length = slope.hypot(1.0);
        let (nx, ny) = line.normal;
        let normal = ((nx + slope * ny) / length, (ny - slope * nx) / length);
        Some(self.line(normal, (line.distance + offset) / length))
    }

    /// Whether a place counted from the centre lies on the picture or at most so many pixels outside.
    pub fn holds(&self, (x, y): (f32, f32), outside: f32) -> bool {
        x.abs() <= self.width as f32 / 2.0 + outside
            && y.abs() <= self.height as f32 / 2.0 + outside
    }
}

impl Line {
    /// Where two lines cross, if they do so at more than 30 degrees.
    pub fn crossing(&self, other: &Line) -> Option<(f32, f32)> {
        let ((a, b), (c, d)) = (self.normal, other.normal);
        let whole = a * d - b * c;
        let x = (self.distance * d - other.distance * b) / whole;
        let y = (other.distance * a - self.distance * c) / whole;
        (whole.abs() > 0.5).then_some((x, y))
    }

    /// Pixels of edge between two places of the line: bright on the normal's side, and on the other.
    pub fn support(&self, from: (f32, f32), to: (f32, f32)) -> (f32, f32) {
        let reach = self.support.len() as f32 / 2.0 - 1.0;
        let along = |p: (f32, f32)| {
            let along = p.1 * self.normal.0 - p.0 * self.normal.1 + reach;
            // The cast keeps to 0 by itself.
            (along as usize).min(self.support.len() - 1)
        };
        let (a, b) = (along(from), along(to));
        let (low, high) = (self.support[a.min(b)], self.support[a.max(b)]);
        (f32::from(high.0 - low.0), f32::from(high.1 - low.1))
    }
}

/// What `take` makes of the values within `reach` pixels, along rows and then along columns, each colour by itself.
fn windowed(raw: &[u8], row: usize, reach: usize, take: impl Fn(&[u8]) -> u8) -> Vec<u8> {
    let pass = |raw: &[u8], step: usize, place: &dyn Fn(usize) -> (usize, usize)| -> Vec<u8> {
        let mut part = Vec::with_capacity(2 * reach + 1);
        (0..raw.len())
            .map(|at| {
                // How many steps there are before and after within the line.
                let (before, after) = place(at);
                part.clear();
                let first = at - before.min(reach) * step;
                part.extend(
                    (0..=before.min(reach) + after.min(reach)).map(|n| raw[first + n * step]),
                );
                take(&part)
            })
            .collect()
    };
    let across = pass(raw, 3, &|at| (at % row / 3, (row - 1 - at % row) / 3));
    pass(&across, row, &|at| (at / row, (raw.len() - 1 - at) / row))
}

/// Only what is as strong as its two neighbours across the edge.
fn ridges(field: &[(f32, f32, f32)], width: usize) -> Vec<(f32, f32, f32)> {
    let ridge = |(at, edge): (usize, &(f32, f32, f32))| {
        let (dx, dy, strength) = *edge;
        let step = (dx.round() as isize) + (dy.round() as isize) * width as isize;
        let beside = |step: isize| {
            at.checked_add_signed(step).and_then(|at| field.get(at)).map_or(0.0, |edge| edge.2)
        };
        let top = strength > 0.0 && strength >= beside(step) && strength >= beside(-step);
        if top { *edge } else { (0.0, 0.0, 0.0) }
    };
    field.iter().enumerate().map(ridge).collect()
}
