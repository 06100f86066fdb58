//! The log as a client sees it that is not ours: Go's golang.org/x/mod/sumdb, as Debian ships it.

use crate::fixture::{self, Copy};
use ledger::tile::{bundle_path, bundle_width};
use mingbai_tests::programs;
use std::path::Path;
use std::process::{Command, Output};

/// Reads and verifies all of the log in a folder or at an address.
pub fn go(place: &str) -> Output {
    Command::new("go")
        .args(["run", "verify.go", place, &fixture::town().vkey])
        .current_dir(programs::root().join("tests/go"))
        .env("GO111MODULE", "off")
        .env("GOPATH", "/usr/share/gocode")
        .env("GOCACHE", Path::new(env!("CARGO_TARGET_TMPDIR")).join("go"))
        .output()
        .expect("go (Debian: golang-go golang-golang-x-mod-dev)")
}

#[test]
fn a_client_that_is_not_ours_verifies_the_log_and_notices_a_changed_entry() {
    let copy = Copy::new();
    let told = go(programs::text(&copy.public()));
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    assert!(String::from_utf8_lossy(&told.stdout).contains(" entries verified under "));
    let head = std::fs::read_to_string(copy.public().join("checkpoint")).unwrap();
    let size: u64 = head.lines().nth(1).unwrap().parse().unwrap();
    let width = bundle_width(0, size).unwrap();
    fixture::flip(&copy.public().join(bundle_path(0, width)), 100);
    assert!(!go(programs::text(&copy.public())).status.success());
}
