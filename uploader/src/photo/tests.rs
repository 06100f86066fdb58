#![allow(clippy::unwrap_used)]
use super::*;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::{ColorType, ImageEncoder};
use proptest::prelude::*;

/// A text that no published byte may hold.
pub(crate) const TELLING: &[u8] = b"GPS SECRET PLACE";

/// The picture as a JPEG file with an Exif segment: an orientation, a telling text, and a thumbnail of the whole picture.
pub(crate) fn jpeg(picture: &RgbImage, orientation: u8) -> Vec<u8> {
    let encoded = |picture: &RgbImage| {
        let mut bytes = Vec::new();
        JpegEncoder::new_with_quality(&mut bytes, 90).encode_image(picture).unwrap();
        bytes
    };
    let plain = encoded(picture);
    let mut exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    exif.extend([orientation, 0, 0, 0, 0, 0, 0]);
    exif.extend(TELLING);
    exif.extend(encoded(&image::imageops::thumbnail(picture, 32, 32)));
    let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
    [&plain[..2], &[0xff, 0xe1], &length, &exif, &plain[2..]].concat()
}

/// Its left half is dark.
pub(crate) fn photo(width: u32, height: u32, orientation: u8) -> Vec<u8> {
    let half = |x, _| image::Rgb(if x < width / 2 { [10; 3] } else { [240; 3] });
    jpeg(&RgbImage::from_fn(width, height, half), orientation)
}

fn refused(bytes: &[u8]) -> BadPhoto {
    PhotoFile::of(bytes.to_vec()).and_then(PhotoFile::decode).err().unwrap()
}

/// A PNG header that claims this size, over a picture of 64 x 64 pixels.
fn claiming(width: u32, height: u32) -> Vec<u8> {
    let mut png = Vec::new();
    let (size, kind) = (64, ColorType::L8.into());
    PngEncoder::new(&mut png).write_image(&[0; 64 * 64], size, size, kind).unwrap();
    png[16..20].copy_from_slice(&width.to_be_bytes());
    png[20..24].copy_from_slice(&height.to_be_bytes());
    // The header's check sum is made to fit: the size itself must be what is refused.
    let sum = png[12..29].iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |s, _| (s >> 1) ^ (0xedb8_8320 * (s & 1)))
    });
    png[29..33].copy_from_slice(&(!sum).to_be_bytes());
    png
}

#[test]
fn a_turned_photo_stands_upright() {
    for (orientation, dark) in [(1, (50, 150)), (3, (350, 150)), (6, (150, 50)), (8, (150, 350))] {
        let photo = PhotoFile::of(photo(400, 300, orientation)).unwrap().decode().unwrap();
        let upright = photo.upright();
        let size = if orientation > 4 { (300, 400) } else { (400, 300) };
        assert_eq!(upright.dimensions(), size);
        assert!(upright.get_pixel(dark.0, dark.1).0[0] < 60, "{orientation}");
        assert!(upright.get_pixel(size.0 - 1 - dark.0, size.1 - 1 - dark.1).0[0] > 200);
    }
}

#[test]
fn each_kind_of_wrong_file_is_told_apart() {
    assert!(matches!(refused(b""), BadPhoto::Empty));
    assert!(matches!(refused(b"hello"), BadPhoto::Format));
    assert!(matches!(refused(b"%PDF-1.7\n1 0 obj"), BadPhoto::Pdf));
    for brand in [b"heic", b"heix", b"mif1", b"hevc"] {
        let head = [b"\0\0\0\x18ftyp".as_slice(), brand, b"\0\0\0\0mif1heic"].concat();
        assert!(matches!(refused(&head), BadPhoto::Heic));
    }
    assert!(matches!(refused(b"\0\0\0\x18ftypmp42\0\0\0\0mp41isom"), BadPhoto::Format));
    assert!(matches!(refused(b"GIF89a\x01\0\x01\0\0\0\0;"), BadPhoto::Format));
    assert!(matches!(refused(&photo(20, 200, 1)), BadPhoto::TooSmall));
    let missing = PhotoFile::read(Path::new("/nonexistent/photo.jpg")).err();
    assert!(matches!(missing, Some(BadPhoto::Unreadable(_))));
    let mut files = [BadPhoto::Empty, BadPhoto::Pdf, BadPhoto::Heic, BadPhoto::Format]
        .map(|bad| bad.to_string())
        .to_vec();
    files.extend([BadPhoto::CutOff, BadPhoto::Damaged].map(|bad| bad.to_string()));
    files.sort();
    files.dedup();
    assert_eq!(files.len(), 6, "each has a sentence of its own");
}

