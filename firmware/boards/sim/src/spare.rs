//! The spare pack, which lies in every firmware and is used where the one in flash is damaged: cut out of a whole pack,
//! with 16 steps of alpha, and deflated.

use ledger::glyph::{BadPack, Glyph, Pack, SIZES, write};
use miniz_oxide::deflate::compress_to_vec;
use std::collections::BTreeSet;

/// What numbers, days, codes and ways need, and the words for what is wrong (ui/widgets/bar.slint).
const CHARACTERS: &str = " 0123456789.,:/-ABCDEFGHIJKLMNOPQRSTUVWXYZ\u{3000}·…年月日元‹›▲▼返回首页\
                          字库坏了，请联系镇里。有个字无法显示";
/// The best that deflating does.
const LEVEL: u8 = 10;

/// Makes it; characters that the pack lacks are left out.
///
/// # Errors
/// [`BadPack`].
pub fn spare(pack: &[u8]) -> Result<Vec<u8>, BadPack> {
    let pack = Pack::read(pack)?;
    let mut glyphs = Vec::new();
    for ch in CHARACTERS.chars().collect::<BTreeSet<_>>() {
        let sizes = SIZES.into_iter().filter_map(|px| Some((px, pack.glyph(ch, px)?)));
        glyphs.extend(sizes.map(|(px, glyph)| Glyph {
            ch,
            px,
            width: glyph.width,
            height: glyph.height,
            x: glyph.x,
            y: glyph.y,
            advance: glyph.advance,
            alpha: glyph.alpha.iter().map(|alpha| alpha.saturating_add(8) / 17 * 17).collect(),
        }));
    }
    Ok(compress_to_vec(&write(pack.metrics(), &glyphs)?, LEVEL))
}
