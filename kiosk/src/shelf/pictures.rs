//! Pictures on disk: `DATA/blob/<sha256>`, `.part` while they come. A picture is hashed each time before it is shown.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};

use ledger::hash::{Hash, sha256};
use ledger::place::Village;
use ledger::time::Period;
use rusqlite::OptionalExtension;

use super::{Shelf, ShelfError, file_error, parsed};

/// Bytes of the largest picture; docs/FORMATS.md.
pub const PICTURE_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// Bytes of the largest thumbnail.
pub const THUMB_BYTES_MAX: u64 = 512 * 1024;

/// Bytes that a thumbnail takes before it is known.
const THUMB_BYTES_LIKELY: u64 = 16 * 1024;

/// Which pictures a sync fetches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Images {
    /// None.
    None,
    /// Thumbnails.
    Thumbs,
    /// Thumbnails first, then the pictures.
    #[default]
    All,
}

/// A picture that is not here yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Its hash, and its name.
    pub hash: Hash,
    /// No more bytes than this.
    pub bytes_max: u64,
    /// How many bytes it will have, more or less.
    bytes_likely: u64,
}

impl Wanted {
    /// A picture of which so many bytes are promised; a thumbnail when nothing is.
    fn new(hash: Hash, promised: Option<u64>) -> Self {
        let bytes_max = promised.map_or(THUMB_BYTES_MAX, |bytes| bytes.min(PICTURE_BYTES_MAX));
        Self { hash, bytes_max, bytes_likely: promised.map_or(THUMB_BYTES_LIKELY, |_| bytes_max) }
    }
}

/// Which pictures are wished for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wishes<'w> {
    /// Of which kind.
    pub images: Images,
    /// Whose come first, with the township's.
    pub village: Option<Village>,
    /// The most bytes that they may take; all there are when not given.
    pub budget: Option<u64>,
    /// What somebody opened lately.
    pub opened: &'w [Hash],
}

/// What a picture is worth: what stands first counts most.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Worth {
    opened: bool,
    own: bool,
    thumb: bool,
    month: Period,
    index: u64,
}

/// What to do about pictures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// To be fetched, in this order.
    pub wanted: Vec<Wanted>,
    /// To be removed first.
    pub evicted: Vec<Hash>,
}

impl Shelf {
    /// A picture's bytes, hashed again just now; `None` when it has not arrived, was withdrawn, or is damaged. A damaged
    /// one is removed, so that the next sync fetches it again.
    #[must_use]
    pub fn image(&self, hash: Hash) -> Option<Vec<u8>> {
        self.open_image(hash).map(|(_, bytes)| bytes)
    }

    /// The same as an open file, to be read again from its start, and how many bytes it has.
    #[must_use]
    pub fn image_file(&self, hash: Hash) -> Option<(File, u64)> {
        let (mut file, bytes) = self.open_image(hash)?;
        file.rewind().ok()?;
        Some((file, bytes.len() as u64))
    }

    fn open_image(&self, hash: Hash) -> Option<(File, Vec<u8>)> {
        let mut query = self.db.prepare_cached("SELECT 1 FROM picture WHERE hash = ?1").ok()?;
        query.query_row([hash.0], |_| Ok(())).optional().ok()??;
        let path = self.blob(hash);
        let file = File::open(&path).ok()?;
        let mut bytes = Vec::new();
        (&file).take(PICTURE_BYTES_MAX + 1).read_to_end(&mut bytes).ok()?;
        if sha256(&bytes) != hash {
            let _ = fs::remove_file(&path); // the next reader will see the same
            return None;
        }
        Some((file, bytes))
    }

    /// Where the picture lies, or will.
    #[must_use]
    pub fn blob(&self, hash: Hash) -> PathBuf {
        self.blobs().join(hash.to_string())
    }

    /// The directory of pictures.
    #[must_use]
    pub fn blobs(&self) -> PathBuf {
        self.dir.join("blob")
    }

    /// What to fetch and what to remove. Both follow one order of worth: what was opened lately; the own village's
    /// thumbnails, then its pictures; other thumbnails, other pictures; each by month, the newest first. As much of it
    /// is kept as the budget allows.
    pub fn plan(&self, wishes: &Wishes) -> Result<Plan, ShelfError> {
        let mut plan = Plan::default();
        if wishes.images == Images::None {
            return Ok(plan);
        }
        let here = self.here()?;
        let mut room = wishes.budget.unwrap_or(u64::MAX);
        for (worth, wanted) in self.by_worth(wishes)? {
            let held = here.contains(&wanted.hash);
            let bytes = match wishes.budget.map(|_| fs::metadata(self.blob(wanted.hash))) {
                Some(Ok(file)) if held => file.len(),
                _ => wanted.bytes_likely,
            };
            // Once something found no room, nothing of less worth gets any: else it would come and go.
            let fits = bytes <= room;
            room = if fits { room - bytes } else { 0 };
            match (held, fits) {
                (false, true) => plan.wanted.push(wanted),
                (true, false) if !(worth.own && worth.thumb) => plan.evicted.push(wanted.hash),
                _ => {}
            }
        }
        Ok(plan)
    }

