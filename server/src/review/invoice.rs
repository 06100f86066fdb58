//! What a receipt states, beside what the invoices' codes on its pictures say.

use ledger::content::ReceiptContent;
use ledger::money::Fen;
use marks::invoice::{self, Amount, InvoiceCode};

use crate::codes::Codes;

/// The highest rate of tax that an invoice was ever made with, in percent (17 until May 2018).
const TAX_PERCENT_MAX: i128 = 17;

/// Something that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// The pictures are still being looked at.
    Waiting,
    /// An invoice is stated, and no code could be read.
    Unread,
    /// There is a code, and no invoice is stated.
    Unstated,
    /// The code's number or code is another.
    Number,
    /// The amount is not what the code says, or cannot be it with tax.
    Amount,
    /// The day is another.
    Date,
    /// The checksum does not fit: true of many codes in use.
    Slip,
    /// Nothing contradicts.
    Agrees,
}

/// Compares a receipt with the codes on its pictures. Empty where there is neither an invoice nor a code.
#[must_use]
pub fn compare(receipt: &ReceiptContent, codes: &Codes) -> Vec<Finding> {
    let mut read: Vec<InvoiceCode> = Vec::new();
    for code in codes.texts.iter().filter_map(|text| invoice::parse(text)) {
        let same = |known: &InvoiceCode| known.invoice.number == code.invoice.number;
        if !read.iter().any(same) {
            read.push(code);
        }
    }
    let is_stated = |code: &&InvoiceCode| {
        receipt.invoice.as_ref().is_some_and(|stated| {
            let both = !stated.code.is_empty() && !code.invoice.code.is_empty();
            stated.number == code.invoice.number && !(both && stated.code != code.invoice.code)
        })
    };
    let chosen = read.iter().find(is_stated).or(read.first());
    let Some(code) = chosen else {
        return match (codes.waiting, &receipt.invoice) {
            (true, Some(_)) => vec![Finding::Waiting],
            (false, Some(_)) => vec![Finding::Unread],
            (_, None) => Vec::new(),
        };
    };
    let number = match receipt.invoice {
        None => Some(Finding::Unstated),
        Some(_) => (!is_stated(&code)).then_some(Finding::Number),
    };
    let amount = !could_be(receipt.amount, &[code]) && !could_be(receipt.amount, &read);
    let date = code.date.is_some_and(|date| date != receipt.date);
    let mut found: Vec<Finding> = number.into_iter().collect();
    found.extend(amount.then_some(Finding::Amount));
    found.extend(date.then_some(Finding::Date));
    if found.is_empty() {
        found.push(Finding::Agrees);
    }
    found.extend((code.crc_ok == Some(false)).then_some(Finding::Slip));
    found
}

/// Whether an amount could be what these codes come to. A net amount, and one that does not say, may have tax on top.
fn could_be<C: std::borrow::Borrow<InvoiceCode>>(amount: Fen, codes: &[C]) -> bool {
    let (mut least, mut most) = (0, 0);
    for code in codes {
        let (low, high) = match code.borrow().amount {
            None => return true,
            Some(Amount::Total(Fen(fen))) => (i128::from(fen), i128::from(fen)),
            Some(Amount::Net(Fen(fen)) | Amount::Open(Fen(fen))) => {
                let net = i128::from(fen).abs();
                (net, (net * (100 + TAX_PERCENT_MAX) + 99) / 100)
            }
        };
        // An invoice that takes another back is negative.
        least += low.abs();
        most += high.abs();
    }
    (least..=most).contains(&i128::from(amount.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ledger::content::{Direction, Invoice, Salt};

    fn receipt(fen: i64, invoice: Option<(&str, &str)>) -> ReceiptContent {
        let number = |(code, number): (&str, &str)| Invoice {
            type_code: String::new(),
            code: code.into(),
            number: number.into(),
            check: String::new(),
        };
        ReceiptContent {
            salt: Salt([1; 16]),
            direction: Direction::Out,
            amount: Fen(fen),
            date: "2021-03-27".parse().unwrap(),
            purpose: "路灯维修".into(),
            payee: "五金店".into(),
            category: "维修费".into(),
            handler: String::new(),
            witness: String::new(),
            approver: String::new(),
            recipient: String::new(),
            supervisor: String::new(),
            payment: None,
            resolution: String::new(),
            invoice: invoice.map(number),
            openness: None,
            no_voucher: String::new(),
            images: Vec::new(),
        }
    }

    fn found(receipt: &ReceiptContent, texts: &[&str]) -> Vec<Finding> {
        let texts = texts.iter().map(|text| (*text).to_owned()).collect();
        compare(receipt, &Codes { texts, waiting: false })
    }

    const NET: &str = "01,10,037002000311,43951776,121.58,20210327,63863934212965558966,F179";
    const TOTAL: &str = "01,32,,24312000000136634917,0.01,20210327,,0000";

    #[test]
    fn a_net_amount_may_have_tax_on_top_and_a_total_may_not() {
        let old = Some(("037002000311", "43951776"));
        for (fen, right) in [(12_157, false), (12_158, true), (14_225, true), (14_226, false)] {
            let expected = if right { Finding::Agrees } else { Finding::Amount };
            assert_eq!(found(&receipt(fen, old), &[NET]), [expected], "{fen}");
        }
        let new = Some(("", "24312000000136634917"));
        assert_eq!(found(&receipt(1, new), &[TOTAL]), [Finding::Agrees, Finding::Slip]);
        assert_eq!(found(&receipt(2, new), &[TOTAL]), [Finding::Amount, Finding::Slip]);
    }

    #[test]
    fn another_number_and_another_day_are_told() {
        let mut one = receipt(13_000, Some(("037002000311", "43951777")));
        assert_eq!(found(&one, &[NET]), [Finding::Number]);
        one.date = "2021-03-28".parse().unwrap();
        assert_eq!(found(&one, &[NET]), [Finding::Number, Finding::Date]);
        let other_code = receipt(13_000, Some(("037002000312", "43951776")));
        assert_eq!(found(&other_code, &[NET]), [Finding::Number]);
        assert_eq!(found(&receipt(13_000, None), &[NET]), [Finding::Unstated]);
    }

    #[test]
    fn of_two_invoices_the_stated_one_counts_and_the_amount_may_be_both() {
        let old = Some(("", "43951776"));
        assert_eq!(found(&receipt(12_158, old), &[TOTAL, NET]), [Finding::Agrees]);
        assert_eq!(found(&receipt(12_159, old), &[TOTAL, NET]), [Finding::Agrees]);
        assert_eq!(found(&receipt(14_227, old), &[TOTAL, NET]), [Finding::Amount]);
        assert_eq!(found(&receipt(14_226, old), &[TOTAL, NET, NET]), [Finding::Agrees]);
    }

    #[test]
    fn without_a_code_nothing_is_held_against_the_receipt() {
        let stated = receipt(1, Some(("", "43951776")));
        assert_eq!(found(&stated, &[]), [Finding::Unread]);
        assert_eq!(found(&receipt(1, None), &[]), []);
        let codes = Codes { texts: Vec::new(), waiting: true };
        assert_eq!(compare(&stated, &codes), [Finding::Waiting]);
        let huge = "01,31,,24312000000136634917,-92233720368547758.07,20210327,,";
        assert_eq!(found(&receipt(1, None), &[huge]), [Finding::Unstated, Finding::Amount]);
    }
}
