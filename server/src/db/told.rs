//! Every statement as the log may tell it (`MINGBAI_LOG=mingbai_server::db=trace`): its text without values, how long it
//! took, and over how many rows it stepped without an index. Costs nothing where nobody asks for it.

use rusqlite::trace::{TraceEvent, TraceEventCodes};
use rusqlite::{Connection, StatementStatus};
use tracing::Level;

use crate::clock;

/// Has a connection tell its statements, if the log wants them.
pub fn tell(connection: &Connection) {
    if tracing::enabled!(Level::TRACE) {
        connection.trace_v2(TraceEventCodes::SQLITE_TRACE_PROFILE, Some(told));
    }
}

fn told(event: TraceEvent<'_>) {
    if let TraceEvent::Profile(statement, took) = event {
        let scanned = statement.get_status(StatementStatus::FullscanStep);
        tracing::trace!(sql = %statement.sql(), micros = clock::micros(took), scanned, "statement");
    }
}
