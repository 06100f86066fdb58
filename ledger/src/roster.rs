//! Who may sign what, as the log itself says: keys enrolled and revoked by the office, whose own key is entry 0.

use crate::key::VerifierKey;
use crate::note::{BadNote, Note};
use crate::place::Village;
use crate::statement::{Act, BadStatement, Role, Statement};
use alloc::{string::String, vec::Vec};

/// Why an entry does not count. It stays in the log, and no reader shows it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The note or its signatures.
    #[error(transparent)]
    Note(#[from] BadNote),
    /// The statement in it.
    #[error(transparent)]
    Statement(#[from] BadStatement),
    /// Entry 0 does not enrol the office's key by that key's own signature.
    #[error("entry 0 does not enrol the office's key")]
    Genesis,
    /// No key that signed may sign this.
    #[error("signed by {0}, who may not sign this")]
    NotAllowed(String),
    /// A key for a village must carry the village's code in its name, and no key may be enrolled twice.
    #[error("the key {0} cannot be enrolled")]
    KeyName(String),
    /// The key that is revoked is not enrolled.
    #[error("the key {0} is not enrolled")]
    NotEnrolled(String),
    /// A correction, a withdrawal, a question or an answer about something that is not there, or that it cannot be about.
    #[error("there is no statement {0} that this could be about")]
    Target(u64),
}

/// A key that counts, and what for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signer {
    /// What it may sign.
    pub role: Role,
    /// For which village, or the township.
    pub village: Village,
    /// The key itself.
    pub key: VerifierKey,
    /// The log index of the statement that enrolled it.
    pub enrolled: u64,
}

/// An entry that counts: what it states and who signed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admitted {
    /// What it states.
    pub statement: Statement,
    /// Everyone of the roster who signed it.
    pub signers: Vec<Signer>,
}

/// The keys that count at some size of the log, and what a correction needs to know of earlier entries.
#[derive(Debug, Clone, Default)]
pub struct Roster {
    signers: Vec<Signer>,
    size: u64,
}

impl Roster {
    /// A roster that was stored: the keys that count after so many entries.
    pub fn from_parts(signers: Vec<Signer>, size: u64) -> Roster {
        Roster { signers, size }
    }

    /// Goes on behind `entries` that it is not shown: whoever leaves them out answers for there being no key among them.
    pub fn pass_over(&mut self, entries: u64) {
        self.size = self.size.saturating_add(entries);
    }

    /// Every key that counts now.
    pub fn signers(&self) -> &[Signer] {
        &self.signers
    }

    /// How many entries were admitted or refused.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Takes the log's next entry. A refused entry counts for the size and for nothing else.
    ///
    /// `earlier(index)` answers the admitted statement at an index below this one, for those that are about one.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn admit(
        &mut self,
        entry: &[u8],
        earlier: impl FnOnce(u64) -> Option<Statement>,
    ) -> Result<Admitted, Refusal> {
        let index = self.size;
        self.size += 1;
        if index == 0 {
            return self.found(entry);
        }
        let admitted = self.check(entry, earlier)?;
        if let Statement::Key { village, act, role, key, .. } = &admitted.statement {
            match act {
                Act::Enrol => self.signers.push(Signer {
                    role: *role,
                    village: *village,
                    key: key.clone(),
                    enrolled: index,
                }),
                Act::Revoke => self.signers.retain(|s| s.key != *key),
            }
        }
        Ok(admitted)
    }

    /// What [`Roster::admit`] would say of an entry that is to come next, changing nothing: for a submission.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn check(
        &self,
        entry: &[u8],
        earlier: impl FnOnce(u64) -> Option<Statement>,
    ) -> Result<Admitted, Refusal> {
        let note = Note::parse(entry)?;
        let signed = note.verify(self.signers.iter().map(|s| &s.key))?;
        let statement = Statement::parse(note.text())?;
        let signers: Vec<Signer> =
            self.signers.iter().filter(|s| signed.contains(&&s.key)).cloned().collect();
        let target = match statement.of() {
            Some(of) => {
                let fits = |target: &Statement| may_be_about(&statement, target);
                Some(earlier(of).filter(fits).ok_or(Refusal::Target(of))?)
            }
            None => None,
        };
        if !signers.iter().any(|s| may_sign(s, &statement, target.as_ref())) {
            let names = signers.iter().map(|s| s.key.name()).collect::<Vec<_>>().join(", ");
            return Err(Refusal::NotAllowed(names));
        }
        if let Statement::Key { village, act, role, key, .. } = &statement {
            self.check_key(*village, *act, *role, key)?;
        }
        Ok(Admitted { statement, signers })
    }

    /// Entry 0: the office's key, signed by itself.
    fn found(&mut self, entry: &[u8]) -> Result<Admitted, Refusal> {
        let note = Note::parse(entry)?;
        let statement = Statement::parse(note.text())?;
        let Statement::Key { village, act: Act::Enrol, role: Role::Office, key, .. } = &statement
        else {
            return Err(Refusal::Genesis);
        };
        note.verify(core::iter::once(key))?;
        let office =
            Signer { role: Role::Office, village: *village, key: key.clone(), enrolled: 0 };
        self.signers.push(office.clone());
        Ok(Admitted { statement, signers: Vec::from([office]) })
    }

    fn check_key(
        &self,
        village: Village,
        act: Act,
        role: Role,
        key: &VerifierKey,
    ) -> Result<(), Refusal> {
        let known = self.signers.iter().any(|s| s.key == *key);
        let own_name =
            key.name().strip_prefix(village.as_str()).is_some_and(|rest| rest.starts_with('/'));
        match act {
            Act::Revoke if !known => Err(Refusal::NotEnrolled(key.name().into())),
            Act::Enrol if known || (role != Role::Office && !own_name) => {
                Err(Refusal::KeyName(key.name().into()))
            }
            _ => Ok(()),
        }
    }
}

