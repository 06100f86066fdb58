//! A pack: the glyphs of many characters at every size, as they lie in a board's flash and are drawn from there.
//!
//! All numbers are little-endian, every part begins at a multiple of 4:
//! ```text
//! "mbglyph1"                                   8 bytes
//! length of the whole                          u32
//! number of characters n                       u32
//! ascent, descent, x-height, cap height        4 × i16, thousandths of an em; the descent is less than 0
//! sizes in pixels of an em                     2 × u8: 24, 32; then 2 × 0
//! code points, each greater than the last      n × u32
//! at 24 px, then at 32 px                      n × (where its alpha begins: u32, width, height: u8, x, y: i8,
//!                                              advance: u8, 3 × 0)
//! the alpha of all, each at a multiple of 4
//! SHA-256 of all of the above                  32 bytes
//! ```

use super::{Glyph, SIZES, is_shown, measures_right};
use crate::hash::{Hash, sha256};
use alloc::vec::Vec;
use sha2::{Digest, Sha256};

/// What a pack begins with.
const MAGIC: &[u8; 8] = b"mbglyph1";
/// Bytes before the code points.
const HEAD_BYTES: usize = 28;
/// Bytes of a glyph's measures.
const RECORD_BYTES: usize = 12;
/// Bytes of the hash at the end.
const HASH_BYTES: usize = 32;
/// The most characters in a pack: what draws them counts them in 16 bits, from 1.
const CHARACTERS_MAX: usize = 65_534;

/// Why a pack was refused, or cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadPack {
    /// Something else, of another version, or of other sizes.
    #[error("not a glyph pack of this version")]
    Kind,
    /// Cut off, or with something behind it.
    #[error("the glyph pack is not as long as it says")]
    Length,
    /// A bit of it is not what was written.
    #[error("the glyph pack is damaged")]
    Damaged,
    /// It was written so: characters out of order, measures of no character, alpha outside.
    #[error("the glyph pack's index is wrong")]
    Index,
}

/// How the characters of a pack stand on a line, in thousandths of an em.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metrics {
    /// From the base line to the top.
    pub ascent: i16,
    /// From the base line to the bottom; less than 0.
    pub descent: i16,
    /// Height of an `x`.
    pub x_height: i16,
    /// Height of an `H`.
    pub cap_height: i16,
}

/// A glyph in a pack; [`Glyph`] says what its fields mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "Glyph says it")]
pub struct PackGlyph<'a> {
    pub width: u8,
    pub height: u8,
    pub x: i8,
    pub y: i8,
    pub advance: u8,
    pub alpha: &'a [u8],
}

/// A pack that was read and is whole; its glyphs stay where they are.
#[derive(Debug, Clone, Copy)]
pub struct Pack<'a> {
    bytes: &'a [u8],
    characters: usize,
    metrics: Metrics,
    id: Hash,
}

/// A pack's hash on its way: ten million bytes are too many for a board to stop for.
#[derive(Debug, Clone)]
pub struct Check<'a> {
    rest: &'a [u8],
    hasher: Sha256,
    id: Hash,
}

impl Check<'_> {
    /// Looks at so many bytes more; `None` while there are others. After that it has no more to say.
    ///
    /// # Errors
    /// [`BadPack::Damaged`].
    pub fn go_on(&mut self, bytes: usize) -> Option<Result<(), BadPack>> {
        let (now, later) = self.rest.split_at(bytes.min(self.rest.len()));
        self.hasher.update(now);
        self.rest = later;
        if !later.is_empty() {
            return None;
        }
        let hash: [u8; HASH_BYTES] = self.hasher.finalize_reset().into();
        Some(if hash == self.id.0 { Ok(()) } else { Err(BadPack::Damaged) })
    }
}

/// Four bytes at a place.
fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|four| u32::from_le_bytes(*four))
}

/// The same as a length or place.
fn place(bytes: &[u8], at: usize) -> Option<usize> {
    usize::try_from(word(bytes, at)?).ok()
}

