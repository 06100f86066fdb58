//! What is said of a receipt or a bulletin, sentence by sentence.

use ledger::content::{Direction, ReceiptContent};
use ledger::time::{Date, Timestamp};

use super::aloud::aloud;
use crate::shelf::{BulletinPage, ReceiptPage, Signer, State};

/// Sentences of one paper: a quarter of an hour.
pub const SENTENCES_MAX: usize = 200;
/// Characters of one sentence; a longer one is said in parts.
const SENTENCE_MAX: usize = 80;

/// One sentence, as it stands on the screen and as it is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentence {
    /// As it is written, figures and all: a part of the paper's text, or of what the screen says about it.
    pub text: String,
    /// As it is said: no figures and no signs but marks of punctuation.
    pub said: String,
}

impl Sentence {
    fn new(text: &str) -> Option<Self> {
        let said = aloud(text);
        let sound = said.chars().any(char::is_alphanumeric);
        sound.then(|| Self { text: text.trim().to_owned(), said })
    }
}

/// What a receipt tells: when, who paid whom how much and what for, who had a hand in it, who signed, how it stands.
#[must_use]
pub fn receipt(page: &ReceiptPage) -> Vec<Sentence> {
    let mut texts = Vec::new();
    match (&page.state, &page.content) {
        (State::Withdrawn { at, .. }, _) => {
            texts.push(format!("这张票据{}撤下了，内容不再公开。", date(at.date())));
        }
        (_, None) => texts.push("这张票据的内容还没有传到这台机器。".to_owned()),
        (state, Some(content)) => {
            texts.push(deed(&page.village_name, content));
            texts.extend(people(content));
            texts.extend(signatures(&page.signers, &page.signed_at));
            if let State::Corrected { .. } = state {
                texts.push("这张票据后来更正过，请看更正以后的那一张。".to_owned());
            }
        }
    }
    texts.iter().flat_map(|text| split(text)).take(SENTENCES_MAX).collect()
}

/// What a bulletin tells: its title, whose it is and since when, then its text without the marks of its markup.
#[must_use]
pub fn bulletin(page: &BulletinPage) -> Vec<Sentence> {
    let mut texts = Vec::new();
    match (&page.state, &page.content) {
        (State::Withdrawn { at, .. }, _) => {
            texts.push(format!("这篇公告{}撤下了，内容不再公开。", date(at.date())));
        }
        (_, None) => texts.push("这篇公告的内容还没有传到这台机器。".to_owned()),
        (state, Some(content)) => {
            texts.push(content.title.clone());
            texts.push(format!("{}，{}。", page.village_name, date(page.signed_at.date())));
            if let State::Corrected { .. } = state {
                texts.push("这一篇后来更正过，请看列表里新的一篇。".to_owned());
            }
            texts.extend(content.body.lines().filter_map(unmarked));
        }
    }
    texts.iter().flat_map(|text| split(text)).take(SENTENCES_MAX).collect()
}

fn date(date: Date) -> String {
    format!("{}年{}月{}日", date.period().year(), date.period().month(), date.day())
}

fn deed(village: &str, content: &ReceiptContent) -> String {
    let (day, payee, amount) = (date(content.date), &content.payee, content.amount);
    match content.direction {
        Direction::In => {
            format!("{day}，{village}收到{payee}交来的{amount}元，是{}。", content.purpose)
        }
        Direction::Out => {
            format!("{day}，{village}付给{payee}{amount}元，用于{}。", content.purpose)
        }
    }
}

fn people(content: &ReceiptContent) -> Option<String> {
    let posts = [
        ("经手人", &content.handler),
        ("证明人", &content.witness),
        ("审核人", &content.supervisor),
        ("审批人", &content.approver),
        ("领款人", &content.recipient),
    ];
    let named = posts.iter().filter(|(_, name)| !name.is_empty());
    let named: Vec<String> = named.map(|(post, name)| format!("{post}{name}")).collect();
    (!named.is_empty()).then(|| format!("{}。", named.join("，")))
}

