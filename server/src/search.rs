//! Search: what came in, by any two characters in the middle of a word, by amount, invoice number, name, or log index.

mod public;

use ledger::content::{BulletinContent, Content, ReceiptContent};
use ledger::money::Fen;
use ledger::place::Village;
use ledger::time::Period;
use rusqlite::{Connection, OptionalExtension, params};

use crate::error::Result;
use crate::people::Who;
use crate::review::{self, Submission};

pub use public::{Disclosed, disclosed};

/// Submissions on one page.
pub const PAGE_ROWS: usize = 20;
/// The last page that can be turned to, from 0.
pub const PAGE_MAX: u32 = 499;
/// Characters of a question that are read.
pub const QUESTION_CHARS_MAX: usize = 100;

/// What somebody looks for.
#[derive(Clone, Debug, Default)]
pub struct Question {
    /// Words between blanks, all of which must occur.
    pub text: String,
    /// Only this village's.
    pub village: Option<Village>,
    /// Only of this month.
    pub period: Option<Period>,
    /// From 0.
    pub page: u32,
}

/// One page of what was found, newest first; the one with the log index that was asked for stands before all.
#[derive(Debug, Default)]
pub struct Found {
    /// At most [`PAGE_ROWS`], and one more on the first page.
    pub rows: Vec<Submission>,
    /// Whether there is another page.
    pub more: bool,
}

/// Finds what this person may see.
///
/// # Errors
/// When the database cannot be read.
pub fn find(c: &Connection, who: &Who, asked: &Question) -> Result<Found> {
    let text: String = asked.text.chars().take(QUESTION_CHARS_MAX).map(plain).collect();
    let asked = Question { village: who.village.or(asked.village), text, ..asked.clone() };
    let mut found = Found::default();
    let numbered = match log_index(&asked.text) {
        Some(n) => at_index(c, n)?.filter(|one| fits(one, &asked)),
        None => None,
    };
    let mut seqs = by_words(c, &asked)?;
    found.more = seqs.len() > PAGE_ROWS && asked.page < PAGE_MAX;
    seqs.truncate(PAGE_ROWS);
    for seq in seqs {
        let one = review::at(c, seq)?;
        // The terms say it too; this does not depend on them.
        found.rows.extend(one.filter(|one| who.sees(&one.village)));
    }
    if let Some(numbered) = numbered {
        found.rows.retain(|one| one.id != numbered.id);
        if asked.page == 0 {
            found.rows.insert(0, numbered);
        }
    }
    Ok(found)
}

fn fits(one: &Submission, asked: &Question) -> bool {
    asked.village.is_none_or(|village| village.as_str() == one.village)
        && asked.period.is_none_or(|period| one.period == Some(period.to_string()))
}

fn at_index(c: &Connection, n: u64) -> Result<Option<Submission>> {
    let mut query = c.prepare_cached("SELECT seq FROM submission WHERE idx = ?1")?;
    // SQLite's numbers end at 2^63.
    let Ok(n) = i64::try_from(n) else { return Ok(None) };
    let seq: Option<i64> = query.query_row([n], |row| row.get(0)).optional()?;
    Ok(seq.map(|seq| review::at(c, seq)).transpose()?.flatten().filter(|one| one.index.is_some()))
}

/// The submissions (`seq`) of a page and the first of the next, newest first.
fn by_words(c: &Connection, asked: &Question) -> Result<Vec<i64>> {
    let Some(expression) = expression(asked) else { return Ok(Vec::new()) };
    let mut query = c.prepare_cached(
        "SELECT rowid FROM search WHERE search MATCH ?1 ORDER BY rowid DESC LIMIT ?2 OFFSET ?3",
    )?;
    let first = asked.page.min(PAGE_MAX) as usize * PAGE_ROWS;
    let rows = query.query_map(params![expression, PAGE_ROWS + 1, first], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Keeps the terms of a submission's content.
///
/// # Errors
/// When the database cannot be written.
pub(crate) fn keep(
    c: &Connection,
    seq: i64,
    village: &str,
    period: Option<&str>,
    body: &str,
) -> rusqlite::Result<()> {
    let Some(content) = content_terms(body) else { return Ok(()) };
    let mut terms = format!("{}{village}", Mark::Village.text());
    if let Some(period) = period {
        terms.push_str(&format!(" {}{}", Mark::Period.text(), period.replace('-', "")));
    }
    terms.push_str(&content);
    c.prepare_cached("INSERT INTO search (rowid, terms) VALUES (?1, ?2)")?
        .execute(params![seq, terms])?;
    Ok(())
}

/// Keeps the terms of everything that came in before there was a search.
///
/// # Errors
/// When the database cannot be written.
pub(crate) fn keep_all(c: &Connection) -> rusqlite::Result<()> {
    let mut query =
        c.prepare("SELECT seq, village, period, body FROM submission WHERE body IS NOT NULL")?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        let (village, period): (String, Option<String>) = (row.get(1)?, row.get(2)?);
        let body: String = row.get(3)?;
        keep(c, row.get(0)?, &village, period.as_deref(), &body)?;
    }
    Ok(())
}

/// Forgets the submissions behind the entries that the log's entry `by` withdrew.
///
/// # Errors
/// When the database cannot be written.
pub(crate) fn forget_withdrawn(c: &Connection, by: u64) -> rusqlite::Result<()> {
    c.execute(
        "DELETE FROM search WHERE rowid IN (SELECT seq FROM submission WHERE idx IN
         (SELECT idx FROM entry WHERE withdrawn = ?1))",
        [by],
    )?;
    Ok(())
}

