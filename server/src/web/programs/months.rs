//! Village months: how far they have come, and closing them.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::caller::{Asked, At, Caller, Given};
use super::submissions::Entry;
use super::wire::{Few, Index, Month, Reason, VillageCode};
use super::{Answer, blocking};
use crate::app::App;
use crate::clock;
use crate::deadlines::Standing;
use crate::error::Error;
use crate::month::{self, Progress, VillageMonth};
use crate::view;

/// How a month stands against its deadline, on the day it was closed or today.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DueWord {
    /// The last day lies ahead.
    InTime,
    /// The last day is that day.
    DueToday,
    /// The last day is over.
    Late,
}

/// A village's month.
#[derive(Serialize, ToSchema)]
pub struct MonthLine {
    /// 12-digit code.
    village: String,
    /// Its name.
    name: String,
    /// `YYYY-MM`.
    period: String,
    /// How far it has come.
    progress: Progress,
    /// Submissions that wait, whole or not.
    waiting: u64,
    /// Submissions that were sent back.
    returned: u64,
    /// Published receipts that stand.
    receipts: u64,
    /// Money out, fen.
    spent: i64,
    /// Money in, fen.
    received: i64,
    /// Log index of its closing.
    closed: Option<u64>,
    /// By when it has to be closed, `YYYY-MM-DD`.
    due: String,
    /// How that was found, in Chinese.
    why: String,
    /// How it stands against that day.
    standing: DueWord,
    /// Days until that day, or since.
    days: u32,
}

impl MonthLine {
    /// One as the table of months has it.
    pub fn of(month: VillageMonth) -> Self {
        let (standing, days) = match month.standing {
            Standing::InTime { days_left } => (DueWord::InTime, days_left),
            Standing::DueToday => (DueWord::DueToday, 0),
            Standing::Late { days } => (DueWord::Late, days),
        };
        Self {
            village: month.village,
            name: month.name,
            period: month.period.to_string(),
            progress: month.progress,
            waiting: month.waiting,
            returned: month.returned,
            receipts: month.receipts,
            spent: month.spent.0,
            received: month.received.0,
            closed: month.closed.map(|closed| closed.n),
            due: month.due.on.to_string(),
            why: month.due.why.to_string(),
            standing,
            days,
        }
    }
}

/// Which month.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WhichMonth {
    /// The last month where it is left out.
    period: Option<Month>,
}

/// All villages in one month; a village's people get their own.
#[utoipa::path(
    get, path = "/api/office/months", params(WhichMonth),
    responses((status = 200, description = "in the directory's order", body = Vec<MonthLine>))
)]
pub async fn months(
    State(app): State<Arc<App>>,
    caller: Caller,
    Asked(asked): Asked<WhichMonth>,
) -> Answer<Vec<MonthLine>> {
    let (book, today) = (app.rulebook.now(), clock::today());
    let last = month::this_month(today)?.later(-1);
    let period = asked.period.map_or(last, |period| period.0);
    let mut board = app.db.read(|c| month::board(c, &book, period, today))?;
    board.retain(|month| caller.who.sees(&month.village));
    Ok(Json(board.into_iter().map(MonthLine::of).collect()))
}

/// A receipt that has no paper.
#[derive(Serialize, ToSchema)]
pub struct UnpaperedReceipt {
    /// Log index.
    n: u64,
    /// What for.
    purpose: String,
    /// Fen.
    amount: i64,
    /// Why, as the accountant said; empty where nothing was said.
    reason: String,
}

/// A village's month, with what has to be explained before it is closed.
#[derive(Serialize, ToSchema)]
pub struct WholeMonth {
    /// How far it has come.
    month: MonthLine,
    /// Its receipts that have no paper.
    unpapered: Vec<UnpaperedReceipt>,
}

/// One village's month.
#[utoipa::path(
    get, path = "/api/office/months/{village}/{period}",
    params(("village" = VillageCode, Path), ("period" = Month, Path)),
    responses((status = 200, description = "all of it", body = WholeMonth))
)]
pub async fn month(
    State(app): State<Arc<App>>,
    caller: Caller,
    At((village, period)): At<(VillageCode, Month)>,
) -> Answer<WholeMonth> {
    let (book, today) = (app.rulebook.now(), clock::today());
    let (village, period) = (village.0.to_string(), period.0);
    let not_found = || Error::refused("not-found", "没有这个村的这个月");
    if !caller.who.sees(&village) {
        return Err(not_found());
    }
    let (found, unpapered) = app.db.read(|c| {
        let name = view::village_name(c, &village)?.ok_or_else(not_found)?;
        let found = month::one(c, &book, (&village, &name), period, today)?;
        Ok((found, month::unpapered(c, &village, period)?))
    })?;
    let unpapered = unpapered.into_iter().map(|one| UnpaperedReceipt {
        n: one.n,
        purpose: one.purpose,
        amount: one.amount.0,
        reason: one.reason,
    });
    Ok(Json(WholeMonth { unpapered: unpapered.collect(), month: MonthLine::of(found) }))
}

/// Why a receipt has no paper.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PaperReason {
    /// Log index of the receipt.
    n: Index,
    /// Why.
    reason: Reason,
}

/// What is said when a month is closed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reasons": [{"n": 7, "reason": "银行手续费，没有票据"}]}))]
pub struct Closing {
    /// Why receipts have no paper, where the accountant did not say so.
    #[schema(value_type = Vec<PaperReason>, max_items = 500)]
    reasons: Few<PaperReason, 0, 500>,
}

/// Closes a village's month: the office states in the log what it comes to.
#[utoipa::path(
    post, path = "/api/office/months/{village}/{period}/close",
    params(("village" = VillageCode, Path), ("period" = Month, Path)),
    request_body = Closing,
    responses((status = 200, description = "closed: the statement that says so", body = Entry))
)]
pub async fn close(
    State(app): State<Arc<App>>,
    caller: Caller,
    At((village, period)): At<(VillageCode, Month)>,
    Given(given): Given<Closing>,
) -> Answer<Entry> {
    let reasons = given.reasons.0.into_iter().map(|one| (one.n.index(), one.reason.0));
    let reasons: Vec<_> = reasons.collect();
    let work = move || month::close(&app, village.0, period.0, &reasons, &caller.who);
    Ok(Json(blocking(work).await?.into()))
}
