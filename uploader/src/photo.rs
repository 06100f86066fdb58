//! A photo: bounded, decoded, turned upright, and made into the public picture and its thumbnail without any metadata.

use crate::guard;
use crate::say;
use fast_image_resize as fir;
use image::{DynamicImage, GrayImage, ImageDecoder, ImageReader, RgbImage, metadata::Orientation};
use ledger::hash::{Hash, sha256};
use std::fs::File;
use std::io::{Cursor, Read};
use std::path::Path;
use std::time::Duration;

/// Bytes of the largest photo file.
pub const PHOTO_BYTES_MAX: u64 = 64 << 20;
/// Pixels of the largest photo.
pub const PHOTO_PIXELS_MAX: u64 = 64_000_000;
/// Pixels of the smallest edge of a photo that can show a receipt.
const PHOTO_EDGE_MIN: u32 = 32;
/// Bytes that a decoder may take beside the pixels.
const DECODER_BYTES_MAX: u64 = 512 << 20;
/// Pixels of the public picture's long edge; facts measured: text and codes stay legible at about 135 kB.
const PICTURE_EDGE: u32 = 2000;
/// Pixels of the thumbnail's long edge.
const THUMB_EDGE: u32 = 320;
const PICTURE_QUALITY: f32 = 70.0;
const THUMB_QUALITY: f32 = 65.0;
/// The longest that decoding or encoding one photo may take.
const DEADLINE: Duration = Duration::from_secs(60);

/// Why a photo was refused.
#[derive(Debug)]
pub enum BadPhoto {
    /// The file cannot be read.
    Unreadable(std::io::Error),
    /// More bytes than [`PHOTO_BYTES_MAX`].
    TooLarge,
    /// More pixels than [`PHOTO_PIXELS_MAX`].
    TooManyPixels(u64),
    /// Too small to show anything.
    TooSmall,
    /// Not a JPEG, PNG or WebP file.
    Format,
    /// It breaks off or is damaged.
    Damaged,
}

impl std::fmt::Display for BadPhoto {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&match self {
            BadPhoto::Unreadable(error) => match error.kind() {
                std::io::ErrorKind::NotFound => say!("没有这个文件"),
                std::io::ErrorKind::PermissionDenied => say!("没有权限读这个文件"),
                _ => say!("文件读不出来：{why}", why = error),
            },
            BadPhoto::TooLarge => {
                say!("文件太大，最多 {mib} MiB", mib = PHOTO_BYTES_MAX >> 20)
            }
            BadPhoto::TooManyPixels(pixels) => say!(
                "照片太大：{pixels} 百万像素，最多 {most} 百万像素",
                pixels = pixels.div_ceil(1_000_000),
                most = PHOTO_PIXELS_MAX / 1_000_000
            ),
            BadPhoto::TooSmall => say!("照片太小，看不清票据"),
            BadPhoto::Format => say!("不是照片文件（支持 JPEG、PNG、WebP）"),
            BadPhoto::Damaged => say!("照片已损坏，请重新拍摄或拷贝"),
        })
    }
}

/// The bytes of a photo file, read whole within bounds.
pub struct PhotoFile {
    bytes: Vec<u8>,
    /// SHA-256 of the file: the same file is known again by it.
    pub hash: Hash,
}

/// A decoded photo.
pub struct Photo {
    pixels: RgbImage,
    orientation: Orientation,
}

/// One JPEG ready for the public.
pub struct Jpeg {
    /// The file.
    pub bytes: Vec<u8>,
    /// SHA-256 of the file.
    pub hash: Hash,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
}

