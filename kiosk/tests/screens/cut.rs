//! No text is cut: the room that each text on a page has, against the room that it needs.

use std::rc::Rc;

use i_slint_core::item_tree::{ItemRc, ParentItemTraversalMode};
use i_slint_core::items::{
    Clip, ComplexText, Flickable, Orientation, ScaleRotateGestureHandler, SimpleText,
    StyledTextItem, TextOverflow, TextWrap, TouchArea,
};
use i_slint_core::lengths::{LogicalPoint, LogicalRect};
use i_slint_core::window::{WindowAdapter, WindowInner};
use mingbai_kiosk::screens::ui::AppWindow;
use slint::ComponentHandle;

/// Parts of a `px` that may be missing.
const BLUR: f32 = 1.0;

/// Everything to touch that a low screen would leave in its upper half.
pub fn high(ui: &AppWindow) -> Vec<String> {
    let inner = WindowInner::from_pub(ui.window());
    let root = ItemRc::new_root(inner.component());
    let half = root.geometry().height() / 2.0;
    let mut found = Vec::new();
    touch_areas(&root, &mut |area| {
        let place = area.map_to_window(area.geometry().origin);
        // The whole window takes bare touches; what is dragged can be dragged, and a picture by its lower part.
        let whole = area.geometry().height() >= root.geometry().height();
        let dragged = ancestors(area).any(|one| one.downcast::<Flickable>().is_some());
        let pinched =
            ancestors(area).any(|one| one.downcast::<ScaleRotateGestureHandler>().is_some());
        let pinched = pinched && place.y + area.geometry().height() > 1.5 * half;
        if !whole && !dragged && !pinched && !is_hidden(area) && place.y < half - BLUR {
            found.push(format!("something to touch at {:?}, {:?}", place, area.geometry().size));
        }
    });
    found
}

fn touch_areas(item: &ItemRc, found: &mut impl FnMut(&ItemRc)) {
    if item.downcast::<TouchArea>().is_some() {
        found(item);
    }
    let mut child = item.first_child();
    while let Some(one) = child {
        touch_areas(&one, found);
        child = one.next_sibling();
    }
}

/// Every text that cannot be read whole, with what it lacks.
pub fn cut(ui: &AppWindow) -> Vec<String> {
    let inner = WindowInner::from_pub(ui.window());
    let (adapter, root) = (inner.window_adapter(), ItemRc::new_root(inner.component()));
    let mut found = Vec::new();
    look(&root, &adapter, &mut found);
    found
}

fn look(item: &ItemRc, adapter: &Rc<dyn WindowAdapter>, found: &mut Vec<String>) {
    if let Some(text) = text_of(item) {
        found.extend(lack(item, &text, adapter));
    }
    let mut child = item.first_child();
    while let Some(one) = child {
        look(&one, adapter, found);
        child = one.next_sibling();
    }
}

/// A text as it is drawn.
struct Text {
    words: String,
    wraps: bool,
    elides: bool,
}

fn text_of(item: &ItemRc) -> Option<Text> {
    if let Some(text) = item.downcast::<ComplexText>() {
        let text = text.as_pin_ref();
        let (wraps, elides) =
            (text.wrap() != TextWrap::NoWrap, text.overflow() == TextOverflow::Elide);
        return Some(Text { words: text.text().to_string(), wraps, elides });
    }
    if let Some(text) = item.downcast::<SimpleText>() {
        let words = text.as_pin_ref().text().to_string();
        return Some(Text { words, wraps: false, elides: false });
    }
    let text = item.downcast::<StyledTextItem>()?;
    let words = i_slint_core::styled_text::get_raw_text(&text.as_pin_ref().text()).into_owned();
    Some(Text { words, wraps: true, elides: false })
}

fn lack(item: &ItemRc, text: &Text, adapter: &Rc<dyn WindowAdapter>) -> Option<String> {
    let own = item.geometry();
    if text.words.trim().is_empty() || is_hidden(item) {
        return None;
    }
    let needs = |orientation, across| {
        item.borrow().as_ref().layout_info(orientation, across, adapter, item).preferred
    };
    let wide = if text.wraps || text.elides { 0.0 } else { needs(Orientation::Horizontal, -1.0) };
    let high = needs(Orientation::Vertical, own.width());
    if wide > own.width() + BLUR || high > own.height() + BLUR {
        let (w, h) = (own.width(), own.height());
        return Some(format!("“{}” needs {wide}×{high} and has {w}×{h}", text.words));
    }
    outside(item, own).map(|edge| format!("“{}” reaches over the {edge}", text.words))
}

/// Whether something around it is not drawn.
fn is_hidden(item: &ItemRc) -> bool {
    ancestors(item).any(|one| {
        let clip = one.downcast::<Clip>();
        clip.is_some_and(|clip| clip.as_pin_ref().is_visibility_clip() && clip.as_pin_ref().clip())
    })
}

/// The edge that a text reaches over: of the window, or of what cuts its children; a list that is dragged has none.
fn outside(item: &ItemRc, own: LogicalRect) -> Option<&'static str> {
    let place = |item: &ItemRc, rect: LogicalRect| {
        LogicalRect::new(item.map_to_window(rect.origin), rect.size)
    };
    // `map_to_window` is of the coordinates that an item lies in.
    let text = place(item, own);
    let mut scrolls = false;
    for one in ancestors(item) {
        scrolls |= one.downcast::<Flickable>().is_some();
        let cuts = one.downcast::<Clip>().is_some_and(|clip| clip.as_pin_ref().clip());
        let whole = one.parent_item(ParentItemTraversalMode::StopAtPopups).is_none();
        if !cuts && !whole {
            continue;
        }
        let around = if whole {
            LogicalRect::new(LogicalPoint::default(), one.geometry().size)
        } else {
            place(&one, one.geometry())
        };
        if text.min_x() < around.min_x() - BLUR || text.max_x() > around.max_x() + BLUR {
            return Some("side");
        }
        if !scrolls
            && (text.min_y() < around.min_y() - BLUR || text.max_y() > around.max_y() + BLUR)
        {
            return Some("top or bottom");
        }
    }
    None
}

fn ancestors(item: &ItemRc) -> impl Iterator<Item = ItemRc> {
    let parent = |item: &ItemRc| item.parent_item(ParentItemTraversalMode::StopAtPopups);
    std::iter::successors(parent(item), move |one| parent(one))
}
