//! What the window is about now: the open desk, the page, the paper. Each page's own file says what is asked of it and how
//! it is filled; after every deed and all news the page is shown anew.

use super::compare::Pair;
use super::eyes::{Eyes, Wish};
use super::hands::Hands;
use super::line::Line;
use super::news::{News, Tell};
use super::phone::{Known, Phone};
use super::regroup::Picking;
use super::{later, month};
use crate::concerns::{Concern, Others};
use crate::correction;
use crate::desk::Desk;
use crate::draft::{Draft, Field};
use crate::edit::Edit;
use crate::error::{Error, Result};
use crate::item::{Item, Kind, State};
use crate::outbox::{Act, Deed};
use crate::say;
use crate::words::{self, Language};
use ledger::content::Direction;
use ledger::hash::Hash;
use ledger::time::Period;
use mingbai_uploader_ui::{Api, Desk as Window, Page, Paper, Standing, Undo};
use slint::{ComponentHandle, Image, SharedString, Timer, TimerMode};
use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::time::Duration;

/// How long a word about what was done stays.
const TOAST: Duration = Duration::from_secs(6);

/// What the window was started with.
pub struct Given {
    /// The desk's folder.
    pub folder: PathBuf,
    /// The folder of the models that read printed words.
    pub models: Option<PathBuf>,
    /// Where the phone is listened for.
    pub listen: crate::camera::Listen,
    /// The folder that is watched.
    pub watch: Option<PathBuf>,
}

/// An open desk and those who work at it.
pub struct Open {
    pub desk: Desk,
    pub hands: Hands,
    pub eyes: Eyes,
}

/// Everything that is compared and counted when a page is shown.
pub struct Scene {
    pub items: Vec<Item>,
    pub others: Others,
}

/// The window's state.
pub struct Room {
    pub given: Given,
    pub tell: Tell,
    pub window: slint::Weak<Window>,
    pub open: Option<Open>,
    pub practice: bool,
    pub page: Page,
    pub month: Period,
    /// The page that the paper was opened from.
    pub paper_from: Page,
    pub paper: i64,
    pub page_shown: usize,
    pub corner_view: bool,
    /// Why what was typed into the paper's boxes is refused.
    pub wrong: HashMap<Field, String>,
    /// The picture that is on the screen or asked for.
    pub wish: Option<Wish>,
    /// The edit that the covers and corners on the screen show.
    pub edit_shown: Option<(i64, usize, Edit)>,
    pub pair: Option<Pair>,
    /// The paper that a photo is being picked for.
    pub picking: Option<Picking>,
    /// The newer versions of papers that are corrected, by the old one's number.
    pub newer: HashMap<i64, (i64, State)>,
    /// Items that machines still work at.
    pub busy: BTreeSet<i64>,
    /// The warnings that the person has seen, by item.
    pub ticked: HashMap<i64, String>,
    pub line: Line,
    pub phone: Option<Phone>,
    /// What is known of a photo that comes from the watched folder.
    pub folder_known: Known,
    pub thumbs: HashMap<Hash, Image>,
    toast: Timer,
}

impl Room {
    /// A room whose desk is not open yet.
    pub fn new(given: Given, tell: Tell, window: slint::Weak<Window>, practice: bool) -> Room {
        Room {
            given,
            tell,
            window,
            open: None,
            practice,
            page: Page::Setup,
            month: month::this_month(),
            paper_from: Page::Month,
            paper: 0,
            page_shown: 0,
            corner_view: false,
            wrong: HashMap::new(),
            wish: None,
            edit_shown: None,
            pair: None,
            picking: None,
            newer: HashMap::new(),
            busy: BTreeSet::new(),
            ticked: HashMap::new(),
            line: Line::default(),
            phone: None,
            folder_known: Known::default(),
            thumbs: HashMap::new(),
            toast: Timer::default(),
        }
    }

