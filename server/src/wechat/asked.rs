//! What people ask, in the words they write it in: "新街村 10月", "小发票 合心村", "上个月", "公告", "核验", a number.

mod month;
mod village;

use ledger::time::Period;

use crate::web::words::Lang;

/// Characters of a message that are looked at.
const CHARS_MAX: usize = 200;
/// Characters of the longest slip number.
const SLIP_CHARS_MAX: usize = 32;
/// Characters of the shortest one.
const SLIP_CHARS_MIN: usize = 4;

/// What somebody wants to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Accounts: of a village by its code, or of all; of a month, or of the newest there is.
    Accounts {
        /// 12-digit code.
        village: Option<String>,
        /// Which month.
        period: Option<Period>,
    },
    /// The newest bulletins.
    Bulletins,
    /// How a record is checked.
    Verify,
    /// The record with this log index.
    Record(u64),
    /// Where a question is asked, and where its answer is seen.
    Ask,
    /// To be told when the question with this slip number is answered.
    Notice(String),
    /// What can be asked here.
    Help,
    /// Nothing that is understood.
    Unknown,
}

const NOTICE: [&str; 2] = ["提醒", "通知我"];
const BULLETINS: [&str; 6] = ["公告", "通知", "通告", "notice", "notices", "bulletins"];
const ASK: [&str; 14] = [
    "意见",
    "投诉",
    "反映",
    "举报",
    "提问",
    "我要问",
    "质疑",
    "留言",
    "进度",
    "答复",
    "回执",
    "ask",
    "question",
    "progress",
];
const VERIFY: [&str; 7] = ["核验", "核对", "验证", "真假", "真的假的", "verify", "verification"];
const ACCOUNTS: [&str; 13] = [
    "小发票",
    "发票",
    "票据",
    "账",
    "帐",
    "收支",
    "开支",
    "支出",
    "收入",
    "receipts",
    "villages",
    "month",
    "months",
];
const HELP: [&str; 11] =
    ["帮助", "怎么", "如何", "菜单", "你好", "您好", "在吗", "help", "hello", "hi", "?"];
/// What may stand around a record's number.
const AROUND_NUMBER: [&str; 14] = [
    "编号", "记录", "登记", "核验", "核对", "验证", "查询", "查", "看", "第", "号", "条", "笔",
    "record",
];

/// Understands a message. `villages` are codes and names in the directory's order, `today` is this month.
#[must_use]
pub fn read(text: &str, villages: &[(String, String)], today: Period) -> Asked {
    let mut text = plain(text);
    if NOTICE.iter().any(|word| has(&text, word)) {
        return slip(&text).map_or(Asked::Ask, Asked::Notice);
    }
    if let Some(n) = linked(&text) {
        return Asked::Record(n);
    }
    let any = |text: &str, words: &[&str]| words.iter().any(|word| has(text, word));
    let named = village::take(&mut text, villages);
    if any(&text, &BULLETINS) {
        return Asked::Bulletins;
    }
    if any(&text, &ASK) {
        return Asked::Ask;
    }
    let is_named = named != village::Named::None;
    let period = month::take(&mut text, today, is_named);
    if is_named || period.is_some() {
        return Asked::Accounts { village: named.code(), period };
    }
    if let Some(n) = number(&text) {
        return Asked::Record(n);
    }
    if any(&text, &VERIFY) {
        return Asked::Verify;
    }
    if any(&text, &ACCOUNTS) {
        return Asked::Accounts { village: None, period: None };
    }
    if any(&text, &HELP) { Asked::Help } else { Asked::Unknown }
}

/// The language of an answer: English to somebody who asked with one of our English words and no Chinese.
#[must_use]
pub fn language(text: &str) -> Lang {
    let text = plain(text);
    let words = [&BULLETINS[..], &ASK, &VERIFY, &ACCOUNTS, &HELP, &AROUND_NUMBER];
    let mut english = words.into_iter().flatten().filter(|word| word.is_ascii() && word.len() > 1);
    let is_english = text.is_ascii() && english.any(|word| has(&text, word));
    if is_english { Lang::En } else { Lang::Zh }
}

