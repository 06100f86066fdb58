//! The public picture: a photo with its edit applied, what is covered burned in, encoded anew.
//! What is covered is blotted out of the photo before anything else looks at it, so nothing of it can reach a published byte.

mod cover;

use crate::edit::Edit;
use crate::guard;
use crate::paper::{self, Flattening};
use crate::photo::{BadPhoto, DEADLINE, shrink};
use image::RgbImage;
use ledger::content::Covered;
use ledger::hash::{Hash, sha256};

/// Pixels of the public picture's long edge; measured: text and codes stay legible at about 135 kB.
pub const PICTURE_EDGE: u32 = 2000;
/// Pixels of the thumbnail's long edge.
pub const THUMB_EDGE: u32 = 320;
const PICTURE_QUALITY: f32 = 70.0;
const THUMB_QUALITY: f32 = 65.0;

/// One JPEG ready for the public.
#[derive(Debug)]
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

/// What of a photo is published.
#[derive(Debug)]
pub struct Rendered {
    /// The picture.
    pub picture: Jpeg,
    /// Its thumbnail, made from what the picture shows.
    pub thumb: Jpeg,
    /// What is covered, in the picture's pixels.
    pub covered: Vec<Covered>,
}

/// Makes the public picture and its thumbnail of an upright photo.
///
/// # Errors
/// [`BadPhoto::Damaged`] if the encoder fails or takes too long.
pub fn render(photo: RgbImage, edit: &Edit) -> Result<Rendered, BadPhoto> {
    render_while(photo, edit, || true)
}

/// The same, given up between two steps when `go_on` says no.
///
/// # Errors
/// [`BadPhoto::Damaged`], [`BadPhoto::Stopped`].
pub fn render_while(
    photo: RgbImage,
    edit: &Edit,
    go_on: impl Fn() -> bool + Send + 'static,
) -> Result<Rendered, BadPhoto> {
    let edit = edit.clone();
    let work = move || {
        let (shown, covered) = draw(photo, &edit, &go_on)?;
        let picture = encode(&shown, PICTURE_QUALITY).ok_or(BadPhoto::Damaged)?;
        proceed(&go_on)?;
        let small = shrink(&shown, THUMB_EDGE).ok_or(BadPhoto::Damaged)?;
        let thumb = encode(&small, THUMB_QUALITY).ok_or(BadPhoto::Damaged)?;
        Ok(Rendered { picture, thumb, covered })
    };
    guard::within(DEADLINE, work).unwrap_or(Err(BadPhoto::Damaged))
}

/// What the public will see, for the screen: the same steps on a small copy of the photo, nothing encoded.
///
/// # Errors
/// [`BadPhoto::Damaged`].
pub fn preview(photo: RgbImage, edit: &Edit) -> Result<RgbImage, BadPhoto> {
    draw(photo, edit, &|| true).map(|(picture, _)| picture)
}

fn proceed(go_on: &dyn Fn() -> bool) -> Result<(), BadPhoto> {
    if go_on() { Ok(()) } else { Err(BadPhoto::Stopped) }
}

fn draw(
    mut photo: RgbImage,
    edit: &Edit,
    go_on: &dyn Fn() -> bool,
) -> Result<(RgbImage, Vec<Covered>), BadPhoto> {
    proceed(go_on)?;
    cover::blot(&mut photo, &edit.covers);
    let flattening = Flattening::new(photo.dimensions(), edit, PICTURE_EDGE);
    let mut picture = flattening.straighten(&photo).ok_or(BadPhoto::Damaged)?;
    drop(photo);
    proceed(go_on)?;
    if edit.even {
        paper::even(&mut picture);
        proceed(go_on)?;
    }
    let covered = cover::boxes(&edit.covers, &flattening);
    cover::burn(&mut picture, &covered);
    proceed(go_on)?;
    Ok((picture, covered))
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
mod tests;
