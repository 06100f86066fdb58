#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

fn words(pinyin: &Pinyin, letters: &str) -> Vec<String> {
    pinyin.candidates(letters, 40).into_iter().map(|candidate| candidate.text).collect()
}

fn taught() -> Pinyin {
    let mut pinyin = Pinyin::open();
    pinyin.teach(["新街镇", "新街村", "合心村", "柳塘村", "县宏达建材有限公司", "文达办公"]);
    pinyin
}

#[test]
fn village_words_come_first() {
    let pinyin = taught();
    for (letters, word) in [
        ("ludeng", "路灯"),
        ("fapiao", "发票"),
        ("shouju", "收据"),
        ("xinjiezhen", "新街镇"),
        ("xjz", "新街镇"),
        ("hexincun", "合心村"),
        ("hxc", "合心村"),
        ("kuaiji", "会计"),
        ("li", "李"),
        ("wang", "王"),
        ("dibao", "低保"),
        ("cunwugongkai", "村务公开"),
        ("cwgk", "村务公开"),
        ("wenda", "文达办公"),
        ("LUDENG", "路灯"),
    ] {
        assert_eq!(words(&pinyin, letters).first().unwrap(), word, "{letters}");
    }
}

#[test]
fn sounds_that_people_confuse_find_the_word_all_the_same() {
    let pinyin = taught();
    for (letters, word) in [
        ("nudeng", "路灯"),
        ("souju", "收据"),
        ("sui", "水"),
        ("zengfu", "政府"),
        ("xingjiecun", "新街村"),
        ("niutangcun", "柳塘村"),
        ("lu", "吕"),
        ("bolan", "波澜"),
    ] {
        let found = words(&pinyin, letters);
        assert!(found.contains(&word.to_owned()), "{letters}: {found:?}");
    }
}

#[test]
fn the_dictionary_knows_what_the_village_list_does_not() {
    let pinyin = Pinyin::open();
    for (letters, word) in [
        ("zhongguo", "中国"),
        ("women", "我们"),
        ("fangan", "方案"),
        ("xian", "西安"),
        ("diannao", "电脑"),
        ("shengchan", "生产"),
        ("nvren", "女人"),
        ("zg", "中国"),
        ("zhongg", "中国"),
    ] {
        let found = words(&pinyin, letters);
        assert!(found.contains(&word.to_owned()), "{letters}: {found:?}");
    }
}

#[test]
fn a_long_line_is_committed_word_by_word() {
    let pinyin = taught();
    let mut letters = "shoujubuqingchu";
    let mut said = String::new();
    while !letters.is_empty() {
        let candidate = &pinyin.candidates(letters, 40)[0];
        said += &candidate.text;
        letters = &letters[candidate.letters_used..];
    }
    assert_eq!(said, "收据不清楚");
}

#[test]
fn teaching_again_forgets_what_was_taught_before() {
    let mut pinyin = taught();
    pinyin.teach(["龙岗村"]);
    assert_eq!(words(&pinyin, "lgc")[0], "龙岗村");
    assert_ne!(words(&pinyin, "xjz").first().map(String::as_str), Some("新街镇"));
    assert_eq!(words(&pinyin, "ludeng")[0], "路灯");
}

#[test]
fn what_is_not_letters_finds_nothing() {
    let pinyin = Pinyin::open();
    for letters in ["", "a b", "lu1", "路", "'", &"a".repeat(LETTERS_MAX + 1)] {
        assert!(pinyin.candidates(letters, 10).is_empty(), "{letters}");
    }
    assert!(pinyin.candidates("li", 0).is_empty());
}

#[test]
fn a_key_takes_under_20_ms() {
    let mut pinyin = taught();
    let payees: Vec<String> = (0..5_000u32)
        .map(|n| {
            let letter = |k: u32| char::from_u32(0x4e00 + (n * 7 + k * 1_000) % 5_000).unwrap();
            (0..4).map(letter).collect()
        })
        .collect();
    pinyin.teach(payees.iter().map(String::as_str));
    let long = "zhongguorenminjiefangjunshizh";
    let mut slowest = (Duration::ZERO, "");
    for letters in ["s", "z", "l", "sh", "zh", "shi", "xjz", "szs", "zzzz", "sssssssssssss", long] {
        for end in 1..=letters.len() {
            let quickest = (0..3).map(|_| {
                let begun = Instant::now();
                let _ = pinyin.candidates(&letters[..end], 60);
                begun.elapsed()
            });
            slowest = slowest.max((quickest.min().unwrap(), &letters[..end]));
        }
    }
    println!("slowest key: {slowest:?}");
    assert!(slowest.0 < Duration::from_millis(20), "{slowest:?}");
}

proptest! {
    #[test]
    fn whatever_is_typed_each_word_is_offered_once_and_uses_letters_that_are_there(
        letters in "[a-z]{1,30}", max in 0usize..40,
    ) {
        let found = taught().candidates(&letters, max);
        prop_assert!(found.len() <= max);
        let distinct: HashSet<&str> = found.iter().map(|c| c.text.as_str()).collect();
        prop_assert_eq!(distinct.len(), found.len());
        for candidate in &found {
            prop_assert!((1..=letters.len()).contains(&candidate.letters_used));
        }
    }
}
