//! Personal numbers in text: identity cards, telephones, bank cards and accounts.
//! `letters` evens out how a text is written, `runs` cuts it into numbers, `rules` says what a number is.

mod letters;
mod rules;
mod runs;

use crate::draft::{Draft, Field};
use crate::say;
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

/// The personal numbers in a draft's fields that become public as text.
pub fn in_draft(draft: &Draft) -> Vec<(Field, Found)> {
    let fields = [
        (Field::Purpose, &draft.purpose),
        (Field::Payee, &draft.payee),
        (Field::Category, &draft.category),
        (Field::Handler, &draft.handler),
        (Field::Witness, &draft.witness),
        (Field::Approver, &draft.approver),
        (Field::Recipient, &draft.recipient),
        (Field::Supervisor, &draft.supervisor),
        (Field::Resolution, &draft.resolution),
    ];
    let mut all: Vec<(Field, Found)> = fields
        .into_iter()
        .flat_map(|(field, text)| find(text).into_iter().map(move |found| (field, found)))
        .collect();
    // An invoice's number is public and may look like a card's; only an identity number proves itself.
    if let Some(invoice) = &draft.invoice {
        let sure = |found: &Found| found.sure && found.ground == Ground::Identity;
        let found = find(&invoice.number).into_iter().filter(sure);
        all.extend(found.map(|found| (Field::InvoiceNumber, found)));
    }
    all
}

/// What to tell the person about a number in a field.
pub fn sentence(field: Field, found: &Found) -> String {
    let (field, what) = (field.label(), name(found.ground));
    if found.sure {
        say!("{field}里有{what}，公布前请删去", field = field, what = what)
    } else {
        say!("{field}里可能有{what}，公布前请看一看", field = field, what = what)
    }
}

/// What a person calls a kind of personal information.
pub fn name(ground: Ground) -> String {
    match ground {
        Ground::Identity => say!("身份证号"),
        Ground::Phone => say!("电话号码"),
        Ground::Bank => say!("银行卡号或账号"),
        Ground::Address => say!("住址"),
        Ground::Health => say!("健康情况"),
        Ground::Minor => say!("未成年人信息"),
        Ground::Other => say!("其他个人信息"),
    }
}

#[cfg(test)]
mod tests;
