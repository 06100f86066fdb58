//! The work list: what waits, and for whom.

use std::collections::BTreeMap;

use ledger::money::Fen;
use rusqlite::{Connection, params};

use crate::error::Result;
use crate::people::{Deed, Who};
use crate::review::{self, Stage, Submission};
use crate::rules::Rules;

/// What waits of one village's month (or of its bulletins and corrections) at one stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// 12-digit code.
    pub village: String,
    /// `YYYY-MM`; none for bulletins and corrections.
    pub period: Option<String>,
    /// Where these submissions stand.
    pub stage: Stage,
    /// How many.
    pub count: usize,
    /// How many of them have something to look at.
    pub flagged: usize,
    /// When the first of them came, RFC 3339.
    pub oldest: String,
}

/// Everything that waits and that this person may see, split into what waits for them and what waits for others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorkList {
    /// This person can go on with it now.
    pub mine: Vec<Batch>,
    /// Somebody else has to.
    pub others: Vec<Batch>,
    /// Whether there is more than was looked at.
    pub more: bool,
}

/// The work list of a person.
///
/// # Errors
/// When the database cannot be read.
pub fn of(c: &Connection, rules: &Rules, who: &Who) -> Result<WorkList> {
    let pending = review::list_pending(c, who)?;
    let mut list =
        WorkList { more: pending.len() >= review::LIST_MAX as usize, ..WorkList::default() };
    let mut batches: BTreeMap<(String, Option<String>, &str, bool), Batch> = BTreeMap::new();
    for found in &pending {
        let stage = review::stage(found, review::needs(found, rules));
        let mine = waits_for(who, found, stage);
        let key = (found.village.clone(), found.period.clone(), stage.as_str(), mine);
        let batch = batches.entry(key).or_insert_with(|| Batch {
            village: found.village.clone(),
            period: found.period.clone(),
            stage,
            count: 0,
            flagged: 0,
            oldest: found.received.clone(),
        });
        batch.count += 1;
        batch.flagged += usize::from(!found.flags.is_empty());
    }
    for ((.., mine), batch) in batches {
        if mine { list.mine.push(batch) } else { list.others.push(batch) }
    }
    Ok(list)
}

/// The names of the villages, of those that this person sees, that have fewer supervisors' keys than some of their
/// receipts need signatures.
///
/// # Errors
/// When the database cannot be read.
pub fn unsupervised(c: &Connection, rules: &Rules, who: &Who) -> Result<Vec<String>> {
    let sql = "SELECT name FROM view_village WHERE ?1 > (SELECT count(*) FROM view_key
                   WHERE village = view_village.code AND role = 'supervisor' AND revoked IS NULL)
               AND (?2 IS NULL OR code = ?2) ORDER BY place";
    let needed = rules.approval(Fen(i64::MAX)).supervisors;
    let own = who.village.as_ref().map(ToString::to_string);
    let mut query = c.prepare_cached(sql)?;
    let names = query.query_map(params![needed, own], |row| row.get(0))?;
    Ok(names.collect::<rusqlite::Result<_>>()?)
}

/// Who goes on with a submission at this stage.
fn deed(stage: Stage) -> Option<Deed> {
    match stage {
        Stage::Countersign(_) => Some(Deed::Countersign),
        Stage::Objected | Stage::Review | Stage::Approved => Some(Deed::Review),
        Stage::Approval => Some(Deed::Approve),
        Stage::Incomplete | Stage::Returned | Stage::Published => None,
    }
}

/// Whether this person can go on with this submission now: their post allows it, it is not their own work, and a
/// supervisor has not signed it already.
#[must_use]
pub fn waits_for(who: &Who, found: &Submission, stage: Stage) -> bool {
    let Some(actor) = deed(stage).and_then(|deed| who.acting(deed).ok()) else { return false };
    let own = actor.is_either(found.author.as_deref(), found.author_for.as_deref());
    let signed = found.opinions.iter().any(|opinion| {
        opinion.whose == review::key_name(&found.village, &who.login) && opinion.objection.is_none()
    });
    !own && who.sees(&found.village) && !(signed && matches!(stage, Stage::Countersign(_)))
}
