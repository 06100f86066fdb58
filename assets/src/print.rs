//! Printed text: straight, even, of one typeface and size.

use crate::sheet::{Area, BLACK, Colour, Sheet};
use crate::typeface::{Face, Typefaces};
use ab_glyph::Font;

/// A way to print: typeface, size, colour.
#[derive(Clone, Copy)]
pub struct Print<'a> {
    /// The typefaces to take from.
    pub types: &'a Typefaces,
    /// Which of them.
    pub face: Face,
    /// Height of the em square, pixels.
    pub size: f32,
    /// Ink.
    pub colour: Colour,
}

impl<'a> Print<'a> {
    /// Black sans text of `size` pixels.
    #[must_use]
    pub fn new(types: &'a Typefaces, size: f32) -> Self {
        Self { types, face: Face::Sans, size, colour: BLACK }
    }

    /// The same in another face.
    #[must_use]
    pub fn face(self, face: Face) -> Self {
        Self { face, ..self }
    }

    /// The same in another ink.
    #[must_use]
    pub fn ink(self, colour: Colour) -> Self {
        Self { colour, ..self }
    }

    /// The same in another size.
    #[must_use]
    pub fn size(self, size: f32) -> Self {
        Self { size, ..self }
    }

    /// The width of `text` in pixels.
    #[must_use]
    pub fn width(&self, text: &str) -> f32 {
        let font = self.types.font(self.face);
        let scale = self.size / font.units_per_em().unwrap_or(1000.0);
        text.chars().map(|c| font.h_advance_unscaled(font.glyph_id(c)) * scale).sum()
    }

    /// Prints from `x` on the line `y`; returns where the text ends.
    pub fn at(&self, sheet: &mut Sheet, x: f32, y: f32, text: &str) -> f32 {
        let font = self.types.font(self.face);
        let scale = self.size / font.units_per_em().unwrap_or(1000.0);
        let mut pen = x;
        for c in text.chars() {
            let id = font.glyph_id(c);
            if let Some(outline) = font.outline(id) {
                let place = |px: f32, py: f32| (pen + px * scale, y - py * scale);
                sheet.glyph(&outline, &place, self.colour, 0.95);
            }
            pen += font.h_advance_unscaled(id) * scale;
        }
        pen
    }

    /// Prints with the middle at `x`.
    pub fn centred(&self, sheet: &mut Sheet, x: f32, y: f32, text: &str) {
        self.at(sheet, x - self.width(text) / 2.0, y, text);
    }

    /// Prints so that the text ends at `x`.
    pub fn right(&self, sheet: &mut Sheet, x: f32, y: f32, text: &str) {
        self.at(sheet, x - self.width(text), y, text);
    }

    /// Prints letters spread evenly so that the first begins at `x` and the last ends at `end`.
    pub fn spread(&self, sheet: &mut Sheet, x: f32, end: f32, y: f32, text: &str) {
        let count = text.chars().count();
        let gap = (end - x - self.width(text)) / count.saturating_sub(1).max(1) as f32;
        let mut pen = x;
        for c in text.chars() {
            pen = self.at(sheet, pen, y, &c.to_string()) + gap;
        }
    }

    /// Prints in the middle of a cell, smaller where it would not fit.
    pub fn cell(&self, sheet: &mut Sheet, cell: Area, text: &str) {
        let fitted = self.fitted(text, cell.w - self.size * 0.3);
        let y = cell.y + cell.h / 2.0 + fitted.size * 0.37;
        fitted.centred(sheet, cell.x + cell.w / 2.0, y, text);
    }

    /// The same print, its size brought down until `text` is at most `width` wide.
    #[must_use]
    pub fn fitted(&self, text: &str, width: f32) -> Self {
        let natural = self.width(text).max(1.0);
        self.size(self.size * (width / natural).min(1.0))
    }

    /// Breaks `text` into lines of at most `width` pixels.
    #[must_use]
    pub fn wrapped(&self, text: &str, width: f32) -> Vec<String> {
        let mut lines = vec![String::new()];
        for c in text.chars() {
            let Some(line) = lines.last_mut() else { break };
            line.push(c);
            if self.width(line) > width && line.chars().count() > 1 {
                line.pop();
                lines.push(c.to_string());
            }
        }
        lines
    }
}
