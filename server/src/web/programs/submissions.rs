//! Submissions: what waits, one of them, and what is decided.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use ledger::statement::Reason as WithdrawalReason;
use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::caller::{Asked, At, Caller, Given};
use super::months::MonthLine;
use super::wire::{ErrorSource, Few, Index, LongReason, Month, Sha256, VillageCode};
use super::{Answer, blocking};
use crate::app::App;
use crate::audit;
use crate::bulletin::pair;
use crate::clock;
use crate::codes;
use crate::error::{Error, Result};
use crate::month;
use crate::people::{Deed, Who};
use crate::publish::{BATCH_MAX, Published};
use crate::review::{self, Filter, Flag, Opinion, Stage, Submission};
use crate::rules::Rules;
use crate::web::office::check::{self, Check, Verdict};
use crate::web::read;
use crate::web::stream::Large;
use crate::web::words::{Lang, Words};
use crate::worklist;

/// Where a submission stands on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum StageWord {
    /// Images are still missing.
    Incomplete,
    /// Supervisors have still to sign.
    Countersign,
    /// A supervisor objects.
    Objected,
    /// The reviewer has to look.
    Review,
    /// The leader has to approve.
    Approval,
    /// The leader approved; it has to be published.
    Approved,
    /// Sent back with a reason.
    Returned,
    /// In the log.
    Published,
}

impl StageWord {
    fn of(stage: Stage) -> Self {
        match stage {
            Stage::Incomplete => Self::Incomplete,
            Stage::Countersign(_) => Self::Countersign,
            Stage::Objected => Self::Objected,
            Stage::Review => Self::Review,
            Stage::Approval => Self::Approval,
            Stage::Approved => Self::Approved,
            Stage::Returned => Self::Returned,
            Stage::Published => Self::Published,
        }
    }
}

/// What waits of one village's month (or of its bulletins and corrections) at one stage.
#[derive(Serialize, ToSchema)]
pub struct Batch {
    /// 12-digit code.
    village: String,
    /// `YYYY-MM`; none for bulletins and corrections.
    period: Option<String>,
    /// Where these submissions stand.
    stage: StageWord,
    /// How many.
    count: usize,
    /// How many of them have something to look at.
    flagged: usize,
    /// When the first of them came, RFC 3339.
    oldest: String,
}

impl Batch {
    fn of(batch: worklist::Batch) -> Self {
        let worklist::Batch { village, period, stage, count, flagged, oldest } = batch;
        Self { village, period, stage: StageWord::of(stage), count, flagged, oldest }
    }
}

/// What waits, and for whom.
#[derive(Serialize, ToSchema)]
pub struct Work {
    /// The token's person can go on with it now.
    mine: Vec<Batch>,
    /// Somebody else has to.
    others: Vec<Batch>,
    /// Whether there is more than was looked at.
    more: bool,
    /// Village months that are late, the longest overdue first.
    late: Vec<MonthLine>,
    /// Submissions that were sent back.
    returned: u64,
}

/// The work list of the token's person.
#[utoipa::path(
    get, path = "/api/office/work",
    responses((status = 200, description = "what waits", body = Work))
)]
pub async fn work(State(app): State<Arc<App>>, caller: Caller) -> Answer<Work> {
    let book = app.rulebook.now();
    let (list, mut late, returned) = app.db.read(|c| {
        Ok((
            worklist::of(c, &book.rules, &caller.who)?,
            month::late(c, &book, clock::today())?,
            review::count_returned(c, &caller.who)?,
        ))
    })?;
    late.retain(|month| caller.who.sees(&month.village));
    let batches = |list: Vec<worklist::Batch>| list.into_iter().map(Batch::of).collect();
    Ok(Json(Work {
        mine: batches(list.mine),
        others: batches(list.others),
        more: list.more,
        late: late.into_iter().map(MonthLine::of).collect(),
        returned,
    }))
}

