//! What was asked about a paper and how it was answered, each verified once more before it is handed out.

use ledger::content::{AnswerContent, Content, QuestionContent};
use ledger::hash::sha256;
use ledger::note::Note;
use ledger::statement::{Reason, Statement};
use ledger::time::Date;
use rusqlite::OptionalExtension;

use super::lists::statement_in;
use super::{Shelf, ShelfError};

/// The most questions of one paper that are listed.
const ASKED_MAX: u32 = 100;

/// A question that stands in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Log index.
    pub index: u64,
    /// What is asked, or why that is not shown.
    pub said: Result<QuestionContent, Reason>,
    /// Whether it goes on from the one before it.
    pub goes_on: bool,
    /// What was answered, the first answer first.
    pub answers: Vec<Answered>,
}

/// A public answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The day it was published.
    pub day: Date,
    /// What it says.
    pub content: AnswerContent,
}

impl Shelf {
    /// How many questions about the paper at `index` stand in the log.
    pub fn count_asked(&self, index: u64) -> Result<u64, ShelfError> {
        let sql = "SELECT count(*) FROM question WHERE about = ?1";
        let first = self.first_version(index)?;
        Ok(self.db.prepare_cached(sql)?.query_row([first], |row| row.get(0))?)
    }

    /// The questions about the paper at `index`, in any of its versions, the first question first. One whose words have not
    /// arrived is left out until they do.
    pub fn asked_about(&self, index: u64) -> Result<Vec<Asked>, ShelfError> {
        let sql = "SELECT id, follows IS NOT NULL, withdrawn_by FROM question
                   WHERE about = ?1 ORDER BY id LIMIT ?2";
        let mut query = self.db.prepare_cached(sql)?;
        let rows: Vec<(u64, bool, Option<u64>)> = query
            .query_map((self.first_version(index)?, ASKED_MAX), |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })?
            .collect::<Result<_, _>>()?;
        let mut asked = Vec::new();
        for (index, goes_on, withdrawn_by) in rows {
            let said = match withdrawn_by {
                Some(by) => self.reason(by)?.map(Err),
                None => self.stated::<QuestionContent>(index)?.map(|(_, content)| Ok(content)),
            };
            let Some(said) = said else { continue };
            asked.push(Asked { index, said, goes_on, answers: self.answers(index)? });
        }
        Ok(asked)
    }

    fn answers(&self, question: u64) -> Result<Vec<Answered>, ShelfError> {
        let sql = "SELECT id FROM answer WHERE question = ?1 AND withdrawn_by IS NULL ORDER BY id";
        let mut query = self.db.prepare_cached(sql)?;
        let ids: Vec<u64> =
            query.query_map([question], |row| row.get(0))?.collect::<Result<_, _>>()?;
        let mut answers = Vec::new();
        for id in ids {
            if let Some((statement, content)) = self.stated::<AnswerContent>(id)? {
                answers.push(Answered { day: statement.time().date(), content });
            }
        }
        Ok(answers)
    }

    /// The first version of the paper at `index`.
    fn first_version(&self, index: u64) -> Result<u64, ShelfError> {
        let sql = "SELECT coalesce((SELECT corrects FROM receipt WHERE id = ?1),
                                   (SELECT corrects FROM bulletin WHERE id = ?1), ?1)";
        Ok(self.db.prepare_cached(sql)?.query_row([index], |row| row.get(0))?)
    }

    fn reason(&self, withdrawal: u64) -> Result<Option<Reason>, ShelfError> {
        let entry = self.entry(withdrawal)?.unwrap_or_default();
        Ok(match statement_in(&entry) {
            Some(Statement::Withdrawal { reason, .. }) => Some(reason),
            _ => None,
        })
    }

    /// What the entry at `index` states and says: signed by somebody who may, and its words those that it commits to.
    fn stated<C: Content>(&self, index: u64) -> Result<Option<(Statement, C)>, ShelfError> {
        let Some(entry) = self.entry(index)? else { return Ok(None) };
        let (Ok(note), Some(statement)) = (Note::parse(&entry), statement_in(&entry)) else {
            return Ok(None);
        };
        let keys = self.keys_at(index)?;
        if note.verify(keys.iter()).is_err() {
            return Ok(None);
        }
        let sql = "SELECT bytes FROM content WHERE id = ?1";
        let bytes: Option<Vec<u8>> =
            self.db.prepare_cached(sql)?.query_row([index], |row| row.get(0)).optional()?;
        let committed = statement.content();
        let bytes = bytes.filter(|bytes| committed == Some(sha256(bytes)));
        let content = bytes.and_then(|bytes| C::parse(&bytes).ok());
        Ok(content.map(|content| (statement, content)))
    }
}
