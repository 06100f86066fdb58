//! Which village a message names: by its name, with or without 村, or by letters that sound like it.

use pinyin::ToPinyin;

/// What a village's name may end in and people leave away, the longest first.
const ENDINGS: [&str; 6] = ["村民委员会", "居民委员会", "村委会", "居委会", "社区", "村"];

/// The village that was named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// None.
    None,
    /// One, by its code.
    One(String),
    /// Several fit as well.
    Several,
}

impl Named {
    /// The code of the one village.
    pub(super) fn code(self) -> Option<String> {
        match self {
            Self::One(code) => Some(code),
            Self::None | Self::Several => None,
        }
    }
}

/// Finds the village and takes its name out of the message.
pub(super) fn take(text: &mut String, villages: &[(String, String)]) -> Named {
    let written = villages.iter().flat_map(|(code, name)| {
        [name.as_str(), stem(name)].map(|name| (code.as_str(), name.to_lowercase()))
    });
    let stands =
        |(_, name): &(&str, String)| name.chars().count() > 1 && text.contains(name.as_str());
    let mut found: Vec<(&str, String)> = written.filter(stands).collect();
    if found.is_empty() {
        found = villages
            .iter()
            .filter_map(|(code, name)| Some((code.as_str(), heard(text, name)?)))
            .collect();
    }
    let longest = found.iter().map(|(_, name)| name.chars().count()).max().unwrap_or(0);
    found.retain(|(_, name)| name.chars().count() == longest);
    found.dedup_by(|a, b| a.0 == b.0);
    for (_, name) in &found {
        *text = text.replace(name.as_str(), " ");
    }
    match &found[..] {
        [] => Named::None,
        [(code, _)] => Named::One((*code).to_owned()),
        _ => Named::Several,
    }
}

/// A name without its ending.
fn stem(name: &str) -> &str {
    ENDINGS.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name)
}

/// The word of a message that sounds like a name: all of its syllables, or their first letters.
fn heard(text: &str, name: &str) -> Option<String> {
    let mut words = text.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| word.len() > 1);
    let sounds: Vec<String> = [name, stem(name)].into_iter().flat_map(sounds).collect();
    words.find(|word| sounds.iter().any(|sound| sound == word)).map(str::to_owned)
}

/// A name's syllables in letters, and their first letters; nothing where a character has no sound.
fn sounds(name: &str) -> Vec<String> {
    let syllables: Option<Vec<&str>> =
        name.to_pinyin().map(|one| one.map(pinyin::Pinyin::plain)).collect();
    let Some(syllables) = syllables else { return Vec::new() };
    let first: String = syllables.iter().filter_map(|one| one.chars().next()).collect();
    vec![syllables.concat().replace('ü', "v"), first.replace('ü', "v")]
}
