//! Bulletins that are being written, sent for review, corrected; and emergencies.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Answer;
use super::caller::{At, Caller, Given};
use super::wire::{
    DraftId, ErrorSource, Explains, Few, GroundWord, Hours, ImportanceWord, Index, LineOf, Long,
    Name, Prose, Short, VillageCode, Weekday,
};
use crate::app::App;
use crate::bulletin::drafts::{self as library, Draft, Saved, Standing, Version};
use crate::bulletin::{self, EMERGENCY_HOURS, Sent, Written};
use crate::error::Result;
use crate::markdown;
use crate::people::Deed;

/// Where a draft's pictures and videos are.
const FILES: &str = "/api/office/blobs/";

/// How far something is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OpennessWord {
    /// To everyone.
    Open,
    /// In part.
    Partial,
    /// To whoever applies for it.
    OnRequest,
    /// To nobody.
    Withheld,
}

/// The fields of a bulletin. Drafts may hold what is not right yet; it has to be right when it is sent.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"column": "tongzhi", "title": "停水通知", "body": "明天八点到十二点停水。",
    "openness": "open"}))]
pub struct DraftFields {
    /// The village it is about; none: the township.
    village: Option<VillageCode>,
    /// Id of a column of the directory.
    column: Name,
    /// One line.
    title: Short,
    /// Markdown.
    body: Prose,
    /// The unit that drafted it.
    #[serde(default)]
    unit: Option<Name>,
    /// The address it was taken from; none: the office's own.
    #[serde(default)]
    source: Option<Long>,
    /// Normal where it is left out.
    importance: Option<ImportanceWord>,
    /// The first day it is shown (`YYYY-MM-DD`), or the time (RFC 3339).
    from: Option<Name>,
    /// The last day it is shown, or the time.
    until: Option<Name>,
    /// Days of the week; none: every day.
    #[schema(value_type = Option<Vec<Weekday>>, max_items = 7)]
    weekdays: Option<Few<Weekday, 0, 7>>,
    /// The policy that it explains.
    explains: Option<Explains>,
    /// Why a policy needs no explanation.
    no_explanation: Option<Long>,
    /// How far it is open; has to be said before it is sent.
    openness: Option<OpennessWord>,
    /// The law's ground for what is not open.
    ground: Option<GroundWord>,
}

fn line<const MIN: usize, const MAX: usize>(field: Option<LineOf<MIN, MAX>>) -> String {
    field.map(|line| line.0).unwrap_or_default()
}

impl DraftFields {
    fn written(self) -> Written {
        let weekdays = self.weekdays.map(|days| days.0).unwrap_or_default();
        Written {
            village: self.village.map(|village| village.0.to_string()).unwrap_or_default(),
            column: self.column.0,
            title: self.title.0,
            body: self.body.0,
            unit: line(self.unit),
            source: line(self.source),
            importance: self.importance.map(|word| word.0).unwrap_or_default(),
            from: line(self.from),
            until: line(self.until),
            weekdays: weekdays.iter().filter_map(|day| u8::try_from(day.0).ok()).collect(),
            explains: self.explains.map(|explains| explains.0.0).unwrap_or_default(),
            no_explanation: line(self.no_explanation),
            openness: self.openness.map(|word| super::word(&word)).unwrap_or_default(),
            ground: self.ground.map(|word| super::word(&word)).unwrap_or_default(),
            ..Written::default()
        }
    }
}

/// The fields of a bulletin as they were typed: empty where nothing was.
#[derive(Serialize, ToSchema)]
pub struct TypedFields {
    /// 12-digit code of the village it is about; empty: the township.
    village: String,
    /// Id of a column.
    column: String,
    /// One line.
    title: String,
    /// Markdown.
    body: String,
    /// The unit that drafted it.
    unit: String,
    /// The address it was taken from.
    source: String,
    /// How important it is.
    importance: ImportanceWord,
    /// The first day it is shown, or the time.
    from: String,
    /// The last day it is shown, or the time.
    until: String,
    /// Days of the week, 1 to 7.
    weekdays: Vec<u8>,
    /// The policy that it explains: a hash, or `draft:` and the id of a draft.
    explains: String,
    /// Why a policy needs no explanation.
    no_explanation: String,
    /// `open`, `partial`, `on-request`, `withheld`, or nothing yet.
    openness: String,
    /// The law's ground for what is not open.
    ground: String,
    /// Hashes of its pictures: `GET /api/office/blobs/{sha256}`.
    images: Vec<String>,
    /// Hashes of its videos.
    videos: Vec<String>,
}

