//! Personal numbers in text: identity cards, telephones, bank cards and accounts.
//! `letters` evens out how a text is written, `runs` cuts it into numbers, `rules` says what a number is.

mod letters;
mod rules;
mod runs;

use ledger::content::Ground;
use std::ops::Range;

/// A personal number in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Where it stands, in characters (not bytes) of the text; separators within it belong to it.
    pub range: Range<usize>,
    /// What it is.
    pub ground: Ground,
    /// Its check digit or its shape says so; otherwise only the words beside it do.
    pub sure: bool,
}

/// A personal number, or a part of one that goes on in the next line, in a list of lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundInLine {
    /// Which line, from 0.
    pub line: usize,
    /// Where in the line, in characters.
    pub range: Range<usize>,
    /// What the whole number is.
    pub ground: Ground,
    /// As in [`Found`].
    pub sure: bool,
}

/// The personal numbers in a text, in its order. A number may go on after a line break.
pub fn find(text: &str) -> Vec<Found> {
    let letters = letters::of(text);
    let mut found: Vec<Found> =
        runs::of(&letters).iter().flat_map(|run| rules::judge(&letters, run)).collect();
    found.sort_by_key(|found| found.range.start);
    found
}

/// The personal numbers in lines that follow each other on a paper. A number that is broken over lines is found once
/// in each of them.
pub fn in_lines(lines: &[&str]) -> Vec<FoundInLine> {
    // A line break within a line would shift the places of all that follow.
    let one = |line: &&str| line.replace(['\n', '\r'], " ");
    let text = lines.iter().map(one).collect::<Vec<_>>().join("\n");
    let mut starts = vec![0];
    starts.extend(text.chars().enumerate().filter(|(_, c)| *c == '\n').map(|(at, _)| at + 1));
    let ends: Vec<usize> =
        starts.iter().zip(lines).map(|(start, line)| start + line.chars().count()).collect();
    let mut parts = Vec::new();
    for Found { range, ground, sure } in find(&text) {
        for (line, (start, end)) in starts.iter().zip(&ends).enumerate() {
            let (from, to) = (range.start.max(*start), range.end.min(*end));
            if from < to {
                parts.push(FoundInLine { line, range: from - start..to - start, ground, sure });
            }
        }
    }
    parts
}

#[cfg(test)]
mod tests;
