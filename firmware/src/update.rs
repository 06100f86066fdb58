//! Firmware updates: a signed manifest, an image in the other slot, a start on trial. Who makes the firmware signs it, not the
//! office: the office only hands it on.
//!
//! The manifest is a signed note whose text is `mingbai firmware 1`, then a line each: the board's name, the version (a whole
//! number), the image's bytes, and its SHA-256 in hex.

use alloc::format;
use alloc::string::String;
use alloc::vec;

use embedded_nal_async::{Dns, TcpConnect};
use ledger::hash::Hash;
use ledger::key::VerifierKey;
use ledger::note::Note;
use sha2::{Digest as _, Sha256};

use crate::board::Slots;
use crate::http::{HttpError, Net};

/// What a manifest begins with.
const FIRST_LINE: &str = "mingbai firmware 1";
/// Bytes of the longest manifest.
const MANIFEST_BYTES_MAX: usize = 2 * 1024;
/// Bytes that are written at once.
const PIECE: usize = 4 * 1024;

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

/// Looks for a newer version and puts it into the other slot, to be tried at the next start. False: there is none.
///
/// # Errors
/// [`UpdateError`]; whatever was written, this slot goes on.
pub async fn fetch<T: TcpConnect, D: Dns, S: Slots>(
    net: &Net<'_, T, D>,
    server: &str,
    running: &Running,
    slots: &mut S,
) -> Result<bool, UpdateError> {
    let place = format!("{server}/board/firmware/{}", running.board);
    let note = match net.get_all(&format!("{place}.note"), MANIFEST_BYTES_MAX).await {
        Err(HttpError::Status(404)) => return Ok(false),
        note => note?,
    };
    let manifest = Manifest::open(&note, &running.maker, running.board)?;
    // An older one that was signed once is never taken again.
    if manifest.version <= running.version {
        return Ok(false);
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
    slots.try_other().await.map_err(|_| UpdateError::Slot)?;
    Ok(true)
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
    use crate::host::Sockets;
    use alloc::vec::Vec;
    use embassy_futures::block_on;
    use ledger::hash::sha256;
    use ledger::key::SigningKey;
    use ledger::note::compose;

    #[derive(Default)]
    struct Memory {
        bytes: Vec<u8>,
        tried: bool,
    }

    impl Slots for Memory {
        type Error = ();

        fn capacity(&self) -> u32 {
            64 * 1024
        }

        async fn begin(&mut self) -> Result<(), ()> {
            self.bytes = vec![0xFF; 64 * 1024];
            Ok(())
        }

        async fn write(&mut self, at: u32, bytes: &[u8]) -> Result<(), ()> {
            assert!(at.is_multiple_of(4) && bytes.len().is_multiple_of(4));
            self.bytes[at as usize..at as usize + bytes.len()].copy_from_slice(bytes);
            Ok(())
        }

        async fn read(&mut self, at: u32, bytes: &mut [u8]) -> Result<(), ()> {
            bytes.copy_from_slice(&self.bytes[at as usize..at as usize + bytes.len()]);
            Ok(())
        }

        async fn try_other(&mut self) -> Result<(), ()> {
            self.tried = true;
            Ok(())
        }

        async fn confirm(&mut self) -> Result<(), ()> {
            Ok(())
        }

        fn reset(&mut self) -> ! {
            panic!("a reset")
        }
    }

    fn maker() -> SigningKey {
        SigningKey::from_seed("maker.example", [8; 32]).unwrap()
    }

    fn update(
        version: u32,
        image: &[u8],
        came: &[u8],
        by: &SigningKey,
    ) -> (Result<bool, UpdateError>, Memory) {
        let manifest = Manifest { version, bytes: image.len() as u32, sha256: sha256(image) };
        let text = manifest.to_text("p4");
        let note = compose(&text, &[by.sign(&text)]).into_bytes();
        let (server, _) = serve(vec![note, came.to_vec()]);
        let running = Running { board: "p4", version: 3, maker: maker().verifier() };
        let (net, mut slots) = (Net { tcp: &Sockets, dns: &Sockets }, Memory::default());
        let done = block_on(fetch(&net, &server, &running, &mut slots));
        (done, slots)
    }

    #[test]
    fn a_newer_signed_image_is_tried_and_nothing_else() {
        let image: Vec<u8> = (0..10_001u32).map(|n| (n * 7) as u8).collect();
        let (done, slots) = update(4, &image, &image, &maker());
        assert_eq!(done, Ok(true));
        assert!(slots.tried && slots.bytes[..image.len()] == image);
        let (older, slots) = update(3, &image, &image, &maker());
        assert!(older == Ok(false) && !slots.tried);
        let stranger = SigningKey::from_seed("maker.example", [9; 32]).unwrap();
        assert_eq!(update(4, &image, &image, &stranger).0, Err(UpdateError::Manifest));
        let mut bad = image.clone();
        bad[5_000] ^= 1;
        let longer = [image.clone(), vec![0; 9_000]].concat();
        for came in [&bad, &image[..9_000].to_vec(), &longer, &vec![1]] {
            let (done, slots) = update(4, &image, came, &maker());
            assert!(done == Err(UpdateError::Image) && !slots.tried, "{}", came.len());
        }
        let (server, _) = serve(vec![Vec::new()]);
        let running = Running { board: "p4", version: 3, maker: maker().verifier() };
        let net = Net { tcp: &Sockets, dns: &Sockets };
        assert_eq!(block_on(fetch(&net, &server, &running, &mut Memory::default())), Ok(false));
    }
}
