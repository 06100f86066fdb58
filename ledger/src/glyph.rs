//! Pictures of characters, for screens that have no font: one [`Glyph`], a [`Pack`] of thousands in flash, and the text by
//! which an office signs those that a pack lacks.

mod pack;

pub use pack::{BadPack, Check, Metrics, Pack, PackGlyph, write};

use crate::encoding::{base64, from_base64};
use crate::note::NOTE_BYTES_MAX;
use alloc::{format, string::String, vec::Vec};

/// The sizes of type that there are, in pixels of an em.
pub const SIZES: [u8; 2] = [24, 32];
/// The most glyphs that one text carries.
pub const GLYPHS_MAX: usize = 64;
/// The first line of a text that carries glyphs.
pub const FIRST_LINE: &str = "mingbai glyphs 1";
/// Bytes of the longest text of glyphs: what a note may hold, less its signatures.
pub const TEXT_BYTES_MAX: usize = NOTE_BYTES_MAX - 4096;
/// Bytes of a glyph before its alpha.
const HEAD_BYTES: usize = 10;

/// Why a glyph, or a text of glyphs, was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadGlyph {
    /// Not a code point that a screen shows.
    #[error("not a character")]
    Character,
    /// Not one of [`SIZES`], or wider, higher or further away than a character of that size can be.
    #[error("not the measures of a character")]
    Measures,
    /// More or fewer bytes than the measures say.
    #[error("not as many bytes as pixels")]
    Length,
    /// Not the first line, or a line that is not eight fields in their one spelling.
    #[error("not a text of glyphs")]
    Form,
    /// More than [`GLYPHS_MAX`] glyphs, or longer than [`TEXT_BYTES_MAX`].
    #[error("too many glyphs")]
    TooMany,
    /// Two for one character and size, or not in order.
    #[error("glyphs out of order")]
    Order,
}

/// The picture of a character at one size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glyph {
    /// The character.
    pub ch: char,
    /// Its size: pixels of an em, one of [`SIZES`].
    pub px: u8,
    /// Pixels of the picture from left to right.
    pub width: u8,
    /// Pixels of the picture from top to bottom.
    pub height: u8,
    /// Pixels from the pen to the picture's left edge.
    pub x: i8,
    /// Pixels from the base line up to the picture's bottom edge.
    pub y: i8,
    /// Pixels from this pen to the next.
    pub advance: u8,
    /// How much of each pixel is covered, 0 to 255, rows from the top: `width * height` bytes.
    pub alpha: Vec<u8>,
}

/// Whether a screen has to show something for it: no control character, no private one, nothing that has no shape.
#[must_use]
pub fn is_shown(ch: char) -> bool {
    !(ch.is_control() || matches!(ch, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..))
}

/// Whether the measures can be those of a character at that size.
fn measures_right(px: u8, width: u8, height: u8, x: i8, y: i8, advance: u8) -> bool {
    let near = |v: i8| v.unsigned_abs() <= px;
    let small = |v: u8| v <= px * 2;
    // A picture is empty both ways, or neither.
    SIZES.contains(&px)
        && [width, height, advance].into_iter().all(small)
        && [x, y].into_iter().all(near)
        && (width == 0) == (height == 0)
}

impl Glyph {
    /// Checks that all of it fits together.
    ///
    /// # Errors
    /// [`BadGlyph::Character`], [`BadGlyph::Measures`], [`BadGlyph::Length`].
    pub fn check(&self) -> Result<(), BadGlyph> {
        let Glyph { ch, px, width, height, x, y, advance, ref alpha } = *self;
        if !is_shown(ch) {
            return Err(BadGlyph::Character);
        }
        if !measures_right(px, width, height, x, y, advance) {
            return Err(BadGlyph::Measures);
        }
        let pixels = usize::from(width) * usize::from(height);
        if alpha.len() == pixels { Ok(()) } else { Err(BadGlyph::Length) }
    }

