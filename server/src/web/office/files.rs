//! Pictures, PDFs and videos of a draft. The form's text is saved with them.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use ledger::content::{IMAGES_MAX, VIDEOS_MAX};

use super::editor::{base, page, written};
use super::{done, failed};
use crate::app::App;
use crate::bulletin::drafts::{self, Saved};
use crate::bulletin::media::{self, Added, Spool};
use crate::bulletin::{self};
use crate::error::{Error, Result};
use crate::markdown;
use crate::web::guard::{Act, Upload};

/// Adds files to a draft.
pub async fn add(State(app): State<Arc<App>>, Path(id): Path<String>, upload: Upload) -> Response {
    let Upload { act, files } = upload;
    match save_first(&app, &id, &act).await {
        Ok(Saved::As(_)) => {}
        Ok(Saved::Aside) => return done(&act.uri, &format!("/office/bulletins/{id}?done=aside")),
        Err(error) => return failed(&act.uri, &error),
    }
    match attach(&app, &id, &act, files).await {
        Ok(()) => done(&act.uri, &format!("/office/bulletins/{id}?done=added")),
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

async fn attach(app: &Arc<App>, id: &str, act: &Act, files: Vec<Spool>) -> Result<()> {
    if files.is_empty() {
        return Err(Error::refused("nothing-chosen", "没有选文件：请先选图片、PDF 或视频。"));
    }
    let turn = app.uploads.turn().await?;
    let taking = Arc::clone(app);
    let taken = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        files.into_iter().map(|file| media::take(&taking, file)).collect::<Result<Vec<Added>>>()
    });
    let taken = taken
        .await
        .unwrap_or_else(|_| Err(Error::Corrupt("读文件时出错（程序内部错误）".into())))?;
    let id = id.to_owned();
    bulletin::change(app, &act.session.who, move |c, by| {
        let mut written = drafts::one(c, by, &id)?.written;
        for added in taken {
            for image in added.images {
                if !written.images.contains(&image) {
                    written.images.push(image);
                }
            }
            for video in added.videos {
                if !written.videos.contains(&video) {
                    written.videos.push(video);
                }
            }
        }
        if written.images.len() > IMAGES_MAX || written.videos.len() > VIDEOS_MAX {
            let message =
                format!("至多 {IMAGES_MAX} 张图片、{VIDEOS_MAX} 段视频：请先移除不要的。");
            return Err(Error::refused("too-many", message));
        }
        drafts::replace(c, by, &id, &written).map(drop)
    })
    .await
}

/// Takes a picture or video out of a draft.
pub async fn remove(State(app): State<Arc<App>>, Path(id): Path<String>, act: Act) -> Response {
    match save_first(&app, &id, &act).await {
        Ok(Saved::As(_)) => {}
        Ok(Saved::Aside) => return done(&act.uri, &format!("/office/bulletins/{id}?done=aside")),
        Err(error) => return failed(&act.uri, &error),
    }
    let (draft, hash) = (id.clone(), act.field("sha256").to_owned());
    let removed = bulletin::change(&app, &act.session.who, move |c, by| {
        let mut written = drafts::one(c, by, &draft)?.written;
        let at = written.images.iter().position(|image| image.sha256.to_string() == hash);
        if let Some(at) = at {
            written.images.remove(at);
            written.body = markdown::without_picture(&written.body, at + 1);
        }
        written.videos.retain(|video| video.sha256.to_string() != hash);
        drafts::replace(c, by, &draft, &written)
    });
    match removed.await {
        Ok(_) => done(&act.uri, &format!("/office/bulletins/{id}?done=removed")),
        Err(error) => failed(&act.uri, &error),
    }
}
