//! What somebody typed, read: words, letters of pinyin, amounts, months, days, numbers of receipts.

use std::ops::RangeInclusive;

use memchr::memmem;

use super::sound::sounds_like;

/// Characters of a question that are read.
const QUESTION_CHARS_MAX: usize = 100;
/// The largest amount that is looked for, in yuan.
const YUAN_MAX: f64 = 1e12;

/// A record as the search sees it; what is not asked for is not read.
pub(super) trait Candidate {
    fn index(&self) -> u64;
    fn village(&self) -> &[u8];
    /// `YYYY-MM-DD`.
    fn day(&self) -> &[u8];
    /// `YYYY-MM`: the accounts' month, which need not be the day's.
    fn period(&self) -> &[u8];
    /// Fen; a bulletin has none.
    fn amount(&self) -> Option<i64>;
    /// As `sound.rs` writes it.
    fn sound(&self) -> &[u8];
    fn text(&self) -> &[u8];
}

/// A place of the directory: code, name, and how that sounds.
pub(super) struct Place {
    pub code: String,
    pub name: String,
    pub sound: String,
}

/// Something that a record must have.
#[derive(Clone, Debug, PartialEq)]
enum Word {
    /// These characters, or a place of these codes.
    Text(String, Vec<String>),
    /// This sound, or a place of these codes.
    Sound(String, Vec<String>),
    /// An amount in fen.
    Amount(RangeInclusive<i64>),
    /// This number: an amount in fen, or the digits themselves.
    Number(i64, String),
    /// A year, a month, a day; those that were said.
    When(Option<u16>, Option<u8>, Option<u8>),
    /// The log index.
    Index(u64),
}

/// What stood between two blanks: the record has it as it stands, or all of its words.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Wish {
    literal: String,
    words: Vec<Word>,
}

impl Wish {
    pub fn is_met_by(&self, record: &impl Candidate) -> bool {
        let said_apart = self.words.iter().all(|word| word.is_met_by(record));
        said_apart || (self.words.len() > 1 && has(record.text(), &self.literal))
    }
}

impl Word {
    fn is_met_by(&self, record: &impl Candidate) -> bool {
        let at = |places: &[String]| {
            !places.is_empty() && places.iter().any(|code| code.as_bytes() == record.village())
        };
        match self {
            Self::Text(text, places) => at(places) || has(record.text(), text),
            Self::Sound(typed, places) => {
                at(places)
                    || sounds_like(record.sound(), typed.as_bytes())
                    || has(record.text(), typed)
            }
            Self::Amount(fen) => record.amount().is_some_and(|amount| fen.contains(&amount)),
            Self::Number(fen, digits) => {
                record.amount() == Some(*fen) || has(record.text(), digits)
            }
            Self::When(year, month, day) => {
                // Without a day it is the accounts' month that counts.
                let date = if day.is_some() { record.day() } else { record.period() };
                let is = |part: std::ops::Range<usize>, number: Option<u16>| {
                    let width = part.len();
                    number.is_none_or(|n| date.get(part) == Some(format!("{n:0width$}").as_bytes()))
                };
                is(0..4, *year) && is(5..7, month.map(u16::from)) && is(8..10, day.map(u16::from))
            }
            Self::Index(index) => record.index() == *index,
        }
    }
}

fn has(text: &[u8], part: &str) -> bool {
    memmem::find(text, part.as_bytes()).is_some()
}

/// Text as it is compared: wide letters and digits narrow, capitals small.
pub(super) fn plain(text: &str) -> String {
    let narrow = |c: char| match c {
        '\u{3000}' => ' ',
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        _ => c,
    };
    text.chars().map(narrow).flat_map(char::to_lowercase).collect()
}

/// Reads what was typed.
pub(super) fn wishes(typed: &str, places: &[Place]) -> Vec<Wish> {
    let typed: String = typed.chars().take(QUESTION_CHARS_MAX).collect();
    let typed = plain(&typed).replace('ü', "v");
    let parts = typed.split(|c: char| c.is_whitespace() || "、;。".contains(c));
    let wish = |part: &str| {
        let literal = part.trim_matches(|c: char| !c.is_alphanumeric());
        let words = words(literal, places);
        (!words.is_empty()).then(|| Wish { literal: literal.to_owned(), words })
    };
    parts.filter_map(wish).collect()
}

