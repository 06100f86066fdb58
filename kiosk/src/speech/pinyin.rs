//! Text as syllables with tones: the longest word that a dictionary knows decides how a character is read.

use std::collections::HashMap;

use inputx_pinyin::PinyinDict;
use pinyin::ToPinyinMulti;

/// The project's own readings; see the file.
const READINGS: &str = include_str!("../../../assets/lexicon/readings.txt");
/// Characters of the longest word that is looked for.
const WORD_MAX: usize = 6;
/// Characters of the longest word that is looked for in the general dictionary.
const DICTIONARY_WORD_MAX: usize = 4;
/// Words after which a person's name stands.
const POSTS: [&str; 9] =
    ["经手人", "证明人", "审核人", "审批人", "领款人", "收款人", "交款人", "报账员", "监督委员"];
/// What Latin letters are called, from A on.
const LETTERS: [&str; 26] = [
    "ei1",
    "bi4",
    "xi1",
    "di4",
    "yi4",
    "ai2 fu5",
    "ji4",
    "ai2 chi5",
    "ai4",
    "zhei4",
    "kei4",
    "ai2 lou5",
    "ai2 mu5",
    "en1",
    "ou1",
    "pi4",
    "kou4",
    "a4",
    "ai2 si5",
    "ti4",
    "you4",
    "wei4",
    "da2 bu5 liu5",
    "ai2 ke5 si5",
    "wai4",
    "zei4",
];
/// Characters that 一 before them counts, so that its tone changes: 一百, 一元.
const COUNTED: &str = "百千万亿元角分个张块户人名位条次天年台只头亩斤公吨米里间套份家项件座株棵袋包瓶桶车趟批期届种处片段盏根把双对辆艘艇本册倍笔栏样时直起定般致共并";
/// What stands for a pause, and for the end of a sentence.
const PAUSE: &str = ",";
const END: &str = ".";

/// Knows how to read.
pub(super) struct Readings {
    own: HashMap<&'static str, Vec<&'static str>>,
    surnames: HashMap<&'static str, Vec<&'static str>>,
    dictionary: PinyinDict,
}

impl Readings {
    /// Opens the dictionaries: a few milliseconds.
    pub(super) fn open() -> Self {
        let (mut own, mut surnames) = (HashMap::new(), HashMap::new());
        for line in READINGS.lines().filter(|line| !line.starts_with('#')) {
            let mut parts = line.split_whitespace();
            let Some(word) = parts.next() else { continue };
            match word.strip_prefix('~') {
                Some(surname) => surnames.insert(surname, parts.collect()),
                None => own.insert(word, parts.collect()),
            };
        }
        Self { own, surnames, dictionary: PinyinDict::embedded() }
    }

    /// `said` (characters, letters and ，。！？, as `aloud` leaves them) as syllables such as `yin2`, with `,` and `.` for
    /// pauses, separated by blanks. What has no sound is left out.
    pub(super) fn syllables(&self, said: &str) -> String {
        let characters: Vec<char> = said.chars().collect();
        let mut syllables: Vec<String> = Vec::new();
        let mut at = 0;
        while at < characters.len() {
            let rest = &characters[at..];
            match rest[0] {
                letter @ ('a'..='z' | 'A'..='Z') => {
                    let place = letter.to_ascii_lowercase() as usize - 'a' as usize;
                    syllables.push(LETTERS[place].to_owned());
                    at += 1;
                }
                '，' | ',' => {
                    syllables.push(PAUSE.to_owned());
                    at += 1;
                }
                '。' | '！' | '？' | '!' | '?' => {
                    syllables.push(END.to_owned());
                    at += 1;
                }
                _ => {
                    let word = self.word(&characters[..at], rest);
                    at += word.len().max(1);
                    syllables.extend(word);
                }
            }
        }
        changed_tones(&characters, &mut syllables);
        syllables.retain(|syllable| !syllable.is_empty());
        syllables.join(" ")
    }

    /// The syllables of the word that `rest` begins with, one a character; an empty one where there is no sound.
    fn word(&self, before: &[char], rest: &[char]) -> Vec<String> {
        if let Some(name) = self.surname(before, rest) {
            return name;
        }
        if let Some(own) = self.own(rest, 2) {
            return own;
        }
        for length in (2..=DICTIONARY_WORD_MAX.min(rest.len())).rev() {
            let word = &rest[..length];
            if let Some(mut known) = self.known(&word.iter().collect::<String>()) {
                // A word within the word knows better how it is read.
                for place in 1..length {
                    if let Some(own) = self.own(&word[place..], 2) {
                        let end = known.len().min(place + own.len());
                        known.splice(place..end, own);
                    }
                }
                return known;
            }
        }
        if let Some(own) = self.own(rest, 1) {
            return own;
        }
        let reading = tones(rest[0]).into_iter().next();
        vec![reading.map(|(_, toned)| toned).unwrap_or_default()]
    }