    /// Every picture of the kind, the one of most worth first.
    fn by_worth(&self, wishes: &Wishes) -> Result<Vec<(Worth, Wanted)>, ShelfError> {
        let own =
            wishes.village.map(|village| [village.to_string(), village.township().to_string()]);
        let mut query = self.db.prepare_cached(
            "SELECT id, hash, thumb, bytes, place, month FROM picture WHERE thumb OR ?1",
        )?;
        let mut rows = query.query([wishes.images == Images::All])?;
        let mut found: HashMap<Hash, (Worth, Wanted)> = HashMap::new();
        while let Some(row) = rows.next()? {
            let (hash, place) = (Hash(row.get(1)?), row.get_ref(4)?.as_str()?);
            let worth = Worth {
                opened: wishes.opened.contains(&hash),
                own: own.as_ref().is_some_and(|own| own.iter().any(|own| own == place)),
                thumb: row.get(2)?,
                month: parsed(row, 5)?,
                index: row.get(0)?,
            };
            // A picture that several papers show has the worth that it has for the one to which it is worth most.
            match found.get_mut(&hash) {
                Some((known, _)) => *known = worth.max(*known),
                None => {
                    found.insert(hash, (worth, Wanted::new(hash, row.get(3)?)));
                }
            }
        }
        let mut found: Vec<_> = found.into_values().collect();
        found.sort_unstable_by_key(|(worth, _)| Reverse(*worth));
        Ok(found)
    }

    /// The pictures that are here.
    fn here(&self) -> Result<HashSet<Hash>, ShelfError> {
        Ok(names(&self.blobs())?.iter().filter_map(|name| name.parse().ok()).collect())
    }

    /// One picture, if some paper shows it and it is not here.
    pub fn wanted_one(&self, hash: Hash) -> Result<Option<Wanted>, ShelfError> {
        let mut query = self
            .db
            .prepare_cached("SELECT max(bytes) FROM picture WHERE hash = ?1 HAVING count(*) > 0")?;
        let promised: Option<Option<u64>> =
            query.query_row([hash.0], |row| row.get(0)).optional()?;
        Ok(promised.map(|bytes| Wanted::new(hash, bytes)).filter(|_| !self.blob(hash).exists()))
    }

    /// The pictures that are here, thumbnails first.
    pub fn pictures(&self, images: Images) -> Result<Vec<Hash>, ShelfError> {
        let here = self.here()?;
        let mut query = self.db.prepare_cached(
            "SELECT hash FROM picture WHERE ?1 AND (thumb OR ?2)
             GROUP BY hash ORDER BY max(thumb) DESC, max(id) DESC",
        )?;
        let values = [images != Images::None, images == Images::All];
        let rows = query.query_map(values, |row| Ok(Hash(row.get(0)?)))?;
        let found: Vec<Hash> = rows.collect::<Result<_, _>>()?;
        Ok(found.into_iter().filter(|hash| here.contains(hash)).collect())
    }

    /// Removes every picture that no paper shows any more. Run by each audit too, so that a crash between a withdrawal's
    /// commit and this cannot keep a withdrawn picture.
    pub fn sweep(&self) -> Result<u64, ShelfError> {
        let mut query = self.db.prepare_cached("SELECT DISTINCT hash FROM picture")?;
        let rows = query.query_map([], |row| Ok(Hash(row.get(0)?).to_string()))?;
        let shown: HashSet<String> = rows.collect::<Result<_, _>>()?;
        let mut removed = 0;
        for name in names(&self.blobs())? {
            if !shown.contains(name.trim_end_matches(".part")) {
                let path = self.blobs().join(&name);
                fs::remove_file(&path).map_err(file_error(&path))?;
                removed += 1;
            }
        }
        Ok(removed)
    }
}

fn names(dir: &Path) -> Result<HashSet<String>, ShelfError> {
    let mut names = HashSet::new();
    for file in fs::read_dir(dir).map_err(file_error(dir))? {
        names.insert(file.map_err(file_error(dir))?.file_name().to_string_lossy().into_owned());
    }
    Ok(names)
}
