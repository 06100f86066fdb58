//! An invoice's QR text: which codes on a paper are a tax invoice's, and what they say. Offline; nothing is looked up.

use ledger::content::Invoice;
use ledger::money::Fen;
use ledger::time::Date;
use serde::Serialize;

/// Characters of the longest text that is looked at.
const TEXT_CHARS_MAX: usize = 1024;

/// What an amount in a code means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amount {
    /// Before tax (types 01, 04, 10): not what was paid.
    Net(Fen),
    /// Tax included: what was paid.
    Total(Fen),
    /// The type does not say.
    Open(Fen),
}

/// What an invoice's code says. Fields that it does not hold are empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoiceCode {
    /// Type, code, number and check code.
    pub invoice: Invoice,
    /// The amount and its meaning.
    pub amount: Option<Amount>,
    /// The day it was issued.
    pub date: Option<Date>,
    /// Whether the checksum fits; `None` if the code carries none. A slip is a warning: codes in use do not all fit.
    pub crc_ok: Option<bool>,
}

/// The same, as `read --json` prints it. What was not read is left out. Amounts in yuan.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "named as printed")]
pub struct Fields {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub type_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub check: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<Date>,
    /// Tax included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<String>,
    /// Before tax.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub net: Option<String>,
    /// Of a type that does not say whether tax is included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<String>,
}

impl InvoiceCode {
    /// The fields that were read.
    pub fn fields(&self) -> Fields {
        let filled = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let mut fields = Fields {
            type_code: filled(&self.invoice.type_code),
            code: filled(&self.invoice.code),
            number: filled(&self.invoice.number),
            check: filled(&self.invoice.check),
            date: self.date,
            ..Fields::default()
        };
        match self.amount {
            Some(Amount::Net(fen)) => fields.net = Some(fen.plain()),
            Some(Amount::Total(fen)) => fields.total = Some(fen.plain()),
            Some(Amount::Open(fen)) => fields.amount = Some(fen.plain()),
            None => {}
        }
        fields
    }
}

/// The first of `texts` that is an invoice's, and what it says. A payment code beside it is passed over.
pub fn choose(texts: &[String]) -> Option<(&str, InvoiceCode)> {
    texts.iter().find_map(|text| Some((text.as_str(), parse(text)?)))
}

/// Reads one QR text; `None` if it is not an invoice's.
pub fn parse(text: &str) -> Option<InvoiceCode> {
    if text.chars().count() > TEXT_CHARS_MAX {
        return None;
    }
    let text = text.trim();
    comma_text(text).or_else(|| address(text))
}

/// `01,<type>,<code>,<number>,<amount>,<yyyymmdd>,<check code>,<crc>[,]`; types are never refused.
fn comma_text(text: &str) -> Option<InvoiceCode> {
    let text = text.trim_end_matches(|c: char| c == ',' || c.is_whitespace());
    let parts: Vec<&str> = text.split(',').map(str::trim).collect();
    if parts.first() != Some(&"01") || !(6..=9).contains(&parts.len()) {
        return None;
    }
    let part = |n: usize| parts.get(n).copied().unwrap_or_default();
    let (type_code, code, number) = (part(1), part(2), part(3));
    if !digits(number, &[8, 20]) || type_code.len() > 8 || code.len() > 20 || part(6).len() > 40 {
        return None;
    }
    let date = compact_date(part(5))?;
    let amount = part(4).parse::<Fen>().ok().map(|fen| match type_code {
        "01" | "04" | "10" => Amount::Net(fen),
        "31" | "32" => Amount::Total(fen),
        _ => Amount::Open(fen),
    });
    Some(InvoiceCode {
        invoice: Invoice {
            type_code: type_code.into(),
            code: code.into(),
            number: number.into(),
            check: part(6).into(),
        },
        amount,
        date: Some(date),
        crc_ok: (!part(7).is_empty()).then(|| crc_fits(text, part(7))),
    })
}

