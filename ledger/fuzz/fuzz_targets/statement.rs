//! Any text as a statement: what is read has one spelling.
#![no_main]
use ledger::statement::Statement;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(statement) = Statement::parse(text) {
        assert_eq!(statement.to_text(), text);
    }
});