/// What may follow on what: keys and the directory are changed by new ones of their kind; a correction is corrected at
/// its target; a question is answered, goes on or is taken back, but never put otherwise.
fn may_be_about(statement: &Statement, target: &Statement) -> bool {
    let record = matches!(
        target,
        Statement::Receipt { .. } | Statement::Nothing { .. } | Statement::Bulletin { .. }
    );
    let question = matches!(target, Statement::Question { .. });
    match statement {
        Statement::Withdrawal { .. } => {
            record || question || matches!(target, Statement::Answer { .. })
        }
        Statement::Question { .. } => {
            record || question || matches!(target, Statement::Correction { .. })
        }
        Statement::Answer { .. } => question,
        _ => record,
    }
}

fn may_sign(signer: &Signer, statement: &Statement, target: Option<&Statement>) -> bool {
    match statement {
        Statement::Receipt { village, .. } | Statement::Nothing { village, .. } => {
            signer.role == Role::Accountant && signer.village == *village
        }
        Statement::Correction { village, .. } => target.is_some_and(|target| {
            target.content().is_some()
                && target.village() == *village
                && may_sign(signer, target, None)
        }),
        Statement::Withdrawal { village, .. }
        | Statement::Question { village, of: Some(_), .. }
        | Statement::Answer { village, .. } => {
            signer.role == Role::Office && target.is_some_and(|t| t.village() == *village)
        }
        Statement::Bulletin { .. }
        | Statement::Closing { .. }
        | Statement::Question { of: None, .. }
        | Statement::Audit { .. }
        | Statement::Key { .. }
        | Statement::Directory { .. } => signer.role == Role::Office,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::sha256;
    use crate::key::SigningKey;
    use crate::note::compose;
    use crate::statement::{Reason, Source};

    const TIME: &str = "2026-06-03T09:12:00+08:00";

    fn key(name: &str, seed: u8) -> SigningKey {
        SigningKey::from_seed(name, [seed; 32]).unwrap()
    }

    fn entry(statement: &Statement, keys: &[&SigningKey]) -> Vec<u8> {
        let text = statement.to_text();
        let lines: Vec<String> = keys.iter().map(|k| k.sign(&text)).collect();
        compose(&text, &lines).into_bytes()
    }

    fn place(code: &str) -> Village {
        code.parse().unwrap()
    }

    fn key_statement(act: Act, role: Role, village: &str, key: &SigningKey) -> Statement {
        let (village, time) = (place(village), TIME.parse().unwrap());
        Statement::Key { village, time, act, role, key: key.verifier(), content: None }
    }

    fn receipt(village: &str) -> Statement {
        let (period, time) = ("2026-05".parse().unwrap(), TIME.parse().unwrap());
        Statement::Receipt { village: place(village), period, time, content: sha256(b"") }
    }

    const TOWN: &str = "341181107000";
    const A: &str = "341181107201";
    const B: &str = "341181107202";

    /// A roster with the office and the accountant of village A.
    fn founded(office: &SigningKey, accountant: &SigningKey) -> Roster {
        let mut roster = Roster::default();
        let genesis = key_statement(Act::Enrol, Role::Office, TOWN, office);
        roster.admit(&entry(&genesis, &[office]), |_| None).unwrap();
        let enrol = key_statement(Act::Enrol, Role::Accountant, A, accountant);
        roster.admit(&entry(&enrol, &[office]), |_| None).unwrap();
        roster
    }

    #[test]
    fn only_the_enrolled_accountant_signs_for_a_village_and_only_until_revoked() {
        let (office, accountant) = (key("town/office", 1), key("341181107201/accountant", 2));
        let mut roster = founded(&office, &accountant);
        let none = |_| None;
        let good = roster.check(&entry(&receipt(A), &[&accountant]), none).unwrap();
        assert_eq!(good.signers[0].enrolled, 1);
        let refused = |roster: &Roster, e: &[u8]| roster.check(e, none).unwrap_err();
        let other = entry(&receipt(B), &[&accountant]);
        assert!(matches!(refused(&roster, &other), Refusal::NotAllowed(_)));
        assert!(matches!(
            refused(&roster, &entry(&receipt(A), &[&office])),
            Refusal::NotAllowed(_)
        ));
        let stranger = key("341181107201/accountant", 3);
        let unsigned = entry(&receipt(A), &[&stranger]);
        assert_eq!(refused(&roster, &unsigned), Refusal::Note(BadNote::Unsigned));
        let revoke = key_statement(Act::Revoke, Role::Accountant, A, &accountant);
        let by_himself = roster.admit(&entry(&revoke, &[&accountant]), none);
        assert!(matches!(by_himself, Err(Refusal::NotAllowed(_))));
        roster.admit(&entry(&revoke, &[&office]), none).unwrap();
        let late = refused(&roster, &entry(&receipt(A), &[&accountant]));
        assert_eq!(late, Refusal::Note(BadNote::Unsigned));
        assert_eq!(roster.size(), 4);
    }

    #[test]
    fn a_key_is_enrolled_once_and_under_its_villages_name() {
        let (office, accountant) = (key("town/office", 1), key("341181107201/accountant", 2));
        let mut roster = founded(&office, &accountant);
        let mut enrol = |village, k: &SigningKey| {
            let statement = key_statement(Act::Enrol, Role::Accountant, village, k);
            roster.admit(&entry(&statement, &[&office]), |_| None)
        };
        assert!(matches!(enrol(A, &accountant), Err(Refusal::KeyName(_))));
        assert!(matches!(enrol(B, &key("341181107201/accountant", 4)), Err(Refusal::KeyName(_))));
        assert!(enrol(B, &key("341181107202/accountant", 4)).is_ok());
    }

    #[test]
    fn the_first_entry_is_the_offices_own() {
        let (office, other) = (key("town/office", 1), key("town/office", 2));
        let genesis = key_statement(Act::Enrol, Role::Office, TOWN, &office);
        let by_other = Roster::default().admit(&entry(&genesis, &[&other]), |_| None);
        assert_eq!(by_other, Err(Refusal::Note(BadNote::Unsigned)));
        let no_key = Roster::default().admit(&entry(&receipt(A), &[&office]), |_| None);
        assert_eq!(no_key, Err(Refusal::Genesis));
    }

    #[test]
    fn corrections_and_withdrawals_are_about_something() {
        let (office, accountant) = (key("town/office", 1), key("341181107201/accountant", 2));
        let roster = founded(&office, &accountant);
        let (time, of) = (TIME.parse().unwrap(), 2);
        let withdrawal = Statement::Withdrawal {
            village: place(A),
            time,
            of,
            reason: Reason::Personal,
            ground: None,
            source: Source::Original,
        };
        let correction = Statement::Correction {
            village: place(A),
            time: TIME.parse().unwrap(),
            of,
            source: Source::Format,
            content: sha256(b"new"),
        };
        let check = |s: &Statement, k: &SigningKey, target: Option<Statement>| {
            roster.check(&entry(s, &[k]), |_| target).map(|_| ())
        };
        assert_eq!(check(&withdrawal, &office, Some(receipt(A))), Ok(()));
        assert_eq!(check(&correction, &accountant, Some(receipt(A))), Ok(()));
        assert_eq!(check(&withdrawal, &office, None), Err(Refusal::Target(2)));
        let key = key_statement(Act::Enrol, Role::Accountant, A, &accountant);
        assert_eq!(check(&withdrawal, &office, Some(key)), Err(Refusal::Target(2)));
        let (time, content) = (TIME.parse().unwrap(), sha256(b"asked"));
        let question = Statement::Question { village: place(A), time, of: Some(of), content };
        let answer =
            Statement::Answer { village: place(A), time: TIME.parse().unwrap(), of, content };
        assert_eq!(check(&question, &office, Some(receipt(A))), Ok(()));
        assert_eq!(check(&question, &office, Some(question.clone())), Ok(()));
        assert_eq!(check(&answer, &office, Some(question.clone())), Ok(()));
        assert_eq!(check(&withdrawal, &office, Some(question.clone())), Ok(()));
        assert_eq!(check(&answer, &office, Some(receipt(A))), Err(Refusal::Target(2)));
        assert_eq!(check(&question, &office, Some(answer.clone())), Err(Refusal::Target(2)));
        assert_eq!(check(&correction, &office, Some(question.clone())), Err(Refusal::Target(2)));
        for (statement, key, target) in [
            (&question, &accountant, receipt(A)),
            (&question, &office, receipt(B)),
            (&answer, &accountant, question.clone()),
            (&withdrawal, &accountant, receipt(A)),
            (&withdrawal, &office, receipt(B)),
            (&correction, &office, receipt(A)),
            (&correction, &accountant, receipt(B)),
        ] {
            assert!(matches!(check(statement, key, Some(target)), Err(Refusal::NotAllowed(_))));
        }
    }
}