    /// The longest word of the project's own that `rest` begins with, of at least so many characters.
    fn own(&self, rest: &[char], least: usize) -> Option<Vec<String>> {
        (least..=WORD_MAX.min(rest.len())).rev().find_map(|length| {
            let own = self.own.get(rest[..length].iter().collect::<String>().as_str())?;
            Some(own.iter().map(|&syllable| syllable.to_owned()).collect())
        })
    }

    /// A surname that is read unlike the word, where a person is introduced.
    fn surname(&self, before: &[char], rest: &[char]) -> Option<Vec<String>> {
        let introduced = |post: &&&str| {
            let post: Vec<char> = post.chars().collect();
            before.ends_with(&post)
        };
        POSTS.iter().find(introduced)?;
        (1..=2.min(rest.len())).rev().find_map(|length| {
            let name: String = rest[..length].iter().collect();
            let own = self.surnames.get(name.as_str())?;
            Some(own.iter().map(|&syllable| syllable.to_owned()).collect())
        })
    }

    /// A word of the general dictionary. It knows sounds without tones; the tone is the commonest that fits, and for a
    /// character of one reading, of course, that.
    fn known(&self, word: &str) -> Option<Vec<String>> {
        let readings: Vec<Vec<(String, String)>> = word.chars().map(|c| self.readings(c)).collect();
        let mut codes = vec![(String::new(), Vec::new())];
        for character in &readings {
            let longer = codes.iter().flat_map(|(code, tones): &(String, Vec<String>)| {
                character.iter().map(move |(plain, toned)| {
                    let tones = tones.iter().chain([toned]).cloned().collect();
                    (format!("{code}{plain}"), tones)
                })
            });
            codes = longer.filter(|(code, _)| self.dictionary.prefix_exists(code)).collect();
        }
        let mut words = Vec::new();
        let mut best: Option<(u64, Vec<String>)> = None;
        for (code, tones) in codes {
            self.dictionary.lookup_with_freq_into(&code, &mut words);
            let found = words.iter().find(|(known, _)| known == word);
            if let Some((_, often)) = found
                && best.as_ref().is_none_or(|(known, _)| often > known)
            {
                best = Some((*often, tones));
            }
        }
        best.map(|(_, tones)| tones)
    }

    /// As [`tones`], but the reading that the project gives the character by itself first.
    fn readings(&self, character: char) -> Vec<(String, String)> {
        let mut readings = tones(character);
        if let Some(own) = self.own.get(character.to_string().as_str()).and_then(|own| own.first())
            && let Some(place) = readings.iter().position(|(_, toned)| toned == own)
        {
            readings[..=place].rotate_right(1);
        }
        let mut seen = Vec::new();
        readings.retain(|(plain, _)| {
            let new = !seen.contains(plain);
            seen.push(plain.clone());
            new
        });
        readings
    }
}

/// Every reading of a character, without and with its tone, `ü` written `v`; the commonest first.
fn tones(character: char) -> Vec<(String, String)> {
    let readings = character.to_string().as_str().to_pinyin_multi().next().flatten();
    let tidy = |text: &str| text.replace('ü', "v");
    let reading = |reading: pinyin::Pinyin| {
        let toned = tidy(reading.with_tone_num_end());
        let toned = if toned.ends_with(|c: char| c.is_ascii_digit()) { toned } else { toned + "5" };
        (tidy(reading.plain()), toned)
    };
    readings.into_iter().flatten().map(reading).collect()
}

/// 一 and 不 change their tone before others: yí before the fourth, yì before the rest, bú before the fourth.
fn changed_tones(characters: &[char], syllables: &mut [String]) {
    for place in 0..characters.len().min(syllables.len()) {
        let next = syllables.get(place + 1).and_then(|next| next.chars().last());
        let follows = characters.get(place + 1).copied().unwrap_or(' ');
        let before = place.checked_sub(1).map_or(' ', |place| characters[place]);
        let counts = COUNTED.contains(follows) && !"第十零一二三四五六七八九点".contains(before);
        match (characters[place], syllables[place].as_str(), next) {
            ('一', "yi1", Some('4')) if counts => syllables[place] = "yi2".to_owned(),
            ('一', "yi1", Some('1'..='3')) if counts => syllables[place] = "yi4".to_owned(),
            ('不', "bu4", Some('4')) => syllables[place] = "bu2".to_owned(),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests;
