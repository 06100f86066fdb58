//! What the board keeps in flash: the head that it verified, the entries under it, pictures, and a few words of its own.
//!
//! Entries of a feed are written before anybody knows that it leads to its checkpoint. They lie beyond the head until
//! [`Store::commit`] has written one last small item, and nobody sees what lies beyond the head: a cut before that item
//! leaves the old state, a cut after it the new one.
//!
//! The map in flash has no index: looking for one item reads every newer one and their check sums. So what is read in numbers
//! is read in few passes, and nothing that takes its time keeps the board's other tasks from theirs.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::ops::{Range, RangeInclusive};

use embassy_futures::yield_now;
use ledger::board::Head;
use ledger::glyph::{Glyph, SIZES};
use ledger::hash::{Hash, sha256};
use ledger::key::VerifierKey;
use ledger::roster::{Roster, Signer};
use ledger::statement::Role;
use ledger::tree::Frontier;
use sequential_storage::cache::Cache;
use sequential_storage::map::{MapConfig, MapStorage};

use crate::board::Flash;

/// Bytes of a value that one item holds: three of them fit into a sector of 4 KiB.
const PIECE: usize = 1_200;
/// Bytes of an item's key and value.
const BUFFER: usize = KEY + 1 + PIECE + 32;
const KEY: usize = 11;
/// Bytes that say how long an entry's note is.
const LENGTH: usize = 2;
/// Bytes of values that are read in one pass.
const PASS: usize = 32 * 1024;
/// Bytes of the largest value.
pub const VALUE_BYTES_MAX: usize = 128 * 1024;
/// Extra glyphs that are kept, of 64 characters: some hundred KiB at most. More can be fetched again.
const GLYPHS_MAX: usize = 64 * SIZES.len();

/// What keeps something from being read or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// There is no room.
    #[error("the flash is full")]
    Full,
    /// The flash itself.
    #[error("the flash cannot be read or written")]
    Flash,
    /// What is written is too long.
    #[error("too long to be kept")]
    TooLong,
}

impl<E> From<sequential_storage::Error<E>> for StoreError {
    fn from(error: sequential_storage::Error<E>) -> Self {
        match error {
            sequential_storage::Error::FullStorage => StoreError::Full,
            sequential_storage::Error::ItemTooBig => StoreError::TooLong,
            _ => StoreError::Flash,
        }
    }
}

/// Where in the flash what lies: whole sectors, at least two each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Head, entries, words of its own.
    pub records: Range<u32>,
    /// Pictures: what can be fetched again.
    pub pictures: Range<u32>,
}

/// A word of the board's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// The seed of its key, 32 bytes.
    Key = 1,
    /// When it followed the log to its end last, seconds since 1970, 8 bytes.
    Synced = 2,
    /// The signed checkpoint that proves a fork, kept for whoever looks after it.
    Evidence = 5,
    /// The firmware's version that was tried last, 4 bytes.
    Tried = 6,
}

/// What a value is.
#[derive(Clone, Copy)]
enum Kind {
    /// Which of the two heads counts.
    Current = 0,
    Head = 1,
    Entry = 2,
    Word = 4,
    Picture = 5,
    Glyph = 6,
}

/// An entry as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The signed note.
    pub note: Vec<u8>,
    /// The content; empty where there is none.
    pub content: Vec<u8>,
}

/// The store.
#[derive(Debug)]
pub struct Store<F> {
    flash: F,
    layout: Layout,
    buffer: Vec<u8>,
}

impl<F: Flash> Store<F> {
    /// The store in a flash.
    pub fn new(flash: F, layout: Layout) -> Store<F> {
        Store { flash, layout, buffer: vec![0; BUFFER] }
    }

