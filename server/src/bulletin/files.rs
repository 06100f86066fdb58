//! Files of a draft: what is put on it, and what is taken off.

use std::sync::Arc;

use ledger::content::{IMAGES_MAX, VIDEOS_MAX};

use super::media::{self, Added, Spool};
use super::{change, drafts};
use crate::app::App;
use crate::error::{Error, Result};
use crate::markdown;
use crate::people::{Deed, Who};

/// Whether this person may put files on this draft now: asked before any is read.
///
/// # Errors
/// As [`drafts::save`].
pub fn must_be_open(app: &App, who: &Who, id: &str) -> Result<()> {
    let by = who.acting(Deed::Write)?;
    app.publisher.must_run()?;
    app.db.read(|c| drafts::open(c, &by, id)).map(drop)
}

/// Puts files on a draft: each is looked at and becomes pictures or a video. Answers the draft's new version, and what
/// they became; what was on it already is not on it twice.
///
/// # Errors
/// As [`drafts::save`] and [`media::take`]; `nothing-chosen`, `too-many`.
pub async fn add(
    app: &Arc<App>,
    who: &Who,
    id: &str,
    files: Vec<Spool>,
) -> Result<(i64, Vec<Added>)> {
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
    change(app, who, move |c, by| {
        let mut written = drafts::one(c, by, &id)?.written;
        for added in &taken {
            for image in &added.images {
                if !written.images.contains(image) {
                    written.images.push(image.clone());
                }
            }
            for video in &added.videos {
                if !written.videos.contains(video) {
                    written.videos.push(video.clone());
                }
            }
        }
        if written.images.len() > IMAGES_MAX || written.videos.len() > VIDEOS_MAX {
            let message =
                format!("至多 {IMAGES_MAX} 张图片、{VIDEOS_MAX} 段视频：请先移除不要的。");
            return Err(Error::refused("too-many", message));
        }
        Ok((drafts::replace(c, by, &id, &written)?, taken))
    })
    .await
}

/// Takes a picture or video off a draft, and the picture out of its text. Answers the draft's new version.
///
/// # Errors
/// As [`drafts::save`]; `not-found` when it is not on the draft.
pub async fn remove(app: &App, who: &Who, id: &str, hash: &str) -> Result<i64> {
    let (id, hash) = (id.to_owned(), hash.to_owned());
    change(app, who, move |c, by| {
        let mut written = drafts::one(c, by, &id)?.written;
        let before = (written.images.len(), written.videos.len());
        let at = written.images.iter().position(|image| image.sha256.to_string() == hash);
        if let Some(at) = at {
            written.images.remove(at);
            written.body = markdown::without_picture(&written.body, at + 1);
        }
        written.videos.retain(|video| video.sha256.to_string() != hash);
        if (written.images.len(), written.videos.len()) == before {
            let message = "这篇公告里没有这张图片或这段视频：可能已经移除了。";
            return Err(Error::refused("not-found", message));
        }
        drafts::replace(c, by, &id, &written)
    })
    .await
}
