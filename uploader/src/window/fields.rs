//! The boxes of the form: what stands in them, what may stand there, and what the person typed.

use super::room::{Room, Scene};
use super::rows;
use crate::draft::{Draft, Field};
use crate::error::{Error, Result};
use crate::item::{Item, Kind, State};
use crate::openness::{self, Attribute, Choice};
use crate::outbox::Act;
use crate::say;
use ledger::content::{Direction, Openness};
use ledger::statement::{LegalGround, Source};
use mingbai_uploader_ui::{FieldName, FieldRow};
use slint::Model;
use std::collections::HashMap;

/// The boxes in the order in which they stand on the page, where they stand.
const FIELDS: [(FieldName, Field); 18] = [
    (FieldName::Source, Field::Source),
    (FieldName::Amount, Field::Amount),
    (FieldName::Direction, Field::Direction),
    (FieldName::Date, Field::Date),
    (FieldName::Period, Field::Period),
    (FieldName::Purpose, Field::Purpose),
    (FieldName::Payee, Field::Payee),
    (FieldName::Category, Field::Category),
    (FieldName::Handler, Field::Handler),
    (FieldName::Witness, Field::Witness),
    (FieldName::Approver, Field::Approver),
    (FieldName::Supervisor, Field::Supervisor),
    (FieldName::Recipient, Field::Recipient),
    (FieldName::Payment, Field::Payment),
    (FieldName::Resolution, Field::Resolution),
    (FieldName::InvoiceNumber, Field::InvoiceNumber),
    (FieldName::Openness, Field::Openness),
    (FieldName::Ground, Field::Ground),
];

/// How many words are offered under a box.
const OFFERED: usize = 6;

/// The boxes that a paper has, from top to bottom. The month of a correction cannot be changed.
pub fn boxes(item: &Item) -> impl Iterator<Item = (FieldName, Field)> {
    let (receipt, draft) = (item.kind == Kind::Receipt, &item.draft);
    let (correction, open) = (draft.corrects.is_some(), draft.attribute == Attribute::Open);
    FIELDS.into_iter().filter(move |(_, field)| match field {
        Field::Source => receipt && correction,
        Field::Period => receipt && !correction,
        Field::Ground => receipt && !open,
        _ => receipt,
    })
}

/// The row of the first of these fields that a paper has.
pub fn row_of(item: &Item, fields: &[Field]) -> Option<usize> {
    boxes(item).position(|(_, known)| fields.contains(&known))
}

fn field_of(name: FieldName) -> Field {
    let found = FIELDS.iter().find(|(known, _)| *known == name);
    found.map_or(Field::Purpose, |(_, field)| *field)
}

/// What may be chosen and nothing else.
fn closed(field: Field) -> Vec<String> {
    match field {
        Field::Direction => vec![say!("支出"), say!("收入")],
        Field::Payment => vec![say!("转账"), say!("现金")],
        Field::Openness => Attribute::labels(),
        Field::Ground => LegalGround::labels(),
        Field::Source => Source::labels(),
        _ => Vec::new(),
    }
}

/// How many of the words that may be chosen stand beside each other.
fn across(field: Field) -> i32 {
    match field {
        Field::Direction | Field::Payment | Field::Openness => 2,
        Field::Ground | Field::Source => 1,
        _ => 0,
    }
}

/// What stands in a box. What is covered on its picture makes a paper partly open, whatever was said.
fn value(item: &Item, field: Field) -> String {
    match (field, item.openness()) {
        (Field::Openness, Some(Openness::Partial { .. })) => Attribute::Partial.label(),
        _ => item.draft.shown(field).unwrap_or_default(),
    }
}

/// What follows from what stands in a box.
fn note(item: &Item, field: Field) -> String {
    let covered = item.covered() && item.draft.attribute == Attribute::Open;
    match field {
        Field::Openness if covered => say!("照片上有遮住的地方，所以是部分公开（个人隐私）"),
        _ => String::new(),
    }
}

/// Why a box must not stay as it is.
fn lacking(item: &Item, field: Field) -> String {
    match field {
        Field::Ground if item.missing().contains(&field) => openness::no_ground(),
        _ => String::new(),
    }
}

/// The heads of accounts that villages use, before any were used here. They go into the record, which is Chinese.
fn usual_categories(direction: Direction) -> &'static [&'static str] {
    match direction {
        Direction::Out => {
            &["办公费", "水电费", "维修费", "误工补贴", "会议费", "公益事业", "其他支出"]
        }
        Direction::In => &["经营收入", "投资收益", "补助收入", "其他收入"],
    }
}

impl Room {
    /// What stands in a box is the person's from now on.
    pub fn confirm_field(&mut self, name: FieldName, text: &str) -> Result<()> {
        let (id, field) = (self.paper, field_of(name));
        let desk = self.desk()?;
        if let Err(why) = typed(&mut desk.outbox.item(id)?.draft, field, text) {
            let row = row_of(&desk.outbox.item(id)?, &[field]);
            self.wrong.insert(field, why);
            self.put_keyboard(row);
            return Ok(());
        }
        desk.outbox
            .edit(id, Act::Type(field), |draft| typed(draft, field, text).map_err(Error::Record))?;
        self.wrong.remove(&field);
        Ok(())
    }

    /// Something was typed: what fits is offered.
    pub fn suggest(&mut self, name: FieldName, text: &str) -> Result<()> {
        let (id, field) = (self.paper, field_of(name));
        let items = self.desk()?.outbox.items()?;
        let Some(item) = items.iter().find(|item| item.id == id) else { return Ok(()) };
        let offers = offers(&items, item, field, text);
        self.with_api(|api| {
            let fields = api.get_fields();
            let row = fields.iter().position(|row| row.name == name);
            if let Some((n, mut row)) = row.and_then(|n| Some((n, fields.row_data(n)?))) {
                row.options = rows::words(Some(row.options), &offers);
                row.value = text.into();
                fields.set_row_data(n, row);
            }
        });
        Ok(())
    }

