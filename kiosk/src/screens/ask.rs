//! Asking: what others asked about a paper, a question that is being written, and its slip.

use std::rc::Rc;

use ledger::content::{Answerer, Topic};
use ledger::place::Village;
use ledger::question::{Pin, Slip};
use ledger::statement::Reason;
use ledger::time::Date;
use slint::{ComponentHandle, ModelRc};

use super::draw::{count, day, model};
use super::touch::{with, with_one};
use super::ui::{self, AnswerLine, Ask, AskStep, AskedLine, AskedStanding, Page};
use super::{Paper, Place, Screens};
use crate::asking::{self, Written};
use crate::drawer::Drawer;
use crate::shelf::{Answered, Asked, ShelfError};

/// A question that is being written.
#[derive(Default)]
pub(super) struct Asking {
    /// Whom one can ask, the township first.
    places: Vec<(Village, String)>,
    /// Who is asked.
    place: Option<Village>,
    topic: Option<Topic>,
    /// The newest slip.
    slip: Option<(Slip, Pin)>,
}

impl Paper {
    /// Its log index.
    fn index(self) -> u64 {
        match self {
            Self::Receipt(index) | Self::Bulletin(index) => index,
        }
    }
}

/// Ties what fingers do on the pages about questions to what is done.
pub(super) fn connect(screens: &Rc<Screens>) {
    let weak = Rc::downgrade(screens);
    let ask = screens.ui.global::<Ask>();
    ask.on_open_questions(with(&weak, Screens::open_questions));
    ask.on_open(with(&weak, |s| match s.place() {
        Place::Questions(paper) => s.begin_question(Some(paper)),
        _ => s.begin_question(None),
    }));
    ask.on_choose_place(with_one(&weak, Screens::choose_place));
    ask.on_choose_topic(with_one(&weak, Screens::choose_topic));
    ask.on_send(with(&weak, Screens::send_question));
}

