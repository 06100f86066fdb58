//! Personal numbers in a draft, and what to tell the person about them.

use crate::draft::{Draft, Field};
use crate::say;
use ledger::content::Ground;
use marks::personal::{Found, find};

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
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use marks::invoice;

    #[test]
    fn a_draft_is_searched_field_by_field_and_each_find_is_a_sentence() {
        let mut draft = Draft::default();
        draft.set(Field::Purpose, "护工工资 11010519491231002X").unwrap();
        draft.set(Field::Payee, "李明 账号 123456789").unwrap();
        draft.set(Field::InvoiceNumber, "4111111111111111").unwrap();
        let found = in_draft(&draft);
        let told: Vec<String> =
            found.iter().map(|(field, found)| sentence(*field, found)).collect();
        assert_eq!(
            told,
            ["事由里有身份证号，公布前请删去", "收款人里可能有银行卡号或账号，公布前请看一看"]
        );
        let code = invoice::parse("01,32,,26447000001243494438,285.92,20260619,,300A").unwrap();
        assert_eq!(in_draft(&Draft::of_code(&code)), []);
    }
}
