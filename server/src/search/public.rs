//! Search for everybody: the same words, among what is disclosed and still counts.

use rusqlite::{Connection, params};

use super::{PAGE_MAX, PAGE_ROWS, QUESTION_CHARS_MAX, Question, expression, log_index, plain};
use crate::error::Result;
use crate::view::{self, Item};

/// One page of what was found, newest first; the record whose number was asked for stands before all.
#[derive(Debug, Default)]
pub struct Disclosed {
    /// At most [`PAGE_ROWS`], and one more on the first page.
    pub items: Vec<Item>,
    /// Whether there is another page.
    pub more: bool,
}

/// Finds records that anyone may read: not withdrawn, never withheld, and in their newest version.
///
/// # Errors
/// When the database cannot be read.
pub fn disclosed(c: &Connection, asked: &Question) -> Result<Disclosed> {
    let text: String = asked.text.chars().take(QUESTION_CHARS_MAX).map(plain).collect();
    let asked = Question { text, ..asked.clone() };
    let mut found = Disclosed::default();
    let numbered = log_index(&asked.text).filter(|_| asked.page == 0);
    let mut indices = by_words(c, &asked)?;
    found.more = indices.len() > PAGE_ROWS && asked.page < PAGE_MAX;
    indices.truncate(PAGE_ROWS);
    indices.retain(|index| Some(*index) != numbered);
    for index in numbered.into_iter().chain(indices) {
        let item = view::item(c, index)?;
        found.items.extend(item.filter(|item| counts(item) && fits(item, &asked)));
    }
    Ok(found)
}

fn counts(item: &Item) -> bool {
    item.content.is_some() && item.withdrawn.is_none() && item.corrected.is_none()
}

fn fits(item: &Item, asked: &Question) -> bool {
    asked.village.is_none_or(|village| village.as_str() == item.village)
        && asked.period.is_none_or(|period| item.period == Some(period))
}

/// The log indices of a page and the first of the next, newest first.
fn by_words(c: &Connection, asked: &Question) -> Result<Vec<u64>> {
    let Some(expression) = expression(asked) else { return Ok(Vec::new()) };
    // The index of words is walked from its newest row; what is not disclosed is passed over.
    let mut query = c.prepare_cached(
        "SELECT item.n FROM search CROSS JOIN submission ON submission.seq = search.rowid
         CROSS JOIN view_item AS item ON item.n = submission.idx
         WHERE search MATCH ?1 AND item.content IS NOT NULL AND item.withdrawn IS NULL
         AND item.corrected IS NULL ORDER BY search.rowid DESC LIMIT ?2 OFFSET ?3",
    )?;
    let first = asked.page.min(PAGE_MAX) as usize * PAGE_ROWS;
    let rows = query.query_map(params![expression, PAGE_ROWS + 1, first], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