    /// Opens the desk, if it was made, and shows its month; else the page of the first start.
    ///
    /// # Errors
    /// Those of opening it.
    pub fn enter(&mut self) -> Result<()> {
        let desk = match self.practice {
            true => Desk::practice(&self.given.folder),
            false => Desk::open(&self.given.folder),
        };
        let desk = match desk {
            Err(Error::NoDesk(_)) => return Ok(()),
            desk => desk?,
        };
        self.phone = None;
        self.picking = None;
        self.busy.clear();
        self.ticked.clear();
        self.month = month::to_begin_with(&desk.outbox.items()?);
        let hands = Hands::start(desk.folder(), self.given.models.clone(), self.tell.clone())?;
        let eyes = Eyes::start(desk.originals.clone(), self.tell.clone())?;
        self.line.check(&desk, &self.tell)?;
        self.open = Some(Open { desk, hands, eyes });
        self.page = Page::Month;
        Ok(())
    }

    /// The open desk.
    ///
    /// # Errors
    /// [`Error::NoDesk`] before the first start is done.
    pub fn desk(&mut self) -> Result<&mut Desk> {
        self.open().map(|open| &mut open.desk)
    }

    /// The same, with those who work at it.
    ///
    /// # Errors
    /// [`Error::NoDesk`].
    pub fn open(&mut self) -> Result<&mut Open> {
        let none = || Error::NoDesk(self.given.folder.clone());
        self.open.as_mut().ok_or_else(none)
    }

    /// What is known beforehand of a paper that is taken in: it belongs to the month on the screen.
    pub fn known(&self) -> Draft {
        Draft { period: Some(self.month), ..Draft::default() }
    }

    /// Goes to a page.
    ///
    /// # Errors
    /// Those of what the page needs.
    pub fn go(&mut self, page: Page) -> Result<()> {
        match page {
            Page::Phone => self.start_phone()?,
            Page::Send => self.line.begin_page(),
            _ => {}
        }
        if page != Page::Phone {
            self.picking = None;
        }
        self.page = page;
        self.with_api(|api| {
            api.set_row(0);
            // What was said belongs to the page that is left.
            api.set_toast(SharedString::new());
        });
        Ok(())
    }

    /// Goes back to where the person came from.
    ///
    /// # Errors
    /// None so far.
    pub fn back(&mut self) -> Result<()> {
        self.page = match self.page {
            Page::Setup => Page::Setup,
            Page::Compare => Page::Paper,
            Page::Paper => self.paper_from,
            Page::Month => return self.pick_no_more(),
            _ => Page::Month,
        };
        Ok(())
    }

    /// Chinese or English.
    ///
    /// # Errors
    /// None so far.
    pub fn set_english(&mut self, english: bool) -> Result<()> {
        speak(if english { Language::En } else { Language::Zh });
        Ok(())
    }

    /// Begins or ends practice, which has papers of its own.
    ///
    /// # Errors
    /// Those of opening the desk.
    pub fn set_practice(&mut self, practice: bool) -> Result<()> {
        self.practice = practice;
        self.enter()
    }

    /// Takes back the last deed.
    ///
    /// # Errors
    /// [`Error::Outbox`].
    pub fn undo(&mut self) -> Result<()> {
        let Some(deed) = self.desk()?.outbox.undo()? else { return Ok(()) };
        self.open()?.hands.look();
        self.wrong.clear();
        let shown = (self.page == Page::Paper).then_some(self.paper);
        if let Some(paper) = shown
            && self.desk()?.outbox.item(paper)?.state == State::Removed
        {
            self.page = self.paper_from;
        }
        self.say(&say!("已撤销：{deed}", deed = deed.said()));
        Ok(())
    }