impl<'a> Pack<'a> {
    /// Reads a pack: all of it is checked.
    ///
    /// # Errors
    /// [`BadPack`].
    pub fn read(bytes: &'a [u8]) -> Result<Pack<'a>, BadPack> {
        let pack = Pack::open(bytes)?;
        pack.check().go_on(bytes.len()).unwrap_or(Ok(()))?;
        Ok(pack)
    }

    /// The same, but for the bits of the pictures, which are many: [`Pack::check`] says later whether they are what
    /// was written. Until then a glyph may look wrong, and nothing worse.
    ///
    /// # Errors
    /// [`BadPack`].
    pub fn open(bytes: &'a [u8]) -> Result<Pack<'a>, BadPack> {
        let head = bytes.first_chunk::<HEAD_BYTES>().ok_or(BadPack::Length)?;
        if !head.starts_with(MAGIC) || head[24..] != [SIZES[0], SIZES[1], 0, 0] {
            return Err(BadPack::Kind);
        }
        let characters = place(head, 12).ok_or(BadPack::Length)?;
        let needs = HEAD_BYTES + HASH_BYTES;
        let whole = characters <= CHARACTERS_MAX
            && place(head, 8) == Some(bytes.len())
            && bytes.len() >= needs + characters * (4 + RECORD_BYTES * SIZES.len());
        let (said, hash) = bytes.split_last_chunk::<HASH_BYTES>().ok_or(BadPack::Length)?;
        if !whole {
            return Err(BadPack::Length);
        }
        let thousandths = |at: usize| i16::from_le_bytes([head[at], head[at + 1]]);
        let metrics = Metrics {
            ascent: thousandths(16),
            descent: thousandths(18),
            x_height: thousandths(20),
            cap_height: thousandths(22),
        };
        let pack = Pack { bytes: said, characters, metrics, id: Hash(*hash) };
        pack.index_right().then_some(pack).ok_or(BadPack::Index)
    }

    /// Begins to look whether all bits are what was written.
    #[must_use]
    pub fn check(&self) -> Check<'a> {
        Check { rest: self.bytes, hasher: Sha256::new(), id: self.id }
    }

    /// Whether code points rise and every glyph can be drawn.
    fn index_right(&self) -> bool {
        let Metrics { ascent, descent, .. } = self.metrics;
        let mut last = None;
        let mut rises = |at| {
            let ch = self.character(at);
            let right = ch.is_some_and(is_shown) && last < ch;
            last = ch;
            right
        };
        (1..=2000).contains(&ascent)
            && (-2000..=0).contains(&descent)
            && (0..self.characters)
                .all(|at| rises(at) && SIZES.iter().all(|px| self.at(at, *px).is_some()))
    }

    /// The SHA-256 of the whole: its name.
    #[must_use]
    pub fn id(&self) -> Hash {
        self.id
    }

    /// How its characters stand on a line.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        self.metrics
    }

    /// How many characters it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.characters
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.characters == 0
    }

    /// The character at a place of the index.
    #[must_use]
    pub fn character(&self, at: usize) -> Option<char> {
        if at < self.characters {
            char::from_u32(word(self.bytes, HEAD_BYTES + at * 4)?)
        } else {
            None
        }
    }

    /// The place of a character in the index.
    #[must_use]
    pub fn find(&self, ch: char) -> Option<usize> {
        let (mut low, mut high) = (0, self.characters);
        while low < high {
            let middle = usize::midpoint(low, high);
            if self.character(middle)? < ch {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        (self.character(low) == Some(ch)).then_some(low)
    }

    /// The glyph at a place of the index, at one of [`SIZES`].
    #[must_use]
    pub fn at(&self, at: usize, px: u8) -> Option<PackGlyph<'a>> {
        let table = SIZES.iter().position(|size| *size == px)?;
        if at >= self.characters {
            return None;
        }
        let record =
            HEAD_BYTES + self.characters * 4 + (table * self.characters + at) * RECORD_BYTES;
        let record = self.bytes.get(record..)?.first_chunk::<RECORD_BYTES>()?;
        let [_, _, _, _, width, height, x, y, advance, 0, 0, 0] = *record else { return None };
        let (x, y) = (i8::from_le_bytes([x]), i8::from_le_bytes([y]));
        let from = place(record, 0)?;
        let to = from.checked_add(usize::from(width) * usize::from(height))?;
        let alpha = self.bytes.get(from..to)?;
        let right = from.is_multiple_of(4) && measures_right(px, width, height, x, y, advance);
        right.then_some(PackGlyph { width, height, x, y, advance, alpha })
    }

    /// The glyph of a character.
    #[must_use]
    pub fn glyph(&self, ch: char, px: u8) -> Option<PackGlyph<'a>> {
        self.at(self.find(ch)?, px)
    }
}

