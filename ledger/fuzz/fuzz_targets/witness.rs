//! Any bytes as a request to a witness, as its answer, and any text as a policy of witnesses.
#![no_main]
use ledger::policy::Policy;
use ledger::witness::{AddCheckpoint, parse_size};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(request) = AddCheckpoint::parse(bytes) {
        assert_eq!(request.to_text().as_bytes(), bytes);
    }
    let _ = parse_size(bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = text.parse::<Policy>();
    }
});
