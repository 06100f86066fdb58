//! A frame as Slint's renderer sees it. What is drawn most is drawn here: the background and glyphs as large as they are; all
//! else Slint draws, row by row. Its names for that are marked as experimental: hence one exact version of the renderer.

use i_slint_renderer_software::{
    DrawTextureArgs, PhysicalRegion, PremultipliedRgbaColor, RenderingRotation, TargetPixelBuffer,
    TexturePixelFormat,
};
use pixels::Pixel;
use slint::Brush;

/// Pixels, and how many are in a row.
pub struct Frame<'f, P> {
    pub pixels: &'f mut [P],
    pub row: usize,
}

impl<P: Pixel> TargetPixelBuffer for Frame<'_, P> {
    type TargetPixel = P;

    fn line_slice(&mut self, line: usize) -> &mut [P] {
        &mut self.pixels[line * self.row..][..self.row]
    }

    fn num_lines(&self) -> usize {
        self.pixels.len() / self.row
    }

    fn fill_background(&mut self, brush: &Brush, region: &PhysicalRegion) -> bool {
        let color = PremultipliedRgbaColor::from(brush.color());
        for (place, size) in region.iter() {
            let (left, top) = (place.x as usize, place.y as usize);
            for line in top..top + size.height as usize {
                P::fill(&mut self.line_slice(line)[left..][..size.width as usize], color);
            }
        }
        color.alpha == u8::MAX
    }

    fn draw_texture(&mut self, texture: &DrawTextureArgs, clip: &PhysicalRegion) -> bool {
        let source = texture.source();
        let glyph = matches!(source.pixel_format, TexturePixelFormat::AlphaMap)
            && matches!(texture.rotation, RenderingRotation::NoRotation)
            && texture.alpha == u8::MAX
            && (source.width as usize, source.height as usize)
                == (texture.dst_width, texture.dst_height);
        let (Some(color), true, None) = (texture.colorize, glyph, &texture.tiling) else {
            return false;
        };
        for (place, size) in clip.iter() {
            let (left, right) = both(place.x, size.width, texture.dst_x, texture.dst_width);
            let (top, bottom) = both(place.y, size.height, texture.dst_y, texture.dst_height);
            for line in top..bottom {
                let first = (line - texture.dst_y) as usize * source.byte_stride;
                let covers = &source.data[first + (left - texture.dst_x) as usize..];
                let pixels = &mut self.line_slice(line as usize)[left as usize..right as usize];
                P::ink(pixels, covers, color);
            }
        }
        true
    }
}

/// Where both of two stretches are; it ends where it begins if they are apart.
fn both(from: i32, length: u32, other: isize, other_length: usize) -> (isize, isize) {
    let begin = (from as isize).max(other);
    let end = (from as isize + length as isize).min(other + other_length as isize);
    (begin, end.max(begin))
}