/// Writes a pack of glyphs: for each character one of each of [`SIZES`], in order of character and size.
///
/// # Errors
/// [`BadPack::Index`] when there is not each of them, once and in order; [`BadPack::Length`] when there are too many.
pub fn write(metrics: Metrics, glyphs: &[Glyph]) -> Result<Vec<u8>, BadPack> {
    let characters = glyphs.len() / SIZES.len();
    let of_one = |one: &[Glyph]| {
        let same = one.iter().zip(SIZES).all(|(g, px)| g.px == px && g.ch == one[0].ch);
        same && one.len() == SIZES.len() && one.iter().all(|g| g.check().is_ok())
    };
    if !glyphs.chunks(SIZES.len()).all(of_one) {
        return Err(BadPack::Index);
    }
    if characters > CHARACTERS_MAX {
        return Err(BadPack::Length);
    }
    let short = |n: usize| u32::try_from(n).map(u32::to_le_bytes).map_err(|_| BadPack::Length);
    let data = HEAD_BYTES + characters * (4 + RECORD_BYTES * SIZES.len());
    let (mut codes, mut alpha) = (Vec::new(), Vec::new());
    let mut tables = [Vec::new(), Vec::new()];
    for one in glyphs.chunks_exact(SIZES.len()) {
        codes.extend(u32::from(one[0].ch).to_le_bytes());
        for (glyph, table) in one.iter().zip(&mut tables) {
            table.extend(short(data + alpha.len())?);
            table.extend([glyph.width, glyph.height]);
            table.extend([glyph.x, glyph.y].map(|v| v.to_le_bytes()[0]));
            table.extend([glyph.advance, 0, 0, 0]);
            alpha.extend(&glyph.alpha);
            alpha.resize(alpha.len().next_multiple_of(4), 0);
        }
    }
    let mut pack = MAGIC.to_vec();
    pack.extend(short(data + alpha.len() + HASH_BYTES)?);
    pack.extend(short(characters)?);
    let Metrics { ascent, descent, x_height, cap_height } = metrics;
    pack.extend([ascent, descent, x_height, cap_height].map(i16::to_le_bytes).concat());
    pack.extend([SIZES[0], SIZES[1], 0, 0]);
    for part in [codes, tables.concat(), alpha] {
        pack.extend(part);
    }
    let hash = sha256(&pack);
    pack.extend(hash.0);
    Pack::read(&pack)?;
    Ok(pack)
}

#[cfg(test)]
mod tests {
    use super::super::tests::sample;
    use super::*;
    use proptest::prelude::*;

    const METRICS: Metrics =
        Metrics { ascent: 1160, descent: -288, x_height: 543, cap_height: 733 };

    fn glyphs() -> Vec<Glyph> {
        let mut glyphs = Vec::new();
        for ch in [' ', '1', '一', '白', '龥', '\u{20bb7}'] {
            glyphs.extend([sample(ch, 24), sample(ch, 32)]);
        }
        for space in &mut glyphs[..2] {
            (space.width, space.height) = (0, 0);
            space.alpha.clear();
        }
        glyphs
    }

    /// The same pack with its hash made right again.
    fn sealed(mut pack: Vec<u8>) -> Vec<u8> {
        let end = pack.len() - HASH_BYTES;
        let hash = sha256(&pack[..end]);
        pack[end..].copy_from_slice(&hash.0);
        pack
    }

    #[test]
    fn every_glyph_is_found_again() {
        let glyphs = glyphs();
        let bytes = write(METRICS, &glyphs).unwrap();
        let pack = Pack::read(&bytes).unwrap();
        assert_eq!((pack.len(), pack.metrics(), pack.is_empty()), (6, METRICS, false));
        for glyph in &glyphs {
            let found = pack.glyph(glyph.ch, glyph.px).unwrap();
            let Glyph { ch, px, width, height, x, y, advance, alpha } = glyph.clone();
            assert_eq!(
                found,
                PackGlyph { width, height, x, y, advance, alpha: &alpha },
                "{ch} {px}"
            );
        }
        for absent in ['\u{1f}', '2', '二', '\u{10ffff}'] {
            assert_eq!(pack.find(absent), None);
        }
        assert_eq!(pack.glyph('一', 16), None);
        assert_eq!((pack.character(6), pack.at(6, 24)), (None, None));
        let none = write(METRICS, &[]).unwrap();
        assert!(Pack::read(&none).unwrap().is_empty());
    }

