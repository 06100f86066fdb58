//! How letters may spell a word: in full, loosely as people of many regions speak, begun, or by initials.

use std::collections::HashSet;
use std::sync::{Arc, LazyLock};

use inputx_pinyin::VALID_SYLLABLES;
use pinyin::ToPinyinMulti;

/// Letters of the longest syllable, such as `zhuang`.
pub(super) const SYLLABLE_MAX: usize = 6;
/// Initials that many people do not tell apart.
const INITIALS: [(&str, &str); 4] = [("zh", "z"), ("ch", "c"), ("sh", "s"), ("n", "l")];
/// Finals that many people do not tell apart.
const FINALS: [(&str, &str); 2] = [("ing", "in"), ("eng", "en")];
/// Syllables whose `ü` is a key that few people know.
const UMLAUTS: [(&str, &str); 2] = [("lu", "lv"), ("nu", "nv")];

/// Every syllable of Mandarin without its tone.
static SYLLABLES: LazyLock<HashSet<&str>> =
    LazyLock::new(|| VALID_SYLLABLES.iter().copied().collect());

/// How well letters spell a word; the better comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum How {
    /// Every syllable as it is.
    Full,
    /// Every syllable, some with a sound that people confuse.
    Loose,
    /// The word goes on.
    Begun,
    /// Some syllables by their initial alone.
    Initials,
}

/// The syllables that one character may be said as, `ü` written `v`, each with its loose spellings.
pub(super) type Sounds = Vec<(String, How)>;

/// True for a syllable of Mandarin.
pub(super) fn is_syllable(text: &str) -> bool {
    SYLLABLES.contains(text)
}

/// The sounds of a character; a letter or digit stands for itself, anything else has none.
pub(super) fn sounds(character: char) -> Sounds {
    if character.is_ascii_alphanumeric() {
        return vec![(character.to_ascii_lowercase().to_string(), How::Full)];
    }
    let mut sounds = Sounds::new();
    let readings = character.to_string().as_str().to_pinyin_multi().next().flatten();
    for reading in readings.into_iter().flatten() {
        let plain = reading.plain().replace('ü', "v");
        for (spelling, how) in spellings(&plain) {
            if !sounds.iter().any(|(known, _)| *known == spelling) {
                sounds.push((spelling, how));
            }
        }
    }
    sounds
}

/// A syllable as it is, then as it may be confused.
pub(super) fn spellings(syllable: &str) -> Vec<(String, How)> {
    let mut spellings = vec![(syllable.to_owned(), How::Full)];
    let mut add = |spelling: String| {
        if !spellings.iter().any(|(known, _)| *known == spelling) {
            spellings.push((spelling, How::Loose));
        }
    };
    let starts = swapped(syllable, &INITIALS, |text, old, new| {
        text.strip_prefix(old).map(|rest| format!("{new}{rest}"))
    });
    for start in starts {
        let ends = swapped(&start, &FINALS, |text, old, new| {
            text.strip_suffix(old).map(|head| format!("{head}{new}"))
        });
        ends.into_iter().for_each(&mut add);
    }
    for (plain, umlaut) in UMLAUTS {
        if syllable == plain || syllable == umlaut {
            add(if syllable == plain { umlaut } else { plain }.to_owned());
        }
    }
    spellings
}

/// `text`, and `text` with the first pair of `pairs` that fits swapped.
fn swapped(
    text: &str,
    pairs: &[(&str, &str)],
    swap: impl Fn(&str, &str, &str) -> Option<String>,
) -> Vec<String> {
    let mut both = vec![text.to_owned()];
    both.extend(pairs.iter().find_map(|(a, b)| swap(text, a, b).or_else(|| swap(text, b, a))));
    both
}

/// How `letters` spell the word of these sounds, and how many of its characters are still to come.
pub(super) fn spell(word: &[Arc<Sounds>], letters: &str) -> Option<(How, usize)> {
    // Most words begin otherwise, and there are many of them.
    let starts =
        |(sound, _): &(String, How)| sound.as_bytes().first() == letters.as_bytes().first();
    if !word.first()?.iter().any(starts) {
        return None;
    }
    let mut best: Option<(How, usize)> = None;
    let mut offer = |found| best = Some(best.map_or(found, |known| known.min(found)));
    // For each number of letters used by the characters so far: how well.
    let mut reached = vec![None; letters.len() + 1];
    reached[0] = Some(How::Full);
    for (place, sounds) in word.iter().enumerate() {
        let left = word.len() - place - 1;
        let mut next = vec![None; letters.len() + 1];
        for (used, how) in reached.iter().enumerate().filter_map(|(n, how)| Some((n, (*how)?))) {
            let rest = &letters[used..];
            for (sound, loose) in sounds.iter() {
                if sound.len() > rest.len() && sound.starts_with(rest) {
                    offer((how.max(*loose).max(How::Begun), left));
                }
                let initials = initials(sound).filter(|_| *loose == How::Full);
                let parts = initials.map(|part| (part, How::Initials));
                for (part, part_how) in std::iter::once((sound.as_str(), *loose)).chain(parts) {
                    if !part.is_empty() && rest.starts_with(part) {
                        let cell: &mut Option<How> = &mut next[used + part.len()];
                        let found = how.max(part_how);
                        *cell = Some(cell.map_or(found, |known| known.min(found)));
                    }
                }
            }
        }
        if let Some(how) = next[letters.len()] {
            offer((if left > 0 { how.max(How::Begun) } else { how }, left));
        }
        next[letters.len()] = None;
        reached = next;
    }
    best
}

