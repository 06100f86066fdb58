//! What came on paper and is typed in by the office.

use std::sync::Arc;

use ledger::content::Channel;
use ledger::question::{Asking, Slip};

use super::receive;
use crate::app::App;
use crate::audit::{self, Change};
use crate::error::Result;
use crate::people::{Deed, Who};

/// Keeps a question that came on paper.
///
/// # Errors
/// As [`receive::receive`]; `not-allowed` for whoever does not look at questions.
pub async fn keep(app: &Arc<App>, asking: Asking, who: &Who) -> Result<Slip> {
    let actor = who.acting(Deed::Review)?;
    let asking = Asking { channel: Channel::Paper, ..asking };
    let slip = receive::keep(app, asking).await?;
    let number = slip.to_string();
    app.db.write(move |c| audit::record(c, &actor, "paper", &number, Change::default())).await?;
    Ok(slip)
}
