//! The directory (villages, columns), the rules, and the calendar of working days.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use ledger::content::{Column as NewColumn, VillageName};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::caller::{At, Caller, Given};
use super::wire::{ColumnKindWord, Few, Name, VillageCode, Year};
use super::{Answer, blocking};
use crate::app::App;
use crate::directory;
use crate::error::Result;
use crate::people::Deed;
use crate::rules::Rules;
use crate::view;

/// A village of the directory.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"code": "341181107201", "name": "新街村"}))]
pub struct Place {
    /// 12-digit code.
    code: VillageCode,
    /// Its name.
    name: Name,
}

/// The villages.
#[utoipa::path(
    get, path = "/api/office/villages",
    responses((status = 200, description = "in the directory's order", body = Vec<Place>))
)]
pub async fn villages(State(app): State<Arc<App>>, _caller: Caller) -> Answer<Vec<Place>> {
    let directory = app.db.read(directory::current)?;
    let place = |village: VillageName| Place {
        code: VillageCode(village.code),
        name: super::wire::LineOf(village.name),
    };
    Ok(Json(directory.villages.into_iter().map(place).collect()))
}

/// Villages that are to be added, or renamed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPlaces {
    /// All or none.
    #[schema(value_type = Vec<Place>, min_items = 1, max_items = 200)]
    villages: Few<Place, 1, 200>,
}

/// Adds villages to the directory, or renames them: one statement in the log for all.
#[utoipa::path(
    post, path = "/api/office/villages", request_body = NewPlaces,
    responses((status = 204, description = "the directory says so now"))
)]
pub async fn add_villages(
    State(app): State<Arc<App>>,
    caller: Caller,
    Given(given): Given<NewPlaces>,
) -> Result<StatusCode> {
    let by = caller.who.acting(Deed::Manage)?;
    let name = |place: Place| VillageName { code: place.code.0, name: place.name.0 };
    let villages: Vec<VillageName> = given.villages.0.into_iter().map(name).collect();
    blocking(move || directory::add_villages(&app, &villages, &by)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A column of bulletins.
#[derive(Serialize, ToSchema)]
pub struct ColumnLine {
    /// Names it in addresses.
    id: String,
    /// In Chinese.
    name: String,
    /// In English.
    name_en: String,
    /// What stands in it.
    kind: ColumnKindWord,
}

/// The columns of bulletins.
#[utoipa::path(
    get, path = "/api/office/columns",
    responses((status = 200, description = "in the directory's order", body = Vec<ColumnLine>))
)]
pub async fn columns(State(app): State<Arc<App>>, _caller: Caller) -> Answer<Vec<ColumnLine>> {
    let columns = app.db.read(view::columns)?;
    let line = |one: view::Column| ColumnLine {
        id: one.id,
        name: one.name,
        name_en: one.name_en,
        kind: ColumnKindWord(one.kind),
    };
    Ok(Json(columns.into_iter().map(line).collect()))
}

/// A column that is to be added, or renamed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"id": "tongzhi", "name": "通知公告", "name_en": "Notices",
    "kind": "notice"}))]
pub struct ColumnGiven {
    /// Names it in addresses: small letters, digits and hyphens.
    id: Name,
    /// In Chinese.
    name: Name,
    /// In English.
    name_en: Name,
    /// What stands in it.
    kind: ColumnKindWord,
}

/// Adds a column, or renames it: a statement in the log.
#[utoipa::path(
    post, path = "/api/office/columns", request_body = ColumnGiven,
    responses((status = 204, description = "the directory says so now"))
)]
pub async fn add_column(
    State(app): State<Arc<App>>,
    caller: Caller,
    Given(given): Given<ColumnGiven>,
) -> Result<StatusCode> {
    let by = caller.who.acting(Deed::Manage)?;
    let ColumnGiven { id, name, name_en, kind } = given;
    let column = NewColumn { id: id.0, name: name.0, name_en: name_en.0, kind: kind.0 };
    blocking(move || directory::add_column(&app, &column, &by)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The rules that the office goes by.
#[utoipa::path(
    get, path = "/api/office/rules",
    responses((status = 200, description = "as their file (TOML) has them", body = Object))
)]
pub async fn rules(State(app): State<Arc<App>>, _caller: Caller) -> Answer<Value> {
    blocking(move || Rules::as_json(&app.data)).await.map(Json)
}

/// A day that is not as its weekday says.
#[derive(Serialize, ToSchema)]
pub struct SpecialDay {
    /// `YYYY-MM-DD`.
    date: String,
    /// Such as 国庆节.
    name: String,
    /// Whether it is a day off; if not, it is worked.
    off: bool,
}

/// A year's calendar.
#[derive(Serialize, ToSchema)]
pub struct Calendar {
    /// Whether the year was announced; if not, its weekends are off and nothing else.
    announced: bool,
    /// The days that are not as their weekday says.
    days: Vec<SpecialDay>,
}

/// A year's days off, and days that are worked instead.
#[utoipa::path(
    get, path = "/api/office/calendar/{year}", params(("year" = Year, Path)),
    responses((status = 200, description = "in order", body = Calendar))
)]
pub async fn calendar(
    State(app): State<Arc<App>>,
    _caller: Caller,
    At(year): At<Year>,
) -> Answer<Calendar> {
    let book = app.rulebook.now();
    let year = i16::try_from(year.0).unwrap_or(i16::MAX);
    let days = book.workdays.special_days(year).map(|(date, name, off)| SpecialDay {
        date: date.to_string(),
        name: name.to_owned(),
        off,
    });
    Ok(Json(Calendar { announced: book.workdays.knows(year), days: days.collect() }))
}
