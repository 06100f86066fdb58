//! Reads the screen as an eye would: finds words among the pixels by the glyphs of the pack, all of each, in one
//! colour on one ground. What is cut off, covered or gone is not found.

use crate::glass::Glass;
use firmware::board::Display;
use ledger::glyph::Pack;
use std::collections::BTreeMap;

/// Covered so much, or so little, that a pixel has the ink's own colour, or the ground's.
const INK: std::ops::RangeInclusive<u8> = 250..=255;
const GROUND: std::ops::RangeInclusive<u8> = 0..=4;
/// How far a colour may be off: a spare glyph's alpha has 16 steps.
const NEAR: u8 = 40;

/// The pixels of a text that have one colour, from the first pen on the base line (x, y).
#[derive(Default)]
struct Pixels {
    ink: Vec<(i32, i32)>,
    ground: Vec<(i32, i32)>,
}

impl Pixels {
    /// Of a text of one line; `None` when the pack has not all of it.
    fn of(pack: &Pack<'_>, text: &str, px: u8) -> Option<Pixels> {
        // Boxes of neighbours overlap: a pixel is as dark as the darkest that lies there.
        let (mut covered, mut pen) = (BTreeMap::new(), 0);
        for ch in text.chars() {
            let glyph = pack.glyph(ch, px)?;
            let (left, top) =
                (pen + i32::from(glyph.x), -i32::from(glyph.y) - i32::from(glyph.height));
            let width = usize::from(glyph.width).max(1);
            for (y, line) in (top..).zip(glyph.alpha.chunks(width)) {
                for (x, alpha) in (left..).zip(line) {
                    let place = covered.entry((x, y)).or_insert(0);
                    *place = (*alpha).max(*place);
                }
            }
            pen += i32::from(glyph.advance);
        }
        let mut pixels = Pixels::default();
        for (place, alpha) in covered {
            match alpha {
                alpha if INK.contains(&alpha) => pixels.ink.push(place),
                alpha if GROUND.contains(&alpha) => pixels.ground.push(place),
                _ => {}
            }
        }
        Some(pixels)
    }

    /// Whether they are there, with the pen at this place.
    fn stand(&self, glass: &Glass, (x, y): (i32, i32)) -> bool {
        let (Some(ink), Some(ground)) = (self.ink.first(), self.ground.first()) else {
            return false;
        };
        let at = |place: &(i32, i32)| glass.at(x + place.0, y + place.1);
        let (ink, ground) = (at(ink), at(ground));
        let all = |places: &[(i32, i32)], colour| {
            places.iter().all(|place| apart(at(place), colour) <= NEAR)
        };
        apart(ink, ground) > 2 * NEAR && all(&self.ink, ink) && all(&self.ground, ground)
    }
}

/// How far two colours are apart.
fn apart(one: [u8; 3], other: [u8; 3]) -> u8 {
    one.iter().zip(other).map(|(a, b)| a.abs_diff(b)).max().unwrap_or(0)
}

/// Every place (left end of the base line, in pixels) where a text of one line stands at this size.
#[must_use]
pub fn find(glass: &Glass, pack: &Pack<'_>, text: &str, px: u8) -> Vec<(i32, i32)> {
    let Some(pixels) = Pixels::of(pack, text, px) else { return Vec::new() };
    let (width, height) = glass.size();
    let (width, height) = (width as i32, height as i32);
    let places = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    places.filter(|place| pixels.stand(glass, *place)).collect()
}

/// Whether a text of one line can be read anywhere.
#[must_use]
pub fn says(glass: &Glass, pack: &Pack<'_>, text: &str, px: u8) -> bool {
    !find(glass, pack, text, px).is_empty()
}
