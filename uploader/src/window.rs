//! The accountant's window. Slint draws it (`uploader/ui`); here it is filled from the desk, and what the person asks is
//! done: at once by the room, or by threads beside it that tell their news.

mod compare;
mod eyes;
mod fields;
mod hands;
mod keys;
mod line;
mod month;
mod news;
mod paper;
mod phone;
mod picture;
mod regroup;
mod room;
mod rows;
mod send;
mod sign;

use crate::cli;
use crate::error::{Error, Result};
use crate::words::Language;
use mingbai_uploader_ui::{Api, Desk as Window};
use news::{News, Tell};
use room::{Given, Room};
use slint::winit_030::{EventResult, WinitWindowAccessor, winit::event::WindowEvent};
use slint::{CloseRequestResponse, ComponentHandle, LogicalSize};
use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// Shows the window until it is closed.
///
/// # Errors
/// [`Error::Window`] without a display; those of opening the desk.
pub fn run(
    folder: &Path,
    (practice, language): (bool, Language),
    models: Option<PathBuf>,
    ask: &cli::Window,
) -> Result<()> {
    // Other backends know nothing of files that are dropped.
    let backend = slint::BackendSelector::new().backend_name("winit".into());
    backend.select().map_err(Error::Window)?;
    let window = Window::new().map_err(Error::Window)?;
    if let Some((width, height)) = ask.size {
        window.window().set_size(LogicalSize::new(width as f32, height as f32));
    }
    let (tell, heard) = unbounded_channel();
    let tell = Tell(tell);
    let given =
        Given { folder: folder.into(), models, listen: ask.listen, watch: ask.watch.clone() };
    let mut room = Room::new(given, tell.clone(), window.as_weak(), practice);
    prepare(&window.global::<Api>(), language);
    room.enter()?;
    if room.open.is_some() {
        if !practice && let Some(server) = &ask.server {
            room.desk()?.server(Some(server))?;
        }
        room.watch_folder()?;
    }
    room.show()?;
    let room = Rc::new(RefCell::new(room));
    wire(&window, &room);
    settle_at_the_end(&window);
    take_what_is_dropped(&window, tell);
    listen(heard, &room);
    window.run().map_err(Error::Window)
}

fn prepare(api: &Api, language: Language) {
    api.set_english(language == Language::En);
    room::speak(language);
    api.set_papers(rows::init());
    api.set_fields(rows::init());
    api.set_warnings(rows::init());
    api.set_pages(rows::init());
    api.set_corners(rows::init());
    api.set_covers(rows::init());
    api.set_sign_rows(rows::init());
    api.set_send_rows(rows::init());
    api.set_returned(rows::init());
    api.set_shots(rows::init());
    let mut pair = api.get_duplicate();
    pair.facts = rows::init();
    api.set_duplicate(pair);
}

/// Does something in the room, tells what went wrong, and shows the room as it is then.
fn act(room: &RefCell<Room>, work: impl FnOnce(&mut Room) -> Result<()>) {
    let mut room = room.borrow_mut();
    let done = work(&mut room);
    for result in [done, room.show()] {
        if let Err(why) = result {
            room.problem(&why.to_string());
        }
    }
}

/// Each callback of the window is done by the room's method of the same name.
macro_rules! on {
    ($api:ident, $room:ident: $($event:ident($($value:ident),*) => $work:expr;)*) => {$({
        let room = Rc::clone($room);
        $api.$event(move |$($value),*| act(&room, |room: &mut Room| $work(room, $($value),*)));
    })*};
}

