//! What a person should look at before an item is signed: grave ones must be confirmed, the others are said.

use crate::chores;
use crate::desk::Desk;
use crate::draft::{Draft, Field};
use crate::error::{Error, Result};
use crate::item::{Item, Kind, State};
use crate::likeness::{self, Paper, Why};
use crate::personal;
use crate::published::{Published, PublishedPaper};
use crate::rules::{self, Broken};
use crate::say;
use crate::sharpness::Gate;
use ledger::place::Village;
use ledger::time::{Date, Period};
use marks::personal::Found;

/// All that a paper is compared with, gathered once for as many as are looked at.
pub struct Others {
    /// The receipts of the outbox, and the records that they are versions of.
    papers: Vec<(i64, Option<u64>, Paper)>,
    /// Papers that a person said are two: an item, and another item's number or a published statement's hash.
    apart: Vec<(i64, String)>,
    published: Option<Published>,
    /// As this computer's clock says.
    today: Option<Date>,
}

/// One thing to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Concern {
    /// A personal number in a field that everybody will read.
    Personal(Field, Found),
    /// Another item may be the same paper.
    Alike(i64, Why),
    /// It may be published already: the log's index, the village, and why.
    Published(u64, Village, Why),
    /// A photo of it should be taken again, and how.
    Photo(String),
    /// The day on the paper is later than today.
    Tomorrow(Date),
    /// The day on the paper is of another time than the month of accounts.
    OtherMonth(Date, Period),
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
            Concern::Alike(_, why) | Concern::Published(_, _, why) => {
                matches!(why, Why::SameFile | Why::SameInvoice)
            }
            Concern::Tomorrow(_) => true,
            Concern::OtherMonth(..)
            | Concern::Photo(_)
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
            Concern::Alike(id, why) => {
                say!("可能与第 {id} 号是同一张：{why}", id = id, why = why.say())
            }
            Concern::Published(index, village, why) => say!(
                "可能已经公布过（登记册第 {index} 号，村 {village}）：{why}",
                index = index,
                village = village,
                why = why.say()
            ),
            Concern::Tomorrow(date) => {
                say!("票据日期 {date} 比今天还晚：日期填错了，或电脑的时钟不对", date = date)
            }
            Concern::OtherMonth(date, period) => {
                say!("票据日期 {date}，记在 {period}，对吗？", date = date, period = period)
            }
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

impl Others {
    /// As they are now.
    ///
    /// # Errors
    /// [`crate::error::Error::Outbox`], [`crate::error::Error::Follow`].
    pub fn of(desk: &Desk) -> Result<Others> {
        Others::among(desk, &desk.outbox.items()?)
    }

    /// The same, where the outbox's items were read already.
    ///
    /// # Errors
    /// As of [`Others::of`].
    pub fn among(desk: &Desk, items: &[Item]) -> Result<Others> {
        let receipt = |item: &&Item| item.in_work() && item.kind == Kind::Receipt;
        let receipts = items.iter().filter(receipt);
        Ok(Others {
            papers: receipts.map(|i| (i.id, i.record(), Paper::of(&i.draft, &i.pages))).collect(),
            apart: desk.outbox.apart()?,
            published: desk.published()?,
            today: jiff::Zoned::now().date().to_string().parse().ok(),
        })
    }

    /// Other items that may be the same paper, but for versions of it and those that a person said are not.
    fn alike(&self, item: &Item, mine: &Paper) -> Vec<Concern> {
        let (id, record) = (item.id, item.record());
        let others = self.papers.iter().filter(|(other, of, _)| {
            let version = record.is_some() && *of == record;
            *other != id && !version && !self.said_apart(id, *other) && !self.said_apart(*other, id)
        });
        let alike = |(other, _, paper): &(i64, Option<u64>, Paper)| {
            likeness::why_alike(mine, paper).map(|why| Concern::Alike(*other, why))
        };
        others.filter_map(alike).collect()
    }

    /// Published receipts that may be the same paper, but for what it corrects and those that a person said are not.
    fn published(&self, item: &Item, mine: &Paper) -> Result<Vec<Concern>> {
        let Some(published) = &self.published else { return Ok(Vec::new()) };
        let like = published.like(mine, None).map_err(Error::Follow)?;
        let concern = |(paper, why): (PublishedPaper, Why)| {
            let known =
                self.said_apart(item.id, paper.statement) || item.record() == Some(paper.record);
            (!known).then_some(Concern::Published(paper.index, paper.village, why))
        };
        Ok(like.into_iter().filter_map(concern).collect())
    }

