//! Pictures: JPEG thumbnails, whose hash was signed with the receipt, as pixels.

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
    let mut picture = Picture::new(info.width.into(), info.height.into());
    let bytes = picture.make_mut_bytes();
    // Grey ones too come as three bytes a pixel.
    (decoder.output_buffer_size()? == bytes.len()).then_some(())?;
    decoder.decode_into(bytes).ok()?;
    Some(picture)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn colours_and_greys_come_as_they_are() {
        let near = |picture: &Picture, x: usize, wanted: [u8; 3]| {
            let pixel = picture.as_slice()[8 * 24 + x];
            let parts = [pixel.r, pixel.g, pixel.b].into_iter().zip(wanted);
            parts.into_iter().all(|(part, wanted)| part.abs_diff(wanted) < 8)
        };
        let colour = decode(include_bytes!("picture/colour.jpg")).unwrap();
        assert_eq!((colour.width(), colour.height()), (24, 16));
        assert!(near(&colour, 2, [200, 30, 40]) && near(&colour, 21, [20, 40, 180]));
        let grey = decode(include_bytes!("picture/grey.jpg")).unwrap();
        assert!(near(&grey, 2, [60; 3]) && near(&grey, 21, [220; 3]));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic_the_decoder(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
            let mut file = vec![0xFF, 0xD8];
            file.extend(bytes);
            let _ = decode(&file);
        }
    }
}
