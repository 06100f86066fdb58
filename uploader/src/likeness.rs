//! Papers that may be the same paper: by file, by invoice number, by looks, by what was paid.

mod looks;

use crate::draft::Draft;
use crate::item::Page;
use crate::say;
use ledger::hash::Hash;
use ledger::money::Fen;
use ledger::time::Date;
use std::collections::HashMap;
use std::hash::Hash as Key;

pub use looks::{Looks, Turns};

/// Papers whose pictures are no further apart are alike by looks alone. Measured on 200 flat drawn papers, many of one
/// form: 1 in 100 pairs of different papers is nearer, and 8 in 10 papers photographed again.
pub const ALIKE_ALONE: f32 = 0.125;
/// Papers of the same amount and day are alike when their pictures are no further apart: 97 in 100 papers are,
/// photographed again with 2.5 % of the edges cut or added.
pub const ALIKE: f32 = 0.30;

/// What papers are compared by.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Paper {
    /// Code (empty for fully digital invoices) and number.
    pub invoice: Option<(String, String)>,
    /// SHA-256 of photo files and of public pictures made of them.
    pub files: Vec<Hash>,
    /// How its pages look.
    pub looks: Vec<Looks>,
    /// What was paid.
    pub amount: Option<Fen>,
    /// To whom; empty if it is not known.
    pub payee: String,
    /// The day on the paper.
    pub date: Option<Date>,
}

/// Why two papers may be one, the strongest reason first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// The same photo file.
    SameFile,
    /// The same invoice number and code.
    SameInvoice,
    /// Their pictures look alike.
    SameLooks,
    /// The same amount to the same payee on the same day.
    SamePayment,
}

impl Why {
    /// What to tell the person of this paper and another one.
    pub fn say(self) -> String {
        match self {
            Why::SameFile => say!("是同一张照片"),
            Why::SameInvoice => say!("发票号码相同"),
            Why::SameLooks => say!("照片看上去是同一张票据"),
            Why::SamePayment => say!("同一天付给同一人同样的金额"),
        }
    }
}

/// Two papers of a list, by their places in it, the lower first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    /// The place of one.
    pub first: usize,
    /// The place of the other.
    pub second: usize,
    /// The strongest reason.
    pub why: Why,
}

impl Paper {
    /// The paper of a draft and its pages.
    pub fn of(draft: &Draft, pages: &[Page]) -> Paper {
        let invoice = draft.invoice.as_ref().filter(|invoice| !invoice.number.is_empty());
        Paper {
            invoice: invoice.map(|invoice| (invoice.code.clone(), invoice.number.clone())),
            files: pages
                .iter()
                .flat_map(|page| [Some(page.original), page.image.as_ref().map(|i| i.sha256)])
                .flatten()
                .collect(),
            looks: pages.iter().filter_map(|page| page.looked.as_ref()?.looks).collect(),
            amount: draft.amount,
            payee: draft.payee.clone(),
            date: draft.date,
        }
    }

    /// Both show an invoice number, and not the same one.
    fn differs_in_invoice(&self, other: &Paper) -> bool {
        self.invoice.is_some() && other.invoice.is_some() && self.invoice != other.invoice
    }

    /// How far apart two papers' pictures may be to be alike.
    fn reach(&self, other: &Paper) -> f32 {
        let same_amount = self.amount.is_some() && self.amount == other.amount;
        let other_day = self.date.is_some() && other.date.is_some() && self.date != other.date;
        if same_amount && !other_day { ALIKE } else { ALIKE_ALONE }
    }

    /// Amount, day and payee, when all are known. Blanks and the width of brackets do not part payees.
    fn payment(&self) -> Option<(Fen, Date, String)> {
        let plain = |c: char| match c {
            '（' => '(',
            '）' => ')',
            c => c,
        };
        let payee: String = self.payee.chars().filter(|c| !c.is_whitespace()).map(plain).collect();
        Some((self.amount?, self.date?, payee)).filter(|(_, _, payee)| !payee.is_empty())
    }
}

/// The strongest reason why two papers may be one, if there is any.
pub fn why_alike(a: &Paper, b: &Paper) -> Option<Why> {
    if a.files.iter().any(|file| b.files.contains(file)) {
        return Some(Why::SameFile);
    }
    if a.invoice.is_some() && a.invoice == b.invoice {
        return Some(Why::SameInvoice);
    }
    // Two invoices of one shop look alike, and may well be of one day.
    if a.differs_in_invoice(b) {
        return None;
    }
    let reach = a.reach(b);
    if a.looks.iter().any(|own| b.looks.iter().any(|other| own.distance(other) <= reach)) {
        return Some(Why::SameLooks);
    }
    let payment = a.payment();
    (payment.is_some() && payment == b.payment()).then_some(Why::SamePayment)
}

/// Every pair of papers that may be one, each with its strongest reason, in the list's order. Thousands are compared in
/// about a second: all reasons but looks are looked up, and looks are compared by counting bits.
pub fn duplicates(papers: &[Paper]) -> Vec<Pair> {
    let mut pairs: HashMap<(usize, usize), Why> = HashMap::new();
    let mut add = |first: usize, second: usize| {
        if let Some(why) = why_alike(&papers[first], &papers[second]) {
            pairs.insert((first, second), why);
        }
    };
    let files = papers.iter().map(|paper| paper.files.clone());
    let invoices = papers.iter().map(|paper| paper.invoice.iter().cloned().collect());
    let payments = papers.iter().map(|paper| paper.payment().into_iter().collect());
    sharing(files, &mut add);
    sharing(invoices, &mut add);
    sharing(payments, &mut add);
    let turns: Vec<Vec<Turns>> =
        papers.iter().map(|paper| paper.looks.iter().map(Turns::of).collect()).collect();
    for (second, paper) in papers.iter().enumerate() {
        for (first, turns) in turns.iter().enumerate().take(second) {
            let near = |own: &Looks| turns.iter().any(|turns| turns.distance(own) <= ALIKE);
            if paper.looks.iter().any(near) {
                add(first, second);
            }
        }
    }
    let mut pairs: Vec<Pair> =
        pairs.into_iter().map(|((first, second), why)| Pair { first, second, why }).collect();
    pairs.sort_by_key(|pair| (pair.first, pair.second));
    pairs
}

/// Tells of every two places in a list that share a key.
fn sharing<K: Key + Eq>(keys: impl Iterator<Item = Vec<K>>, add: &mut impl FnMut(usize, usize)) {
    let mut places: HashMap<K, Vec<usize>> = HashMap::new();
    for (place, keys) in keys.enumerate() {
        for key in keys {
            let known = places.entry(key).or_default();
            known.iter().filter(|first| **first != place).for_each(|first| add(*first, place));
            known.push(place);
        }
    }
}

#[cfg(test)]
mod tests;
