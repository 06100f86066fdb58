//! Pictures from outside: decoded within limits before anyone else looks at them.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::metadata::Orientation;
use image::{DynamicImage, GrayImage, ImageDecoder, ImageFormat, ImageReader, Limits};
use ledger::content::ImageRef;
use ledger::hash::sha256;

use crate::error::{Error, Result};

/// Bytes of the largest image file.
pub const IMAGE_BYTES_MAX: usize = 8 << 20;
/// Pixels of the largest image.
pub const PIXELS_MAX: u64 = 40_000_000;
/// Long edge of a public picture, pixels (docs/FORMATS.md).
const PICTURE_EDGE: u32 = 2000;
/// Long edge of a thumbnail, pixels (docs/FORMATS.md).
const THUMB_EDGE: u32 = 320;
/// JPEG quality, 1 to 100.
const QUALITY: u8 = 82;

/// A picture made from what an editor sent, ready to be named by a content object.
#[derive(Debug)]
pub struct Prepared {
    /// What the content object says of it.
    pub image: ImageRef,
    /// The public picture, JPEG.
    pub picture: Vec<u8>,
    /// Its thumbnail, JPEG.
    pub thumb: Vec<u8>,
}

/// Checks that a file is a JPEG that decodes, within the limits, and carries no hidden data (a
/// place, a time, a phone's number). Answers its width and height in pixels. Takes CPU: blocks.
///
/// # Errors
/// `bad-image` says which.
pub fn check(bytes: &[u8]) -> Result<(u32, u32)> {
    if bytes.len() > IMAGE_BYTES_MAX {
        return Err(bad("图片超过 8 MiB"));
    }
    if has_exif(bytes) {
        return Err(bad("图片带有拍摄信息（EXIF），请用上传程序处理后再传"));
    }
    let (picture, _) = decode(bytes, Some(ImageFormat::Jpeg))?;
    Ok((picture.width(), picture.height()))
}

/// The grey picture of a public JPEG, its long edge at most `edge` pixels. Takes CPU: blocks.
///
/// # Errors
/// `bad-image` when it cannot be read.
pub fn grey(bytes: &[u8], edge: u32) -> Result<GrayImage> {
    let (picture, _) = decode(bytes, Some(ImageFormat::Jpeg))?;
    Ok(fit(DynamicImage::ImageLuma8(picture.into_luma8()), edge).into_luma8())
}

/// Makes the public picture and thumbnail of a JPEG, PNG or WebP: turned upright, bounded, all
/// metadata dropped. Takes CPU: blocks.
///
/// # Errors
/// `bad-image` when it cannot be read.
pub fn prepare(bytes: &[u8]) -> Result<Prepared> {
    let (mut picture, orientation) = decode(bytes, None)?;
    picture.apply_orientation(orientation);
    let picture = DynamicImage::ImageRgb8(picture.into_rgb8());
    let picture = fit(picture, PICTURE_EDGE);
    let (width, height) = (picture.width(), picture.height());
    let thumb = encode(&fit(picture.clone(), THUMB_EDGE))?;
    let picture = encode(&picture)?;
    let image = ImageRef {
        sha256: sha256(&picture),
        thumb: sha256(&thumb),
        width,
        height,
        bytes: picture.len() as u64,
        covered: Vec::new(),
    };
    Ok(Prepared { image, picture, thumb })
}

fn bad(message: impl Into<String>) -> Error {
    Error::refused("bad-image", message)
}

fn decode(bytes: &[u8], only: Option<ImageFormat>) -> Result<(DynamicImage, Orientation)> {
    // A decoder of foreign bytes that panics is one refused picture, not a stopped server.
    let decoded = catch_unwind(AssertUnwindSafe(|| decode_trusting(bytes, only)));
    decoded.unwrap_or_else(|_| Err(bad("图片无法解码")))
}