    /// Ten bytes and the alpha: code point (4, little-endian), `px`, `width`, `height`, `x`, `y`, `advance`.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEAD_BYTES + self.alpha.len());
        bytes.extend(u32::from(self.ch).to_le_bytes());
        bytes.extend([self.px, self.width, self.height]);
        bytes.extend(self.x.to_le_bytes());
        bytes.extend(self.y.to_le_bytes());
        bytes.push(self.advance);
        bytes.extend(&self.alpha);
        bytes
    }

    /// Reads what [`Glyph::to_bytes`] writes, and nothing else.
    ///
    /// # Errors
    /// As [`Glyph::check`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Glyph, BadGlyph> {
        let (head, alpha) = bytes.split_first_chunk::<HEAD_BYTES>().ok_or(BadGlyph::Length)?;
        let [c0, c1, c2, c3, px, width, height, x, y, advance] = *head;
        let ch = char::from_u32(u32::from_le_bytes([c0, c1, c2, c3]));
        let ch = ch.ok_or(BadGlyph::Character)?;
        let (x, y) = (i8::from_le_bytes([x]), i8::from_le_bytes([y]));
        let glyph = Glyph { ch, px, width, height, x, y, advance, alpha: alpha.to_vec() };
        glyph.check().map(|()| glyph)
    }

    /// One line of a text of glyphs, without its end.
    fn to_line(&self) -> String {
        let Glyph { ch, px, width, height, x, y, advance, alpha } = self;
        let code = u32::from(*ch);
        format!("{code:04x} {px} {width} {height} {x} {y} {advance} {}", base64(alpha))
    }

    /// Reads one such line.
    fn from_line(line: &str) -> Result<Glyph, BadGlyph> {
        let read = || {
            let mut fields = line.split(' ');
            let mut next = || fields.next();
            let ch = char::from_u32(u32::from_str_radix(next()?, 16).ok()?)?;
            let glyph = Glyph {
                ch,
                px: next()?.parse().ok()?,
                width: next()?.parse().ok()?,
                height: next()?.parse().ok()?,
                x: next()?.parse().ok()?,
                y: next()?.parse().ok()?,
                advance: next()?.parse().ok()?,
                alpha: from_base64(next()?)?,
            };
            // One spelling: no `+1`, no `007`, no ninth field.
            (glyph.to_line() == line).then_some(glyph)
        };
        let glyph = read().ok_or(BadGlyph::Form)?;
        glyph.check().map(|()| glyph)
    }
}

/// Checks that glyphs can go into one text: not too many, in order of character and size, each once.
fn check_all(glyphs: &[Glyph]) -> Result<(), BadGlyph> {
    if glyphs.len() > GLYPHS_MAX {
        return Err(BadGlyph::TooMany);
    }
    let in_order = glyphs.windows(2).all(|two| match two {
        [a, b] => (a.ch, a.px) < (b.ch, b.px),
        _ => true,
    });
    if in_order { glyphs.iter().try_for_each(Glyph::check) } else { Err(BadGlyph::Order) }
}

/// The text that an office signs ([`crate::note`]): [`FIRST_LINE`], then a line for each glyph, in order of character and size:
/// `<code point, hex> <px> <width> <height> <x> <y> <advance> <base64 of the alpha>`.
///
/// # Errors
/// [`BadGlyph`], when these glyphs cannot be said so.
pub fn to_text(glyphs: &[Glyph]) -> Result<String, BadGlyph> {
    check_all(glyphs)?;
    let mut text = format!("{FIRST_LINE}\n");
    for glyph in glyphs {
        text.push_str(&glyph.to_line());
        text.push('\n');
    }
    if text.len() > TEXT_BYTES_MAX { Err(BadGlyph::TooMany) } else { Ok(text) }
}

