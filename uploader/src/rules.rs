//! Who signs and what is shown for a sum of money. The sums are those that townships of the kind publish; a rule warns,
//! it never stops a paper: the township's office decides.

use crate::draft::{Draft, Field};
use crate::say;
use ledger::content::{Direction, Payment};
use ledger::money::Fen;

/// Up to this much (1,000 yuan) may be paid in notes and coins.
const CASH_MAX: Fen = Fen(100_000);
/// From here on (5,000 yuan) the two committees and the supervision committee decide together.
const COMMITTEES_FROM: Fen = Fen(500_000);
/// From here on (50,000 yuan) the village's assembly decides: 四议两公开.
const ASSEMBLY_FROM: Fen = Fen(5_000_000);

/// What a draft does not keep to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Broken {
    /// These people should be named.
    Signers(Vec<Field>),
    /// Paid in cash, though it is more than that.
    Cash,
    /// How it was paid should be said.
    Means,
    /// No meeting is named, and one must have decided: the committees'.
    Committees,
    /// No meeting is named, and one must have decided: the assembly's.
    Assembly,
}

impl Broken {
    /// What a person reads.
    pub fn said(&self) -> String {
        match self {
            Broken::Signers(fields) => {
                say!("还没有写{fields}", fields = Field::list(fields))
            }
            Broken::Cash => say!("超过 {most} 元应转账，不付现金", most = CASH_MAX),
            Broken::Means => {
                say!("超过 {most} 元，请写明转账还是现金", most = CASH_MAX)
            }
            Broken::Committees => say!(
                "{from} 元以上要两委、村民小组和监督委员会议定，请写会议记录",
                from = COMMITTEES_FROM
            ),
            Broken::Assembly => {
                say!("{from} 元以上要“四议两公开”，请写会议记录", from = ASSEMBLY_FROM)
            }
        }
    }
}

/// The rules that a draft does not keep to.
pub fn broken(draft: &Draft) -> Vec<Broken> {
    let Some(amount) = draft.amount else { return Vec::new() };
    let spent = draft.direction() == Direction::Out;
    let mut broken = Vec::new();
    let signers = [
        (Field::Handler, &draft.handler, true),
        (Field::Witness, &draft.witness, spent),
        (Field::Supervisor, &draft.supervisor, spent && amount >= COMMITTEES_FROM),
        (Field::Approver, &draft.approver, spent),
    ];
    let absent = signers.iter().filter(|(_, name, wanted)| *wanted && name.is_empty());
    let absent: Vec<Field> = absent.map(|(field, ..)| *field).collect();
    if !absent.is_empty() {
        broken.push(Broken::Signers(absent));
    }
    if !spent {
        return broken;
    }
    match draft.payment {
        Some(Payment::Cash) if amount > CASH_MAX => broken.push(Broken::Cash),
        None if amount > CASH_MAX => broken.push(Broken::Means),
        _ => {}
    }
    if draft.resolution.is_empty() {
        match amount {
            _ if amount >= ASSEMBLY_FROM => broken.push(Broken::Assembly),
            _ if amount >= COMMITTEES_FROM => broken.push(Broken::Committees),
            _ => {}
        }
    }
    broken
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paid(fen: i64) -> Draft {
        Draft {
            amount: Some(Fen(fen)),
            handler: "甲".into(),
            witness: "乙".into(),
            supervisor: "丙".into(),
            approver: "丁".into(),
            payment: Some(Payment::Transfer),
            ..Draft::default()
        }
    }

    #[test]
    fn the_larger_the_sum_the_more_is_asked() {
        assert_eq!(broken(&paid(499_999)), []);
        assert_eq!(broken(&paid(500_000)), [Broken::Committees]);
        assert_eq!(broken(&paid(4_999_999)), [Broken::Committees]);
        assert_eq!(broken(&paid(5_000_000)), [Broken::Assembly]);
        let decided =
            Draft { resolution: "2026-05-08 村民代表会议".into(), ..paid(5_000_000) };
        assert_eq!(broken(&decided), []);
    }

    #[test]
    fn cash_and_missing_people_are_noticed_and_income_needs_fewer() {
        let cash = |fen| Draft { payment: Some(Payment::Cash), ..paid(fen) };
        assert_eq!(broken(&cash(100_000)), []);
        assert_eq!(broken(&cash(100_001)), [Broken::Cash]);
        assert_eq!(broken(&Draft { payment: None, ..paid(100_001) }), [Broken::Means]);
        let nobody = Draft { amount: Some(Fen(1)), ..Draft::default() };
        let people = vec![Field::Handler, Field::Witness, Field::Approver];
        assert_eq!(broken(&nobody), [Broken::Signers(people)]);
        let income = Draft { direction: Some(Direction::In), ..nobody };
        assert_eq!(broken(&income), [Broken::Signers(vec![Field::Handler])]);
        assert_eq!(broken(&Draft::default()), [], "nothing is said of an empty draft");
    }
}
