#![allow(clippy::unwrap_used)]
use super::*;
use image::Rgb;
use proptest::prelude::*;

fn edit(corners: [(f32, f32); 4], turn: u8) -> Edit {
    Edit { corners: Some(Quad(corners.map(|(x, y)| Point { x, y }))), turn, ..Edit::default() }
}

const ASKEW: [(f32, f32); 4] = [(0.1, 0.15), (0.9, 0.05), (0.95, 0.9), (0.05, 0.8)];

#[test]
fn a_paper_becomes_a_rectangle_and_its_turn_is_kept() {
    // Each quarter of the paper has a brightness of its own.
    let plain = Flattening::new((800, 600), &edit(ASKEW, 0), 2000);
    let photo = RgbImage::from_fn(800, 600, |x, y| {
        let at = Point { x: (x as f32 + 0.5) / 800.0, y: (y as f32 + 0.5) / 600.0 };
        let Point { x, y } = plain.to_picture(at).unwrap();
        let inside = (0.0..1.0).contains(&x) && (0.0..1.0).contains(&y);
        Rgb([if inside { 60 + 50 * u8::from(x > 0.5) + 100 * u8::from(y > 0.5) } else { 0 }; 3])
    });
    for turn in 0..4 {
        let flattening = Flattening::new((800, 600), &edit(ASKEW, turn), 2000);
        let picture = flattening.straighten(&photo).unwrap();
        let (w, h) = picture.dimensions();
        assert_eq!((w, h), flattening.size());
        assert_eq!(w > h, turn % 2 == 0);
        let mut seen = [(0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.1, 0.9)]
            .map(|(x, y)| picture.get_pixel((x * w as f32) as u32, (y * h as f32) as u32).0[0]);
        seen.rotate_left(usize::from(turn));
        assert_eq!(seen, [60, 110, 210, 160], "{turn}");
    }
}

#[test]
fn a_picture_is_as_large_as_the_paper_on_the_photo_up_to_its_edge() {
    let whole = Edit::default();
    assert_eq!(Flattening::new((4000, 3000), &whole, 2000).size(), (2000, 1500));
    assert_eq!(
        Flattening::new((4000, 3000), &Edit { turn: 3, ..whole }, 2000).size(),
        (1500, 2000)
    );
    let half = edit([(0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75)], 0);
    assert_eq!(Flattening::new((2000, 1000), &half, 2000).size(), (1000, 500));
}

#[test]
fn fine_lines_do_not_vanish_when_a_large_photo_is_made_small() {
    let photo = RgbImage::from_fn(6000, 3000, |x, _| Rgb([if x % 6 == 0 { 0 } else { 240 }; 3]));
    let corners = [(0.01, 0.01), (0.99, 0.01), (0.99, 0.99), (0.01, 0.99)];
    let picture =
        Flattening::new((6000, 3000), &edit(corners, 0), 1000).straighten(&photo).unwrap();
    let row: Vec<u8> = (100..900).map(|x| picture.get_pixel(x, 200).0[0]).collect();
    assert!(row.iter().all(|v| v.abs_diff(200) < 25), "{row:?}");
}

#[test]
fn corners_that_are_no_papers_count_as_none() {
    let crossed = [(0.1, 0.1), (0.9, 0.9), (0.9, 0.1), (0.1, 0.9)];
    let flat = [(0.1, 0.1), (0.5, 0.1), (0.9, 0.1), (0.1, 0.9)];
    let tiny = [(0.1, 0.1), (0.11, 0.1), (0.11, 0.11), (0.1, 0.11)];
    let anticlockwise = [(0.1, 0.1), (0.1, 0.9), (0.9, 0.9), (0.9, 0.1)];
    let none = [(f32::NAN, 0.1), (0.9, 0.1), (0.9, 0.9), (0.1, 0.9)];
    for corners in [crossed, flat, tiny, anticlockwise, none] {
        let flattening = Flattening::new((800, 600), &edit(corners, 0), 2000);
        assert_eq!(flattening.size(), (800, 600), "{corners:?}");
    }
}

proptest! {
    #[test]
    fn there_and_back_is_the_same_place(
        shift in prop::collection::vec(-0.2f32..0.2, 8), x in 0.0f32..1.0, y in 0.0f32..1.0, turn in 0u8..4,
    ) {
        let plain = [(0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75)];
        let corners = std::array::from_fn(|n: usize| (plain[n].0 + shift[2 * n], plain[n].1 + shift[2 * n + 1]));
        let edit = edit(corners, turn);
        prop_assume!(edit.corners.unwrap().is_paper());
        let flattening = Flattening::new((900, 700), &edit, 2000);
        let back = flattening.to_picture(flattening.to_photo(Point { x, y }).unwrap()).unwrap();
        prop_assert!((back.x - x).abs() < 1e-3 && (back.y - y).abs() < 1e-3, "{back:?}");
        let corner = flattening.to_photo(Point::default()).unwrap();
        let wanted = corners[usize::from((4 - turn) % 4)];
        prop_assert!((corner.x - wanted.0).abs() < 1e-4 && (corner.y - wanted.1).abs() < 1e-4);
    }
}