impl PhotoFile {
    /// Reads the file.
    ///
    /// # Errors
    /// [`BadPhoto::Unreadable`], [`BadPhoto::TooLarge`].
    pub fn read(path: &Path) -> Result<PhotoFile, BadPhoto> {
        let file = File::open(path).map_err(BadPhoto::Unreadable)?;
        let mut bytes = Vec::new();
        file.take(PHOTO_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(BadPhoto::Unreadable)?;
        PhotoFile::of(bytes)
    }

    /// Takes the bytes as they came.
    ///
    /// # Errors
    /// [`BadPhoto::TooLarge`].
    pub fn of(bytes: Vec<u8>) -> Result<PhotoFile, BadPhoto> {
        if bytes.len() as u64 > PHOTO_BYTES_MAX {
            return Err(BadPhoto::TooLarge);
        }
        let hash = sha256(&bytes);
        Ok(PhotoFile { bytes, hash })
    }

    /// Decodes it, after its size in pixels was found to be within bounds.
    ///
    /// # Errors
    /// [`BadPhoto`].
    pub fn decode(self) -> Result<Photo, BadPhoto> {
        guard::within(DEADLINE, move || decode(self.bytes)).unwrap_or(Err(BadPhoto::Damaged))
    }
}

fn decode(bytes: Vec<u8>) -> Result<Photo, BadPhoto> {
    let mut reader =
        ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(BadPhoto::Unreadable)?;
    let mut limits = image::Limits::default();
    limits.max_alloc = Some(DECODER_BYTES_MAX);
    reader.limits(limits);
    if reader.format().is_none() {
        return Err(BadPhoto::Format);
    }
    let mut decoder = reader.into_decoder().map_err(|error| match error {
        image::ImageError::Unsupported(_) => BadPhoto::Format,
        _ => BadPhoto::Damaged,
    })?;
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    if pixels > PHOTO_PIXELS_MAX {
        return Err(BadPhoto::TooManyPixels(pixels));
    }
    if width.min(height) < PHOTO_EDGE_MIN {
        return Err(BadPhoto::TooSmall);
    }
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let picture = DynamicImage::from_decoder(decoder).map_err(|_| BadPhoto::Damaged)?;
    Ok(Photo { pixels: on_white(picture), orientation })
}

/// Transparent parts become white paper.
fn on_white(picture: DynamicImage) -> RgbImage {
    if !picture.color().has_alpha() {
        return picture.into_rgb8();
    }
    let rgba = picture.into_rgba8();
    let over = |c: u8, a: u8| {
        let (c, a) = (u16::from(c), u16::from(a));
        u8::try_from((c * a + 255 * (255 - a)) / 255).unwrap_or(u8::MAX)
    };
    RgbImage::from_fn(rgba.width(), rgba.height(), |x, y| {
        let [r, g, b, a] = rgba.get_pixel(x, y).0;
        image::Rgb([over(r, a), over(g, a), over(b, a)])
    })
}

impl Photo {
    /// Brightness at full size, for reading codes: those are read at any turn.
    pub fn gray(&self) -> GrayImage {
        image::imageops::grayscale(&self.pixels)
    }

