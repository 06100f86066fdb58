//! Any bytes as a bundle and as a tile.
#![no_main]
use ledger::tile::{join_bundle, split_bundle, split_tile};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Some(items) = split_bundle(bytes) {
        assert_eq!(join_bundle(items).as_deref(), Some(bytes));
    }
    let width = u16::try_from(bytes.len() / 32).unwrap_or(u16::MAX);
    assert_eq!(split_tile(bytes, width).is_some(), bytes.len() % 32 == 0 && bytes.len() / 32 <= 65_535);
});