impl TypedFields {
    fn of(written: Written) -> Self {
        Self {
            village: written.village,
            column: written.column,
            title: written.title,
            body: written.body,
            unit: written.unit,
            source: written.source,
            importance: ImportanceWord(written.importance),
            from: written.from,
            until: written.until,
            weekdays: written.weekdays,
            explains: written.explains,
            no_explanation: written.no_explanation,
            openness: written.openness,
            ground: written.ground,
            images: written.images.iter().map(|image| image.sha256.to_string()).collect(),
            videos: written.videos.iter().map(|video| video.sha256.to_string()).collect(),
        }
    }
}

/// Where a draft stands.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum DraftWord {
    /// It is being written.
    Writing,
    /// It waits for review: nothing is written any more.
    Waiting,
    /// It was sent back; it is being written again.
    Returned,
    /// It stands in the log.
    Published,
    /// It was deleted, which can be undone.
    Deleted,
}

/// A draft.
#[derive(Serialize, ToSchema)]
pub struct DraftLine {
    /// Names it.
    id: String,
    /// The newest version's number: what a save is based on.
    version: i64,
    /// The log index of the bulletin that it corrects.
    of: Option<u64>,
    /// Where it stands.
    standing: DraftWord,
    /// Why it was sent back.
    reason: Option<String>,
    /// The submission it was last sent as.
    submission: Option<String>,
    /// Its log index.
    index: Option<u64>,
    /// When it was saved last, RFC 3339.
    changed: String,
    /// What is written.
    fields: TypedFields,
}

impl DraftLine {
    fn of(draft: Draft) -> Self {
        let (standing, reason, index) = match draft.standing {
            Standing::Writing => (DraftWord::Writing, None, None),
            Standing::Waiting(_) => (DraftWord::Waiting, None, None),
            Standing::Returned(reason) => (DraftWord::Returned, Some(reason), None),
            Standing::Published(n) => (DraftWord::Published, None, Some(n)),
            Standing::Deleted => (DraftWord::Deleted, None, None),
        };
        Self {
            id: draft.id,
            version: draft.version,
            of: draft.of.map(|(of, _)| of),
            standing,
            reason,
            submission: draft.submission,
            index,
            changed: draft.changed,
            fields: TypedFields::of(draft.written),
        }
    }
}

/// One's own drafts that are not deleted nor published.
#[utoipa::path(
    get, path = "/api/office/drafts",
    responses((status = 200, description = "newest first", body = Vec<DraftLine>))
)]
pub async fn drafts(State(app): State<Arc<App>>, caller: Caller) -> Answer<Vec<DraftLine>> {
    let by = caller.who.acting(Deed::Write)?;
    let found = app.db.read(|c| library::list(c, &by))?;
    Ok(Json(found.into_iter().map(DraftLine::of).collect()))
}

/// What was made.
#[derive(Serialize, ToSchema)]
pub struct MadeDraft {
    /// Names it.
    id: String,
}

/// Begins a draft.
#[utoipa::path(
    post, path = "/api/office/drafts", request_body = DraftFields,
    responses((status = 200, description = "begun, as version 1", body = MadeDraft))
)]
pub async fn create_draft(
    State(app): State<Arc<App>>,
    caller: Caller,
    Given(given): Given<DraftFields>,
) -> Answer<MadeDraft> {
    let written = given.written();
    let id =
        bulletin::change(&app, &caller.who, move |c, by| library::create(c, by, &written, None));
    Ok(Json(MadeDraft { id: id.await? }))
}

/// A version of a draft.
#[derive(Serialize, ToSchema)]
pub struct VersionLine {
    /// Names it.
    id: i64,
    /// Whether it was kept aside because a newer one stood.
    aside: bool,
    /// Who saved it.
    name: String,
    /// When, RFC 3339.
    saved: String,
    /// What is written.
    fields: TypedFields,
}

/// A draft with its versions.
#[derive(Serialize, ToSchema)]
pub struct WholeDraft {
    /// The newest version.
    draft: DraftLine,
    /// All of them, newest first.
    versions: Vec<VersionLine>,
}

