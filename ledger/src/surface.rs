//! The read surface: the files that a log is read from, whoever has them, each by its one name.

use crate::hash::Hash;
use crate::tile::{TILE_WIDTH, Tile, bundle_path, content_bundle_path};
use alloc::{format, string::String};

/// Levels of tiles that a path may name (C2SP tlog-tiles).
const LEVELS: u8 = 64;

/// A file of the read surface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Item {
    /// The newest signed head.
    Checkpoint,
    /// Hashes of the tree.
    Tile(Tile),
    /// An entry bundle.
    Entries {
        /// Counted from the start of the log.
        number: u64,
        /// How many entries it holds: 1 to 256.
        width: u16,
    },
    /// The contents of the statements of the entry bundle of this number.
    Contents(u64),
    /// One content.
    Content(Hash),
    /// A picture or a video.
    Blob(Hash),
}

impl Item {
    /// Its path below the log's prefix, such as `tile/entries/x001/067.p/112`.
    pub fn path(&self) -> String {
        match self {
            Item::Checkpoint => "checkpoint".into(),
            Item::Tile(tile) => tile.path(),
            Item::Entries { number, width } => bundle_path(*number, *width),
            Item::Contents(number) => content_bundle_path(*number),
            Item::Content(hash) => format!("content/{hash}"),
            Item::Blob(hash) => format!("blob/{hash}"),
        }
    }

    /// The file with this path, if there can be one.
    pub fn parse(path: &str) -> Option<Item> {
        let item = match path.split_once('/') {
            None => Item::Checkpoint,
            Some(("blob", hash)) => Item::Blob(hash.parse().ok()?),
            Some(("content", rest)) => match rest.strip_prefix("bundle/") {
                Some(groups) => Item::Contents(number(groups)?),
                None => Item::Content(rest.parse().ok()?),
            },
            Some(("tile", rest)) => tile(rest)?,
            Some(_) => return None,
        };
        // What was read leniently must be the one way to write it.
        (item.path() == path).then_some(item)
    }
}

/// What stands behind `tile/`.
fn tile(rest: &str) -> Option<Item> {
    let (level, place) = rest.split_once('/')?;
    let (groups, width) = match place.split_once(".p/") {
        Some((groups, width)) => (groups, width.parse().ok().filter(|width| *width > 0)?),
        None => (place, u16::try_from(TILE_WIDTH).ok()?),
    };
    let number = number(groups)?;
    if level == "entries" {
        return Some(Item::Entries { number, width });
    }
    let level = level.parse().ok().filter(|level| *level < LEVELS)?;
    Some(Item::Tile(Tile { level, number, width }))
}

/// The digits of a number that is written in groups.
fn number(groups: &str) -> Option<u64> {
    groups.chars().filter(char::is_ascii_digit).collect::<String>().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::sha256;
    use alloc::string::ToString;

    #[test]
    fn every_file_has_one_name() {
        let hash = sha256(b"x");
        for item in [
            Item::Checkpoint,
            Item::Tile(Tile { level: 0, number: 0, width: 256 }),
            Item::Tile(Tile { level: 63, number: 1_234_067, width: 1 }),
            Item::Entries { number: 1_067, width: 255 },
            Item::Entries { number: u64::MAX, width: 256 },
            Item::Contents(1_234_067),
            Item::Content(hash),
            Item::Blob(hash),
        ] {
            assert_eq!(Item::parse(&item.path()), Some(item), "{}", item.path());
        }
        let upper = format!("blob/{}", hash.to_string().to_uppercase());
        for bad in [
            "",
            "/checkpoint",
            "checkpoint/",
            "checkpoints",
            "tile/0",
            "tile/0/",
            "tile/00/000",
            "tile/+0/000",
            "tile/64/000",
            "tile/0/1",
            "tile/0/0000",
            "tile/0/000.p",
            "tile/0/000.p/0",
            "tile/0/000.p/256",
            "tile/0/000.p/300",
            "tile/0/000.p/01",
            "tile/0/x001",
            "tile/0/001/002",
            "tile/0/x000/001",
            "tile/0/000/",
            "tile/0/000.p/1/2",
            "tile/0/../checkpoint",
            "tile/entries/../../keys/log.key",
            "tile/entries//000",
            "tile/0/x018/x446/x744/x073/x709/x551/616",
            "content/bundle/0",
            "content/bundle/-01",
            "content/bundle/000.p/1",
            "content/x",
            "blob/..",
            &upper,
        ] {
            assert_eq!(Item::parse(bad), None, "{bad}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_path_panics_the_reader_or_leads_elsewhere(
            path in "(tile|content|blob|bundle|entries|[0-9]{1,2}|[x0-9.p]{1,6}|\\PC{0,3})(/(tile|content|blob|bundle|entries|[0-9]{1,2}|[x0-9.p]{1,6}|\\PC{0,3})){0,5}"
        ) {
            if let Some(item) = Item::parse(&path) {
                proptest::prop_assert_eq!(item.path(), path.clone());
                proptest::prop_assert!(!path.contains("..") && !path.starts_with('/'));
            }
        }
    }
}
