//! Pixels, and what is done with many of them in a frame: a crate of its own, so that a board's program has this compiled for
//! speed and all else for size.
#![no_std]
#![forbid(unsafe_code)]

mod xrgb;

pub use xrgb::Xrgb;

use slint::Color;
use slint::platform::software_renderer::{PremultipliedRgbaColor, Rgb565Pixel, TargetPixel};

/// A pixel of a board's display.
pub trait Pixel: TargetPixel + 'static {
    /// Colours a row.
    fn fill(row: &mut [Self], color: PremultipliedRgbaColor);

    /// Draws a row of a glyph: each pixel is covered by so many of 255 parts.
    fn ink(row: &mut [Self], covers: &[u8], color: Color);
}

impl Pixel for Xrgb {
    fn fill(row: &mut [Self], color: PremultipliedRgbaColor) {
        Self::blend_slice(row, color);
    }

    fn ink(row: &mut [Self], covers: &[u8], color: Color) {
        ink(row, covers, color);
    }
}

impl Pixel for Rgb565Pixel {
    fn fill(row: &mut [Self], color: PremultipliedRgbaColor) {
        Self::blend_slice(row, color);
    }

    fn ink(row: &mut [Self], covers: &[u8], color: Color) {
        ink(row, covers, color);
    }
}

/// Most pixels are covered wholly, or not at all.
fn ink<P: TargetPixel>(row: &mut [P], covers: &[u8], color: Color) {
    let (red, green, blue) = (color.red(), color.green(), color.blue());
    let full = P::from_rgb(red, green, blue);
    for (pixel, alpha) in row.iter_mut().zip(covers.iter().copied()) {
        let part = |part: u8| (u16::from(part) * u16::from(alpha) / 255) as u8;
        match alpha {
            0 => {}
            u8::MAX => *pixel = full,
            _ => pixel.blend(PremultipliedRgbaColor {
                red: part(red),
                green: part(green),
                blue: part(blue),
                alpha,
            }),
        }
    }
}
