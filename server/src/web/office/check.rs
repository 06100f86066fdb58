//! What the machine found in a submission, in words, before a person looks.

use ledger::content::{Openness, ReceiptContent};
use ledger::hash::sha256;
use ledger::note::Note;
use ledger::statement::Statement;

use super::rows::{Held, flag_words};
use crate::app::App;
use crate::review::Submission;
use crate::rules::Rules;
use crate::web::pages;
use crate::web::words::Words;

/// One finding.
pub struct Check {
    /// Whether it is as it should be.
    pub ok: bool,
    /// What was found.
    pub text: String,
    /// Where to look.
    pub link: Option<String>,
}

/// Everything that was checked.
pub fn checks(app: &App, w: Words, found: &Submission, rules: &Rules) -> Vec<Check> {
    let plain = |ok: bool, text: &'static str| Check { ok, text: text.to_owned(), link: None };
    let mut checks = vec![match signed(app, found) {
        true => plain(true, w.t("签名有效，签名人有权为这个村签名")),
        false => plain(false, w.t("签名无效，或签名人现在无权签名")),
    }];
    if let Some(body) = &found.body {
        checks.push(match stated(found, body) {
            true => plain(true, w.t("内容和签名时一样")),
            false => plain(false, w.t("内容和签名时不一样")),
        });
    }
    if let Held::Receipt(receipt) = Held::of(found) {
        checks.push(match receipt.images.len() {
            0 => plain(false, w.t("没有图片")),
            n => Check { ok: true, text: w.one("图片 {n} 张，都收齐了", &n), link: None },
        });
        let month = found.period.as_ref().and_then(|text| text.parse().ok());
        checks.push(match month.is_none_or(|month| receipt.date.period() == month) {
            true => plain(true, w.t("票据日期在记账月份里")),
            false => plain(false, w.t("票据日期不在记账月份里")),
        });
        if receipt.invoice.is_some() && found.flags.iter().all(|flag| flag.code != "invoice-used") {
            checks.push(plain(true, w.t("发票号码没有用过")));
        }
    }
    if let Held::Receipt(receipt) = Held::of(found) {
        checks.extend(by_rules(w, &receipt, rules));
    }
    checks.extend(found.flags.iter().map(|flag| Check {
        ok: false,
        text: flag_words(w, flag.code).to_owned(),
        link: Some(w.link(&format!("/office/s/{}", flag.other))),
    }));
    checks
}

/// What the rules say of a receipt's amount.
fn by_rules(w: Words, receipt: &ReceiptContent, rules: &Rules) -> Vec<Check> {
    let mut found = Vec::new();
    let approval = rules.approval(receipt.amount);
    if approval.resolution {
        let named = !receipt.resolution.is_empty();
        let text = if named {
            w.t("写明了哪次会议决定的")
        } else {
            w.t("金额大，没有写明哪次会议决定的")
        };
        found.push(Check { ok: named, text: text.to_owned(), link: None });
    }
    if rules.should_be_transferred(receipt.amount, receipt.payment) {
        let text = w.t("金额大，却是付的现金");
        found.push(Check { ok: false, text: text.to_owned(), link: None });
    }
    found
}

/// How far a receipt is to be disclosed, as a row beside its fields.
pub fn openness_row(w: Words, openness: Option<Openness>) -> Option<(&'static str, String)> {
    let (attribute, ground) = match openness? {
        Openness::Open {} => (w.t("主动公开"), None),
        Openness::Partial { ground } => (w.t("部分公开"), Some(ground)),
        Openness::OnRequest { ground } => (w.t("依申请公开"), Some(ground)),
        Openness::Withheld { ground } => (w.t("不予公开"), Some(ground)),
    };
    let text = match ground {
        None => attribute.to_owned(),
        Some(ground) => {
            let ground = pages::ground_words(w, &ledger::statement::word(&ground));
            w.fill("{attribute}（{ground}）", &[("attribute", attribute), ("ground", ground)])
        }
    };
    Some((w.t("公开属性"), text))
}

fn signed(app: &App, found: &Submission) -> bool {
    let roster = app.publisher.roster();
    let allowed = roster.signers().iter().filter(|signer| {
        signer.key.name() == found.signer
            && (signer.village.as_str() == found.village || signer.village.is_township())
    });
    Note::parse(found.note.as_bytes())
        .is_ok_and(|note| note.verify(allowed.map(|signer| &signer.key)).is_ok())
}

fn stated(found: &Submission, body: &str) -> bool {
    let note = Note::parse(found.note.as_bytes()).ok();
    let statement = note.and_then(|note| Statement::parse(note.text()).ok());
    statement.and_then(|statement| statement.content()) == Some(sha256(body.as_bytes()))
}
