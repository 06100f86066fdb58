//! The QR code of an address: one pixel a module, the quiet zone included, to be drawn at whole multiples.

use qrcodegen::{QrCode, QrCodeEcc};
use slint::{Image, Rgb8Pixel, SharedPixelBuffer};

/// Modules of white that ISO/IEC 18004 wants around a code.
const QUIET: u32 = 4;

/// Draws `text`; `None` when it is too long for a code (2,331 bytes at this level of correction).
#[must_use]
pub fn draw(text: &str) -> Option<Image> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
    let modules = u32::try_from(code.size()).ok()?;
    let side = modules + 2 * QUIET;
    let mut picture = SharedPixelBuffer::<Rgb8Pixel>::new(side, side);
    let quiet = i32::try_from(QUIET).ok()?;
    let places = (0..side).flat_map(|y| (0..side).map(move |x| (x, y)));
    for (pixel, (x, y)) in picture.make_mut_slice().iter_mut().zip(places) {
        let (x, y) = (i32::try_from(x).ok()? - quiet, i32::try_from(y).ok()? - quiet);
        let tone = if code.get_module(x, y) { 0 } else { 255 };
        *pixel = Rgb8Pixel { r: tone, g: tone, b: tone };
    }
    Some(Image::from_rgb8(picture))
}
