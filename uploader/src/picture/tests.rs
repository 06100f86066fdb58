#![allow(clippy::unwrap_used)]
use super::*;
use crate::edit::{By, Cover};
use crate::geometry::{Point, Quad};
use crate::photo::PhotoFile;
use crate::photo::tests::{TELLING, jpeg, photo};
use image::Rgb;
use ledger::content::{COVERED_MAX, Ground};
use proptest::prelude::*;

fn upright(bytes: Vec<u8>) -> RgbImage {
    PhotoFile::of(bytes).unwrap().decode().unwrap().upright()
}

fn cover(place: Quad) -> Cover {
    Cover { place, ground: Ground::Identity, by: By::Hand, on: true }
}

/// Paper with writing all over, in colours.
fn page(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let stroke = (x * 7 + y * 3) % 23 < 6 && y % 19 < 11;
        Rgb(if stroke { [180, (x % 90) as u8, 60] } else { [235, 230, 215] })
    })
}

/// The same page with another pattern within the place.
fn with_secret(mut page: RgbImage, place: &Quad, seed: u32) -> RgbImage {
    let [from, _, to, _] = place.0;
    let (width, height) = (page.width() as f32, page.height() as f32);
    for y in (from.y * height) as u32..(to.y * height) as u32 {
        for x in (from.x * width) as u32..(to.x * width) as u32 {
            let black = (x / 3 + y / 2 + seed).is_multiple_of(2 + seed);
            page.put_pixel(
                x,
                y,
                Rgb(if black { [0, 0, 0] } else { [255, 255, (seed * 80) as u8] }),
            );
        }
    }
    page
}

fn edits(place: Quad) -> Vec<Edit> {
    let corners = [(0.04, 0.06), (0.95, 0.02), (0.98, 0.97), (0.02, 0.93)];
    let paper = Quad(corners.map(|(x, y)| Point { x, y }));
    let plain = Edit { covers: vec![cover(place)], ..Edit::default() };
    vec![
        plain.clone(),
        Edit { even: true, ..plain.clone() },
        Edit { corners: Some(paper), even: true, turn: 1, ..plain.clone() },
        Edit { corners: Some(paper), turn: 2, ..plain },
    ]
}

#[test]
fn photos_that_differ_only_under_the_cover_give_the_same_bytes() {
    let place = Quad::upright(0.3, 0.4, 0.62, 0.47);
    for (width, height) in [(900, 700), (2600, 1900)] {
        let one = with_secret(page(width, height), &place, 1);
        let other = with_secret(page(width, height), &place, 2);
        assert_ne!(one, other);
        for edit in edits(place) {
            let one = render(one.clone(), &edit).unwrap();
            let other = render(other.clone(), &edit).unwrap();
            assert!(one.picture.bytes == other.picture.bytes, "{edit:?}");
            assert!(one.thumb.bytes == other.thumb.bytes, "{edit:?}");
            assert_eq!((one.picture.hash, one.covered), (other.picture.hash, other.covered));
        }
        let bare = Edit::default();
        let one = render(one.clone(), &bare).unwrap();
        assert_ne!(one.picture.hash, render(other.clone(), &bare).unwrap().picture.hash);
    }
}

#[test]
fn a_box_is_one_colour_in_the_published_jpeg() {
    let place = Quad::upright(0.3, 0.4, 0.62, 0.47);
    for edit in edits(place) {
        let Rendered { picture, covered, .. } =
            render(with_secret(page(1700, 1200), &place, 1), &edit).unwrap();
        let decoded = image::load_from_memory(&picture.bytes).unwrap().into_rgb8();
        let [c] = covered[..] else { panic!("{covered:?}") };
        assert!(c.x % 16 == 0 && c.y % 16 == 0 && c.width % 16 == 0 && c.height % 16 == 0);
        assert_eq!(c.ground, Ground::Identity);
        let colour = *decoded.get_pixel(c.x + c.width / 2, c.y + c.height / 2);
        assert!(colour.0.iter().all(|part| part.abs_diff(40) < 4), "{colour:?}");
        // Decoders mix the colour of the outermost pixels with what is beside them.
        for y in c.y + 1..c.y + c.height - 1 {
            for x in c.x + 1..c.x + c.width - 1 {
                assert_eq!(*decoded.get_pixel(x, y), colour, "{x} {y} of {c:?}");
            }
        }
    }
}