    /// Takes note of what a thread tells.
    ///
    /// # Errors
    /// Those of what follows from it.
    pub fn hear(&mut self, news: News) -> Result<()> {
        match news {
            News::Changed => {}
            News::Nothing => self.busy_with(false),
            News::Working { done, of, busy } => {
                self.busy = busy;
                self.with_api(|api| {
                    api.set_work_done(count(done));
                    api.set_work_of(count(of));
                });
            }
            News::Again(id) => self.say(&say!("这张照片已经在第 {id} 号里", id = id)),
            News::Problem(why) => self.problem(&why),
            News::Well(what) => self.say(&what),
            News::Sight(sight) => self.seen(sight),
            News::Photos(photos) => self.take(photos)?,
            News::Refused(id, why) => self.line.refused(id, why),
            News::Sent(cut) => self.sent(cut)?,
            News::Phone(event) => self.phone_event(event)?,
            News::Folder(arrival) => self.arrived(arrival)?,
            News::BackupTo(file, passphrase) => self.backup_to(file, passphrase)?,
            News::RestoreFrom(file, passphrase) => self.restore_from(file, passphrase)?,
            News::Founded(done) => self.founded(done)?,
        }
        Ok(())
    }

    /// Fills what is on the screen from what is so now.
    ///
    /// # Errors
    /// Those of reading the desk.
    pub fn show(&mut self) -> Result<()> {
        let practice = self.practice;
        let page = self.page;
        self.with_api(|api| api.set_practice(practice));
        if self.open.is_some() {
            let scene = self.scene()?;
            self.show_picking();
            let undo = self.desk()?.outbox.last_deed()?.map_or(Undo::Nothing, undo);
            self.with_api(|api| api.set_undo(undo));
            self.show_month(&scene)?;
            match page {
                Page::Paper => self.show_paper(&scene)?,
                Page::Compare => self.show_pair(&scene)?,
                Page::Sign => self.show_sign(&scene)?,
                Page::Send => self.show_send(&scene)?,
                Page::Returned => self.show_returned(&scene)?,
                Page::Phone => self.show_phone(),
                Page::Keys | Page::Setup => self.show_keys()?,
                Page::Month => {}
            }
        }
        self.with_api(|api| api.set_page(self.page));
        Ok(())
    }

    /// Everything as it is now.
    ///
    /// # Errors
    /// Those of reading the desk.
    pub fn scene(&mut self) -> Result<Scene> {
        let desk = self.desk()?;
        let items = desk.outbox.items()?;
        let others = Others::among(desk, &items)?;
        let newer =
            |old: &Item| correction::newer(&items, old).map(|new| (old.id, (new.id, new.state)));
        self.newer = items.iter().filter_map(newer).collect();
        Ok(Scene { items, others })
    }

    /// Waits for what the person chooses in a dialog, without holding up the window.
    ///
    /// # Errors
    /// None so far.
    pub fn ask_for(&self, choice: impl Future<Output = Option<News>> + 'static) -> Result<()> {
        let tell = self.tell.clone();
        let asking = slint::spawn_local(async move {
            tell.news(choice.await.unwrap_or(News::Nothing));
        });
        debug_assert!(asking.is_ok(), "the window's event loop runs");
        Ok(())
    }

    /// Does something with the border to the window, if it is still there.
    pub fn with_api(&self, work: impl FnOnce(&Api)) {
        if let Some(window) = self.window.upgrade() {
            work(&window.global::<Api>());
        }
    }

    /// A short word at the bottom.
    pub fn say(&mut self, what: &str) {
        self.with_api(|api| api.set_toast(what.into()));
        let window = self.window.clone();
        self.toast.start(TimerMode::SingleShot, TOAST, move || {
            if let Some(window) = window.upgrade() {
                window.global::<Api>().set_toast(SharedString::new());
            }
        });
    }

    /// What went wrong, until the person has read it. Several things stand below each other.
    pub fn problem(&mut self, why: &str) {
        self.with_api(|api| {
            let before = api.get_problem();
            let text = if before.is_empty() || before.contains(why) {
                why.into()
            } else {
                format!("{before}\n{why}")
            };
            api.set_problem(text.into());
        });
    }

