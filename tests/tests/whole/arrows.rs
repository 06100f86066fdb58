//! The arrows between the parts are those that docs/ARCHITECTURE.md draws.

use mingbai_tests::programs;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// Folders of the workspaces, from the root.
const WORKSPACES: [&str; 3] = ["", "firmware", "firmware/boards/p4"];

/// What depends on what in a workspace.
fn arrows(workspace: &str) -> Vec<String> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(programs::root().join(workspace))
        .output()
        .unwrap();
    let root = programs::root().canonicalize().unwrap();
    let part = |path: &str| {
        let path = Path::new(path).strip_prefix(&root).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let house: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut found = Vec::new();
    for package in house["packages"].as_array().unwrap() {
        for dependency in package["dependencies"].as_array().unwrap() {
            if let Some(path) = dependency["path"].as_str() {
                let from = package["manifest_path"].as_str().unwrap();
                let from = part(from.trim_end_matches("/Cargo.toml"));
                found.push(format!("{from} → {}", part(path)));
            }
        }
    }
    found
}

#[test]
fn no_part_depends_on_another_unless_the_document_draws_it() {
    let found: BTreeSet<String> = WORKSPACES.into_iter().flat_map(arrows).collect();
    let document = std::fs::read_to_string(programs::root().join("docs/ARCHITECTURE.md")).unwrap();
    let drawn: BTreeSet<String> = document
        .lines()
        .filter(|line| line.split(' ').nth(1) == Some("→") && line.split(' ').count() == 3)
        .map(String::from)
        .collect();
    assert_eq!(found, drawn);
}
