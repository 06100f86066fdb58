//! What is offered to be covered: personal numbers among the printed lines, at their place on the photo.

use crate::edit::{By, Cover, Edit};
use crate::geometry::Quad;
use crate::ocr::Line;
use marks::personal;

/// How much of two places must be common for them to be one.
const SAME: f32 = 0.5;

/// Covers for the personal numbers in the lines. Those that only their neighbours make suspicious are offered too, not
/// switched on: a number that is covered for nothing can no longer be checked by anyone.
pub fn offers(lines: &[Line]) -> Vec<Cover> {
    let texts: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
    let place = |found: &personal::FoundInLine| {
        lines.get(found.line).map(|line| line.part(found.range.clone()))
    };
    personal::in_lines(&texts)
        .iter()
        .filter_map(|found| {
            let place = place(found)?;
            Some(Cover { place, ground: found.ground, by: By::Machine, on: found.sure })
        })
        .collect()
}

/// Adds the offers to an edit, but for places that it knows already, covered or taken back.
pub fn offer(edit: &mut Edit, offers: &[Cover]) {
    for offer in offers {
        if edit.covers.iter().all(|known| common(&known.place, &offer.place) < SAME) {
            edit.covers.push(*offer);
        }
    }
}

/// The common part of two places' upright rectangles, as a share of the smaller one.
fn common(a: &Quad, b: &Quad) -> f32 {
    let ((left, top, right, bottom), (l, t, r, o)) = (a.bounds(), b.bounds());
    let area = |width: f32, height: f32| width.max(0.0) * height.max(0.0);
    let both = area(right.min(r) - left.max(l), bottom.min(o) - top.max(t));
    let smaller = area(right - left, bottom - top).min(area(r - l, o - t));
    if smaller > 0.0 { both / smaller } else { 0.0 }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use ledger::content::Ground;

    #[test]
    fn a_number_in_a_line_is_covered_where_it_stands_and_once() {
        let text = "身份证 11010519491231002X";
        let lines = [Line::even(text, Quad::upright(0.1, 0.2, 0.9, 0.25), 0)];
        let offers = offers(&lines);
        assert_eq!((offers.len(), offers[0].ground, offers[0].on), (1, Ground::Identity, true));
        let (left, top, right, bottom) = offers[0].place.bounds();
        assert!((left - 0.1 - 0.8 * 4.0 / 22.0).abs() < 0.01, "{left}");
        assert!((right - 0.9).abs() < 0.001 && (top, bottom) == (0.2, 0.25));
        let mut edit = Edit::default();
        offer(&mut edit, &offers);
        edit.covers[0].on = false;
        offer(&mut edit, &offers);
        assert_eq!(edit.covers.len(), 1, "what was taken back is not offered again");
        assert!(!edit.covers[0].on);
    }
}
