//! For programs that work for the office's people: everything that the office's pages do, as JSON. One table says every
//! path, what it does, and so who may. A token is the permission; a page's cookie counts for nothing here.

mod assess;
mod bulletins;
mod caller;
mod drafts;
mod files;
mod keys;
mod kiosks;
mod months;
mod people;
mod places;
mod questions;
mod record;
mod search;
mod submissions;
mod wire;

use std::sync::Arc;

use axum::http::{HeaderValue, header};
use axum::middleware::map_response;
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};
use ledger::statement::word;
use submissions::StageWord;
use utoipa::openapi::path::Operation;
use utoipa::openapi::response::{Response as Described, ResponseBuilder};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Components, ContentBuilder, HeaderBuilder, OpenApi, Ref, RefOr};

use crate::app::App;
use crate::error::{Error, Result};
use crate::people::Deed;
use crate::web::office::{Rule, rule};

/// Every request that needs a token. The router is made from this table, the guard asks it, and the description says it.
pub const TABLE: &[Rule] = &[
    rule("GET", "/api/office/me", Deed::Read, || get(people::me)),
    rule("GET", "/api/office/work", Deed::Read, || get(submissions::work)),
    rule("GET", "/api/office/submissions", Deed::Read, || get(submissions::submissions)),
    rule("GET", "/api/office/submissions/{id}", Deed::Read, || get(submissions::submission)),
    rule("GET", "/api/office/search", Deed::Read, || get(search::search)),
    rule("GET", "/api/office/blobs/{sha256}", Deed::Read, || get(submissions::office_blob)),
    rule("POST", "/api/office/publish", Deed::Review, || post(submissions::publish)),
    rule("POST", "/api/office/submissions/{id}/return", Deed::Review, || {
        post(submissions::return_to)
    }),
    rule("POST", "/api/office/submissions/{id}/pass", Deed::Review, || post(submissions::pass)),
    rule("POST", "/api/office/submissions/{id}/approve", Deed::Approve, || {
        post(submissions::approve)
    }),
    rule("POST", "/api/office/submissions/{id}/object", Deed::Countersign, || {
        post(submissions::object)
    }),
    rule("POST", "/api/office/records/{n}/withdraw", Deed::Review, || post(submissions::withdraw)),
    rule("GET", "/api/office/records/{n}/shown", Deed::Read, || get(record::shown)),
    rule("POST", "/api/office/records/{n}/correct", Deed::Write, || post(drafts::correct)),
    rule("GET", "/api/office/questions", Deed::Answer, || get(questions::questions)),
    rule("POST", "/api/office/questions/decide", Deed::Review, || {
        post(questions::decide_questions)
    }),
    rule("POST", "/api/office/questions/paper", Deed::Review, || post(questions::paper_question)),
    rule("GET", "/api/office/questions/{n}", Deed::Answer, || get(questions::question)),
    rule("POST", "/api/office/questions/{n}/answer", Deed::Answer, || {
        post(questions::answer_question)
    }),
    rule("GET", "/api/office/months", Deed::Read, || get(months::months)),
    rule("GET", "/api/office/months/{village}/{period}", Deed::Read, || get(months::month)),
    rule("POST", "/api/office/months/{village}/{period}/close", Deed::Review, || {
        post(months::close)
    }),
    rule("GET", "/api/office/people", Deed::Manage, || get(people::people)),
    rule("POST", "/api/office/people", Deed::Manage, || post(people::add_person)),
    rule("POST", "/api/office/people/revoke", Deed::Manage, || post(people::revoke_person)),
    rule("POST", "/api/office/people/deputy", Deed::Manage, || post(people::set_deputy)),
    rule("POST", "/api/office/people/away", Deed::Manage, || post(people::set_away)),
    rule("POST", "/api/office/people/password", Deed::Manage, || post(people::set_password)),
    rule("POST", "/api/office/people/sign-out", Deed::Manage, || post(people::sign_out)),
    rule("POST", "/api/office/people/code-rule", Deed::Manage, || post(people::set_code_rule)),
    rule("POST", "/api/office/people/code-reset", Deed::Manage, || post(people::reset_code)),
    rule("GET", "/api/office/key", Deed::Countersign, || get(keys::own_key)),
    rule("POST", "/api/office/key", Deed::Countersign, || post(keys::ask_for_key)),
    rule("GET", "/api/office/keys", Deed::Manage, || get(keys::keys)),
    rule("POST", "/api/office/keys", Deed::Manage, || post(keys::enrol)),
    rule("GET", "/api/office/keys/requests", Deed::Manage, || get(keys::key_requests)),
    rule("POST", "/api/office/keys/confirm", Deed::Manage, || post(keys::confirm)),
    rule("POST", "/api/office/keys/revoke", Deed::Manage, || post(keys::revoke_key)),
    rule("GET", "/api/office/kiosks", Deed::Inspect, || get(kiosks::kiosks)),
    rule("GET", "/api/office/kiosks/{id}", Deed::Inspect, || get(kiosks::kiosk)),
    rule("POST", "/api/office/kiosks/code", Deed::Manage, || post(kiosks::find_kiosk)),
    rule("POST", "/api/office/kiosks", Deed::Manage, || post(kiosks::enrol_kiosk)),
    rule("POST", "/api/office/kiosks/{id}/change", Deed::Manage, || post(kiosks::change_kiosk)),
    rule("POST", "/api/office/kiosks/{id}/revoke", Deed::Manage, || post(kiosks::revoke_kiosk)),
    rule("GET", "/api/office/villages", Deed::Read, || get(places::villages)),
    rule("POST", "/api/office/villages", Deed::Manage, || post(places::add_villages)),
    rule("GET", "/api/office/columns", Deed::Read, || get(places::columns)),
    rule("POST", "/api/office/columns", Deed::Manage, || post(places::add_column)),
    rule("GET", "/api/office/rules", Deed::Read, || get(places::rules)),
    rule("GET", "/api/office/calendar/{year}", Deed::Read, || get(places::calendar)),
    rule("GET", "/api/office/record", Deed::Inspect, || get(record::record)),
    rule("GET", "/api/office/inspections/{period}", Deed::Inspect, || get(assess::inspection)),
    rule("POST", "/api/office/inspections/{period}/sign", Deed::Review, || post(assess::sign_off)),
    rule("GET", "/api/office/scores/{half}", Deed::Inspect, || get(assess::scores)),
    rule("GET", "/api/office/scores/{half}/{village}", Deed::Inspect, || get(assess::score)),
    rule("GET", "/api/office/frozen", Deed::Inspect, || get(assess::frozen)),
    rule("POST", "/api/office/frozen", Deed::Manage, || post(assess::freeze)),
    rule("GET", "/api/office/frozen/{half}", Deed::Inspect, || get(assess::frozen_file)),
    rule("GET", "/api/office/rechecks", Deed::Inspect, || get(assess::rechecks)),
    rule("POST", "/api/office/rechecks/{n}", Deed::Approve, || post(assess::recheck)),
    rule("GET", "/api/office/bulletins", Deed::Write, || get(bulletins::bulletins)),
    rule("GET", "/api/office/policies", Deed::Write, || get(bulletins::policies)),
    rule("GET", "/api/office/drafts", Deed::Write, || get(drafts::drafts)),
    rule("POST", "/api/office/drafts", Deed::Write, || post(drafts::create_draft)),
    rule("GET", "/api/office/drafts/{id}", Deed::Write, || get(drafts::draft)),
    rule("POST", "/api/office/drafts/{id}/save", Deed::Write, || post(drafts::save_draft)),
    rule("POST", "/api/office/drafts/{id}/preview", Deed::Write, || post(drafts::preview_draft)),
    rule("POST", "/api/office/drafts/{id}/files", Deed::Write, || post(files::add_file)),
    rule("POST", "/api/office/drafts/{id}/remove", Deed::Write, || post(files::remove_file)),
    rule("POST", "/api/office/drafts/{id}/restore", Deed::Write, || post(drafts::restore_draft)),
    rule("POST", "/api/office/drafts/{id}/send", Deed::Write, || post(drafts::send_draft)),
    rule("POST", "/api/office/drafts/{id}/delete", Deed::Write, || post(drafts::delete_draft)),
    rule("POST", "/api/office/drafts/{id}/undelete", Deed::Write, || post(drafts::undelete_draft)),
    rule("POST", "/api/office/emergency", Deed::Write, || post(drafts::emergency)),
];

