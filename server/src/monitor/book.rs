//! What the log says as a whole: villages and their months, what was withdrawn, what is not answered; and what of that
//! is an alarm.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use ledger::content::{Content, DirectoryContent, QuestionContent};
use ledger::place::Village;
use ledger::statement::{Statement, word};
use ledger::time::Period;

use super::alarm::{Alarm, Kind};
use super::store::{self, Store};
use crate::clock;
use crate::deadlines::civil;
use crate::error::Result;
use crate::rulebook::Rulebook;
use crate::web::words::zh;

/// Months that are looked back at, at most: a hundred years.
const MONTHS_MAX: i32 = 1200;

/// What a village's month holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Month {
    /// Receipts.
    pub receipts: u64,
    /// Whether the village states that there were none.
    pub nothing: bool,
    /// Whether the office closed it.
    pub closed: bool,
}

impl Month {
    /// Whether anything was stated of it.
    pub fn is_stated(&self) -> bool {
        self.receipts > 0 || self.nothing || self.closed
    }
}

/// A village with its months.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    pub name: String,
    /// Where its months begin to count: the first that it stated, or that in which it was named.
    pub first: Option<Period>,
    pub months: BTreeMap<Period, Month>,
}

/// All of it.
#[derive(Debug, Default)]
pub(super) struct Book {
    pub township: String,
    pub entries: u64,
    pub contents: u64,
    pub pictures: u64,
    pub villages: BTreeMap<Village, Accounts>,
    /// The villages that the newest directory names; only these owe months.
    named: BTreeSet<Village>,
    refused: Vec<(u64, String)>,
    lost: Vec<(u64, String)>,
    lost_pictures: Vec<(u64, String, String)>,
    /// The withdrawn entry, the one that withdraws it, and its reason's word.
    withdrawn: Vec<(u64, u64, String)>,
    questions: BTreeMap<u64, QuestionContent>,
    answered: BTreeSet<u64>,
    /// When the newest statement was made, as far as that can be believed; Unix seconds.
    pub newest: Option<i64>,
}

/// An entry as it is held.
struct Held {
    index: u64,
    seen: i64,
    statement: Statement,
    body: Option<Vec<u8>>,
    is_withdrawn: bool,
}

