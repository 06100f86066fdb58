//! Posts and what they may do: the one table of roles and deeds, and who stands in for whom.

use ledger::place::Village;

use crate::error::{Error, Result};

/// A person's post.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    clap::ValueEnum,
    serde::Serialize,
    serde::Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Keeps accounts, keys, the directory and the kiosks (管理员).
    Admin,
    /// Writes bulletins (编辑).
    Editor,
    /// Checks, returns, publishes, withdraws, closes months (审核).
    Reviewer,
    /// Approves what is large, important, or not disclosed (领导).
    Leader,
    /// Reads everything, changes nothing (考评).
    Assessor,
    /// Countersigns a village's receipts (监督委员).
    Supervisor,
    /// Sees what became of a village's receipts (报账员).
    Accountant,
}

/// Something that is done with the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Deed {
    /// To see what came in and what became of it: of one's own village, or of all.
    Read,
    /// To sign beside the accountant, or to object.
    Countersign,
    /// To write bulletins.
    Write,
    /// To return, pass, publish and withdraw, and to close months.
    Review,
    /// To approve what needs the leader.
    Approve,
    /// To answer questions: of one's own village, or of all.
    Answer,
    /// To see deadlines, inspections and scores of all villages.
    Inspect,
    /// To say who may do what: accounts, keys, villages, columns, kiosks, rules.
    Manage,
}

impl Deed {
    /// Every deed.
    pub const ALL: [Self; 8] = [
        Self::Read,
        Self::Countersign,
        Self::Write,
        Self::Review,
        Self::Approve,
        Self::Answer,
        Self::Inspect,
        Self::Manage,
    ];

    /// The word by which a token names it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Countersign => "countersign",
            Self::Write => "write",
            Self::Review => "review",
            Self::Approve => "approve",
            Self::Answer => "answer",
            Self::Inspect => "inspect",
            Self::Manage => "manage",
        }
    }

    /// The deed that `word` names.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|deed| deed.as_str() == word)
    }
}

impl Role {
    /// Every post.
    pub const ALL: [Self; 7] = [
        Self::Admin,
        Self::Editor,
        Self::Reviewer,
        Self::Leader,
        Self::Assessor,
        Self::Supervisor,
        Self::Accountant,
    ];

    /// The word in the database and on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Editor => "editor",
            Self::Reviewer => "reviewer",
            Self::Leader => "leader",
            Self::Assessor => "assessor",
            Self::Supervisor => "supervisor",
            Self::Accountant => "accountant",
        }
    }

    /// The role that `word` names.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }

    /// In Chinese, as pages and refusals say it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Admin => "管理员",
            Self::Editor => "编辑",
            Self::Reviewer => "审核",
            Self::Leader => "领导",
            Self::Assessor => "考评",
            Self::Supervisor => "监督委员",
            Self::Accountant => "报账员",
        }
    }

    /// Whether this post belongs to a village; the others are the township's.
    #[must_use]
    pub fn is_of_village(self) -> bool {
        matches!(self, Self::Supervisor | Self::Accountant)
    }

    /// The table: whether this post may do that. Nobody edits and reviews (编审分离), and whoever keeps the accounts
    /// does neither.
    #[must_use]
    pub fn may(self, deed: Deed) -> bool {
        match deed {
            Deed::Read => true,
            Deed::Countersign => self == Self::Supervisor,
            Deed::Write => self == Self::Editor,
            Deed::Review => self == Self::Reviewer,
            Deed::Approve => self == Self::Leader,
            Deed::Answer => {
                matches!(self, Self::Reviewer | Self::Leader | Self::Supervisor | Self::Accountant)
            }
            Deed::Inspect => !self.is_of_village(),
            Deed::Manage => self == Self::Admin,
        }
    }

    /// Whether holders of this post may stand in for holders of that one: within the township's office, or within a
    /// village's committee. Assessors stand apart.
    #[must_use]
    pub fn may_deputise(self, absent: Self) -> bool {
        let office =
            |role| matches!(role, Self::Admin | Self::Editor | Self::Reviewer | Self::Leader);
        office(self) && office(absent) || self == Self::Supervisor && absent == Self::Supervisor
    }
}

/// A person who was recognised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Who {
    /// Row in `user`; 0 for the command line.
    pub id: i64,
    /// The name they sign in with.
    pub login: String,
    /// Their own name.
    pub name: String,
    /// Their post.
    pub role: Role,
    /// Their village; none for the township's people.
    pub village: Option<Village>,
    /// Whether they are marked away themselves.
    pub away: bool,
    /// Those who are away and whose deputy they are.
    pub absent: Vec<Absent>,
}

/// Somebody who is away.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct Absent {
    /// The name they sign in with.
    pub login: String,
    /// Their own name.
    pub name: String,
    /// Their post.
    pub role: Role,
}

/// A person in the act of doing something that they may, for themselves or for somebody who is away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The name they sign in with.
    pub login: String,
    /// Their own name.
    pub name: String,
    /// The post that allows it: their own, or of whom they stand in for.
    pub role: Role,
    /// Whom they stand in for.
    pub stands_for: Option<Absent>,
}