/// The paths for programs.
pub fn routes() -> Router<Arc<App>> {
    let routes =
        TABLE.iter().fold(Router::new(), |router, rule| router.route(rule.path, (rule.handler)()));
    routes.layer(map_response(private))
}

/// What one person's program is told is nobody else's to keep.
async fn private(mut response: Response) -> Response {
    response
        .headers_mut()
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Does on a thread that may block what blocks.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|_| Err(Error::Corrupt("没有做成（程序内部错误）".into())))
}

/// What a handler answers.
type Answer<T> = Result<Json<T>>;

#[derive(utoipa::OpenApi)]
#[openapi(paths(
    people::me,
    people::people,
    people::add_person,
    people::revoke_person,
    people::set_deputy,
    people::set_away,
    people::set_password,
    people::sign_out,
    people::set_code_rule,
    people::reset_code,
    search::search,
    submissions::work,
    submissions::submissions,
    submissions::submission,
    submissions::office_blob,
    submissions::publish,
    submissions::return_to,
    submissions::pass,
    submissions::approve,
    submissions::object,
    submissions::withdraw,
    questions::questions,
    questions::question,
    questions::decide_questions,
    questions::answer_question,
    questions::paper_question,
    months::months,
    months::month,
    months::close,
    keys::own_key,
    keys::ask_for_key,
    keys::keys,
    keys::enrol,
    keys::key_requests,
    keys::confirm,
    keys::revoke_key,
    kiosks::kiosks,
    kiosks::kiosk,
    kiosks::find_kiosk,
    kiosks::enrol_kiosk,
    kiosks::change_kiosk,
    kiosks::revoke_kiosk,
    places::villages,
    places::add_villages,
    places::columns,
    places::add_column,
    places::rules,
    places::calendar,
    record::record,
    record::shown,
    assess::inspection,
    assess::sign_off,
    assess::scores,
    assess::score,
    assess::frozen,
    assess::freeze,
    assess::frozen_file,
    assess::rechecks,
    assess::recheck,
    bulletins::bulletins,
    bulletins::policies,
    drafts::drafts,
    drafts::create_draft,
    drafts::draft,
    drafts::save_draft,
    drafts::preview_draft,
    files::add_file,
    files::remove_file,
    drafts::restore_draft,
    drafts::send_draft,
    drafts::delete_draft,
    drafts::undelete_draft,
    drafts::emergency,
    drafts::correct,
))]
struct Paths;

