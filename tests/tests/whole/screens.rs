//! The kiosk's screens as pictures, and the codes on them.

use crate::fixture::{self, Copy};
use mingbai_tests::programs;
use mingbai_tests::server::Server;
use std::path::PathBuf;

fn shot(copy: &Copy, server: &Server, screen: &str, size: &str, lang: &str) -> PathBuf {
    let out = copy.folder.path().join(format!("{screen}-{size}-{lang}.png"));
    let kiosk = copy.kiosk_data();
    let mut args = vec!["shot", "--data", programs::text(&kiosk), "--public-url", &server.url];
    args.extend([
        "--screen",
        screen,
        "--size",
        size,
        "--lang",
        lang,
        "--out",
        programs::text(&out),
    ]);
    programs::run("mingbai-kiosk", &args).unwrap();
    out
}

pub fn codes(picture: &std::path::Path) -> Vec<String> {
    codes_on(&image::open(picture).unwrap().to_rgb8())
}

/// What a telephone reads off a picture.
pub fn codes_on(picture: &image::RgbImage) -> Vec<String> {
    mingbai_tests::codes::read(&image::imageops::grayscale(picture))
}

#[test]
fn every_screen_renders_in_both_orientations_and_languages() {
    let copy = Copy::new();
    let server = copy.serve();
    copy.sync(&server.url).unwrap();
    let names = programs::run("mingbai-kiosk", &["shot", "--list"]).unwrap();
    assert!(names.split_whitespace().count() >= 6, "{names}");
    for name in names.split_whitespace() {
        for (size, width, height) in [("1080x1920", 1080, 1920), ("1920x1080", 1920, 1080)] {
            for lang in ["zh", "en"] {
                let picture =
                    image::open(shot(&copy, &server, name, size, lang)).unwrap().to_rgb8();
                assert_eq!(picture.dimensions(), (width, height));
                let first = picture.get_pixel(5, 5);
                assert!(picture.pixels().any(|p| p != first), "{name} {size} {lang} is blank");
            }
        }
    }
}

#[test]
fn the_code_on_the_receipt_screen_opens_its_phone_page() {
    let copy = Copy::new();
    let server = copy.serve();
    copy.sync(&server.url).unwrap();
    for size in ["1080x1920", "1920x1080"] {
        let found = codes(&shot(&copy, &server, "receipt", size, "zh"));
        let page = format!("{}/r/", server.url);
        let address = found.iter().find(|text| text.starts_with(&page));
        let address = address.unwrap_or_else(|| panic!("no code of {page} among {found:?}"));
        let path = address.trim_start_matches(&server.url);
        let page = String::from_utf8(server.get(path).unwrap()).unwrap();
        let sample = &fixture::town().sample;
        assert!(sample.receipts.iter().any(|r| page.contains(&r.purpose)), "{address}");
    }
}
