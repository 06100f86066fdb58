//! Draws a frame. Slint's renderer is compiled once for each kind of pixel, in the crate that names one; it is here that both
//! are named, so that a board's program has this compiled for speed and all else for size.
#![no_std]
#![forbid(unsafe_code)]

mod frame;
mod xrgb;

use slint::platform::software_renderer::Rgb565Pixel;
pub use xrgb::Xrgb;

use frame::Frame;
use slint::platform::software_renderer::{PhysicalRegion, SoftwareRenderer, TargetPixel};

/// A pixel of a board's display.
pub trait Pixel: TargetPixel + 'static {
    /// Draws what changed into a frame that holds what was drawn before, with so many pixels in a row; what changed.
    fn render(renderer: &SoftwareRenderer, frame: &mut [Self], row: usize) -> PhysicalRegion;
}

impl Pixel for Xrgb {
    fn render(renderer: &SoftwareRenderer, frame: &mut [Self], row: usize) -> PhysicalRegion {
        renderer.render_into_buffer(&mut Frame { pixels: frame, row })
    }
}

impl Pixel for Rgb565Pixel {
    fn render(renderer: &SoftwareRenderer, frame: &mut [Self], row: usize) -> PhysicalRegion {
        renderer.render_into_buffer(&mut Frame { pixels: frame, row })
    }
}
