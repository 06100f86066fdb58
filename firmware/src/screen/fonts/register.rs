//! Tells Slint of a font. The names used here are Slint's own, promised to nobody (slint-ui/slint#9621), and are used
//! nowhere else: hence one exact version of `i-slint-core`.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use i_slint_core::graphics::{BitmapFont, BitmapGlyph, BitmapGlyphs, CharacterMapEntry};
use i_slint_core::slice::Slice;
use i_slint_core::window::WindowAdapter;
use ledger::glyph::{Metrics, PackGlyph, SIZES};
use slint::platform::software_renderer::MinimalSoftwareWindow;

/// Leaves a table where it is for good.
fn keep<T>(table: Vec<T>) -> Slice<'static, T> {
    let table: &'static [T] = Box::leak(table.into_boxed_slice());
    Slice::from_slice(table)
}

/// A glyph as Slint wants it: places in 64ths of a pixel; the alpha stays where it is.
fn bitmap(glyph: &PackGlyph<'static>) -> BitmapGlyph {
    BitmapGlyph {
        x: i16::from(glyph.x) * 64,
        y: i16::from(glyph.y) * 64,
        width: i16::from(glyph.width),
        height: i16::from(glyph.height),
        x_advance: i16::from(glyph.advance) * 64,
        data: Slice::from_slice(glyph.alpha),
    }
}

/// Makes a font known by its name. The characters rise, and are fewer than 65,535; `glyph` gives the picture of each
/// at one of [`SIZES`].
pub(super) fn register(
    window: &MinimalSoftwareWindow,
    name: &str,
    metrics: Metrics,
    characters: &[(char, Option<usize>)],
    glyph: impl Fn((char, Option<usize>), u8) -> PackGlyph<'static>,
) {
    let entry = |(at, (ch, _)): (usize, &(char, _))| {
        let glyph_index = u16::try_from(at).ok()?;
        Some(CharacterMapEntry { code_point: *ch, glyph_index })
    };
    let table = |px: u8| BitmapGlyphs {
        pixel_size: i16::from(px),
        glyph_data: keep(characters.iter().map(|which| bitmap(&glyph(*which, px))).collect()),
    };
    let font: &'static BitmapFont = Box::leak(Box::new(BitmapFont {
        family_name: keep(String::from(name).into_bytes()),
        character_map: keep(characters.iter().enumerate().map_while(entry).collect()),
        units_per_em: 1000.0,
        ascent: f32::from(metrics.ascent),
        descent: f32::from(metrics.descent),
        x_height: f32::from(metrics.x_height),
        cap_height: f32::from(metrics.cap_height),
        glyphs: keep(SIZES.into_iter().map(table).collect()),
        weight: 400,
        italic: false,
        sdf: false,
    }));
    window.renderer().register_bitmap_font(font);
}