fn wire(window: &Window, room: &Rc<RefCell<Room>>) {
    let api = window.global::<Api>();
    wire_typed(window, room);
    on! { api, room:
        on_go(page) => Room::go;
        on_back() => Room::back;
        on_set_practice(on) => Room::set_practice;
        on_undo_last() => Room::undo;
        on_add_photos() => Room::add_photos;
        on_turn_month(by) => Room::turn_month;
        on_state_nothing() => Room::state_nothing;
        on_open_paper(at) => Room::open_paper;
        on_step_paper(by) => Room::step_paper;
        on_remove_paper(id) => Room::remove_paper;
        on_confirm_field(name, text) => |room: &mut Room, name, text: slint::SharedString| {
            room.confirm_field(name, &text)
        };
        on_show_page(page) => Room::show_page;
        on_view_corners(on) => Room::view_corners;
        on_place_corners() => Room::place_corners;
        on_turn() => Room::turn;
        on_set_even(on) => Room::set_even;
        on_add_cover(x, y, width, height) => Room::add_cover;
        on_place_cover(at) => Room::place_cover;
        on_ground_cover(at, ground) => Room::ground_cover;
        on_remove_cover(at) => Room::remove_cover;
        on_open_duplicate(other) => Room::open_duplicate;
        on_judge_duplicate(judgement) => Room::judge_duplicate;
        on_pick(what) => Room::pick;
        on_split_page() => Room::split_page;
        on_see(id) => Room::see;
        on_tick(row, seen) => Room::tick;
        on_sign() => Room::sign;
        on_send() => Room::send;
        on_redo(id) => Room::redo;
        on_correct(id) => Room::correct;
        on_pair_phone() => Room::pair_phone;
        on_set_server(typed) => |room: &mut Room, typed: slint::SharedString| {
            room.set_server(&typed)
        };
        on_backup(passphrase) => |room: &mut Room, passphrase: slint::SharedString| {
            room.backup(&passphrase)
        };
        on_restore(passphrase) => |room: &mut Room, passphrase: slint::SharedString| {
            room.restore(&passphrase)
        };
    }
}

/// What comes with words that were typed, or changes the window's own.
fn wire_typed(window: &Window, room: &Rc<RefCell<Room>>) {
    let api = window.global::<Api>();
    let shared = Rc::clone(room);
    api.on_enrol(move |village, name, post, server| {
        act(&shared, |room| room.enrol(&village, &name, &post, &server));
    });
    let (shared, weak) = (Rc::clone(room), window.as_weak());
    api.on_set_english(move |english| {
        if let Some(window) = weak.upgrade() {
            window.global::<Api>().set_english(english);
        }
        act(&shared, |room| room.set_english(english));
    });
    // For every letter that is typed: not the whole page.
    let shared = Rc::clone(room);
    api.on_suggest(move |name, text| {
        let mut room = shared.borrow_mut();
        if let Err(why) = room.suggest(name, &text) {
            room.problem(&why.to_string());
        }
    });
}

/// What was typed and not confirmed is kept when the window is closed.
fn settle_at_the_end(window: &Window) {
    let weak = window.as_weak();
    window.window().on_close_requested(move || {
        if let Some(window) = weak.upgrade() {
            window.global::<Api>().invoke_settle();
        }
        CloseRequestResponse::HideWindow
    });
}

fn take_what_is_dropped(window: &Window, tell: Tell) {
    window.window().on_winit_window_event(move |_, event| {
        if let WindowEvent::DroppedFile(file) = event {
            tell.news(News::Photos(vec![file.clone()]));
        }
        EventResult::Propagate
    });
}

/// Hears the news of the threads as long as the window is there; what came together is shown together.
fn listen(mut heard: UnboundedReceiver<News>, room: &Rc<RefCell<Room>>) {
    let room = Rc::clone(room);
    let hearing = slint::spawn_local(async move {
        while let Some(news) = heard.recv().await {
            act(&room, |room| {
                let mut done = room.hear(news);
                while let Ok(news) = heard.try_recv() {
                    done = done.and(room.hear(news));
                }
                done
            });
        }
    });
    // It can only fail without an event loop, and then the window does not run either.
    debug_assert!(hearing.is_ok());
}

/// Does something with the window once what is shown now is there.
fn later(window: &slint::Weak<Window>, work: impl FnOnce(&Api) + 'static) {
    let window = window.clone();
    slint::Timer::single_shot(Duration::ZERO, move || {
        if let Some(window) = window.upgrade() {
            work(&window.global::<Api>());
        }
    });
}
