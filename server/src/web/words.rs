//! Words: what a page says, in Chinese (the source) or in English (`assets/words/en/LC_MESSAGES/mingbai-server.po`).

use std::collections::HashMap;
use std::sync::LazyLock;

use ledger::money::Fen;
use ledger::time::{Date, Period, Timestamp};

const ENGLISH: &str = include_str!("../../../assets/words/en/LC_MESSAGES/mingbai-server.po");

/// Chinese to English. A broken file gives an empty table; a test makes sure that it is not broken.
static TO_ENGLISH: LazyLock<HashMap<String, String>> = LazyLock::new(|| table(ENGLISH));

fn table(po: &str) -> HashMap<String, String> {
    let Ok(catalog) = polib::po_file::parse_from_reader(po.as_bytes()) else {
        return HashMap::new();
    };
    let pairs = catalog.messages().filter_map(|message| {
        let english = message.msgstr().ok()?;
        (!english.is_empty()).then(|| (message.msgid().to_owned(), english.to_owned()))
    });
    pairs.collect()
}

/// Marks a phrase that is translated elsewhere than where it stands, so that the test finds it.
#[must_use]
pub const fn zh(phrase: &'static str) -> &'static str {
    phrase
}

/// The language of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lang {
    /// Chinese, where nothing else was asked for.
    Zh,
    /// English, by `?lang=en`.
    En,
}

impl Lang {
    /// The language that a request's query string asks for.
    #[must_use]
    pub fn of_query(query: Option<&str>) -> Self {
        let asks = |query: &str| query.split('&').any(|pair| pair == "lang=en");
        if query.is_some_and(asks) { Self::En } else { Self::Zh }
    }
}

/// The words of one language. Copied into every page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words {
    /// Which language.
    pub lang: Lang,
}

impl Words {
    /// The words of `lang`.
    #[must_use]
    pub fn new(lang: Lang) -> Self {
        Self { lang }
    }

    /// For the page's `lang` attribute.
    #[must_use]
    pub fn tag(&self) -> &'static str {
        match self.lang {
            Lang::Zh => "zh-CN",
            Lang::En => "en",
        }
    }

    /// Whether this is Chinese.
    #[must_use]
    pub fn zh(&self) -> bool {
        self.lang == Lang::Zh
    }

    /// The phrase in this language; the Chinese one where a translation is missing.
    #[must_use]
    pub fn t(&self, zh: &'static str) -> &'static str {
        match self.lang {
            Lang::Zh => zh,
            Lang::En => TO_ENGLISH.get(zh).map_or(zh, String::as_str),
        }
    }

    /// The phrase with `{name}` replaced by its value, for every pair. A value is never searched again.
    #[must_use]
    pub fn fill(&self, zh: &'static str, values: &[(&str, &str)]) -> String {
        let mut said = String::new();
        let mut rest = self.t(zh);
        while let Some((before, after)) = rest.split_once('{') {
            said.push_str(before);
            let Some((name, tail)) = after.split_once('}') else { break };
            if let Some((_, value)) = values.iter().find(|(key, _)| *key == name) {
                said.push_str(value);
            }
            rest = tail;
        }
        said.push_str(rest);
        said
    }

    /// The phrase with its `{n}` replaced.
    #[must_use]
    pub fn one(&self, zh: &'static str, n: &impl ToString) -> String {
        self.fill(zh, &[("n", &n.to_string())])
    }

    /// An amount with its currency.
    #[must_use]
    pub fn money(&self, amount: &Fen) -> String {
        match self.lang {
            Lang::Zh => format!("{amount} 元"),
            Lang::En => format!("¥{amount}"),
        }
    }

    /// A date as people write it.
    #[must_use]
    pub fn day(&self, date: &Date) -> String {
        self.day_text(&date.to_string())
    }

    /// A month as people write it.
    #[must_use]
    pub fn month(&self, period: &Period) -> String {
        let text = period.to_string();
        let (year, month) = text.split_once('-').unwrap_or((&text, ""));
        match self.lang {
            Lang::Zh => format!("{year}年{}月", unpadded(month)),
            Lang::En => format!("{} {year}", month_name(month)),
        }
    }

    /// A moment, to the minute, in its own offset.
    #[must_use]
    pub fn moment(&self, time: &Timestamp) -> String {
        let text = time.to_string();
        let (date, clock) = text.split_once('T').unwrap_or((&text, ""));
        let minute = clock.get(..5).unwrap_or(clock);
        format!("{} {minute}", self.day_text(date))
    }

    /// The day of a moment, in its own offset.
    #[must_use]
    pub fn moment_day(&self, time: &Timestamp) -> String {
        self.day(&time.date())
    }

    fn day_text(&self, text: &str) -> String {
        let mut parts = text.splitn(3, '-');
        let (year, month, day) = (parts.next(), parts.next(), parts.next());
        let (Some(year), Some(month), Some(day)) = (year, month, day) else {
            return text.to_owned();
        };
        match self.lang {
            Lang::Zh => format!("{year}年{}月{}日", unpadded(month), unpadded(day)),
            Lang::En => format!("{} {} {year}", unpadded(day), month_name(month)),
        }
    }

    /// A link to `path` that keeps the language.
    #[must_use]
    pub fn link(&self, path: &str) -> String {
        match (self.lang, path.contains('?')) {
            (Lang::Zh, _) => path.to_owned(),
            (Lang::En, false) => format!("{path}?lang=en"),
            (Lang::En, true) => format!("{path}&lang=en"),
        }
    }
}

