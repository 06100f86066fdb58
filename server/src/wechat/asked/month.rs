//! Which month a message names: "10月", "2026年5月", "十月", "2026-05", "上个月".

use ledger::time::Period;

/// Months that are named by how long ago they are, the longest words first.
const AGO: [(&str, i32); 9] = [
    ("上上个月", 2),
    ("上个月", 1),
    ("这个月", 0),
    ("上上月", 2),
    ("上月", 1),
    ("本月", 0),
    ("这月", 0),
    ("当月", 0),
    ("last month", 1),
];
/// Years that are named by how long ago they are.
const YEARS_AGO: [(&str, u16); 3] = [("今年", 0), ("去年", 1), ("前年", 2)];

/// Finds the month and takes it out of the message. A bare number is a month only where the message names a village.
pub(super) fn take(text: &mut String, today: Period, is_named: bool) -> Option<Period> {
    for (word, ago) in AGO {
        if take_word(text, word) {
            return Some(today.later(-ago));
        }
    }
    let ago = YEARS_AGO.into_iter().find(|(word, _)| take_word(text, word));
    let year = ago.and_then(|(_, ago)| today.year().checked_sub(ago)).or_else(|| year(text));
    if let Some(month) = take_before(text, '月') {
        return match year {
            Some(year) => period(year, month),
            None => newest(today, month),
        };
    }
    let numbers: Vec<&str> =
        text.split(|c: char| !c.is_ascii_digit()).filter(|n| !n.is_empty()).collect();
    let found = match (year, &numbers[..]) {
        (Some(year), [month]) => period(year, month.parse().ok()?),
        (None, [year, month]) if year.len() == 4 && month.len() <= 2 => {
            period(year.parse().ok()?, month.parse().ok()?)
        }
        (None, [both]) if both.len() == 6 => {
            let (year, month) = both.split_at(4);
            period(year.parse().ok()?, month.parse().ok()?).filter(|found| near(*found, today))
        }
        (None, [month]) if is_named && month.len() <= 2 => newest(today, month.parse().ok()?),
        _ => None,
    };
    if found.is_some() {
        *text = text.replace(|c: char| c.is_ascii_digit(), " ");
    }
    found
}

fn take_word(text: &mut String, word: &str) -> bool {
    let stands = text.contains(word);
    if stands {
        *text = text.replacen(word, " ", 1);
    }
    stands
}

/// The year in front of 年.
fn year(text: &mut String) -> Option<u16> {
    let year = take_before(text, '年')?;
    Some(if year < 100 { 2000 + year } else { year })
}

/// Whether six digits are a month that somebody may mean, rather than a record's number.
fn near(found: Period, today: Period) -> bool {
    (-12..=600).contains(&today.months_since(found))
}

/// The last month of this number that has begun.
fn newest(today: Period, month: u16) -> Option<Period> {
    let year = today.year().checked_sub(u16::from(month > u16::from(today.month())))?;
    period(year, month)
}

fn period(year: u16, month: u16) -> Option<Period> {
    format!("{year:04}-{month:02}").parse().ok()
}

/// Takes a number and the unit behind it out of a message.
fn take_before(text: &mut String, unit: char) -> Option<u16> {
    let units: Vec<usize> = text.match_indices(unit).map(|(at, _)| at).collect();
    let (start, end, number) = units.into_iter().find_map(|at| {
        let before = text[..at].trim_end();
        let start = before
            .char_indices()
            .rev()
            .take_while(|(_, c)| digit(*c).is_some() || *c == '十')
            .last()
            .map(|(at, _)| at)?;
        Some((start, at + unit.len_utf8(), numeral(&before[start..])?))
    })?;
    text.replace_range(start..end, " ");
    Some(number)
}

fn digit(c: char) -> Option<u16> {
    const CHINESE: [char; 10] = ['〇', '一', '二', '三', '四', '五', '六', '七', '八', '九'];
    let found = match c {
        '零' | '○' => Some(0),
        '两' => Some(2),
        _ => CHINESE.iter().position(|chinese| *chinese == c),
    };
    found
        .and_then(|digit| u16::try_from(digit).ok())
        .or_else(|| u16::try_from(c.to_digit(10)?).ok())
}

/// A number in figures, in characters one by one (二〇二六), or below a hundred with 十.
fn numeral(text: &str) -> Option<u16> {
    let (tens, units) = match text.split_once('十') {
        Some(("", units)) => (Some(1), units),
        Some((tens, units)) => (Some(single(tens)?), units),
        None => (None, text),
    };
    match tens {
        Some(tens) if units.is_empty() => Some(tens * 10),
        Some(tens) => Some(tens * 10 + single(units)?),
        None if (1..=4).contains(&units.chars().count()) => {
            units.chars().try_fold(0_u16, |sum, c| sum.checked_mul(10)?.checked_add(digit(c)?))
        }
        None => None,
    }
}

fn single(text: &str) -> Option<u16> {
    let mut digits = text.chars();
    let digit = digit(digits.next()?)?;
    digits.next().is_none().then_some(digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_in_figures_and_in_characters() {
        for (text, number) in [
            ("10", Some(10)),
            ("十", Some(10)),
            ("十二", Some(12)),
            ("二十", Some(20)),
            ("二十六", Some(26)),
            ("二〇二六", Some(2026)),
            ("○五", Some(5)),
            ("", None),
            ("十十", None),
            ("一二十", None),
            ("123456", None),
        ] {
            assert_eq!(numeral(text), number, "{text}");
        }
    }

    #[test]
    fn six_digits_are_a_month_only_where_one_is_near() {
        let today = "2026-11".parse().unwrap();
        let read = |text: &str| take(&mut text.to_owned(), today, false);
        assert_eq!(read("202605"), period(2026, 5));
        assert_eq!(read("202613"), None);
        assert_eq!(read("123401"), None);
        assert_eq!(read("999912"), None);
    }
}
