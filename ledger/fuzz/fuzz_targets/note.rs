//! Any bytes as a signed note: read, verified against a fixed key, and written back the same.
#![no_main]
use ledger::{key::VerifierKey, note::Note};
use libfuzzer_sys::fuzz_target;

const KEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";

fuzz_target!(|bytes: &[u8]| {
    let (Ok(note), Ok(key)) = (Note::parse(bytes), KEY.parse::<VerifierKey>()) else { return };
    assert!(bytes.starts_with(note.text().as_bytes()));
    let _ = note.verify([&key].into_iter());
});
