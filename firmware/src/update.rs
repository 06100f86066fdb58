//! Firmware updates: a signed manifest, an image in the other slot, a start on trial. Who makes the firmware signs it, not the
//! office: the office only hands it on.
//!
//! The manifest is a signed note whose text is `mingbai firmware 1`, then a line each: the board's name, the version ([`number`]),
//! the image's bytes, and its SHA-256 in hex. A version is tried once: one that did not prove itself is not taken again.

use alloc::format;
use alloc::string::String;
use alloc::vec;

use embassy_time::{Duration, Instant};
use embedded_nal_async::{Dns, TcpConnect};
use ledger::hash::Hash;
use ledger::key::VerifierKey;
use ledger::note::Note;
use sha2::{Digest as _, Sha256};

use crate::board::{Flash, Slots};
use crate::http::{HttpError, Net};
use crate::store::{StoreError, Word};
use crate::sync::Shared;

/// What a manifest begins with.
const FIRST_LINE: &str = "mingbai firmware 1";
/// Bytes of the longest manifest.
const MANIFEST_BYTES_MAX: usize = 2 * 1024;
/// Bytes that are written at once.
const PIECE: usize = 4 * 1024;
/// Between two looks for a newer version.
const LOOK: Duration = Duration::from_secs(60 * 60);

/// Why there was no update.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UpdateError {
    /// The network or the office.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// Not a manifest that the maker signed for this board.
    #[error("the manifest is not the maker's")]
    Manifest,
    /// The image is not the one in the manifest, or does not fit.
    #[error("the image is not the one that was signed")]
    Image,
    /// The slot cannot be written.
    #[error("the slot cannot be written")]
    Slot,
    /// It cannot be kept which version is tried.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// Larger is newer.
    pub version: u32,
    /// Bytes of the image.
    pub bytes: u32,
    /// Of the image.
    pub sha256: Hash,
}

impl Manifest {
    /// Reads a manifest that `maker` signed for a board of this name.
    ///
    /// # Errors
    /// [`UpdateError::Manifest`].
    pub fn open(note: &[u8], maker: &VerifierKey, board: &str) -> Result<Manifest, UpdateError> {
        let note = Note::parse(note).map_err(|_| UpdateError::Manifest)?;
        note.verify(core::iter::once(maker)).map_err(|_| UpdateError::Manifest)?;
        let read = || {
            let mut lines = note.text().strip_suffix('\n')?.split('\n');
            (lines.next()? == FIRST_LINE && lines.next()? == board).then_some(())?;
            let (version, bytes) = (lines.next()?.parse().ok()?, lines.next()?.parse().ok()?);
            let manifest = Manifest { version, bytes, sha256: lines.next()?.parse().ok()? };
            lines.next().is_none().then_some(manifest)
        };
        read().ok_or(UpdateError::Manifest)
    }

    /// The text that the maker signs.
    pub fn to_text(&self, board: &str) -> String {
        let Manifest { version, bytes, sha256 } = self;
        format!("{FIRST_LINE}\n{board}\n{version}\n{bytes}\n{sha256}\n")
    }
}

/// What a board is, for its maker.
#[derive(Clone, Debug)]
pub struct Running {
    /// Its name, such as `p4`.
    pub board: &'static str,
    /// The version that runs.
    pub version: u32,
    /// The maker's key.
    pub maker: VerifierKey,
}

/// The whole number of a version `major.minor.patch`: major × 1,000,000 + minor × 1,000 + patch.
pub fn number(version: &str) -> Option<u32> {
    let mut parts = version.split('.').map(|part| part.parse::<u32>().ok());
    let (major, minor, patch) = (parts.next()??, parts.next()??, parts.next()??);
    let right = minor < 1_000 && patch < 1_000 && parts.next().is_none();
    major.checked_mul(1_000_000)?.checked_add(minor * 1_000 + patch).filter(|_| right)
}

/// The slots, and how far an update came.
#[derive(Debug)]
pub struct Updates<'s, L> {
    slots: &'s mut L,
    /// The slot that runs is good; before that, the other one is what the board goes back to.
    good: bool,
    looked: Option<Instant>,
    /// The other slot is tried at the next start.
    ready: bool,
    failed: Option<UpdateError>,
}

impl<'s, L: Slots> Updates<'s, L> {
    /// Nothing is known yet.
    pub fn new(slots: &'s mut L) -> Updates<'s, L> {
        Updates { slots, good: false, looked: None, ready: false, failed: None }
    }

    /// Says that the slot that runs is good; false where that cannot be written.
    pub async fn confirm(&mut self) -> bool {
        self.good = self.slots.confirm().await.is_ok();
        self.good
    }

    /// Looks for a newer version, if the last look is long enough ago.
    pub async fn look<T: TcpConnect, D: Dns, F: Flash>(
        &mut self,
        net: &Net<'_, T, D>,
        server: &str,
        running: &Running,
        library: &Shared<F>,
    ) {
        let due = self.looked.is_none_or(|at| at.elapsed() >= LOOK);
        if due && self.good && !self.ready {
            self.looked = Some(Instant::now());
            let done = self.prepare(net, server, running, library).await;
            self.failed = done.err();
        }
    }

    async fn prepare<T: TcpConnect, D: Dns, F: Flash>(
        &mut self,
        net: &Net<'_, T, D>,
        server: &str,
        running: &Running,
        library: &Shared<F>,
    ) -> Result<(), UpdateError> {
        let tried = library.lock().await.store.word(Word::Tried).await?;
        let tried = tried.and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_be_bytes);
        let than = running.version.max(tried);
        let Some(version) = fetch(net, server, running, than, self.slots).await? else {
            return Ok(());
        };
        // Before it is tried: what is not written down would be tried for ever.
        library.lock().await.store.put_word(Word::Tried, &version.to_be_bytes()).await?;
        self.slots.try_other().await.map_err(|_| UpdateError::Slot)?;
        self.ready = true;
        Ok(())
    }

