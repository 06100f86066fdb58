//! Every page on a screen of 1024 by 600 pixels.

mod common;
#[path = "common/said.rs"]
mod said;

#[test]
fn every_page_is_whole() {
    said::every_page_is_whole((1024, 600));
}
