//! Pictures: JPEG thumbnails, whose hash was signed with the receipt, as pixels.

use alloc::vec;

use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use crate::pages::Picture;

/// Pixels of the longest side: a thumbnail has 320.
pub const SIDE_MAX: usize = 512;
/// Bytes of the largest file.
pub const BYTES_MAX: usize = 64 * 1024;

/// The picture in a JPEG file; none if it is no such file, or too large.
pub fn decode(bytes: &[u8]) -> Option<Picture> {
    let options = DecoderOptions::default()
        .set_max_width(SIDE_MAX)
        .set_max_height(SIDE_MAX)
        .jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().ok()?;
    let info = decoder.info()?;
    let mut rgb = vec![0; decoder.output_buffer_size()?];
    decoder.decode_into(&mut rgb).ok()?;
    let size = (u32::from(info.width), u32::from(info.height));
    let whole = rgb.len() == 3 * usize::from(info.width) * usize::from(info.height);
    whole.then_some(Picture { size, rgb })
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn no_bytes_panic_the_decoder(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
            let mut file = vec![0xFF, 0xD8];
            file.extend(bytes);
            let _ = decode(&file);
        }
    }
}