    /// Starts the board anew if there is something new to start.
    pub fn start(&mut self) {
        if self.ready {
            self.slots.reset()
        }
    }

    /// Why the last look brought nothing, unless the network is to blame: then there is no hurry.
    pub fn failed(&self) -> Option<UpdateError> {
        self.failed.filter(|error| !matches!(error, UpdateError::Http(_)))
    }
}

/// Looks for a version newer than `than` and puts it into the other slot: which one it is, if there is one.
///
/// # Errors
/// [`UpdateError`]; whatever was written, this slot goes on.
async fn fetch<T: TcpConnect, D: Dns, L: Slots>(
    net: &Net<'_, T, D>,
    server: &str,
    running: &Running,
    than: u32,
    slots: &mut L,
) -> Result<Option<u32>, UpdateError> {
    let place = format!("{server}/board/firmware/{}", running.board);
    let note = match net.get_all(&format!("{place}.note"), MANIFEST_BYTES_MAX).await {
        Err(HttpError::Status(404)) => return Ok(None),
        note => note?,
    };
    let manifest = Manifest::open(&note, &running.maker, running.board)?;
    // An older one that was signed once is never taken again.
    if manifest.version <= than {
        return Ok(None);
    }
    if manifest.bytes > slots.capacity() || manifest.bytes == 0 {
        return Err(UpdateError::Image);
    }
    slots.begin().await.map_err(|_| UpdateError::Slot)?;
    write(net, &format!("{place}.bin"), manifest.bytes, slots).await?;
    // What counts is what lies in the slot, not what came.
    if digest(slots, manifest.bytes).await? != manifest.sha256 {
        return Err(UpdateError::Image);
    }
    Ok(Some(manifest.version))
}

async fn write<T: TcpConnect, D: Dns, S: Slots>(
    net: &Net<'_, T, D>,
    url: &str,
    bytes: u32,
    slots: &mut S,
) -> Result<(), UpdateError> {
    let (mut at, mut piece) = (0u32, vec![]);
    net.get(url, async |bytes_now: &[u8]| {
        piece.extend_from_slice(bytes_now);
        while piece.len() >= PIECE {
            at = put(slots, at, bytes, &piece[..PIECE]).await?;
            piece.drain(..PIECE);
        }
        Ok::<_, UpdateError>(())
    })
    .await?;
    let left = piece.len();
    piece.resize(left.next_multiple_of(4), 0xFF);
    let end = put(slots, at, bytes.next_multiple_of(4), &piece).await?;
    let came = u64::from(end) - (piece.len() - left) as u64;
    if came == u64::from(bytes) { Ok(()) } else { Err(UpdateError::Image) }
}

/// Writes a piece; answers where the next one begins.
async fn put<S: Slots>(
    slots: &mut S,
    at: u32,
    most: u32,
    piece: &[u8],
) -> Result<u32, UpdateError> {
    let end = u32::try_from(piece.len()).ok().and_then(|length| at.checked_add(length));
    let end = end.filter(|end| *end <= most).ok_or(UpdateError::Image)?;
    slots.write(at, piece).await.map_err(|_| UpdateError::Slot)?;
    Ok(end)
}

