//! Where lines of print stand: the detector's map of how likely each pixel is in the core of a line, cut at a threshold,
//! a leaning rectangle round each patch, made larger by what the cores were shrunk (Differentiable Binarization).

use super::net::{Net, planes};
use super::{OcrError, scaled};
use crate::geometry::{Point, Quad};
use crate::photo::fit;
use image::RgbImage;
use rten_imageproc::{
    BoundingRect, PointF, RetrievalMode, RotatedRect, Vec2, find_contours, min_area_rect,
};
use rten_tensor::prelude::*;
use rten_tensor::{NdTensor, NdTensorView};

/// Pixels of the long edge of the copy that lines are looked for on; more takes longer and finds no more.
const EDGE: u32 = 1280;
/// The models halve their input five times.
const STEP: u32 = 32;
/// A pixel this likely belongs to a line.
const PIXEL_MIN: f32 = 0.3;
/// A rectangle this likely on average holds a line.
const STRIP_MIN: f32 = 0.5;
/// How much larger than its core a line is: core's area / core's edge, times this.
const GROW: f32 = 1.6;
/// Pixels of the narrowest core.
const CORE_MIN: f32 = 3.0;
/// The most lines that are looked at.
const STRIPS_MAX: usize = 400;

/// A leaning rectangle with a line in it, in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Strip {
    /// Its middle.
    pub middle: (f32, f32),
    /// The way the line runs, length 1, to the right.
    pub along: (f32, f32),
    /// Length along the line and height across it.
    pub size: (f32, f32),
}

impl Strip {
    /// The point at these fractions of its length and height.
    pub fn at(&self, along: f32, down: f32) -> (f32, f32) {
        let (a, d) = ((along - 0.5) * self.size.0, (down - 0.5) * self.size.1);
        let (x, y) = self.along;
        (self.middle.0 + a * x - d * y, self.middle.1 + a * y + d * x)
    }

    /// Its corners in fractions of a picture of this width and height.
    pub fn place(&self, (width, height): (f32, f32)) -> Quad {
        let corner = |along, down| {
            let (x, y) = self.at(along, down);
            Point { x: (x / width).clamp(0.0, 1.0), y: (y / height).clamp(0.0, 1.0) }
        };
        Quad([corner(0.0, 0.0), corner(1.0, 0.0), corner(1.0, 1.0), corner(0.0, 1.0)])
    }

    /// The rectangle round a core, `scale` times as large, its longer-lying axis taken for the line's.
    fn round(core: &RotatedRect, scale: f32) -> Strip {
        let (width, height) = (core.width(), core.height());
        let grow = 2.0 * GROW * width * height / (2.0 * (width + height)).max(1.0);
        let flat = core.orient_towards(Vec2::from_xy(0.0, 1.0));
        let up = flat.up_axis();
        let (x, y) = (up.y, -up.x);
        let middle = flat.center();
        Strip {
            middle: (middle.x * scale, middle.y * scale),
            along: if x < 0.0 { (-x, -y) } else { (x, y) },
            size: ((flat.width() + grow) * scale, (flat.height() + grow) * scale),
        }
    }
}

/// The lines on a picture, in no order.
///
/// # Errors
/// [`OcrError::Broken`].
pub fn lines(net: &Net, picture: &RgbImage) -> Result<Vec<Strip>, OcrError> {
    let (width, height) = fit(picture.width(), picture.height(), EDGE);
    let copy = scaled(picture, (width, height)).ok_or_else(|| OcrError::Broken("copy".into()))?;
    let padded = |side: u32| side.next_multiple_of(STEP) as usize;
    let map: NdTensor<f32, 4> = net.run(planes(&copy, padded(width), padded(height)))?;
    let scale = picture.width() as f32 / width as f32;
    Ok(strips(map.slice((0, 0)), scale))
}

