#![allow(clippy::unwrap_used)]
use super::*;
use crate::reading::{
    self,
    tests::{BILL, sheet},
};
use image::{GrayImage, Rgb, imageops};

/// Paper with print, under light that falls to 40 % across it.
fn shaded(print: impl Fn(u32, u32) -> Option<[u8; 3]>) -> RgbImage {
    RgbImage::from_fn(900, 600, |x, y| {
        let light = 1.0 - 0.6 * (x as f32 / 900.0).powi(2);
        Rgb(print(x, y).unwrap_or([235; 3]).map(|part| (f32::from(part) * light) as u8))
    })
}

#[test]
fn shadow_goes_and_what_is_printed_stays_as_it_is() {
    let print = |x: u32, y: u32| match (x, y) {
        (x, y) if x % 60 < 4 && y > 300 => Some([30; 3]),
        (x, y) if (y / 4) % 20 == 5 && x > 600 => Some([200, 40, 40]),
        _ => None,
    };
    let mut picture = shaded(print);
    assert!(picture.get_pixel(880, 100).0[0] < 110);
    even(&mut picture);
    for x in [15, 250, 500, 750, 830] {
        assert!(picture.get_pixel(x, 150).0[0].abs_diff(PAPER as u8) < 12, "{x}");
        let stroke = picture.get_pixel(x / 60 * 60 + 1, 450).0[0];
        assert!((10..60).contains(&stroke), "{stroke} at {x}");
    }
    for x in [620, 700, 850] {
        let [r, g, b] = picture.get_pixel(x, 22).0;
        assert!(r > 150 && g < 80 && b < 80, "red stays red: {r} {g} {b}");
    }
    let clipped = picture.iter().filter(|v| **v == 255).count();
    assert_eq!(clipped, 0);
}

#[test]
fn a_pink_copy_stays_pink() {
    let mut picture = shaded(|_, _| Some([240, 180, 190]));
    even(&mut picture);
    let [r, g, _] = picture.get_pixel(850, 300).0;
    assert!(r > 225 && (165..200).contains(&g), "{r} {g}");
}

#[test]
fn a_code_in_shadow_is_read_before_and_after() {
    let code: GrayImage = sheet(&[BILL], 5);
    let (width, height) = code.dimensions();
    let mut picture = RgbImage::from_fn(width, height, |x, y| {
        let light = if x + y > (width + height) / 2 { 0.4 } else { 1.0 };
        Rgb([(f32::from(code.get_pixel(x, y).0[0]) * light) as u8; 3])
    });
    assert_eq!(reading::codes(imageops::grayscale(&picture)), [BILL]);
    even(&mut picture);
    assert_eq!(reading::codes(imageops::grayscale(&picture)), [BILL]);
}

#[test]
fn the_smallest_pictures_are_evened_too() {
    for size in [(1, 1), (2, 900), (900, 1)] {
        even(&mut RgbImage::from_pixel(size.0, size.1, Rgb([0, 90, 255])));
    }
}