fn words(mut part: &str, places: &[Place]) -> Vec<Word> {
    let mut words = Vec::new();
    while let Some(first) = part.chars().next() {
        let (word, rest) = if let Some((word, rest)) = figures(part) {
            (Some(word), rest)
        } else if first.is_ascii_alphanumeric() {
            let (run, rest) = run_of(part, |c| c.is_ascii_alphanumeric());
            let at =
                places.iter().filter(|place| sounds_like(place.sound.as_bytes(), run.as_bytes()));
            (Some(Word::Sound(run.to_owned(), codes(at))), rest)
        } else if let Some(place) = places.iter().find(|place| part.starts_with(&place.name)) {
            let same = places.iter().filter(|other| other.name == place.name);
            (Some(Word::Text(place.name.clone(), codes(same))), &part[place.name.len()..])
        } else {
            let (run, rest) = run_of(part, |c| !c.is_ascii_alphanumeric() && c != '第');
            // Whatever it begins with belongs to it.
            let (run, rest) =
                if run.is_empty() { part.split_at(first.len_utf8()) } else { (run, rest) };
            let text = run.trim_matches(|c: char| !c.is_alphanumeric());
            let at = places.iter().filter(|place| place.name.contains(text));
            ((!text.is_empty()).then(|| Word::Text(text.to_owned(), codes(at))), rest)
        };
        words.extend(word);
        part = rest;
    }
    words
}

fn codes<'p>(places: impl Iterator<Item = &'p Place>) -> Vec<String> {
    places.map(|place| place.code.clone()).collect()
}

fn run_of(text: &str, belongs: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !belongs(c)).unwrap_or(text.len()))
}

/// A word that begins with a number or with 第, and what follows it.
fn figures(part: &str) -> Option<(Word, &str)> {
    if let Some(rest) = part.strip_prefix('第') {
        let (digits, rest) = run_of(rest, |c| c.is_ascii_digit());
        return Some((Word::Index(digits.parse().ok()?), rest.strip_prefix('号')?));
    }
    when(part).or_else(|| amount(part))
}

/// `2026-05`, `2026-05-12`, `2026年5月12日` and its parts.
fn when(part: &str) -> Option<(Word, &str)> {
    let number = |text: &'_ str, most: usize| -> Option<(u16, usize)> {
        let length = run_of(text, |c| c.is_ascii_digit()).0.len();
        (length > 0 && length <= most).then(|| Some((text[..length].parse().ok()?, length)))?
    };
    let month = |n: u16| u8::try_from(n).ok().filter(|n| (1..=12).contains(n));
    let day = |n: u16| u8::try_from(n).ok().filter(|n| (1..=31).contains(n));
    let (mut year, mut rest) = (None, part);
    if let Some((n, length)) = number(part, 4).filter(|(n, length)| *length == 4 && *n >= 1900) {
        let after = &part[length..];
        if let Some(dashed) = after.strip_prefix('-') {
            let (m, length) = number(dashed, 2)?;
            let (m, after) = (month(m)?, &dashed[length..]);
            let said = after.strip_prefix('-').and_then(|d| Some((number(d, 2)?, d)));
            return Some(match said {
                Some(((d, length), text)) => {
                    (Word::When(Some(n), Some(m), Some(day(d)?)), &text[length..])
                }
                None => (Word::When(Some(n), Some(m), None), after),
            });
        }
        rest = after.strip_prefix('年')?;
        year = Some(n);
    }
    let said = number(rest, 2).and_then(|(m, length)| {
        Some((
            month(m)?,
            rest[length..].strip_prefix("月份").or(rest[length..].strip_prefix('月'))?,
        ))
    });
    let Some((m, rest)) = said else {
        return year.map(|_| (Word::When(year, None, None), rest));
    };
    let said = number(rest, 2)
        .and_then(|(d, length)| Some((day(d)?, rest[length..].strip_prefix(['日', '号'])?)));
    Some(match said {
        Some((d, rest)) => (Word::When(year, Some(m), Some(d)), rest),
        None => (Word::When(year, Some(m), None), rest),
    })
}

/// `320`, `320.5`, `1,200元`, `3万`, `100-500元`, `500元以上`.
fn amount(part: &str) -> Option<(Word, &str)> {
    let (low, digits, rest) = yuan(part)?;
    let (unit, rest) = money_word(rest);
    if let Some(rest) = rest.strip_prefix("以上") {
        return Some((Word::Amount(low..=i64::MAX), rest));
    }
    if let Some(rest) = rest.strip_prefix("以下") {
        return Some((Word::Amount(0..=low), rest));
    }
    let between = rest.strip_prefix(['-', '~', '～', '—', '到', '至']);
    if let Some((high, _, rest)) = between.and_then(yuan) {
        let (_, rest) = money_word(rest);
        return Some((Word::Amount(low.min(high)..=high.max(low)), rest));
    }
    if rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return None; // 3a is no amount
    }
    Some(if unit { (Word::Amount(low..=low), rest) } else { (Word::Number(low, digits), rest) })
}

