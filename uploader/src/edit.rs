//! What is done to a photo before the public sees it: the paper's corners, its turn, its light, and what is covered.

use crate::geometry::Quad;
use ledger::content::Ground;
use serde::{Deserialize, Serialize};

/// How a photo becomes its public picture. Every change of it makes the picture anew from the original.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Edit {
    /// The paper's corners; the whole photo if none are set.
    pub corners: Option<Quad>,
    /// Quarter turns clockwise after that.
    pub turn: u8,
    /// Whether shadows are evened out.
    pub even: bool,
    /// What is covered.
    pub covers: Vec<Cover>,
}

/// A place on the photo that the public does not see.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Cover {
    /// Where, on the upright photo; a public picture covers the upright rectangle around it.
    pub place: Quad,
    /// Why; the public sees it.
    pub ground: Ground,
    /// Who found it.
    pub by: By,
    /// A machine's offer that the person took back stays known, so that it is not offered again.
    pub on: bool,
}

/// Who found what is to be covered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum By {
    /// A pattern in what was read.
    Machine,
    /// The person.
    Hand,
}
