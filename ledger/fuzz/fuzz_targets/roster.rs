//! Any bytes as the entries of a log: nothing counts that the office's key did not begin.
#![no_main]
use ledger::{roster::Roster, tile::split_bundle};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut roster = Roster::default();
    for entry in split_bundle(bytes).unwrap_or_default() {
        let _ = roster.admit(entry, |_| None);
    }
});