    #[test]
    fn a_pack_is_each_size_once_and_in_order() {
        let refused = |change: fn(&mut Vec<Glyph>)| {
            let mut glyphs = glyphs();
            change(&mut glyphs);
            write(METRICS, &glyphs).unwrap_err()
        };
        assert_eq!(refused(|g| drop(g.pop())), BadPack::Index);
        assert_eq!(refused(|g| g.swap(0, 1)), BadPack::Index);
        assert_eq!(refused(|g| g.rotate_left(2)), BadPack::Index);
        assert_eq!(refused(|g| g[0].advance = 200), BadPack::Index);
        assert_eq!(write(Metrics { descent: 5, ..METRICS }, &glyphs()), Err(BadPack::Index));
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_noticed() {
        let pack = write(METRICS, &glyphs()).unwrap();
        for at in 0..pack.len() {
            assert!(Pack::read(&pack[..at]).is_err(), "cut at {at}");
            for bit in 0..8 {
                let mut flipped = pack.clone();
                flipped[at] ^= 1 << bit;
                assert!(Pack::read(&flipped).is_err(), "byte {at} bit {bit}");
            }
        }
        let mut longer = pack.clone();
        longer.push(0);
        assert_eq!(Pack::read(&longer).unwrap_err(), BadPack::Length);
    }

    #[test]
    fn a_pack_is_checked_bit_by_bit() {
        let bytes = write(METRICS, &glyphs()).unwrap();
        let answer = |bytes: &[u8], step: usize| {
            let mut check = Pack::open(bytes).unwrap().check();
            let answers = core::iter::from_fn(|| Some(check.go_on(step)));
            let steps = answers.take_while(Option::is_none).count();
            let mut check = Pack::open(bytes).unwrap().check();
            (0..steps).for_each(|_| assert_eq!(check.go_on(step), None));
            (steps, check.go_on(step).unwrap())
        };
        assert_eq!(answer(&bytes, 64), ((bytes.len() - 32).div_ceil(64) - 1, Ok(())));
        assert_eq!(answer(&bytes, usize::MAX), (0, Ok(())));
        let mut damaged = bytes;
        let alpha = damaged.len() - 40;
        damaged[alpha] ^= 1;
        assert_eq!(answer(&damaged, 64).1, Err(BadPack::Damaged));
    }

    #[test]
    fn a_wrong_index_under_a_right_hash_is_refused() {
        let pack = write(METRICS, &glyphs()).unwrap();
        let first_record = HEAD_BYTES + 6 * 4;
        // Alpha outside, at no multiple of 4, a width of no character, an advance, a zero that is none.
        for (at, byte) in [(3, 0xff), (0, 0xfe), (4, 200), (8, 250), (9, 1)] {
            let mut wrong = pack.clone();
            wrong[first_record + RECORD_BYTES + at] = byte;
            assert_eq!(Pack::read(&sealed(wrong)).unwrap_err(), BadPack::Index, "{at}");
        }
        let mut twice = pack.clone();
        twice.copy_within(HEAD_BYTES..HEAD_BYTES + 4, HEAD_BYTES + 4);
        assert_eq!(Pack::read(&sealed(twice)).unwrap_err(), BadPack::Index);
        let mut many = pack;
        many[12..16].copy_from_slice(&[0xff; 4]);
        assert_eq!(Pack::read(&sealed(many)).unwrap_err(), BadPack::Length);
    }

    proptest! {
        #[test]
        fn no_bytes_break_it(tail in proptest::collection::vec(any::<u8>(), 0..300), changes in
            proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8)) {
            let _ = Pack::read(&tail);
            let mut pack = write(METRICS, &glyphs()).unwrap();
            for (at, byte) in changes {
                let at = at.index(pack.len());
                pack[at] = byte;
            }
            if let Ok(read) = Pack::read(&sealed(pack)) {
                for at in 0..=read.len() {
                    let _ = read.character(at).map(|ch| read.find(ch));
                    let _ = SIZES.map(|px| read.at(at, px));
                }
            }
        }
    }
}
