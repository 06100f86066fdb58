//! The rules that a township works by. (Placeholder of this step: the profile file comes with the next.)

use ledger::money::Fen;

/// The rules.
#[derive(Debug)]
pub struct Rules;

/// What an amount needs.
#[derive(Debug)]
pub struct Approval {
    /// Supervisors who sign.
    pub supervisors: u8,
    /// Whether the leader approves.
    pub leader: bool,
}

impl Rules {
    /// What an amount needs before it is published.
    #[must_use]
    pub fn approval(&self, _amount: Fen) -> Approval {
        Approval { supervisors: 0, leader: false }
    }
}
