#![allow(clippy::unwrap_used)]
use super::*;
use crate::edit::Edit;
use crate::paper::Flattening;
use image::Rgb;

/// A photo of a paper with a ruled form on it, on wood of this brightness, in a shadow, with noise.
fn scene(corners: [(f32, f32); 4], ground: f32, shadow: f32) -> RgbImage {
    let quad = Quad(corners.map(|(x, y)| Point { x, y }));
    let edit = Edit { corners: Some(quad), ..Edit::default() };
    let flat = Flattening::new((1200, 900), &edit, 2000);
    let mut noise = 1_u32;
    RgbImage::from_fn(1200, 900, |x, y| {
        let at = Point { x: (x as f32 + 0.5) / 1200.0, y: (y as f32 + 0.5) / 900.0 };
        let Point { x: u, y: v } = flat.to_picture(at).unwrap();
        let paper = (0.0..1.0).contains(&u) && (0.0..1.0).contains(&v);
        let form = (0.1..0.9).contains(&u) && (0.2..0.8).contains(&v);
        let ruled = form && ((u * 5.0).fract() < 0.008 || (v * 10.0).fract() < 0.015);
        let stroke = form && (v * 30.0).fract() < 0.4 && (u * 140.0).fract() < 0.4;
        let colour = if ruled || stroke {
            50.0
        } else if paper {
            225.0
        } else {
            ground + 12.0 * (y as f32 / 30.0).sin()
        };
        // A soft shadow across everything.
        let light = 1.0 - shadow * ((at.x + at.y - 0.9) * 6.0).clamp(0.0, 1.0);
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let value = colour * light + (noise >> 28) as f32 - 8.0;
        Rgb([
            value,
            value * if paper { 0.98 } else { 0.85 },
            value * if paper { 0.95 } else { 0.7 },
        ]
        .map(|part| part as u8))
    })
}

fn off(found: &Quad, corners: [(f32, f32); 4]) -> f32 {
    let far = found.0.iter().zip(corners).map(|(p, (x, y))| (p.x - x).hypot(p.y - y));
    far.fold(0.0, f32::max)
}

const SCENES: [[(f32, f32); 4]; 5] = [
    [(0.05, 0.06), (0.95, 0.04), (0.97, 0.95), (0.03, 0.93)],
    [(0.2, 0.15), (0.85, 0.2), (0.8, 0.9), (0.15, 0.8)],
    [(0.35, 0.08), (0.68, 0.1), (0.66, 0.94), (0.32, 0.92)],
    [(0.25, 0.2), (0.75, 0.2), (0.9, 0.85), (0.1, 0.85)],
    [(0.38, 0.07), (0.87, 0.32), (0.62, 0.93), (0.13, 0.66)],
];

#[test]
fn papers_are_found_to_a_hundredth_of_the_photo() {
    for corners in SCENES {
        for (ground, shadow) in [(110.0, 0.0), (150.0, 0.4), (60.0, 0.5)] {
            let found = find(&scene(corners, ground, shadow));
            let found = found.unwrap_or_else(|| panic!("{corners:?} {ground} {shadow}"));
            assert!(off(&found, corners) < 0.01, "{found:?} for {corners:?} {ground} {shadow}");
        }
    }
}

#[test]
fn where_there_is_no_paper_none_is_found() {
    let ripple = |x: u32, y: u32| Rgb([(120 + (x * y / 97 % 31)) as u8, (90 + x % 23) as u8, 70]);
    assert_eq!(find(&RgbImage::from_fn(900, 700, ripple)), None);
    assert_eq!(find(&RgbImage::from_pixel(900, 700, Rgb([230; 3]))), None);
    assert_eq!(find(&RgbImage::from_pixel(1, 700, Rgb([230; 3]))), None);
    // A form that fills the photo: its ruled lines are no edges of a paper.
    let ruled = |x: u32, y: u32| Rgb([if x % 150 < 3 || y % 90 < 3 { 40 } else { 230 }; 3]);
    assert_eq!(find(&RgbImage::from_fn(1200, 900, ruled)), None);
    // A paper of which only one side is on the photo.
    let side = |x: u32, _| Rgb([if x < 500 { 90 } else { 230 }; 3]);
    assert_eq!(find(&RgbImage::from_fn(900, 700, side)), None);
}
