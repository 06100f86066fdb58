//! QR: as SVG inside of a page; an address as a PNG too, so that a finger held on it in a phone's browser finds a real picture.

use std::fmt::Write as _;

use image::{ExtendedColorType, ImageEncoder, codecs::png::PngEncoder};
use qrcodegen::{QrCode, QrCodeEcc};

/// Pixels a module.
const SCALE: usize = 6;
/// Modules of white around the code (ISO/IEC 18004 asks for four).
const QUIET: usize = 4;
/// Bytes of an address: more than that makes a code too fine for a phone held in the hand.
const ADDRESS_MAX: usize = 300;

/// `address` as a black-and-white PNG; `None` when it is too long.
#[must_use]
pub fn png(address: &str) -> Option<Vec<u8>> {
    if address.len() > ADDRESS_MAX {
        return None;
    }
    let code = QrCode::encode_text(address, QrCodeEcc::Medium).ok()?;
    let modules = usize::try_from(code.size()).ok()?;
    let side = (modules + 2 * QUIET) * SCALE;
    let mut pixels = vec![0xff_u8; side * side];
    for (at, pixel) in pixels.iter_mut().enumerate() {
        let column = i32::try_from(at % side / SCALE).ok()? - i32::try_from(QUIET).ok()?;
        let row = i32::try_from(at / side / SCALE).ok()? - i32::try_from(QUIET).ok()?;
        if code.get_module(column, row) {
            *pixel = 0;
        }
    }
    let mut png = Vec::new();
    let side = u32::try_from(side).ok()?;
    PngEncoder::new(&mut png).write_image(&pixels, side, side, ExtendedColorType::L8).ok()?;
    Some(png)
}

/// `text` as an SVG; `None` when no code holds it.
#[must_use]
pub fn svg(text: &str) -> Option<String> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
    let quiet = i32::try_from(QUIET).ok()?;
    let side = code.size() + 2 * quiet;
    let mut path = String::new();
    for (row, column) in (0..code.size()).flat_map(|row| (0..code.size()).map(move |x| (row, x))) {
        if code.get_module(column, row) {
            let _infallible = write!(path, "M{} {}h1v1h-1z", column + quiet, row + quiet);
        }
    }
    let pixels = 5 * side;
    Some(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" width=\"{pixels}\" \
         height=\"{pixels}\" role=\"img\" aria-label=\"QR\" shape-rendering=\"crispEdges\">\
         <path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/><path fill=\"#000\" d=\"{path}\"/></svg>"
    ))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_picture_is_small_square_and_has_its_quiet_zone() {
        let png = png("http://192.168.1.10:8080/r/17").unwrap();
        assert!(png.len() < 4_000, "{} bytes", png.len());
        let picture = image::load_from_memory(&png).unwrap().to_luma8();
        assert_eq!(picture.width(), picture.height());
        let edge = u32::try_from(QUIET * SCALE).unwrap();
        assert!((0..edge).all(|at| picture.get_pixel(at, at).0 == [255]));
        assert_eq!(picture.get_pixel(edge, edge).0, [0]);
    }

    #[test]
    fn an_address_that_no_phone_could_read_is_refused() {
        assert!(png(&"a".repeat(ADDRESS_MAX + 1)).is_none());
    }
}