impl Actor {
    /// Whoever has the data directory in their hands: the command line.
    #[must_use]
    pub fn operator() -> Self {
        let name = "(命令行)".to_owned();
        Self { login: name.clone(), name, role: Role::Admin, stands_for: None }
    }

    /// The login of whom they stand in for.
    #[must_use]
    pub fn for_login(&self) -> Option<&str> {
        self.stands_for.as_ref().map(|absent| absent.login.as_str())
    }

    /// Whether one of these two wrote something: the person, or whom they stand in for.
    #[must_use]
    pub fn is_either(&self, login: Option<&str>, for_login: Option<&str>) -> bool {
        let mine = [Some(self.login.as_str()), self.for_login()];
        [login, for_login].into_iter().flatten().any(|login| mine.contains(&Some(login)))
    }
}

impl Who {
    /// Whether this person may do that now, by their own post or for somebody away.
    #[must_use]
    pub fn may(&self, deed: Deed) -> bool {
        self.role.may(deed) || self.absent.iter().any(|absent| absent.role.may(deed))
    }

    /// This person doing that.
    ///
    /// # Errors
    /// `not-allowed` when neither their post nor that of anyone they stand in for allows it.
    pub fn acting(&self, deed: Deed) -> Result<Actor> {
        let stands_for = if self.role.may(deed) {
            None
        } else {
            let absent = self.absent.iter().find(|absent| absent.role.may(deed));
            Some(absent.ok_or_else(|| not_allowed(deed))?.clone())
        };
        Ok(Actor {
            login: self.login.clone(),
            name: self.name.clone(),
            role: stands_for.as_ref().map_or(self.role, |absent| absent.role),
            stands_for,
        })
    }

    /// Whether this person may see what a village sent.
    #[must_use]
    pub fn sees(&self, village: &str) -> bool {
        self.village.is_none_or(|own| own.as_str() == village)
    }

    /// # Errors
    /// `not-found`, as if it did not exist, when it is another village's.
    pub fn must_see(&self, village: &str) -> Result<()> {
        if self.sees(village) {
            Ok(())
        } else {
            Err(Error::refused("not-found", "没有这份提交"))
        }
    }
}

fn not_allowed(deed: Deed) -> Error {
    let message = match deed {
        Deed::Read | Deed::Inspect => "您的岗位不能看这些",
        Deed::Countersign => "只有村监督委员可以会签",
        Deed::Write => "只有编辑人员可以这样做",
        Deed::Review => "只有审核人员可以这样做",
        Deed::Approve => "只有领导可以这样做",
        Deed::Answer => "您的岗位不答复提问",
        Deed::Manage => "只有管理员可以这样做",
    };
    Error::refused("not-allowed", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn who(role: Role, absent: &[Role]) -> Who {
        let absent = absent.iter().map(|&role| Absent {
            login: format!("{}-a", role.as_str()),
            name: "甲".into(),
            role,
        });
        let (login, name) = ("b".to_owned(), "乙".to_owned());
        let absent = absent.collect();
        Who { id: 1, login, name, role, village: None, away: false, absent }
    }

    #[test]
    fn no_post_both_edits_and_reviews_and_assessors_change_nothing() {
        for role in Role::ALL {
            let powers =
                [Deed::Write, Deed::Review, Deed::Approve, Deed::Manage, Deed::Countersign];
            let held = powers.into_iter().filter(|deed| role.may(*deed)).count();
            assert!(held <= 1, "{role:?}");
            assert_eq!(Role::parse(role.as_str()), Some(role));
        }
        assert!(!Role::Assessor.may(Deed::Review) && Role::Assessor.may(Deed::Inspect));
    }

    #[test]
    fn a_deputy_acts_for_whoever_is_away_and_the_record_can_say_so() {
        let editor = who(Role::Editor, &[Role::Reviewer]);
        let actor = editor.acting(Deed::Review).unwrap();
        assert_eq!((actor.login.as_str(), actor.for_login()), ("b", Some("reviewer-a")));
        assert_eq!(actor.role, Role::Reviewer);
        assert_eq!(editor.acting(Deed::Write).unwrap().stands_for, None);
        assert_eq!(editor.acting(Deed::Approve).unwrap_err().code(), "not-allowed");
        assert_eq!(who(Role::Editor, &[]).acting(Deed::Review).unwrap_err().code(), "not-allowed");
        assert!(!Role::Assessor.may_deputise(Role::Reviewer));
        assert!(!Role::Supervisor.may_deputise(Role::Reviewer));
    }

    #[test]
    fn own_work_is_known_through_a_deputy_too() {
        let reviewer = who(Role::Reviewer, &[]).acting(Deed::Review).unwrap();
        assert!(reviewer.is_either(Some("b"), None));
        assert!(reviewer.is_either(Some("c"), Some("b")));
        assert!(!reviewer.is_either(Some("c"), None));
        let deputy = who(Role::Editor, &[Role::Reviewer]).acting(Deed::Review).unwrap();
        assert!(deputy.is_either(Some("reviewer-a"), None));
    }
}
