//! Corrections: what is published never changes, so it is corrected by a new paper like it, which takes its place in the
//! accounts once it is published too.

use crate::desk::Desk;
use crate::draft::Draft;
use crate::error::{Error, Result};
use crate::item::{Item, Kind, State};
use crate::say;

/// The newer version of an item's record that takes its place, or will once it is published. `items` are all, by number.
pub fn newer<'a>(items: &'a [Item], item: &Item) -> Option<&'a Item> {
    let record = item.record()?;
    let newer = |other: &&Item| {
        other.id > item.id && other.in_work() && other.draft.corrects == Some(record)
    };
    items.iter().rev().find(newer)
}

/// Makes a draft that corrects a published item: with its fields, after `change`, and with its pages. The draft's number.
///
/// # Errors
/// [`Error::State`] unless it is a receipt that is published, disclosed, and the newest version; `change`'s own.
pub fn begin(
    desk: &mut Desk,
    id: i64,
    change: impl FnOnce(&mut Draft) -> Result<()>,
) -> Result<i64> {
    let item = desk.outbox.item(id)?;
    let refused = |why| Err(Error::State { id, state: item.state, why });
    let Some(record) = item.record().filter(|_| item.state == State::Published) else {
        return refused(say!("只能更正已经公布的票据"));
    };
    if item.kind != Kind::Receipt {
        return refused(say!("“本月没有票据”不能更正；有票据就直接报，再请办公室撤回声明"));
    }
    if let Some(newer) = newer(&desk.outbox.items()?, &item) {
        return refused(say!("已经有更正：第 {newer} 号，请改那一张", newer = newer.id));
    }
    if item.openness().is_some_and(|openness| openness.withholding().is_some()) {
        return refused(say!("内容没有公开，不能更正；请找办公室"));
    }
    if let Some(published) = desk.published()?
        && published.withdrawn(record).map_err(Error::Follow)?
    {
        return refused(say!("办公室已经撤回，不能更正"));
    }
    let mut draft = Draft { corrects: Some(record), source: None, ..item.draft.clone() };
    // It was signed: a person has seen it.
    draft.by_machine.clear();
    change(&mut draft)?;
    desk.outbox.correct(&item, &draft)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::concerns::{self, Others};
    use crate::desk::tests::desk;
    use crate::draft::Field;
    use crate::item::Signed;
    use crate::openness::Attribute;
    use crate::outbox::{Act, Place};
    use crate::send::{Stage, Status};
    use ledger::hash::sha256;
    use ledger::statement::{LegalGround, Source};

    fn draft() -> Draft {
        let mut draft = Draft::default();
        for (field, text) in [
            (Field::Date, "2026-05-12"),
            (Field::Period, "2026-05"),
            (Field::Amount, "88"),
            (Field::Purpose, "修门"),
            (Field::Payee, "木工组"),
            (Field::Category, "维修费"),
        ] {
            draft.set(field, text).unwrap();
        }
        draft
    }

    /// A receipt that the office published at this log index.
    fn published(desk: &mut Desk, draft: &Draft, index: u64) -> i64 {
        let photo = sha256(index.to_string().as_bytes());
        let id = desk.outbox.add(draft, &[photo]).unwrap().unwrap();
        publish(desk, id, index);
        id
    }

    fn publish(desk: &mut Desk, id: i64, index: u64) {
        let submission = sha256(id.to_string().as_bytes());
        let signed = Signed { submission, note: "n".into(), content: None };
        desk.outbox.sign(id, &signed).unwrap();
        let status = Status { state: Stage::Published, index: Some(index), ..Status::default() };
        desk.outbox.answer(id, &status).unwrap();
    }

    fn correct(desk: &mut Desk, id: i64) -> Result<i64> {
        begin(desk, id, |draft| draft.set_source(Some(Source::Original)).map_err(Error::Unfit))
    }

    #[test]
    fn a_correction_holds_what_was_published_and_undo_takes_it_back() {
        let (_folder, mut desk, _) = desk();
        let first = published(&mut desk, &draft(), 7);
        let new = begin(&mut desk, first, |_| Ok(())).unwrap();
        let (old, item) = (desk.outbox.item(first).unwrap(), desk.outbox.item(new).unwrap());
        assert_eq!((item.state, item.draft.corrects), (State::Draft, Some(7)));
        assert_eq!((&item.pages, &item.draft.payee), (&old.pages, &old.draft.payee));
        assert_eq!(item.missing(), [Field::Source]);
        let type_source =
            |draft: &mut Draft| draft.set(Field::Source, "信息格式错误").map_err(Error::Unfit);
        desk.outbox.edit(new, Act::Type(Field::Source), type_source).unwrap();
        assert_eq!(desk.outbox.item(new).unwrap().draft.source, Some(Source::Format));
        desk.outbox.undo().unwrap();
        assert_eq!(desk.outbox.item(new).unwrap().draft.source, None);
        let deed = desk.outbox.undo().unwrap().unwrap();
        assert_eq!((deed.item, deed.act), (first, Act::Correct));
        assert_eq!(desk.outbox.item(new).unwrap().state, State::Removed);
        assert_eq!(desk.outbox.item(first).unwrap().state, State::Published);
        assert!(correct(&mut desk, first).is_ok(), "it can be begun again");
    }

    #[test]
    fn the_versions_of_one_receipt_are_no_doubles_and_the_newest_is_corrected() {
        let (_folder, mut desk, _) = desk();
        let first = published(&mut desk, &draft(), 7);
        let second = correct(&mut desk, first).unwrap();
        let grave = |desk: &Desk, id| {
            let others = Others::of(desk).unwrap();
            let concerns = concerns::of(&others, &desk.outbox.item(id).unwrap()).unwrap();
            concerns.iter().filter(|concern| concern.grave()).count()
        };
        assert_eq!(grave(&desk, second), 0, "the same photo of the same receipt");
        assert!(correct(&mut desk, first).is_err_and(|why| why.to_string().contains("第 2 号")));
        publish(&mut desk, second, 12);
        assert!(correct(&mut desk, first).is_err());
        let third = correct(&mut desk, second).unwrap();
        let item = desk.outbox.item(third).unwrap();
        assert_eq!(item.draft.corrects, Some(7), "every version is of the first");
        let items = desk.outbox.items().unwrap();
        let newest = |id: i64| newer(&items, &items[id as usize - 1]).map(|item| item.id);
        assert_eq!([first, second, third].map(newest), [Some(third), Some(third), None]);
        // Another photo may take the place of the old one.
        let photo = desk.outbox.add(&Draft::default(), &[sha256(b"better")]).unwrap().unwrap();
        let place = Place::InsteadOf(item.pages[0].original);
        desk.outbox.join(photo, third, place).unwrap();
        assert_eq!(desk.outbox.item(third).unwrap().pages[0].original, sha256(b"better"));
        assert_eq!(desk.outbox.item(second).unwrap().pages, item.pages);
    }

    #[test]
    fn only_what_is_published_and_disclosed_is_corrected() {
        let (_folder, mut desk, _) = desk();
        let id = desk.outbox.add(&draft(), &[sha256(b"a")]).unwrap().unwrap();
        assert!(matches!(correct(&mut desk, id), Err(Error::State { .. })));
        let nothing = desk.outbox.add_nothing("2026-05".parse().unwrap()).unwrap().unwrap();
        publish(&mut desk, nothing, 3);
        assert!(matches!(correct(&mut desk, nothing), Err(Error::State { .. })));
        let ground = Some(LegalGround::Privacy);
        let withheld = Draft { attribute: Attribute::Withheld, ground, ..draft() };
        let withheld = published(&mut desk, &withheld, 9);
        assert!(matches!(correct(&mut desk, withheld), Err(Error::State { .. })));
        assert!(desk.outbox.items().unwrap().iter().all(|item| item.draft.corrects.is_none()));
    }
}
