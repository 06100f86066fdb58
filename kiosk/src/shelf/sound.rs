//! How words sound: pinyin, so that `ludeng` and `ld` find 路灯.

use pinyin::ToPinyinMulti;

/// The most readings of one character that are kept: the usual ones come first.
const READINGS_MAX: usize = 3;

/// The syllables of a text, each followed by a blank; a character's readings are divided by `/`. What has no sound, and
/// may not be skipped by who types, is `.`.
pub(super) fn sound(text: &str) -> String {
    let mut sound = String::with_capacity(text.len() * 2);
    for character in text.chars() {
        match character.to_pinyin_multi() {
            Some(all) => {
                let mut readings: Vec<&str> = Vec::new();
                for reading in all.into_iter().map(pinyin::Pinyin::plain) {
                    if readings.len() < READINGS_MAX && !readings.contains(&reading) {
                        readings.push(reading);
                    }
                }
                sound += &readings.join("/").replace('ü', "v");
            }
            None if character.is_ascii_alphanumeric() => sound.push(character.to_ascii_lowercase()),
            None => sound.push('.'),
        }
        sound.push(' ');
    }
    sound
}

/// True when letters that somebody typed sound like a part of `sound`: from a syllable on, each either whole or by its
/// initial (`zh`, `ch` and `sh` by one letter or two), the last one as far as it was typed.
pub(super) fn sounds_like(sound: &str, typed: &str) -> bool {
    let mut rest = sound;
    while !rest.is_empty() {
        if begins(rest, typed) {
            return true;
        }
        rest = rest.split_once(' ').map_or("", |(_, rest)| rest);
    }
    false
}

fn begins(sound: &str, typed: &str) -> bool {
    let Some((syllable, rest)) = sound.split_once(' ') else { return typed.is_empty() };
    let first = typed.as_bytes().first();
    for reading in syllable.split('/') {
        // Nearly always seen by the first letter.
        if reading.as_bytes().first() != first {
            continue;
        }
        if reading.starts_with(typed) {
            return true;
        }
        let initial = 1 + usize::from(reading.as_bytes().get(1) == Some(&b'h'));
        let ways = [reading.len(), initial, 1];
        if ways.into_iter().any(|length| {
            let whole = reading.get(..length).is_some_and(|part| typed.starts_with(part));
            whole && typed.get(length..).is_some_and(|typed| begins(rest, typed))
        }) {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn whole_syllables_initials_and_both_find_the_words() {
        let street = sound("新街镇路灯维修");
        for typed in ["xjz", "xjzh", "xinjiezhen", "ludeng", "ld", "ldwx", "xinjz", "wx", "weix"] {
            assert!(sounds_like(&street, typed), "{typed}");
        }
        for typed in ["uden", "zxz", "ldx", "xjl", "ingz", "denglu"] {
            assert!(!sounds_like(&street, typed), "{typed}");
        }
    }

    #[test]
    fn a_character_of_two_readings_is_found_by_either() {
        for typed in ["yinhang", "yinxing", "yh", "yx"] {
            assert!(sounds_like(&sound("银行"), typed), "{typed}");
        }
        assert!(sounds_like(&sound("绿化"), "lvhua"));
        assert!(sounds_like(&sound("LED灯"), "leddeng"));
        assert!(!sounds_like(&sound("路，灯"), "ludeng"));
    }

    proptest::proptest! {
        #[test]
        fn any_text_has_a_sound_that_it_sounds_like(text in "[\u{4e00}-\u{9fa5}a-z]{1,12}") {
            let own = sound(&text);
            let initials: String = own.split_whitespace().map(|s| &s[..1]).collect();
            proptest::prop_assert!(own.contains('.') || sounds_like(&own, &initials));
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,30}", typed in "\\PC{0,30}") {
            let _ = sounds_like(&sound(&text), &typed);
        }
    }
}
