//! The arrows between the parts are those that docs/ARCHITECTURE.md draws.

use mingbai_tests::programs;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

#[test]
fn no_part_depends_on_another_unless_the_document_draws_it() {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(programs::root())
        .output()
        .unwrap();
    let root = programs::root().canonicalize().unwrap();
    let house: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut found = BTreeSet::new();
    for package in house["packages"].as_array().unwrap() {
        for dependency in package["dependencies"].as_array().unwrap() {
            if let Some(path) = dependency["path"].as_str() {
                let from = package["manifest_path"].as_str().unwrap();
                let part = |path: &str| {
                    let path = Path::new(path).strip_prefix(&root).unwrap();
                    path.to_str().unwrap().to_owned()
                };
                let from = part(from.trim_end_matches("/Cargo.toml"));
                found.insert(format!("{from} → {}", part(path)));
            }
        }
    }
    let document = std::fs::read_to_string(programs::root().join("docs/ARCHITECTURE.md")).unwrap();
    let drawn: BTreeSet<String> = document
        .lines()
        .filter(|line| line.split(' ').nth(1) == Some("→") && line.split(' ').count() == 3)
        .map(String::from)
        .collect();
    assert_eq!(found, drawn);
}
