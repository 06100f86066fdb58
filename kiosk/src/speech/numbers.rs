//! Numbers as they are said in Chinese: counts, sums of money, digits one by one.

use ledger::money::Fen;

const DIGITS: [char; 10] = ['零', '一', '二', '三', '四', '五', '六', '七', '八', '九'];
const UNITS: [(u64, &str); 5] =
    [(100_000_000, "亿"), (10_000, "万"), (1_000, "千"), (100, "百"), (10, "十")];

/// A count: 10,050 is 一万零五十. Two is 两 before 百, 千, 万 and 亿 where the number begins with it.
pub(super) fn count(number: u64) -> String {
    part(number, true)
}

/// A number, or what follows the higher part of one.
fn part(number: u64, first: bool) -> String {
    let Some((unit, name)) = UNITS.iter().find(|(unit, _)| number >= *unit) else {
        return DIGITS[(number % 10) as usize].to_string();
    };
    let head = match number / unit {
        1 if first && *unit == 10 => String::new(),
        2 if first && *unit > 10 => "两".to_owned(),
        head => part(head, first),
    };
    match number % unit {
        0 => format!("{head}{name}"),
        rest if rest < unit / 10 => format!("{head}{name}零{}", part(rest, false)),
        rest => format!("{head}{name}{}", part(rest, false)),
    }
}

/// As [`count`], for a number of things: two of them are 两.
pub(super) fn count_of(number: u64) -> String {
    if number == 2 { "两".to_owned() } else { count(number) }
}

/// Each digit by itself; anything else is left out.
pub(super) fn digits(text: &str) -> String {
    text.chars().filter_map(|c| Some(DIGITS[c.to_digit(10)? as usize])).collect()
}

/// As [`digits`], as people say the number of a telephone or a paper: one is 幺, which sounds like no other.
pub(super) fn code(text: &str) -> String {
    digits(text).replace('一', "幺")
}

/// A sum: 1,234.50 is 一千二百三十四元五角.
pub(super) fn yuan(sum: Fen) -> String {
    let (whole, rest) = (sum.0.unsigned_abs() / 100, sum.0.unsigned_abs() % 100);
    let (jiao, fen) = (rest / 10, rest % 10);
    let mut said = String::new();
    if sum.0 < 0 {
        said.push('负');
    }
    if whole > 0 || rest == 0 {
        said += &count_of(whole);
        said.push('元');
    }
    if jiao > 0 {
        said += &count_of(jiao);
        said.push('角');
    } else if whole > 0 && fen > 0 {
        said.push('零');
    }
    if fen > 0 {
        said += &if whole > 0 || jiao > 0 { count(fen) } else { count_of(fen) };
        said.push('分');
    }
    said
}

/// A decimal number: the digits after the point one by one.
pub(super) fn decimal(whole: u64, after: &str) -> String {
    format!("{}点{}", count(whole), digits(after))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    /// Reads a count back, by another way than it was made: a digit waits for its unit, a group for its name.
    fn heard(said: &str) -> u64 {
        let (mut total, mut upper, mut group, mut digit) = (0_u64, 0_u64, 0_u64, 0_u64);
        for character in said.chars() {
            match character {
                '零' => {}
                '两' => digit = 2,
                '十' | '百' | '千' => {
                    let unit = match character {
                        '十' => 10,
                        '百' => 100,
                        _ => 1_000,
                    };
                    group += unit * if digit == 0 { 1 } else { digit };
                    digit = 0;
                }
                '万' => {
                    upper += (group + digit) * 10_000;
                    (group, digit) = (0, 0);
                }
                '亿' => {
                    total = (total + upper + group + digit) * 100_000_000;
                    (upper, group, digit) = (0, 0, 0);
                }
                other => digit = DIGITS.iter().position(|known| *known == other).unwrap() as u64,
            }
        }
        total + upper + group + digit
    }

    #[test]
    fn counts_are_said_as_people_say_them() {
        for (number, said) in [
            (0, "零"),
            (2, "二"),
            (10, "十"),
            (12, "十二"),
            (20, "二十"),
            (22, "二十二"),
            (101, "一百零一"),
            (110, "一百一十"),
            (200, "两百"),
            (222, "两百二十二"),
            (1_001, "一千零一"),
            (1_010, "一千零一十"),
            (2_000, "两千"),
            (2_200, "两千二百"),
            (10_000, "一万"),
            (10_050, "一万零五十"),
            (12_000, "一万二千"),
            (20_000, "两万"),
            (100_000, "十万"),
            (101_000, "十万一千"),
            (110_010, "十一万零一十"),
            (220_000, "二十二万"),
            (1_000_001, "一百万零一"),
            (20_000_000, "两千万"),
            (100_000_000, "一亿"),
            (100_002_000, "一亿零二千"),
            (200_020_000, "两亿零二万"),
            (1_000_000_000, "十亿"),
        ] {
            assert_eq!(count(number), said);
        }
    }

    #[test]
    fn sums_are_said_as_people_say_them() {
        for (fen, said) in [
            (0, "零元"),
            (5, "五分"),
            (2, "两分"),
            (20, "两角"),
            (22, "两角二分"),
            (200, "两元"),
            (102, "一元零二分"),
            (1_250, "十二元五角"),
            (123_450, "一千二百三十四元五角"),
            (68_000, "六百八十元"),
            (2_400_000, "两万四千元"),
            (-856_055, "负八千五百六十元五角五分"),
            (10_000_000_000_000, "一千亿元"),
        ] {
            assert_eq!(yuan(Fen(fen)), said);
        }
    }

    #[test]
    fn codes_are_said_digit_by_digit() {
        assert_eq!(code("023-1104"), "零二三幺幺零四");
        assert_eq!(digits("2026"), "二零二六");
        assert_eq!(decimal(12, "05"), "十二点零五");
    }

    proptest! {
        #[test]
        fn whoever_hears_a_count_knows_the_number(number in 0..10_000_000_000_000_u64) {
            prop_assert_eq!(heard(&count(number)), number, "{}", count(number));
        }

        #[test]
        fn whoever_hears_a_round_count_knows_the_number(digit in 0..1_000_u64, zeros in 0..10_u32) {
            let number = digit * 10_u64.pow(zeros);
            prop_assert_eq!(heard(&count(number)), number, "{}", count(number));
        }

        #[test]
        fn no_count_has_a_nought_too_many(number in 1..10_000_000_000_000_u64) {
            let said = count(number);
            prop_assert!(!said.contains("零零") && !said.ends_with('零') && !said.starts_with('零'));
        }

        #[test]
        fn whoever_hears_a_sum_knows_the_fen(fen in 0..10_000_000_000_i64) {
            let said = yuan(Fen(fen));
            let (whole, rest) = said.split_once('元').unwrap_or(("零", &said));
            let (jiao, rest) = rest.split_once('角').unwrap_or(("零", rest));
            let (left, _) = rest.split_once('分').unwrap_or(("零", ""));
            let sum = heard(whole) * 100 + heard(jiao) * 10 + heard(left);
            prop_assert_eq!(sum, u64::try_from(fen).unwrap(), "{}", said);
        }
    }
}