/// Two habits are in use: the checksum covers the comma before it, or does not.
fn crc_fits(text: &str, stated: &str) -> bool {
    let mut commas = text.match_indices(',').map(|(at, _)| at);
    let Some(before) = commas.nth(6).and_then(|at| text.get(..=at)) else { return false };
    [before, &before[..before.len() - 1]]
        .iter()
        .any(|covered| format!("{:04X}", crc(covered.as_bytes())).eq_ignore_ascii_case(stated))
}

/// CRC-16/UMTS: polynomial 0x8005, start 0, not reflected.
fn crc(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc: u16, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| {
            if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x8005 }
        })
    })
}

/// Invoices whose code is a web address: Shenzhen's blockchain invoice, and the tax bureau's with named parameters.
fn address(text: &str) -> Option<InvoiceCode> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))?;
    let (place, query) = rest.split_once('?')?;
    let host = place.split('/').next()?;
    let value = |names: &[&str]| {
        let pairs = query.split('#').next()?.split('&').filter_map(|pair| pair.split_once('='));
        pairs.filter(|(name, _)| names.contains(name)).map(|(_, value)| value).next()
    };
    match host {
        "bcfp.shenzhen.chinatax.gov.cn" => {
            let hash = value(&["hash"]).filter(|h| h.len() >= 5 && h.is_ascii())?;
            let number = value(&["bill_num"]).filter(|n| digits(n, &[8]))?;
            let fen = value(&["total_amount"]).and_then(|fen| fen.parse().ok());
            Some(InvoiceCode {
                invoice: plain("", number, &hash[hash.len() - 5..]),
                amount: fen.map(|fen| Amount::Total(Fen(fen))),
                date: None,
                crc_ok: None,
            })
        }
        "inv-veri.chinatax.gov.cn" => {
            let number = value(&["fphm"]).filter(|n| digits(n, &[8, 20]))?;
            let code = value(&["fpdm"]).filter(|c| digits(c, &[10, 12])).unwrap_or_default();
            let check = value(&["jym"]).filter(|c| c.len() <= 40 && c.is_ascii());
            let amount = value(&["kjje", "je"]).and_then(|yuan| yuan.parse().ok());
            Some(InvoiceCode {
                invoice: plain(code, number, check.unwrap_or_default()),
                amount: amount.map(Amount::Open),
                date: value(&["kprq"]).and_then(|day| compact_date(day).or(day.parse().ok())),
                crc_ok: None,
            })
        }
        _ => None,
    }
}

fn plain(code: &str, number: &str, check: &str) -> Invoice {
    Invoice {
        type_code: String::new(),
        code: code.into(),
        number: number.into(),
        check: check.into(),
    }
}