fn decode_trusting(bytes: &[u8], only: Option<ImageFormat>) -> Result<(DynamicImage, Orientation)> {
    let unreadable = |e: image::ImageError| bad(format!("图片无法解码：{e}"));
    let mut reader = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .map_err(|_| bad("图片无法读取"))?;
    if only.is_some() && reader.format() != only {
        return Err(bad("图片不是 JPEG"));
    }
    let mut limits = Limits::default();
    limits.max_alloc = Some(PIXELS_MAX * 4);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(unreadable)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > PIXELS_MAX {
        return Err(bad("图片超过 4000 万像素"));
    }
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let picture = DynamicImage::from_decoder(decoder).map_err(unreadable)?;
    Ok((picture, orientation))
}

fn fit(picture: DynamicImage, edge: u32) -> DynamicImage {
    if picture.width().max(picture.height()) <= edge {
        return picture;
    }
    picture.resize(edge, edge, FilterType::CatmullRom)
}

fn encode(picture: &DynamicImage) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    picture
        .write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, QUALITY))
        .map_err(|e| bad(format!("图片无法保存：{e}")))?;
    Ok(bytes)
}

/// Whether a JPEG has an EXIF segment (APP1) before its picture data.
fn has_exif(bytes: &[u8]) -> bool {
    let mut rest = bytes.get(2..).unwrap_or_default();
    while let [0xFF, marker, high, low, ..] = *rest {
        if marker == 0xDA {
            return false; // the picture begins
        }
        let length = usize::from(u16::from_be_bytes([high, low]));
        if marker == 0xE1 && rest.get(4..8) == Some(b"Exif") {
            return true;
        }
        rest = rest.get(2 + length.max(2)..).unwrap_or_default();
    }
    false
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A small JPEG that differs with `n`.
    pub(crate) fn jpeg(n: u8) -> Vec<u8> {
        let picture = image::RgbImage::from_fn(40, 30, |x, y| {
            image::Rgb([n, u8::try_from(x * 5).unwrap(), u8::try_from(y * 7).unwrap()])
        });
        encode(&DynamicImage::ImageRgb8(picture)).unwrap()
    }

    #[test]
    fn a_jpeg_passes_and_anything_else_does_not() {
        assert_eq!(check(&jpeg(1)).unwrap(), (40, 30));
        let mut png = Vec::new();
        let picture = DynamicImage::new_rgb8(4, 4);
        picture.write_to(&mut Cursor::new(&mut png), ImageFormat::Png).unwrap();
        for not in [&png[..], b"", b"\xFF\xD8", b"GIF89a", &jpeg(1)[..100]] {
            assert_eq!(check(not).unwrap_err().code(), "bad-image");
        }
    }

    #[test]
    fn a_picture_with_hidden_data_is_refused() {
        let mut bytes = jpeg(1);
        let exif = b"\xFF\xE1\x00\x0AExif\0\0\0\0";
        bytes.splice(2..2, exif.iter().copied());
        assert!(check(&bytes).unwrap_err().to_string().contains("EXIF"));
    }

    #[test]
    fn a_picture_of_too_many_pixels_is_refused_before_it_is_decoded() {
        let mut bytes = jpeg(1);
        let frame = bytes.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
        bytes[frame + 5..frame + 9].copy_from_slice(&[0xF0, 0, 0xF0, 0]);
        assert_eq!(check(&bytes).unwrap_err().code(), "bad-image");
    }

    #[test]
    fn an_editors_photo_is_bounded_and_can_be_published() {
        let mut bytes = Vec::new();
        let big = DynamicImage::new_rgb8(3000, 1500);
        big.write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png).unwrap();
        let made = prepare(&bytes).unwrap();
        assert_eq!(check(&made.picture).unwrap(), (2000, 1000));
        assert_eq!(check(&made.thumb).unwrap(), (320, 160));
        assert_eq!(made.image.sha256, sha256(&made.picture));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic_the_checks(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300)) {
            let _ = (check(&bytes), prepare(&bytes), has_exif(&bytes));
        }

        #[test]
        fn a_damaged_jpeg_never_panics(at in 0usize..700, to: u8) {
            let mut bytes = jpeg(9);
            let at = at % bytes.len();
            bytes[at] = to;
            let _ = check(&bytes);
        }
    }
}
