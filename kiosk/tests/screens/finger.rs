//! A finger on the glass: it touches what a person reads there, and drags a list until that is seen.

use std::time::Duration;

use i_slint_core::input::TouchPhase;
use i_slint_core::item_tree::ItemRc;
use i_slint_core::items::{ClippedImage, Flickable, ImageItem, TouchArea};
use i_slint_core::lengths::{LogicalPoint, LogicalRect, LogicalVector};
use i_slint_core::platform::InternalEvent;
use slint::ComponentHandle;
use slint::platform::WindowEvent;

use crate::Kiosk;
use crate::items::{around, each, is_hidden, label, place, root, seen, words};

/// Between two things that a finger does.
const STEP: Duration = Duration::from_millis(20);
/// How long a finger rests before it is lifted: then it flings nothing.
const REST: Duration = Duration::from_millis(200);
/// Steps of one move.
const STEPS: u8 = 8;
/// How often a list is dragged on the way to something.
const DRAGS_MAX: usize = 40;
/// How far from the middle the fingers of a pinch go down, in `px`.
const PINCH: f32 = 80.0;
/// The part of a list's length that one drag moves it by, at most.
const DRAG_PART: f32 = 0.7;

impl Kiosk<'_> {
    /// Whether these words stand on the glass where they can be read.
    pub fn reads(&self, words: &str) -> bool {
        self.called(words).iter().any(|item| seen(item).is_some_and(|seen| holds(item, seen)))
    }

    /// Touches what is called so, once, and waits for what comes of it.
    pub fn press(&self, words: &str) {
        let spot = self.bring(words);
        self.touch(spot);
        self.settle();
    }

    /// The same in the row that `row` names, where every row has such a thing.
    pub fn press_beside(&self, row: &str, words: &str) {
        let line = self.drag_until(row, middle).y;
        let spots = self.called(words).into_iter().filter_map(|item| reached(&item));
        let far = |spot: &LogicalPoint| (spot.y - line).abs();
        let spot = spots.min_by(|one, other| far(one).total_cmp(&far(other)));
        self.touch(spot.unwrap_or_else(|| self.miss(words)));
        self.settle();
    }

    /// Touches twice in the same place.
    pub fn press_twice(&self, words: &str) {
        let spot = self.bring(words);
        self.touch(spot);
        self.touch(spot);
        self.settle();
    }

    /// Touches a place of the glass and lets go.
    pub fn touch(&self, spot: LogicalPoint) {
        self.finger(0, spot, TouchPhase::Started);
        self.finger(0, spot, TouchPhase::Ended);
    }

    /// Draws a line on what is called so: from one place of it to another, in parts of its width and height.
    pub fn draw(&self, words: &str, from: (f32, f32), to: (f32, f32)) {
        let on = place(&self.thing(words));
        let at = |(x, y): (f32, f32)| {
            LogicalPoint::new(on.min_x() + on.width() * x, on.min_y() + on.height() * y)
        };
        self.drag(at(from), at(to));
        self.settle();
    }

    /// Two fingers on what is called so, around its middle, that come to be so many times as far from each other.
    pub fn pinch(&self, words: &str, times: f32) {
        let middle = self.bring(words);
        let apart = |part: f32| LogicalVector::new(PINCH * (1.0 + (times - 1.0) * part), 0.0);
        let fingers = |part: f32, phase| {
            self.finger(0, middle - apart(part), phase);
            self.finger(1, middle + apart(part), phase);
        };
        fingers(0.0, TouchPhase::Started);
        (1..=STEPS).for_each(|step| fingers(f32::from(step) / f32::from(STEPS), TouchPhase::Moved));
        fingers(1.0, TouchPhase::Ended);
        self.settle();
    }

    /// Where the whole picture lies within what is called so, seen or not.
    pub fn picture_in(&self, words: &str) -> LogicalRect {
        let frame = self.thing(words);
        let mut found = None;
        each(&frame, &mut |item| {
            let image =
                item.downcast::<ImageItem>().is_some() || item.downcast::<ClippedImage>().is_some();
            found = found.or_else(|| image.then(|| place(item)));
        });
        found.unwrap_or_else(|| self.miss(words))
    }

    /// Where to touch what is called so, after lists were dragged until it can be.
    pub fn bring(&self, words: &str) -> LogicalPoint {
        self.drag_until(words, reached)
    }

    /// The thing itself.
    fn thing(&self, words: &str) -> ItemRc {
        self.drag_until(words, |item| reached(item).map(|_| item.clone()))
    }

    /// Drags lists until something that is called so is as it shall be.
    fn drag_until<T>(&self, words: &str, right: impl Fn(&ItemRc) -> Option<T>) -> T {
        for _ in 0..DRAGS_MAX {
            let called = self.called(words);
            if let Some(found) = called.iter().find_map(&right) {
                return found;
            }
            if !called.iter().any(|item| self.drag_to(item)) && !self.drag_on() {
                break;
            }
        }
        self.miss(words)
    }

    /// Drags the list that holds an item towards it; false when none does.
    fn drag_to(&self, item: &ItemRc) -> bool {
        let list = around(item).find(|one| one.downcast::<Flickable>().is_some());
        let Some(frame) = list.and_then(|list| seen(&list)).filter(|_| !is_hidden(item)) else {
            return false;
        };
        let most = frame.size.to_vector() * DRAG_PART;
        let way = (frame.center() - place(item).center()).clamp(-most, most);
        self.drag(frame.center() - way / 2.0, frame.center() + way / 2.0);
        self.settle();
        true
    }

    /// Drags the page's list on: a long one makes its rows as they come. False at its end.
    fn drag_on(&self) -> bool {
        let mut list = None;
        each(&root(&self.screens.ui), &mut |item| {
            if item.downcast::<Flickable>().is_some() {
                list = list.or_else(|| seen(item));
            }
        });
        let Some(frame) = list else { return false };
        let before = self.api().get_scroll();
        let way = LogicalVector::new(0.0, frame.height() * DRAG_PART / 2.0);
        self.drag(frame.center() + way, frame.center() - way);
        self.settle();
        self.api().get_scroll() != before
    }

    /// A finger goes down, moves straight to another place, rests there and lifts.
    fn drag(&self, from: LogicalPoint, to: LogicalPoint) {
        self.slide(from, to);
        self.display.advance(REST);
        self.finger(0, to, TouchPhase::Ended);
    }

    /// The same without a rest: what was dragged goes on by itself, and comes to rest.
    pub fn fling(&self, from: LogicalPoint, to: LogicalPoint) {
        self.slide(from, to);
        self.finger(0, to, TouchPhase::Ended);
        let mut before = None;
        while before != Some(self.api().get_scroll()) {
            before = Some(self.api().get_scroll());
            self.settle();
        }
    }

    /// A finger goes down and moves straight to another place in a few steps.
    fn slide(&self, from: LogicalPoint, to: LogicalPoint) {
        self.finger(0, from, TouchPhase::Started);
        for step in 1..=STEPS {
            let part = f32::from(step) / f32::from(STEPS);
            self.finger(0, from + (to - from) * part, TouchPhase::Moved);
        }
    }

    fn finger(&self, id: i32, position: LogicalPoint, phase: TouchPhase) {
        let event = WindowEvent::internal(InternalEvent::Touch { id, position, phase });
        self.screens.ui.window().dispatch_event_with_result(event).unwrap();
        self.display.advance(STEP);
    }

    /// Everything that is called exactly so; if nothing is, everything that has these words in its name.
    fn called(&self, wanted: &str) -> Vec<ItemRc> {
        let (mut exact, mut within) = (Vec::new(), Vec::new());
        each(&root(&self.screens.ui), &mut |item| {
            for name in [words(item), label(item)].into_iter().flatten() {
                if name == wanted {
                    exact.push(item.clone());
                } else if name.contains(wanted) {
                    within.push(item.clone());
                }
            }
        });
        if exact.is_empty() { within } else { exact }
    }

    /// A person would stand before this and not know what to do.
    fn miss(&self, wanted: &str) -> ! {
        let mut read = Vec::new();
        each(&root(&self.screens.ui), &mut |item| {
            read.extend(words(item).filter(|_| seen(item).is_some()));
        });
        self.see("missed");
        panic!("there is no “{wanted}” to touch among {read:?}");
    }
}

/// The middle of an item, where that is seen.
fn middle(item: &ItemRc) -> Option<LogicalPoint> {
    seen(item).filter(|seen| holds(item, *seen)).map(|_| place(item).center())
}

/// Whether the middle of an item is in the part that is seen.
fn holds(item: &ItemRc, seen: LogicalRect) -> bool {
    seen.contains(place(item).center())
}

/// The middle of an item, where a finger touches it there and nothing that lies over it.
fn reached(item: &ItemRc) -> Option<LogicalPoint> {
    let spot = middle(item)?;
    let window = around(item).last()?;
    let mut top = None;
    each(&window, &mut |one| {
        let area = one.downcast::<TouchArea>().is_some();
        if area && seen(one).is_some_and(|seen| seen.contains(spot)) {
            top = Some(one.clone());
        }
    });
    // A surface and what stands on it are touched by the area that the surface holds; the window's own is for bare spots.
    let mut holders = around(&top?).take_while(|one| *one != window);
    let surface = holders.next()?;
    let touches = |one: ItemRc| one == surface;
    let on_it = touches(item.clone()) || around(item).any(touches);
    (on_it || holders.any(|one| one == *item)).then_some(spot)
}