fn signatures(signers: &[Signer], at: &Timestamp) -> Option<String> {
    let named = signers.iter().filter(|signer| !signer.holder.is_empty());
    let named: Vec<String> = named.map(|s| format!("{}{}", s.post, s.holder)).collect();
    (!named.is_empty())
        .then(|| format!("{}在{}签了名，核验过，没有被改动。", named.join("、"), date(at.date())))
}

/// The text in sentences; a very long one in parts, at commas where it has some.
pub(super) fn split(text: &str) -> Vec<Sentence> {
    let ends = |c: char| matches!(c, '。' | '！' | '？' | '；' | '!' | '?' | ';' | '\n');
    let mut parts = Vec::new();
    for whole in text.split_inclusive(ends) {
        let mut part = String::new();
        let mut length = 0;
        for piece in whole.split_inclusive(['，', '、', '：', ',']) {
            let more = piece.chars().count();
            if length > 0 && length + more > SENTENCE_MAX {
                parts.push(std::mem::take(&mut part));
                length = 0;
            }
            for character in piece.chars() {
                if length >= SENTENCE_MAX {
                    parts.push(std::mem::take(&mut part));
                    length = 0;
                }
                part.push(character);
                length += 1;
            }
        }
        parts.push(part);
    }
    parts.iter().filter_map(|part| Sentence::new(part)).collect()
}

