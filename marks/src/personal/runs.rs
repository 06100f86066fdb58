//! Numbers as they are written: groups of digits with at most a blank, a dash or a line break between.

use super::letters::digit;
use std::ops::Range;

/// The longest blank within a number, in characters, and the longest where a line ends and the next is set in.
const BLANK_MAX: [usize; 2] = [2, 16];

/// Digits that stand together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Where, in characters.
    pub range: Range<usize>,
    /// Its digits; letters that look like one are read as one, and an `X` may stand last.
    pub digits: String,
    /// The line breaks before it.
    pub after_break: bool,
    /// Part of a code of letters and digits, or of an amount: no number of its own.
    pub tied: bool,
    /// Some digit was a letter.
    pub guessed: bool,
}

/// Groups that may be one number.
pub type Run = Vec<Group>;

/// The runs of a text.
pub fn of(letters: &[char]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut at = 0;
    while at < letters.len() {
        if !letters[at].is_ascii_alphanumeric() {
            at += 1;
            continue;
        }
        let end = word_end(letters, at);
        for mut group in groups(letters, at..end) {
            let before = runs.last().and_then(|run| run.last());
            let gap = before.and_then(|before| letters.get(before.range.end..group.range.start));
            match (gap.and_then(link), runs.last_mut()) {
                (Some(after_break), Some(run)) => {
                    group.after_break = after_break;
                    run.push(group);
                }
                _ => runs.push(vec![group]),
            }
        }
        at = end;
    }
    runs
}

fn word_end(letters: &[char], from: usize) -> usize {
    let length = letters[from..].iter().take_while(|c| c.is_ascii_alphanumeric()).count();
    from + length
}

/// Whether what stands between two groups may stand within one number, and whether the line breaks there.
fn link(gap: &[char]) -> Option<bool> {
    let breaks = gap.iter().filter(|c| **c == '\n').count();
    let dashes = gap.iter().filter(|c| **c == '-').count();
    let blanks = gap.iter().filter(|c| **c == ' ').count();
    let only_these = breaks + dashes + blanks == gap.len();
    let fits = !gap.is_empty() && breaks <= 1 && dashes <= 1 && blanks <= BLANK_MAX[breaks.min(1)];
    (only_these && fits).then_some(breaks == 1)
}

/// The groups of digits in a word of letters and digits.
fn groups(letters: &[char], word: Range<usize>) -> Vec<Group> {
    let is_letter = |at: usize| word.contains(&at) && digit(letters[at]).is_none();
    let mut groups = Vec::new();
    let mut at = word.start;
    while at < word.end {
        if is_letter(at) {
            at += 1;
            continue;
        }
        let length = (at..word.end).take_while(|at| !is_letter(*at)).count();
        let (mut start, mut end) = (at, at + length);
        at = end;
        // The `o` of `No` and the `l` of `Tel` are letters.
        let lone = |at: usize| !letters[at].is_ascii_digit();
        while start < end && start > word.start && lone(start) {
            start += 1;
        }
        while start < end
            && end < word.end
            && letters[end] != 'X'
            && letters[end] != 'x'
            && lone(end - 1)
        {
            end -= 1;
        }
        if !(start..end).any(|at| letters[at].is_ascii_digit()) {
            continue;
        }
        let ends_in_x = end < word.end && matches!(letters[end], 'X' | 'x');
        let guessed = (start..end).any(lone);
        let mut digits: String = (start..end).filter_map(|at| digit(letters[at])).collect();
        if ends_in_x {
            digits.push('X');
            end += 1;
            at = at.max(end);
        }
        groups.push(Group { range: start..end, digits, after_break: false, tied: false, guessed });
    }
    // Digits with letters between or behind them are a code, such as a tax number or a serial number.
    let is_code = groups.len() > 1 || groups.last().is_some_and(|group| group.range.end < word.end);
    for group in &mut groups {
        group.tied = is_code || is_in_amount(letters, &group.range);
    }
    groups
}

/// Whether digits are the yuan or the fen of an amount such as `1,234.56`.
fn is_in_amount(letters: &[char], range: &Range<usize>) -> bool {
    let at = |place: Option<usize>| place.and_then(|place| letters.get(place)).copied();
    let digit_at = |place: Option<usize>| at(place).is_some_and(|c| c.is_ascii_digit());
    // `1.13812345678` is the first of a list.
    let dot_before = range.len() <= 4
        && at(range.start.checked_sub(1)) == Some('.')
        && digit_at(range.start.checked_sub(2));
    let fen = letters[range.end..].iter().skip(1).take_while(|c| c.is_ascii_digit()).count();
    let dot_after = at(Some(range.end)) == Some('.') && (1..=2).contains(&fen);
    let sign = matches!(at(range.start.checked_sub(1)), Some('¥' | '￥' | '$'));
    dot_before || dot_after || sign
}
