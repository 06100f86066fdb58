//! Pictures of characters for boards, which have no font: drawn from Debian's `fonts-noto-cjk`, one at a time for what a
//! board's pack lacks, and a whole pack for its flash.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::OnceLock;

use ab_glyph::{Font, FontVec, PxScale};
use ledger::glyph::{self, Glyph, Metrics, SIZES, is_shown};

use crate::error::{Error, Result};

/// Where Debian puts the collection.
const FONT: &str = "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc";
/// The face in it: simplified Chinese shapes.
const FAMILY: &str = "Noto Sans CJK SC";
/// Name table id of the family name (OpenType `name` table).
const FAMILY_NAME: u16 = 1;
/// What a board's screen says that GB 2312 has not.
const BESIDES: &str = "〇▼◀▶‹›✓¥•–—‘’“”…·②③℃㎡³²™©®";

/// The face, opened.
struct Face {
    font: FontVec,
    em: f32,
    metrics: Metrics,
}

impl Face {
    /// Opens the collection and finds the face by its name.
    fn open(path: &Path) -> Option<Face> {
        let data = std::fs::read(path).ok()?;
        let wanted: Vec<u8> = FAMILY.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let count = ttf_parser::fonts_in_collection(&data).unwrap_or(1);
        let (index, metrics) = (0..count).find_map(|index| {
            let face = ttf_parser::Face::parse(&data, index).ok()?;
            let named = face.names().into_iter().any(|name| {
                name.name_id == FAMILY_NAME && name.is_unicode() && name.name == wanted
            });
            named.then(|| (index, metrics(&face)))
        })?;
        let font = FontVec::try_from_vec_and_index(data, index).ok()?;
        Some(Face { em: font.units_per_em()?, metrics, font })
    }

    /// The picture of a character, if the face has one.
    fn draw(&self, ch: char, px: u8) -> Option<Glyph> {
        let id = self.font.glyph_id(ch);
        if id.0 == 0 || !is_shown(ch) {
            return None;
        }
        // The type's size is its em; ab_glyph's is from ascent to descent.
        let scale = PxScale::from(f32::from(px) * self.font.height_unscaled() / self.em);
        let advance = self.font.h_advance_unscaled(id) * f32::from(px) / self.em;
        let mut glyph = Glyph {
            ch,
            px,
            width: 0,
            height: 0,
            x: 0,
            y: 0,
            advance: whole(advance)?,
            alpha: Vec::new(),
        };
        if let Some(outline) = self.font.outline_glyph(id.with_scale(scale)) {
            let bounds = outline.px_bounds();
            (glyph.width, glyph.height) = (whole(bounds.width())?, whole(bounds.height())?);
            (glyph.x, glyph.y) = (whole(bounds.min.x)?, whole(-bounds.max.y)?);
            glyph.alpha.resize(usize::from(glyph.width) * usize::from(glyph.height), 0);
            let width = usize::from(glyph.width);
            outline.draw(|x, y, covered| {
                let at = (y as usize) * width + x as usize;
                if let Some(alpha) = glyph.alpha.get_mut(at) {
                    *alpha = (covered.clamp(0.0, 1.0) * 255.0).round() as u8;
                }
            });
        }
        glyph.check().ok().map(|()| glyph)
    }
}

/// A number of pixels as a glyph holds it.
fn whole<N: TryFrom<i16>>(pixels: f32) -> Option<N> {
    N::try_from(pixels.round() as i16).ok()
}

/// How the face stands on a line.
fn metrics(face: &ttf_parser::Face<'_>) -> Metrics {
    let em = i32::from(face.units_per_em()).max(1);
    let thousandths = |n: i16| i16::try_from(i32::from(n) * 1000 / em).unwrap_or_default();
    Metrics {
        ascent: thousandths(face.ascender()),
        descent: thousandths(face.descender()),
        x_height: thousandths(face.x_height().unwrap_or_default()),
        cap_height: thousandths(face.capital_height().unwrap_or_default()),
    }
}

