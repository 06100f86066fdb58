//! The typefaces of the papers: Noto CJK as Debian's `fonts-noto-cjk` installs it.

use crate::Error;
use ab_glyph::{Font, FontVec};
use std::path::{Path, PathBuf};

/// Where Debian keeps the collections.
const FOLDER: &str = "/usr/share/fonts/opentype/noto";
/// Name table id of the family name (OpenType `name` table).
const FAMILY: u16 = 1;

/// Which typeface to draw with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Face {
    /// Noto Sans CJK SC.
    Sans,
    /// Noto Sans CJK SC, bold.
    Bold,
    /// Noto Serif CJK SC.
    Serif,
}

/// The typefaces, loaded.
#[derive(Debug)]
pub struct Typefaces {
    sans: FontVec,
    bold: FontVec,
    serif: FontVec,
}

impl Typefaces {
    /// Loads the simplified Chinese faces.
    ///
    /// # Errors
    /// When a collection is not installed or has no such face.
    pub fn load() -> Result<Self, Error> {
        let folder = Path::new(FOLDER);
        Ok(Self {
            sans: face(&folder.join("NotoSansCJK-Regular.ttc"), "Noto Sans CJK SC")?,
            bold: face(&folder.join("NotoSansCJK-Bold.ttc"), "Noto Sans CJK SC")?,
            serif: face(&folder.join("NotoSerifCJK-Regular.ttc"), "Noto Serif CJK SC")?,
        })
    }

    /// The font behind `face`.
    #[must_use]
    pub fn font(&self, face: Face) -> &impl Font {
        match face {
            Face::Sans => &self.sans,
            Face::Bold => &self.bold,
            Face::Serif => &self.serif,
        }
    }
}

/// Opens the face called `family` in the collection at `path`.
fn face(path: &Path, family: &str) -> Result<FontVec, Error> {
    let missing = || Error::Font(PathBuf::from(path));
    let data = std::fs::read(path).map_err(|_| missing())?;
    let count = ttf_parser::fonts_in_collection(&data).unwrap_or(1);
    let wanted: Vec<u8> = family.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let named = |index: &u32| {
        ttf_parser::Face::parse(&data, *index).is_ok_and(|face| {
            face.names().into_iter().any(|name| {
                name.name_id == FAMILY && name.is_unicode() && name.name == wanted.as_slice()
            })
        })
    };
    let index = (0..count).find(named).ok_or_else(missing)?;
    FontVec::try_from_vec_and_index(data, index).map_err(|_| missing())
}
