//! A sheet of paper being drawn on: pixels, lines, rings, filled shapes. Inks darken what is under them.

use ab_glyph::{Outline, OutlineCurve, Point, point};
use ab_glyph_rasterizer::Rasterizer;
use image::{Rgb, RgbImage};

/// A colour, red green blue.
pub type Colour = [u8; 3];

/// Printer's black.
pub const BLACK: Colour = [28, 28, 30];
/// The brown-red of preprinted forms.
pub const FORM: Colour = [142, 62, 40];
/// Ball pen blue.
pub const BLUE: Colour = [30, 52, 140];
/// Stamp red.
pub const RED: Colour = [206, 32, 38];

/// A rectangle in pixels: left, top, width, height.
#[derive(Clone, Copy, Debug)]
pub struct Area {
    /// Left edge.
    pub x: f32,
    /// Top edge.
    pub y: f32,
    /// Width.
    pub w: f32,
    /// Height.
    pub h: f32,
}

/// A rectangle from its left, top, width and height.
#[must_use]
pub const fn area(x: f32, y: f32, w: f32, h: f32) -> Area {
    Area { x, y, w, h }
}

/// The sheet.
#[derive(Clone, Debug)]
pub struct Sheet {
    /// Its pixels.
    pub pixels: RgbImage,
}

impl Sheet {
    /// A blank sheet of one colour.
    #[must_use]
    pub fn new(width: u32, height: u32, paper: Colour) -> Self {
        Self { pixels: RgbImage::from_pixel(width, height, Rgb(paper)) }
    }

    /// Width in pixels.
    #[must_use]
    pub fn width(&self) -> f32 {
        self.pixels.width() as f32
    }

    /// Height in pixels.
    #[must_use]
    pub fn height(&self) -> f32 {
        self.pixels.height() as f32
    }

