//! Any bytes as a glyph, as a pack of them, and as the text that an office signs.
#![no_main]
use ledger::glyph::{Glyph, Pack, SIZES, from_text, to_text};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(glyph) = Glyph::from_bytes(bytes) {
        assert_eq!(glyph.to_bytes(), bytes);
    }
    if let Ok(pack) = Pack::read(bytes) {
        for at in 0..pack.len() {
            let _ = SIZES.map(|px| pack.at(at, px));
        }
    }
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(glyphs) = from_text(text)
    {
        assert_eq!(to_text(&glyphs).as_deref(), Ok(text));
    }
});