    fn said_apart(&self, id: i64, other: impl ToString) -> bool {
        let other = other.to_string();
        self.apart.iter().any(|(item, apart)| *item == id && *apart == other)
    }
}

/// What is to be looked at in a draft; nothing for other items.
///
/// # Errors
/// [`crate::error::Error::Follow`].
pub fn of(others: &Others, item: &Item) -> Result<Vec<Concern>> {
    if item.state != State::Draft || item.kind != Kind::Receipt {
        return Ok(Vec::new());
    }
    let draft = &item.draft;
    let mut concerns: Vec<Concern> = personal::in_draft(draft)
        .into_iter()
        .map(|(field, found)| Concern::Personal(field, found))
        .collect();
    let mine = Paper::of(draft, &item.pages);
    concerns.extend(others.alike(item, &mine));
    concerns.extend(others.published(item, &mine)?);
    concerns.extend(misdated(draft, others.today));
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

/// Whether the day on the paper fits today and the month of accounts. A paper of the month before is nothing unusual.
fn misdated(draft: &Draft, today: Option<Date>) -> Option<Concern> {
    let (date, period) = (draft.date?, draft.period?);
    if today.is_some_and(|today| date > today) {
        return Some(Concern::Tomorrow(date));
    }
    (!(0..=1).contains(&period.months_since(date.period())))
        .then_some(Concern::OtherMonth(date, period))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::desk::tests::desk;
    use crate::draft::Way;
    use crate::outbox::Act;
    use ledger::hash::sha256;

    #[test]
    fn an_identity_number_in_the_purpose_is_grave_until_it_is_gone() {
        let (_folder, mut desk, _) = desk();
        let mut draft = Draft::default();
        draft.set(Field::Purpose, "付 11010519491231002X 误工费").unwrap();
        draft.direction = Some(Way::In.into());
        let id = desk.outbox.add(&draft, &[sha256(b"a")]).unwrap().unwrap();
        let concerns = |desk: &Desk| of(&Others::of(desk).unwrap(), &desk.outbox.item(id).unwrap());
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

    #[test]
    fn a_day_that_cannot_be_is_noticed_and_so_is_a_clock_that_is_wrong() {
        let dated = |date: &str, period: &str| Draft {
            date: date.parse().ok(),
            period: period.parse().ok(),
            ..Draft::default()
        };
        let on = |today: &str, draft: &Draft| misdated(draft, today.parse().ok());
        let may = dated("2026-05-31", "2026-05");
        assert_eq!(on("2026-06-02", &may), None);
        assert_eq!(on("2026-06-02", &dated("2026-04-30", "2026-05")), None);
        let old = on("2026-06-02", &dated("2026-03-31", "2026-05")).unwrap();
        assert!(matches!(old, Concern::OtherMonth(..)) && !old.grave());
        assert!(
            matches!(on("2026-06-02", &dated("2026-06-01", "2026-05")), Some(old) if !old.grave())
        );
        // A computer whose battery is empty believes that it is 1970.
        assert!(on("1970-01-01", &may).unwrap().grave());
    }

    #[test]
    fn one_invoice_number_in_two_items_is_grave_until_one_is_gone() {
        let (_folder, mut desk, _) = desk();
        let code = marks::invoice::parse("01,32,,26447000001243494438,285.92,20260619,,300A");
        let draft = Draft::of_code(&code.unwrap());
        let first = desk.outbox.add(&draft, &[sha256(b"a")]).unwrap().unwrap();
        let second = desk.outbox.add(&draft, &[sha256(b"b")]).unwrap().unwrap();
        let same = Concern::Alike(first, Why::SameInvoice);
        let has = |desk: &Desk| {
            let others = Others::of(desk).unwrap();
            of(&others, &desk.outbox.item(second).unwrap()).unwrap().contains(&same)
        };
        assert!(has(&desk) && same.grave());
        desk.outbox.keep_apart(first, &second.to_string()).unwrap();
        assert!(!has(&desk), "a person said that they are two");
        let third = desk.outbox.add(&draft, &[sha256(b"c")]).unwrap().unwrap();
        desk.outbox.remove(first).unwrap();
        desk.outbox.remove(third).unwrap();
        assert!(!has(&desk));
    }
}