fn unpadded(number: &str) -> &str {
    number.trim_start_matches('0')
}

fn month_name(month: &str) -> &'static str {
    const NAMES: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let number: usize = month.parse().unwrap_or(0);
    number.checked_sub(1).and_then(|at| NAMES.get(at)).copied().unwrap_or("?")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::BTreeSet;
    use std::path::{Path, PathBuf};

    use super::*;

    fn files(under: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(under).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                files(&path, found);
            } else {
                found.push(path);
            }
        }
    }

    /// Every phrase that stands in a call of `t`, `fill`, `one` or `zh`.
    fn phrases_in_use() -> BTreeSet<String> {
        let home = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut paths = Vec::new();
        files(&home.join("templates"), &mut paths);
        files(&home.join("src"), &mut paths);
        let mut phrases = BTreeSet::new();
        let holds_words = |path: &&PathBuf| {
            let kind = path.extension().and_then(|kind| kind.to_str());
            matches!(kind, Some("rs" | "html")) && !path.ends_with("words.rs")
        };
        for path in paths.iter().filter(holds_words) {
            let text = std::fs::read_to_string(path).unwrap();
            for call in [".t(", ".fill(", ".one(", " zh("] {
                for (at, _) in text.match_indices(call) {
                    let rest = text[at + call.len()..].trim_start();
                    if let Some(quoted) = rest.strip_prefix('"') {
                        phrases.insert(quoted.split('"').next().unwrap().to_owned());
                    }
                }
            }
        }
        phrases
    }

    #[test]
    fn every_phrase_on_a_page_has_its_english_and_no_english_is_left_over() {
        let used = phrases_in_use();
        assert!(used.len() > 50, "the search for phrases is broken: {}", used.len());
        let known: BTreeSet<String> = TO_ENGLISH.keys().cloned().collect();
        let missing: Vec<_> = used.difference(&known).collect();
        let unused: Vec<_> = known.difference(&used).collect();
        assert!(missing.is_empty(), "no English for: {missing:#?}");
        assert!(unused.is_empty(), "English that no page uses: {unused:#?}");
    }

    #[test]
    fn a_translation_keeps_every_blank_of_its_phrase() {
        let blanks = |text: &str| -> BTreeSet<String> {
            text.split('{').skip(1).map(|part| part.split('}').next().unwrap().to_owned()).collect()
        };
        for (zh, en) in TO_ENGLISH.iter() {
            assert_eq!(blanks(zh), blanks(en), "{zh}");
        }
    }

    #[test]
    fn a_filled_in_value_is_not_filled_in_again() {
        let words = Words::new(Lang::Zh);
        assert_eq!(words.fill("{a}和{b}", &[("a", "{b}"), ("b", "乙")]), "{b}和乙");
    }

    #[test]
    fn dates_and_links_follow_the_language() {
        let (zh, en) = (Words::new(Lang::Zh), Words::new(Lang::En));
        let date: Date = "2026-05-02".parse().unwrap();
        let period: Period = "2026-10".parse().unwrap();
        assert_eq!((zh.day(&date), en.day(&date)), ("2026年5月2日".into(), "2 May 2026".into()));
        assert_eq!(
            (zh.month(&period), en.month(&period)),
            ("2026年10月".into(), "October 2026".into())
        );
        assert_eq!((zh.link("/b"), en.link("/b")), ("/b".into(), "/b?lang=en".into()));
        assert_eq!(en.link("/b?column=cunwu"), "/b?column=cunwu&lang=en");
        assert_eq!(Lang::of_query(Some("a=b&lang=en")), Lang::En);
        assert_eq!(Lang::of_query(Some("lang=fr")), Lang::Zh);
    }
}