impl Book {
    /// Reads what is held.
    ///
    /// # Errors
    /// When the store fails.
    pub fn read(store: &Store) -> Result<Self> {
        let mut book = Self::default();
        let mut query = store.db.prepare(
            "SELECT idx, seen, note, refused, body, withdrawn IS NOT NULL, lost FROM entry ORDER BY idx",
        )?;
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            let (index, note, refused): (u64, Vec<u8>, Option<String>) =
                (row.get(0)?, row.get(2)?, row.get(3)?);
            book.entries += 1;
            if let Some(why) = refused {
                book.refused.push((index, why));
                continue;
            }
            book.lost.extend(row.get::<_, Option<String>>(6)?.map(|how| (index, how)));
            if let Some(statement) = store::statement(&note) {
                let (seen, body, is_withdrawn) = (row.get(1)?, row.get(4)?, row.get(5)?);
                book.take(Held { index, seen, statement, body, is_withdrawn });
            }
        }
        book.pictures = store.db.query_row(
            "SELECT count(DISTINCT hash) FROM picture WHERE looked > 0 AND lost IS NULL",
            [],
            |row| row.get(0),
        )?;
        let mut query = store.db.prepare(
            "SELECT min(idx), hash, max(lost) FROM picture WHERE lost IS NOT NULL GROUP BY hash",
        )?;
        let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        book.lost_pictures = rows.collect::<std::result::Result<_, _>>()?;
        Ok(book)
    }

    fn take(&mut self, held: Held) {
        let Held { index, seen, statement, body, is_withdrawn } = held;
        self.contents += u64::from(body.is_some());
        let made = time_of(&statement).min(seen);
        self.newest = self.newest.max(Some(made));
        if let Some(period) = statement.period() {
            let accounts = self.villages.entry(statement.village()).or_default();
            accounts.first = Some(accounts.first.map_or(period, |first| first.min(period)));
            let month = accounts.months.entry(period).or_default();
            match statement {
                Statement::Receipt { .. } => month.receipts += 1,
                Statement::Nothing { .. } => month.nothing = true,
                _ => month.closed = true,
            }
        }
        match statement {
            Statement::Directory { time, .. } => {
                self.directory(body.as_deref(), time.date().period())
            }
            Statement::Withdrawal { of, reason, .. } => {
                self.withdrawn.push((of, index, word(&reason)));
                self.questions.remove(&of);
            }
            Statement::Question { .. } if !is_withdrawn => {
                let content = body.and_then(|body| QuestionContent::parse(&body).ok());
                self.questions.extend(content.map(|content| (index, content)));
            }
            Statement::Answer { of, .. } => {
                self.answered.insert(of);
            }
            _ => {}
        }
    }

    fn directory(&mut self, body: Option<&[u8]>, named_in: Period) {
        let Some(content) = body.and_then(|body| DirectoryContent::parse(body).ok()) else {
            return;
        };
        self.township = content.township;
        self.named.clear();
        for village in content.villages {
            let accounts = self.villages.entry(village.code).or_default();
            accounts.name = village.name;
            accounts.first.get_or_insert(named_in);
            self.named.insert(village.code);
        }
    }

    /// A village's months until today: each with what is in it, and whether it is overdue.
    pub fn months(
        &self,
        village: Village,
        rules: &Rulebook,
        today: Date,
    ) -> Vec<(Period, Month, bool)> {
        let Some(accounts) = self.villages.get(&village) else { return Vec::new() };
        let (Some(first), Some(this)) = (accounts.first, month_of(today)) else {
            return Vec::new();
        };
        let owes = self.named.contains(&village);
        let count = this.months_since(first).clamp(-1, MONTHS_MAX);
        let months = (0..=count).map(|n| {
            let period = this.later(n - count);
            let month = accounts.months.get(&period).copied().unwrap_or_default();
            let late = owes && !month.is_stated() && rules.month_due(period).on < today;
            (period, month, late)
        });
        months.collect()
    }

    /// What is wrong with what the log says.
    #[allow(clippy::too_many_lines, reason = "one kind of alarm after the other")]
    pub fn alarms(&self, rules: &Rulebook, now: i64, silent_days: u32) -> Vec<Alarm> {
        let today = clock::day_of(now);
        let mut alarms = Vec::new();
        let mut add =
            |kind, subject: String, said, values: &[(&'static str, &dyn std::fmt::Display)]| {
                alarms.push(Alarm::new(kind, subject, said, values));
            };
        for (n, why) in &self.refused {
            add(
                Kind::Signature,
                format!("entry {n}"),
                zh("第 {n} 条不算数（{why}）"),
                &[("n", n), ("why", why)],
            );
        }
        for (n, how) in &self.lost {
            let (kind, said) = lost(
                how,
                zh("第 {n} 条的内容拿不到，也没有撤回"),
                zh("第 {n} 条的内容和签名承诺的不一样"),
            );
            add(kind, format!("content {n}"), said, &[("n", n)]);
        }
        for (n, hash, how) in &self.lost_pictures {
            let (kind, said) = lost(
                how,
                zh("第 {n} 条的图片 {hash} 拿不到，也没有撤回"),
                zh("第 {n} 条的图片 {hash} 被换过或坏了"),
            );
            let short: String = hash.chars().take(8).collect();
            add(kind, format!("picture {hash}"), said, &[("n", n), ("hash", &short)]);
        }
        for village in &self.named {
            let name = self
                .villages
                .get(village)
                .map(|accounts| accounts.name.as_str())
                .unwrap_or_default();
            for (period, _, _) in
                self.months(*village, rules, today).iter().filter(|(_, _, late)| *late)
            {
                let due = rules.month_due(*period).on;
                let said = zh("{village} {period} 的账没有公布，应在 {due} 前");
                let values: [(_, &dyn std::fmt::Display); 3] =
                    [("village", &name), ("period", period), ("due", &due)];
                add(Kind::Month, format!("{village} {period}"), said, &values);
            }
        }
        for (n, question) in self.questions.iter().filter(|(n, _)| !self.answered.contains(n)) {
            if civil(question.due) < today {
                let said = zh("第 {n} 条提问应在 {due} 前答复，还没有");
                add(
                    Kind::Overdue,
                    format!("question {n}"),
                    said,
                    &[("n", n), ("due", &question.due)],
                );
            }
        }
        for (of, by, reason) in &self.withdrawn {
            let said = zh("第 {of} 条（撤回记在第 {by} 条，原因代码 {reason}）");
            add(
                Kind::Withdrawn,
                format!("entry {of}"),
                said,
                &[("of", of), ("by", by), ("reason", reason)],
            );
        }
        let silent = self.newest.map_or(0, |newest| (now - newest) / 86_400);
        if silent >= i64::from(silent_days) {
            let said = zh("{days} 天没有新内容了");
            add(Kind::Freeze, "silent".into(), said, &[("days", &silent)]);
        }
        alarms
    }
}

fn lost(how: &str, absent: &'static str, changed: &'static str) -> (Kind, &'static str) {
    if how == "absent" { (Kind::Missing, absent) } else { (Kind::Damaged, changed) }
}

fn month_of(day: Date) -> Option<Period> {
    day.strftime("%Y-%m").to_string().parse().ok()
}

fn time_of(statement: &Statement) -> i64 {
    let time = match statement {
        Statement::Receipt { time, .. }
        | Statement::Nothing { time, .. }
        | Statement::Bulletin { time, .. }
        | Statement::Correction { time, .. }
        | Statement::Withdrawal { time, .. }
        | Statement::Closing { time, .. }
        | Statement::Question { time, .. }
        | Statement::Answer { time, .. }
        | Statement::Audit { time, .. }
        | Statement::Key { time, .. }
        | Statement::Directory { time, .. } => time,
    };
    time.unix_seconds()
}