/// Which submissions; what is left out leaves it open.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Where they stand.
    stage: Option<StageWord>,
    /// Of which village.
    village: Option<VillageCode>,
    /// Of which month.
    period: Option<Month>,
    /// Only those that came before this one: the `next` of the page before.
    before: Option<Sha256>,
}

/// A submission as lists hold it.
#[derive(Serialize, ToSchema)]
pub struct SubmissionLine {
    /// Names it: SHA-256 (hex) of the signed text.
    id: String,
    /// `receipt`, `nothing`, `bulletin` or `correction`.
    kind: String,
    /// 12-digit code.
    village: String,
    /// `YYYY-MM`, where the kind has one.
    period: Option<String>,
    /// Where it stands.
    stage: StageWord,
    /// When it came, RFC 3339.
    received: String,
    /// When its state last changed, RFC 3339.
    changed: String,
    /// Its index in the log.
    index: Option<u64>,
    /// What a reviewer should look at.
    flags: Vec<FlagLine>,
}

impl SubmissionLine {
    /// One as this person may know it.
    pub fn of(found: Submission, rules: &Rules, who: &Who) -> Self {
        let stage = review::stage(&found, review::needs(&found, rules));
        Self {
            id: found.id,
            kind: found.kind,
            village: found.village,
            period: found.period,
            stage: StageWord::of(stage),
            received: found.received,
            changed: found.changed,
            index: found.index,
            flags: FlagLine::all(found.flags, who),
        }
    }
}

/// Something that a reviewer should look at.
#[derive(Serialize, ToSchema)]
pub struct FlagLine {
    /// `invoice-used`: an earlier submission has this invoice number. `image-used`: an earlier one has this picture.
    /// `alike`: an earlier one has this payee, amount and date, and neither.
    code: &'static str,
    /// The earlier submission; none: it is another village's.
    other: Option<String>,
}

impl FlagLine {
    fn all(flags: Vec<Flag>, who: &Who) -> Vec<Self> {
        let line = |flag: Flag| {
            let other = who.sees(&flag.village).then_some(flag.other);
            Self { code: flag.code, other }
        };
        flags.into_iter().map(line).collect()
    }
}

/// A page of submissions.
#[derive(Serialize, ToSchema)]
pub struct SubmissionPage {
    /// Newest first. A page may be short, or empty, although there is a next one.
    submissions: Vec<SubmissionLine>,
    /// Where the next page begins, to be given as `before`; none on the last page.
    next: Option<String>,
}

/// Submissions, newest first; a village's people get their own village's.
#[utoipa::path(
    get, path = "/api/office/submissions", params(Which),
    responses((status = 200, description = "one page", body = SubmissionPage))
)]
pub async fn submissions(
    State(app): State<Arc<App>>,
    caller: Caller,
    Asked(asked): Asked<Which>,
) -> Answer<SubmissionPage> {
    let word = |stage: StageWord| super::word(&stage);
    let filter = Filter {
        stage: asked.stage.map(word),
        village: asked.village.map(|village| village.0.to_string()),
        period: asked.period.map(|period| period.0.to_string()),
        before: asked.before.map(|id| id.0.to_string()),
    };
    let book = app.rulebook.now();
    let page = app.db.read(|c| review::page(c, &book.rules, &caller.who, &filter))?;
    let line = |(found, _)| SubmissionLine::of(found, &book.rules, &caller.who);
    let submissions = page.found.into_iter().map(line).collect();
    Ok(Json(SubmissionPage { submissions, next: page.last }))
}

/// Something that was done to a submission.
#[derive(Serialize, ToSchema)]
pub struct Step {
    /// RFC 3339.
    time: String,
    /// Who did it.
    name: String,
    /// In whose place.
    for_name: Option<String>,
    /// `publish`, `return`, `pass`, …
    act: String,
}

/// What a finding means.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum VerdictWord {
    /// As it should be.
    Good,
    /// Nothing against it, and worth knowing.
    Note,
    /// To be looked at.
    Bad,
}

