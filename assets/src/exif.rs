//! The EXIF note that a phone writes into its photos: which way was up, and which camera.

/// The `APP1` segment for a photo whose stored pixels need `orientation` (TIFF tag 0x0112, 1 to 8)
/// applied before they are shown. Format: EXIF 2.3, a little-endian TIFF directory.
#[must_use]
pub fn segment(orientation: u8, taken: &str) -> Vec<u8> {
    let texts = [(0x010F_u16, "Mingbai Sample"), (0x0110, "Drawn Camera 1"), (0x0132, taken)];
    let count = texts.len() as u16 + 1;
    let mut tiff = Vec::from(*b"II\x2a\x00\x08\x00\x00\x00");
    tiff.extend(count.to_le_bytes());
    let mut tail: Vec<u8> = Vec::new();
    let after = 8 + 2 + u32::from(count) * 12 + 4;
    let short = [&0x0112_u16.to_le_bytes()[..], &[3, 0, 1, 0, 0, 0, orientation, 0, 0, 0]].concat();
    for (place, (tag, text)) in texts.iter().enumerate() {
        if place == 2 {
            // A directory's tags stand in rising order.
            tiff.extend(&short);
        }
        tiff.extend(tag.to_le_bytes());
        tiff.extend([2, 0]);
        tiff.extend((text.len() as u32 + 1).to_le_bytes());
        tiff.extend((after + tail.len() as u32).to_le_bytes());
        tail.extend(text.bytes().chain([0]));
    }
    tiff.extend([0; 4]);
    tiff.extend(tail);
    let mut segment = vec![0xFF, 0xE1];
    segment.extend((tiff.len() as u16 + 8).to_be_bytes());
    segment.extend(b"Exif\0\0");
    segment.extend(tiff);
    segment
}

/// Puts `segment` right behind the JPEG's start marker.
#[must_use]
pub fn insert(jpeg: &[u8], segment: &[u8]) -> Vec<u8> {
    let (start, rest) = jpeg.split_at(jpeg.len().min(2));
    [start, segment, rest].concat()
}