/// The face, opened once; `None` where the fonts are not installed.
fn face() -> Option<&'static Face> {
    static FACE: OnceLock<Option<Face>> = OnceLock::new();
    FACE.get_or_init(|| Face::open(Path::new(FONT))).as_ref()
}

/// The picture of a character at one of [`SIZES`]; `None` when the font has none, or is not installed.
#[must_use]
pub fn rasterise(ch: char, px: u8) -> Option<Glyph> {
    face()?.draw(ch, px)
}

/// The characters of a pack: ASCII, GB 2312 and [`BESIDES`].
#[must_use]
pub fn characters() -> BTreeSet<char> {
    let ascii = ' '..='~';
    // EUC-CN: rows and columns from 0xa1. GB 2312 fills rows 1 to 9 and 16 to 87.
    let rows = (0xa1..=0xa9u8).chain(0xb0..=0xf7);
    let pairs = rows.flat_map(|row| (0xa1..=0xfeu8).map(move |column| [row, column]));
    let gb2312 = pairs.filter_map(|pair| {
        let text = encoding_rs::GBK
            .decode_without_bom_handling_and_without_replacement(&pair)?
            .into_owned();
        text.chars().next()
    });
    ascii.chain(gb2312).chain(BESIDES.chars()).filter(|ch| is_shown(*ch)).collect()
}

/// A pack for a board's flash, as [`ledger::glyph::Pack`] reads it.
///
/// # Errors
/// When the fonts are not installed.
pub fn pack() -> Result<Vec<u8>> {
    let refused = |why: &str| Error::refused("no-font", why.to_owned());
    let face = face().ok_or_else(|| {
        refused("没有中文字体：请先安装 fonts-noto-cjk（apt-get install fonts-noto-cjk）")
    })?;
    let mut glyphs = Vec::new();
    for ch in characters() {
        // Either at every size, or not at all.
        let drawn: Option<Vec<Glyph>> = SIZES.iter().map(|px| face.draw(ch, *px)).collect();
        glyphs.extend(drawn.into_iter().flatten());
    }
    glyph::write(face.metrics, &glyphs).map_err(|bad| Error::Corrupt(format!("字库：{bad}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ledger::glyph::Pack;

    #[test]
    fn a_pack_has_all_of_gb_2312_as_it_is_drawn() {
        let bytes = pack().unwrap();
        let pack = Pack::read(&bytes).unwrap();
        // 682 signs and 6,763 characters, and ASCII.
        assert!(pack.len() >= 682 + 6763 + 95, "{}", pack.len());
        for ch in characters() {
            assert!(pack.find(ch).is_some(), "{ch} {:x}", u32::from(ch));
        }
        for ch in ['啊', '齄', '明', 'A', '，', '▲', '¥', '\u{3000}'] {
            for px in SIZES {
                let (drawn, packed) = (rasterise(ch, px).unwrap(), pack.glyph(ch, px).unwrap());
                assert_eq!((drawn.alpha.as_slice(), drawn.x), (packed.alpha, packed.x), "{ch}");
            }
        }
        assert_eq!((pack.find('䶮'), pack.find('\u{e001}')), (None, None));
    }

    #[test]
    fn a_rare_character_is_drawn_and_nothing_else_is() {
        let glyph = rasterise('䶮', 24).unwrap();
        assert!((18..=26).contains(&glyph.height) && glyph.advance == 24, "{glyph:?}");
        assert!(glyph.alpha.iter().any(|a| *a > 200));
        assert_eq!(rasterise('\u{e001}', 24), None);
        assert_eq!(rasterise('\n', 24), None);
        assert_eq!(rasterise('明', 25), None);
        let space = rasterise(' ', 32).unwrap();
        assert_eq!((space.width, space.alpha.len()), (0, 0));
    }
}