/// What any of these requests may be answered with, besides what it is for.
const REFUSALS: &[(&str, &str)] = &[
    ("400", "malformed: the address or the JSON is not as described here"),
    ("401", "no token, or one that does not count (any more)"),
    ("403", "the token's scopes or the person's post do not allow it"),
    ("404", "there is no such thing, or it is another village's"),
    ("408", "sent too slowly"),
    ("409", "not in this state: it was decided, closed or changed meanwhile"),
    ("413", "too large"),
    ("415", "the body's content type is another one than is described here"),
    ("422", "well-formed, but it breaks a rule of the office, which the message names"),
    ("429", "the token asked too often; Retry-After says for how many seconds to wait"),
    ("500", "the server's own fault; its operator can read why"),
    ("503", "busy or stopped: try again later"),
    ("507", "disk full: try again later"),
];

/// The description of these paths: each says which scope it needs, and how it may be refused.
pub fn description() -> OpenApi {
    let mut described = <Paths as utoipa::OpenApi>::openapi();
    for rule in TABLE {
        let operation =
            described.paths.paths.get_mut(rule.path).and_then(|item| match rule.method {
                "GET" => item.get.as_mut(),
                _ => item.post.as_mut(),
            });
        if let Some(operation) = operation {
            complete(operation, rule.deed);
        }
    }
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("mb_ and 64 hex digits")
        .description(Some("A token, made on the office's page /office/tokens."));
    let components = described.components.get_or_insert_with(Default::default);
    // What only addresses are made of: a path's and a query's schemas are not collected by themselves.
    spell::<wire::Month>(components);
    spell::<wire::VillageCode>(components);
    spell::<wire::Sha256>(components);
    spell::<wire::HalfYear>(components);
    spell::<wire::DraftId>(components);
    spell::<wire::Index>(components);
    spell::<wire::Year>(components);
    spell::<search::PageNumber>(components);
    spell::<StageWord>(components);
    components.add_security_scheme(BEARER, SecurityScheme::Http(bearer.build()));
    described
}