    /// The head that counts; the empty one before the first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn head(&mut self) -> Result<Head, StoreError> {
        let Some(which) = self.value(Kind::Current, 0).await? else { return Ok(Head::default()) };
        let which = which.first().copied().unwrap_or_default();
        let bytes = self.value(Kind::Head, which.into()).await?;
        bytes.and_then(|bytes| read_head(&bytes)).ok_or(StoreError::Flash)
    }

    /// Makes a head count, and with it all entries below its size.
    ///
    /// # Errors
    /// [`StoreError`]: then the head before counts.
    pub async fn commit(&mut self, head: &Head) -> Result<(), StoreError> {
        let current = self.value(Kind::Current, 0).await?;
        let other = current.and_then(|bytes| bytes.first().copied()).map_or(0, |one| one ^ 1);
        // A cut here leaves a head that nothing points to.
        self.put(Kind::Head, other.into(), &write_head(head).ok_or(StoreError::TooLong)?).await?;
        // The point of no return: one item, written whole or not at all.
        self.put(Kind::Current, 0, &[other]).await
    }

    /// Writes an entry: one beyond the head, or one whose content came. Then a cut leaves it as it was or as it is to be, because
    /// the note before the content stays.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn put_entry(&mut self, index: u64, entry: &Entry) -> Result<(), StoreError> {
        let length = u16::try_from(entry.note.len()).map_err(|_| StoreError::TooLong)?;
        let mut bytes = Vec::with_capacity(LENGTH + entry.note.len() + entry.content.len());
        bytes.extend(length.to_be_bytes());
        bytes.extend(&entry.note);
        bytes.extend(&entry.content);
        self.put(Kind::Entry, index, &bytes).await
    }

    /// The entry at an index, if it is kept.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn entry(&mut self, index: u64) -> Result<Option<Entry>, StoreError> {
        let bytes = self.value(Kind::Entry, index).await?;
        Ok(bytes.and_then(|bytes| read_entry(&bytes)))
    }

    /// The next entries from an index on, in order, as many as one pass reads; `None` for one that is not whole. Also those
    /// beyond the head.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn entries(&mut self, from: u64) -> Result<Vec<(u64, Option<Entry>)>, StoreError> {
        let values = self.values(Kind::Entry, from..=u64::MAX).await?;
        let read = |bytes: Option<Vec<u8>>| bytes.and_then(|bytes| read_entry(&bytes));
        Ok(values.into_iter().map(|(index, bytes)| (index, read(bytes))).collect())
    }

    /// Drops an entry's content, and keeps its note; a cut leaves both or just that.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn drop_content(&mut self, index: u64) -> Result<(), StoreError> {
        let Some(mut entry) = self.entry(index).await? else { return Ok(()) };
        if entry.content.is_empty() {
            return Ok(());
        }
        entry.content.clear();
        self.put_entry(index, &entry).await?;
        let left = pieces(LENGTH + entry.note.len());
        let left = u16::try_from(left).map_err(|_| StoreError::TooLong)?;
        self.cut_off(Kind::Entry, index, left).await.map(drop)
    }

    /// Drops an entry.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn drop_entry(&mut self, index: u64) -> Result<(), StoreError> {
        // The first piece alone says that there is a value.
        self.cut_off(Kind::Entry, index, 0).await.map(drop)
    }

    /// A picture's bytes, if they can be read and still are those of this hash.
    pub async fn picture(&mut self, hash: &Hash) -> Option<Vec<u8>> {
        let bytes = self.value(Kind::Picture, short(hash)).await.ok().flatten();
        bytes.filter(|bytes| sha256(bytes) == *hash)
    }

    /// Keeps a picture. Where nothing can be written, all others go: they can be fetched again.
    ///
    /// # Errors
    /// [`StoreError`]; after `Full` everything is as it was.
    pub async fn put_picture(&mut self, hash: &Hash, bytes: &[u8]) -> Result<(), StoreError> {
        let id = short(hash);
        match self.put(Kind::Picture, id, bytes).await {
            Err(StoreError::Flash) => {
                map(&mut self.flash, self.layout.pictures.clone())?.erase_all().await?;
                self.put(Kind::Picture, id, bytes).await
            }
            Err(StoreError::Full) => {
                // The last pieces found room, and would hold it for nothing.
                self.cut_off(Kind::Picture, id, 0).await?;
                Err(StoreError::Full)
            }
            done => done,
        }
    }

    /// Drops a picture; whether it was there.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn drop_picture(&mut self, hash: &Hash) -> Result<bool, StoreError> {
        self.cut_off(Kind::Picture, short(hash), 0).await
    }

    /// Which of these pictures are kept.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn pictures(&mut self, of: &[Hash]) -> Result<Vec<Hash>, StoreError> {
        let ids = self.ids(Kind::Picture).await?;
        Ok(of.iter().filter(|hash| ids.binary_search(&short(hash)).is_ok()).copied().collect())
    }

    /// Drops a picture that is none of these; whether there was one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn drop_picture_but(&mut self, wanted: &[Hash]) -> Result<bool, StoreError> {
        let ids = self.ids(Kind::Picture).await?;
        let gone = ids.into_iter().find(|id| !wanted.iter().any(|hash| short(hash) == *id));
        match gone {
            Some(id) => self.cut_off(Kind::Picture, id, 0).await,
            None => Ok(false),
        }
    }

    /// The extra glyphs that are kept; they were verified when they came.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn glyphs(&mut self) -> Result<Vec<Glyph>, StoreError> {
        let (mut glyphs, mut from) = (Vec::new(), 0);
        loop {
            let values = self.values(Kind::Glyph, from..=u64::MAX).await?;
            let Some((last, _)) = values.last() else { return Ok(glyphs) };
            from = last + 1;
            let bytes = values.into_iter().filter_map(|(_, bytes)| bytes);
            glyphs.extend(bytes.filter_map(|bytes| Glyph::from_bytes(&bytes).ok()));
        }
    }

    /// Keeps extra glyphs beside those before.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn put_glyphs(&mut self, glyphs: &[Glyph]) -> Result<(), StoreError> {
        let mut kept = self.ids(Kind::Glyph).await?;
        for glyph in glyphs {
            let id = u64::from(u32::from(glyph.ch)) << 8 | u64::from(glyph.px);
            if kept.len() < GLYPHS_MAX && !kept.contains(&id) {
                self.put(Kind::Glyph, id, &glyph.to_bytes()).await?;
                kept.push(id);
            }
        }
        Ok(())
    }

    /// A word of its own.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn word(&mut self, word: Word) -> Result<Option<Vec<u8>>, StoreError> {
        self.value(Kind::Word, word as u64).await
    }

    /// Keeps a word of its own.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn put_word(&mut self, word: Word, bytes: &[u8]) -> Result<(), StoreError> {
        self.put(Kind::Word, word as u64, bytes).await
    }

    /// Drops everything but the board's key.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn erase(&mut self) -> Result<(), StoreError> {
        let key = self.word(Word::Key).await.unwrap_or_default();
        for range in [self.layout.records.clone(), self.layout.pictures.clone()] {
            map(&mut self.flash, range)?.erase_all().await?;
        }
        match key {
            Some(key) => self.put_word(Word::Key, &key).await,
            None => Ok(()),
        }
    }

    /// The flash itself.
    pub fn flash(&mut self) -> &mut F {
        &mut self.flash
    }

    fn range(&self, kind: Kind) -> Range<u32> {
        match kind {
            Kind::Picture => self.layout.pictures.clone(),
            _ => self.layout.records.clone(),
        }
    }

    /// The ids of all values of a kind, in order.
    async fn ids(&mut self, kind: Kind) -> Result<Vec<u64>, StoreError> {
        let (mut found, range) = (Vec::new(), self.range(kind));
        {
            let mut map = map(&mut self.flash, range)?;
            let mut items = map.fetch_all_items(&mut self.buffer).await?;
            while let Some((key, _)) = items.next::<&[u8]>(&mut self.buffer).await? {
                let (one, id, piece) = parts(&key);
                if one == kind as u8 && piece == 0 {
                    found.push(id);
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }

    /// The first values of a kind with these ids, in order, as many as one pass reads: at least one where there is one. `None` for
    /// one that is not whole.
    async fn values(
        &mut self,
        kind: Kind,
        ids: RangeInclusive<u64>,
    ) -> Result<Vec<(u64, Option<Vec<u8>>)>, StoreError> {
        let range = self.range(kind);
        let (mut found, mut bytes): (BTreeMap<(u64, u16), Vec<u8>>, _) = (BTreeMap::new(), 0);
        let (first, mut last) = ids.into_inner();
        {
            let mut map = map(&mut self.flash, range)?;
            let mut items = map.fetch_all_items(&mut self.buffer).await?;
            // Of an item that was written again the last one counts, which comes last.
            while let Some((key, value)) = items.next::<&[u8]>(&mut self.buffer).await? {
                let (one, id, piece) = parts(&key);
                if one != kind as u8 || !(first..=last).contains(&id) {
                    continue;
                }
                bytes += value.len();
                bytes -= found.insert((id, piece), value.into()).map_or(0, |old| old.len());
                while bytes > PASS
                    && let (Some(((least, _), _)), Some(((most, _), _))) =
                        (found.first_key_value(), found.last_key_value())
                    && least < most
                {
                    let more = found.split_off(&(*most, 0));
                    bytes -= more.values().map(Vec::len).sum::<usize>();
                    last = more.keys().next().map_or(last, |(id, _)| id - 1);
                }
            }
        }
        yield_now().await;
        let mut ids: Vec<u64> = found.keys().map(|(id, _)| *id).collect();
        ids.dedup();
        Ok(ids.into_iter().map(|id| (id, whole(&found, id))).collect())
    }

    /// Removes the pieces of a value from this one on, the first of them first; whether there were any.
    async fn cut_off(&mut self, kind: Kind, id: u64, from: u16) -> Result<bool, StoreError> {
        let (mut found, range) = (BTreeSet::new(), self.range(kind));
        let mut map = map(&mut self.flash, range)?;
        {
            let mut items = map.fetch_all_items(&mut self.buffer).await?;
            while let Some((key, _)) = items.next::<&[u8]>(&mut self.buffer).await? {
                let (one, of, piece) = parts(&key);
                if one == kind as u8 && of == id && piece >= from {
                    found.insert(piece);
                }
            }
        }
        for piece in &found {
            yield_now().await;
            map.remove_item(&mut self.buffer, &key(kind, id, *piece)).await?;
        }
        Ok(!found.is_empty())
    }

    async fn value(&mut self, kind: Kind, id: u64) -> Result<Option<Vec<u8>>, StoreError> {
        yield_now().await;
        let range = self.range(kind);
        let mut map = map(&mut self.flash, range)?;
        let first = map.fetch_item::<&[u8]>(&mut self.buffer, &key(kind, id, 0)).await?;
        match first.and_then(|item| item.split_first()) {
            None => Ok(None),
            Some((0, value)) => Ok(Some(value.into())),
            // A piece that is missing: it was being written when the current went.
            Some(_) => Ok(self.values(kind, id..=id).await?.pop().and_then(|(_, value)| value)),
        }
    }

    /// The first piece last: it makes the others count.
    async fn put(&mut self, kind: Kind, id: u64, value: &[u8]) -> Result<(), StoreError> {
        if value.len() > VALUE_BYTES_MAX {
            return Err(StoreError::TooLong);
        }
        let range = self.range(kind);
        let mut map = map(&mut self.flash, range)?;
        let pieces = pieces(value.len());
        let mut item = Vec::with_capacity(1 + PIECE);
        for piece in (0..pieces).rev() {
            yield_now().await;
            let bytes = value.get(piece * PIECE..value.len().min((piece + 1) * PIECE));
            item.clear();
            item.push(u8::from(piece + 1 < pieces));
            item.extend_from_slice(bytes.unwrap_or_default());
            let number = u16::try_from(piece).map_err(|_| StoreError::TooLong)?;
            map.store_item(&mut self.buffer, &key(kind, id, number), &item.as_slice()).await?;
        }
        Ok(())
    }
}

type Map<'f, F> = MapStorage<
    [u8; KEY],
    &'f mut F,
    Cache<
        sequential_storage::cache::Uncached,
        sequential_storage::cache::Uncached,
        sequential_storage::cache::Uncached,
        [u8; KEY],
    >,
>;

fn map<F: Flash>(flash: &mut F, range: Range<u32>) -> Result<Map<'_, F>, StoreError> {
    let config = MapConfig::try_new(range).map_err(|_| StoreError::Flash)?;
    Ok(MapStorage::new(flash, config, Cache::new_uncached()))
}

fn key(kind: Kind, id: u64, piece: u16) -> [u8; KEY] {
    let mut key = [0; KEY];
    key[0] = kind as u8;
    key[1..9].copy_from_slice(&id.to_be_bytes());
    key[9..].copy_from_slice(&piece.to_be_bytes());
    key
}

/// How many pieces a value of so many bytes is.
fn pieces(bytes: usize) -> usize {
    bytes.div_ceil(PIECE).max(1)
}

fn parts(key: &[u8; KEY]) -> (u8, u64, u16) {
    let [kind, a, b, c, d, e, f, g, h, i, j] = *key;
    (kind, u64::from_be_bytes([a, b, c, d, e, f, g, h]), u16::from_be_bytes([i, j]))
}

/// Enough of a picture's hash to find it by.
fn short(hash: &Hash) -> u64 {
    hash.0.first_chunk().copied().map_or(0, u64::from_be_bytes)
}

/// A value of which all pieces were read.
fn whole(pieces: &BTreeMap<(u64, u16), Vec<u8>>, id: u64) -> Option<Vec<u8>> {
    let mut value = Vec::new();
    for piece in 0.. {
        let (more, bytes) = pieces.get(&(id, piece))?.split_first()?;
        value.extend_from_slice(bytes);
        if *more == 0 {
            break;
        }
    }
    Some(value)
}

fn read_entry(bytes: &[u8]) -> Option<Entry> {
    let (length, rest) = bytes.split_first_chunk()?;
    let (note, content) = rest.split_at_checked(u16::from_be_bytes(*length).into())?;
    Some(Entry { note: note.into(), content: content.into() })
}

fn write_head(head: &Head) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let put = |bytes: &mut Vec<u8>, text: &str| {
        bytes.extend(u16::try_from(text.len()).ok()?.to_be_bytes());
        bytes.extend(text.as_bytes());
        Some(())
    };
    put(&mut bytes, &head.checkpoint)?;
    bytes.extend(head.frontier.size().to_be_bytes());
    bytes.extend(head.frontier.peaks().iter().flat_map(|peak| peak.0));
    bytes.extend(head.roster.size().to_be_bytes());
    for signer in head.roster.signers() {
        bytes.push(match signer.role {
            Role::Office => 0,
            Role::Accountant => 1,
            Role::Supervisor => 2,
        });
        put(&mut bytes, signer.village.as_str())?;
        bytes.extend(signer.enrolled.to_be_bytes());
        put(&mut bytes, &alloc::format!("{}", signer.key))?;
    }
    Some(bytes)
}