    /// The public picture and its thumbnail.
    ///
    /// # Errors
    /// [`BadPhoto::Damaged`] if the encoder fails.
    pub fn publish(self) -> Result<(Jpeg, Jpeg), BadPhoto> {
        let work = move || {
            let mut picture = DynamicImage::ImageRgb8(shrink(self.pixels, PICTURE_EDGE)?);
            picture.apply_orientation(self.orientation);
            let picture = picture.into_rgb8();
            let public = encode(&picture, PICTURE_QUALITY)?;
            let thumb = encode(&shrink(picture, THUMB_EDGE)?, THUMB_QUALITY)?;
            Some((public, thumb))
        };
        guard::within(DEADLINE, work).ok().flatten().ok_or(BadPhoto::Damaged)
    }
}

/// Width and height with the long edge at most `edge`.
pub fn fit(width: u32, height: u32, edge: u32) -> (u32, u32) {
    let long = width.max(height);
    if long <= edge {
        return (width, height);
    }
    let scaled = |side: u32| {
        let side = (u64::from(side) * u64::from(edge) + u64::from(long) / 2) / u64::from(long);
        u32::try_from(side).unwrap_or(edge).max(1)
    };
    (scaled(width), scaled(height))
}

fn shrink(picture: RgbImage, edge: u32) -> Option<RgbImage> {
    let (width, height) = fit(picture.width(), picture.height(), edge);
    if (width, height) == picture.dimensions() {
        return Some(picture);
    }
    let (from_width, from_height) = picture.dimensions();
    let pixels =
        resize(picture.into_raw(), (from_width, from_height), (width, height), Pixels::Colour)?;
    RgbImage::from_raw(width, height, pixels)
}

/// What a buffer of pixels holds.
#[derive(Clone, Copy)]
pub enum Pixels {
    /// One byte a pixel.
    Gray,
    /// Three bytes a pixel.
    Colour,
}

/// Resizes a buffer of pixels; `None` if the buffer does not have the size it says.
pub fn resize(pixels: Vec<u8>, from: (u32, u32), to: (u32, u32), kind: Pixels) -> Option<Vec<u8>> {
    let (kind, filter) = match kind {
        Pixels::Gray => (fir::PixelType::U8, fir::FilterType::Bilinear),
        Pixels::Colour => (fir::PixelType::U8x3, fir::FilterType::Lanczos3),
    };
    let source = fir::images::Image::from_vec_u8(from.0, from.1, pixels, kind).ok()?;
    let mut target = fir::images::Image::new(to.0, to.1, kind);
    let options = fir::ResizeOptions::new().resize_alg(fir::ResizeAlg::Convolution(filter));
    fir::Resizer::new().resize(&source, &mut target, &options).ok()?;
    Some(target.into_vec())
}

/// Progressive JPEG, 4:2:0. The encoder writes no metadata. It unwinds on errors, so this runs inside the fence.
fn encode(picture: &RgbImage, quality: f32) -> Option<Jpeg> {
    let (width, height) = picture.dimensions();
    let mut encoder = mozjpeg::Compress::new(mozjpeg::ColorSpace::JCS_RGB);
    encoder.set_size(usize::try_from(width).ok()?, usize::try_from(height).ok()?);
    encoder.set_quality(quality);
    encoder.set_progressive_mode();
    encoder.set_chroma_sampling_pixel_sizes((2, 2), (2, 2));
    let mut started = encoder.start_compress(Vec::new()).ok()?;
    started.write_scanlines(picture).ok()?;
    let bytes = started.finish().ok()?;
    let hash = sha256(&bytes);
    Some(Jpeg { bytes, hash, width, height })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    /// A JPEG whose left half is dark, with an Exif segment that says `orientation` and holds a telling text.
    fn photo(width: u32, height: u32, orientation: u8) -> Vec<u8> {
        let picture = RgbImage::from_fn(width, height, |x, _| {
            image::Rgb(if x < width / 2 { [10; 3] } else { [240; 3] })
        });
        let plain = encode(&picture, 90.0).unwrap().bytes;
        let mut exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
        exif.extend([orientation, 0, 0, 0, 0, 0, 0]);
        exif.extend(b"GPS SECRET PLACE");
        let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
        [&plain[..2], &[0xff, 0xe1], &length, &exif, &plain[2..]].concat()
    }

    fn published(bytes: Vec<u8>) -> (Jpeg, Jpeg) {
        PhotoFile::of(bytes).unwrap().decode().unwrap().publish().unwrap()
    }

    #[test]
    fn a_turned_photo_stands_upright_and_loses_its_metadata() {
        let (picture, thumb) = published(photo(400, 300, 6));
        assert_eq!((picture.width, picture.height), (300, 400));
        assert_eq!((thumb.width, thumb.height), (240, 320));
        let upright = image::load_from_memory(&picture.bytes).unwrap().into_luma8();
        assert!(upright.get_pixel(150, 50).0[0] < 60, "dark left must be up after a quarter turn");
        assert!(upright.get_pixel(150, 350).0[0] > 200);
        for bytes in [&picture.bytes, &thumb.bytes] {
            let holds = |what: &[u8]| bytes.windows(what.len()).any(|w| w == what);
            assert!(!holds(b"Exif") && !holds(b"SECRET") && !holds(&[0xff, 0xe1]));
            assert!(holds(&[0xff, 0xc2]), "not progressive");
            assert_eq!(
                sha256(bytes),
                if bytes == &picture.bytes { picture.hash } else { thumb.hash }
            );
        }
    }

    #[test]
    fn a_large_photo_is_made_two_thousand_pixels_long() {
        let (picture, thumb) = published(photo(3000, 1500, 1));
        assert_eq!((picture.width, picture.height), (2000, 1000));
        assert_eq!((thumb.width, thumb.height), (320, 160));
    }

    #[test]
    fn files_that_are_no_photo_are_refused() {
        let refused = |bytes: Vec<u8>| PhotoFile::of(bytes).and_then(PhotoFile::decode).err();
        assert!(matches!(refused(b"hello".to_vec()), Some(BadPhoto::Format)));
        assert!(matches!(refused(Vec::new()), Some(BadPhoto::Format)));
        let whole = photo(200, 200, 1);
        assert!(refused(whole[..30].to_vec()).is_some());
        assert!(matches!(refused(photo(20, 200, 1)), Some(BadPhoto::TooSmall)));
        let mut huge = Vec::new();
        let header = image::codecs::png::PngEncoder::new(&mut huge);
        image::ImageEncoder::write_image(
            header,
            &[0; 64 * 64],
            64,
            64,
            image::ColorType::L8.into(),
        )
        .unwrap();
        huge[16..24].copy_from_slice(&[0, 0, 0x40, 0, 0, 0, 0x40, 0]);
        assert!(refused(huge).is_some(), "16384 x 16384 pixels");
        let missing = PhotoFile::read(Path::new("/nonexistent/photo.jpg")).err();
        assert!(matches!(missing, Some(BadPhoto::Unreadable(_))));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn no_damage_to_a_photo_panics(at in 0usize..2000, byte: u8, cut in 0usize..4000) {
            let mut bytes = photo(64, 64, 3);
            let at = at % bytes.len();
            bytes[at] = byte;
            bytes.truncate(cut.max(1));
            let _ = PhotoFile::of(bytes).unwrap().decode().map(Photo::publish);
        }

        #[test]
        fn a_fitted_picture_is_never_longer_than_the_edge(w in 1u32..20_000, h in 1u32..20_000, edge in 1u32..3000) {
            let (width, height) = fit(w, h, edge);
            prop_assert!(width.max(height) <= edge.max(1) && width.min(height) >= 1);
        }
    }
}
