//! What the printed words of a paper say: the fields that OCR's lines hold, whatever kind of paper it is, cross-checked
//! where the paper says a thing twice.

mod capitals;
mod scan;

pub use capitals::capitals;

use crate::draft::{Draft, Field, line, numbered};
use crate::ocr::Line;
use crate::say;
use ledger::content::{Direction, Invoice};
use ledger::money::Fen;
use ledger::time::Date;
use scan::Page;
use serde::Serialize;

/// The fields that were read; what was not is `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "named for what they are; the rest is told")]
pub struct Printed {
    pub date: Option<Date>,
    /// Before tax.
    pub net: Option<Fen>,
    pub tax: Option<Fen>,
    /// What was paid.
    pub total: Option<Fen>,
    /// The amount in capital numerals (大写).
    pub capitals: Option<Fen>,
    pub seller: Option<String>,
    pub buyer: Option<String>,
    /// Invoice number.
    pub number: Option<String>,
    /// Invoice code.
    pub code: Option<String>,
    /// Who got the money; who paid it when `income`.
    pub payee: Option<String>,
    pub purpose: Option<String>,
    pub handler: Option<String>,
    pub witness: Option<String>,
    pub approver: Option<String>,
    /// A receipt for money that the village took in.
    pub income: bool,
}

/// Reads the fields out of lines in reading order.
pub fn fields(lines: &[Line]) -> Printed {
    let page = Page::of(lines);
    let (net, tax) = page.net_and_tax().unzip();
    let capitals = page.capitals();
    let (buyer, seller) = page.parties();
    let income = page.says("收款收据");
    let person = |label| page.after(label).and_then(scan::name);
    let payer = if income { page.after("今收到") } else { None };
    let payee = payer.or_else(|| page.listed());
    let payee = payee.or_else(|| person("领款人:")).or_else(|| person("收款人:"));
    Printed {
        date: page.date(),
        net,
        tax,
        total: settle(page.total(), capitals, net.zip(tax)),
        capitals,
        payee: payee.or_else(|| seller.clone()),
        seller,
        buyer,
        number: page.digits(&["发票号码:", "票据号码:"], &[8, 10, 20]),
        code: page.digits(&["发票代码:", "票据代码:"], &[8, 10, 12]),
        purpose: if income { page.after("交来") } else { page.purpose() },
        handler: person("经手人:"),
        witness: person("证明人:"),
        approver: person("审批人:"),
        income,
    }
}

/// The total: of the figure, the capitals and the sum, the one that two agree on; else the figure, then the capitals.
fn settle(figure: Option<Fen>, capitals: Option<Fen>, parts: Option<(Fen, Fen)>) -> Option<Fen> {
    let sum = parts.and_then(|(net, tax)| net.0.checked_add(tax.0)).map(Fen);
    let said = [figure, capitals, sum];
    let twice = |one: &Option<Fen>| one.is_some() && said.iter().filter(|s| *s == one).count() > 1;
    let total = said.iter().find(|one| twice(one)).copied().flatten();
    total.or(figure).or(capitals).filter(|fen| *fen > Fen(0) && *fen <= Fen::MAX)
}

/// Fills the draft's empty fields, and notes that the machine did.
pub fn apply(printed: &Printed, draft: &mut Draft) {
    // The shortest of the limits that the format sets to these.
    let text = |read: &Option<String>| {
        read.as_deref().and_then(|read| line::<40>(read).ok()).unwrap_or_default()
    };
    let code = printed.code.clone().unwrap_or_default();
    let number = printed.number.clone();
    let read = Draft {
        // A net amount that the code states is never more than what was paid.
        amount: printed.total.filter(|total| draft.net.is_none_or(|net| net <= *total)),
        date: printed.date,
        invoice: number.map(|number| Invoice { code, ..numbered(number) }),
        purpose: text(&printed.purpose),
        payee: text(&printed.payee),
        handler: text(&printed.handler),
        witness: text(&printed.witness),
        approver: text(&printed.approver),
        ..Draft::default()
    };
    let no_month = draft.period.is_none();
    draft.fill(&read);
    if no_month && draft.period.is_some() {
        draft.by_machine.push(Field::Period);
    }
    if draft.direction.is_none() && printed.income {
        draft.direction = Some(Direction::In);
        draft.by_machine.push(Field::Direction);
    }
}

/// Where the printed words contradict the draft or themselves: the person should look again.
pub fn disagreements(printed: &Printed, draft: &Draft) -> Vec<String> {
    let mut told = Vec::new();
    if let (Some(paper), Some(draft)) = (printed.total, draft.amount)
        && paper != draft
    {
        told.push(say!("票面合计是 {paper} 元，填的是 {draft} 元", paper = paper, draft = draft));
    }
    if let (Some(capitals), Some(total)) = (printed.capitals, printed.total)
        && capitals != total
    {
        told.push(say!(
            "票面大写是 {capitals} 元，小写是 {total} 元",
            capitals = capitals,
            total = total
        ));
    }
    if let (Some(paper), Some(draft)) = (printed.date, draft.date)
        && paper != draft
    {
        told.push(say!("票面日期是 {paper}，填的是 {draft}", paper = paper, draft = draft));
    }
    if let (Some(paper), Some(invoice)) = (&printed.number, &draft.invoice)
        && *paper != invoice.number
    {
        told.push(say!(
            "票面号码是 {paper}，填的是 {draft}",
            paper = paper,
            draft = invoice.number
        ));
    }
    told
}

#[cfg(test)]
mod tests;