fn money_word(text: &str) -> (bool, &str) {
    let rest = ["元钱", "块钱", "元", "块"].iter().find_map(|word| text.strip_prefix(word));
    rest.map_or((false, text), |rest| (true, rest))
}

/// A number of yuan as fen, its digits as typed, and what follows.
fn yuan(text: &str) -> Option<(i64, String, &str)> {
    let (run, rest) = run_of(text, |c| c.is_ascii_digit() || c == '.' || c == ',');
    let kept = run.trim_end_matches(['.', ',']);
    let rest = if kept.len() < run.len() { &text[kept.len()..] } else { rest };
    let number: f64 = kept.replace(',', "").parse().ok()?;
    let (number, rest) = match rest.strip_prefix('万') {
        Some(rest) => (number * 10_000.0, rest),
        None => (number, rest),
    };
    (number <= YUAN_MAX).then(|| ((number * 100.0).round() as i64, kept.to_owned(), rest))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::sound::sound;
    use super::*;

    /// A receipt for a road sign.
    struct Sign;

    impl Candidate for Sign {
        fn index(&self) -> u64 {
            7
        }
        fn village(&self) -> &[u8] {
            b"2"
        }
        fn day(&self) -> &[u8] {
            b"2026-05-12"
        }
        fn period(&self) -> &[u8] {
            b"2026-05"
        }
        fn amount(&self) -> Option<i64> {
            Some(32_000)
        }
        fn sound(&self) -> &[u8] {
            b""
        }
        fn text(&self) -> &[u8] {
            "修107省道第3批标牌".as_bytes()
        }
    }

    fn place(code: &str, name: &str) -> Place {
        Place { code: code.into(), name: name.into(), sound: sound(name) }
    }

    fn read(typed: &str) -> Vec<Word> {
        let places = [place("1", "新街镇"), place("2", "新街村"), place("3", "河东村")];
        wishes(typed, &places).into_iter().flat_map(|wish| wish.words).collect()
    }

    fn text(word: &str, codes: &[&str]) -> Word {
        Word::Text(word.into(), codes.iter().map(|code| (*code).to_owned()).collect())
    }

    #[test]
    fn amounts_months_days_and_numbers_are_read_as_what_they_are() {
        let number = |fen, digits: &str| Word::Number(fen, digits.into());
        for (typed, word) in [
            ("320", number(32_000, "320")),
            ("320.5", number(32_050, "320.5")),
            ("１，２００元", Word::Amount(120_000..=120_000)),
            ("3万", number(3_000_000, "3")),
            ("1.5万元", Word::Amount(1_500_000..=1_500_000)),
            ("100-500元", Word::Amount(10_000..=50_000)),
            ("500到100", Word::Amount(10_000..=50_000)),
            ("500元以上", Word::Amount(50_000..=i64::MAX)),
            ("20块以下", Word::Amount(0..=2000)),
            ("2026-05", Word::When(Some(2026), Some(5), None)),
            ("2026-05-12", Word::When(Some(2026), Some(5), Some(12))),
            ("2026年5月", Word::When(Some(2026), Some(5), None)),
            ("2026年", Word::When(Some(2026), None, None)),
            ("5月", Word::When(None, Some(5), None)),
            ("5月12日", Word::When(None, Some(5), Some(12))),
            ("第17号", Word::Index(17)),
            ("路灯", text("路灯", &[])),
            ("新街", text("新街", &["1", "2"])),
        ] {
            assert_eq!(read(typed), [word], "{typed}");
        }
    }

    #[test]
    fn words_need_no_blanks_between_them() {
        let at = Word::When(None, Some(5), None);
        assert_eq!(read("新街村5月路灯"), [text("新街村", &["2"]), at, text("路灯", &[])]);
        assert_eq!(read("路灯320元")[1], Word::Amount(32_000..=32_000));
        assert!(
            matches!(&read("xjc")[0], Word::Sound(typed, at) if typed == "xjc" && *at == ["2"])
        );
        assert!(read("  ，。 ").is_empty());
    }

    #[test]
    fn what_stands_there_word_for_word_is_always_found() {
        let record = Sign;
        let met = |typed: &str| wishes(typed, &[]).iter().all(|wish| wish.is_met_by(&record));
        for typed in ["107省道", "第3批", "省道 320元", "5月 标牌", "第7号", "2026-05-12 107"]
        {
            assert!(met(typed), "{typed}");
        }
        for typed in ["108省道", "321元", "6月", "第8号", "标语"] {
            assert!(!met(typed), "{typed}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_question_panics(typed in "\\PC{0,120}") {
            let _ = wishes(&typed, &[place("1", "新街镇")]);
        }

        #[test]
        fn no_figures_panic(typed in "[0-9第号月年日元万块以上下.,~到至-]{0,14}") {
            let _ = wishes(&typed, &[]);
        }
    }
}
