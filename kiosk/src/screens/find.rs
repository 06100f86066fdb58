//! The search: what fingers write on its pads, what is found, and the way to it.

mod draft;
mod seeker;

use std::path::Path;
use std::rc::Rc;
use std::sync::mpsc::{Receiver, Sender, channel};

use slint::{ComponentHandle, SharedString};

use super::draw::{day, flow, model};
use super::touch::{with, with_one};
use super::ui::{AppWindow, FoundLine, Pad, Page, Search};
use super::{Place, Screens};
use crate::input::handwriting::Handwriting;
use crate::shelf::{Found, ShelfError};
use draft::Draft;
use seeker::{Answer, Ask, FOUND_MAX, Seeker};

/// What comes from another thread, with the turn it was asked in.
enum Late {
    Sought(i32, Answer),
    Drawn(i32, Vec<String>),
}

/// The search's threads, and what somebody has written so far.
pub(super) struct Finder {
    seeker: Seeker,
    handwriting: Option<Handwriting>,
    arrived: Receiver<Late>,
    mailbox: Mailbox,
    draft: Draft,
}

/// Where threads leave what they found; the screen hears of it through the interface.
#[derive(Clone)]
struct Mailbox {
    post: Sender<Late>,
    ui: slint::Weak<AppWindow>,
}

impl Mailbox {
    fn put(&self, late: Late) {
        // Errors mean that the window is closed already.
        let _ = self.post.send(late);
        let _ = self.ui.upgrade_in_event_loop(|ui| ui.global::<Search>().invoke_arrived());
    }
}

impl Finder {
    /// Starts the seeker; the reader of handwriting waits until somebody writes.
    pub(super) fn start(dir: &Path, ui: &AppWindow) -> std::io::Result<Self> {
        let (post, arrived) = channel();
        let mailbox = Mailbox { post, ui: ui.as_weak() };
        let tell = mailbox.clone();
        let seeker = Seeker::start(dir, move |turn, answer| tell.put(Late::Sought(turn, answer)))?;
        Ok(Self { seeker, handwriting: None, arrived, mailbox, draft: Draft::default() })
    }

    /// True while an answer is to come.
    pub(super) fn is_busy(&self) -> bool {
        self.seeker.is_busy() || self.handwriting.as_ref().is_some_and(Handwriting::is_busy)
    }

    fn ask(&mut self) {
        self.draft.turn += 1;
        let (letters, question) = (self.draft.letters.clone(), self.draft.question());
        self.seeker.ask(Ask { turn: self.draft.turn, letters, question });
    }

    fn read(&mut self) {
        self.draft.drawing += 1;
        let (turn, strokes) = (self.draft.drawing, self.draft.strokes.clone());
        if strokes.is_empty() {
            self.draft.offers.clear();
            return;
        }
        if self.handwriting.is_none() {
            let tell = self.mailbox.clone();
            let deliver = move |turn, found| tell.put(Late::Drawn(turn, found));
            self.handwriting = Handwriting::open(deliver);
        }
        if let Some(handwriting) = &self.handwriting {
            handwriting.read(turn, strokes);
        }
    }
}

/// Ties what fingers do on the search page to what is done.
pub(super) fn connect(screens: &Rc<Screens>) {
    let weak = Rc::downgrade(screens);
    let search = screens.ui.global::<Search>();
    search.on_open(with(&weak, Screens::open_search));
    search.on_arrived(with(&weak, Screens::search_arrived));
    search.on_delete(with(&weak, |s| s.write(Draft::delete)));
    search.on_clear(with(&weak, |s| s.write(Draft::clear)));
    search.on_letter(with_one(&weak, |s, key: SharedString| s.write(|d| d.letter(&key))));
    search.on_figure(with_one(&weak, |s, key: SharedString| s.write(|d| d.figure(&key))));
    search.on_chosen(with_one(&weak, |s, row| s.write(|d| d.choose(row))));
    search.on_choose_village(with_one(&weak, |s, row| s.write(|d| d.choose_village(row))));
    search.on_show_pad(with_one(&weak, Screens::show_pad));
    search.on_open_found(with_one(&weak, Screens::open_found));
    search.on_stroke_ended(with(&weak, |s| s.draw(|_| ())));
    search.on_undo_stroke(with(&weak, |s| s.draw(Draft::undo_stroke)));
    search.on_clear_strokes(with(&weak, |s| s.draw(|d| d.strokes.clear())));
    let begun = with_one(&weak, |s, (x, y)| s.ink(|d| d.begin_stroke(x, y)));
    search.on_stroke_begun(move |x, y| begun((x, y)));
    let moved = with_one(&weak, |s, (x, y)| s.ink(|d| d.move_stroke(x, y)));
    search.on_stroke_moved(move |x, y| moved((x, y)));
}

