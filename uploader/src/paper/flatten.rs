//! From the paper's corners on a photo to a straight picture of it, and back: a projective map.

use crate::edit::Edit;
use crate::geometry::{Point, Quad};
use crate::photo::{fit, shrink};
use image::RgbImage;

/// A side of the paper is at least this share of the photo.
const SIDE_MIN: f64 = 0.02;
/// How far corners may lie outside of the photo, as a share of it.
const OUTSIDE: f32 = 0.5;
/// Pixels of the photo to one of the picture, above which the photo is shrunk first: a filter that sees four pixels would lose the others.
const SHRINK_ABOVE: f64 = 1.5;
/// The same, after that.
const SHRUNK: f64 = 1.25;

/// Rows of a 3x3 matrix.
type Matrix = [f64; 9];

/// A paper made straight.
#[derive(Debug, Clone, PartialEq)]
pub struct Flattening {
    /// The picture's corners on the photo, in fractions.
    corners: Quad,
    whole: bool,
    turn: u8,
    size: (u32, u32),
    /// Length of the picture's longer side on the photo, by its length on the picture.
    scale: f64,
    to_photo: Matrix,
    to_picture: Matrix,
}

impl Quad {
    /// Whether these are corners of a paper: clockwise, no side bent inwards, none too short.
    pub fn is_paper(&self) -> bool {
        let inside = |v: f32| (-OUTSIDE..=1.0 + OUTSIDE).contains(&v);
        let corners = self.0.map(|p| (f64::from(p.x), f64::from(p.y)));
        let side = |n: usize| {
            let (a, b) = (corners[n % 4], corners[(n + 1) % 4]);
            (b.0 - a.0, b.1 - a.1)
        };
        self.0.iter().all(|p| inside(p.x) && inside(p.y))
            && (0..4).all(|n| {
                let (a, b) = (side(n), side(n + 1));
                let (long, next) = (a.0.hypot(a.1), b.0.hypot(b.1));
                // The sine of the bend, more than a degree or two.
                long >= SIDE_MIN && a.0 * b.1 - a.1 * b.0 > 0.03 * long * next
            })
    }
}

impl Flattening {
    /// For an upright photo of this many pixels, to a picture with the long edge at most `edge`.
    /// Corners that are no paper's count as none: the whole photo is the picture then.
    pub fn new(photo: (u32, u32), edit: &Edit, edge: u32) -> Flattening {
        let paper = edit.corners.filter(|quad| quad.is_paper() && photo.0.min(photo.1) > 1);
        let turn = edit.turn % 4;
        let mut corners = paper.unwrap_or(Quad::WHOLE);
        corners.0.rotate_right(usize::from(turn));
        let at = corners
            .0
            .map(|p| (f64::from(p.x) * f64::from(photo.0), f64::from(p.y) * f64::from(photo.1)));
        let side = |a: usize, b: usize| (at[a].0 - at[b].0).hypot(at[a].1 - at[b].1);
        let (width, height) = (side(0, 1).max(side(3, 2)), side(0, 3).max(side(1, 2)));
        // The casts keep within the numbers there are.
        let size = fit((width.round() as u32).max(1), (height.round() as u32).max(1), edge);
        let to_photo = square_to(&corners);
        Flattening {
            corners,
            whole: paper.is_none(),
            turn,
            size,
            scale: (width / f64::from(size.0)).max(height / f64::from(size.1)),
            to_photo,
            to_picture: inverse(&to_photo),
        }
    }

    /// Pixels of the picture.
    pub fn size(&self) -> (u32, u32) {
        self.size
    }

    /// Where a place of the picture lies on the photo; both in fractions.
    pub fn to_photo(&self, place: Point) -> Option<Point> {
        map(&self.to_photo, place)
    }

    /// Where a place of the photo lies on the picture, perhaps outside; none behind the paper's horizon.
    pub fn to_picture(&self, place: Point) -> Option<Point> {
        map(&self.to_picture, place)
    }

    /// The picture; `None` if the photo is a mere line.
    pub fn straighten(&self, photo: &RgbImage) -> Option<RgbImage> {
        if self.whole {
            let copy = shrink(photo, self.size.0.max(self.size.1))?;
            return Some(match self.turn {
                1 => image::imageops::rotate90(&copy),
                2 => image::imageops::rotate180(&copy),
                3 => image::imageops::rotate270(&copy),
                _ => copy,
            });
        }
        if self.scale <= SHRINK_ABOVE {
            return Some(self.warp(photo));
        }
        let edge = f64::from(photo.width().max(photo.height())) * SHRUNK / self.scale;
        let copy = shrink(photo, edge.ceil() as u32)?;
        (copy.width().min(copy.height()) > 1).then(|| self.warp(&copy))
    }

