//! Printed words on a photo, read by PP-OCR's models (detector and recogniser, ONNX) on one core. `detect` finds the
//! lines, `recognise` reads one, `order` puts them as a person would read them.

mod detect;
mod net;
mod order;
mod recognise;

use crate::error::Error;
use crate::geometry::{Point, Quad};
use crate::guard;
use crate::photo::{Pixels, fit, resize};
use crate::say;
use image::RgbImage;
use ledger::hash::sha256;
use net::Net;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// File and SHA-256 of the detector (PP-OCRv6 small, as in PyPI's `rapidocr` 3.10.0).
const DETECTOR: (&str, &str) =
    ("PP-OCRv6_det_small.onnx", "090f04abcd9d9a7498bc4ebf677e4cb9bdce1fe4197ddb7e529f1ef44e1ff94f");
/// File and SHA-256 of the recogniser, which holds its letters too.
const RECOGNISER: (&str, &str) =
    ("PP-OCRv6_rec_small.onnx", "6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884");
/// Pixels of the long edge of the copy that lines are cut from.
const READ_EDGE: u32 = 2000;
/// Lines with less certainty than this are left out.
const SCORE_MIN: f32 = 0.5;

/// Why printed words are not read.
#[derive(Debug)]
pub enum OcrError {
    /// A model's file cannot be read.
    Missing(PathBuf, std::io::Error),
    /// A model's file is not the one that this program was tested with.
    Altered(PathBuf),
    /// The models do not run.
    Broken(String),
    /// The caller had enough.
    Stopped,
}

impl fmt::Display for OcrError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&match self {
            OcrError::Missing(file, why) => {
                say!("文字识别模型读不出来：{file}：{why}", file = file.display(), why = why)
            }
            OcrError::Altered(file) => {
                say!("文字识别模型不是原来的文件：{file}；请重新安装", file = file.display())
            }
            OcrError::Broken(why) => say!("文字识别出错：{why}", why = why),
            OcrError::Stopped => say!("文字识别已停止"),
        })
    }
}

impl std::error::Error for OcrError {}

/// One printed line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// What it says.
    pub text: String,
    /// How certain the reader is, 0 to 1.
    pub score: f32,
    /// Where it stands, in fractions of the picture.
    pub place: Quad,
    /// Which row of the paper it is in: several lines may stand side by side. Rows count from the top.
    pub row: usize,
    /// Where each character begins and the last one ends, in fractions of the line's length; one more than characters.
    pub stops: Vec<f32>,
}

impl Line {
    /// A line whose characters are all equally wide.
    pub fn even(text: &str, place: Quad, row: usize) -> Line {
        let many = text.chars().count();
        let stops = (0..=many).map(|n| n as f32 / many.max(1) as f32).collect();
        Line { text: text.into(), score: 1.0, place, row, stops }
    }

    /// Where some of its characters stand (counted in `char`s); the whole line if there are no such.
    pub fn part(&self, chars: Range<usize>) -> Quad {
        let stops = (self.stops.get(chars.start), self.stops.get(chars.end));
        let (Some(from), Some(to)) = stops else { return self.place };
        let [a, b, c, d] = self.place.0;
        let between = |left: Point, right: Point, at: f32| Point {
            x: left.x + (right.x - left.x) * at,
            y: left.y + (right.y - left.y) * at,
        };
        Quad([between(a, b, *from), between(a, b, *to), between(d, c, *to), between(d, c, *from)])
    }
}

/// The folder of the models: the named one, or the one beside the program if it is there.
pub fn find_models(named: Option<&Path>) -> Option<PathBuf> {
    if let Some(named) = named {
        return Some(named.into());
    }
    let beside = std::env::current_exe().ok()?.parent()?.join("models");
    beside.join(DETECTOR.0).is_file().then_some(beside)
}

/// The reader of the named models, or of those beside the program; none where there are none: everything works without.
///
/// # Errors
/// [`Error::Text`] if models are there and cannot be used.
pub fn reader(named: Option<&Path>) -> Result<Option<Reader>, Error> {
    find_models(named).map(|folder| Reader::load(&folder).map_err(Error::Text)).transpose()
}

/// Both models, ready to read. One is enough for a program; it is read-only.
pub struct Reader {
    detector: Net,
    recogniser: Net,
    letters: Vec<String>,
}

impl Reader {
    /// Loads the models of a folder; some tenths of a second.
    ///
    /// # Errors
    /// [`OcrError::Missing`], [`OcrError::Altered`], [`OcrError::Broken`].
    pub fn load(folder: &Path) -> Result<Reader, OcrError> {
        let load = |(name, hash): (&str, &str)| {
            let file = folder.join(name);
            let bytes = std::fs::read(&file).map_err(|why| OcrError::Missing(file.clone(), why))?;
            if sha256(&bytes).to_string() != hash {
                return Err(OcrError::Altered(file));
            }
            Net::load(bytes)
        };
        let (detector, recogniser) = (load(DETECTOR)?, load(RECOGNISER)?);
        let letters = recogniser.letters().ok_or_else(|| OcrError::Broken("letters".into()))?;
        Ok(Reader { detector, recogniser, letters })
    }

    /// Reads every line of an upright picture, in reading order. `go_on` is told how many steps of how many are done
    /// and says whether to go on.
    ///
    /// # Errors
    /// [`OcrError::Stopped`] if `go_on` said so, [`OcrError::Broken`].
    pub fn read(
        &self,
        picture: &RgbImage,
        go_on: &dyn Fn(usize, usize) -> bool,
    ) -> Result<Vec<Line>, OcrError> {
        let broken = || OcrError::Broken("picture".into());
        let size = fit(picture.width(), picture.height(), READ_EDGE);
        let copy = scaled(picture, size).ok_or_else(broken)?;
        let ask = |done, of| if go_on(done, of) { Ok(()) } else { Err(OcrError::Stopped) };
        ask(0, 1)?;
        let found = guard::caught(|| detect::lines(&self.detector, &copy))
            .map_err(|_| broken())
            .flatten()?;
        let mut lines = Vec::new();
        for (n, strip) in found.iter().enumerate() {
            ask(n + 1, found.len() + 1)?;
            let read =
                guard::caught(|| recognise::read(&self.recogniser, &self.letters, &copy, strip))
                    .map_err(|_| broken())
                    .flatten()?;
            if !read.text.trim().is_empty() && read.score >= SCORE_MIN {
                lines.push((*strip, read));
            }
        }
        let rows = order::rows(lines, |(strip, _)| strip);
        let whole = (copy.width() as f32, copy.height() as f32);
        Ok(rows
            .into_iter()
            .map(|(row, (strip, read))| Line {
                text: read.text,
                score: read.score,
                place: strip.place(whole),
                row,
                stops: read.stops,
            })
            .collect())
    }
}

fn scaled(picture: &RgbImage, to: (u32, u32)) -> Option<RgbImage> {
    if picture.dimensions() == to {
        return Some(picture.clone());
    }
    let pixels = resize(picture, picture.dimensions(), to, Pixels::Colour)?;
    RgbImage::from_raw(to.0, to.1, pixels)
}

#[cfg(test)]
mod tests;