impl Screens {
    fn search(&self) -> Search<'_> {
        self.ui.global::<Search>()
    }

    /// A new search.
    fn open_search(&self) {
        self.forget_search();
        self.go(Place::Search);
    }

    /// No trace of what somebody looked for.
    pub(super) fn forget_search(&self) {
        let mut finder = self.finder.borrow_mut();
        let (turn, drawing) = (finder.draft.turn + 1, finder.draft.drawing + 1);
        finder.draft = Draft { turn, drawing, ..Draft::default() };
        finder.handwriting = None;
        drop(finder);
        self.search().set_pad(Pad::Pinyin);
        self.search().set_found(model([]));
        self.search().set_more(false);
        self.search().set_answered(false);
        self.show_draft();
    }

    /// More may be written than is looked for.
    pub(super) fn write_at_length(&self) {
        self.finder.borrow_mut().draft.long = true;
    }

    /// What was written, letters too.
    pub(super) fn written(&self) -> String {
        self.finder.borrow().draft.question().text
    }

    /// Fills the page: the list is looked for again, and stands as it was until that is done.
    pub(super) fn fill_search(&self) -> Result<Page, ShelfError> {
        // A question that was begun and left is not what is looked for.
        if self.finder.borrow().draft.long {
            self.forget_search();
        }
        let villages = self.shelf.villages()?;
        let mut finder = self.finder.borrow_mut();
        finder.draft.villages = villages.into_iter().map(|row| (row.code, row.name)).collect();
        finder.draft.still = true;
        finder.ask();
        drop(finder);
        let (township, search) = (self.shelf.township()?, self.search());
        self.api().set_township(township.map(|town| town.name).unwrap_or_default().into());
        search.set_handwriting(Handwriting::is_offered());
        self.show_draft();
        Ok(Page::Search)
    }

    /// Changes what is written, and looks for it.
    fn write(&self, change: impl FnOnce(&mut Draft)) {
        self.activity();
        let mut finder = self.finder.borrow_mut();
        change(&mut finder.draft);
        finder.draft.still = false;
        finder.ask();
        drop(finder);
        self.show_draft();
    }

    /// Changes what is drawn, and reads it.
    fn draw(&self, change: impl FnOnce(&mut Draft)) {
        self.ink(change);
        self.finder.borrow_mut().read();
        self.show_draft();
    }

    /// Changes what is drawn, while the finger is still on it.
    fn ink(&self, change: impl FnOnce(&mut Draft)) {
        self.activity();
        let mut finder = self.finder.borrow_mut();
        change(&mut finder.draft);
        self.search().set_ink(finder.draft.ink().into());
    }

    fn show_pad(&self, pad: Pad) {
        self.search().set_pad(pad);
        self.write(|draft| {
            draft.strokes.clear();
            draft.offers.clear();
            if pad != Pad::None {
                draft.keep_letters();
            }
        });
    }

    fn show_draft(&self) {
        let (finder, search) = (self.finder.borrow(), self.search());
        let draft = &finder.draft;
        search.set_text(draft.text.as_str().into());
        search.set_letters(draft.letters.as_str().into());
        search.set_ink(draft.ink().into());
        search.set_candidates(model(draft.offers.iter().map(|(text, _)| text.as_str().into())));
        search.set_villages(model(draft.villages.iter().map(|(_, name)| name.as_str().into())));
        let chosen = draft.villages.iter().position(|(code, _)| Some(*code) == draft.village);
        search.set_village(chosen.and_then(|row| i32::try_from(row).ok()).unwrap_or(-1));
    }

    /// Something came from the search's threads.
    fn search_arrived(&self) {
        let mut finder = self.finder.borrow_mut();
        while let Ok(late) = finder.arrived.try_recv() {
            match late {
                Late::Sought(turn, Answer::Words(words)) => {
                    if turn == finder.draft.turn && finder.draft.strokes.is_empty() {
                        finder.draft.offer(words);
                    }
                }
                Late::Sought(turn, Answer::Found(found)) => {
                    if turn == finder.draft.turn {
                        self.show_found(&mut finder.draft, found);
                    }
                }
                Late::Drawn(turn, found) => {
                    if turn == finder.draft.drawing {
                        finder.draft.offers = found.into_iter().map(|text| (text, 0)).collect();
                    }
                }
            }
        }
        drop(finder);
        self.show_draft();
    }

    fn show_found(&self, draft: &mut Draft, mut found: Vec<Found>) {
        let search = self.search();
        search.set_more(found.len() > FOUND_MAX);
        found.truncate(FOUND_MAX);
        search.set_answered(!draft.question().text.is_empty() || draft.village.is_some());
        search.set_found(model(found.iter().map(line)));
        let listed = |found: &Found| (found.index(), matches!(found, Found::Bulletin(_)));
        draft.found = found.iter().map(listed).collect();
        if !draft.still {
            self.begin_list(0.0);
        }
    }

    fn open_found(&self, row: i32) {
        let chosen = usize::try_from(row).ok();
        let found = chosen.and_then(|row| self.finder.borrow().draft.found.get(row).copied());
        match found {
            Some((index, false)) => self.go(Place::Receipt(index)),
            Some((index, true)) => self.go(Place::Bulletin(index)),
            None => {}
        }
    }
}

fn line(found: &Found) -> FoundLine {
    match found {
        Found::Receipt { row, village_name, .. } => FoundLine {
            bulletin: false,
            title: row.purpose.as_str().into(),
            place: village_name.as_str().into(),
            about: row.payee.as_str().into(),
            day: day(row.date),
            amount: row.amount.to_string().into(),
            flow: flow(row.direction),
        },
        Found::Bulletin(row) => FoundLine {
            bulletin: true,
            title: row.title.as_str().into(),
            place: row.village_name.as_str().into(),
            about: row.column_name.as_str().into(),
            day: day(row.date),
            amount: SharedString::new(),
            flow: flow(None),
        },
    }
}
