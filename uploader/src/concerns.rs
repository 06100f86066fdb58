//! What a person should look at before an item is signed: grave ones must be confirmed, the others are said.

use crate::chores;
use crate::desk::Desk;
use crate::draft::Field;
use crate::error::{Error, Result};
use crate::item::{Item, Kind, State};
use crate::likeness::{self, Paper, Why};
use crate::outbox::Outbox;
use crate::personal;
use crate::published::PublishedPaper;
use crate::rules::{self, Broken};
use crate::say;
use crate::sharpness::Gate;
use ledger::place::Village;

/// One thing to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Concern {
    /// A personal number in a field that everybody will read.
    Personal(Field, personal::Found),
    /// Another item has the same invoice number.
    SameInvoice(i64),
    /// Another item may be the same paper.
    Alike(i64, Why),
    /// It may be published already: the log's index, the village, and why.
    Published(u64, Village, Why),
    /// A photo of it should be taken again, and how.
    Photo(String),
    /// The code on the paper contradicts its own check sum.
    CheckSum,
    /// What is stated as paid is less than the amount before tax on the paper.
    BelowNet,
    /// These fields were read by a machine and nobody has looked at them.
    Unconfirmed(Vec<Field>),
    /// A rule on sums and signers.
    Rule(Broken),
}

impl Concern {
    /// Whether signing must be confirmed: what is published cannot be taken back.
    pub fn grave(&self) -> bool {
        match self {
            Concern::Personal(_, found) => found.sure,
            Concern::SameInvoice(_) => true,
            Concern::Alike(_, why) => *why == Why::SameFile,
            Concern::Published(_, _, why) => matches!(why, Why::SameFile | Why::SameInvoice),
            Concern::Photo(_)
            | Concern::CheckSum
            | Concern::BelowNet
            | Concern::Unconfirmed(_)
            | Concern::Rule(_) => false,
        }
    }

    /// What a person reads.
    pub fn said(&self) -> String {
        match self {
            Concern::Personal(field, found) => personal::sentence(*field, found),
            Concern::SameInvoice(id) => say!("这张发票的号码与第 {id} 号相同", id = id),
            Concern::Alike(id, why) => {
                say!("可能与第 {id} 号是同一张：{why}", id = id, why = why.say())
            }
            Concern::Published(index, village, why) => say!(
                "可能已经公布过（登记册第 {index} 号，村 {village}）：{why}",
                index = index,
                village = village,
                why = why.say()
            ),
            Concern::Photo(advice) => advice.clone(),
            Concern::CheckSum => say!("二维码的校验不符，请核对发票"),
            Concern::BelowNet => say!("金额小于二维码里的不含税金额，请核对"),
            Concern::Unconfirmed(fields) => {
                say!("机器读的，请核对：{fields}", fields = Field::list(fields))
            }
            Concern::Rule(broken) => broken.said(),
        }
    }
}

/// What is to be looked at in a draft; nothing for other items.
///
/// # Errors
/// [`crate::error::Error::Outbox`].
pub fn of(desk: &Desk, item: &Item) -> Result<Vec<Concern>> {
    let outbox = &desk.outbox;
    if item.state != State::Draft || item.kind != Kind::Receipt {
        return Ok(Vec::new());
    }
    let draft = &item.draft;
    let mut concerns: Vec<Concern> = personal::in_draft(draft)
        .into_iter()
        .map(|(field, found)| Concern::Personal(field, found))
        .collect();
    if let Some(other) = outbox.same_invoice(item.id, draft)? {
        concerns.push(Concern::SameInvoice(other));
    }
    concerns.extend(alike(outbox, item)?);
    concerns.extend(published(desk, item)?);
    let gates = item.pages.iter().filter_map(|page| page.looked.as_ref()?.gate);
    concerns.extend(gates.filter_map(Gate::advice).map(Concern::Photo));
    let codes = item.codes();
    if chores::code_of(&codes).is_some_and(|code| code.crc_ok == Some(false)) {
        concerns.push(Concern::CheckSum);
    }
    if draft.net.zip(draft.amount).is_some_and(|(net, amount)| amount < net) {
        concerns.push(Concern::BelowNet);
    }
    if !draft.by_machine.is_empty() {
        concerns.push(Concern::Unconfirmed(draft.by_machine.clone()));
    }
    concerns.extend(rules::broken(draft).into_iter().map(Concern::Rule));
    Ok(concerns)
}

/// Other items that may be the same paper, but for those that a person said are not, and for the same invoice number,
/// which is told by itself.
fn alike(outbox: &Outbox, item: &Item) -> Result<Vec<Concern>> {
    let apart = outbox.apart()?;
    let said_apart = |other: i64| {
        let pair = |a: i64, b: i64| apart.iter().any(|(item, o)| *item == a && *o == b.to_string());
        pair(item.id, other) || pair(other, item.id)
    };
    let mine = Paper::of(&item.draft, &item.pages);
    let others = outbox.items()?.into_iter().filter(|other| {
        other.id != item.id
            && other.in_work()
            && other.kind == Kind::Receipt
            && !said_apart(other.id)
    });
    let why = |other: Item| {
        let why = likeness::why_alike(&mine, &Paper::of(&other.draft, &other.pages))?;
        (why != Why::SameInvoice).then_some(Concern::Alike(other.id, why))
    };
    Ok(others.filter_map(why).collect())
}

/// Published receipts that may be the same paper, but for those that a person said are not.
fn published(desk: &Desk, item: &Item) -> Result<Vec<Concern>> {
    let Some(published) = desk.published()? else { return Ok(Vec::new()) };
    let mine = Paper::of(&item.draft, &item.pages);
    let apart = desk.outbox.apart()?;
    let like = published.like(&mine, None).map_err(Error::Follow)?;
    let said_apart = |statement: String| apart.contains(&(item.id, statement));
    let concern = |(paper, why): (PublishedPaper, Why)| {
        let known = said_apart(paper.statement.to_string());
        (!known).then_some(Concern::Published(paper.index, paper.village, why))
    };
    Ok(like.into_iter().filter_map(concern).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::desk::tests::desk;
    use crate::draft::{Draft, Way};
    use crate::outbox::Act;
    use ledger::hash::sha256;

    #[test]
    fn an_identity_number_in_the_purpose_is_grave_until_it_is_gone() {
        let (_folder, mut desk, _) = desk();
        let mut draft = Draft::default();
        draft.set(Field::Purpose, "付 11010519491231002X 误工费").unwrap();
        draft.direction = Some(Way::In.into());
        let id = desk.outbox.add(&draft, &[sha256(b"a")]).unwrap().unwrap();
        let concerns = |desk: &Desk| of(desk, &desk.outbox.item(id).unwrap());
        let found = concerns(&desk).unwrap();
        assert!(found.len() == 1 && found[0].grave(), "{found:?}");
        assert!(found[0].said().contains("身份证"));
        let clean = |draft: &mut Draft| {
            draft.purpose = "付误工费".into();
            Ok(())
        };
        desk.outbox.edit(id, Act::Type(Field::Purpose), clean).unwrap();
        assert_eq!(concerns(&desk).unwrap(), []);
    }
}
