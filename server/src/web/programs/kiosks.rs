//! The fleet of kiosks: how each is, and how one is enrolled by the code on its screen, moved, and taken out of use. Which
//! of them wait is told to nobody: whoever enrols one stands before it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::caller::{At, Caller, Given};
use super::wire::{Name, Sha256, VillageCode};
use super::{Answer, blocking};
use crate::app::App;
use crate::clock;
use crate::error::{Error, Result};
use crate::keys::check_digits;
use crate::kiosks::{self as library, Concern, Day, Held, Kiosk, Latest, NewKiosk};
use crate::people::Deed;

/// What a kiosk said last.
#[derive(Serialize, ToSchema)]
pub struct KioskReport {
    /// When it came, RFC 3339.
    received: String,
    /// Seconds that the kiosk's clock was ahead of ours.
    skew: i64,
    /// The version of its program.
    app: String,
    /// The screen that it showed.
    screen: String,
    /// Bytes of its storage that were free.
    free: u64,
    /// Bytes of its storage.
    total: u64,
    /// When it last followed the log to its end, by its own clock.
    synced: Option<String>,
    /// Why it could not the last time.
    error: Option<String>,
    /// Entries under the checkpoint that it holds, where our key signed that.
    size: Option<u64>,
    /// How that checkpoint stood to our log; none: it holds none.
    held: Option<Held>,
}

impl KioskReport {
    fn of(latest: Latest) -> Self {
        Self {
            received: clock::text_of(latest.received),
            skew: latest.skew,
            app: latest.app,
            screen: latest.screen,
            free: latest.free,
            total: latest.total,
            synced: latest.synced,
            error: latest.error,
            size: latest.size,
            held: latest.held,
        }
    }
}

/// A kiosk.
#[derive(Serialize, ToSchema)]
pub struct KioskLine {
    /// SHA-256 (hex) of its key's text.
    id: String,
    /// What the office calls it.
    name: String,
    /// 12-digit code of its village; the township's own for its hall.
    village: String,
    /// The digits of its key, as they were compared when it was enrolled.
    digits: String,
    /// When it was enrolled, RFC 3339.
    enrolled: String,
    /// When it was taken out of use, RFC 3339.
    revoked: Option<String>,
    /// What is wrong with it.
    concerns: Vec<Concern>,
    /// Whether somebody has to do something about that.
    serious: bool,
    /// What it said last; none: it was never heard from.
    latest: Option<KioskReport>,
}

impl KioskLine {
    fn of((kiosk, concerns): (Kiosk, Vec<Concern>)) -> Self {
        Self {
            digits: check_digits(&kiosk.vkey),
            id: kiosk.id,
            name: kiosk.name,
            village: kiosk.village,
            enrolled: clock::text_of(kiosk.enrolled),
            revoked: kiosk.revoked.map(clock::text_of),
            serious: concerns.iter().any(|one| one.is_serious()),
            concerns,
            latest: kiosk.latest.map(KioskReport::of),
        }
    }
}

/// Where a kiosk may stand.
#[derive(Serialize, ToSchema)]
pub struct Stand {
    /// 12-digit code.
    code: String,
    /// Its name.
    name: String,
}

/// Every kiosk.
#[derive(Serialize, ToSchema)]
pub struct Fleet {
    /// Those that were ever enrolled, by place and name.
    kiosks: Vec<KioskLine>,
    /// Where kiosks may stand: the township's hall first, then every village.
    places: Vec<Stand>,
}

/// Every kiosk that was ever enrolled, and how it is.
#[utoipa::path(
    get, path = "/api/office/kiosks",
    responses((status = 200, description = "the fleet", body = Fleet))
)]
pub async fn kiosks(State(app): State<Arc<App>>, _caller: Caller) -> Answer<Fleet> {
    let (book, now) = (app.rulebook.now(), clock::unix_now());
    let (kiosks, places) =
        app.db.read(|c| Ok((library::of_all(c, &book.rules, now)?, library::places(c)?)))?;
    let stand = |(code, name)| Stand { code, name };
    Ok(Json(Fleet {
        kiosks: kiosks.into_iter().map(KioskLine::of).collect(),
        places: places.into_iter().map(stand).collect(),
    }))
}

/// How a kiosk was on one day.
#[derive(Serialize, ToSchema)]
pub struct KioskDay {
    /// `YYYY-MM-DD`, by our clock.
    day: String,
    /// Reports that came.
    reports: u64,
    /// Seconds that its clock was ahead of ours; the largest of the day.
    skew: i64,
    /// Bytes free at last.
    free: u64,
    /// Bytes there were.
    total: u64,
    /// Bulletins that it showed.
    shown: u64,
}

impl KioskDay {
    fn of(day: Day) -> Self {
        let Day { day, reports, skew, free, total, shown } = day;
        Self { day: day.to_string(), reports, skew, free, total, shown }
    }
}

/// A kiosk with its last days.
#[derive(Serialize, ToSchema)]
pub struct WholeKiosk {
    /// What it is, and how it is.
    kiosk: KioskLine,
    /// The days of the last 60 on which it was heard from, oldest first.
    days: Vec<KioskDay>,
}

