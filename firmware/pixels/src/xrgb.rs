//! A pixel as the emulated board's display and the host have it, so that their frames can be compared byte by byte.

use slint::platform::software_renderer::{PremultipliedRgbaColor, TargetPixel};

/// 32-bit XRGB: red in bits 16 to 23, green in 8 to 15, blue in 0 to 7, the rest 0. In memory, little-endian, that is
/// the bytes blue, green, red, 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(transparent)]
pub struct Xrgb(pub u32);

impl Xrgb {
    /// Red, green and blue.
    #[must_use]
    pub fn rgb(self) -> [u8; 3] {
        let [blue, green, red, _] = self.0.to_le_bytes();
        [red, green, blue]
    }
}

impl TargetPixel for Xrgb {
    fn blend(&mut self, color: PremultipliedRgbaColor) {
        // Most of a glyph's pixels are all ink or none of it.
        match color.alpha {
            0 => {}
            u8::MAX => *self = Self::from_rgb(color.red, color.green, color.blue),
            alpha => {
                let Xrgb(new) = Self::from_rgb(color.red, color.green, color.blue);
                self.0 = dimmed(self.0, u32::from(u8::MAX - alpha)) + new;
            }
        }
    }

    fn blend_slice(pixels: &mut [Self], color: PremultipliedRgbaColor) {
        if color.alpha != u8::MAX {
            return pixels.iter_mut().for_each(|pixel| pixel.blend(color));
        }
        // Eight at a time: that is most of what a frame costs.
        let new = Self::from_rgb(color.red, color.green, color.blue);
        let (eights, rest) = pixels.as_chunks_mut::<8>();
        eights.fill([new; 8]);
        rest.fill(new);
    }

    fn from_rgb(red: u8, green: u8, blue: u8) -> Self {
        Xrgb(u32::from_le_bytes([blue, green, red, 0]))
    }
}

/// A pixel with each part times `left` by 255, rounded. Red and blue are counted together: they lie 16 bits apart.
fn dimmed(pixel: u32, left: u32) -> u32 {
    const LOW: u32 = 0x00ff_00ff;
    let by_255 = |parts: u32| {
        let parts = parts * left + 0x0080_0080;
        ((parts + ((parts >> 8) & LOW)) >> 8) & LOW
    };
    by_255(pixel & LOW) | (by_255((pixel >> 8) & 0xff) << 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_is_dimmed_and_rounded_alone() {
        for left in 0..=255 {
            for part in 0..=255 {
                let right = (part * left * 2 + 255) / 510;
                assert_eq!(dimmed(part * 0x0001_0101, left), right * 0x0001_0101, "{part} {left}");
                assert_eq!(dimmed((part << 16) | 0xff00, left), (right << 16) | (left << 8));
            }
        }
    }

    #[test]
    fn ink_covers_and_no_ink_leaves() {
        let ink = |alpha: u8| PremultipliedRgbaColor { red: alpha, green: 0, blue: 0, alpha };
        let paper = Xrgb::from_rgb(0xff, 0xfd, 0xf8);
        let blended = |alpha| {
            let mut pixel = paper;
            pixel.blend(ink(alpha));
            pixel.rgb()
        };
        assert_eq!(blended(0), paper.rgb());
        assert_eq!(blended(255), [255, 0, 0]);
        assert_eq!(blended(128), [255, 126, 124]);
        // No part runs over into the next.
        assert!((0..=255).all(|alpha| blended(alpha)[0] == 255));
        assert_eq!(paper.0.to_le_bytes(), [0xf8, 0xfd, 0xff, 0]);
    }
}