#[test]
fn a_size_that_no_photo_has_is_refused_before_it_is_decoded() {
    assert!(matches!(refused(&claiming(20_000, 20_000)), BadPhoto::TooManyPixels(400_000_000)));
    assert!(matches!(refused(&claiming(65_535, 65_535)), BadPhoto::TooManyPixels(_)));
    // Four thousand million pixels' worth of header in a JPEG.
    let mut bytes = photo(64, 64, 1);
    let size = bytes.windows(4).rposition(|w| w == [0, 64, 0, 64]).unwrap();
    bytes[size..size + 4].copy_from_slice(&[0x4e, 0x20, 0x4e, 0x20]);
    assert!(matches!(refused(&bytes), BadPhoto::TooManyPixels(400_000_000)));
}

#[test]
fn a_small_file_that_unpacks_to_more_than_a_photo_is_refused() {
    let (width, height) = (9000, 8000);
    let mut png = Vec::new();
    let black = vec![0; 9000 * 8000];
    PngEncoder::new(&mut png).write_image(&black, width, height, ColorType::L8.into()).unwrap();
    assert!(png.len() < 2_000_000, "{}", png.len());
    assert!(matches!(refused(&png), BadPhoto::TooManyPixels(72_000_000)));
}

#[test]
fn a_photo_that_breaks_off_is_told_from_a_whole_one() {
    let whole = photo(200, 200, 1);
    for part in [whole.len() - 1, whole.len() - 40, whole.len() / 2, 30] {
        assert!(matches!(refused(&whole[..part]), BadPhoto::CutOff), "{part}");
    }
    let film = [whole.as_slice(), b"\0\0\0\x18ftypmp42"].concat();
    assert!(PhotoFile::of(film).unwrap().decode().is_ok(), "bytes after the end are nothing");
    let mut png = claiming(64, 64);
    png.truncate(png.len() / 2);
    assert!(matches!(refused(&png), BadPhoto::CutOff | BadPhoto::Damaged));
}

#[test]
fn what_is_transparent_is_white_paper() {
    let clear = DynamicImage::ImageRgba8(image::RgbaImage::from_pixel(2, 2, [9, 9, 9, 0].into()));
    assert_eq!(on_white(clear).get_pixel(1, 1).0, [255; 3]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn no_damage_to_a_photo_panics(at in 0usize..4000, byte: u8, cut in 0usize..6000) {
        let mut bytes = photo(64, 64, 3);
        let at = at % bytes.len();
        bytes[at] = byte;
        bytes.truncate(cut.max(1));
        let _ = PhotoFile::of(bytes).unwrap().decode().map(Photo::upright);
    }

    #[test]
    fn markers_of_any_bytes_are_walked_to_an_end(bytes in prop::collection::vec(prop_oneof![Just(0xff_u8), any::<u8>()], 0..200)) {
        let ended = ends_as_jpeg(&bytes);
        prop_assert!(!ended || bytes.windows(2).any(|pair| pair == [0xff, 0xd9]));
    }

    #[test]
    fn a_fitted_picture_is_never_longer_than_the_edge(w in 1u32..20_000, h in 1u32..20_000, edge in 1u32..3000) {
        let (width, height) = fit(w, h, edge);
        prop_assert!(width.max(height) <= edge.max(1) && width.min(height) >= 1);
    }
}
