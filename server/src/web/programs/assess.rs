//! Inspection and assessment.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::caller::{Asked, At, Caller, Given};
use super::wire::{HalfYear, Index, Month, Reason, VillageCode, Year};
use super::{Answer, blocking};
use crate::app::App;
use crate::assess::{self as library, Behind, Inspection, Measured, Score};
use crate::clock;
use crate::error::{Error, Result};
use crate::signoff::{self, Frozen, Recheck, SignedOff};

/// A month's inspection.
#[derive(Serialize, ToSchema)]
pub struct MonthInspection {
    /// What it finds now.
    found: Inspection,
    /// Who signed it off.
    signed: Option<SignedOff>,
}

/// Inspects a month.
#[utoipa::path(
    get, path = "/api/office/inspections/{period}", params(("period" = Month, Path)),
    responses((status = 200, description = "what it finds", body = MonthInspection))
)]
pub async fn inspection(
    State(app): State<Arc<App>>,
    _caller: Caller,
    At(period): At<Month>,
) -> Answer<MonthInspection> {
    let (book, today) = (app.rulebook.now(), clock::today());
    let inspection = app.db.read(|c| {
        let found = library::inspect(c, &book, period.0, today)?;
        Ok(MonthInspection { found, signed: signoff::signed_off(c, period.0)? })
    })?;
    Ok(Json(inspection))
}

/// Signs a month's inspection off: it is kept as it is now.
#[utoipa::path(
    post, path = "/api/office/inspections/{period}/sign", params(("period" = Month, Path)),
    responses((status = 204, description = "signed"))
)]
pub async fn sign_off(
    State(app): State<Arc<App>>,
    caller: Caller,
    At(period): At<Month>,
) -> Result<StatusCode> {
    signoff::sign_off(&app, period.0, &caller.who).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// One indicator of one village.
#[derive(Serialize, ToSchema)]
pub struct IndicatorLine {
    /// Which.
    indicator: String,
    /// Points that it is worth.
    weight: u32,
    /// Hundredths of a point reached; none where nothing could be measured.
    points: Option<u64>,
    /// So many are as they should be.
    good: u64,
    /// Of so many.
    of: u64,
}

impl IndicatorLine {
    fn of(measured: &Measured) -> Self {
        let (good, of) = measured.share.as_ref().map_or((0, 0), |share| (share.good, share.of));
        Self {
            indicator: ledger::statement::word(&measured.indicator),
            weight: measured.weight,
            points: measured.points(),
            good,
            of,
        }
    }
}

/// A village's half year.
#[derive(Serialize, ToSchema)]
pub struct ScoreLine {
    /// 12-digit code.
    village: String,
    /// Its name.
    name: String,
    /// Hundredths of a point of 100; none where nothing could be measured.
    total: Option<u64>,
    /// Every indicator.
    measured: Vec<IndicatorLine>,
}

impl ScoreLine {
    fn of(score: &Score) -> Self {
        Self {
            village: score.village.clone(),
            name: score.name.clone(),
            total: score.total(),
            measured: score.measured.iter().map(IndicatorLine::of).collect(),
        }
    }
}

/// Every village's scores for half a year, as far as it is over.
#[utoipa::path(
    get, path = "/api/office/scores/{half}", params(("half" = HalfYear, Path)),
    responses((status = 200, description = "in the directory's order", body = Vec<ScoreLine>))
)]
pub async fn scores(
    State(app): State<Arc<App>>,
    _caller: Caller,
    At(half): At<HalfYear>,
) -> Answer<Vec<ScoreLine>> {
    let (book, today) = (app.rulebook.now(), clock::today());
    let scores = app.db.read(|c| library::scores(c, &book, half.0.0, today))?;
    Ok(Json(scores.iter().map(ScoreLine::of).collect()))
}

/// One indicator with the records behind it, at most 500 of each sort.
#[derive(Serialize, ToSchema)]
pub struct IndicatorBehind {
    /// The figures.
    line: IndicatorLine,
    /// What is as it should be.
    as_should: Vec<Behind>,
    /// What is not.
    amiss: Vec<Behind>,
}

/// A village's half year with the records behind every figure.
#[derive(Serialize, ToSchema)]
pub struct ScoreBehind {
    /// Hundredths of a point of 100; none where nothing could be measured.
    total: Option<u64>,
    /// Every indicator.
    measured: Vec<IndicatorBehind>,
}