    /// Lays ink of `colour` on one pixel, `cover` from 0 to 1; it multiplies with what is there.
    pub fn dab(&mut self, x: i32, y: i32, colour: Colour, cover: f32) {
        let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y)) else { return };
        let Some(pixel) = self.pixels.get_pixel_mut_checked(x, y) else { return };
        for (under, ink) in pixel.0.iter_mut().zip(colour) {
            let kept = 1.0 - cover.clamp(0.0, 1.0) * (1.0 - f32::from(ink) / 255.0);
            *under = (f32::from(*under) * kept + 0.5) as u8;
        }
    }

    /// Fills a rectangle, its edges smoothed.
    pub fn fill(&mut self, area: Area, colour: Colour, cover: f32) {
        let (right, bottom) = (area.x + area.w, area.y + area.h);
        for y in area.y.floor() as i32..bottom.ceil() as i32 {
            let rows = (bottom.min(y as f32 + 1.0) - area.y.max(y as f32)).clamp(0.0, 1.0);
            for x in area.x.floor() as i32..right.ceil() as i32 {
                let columns = (right.min(x as f32 + 1.0) - area.x.max(x as f32)).clamp(0.0, 1.0);
                self.dab(x, y, colour, cover * rows * columns);
            }
        }
    }

    /// Covers a rectangle (whole pixels) with an opaque colour, whatever was there.
    pub fn cover(&mut self, area: Area, colour: Colour) {
        for y in area.y.max(0.0) as u32..(area.y + area.h).max(0.0) as u32 {
            for x in area.x.max(0.0) as u32..(area.x + area.w).max(0.0) as u32 {
                if let Some(pixel) = self.pixels.get_pixel_mut_checked(x, y) {
                    *pixel = Rgb(colour);
                }
            }
        }
    }

    /// A level line of `thick` pixels.
    pub fn level(&mut self, x: f32, y: f32, length: f32, thick: f32, colour: Colour) {
        self.fill(area(x, y - thick / 2.0, length, thick), colour, 1.0);
    }

    /// An upright line of `thick` pixels.
    pub fn upright(&mut self, x: f32, y: f32, length: f32, thick: f32, colour: Colour) {
        self.fill(area(x - thick / 2.0, y, thick, length), colour, 1.0);
    }

    /// The four sides of a rectangle.
    pub fn frame(&mut self, area: Area, thick: f32, colour: Colour) {
        let half = thick / 2.0;
        self.level(area.x - half, area.y, area.w + thick, thick, colour);
        self.level(area.x - half, area.y + area.h, area.w + thick, thick, colour);
        self.upright(area.x, area.y + half, area.h - thick, thick, colour);
        self.upright(area.x + area.w, area.y + half, area.h - thick, thick, colour);
    }

    /// A ruled table: the frame, a line under every row and between the columns.
    pub fn grid(&mut self, area: Area, columns: &[f32], rows: usize, colour: Colour) {
        self.frame(area, 3.0, colour);
        let step = area.h / rows.max(1) as f32;
        for row in 1..rows {
            self.level(area.x, area.y + step * row as f32, area.w, 2.0, colour);
        }
        let mut x = area.x;
        for width in columns.iter().take(columns.len().saturating_sub(1)) {
            x += width;
            self.upright(x, area.y, area.h, 2.0, colour);
        }
    }

    /// A straight stroke from one point to another.
    pub fn stroke(&mut self, from: (f32, f32), to: (f32, f32), thick: f32, colour: Colour) {
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let length = dx.hypot(dy).max(0.001);
        let (nx, ny) = (-dy / length * thick / 2.0, dx / length * thick / 2.0);
        let corners = [
            (from.0 + nx, from.1 + ny),
            (to.0 + nx, to.1 + ny),
            (to.0 - nx, to.1 - ny),
            (from.0 - nx, from.1 - ny),
        ];
        self.polygon(&corners, colour, 1.0);
    }

    /// A filled shape with straight sides.
    pub fn polygon(&mut self, corners: &[(f32, f32)], colour: Colour, cover: f32) {
        let ring = corners.iter().zip(corners.iter().cycle().skip(1));
        let curves: Vec<OutlineCurve> =
            ring.map(|(a, b)| OutlineCurve::Line(point(a.0, a.1), point(b.0, b.1))).collect();
        self.shape(&curves, colour, cover);
    }

    /// A filled disc.
    pub fn disc(&mut self, x: f32, y: f32, radius: f32, colour: Colour) {
        let corners: Vec<(f32, f32)> = (0..48)
            .map(|step| step as f32 / 48.0 * std::f32::consts::TAU)
            .map(|angle| (x + radius * angle.cos(), y + radius * angle.sin()))
            .collect();
        self.polygon(&corners, colour, 1.0);
    }

    /// A glyph's outline (font units, y up), each point moved by `place` to pixels (y down).
    pub fn glyph(
        &mut self,
        outline: &Outline,
        place: &dyn Fn(f32, f32) -> (f32, f32),
        colour: Colour,
        cover: f32,
    ) {
        let put = |p: Point| {
            let (x, y) = place(p.x, p.y);
            point(x, y)
        };
        let curves: Vec<OutlineCurve> = outline
            .curves
            .iter()
            .map(|curve| match *curve {
                OutlineCurve::Line(a, b) => OutlineCurve::Line(put(a), put(b)),
                OutlineCurve::Quad(a, b, c) => OutlineCurve::Quad(put(a), put(b), put(c)),
                OutlineCurve::Cubic(a, b, c, d) => {
                    OutlineCurve::Cubic(put(a), put(b), put(c), put(d))
                }
            })
            .collect();
        self.shape(&curves, colour, cover);
    }

    /// Fills closed curves given in pixels.
    fn shape(&mut self, curves: &[OutlineCurve], colour: Colour, cover: f32) {
        let points = curves.iter().flat_map(|curve| match *curve {
            OutlineCurve::Line(a, b) => [a, b, b, b],
            OutlineCurve::Quad(a, b, c) => [a, b, c, c],
            OutlineCurve::Cubic(a, b, c, d) => [a, b, c, d],
        });
        let (mut low, mut high) = (point(f32::MAX, f32::MAX), point(f32::MIN, f32::MIN));
        for p in points {
            low = point(low.x.min(p.x), low.y.min(p.y));
            high = point(high.x.max(p.x), high.y.max(p.y));
        }
        let sheet = self.width().max(self.height()) * 2.0;
        if !(low.x > -sheet && low.y > -sheet && high.x < sheet && high.y < sheet) {
            return;
        }
        let origin = point(low.x.floor() - 1.0, low.y.floor() - 1.0);
        let mut raster = Rasterizer::new(
            (high.x - origin.x).ceil() as usize + 2,
            (high.y - origin.y).ceil() as usize + 2,
        );
        let at = |p: Point| ab_glyph_rasterizer::point(p.x - origin.x, p.y - origin.y);
        for curve in curves {
            match *curve {
                OutlineCurve::Line(a, b) => raster.draw_line(at(a), at(b)),
                OutlineCurve::Quad(a, b, c) => raster.draw_quad(at(a), at(b), at(c)),
                OutlineCurve::Cubic(a, b, c, d) => raster.draw_cubic(at(a), at(b), at(c), at(d)),
            }
        }
        let (left, top) = (origin.x as i32, origin.y as i32);
        raster.for_each_pixel_2d(|x, y, inside| {
            if inside > 0.003 {
                self.dab(left + x as i32, top + y as i32, colour, inside.min(1.0) * cover);
            }
        });
    }
}
