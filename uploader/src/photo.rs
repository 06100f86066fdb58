//! A photo: a file within bounds, decoded and turned upright. What is no photo is told apart, so that the person knows what to do.

use crate::guard;
use crate::say;
use fast_image_resize as fir;
use image::{DynamicImage, GrayImage, ImageDecoder, ImageError, ImageReader, RgbImage};
use image::{ImageFormat, metadata::Orientation};
use ledger::hash::{Hash, sha256};
use std::fs::File;
use std::io::{Cursor, Read};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Bytes of the largest photo file.
pub const PHOTO_BYTES_MAX: u64 = 64 << 20;
/// Pixels of the largest photo.
pub const PHOTO_PIXELS_MAX: u64 = 64_000_000;
/// Pixels of the smallest edge of a photo that can show a receipt.
const PHOTO_EDGE_MIN: u32 = 32;
/// Bytes that a decoder may take beside the pixels.
const DECODER_BYTES_MAX: u64 = 512 << 20;
/// The longest that decoding one photo, or making its public picture, may take.
pub const DEADLINE: Duration = Duration::from_secs(60);

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
    /// No bytes at all.
    Empty,
    /// A PDF file, whatever its name says.
    Pdf,
    /// The format of an iPhone's own photos, which needs a patented decoder.
    Heic,
    /// Not a JPEG, PNG or WebP file.
    Format,
    /// The file ends before its picture does.
    CutOff,
    /// Its picture cannot be decoded.
    Damaged,
    /// Nobody wanted the picture any more.
    Stopped,
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
            BadPhoto::Empty => say!("文件是空的，请重新拷贝"),
            BadPhoto::Pdf => say!("这是 PDF 文件，不是照片：请打开它截图，或打印出来拍照"),
            BadPhoto::Heic => say!(
                "这是苹果手机的 HEIC 照片，读不了：请在手机“设置→相机→格式”里选“兼容性最佳”再拍，或用微信把它作为图片发过来"
            ),
            BadPhoto::Format => say!("不是照片文件（支持 JPEG、PNG、WebP）"),
            BadPhoto::CutOff => say!("照片不完整，拷贝时断了：请从手机里重新拷贝"),
            BadPhoto::Damaged => say!("照片已损坏，请重新拍摄或拷贝"),
            BadPhoto::Stopped => say!("已停止"),
        })
    }
}

/// The bytes of a photo file, read whole within bounds.
pub struct PhotoFile {
    /// The file.
    pub bytes: Arc<[u8]>,
    /// SHA-256 of the file: the same file is known again by it.
    pub hash: Hash,
}

/// A decoded photo.
pub struct Photo {
    pixels: RgbImage,
    orientation: Orientation,
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

    /// A file that is in memory already.
    ///
    /// # Errors
    /// [`BadPhoto::TooLarge`].
    pub fn of(bytes: Vec<u8>) -> Result<PhotoFile, BadPhoto> {
        if bytes.len() as u64 > PHOTO_BYTES_MAX {
            return Err(BadPhoto::TooLarge);
        }
        let hash = sha256(&bytes);
        Ok(PhotoFile { bytes: bytes.into(), hash })
    }

    /// Decodes it, after its size in pixels was found to be within bounds.
    ///
    /// # Errors
    /// [`BadPhoto`].
    pub fn decode(self) -> Result<Photo, BadPhoto> {
        guard::within(DEADLINE, move || decode(self.bytes)).unwrap_or(Err(BadPhoto::Damaged))
    }
}

fn decode(bytes: Arc<[u8]>) -> Result<Photo, BadPhoto> {
    let format = image::guess_format(&bytes).map_err(|_| foreign(&bytes))?;
    // The decoder would paint the missing part grey and say nothing.
    if format == ImageFormat::Jpeg && !ends_as_jpeg(&bytes) {
        return Err(BadPhoto::CutOff);
    }
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = image::Limits::default();
    limits.max_alloc = Some(DECODER_BYTES_MAX);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(why)?;
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    if pixels > PHOTO_PIXELS_MAX {
        return Err(BadPhoto::TooManyPixels(pixels));
    }
    if width.min(height) < PHOTO_EDGE_MIN {
        return Err(BadPhoto::TooSmall);
    }
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let picture = DynamicImage::from_decoder(decoder).map_err(why)?;
    Ok(Photo { pixels: on_white(picture), orientation })
}

fn why(error: ImageError) -> BadPhoto {
    match error {
        ImageError::Unsupported(_) => BadPhoto::Format,
        ImageError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            BadPhoto::CutOff
        }
        _ => BadPhoto::Damaged,
    }
}

/// What a file is that begins like no picture we read.
fn foreign(bytes: &[u8]) -> BadPhoto {
    // ISO/IEC 14496-12: a size of four bytes, "ftyp", then the brand; 23008-12 names those of HEIF with HEVC.
    let heic = |brand: &[u8]| brand.starts_with(b"he") || matches!(brand, b"mif1" | b"msf1");
    match (bytes, bytes.get(4..8), bytes.get(8..12)) {
        ([], ..) => BadPhoto::Empty,
        (_, Some(b"ftyp"), Some(brand)) if heic(brand) => BadPhoto::Heic,
        _ if bytes.starts_with(b"%PDF") => BadPhoto::Pdf,
        _ => BadPhoto::Format,
    }
}

/// Whether a JPEG's markers (ITU-T T.81, B.1) lead to its end. Bytes after that are none of ours: phones append films there.
fn ends_as_jpeg(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    loop {
        // Within coded data FF is followed by 0 or a restart.
        let real = |pair: &[u8]| pair[0] == 0xff && !matches!(pair[1], 0 | 0xd0..=0xd7 | 0xff);
        let Some(at) = rest.windows(2).position(real) else { return false };
        let length = match (rest.get(at + 1), rest.get(at + 2..at + 4)) {
            (Some(0xd9), _) => return true,
            (Some(0x01 | 0xd8), _) => 0,
            (_, Some(&[high, low])) => usize::from(u16::from_be_bytes([high, low])),
            _ => return false,
        };
        let Some(next) = rest.get(at + 2 + length..) else { return false };
        rest = next;
    }
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

    /// Its pixels as the person held the camera.
    pub fn upright(self) -> RgbImage {
        let mut picture = DynamicImage::ImageRgb8(self.pixels);
        picture.apply_orientation(self.orientation);
        picture.into_rgb8()
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

/// A copy with the long edge at most `edge`; `None` if it cannot be made.
pub fn shrink(picture: &RgbImage, edge: u32) -> Option<RgbImage> {
    let (from, to) = (picture.dimensions(), fit(picture.width(), picture.height(), edge));
    if from == to {
        return Some(picture.clone());
    }
    RgbImage::from_raw(to.0, to.1, resize(picture, from, to, Pixels::Colour)?)
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
pub fn resize(pixels: &[u8], from: (u32, u32), to: (u32, u32), kind: Pixels) -> Option<Vec<u8>> {
    let (kind, filter) = match kind {
        Pixels::Gray => (fir::PixelType::U8, fir::FilterType::Bilinear),
        Pixels::Colour => (fir::PixelType::U8x3, fir::FilterType::Lanczos3),
    };
    let source = fir::images::ImageRef::new(from.0, from.1, pixels, kind).ok()?;
    let mut target = fir::images::Image::new(to.0, to.1, kind);
    let options = fir::ResizeOptions::new().resize_alg(fir::ResizeAlg::Convolution(filter));
    fir::Resizer::new().resize(&source, &mut target, &options).ok()?;
    Some(target.into_vec())
}

#[cfg(test)]
pub(crate) mod tests;
