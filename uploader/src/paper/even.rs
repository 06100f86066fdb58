//! Light made even: each place is divided by the paper's own brightness round it. The paper keeps its tint, stamps their colour.

use image::{RgbImage, imageops};

/// Pixels of the long edge of the copy on which the light is worked out.
const EDGE: u32 = 160;
/// Pixels of that copy within which there is paper somewhere: wider than a stamp's lines and a heading.
const REACH: usize = 8;
/// The paper's brightness afterwards; a little below white, so that nothing is clipped.
const PAPER: f32 = 242.0;
/// The darkest shadow is made this many times brighter, no more: below that is no light to be evened but something dark.
const GAIN_MAX: f32 = 3.0;

/// A small plane of one colour.
type Plane = Vec<f32>;

/// Evens out shadows. The paper becomes as bright everywhere.
pub fn even(picture: &mut RgbImage) {
    let (width, height) = crate::photo::fit(picture.width(), picture.height(), EDGE);
    let small = imageops::thumbnail(picture, width, height);
    let (wide, high) = (width as usize, height as usize);
    let mut light: [Plane; 3] =
        std::array::from_fn(|n| small.pixels().map(|p| f32::from(p.0[n])).collect());
    for plane in &mut light {
        // Brightest, then darkest of these: what is thinner than the window and dark is gone.
        *plane =
            windowed(plane, wide, high, REACH, |part| part.iter().copied().fold(0.0, f32::max));
        *plane =
            windowed(plane, wide, high, REACH, |part| part.iter().copied().fold(255.0, f32::min));
        let mean = |part: &[f32]| part.iter().sum::<f32>() / part.len() as f32;
        *plane = windowed(plane, wide, high, REACH / 2, mean);
        *plane = windowed(plane, wide, high, REACH / 2, mean);
    }
    let aim = paper_colour(&light);
    for (plane, aim) in light.iter_mut().zip(aim) {
        plane.iter_mut().for_each(|part| *part = (aim / part.max(1.0)).min(GAIN_MAX));
    }
    apply(picture, &light, (wide, high));
}

/// What `take` makes of the values within `reach`, along rows and then along columns.
fn windowed(
    plane: &Plane,
    wide: usize,
    high: usize,
    reach: usize,
    take: impl Fn(&[f32]) -> f32,
) -> Plane {
    let lines = |plane: &Plane, long: usize| -> Plane {
        let window = |line: &[f32], n: usize| {
            take(&line[n.saturating_sub(reach)..(n + reach + 1).min(line.len())])
        };
        plane.chunks(long).flat_map(|line| (0..long).map(move |n| window(line, n))).collect()
    };
    let turned = |plane: &Plane, wide: usize, high: usize| -> Plane {
        (0..wide).flat_map(|x| (0..high).map(move |y| plane[y * wide + x])).collect()
    };
    let rows = lines(plane, wide);
    turned(&lines(&turned(&rows, wide, high), high), high, wide)
}

/// The tint of the brighter half, made as bright as paper: a pink copy stays pink.
fn paper_colour(light: &[Plane; 3]) -> [f32; 3] {
    let brightness: Vec<f32> =
        (0..light[0].len()).map(|n| light.iter().map(|plane| plane[n]).sum()).collect();
    let mut sorted = brightness.clone();
    sorted.sort_by(f32::total_cmp);
    let middle = sorted.get(sorted.len() / 2).copied().unwrap_or_default();
    let tint = [0, 1, 2].map(|n| {
        let bright = light[n].iter().zip(&brightness).filter(|(_, b)| **b >= middle);
        bright.fold(1.0, |sum, (part, _)| sum + part)
    });
    let most = tint.into_iter().fold(0.0, f32::max);
    tint.map(|part| part / most * PAPER)
}

/// Multiplies each pixel by the gain between the four nearest of the small plane.
fn apply(picture: &mut RgbImage, gain: &[Plane; 3], (wide, high): (usize, usize)) {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let place = |n: usize, of: usize, small: usize| {
        let at = ((n as f32 + 0.5) * small as f32 / of as f32 - 0.5).clamp(0.0, (small - 1) as f32);
        (at as usize, (at as usize + 1).min(small - 1), at.fract())
    };
    let columns: Vec<_> = (0..width).map(|x| place(x, width, wide)).collect();
    let mut row: [Plane; 3] = Default::default();
    for (y, line) in picture.chunks_mut(width * 3).enumerate() {
        let (above, below, t) = place(y, height, high);
        for (row, plane) in row.iter_mut().zip(gain) {
            let (above, below) = (&plane[above * wide..][..wide], &plane[below * wide..][..wide]);
            row.clear();
            row.extend(above.iter().zip(below).map(|(a, b)| a + (b - a) * t));
        }
        for (pixel, (left, right, s)) in line.chunks_mut(3).zip(&columns) {
            for (value, row) in pixel.iter_mut().zip(&row) {
                let gain = row[*left] + (row[*right] - row[*left]) * s;
                // The cast keeps to 255 by itself.
                *value = (f32::from(*value) * gain + 0.5) as u8;
            }
        }
    }
}

#[cfg(test)]
mod tests;
