//! Questions and answers as the log says them: the tables and what pages read of them.

use jiff::civil::Date;
use ledger::content::{AnswerContent, Content, QuestionContent};
use ledger::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::parsed;
use crate::clock;
use crate::error::Result;

/// Most questions of one page.
pub const PAGE: usize = 50;

/// A question that was published, with what was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Log index.
    pub n: u64,
    /// The village that is asked, or the township.
    pub village: String,
    /// Log index of the record that it is about, or that the question before it is about.
    pub about: Option<u64>,
    /// Log index of the question that it goes on from.
    pub goes_on_from: Option<u64>,
    /// When it was published.
    pub time: Timestamp,
    /// What is asked; none when that is withheld.
    pub content: Option<QuestionContent>,
    /// Why it is withheld.
    pub reason: Option<String>,
    /// What was answered, the first answer first.
    pub answers: Vec<Answer>,
    /// Whether somebody asked on.
    pub went_on: bool,
}

/// A public answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Log index.
    pub n: u64,
    /// When it was published.
    pub time: Timestamp,
    /// What it says; none when it was withdrawn.
    pub content: Option<AnswerContent>,
}

/// How a question stands on some day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Not shown.
    Withheld,
    /// An answer is there.
    Answered {
        /// Whether it came after its last day.
        late: bool,
    },
    /// It waits for its answer.
    Open {
        /// Days that are left; negative: so many too late.
        days: i32,
    },
}

impl Question {
    /// How it stands today.
    #[must_use]
    pub fn standing(&self, today: Date) -> Standing {
        let Some(content) = &self.content else { return Standing::Withheld };
        let due = content.due;
        if let Some(answer) = self.answers.first() {
            return Standing::Answered { late: answer.time.date() > due };
        }
        let due = due.to_string().parse::<Date>().unwrap_or(today);
        let days = due.duration_since(today).as_hours() / 24;
        Standing::Open { days: i32::try_from(days).unwrap_or(i32::MAX) }
    }
}

/// How many questions there are of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All that stand in the log.
    pub asked: u64,
    /// Answered, in time or late.
    pub answered: u64,
    /// Answered late.
    pub late: u64,
    /// Waiting after their last day.
    pub overdue: u64,
    /// Withheld because of personal data.
    pub personal: u64,
    /// Withheld because of abuse.
    pub abuse: u64,
}

/// Adds a question of the log.
pub(super) fn ask(
    c: &Connection,
    n: i64,
    village: &str,
    of: Option<u64>,
    time: &Timestamp,
    body: Option<&str>,
) -> Result<()> {
    let content = body.and_then(|body| QuestionContent::parse(body.as_bytes()).ok());
    let due = content.as_ref().map(|content| content.due.to_string());
    // What a question before it is about, or the first version of the record.
    c.prepare_cached(
        "INSERT INTO view_question (n, village, of, about, time, content, due)
         SELECT ?1, ?2, ?3, coalesce(
             (SELECT about FROM view_question WHERE n = ?3),
             (SELECT coalesce(corrects, n) FROM view_item WHERE n = ?3)), ?4, ?5, ?6",
    )?
    .execute(params![
        n,
        village,
        of,
        time.as_str(),
        content.is_some().then_some(body),
        due
    ])?;
    Ok(())
}

