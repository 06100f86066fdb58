//! The checkpoint that a kiosk holds, beside our own log: whether anyone has seen more of it, or another history.

use ledger::checkpoint::Checkpoint;

use crate::app::App;
use crate::error::Result;
use crate::seen::Standing;

/// How a checkpoint that a kiosk holds stands to our log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Held {
    /// It is our log as it is, or as it was.
    Ours,
    /// Our key signed it, and it has entries that are not here: our log was put back.
    Ahead,
    /// Our key signed it, and its entries are others than the ones here.
    Forked,
    /// Our key did not sign it.
    Foreign,
}

impl Held {
    const ALL: [Self; 4] = [Self::Ours, Self::Ahead, Self::Forked, Self::Foreign];

    /// The word in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Ahead => "ahead",
            Self::Forked => "forked",
            Self::Foreign => "foreign",
        }
    }

    /// What `word` names.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|held| held.as_str() == word)
    }

    /// Whether our own key signed what our log does not continue.
    #[must_use]
    pub fn is_contrary(self) -> bool {
        matches!(self, Self::Ahead | Self::Forked)
    }
}

/// What a checkpoint that `source` holds says of our log, and how many entries it has where our key signed it. An office
/// whose kiosks hold more than it has is read-only from then on. Blocks.
///
/// # Errors
/// When our own tree cannot be read, or nothing can be written.
pub fn held_checkpoint(app: &App, source: &str, note: &str) -> Result<(Held, Option<u64>)> {
    let Ok(theirs) = Checkpoint::open(note.as_bytes(), &app.vkey) else {
        return Ok((Held::Foreign, None));
    };
    let held = match app.publisher.seen(source, note.as_bytes())? {
        Standing::Continued => Held::Ours,
        Standing::Ahead(..) => Held::Ahead,
        Standing::Forked(_) => Held::Forked,
    };
    Ok((held, Some(theirs.size)))
}
