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
        let left = u32::from(u8::MAX - color.alpha);
        let mix = |old: u8, new: u8| ((u32::from(old) * left / 255) as u8).saturating_add(new);
        let [red, green, blue] = self.rgb();
        *self = Self::from_rgb(mix(red, color.red), mix(green, color.green), mix(blue, color.blue));
    }

    fn from_rgb(red: u8, green: u8, blue: u8) -> Self {
        Xrgb(u32::from_le_bytes([blue, green, red, 0]))
    }
}
