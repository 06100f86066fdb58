//! Words on the screen: written in Chinese in the code, in English by the catalogue.

use std::collections::HashMap;
use std::fmt::Display;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};

const ENGLISH: &str = include_str!("../../assets/words/en/LC_MESSAGES/mingbai-uploader.po");

/// The language of what is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Language {
    /// 中文
    #[default]
    Zh,
    /// English
    En,
}

static CATALOGUE: LazyLock<HashMap<String, String>> = LazyLock::new(|| catalogue(ENGLISH));
static IN_ENGLISH: AtomicBool = AtomicBool::new(false);

/// Chooses the language of all that is said from now on.
pub fn choose(language: Language) {
    IN_ENGLISH.store(language == Language::En, Ordering::Relaxed);
}

fn catalogue(po: &str) -> HashMap<String, String> {
    let Ok(catalogue) = polib::po_file::parse_from_reader(po.as_bytes()) else {
        return HashMap::new();
    };
    let pairs = catalogue.messages().filter(|message| message.is_translated());
    pairs.filter_map(|m| Some((m.msgid().to_owned(), m.msgstr().ok()?.to_owned()))).collect()
}

/// The text for `zh` in the chosen language, each `{name}` replaced by its value. Use it through [`crate::say`].
pub fn fill(zh: &str, values: &[(&str, &dyn Display)]) -> String {
    let english = IN_ENGLISH.load(Ordering::Relaxed).then(|| CATALOGUE.get(zh)).flatten();
    let template = english.map_or(zh, String::as_str);
    let mut text = String::with_capacity(template.len());
    let mut rest = template;
    // One pass: braces inside a value are not looked at.
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let Some((name, tail)) = after.split_once('}') else {
            text.push('{');
            rest = after;
            continue;
        };
        match values.iter().find(|(known, _)| *known == name) {
            Some((_, value)) => text.push_str(&value.to_string()),
            None => text.extend(["{", name, "}"]),
        }
        rest = tail;
    }
    text.push_str(rest);
    text
}

/// What a person reads: the Chinese sentence, then the values of its `{names}`.
#[macro_export]
macro_rules! say {
    ($zh:literal $(, $name:ident = $value:expr)* $(,)?) => {
        $crate::words::fill($zh, &[$((stringify!($name), &$value as &dyn std::fmt::Display)),*])
    };
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::collections::BTreeSet;

    /// The first literal of every `say!` in the sources.
    fn said() -> BTreeSet<String> {
        let mut said = BTreeSet::new();
        let mut left = vec![std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))];
        while let Some(path) = left.pop() {
            if path.is_dir() {
                left.extend(std::fs::read_dir(path).unwrap().map(|file| file.unwrap().path()));
                continue;
            }
            if path.extension().is_none_or(|kind| kind != "rs") {
                continue;
            }
            let source = std::fs::read_to_string(path).unwrap();
            let source = source.split("#[cfg(test)]").next().unwrap();
            for call in source.split("say!(").skip(1) {
                let literal = call.trim_start().strip_prefix('"').unwrap_or_default();
                let literal = literal.split('"').next().unwrap();
                if !literal.is_empty() {
                    said.insert(literal.to_owned());
                }
            }
        }
        said
    }

    fn names(text: &str) -> BTreeSet<&str> {
        text.split('{').skip(1).filter_map(|part| part.split('}').next()).collect()
    }

    #[test]
    fn every_sentence_has_english_words_with_the_same_values() {
        let words = catalogue(ENGLISH);
        let said = said();
        assert!(said.len() > 30, "the sources were not read");
        for zh in &said {
            let en = words.get(zh).unwrap_or_else(|| panic!("no English for {zh:?}"));
            assert_eq!(names(zh), names(en), "{zh:?}");
        }
        for zh in words.keys() {
            assert!(said.contains(zh), "the catalogue holds what nobody says: {zh:?}");
        }
    }

    #[test]
    fn values_are_put_in_and_never_read_again() {
        let text = fill("甲 {a}，乙 {b}，{c} {", &[("a", &"{b}"), ("b", &2)]);
        assert_eq!(text, "甲 {b}，乙 2，{c} {");
    }
}
