//! Any bytes as what a phone sends: a pairing request, a token, a photo's number. What is read is what was written.
#![no_main]
use libfuzzer_sys::fuzz_target;
use mingbai_uploader::camera::pairing;

fuzz_target!(|bytes: &[u8]| {
    if let Some(secret) = pairing::request(bytes) {
        assert_eq!(secret.to_string().as_bytes(), bytes);
    }
    if let Some(token) = pairing::bearer(bytes) {
        assert_eq!(format!("Bearer {token}").as_bytes(), bytes);
    }
    if let Some(id) = pairing::photo_id(bytes) {
        assert_eq!(format!("{id:032x}").as_bytes(), bytes);
    }
});