/// One of one's own drafts.
#[utoipa::path(
    get, path = "/api/office/drafts/{id}", params(("id" = DraftId, Path)),
    responses((status = 200, description = "with its versions", body = WholeDraft))
)]
pub async fn draft(
    State(app): State<Arc<App>>,
    caller: Caller,
    At(id): At<DraftId>,
) -> Answer<WholeDraft> {
    let (by, id) = (caller.who.acting(Deed::Write)?, id.0.0);
    let (draft, versions) =
        app.db.read(|c| Ok((library::one(c, &by, &id)?, library::versions(c, &id)?)))?;
    let line = |version: Version| VersionLine {
        id: version.id,
        aside: version.aside,
        name: version.name,
        saved: version.saved,
        fields: TypedFields::of(version.written),
    };
    let versions = versions.into_iter().map(line).collect();
    Ok(Json(WholeDraft { draft: DraftLine::of(draft), versions }))
}

/// What is saved, and on top of what.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DraftSave {
    /// The version that was read before: a newer one is never written over.
    base: Index,
    /// What is written.
    fields: DraftFields,
}

/// What became of a save.
#[derive(Serialize, ToSchema)]
pub struct DraftSaved {
    /// Its number; none: a newer version stood, and this one was kept aside in the list of versions.
    version: Option<i64>,
}

/// Saves a draft. Its pictures and videos stay as they are.
#[utoipa::path(
    post, path = "/api/office/drafts/{id}/save", params(("id" = DraftId, Path)),
    request_body = DraftSave,
    responses((status = 200, description = "kept", body = DraftSaved))
)]
pub async fn save_draft(
    State(app): State<Arc<App>>,
    caller: Caller,
    At(id): At<DraftId>,
    Given(given): Given<DraftSave>,
) -> Answer<DraftSaved> {
    let (base, written) = (given.base.0, given.fields.written());
    let saved = bulletin::change(&app, &caller.who, move |c, by| {
        library::save(c, by, &id.0.0, base, &written)
    });
    let version = match saved.await? {
        Saved::As(version) => Some(version),
        Saved::Aside => None,
    };
    Ok(Json(DraftSaved { version }))
}

/// What a draft would look like.
#[derive(Serialize, ToSchema)]
pub struct DraftPreview {
    /// Its text as HTML; its pictures are `GET /api/office/blobs/{sha256}`.
    html: String,
    /// The first thing that is still wrong, in Chinese; none: it may be sent for review.
    wrong: Option<String>,
}

/// What a draft would look like with these fields, and whether it may be sent. Nothing is saved.
#[utoipa::path(
    post, path = "/api/office/drafts/{id}/preview", params(("id" = DraftId, Path)),
    request_body = DraftFields,
    responses((status = 200, description = "as it would be", body = DraftPreview))
)]
pub async fn preview_draft(
    State(app): State<Arc<App>>,
    caller: Caller,
    At(id): At<DraftId>,
    Given(given): Given<DraftFields>,
) -> Answer<DraftPreview> {
    let (by, book) = (caller.who.acting(Deed::Write)?, app.rulebook.now());
    let preview = app.db.read(|c| {
        let Written { images, videos, .. } = library::one(c, &by, &id.0.0)?.written;
        let written = Written { images, videos, ..given.written() };
        let html = markdown::render(&written.body, &written.images, FILES).html;
        Ok(DraftPreview { html, wrong: written.problem(c, &book.rules)? })
    });
    preview.map(Json)
}

/// Which version.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DraftRestore {
    /// As the list of versions names it.
    version: Index,
}

/// Makes an older version the newest; what stood before stays in the list.
#[utoipa::path(
    post, path = "/api/office/drafts/{id}/restore", params(("id" = DraftId, Path)),
    request_body = DraftRestore,
    responses((status = 200, description = "restored", body = DraftSaved))
)]
pub async fn restore_draft(
    State(app): State<Arc<App>>,
    caller: Caller,
    At(id): At<DraftId>,
    Given(given): Given<DraftRestore>,
) -> Answer<DraftSaved> {
    let restored = bulletin::change(&app, &caller.who, move |c, by| {
        library::restore(c, by, &id.0.0, given.version.0)
    });
    Ok(Json(DraftSaved { version: Some(restored.await?) }))
}

/// What became of a draft that was to be reviewed.
#[derive(Serialize, ToSchema)]
pub struct DraftSent {
    /// The submission that it is now; none: a newer version stood, this one was kept aside, and nothing was sent.
    submission: Option<String>,
}

