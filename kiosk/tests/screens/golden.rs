//! Golden pictures: every screen standing and lying, in both languages, three sizes and both contrasts, on one small grey
//! sheet a screen. `MINGBAI_GOLDEN=write` draws them anew after a change that was looked at.

use std::path::{Path, PathBuf};

use image::imageops::{FilterType, resize};
use image::{DynamicImage, GrayImage, RgbImage};
use mingbai_kiosk::screens::{Comfort, Place, TextSize};

use super::town::Town;
use super::{Kiosk, LANDSCAPE, PORTRAIT, kiosk, now};

/// How many times smaller than the screen.
const SMALLER: u32 = 8;
/// Pictures beside each other on a sheet.
const ACROSS: u32 = 6;
/// Side of the squares that are compared: letters that another version of the font draws a little otherwise are the same
/// grey.
const SQUARE: u32 = 8;
/// How much the grey of a square may differ, of 255.
const GREY_MAX: u32 = 20;

#[test]
fn every_screen_looks_as_it_did() {
    let mut sheets: Vec<(String, GrayImage)> = Vec::new();
    for size in [PORTRAIT, LANDSCAPE] {
        let (sender, drawn) = std::sync::mpsc::channel();
        kiosk(Town::alarmed(), size, move |kiosk| {
            let emergency = kiosk.shelf().emergencies(&now()).unwrap()[0];
            let pages = kiosk.pages().into_iter();
            for (name, place) in pages.chain([("emergency", Place::Emergency(emergency))]) {
                let shape = if size == PORTRAIT { "portrait" } else { "landscape" };
                sender.send((format!("{name}-{shape}"), sheet(kiosk, &place, false))).unwrap();
                // Its pads are laid out otherwise where everything is low.
                if place == Place::Search {
                    let low = sheet(kiosk, &place, true);
                    sender.send((format!("{name}-low-{shape}"), low)).unwrap();
                }
            }
            kiosk.screens.forget();
        });
        sheets.extend(drawn);
    }
    let wrong: Vec<String> =
        sheets.iter().filter_map(|(name, sheet)| differs(name, sheet)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A screen in every look, side by side.
fn sheet(kiosk: &Kiosk, place: &Place, low: bool) -> GrayImage {
    let mut tiles = Vec::new();
    for english in [false, true] {
        for contrast in [false, true] {
            for text in [TextSize::Standard, TextSize::Large, TextSize::Largest] {
                kiosk.screens.home();
                kiosk.screens.set_english(english);
                kiosk.screens.set_comfort(Comfort { text, contrast, low });
                kiosk.go(place.clone());
                tiles.push(small(&kiosk.display.picture()));
            }
        }
    }
    let (width, height) = tiles[0].dimensions();
    let rows = u32::try_from(tiles.len()).unwrap().div_ceil(ACROSS);
    let mut sheet = GrayImage::new(width * ACROSS, height * rows);
    for (n, tile) in (0..).zip(&tiles) {
        let (x, y) = (i64::from(n % ACROSS * width), i64::from(n / ACROSS * height));
        image::imageops::replace(&mut sheet, tile, x, y);
    }
    sheet
}

fn small(picture: &RgbImage) -> GrayImage {
    let grey = DynamicImage::ImageRgb8(picture.clone()).into_luma8();
    resize(&grey, grey.width() / SMALLER, grey.height() / SMALLER, FilterType::Triangle)
}

/// How a sheet differs from its golden one, if it does.
fn differs(name: &str, sheet: &GrayImage) -> Option<String> {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/{name}.png"));
    if std::env::var("MINGBAI_GOLDEN").is_ok_and(|word| word == "write") {
        std::fs::create_dir_all(golden.parent().unwrap()).unwrap();
        sheet.save(&golden).unwrap();
        return None;
    }
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("screens");
    let now = folder.join(format!("sheet-{name}.png"));
    std::fs::create_dir_all(folder).unwrap();
    sheet.save(&now).unwrap();
    let Ok(held) = image::open(&golden) else { return Some(format!("{name}: no golden sheet")) };
    let held = held.into_luma8();
    if held.dimensions() != sheet.dimensions() {
        return Some(format!("{name}: another size than its golden sheet; see {}", now.display()));
    }
    let most = (0..sheet.height() / SQUARE)
        .flat_map(|row| (0..sheet.width() / SQUARE).map(move |column| (column, row)))
        .map(|square| grey(sheet, square).abs_diff(grey(&held, square)))
        .max()?;
    (most > GREY_MAX).then(|| format!("{name}: a square differs by {most}; see {}", now.display()))
}

/// The mean grey of a square.
fn grey(sheet: &GrayImage, (column, row): (u32, u32)) -> u32 {
    let inside = (0..SQUARE).flat_map(|y| (0..SQUARE).map(move |x| (x, y)));
    let sum: u32 = inside
        .map(|(x, y)| u32::from(sheet.get_pixel(column * SQUARE + x, row * SQUARE + y).0[0]))
        .sum();
    sum / (SQUARE * SQUARE)
}
