//! Any bytes as each kind of content: what is read is within its limits and reads back.
#![no_main]
use ledger::content::{BulletinContent, Content, DirectoryContent, KeyContent, ReceiptContent};
use libfuzzer_sys::fuzz_target;

fn again<C: Content + PartialEq + core::fmt::Debug>(bytes: &[u8]) {
    if let Ok(content) = C::parse(bytes) {
        assert_eq!(C::parse(&content.to_bytes().0), Ok(content));
    }
}

fuzz_target!(|bytes: &[u8]| {
    again::<ReceiptContent>(bytes);
    again::<BulletinContent>(bytes);
    again::<KeyContent>(bytes);
    again::<DirectoryContent>(bytes);
});
