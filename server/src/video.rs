//! Videos from outside: an MP4's boxes (ISO/IEC 14496-12) are read, no frame is decoded. What every phone plays passes:
//! one H.264 picture track, AAC sound. Boxes that may say where and by whom it was filmed are blanked.

use std::io::{Read, Seek, SeekFrom, Write};

use ledger::content::{VIDEO_BYTES_MAX, VIDEO_SECONDS_MAX};

use crate::error::{Error, Result};

/// Bytes of the largest `moov` box: an hour of video has about two million.
const MOOV_BYTES_MAX: u64 = 8 << 20;
/// Boxes at the top of a file.
const TOP_BOXES_MAX: usize = 1_000;
/// Pixels of the longest side.
const EDGE_MAX: u16 = 8192;
/// Boxes that hold what the camera adds: place, device, author.
const HIDDEN: [&[u8; 4]; 3] = [b"udta", b"meta", b"uuid"];

/// What a video is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Video {
    /// Pixels, as it is shown.
    pub width: u32,
    /// Pixels, as it is shown.
    pub height: u32,
    /// How long it plays, rounded up.
    pub seconds: u32,
    /// Boxes that are to be blanked: where their type stands in the file, and where they end.
    pub hidden: Vec<(u64, u64)>,
}

/// Whether a file that begins so calls itself an MP4.
#[must_use]
pub fn is_video(head: &[u8]) -> bool {
    head.get(4..8) == Some(b"ftyp")
}

fn bad(message: &str) -> Error {
    Error::refused("bad-video", message)
}

fn broken() -> Error {
    bad("视频文件不完整或已损坏：请重新导出为 MP4（H.264）再上传。")
}

/// Reads a video's boxes.
///
/// # Errors
/// `bad-video` says what is wrong, and what to do.
pub fn inspect(file: &mut (impl Read + Seek)) -> Result<Video> {
    let length = file.seek(SeekFrom::End(0)).map_err(|_| broken())?;
    if length > VIDEO_BYTES_MAX {
        return Err(bad("视频超过 64 MiB：请剪短，或用较低的清晰度重新导出。"));
    }
    let (mut at, mut boxes, mut frames) = (0, 0, false);
    let (mut movie, mut hidden) = (None, Vec::new());
    while at < length {
        let found = Header::read(file, at, length)?;
        boxes += 1;
        if boxes > TOP_BOXES_MAX || boxes == 1 && &found.kind != b"ftyp" {
            return Err(bad("不是 MP4 视频：请用手机或剪辑软件导出为 MP4（H.264）再上传。"));
        }
        match &found.kind {
            b"moov" if movie.is_none() && found.end - found.start <= MOOV_BYTES_MAX => {
                let mut bytes = Vec::new();
                file.seek(SeekFrom::Start(found.start)).map_err(|_| broken())?;
                file.by_ref()
                    .take(found.end - found.start)
                    .read_to_end(&mut bytes)
                    .map_err(|_| broken())?;
                movie = Some((found.start, bytes));
            }
            b"moov" => return Err(broken()),
            b"moof" => {
                return Err(bad("视频是分段的 MP4：请用剪辑软件导出为普通 MP4（H.264）再上传。"));
            }
            b"mdat" => frames = true,
            kind if HIDDEN.contains(&kind) => hidden.push((found.at + 4, found.end)),
            _ => {}
        }
        at = found.end;
    }
    let (start, bytes) = movie.filter(|_| frames).ok_or_else(broken)?;
    let mut video = Movie { base: start, hidden, ..Movie::default() }.read(&bytes)?;
    video.hidden.sort_unstable();
    Ok(video)
}

/// Blanks the boxes that [`inspect`] found hidden: their place stays, so that nothing else moves.
///
/// # Errors
/// When the file cannot be written.
pub fn blank(file: &mut (impl Write + Seek), hidden: &[(u64, u64)]) -> std::io::Result<()> {
    const ZEROS: [u8; 4096] = [0; 4096];
    for (from, to) in hidden {
        file.seek(SeekFrom::Start(*from))?;
        file.write_all(b"free")?;
        let mut left = to.saturating_sub(from + 4);
        while left > 0 {
            let step = left.min(ZEROS.len() as u64);
            let zeros = usize::try_from(step).unwrap_or(ZEROS.len());
            file.write_all(ZEROS.get(..zeros).unwrap_or(&ZEROS))?;
            left -= step;
        }
    }
    Ok(())
}

