//! The quick look at a page: the codes on it, and what they say.

use crate::photo::Photo;
use crate::reading;
use serde::{Deserialize, Serialize};

/// What a quick look at a page found.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Looked {
    /// The texts of all codes.
    pub codes: Vec<String>,
}

/// Looks at a photo.
pub fn look(photo: &Photo) -> Looked {
    Looked { codes: reading::codes(photo.gray()) }
}