    /// Puts the keyboard into a box of the form, once the boxes are there.
    pub fn put_keyboard(&self, field: Option<usize>) {
        self.with_api(|api| api.set_field(-1));
        if let Some(field) = field {
            later(&self.window, move |api| api.set_field(count(field)));
        }
    }

    /// Whether a newer version of it is published.
    fn corrected(&self, item: &Item) -> bool {
        self.newer.get(&item.id).is_some_and(|(_, state)| *state == State::Published)
    }

    /// Where a paper stands, for the person.
    pub fn standing(&self, item: &Item) -> Standing {
        match item.state {
            State::Draft if self.busy.contains(&item.id) => Standing::Reading,
            State::Draft if !item.missing().is_empty() => Standing::Open,
            State::Draft => Standing::Ready,
            State::Signed => Standing::Signed,
            State::Received => Standing::Received,
            State::Returned => Standing::Returned,
            State::Published if self.corrected(item) => Standing::Corrected,
            State::Published => Standing::Published,
            State::Removed | State::Revised => Standing::Removed,
        }
    }

    /// A paper as lists show it.
    pub fn paper_of(&mut self, item: &Item, concerns: &[Concern]) -> Paper {
        let draft = &item.draft;
        let thumb = item.images().next().and_then(|image| self.thumb(image.thumb));
        let warned = concerns.iter().filter(|c| !matches!(c, Concern::Unconfirmed(_)));
        Paper {
            id: i32::try_from(item.id).unwrap_or(i32::MAX),
            has_thumb: thumb.is_some(),
            thumb: thumb.unwrap_or_default(),
            amount: draft.amount.map(|fen| fen.to_string()).unwrap_or_default().into(),
            payee: draft.payee.as_str().into(),
            purpose: match item.kind {
                Kind::Receipt => draft.purpose.as_str().into(),
                Kind::Nothing => say!("本月没有票据").into(),
            },
            income: draft.direction() == Direction::In,
            standing: self.standing(item),
            missing: count(item.missing().len()),
            warnings: count(warned.count()),
            pages: count(item.pages.len()),
            corrects: draft.corrects.and_then(|of| i32::try_from(of).ok()).unwrap_or(0),
            newer: self.newer.get(&item.id).map_or(0, |(id, _)| i32::try_from(*id).unwrap_or(0)),
        }
    }

    /// A small picture as the window shows it; decoded once as long as its month is on the screen.
    pub fn thumb(&mut self, hash: Hash) -> Option<Image> {
        if let Some(image) = self.thumbs.get(&hash) {
            return Some(image.clone());
        }
        let image = self.picture(hash)?;
        self.thumbs.insert(hash, image.clone());
        Some(image)
    }

    /// A public picture as the window shows it.
    pub fn picture(&self, hash: Hash) -> Option<Image> {
        let bytes = self.open.as_ref()?.desk.pictures.load(hash)?;
        let picture = image::load_from_memory(&bytes).ok()?.into_rgb8();
        Some(Image::from_rgb8(super::eyes::pixels(&picture)))
    }
}

/// The language of everything that is said from now on. The window's own words follow where its translation is there.
pub fn speak(language: Language) {
    words::choose(language);
    let code = if language == Language::En { "en" } else { "" };
    // Without English words in the program the window stays Chinese, which can be read.
    let _ = slint::select_bundled_translation(code);
}

/// A count as the window takes it.
pub fn count(n: usize) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX)
}

fn undo(deed: Deed) -> Undo {
    match deed.act {
        Act::Add => Undo::Added,
        Act::Edit | Act::Type(_) => Undo::Field,
        Act::Picture => Undo::Picture,
        Act::Remove => Undo::Removed,
        Act::Restore
        | Act::Revise
        | Act::Correct
        | Act::Apart
        | Act::Join
        | Act::Retake
        | Act::Split => Undo::Other,
    }
}