impl Screens {
    fn ask(&self) -> Ask<'_> {
        self.ui.global::<Ask>()
    }

    fn open_questions(&self) {
        match self.place() {
            Place::Receipt(index) => self.go(Place::Questions(Paper::Receipt(index))),
            Place::Bulletin(index) => self.go(Place::Questions(Paper::Bulletin(index))),
            _ => {}
        }
    }

    /// How many questions there are about the paper on the screen.
    pub(super) fn count_questions(&self, index: u64) -> Result<(), ShelfError> {
        self.ask().set_count(count(self.shelf.count_asked(index)?));
        Ok(())
    }

    pub(super) fn fill_questions(&self, paper: Paper) -> Result<Page, ShelfError> {
        let asked = self.shelf.asked_about(paper.index())?;
        let today = self.now().date();
        self.ask().set_about(self.name_of(paper)?.into());
        self.ask().set_asked(model(asked.iter().map(|one| line(one, today))));
        Ok(Page::Questions)
    }

    /// What people call a paper.
    fn name_of(&self, paper: Paper) -> Result<String, ShelfError> {
        let found = self.pictures_of(paper)?.map(|(name, _)| name);
        Ok(found.unwrap_or_else(|| format!("{}", paper.index())))
    }

    /// A new question, about a paper or about nothing on the screen.
    pub(super) fn begin_question(&self, about: Option<Paper>) {
        self.forget_question();
        self.write_at_length();
        self.go(Place::Ask(about));
    }

    /// No trace of what somebody asked.
    pub(super) fn forget_question(&self) {
        self.forget_search();
        self.asking.replace(Asking::default());
        let ask = self.ask();
        ask.set_slip("".into());
        ask.set_pin("".into());
        ask.set_failed(false);
        ask.set_topic(-1);
        ask.set_place(-1);
        ask.set_step(AskStep::Place);
    }

    pub(super) fn fill_ask(&self, about: Option<Paper>) -> Result<Page, ShelfError> {
        let ask = self.ask();
        let mut asking = self.asking.borrow_mut();
        asking.places.clear();
        if let Some(township) = self.shelf.township()? {
            asking.places.push((township.code, township.name));
        }
        let villages = self.shelf.villages()?;
        asking.places.extend(villages.into_iter().map(|row| (row.code, row.name)));
        ask.set_places(model(asking.places.iter().map(|(_, name)| name.as_str().into())));
        match about {
            Some(paper) => {
                asking.place = self.village_of(paper)?;
                ask.set_about(self.name_of(paper)?.into());
                if ask.get_step() == AskStep::Place {
                    ask.set_step(AskStep::Topic);
                }
            }
            None => ask.set_about("".into()),
        }
        Ok(Page::Ask)
    }

    fn village_of(&self, paper: Paper) -> Result<Option<Village>, ShelfError> {
        Ok(match paper {
            Paper::Receipt(index) => self.shelf.receipt(index)?.map(|page| page.village),
            Paper::Bulletin(index) => self.shelf.bulletin(index)?.map(|page| page.village),
        })
    }

    fn choose_place(&self, row: i32) {
        self.activity();
        let mut asking = self.asking.borrow_mut();
        let chosen = usize::try_from(row).ok().and_then(|row| asking.places.get(row));
        let Some((village, _)) = chosen else { return };
        asking.place = Some(*village);
        self.ask().set_place(row);
        self.ask().set_step(AskStep::Topic);
    }

    fn choose_topic(&self, row: i32) {
        self.activity();
        let chosen = usize::try_from(row).ok().and_then(|row| Topic::ALL.get(row).copied());
        let Some(topic) = chosen else { return };
        self.asking.borrow_mut().topic = Some(topic);
        self.ask().set_topic(row);
        self.ask().set_step(AskStep::Words);
    }

    /// Keeps the question on this machine's disk, then shows its slip.
    fn send_question(&self) {
        self.activity();
        let Place::Ask(about) = self.place() else { return };
        let asking = self.asking.borrow();
        let (Some(village), Some(topic)) = (asking.place, asking.topic) else { return };
        drop(asking);
        let of = about.map(Paper::index);
        let written = Written { village, of, topic, text: self.written() };
        let kept = Drawer::open(&self.options.data)
            .map_err(asking::NotKept::from)
            .and_then(|drawer| asking::keep(&drawer, written));
        match kept {
            Ok((slip, pin)) => self.show_slip(slip, pin),
            Err(asking::NotKept::Words) => {}
            Err(error) => {
                eprintln!("{error}");
                self.ask().set_failed(true);
            }
        }
    }

    fn show_slip(&self, slip: Slip, pin: Pin) {
        self.forget_question();
        self.ask().set_slip(slip.spaced().into());
        self.ask().set_pin(pin.as_str().into());
        self.asking.borrow_mut().slip = Some((slip.clone(), pin));
        // The way back does not lead to what was sent already.
        self.history.borrow_mut().pop();
        self.go(Place::Slip(slip));
    }

    /// The page of a slip; only that of the newest one has its PIN.
    pub(super) fn fill_slip(&self, slip: &Slip) -> Page {
        let held = matches!(&self.asking.borrow().slip, Some((newest, _)) if newest == slip);
        if held { Page::Slip } else { Page::Status }
    }
}

fn line(asked: &Asked, today: Date) -> AskedLine {
    let number = count(asked.index);
    let content = match &asked.said {
        Ok(content) => content,
        Err(reason) => {
            let abuse = *reason == Reason::Abuse;
            let standing = if abuse { AskedStanding::Abuse } else { AskedStanding::Personal };
            return AskedLine {
                number,
                standing,
                answers: ModelRc::default(),
                ..AskedLine::default()
            };
        }
    };
    let standing = match asked.answers.first() {
        Some(answer) if answer.day > content.due => AskedStanding::Late,
        Some(_) => AskedStanding::Answered,
        None if today > content.due => AskedStanding::Overdue,
        None => AskedStanding::Open,
    };
    AskedLine {
        number,
        text: content.text.as_str().into(),
        day: day(content.asked),
        to: answerer(content.to),
        due: day(content.due),
        standing,
        goes_on: asked.goes_on,
        answers: model(asked.answers.iter().map(answer)),
    }
}

fn answer(answered: &Answered) -> AnswerLine {
    AnswerLine {
        by: answerer(answered.content.by),
        day: day(answered.day),
        text: answered.content.text.as_str().into(),
    }
}

fn answerer(answerer: Answerer) -> ui::Answerer {
    match answerer {
        Answerer::Village => ui::Answerer::Village,
        Answerer::Supervisors => ui::Answerer::Supervisors,
        Answerer::Township => ui::Answerer::Township,
    }
}
