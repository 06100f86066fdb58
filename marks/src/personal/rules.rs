//! What a number is: by its shape, its check digit, and the words before it.

use super::Found;
use super::runs::{Group, Run};
use ledger::content::Ground;
use ledger::time::Date;

/// Digits of the longest number that is looked for.
const DIGITS_MAX: usize = 30;
/// How many characters before a number are read for words that say what it is.
const BEFORE: usize = 18;
/// The words before a landline with its area code stand further off: an address may come between.
const BEFORE_LANDLINE: usize = 48;

/// How many characters may stand between a number and the word that says it is public.
const GAP_MAX: usize = 4;

/// What the words before a number say that it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    Identity,
    Phone,
    Bank,
    /// A number that everyone may know.
    Public,
}

const WORDS: &[(Word, &[&str])] = &[
    (Word::Identity, &["身份证", "身份号", "证件号", "公民身份", "身份证编号"]),
    (Word::Phone, &["电话", "联系", "手机", "传真", "移动号", "tel", "phone", "mobile"]),
    (
        Word::Bank,
        &[
            "账号",
            "帐号",
            "账户",
            "帐户",
            "卡号",
            "银行卡",
            "一卡通",
            "社保卡",
            "存折",
            "开户行",
            "账户号",
            "帐户号",
        ],
    ),
    (
        Word::Public,
        &[
            "发票",
            "代码",
            "税号",
            "纳税人",
            "信用代码",
            "校验码",
            "机器编号",
            "机器码",
            "订单",
            "单号",
            "流水",
            "编号",
            "凭证",
            "合同",
            "户号",
            "表号",
            "票号",
            "序列号",
            "金额",
            "合计",
            "批号",
            "文号",
            "车号",
            "no.",
            "№",
            "条码",
            "编码",
            "识别号",
            "批次",
        ],
    ),
];

/// A number made of neighbouring groups.
struct Number<'a> {
    groups: &'a [Group],
    digits: String,
}

/// The personal numbers in a run, none of them twice.
pub fn judge(letters: &[char], run: &Run) -> Vec<Found> {
    let mut taken = vec![false; run.len()];
    let mut found = Vec::new();
    // What proves itself comes first, then what is likely.
    for rule in [identity as Rule, public, phone, account] {
        for start in 0..run.len() {
            for number in numbers(run, start) {
                let places = start..start + number.groups.len();
                if taken[places.clone()].iter().any(|taken| *taken) {
                    continue;
                }
                let Some(verdict) = rule(letters, run, start, &number) else { continue };
                taken[places.clone()].fill(true);
                if let Verdict::Personal(ground, sure) = verdict {
                    let range = run[places.start].range.start..run[places.end - 1].range.end;
                    found.push(Found { range, ground, sure });
                }
                break;
            }
        }
    }
    found
}

/// What a rule says of a number: the text, its run, its place in the run, the number.
type Rule = fn(&[char], &Run, usize, &Number) -> Option<Verdict>;

enum Verdict {
    Personal(Ground, bool),
    Public,
}

/// The numbers that begin with the group at `start`, the longest first.
fn numbers(run: &Run, start: usize) -> Vec<Number<'_>> {
    let mut all = Vec::new();
    let mut digits = String::new();
    for (end, group) in run.iter().enumerate().skip(start) {
        digits.push_str(&group.digits);
        if digits.len() > DIGITS_MAX {
            break;
        }
        all.push(Number { groups: &run[start..=end], digits: digits.clone() });
        if digits.ends_with('X') {
            break;
        }
    }
    all.reverse();
    all
}

impl Number<'_> {
    fn is_tied(&self) -> bool {
        self.groups.iter().any(|group| group.tied)
    }

    fn is_guessed(&self) -> bool {
        self.groups.iter().any(|group| group.guessed)
    }

    fn is_broken(&self) -> bool {
        self.groups.iter().skip(1).any(|group| group.after_break)
    }

    /// Lengths of its groups; where the line breaks, once as if it broke within a group and once as if between two.
    fn shapes(&self) -> [Vec<usize>; 2] {
        let kept: Vec<usize> = self.groups.iter().map(|group| group.digits.len()).collect();
        let mut joined: Vec<usize> = Vec::new();
        for (n, group) in self.groups.iter().enumerate() {
            match joined.last_mut() {
                Some(last) if n > 0 && group.after_break => *last += group.digits.len(),
                _ => joined.push(group.digits.len()),
            }
        }
        [joined, kept]
    }

    fn has_shape(&self, right: impl Fn(&[usize]) -> bool) -> bool {
        // Written digit by digit it is a number in boxes.
        self.shapes().iter().any(|shape| right(shape) || shape.iter().all(|length| *length == 1))
    }

    fn label(&self, letters: &[char], before: usize) -> Option<Label> {
        label_before(letters, self.groups[0].range.start, before)
    }
}

/// The nearest word before a number that says what it is.
#[derive(Debug, Clone, Copy)]
struct Label {
    word: Word,
    /// No other number stands between.
    next: bool,
}

