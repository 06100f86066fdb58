//! Pictures, PDFs and videos of a draft. The form's text is saved with them.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;

use super::editor::{base, page, written};
use super::{done, failed};
use crate::app::App;
use crate::bulletin;
use crate::bulletin::drafts::{self, Saved};
use crate::error::{Error, Result};
use crate::web::guard::{Act, Upload};

/// Adds files to a draft.
pub async fn add(State(app): State<Arc<App>>, Path(id): Path<String>, upload: Upload) -> Response {
    let Upload { act, files } = upload;
    match save_first(&app, &id, &act).await {
        Ok(Saved::As(_)) => {}
        Ok(Saved::Aside) => return done(&act.uri, &format!("/office/bulletins/{id}?done=aside")),
        Err(error) => return failed(&act.uri, &error),
    }
    match bulletin::files::add(&app, &act.session.who, &id, files).await {
        Ok(_) => done(&act.uri, &format!("/office/bulletins/{id}?done=added")),
        Err(error @ Error::Refused { .. }) => {
            page(&app, act.session, &act.uri, &id, None, Some(&error))
        }
        Err(error) => failed(&act.uri, &error),
    }
}

async fn save_first(app: &App, id: &str, act: &Act) -> Result<Saved> {
    let (id, written, base) = (id.to_owned(), written(act), base(act));
    bulletin::change(app, &act.session.who, move |c, by| drafts::save(c, by, &id, base, &written))
        .await
}

/// Takes a picture or video out of a draft.
pub async fn remove(State(app): State<Arc<App>>, Path(id): Path<String>, act: Act) -> Response {
    match save_first(&app, &id, &act).await {
        Ok(Saved::As(_)) => {}
        Ok(Saved::Aside) => return done(&act.uri, &format!("/office/bulletins/{id}?done=aside")),
        Err(error) => return failed(&act.uri, &error),
    }
    match bulletin::files::remove(&app, &act.session.who, &id, act.field("sha256")).await {
        Ok(_) => done(&act.uri, &format!("/office/bulletins/{id}?done=removed")),
        Err(error) => failed(&act.uri, &error),
    }
}
