//! Statements: what is signed and logged. A statement names no person and holds no free text; the clear text is in its
//! content, by hash.

use crate::hash::Hash;
use crate::key::VerifierKey;
use crate::place::Village;
use crate::time::{Period, Timestamp};
use alloc::string::String;
use serde::{Deserialize, Serialize};

/// Bytes of the longest statement line.
pub const STATEMENT_BYTES_MAX: usize = 1024;

/// What a key's holder may sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The township office: keys, directory, bulletins, withdrawals.
    Office,
    /// A village's accountant (报账员): receipts and nil returns of that village.
    Accountant,
    /// A village's supervisor (村务监督委员会): signs beside the accountant.
    Supervisor,
}

/// What a key statement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Act {
    /// The key counts from here on.
    Enrol,
    /// The key counts no more from here on; what it signed before stands.
    Revoke,
}

/// Why a record's content is not disclosed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// It held personal data.
    Personal,
    /// It should not have been published.
    Mistaken,
    /// It was published twice.
    Duplicate,
    /// An authority ordered it.
    Ordered,
    /// It insults or threatens somebody; a question's only reason beside personal data.
    Abuse,
    /// It never was disclosed: shown to whoever applies for it (依申请公开).
    OnRequest,
    /// It never was disclosed, and is not to be (不予公开).
    Withheld,
}

/// The law's ground for not disclosing all of a record: the regulations on open government information (政府信息公开条例,
/// 2019), articles 14 to 16.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LegalGround {
    /// A state secret (article 14).
    StateSecret,
    /// It would endanger the safety of the state, the public, the economy or society (article 14).
    Safety,
    /// A trade secret (article 15).
    TradeSecret,
    /// A person's privacy (article 15).
    Privacy,
    /// Internal affairs of the office: personnel, logistics, workflow (article 16).
    Internal,
    /// Records of discussions and drafts on the way to a decision (article 16).
    Process,
    /// The files of a case of law enforcement (article 16).
    Enforcement,
}

/// Where an error came from (错误源归责).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// The form of the information (信息格式错误).
    Format,
    /// The original paper (源文件中含有的内容错误).
    Original,
    /// Its openness attribute (信息属性认定错误).
    Attribute,
}

/// The word that a role, reason, source or ground has in a statement.
#[must_use]
pub fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

impl LegalGround {
    /// All of them, in the order of the articles.
    pub const ALL: [LegalGround; 7] = [
        LegalGround::StateSecret,
        LegalGround::Safety,
        LegalGround::TradeSecret,
        LegalGround::Privacy,
        LegalGround::Internal,
        LegalGround::Process,
        LegalGround::Enforcement,
    ];
}

impl Source {
    /// All of them.
    pub const ALL: [Source; 3] = [Source::Format, Source::Original, Source::Attribute];
}

impl Reason {
    /// Whether the law's ground has to be named with it.
    #[must_use]
    pub fn needs_ground(self) -> bool {
        matches!(self, Reason::OnRequest | Reason::Withheld)
    }
}

/// One published assertion. The order of the fields is the order in the text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
#[allow(missing_docs, reason = "the fields are named for what they are; see docs/FORMATS.md")]
#[allow(clippy::large_enum_variant, reason = "a key is rare, and boxing it would show everywhere")]
pub enum Statement {
    /// A receipt of a village's month.
    Receipt { village: Village, period: Period, time: Timestamp, content: Hash },
    /// A village states that a month had no receipts.
    Nothing { village: Village, period: Period, time: Timestamp },
    /// A public bulletin of the township or about a village.
    Bulletin { village: Village, time: Timestamp, content: Hash },
    /// A new version of the statement at index `of`.
    Correction { village: Village, time: Timestamp, of: u64, source: Source, content: Hash },
    /// The content of the statement at index `of` is not or no longer disclosed. A ground stands exactly where the
    /// reason is [`Reason::OnRequest`] or [`Reason::Withheld`].
    Withdrawal {
        village: Village,
        time: Timestamp,
        of: u64,
        reason: Reason,
        source: Source,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ground: Option<LegalGround>,
    },
    /// A village's month is closed: nothing is missing from it, says the office.
    Closing { village: Village, period: Period, time: Timestamp, content: Hash },
    /// Somebody asks the village or the township, about the statement at `of` or in general. One that goes on from an
    /// answer is about the question before it.
    Question {
        village: Village,
        time: Timestamp,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        of: Option<u64>,
        content: Hash,
    },
    /// The public answer to the question at index `of`.
    Answer { village: Village, time: Timestamp, of: u64, content: Hash },
    /// The office's record of who did what: how many lines it has, and the newest link of its chain of hashes.
    Audit { village: Village, time: Timestamp, lines: u64, head: Hash },
    /// A signer enrolled or revoked.
    Key {
        village: Village,
        time: Timestamp,
        act: Act,
        role: Role,
        key: VerifierKey,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        content: Option<Hash>,
    },
    /// The township's villages and columns, as of now.
    Directory { village: Village, time: Timestamp, content: Hash },
}

/// Why a statement was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadStatement {
    /// Longer than [`STATEMENT_BYTES_MAX`].
    #[error("the statement is longer than {STATEMENT_BYTES_MAX} bytes")]
    TooLong,
    /// Not a statement of a kind known here.
    #[error("not a statement known here: {0}")]
    Form(String),
    /// Right in meaning but written otherwise than it must be.
    #[error("the statement is not written in its one form")]
    Spelling,
}