/// A term that no text makes: text never has a Chinese character and a digit in one term.
#[derive(Clone, Copy)]
enum Mark {
    /// With the village's code.
    Village,
    /// With the month's six digits.
    Period,
    /// With the amount in fen.
    Amount,
}

impl Mark {
    fn text(self) -> &'static str {
        match self {
            Self::Village => "村",
            Self::Period => "月",
            Self::Amount => "分",
        }
    }
}

/// The terms of a content object, each after a blank.
fn content_terms(body: &str) -> Option<String> {
    let mut all = String::new();
    let mut add = |text: &str| {
        for term in terms(text) {
            all.push(' ');
            all.push_str(&term);
        }
    };
    if let Ok(receipt) = ReceiptContent::parse(body.as_bytes()) {
        for text in [
            &receipt.purpose,
            &receipt.payee,
            &receipt.category,
            &receipt.handler,
            &receipt.witness,
            &receipt.approver,
            &receipt.recipient,
            &receipt.supervisor,
            &receipt.resolution,
            &receipt.no_voucher,
        ] {
            add(text);
        }
        if let Some(invoice) = &receipt.invoice {
            add(&invoice.code);
            add(&invoice.number);
        }
        add(&receipt.date.to_string());
        all.push_str(&format!(" {}{}", Mark::Amount.text(), receipt.amount.0));
        return Some(all);
    }
    let bulletin = BulletinContent::parse(body.as_bytes()).ok()?;
    add(&bulletin.title);
    add(&bulletin.body);
    Some(all)
}

/// Characters that belong together: Chinese ones, or a word or number.
enum Run {
    Chinese(Vec<char>),
    Word(String),
}

fn runs(text: &str) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut apart = true;
    for c in text.chars().map(plain) {
        let before = if apart { None } else { runs.last_mut() };
        apart = false;
        match before {
            Some(Run::Chinese(run)) if is_chinese(c) => run.push(c),
            Some(Run::Word(word)) if is_of_word(c) => word.extend(c.to_lowercase()),
            _ if is_chinese(c) => runs.push(Run::Chinese(vec![c])),
            _ if is_of_word(c) => runs.push(Run::Word(c.to_lowercase().collect())),
            _ => apart = true,
        }
    }
    runs
}

/// The terms of a text: of Chinese, every character with the one after it, so that any two in the middle of a word are
/// found, and the last one alone; of anything else, words and numbers.
fn terms(text: &str) -> Vec<String> {
    let mut terms = Vec::new();
    for run in runs(text) {
        match run {
            Run::Word(word) => terms.push(word),
            Run::Chinese(run) => {
                terms.extend(run.windows(2).map(String::from_iter));
                terms.extend(run.last().map(char::to_string));
            }
        }
    }
    terms
}

/// What FTS5 is asked; none when there is nothing to ask for. Everything that comes from outside stands between quotes
/// and is made of letters and digits alone.
fn expression(asked: &Question) -> Option<String> {
    let mut all: Vec<String> = Vec::new();
    for word in asked.text.split_whitespace() {
        let amount = word.parse::<Fen>().ok().map(|fen| mark(Mark::Amount, &fen.0.to_string()));
        all.push(match (phrase(word), amount) {
            (Some(phrase), Some(amount)) => format!("({phrase} OR {amount})"),
            (Some(phrase), None) => phrase,
            (None, _) => continue,
        });
    }
    if all.is_empty() && !asked.text.trim().is_empty() {
        return None;
    }
    all.extend(asked.village.map(|village| mark(Mark::Village, village.as_str())));
    all.extend(asked.period.map(|p| mark(Mark::Period, &p.to_string().replace('-', ""))));
    (!all.is_empty()).then(|| all.join(" AND "))
}

fn mark(mark: Mark, value: &str) -> String {
    format!("\"{}{value}\"", mark.text())
}

/// A word as a phrase of terms that stand side by side.
fn phrase(word: &str) -> Option<String> {
    let mut terms = terms(word);
    let begins = match runs(word).last()? {
        // Its last character may have any other behind it where it was found.
        Run::Chinese(run) if run.len() > 1 => {
            terms.pop();
            ""
        }
        Run::Chinese(_) => " *",
        Run::Word(_) => "",
    };
    Some(format!("\"{}\"{begins}", terms.join(" ")))
}

/// The log index that a question names: `12`, `第12号`, `第 12 条`.
fn log_index(text: &str) -> Option<u64> {
    let text = text.trim();
    let text = text.strip_prefix('第').unwrap_or(text);
    let text = text.strip_suffix(['号', '条']).unwrap_or(text).trim();
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok())?
}

/// Full-width forms as what they mean.
fn plain(c: char) -> char {
    match c {
        // They stand in the order of ASCII.
        '！'..='～' => u8::try_from(u32::from(c) - 0xfee0).map_or(c, char::from),
        '￥' => '¥',
        c => c,
    }
}

/// Han characters, with 々, 〆 and 〇.
fn is_chinese(c: char) -> bool {
    matches!(c, '\u{3005}'..='\u{3007}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() && !is_chinese(c)
}

#[cfg(test)]
mod tests;
