//! Every page on a screen of 800 by 480 pixels.

mod common;
#[path = "common/said.rs"]
mod said;

#[test]
fn every_page_is_whole() {
    said::every_page_is_whole((800, 480));
}
