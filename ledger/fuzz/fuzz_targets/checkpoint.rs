//! Any text as a checkpoint: without extension lines it is written back the same.
#![no_main]
use ledger::checkpoint::Checkpoint;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(head) = Checkpoint::parse(text) {
        assert!(text.starts_with(&head.to_text()));
    }
});