async fn digest<S: Slots>(slots: &mut S, bytes: u32) -> Result<Hash, UpdateError> {
    let (mut hasher, mut piece, mut at) = (Sha256::new(), vec![0; PIECE], 0);
    while at < bytes {
        let count = PIECE.min((bytes - at) as usize);
        // Whole words are read.
        let padded = count.next_multiple_of(4);
        slots.read(at, &mut piece[..padded]).await.map_err(|_| UpdateError::Slot)?;
        hasher.update(&piece[..count]);
        at += count as u32;
    }
    Ok(Hash(hasher.finalize().into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answers::serve;
    use crate::book::Book;
    use crate::host::Sockets;
    use crate::nor::{Nor, SECTOR};
    use crate::slots::Memory;
    use crate::store::{Layout, Store};
    use crate::sync::Library;
    use alloc::vec::Vec;
    use embassy_futures::block_on;
    use embassy_sync::mutex::Mutex;
    use ledger::hash::sha256;
    use ledger::key::SigningKey;
    use ledger::note::compose;

    const NET: Net<'_, Sockets, Sockets> = Net { tcp: &Sockets, dns: &Sockets };

    fn maker() -> SigningKey {
        SigningKey::from_seed("maker.example", [8; 32]).unwrap()
    }

    fn running() -> Running {
        Running { board: "p4", version: 3, maker: maker().verifier() }
    }

    fn library() -> Shared<Nor> {
        let (records, pictures) = (0..4 * SECTOR as u32, 4 * SECTOR as u32..6 * SECTOR as u32);
        let store = Store::new(Nor::new(6), Layout { records, pictures });
        let book = Book::new("341181107201".parse().unwrap(), "http://town.example");
        Mutex::new(Library { store, book })
    }

    fn memory() -> Memory {
        Memory::new(|| panic!("a reset"))
    }

    fn manifest(version: u32, image: &[u8], by: &SigningKey) -> Vec<u8> {
        let manifest = Manifest { version, bytes: image.len() as u32, sha256: sha256(image) };
        let text = manifest.to_text("p4");
        compose(&text, &[by.sign(&text)]).into_bytes()
    }

    /// What becomes of a manifest and what came as its image.
    fn prepare(
        library: &Shared<Nor>,
        note: Vec<u8>,
        came: Vec<u8>,
    ) -> (Result<(), UpdateError>, Memory) {
        let (server, _) = serve(vec![note, came]);
        let mut slots = memory();
        let mut updates = Updates::new(&mut slots);
        let done = block_on(updates.prepare(&NET, &server, &running(), library));
        assert_eq!(updates.ready, updates.slots.tried);
        (done, slots)
    }

    fn image() -> Vec<u8> {
        (0..10_001u32).map(|n| (n * 7) as u8).collect()
    }

    #[test]
    fn a_newer_signed_image_is_tried_once_and_nothing_else() {
        let (library, image) = (library(), image());
        let offer =
            |library, version| prepare(library, manifest(version, &image, &maker()), image.clone());
        let (older, slots) = offer(&library, 3);
        assert!(older == Ok(()) && !slots.tried);
        let (done, slots) = offer(&library, 4);
        assert!(done == Ok(()) && slots.tried && slots.other[..image.len()] == image);
        // The board that runs is still the third version: the fourth did not prove itself.
        let (again, slots) = offer(&library, 4);
        assert!(again == Ok(()) && !slots.tried);
        assert!(offer(&library, 5).1.tried);
    }

    #[test]
    fn what_is_not_what_the_maker_signed_is_not_tried() {
        let (library, image) = (library(), image());
        let stranger = SigningKey::from_seed("maker.example", [9; 32]).unwrap();
        let (done, slots) = prepare(&library, manifest(4, &image, &stranger), image.clone());
        assert!(done == Err(UpdateError::Manifest) && !slots.tried);
        let mut bad = image.clone();
        bad[5_000] ^= 1;
        let longer = [image.clone(), vec![0; 9_000]].concat();
        for came in [bad, image[..9_000].to_vec(), longer, vec![1]] {
            let (done, slots) = prepare(&library, manifest(4, &image, &maker()), came);
            assert!(done == Err(UpdateError::Image) && !slots.tried);
        }
        assert_eq!(prepare(&library, Vec::new(), Vec::new()).0, Ok(()), "there is none");
        let (done, slots) = prepare(&library, manifest(4, &image, &maker()), image.clone());
        assert!(done == Ok(()) && slots.tried, "what was refused was not tried");
    }

    #[test]
    fn a_version_that_cannot_be_written_down_is_not_tried() {
        let (library, image) = (library(), image());
        block_on(async { library.lock().await.store.flash().left = Some(0) });
        let (done, slots) = prepare(&library, manifest(4, &image, &maker()), image);
        assert!(done == Err(UpdateError::Store(StoreError::Flash)) && !slots.tried);
    }

    #[test]
    fn the_slot_to_go_back_to_is_left_alone_until_the_other_is_good() {
        let (library, mut slots, image) = (library(), memory(), image());
        let (server, asked) = serve(vec![manifest(3, &image, &maker())]);
        let mut updates = Updates::new(&mut slots);
        block_on(async {
            updates.look(&NET, &server, &running(), &library).await;
            assert!(updates.looked.is_none());
            assert!(updates.confirm().await);
            updates.look(&NET, &server, &running(), &library).await;
            // Once an hour: nobody would answer a second time, and that would be an error.
            updates.look(&NET, &server, &running(), &library).await;
        });
        assert_eq!(asked.join().unwrap(), ["GET /board/firmware/p4.note HTTP/1.1"]);
        assert!(updates.failed().is_none() && updates.failed.is_none());
        assert!(slots.confirmed && slots.other.is_empty());
    }

    #[test]
    fn a_version_is_one_whole_number() {
        assert_eq!(number("0.1.0"), Some(1_000));
        assert_eq!(number("1.22.333"), Some(1_022_333));
        for bad in ["", "1", "1.2", "1.2.3.4", "1.2.x", "1.1000.0", "1.0.1000", "5000.0.0"] {
            assert_eq!(number(bad), None, "{bad}");
        }
    }
}