/// The message's beginning in small letters, with the letters and digits of a Chinese keyboard as usual ones.
fn plain(text: &str) -> String {
    let narrow = |c: char| match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        c => c,
    };
    let parts = |c: char| c.is_whitespace() || c.is_control() || "。、,;:!".contains(c);
    let usual = |c: char| if parts(c) { ' ' } else { c.to_ascii_lowercase() };
    text.chars().take(CHARS_MAX).map(narrow).map(usual).collect()
}

/// Whether a word stands in a message: Chinese anywhere, English as a word of its own.
fn has(text: &str, word: &str) -> bool {
    if word.is_ascii() {
        text.split_whitespace().any(|one| one == word)
    } else {
        text.contains(word)
    }
}

/// The slip number in a message: the longest run of letters, digits and hyphens.
fn slip(text: &str) -> Option<String> {
    let runs = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    let runs = runs.map(|run| run.trim_matches('-'));
    let fits = |run: &&str| (SLIP_CHARS_MIN..=SLIP_CHARS_MAX).contains(&run.len());
    runs.filter(fits).max_by_key(|run| run.len()).map(str::to_owned)
}

/// The log index in a record's address.
fn linked(text: &str) -> Option<u64> {
    let at = ["/r/", "/b/"].into_iter().find_map(|page| Some(text.find(page)? + page.len()))?;
    let digits = text.get(at..)?.split(|c: char| !c.is_ascii_digit()).next()?;
    index(digits)
}

/// The log index in a message that says nothing else.
fn number(text: &str) -> Option<u64> {
    let mut text = text.replace(['#', '№'], " ");
    for word in AROUND_NUMBER {
        text = text.replace(word, " ");
    }
    index(text.trim())
}

