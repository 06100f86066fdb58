//! No text is cut: the room that each text on a page has, against the room that it needs.

use std::rc::Rc;

use i_slint_core::item_tree::ItemRc;
use i_slint_core::items::{
    ComplexText, Flickable, Orientation, ScaleRotateGestureHandler, StyledTextItem, TextOverflow,
    TextWrap, TouchArea,
};
use i_slint_core::lengths::LogicalRect;
use i_slint_core::window::{WindowAdapter, WindowInner};
use mingbai_kiosk::screens::ui::AppWindow;
use slint::ComponentHandle;

use super::items::{around, cuts, each, in_window, is_hidden, place, root, words};

/// Parts of a `px` that may be missing.
const BLUR: f32 = 1.0;

/// Everything to touch that a low screen would leave in its upper half.
pub fn high(ui: &AppWindow) -> Vec<String> {
    let root = root(ui);
    let half = root.geometry().height() / 2.0;
    let mut found = Vec::new();
    each(&root, &mut |area| {
        if area.downcast::<TouchArea>().is_none() {
            return;
        }
        let place = place(area);
        // The whole window takes bare touches; what is dragged can be dragged, and a picture by its lower part.
        let whole = place.height() >= root.geometry().height();
        let dragged = around(area).any(|one| one.downcast::<Flickable>().is_some());
        let pinched = around(area).any(|one| one.downcast::<ScaleRotateGestureHandler>().is_some());
        let pinched = pinched && place.max_y() > 1.5 * half;
        if !whole && !dragged && !pinched && !is_hidden(area) && place.min_y() < half - BLUR {
            found.push(format!("something to touch at {place:?}"));
        }
    });
    found
}

/// Every text that cannot be read whole, with what it lacks.
pub fn cut(ui: &AppWindow) -> Vec<String> {
    let adapter = WindowInner::from_pub(ui.window()).window_adapter();
    let mut found = Vec::new();
    each(&root(ui), &mut |item| found.extend(lack(item, &adapter)));
    found
}

fn lack(item: &ItemRc, adapter: &Rc<dyn WindowAdapter>) -> Option<String> {
    let words = words(item).filter(|words| !words.trim().is_empty() && !is_hidden(item))?;
    let own = item.geometry();
    let needs = |orientation, across| {
        item.borrow().as_ref().layout_info(orientation, across, adapter, item).preferred
    };
    let wide = if is_narrowed(item) { 0.0 } else { needs(Orientation::Horizontal, -1.0) };
    let high = needs(Orientation::Vertical, own.width());
    if wide > own.width() + BLUR || high > own.height() + BLUR {
        let (w, h) = (own.width(), own.height());
        return Some(format!("“{words}” needs {wide}×{high} and has {w}×{h}"));
    }
    outside(item, own).map(|edge| format!("“{words}” reaches over the {edge}"))
}

/// Whether a text makes do with any width: it goes on in the next line, or says by an ellipsis that there is more.
fn is_narrowed(item: &ItemRc) -> bool {
    let elides = item.downcast::<ComplexText>().is_some_and(|text| {
        let text = text.as_pin_ref();
        text.wrap() != TextWrap::NoWrap || text.overflow() == TextOverflow::Elide
    });
    elides || item.downcast::<StyledTextItem>().is_some()
}

/// The edge that a text reaches over: of the window, or of what cuts its children; a list that is dragged has none.
fn outside(item: &ItemRc, own: LogicalRect) -> Option<&'static str> {
    let text = in_window(item, own);
    let mut scrolls = false;
    for one in around(item) {
        scrolls |= one.downcast::<Flickable>().is_some();
        if !cuts(&one) && around(&one).next().is_some() {
            continue;
        }
        let edge = place(&one);
        if text.min_x() < edge.min_x() - BLUR || text.max_x() > edge.max_x() + BLUR {
            return Some("side");
        }
        if !scrolls && (text.min_y() < edge.min_y() - BLUR || text.max_y() > edge.max_y() + BLUR) {
            return Some("top or bottom");
        }
    }
    None
}