/// Saves a draft and sends it for review.
#[utoipa::path(
    post, path = "/api/office/drafts/{id}/send", params(("id" = DraftId, Path)),
    request_body = DraftSave,
    responses((status = 200, description = "it waits for the reviewer", body = DraftSent))
)]
pub async fn send_draft(
    State(app): State<Arc<App>>,
    caller: Caller,
    At(id): At<DraftId>,
    Given(given): Given<DraftSave>,
) -> Answer<DraftSent> {
    let (base, mut written) = (given.base.0, given.fields.written());
    let by = caller.who.acting(Deed::Write)?;
    // What is checked before it is kept has its pictures.
    let kept = app.db.read(|c| library::one(c, &by, &id.0.0))?.written;
    (written.images, written.videos) = (kept.images, kept.videos);
    let submission = match bulletin::send(&app, &caller.who, &id.0.0, base, written).await? {
        Sent::As(submission) => Some(submission),
        Sent::Aside => None,
    };
    Ok(Json(DraftSent { submission }))
}

async fn set_deleted(app: &App, caller: Caller, id: DraftId, undo: bool) -> Result<StatusCode> {
    bulletin::change(app, &caller.who, move |c, by| library::delete(c, by, &id.0.0, undo)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Deletes a draft, which can be undone.
#[utoipa::path(
    post, path = "/api/office/drafts/{id}/delete", params(("id" = DraftId, Path)),
    responses((status = 204, description = "deleted"))
)]
pub async fn delete_draft(
    State(app): State<Arc<App>>,
    caller: Caller,
    At(id): At<DraftId>,
) -> Result<StatusCode> {
    set_deleted(&app, caller, id, false).await
}

/// Brings a deleted draft back.
#[utoipa::path(
    post, path = "/api/office/drafts/{id}/undelete", params(("id" = DraftId, Path)),
    responses((status = 204, description = "it is back"))
)]
pub async fn undelete_draft(
    State(app): State<Arc<App>>,
    caller: Caller,
    At(id): At<DraftId>,
) -> Result<StatusCode> {
    set_deleted(&app, caller, id, true).await
}

/// An emergency notice.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"column": "tongzhi", "title": "山洪预警", "body": "请沿河住户马上转移。"}))]
pub struct Emergency {
    /// The village it is about; none: the township.
    village: Option<VillageCode>,
    /// Id of a column of the directory.
    column: Name,
    /// One line.
    title: Short,
    /// Markdown.
    body: Prose,
    /// For how many hours it is shown; 24 where it is left out.
    hours: Option<Hours>,
}

/// What was sent for review.
#[derive(Serialize, ToSchema)]
pub struct EmergencySent {
    /// The submission that it is.
    submission: String,
}

/// Writes an emergency notice and sends it for review at once.
#[utoipa::path(
    post, path = "/api/office/emergency", request_body = Emergency,
    responses((status = 200, description = "it waits for the reviewer", body = EmergencySent))
)]
pub async fn emergency(
    State(app): State<Arc<App>>,
    caller: Caller,
    Given(given): Given<Emergency>,
) -> Answer<EmergencySent> {
    let written = Written {
        village: given.village.map(|village| village.0.to_string()).unwrap_or_default(),
        column: given.column.0,
        title: given.title.0,
        body: given.body.0,
        ..Written::default()
    };
    let hours = given.hours.map_or(EMERGENCY_HOURS, |hours| hours.0);
    let submission = bulletin::emergency(&app, &caller.who, written, hours).await?;
    Ok(Json(EmergencySent { submission }))
}

/// Where the error of a published bulletin came from.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Correcting {
    /// Where the error came from.
    source: ErrorSource,
}

/// Opens a published bulletin as a draft of its correction.
#[utoipa::path(
    post, path = "/api/office/records/{n}/correct", params(("n" = Index, Path)),
    request_body = Correcting,
    responses((status = 200, description = "the draft", body = MadeDraft))
)]
pub async fn correct(
    State(app): State<Arc<App>>,
    caller: Caller,
    At(n): At<Index>,
    Given(given): Given<Correcting>,
) -> Answer<MadeDraft> {
    let id = bulletin::correct(&app, &caller.who, n.index(), given.source.0).await?;
    Ok(Json(MadeDraft { id }))
}
