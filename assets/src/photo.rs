//! A photo of a paper: it lies on a table, a little askew, unevenly lit, and the camera adds its noise.

use crate::Error;
use crate::dice::Dice;
use crate::exif;
use crate::light::Light;
use crate::sheet::Sheet;
use crate::table::Table;
use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, RgbImage, imageops};

/// Long and short edge of a photo, pixels: at this size the modules of a QR code keep 5 pixels.
pub const EDGES: (u32, u32) = (1920, 1440);
/// JPEG quality of the photos.
const QUALITY: u8 = 80;
/// Length of the table of noise.
const NOISE: usize = 1 << 16;

/// A point in the picture or on the paper.
type Spot = (f32, f32);

/// Takes a photo of `sheet`; `taken` is the EXIF time. The result is a JPEG file.
///
/// # Errors
/// When the picture cannot be encoded.
pub fn take(sheet: &Sheet, dice: &mut Dice, taken: &str) -> Result<Vec<u8>, Error> {
    let (long, short) = EDGES;
    let lying = sheet.pixels.width() >= sheet.pixels.height();
    let (width, height) = if lying { (long, short) } else { (short, long) };
    let mut picture = RgbImage::new(width, height);
    Scene::new(sheet, width, height, dice).expose(&mut picture);
    let soft = dice.real(-0.06, 0.17);
    if soft > 0.03 {
        blur(&mut picture, soft);
    }
    add_noise(&mut picture, dice);
    let (stored, orientation) = hold(picture, dice);
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, QUALITY)
        .encode(&stored, stored.width(), stored.height(), ExtendedColorType::Rgb8)
        .map_err(Error::Picture)?;
    Ok(exif::insert(&jpeg, &exif::segment(orientation, taken)))
}

/// How the phone was held: the pixels as stored, and the EXIF orientation that puts them upright.
fn hold(picture: RgbImage, dice: &mut Dice) -> (RgbImage, u8) {
    match dice.whole(0, 99) {
        0..=9 => (imageops::rotate270(&picture), 6),
        10..=16 => (imageops::rotate90(&picture), 8),
        17..=18 => (imageops::rotate180(&picture), 3),
        _ => (picture, 1),
    }
}

/// What happens to the paper along one of its axes, a value for every pixel.
struct Axis {
    /// How far the paper bulges out of its plane, so how far the other coordinate shifts.
    bulge: Vec<f32>,
    /// Light and dark along a crease.
    crease: Vec<f32>,
}

impl Axis {
    /// `length` pixels, a crease at `fold` (a share of the length; above 2 there is none).
    fn new(length: u32, (bulge, wave): (f32, f32), fold: f32, depth: f32) -> Self {
        let crease = |n: u32| {
            let away = n as f32 / length as f32 - fold;
            let near = 1.0 - (away.abs() / 0.16).min(1.0);
            let line = if away.abs() < 0.0016 { 1.1 } else { 0.0 };
            depth * (away.signum() * near * near - line)
        };
        Self {
            bulge: (0..=length).map(|n| bulge * (n as f32 * wave + 1.0).sin()).collect(),
            crease: (0..=length).map(crease).collect(),
        }
    }

    fn place(&self, at: f32) -> usize {
        (at.max(0.0) as usize).min(self.bulge.len().saturating_sub(1))
    }
}

/// Everything in front of the camera.
struct Scene<'a> {
    sheet: &'a Sheet,
    /// Picture to paper, rows of a 3x3 matrix.
    lens: [f32; 9],
    table: Table,
    light: Light,
    across: Axis,
    down: Axis,
}

impl<'a> Scene<'a> {
    fn new(sheet: &'a Sheet, width: u32, height: u32, dice: &mut Dice) -> Self {
        let corners = lay(sheet, (width as f32, height as f32), dice);
        let upright = if dice.chance(0.5) { dice.real(0.3, 0.7) } else { 9.0 };
        let level = if dice.chance(0.4) { dice.real(0.35, 0.65) } else { 9.0 };
        let (depth, bulge) = (dice.real(0.012, 0.045), dice.real(0.0, 5.0));
        let (wide, high) = sheet.pixels.dimensions();
        Self {
            sheet,
            lens: inverse(square_to_quad((sheet.width(), sheet.height()), corners)),
            table: Table::new(dice),
            light: Light::new(width, height, dice),
            across: Axis::new(wide, (bulge, 0.0023), upright, depth),
            down: Axis::new(high, (bulge, 0.0031), level, depth),
        }
    }

