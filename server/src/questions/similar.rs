//! Answered questions that are like what somebody is about to ask.

use std::collections::BTreeSet;

use rusqlite::Connection;

use super::suspect::plain;
use crate::error::Result;
use crate::view::questions::{self, Question};

/// How many are shown.
pub const SIMILAR_MAX: usize = 3;
/// How many of the newest are looked at.
const LOOKED_AT: usize = 500;
/// From which share on, in per cent, two texts are alike.
const ALIKE_PERCENT: usize = 30;

/// Every two neighbouring characters of a text.
fn pairs(text: &str) -> BTreeSet<(char, char)> {
    let plain: Vec<char> = plain(text).chars().collect();
    plain.windows(2).map(|pair| (pair[0], pair[1])).collect()
}

/// How much two texts have in common, in per cent (Dice's coefficient of their pairs).
fn likeness(one: &BTreeSet<(char, char)>, other: &BTreeSet<(char, char)>) -> usize {
    let both = one.intersection(other).count();
    (200 * both).checked_div(one.len() + other.len()).unwrap_or(0)
}

/// The answered questions that are most like this text; those about the same record count as more alike.
///
/// # Errors
/// When the database fails.
pub fn similar(c: &Connection, text: &str, about: Option<u64>) -> Result<Vec<Question>> {
    let asked = pairs(text);
    let mut found: Vec<(usize, u64)> = questions::answered(c, LOOKED_AT)?
        .into_iter()
        .filter_map(|question| {
            let like = likeness(&asked, &pairs(&question.content?.text));
            let same = about.is_some() && question.about == about;
            let like = if same { like + ALIKE_PERCENT } else { like };
            (like >= ALIKE_PERCENT).then_some((like, question.n))
        })
        .collect();
    found.sort_by_key(|found| std::cmp::Reverse(*found));
    let best = found.into_iter().take(SIMILAR_MAX);
    best.filter_map(|(_, n)| questions::one(c, n).transpose()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_question_in_other_words_is_alike_and_another_is_not() {
        let like = |one: &str, other: &str| likeness(&pairs(one), &pairs(other));
        assert_eq!(like("路灯修了几次？", "路灯，修了几次"), 100);
        assert!(like("路灯为什么修了两次", "路灯修了两次吗？") >= ALIKE_PERCENT);
        assert!(like("路灯为什么修了两次", "清理河道的人工费付给谁了") < ALIKE_PERCENT);
        assert_eq!(like("", ""), 0);
    }
}
