//! Questions on their way to the office: on this machine's disk before the asker is told so, and taken off it when the
//! office has them. One that is sent twice counts once there.

use ledger::content::{Channel, Topic};
use ledger::place::Village;
use ledger::question::{AskId, Asking, Pin, Slip};
use thiserror::Error;

use crate::drawer::{Drawer, DrawerError};
use crate::fetch::{FetchError, Server};

/// The most questions that wait for the office.
pub const WAITING_MAX: u64 = 1_000;
/// Bytes of the largest answer.
const ANSWER_BYTES_MAX: u64 = 4_096;
/// Where questions are sent.
const PATH: &str = "/api/questions";

/// Why a question was not kept.
#[derive(Debug, Error)]
pub enum NotKept {
    /// The kiosk's own database.
    #[error(transparent)]
    Drawer(#[from] DrawerError),
    /// The system gives no random bytes.
    #[error("系统给不出随机数（{0}）/ no random bytes")]
    Random(#[from] getrandom::Error),
    /// Too many wait already.
    #[error("等着送出的提问太多 / too many questions wait to be sent")]
    Full,
    /// It says nothing, or too much.
    #[error("提问是空的或太长 / the question is empty or too long")]
    Words,
}

/// A question as it was written on the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The village that is asked, or the township.
    pub village: Village,
    /// Log index of what it is about.
    pub of: Option<u64>,
    /// What for.
    pub topic: Topic,
    /// In the asker's words.
    pub text: String,
}

/// Keeps a question on the disk; gives the slip to find it again by.
///
/// # Errors
/// [`NotKept`].
pub fn keep(drawer: &Drawer, written: Written) -> Result<(Slip, Pin), NotKept> {
    let (mut id, mut digits) = ([0; 16], [0; 2]);
    getrandom::fill(&mut id)?;
    getrandom::fill(&mut digits)?;
    let Written { village, of, topic, text } = written;
    let (id, pin, channel) = (AskId(id), Pin::of(digits), Channel::Kiosk);
    let asking = Asking { id, pin: pin.clone(), village, of, topic, text, channel };
    asking.check().map_err(|_| NotKept::Words)?;
    if waiting(drawer)? >= WAITING_MAX {
        return Err(NotKept::Full);
    }
    // Serialising text and numbers to a string cannot fail.
    let body = serde_json::to_string(&asking).unwrap_or_default();
    let sql = "INSERT INTO asking VALUES (?1, ?2)";
    drawer.db.execute(sql, (id.to_string(), body)).map_err(DrawerError::from)?;
    Ok((id.slip(), pin))
}

/// How many questions wait for the office.
///
/// # Errors
/// [`DrawerError`].
pub fn waiting(drawer: &Drawer) -> Result<u64, DrawerError> {
    Ok(drawer.db.query_row("SELECT count(*) FROM asking", [], |row| row.get(0))?)
}

/// What became of a delivery.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delivered {
    /// Questions that the office took.
    pub taken: u64,
    /// Questions that it will never take, such as about a record that it does not have; gone from here too.
    pub refused: u64,
}

/// Why a delivery ended early; what was not taken stays.
#[derive(Debug, Error)]
pub enum Undelivered {
    /// The kiosk's own database.
    #[error(transparent)]
    Drawer(#[from] DrawerError),
    /// The network, or an office that is busy.
    #[error(transparent)]
    Fetch(#[from] FetchError),
}

/// Sends what waits. A power cut between the office's answer and the row's going sends it again, which changes nothing.
///
/// # Errors
/// [`Undelivered`].
pub fn deliver(drawer: &Drawer, server: &Server) -> Result<Delivered, Undelivered> {
    let mut delivered = Delivered::default();
    for (id, body) in all(drawer)? {
        let (status, _) = server.post(PATH, "application/json", &body, ANSWER_BYTES_MAX)?;
        match status {
            202 => delivered.taken += 1,
            400 | 413 | 422 => delivered.refused += 1,
            _ => return Err(FetchError::Status { path: PATH.into(), status }.into()),
        }
        let sql = "DELETE FROM asking WHERE id = ?1";
        drawer.db.execute(sql, [id]).map_err(DrawerError::from)?;
    }
    Ok(delivered)
}

/// What waits, as it is sent: id and JSON.
///
/// # Errors
/// [`DrawerError`].
pub fn all(drawer: &Drawer) -> Result<Vec<(String, String)>, DrawerError> {
    let mut query = drawer.db.prepare_cached("SELECT id, body FROM asking ORDER BY id")?;
    let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::time::Duration;

    use super::*;
    use crate::drawer::tests::drawer;
    use crate::fetch::Manner;

    fn written(text: &str) -> Written {
        let village = "341181107201".parse().unwrap();
        Written { village, of: Some(7), topic: Topic::Amount, text: text.into() }
    }

    #[test]
    fn a_question_stays_until_the_office_has_it() {
        let (_dir, drawer) = drawer();
        let (slip, _) = keep(&drawer, written("路灯修了几次？")).unwrap();
        assert!(matches!(keep(&drawer, written("  ")), Err(NotKept::Words)));
        assert!(matches!(keep(&drawer, written(&"字".repeat(501))), Err(NotKept::Words)));
        assert_eq!(waiting(&drawer).unwrap(), 1);
        let nobody = Manner { patience: Duration::from_millis(200), rate: None };
        let server = Server::new("http://127.0.0.1:9", nobody).unwrap();
        assert!(matches!(deliver(&drawer, &server), Err(Undelivered::Fetch(_))));
        let kept: Asking = serde_json::from_str(&all(&drawer).unwrap()[0].1).unwrap();
        assert_eq!((kept.id.slip(), kept.text.as_str()), (slip, "路灯修了几次？"));
        assert_eq!(kept.channel, Channel::Kiosk);
    }
}