/// The strips of a map, `scale` times as large.
fn strips(map: NdTensorView<f32, 2>, scale: f32) -> Vec<Strip> {
    let mask = thick(&map);
    let contours = find_contours(mask.view(), RetrievalMode::List);
    let core = |contour: &[rten_imageproc::Point]| {
        let points: Vec<PointF> = contour.iter().map(|point| point.to_f32()).collect();
        let core = min_area_rect(&points)?;
        let large = core.width().min(core.height()) >= CORE_MIN;
        (large && likely(&map, &core) >= STRIP_MIN).then(|| Strip::round(&core, scale))
    };
    contours.iter().filter_map(core).take(STRIPS_MAX).collect()
}

/// Which pixels belong to lines, each patch a pixel thicker to the right and below, so that thin cores hold together.
fn thick(map: &NdTensorView<f32, 2>) -> NdTensor<bool, 2> {
    let [rows, columns] = map.shape();
    NdTensor::from_fn([rows, columns], |[y, x]| {
        let near = [(0, 0), (0, 1), (1, 0), (1, 1)];
        near.iter().any(|(up, left)| {
            let at = (y.checked_sub(*up), x.checked_sub(*left));
            matches!(at, (Some(y), Some(x)) if map[[y, x]] > PIXEL_MIN)
        })
    })
}

/// The mean of the map within a core.
fn likely(map: &NdTensorView<f32, 2>, core: &RotatedRect) -> f32 {
    let [rows, columns] = map.shape();
    let bounds = core.bounding_rect();
    let span = |from: f32, to: f32, most: usize| {
        from.max(0.0) as usize..(to.max(0.0) as usize + 1).min(most)
    };
    let (mut sum, mut count) = (0.0, 0_u32);
    for y in span(bounds.top(), bounds.bottom(), rows) {
        for x in span(bounds.left(), bounds.right(), columns) {
            if core.contains(PointF::from_yx(y as f32, x as f32)) {
                sum += map[[y, x]];
                count += 1;
            }
        }
    }
    sum / count.max(1) as f32
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    /// A map with one leaning patch in it.
    fn map(patch: &RotatedRect) -> NdTensor<f32, 2> {
        NdTensor::from_fn([200, 300], |[y, x]| {
            if patch.contains(PointF::from_yx(y as f32, x as f32)) { 0.9 } else { 0.05 }
        })
    }

    #[test]
    fn a_leaning_patch_becomes_a_larger_strip_that_leans_as_much() {
        let patch =
            RotatedRect::new(PointF::from_yx(100.0, 150.0), Vec2::from_xy(-0.1, 1.0), 120.0, 12.0);
        let found = strips(map(&patch).view(), 2.0);
        assert_eq!(found.len(), 1);
        let strip = found[0];
        assert!((strip.middle.0 - 301.0).abs() < 4.0 && (strip.middle.1 - 201.0).abs() < 4.0);
        assert!((strip.along.1 / strip.along.0 - 0.1).abs() < 0.02, "{strip:?}");
        assert!((strip.size.0 - 2.0 * 138.0).abs() < 8.0, "{strip:?}");
        assert!((strip.size.1 - 2.0 * 30.0).abs() < 8.0, "{strip:?}");
    }

    #[test]
    fn dust_and_faint_patches_are_no_lines() {
        let dust = RotatedRect::new(PointF::from_yx(9.0, 9.0), Vec2::from_xy(0.0, 1.0), 1.0, 1.0);
        assert!(strips(map(&dust).view(), 1.0).is_empty());
        let faint = NdTensor::from_fn([100, 100], |[y, x]| {
            if (40..60).contains(&y) && (10..90).contains(&x) { 0.4 } else { 0.0 }
        });
        assert!(strips(faint.view(), 1.0).is_empty());
    }

    proptest! {
        #[test]
        fn no_map_breaks_it(cells in prop::collection::vec(0f32..1.0, 64 * 64)) {
            let map = NdTensor::from_data([64, 64], cells);
            for strip in strips(map.view(), 1.5) {
                for corner in strip.place((96.0, 96.0)).0 {
                    prop_assert!((0.0..=1.0).contains(&corner.x) && (0.0..=1.0).contains(&corner.y));
                }
                prop_assert!(strip.along.0 > 0.0);
            }
        }
    }
}