/// Reads what [`to_text`] writes, and nothing else.
///
/// # Errors
/// [`BadGlyph`].
pub fn from_text(text: &str) -> Result<Vec<Glyph>, BadGlyph> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(BadGlyph::TooMany);
    }
    let rest = text.strip_prefix(FIRST_LINE).and_then(|rest| rest.strip_prefix('\n'));
    let rest = rest.ok_or(BadGlyph::Form)?;
    if !rest.is_empty() && !rest.ends_with('\n') {
        return Err(BadGlyph::Form);
    }
    // One too many tells that there are too many.
    let lines = rest.split_terminator('\n').take(GLYPHS_MAX + 1);
    let glyphs: Vec<Glyph> = lines.map(Glyph::from_line).collect::<Result<_, _>>()?;
    check_all(&glyphs).map(|()| glyphs)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use alloc::string::ToString;
    use alloc::vec;
    use proptest::prelude::*;

    pub(crate) fn sample(ch: char, px: u8) -> Glyph {
        let alpha = (0..6).map(|i| i * 40 + px).collect();
        Glyph { ch, px, width: 2, height: 3, x: 1, y: -2, advance: px, alpha }
    }

    #[test]
    fn a_glyph_is_what_its_bytes_say() {
        let glyph = sample('明', 24);
        assert_eq!(Glyph::from_bytes(&glyph.to_bytes()), Ok(glyph.clone()));
        let space = Glyph { ch: ' ', width: 0, height: 0, alpha: vec![], ..glyph.clone() };
        assert_eq!(Glyph::from_bytes(&space.to_bytes()), Ok(space));

        let refused = |change: fn(&mut Glyph)| {
            let mut glyph = sample('明', 24);
            change(&mut glyph);
            Glyph::from_bytes(&glyph.to_bytes()).unwrap_err()
        };
        assert_eq!(refused(|g| g.px = 25), BadGlyph::Measures);
        assert_eq!(refused(|g| g.advance = 49), BadGlyph::Measures);
        assert_eq!(refused(|g| g.x = -25), BadGlyph::Measures);
        assert_eq!(refused(|g| g.width = 0), BadGlyph::Measures);
        assert_eq!(refused(|g| g.height = 2), BadGlyph::Length);
        assert_eq!(refused(|g| g.ch = '\n'), BadGlyph::Character);
        assert_eq!(refused(|g| g.ch = '\u{e001}'), BadGlyph::Character);
    }

    #[test]
    fn a_text_of_glyphs_has_one_spelling() {
        let glyphs = [sample('䶮', 24), sample('䶮', 32), sample('\u{20bb7}', 24)];
        let text = to_text(&glyphs).unwrap();
        assert!(text.starts_with("mingbai glyphs 1\n4dae 24 2 3 1 -2 24 "), "{text}");
        assert_eq!(from_text(&text).as_deref(), Ok(&glyphs[..]));
        assert_eq!(from_text("mingbai glyphs 1\n"), Ok(vec![]));

        let form = [
            text.replace("4dae 24", "4DAE 24"),
            text.replace("4dae 24", "04dae 24"),
            text.replace(" 24 2 3", " 24 2  3"),
            text.replace(" 24 2 3", " 24 +2 3"),
            text.replace(" -2 ", " -02 "),
            text.replace("glyphs 1", "glyphs 2"),
            text.replace('\n', "\r\n"),
            text.trim_end().to_string(),
            format!("{text}\n"),
            text.replacen("=\n", "\n", 1),
            text.replacen('\n', " 1\n", 2),
        ];
        // A base64 of six bytes has no padding: the tenth changes nothing.
        for bad in form.iter().filter(|bad| **bad != text) {
            assert_eq!(from_text(bad), Err(BadGlyph::Form), "{bad}");
        }
        let short = text.replacen(" 2 3 ", " 2 2 ", 1);
        assert_eq!(from_text(&short), Err(BadGlyph::Length));
    }

    #[test]
    fn a_text_of_glyphs_is_short_and_in_order() {
        let twice = [sample('明', 24), sample('明', 24)];
        assert_eq!(to_text(&twice), Err(BadGlyph::Order));
        let mut many: Vec<Glyph> =
            (0..65).filter_map(|i| char::from_u32(0x4e00 + i)).map(|c| sample(c, 24)).collect();
        assert_eq!(to_text(&many), Err(BadGlyph::TooMany));
        let lines: String = many.iter().map(|g| g.to_line() + "\n").collect();
        assert_eq!(from_text(&format!("{FIRST_LINE}\n{lines}")), Err(BadGlyph::TooMany));
        many.truncate(64);
        assert!(to_text(&many).is_ok());
        for glyph in &mut many {
            (glyph.px, glyph.width, glyph.height) = (32, 64, 64);
            glyph.alpha = vec![9; 64 * 64];
        }
        assert_eq!(to_text(&many), Err(BadGlyph::TooMany));
    }

    proptest! {
        #[test]
        fn no_bytes_break_it(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in "\\PC{0,200}") {
            if let Ok(glyph) = Glyph::from_bytes(&bytes) {
                prop_assert_eq!(glyph.to_bytes(), bytes);
            }
            let _ = from_text(&text);
            let _ = from_text(&format!("{FIRST_LINE}\n{text}\n"));
        }

        #[test]
        fn what_is_read_is_what_was_written(
            ch in any::<char>(), at in 0..2usize, (x, y) in (-24i8..=24, -24i8..=24), advance in 0u8..=48,
            (width, height) in (1u8..=48, 1u8..=48), seed in any::<u8>(),
        ) {
            let alpha = (0..u32::from(width) * u32::from(height)).map(|i| (i as u8).wrapping_mul(seed));
            let glyph = Glyph { ch, px: SIZES[at], width, height, x, y, advance, alpha: alpha.collect() };
            prop_assert_eq!(glyph.check().is_ok(), is_shown(ch));
            if is_shown(ch) {
                prop_assert_eq!(&Glyph::from_bytes(&glyph.to_bytes()).unwrap(), &glyph);
                let text = to_text(core::slice::from_ref(&glyph)).unwrap();
                prop_assert_eq!(from_text(&text).unwrap(), [glyph]);
            }
        }
    }
}
