//! An item: one paper or one nil return, where it stands, and what of it was signed.

use crate::draft::Draft;
use crate::edit::Edit;
use crate::error::{Error, Result};
use crate::looking::Looked;
use crate::outbox::Place;
use crate::say;
use crate::send::Status;
use ledger::content::{ImageRef, Openness};
use ledger::hash::Hash;

/// Where an item stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "told by their labels")]
pub enum State {
    Draft,
    Removed,
    Signed,
    Received,
    Returned,
    Published,
    /// Returned, and a new draft was made of it.
    Revised,
}

impl State {
    const ALL: [(State, &'static str); 7] = [
        (State::Draft, "draft"),
        (State::Removed, "removed"),
        (State::Signed, "signed"),
        (State::Received, "received"),
        (State::Returned, "returned"),
        (State::Published, "published"),
        (State::Revised, "revised"),
    ];

    /// The word in the database and in JSON.
    pub fn word(self) -> &'static str {
        State::ALL.iter().find(|(state, _)| *state == self).map_or("", |(_, word)| word)
    }

    /// The state that a word in the database means.
    ///
    /// # Errors
    /// [`Error::Record`].
    pub fn of_word(word: &str) -> Result<State> {
        let known = State::ALL.iter().find(|(_, known)| *known == word);
        known.map(|(state, _)| *state).ok_or_else(|| Error::Record(word.into()))
    }

    /// What a person calls it.
    pub fn label(self) -> String {
        match self {
            State::Draft => say!("未签名"),
            State::Removed => say!("已删除"),
            State::Signed => say!("已签名，待发送"),
            State::Received => say!("已收到"),
            State::Returned => say!("已退回"),
            State::Published => say!("已公布"),
            State::Revised => say!("已退回并重做"),
        }
    }
}

/// What an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A receipt with its pages.
    Receipt,
    /// A month without receipts.
    Nothing,
}

/// A signed item, word for word as it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// SHA-256 of the note's text: the submission's id.
    pub submission: Hash,
    /// The signed note.
    pub note: String,
    /// The content's text; none for a nil return.
    pub content: Option<String>,
}

/// One page of a receipt.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// SHA-256 of the photo's file.
    pub original: Hash,
    /// How its picture is made.
    pub edit: Edit,
    /// What the quick look found; none until it was looked at.
    pub looked: Option<Looked>,
    /// Whether its printed lines were read.
    pub read: bool,
    /// The public picture that this edit makes; none until it is made.
    pub image: Option<ImageRef>,
}

impl Page {
    /// A page as it is taken in.
    pub fn new(original: Hash) -> Page {
        Page { original, edit: Edit::default(), looked: None, read: false, image: None }
    }
}

/// One paper, or one nil return.
#[derive(Debug, Clone)]
pub struct Item {
    /// Its number, for the person.
    pub id: i64,
    /// What it is.
    pub kind: Kind,
    /// Where it stands.
    pub state: State,
    /// Its fields.
    pub draft: Draft,
    /// Its pages.
    pub pages: Vec<Page>,
    /// What was signed.
    pub signed: Option<Signed>,
    /// What the office last said.
    pub status: Option<Status>,
    /// Whether it may have reached the server.
    pub offered: bool,
}

impl Item {
    /// The texts of all codes on its pages, each once.
    pub fn codes(&self) -> Vec<String> {
        let mut codes = Vec::new();
        for code in self.pages.iter().flat_map(|page| &page.looked).flat_map(|seen| &seen.codes) {
            if !codes.contains(code) {
                codes.push(code.clone());
            }
        }
        codes
    }

    /// How many places are covered on the page that another photo would replace: on that one they are bare.
    pub fn covers_lost(&self, place: Place) -> usize {
        let goes = |page: &&Page| place == Place::InsteadOf(page.original);
        let covers = self.pages.iter().filter(goes).flat_map(|page| &page.edit.covers);
        covers.filter(|cover| cover.on).count()
    }

    /// Whether anything on its pages is covered.
    pub fn covered(&self) -> bool {
        self.pages.iter().flat_map(|page| &page.edit.covers).any(|cover| cover.on)
    }

    /// How far it is disclosed; none while the law's ground is lacking.
    pub fn openness(&self) -> Option<Openness> {
        self.draft.openness(self.covered())
    }

    /// The log index of the record that this is a version of, once there is one.
    pub fn record(&self) -> Option<u64> {
        self.draft.corrects.or_else(|| self.status.as_ref()?.index)
    }

    /// The public pictures that are made, in the order of the pages.
    pub fn images(&self) -> impl Iterator<Item = &ImageRef> {
        self.pages.iter().filter_map(|page| page.image.as_ref())
    }
}
