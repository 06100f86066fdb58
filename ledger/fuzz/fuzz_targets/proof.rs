//! Any text as a tlog-proof.
#![no_main]
use ledger::proof::Proof;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(proof) = Proof::parse(text) {
        assert_eq!(Proof::parse(&proof.to_text()), Ok(proof));
    }
});
