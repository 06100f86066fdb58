//! What the machine found in a submission, in words, before a person looks.

mod personal;

use ledger::content::{Openness, ReceiptContent};
use ledger::hash::sha256;
use ledger::note::Note;
use ledger::statement::Statement;

use super::rows::{Held, flag_words};
use crate::app::App;
use crate::codes::Codes;
use crate::people::Who;
use crate::review::invoice::{self, Finding};
use crate::review::{Flag, State, Submission};
use crate::rules::Rules;
use crate::web::pages;
use crate::web::words::Words;

/// What a finding means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// As it should be.
    Good,
    /// Nothing against it, and worth knowing.
    Note,
    /// To be looked at.
    Bad,
}

/// One finding.
pub struct Check {
    /// What it means.
    pub verdict: Verdict,
    /// What was found.
    pub text: String,
    /// Where to look.
    pub link: Option<String>,
}

impl Check {
    fn new(verdict: Verdict, text: impl Into<String>) -> Self {
        Self { verdict, text: text.into(), link: None }
    }

    fn plain(good: bool, text: &'static str) -> Self {
        Self::new(if good { Verdict::Good } else { Verdict::Bad }, text)
    }

    /// How the page marks it.
    pub fn class(&self) -> &'static str {
        match self.verdict {
            Verdict::Good => "ok",
            Verdict::Note => "by",
            Verdict::Bad => "bad",
        }
    }
}

/// Everything that was checked, for whoever looks.
pub fn checks(
    app: &App,
    w: Words,
    found: &Submission,
    codes: &Codes,
    rules: &Rules,
    who: &Who,
) -> Vec<Check> {
    let mut checks = vec![match signed(app, found) {
        true => Check::plain(true, w.t("签名有效，签名人有权为这个村签名")),
        false => Check::plain(false, w.t("签名无效，或签名人现在无权签名")),
    }];
    if let Some(body) = &found.body {
        checks.push(match stated(found, body) {
            true => Check::plain(true, w.t("内容和签名时一样")),
            false => Check::plain(false, w.t("内容和签名时不一样")),
        });
    }
    match Held::of(found) {
        Held::Receipt(receipt) => {
            checks.extend(of_receipt(w, found, &receipt));
            checks.extend(by_codes(w, found, &receipt, codes));
            checks.extend(by_rules(w, &receipt, rules));
            checks.extend(personal::in_receipt(w, &receipt));
        }
        Held::Bulletin(bulletin) => checks.extend(personal::in_bulletin(w, &bulletin)),
        Held::Nothing => {}
    }
    checks.extend(found.flags.iter().map(|flag| used_before(w, flag, who)));
    checks
}

fn of_receipt(w: Words, found: &Submission, receipt: &ReceiptContent) -> Vec<Check> {
    let mut checks = vec![match receipt.images.len() {
        0 => Check::plain(false, w.t("没有图片")),
        _ if !found.missing.is_empty() => Check::plain(false, w.t("图片还没有传完。")),
        n => Check::new(Verdict::Good, w.one("图片 {n} 张，都收齐了", &n)),
    }];
    let month = found.period.as_ref().and_then(|text| text.parse().ok());
    checks.push(match month.is_none_or(|month| receipt.date.period() == month) {
        true => Check::plain(true, w.t("票据日期在记账月份里")),
        false => Check::plain(false, w.t("票据日期不在记账月份里")),
    });
    if receipt.invoice.is_some() && found.flags.iter().all(|flag| flag.code != "invoice-used") {
        checks.push(Check::plain(true, w.t("发票号码没有用过")));
    }
    checks
}

/// What the invoice's code on the picture says of a receipt.
fn by_codes(w: Words, found: &Submission, receipt: &ReceiptContent, codes: &Codes) -> Vec<Check> {
    if receipt.images.is_empty() {
        return Vec::new();
    }
    let findings = invoice::compare(receipt, codes).into_iter();
    // Once decided, nobody looks at its pictures any more.
    let waits = matches!(found.state, State::Incomplete | State::Received);
    findings
        .filter(|finding| waits || *finding != Finding::Waiting)
        .map(|finding| match finding {
            Finding::Agrees => Check::plain(true, w.t("号码、金额、日期和发票二维码对得上")),
            Finding::Number => Check::plain(false, w.t("发票号码和二维码里的不一样")),
            Finding::Amount => Check::plain(false, w.t("金额和发票二维码里的对不上")),
            Finding::Date => Check::plain(false, w.t("日期和发票二维码里的不一样")),
            Finding::Waiting => Check::new(Verdict::Note, w.t("正在看图片上有没有发票二维码")),
            Finding::Unread => Check::new(Verdict::Note, w.t("没有读出发票二维码，请对着图片看")),
            Finding::Unstated => {
                Check::new(Verdict::Note, w.t("图片上有发票二维码，内容里没有写发票号码"))
            }
            Finding::Slip => Check::new(
                Verdict::Note,
                w.t("发票二维码的校验位对不上；真发票也常有这样的，请看一眼"),
            ),
        })
        .collect()
}

/// An earlier submission that this one may be the double of. Of another village's, a village's people learn only that
/// there is one.
fn used_before(w: Words, flag: &Flag, who: &Who) -> Check {
    let words = flag_words(w, flag.code);
    if who.sees(&flag.village) {
        let link = Some(w.link(&format!("/office/s/{}", flag.other)));
        return Check { verdict: Verdict::Bad, text: words.to_owned(), link };
    }
    Check::new(Verdict::Bad, w.fill("{found}（别的村）", &[("found", words)]))
}

/// What the rules say of a receipt's amount.
fn by_rules(w: Words, receipt: &ReceiptContent, rules: &Rules) -> Vec<Check> {
    let mut found = Vec::new();
    if rules.approval(receipt.amount).resolution {
        found.push(match receipt.resolution.is_empty() {
            false => Check::plain(true, w.t("写明了哪次会议决定的")),
            true => Check::plain(false, w.t("金额大，没有写明哪次会议决定的")),
        });
    }
    if rules.should_be_transferred(receipt.amount, receipt.payment) {
        found.push(Check::plain(false, w.t("金额大，却是付的现金")));
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