/// A line of Markdown as text; `None` for one that only draws. The cells of a table are separated by commas.
fn unmarked(line: &str) -> Option<String> {
    let line = line.trim();
    if line.starts_with('|') {
        let cells = line.split('|').map(str::trim).filter(|cell| !cell.is_empty());
        let cells: Vec<&str> = cells.collect();
        let drawn = cells.iter().all(|cell| cell.chars().all(|c| matches!(c, '-' | ':')));
        return (!drawn).then(|| format!("{}。", cells.join("，")));
    }
    let line = line.trim_start_matches(['#', '>', ' ']);
    let line =
        line.strip_prefix(['-', '*', '+']).filter(|rest| rest.starts_with(' ')).unwrap_or(line);
    let mut text = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('[') {
        let Some((label, target)) = after.split_once("](") else { break };
        let Some((_, next)) = target.split_once(')') else { break };
        match before.strip_suffix('!') {
            Some(before) => text += before, // a picture is not said
            None => text += &format!("{before}{label}"),
        }
        rest = next;
    }
    text += rest;
    let text = text.replace("**", "").replace("__", "").replace('`', "");
    let drawn = text.chars().all(|c| matches!(c, '-' | '*' | '_' | '=' | ' '));
    (!drawn).then_some(text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use ledger::content::{BulletinContent, Importance, Salt};
    use ledger::hash::Hash;
    use ledger::money::Fen;
    use ledger::statement::{Reason, Role};
    use proptest::prelude::*;

    use super::*;

    fn page() -> ReceiptPage {
        ReceiptPage {
            index: 17,
            village: "341181107201".parse().unwrap(),
            village_name: "新街村".into(),
            period: "2026-10".parse().unwrap(),
            content: Some(ReceiptContent {
                salt: Salt([1; 16]),
                direction: Direction::Out,
                amount: Fen(123_450),
                date: "2026-10-05".parse().unwrap(),
                purpose: "修村部门前的路灯".into(),
                payee: "新街五金店".into(),
                category: "公益设施".into(),
                handler: "陈志强".into(),
                witness: String::new(),
                approver: "赵德明".into(),
                recipient: String::new(),
                supervisor: String::new(),
                payment: None,
                resolution: String::new(),
                invoice: None,
                openness: None,
                no_voucher: String::new(),
                images: Vec::new(),
            }),
            signers: vec![Signer {
                holder: "李秀英".into(),
                post: "报账员".into(),
                role: Role::Accountant,
                key: "341181107201/accountant".into(),
            }],
            signed_at: "2026-11-03T09:12:00+08:00".parse().unwrap(),
            state: State::Shown,
            corrects: None,
            log_size: 20,
            root: Hash([0; 32]),
            entry_hash: Hash([0; 32]),
        }
    }

    fn announcement(body: &str) -> BulletinPage {
        let receipt = page();
        BulletinPage {
            index: 3,
            village: receipt.village,
            village_name: "新街镇".into(),
            content: Some(BulletinContent::plain(Salt([2; 16]), "tongzhi", "停水通知", body)),
            signers: receipt.signers,
            signed_at: receipt.signed_at,
            state: State::Shown,
            importance: Importance::Normal,
            explains: None,
            explained_by: Vec::new(),
            log_size: 20,
            root: receipt.root,
            entry_hash: receipt.entry_hash,
        }
    }

    fn said(sentences: &[Sentence]) -> String {
        sentences.iter().map(|sentence| sentence.said.as_str()).collect()
    }

    #[test]
    fn a_receipt_says_how_much_what_for_who_was_paid_and_who_signed() {
        let sentences = receipt(&page());
        assert_eq!(
            said(&sentences),
            "二零二六年十月五日，新街村付给新街五金店一千二百三十四元五角，用于修村部门前的路灯。\
             经手人陈志强，审批人赵德明。报账员李秀英在二零二六年十一月三日签了名，核验过，没有被改动。"
        );
        assert_eq!(
            sentences[0].text,
            "2026年10月5日，新街村付给新街五金店1,234.50元，用于修村部门前的路灯。"
        );
        let mut income = page();
        income.content.as_mut().unwrap().direction = Direction::In;
        assert!(
            said(&receipt(&income))
                .contains("新街村收到新街五金店交来的一千二百三十四元五角，是修")
        );
    }

    #[test]
    fn of_what_was_withdrawn_nothing_is_said_but_that() {
        let mut gone = page();
        let at = "2026-11-09T09:12:00+08:00".parse().unwrap();
        gone.state = State::Withdrawn { reason: Reason::Personal, at };
        assert_eq!(said(&receipt(&gone)), "这张票据二零二六年十一月九日撤下了，内容不再公开。");
        let mut waiting = page();
        waiting.content = None;
        assert_eq!(receipt(&waiting).len(), 1);
        let mut old = page();
        old.state = State::Corrected { by: 19 };
        assert!(receipt(&old).last().unwrap().text.contains("更正"));
    }

    #[test]
    fn a_bulletin_is_said_without_its_markup() {
        let body = "# 通知\n\n各位村民：\n**明天**停水，详见[这里](http://x.cn/1)。![图](a.jpg)\n\n---\n\
                    | 项目 | 金额 |\n|---|:--|\n| 电费 | 12.50元 |\n- 请储水\n- 电话：12345\n";
        assert_eq!(
            said(&bulletin(&announcement(body))),
            "停水通知新街镇，二零二六年十一月三日。通知各位村民，明天停水，详见这里。项目，金额。电费，十二元五角。\
             请储水电话，幺二三四五"
        );
    }

    #[test]
    fn long_sentences_are_said_in_parts_and_long_papers_end() {
        let long = format!("{}，{}。", "长".repeat(70), "短".repeat(200));
        let parts = bulletin(&announcement(&long));
        assert!(parts.iter().all(|part| part.text.chars().count() <= SENTENCE_MAX));
        assert_eq!(said(&parts[2..]).chars().filter(|c| *c == '短').count(), 200);
        assert_eq!(bulletin(&announcement(&"好。".repeat(5_000))).len(), SENTENCES_MAX);
    }

    proptest! {
        #[test]
        fn no_bulletin_is_too_strange_and_nothing_is_lost(body in "[\\PC\n]{0,400}") {
            for sentence in bulletin(&announcement(&body)) {
                prop_assert!(!sentence.said.is_empty());
                prop_assert!(sentence.text.chars().count() <= SENTENCE_MAX);
            }
        }
    }
}
