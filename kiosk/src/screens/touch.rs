//! What a finger asks for, tied to what the screens do.

use std::rc::{Rc, Weak};

use slint::TimerMode;

use super::attract::SLIDE_TIME;
use super::{Comfort, Place, Screens, TextSize, index};
use crate::idle::Idle;
use crate::scan::View;

/// Ties what fingers ask for to what is done.
pub(super) fn connect(screens: &Rc<Screens>) {
    let weak = Rc::downgrade(screens);
    *screens.idle.borrow_mut() =
        Some(Idle::watch(screens.options.idle, with(&weak, |s| s.left_alone())));
    let turn = with(&weak, |s| s.turn_slide());
    screens.slides.start(TimerMode::Repeated, SLIDE_TIME, turn);
    let api = screens.api();
    api.on_activity(with(&weak, |s| {
        s.click();
        s.touched();
    }));
    api.on_read_aloud(with(&weak, |s| s.read_aloud()));
    api.on_saying(with_one(&weak, Screens::saying));
    api.on_refresh(with(&weak, |s| s.refresh()));
    api.on_home(with(&weak, |s| s.home()));
    api.on_back(with(&weak, |s| s.back()));
    api.on_open_door(with_one(&weak, Screens::open_door));
    api.on_open_seal(with(&weak, |s| s.open_seal()));
    api.on_open_status(with(&weak, |s| s.open_once(Place::Status)));
    api.on_open_comfort(with(&weak, |s| s.open_once(Place::Comfort)));
    api.on_choose_text_size(with_one(&weak, |s, at| {
        s.set_comfort(Comfort { text: TextSize::at(at), ..s.comfort() });
    }));
    api.on_choose_contrast(with_one(&weak, |s, contrast| {
        s.set_comfort(Comfort { contrast, ..s.comfort() });
    }));
    api.on_choose_low(with_one(&weak, |s, low| s.set_comfort(Comfort { low, ..s.comfort() })));
    api.on_set_english(with_one(&weak, |s, english| s.set_english(english)));
    api.on_open_village(with_one(&weak, Screens::open_village));
    api.on_open_month(with_one(&weak, Screens::open_month));
    api.on_open_receipt(with_one(&weak, Screens::open_receipt));
    api.on_open_number(with_one(&weak, |s, number| s.go(Place::Receipt(index(number)))));
    api.on_choose_column(with_one(&weak, Screens::open_column));
    api.on_open_bulletin(with_one(&weak, Screens::open_bulletin));
    api.on_open_summary(with(&weak, |s| s.open_summary()));
    api.on_open_related(with_one(&weak, Screens::open_related));
    api.on_open_picture(with_one(&weak, Screens::open_picture));
    api.on_show_picture(with_one(&weak, Screens::show_picture));
    let moved = weak.clone();
    api.on_scan_moved(move |width, height, zoom, x, y| {
        if let Some(screens) = moved.upgrade() {
            let dots = f64::from(screens.api().get_dots());
            let [width, height, x, y] = [width, height, x, y].map(|px| f64::from(px) * dots);
            screens.scan_moved(View { width, height, zoom: f64::from(zoom) * dots, x, y });
        }
    });
}

pub(super) fn with(weak: &Weak<Screens>, act: impl Fn(&Screens) + 'static) -> impl Fn() + 'static {
    let act = with_one(weak, move |screens, ()| act(screens));
    move || act(())
}

pub(super) fn with_one<T: 'static>(
    weak: &Weak<Screens>,
    act: impl Fn(&Screens, T) + 'static,
) -> impl Fn(T) + 'static {
    let weak = weak.clone();
    move |value| {
        if let Some(screens) = weak.upgrade() {
            act(&screens, value);
        }
    }
}