impl Statement {
    /// The one line of JSON with its newline: the text of the signed note.
    pub fn to_text(&self) -> String {
        // Serialising to a string of types that are all text or numbers cannot fail.
        let mut text = serde_json::to_string(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// Reads the text of a note.
    ///
    /// # Errors
    /// [`BadStatement`]; anything that [`Statement::to_text`] would not have written is refused.
    pub fn parse(text: &str) -> Result<Statement, BadStatement> {
        if text.len() > STATEMENT_BYTES_MAX {
            return Err(BadStatement::TooLong);
        }
        let statement: Statement = serde_json::from_str(text)
            .map_err(|error| BadStatement::Form(alloc::format!("{error}")))?;
        if let Statement::Withdrawal { reason, ground, .. } = &statement
            && reason.needs_ground() != ground.is_some()
        {
            return Err(BadStatement::Form(
                "a ground is missing, or stands where none belongs".into(),
            ));
        }
        (statement.to_text() == text).then_some(statement).ok_or(BadStatement::Spelling)
    }

    /// The log index of the statement that it is about, where it is about one.
    pub fn of(&self) -> Option<u64> {
        match self {
            Statement::Correction { of, .. }
            | Statement::Withdrawal { of, .. }
            | Statement::Question { of: Some(of), .. }
            | Statement::Answer { of, .. } => Some(*of),
            _ => None,
        }
    }

    /// The village or township it is about.
    pub fn village(&self) -> Village {
        match self {
            Statement::Receipt { village, .. }
            | Statement::Nothing { village, .. }
            | Statement::Bulletin { village, .. }
            | Statement::Correction { village, .. }
            | Statement::Withdrawal { village, .. }
            | Statement::Key { village, .. }
            | Statement::Closing { village, .. }
            | Statement::Question { village, .. }
            | Statement::Answer { village, .. }
            | Statement::Audit { village, .. }
            | Statement::Directory { village, .. } => *village,
        }
    }

    /// When the signer says it was signed.
    pub fn time(&self) -> &Timestamp {
        match self {
            Statement::Receipt { time, .. }
            | Statement::Nothing { time, .. }
            | Statement::Bulletin { time, .. }
            | Statement::Correction { time, .. }
            | Statement::Withdrawal { time, .. }
            | Statement::Key { time, .. }
            | Statement::Closing { time, .. }
            | Statement::Question { time, .. }
            | Statement::Answer { time, .. }
            | Statement::Audit { time, .. }
            | Statement::Directory { time, .. } => time,
        }
    }

    /// The accounting month, where it has one.
    pub fn period(&self) -> Option<Period> {
        match self {
            Statement::Receipt { period, .. }
            | Statement::Nothing { period, .. }
            | Statement::Closing { period, .. } => Some(*period),
            _ => None,
        }
    }

    /// The hash of its content, where it has one.
    pub fn content(&self) -> Option<Hash> {
        match self {
            Statement::Receipt { content, .. }
            | Statement::Bulletin { content, .. }
            | Statement::Correction { content, .. }
            | Statement::Closing { content, .. }
            | Statement::Question { content, .. }
            | Statement::Answer { content, .. }
            | Statement::Directory { content, .. } => Some(*content),
            Statement::Key { content, .. } => *content,
            Statement::Nothing { .. } | Statement::Withdrawal { .. } | Statement::Audit { .. } => {
                None
            }
        }
    }

    /// The word that stands in `kind`.
    pub fn kind(&self) -> &'static str {
        match self {
            Statement::Receipt { .. } => "receipt",
            Statement::Nothing { .. } => "nothing",
            Statement::Bulletin { .. } => "bulletin",
            Statement::Correction { .. } => "correction",
            Statement::Withdrawal { .. } => "withdrawal",
            Statement::Key { .. } => "key",
            Statement::Closing { .. } => "closing",
            Statement::Question { .. } => "question",
            Statement::Answer { .. } => "answer",
            Statement::Audit { .. } => "audit",
            Statement::Directory { .. } => "directory",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{format, string::ToString};

    const ZERO: &str = "0000000000000000000000000000000000000000000000000000000000000000";

    fn line(rest: &str) -> String {
        format!("{{\"kind\":\"receipt\",\"village\":\"341181107201\",{rest}}}\n")
    }

    #[test]
    fn statements_have_one_spelling() {
        let good = line(&format!(
            "\"period\":\"2026-05\",\"time\":\"2026-06-03T09:12:00+08:00\",\"content\":\"{ZERO}\""
        ));
        let statement = Statement::parse(&good).unwrap();
        assert_eq!(statement.to_text(), good);
        assert_eq!(statement.period().unwrap().to_string(), "2026-05");
        assert!(good.len() < 200, "{}", good.len());
        let bad = [
            good.replace(",\"period\"", ", \"period\""),
            good.replace("\"content\"", "\"note\":\"张三\",\"content\""),
            good.replace("receipt", "rumour"),
            good.replace("2026-05", "2026-5"),
            good.replace("341181107201", "34118110720"),
            good.trim_end().to_string(),
            good.replace("\"kind\":\"receipt\",", ""),
            good.replace("341181107201", "\\u003341181107201"),
            format!("{good}\n"),
            " ".repeat(2000),
        ];
        for text in bad {
            assert!(Statement::parse(&text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_key_may_go_without_content() {
        let key = crate::key::SigningKey::from_seed("341181107201/accountant", [1; 32]).unwrap();
        let statement = Statement::Key {
            village: "341181107201".parse().unwrap(),
            time: "2026-05-01T08:00:00+08:00".parse().unwrap(),
            act: Act::Revoke,
            role: Role::Accountant,
            key: key.verifier(),
            content: None,
        };
        let text = statement.to_text();
        assert!(!text.contains("content"));
        assert_eq!(Statement::parse(&text), Ok(statement));
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics_the_reader(rest in "[ -~]{0,200}") {
            let _ = (Statement::parse(&rest), Statement::parse(&line(&rest)));
        }
    }
}
