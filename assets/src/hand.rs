//! Handwriting: the same letters, but leaning, uneven, and never twice alike.

use crate::dice::Dice;
use crate::sheet::{BLUE, Colour, Sheet};
use crate::typeface::{Face, Typefaces};
use ab_glyph::Font;

/// One person's hand, with the pen held.
pub struct Hand<'a> {
    types: &'a Typefaces,
    dice: Dice,
    /// Height of the em square, pixels.
    pub size: f32,
    /// Ink.
    pub colour: Colour,
    lean: f32,
    rise: f32,
    squeeze: f32,
}

impl<'a> Hand<'a> {
    /// A hand with habits of its own (`dice`), writing `size` pixels high in blue.
    #[must_use]
    pub fn new(types: &'a Typefaces, mut dice: Dice, size: f32) -> Self {
        let (lean, rise) = (dice.real(0.02, 0.22), dice.real(-0.03, 0.005));
        let squeeze = dice.real(0.84, 0.96);
        let colour = if dice.chance(0.25) { [38, 38, 48] } else { BLUE };
        Self { types, dice, size, colour, lean, rise, squeeze }
    }

    /// The width `text` will roughly take, pixels.
    #[must_use]
    pub fn width(&self, text: &str) -> f32 {
        let font = self.types.font(Face::Serif);
        let scale = self.size / font.units_per_em().unwrap_or(1000.0) * self.squeeze;
        text.chars().map(|c| font.h_advance_unscaled(font.glyph_id(c)) * scale * 0.97).sum()
    }

    /// Writes from `x` on the line `y`; returns where the text ends.
    pub fn at(&mut self, sheet: &mut Sheet, x: f32, y: f32, text: &str) -> f32 {
        let font = self.types.font(Face::Serif);
        let unit = self.size / font.units_per_em().unwrap_or(1000.0);
        let (mut pen, mut drift) = (x, 0.0_f32);
        for c in text.chars() {
            let id = font.glyph_id(c);
            drift = (drift + self.dice.normal() * self.size * 0.012) * 0.9;
            let base = y + drift + (pen - x) * self.rise;
            if let Some(outline) = font.outline(id) {
                let place = self.letter(pen, base, unit);
                let cover = self.dice.real(0.78, 0.98);
                sheet.glyph(&outline, &place, self.colour, cover);
            }
            let step = font.h_advance_unscaled(id) * unit * self.squeeze;
            pen += step * self.dice.real(0.92, 1.02);
        }
        pen
    }

    /// Writes with the middle at `x`.
    pub fn centred(&mut self, sheet: &mut Sheet, x: f32, y: f32, text: &str) {
        let width = self.width(text);
        self.at(sheet, x - width / 2.0, y, text);
    }

    /// Where the points of one letter go: turned, slanted, stretched and bent a little.
    fn letter(&mut self, x: f32, y: f32, unit: f32) -> impl Fn(f32, f32) -> (f32, f32) + use<> {
        let turn = self.dice.normal() * 0.028;
        let (wide, tall) = (
            self.squeeze * unit * (1.0 + self.dice.normal() * 0.05),
            unit * (1.0 + self.dice.normal() * 0.06),
        );
        let lean = self.lean + self.dice.normal() * 0.035;
        let bend: [f32; 4] = std::array::from_fn(|_| self.dice.real(0.0, 6.3));
        let depth = self.dice.real(9.0, 20.0);
        let (sin, cos) = turn.sin_cos();
        move |px, py| {
            let wx = px + depth * ((py * 0.0065 + bend[0]).sin() + (px * 0.011 + bend[1]).cos());
            let wy = py + depth * ((px * 0.0062 + bend[2]).sin() + (py * 0.012 + bend[3]).cos());
            let (gx, gy) = ((wx + wy * lean) * wide, wy * tall);
            (x + gx * cos - gy * sin, y - gx * sin - gy * cos)
        }
    }
}
