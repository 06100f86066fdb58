//! What the window is made of: Slint's items, one by one in the order in which they are drawn, and where each lies.

use i_slint_core::accessibility::AccessibleStringProperty;
use i_slint_core::item_tree::{ItemRc, ParentItemTraversalMode};
use i_slint_core::items::{Clip, ComplexText, Flickable, SimpleText, StyledTextItem};
use i_slint_core::lengths::{LogicalPoint, LogicalRect};
use i_slint_core::styled_text::get_raw_text;
use i_slint_core::window::WindowInner;
use mingbai_kiosk::screens::ui::AppWindow;
use slint::ComponentHandle;

/// The item that holds all others.
pub fn root(ui: &AppWindow) -> ItemRc {
    ItemRc::new_root(WindowInner::from_pub(ui.window()).component())
}

/// An item and everything within it.
pub fn each(item: &ItemRc, look: &mut impl FnMut(&ItemRc)) {
    look(item);
    let mut child = item.first_child();
    while let Some(one) = child {
        each(&one, look);
        child = one.next_sibling();
    }
}

/// What holds an item, the nearest first.
pub fn around(item: &ItemRc) -> impl Iterator<Item = ItemRc> + use<> {
    let parent = |item: &ItemRc| item.parent_item(ParentItemTraversalMode::StopAtPopups);
    std::iter::successors(parent(item), move |one| parent(one))
}

/// The words that an item draws.
pub fn words(item: &ItemRc) -> Option<String> {
    if let Some(text) = item.downcast::<ComplexText>() {
        return Some(text.as_pin_ref().text().to_string());
    }
    if let Some(text) = item.downcast::<SimpleText>() {
        return Some(text.as_pin_ref().text().to_string());
    }
    let text = item.downcast::<StyledTextItem>()?;
    Some(get_raw_text(&text.as_pin_ref().text()).into_owned())
}

/// What an item is called to whoever cannot see it.
pub fn label(item: &ItemRc) -> Option<String> {
    item.accessible_string_property(AccessibleStringProperty::Label).map(|label| label.to_string())
}

/// Whether something around it is not drawn.
pub fn is_hidden(item: &ItemRc) -> bool {
    around(item).any(|one| {
        let clip = one.downcast::<Clip>();
        clip.is_some_and(|clip| clip.as_pin_ref().is_visibility_clip() && clip.as_pin_ref().clip())
    })
}

/// Whether it cuts what reaches over its edges.
pub fn cuts(item: &ItemRc) -> bool {
    item.downcast::<Clip>().is_some_and(|clip| clip.as_pin_ref().clip())
}

/// What lies at `place` beside an item, in the window.
pub fn in_window(item: &ItemRc, place: LogicalRect) -> LogicalRect {
    LogicalRect::new(item.map_to_window(place.origin), place.size)
}

/// Where an item lies in the window, seen or not.
pub fn place(item: &ItemRc) -> LogicalRect {
    // `map_to_window` is of the coordinates that an item lies in; the window lies in none.
    let geometry = item.geometry();
    if around(item).next().is_none() {
        return LogicalRect::new(LogicalPoint::default(), geometry.size);
    }
    in_window(item, geometry)
}

/// The part of an item that nothing around it cuts off; none when it is not drawn at all.
pub fn seen(item: &ItemRc) -> Option<LogicalRect> {
    if is_hidden(item) {
        return None;
    }
    let edges = around(item).filter(|one| {
        cuts(one) || one.downcast::<Flickable>().is_some() || around(one).next().is_none()
    });
    edges.map(|one| place(&one)).try_fold(place(item), |seen, edge| seen.intersection(&edge))
}