    fn warp(&self, photo: &RgbImage) -> RgbImage {
        let (width, height) = self.size;
        let (wide, high) = (f64::from(photo.width()), f64::from(photo.height()));
        let m = &self.to_photo;
        let mut picture = RgbImage::new(width, height);
        let last = ((photo.width() - 1) as f32, (photo.height() - 1) as f32);
        let step = 1.0 / f64::from(width);
        for (y, line) in picture.chunks_mut(width as usize * 3).enumerate() {
            let v = (y as f64 + 0.5) / f64::from(height);
            let row = [m[1] * v + m[2], m[4] * v + m[5], m[7] * v + m[8]];
            for (x, pixel) in line.chunks_mut(3).enumerate() {
                let u = (x as f64 + 0.5) * step;
                let depth = 1.0 / (m[6] * u + row[2]);
                let at = |numerator: f64, size: f64, last: f32| {
                    ((numerator * depth * size - 0.5) as f32).clamp(0.0, last)
                };
                let place =
                    (at(m[0] * u + row[0], wide, last.0), at(m[3] * u + row[1], high, last.1));
                pixel.copy_from_slice(&between(photo, place));
            }
        }
        picture
    }
}

/// The colour between four pixels. The photo is at least two pixels wide and high.
fn between(photo: &RgbImage, (x, y): (f32, f32)) -> [u8; 3] {
    let (width, height) = (photo.width() as usize, photo.height() as usize);
    let (left, top) = ((x as usize).min(width - 2), (y as usize).min(height - 2));
    let (s, t) = (((x - left as f32) * 256.0) as u32, ((y - top as f32) * 256.0) as u32);
    let at = (top * width + left) * 3;
    let (upper, lower) = (&photo.as_raw()[at..][..6], &photo.as_raw()[at + width * 3..][..6]);
    std::array::from_fn(|n| {
        let mix = |row: &[u8]| u32::from(row[n]) * (256 - s) + u32::from(row[n + 3]) * s;
        ((mix(upper) * (256 - t) + mix(lower) * t + (1 << 15)) >> 16) as u8
    })
}

fn map(m: &Matrix, place: Point) -> Option<Point> {
    let (x, y) = (f64::from(place.x), f64::from(place.y));
    let depth = m[6] * x + m[7] * y + m[8];
    let over = |n: usize| ((m[n] * x + m[n + 1] * y + m[n + 2]) / depth) as f32;
    (depth > 1e-6).then(|| Point { x: over(0), y: over(3) })
}

/// The projective map that takes the unit square to four corners: with its last number 1, the two
/// opposite pairs of sides give the numbers of its horizon.
fn square_to(quad: &Quad) -> Matrix {
    let [a, b, c, d] = quad.0.map(|p| (f64::from(p.x), f64::from(p.y)));
    let (right, lower) = ((b.0 - c.0, b.1 - c.1), (d.0 - c.0, d.1 - c.1));
    // How far the shape is from a parallelogram.
    let skew = (a.0 - b.0 + c.0 - d.0, a.1 - b.1 + c.1 - d.1);
    let cross = |p: (f64, f64), q: (f64, f64)| p.0 * q.1 - p.1 * q.0;
    let whole = cross(right, lower);
    let (g, h) = (cross(skew, lower) / whole, cross(right, skew) / whole);
    [
        b.0 - a.0 + g * b.0,
        d.0 - a.0 + h * d.0,
        a.0,
        b.1 - a.1 + g * b.1,
        d.1 - a.1 + h * d.1,
        a.1,
        g,
        h,
        1.0,
    ]
}

/// The opposite map, up to a factor that keeps the depth of what is before the horizon above 0.
fn inverse(m: &Matrix) -> Matrix {
    let minor = |a: usize, b: usize, c: usize, d: usize| m[a] * m[d] - m[b] * m[c];
    let adjugate = [
        minor(4, 5, 7, 8),
        -minor(1, 2, 7, 8),
        minor(1, 2, 4, 5),
        -minor(3, 5, 6, 8),
        minor(0, 2, 6, 8),
        -minor(0, 2, 3, 5),
        minor(3, 4, 6, 7),
        -minor(0, 1, 6, 7),
        minor(0, 1, 3, 4),
    ];
    let whole = m[0] * adjugate[0] + m[1] * adjugate[3] + m[2] * adjugate[6];
    adjugate.map(|part| part / whole)
}

#[cfg(test)]
mod tests;