    fn expose(&self, picture: &mut RgbImage) {
        let (w, h) = (self.sheet.width(), self.sheet.height());
        let width = picture.width() as usize;
        let mut lights = vec![1.0; width];
        let m = &self.lens;
        for (y, line) in picture.chunks_mut(width * 3).enumerate() {
            self.light.row(y, &mut lights);
            let py = y as f32;
            let row = [m[1] * py + m[2], m[4] * py + m[5], m[7] * py + m[8]];
            for (x, (pixel, light)) in line.chunks_mut(3).zip(&lights).enumerate() {
                let px = x as f32;
                let depth = 1.0 / (m[6] * px + row[2]);
                let (u, v) = ((m[0] * px + row[0]) * depth, (m[3] * px + row[1]) * depth);
                let u = u + self.down.bulge[self.down.place(v)];
                let v = v + self.across.bulge[self.across.place(u)];
                let inside = (u.min(w - u).min(v.min(h - v)) + 0.5).clamp(0.0, 1.0);
                let mut colour = if inside > 0.0 { self.paper(u, v) } else { [0.0; 3] };
                if inside < 1.0 {
                    let table = self.shaded_table((px, py), (u, v));
                    for (part, under) in colour.iter_mut().zip(table) {
                        *part = *part * inside + under * (1.0 - inside);
                    }
                }
                for ((value, part), tint) in pixel.iter_mut().zip(colour).zip(self.light.tint) {
                    // The cast keeps to 0 and 255 by itself.
                    *value = (part * light * tint + 0.5) as u8;
                }
            }
        }
    }

    /// The table's colour, darker where the paper keeps the light off.
    fn shaded_table(&self, at: Spot, (u, v): Spot) -> [f32; 3] {
        let (w, h) = (self.sheet.width(), self.sheet.height());
        let (u, v) = (u - 7.0, v - 10.0);
        let away = (-u).max(u - w).max((-v).max(v - h)).max(0.0);
        let shadow = 1.0 - 0.45 * (1.0 - (away / 26.0).min(1.0)).powi(2);
        self.table.colour(at.0, at.1).map(|part| part * shadow)
    }

    /// The paper's colour between its pixels, with its creases.
    fn paper(&self, u: f32, v: f32) -> [f32; 3] {
        let (wide, high) =
            (self.sheet.pixels.width() as usize, self.sheet.pixels.height() as usize);
        let (x, y) = ((u - 0.5).max(0.0), (v - 0.5).max(0.0));
        let (left, top) = ((x as usize).min(wide - 2), (y as usize).min(high - 2));
        let (s, t) = ((x - left as f32).min(1.0), (y - top as f32).min(1.0));
        let shade =
            1.0 + self.across.crease[self.across.place(u)] + self.down.crease[self.down.place(v)];
        let raw = self.sheet.pixels.as_raw();
        let at = (top * wide + left) * 3;
        let (upper, lower) = (&raw[at..at + 6], &raw[at + wide * 3..at + wide * 3 + 6]);
        std::array::from_fn(|n| {
            let mix = |row: &[u8]| f32::from(row[n]) * (1.0 - s) + f32::from(row[n + 3]) * s;
            (mix(upper) * (1.0 - t) + mix(lower) * t) * shade
        })
    }
}

/// Where the paper's four corners lie in the picture: upper left, upper right, lower right, lower left.
fn lay(sheet: &Sheet, frame: Spot, dice: &mut Dice) -> [Spot; 4] {
    let (w, h) = (sheet.width(), sheet.height());
    let scale = (frame.0 / w).min(frame.1 / h) * dice.real(0.92, 0.97);
    let turn = (dice.normal() * 0.02).clamp(-0.06, 0.06);
    let (sin, cos) = turn.sin_cos();
    let (lean, tilt) = (dice.real(-0.035, 0.035), dice.real(-0.02, 0.05));
    let mut corners = [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)].map(|(sx, sy)| {
        let x = sx * w / 2.0 * scale * (1.0 + tilt * sy) * (1.0 + dice.real(-0.006, 0.006));
        let y = sy * h / 2.0 * scale * (1.0 + lean * sx) * (1.0 + dice.real(-0.006, 0.006));
        (x * cos - y * sin, x * sin + y * cos)
    });
    // Nothing of the paper is cut off: pull the corners in until all are within the frame.
    let far = corners.iter().fold(0.0_f32, |far, (x, y)| {
        far.max(x.abs() / (frame.0 / 2.0 - 14.0)).max(y.abs() / (frame.1 / 2.0 - 14.0))
    });
    let room = far.max(1.0);
    for corner in &mut corners {
        *corner = (corner.0 / room + frame.0 / 2.0, corner.1 / room + frame.1 / 2.0);
    }
    corners
}

/// The projective map that takes a rectangle of this size to four corners (Heckbert's closed form).
fn square_to_quad(size: Spot, q: [Spot; 4]) -> [f32; 9] {
    let (dx1, dx2) = (q[1].0 - q[2].0, q[3].0 - q[2].0);
    let (dy1, dy2) = (q[1].1 - q[2].1, q[3].1 - q[2].1);
    let sx = q[0].0 - q[1].0 + q[2].0 - q[3].0;
    let sy = q[0].1 - q[1].1 + q[2].1 - q[3].1;
    let whole = dx1 * dy2 - dx2 * dy1;
    let (g, k) = ((sx * dy2 - dx2 * sy) / whole, (dx1 * sy - sx * dy1) / whole);
    let (w, h) = size;
    [
        (q[1].0 - q[0].0 + g * q[1].0) / w,
        (q[3].0 - q[0].0 + k * q[3].0) / h,
        q[0].0,
        (q[1].1 - q[0].1 + g * q[1].1) / w,
        (q[3].1 - q[0].1 + k * q[3].1) / h,
        q[0].1,
        g / w,
        k / h,
        1.0,
    ]
}