/// What people type for a syllable in short: its first letter, or `zh`, `ch`, `sh`.
fn initials(syllable: &str) -> impl Iterator<Item = &str> {
    let two = syllable.get(..2).filter(|two| ["zh", "ch", "sh"].contains(two));
    syllable.get(..1).into_iter().chain(two)
}

/// True when `letters` abbreviate a word of so many `syllables`, which `code` spells in full: each stands as it is or by
/// its initial, and some by their initial.
pub(super) fn abbreviates(letters: &str, code: &str, syllables: usize) -> bool {
    if syllables == 0 {
        return letters.is_empty() && code.is_empty();
    }
    let starts =
        code.as_bytes().first().is_some_and(|first| letters.as_bytes().first() == Some(first));
    let room = letters.len() >= syllables && code.len() <= syllables * SYLLABLE_MAX;
    let whole = |length: &usize| code.get(..*length).is_some_and(is_syllable);
    starts
        && room
        && (1..=SYLLABLE_MAX).filter(whole).any(|length| {
            let (syllable, code) = code.split_at(length);
            let parts = initials(syllable).chain([syllable]);
            let mut lefts = parts.filter_map(|part| letters.strip_prefix(part));
            lefts.any(|left| abbreviates(left, code, syllables - 1))
        })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn word(text: &str) -> Vec<Arc<Sounds>> {
        text.chars().map(|character| Arc::new(sounds(character))).collect()
    }

    #[test]
    fn initials_and_whole_syllables_mix() {
        for letters in ["zg", "zhg", "zhongg", "zguo", "zhguo", "zhongguo"] {
            assert!(abbreviates(letters, "zhongguo", 2), "{letters}");
        }
        for letters in ["z", "zgg", "zhogu", "guo", "zhonggu", ""] {
            assert!(!abbreviates(letters, "zhongguo", 2), "{letters}");
        }
        assert!(abbreviates("xa", "xian", 2) && !abbreviates("xa", "xian", 1));
    }

    #[test]
    fn a_word_is_spelt_in_full_loosely_begun_and_by_initials() {
        let town = word("新街镇");
        for (letters, how, left) in [
            ("xinjiezhen", How::Full, 0),
            ("xingjiezen", How::Loose, 0),
            ("xinjie", How::Begun, 1),
            ("xinjiezh", How::Begun, 0),
            ("xinjiez", How::Begun, 0),
            ("xjz", How::Initials, 0),
            ("xjzh", How::Initials, 0),
            ("xjiezhen", How::Initials, 0),
            ("x", How::Begun, 2),
        ] {
            let found = spell(&town, letters);
            assert!(
                found == Some((how, left)) || (letters == "x" && found.is_some()),
                "{letters} {found:?}"
            );
        }
        for letters in ["", "y", "xinjiezhens", "jz", "xinzhen"] {
            assert_eq!(spell(&town, letters), None, "{letters}");
        }
    }

    #[test]
    fn every_reading_of_a_character_counts() {
        assert_eq!(spell(&word("会计"), "kuaiji"), Some((How::Full, 0)));
        assert_eq!(spell(&word("银行"), "yinhang"), Some((How::Full, 0)));
        assert_eq!(spell(&word("吕"), "lv"), Some((How::Full, 0)));
        assert_eq!(spell(&word("吕"), "lu"), Some((How::Loose, 0)));
        assert_eq!(spell(&word("A4纸"), "a4zhi"), Some((How::Full, 0)));
    }

    #[test]
    fn confusions_go_both_ways() {
        let all = |syllable: &str| -> Vec<String> {
            spellings(syllable).into_iter().map(|(spelling, _)| spelling).collect()
        };
        assert_eq!(all("zeng"), ["zeng", "zen", "zheng", "zhen"]);
        assert_eq!(all("lin"), ["lin", "ling", "nin", "ning"]);
        assert_eq!(all("wo"), ["wo"]);
    }
}
