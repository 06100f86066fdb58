//! A submission's way to publication: what has to be said about it, who has said what, and so where it stands.

use ledger::content::{BulletinContent, Content, ReceiptContent};
use ledger::roster::Roster;
use ledger::statement::{Role as KeyRole, word};
use rusqlite::{Connection, params};

use super::{State, Submission};
use crate::error::Result;
use crate::rules::Rules;

/// In whose name something is said of a submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Voice {
    /// The village's supervision committee.
    Supervisor,
    /// The township's reviewer.
    Reviewer,
    /// The township's leader.
    Leader,
}

impl Voice {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Supervisor => "supervisor",
            Self::Reviewer => "reviewer",
            Self::Leader => "leader",
        }
    }
}

/// What somebody said of a submission before it was published.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct Opinion {
    /// In whose name.
    pub voice: Voice,
    /// Name of the key for a supervisor, the login for the others.
    pub whose: String,
    /// The person's name.
    pub name: String,
    /// The login of whom the person stood in for.
    pub for_login: Option<String>,
    /// Why not; none: agreed.
    pub objection: Option<String>,
    /// A supervisor's line of the signed note.
    #[serde(skip)]
    pub signature: Option<String>,
    /// RFC 3339.
    pub time: String,
}

/// What has to be said of a submission before it may be published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Needs {
    /// Supervisors of the village who signed it.
    pub supervisors: usize,
    /// Whether the leader has to approve.
    pub leader: bool,
}

/// Where a submission stands on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Images are still missing.
    Incomplete,
    /// So many supervisors have still to sign.
    Countersign(usize),
    /// A supervisor objects: it can only be sent back, unless the supervisor signs after all.
    Objected,
    /// The reviewer has to look.
    Review,
    /// The reviewer passed it on to the leader.
    Approval,
    /// The leader approved; it has to be published.
    Approved,
    /// Sent back with a reason.
    Returned,
    /// In the log.
    Published,
}

impl Stage {
    /// The stable word for programs and addresses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Incomplete => "incomplete",
            Self::Countersign(_) => "countersign",
            Self::Objected => "objected",
            Self::Review => "review",
            Self::Approval => "approval",
            Self::Approved => "approved",
            Self::Returned => "returned",
            Self::Published => "published",
        }
    }
}

/// What this submission needs by the rules.
#[must_use]
pub fn needs(found: &Submission, rules: &Rules) -> Needs {
    let body = found.body.as_deref().unwrap_or_default().as_bytes();
    if let Ok(receipt) = ReceiptContent::parse(body) {
        let approval = rules.approval(receipt.amount);
        let withheld = receipt.openness.is_some_and(|openness| openness.withholding().is_some());
        return Needs {
            supervisors: usize::from(approval.supervisors),
            leader: approval.leader || withheld,
        };
    }
    if let Ok(bulletin) = BulletinContent::parse(body) {
        let withheld = bulletin.openness.is_some_and(|openness| openness.withholding().is_some());
        let leader = rules.needs_leader(&bulletin.column, &word(&bulletin.importance)) || withheld;
        return Needs { supervisors: 0, leader };
    }
    if found.author.is_some() {
        return Needs { supervisors: 0, leader: false };
    }
    Needs {
        supervisors: usize::from(rules.approval(ledger::money::Fen(0)).supervisors),
        leader: false,
    }
}

/// Where it stands, by what it needs and who has said what.
#[must_use]
pub fn stage(found: &Submission, needs: Needs) -> Stage {
    match found.state {
        State::Incomplete => return Stage::Incomplete,
        State::Returned => return Stage::Returned,
        State::Published => return Stage::Published,
        State::Received => {}
    }
    let of = |voice: Voice| found.opinions.iter().filter(move |opinion| opinion.voice == voice);
    if of(Voice::Supervisor).any(|opinion| opinion.objection.is_some()) {
        return Stage::Objected;
    }
    let missing = needs.supervisors.saturating_sub(of(Voice::Supervisor).count());
    match missing {
        0 if !needs.leader || of(Voice::Reviewer).next().is_none() => Stage::Review,
        0 if of(Voice::Leader).next().is_none() => Stage::Approval,
        0 => Stage::Approved,
        missing => Stage::Countersign(missing),
    }
}

/// The note as it will stand in the log: the accountant's signature, and those of the supervisors whose keys count.
/// Answers how many supervisors signed it.
#[must_use]
pub fn signed_note(found: &Submission, roster: &Roster) -> (String, usize) {
    let counts = |whose: &str| {
        roster.signers().iter().any(|signer| {
            signer.role == KeyRole::Supervisor
                && signer.key.name() == whose
                && signer.village.as_str() == found.village
        })
    };
    let beside = found.opinions.iter().filter(|opinion| counts(&opinion.whose));
    let beside: Vec<&str> = beside.filter_map(|opinion| opinion.signature.as_deref()).collect();
    (format!("{}{}", found.note, beside.concat()), beside.len())
}

/// What was said of a submission (by `seq`), in the order it was said.
pub(super) fn opinions(c: &Connection, seq: i64) -> Result<Vec<Opinion>> {
    let mut query = c.prepare_cached(
        "SELECT office, whose, name, for_login, objection, signature, time FROM opinion
         WHERE submission = ?1 ORDER BY time, office, whose",
    )?;
    let rows = query.query_map([seq], |row| {
        let voice: String = row.get(0)?;
        let voice = match voice.as_str() {
            "supervisor" => Voice::Supervisor,
            "reviewer" => Voice::Reviewer,
            _ => Voice::Leader,
        };
        Ok(Opinion {
            voice,
            whose: row.get(1)?,
            name: row.get(2)?,
            for_login: row.get(3)?,
            objection: row.get(4)?,
            signature: row.get(5)?,
            time: row.get(6)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Keeps what somebody says of a submission; a newer word of the same voice and person takes the older one's place.
pub(super) fn say(c: &Connection, id: &str, opinion: &Opinion) -> Result<()> {
    c.prepare_cached(
        "INSERT OR REPLACE INTO opinion
         SELECT seq, ?2, ?3, ?4, ?5, ?6, ?7, ?8 FROM submission WHERE id = ?1",
    )?
    .execute(params![
        id,
        opinion.voice.as_str(),
        opinion.whose,
        opinion.name,
        opinion.for_login,
        opinion.objection,
        opinion.signature,
        opinion.time,
    ])?;
    Ok(())
}
