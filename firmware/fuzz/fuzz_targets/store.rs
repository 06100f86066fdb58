//! Any order of what a board writes, with the current going at any word: what the store answers is what a plain model of it
//! says, before or after the step that was cut.
#![no_main]
use embassy_futures::block_on;
use firmware::nor::{Nor, SECTOR};
use firmware::store::{Entry, Layout, Store, StoreError, Word};
use ledger::board::Head;
use ledger::hash::sha256;
use ledger::tree::leaf_hash;
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use std::collections::BTreeMap;

const LAYOUT: Layout =
    Layout { records: 0..6 * SECTOR as u32, pictures: 6 * SECTOR as u32..8 * SECTOR as u32 };
/// Entries that there can be.
const ENTRIES: u64 = 6;
/// Bytes of the longest note, content, picture: some fit into a piece, some do not.
const NOTE: u16 = 2_600;
const CONTENT: u16 = 4_000;
const PICTURE: u16 = 3_000;

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Step {
    /// Writes an entry beyond the head: one that is there already is dropped before that is written again.
    Entry {
        index: u8,
        note: u16,
        content: u16,
        fill: u8,
    },
    /// The content of an entry comes.
    Fill {
        index: u8,
        content: u16,
        fill: u8,
    },
    /// The content of an entry goes.
    Empty {
        index: u8,
    },
    Drop {
        index: u8,
    },
    Commit {
        size: u8,
    },
    Picture {
        length: u16,
        fill: u8,
    },
    Word {
        word: u8,
        length: u8,
        fill: u8,
    },
    Restart,
}

/// A step, and after how many words the current goes, if it does: most steps write no more than [`WORDS_MAX`].
type Cut = (Step, Option<u16>);
const WORDS_MAX: u16 = 1_500;

#[derive(Clone, Debug, Default, PartialEq)]
struct Model {
    size: u64,
    entries: BTreeMap<u64, Entry>,
    words: [Option<Vec<u8>>; 3],
}

const WORDS: [Word; 3] = [Word::Key, Word::Synced, Word::Tried];

fn entry_index(index: u8) -> u64 {
    u64::from(index) % ENTRIES
}

fn head(size: u64) -> Head {
    let mut head = Head { checkpoint: format!("log\n{size}\n"), ..Head::default() };
    (0..size).for_each(|n| head.frontier.push(leaf_hash(&n.to_be_bytes())));
    head
}

/// Does a step; the models that the store may answer as, if the current went in it: the one before is always one.
async fn step(store: &mut Store<Nor>, step: Step, model: &mut Model) -> Result<(), StoreError> {
    match step {
        Step::Entry { index, note, content, fill } => {
            let index = entry_index(index);
            if model.entries.contains_key(&index) {
                return Ok(());
            }
            let (note, content) = (usize::from(note % NOTE), usize::from(content % CONTENT));
            // Many have none yet.
            let content = if fill % 2 == 0 { 0 } else { content };
            let entry = Entry { note: vec![fill ^ 1; note], content: vec![fill; content] };
            store.put_entry(index, &entry).await?;
            model.entries.insert(index, entry);
        }
        Step::Fill { index, content, fill } => {
            let index = entry_index(index);
            let Some(entry) = model.entries.get_mut(&index) else { return Ok(()) };
            if entry.content.is_empty() {
                let content = vec![fill; usize::from(content % CONTENT)];
                let filled = Entry { content, ..entry.clone() };
                store.put_entry(index, &filled).await?;
                *entry = filled;
            }
        }
        Step::Empty { index } => {
            store.drop_content(entry_index(index)).await?;
            if let Some(entry) = model.entries.get_mut(&entry_index(index)) {
                entry.content.clear();
            }
        }
        Step::Drop { index } => {
            store.drop_entry(entry_index(index)).await?;
            model.entries.remove(&entry_index(index));
        }
        Step::Commit { size } => {
            store.commit(&head(size.into())).await?;
            model.size = size.into();
        }
        Step::Picture { length, fill } => {
            let bytes = vec![fill; usize::from(length % PICTURE)];
            if store.put_picture(&sha256(&bytes), &bytes).await == Err(StoreError::Full) {
                while store.drop_picture_but(&[]).await? {}
            }
            store.put_picture(&sha256(&bytes), &bytes).await?;
            assert_eq!(store.picture(&sha256(&bytes)).await, Some(bytes));
        }
        Step::Word { word, length, fill } => {
            let (at, bytes) = (usize::from(word) % WORDS.len(), vec![fill; length.into()]);
            store.put_word(WORDS[at], &bytes).await?;
            model.words[at] = Some(bytes);
        }
        Step::Restart => {}
    }
    Ok(())
}

/// What a step that was cut may have left, besides what its parts did to the model already.
fn after(asked: Step, before: &Model) -> Model {
    let mut model = before.clone();
    // A store without an end does the step whole; the model is all that is of use of it.
    let mut store = Store::new(Nor::new(64), Layout { records: 0..48 * SECTOR as u32, ..WIDE });
    block_on(async {
        for (index, entry) in &before.entries {
            store.put_entry(*index, entry).await.expect("there is room");
        }
        step(&mut store, asked, &mut model).await.expect("there is room");
    });
    model
}

const WIDE: Layout = Layout { records: 0..0, pictures: 48 * SECTOR as u32..64 * SECTOR as u32 };

/// What the store answers.
async fn answers(store: &mut Store<Nor>) -> Model {
    let mut model = Model::default();
    let kept = store.head().await.expect("a head");
    model.size = kept.frontier.size();
    assert_eq!(kept.frontier, head(model.size).frontier);
    let mut from = 0;
    loop {
        let entries = store.entries(from).await.expect("entries");
        let Some((last, _)) = entries.last() else { break };
        from = last + 1;
        for (index, entry) in entries {
            assert_eq!(store.entry(index).await.expect("an entry"), entry);
            model.entries.extend(entry.map(|entry| (index, entry)));
        }
    }
    for (at, word) in WORDS.into_iter().enumerate() {
        model.words[at] = store.word(word).await.expect("a word");
    }
    model
}

fuzz_target!(|steps: Vec<Cut>| {
    let mut store = Store::new(Nor::new(8), LAYOUT);
    let mut model = Model::default();
    for (asked, cut) in steps.into_iter().take(40) {
        let before = model.clone();
        store.flash().left = cut.map(|words| u64::from(words % WORDS_MAX));
        let done = block_on(step(&mut store, asked, &mut model));
        let whole = store.flash().left != Some(0);
        let mut flash = store.flash().clone();
        flash.left = None;
        if whole && !matches!(asked, Step::Restart) {
            *store.flash() = flash;
        } else {
            store = Store::new(flash, LAYOUT);
        }
        assert!(!whole || matches!(done, Ok(()) | Err(StoreError::Full)), "{asked:?}: {done:?}");
        let now = block_on(answers(&mut store));
        let possible =
            now == model || (done.is_err() && (now == before || now == after(asked, &before)));
        assert!(
            possible,
            "{asked:?}, {cut:?}, {done:?}:\n{now:?}\nbefore {before:?}\nmodel {model:?}"
        );
        model = now;
    }
});
