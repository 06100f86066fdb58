//! Promises about the `.slint` files themselves: every phrase has its English, and no type is small.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The smallest type, in px.
const TYPE_MIN: u32 = 24;
/// The smallest thing to press, in px.
const TARGET_MIN: u32 = 96;

fn sources() -> Vec<(PathBuf, String)> {
    let ui = Path::new(env!("CARGO_MANIFEST_DIR")).join("ui/ui");
    let mut sources = Vec::new();
    for folder in ["", "pages", "widgets"] {
        for file in fs::read_dir(ui.join(folder)).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|ending| ending == "slint") {
                sources.push((path.clone(), fs::read_to_string(path).unwrap()));
            }
        }
    }
    assert!(sources.len() > 20);
    sources
}

/// The first argument of every `@tr`, which is the phrase.
fn phrases(source: &str) -> impl Iterator<Item = String> {
    source.split("@tr(").skip(1).map(|rest| {
        let rest = rest.trim_start().strip_prefix('"').unwrap();
        rest.split('"').next().unwrap().replace("\\n", "\n")
    })
}

#[test]
fn every_phrase_has_its_english_and_no_english_is_left_over() {
    let po = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../assets/words/kiosk/en/LC_MESSAGES/mingbai-kiosk-ui.po");
    let catalog = polib::po_file::parse(&po).unwrap();
    let translated: BTreeSet<String> = catalog
        .messages()
        .filter(|message| message.is_translated())
        .map(|message| message.msgid().to_owned())
        .collect();
    let said: BTreeSet<String> =
        sources().iter().flat_map(|(_, source)| phrases(source).collect::<Vec<_>>()).collect();
    assert!(said.len() > 100);
    assert_eq!(said.difference(&translated).collect::<Vec<_>>(), Vec::<&String>::new(), "missing");
    assert_eq!(translated.difference(&said).collect::<Vec<_>>(), Vec::<&String>::new(), "unused");
}

#[test]
fn every_chinese_word_can_be_switched_to_english() {
    for (path, source) in sources() {
        let bare = source.lines().filter(|line| !line.trim_start().starts_with("//"));
        let literal = bare.flat_map(|line| {
            let strings = line.split('"').enumerate().filter(|(n, _)| n % 2 == 1);
            strings.map(move |(n, text)| (line.split('"').nth(n - 1).unwrap().to_owned(), text))
        });
        for (before, text) in literal {
            let chinese = text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
            let switched = before.trim_end().ends_with("@tr(") || text == "中文";
            assert!(!chinese || switched, "{}: {text}", path.display());
        }
    }
}

#[test]
fn no_type_is_smaller_than_24_px_and_no_target_than_96() {
    let theme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("ui/ui/theme.slint"))
        .unwrap();
    let pixels = |name: &str| -> u32 {
        let (_, rest) = theme.split_once(&format!("<length> {name}: ")).unwrap();
        let declared = rest.split(';').next().unwrap();
        let sizes = declared.split_whitespace().filter_map(|word| word.strip_suffix("px"));
        sizes.map(|size| size.parse::<u32>().unwrap()).min().unwrap()
    };
    for size in ["small", "body", "big", "title", "giant"] {
        assert!(pixels(size) >= TYPE_MIN, "{size}");
    }
    assert!(pixels("target") >= TARGET_MIN);
    for (path, source) in sources() {
        for rest in source.split("font-size:").skip(1) {
            let value = rest.split(';').next().unwrap().trim();
            assert!(
                (value.contains("Theme.") || value == "root.size") && !value.contains("px"),
                "{}: type is named by the theme, not {value}",
                path.display()
            );
        }
        assert!(source.lines().count() <= 200, "{}", path.display());
    }
}