/// Where a box lies in the file.
struct Header {
    kind: [u8; 4],
    at: u64,
    start: u64,
    end: u64,
}

impl Header {
    fn read(file: &mut (impl Read + Seek), at: u64, length: u64) -> Result<Self> {
        let mut head = [0; 16];
        let held = usize::try_from((length - at).min(16)).unwrap_or(16);
        file.seek(SeekFrom::Start(at)).map_err(|_| broken())?;
        let head = head.get_mut(..held).unwrap_or_default();
        file.read_exact(head).map_err(|_| broken())?;
        let (kind, start, end) = span(head, length - at).ok_or_else(broken)?;
        Ok(Self { kind, at, start: at + start, end: at + end })
    }
}

/// The kind of the box that `bytes` begin with, where its inside begins, and where it ends, of `room` bytes.
fn span(bytes: &[u8], room: u64) -> Option<([u8; 4], u64, u64)> {
    let kind: [u8; 4] = bytes.get(4..8)?.try_into().ok()?;
    let (start, end) = match u32_at(bytes, 0)? {
        0 => (8, room),
        1 => (16, u64_at(bytes, 8)?),
        size => (8, u64::from(size)),
    };
    (start <= end && end <= room).then_some((kind, start, end))
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_be_bytes(bytes.get(at..at.checked_add(8)?)?.try_into().ok()?))
}

/// A box: its kind, where its inside begins after the base, and its inside.
type Inner<'a> = ([u8; 4], u64, &'a [u8]);

/// What was read of a movie so far.
#[derive(Default)]
struct Movie {
    /// Where the `moov` box's inside begins in the file.
    base: u64,
    hidden: Vec<(u64, u64)>,
    seconds: Option<u32>,
    size: Option<(u16, u16)>,
}

/// What was read of a track so far.
#[derive(Default)]
struct Track {
    handler: Option<[u8; 4]>,
    codec: Option<[u8; 4]>,
    size: Option<(u16, u16)>,
    turned: bool,
}

impl Movie {
    fn read(mut self, moov: &[u8]) -> Result<Video> {
        for (kind, from, inside) in self.inside(moov, 0)? {
            match &kind {
                b"mvhd" => self.seconds = seconds(inside),
                b"trak" => self.track(inside, from)?,
                b"mvex" => {
                    return Err(bad(
                        "视频是分段的 MP4：请用剪辑软件导出为普通 MP4（H.264）再上传。",
                    ));
                }
                _ => {}
            }
        }
        let (width, height) =
            self.size.ok_or_else(|| bad("文件里没有画面：请上传有画面的 MP4（H.264）。"))?;
        let seconds = self.seconds.filter(|seconds| *seconds > 0).ok_or_else(broken)?;
        if seconds > VIDEO_SECONDS_MAX {
            return Err(bad("视频超过一小时：请剪短再上传。"));
        }
        if !(1..=EDGE_MAX).contains(&width) || !(1..=EDGE_MAX).contains(&height) {
            return Err(broken());
        }
        let (width, height) = (u32::from(width), u32::from(height));
        Ok(Video { width, height, seconds, hidden: self.hidden })
    }