/// One village's scores with the records behind every figure.
#[utoipa::path(
    get, path = "/api/office/scores/{half}/{village}",
    params(("half" = HalfYear, Path), ("village" = VillageCode, Path)),
    responses((status = 200, description = "all of it", body = ScoreBehind))
)]
pub async fn score(
    State(app): State<Arc<App>>,
    _caller: Caller,
    At((half, village)): At<(HalfYear, VillageCode)>,
) -> Answer<ScoreBehind> {
    let (book, today) = (app.rulebook.now(), clock::today());
    let scores = app.db.read(|c| library::scores(c, &book, half.0.0, today))?;
    let score = scores.into_iter().find(|score| score.village == village.0.as_str());
    let score = score.ok_or_else(|| Error::refused("not-found", "没有这个村"))?;
    let total = score.total();
    let behind = |one: Measured| {
        let line = IndicatorLine::of(&one);
        let share = one.share.unwrap_or_default();
        IndicatorBehind { line, as_should: share.as_should, amiss: share.amiss }
    };
    Ok(Json(ScoreBehind { total, measured: score.measured.into_iter().map(behind).collect() }))
}

/// The half years that were frozen.
#[utoipa::path(
    get, path = "/api/office/frozen",
    responses((status = 200, description = "newest first", body = Vec<Frozen>))
)]
pub async fn frozen(State(app): State<Arc<App>>, _caller: Caller) -> Answer<Vec<Frozen>> {
    app.db.read(signoff::frozen).map(Json)
}

/// Half a year that is to be frozen.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Freezing {
    /// It has to be over.
    half: HalfYear,
}

/// The file that was made.
#[derive(Serialize, ToSchema)]
pub struct FrozenFile {
    /// SHA-256 of the file.
    sha256: String,
}

/// Freezes half a year for an assessor.
#[utoipa::path(
    post, path = "/api/office/frozen", request_body = Freezing,
    responses((status = 200, description = "frozen", body = FrozenFile))
)]
pub async fn freeze(
    State(app): State<Arc<App>>,
    caller: Caller,
    Given(given): Given<Freezing>,
) -> Answer<FrozenFile> {
    let hash = blocking(move || signoff::freeze(&app, given.half.0.0, &caller.who)).await?;
    Ok(Json(FrozenFile { sha256: hash.to_string() }))
}

/// The file of a frozen half year: its hash is what the record of who did what keeps.
#[utoipa::path(
    get, path = "/api/office/frozen/{half}", params(("half" = HalfYear, Path)),
    responses((status = 200, description = "scores, totals and inspections", body = Object))
)]
pub async fn frozen_file(
    State(app): State<Arc<App>>,
    _caller: Caller,
    At(half): At<HalfYear>,
) -> Result<Response> {
    let bytes = blocking(move || signoff::frozen_file(&app, half.0.0)).await?;
    Ok(([(header::CONTENT_TYPE, "application/json")], bytes).into_response())
}

/// Which year.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WhichYear {
    /// This year where it is left out.
    year: Option<Year>,
}

/// Something that is not disclosed in whole, to be decided again.
#[derive(Serialize, ToSchema)]
pub struct RecheckLine {
    /// Log index.
    n: u64,
    /// 12-digit code.
    village: String,
    /// `YYYY-MM`.
    period: Option<String>,
    /// The law's ground.
    ground: String,
    /// Whether nothing of it is shown; else only what is covered.
    whole: bool,
    /// What was decided of it in that year: `keep` or `open`.
    verdict: Option<String>,
    /// By whom.
    by: Option<String>,
}

/// What is not disclosed in whole, and what was decided of it in a year.
#[utoipa::path(
    get, path = "/api/office/rechecks", params(WhichYear),
    responses((status = 200, description = "at most 500 of each sort", body = Vec<RecheckLine>))
)]
pub async fn rechecks(
    State(app): State<Arc<App>>,
    _caller: Caller,
    Asked(asked): Asked<WhichYear>,
) -> Answer<Vec<RecheckLine>> {
    let year = asked.year.and_then(|year| i16::try_from(year.0).ok());
    let year = year.unwrap_or_else(|| clock::today().year());
    let found = app.db.read(|c| signoff::rechecks(c, year))?;
    let line = |one: Recheck| {
        let (verdict, by) = one.verdict.unzip();
        let Recheck { n, village, period, ground, whole, .. } = one;
        RecheckLine { n, village, period, ground, whole, verdict, by }
    };
    Ok(Json(found.into_iter().map(line).collect()))
}

/// What is decided of one, and why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Deciding {
    /// Whether it may be disclosed; if not, it stays as it is.
    open: bool,
    /// Why.
    reason: Reason,
}

/// Decides again whether a record stays undisclosed this year.
#[utoipa::path(
    post, path = "/api/office/rechecks/{n}", params(("n" = Index, Path)),
    request_body = Deciding,
    responses((status = 204, description = "kept"))
)]
pub async fn recheck(
    State(app): State<Arc<App>>,
    caller: Caller,
    At(n): At<Index>,
    Given(given): Given<Deciding>,
) -> Result<StatusCode> {
    signoff::recheck(&app, n.index(), given.open, &given.reason.0, &caller.who).await?;
    Ok(StatusCode::NO_CONTENT)
}
