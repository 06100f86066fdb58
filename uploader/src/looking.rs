//! The quick look at a page: the codes on it, where the paper is, whether the photo is good enough, and how it looks.

use crate::edit::Edit;
use crate::geometry::Quad;
use crate::likeness::Looks;
use crate::paper::{self, Flattening};
use crate::photo::Photo;
use crate::reading;
use crate::sharpness::{self, Gate};
use image::imageops::grayscale;
use serde::{Deserialize, Serialize};

/// Pixels of the long edge of the copy whose looks are taken.
const LOOKS_EDGE: u32 = 320;

/// What a quick look at a page found.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Looked {
    /// The texts of all codes.
    pub codes: Vec<String>,
    /// The paper's corners, if they were found.
    pub corners: Option<Quad>,
    /// Whether the photo is good enough; not known of papers of the first version.
    pub gate: Option<Gate>,
    /// How the straightened paper looks, to know it again.
    pub looks: Option<Looks>,
}

/// Looks at a photo.
pub fn look(photo: Photo) -> Looked {
    let gray = photo.gray();
    let photo = photo.upright();
    let corners = paper::find(&photo);
    let upright = grayscale(&photo);
    let gate = sharpness::verdict(&sharpness::measure(&upright, corners.as_ref()));
    let edit = Edit { corners, ..Edit::default() };
    let flat = Flattening::new(photo.dimensions(), &edit, LOOKS_EDGE).straighten(&photo);
    Looked {
        codes: reading::codes(gray),
        corners,
        gate: Some(gate),
        looks: flat.and_then(|flat| Looks::of(&grayscale(&flat))),
    }
}
