#![allow(clippy::unwrap_used)]
use super::*;
use image::Luma;

/// A paper with strokes of three pixels, in this light.
fn page(width: u32, height: u32, light: f32) -> GrayImage {
    GrayImage::from_fn(width, height, |x, y| {
        let stroke = (x % 24 < 3 && y % 30 < 20) || (y % 30 < 3 && x % 24 < 16);
        Luma([(if stroke { 50.0 * light } else { 220.0 * light }) as u8])
    })
}

fn gate(photo: &GrayImage) -> Gate {
    verdict(&measure(photo, None))
}

#[test]
fn a_clear_photo_passes_and_each_fault_is_named() {
    assert_eq!(gate(&page(1600, 1200, 1.0)), Gate::Good);
    assert_eq!(gate(&page(800, 600, 1.0)), Gate::TooSmall);
    assert_eq!(gate(&page(1600, 1200, 0.25)), Gate::TooDark);
    assert_eq!(gate(&imageops::blur(&page(1600, 1200, 1.0), 4.0)), Gate::Blurred);
    assert_eq!(gate(&GrayImage::from_pixel(1600, 1200, Luma([230]))), Gate::Blurred);
}

#[test]
fn more_blur_measures_as_more() {
    let measured =
        |sigma: f32| measure(&imageops::blur(&page(1300, 1100, 1.0), sigma), None).blur.unwrap();
    let widths = [0.6, 1.0, 1.5, 2.0].map(measured);
    assert!(widths.is_sorted() && widths[0] < 3.5 && widths[3] > 3.6, "{widths:?}");
}

#[test]
fn a_hand_that_moved_sideways_is_seen() {
    let still = page(1600, 1200, 1.0);
    let moved = GrayImage::from_fn(1600, 1200, |x, y| {
        let sum: u32 = (0..12).map(|n| u32::from(still.get_pixel((x + n).min(1599), y).0[0])).sum();
        Luma([(sum / 12) as u8])
    });
    assert_eq!(gate(&moved), Gate::Blurred);
}

#[test]
fn only_the_paper_is_judged() {
    let mut photo = GrayImage::from_pixel(3000, 2000, Luma([20]));
    imageops::replace(&mut photo, &page(1500, 1000, 1.0), 600, 400);
    let paper = Quad::upright(0.2, 0.2, 0.7, 0.7);
    let measured = measure(&photo, Some(&paper));
    assert_eq!((measured.edge, verdict(&measured)), (1500, Gate::Good));
    assert_eq!(measure(&photo, None).edge, 3000);
}

#[test]
fn every_fault_has_its_advice() {
    for fault in [Gate::Blurred, Gate::TooSmall, Gate::TooDark] {
        assert!(fault.advice().is_some());
    }
    assert_eq!(Gate::Good.advice(), None);
}
