//! Following the log: one feed after the other, each verified to its end before anything of it counts.
//!
//! The order of writes is that of [`follow`]: entries beyond the head, the head, then the book in memory. A cut before the
//! head leaves what was; after it, what is new is read at the next start.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use embassy_futures::yield_now;
use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use embassy_sync::mutex::Mutex;
use embedded_nal_async::{Dns, TcpConnect};
use ledger::board::{BadFeed, Head, Part, Reader, Walk, is_about};
use ledger::content::CONTENT_BYTES_MAX;
use ledger::glyph::{self, Glyph};
use ledger::hash::{Hash, sha256};
use ledger::key::VerifierKey;
use ledger::note::{NOTE_BYTES_MAX, Note};
use ledger::place::Village;
use ledger::statement::{Role, Statement};
use miniz_oxide::inflate::stream::{InflateState, inflate};
use miniz_oxide::{DataFormat, MZFlush, MZStatus};

use crate::board::Flash;
use crate::book::Book;
use crate::http::{HttpError, Net};
use crate::pages::Trouble;
use crate::picture;
use crate::store::{Entry, Store, StoreError, Word};

/// Bytes that are unpacked at once.
const UNPACKED: usize = 4 * 1024;
/// Contents that are asked for at once.
const CONTENTS_MAX: usize = 16;
/// Bytes of a note with glyphs.
const GLYPHS_BYTES_MAX: usize = NOTE_BYTES_MAX;
/// Characters whose glyphs are asked for at once: so many fit into a note, however dense they are.
const CHARACTERS_MAX: usize = 24;

/// Why a sync did not come to its end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SyncError {
    /// The network or the office.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// What came.
    #[error(transparent)]
    Feed(#[from] BadFeed),
    /// Where it was to be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SyncError {
    /// What a person is told.
    pub fn trouble(&self) -> Trouble {
        match self {
            SyncError::Http(_) | SyncError::Feed(BadFeed::Begins(_)) => Trouble::Offline,
            SyncError::Feed(BadFeed::RolledBack(_)) => Trouble::RolledBack,
            SyncError::Feed(BadFeed::Forked) => Trouble::Forked,
            SyncError::Feed(_) => Trouble::Forged,
            SyncError::Store(_) => Trouble::Full,
        }
    }
}

/// Whom the board follows.
#[derive(Clone, Debug)]
pub struct Source {
    /// The office's address, without a slash at its end.
    pub server: String,
    /// Whose receipts.
    pub village: Village,
    /// The log's key.
    pub log: VerifierKey,
}

/// What the board knows: in flash and, what pages are made of, in memory.
#[derive(Debug)]
pub struct Library<F> {
    /// In flash.
    pub store: Store<F>,
    /// In memory.
    pub book: Book,
}

/// A library that the screen reads while a sync writes.
pub type Shared<F> = Mutex<NoopRawMutex, Library<F>>;

/// One feed, from where the board is to where the log is. Answers how many entries are new to the log.
///
/// # Errors
/// [`SyncError`]: then everything is as it was.
pub async fn follow<T: TcpConnect, D: Dns, F: Flash>(
    net: &Net<'_, T, D>,
    source: &Source,
    library: &Shared<F>,
) -> Result<u64, SyncError> {
    let held = library.lock().await.store.head().await?;
    let size = held.frontier.size();
    let url = format!("{}/board/{}?from={size}", source.server, source.village);
    let mut feed = Feed::new(held, source);
    let fed = net.get(&url, async |piece: &[u8]| feed.unpack(piece, library).await).await;
    let head = match fed.and_then(|()| feed.end()) {
        Ok(head) => head,
        Err(error) => {
            let mut library = library.lock().await;
            if let (SyncError::Feed(BadFeed::Forked), Some(note)) = (&error, &feed.offered)
                && library.store.word(Word::Evidence).await?.as_deref() != Some(note.as_bytes())
            {
                library.store.put_word(Word::Evidence, note.as_bytes()).await?;
            }
            for index in feed.staged {
                library.store.drop_entry(index).await?;
            }
            return Err(error);
        }
    };
    let mut library = library.lock().await;
    if head.checkpoint != feed.held.checkpoint {
        library.store.commit(&head).await?;
    }
    let Library { store, book } = &mut *library;
    for index in feed.staged {
        book.take(store, index).await?;
    }
    book.reached(&head);
    Ok(head.frontier.size() - size)
}

/// A feed that is coming in.
struct Feed<'s> {
    source: &'s Source,
    held: Head,
    packed: Box<InflateState>,
    unpacked: Vec<u8>,
    /// The packed bytes came to their end.
    whole: bool,
    reader: Reader,
    walk: Option<Walk>,
    /// The checkpoint that it says it leads to.
    offered: Option<String>,
    /// Entries that were written beyond the head.
    staged: Vec<u64>,
}