    /// The boxes inside of `bytes`, which begin `from` bytes after the base, each with where its inside begins. Those
    /// that are to be blanked are noted.
    fn inside<'a>(&mut self, bytes: &'a [u8], from: u64) -> Result<Vec<Inner<'a>>> {
        let mut boxes = Vec::new();
        let mut at = 0_usize;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            // Some writers end a list of boxes with four zero bytes.
            if rest.len() < 8 && rest.iter().all(|byte| *byte == 0) {
                break;
            }
            let (kind, start, end) = span(rest, rest.len() as u64).ok_or_else(broken)?;
            let place = self.base + from + at as u64;
            if HIDDEN.contains(&&kind) {
                self.hidden.push((place + 4, place + end));
            }
            let (start, end) =
                (usize::try_from(start).unwrap_or(0), usize::try_from(end).unwrap_or(rest.len()));
            let inside = rest.get(start..end).ok_or_else(broken)?;
            boxes.push((kind, from + (at + start) as u64, inside));
            at += end;
        }
        Ok(boxes)
    }

    fn track(&mut self, trak: &[u8], from: u64) -> Result<()> {
        let mut track = Track::default();
        for (kind, from, inside) in self.inside(trak, from)? {
            match &kind {
                b"tkhd" => track.turned = is_turned(inside),
                b"mdia" => self.media(&mut track, inside, from)?,
                _ => {}
            }
        }
        match (track.handler.as_ref(), track.codec.as_ref()) {
            (Some(b"vide"), Some(b"avc1" | b"avc3")) if self.size.is_none() => {
                self.size = track.size.map(|(w, h)| if track.turned { (h, w) } else { (w, h) });
                Ok(())
            }
            (Some(b"vide"), Some(b"avc1" | b"avc3")) => {
                Err(bad("视频里有两路画面：请用剪辑软件导出为一路的 MP4（H.264）再上传。"))
            }
            (Some(b"vide"), _) => Err(bad(
                "视频不是 H.264 编码，很多手机放不了：请用剪辑软件导出为 MP4（H.264）再上传。",
            )),
            (Some(b"soun"), Some(b"mp4a")) => Ok(()),
            (Some(b"soun"), _) => Err(bad(
                "视频的声音不是 AAC 编码，很多手机放不了：请用剪辑软件导出为 MP4（H.264、AAC）再上传。",
            )),
            _ => Err(bad(
                "视频里除了画面和声音还有别的轨道（例如拍摄位置）：请用剪辑软件导出为 MP4（H.264）再上传。",
            )),
        }
    }

    fn media(&mut self, track: &mut Track, mdia: &[u8], from: u64) -> Result<()> {
        for (kind, from, inside) in self.inside(mdia, from)? {
            match &kind {
                b"hdlr" => track.handler = inside.get(8..12).and_then(|kind| kind.try_into().ok()),
                b"minf" => {
                    for (kind, from, inside) in self.inside(inside, from)? {
                        if &kind == b"stbl" {
                            self.samples(track, inside, from)?;
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn samples(&mut self, track: &mut Track, stbl: &[u8], from: u64) -> Result<()> {
        for (kind, _, inside) in self.inside(stbl, from)? {
            if &kind == b"stsd" {
                if u32_at(inside, 4) != Some(1) {
                    return Err(bad(
                        "视频中途换了编码：请用剪辑软件重新导出为 MP4（H.264）再上传。",
                    ));
                }
                let entry = inside.get(8..).ok_or_else(broken)?;
                track.codec = entry.get(4..8).and_then(|kind| kind.try_into().ok());
                track.size = u16_at(entry, 32).zip(u16_at(entry, 34));
            }
        }
        Ok(())
    }
}

/// The length of a movie by its header, rounded up.
fn seconds(mvhd: &[u8]) -> Option<u32> {
    let (scale, length) = match mvhd.first()? {
        0 => (u32_at(mvhd, 12)?, u64::from(u32_at(mvhd, 16)?)),
        _ => (u32_at(mvhd, 20)?, u64_at(mvhd, 24)?),
    };
    u32::try_from(length.checked_add(u64::from(scale))?.checked_sub(1)?.checked_div(scale.into())?)
        .ok()
}

/// Whether a track's header says that the picture is shown turned by a quarter.
fn is_turned(tkhd: &[u8]) -> bool {
    let matrix = if tkhd.first() == Some(&0) { 40 } else { 52 };
    u32_at(tkhd, matrix) == Some(0) && u32_at(tkhd, matrix + 16) == Some(0)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::io::Cursor;

    /// A second of a moving pattern and a tone, made by ffmpeg's libx264, with a title and a place in its `udta`.
    pub(crate) const REAL: &[u8] = include_bytes!("video/sample.mp4");

    fn boxed(kind: &[u8; 4], inside: &[u8]) -> Vec<u8> {
        let size = u32::try_from(inside.len() + 8).unwrap();
        [&size.to_be_bytes()[..], kind, inside].concat()
    }

    fn track(handler: &[u8; 4], codec: &[u8; 4]) -> Vec<u8> {
        let mut entry = vec![0; 36];
        entry[4..8].copy_from_slice(codec);
        (entry[33], entry[35]) = (64, 48);
        let stsd = boxed(b"stsd", &[&[0, 0, 0, 0, 0, 0, 0, 1][..], &entry].concat());
        let hdlr = boxed(b"hdlr", &[&[0; 8][..], handler, &[0; 13]].concat());
        let minf = boxed(b"minf", &boxed(b"stbl", &stsd));
        let mut tkhd = vec![0; 84];
        (tkhd[41], tkhd[57]) = (1, 1);
        let mdia = boxed(b"mdia", &[hdlr, minf].concat());
        boxed(b"trak", &[boxed(b"tkhd", &tkhd), mdia].concat())
    }

    fn movie(scale: u32, length: u32, tracks: &[Vec<u8>]) -> Vec<u8> {
        let mvhd = [&[0; 12][..], &scale.to_be_bytes(), &length.to_be_bytes(), &[0; 80]].concat();
        let moov = boxed(b"moov", &[boxed(b"mvhd", &mvhd), tracks.concat()].concat());
        [boxed(b"ftyp", b"isom\0\0\0\0"), moov, boxed(b"mdat", b"frames")].concat()
    }

    fn told(bytes: &[u8]) -> Result<Video> {
        inspect(&mut Cursor::new(bytes))
    }

    #[test]
    fn a_real_video_passes_and_loses_what_its_camera_said() {
        let video = told(REAL).unwrap();
        assert_eq!((video.width, video.height, video.seconds), (64, 48, 1));
        let has = |bytes: &[u8], text: &[u8]| bytes.windows(text.len()).any(|part| part == text);
        assert!(has(REAL, b"+32.3-118.3/"));
        let mut bytes = REAL.to_vec();
        blank(&mut Cursor::new(&mut bytes), &video.hidden).unwrap();
        assert!(!has(&bytes, b"+32.3-118.3/") && bytes.len() == REAL.len());
        let again = told(&bytes).unwrap();
        assert_eq!(again, Video { hidden: Vec::new(), ..video });
    }

    #[test]
    fn only_what_phones_play_passes() {
        let (picture, sound) = (track(b"vide", b"avc1"), track(b"soun", b"mp4a"));
        let good = movie(1000, 90_001, &[picture.clone(), sound]);
        assert_eq!(
            told(&good).unwrap(),
            Video { width: 64, height: 48, seconds: 91, hidden: Vec::new() }
        );
        for (tracks, said) in [
            (vec![track(b"vide", b"hvc1")], "H.264"),
            (vec![picture.clone(), track(b"soun", b"Opus")], "AAC"),
            (vec![picture.clone(), track(b"meta", b"gpmd")], "轨道"),
            (vec![picture.clone(), picture.clone()], "两路"),
            (vec![track(b"soun", b"mp4a")], "画面"),
        ] {
            let error = told(&movie(1000, 9000, &tracks)).unwrap_err();
            assert_eq!(error.code(), "bad-video");
            assert!(error.to_string().contains(said), "{error}");
        }
        for (scale, length) in [(0, 9), (1, 0), (1, 3601)] {
            assert!(told(&movie(scale, length, std::slice::from_ref(&picture))).is_err());
        }
    }

    #[test]
    fn what_is_no_mp4_is_refused() {
        for not in [
            &b""[..],
            b"GIF89a",
            b"\0\0\0\x08ftyp",
            &REAL[..REAL.len() / 2],
            b"\0\0\0\x04ftyp",
            b"\0\0\0\x01ftyp",
        ] {
            assert_eq!(told(not).unwrap_err().code(), "bad-video");
        }
        let webm = [&b"\x1A\x45\xDF\xA3"[..], &[0; 100]].concat();
        assert!(told(&webm).is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic_the_reader(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
            let _ = told(&bytes);
            let _ = told(&[boxed(b"ftyp", b""), boxed(b"moov", &bytes), boxed(b"mdat", b"")].concat());
        }

        #[test]
        fn a_damaged_video_never_panics_and_nothing_outside_of_it_is_blanked(
            at in 0..REAL.len(), to: u8, cut in 0..REAL.len()
        ) {
            let mut bytes = REAL.to_vec();
            bytes[at] = to;
            for bytes in [&bytes[..], &bytes[..cut]] {
                if let Ok(video) = told(bytes) {
                    for (from, to) in video.hidden {
                        proptest::prop_assert!(from < to && to <= bytes.len() as u64);
                    }
                }
            }
        }
    }
}