fn digits(text: &str, lengths: &[usize]) -> bool {
    lengths.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

/// `20260512`.
fn compact_date(text: &str) -> Option<Date> {
    let right = digits(text, &[8]);
    right.then(|| format!("{}-{}-{}", &text[..4], &text[4..6], &text[6..]).parse().ok())?
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_published_checksums_fit() {
        assert_eq!(crc(b"123456789"), 0xFEE8);
        for text in [
            "01,04,4200161350,00015045,165106.00,20160501,48114255542168294433,DBFE",
            "01,01,1200154130,03630024,94339.62,20160621,,9335",
            "01,10,037002000311,43951776,121.58,20210327,63863934212965558966,F179",
            "01,32,,24312000000136634917,0.01,20240514,,1DD6",
            "01,31,,24312000000358032546,633.00,20241118,,16C0",
        ] {
            for spelled in [text.to_owned(), format!(" {text}, \n"), text.to_lowercase()] {
                assert_eq!(parse(&spelled).unwrap().crc_ok, Some(true), "{spelled}");
            }
            let slip = text.replacen(".0", ".1", 1).replacen("39.62", "39.63", 1);
            let slip = slip.replacen("121.58", "121.59", 1);
            assert_eq!(parse(&slip).unwrap().crc_ok, Some(false), "{slip}");
        }
    }

    #[test]
    fn a_checksum_that_leaves_out_its_comma_fits_too() {
        let body = "01,32,,26447000001243494438,285.92,20260619,";
        let text = format!("{body},{:04X}", crc(body.as_bytes()));
        assert_eq!(parse(&text).unwrap().crc_ok, Some(true));
    }

    #[test]
    fn what_the_amount_means_depends_on_the_type() {
        let amount = |kind: &str| {
            let text = format!("01,{kind},,26447000001243494438,285.92,20260619,,300A,");
            parse(&text).unwrap().amount
        };
        let fen = Fen(28592);
        for kind in ["01", "04", "10"] {
            assert_eq!(amount(kind), Some(Amount::Net(fen)));
        }
        for kind in ["31", "32"] {
            assert_eq!(amount(kind), Some(Amount::Total(fen)));
        }
        for kind in ["51", "61", "99", ""] {
            assert_eq!(amount(kind), Some(Amount::Open(fen)), "an unknown type is kept");
        }
    }

    #[test]
    fn an_invoice_is_chosen_beside_a_payment_code() {
        let pay = "wxp://f2f0abcdefg".to_owned();
        let bill = "01,32,,26447000001243494438,285.92,20260619,,300A".to_owned();
        let texts = [pay.clone(), bill.clone()];
        let (text, code) = choose(&texts).unwrap();
        assert_eq!(text, bill);
        assert_eq!(code.invoice.number, "26447000001243494438");
        assert_eq!(code.date.unwrap().to_string(), "2026-06-19");
        assert!(choose(&[pay]).is_none());
    }

    #[test]
    fn texts_that_are_no_invoice_are_not_taken_for_one() {
        for text in [
            "",
            "01",
            "01,32,,123,1.00,20260619,,",
            "02,32,,26447000001243494438,1.00,20260619,,",
            "01,32,,26447000001243494438,1.00,20260631,,",
            "01,32,,２６４４７０００,1.00,20260601,,",
            "https://example.com/?hash=1&bill_num=12345678",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(parse(&",".repeat(5000)), None);
    }

    #[test]
    fn codes_that_are_web_addresses_are_read() {
        let hash = format!("{}a1b2c", "0".repeat(61));
        let text = format!(
            "https://bcfp.shenzhen.chinatax.gov.cn/verify/scan?hash={hash}&bill_num=01234567&total_amount=12050"
        );
        let code = parse(&text).unwrap();
        assert_eq!(code.amount, Some(Amount::Total(Fen(12_050))));
        assert_eq!((&*code.invoice.number, &*code.invoice.check), ("01234567", "a1b2c"));
        let text = "https://inv-veri.chinatax.gov.cn/v?fpdm=037002000311&fphm=43951776&kprq=20210327&je=121.58&jym=558966";
        let code = parse(text).unwrap();
        assert_eq!(code.invoice.code, "037002000311");
        assert_eq!(code.amount, Some(Amount::Open(Fen(12_158))));
        assert_eq!(code.date.unwrap().to_string(), "2021-03-27");
    }

    proptest! {
        #[test]
        fn no_text_panics_the_parser(text in "\\PC{0,200}") {
            let _ = parse(&text);
        }

        #[test]
        fn no_nearly_right_text_panics_the_parser(text in "01(,[0-9 .,A-F中-]{0,22}){4,9}[, ]{0,3}") {
            if let Some(code) = parse(&text) {
                prop_assert!([8, 20].contains(&code.invoice.number.len()));
            }
        }

        #[test]
        fn what_a_printer_writes_is_read_back(
            kind in prop::sample::select(vec!["01", "04", "10", "31", "32", "51", "85"]),
            number in prop::sample::select(vec!["00015045", "26447000001243494438"]),
            fen in -1_000_000_000i64..1_000_000_000, day in 1u8..=28, tail in "[, ]{0,2}",
        ) {
            let body = format!("01,{kind},,{number},{},202605{day:02},,", Fen(fen).plain());
            let code = parse(&format!("{body}{:04X}{tail}", crc(body.as_bytes()))).unwrap();
            prop_assert_eq!(code.crc_ok, Some(true));
            prop_assert_eq!(code.date.unwrap().day(), day);
            let (Amount::Net(read) | Amount::Total(read) | Amount::Open(read)) = code.amount.unwrap();
            prop_assert_eq!(read, Fen(fen));
        }
    }
}