    pub fn show_fields(&mut self, scene: &Scene, item: &Item) {
        let wrong = &self.wrong;
        self.with_api(|api| {
            let before = api.get_fields();
            let typing = api.get_typing().then(|| api.get_typed_name());
            let mut shown = Vec::new();
            for (name, field) in boxes(item) {
                let old = before.iter().find(|row| row.name == name);
                // What is being typed is left alone.
                if let (true, Some(old)) = (typing == Some(name), &old) {
                    shown.push(old.clone());
                    continue;
                }
                let wrong = wrong.get(&field);
                let old_options = old.as_ref().map(|old| old.options.clone());
                let options = match across(field) {
                    0 => offers(&scene.items, item, field, ""),
                    // What cannot be changed needs no list.
                    1 if item.state != State::Draft => vec![value(item, field)],
                    _ => closed(field),
                };
                // What was refused stays, to be mended.
                let refused = old.filter(|_| wrong.is_some()).map(|old| old.value);
                shown.push(FieldRow {
                    name,
                    value: refused.unwrap_or_else(|| value(item, field).into()),
                    machine: item.draft.by_machine.contains(&field),
                    missing: item.missing().contains(&field),
                    wrong: wrong.cloned().unwrap_or_else(|| lacking(item, field)).into(),
                    note: note(item, field).into(),
                    options: rows::words(old_options, &options),
                    across: across(field),
                });
            }
            rows::fill(&before, shown);
        });
    }
}

/// Sets a field as it was typed. The month of accounts stays when only the day on the paper is mended.
fn typed(draft: &mut Draft, field: Field, text: &str) -> std::result::Result<(), String> {
    let period = draft.period;
    draft.set(field, text)?;
    if field == Field::Date {
        draft.period = period.or(draft.period);
    }
    Ok(())
}

/// What may stand in a box, the likeliest first: what stood there in other papers of the same payee, then in any; of what
/// contains what was typed.
fn offers(items: &[Item], item: &Item, field: Field, typed: &str) -> Vec<String> {
    let remembered = [
        Field::Purpose,
        Field::Payee,
        Field::Category,
        Field::Handler,
        Field::Witness,
        Field::Approver,
        Field::Supervisor,
        Field::Recipient,
        Field::Resolution,
    ];
    if !remembered.contains(&field) || item.state != State::Draft {
        return Vec::new();
    }
    let mut weights: HashMap<String, usize> = HashMap::new();
    let others = items.iter().filter(|other| other.id != item.id && other.in_work());
    for (age, other) in others.rev().enumerate() {
        let Some(text) = other.draft.shown(field) else { continue };
        let same_payee = field != Field::Payee
            && !item.draft.payee.is_empty()
            && other.draft.payee == item.draft.payee;
        let same_way = other.draft.direction() == item.draft.direction();
        // A paper of the same payee counts more than all the others, a new one more than an old one.
        let weight = 1
            + usize::from(age < 50)
            + usize::from(same_way) * 2
            + usize::from(same_payee) * 10_000;
        *weights.entry(text).or_default() += weight;
    }
    if field == Field::Category {
        for usual in usual_categories(item.draft.direction()) {
            weights.entry((*usual).to_owned()).or_insert(0);
        }
    }
    let typed = typed.trim();
    let mut fitting: Vec<(String, usize)> =
        weights.into_iter().filter(|(text, _)| text.contains(typed) && text != typed).collect();
    let usual = usual_categories(item.draft.direction());
    let place = |text: &String| usual.iter().position(|known| *known == text.as_str());
    fitting.sort_by(|(a, x), (b, y)| {
        y.cmp(x).then_with(|| place(a).cmp(&place(b))).then_with(|| a.cmp(b))
    });
    fitting.into_iter().take(OFFERED).map(|(text, _)| text).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn item(id: i64, payee: &str, category: &str) -> Item {
        let draft = Draft { payee: payee.into(), category: category.into(), ..Draft::default() };
        Item {
            id,
            kind: Kind::Receipt,
            state: State::Draft,
            draft,
            pages: Vec::new(),
            signed: None,
            status: None,
            offered: false,
        }
    }

    #[test]
    fn what_the_same_payee_was_paid_for_comes_first() {
        let mut items: Vec<Item> = (0..9).map(|n| item(n, "加油站", "车辆费")).collect();
        items.push(item(9, "供电所", "水电费"));
        items.push(item(10, "供电所", ""));
        let offered = offers(&items, &items[10], Field::Category, "");
        assert_eq!(offered[..3], ["水电费", "车辆费", "办公费"]);
        assert_eq!(offers(&items, &items[10], Field::Category, "车"), ["车辆费"]);
        assert_eq!(offers(&items, &items[10], Field::Payee, "供"), ["供电所"]);
        assert!(offers(&items, &items[10], Field::Amount, "").is_empty());
    }

    #[test]
    fn a_mended_day_leaves_the_month_of_accounts() {
        let mut draft = Draft { period: "2026-05".parse().ok(), ..Draft::default() };
        typed(&mut draft, Field::Date, "2026-04-29").unwrap();
        assert_eq!(draft.period.unwrap().to_string(), "2026-05");
        let mut draft = Draft::default();
        typed(&mut draft, Field::Date, "2026-04-29").unwrap();
        assert_eq!(draft.period.unwrap().to_string(), "2026-04");
    }
}