impl<'s> Feed<'s> {
    fn new(held: Head, source: &'s Source) -> Feed<'s> {
        Feed {
            source,
            held,
            packed: InflateState::new_boxed(DataFormat::Zlib),
            unpacked: vec![0; UNPACKED],
            whole: false,
            reader: Reader::default(),
            walk: None,
            offered: None,
            staged: Vec::new(),
        }
    }

    /// Takes packed bytes as they come.
    async fn unpack<F: Flash>(
        &mut self,
        mut bytes: &[u8],
        library: &Shared<F>,
    ) -> Result<(), SyncError> {
        loop {
            let step = inflate(&mut self.packed, bytes, &mut self.unpacked, MZFlush::None);
            bytes = bytes.get(step.bytes_consumed..).unwrap_or_default();
            let full = step.bytes_written == self.unpacked.len();
            self.reader.push(&self.unpacked[..step.bytes_written])?;
            while let Some(part) = self.reader.part()? {
                self.take(part, library).await?;
            }
            match step.status {
                Ok(MZStatus::Ok) if full || !bytes.is_empty() => {}
                Ok(MZStatus::StreamEnd) => {
                    self.whole = bytes.is_empty();
                    return if self.whole { Ok(()) } else { Err(BadFeed::Form.into()) };
                }
                Ok(_) | Err(miniz_oxide::MZError::Buf) => return Ok(()),
                Err(_) => return Err(BadFeed::Form.into()),
            }
        }
    }

    async fn take<F: Flash>(&mut self, part: Part, library: &Shared<F>) -> Result<(), SyncError> {
        match (part, &mut self.walk) {
            (Part::Start(start), None) => {
                self.offered = Some(start.checkpoint.clone());
                self.walk = Some(Walk::begin(&self.held, &start, &self.source.log)?);
            }
            (Part::Subtree { level, root }, Some(walk)) => walk.pass(level, root)?,
            (Part::Entry { note, content }, Some(walk)) => {
                let index = walk.size();
                let earlier = match is_about(&note) {
                    Some(of) if of < self.held.frontier.size() || self.staged.contains(&of) => {
                        statement(library.lock().await.store.entry(of).await?)
                    }
                    _ => None,
                };
                // An entry that does not count stands in the log, and nobody is shown it.
                if walk.take(&note, &content, |_| earlier)?.is_ok() {
                    self.staged.push(index);
                    let entry = Entry { note, content };
                    library.lock().await.store.put_entry(index, &entry).await?;
                }
                // A signature takes its time; the screen goes on meanwhile.
                yield_now().await;
            }
            (Part::End, Some(_)) => {}
            _ => return Err(BadFeed::Form.into()),
        }
        Ok(())
    }

    fn end(&mut self) -> Result<Head, SyncError> {
        let ended = self.whole && self.reader.is_ended();
        let walk = self.walk.take().filter(|_| ended).ok_or(BadFeed::Damaged)?;
        Ok(walk.end()?)
    }
}

fn statement(entry: Option<Entry>) -> Option<Statement> {
    Statement::parse(Note::parse(&entry?.note).ok()?.text()).ok()
}

/// Asks for contents that were not there when their statements came, from the log index `next` on, and from the start again.
/// Answers whether any came.
///
/// # Errors
/// [`SyncError`]; `Feed` if what came is not that content.
pub async fn fetch_contents<T: TcpConnect, D: Dns, F: Flash>(
    net: &Net<'_, T, D>,
    source: &Source,
    library: &Shared<F>,
    next: &mut u64,
) -> Result<bool, SyncError> {
    let lacking = library.lock().await.book.lacking().clone();
    let mut came = false;
    for (index, hash) in lacking.range(*next..).chain(lacking.range(..*next)).take(CONTENTS_MAX) {
        *next = index + 1;
        let url = format!("{}/content/{hash}", source.server);
        let content = match net.get_all(&url, CONTENT_BYTES_MAX).await {
            // Not there yet: asked for again in another round.
            Err(HttpError::Status(404)) => continue,
            content => content?,
        };
        if sha256(&content) != *hash {
            return Err(BadFeed::Content(*index).into());
        }
        let mut library = library.lock().await;
        let Library { store, book } = &mut *library;
        book.fill(store, *index, content).await?;
        came = true;
    }
    Ok(came)
}

/// Asks for the glyphs of characters that pages show and that the board lacks, and keeps them.
///
/// # Errors
/// [`SyncError`]; `Feed` if the office did not sign what came.
pub async fn fetch_glyphs<T: TcpConnect, D: Dns, F: Flash>(
    net: &Net<'_, T, D>,
    source: &Source,
    library: &Shared<F>,
    missing: &[char],
) -> Result<Vec<Glyph>, SyncError> {
    if missing.is_empty() {
        return Ok(Vec::new());
    }
    let wanted: Vec<String> =
        missing.iter().take(CHARACTERS_MAX).map(|ch| format!("{:x}", u32::from(*ch))).collect();
    let url = format!("{}/board/glyphs?chars={}", source.server, wanted.join(","));
    let note = match net.get_all(&url, GLYPHS_BYTES_MAX).await {
        // An office that has none: the screen says how many it could not show.
        Err(HttpError::Status(_)) => return Ok(Vec::new()),
        note => note?,
    };
    let mut library = library.lock().await;
    let head = library.store.head().await?;
    let office = head.roster.signers().iter().filter(|one| one.role == Role::Office);
    let read = || {
        let note = Note::parse(&note).ok()?;
        note.verify(office.map(|one| &one.key)).ok()?;
        glyph::from_text(note.text()).ok()
    };
    let glyphs = read().ok_or(BadFeed::Damaged)?;
    match library.store.put_glyphs(&glyphs).await {
        // Fetched again after the next start, and no reason to drop a month.
        Ok(()) | Err(StoreError::Full) => Ok(glyphs),
        Err(error) => Err(error.into()),
    }
}

/// Fetches the pictures that pages show, the newest first, and calls `news` for each. `settled` are those that are here, or that
/// there is no room for.
///
/// # Errors
/// [`SyncError`]; `Feed` if what came is not that picture.
pub async fn fetch_pictures<T: TcpConnect, D: Dns, F: Flash>(
    net: &Net<'_, T, D>,
    source: &Source,
    library: &Shared<F>,
    settled: &mut Vec<Hash>,
    news: impl Fn(),
) -> Result<(), SyncError> {
    let wanted = library.lock().await.book.thumbs();
    settled.retain(|hash| wanted.contains(hash));
    let open: Vec<Hash> = wanted.iter().filter(|hash| !settled.contains(hash)).copied().collect();
    if !open.is_empty() {
        settled.extend(library.lock().await.store.pictures(&open).await?);
    }
    for (at, hash) in wanted.iter().enumerate() {
        if settled.contains(hash) {
            continue;
        }
        let url = format!("{}/blob/{hash}", source.server);
        let bytes = match net.get_all(&url, picture::BYTES_MAX).await {
            // Not there yet: asked for again in another round.
            Err(HttpError::Status(404)) => continue,
            bytes => bytes?,
        };
        if sha256(&bytes) != *hash {
            return Err(BadFeed::Damaged.into());
        }
        if !keep_picture(library, hash, &bytes, &wanted[at + 1..]).await? {
            settled.extend(&wanted[at..]);
            return Ok(());
        }
        news();
        settled.push(*hash);
    }
    Ok(())
}

/// Keeps a picture, in place of those that are wanted less, the last one first. False if there is no room even so.
async fn keep_picture<F: Flash>(
    library: &Shared<F>,
    hash: &Hash,
    bytes: &[u8],
    less: &[Hash],
) -> Result<bool, StoreError> {
    let store = &mut library.lock().await.store;
    let mut less = less.iter().rev();
    loop {
        match store.put_picture(hash, bytes).await {
            Err(StoreError::Full) => {}
            done => return done.map(|()| true),
        }
        loop {
            let Some(least) = less.next() else { return Ok(false) };
            if store.drop_picture(least).await? {
                break;
            }
        }
    }
}

/// Drops pictures that no page shows any more, those of what was withdrawn among them.
///
/// # Errors
/// [`StoreError`].
pub async fn tidy_pictures<F: Flash>(library: &Shared<F>) -> Result<(), StoreError> {
    let wanted = library.lock().await.book.thumbs();
    // One at a time: pages come in between.
    while library.lock().await.store.drop_picture_but(&wanted).await? {}
    Ok(())
}

/// Makes room by dropping the oldest month. False if there is but one.
///
/// # Errors
/// [`StoreError`].
pub async fn make_room<F: Flash>(library: &Shared<F>) -> Result<bool, StoreError> {
    let mut library = library.lock().await;
    let Library { store, book } = &mut *library;
    let Some(gone) = book.drop_oldest() else { return Ok(false) };
    for index in gone {
        store.drop_entry(index).await?;
    }
    Ok(true)
}

#[cfg(test)]
pub(crate) mod tests;
