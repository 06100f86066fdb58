//! Pictures, PDFs and videos of a draft: a file is the body of a request, as it is.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::{FromRequest, Request, State};
use http_body_util::BodyExt;
use ledger::content::{ImageRef, VideoRef};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Answer;
use super::caller::{At, Caller, Given, is_of_type};
use super::wire::{DraftId, Sha256};
use crate::app::App;
use crate::bulletin;
use crate::bulletin::media::Spool;
use crate::error::{Error, Result};

/// What a file is sent as. What it is, is found by looking at it.
const FILE: &str = "application/octet-stream";
/// How long the next piece of a file may take.
const PIECE_TIMEOUT: Duration = Duration::from_secs(30);

/// A request whose body is a file of that type: none of it has been read yet.
pub struct File(Body);

impl FromRequest<Arc<App>> for File {
    type Rejection = Error;

    async fn from_request(request: Request, _app: &Arc<App>) -> Result<Self> {
        if !is_of_type(request.headers(), FILE) {
            let message = format!("请求的内容应是文件本身，标头写 Content-Type: {FILE}");
            return Err(Error::refused("wrong-type", message));
        }
        Ok(Self(request.into_body()))
    }
}

impl File {
    /// Reads the file, within limits of size and time.
    async fn spooled(mut self, app: &App) -> Result<Spool> {
        let mut spool = Spool::new(&app.data)?;
        let slow = |_| Error::refused("too-slow", "文件传得太慢，没有收全：请再试一次");
        let cut = |_| Error::refused("malformed", "文件没有传完：请再试一次");
        while let Some(frame) =
            tokio::time::timeout(PIECE_TIMEOUT, self.0.frame()).await.map_err(slow)?
        {
            if let Some(piece) = frame.map_err(cut)?.data_ref() {
                spool.add(piece)?;
            }
        }
        Ok(spool)
    }
}

/// A picture that a file became.
#[derive(Serialize, ToSchema)]
pub struct Picture {
    /// Names it: `GET /api/office/blobs/{sha256}`.
    sha256: String,
    /// Bytes.
    bytes: u64,
    /// Pixels.
    width: u32,
    /// Pixels.
    height: u32,
}

impl Picture {
    fn of(image: &ImageRef) -> Self {
        let ImageRef { sha256, bytes, width, height, .. } = image;
        Self { sha256: sha256.to_string(), bytes: *bytes, width: *width, height: *height }
    }
}

/// A video that a file became.
#[derive(Serialize, ToSchema)]
pub struct Video {
    /// Names it: `GET /api/office/blobs/{sha256}`.
    sha256: String,
    /// Bytes.
    bytes: u64,
    /// Pixels.
    width: u32,
    /// Pixels.
    height: u32,
    /// How long it plays.
    seconds: u32,
}

impl Video {
    fn of(video: &VideoRef) -> Self {
        let VideoRef { sha256, bytes, width, height, seconds } = video;
        let (bytes, width, height, seconds) = (*bytes, *width, *height, *seconds);
        Self { sha256: sha256.to_string(), bytes, width, height, seconds }
    }
}

/// What a file became. All of a draft's pictures and videos stand in `GET /api/office/drafts/{id}`.
#[derive(Serialize, ToSchema)]
pub struct FileAdded {
    /// The draft's newest version.
    version: i64,
    /// One picture, or a PDF's pages. They are kept without what a camera wrote into them.
    images: Vec<Picture>,
    /// One video, or none.
    videos: Vec<Video>,
}

/// Puts a picture (JPEG, PNG; up to 20 MiB), a PDF (up to 20 MiB) or a video (MP4; up to 64 MiB) on a draft.
#[utoipa::path(
    post, path = "/api/office/drafts/{id}/files", params(("id" = DraftId, Path)),
    request_body(content = Vec<u8>, content_type = "application/octet-stream",
        description = "the file"),
    responses((status = 200, description = "it is on the draft", body = FileAdded))
)]
pub async fn add_file(
    State(app): State<Arc<App>>,
    caller: Caller,
    At(id): At<DraftId>,
    file: File,
) -> Answer<FileAdded> {
    let id = id.0.0;
    bulletin::files::must_be_open(&app, &caller.who, &id)?;
    let spool = file.spooled(&app).await?;
    let files = if spool.is_empty() { Vec::new() } else { vec![spool] };
    let (version, added) = bulletin::files::add(&app, &caller.who, &id, files).await?;
    let images = added.iter().flat_map(|one| &one.images).map(Picture::of).collect();
    let videos = added.iter().flat_map(|one| &one.videos).map(Video::of).collect();
    Ok(Json(FileAdded { version, images, videos }))
}

/// Which picture or video.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RemovedFile {
    /// As the draft names it.
    sha256: Sha256,
}

/// What became of the draft.
#[derive(Serialize, ToSchema)]
pub struct FileRemoved {
    /// Its newest version.
    version: i64,
}

/// Takes a picture or video off a draft, and the picture out of its text.
#[utoipa::path(
    post, path = "/api/office/drafts/{id}/remove", params(("id" = DraftId, Path)),
    request_body = RemovedFile,
    responses((status = 200, description = "it is off the draft", body = FileRemoved))
)]
pub async fn remove_file(
    State(app): State<Arc<App>>,
    caller: Caller,
    At(id): At<DraftId>,
    Given(given): Given<RemovedFile>,
) -> Answer<FileRemoved> {
    let hash = given.sha256.0.to_string();
    let version = bulletin::files::remove(&app, &caller.who, &id.0.0, &hash).await?;
    Ok(Json(FileRemoved { version }))
}
