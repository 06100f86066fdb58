//! A bulletin as its reviewer sees it: as it will be shown, beside what it takes the place of.

use ledger::content::{BulletinContent, Importance, Openness};
use ledger::time::Timestamp;
use rusqlite::Connection;

use super::rows::when;
use crate::bulletin::pair;
use crate::error::Result;
use crate::review::Submission;
use crate::view;
use crate::web::pages::Shown;
use crate::web::words::Words;

/// Where the office's own pages find pictures and videos.
pub const FILES: &str = "/office/blob/";

/// A bulletin under review.
pub struct Reviewed {
    /// As it will be shown.
    pub new: Shown,
    /// What it corrects, as that is shown now.
    pub old: Option<Shown>,
    /// What is published with it: id and title.
    pub partners: Vec<(String, String)>,
}

impl Reviewed {
    /// The bulletin of a submission, and its fields with their names.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn of(
        db: &Connection,
        w: Words,
        found: &Submission,
        content: BulletinContent,
    ) -> Result<(Self, Vec<(&'static str, String)>)> {
        let place = view::village_name(db, &found.village)?.unwrap_or_default();
        let old = match found.of {
            Some(of) => old(db, w, of, &place)?,
            None => None,
        };
        let column = view::columns(db)?.into_iter().find(|column| column.id == content.column);
        let column = column.map_or_else(
            || content.column.clone(),
            |column| {
                if w.zh() { column.name } else { column.name_en }
            },
        );
        let fields = fields(w, &content, &place, column);
        let new = Shown::of(w, content, place, when(&found.received), FILES);
        Ok((Self { new, old, partners: pair::partners(db, found)? }, fields))
    }
}

/// What stands now of the bulletin at this index.
fn old(db: &Connection, w: Words, of: u64, place: &str) -> Result<Option<Shown>> {
    let root = view::item(db, of)?;
    let newest = match root.as_ref().and_then(|item| item.corrected) {
        Some(n) => view::item(db, n)?,
        None => root,
    };
    let shown = newest.and_then(|item| {
        let content = item.bulletin()?;
        Some(Shown::of(w, content, place.to_owned(), w.moment(&item.time), FILES))
    });
    Ok(shown)
}

fn fields(
    w: Words,
    content: &BulletinContent,
    place: &str,
    column: String,
) -> Vec<(&'static str, String)> {
    let days = [w.t("一"), w.t("二"), w.t("三"), w.t("四"), w.t("五"), w.t("六"), w.t("日")];
    let weekdays: Vec<&str> = content
        .weekdays
        .iter()
        .filter_map(|day| days.get(usize::from(*day).checked_sub(1)?).copied())
        .collect();
    let source = content.source.as_ref();
    let moment = |time: Option<&Timestamp>| time.map(|time| w.moment(time)).unwrap_or_default();
    let mut fields = vec![
        (w.t("栏目"), column),
        (w.t("关于哪里"), place.to_owned()),
        (w.t("重要程度"), importance(w, content.importance).to_owned()),
        (w.t("公开属性"), openness(w, content.openness).to_owned()),
        (w.t("起草单位"), content.unit.clone()),
        (w.t("开始展示"), moment(content.from.as_ref())),
        (w.t("展示到"), moment(content.until.as_ref())),
        (w.t("每周"), weekdays.join(w.t("、"))),
        (w.t("转载自"), source.map(|s| format!("{} {}", s.name, s.url)).unwrap_or_default()),
        (w.t("不需要解读的原因"), content.no_explanation.clone()),
    ];
    fields.retain(|(_, value)| !value.is_empty());
    fields
}

/// A level of importance in words.
#[must_use]
pub fn importance(w: Words, importance: Importance) -> &'static str {
    match importance {
        Importance::Normal => w.t("一般"),
        Importance::Important => w.t("重要（领导签批）"),
        Importance::Emergency => w.t("紧急通知"),
    }
}

/// An attribute in words.
#[must_use]
pub fn openness(w: Words, openness: Option<Openness>) -> &'static str {
    match openness {
        None => w.t("没有写明"),
        Some(Openness::Open {}) => w.t("主动公开"),
        Some(Openness::Partial { .. }) => w.t("部分公开"),
        Some(Openness::OnRequest { .. }) => w.t("依申请公开"),
        Some(Openness::Withheld { .. }) => w.t("不予公开"),
    }
}