fn index(digits: &str) -> Option<u64> {
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn villages() -> Vec<(String, String)> {
        let names = ["新街村", "合心村", "大合心村", "三十里铺社区", "柳巷村", "刘巷村"];
        let code = |n: usize| format!("3411811072{:02}", n + 1);
        names.iter().enumerate().map(|(n, name)| (code(n), (*name).to_owned())).collect()
    }

    fn asked(text: &str) -> Asked {
        read(text, &villages(), "2026-11".parse().unwrap())
    }

    fn accounts(village: &str, period: &str) -> Asked {
        let village =
            villages().into_iter().find(|(_, name)| name == village).map(|(code, _)| code);
        Asked::Accounts { village, period: period.parse().ok() }
    }

    #[test]
    fn a_village_and_a_month_are_found_however_they_are_written() {
        for (text, village, period) in [
            ("新街村 10月", "新街村", "2026-10"),
            ("新街村10月份", "新街村", "2026-10"),
            ("新街 十月", "新街村", "2026-10"),
            ("１０月，新街村。", "新街村", "2026-10"),
            ("新街村 2026年5月", "新街村", "2026-05"),
            ("新街村2026年5月的小发票", "新街村", "2026-05"),
            ("新街村 二〇二六年五月", "新街村", "2026-05"),
            ("新街村 26年5月", "新街村", "2026-05"),
            ("新街村 2026-05", "新街村", "2026-05"),
            ("新街村 2026.5", "新街村", "2026-05"),
            ("新街村 2026/5", "新街村", "2026-05"),
            ("新街村 202605", "新街村", "2026-05"),
            ("新街村 2026 5", "新街村", "2026-05"),
            ("新街村 5", "新街村", "2026-05"),
            ("新街村 12月", "新街村", "2025-12"),
            ("新街村 去年12月", "新街村", "2025-12"),
            ("新街村 去年3月", "新街村", "2025-03"),
            ("新街村 前年三月", "新街村", "2024-03"),
            ("新街村 今年十二月", "新街村", "2026-12"),
            ("新街村上个月", "新街村", "2026-10"),
            ("新街村上上个月", "新街村", "2026-09"),
            ("新街村 这个月花了多少钱", "新街村", "2026-11"),
            ("新街村 本月", "新街村", "2026-11"),
            ("合心村", "合心村", ""),
            ("小发票 合心村", "合心村", ""),
            ("合心的账", "合心村", ""),
            ("大合心 9月", "大合心村", "2026-09"),
            ("三十里铺 三月", "三十里铺社区", "2026-03"),
            ("三十里铺社区", "三十里铺社区", ""),
            ("上个月", "", "2026-10"),
            ("Last month", "", "2026-10"),
            ("10月", "", "2026-10"),
            ("10月17号", "", "2026-10"),
            ("小发票", "", ""),
            ("账", "", ""),
            ("新街村 13月", "新街村", ""),
            ("新街村 2026年13月", "新街村", ""),
        ] {
            assert_eq!(asked(text), accounts(village, period), "{text}");
        }
    }

    #[test]
    fn letters_name_a_village_by_its_sound() {
        for (text, village, period) in [
            ("xjc", "新街村", ""),
            ("XJ 10", "新街村", "2026-10"),
            ("xinjie 10月", "新街村", "2026-10"),
            ("hexincun", "合心村", ""),
            // Two villages sound so: it is asked about neither.
            ("lxc 10", "", "2026-10"),
            ("liuxiang", "", ""),
        ] {
            assert_eq!(asked(text), accounts(village, period), "{text}");
        }
    }

    #[test]
    fn everything_else_that_can_be_asked_is_told_apart() {
        for (text, right) in [
            ("公告", Asked::Bulletins),
            ("新街村的通知", Asked::Bulletins),
            ("核验", Asked::Verify),
            ("是真的假的", Asked::Verify),
            ("17", Asked::Record(17)),
            ("第17号", Asked::Record(17)),
            ("核验 17", Asked::Record(17)),
            ("编号：１７", Asked::Record(17)),
            ("#17", Asked::Record(17)),
            ("https://mingbai.example/r/17?lang=en", Asked::Record(17)),
            ("record 17", Asked::Record(17)),
            ("意见箱", Asked::Ask),
            ("查进度", Asked::Ask),
            ("我要投诉新街村", Asked::Ask),
            ("提醒 A1B2-C3D4", Asked::Notice("a1b2-c3d4".into())),
            ("答复了通知我：20261130001", Asked::Notice("20261130001".into())),
            ("提醒", Asked::Ask),
            ("提醒我 a1", Asked::Ask),
            ("帮助", Asked::Help),
            ("？", Asked::Help),
            ("Hello", Asked::Help),
            ("怎么用", Asked::Help),
            ("今天天气", Asked::Unknown),
            ("", Asked::Unknown),
            ("99999999999999999999999", Asked::Unknown),
            ("this", Asked::Unknown),
        ] {
            assert_eq!(asked(text), right, "{text}");
        }
    }

    #[test]
    fn english_is_answered_to_english_words_only() {
        for (text, english) in [
            ("help", true),
            ("Last month", true),
            ("record 17", true),
            ("Notices", true),
            ("xjc 10", false),
            ("17", false),
            ("help 新街村", false),
            ("帮助", false),
        ] {
            assert_eq!(language(text) == Lang::En, english, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,300}") {
            let _ = (asked(&text), language(&text));
        }

        #[test]
        fn words_in_any_order_are_understood_or_not(parts in proptest::collection::vec(
            "新街|合心村|三十里铺|[0-9]{1,6}|[一二三十〇]{1,4}|年|月|上个|去年|号|提醒|-|/r/|xjc| ", 0..12)) {
            let _ = asked(&parts.concat());
        }

        #[test]
        fn every_village_and_month_is_found(
            at in 0..4_usize, year in 2020_u16..=2026, month in 1_u8..=12, form in 0..6_usize
        ) {
            let (code, name) = villages().swap_remove(at);
            let forms = [
                format!("{name}{year}年{month}月"),
                format!("{year}年{month}月 {name}"),
                format!("{name} {year}-{month:02}"),
                format!("{name} {year}.{month}"),
                format!("{name}{year}{month:02}"),
                format!("小发票：{name}，{year}年{month}月份"),
            ];
            let period = format!("{year}-{month:02}").parse().ok();
            proptest::prop_assert_eq!(asked(&forms[form]), Asked::Accounts { village: Some(code), period });
        }
    }
}