/// One kiosk.
#[utoipa::path(
    get, path = "/api/office/kiosks/{id}", params(("id" = Sha256, Path)),
    responses((status = 200, description = "with its last days", body = WholeKiosk))
)]
pub async fn kiosk(
    State(app): State<Arc<App>>,
    _caller: Caller,
    At(id): At<Sha256>,
) -> Answer<WholeKiosk> {
    let (book, now, id) = (app.rulebook.now(), clock::unix_now(), id.0.to_string());
    let (kiosk, days) = app.db.read(|c| {
        let kiosk = library::one(c, &id)?;
        let concerns = library::concerns(c, &book.rules, &id, now)?;
        Ok(((kiosk, concerns), library::days(c, &id, library::lately(now))?))
    })?;
    let days = days.into_iter().map(KioskDay::of).collect();
    Ok(Json(WholeKiosk { kiosk: KioskLine::of(kiosk), days }))
}

/// The code on a screen.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"code": "7KQM-2XTA"}))]
pub struct ShownCode {
    /// As it was read there: case, spaces and dashes do not count.
    code: Name,
}

/// The kiosk that shows a code.
#[derive(Serialize, ToSchema)]
pub struct AskingKiosk {
    /// SHA-256 (hex) of its key's text.
    id: String,
    /// The version of its program.
    app: String,
    /// The digits that its screen has to show beside the code.
    digits: String,
}

/// Finds the kiosk that shows a code. Wrong codes are counted: after ten, their person waits for 15 minutes.
#[utoipa::path(
    post, path = "/api/office/kiosks/code", request_body = ShownCode,
    responses((status = 200, description = "it waits to be enrolled", body = AskingKiosk))
)]
pub async fn find_kiosk(
    State(app): State<Arc<App>>,
    caller: Caller,
    Given(given): Given<ShownCode>,
) -> Answer<AskingKiosk> {
    let by = caller.who.acting(Deed::Manage)?;
    let look = move || library::look_up(&app.db, &given.code.0, &by, clock::unix_now());
    let found = blocking(look).await?;
    let digits = check_digits(&found.vkey);
    Ok(Json(AskingKiosk { id: found.id, app: found.app, digits }))
}

/// A kiosk that is to be enrolled.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EnrolledKiosk {
    /// As `POST /api/office/kiosks/code` named it.
    id: Sha256,
    /// The check digits as they were read on its screen.
    digits: Name,
    /// What it will be called.
    name: Name,
    /// Where it stands: a village, or the township.
    village: VillageCode,
}

/// Enrols a kiosk that waits: its reports count from now on.
#[utoipa::path(
    post, path = "/api/office/kiosks", request_body = EnrolledKiosk,
    responses((status = 204, description = "enrolled"))
)]
pub async fn enrol_kiosk(
    State(app): State<Arc<App>>,
    caller: Caller,
    Given(given): Given<EnrolledKiosk>,
) -> Result<StatusCode> {
    let by = caller.who.acting(Deed::Manage)?;
    let EnrolledKiosk { id, digits, name, village } = given;
    let new = NewKiosk { id: id.0.to_string(), name: name.0, village: village.0.to_string() };
    let work = move || {
        let now = clock::unix_now();
        let asking = app.db.read(|c| library::asking(c, &new.id, now))?;
        if digits.0 != check_digits(&asking.vkey) {
            let message = "核对码和屏上的不一样：请看着屏再核对一次，一样才登记";
            return Err(Error::refused("not-compared", message));
        }
        library::enrol(&app.db, &new, &by, now)
    };
    blocking(work).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What a kiosk is called, and where it stands.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "村委会门口", "village": "341181107201"}))]
pub struct KioskPlace {
    /// What it will be called.
    name: Name,
    /// Where it stands: a village, or the township.
    village: VillageCode,
}

/// Gives a kiosk another name or place.
#[utoipa::path(
    post, path = "/api/office/kiosks/{id}/change", params(("id" = Sha256, Path)),
    request_body = KioskPlace,
    responses((status = 204, description = "done"))
)]
pub async fn change_kiosk(
    State(app): State<Arc<App>>,
    caller: Caller,
    At(id): At<Sha256>,
    Given(given): Given<KioskPlace>,
) -> Result<StatusCode> {
    let by = caller.who.acting(Deed::Manage)?;
    let (id, village) = (id.0.to_string(), given.village.0.to_string());
    blocking(move || library::change(&app.db, &id, &given.name.0, &village, &by)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes a kiosk out of use: its key never counts again.
#[utoipa::path(
    post, path = "/api/office/kiosks/{id}/revoke", params(("id" = Sha256, Path)),
    responses((status = 204, description = "its reports are refused from now on"))
)]
pub async fn revoke_kiosk(
    State(app): State<Arc<App>>,
    caller: Caller,
    At(id): At<Sha256>,
) -> Result<StatusCode> {
    let by = caller.who.acting(Deed::Manage)?;
    blocking(move || library::revoke(&app.db, &id.0.to_string(), &by)).await?;
    Ok(StatusCode::NO_CONTENT)
}
