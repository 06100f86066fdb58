//! What reading and rendering a photo takes, step by step, in processor time: the bench runs it as a program.

use crate::edit::Edit;
use crate::error::{Error, Result};
use crate::photo::PhotoFile;
use crate::picture;
use crate::{looking, ocr};
use image::codecs::jpeg::JpegEncoder;
use rustix::time::{ClockId, clock_gettime};
use serde::Serialize;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Quality of the enlarged photo, as phones write.
const PHONE_QUALITY: u8 = 90;

/// Options.
#[derive(Debug, clap::Parser)]
pub struct Ask {
    /// Photos.
    #[arg(required = true)]
    pub photos: Vec<PathBuf>,
    /// The models' folder; the one beside the program if it is there.
    #[arg(long, env = "MINGBAI_MODELS")]
    pub models: Option<PathBuf>,
    /// Leaves printed words out.
    #[arg(long)]
    pub no_text: bool,
    /// Enlarges each photo to this many pixels, in millions, before it is measured.
    #[arg(long)]
    pub megapixels: Option<f32>,
}

/// Processor seconds of each step; none is done twice.
#[derive(Debug, Default, Serialize)]
struct Seconds {
    decode: f64,
    look: f64,
    /// By the clock.
    look_clock: f64,
    text: f64,
    publish: f64,
}

#[derive(Serialize)]
struct Measured<'a> {
    file: &'a Path,
    qr: Vec<String>,
    lines: Vec<ocr::Line>,
    seconds: Seconds,
    /// Bytes of the public picture.
    bytes: usize,
}

/// Measures each photo and prints what it took.
///
/// # Errors
/// [`Error`], for the first photo that cannot be used.
pub fn run(ask: &Ask, out: &mut dyn Write) -> Result<()> {
    let models = ocr::find_models(ask.models.as_deref()).filter(|_| !ask.no_text);
    let reader =
        models.map(|folder| ocr::Reader::load(&folder)).transpose().map_err(Error::Text)?;
    for file in &ask.photos {
        let measured = one(file, ask.megapixels, reader.as_ref())?;
        let line = serde_json::to_string(&measured).map_err(|why| Error::Terminal(why.into()))?;
        writeln!(out, "{line}").map_err(Error::Terminal)?;
    }
    Ok(())
}

fn one<'a>(
    file: &'a Path,
    megapixels: Option<f32>,
    reader: Option<&ocr::Reader>,
) -> Result<Measured<'a>> {
    let bad = |why| Error::Photo { file: file.into(), why };
    let photo_file = PhotoFile::read(file).map_err(bad)?;
    let enlarged = megapixels.map(|millions| enlarged(file, millions)).transpose()?;
    let photo_file = match &enlarged {
        Some(larger) => PhotoFile::read(larger.path()).map_err(bad)?,
        None => photo_file,
    };
    let mut seconds = Seconds::default();
    let bytes = photo_file.bytes;
    // Each chore reads its photo anew, as when they are done one by one.
    let mut decoded = || {
        let file = PhotoFile { bytes: bytes.clone(), hash: photo_file.hash };
        timed(&mut seconds.decode, || file.decode()).map_err(bad)
    };
    let (taken, to_look, to_make) = (decoded()?, decoded()?, decoded()?);
    drop(taken);
    let clock = Instant::now();
    let qr = timed(&mut seconds.look, || looking::look(to_look)).codes;
    seconds.look_clock = clock.elapsed().as_secs_f64();
    let photo = to_make.upright();
    let read = |reader: &ocr::Reader| reader.read(&photo, &|_, _| true);
    let lines = timed(&mut seconds.text, || reader.map(read).transpose()).map_err(Error::Text)?;
    let made = timed(&mut seconds.publish, || picture::render(photo, &Edit::default()));
    let made = made.map_err(bad)?;
    let lines = lines.unwrap_or_default();
    Ok(Measured { file, qr, lines, seconds, bytes: made.picture.bytes.len() })
}

/// A copy of the photo as a camera with more pixels would have written it.
fn enlarged(file: &Path, millions: f32) -> Result<tempfile::NamedTempFile> {
    let work = || -> std::io::Result<tempfile::NamedTempFile> {
        let picture = image::open(file).map_err(std::io::Error::other)?.into_rgb8();
        let (width, height) = (picture.width() as f32, picture.height() as f32);
        let grow = (millions * 1e6 / (width * height)).sqrt();
        let (width, height) = ((width * grow) as u32, (height * grow) as u32);
        let filter = image::imageops::FilterType::CatmullRom;
        let picture = image::imageops::resize(&picture, width, height, filter);
        let larger = tempfile::Builder::new().suffix(".jpg").tempfile()?;
        JpegEncoder::new_with_quality(larger.as_file(), PHONE_QUALITY)
            .encode_image(&picture)
            .map_err(std::io::Error::other)?;
        Ok(larger)
    };
    work().map_err(Error::disk(file))
}

fn timed<T>(seconds: &mut f64, work: impl FnOnce() -> T) -> T {
    let processor = || {
        let now = clock_gettime(ClockId::ProcessCPUTime);
        now.tv_sec as f64 + now.tv_nsec as f64 / 1e9
    };
    let start = processor();
    let done = work();
    *seconds = processor() - start;
    done
}