fn read_head(mut bytes: &[u8]) -> Option<Head> {
    let checkpoint: String = take_text(&mut bytes)?.into();
    let size = u64::from_be_bytes(take_chunk(&mut bytes)?);
    let peaks: Option<Vec<Hash>> =
        (0..size.count_ones()).map(|_| take_chunk(&mut bytes).map(Hash)).collect();
    let frontier = Frontier::from_parts(size, peaks?)?;
    let admitted = u64::from_be_bytes(take_chunk(&mut bytes)?);
    let mut signers = Vec::new();
    while !bytes.is_empty() {
        let role = match take_chunk(&mut bytes)? {
            [0] => Role::Office,
            [1] => Role::Accountant,
            [2] => Role::Supervisor,
            _ => return None,
        };
        let village = take_text(&mut bytes)?.parse().ok()?;
        let enrolled = u64::from_be_bytes(take_chunk(&mut bytes)?);
        let key: VerifierKey = take_text(&mut bytes)?.parse().ok()?;
        signers.push(Signer { role, village, key, enrolled });
    }
    Some(Head { checkpoint, frontier, roster: Roster::from_parts(signers, admitted) })
}

fn take_chunk<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*taken)
}

fn take_text<'b>(bytes: &mut &'b [u8]) -> Option<&'b str> {
    let length = u16::from_be_bytes(take_chunk(bytes)?);
    let (taken, rest) = bytes.split_at_checked(length.into())?;
    *bytes = rest;
    core::str::from_utf8(taken).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::Book;
    use crate::nor::{Nor, SECTOR};
    use alloc::format;
    use embassy_futures::block_on;
    use ledger::tree::leaf_hash;

    const LAYOUT: Layout =
        Layout { records: 0..8 * SECTOR as u32, pictures: 8 * SECTOR as u32..12 * SECTOR as u32 };

    fn entry(n: u64) -> Entry {
        Entry { note: format!("note {n}\n").into(), content: vec![n as u8; 1_500] }
    }

    fn head(size: u64) -> Head {
        let mut head = Head { checkpoint: format!("log\n{size}\n"), ..Head::default() };
        (0..size).for_each(|n| head.frontier.push(leaf_hash(&[n as u8])));
        head
    }

    #[test]
    fn what_is_kept_is_there_after_a_restart() {
        let mut store = Store::new(Nor::new(12), LAYOUT);
        block_on(async {
            assert_eq!(store.head().await.unwrap().frontier.size(), 0);
            store.put_entry(0, &entry(0)).await.unwrap();
            store.put_entry(5, &entry(5)).await.unwrap();
            store.commit(&head(6)).await.unwrap();
            let picture = vec![7; 3_000];
            store.put_picture(&sha256(&picture), &picture).await.unwrap();
            store.put_word(Word::Evidence, b"log\n9\n").await.unwrap();
            let mut store = Store::new(store.flash().clone(), LAYOUT);
            let entries = store.entries(0).await.unwrap();
            assert_eq!(entries, [(0, Some(entry(0))), (5, Some(entry(5)))]);
            assert_eq!(store.entries(1).await.unwrap()[0].0, 5);
            assert_eq!(store.entry(5).await.unwrap(), Some(entry(5)));
            assert_eq!(store.entry(1).await.unwrap(), None);
            assert_eq!(store.head().await.unwrap().frontier, head(6).frontier);
            assert_eq!(store.picture(&sha256(&picture)).await, Some(picture));
            assert_eq!(store.word(Word::Evidence).await.unwrap().unwrap(), b"log\n9\n");
            store.drop_entry(0).await.unwrap();
            assert_eq!(store.entry(0).await.unwrap(), None);
        });
    }

    #[test]
    fn a_picture_that_has_no_room_takes_none() {
        let mut store = Store::new(Nor::new(12), LAYOUT);
        let picture = |n: u8| vec![n; 2_500];
        block_on(async {
            let mut kept = 0;
            while store.put_picture(&sha256(&picture(kept)), &picture(kept)).await.is_ok() {
                kept += 1;
            }
            assert!(kept > 1);
            for n in kept..kept + 3 {
                let full = store.put_picture(&sha256(&picture(n)), &picture(n)).await;
                assert_eq!(full, Err(StoreError::Full));
            }
            for n in 0..kept {
                assert_eq!(store.picture(&sha256(&picture(n))).await, Some(picture(n)));
            }
            assert_eq!(store.drop_picture(&sha256(&picture(0))).await, Ok(true));
            assert_eq!(store.drop_picture(&sha256(&picture(0))).await, Ok(false));
            store.put_picture(&sha256(&picture(100)), &picture(100)).await.unwrap();
            while store.drop_picture_but(&[sha256(&picture(1))]).await.unwrap() {}
            assert_eq!(store.picture(&sha256(&picture(1))).await, Some(picture(1)));
            assert_eq!(store.picture(&sha256(&picture(100))).await, None);
        });
    }

    /// Entries, a commit, and entries beyond it, as a sync writes them; with a cut after so many steps.
    async fn sync_twice(store: &mut Store<Nor>) -> Result<(), StoreError> {
        for n in 0..4 {
            store.put_entry(n, &entry(n)).await?;
        }
        store.commit(&head(4)).await?;
        for n in 4..7 {
            store.put_entry(n, &entry(n)).await?;
        }
        store.commit(&head(7)).await
    }

    #[test]
    fn a_cut_at_any_write_leaves_one_whole_state() {
        let mut whole = Store::new(Nor::new(12), LAYOUT);
        block_on(sync_twice(&mut whole)).unwrap();
        let steps = whole.flash().steps;
        assert!(steps > 1_000, "{steps}");
        for cut in 0..steps {
            let mut nor = Nor::new(12);
            nor.left = Some(cut);
            let mut store = Store::new(nor, LAYOUT);
            assert!(block_on(sync_twice(&mut store)).is_err(), "cut after {cut}");
            let mut nor = store.flash().clone();
            nor.left = None;
            let mut store = Store::new(nor, LAYOUT);
            block_on(async {
                let size = store.head().await.unwrap().frontier.size();
                assert!([0, 4, 7].contains(&size), "cut after {cut}: {size}");
                for n in 0..size {
                    assert_eq!(store.entry(n).await.unwrap(), Some(entry(n)), "cut after {cut}");
                }
                // And it goes on from there.
                sync_twice(&mut store).await.unwrap();
                assert_eq!(store.head().await.unwrap().frontier.size(), 7);
            });
        }
    }

    #[test]
    fn a_store_that_cannot_be_read_begins_anew_with_the_key_it_had() {
        let mut store = Store::new(Nor::new(12), LAYOUT);
        let village = "341181107201".parse().unwrap();
        block_on(async {
            store.put_word(Word::Key, b"a key").await.unwrap();
            store.put_word(Word::Synced, &[1; 8]).await.unwrap();
            store.put_entry(0, &entry(0)).await.unwrap();
            store.commit(&head(1)).await.unwrap();
            store.put(Kind::Head, 0, b"no head").await.unwrap();
            assert_eq!(store.head().await.err(), Some(StoreError::Flash));
            let book = Book::open(village, "http://town.example", &mut store).await.unwrap();
            assert!(book.is_empty() && store.entries(0).await.unwrap().is_empty());
            assert_eq!(store.head().await.unwrap().frontier.size(), 0);
            assert_eq!(store.word(Word::Key).await.unwrap().unwrap(), b"a key");
            assert_eq!(store.word(Word::Synced).await.unwrap(), None);
        });
    }

    #[test]
    fn what_is_dropped_leaves_its_room() {
        let mut store = Store::new(Nor::new(12), LAYOUT);
        let large = Entry { note: vec![b'n'; 1_500], content: vec![b'c'; 6_000] };
        block_on(async {
            for n in 0..20 {
                store.put_entry(n, &large).await.unwrap();
                if n % 2 == 0 {
                    store.drop_entry(n).await.unwrap();
                } else {
                    store.drop_content(n).await.unwrap();
                    let note = store.entry(n).await.unwrap().unwrap();
                    assert!(note.note == large.note && note.content.is_empty());
                    store.drop_entry(n).await.unwrap();
                }
            }
        });
    }

    #[test]
    fn a_damaged_head_is_told() {
        assert!(read_head(&[]).is_none());
        let good = write_head(&head(5)).unwrap();
        assert_eq!(read_head(&good).unwrap().frontier, head(5).frontier);
        for length in 0..good.len() {
            assert!(read_head(&good[..length]).is_none());
        }
    }
}
