//! Red stamps: the round seal of an organisation, the oval one of a seller's invoices.

use crate::dice::Dice;
use crate::grain::Grain;
use crate::sheet::{Colour, RED, Sheet};
use crate::typeface::{Face, Typefaces};
use ab_glyph::Font;
use std::f32::consts::{PI, TAU};

/// What a stamp shows and where it goes.
#[derive(Clone, Copy, Debug)]
pub struct Stamp<'a> {
    /// Text along the upper edge.
    pub arc: &'a str,
    /// Text below the middle.
    pub foot: &'a str,
    /// Half the width, pixels.
    pub across: f32,
    /// Half the height, pixels.
    pub down: f32,
    /// A five-pointed star in the middle.
    pub star: bool,
    /// How dark it was pressed, 0 to 1.
    pub press: f32,
}

impl<'a> Stamp<'a> {
    /// The round seal of an organisation.
    #[must_use]
    pub fn round(arc: &'a str, foot: &'a str, radius: f32) -> Self {
        Self { arc, foot, across: radius, down: radius, star: true, press: 0.82 }
    }

    /// An oval stamp without a star.
    #[must_use]
    pub fn oval(arc: &'a str, foot: &'a str, across: f32) -> Self {
        Self { arc, foot, across, down: across * 0.68, star: false, press: 0.82 }
    }

    /// Presses the stamp with its middle at (`x`, `y`), turned and worn as chance will have it.
    pub fn press(&self, sheet: &mut Sheet, types: &Typefaces, dice: &mut Dice, x: f32, y: f32) {
        let half = self.across.max(self.down).ceil() + 4.0;
        let mut face = Sheet::new((half * 2.0) as u32, (half * 2.0) as u32, [255; 3]);
        self.cut(&mut face, types, half);
        let (grain, turn) = (Grain::new(dice), dice.real(-0.3, 0.3));
        let (sin, cos) = turn.sin_cos();
        let reach = (half * 1.42) as i32;
        for dy in -reach..=reach {
            for dx in -reach..=reach {
                let (rx, ry) = (dx as f32, dy as f32);
                let cover = sample(&face, rx * cos + ry * sin + half, ry * cos - rx * sin + half);
                if cover > 0.01 {
                    let worn = 1.0
                        + 0.28 * grain.at(rx * 0.045, ry * 0.045)
                        + 0.2 * grain.at(rx * 0.35 + 9.0, ry * 0.35);
                    let ink = cover * (self.press * worn).clamp(0.0, 1.0);
                    sheet.dab(x as i32 + dx, y as i32 + dy, RED, ink);
                }
            }
        }
    }

    /// The face of the stamp, black on white, its middle at (`c`, `c`).
    fn cut(&self, face: &mut Sheet, types: &Typefaces, c: f32) {
        let thick = (self.across * 0.045).max(3.0);
        ring(face, (c, c), (self.across - thick, self.down - thick), thick);
        if self.star {
            star(face, c, c, self.across * 0.27);
        }
        let size = self.across * if self.star { 0.24 } else { 0.2 };
        let count = self.arc.chars().count().max(1);
        let most = if self.star { 4.4 } else { 3.3 };
        let span = (count as f32 * size * 1.12 / (self.down * 0.74)).min(most);
        for (place, letter) in self.arc.chars().enumerate() {
            let t = if count == 1 { 0.5 } else { place as f32 / (count - 1) as f32 };
            let angle = (t - 0.5) * span;
            let (rx, ry) = (self.across - size, self.down - size);
            let middle = (c + rx * angle.sin(), c - ry * angle.cos());
            let lean = (angle.sin() / rx).atan2(angle.cos() / ry);
            upright_letter(face, types, letter, middle, lean, (size * 0.82, size * 1.08));
        }
        let size = self.across * 0.2;
        let wide = self.foot.chars().count() as f32 * size;
        let y = c + self.down * if self.star { 0.58 } else { 0.5 };
        for (place, letter) in self.foot.chars().enumerate() {
            let x = c - wide / 2.0 + (place as f32 + 0.5) * size;
            upright_letter(face, types, letter, (x, y), 0.0, (size * 0.95, size));
        }
    }
}

const CUT: Colour = [0; 3];

/// A letter with its middle at `middle`, turned by `lean`, `size` pixels wide and high.
fn upright_letter(
    face: &mut Sheet,
    types: &Typefaces,
    letter: char,
    middle: (f32, f32),
    lean: f32,
    size: (f32, f32),
) {
    let font = types.font(Face::Bold);
    let unit = font.units_per_em().unwrap_or(1000.0);
    let (sin, cos) = lean.sin_cos();
    let half = font.h_advance_unscaled(font.glyph_id(letter)) / 2.0;
    let place = move |px: f32, py: f32| {
        let (gx, gy) = ((px - half) / unit * size.0, -(py - 0.38 * unit) / unit * size.1);
        (middle.0 + gx * cos - gy * sin, middle.1 + gx * sin + gy * cos)
    };
    if let Some(outline) = font.outline(font.glyph_id(letter)) {
        face.glyph(&outline, &place, CUT, 1.0);
    }
}

/// An oval line of `thick` pixels.
pub fn ring(face: &mut Sheet, middle: (f32, f32), half: (f32, f32), thick: f32) {
    let at = |angle: f32| (middle.0 + half.0 * angle.cos(), middle.1 + half.1 * angle.sin());
    for step in 0..120 {
        let angle = step as f32 / 120.0 * TAU;
        face.stroke(at(angle), at(angle + TAU / 110.0), thick, CUT);
    }
}

fn star(face: &mut Sheet, x: f32, y: f32, radius: f32) {
    let corners: Vec<(f32, f32)> = (0..10)
        .map(|step| {
            let reach = if step % 2 == 0 { radius } else { radius * 0.382 };
            let angle = step as f32 * PI / 5.0 - PI / 2.0;
            (x + reach * angle.cos(), y + reach * angle.sin())
        })
        .collect();
    face.polygon(&corners, CUT, 1.0);
}

/// How much ink lies at a place of the stamp's face, between its pixels.
fn sample(face: &Sheet, x: f32, y: f32) -> f32 {
    let ink = |x: f32, y: f32| {
        face.pixels
            .get_pixel_checked(x.max(0.0) as u32, y.max(0.0) as u32)
            .map_or(0.0, |pixel| 1.0 - f32::from(pixel.0[0]) / 255.0)
    };
    let (left, top) = (x.floor(), y.floor());
    let (u, v) = (x - left, y - top);
    (ink(left, top) * (1.0 - u) + ink(left + 1.0, top) * u) * (1.0 - v)
        + (ink(left, top + 1.0) * (1.0 - u) + ink(left + 1.0, top + 1.0) * u) * v
}
