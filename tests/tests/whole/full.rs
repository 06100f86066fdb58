//! A full disk: the uploader says so in words that a person can act on, and loses nothing.

use crate::fixture;
use mingbai_tests::accountant::Accountant;
use mingbai_tests::programs;
use std::path::Path;
use std::process::{Command, Output};

/// Runs the uploader where no file can grow beyond some bytes, as on a disk that is full.
fn on_a_full_disk(data: &Path, blocks: u32, args: &[&str]) -> Output {
    let program = programs::folder().unwrap().join("mingbai-uploader");
    // The signal that would end the program is ignored: what is left is an error of writing.
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\"");
    let mut command = Command::new("bash");
    command.args(["-c", &script, "full", programs::text(&program)]).args(args);
    command.args(["--data", programs::text(data)]).output().unwrap()
}

#[test]
fn a_full_disk_is_told_and_nothing_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let (accountant, _) =
        Accountant::init(&folder.path().join("desk"), "341181107201", "王会计").unwrap();
    let sample = fixture::small_sample();
    let photos: Vec<_> = sample.receipts.iter().map(|r| sample.folder.join(&r.photo)).collect();
    let add =
        |photo: &Path| ["add", "--no-text", "--json", photo.to_str().unwrap()].map(String::from);
    accountant.run(&add(&photos[0]).each_ref().map(String::as_str)).unwrap();
    let before = accountant.run(&["list", "--json"]).unwrap();
    // From no room for a photo to room for its row and not for its picture.
    for blocks in [0, 16, 64, 150, 300] {
        let args = add(&photos[1]);
        let output = on_a_full_disk(&accountant.data, blocks, &args.each_ref().map(String::as_str));
        if output.status.success() {
            continue;
        }
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains("磁盘满了") || said.contains("磁盘可能满了"), "{blocks}: {said}");
        assert!(accountant.run(&["list", "--json"]).unwrap().starts_with(before.trim_end()));
    }
    let tight = on_a_full_disk(&accountant.data, 64, &["list"]);
    assert!(tight.status.success(), "what is there can be looked at");
    // There is room again: it goes on where it stopped.
    let after = accountant.run(&add(&photos[1]).each_ref().map(String::as_str)).unwrap();
    let line: serde_json::Value = serde_json::from_str(&after).unwrap();
    assert_eq!(accountant.run(&["list", "--json"]).unwrap().lines().count(), 2, "{line}");
    accountant.run(&["add", "--no-text", programs::text(&photos[2])]).unwrap();
}