#[test]
fn nothing_of_the_original_file_is_published() {
    let place = Quad::upright(0.25, 0.25, 0.75, 0.75);
    let file = jpeg(&with_secret(page(800, 600), &place, 2), 6);
    let thumbnail = file.windows(3).rposition(|w| w == [0xff, 0xd8, 0xff]).unwrap();
    assert!(thumbnail > 2, "the file has a thumbnail");
    let edit = Edit { covers: vec![cover(Quad::upright(0.2, 0.2, 0.8, 0.8))], ..Edit::default() };
    let Rendered { picture, thumb, .. } = render(upright(file.clone()), &edit).unwrap();
    assert_eq!((picture.width, picture.height), (600, 800));
    assert_eq!((thumb.width, thumb.height), (240, 320));
    for published in [&picture, &thumb] {
        let bytes = &published.bytes;
        let holds = |what: &[u8]| bytes.windows(what.len()).any(|w| w == what);
        assert!(holds(&[0xff, 0xc2]), "progressive");
        assert!(!holds(b"Exif") && !holds(TELLING) && !holds(&file[thumbnail..thumbnail + 40]));
        // JFIF's own segment has no thumbnail, and there is no other segment of an application, and no comment.
        let segments = (0xe1..=0xef).chain([0xfe]).filter(|kind| holds(&[0xff, *kind]));
        assert_eq!(segments.count(), 0);
        assert_eq!(bytes.windows(2).filter(|w| *w == [0xff, 0xd8]).count(), 1);
        assert_eq!(published.hash, sha256(bytes));
    }
}

#[test]
fn what_was_taken_back_is_not_covered() {
    let mut off = cover(Quad::upright(0.3, 0.3, 0.6, 0.6));
    off.on = false;
    let edit = Edit { covers: vec![off], ..Edit::default() };
    let rendered = render(page(400, 300), &edit).unwrap();
    assert!(rendered.covered.is_empty());
    assert_eq!(
        rendered.picture.hash,
        render(page(400, 300), &Edit::default()).unwrap().picture.hash
    );
}

#[test]
fn a_cover_at_the_edge_and_one_beside_the_paper_stay_within_the_picture() {
    let places = [Quad::upright(0.9, 0.95, 1.4, 1.3), Quad::upright(-3.0, 0.2, -2.0, 0.4)];
    let edit = Edit { covers: places.map(cover).to_vec(), ..Edit::default() };
    let covered = render(page(405, 303), &edit).unwrap().covered;
    let [c] = covered[..] else { panic!("{covered:?}") };
    assert_eq!((c.x + c.width, c.y + c.height), (405, 303));
}

#[test]
fn more_places_than_a_picture_may_have_are_joined() {
    let place = |n: u16| {
        let (x, y) = (f32::from(n % 10) / 10.0, f32::from(n / 10) / 10.0);
        cover(Quad::upright(x, y, x + 0.01, y + 0.01))
    };
    let edit = Edit { covers: (0..60).map(place).collect(), ..Edit::default() };
    let Rendered { covered, .. } = render(page(1000, 1000), &edit).unwrap();
    assert_eq!(covered.len(), COVERED_MAX);
    for n in 0..60 {
        let (x, y) = (n % 10 * 100 + 5, n / 10 * 100 + 5);
        let inside =
            |c: &Covered| (c.x..c.x + c.width).contains(&x) && (c.y..c.y + c.height).contains(&y);
        assert!(covered.iter().any(inside), "{x} {y}");
    }
}

#[test]
fn a_large_photo_is_made_two_thousand_pixels_long_and_can_be_given_up() {
    let Rendered { picture, thumb, .. } =
        render(upright(photo(3000, 1500, 1)), &Edit::default()).unwrap();
    assert_eq!((picture.width, picture.height), (2000, 1000));
    assert_eq!((thumb.width, thumb.height), (320, 160));
    let stopped = render_while(page(300, 300), &Edit::default(), || false);
    assert!(matches!(stopped, Err(BadPhoto::Stopped)));
}

#[test]
fn the_preview_shows_the_box_where_the_picture_has_it() {
    let edit = &edits(Quad::upright(0.3, 0.4, 0.62, 0.47))[2];
    let Rendered { covered, picture, .. } = render(page(1600, 1200), edit).unwrap();
    let small = preview(page(800, 600), edit).unwrap();
    let scale = small.width() as f32 / picture.width as f32;
    let (x, y) = (covered[0].x + covered[0].width / 2, covered[0].y + covered[0].height / 2);
    assert_eq!(small.get_pixel((x as f32 * scale) as u32, (y as f32 * scale) as u32).0, [40; 3]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn any_edit_gives_a_picture_that_the_ledger_takes(
        corners in prop::collection::vec(-2.0f32..3.0, 8), place in prop::collection::vec(any::<f32>(), 8),
        near in prop::collection::vec(-0.2f32..1.2, 8), set: bool, turn: u8, even: bool,
    ) {
        let quad = |v: &[f32]| Quad(std::array::from_fn(|n| Point { x: v[2 * n], y: v[2 * n + 1] }));
        let covers = vec![cover(quad(&place)), cover(quad(&near))];
        let edit = Edit { corners: set.then(|| quad(&corners)), turn, even, covers };
        let Rendered { picture, covered, .. } = render(page(160, 120), &edit).unwrap();
        prop_assert!(picture.width > 0 && picture.width.max(picture.height) <= PICTURE_EDGE);
        for c in covered {
            prop_assert!(c.width > 0 && c.x + c.width <= picture.width);
            prop_assert!(c.height > 0 && c.y + c.height <= picture.height);
        }
    }
}