fn spell<T: utoipa::ToSchema>(components: &mut Components) {
    components.schemas.insert(T::name().into_owned(), T::schema());
}

/// The name of the way to prove who one is.
const BEARER: &str = "token";

fn complete(operation: &mut Operation, deed: Deed) {
    let scope = deed.as_str();
    let said = operation.description.take().unwrap_or_default();
    operation.description = Some(format!("{said}\n\nScope: `{scope}`.").trim().to_owned());
    operation.tags = Some(vec![scope.to_owned()]);
    operation.security = Some(vec![SecurityRequirement::new::<_, [&str; 0], &str>(BEARER, [])]);
    for (status, description) in REFUSALS {
        operation.responses.responses.insert((*status).to_owned(), refusal(status, description));
    }
}

fn refusal(status: &str, description: &str) -> RefOr<Described> {
    let body = ContentBuilder::new().schema(Some(Ref::from_schema_name("Refusal"))).build();
    let response =
        ResponseBuilder::new().description(description).content("application/json", body);
    let response = match status {
        "429" => response.header("Retry-After", HeaderBuilder::new().build()),
        _ => response,
    };
    RefOr::T(response.build())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_description_and_the_table_name_the_same_requests() {
        let described = description();
        let mut said = BTreeSet::new();
        for (path, item) in &described.paths.paths {
            let get = item.get.iter().map(|_| ("GET", path.as_str()));
            said.extend(get.chain(item.post.iter().map(|_| ("POST", path.as_str()))));
            assert!(item.put.is_none() && item.delete.is_none() && item.patch.is_none(), "{path}");
        }
        let table: BTreeSet<_> = TABLE.iter().map(|rule| (rule.method, rule.path)).collect();
        assert_eq!(said, table);
        assert_eq!(table.len(), TABLE.len(), "one line each");
    }

    #[test]
    fn every_request_says_its_scope_and_every_input_is_closed() {
        let described = serde_json::to_value(description()).unwrap();
        let schemas = &described["components"]["schemas"];
        for rule in TABLE {
            let operation = &described["paths"][rule.path][rule.method.to_lowercase()];
            let said = operation["description"].as_str().unwrap();
            assert!(said.contains(&format!("`{}`", rule.deed.as_str())), "{}", rule.path);
            assert_eq!(operation["security"][0][BEARER], serde_json::json!([]), "{}", rule.path);
            for (status, _) in REFUSALS {
                assert!(operation["responses"][status].is_object(), "{} {status}", rule.path);
            }
            let body = &operation["requestBody"]["content"]["application/json"]["schema"]["$ref"];
            if let Some(name) = body.as_str().and_then(|name| name.rsplit('/').next()) {
                assert_eq!(schemas[name]["additionalProperties"], false, "{name}");
            }
        }
    }
}
