//! `mingbai-server verify`: passes on what is whole, names the first bad thing otherwise.

use crate::fixture::{self, Copy};
use mingbai_tests::server::verify;

#[test]
fn any_flipped_byte_of_any_public_file_is_found_and_named() {
    let copy = Copy::new();
    let counted = verify(&copy.server_data()).unwrap();
    assert!(counted.is_ok(), "{counted:?}");
    for (n, path) in fixture::files(&copy.public()).iter().enumerate() {
        let honest = std::fs::read(path).unwrap();
        // Another place in each file: first, last, or somewhere between.
        let at = [0, honest.len() - 1, honest.len() * (n % 97) / 97][n % 3];
        fixture::flip(path, at);
        let named = verify(&copy.server_data()).unwrap();
        let file = path.strip_prefix(copy.public()).unwrap().to_str().unwrap();
        let named = named.expect_err(&format!("{file}: byte {at} was flipped and not found"));
        let hash_or_path = path.file_name().unwrap().to_str().unwrap();
        assert!(named.contains(file) || named.contains(hash_or_path), "{file}: {named}");
        assert_eq!(named.trim().lines().count(), 1, "{named}");
        std::fs::write(path, honest).unwrap();
    }
    assert!(verify(&copy.server_data()).unwrap().is_ok());
}

#[test]
fn a_missing_file_is_named() {
    let copy = Copy::new();
    // Partial tiles of earlier heads may go: nothing needs them any more.
    let needed = |path: &&std::path::PathBuf| !path.to_str().unwrap().contains(".p/");
    for path in fixture::files(&copy.public()).iter().filter(needed).step_by(7) {
        let aside = copy.folder.path().join("aside");
        std::fs::rename(path, &aside).unwrap();
        let named = verify(&copy.server_data()).unwrap();
        let named = named.expect_err(&format!("{} is missing unnoticed", path.display()));
        assert!(named.contains(path.file_name().unwrap().to_str().unwrap()), "{named}");
        std::fs::rename(&aside, path).unwrap();
    }
}
