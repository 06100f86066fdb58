//! How words sound: pinyin, so that `ludeng` and `ld` find 路灯.

use memchr::{memchr, memchr_iter};
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
pub(super) fn sounds_like(sound: &[u8], typed: &[u8]) -> bool {
    let Some(first) = typed.first() else { return true };
    memchr_iter(*first, sound).any(|at| {
        let starts = at == 0 || matches!(sound[at - 1], b' ' | b'/');
        starts && begins(&sound[at..], typed)
    })
}

/// True when the reading that `sound` begins with, and the syllables after it, sound as typed.
fn begins(sound: &[u8], typed: &[u8]) -> bool {
    let Some(end) = sound.iter().position(|byte| matches!(byte, b' ' | b'/')) else { return false };
    let reading = &sound[..end];
    if reading.starts_with(typed) {
        return true;
    }
    let next = end + memchr(b' ', &sound[end..]).map_or(sound.len() - end, |blank| blank + 1);
    let rest = &sound[next..];
    let initial = 1 + usize::from(reading.get(1) == Some(&b'h'));
    [reading.len(), initial, 1].into_iter().any(|length| {
        let part = reading.get(..length).filter(|part| !part.is_empty() && typed.starts_with(part));
        part.is_some() && follows(rest, &typed[length..])
    })
}

/// True when the next syllable, by any of its readings, and those after it sound as typed.
fn follows(sound: &[u8], typed: &[u8]) -> bool {
    let mut at = 0;
    loop {
        if begins(&sound[at..], typed) {
            return true;
        }
        match sound[at..].iter().position(|byte| matches!(byte, b' ' | b'/')) {
            Some(end) if sound[at + end] == b'/' => at += end + 1,
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn heard(sound: &str, typed: &str) -> bool {
        sounds_like(sound.as_bytes(), typed.as_bytes())
    }

    #[test]
    fn whole_syllables_initials_and_both_find_the_words() {
        let street = sound("新街镇路灯维修");
        for typed in ["xjz", "xjzh", "xinjiezhen", "ludeng", "ld", "ldwx", "xinjz", "wx", "weix"] {
            assert!(heard(&street, typed), "{typed}");
        }
        for typed in ["uden", "zxz", "ldx", "xjl", "ingz", "denglu"] {
            assert!(!heard(&street, typed), "{typed}");
        }
    }

    #[test]
    fn a_character_of_two_readings_is_found_by_either() {
        for typed in ["yinhang", "yinxing", "yh", "yx"] {
            assert!(heard(&sound("银行"), typed), "{typed}");
        }
        assert!(heard(&sound("绿化"), "lvhua"));
        assert!(heard(&sound("LED灯"), "leddeng"));
        assert!(!heard(&sound("路，灯"), "ludeng"));
    }

    proptest::proptest! {
        #[test]
        fn any_text_has_a_sound_that_it_sounds_like(text in "[\u{4e00}-\u{9fa5}a-z]{1,12}") {
            let own = sound(&text);
            let initials: String = own.split_whitespace().map(|s| &s[..1]).collect();
            proptest::prop_assert!(own.contains('.') || heard(&own, &initials));
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,30}", typed in "\\PC{0,30}") {
            let _ = heard(&sound(&text), &typed);
        }
    }
}