/// The opposite map (the adjugate: a common factor does not matter here).
fn inverse(m: [f32; 9]) -> [f32; 9] {
    let minor = |a: usize, b: usize, c: usize, d: usize| m[a] * m[d] - m[b] * m[c];
    [
        minor(4, 5, 7, 8),
        -minor(1, 2, 7, 8),
        minor(1, 2, 4, 5),
        -minor(3, 5, 6, 8),
        minor(0, 2, 6, 8),
        -minor(0, 2, 3, 5),
        minor(3, 4, 6, 7),
        -minor(0, 1, 6, 7),
        minor(0, 1, 3, 4),
    ]
}

/// Mixes every pixel with its neighbours: `soft` of each side, first along rows, then columns.
fn blur(picture: &mut RgbImage, soft: f32) {
    let side = (soft * 256.0) as u32;
    let middle = 256 - 2 * side;
    let row = picture.width() as usize * 3;
    for step in [3, row] {
        let before = picture.as_raw().clone();
        let (first, last) = (step, before.len().saturating_sub(step));
        let after: &mut [u8] = picture;
        let near = before[..last - first].iter().zip(&before[first..last]).zip(&before[2 * step..]);
        for (pixel, ((a, b), c)) in after[first..last].iter_mut().zip(near) {
            let sum = middle * u32::from(*b) + side * (u32::from(*a) + u32::from(*c));
            *pixel = (sum >> 8) as u8;
        }
    }
}

/// Sensor noise: mostly brightness, a little colour.
fn add_noise(picture: &mut RgbImage, dice: &mut Dice) {
    let strength = dice.real(1.6, 3.8);
    let table: Vec<i16> = (0..NOISE).map(|_| (dice.normal() * strength) as i16).collect();
    let row = picture.width() as usize * 3;
    for line in picture.chunks_mut(row) {
        let start = dice.index(NOISE);
        for (place, pixel) in line.chunks_mut(3).enumerate() {
            let bright = table[(start + place) % NOISE];
            for (part, value) in pixel.iter_mut().enumerate() {
                let own = table[(start + place * 3 + part * 977) % NOISE] / 2;
                *value = (i16::from(*value) + bright + own).clamp(0, 255) as u8;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::ImageDecoder;
    use image::codecs::jpeg::JpegDecoder;

    #[test]
    fn the_lens_takes_every_corner_of_the_picture_back_to_the_paper() {
        let corners = [(100.0, 80.0), (1800.0, 120.0), (1760.0, 1300.0), (140.0, 1340.0)];
        let lens = inverse(square_to_quad((1700.0, 1100.0), corners));
        let wanted = [(0.0, 0.0), (1700.0, 0.0), (1700.0, 1100.0), (0.0, 1100.0)];
        for ((x, y), (u, v)) in corners.into_iter().zip(wanted) {
            let depth = lens[6] * x + lens[7] * y + lens[8];
            assert!(((lens[0] * x + lens[1] * y + lens[2]) / depth - u).abs() < 0.5);
            assert!(((lens[3] * x + lens[4] * y + lens[5]) / depth - v).abs() < 0.5);
        }
    }

    #[test]
    fn a_decoder_that_minds_exif_sees_every_photo_upright() {
        let mut sheet = Sheet::new(900, 600, [250; 3]);
        sheet.fill(crate::sheet::area(0.0, 0.0, 900.0, 150.0), [0; 3], 1.0);
        let mut seen = std::collections::BTreeSet::new();
        for turn in 0..40 {
            let mut dice = Dice::new(turn, "turn");
            let jpeg = take(&sheet, &mut dice, "2026:05:12 09:00:00").unwrap();
            let mut decoder = JpegDecoder::new(std::io::Cursor::new(jpeg)).unwrap();
            let orientation = decoder.orientation().unwrap();
            seen.insert(orientation.to_exif());
            let mut picture = image::DynamicImage::from_decoder(decoder).unwrap();
            picture.apply_orientation(orientation);
            assert_eq!((picture.width(), picture.height()), EDGES);
            let luma = picture.to_luma8();
            let (upper, lower) = (luma.get_pixel(960, 200).0[0], luma.get_pixel(960, 1100).0[0]);
            assert!(upper + 60 < lower, "the black band is up: {upper} {lower}");
        }
        assert!(seen.contains(&1) && seen.contains(&6) && seen.contains(&8), "{seen:?}");
    }
}
