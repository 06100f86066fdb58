//! A long list of submissions, page by page.

use rusqlite::{Connection, OptionalExtension, params};

use super::way::{self, Stage};
use super::{SELECT, Submission, complete, read};
use crate::error::{Error, Result};
use crate::people::Who;
use crate::rules::Rules;

/// Submissions that one page holds.
pub const PAGE_MAX: usize = 100;
/// Submissions that are looked at for one page.
const LOOK_MAX: usize = 500;

/// Which submissions; what is none leaves it open.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Where they stand, as [`Stage::as_str`] says it.
    pub stage: Option<String>,
    /// 12-digit code.
    pub village: Option<String>,
    /// `YYYY-MM`.
    pub period: Option<String>,
    /// Only those that came before this one (its id).
    pub before: Option<String>,
}

/// Submissions with their stages.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// Newest first.
    pub found: Vec<(Submission, Stage)>,
    /// The last one that was looked at, if there may be more: where the next page begins.
    pub last: Option<String>,
}

/// A page of what this person may see, newest first. It may hold few or none although there are more.
///
/// # Errors
/// `not-found` when the filter names a submission that is not there, or another village.
pub fn page(c: &Connection, rules: &Rules, who: &Who, filter: &Filter) -> Result<Page> {
    if let Some(village) = &filter.village {
        who.must_see(village)?;
    }
    let own = who.village.map(|village| village.to_string());
    let village = filter.village.as_deref().or(own.as_deref());
    let before = filter.before.as_deref().map(|id| seq(c, who, id)).transpose()?;
    let state = filter.stage.as_deref().map(|stage| match stage {
        "returned" | "published" => stage,
        _ => "received",
    });
    // What is published counts once the files of its batch are written (see `read`); until then its state is that
    // of what waits, and the check of the stage below leaves it out.
    let mut query = c.prepare_cached(&format!(
        "{SELECT} w.seq < ?1 AND (?2 IS NULL OR w.village = ?2) AND (?3 IS NULL OR w.period = ?3)
         AND (?4 IS NULL OR w.state = ?4) ORDER BY w.seq DESC LIMIT {LOOK_MAX}"
    ))?;
    let values = params![before.unwrap_or(i64::MAX), village, filter.period, state];
    let mut rows = query.query(values)?;
    let (mut page, mut looked, mut last) = (Page::default(), 0, None);
    while let Some(row) = rows.next()? {
        let (seq, found) = read(row)?;
        let found = complete(c, seq, found)?;
        let stage = way::stage(&found, way::needs(&found, rules));
        looked += 1;
        last = Some(found.id.clone());
        if filter.stage.as_deref().is_none_or(|wanted| wanted == stage.as_str()) {
            page.found.push((found, stage));
        }
        if page.found.len() >= PAGE_MAX {
            break;
        }
    }
    page.last = last.filter(|_| page.found.len() >= PAGE_MAX || looked >= LOOK_MAX);
    Ok(page)
}

fn seq(c: &Connection, who: &Who, id: &str) -> Result<i64> {
    let mut query = c.prepare_cached("SELECT seq, village FROM submission WHERE id = ?1")?;
    let found = query.query_row([id], |row| Ok((row.get(0)?, row.get::<_, String>(1)?)));
    let found = found.optional()?.filter(|(_, village)| who.sees(village));
    found.map(|(seq, _)| seq).ok_or_else(|| Error::refused("not-found", "没有这份提交"))
}