/// The nearest word before `place` that says what a number is. One that says it is public must stand right before it.
fn label_before(letters: &[char], place: usize, before: usize) -> Option<Label> {
    let text: String = letters[place.saturating_sub(before)..place]
        .iter()
        .filter(|c| **c != ' ' && **c != '\n')
        .map(char::to_ascii_lowercase)
        .collect();
    let mut nearest: Option<(usize, usize, Label)> = None;
    for (word, spellings) in WORDS {
        for spelling in *spellings {
            let Some(end) = text.rfind(spelling).map(|at| at + spelling.len()) else { continue };
            let gap = &text[end..];
            let next = !gap.contains(|c: char| c.is_ascii_digit());
            if *word == Word::Public && (!next || gap.chars().count() > GAP_MAX) {
                continue;
            }
            // Of two that end at one place the longer one says more.
            let rank = (end, spelling.len());
            if nearest.is_none_or(|(end, length, _)| (end, length) < rank) {
                nearest = Some((rank.0, rank.1, Label { word: *word, next }));
            }
        }
    }
    nearest.map(|(_, _, label)| label)
}

fn is_next(label: Option<Label>, word: Word) -> bool {
    label.is_some_and(|label| label.next && label.word == word)
}

/// Identity numbers, GB 11643.
fn identity(letters: &[char], _: &Run, _: usize, number: &Number) -> Option<Verdict> {
    let digits = number.digits.as_str();
    if number.is_tied() || !(14..=19).contains(&digits.len()) {
        return None;
    }
    if digits.len() == 18 && is_identity(digits) {
        return Some(Verdict::Personal(Ground::Identity, true));
    }
    if !is_next(number.label(letters, BEFORE), Word::Identity) {
        return None;
    }
    let old = digits.len() == 15 && is_old_identity(digits);
    // A reading machine takes one digit for another: the words beside it must do.
    Some(Verdict::Personal(Ground::Identity, old))
}

/// Numbers that are public, so that no part of them is taken for a card.
fn public(letters: &[char], run: &Run, start: usize, number: &Number) -> Option<Verdict> {
    let label = number.label(letters, BEFORE);
    let word = label.map(|label| label.word);
    let digits = number.digits.as_str();
    let fully_digital =
        digits.len() == 20 && number.has_shape(|shape| fours(shape) || shape == [20]);
    let credit_code = number.groups.len() == 1 && is_credit_code(digits);
    let private = matches!(word, Some(Word::Bank | Word::Phone));
    let said = word == Some(Word::Public) && number.groups.len() == 1 && digits.len() > 7;
    // Groups of four that go on are one long number, of which no part is a card.
    let last = start + number.groups.len() == run.len();
    let long = last && digits.len() > 19 && number.has_shape(fours);
    ((fully_digital || credit_code || said || long) && !private).then_some(Verdict::Public)
}

/// Mobile numbers by themselves; landlines beside a word.
fn phone(letters: &[char], _: &Run, _: usize, number: &Number) -> Option<Verdict> {
    let digits = number.digits.as_str();
    if number.is_tied() || digits.ends_with('X') {
        return None;
    }
    let label = number.label(letters, BEFORE);
    let word = label.map(|label| label.word);
    let beside = word == Some(Word::Phone);
    let own = digits.strip_prefix("86").filter(|rest| rest.len() == 11).unwrap_or(digits);
    let abroad = own.len() < digits.len();
    let mobile = own.len() == 11 && matches!(own.as_bytes(), [b'1', b'3'..=b'9', ..]);
    let shape = |shape: &[usize]| {
        let shape = if abroad && shape.first() == Some(&2) { &shape[1..] } else { shape };
        matches!(shape, [11 | 13] | [3 | 5, 4, 4] | [3 | 5, 8] | [7, 4])
    };
    if mobile && number.has_shape(shape) && pieces_are_long(number, beside) {
        if word == Some(Word::Public) || (word == Some(Word::Bank) && number.groups.len() > 1) {
            return None;
        }
        let sure = beside || !(number.is_broken() || number.is_guessed() || abroad);
        return Some(Verdict::Personal(Ground::Phone, sure));
    }
    let area = landline(digits, number)
        && number.label(letters, BEFORE_LANDLINE).is_some_and(|label| label.word == Word::Phone);
    let local = matches!(digits.len(), 7 | 8)
        && !digits.starts_with(['0', '1'])
        && number.has_shape(|shape| matches!(shape, [_] | [3 | 4, 4]))
        && is_next(label, Word::Phone);
    (area || local).then_some(Verdict::Personal(Ground::Phone, true))
}

/// A number broken over lines has some digits in each, unless the words say what it is: the figure that ends a line of
/// a table and the one that begins the next are two.
fn pieces_are_long(number: &Number, beside: bool) -> bool {
    let ends = [number.groups.first(), number.groups.last()];
    beside || !number.is_broken() || ends.into_iter().flatten().all(|group| group.digits.len() > 2)
}