/// Something that the machine found.
#[derive(Serialize, ToSchema)]
pub struct CheckLine {
    /// What it means.
    verdict: VerdictWord,
    /// What it is, in Chinese.
    text: String,
}

impl CheckLine {
    fn of(check: Check) -> Self {
        let verdict = match check.verdict {
            Verdict::Good => VerdictWord::Good,
            Verdict::Note => VerdictWord::Note,
            Verdict::Bad => VerdictWord::Bad,
        };
        Self { verdict, text: check.text }
    }
}

/// A submission, whole.
#[derive(Serialize, ToSchema)]
pub struct WholeSubmission {
    /// Names it: SHA-256 (hex) of the signed text.
    id: String,
    /// `receipt`, `nothing`, `bulletin` or `correction`.
    kind: String,
    /// 12-digit code.
    village: String,
    /// `YYYY-MM`, where the kind has one.
    period: Option<String>,
    /// Where it stands.
    stage: StageWord,
    /// Supervisors who have to sign it in all.
    needs_supervisors: usize,
    /// Whether the leader has to approve it.
    needs_leader: bool,
    /// Whether the token's person can go on with it now.
    waits_for_me: bool,
    /// Name of the key that signed.
    signer: String,
    /// Login of the editor who wrote it (bulletins).
    author: Option<String>,
    /// The signed note.
    note: String,
    /// The content object, as it was hashed; none for `nothing`, and once withdrawn.
    #[schema(value_type = Option<Object>)]
    content: Option<Value>,
    /// The log index that a correction means.
    of: Option<u64>,
    /// Why it was returned.
    reason: Option<String>,
    /// Where the error came from: `format`, `original`, `attribute`.
    source: Option<String>,
    /// Its index in the log.
    index: Option<u64>,
    /// When it came, RFC 3339.
    received: String,
    /// When its state last changed, RFC 3339.
    changed: String,
    /// Hashes of images that have not arrived.
    missing: Vec<String>,
    /// What a reviewer should look at.
    flags: Vec<FlagLine>,
    /// What the machine found, as the review page says it.
    checks: Vec<CheckLine>,
    /// Submissions that wait and should be published together with it: a policy, or what explains it.
    together: Vec<String>,
    /// What supervisors, reviewer and leader said of it.
    opinions: Vec<Opinion>,
    /// What was done to it, oldest first.
    history: Vec<Step>,
}

/// One submission.
#[utoipa::path(
    get, path = "/api/office/submissions/{id}", params(("id" = Sha256, Path)),
    responses((status = 200, description = "all of it", body = WholeSubmission))
)]
pub async fn submission(
    State(app): State<Arc<App>>,
    caller: Caller,
    At(id): At<Sha256>,
) -> Answer<WholeSubmission> {
    let book = app.rulebook.now();
    app.db.read(|c| whole(&app, c, &book.rules, &caller.who, &id)).map(Json)
}

/// One that this person may see.
fn seen(c: &Connection, who: &Who, id: &Sha256) -> Result<Submission> {
    let unknown = || Error::refused("not-found", "没有这份提交");
    let found = review::one(c, &id.0.to_string())?.ok_or_else(unknown)?;
    who.must_see(&found.village)?;
    Ok(found)
}