/// Adds an answer of the log.
pub(super) fn answer(
    c: &Connection,
    n: i64,
    of: u64,
    time: &Timestamp,
    body: Option<&str>,
) -> Result<()> {
    let content = body.filter(|body| AnswerContent::parse(body.as_bytes()).is_ok());
    c.prepare_cached("INSERT INTO view_answer (n, of, time, content) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![n, of, time.as_str(), content])?;
    Ok(())
}

/// Drops what the entries that `by` withdrew said, where they are questions or answers.
pub(super) fn withdraw(c: &Connection, by: i64, reason: &str) -> Result<()> {
    c.execute(
        "UPDATE view_question SET content = NULL, due = NULL, withdrawn = ?1, reason = ?2
         WHERE n IN (SELECT idx FROM entry WHERE withdrawn = ?1)",
        params![by, reason],
    )?;
    c.execute(
        "UPDATE view_answer SET content = NULL, withdrawn = ?1
         WHERE n IN (SELECT idx FROM entry WHERE withdrawn = ?1)",
        [by],
    )?;
    Ok(())
}

const COLUMNS: &str = "q.n, q.village, q.about, q.time, q.content, q.reason,
    (SELECT p.n FROM view_question p WHERE p.n = q.of),
    EXISTS (SELECT 1 FROM view_question f WHERE f.of = q.n)";

fn read(row: &Row<'_>) -> rusqlite::Result<Question> {
    let content: Option<String> = row.get(4)?;
    Ok(Question {
        n: row.get(0)?,
        village: row.get(1)?,
        about: row.get(2)?,
        time: parsed(row, 3)?,
        content: content.and_then(|text| QuestionContent::parse(text.as_bytes()).ok()),
        reason: row.get(5)?,
        goes_on_from: row.get(6)?,
        went_on: row.get(7)?,
        answers: Vec::new(),
    })
}

fn answers(c: &Connection, question: u64) -> Result<Vec<Answer>> {
    let mut query =
        c.prepare_cached("SELECT n, time, content FROM view_answer WHERE of = ?1 ORDER BY n")?;
    let answers = query.query_map([question], |row| {
        let content: Option<String> = row.get(2)?;
        let content = content.and_then(|text| AnswerContent::parse(text.as_bytes()).ok());
        Ok(Answer { n: row.get(0)?, time: parsed(row, 1)?, content })
    })?;
    Ok(answers.collect::<rusqlite::Result<_>>()?)
}

/// Questions, each without its answers.
fn bare(c: &Connection, sql: &str, values: &[&dyn rusqlite::ToSql]) -> Result<Vec<Question>> {
    let mut query = c.prepare_cached(&format!("SELECT {COLUMNS} FROM view_question q {sql}"))?;
    let found = query.query_map(values, read)?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

fn all(c: &Connection, sql: &str, values: &[&dyn rusqlite::ToSql]) -> Result<Vec<Question>> {
    let mut questions = bare(c, sql, values)?;
    for question in &mut questions {
        question.answers = answers(c, question.n)?;
    }
    Ok(questions)
}

/// One question.
///
/// # Errors
/// When the database fails.
pub fn one(c: &Connection, n: u64) -> Result<Option<Question>> {
    Ok(all(c, "WHERE q.n = ?1", &[&n])?.pop())
}

/// What was asked about a record (log index of its first version), the first question first; what is withheld too.
///
/// # Errors
/// When the database fails.
pub fn about(c: &Connection, record: u64) -> Result<Vec<Question>> {
    all(c, "WHERE q.about = ?1 ORDER BY q.n LIMIT 200", &[&record])
}

/// A page of the questions that are shown, newest first, of one village or of all, before a log index.
///
/// # Errors
/// When the database fails.
pub fn newest(c: &Connection, village: Option<&str>, before: Option<u64>) -> Result<Vec<Question>> {
    let before = before.unwrap_or(i64::MAX as u64);
    let sql = "WHERE q.content IS NOT NULL AND (?1 IS NULL OR q.village = ?1) AND q.n < ?2
               ORDER BY q.n DESC LIMIT ?3";
    all(c, sql, &[&village, &before, &PAGE])
}

/// Those that wait for an answer, the first to be due first.
///
/// # Errors
/// When the database fails.
pub fn open(c: &Connection, village: Option<&str>) -> Result<Vec<Question>> {
    let sql = "WHERE q.content IS NOT NULL AND (?1 IS NULL OR q.village = ?1)
               AND NOT EXISTS (SELECT 1 FROM view_answer a WHERE a.of = q.n)
               ORDER BY q.due, q.n LIMIT 500";
    all(c, sql, &[&village])
}

/// The newest answered ones, at most `limit`, each without its answers: where similar questions are looked for.
///
/// # Errors
/// When the database fails.
pub fn answered(c: &Connection, limit: usize) -> Result<Vec<Question>> {
    let sql = "WHERE q.content IS NOT NULL AND EXISTS
               (SELECT 1 FROM view_answer a WHERE a.of = q.n AND a.content IS NOT NULL)
               ORDER BY q.n DESC LIMIT ?1";
    bare(c, sql, &[&limit])
}

/// How many there are, of one village or of all, as of a day.
///
/// # Errors
/// When the database fails.
pub fn counts(c: &Connection, village: Option<&str>, today: Date) -> Result<Counts> {
    let sql = "SELECT count(*), count(first), count(*) FILTER (WHERE first > due),
        count(*) FILTER (WHERE first IS NULL AND due < ?2),
        count(*) FILTER (WHERE withdrawn IS NOT NULL AND reason <> 'abuse'),
        count(*) FILTER (WHERE withdrawn IS NOT NULL AND reason = 'abuse')
        FROM (SELECT q.due, q.withdrawn, q.reason,
            (SELECT min(substr(a.time, 1, 10)) FROM view_answer a WHERE a.of = q.n) AS first
            FROM view_question q WHERE ?1 IS NULL OR q.village = ?1)";
    let row = c.prepare_cached(sql)?.query_row(params![village, today.to_string()], |row| {
        Ok(Counts {
            asked: row.get(0)?,
            answered: row.get(1)?,
            late: row.get(2)?,
            overdue: row.get(3)?,
            personal: row.get(4)?,
            abuse: row.get(5)?,
        })
    });
    Ok(row.optional()?.unwrap_or_default())
}

/// The next second at which a question becomes overdue.
pub(super) fn next_overdue(c: &Connection, now: i64) -> Result<Option<i64>> {
    let sql = "SELECT min(due) FROM view_question q WHERE due >= ?1
               AND NOT EXISTS (SELECT 1 FROM view_answer a WHERE a.of = q.n)";
    let today = clock::day_of(now).to_string();
    let due: Option<String> = c.prepare_cached(sql)?.query_row([today], |row| row.get(0))?;
    let last = due.and_then(|due| clock::edge_of(due.parse().ok()?, true));
    Ok(last.map(|last| last.unix_seconds() + 1))
}

/// The question that goes on from this one.
///
/// # Errors
/// When the database fails.
pub fn going_on(c: &Connection, n: u64) -> Result<Option<Question>> {
    Ok(all(
        c,
        "WHERE q.of = ?1 AND EXISTS (SELECT 1 FROM view_question p WHERE p.n = q.of) LIMIT 1",
        &[&n],
    )?
    .pop())
}