fn landline(digits: &str, number: &Number) -> bool {
    let shape = |shape: &[usize]| matches!(shape, [11 | 12] | [3, 8] | [4, 7] | [4, 8]);
    digits.starts_with('0') && matches!(digits.len(), 11 | 12) && number.has_shape(shape)
}

/// Bank cards, ISO/IEC 7812, and accounts beside a word.
fn account(letters: &[char], run: &Run, start: usize, number: &Number) -> Option<Verdict> {
    let digits = number.digits.as_str();
    if number.is_tied() || digits.ends_with('X') || !number.has_shape(card_shape) {
        return None;
    }
    let next_to = |place: Option<usize>| {
        place
            .and_then(|at| run.get(at))
            .is_some_and(|group| group.digits.len() == 4 && !group.after_break)
    };
    let label = number.label(letters, BEFORE);
    let word = label.map(|label| label.word);
    let beside = word == Some(Word::Bank);
    // Groups of four that go on are a longer number.
    let cut = number.groups.len() > 1
        && (next_to(start.checked_sub(1)) || next_to(Some(start + number.groups.len())));
    if matches!(word, Some(Word::Public)) || (cut && !beside) {
        return None;
    }
    let union_pay = digits.starts_with("62") && (16..=19).contains(&digits.len());
    let other = digits.starts_with(['3', '4', '5', '6']) && (13..=19).contains(&digits.len())
        || digits.starts_with("9558") && digits.len() == 19;
    if (union_pay || other) && luhn(digits) && pieces_are_long(number, beside || union_pay) {
        return Some(Verdict::Personal(Ground::Bank, beside || union_pay));
    }
    (is_next(label, Word::Bank) && (9..=DIGITS_MAX).contains(&digits.len()))
        .then_some(Verdict::Personal(Ground::Bank, false))
}

fn fours(shape: &[usize]) -> bool {
    shape.len() > 1
        && shape.split_last().is_some_and(|(last, rest)| *last <= 4 && rest.iter().all(|n| *n == 4))
}

/// How cards and accounts are written: in one, in fours, or with the bank's six digits first.
fn card_shape(shape: &[usize]) -> bool {
    fours(shape) || matches!(shape, [_] | [6, 7..=13])
}

/// GB 11643-1999: region, a real date of birth, order, check digit (ISO 7064, MOD 11-2: the sum is 1).
fn is_identity(digits: &str) -> bool {
    let value = |c: char| if c == 'X' { Some(10) } else { c.to_digit(10) };
    let double = |sum: u32, c: char| Some((sum * 2 + value(c)?) % 11);
    digits.len() == 18
        && digits.chars().try_fold(0, double) == Some(1)
        && is_region(digits)
        && digits.get(6..14).is_some_and(|date| is_birthday("", date))
}

/// The identity numbers of before 1999: 15 digits, the year in two, no check digit.
fn is_old_identity(digits: &str) -> bool {
    is_region(digits) && digits.get(6..12).is_some_and(|date| is_birthday("19", date))
}

/// The provinces of GB/T 2260, and 81 to 83 for Hong Kong, Macau and Taiwan.
fn is_region(digits: &str) -> bool {
    let region = digits.get(..2).and_then(|region| region.parse().ok());
    region.is_some_and(|region: u8| {
        matches!(region, 11..=15 | 21..=23 | 31..=37 | 41..=46 | 50..=54 | 61..=65 | 71 | 81..=83)
    })
}

fn is_birthday(century: &str, digits: &str) -> bool {
    let text = format!("{century}{digits}");
    let (Some(year), Some(month), Some(day)) = (text.get(..4), text.get(4..6), text.get(6..8))
    else {
        return false;
    };
    matches!(&year[..2], "19" | "20") && format!("{year}-{month}-{day}").parse::<Date>().is_ok()
}

/// Luhn's check (ISO/IEC 7812-1, annex B).
fn luhn(digits: &str) -> bool {
    let twice = [false, true].into_iter().cycle();
    let values = digits.chars().rev().filter_map(|c| c.to_digit(10)).zip(twice);
    let sum: u32 =
        values.map(|(value, twice)| if twice { value * 2 % 10 + value / 5 } else { value }).sum();
    sum.is_multiple_of(10)
}

/// Unified social credit codes of digits only, GB 32100-2015: weights are powers of 3 modulo 31, the sum with the check
/// digit is 0.
fn is_credit_code(digits: &str) -> bool {
    let triple = |(sum, weight): (u32, u32), value: u32| (sum + value * weight, weight * 3 % 31);
    let values: Vec<u32> = digits.chars().filter_map(|c| c.to_digit(10)).collect();
    let (sum, _) = values.iter().take(17).copied().fold((0, 1), triple);
    let check = values.last().copied().unwrap_or_default();
    digits.len() == 18 && values.len() == 18 && (sum + check).is_multiple_of(31)
}