fn whole(
    app: &App,
    c: &Connection,
    rules: &Rules,
    who: &Who,
    id: &Sha256,
) -> Result<WholeSubmission> {
    let found = seen(c, who, id)?;
    let needs = review::needs(&found, rules);
    let stage = review::stage(&found, needs);
    let step = |line: audit::Line| Step {
        time: line.time,
        name: line.name,
        for_name: line.for_name,
        act: line.act,
    };
    let history = audit::of(c, &found.id)?.into_iter().map(step).collect();
    let codes = codes::of(c, &found.id)?;
    let checks = check::checks(app, Words::new(Lang::Zh), &found, &codes, rules, who);
    let checks = checks.into_iter().map(CheckLine::of).collect();
    let together = pair::partners(c, &found)?.into_iter().map(|(id, _)| id).collect();
    Ok(WholeSubmission {
        stage: StageWord::of(stage),
        needs_supervisors: needs.supervisors,
        needs_leader: needs.leader,
        waits_for_me: worklist::waits_for(who, &found, stage),
        content: found.body.as_deref().and_then(|body| serde_json::from_str(body).ok()),
        history,
        id: found.id,
        kind: found.kind,
        village: found.village,
        period: found.period,
        signer: found.signer,
        author: found.author,
        note: found.note,
        of: found.of,
        reason: found.reason,
        source: found.source,
        index: found.index,
        received: found.received,
        changed: found.changed,
        missing: found.missing,
        flags: FlagLine::all(found.flags, who),
        checks,
        together,
        opinions: found.opinions,
    })
}

/// A picture or video of a submission that the token's person may see; of any bulletin for those who write them.
#[utoipa::path(
    get, path = "/api/office/blobs/{sha256}", params(("sha256" = Sha256, Path)),
    responses((status = 200, description = "the file", content(
        (Vec<u8> = "image/jpeg"), (Vec<u8> = "video/mp4")
    )))
)]
pub async fn office_blob(
    State(app): State<Arc<App>>,
    caller: Caller,
    At(hash): At<Sha256>,
    asked: HeaderMap,
) -> Result<Response> {
    let absent = || Error::refused("not-found", "没有这张图片");
    let Caller { who, scopes } = caller;
    let writes = scopes.contains(&Deed::Write) && who.may(Deed::Write);
    let hash = hash.0;
    if !(writes || app.db.read(|c| review::may_see_image(c, &hash, &who))?) {
        return Err(absent());
    }
    let file = app.data.find_blob(&hash).ok_or_else(absent)?;
    let file = blocking(move || Large::open(&file)).await?.ok_or_else(absent)?;
    Ok(read::large(file, &hash, "private, max-age=600", &asked))
}

/// Which submissions, all or none.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Publishing {
    /// Their ids.
    #[schema(value_type = Vec<Sha256>, min_items = 1, max_items = 2000)]
    ids: Few<Sha256, 1, BATCH_MAX>,
}

/// Something that stands in the log now.
#[derive(Serialize, ToSchema)]
pub struct Entry {
    /// Log index.
    index: u64,
    /// Proof that it stands there (C2SP tlog-proof).
    proof: String,
}

impl From<Published> for Entry {
    fn from(published: Published) -> Self {
        Self { index: published.index, proof: published.proof }
    }
}

/// Publishes submissions, all or none, in the order they came.
#[utoipa::path(
    post, path = "/api/office/publish", request_body = Publishing,
    responses((status = 200, description = "published, with what the office states beside", body = Vec<Entry>))
)]
pub async fn publish(
    State(app): State<Arc<App>>,
    caller: Caller,
    Given(given): Given<Publishing>,
) -> Answer<Vec<Entry>> {
    let ids: Vec<String> = given.ids.0.iter().map(|id| id.0.to_string()).collect();
    let published = review::publish(&app, &ids, &caller.who).await?;
    Ok(Json(published.into_iter().map(Entry::from).collect()))
}

/// Where a submission stands now.
#[derive(Serialize, ToSchema)]
pub struct Stands {
    /// Which.
    id: String,
    /// Where.
    stage: StageWord,
}

fn stands(app: &App, id: String) -> Answer<Stands> {
    let book = app.rulebook.now();
    let found = app.db.read(|c| review::one(c, &id))?;
    let found = found.ok_or_else(|| Error::refused("not-found", "没有这份提交"))?;
    let stage = review::stage(&found, review::needs(&found, &book.rules));
    Ok(Json(Stands { id, stage: StageWord::of(stage) }))
}

/// Why a submission is sent back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "发票金额与填写不符", "source": "format"}))]
pub struct Returning {
    /// For whoever sent it.
    reason: LongReason,
    /// Where the error came from.
    source: ErrorSource,
}

/// Sends a submission back with a reason.
#[utoipa::path(
    post, path = "/api/office/submissions/{id}/return", params(("id" = Sha256, Path)),
    request_body = Returning,
    responses((status = 200, description = "sent back", body = Stands))
)]
pub async fn return_to(
    State(app): State<Arc<App>>,
    caller: Caller,
    At(id): At<Sha256>,
    Given(given): Given<Returning>,
) -> Answer<Stands> {
    let id = id.0.to_string();
    review::return_to(&app, &id, &given.reason.0, given.source.0, &caller.who).await?;
    stands(&app, id)
}

/// Passes a submission that the leader has to approve on to the leader.
#[utoipa::path(
    post, path = "/api/office/submissions/{id}/pass", params(("id" = Sha256, Path)),
    responses((status = 200, description = "passed on", body = Stands))
)]
pub async fn pass(
    State(app): State<Arc<App>>,
    caller: Caller,
    At(id): At<Sha256>,
) -> Answer<Stands> {
    let id = id.0.to_string();
    review::pass(&app, &id, &caller.who).await?;
    stands(&app, id)
}

/// Approves a submission in the leader's name.
#[utoipa::path(
    post, path = "/api/office/submissions/{id}/approve", params(("id" = Sha256, Path)),
    responses((status = 200, description = "approved", body = Stands))
)]
pub async fn approve(
    State(app): State<Arc<App>>,
    caller: Caller,
    At(id): At<Sha256>,
) -> Answer<Stands> {
    let id = id.0.to_string();
    review::approve(&app, &id, &caller.who).await?;
    stands(&app, id)
}

/// Why a supervisor does not sign.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Objecting {
    /// For the reviewer.
    reason: LongReason,
}

/// Objects to a submission of one's own village. To sign is `POST /api/submissions/{id}/signatures`: there the signature
/// itself is the permission.
#[utoipa::path(
    post, path = "/api/office/submissions/{id}/object", params(("id" = Sha256, Path)),
    request_body = Objecting,
    responses((status = 200, description = "kept", body = Stands))
)]
pub async fn object(
    State(app): State<Arc<App>>,
    caller: Caller,
    At(id): At<Sha256>,
    Given(given): Given<Objecting>,
) -> Answer<Stands> {
    let id = id.0.to_string();
    review::object(&app, &id, &given.reason.0, &caller.who).await?;
    stands(&app, id)
}

/// Why a published record is withdrawn.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum WithdrawalWord {
    /// It says something about a person that nobody else should read.
    Personal,
    /// It is wrong.
    Mistaken,
    /// It stands twice.
    Duplicate,
    /// Somebody who may has ordered it.
    Ordered,
}

/// Why, and where the error came from.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Withdrawing {
    /// Why.
    reason: WithdrawalWord,
    /// Where the error came from.
    source: ErrorSource,
}

/// Withdraws the content of a published record, and of its corrections.
#[utoipa::path(
    post, path = "/api/office/records/{n}/withdraw", params(("n" = Index, Path)),
    request_body = Withdrawing,
    responses((status = 200, description = "withdrawn: the statement that says so", body = Entry))
)]
pub async fn withdraw(
    State(app): State<Arc<App>>,
    caller: Caller,
    At(n): At<Index>,
    Given(given): Given<Withdrawing>,
) -> Answer<Entry> {
    let reason = match given.reason {
        WithdrawalWord::Personal => WithdrawalReason::Personal,
        WithdrawalWord::Mistaken => WithdrawalReason::Mistaken,
        WithdrawalWord::Duplicate => WithdrawalReason::Duplicate,
        WithdrawalWord::Ordered => WithdrawalReason::Ordered,
    };
    let done = review::withdraw(&app, n.index(), reason, given.source.0, &caller.who).await?;
    Ok(Json(done.into()))
}
