//! Pictures, PDFs and videos that programs put on drafts.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::Frame;
use serde_json::{Value, json};

use super::*;
use crate::bulletin::media::PICTURE_BYTES_MAX;
use crate::photo::tests::jpeg;
use crate::{pdf, video};

const FILE: &str = "application/octet-stream";

/// A body that never comes.
struct Silence;

impl hyper::body::Body for Silence {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Pending
    }
}

async fn send(app: &Arc<App>, path: &str, token: &str, kind: &str, body: Body) -> Answer {
    let request = Request::builder().method("POST").uri(path).header(header::CONTENT_TYPE, kind);
    let request = request.header("authorization", format!("Bearer {token}"));
    call(app, request.body(body).unwrap()).await
}

async fn begin(app: &Arc<App>, token: &str) -> String {
    let body = json!({"column": "tongzhi", "title": "通知", "body": "一 ![甲](图1) 二 ![乙](图2)",
        "openness": "open"});
    let answer = ask_with(app, "POST", "/api/office/drafts", token, &body.to_string()).await;
    let made: Value = serde_json::from_str(&answer.text).unwrap();
    format!("/api/office/drafts/{}", made["id"].as_str().unwrap())
}

async fn get(app: &Arc<App>, path: &str, token: &str) -> Value {
    let answer = ask_with(app, "GET", path, token, "").await;
    assert_eq!(answer.status, StatusCode::OK, "{path} {}", answer.text);
    serde_json::from_str(&answer.text).unwrap()
}

fn on_the_way(app: &App) -> usize {
    std::fs::read_dir(app.data.path().join("private/upload")).unwrap().count()
}

/// Its preview shows the first picture, and says which one is missing.
async fn looks_as_it_would(app: &Arc<App>, token: &str, draft: &str, blob: &str) {
    let preview = async |text: &str| {
        let fields =
            json!({"column": "tongzhi", "title": "通知", "body": text, "openness": "open"});
        let path = format!("{draft}/preview");
        let answer = ask_with(app, "POST", &path, token, &fields.to_string()).await;
        serde_json::from_str::<Value>(&answer.text).unwrap()
    };
    let good = preview("![甲](图1)").await;
    assert!(good["wrong"].is_null(), "{good}");
    assert!(good["html"].as_str().unwrap().contains(blob), "{good}");
    assert!(preview("![甲](图9)").await["wrong"].as_str().unwrap().contains("图9"));
}

/// Takes the first picture off, which is done once; gives the text that is left.
async fn comes_off(app: &Arc<App>, token: &str, draft: &str, picture: &str) -> Value {
    let (remove, taken) = (format!("{draft}/remove"), json!({"sha256": picture}).to_string());
    let answer = ask_with(app, "POST", &remove, token, &taken).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let again = ask_with(app, "POST", &remove, token, &taken).await;
    assert_eq!((again.status, &*refusal(&again)), (StatusCode::NOT_FOUND, "not-found"));
    let fields = get(app, draft, token).await["draft"]["fields"].clone();
    assert_eq!(fields["images"].as_array().unwrap().len(), 3);
    assert_eq!(fields["body"], "一  二 ![乙](图1)");
    fields["body"].clone()
}

#[test]
fn programs_put_files_on_a_draft_and_take_them_off_and_it_is_published() {
    let office = Office::new();
    let app = office.open();
    people(&app);
    wait(async {
        let token = token_of(&app, "editor", None).await;
        let draft = begin(&app, &token).await;
        let files = format!("{draft}/files");
        let mut made = Vec::new();
        for bytes in [jpeg(1), jpeg(2), pdf::tests::pdf(2), video::tests::REAL.to_vec(), jpeg(1)] {
            let answer = send(&app, &files, &token, FILE, bytes.into()).await;
            assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
            made.push(serde_json::from_str::<Value>(&answer.text).unwrap());
        }
        let counts = |key: &str| -> Vec<_> {
            made.iter().map(|one| one[key].as_array().unwrap().len()).collect()
        };
        assert_eq!(
            (counts("images"), counts("videos")),
            (vec![1, 1, 2, 0, 1], vec![0, 0, 0, 1, 0])
        );
        let whole = get(&app, &draft, &token).await;
        let fields = &whole["draft"]["fields"];
        assert_eq!(whole["draft"]["version"], made[4]["version"]);
        assert_eq!(fields["images"].as_array().unwrap().len(), 4, "none is there twice");
        assert_eq!(fields["videos"][0], made[3]["videos"][0]["sha256"]);
        let picture = made[0]["images"][0]["sha256"].as_str().unwrap().to_owned();
        let blob = format!("/api/office/blobs/{picture}");
        let served = ask_with(&app, "GET", &blob, &token, "").await;
        assert_eq!(
            (served.status, &served.headers[header::CONTENT_TYPE]),
            (StatusCode::OK, &header::HeaderValue::from_static("image/jpeg"))
        );

        looks_as_it_would(&app, &token, &draft, &blob).await;
        let body = comes_off(&app, &token, &draft, &picture).await;
        let version = &get(&app, &draft, &token).await["draft"]["version"];
        let save = json!({"base": version, "fields": {"column": "tongzhi", "title": "通知",
            "body": body, "openness": "open"}});
        let sent =
            ask_with(&app, "POST", &format!("{draft}/send"), &token, &save.to_string()).await;
        let sent: Value = serde_json::from_str(&sent.text).unwrap();
        let id = sent["submission"].as_str().unwrap().to_owned();
        let late = send(&app, &files, &token, FILE, jpeg(3).into()).await;
        assert_eq!((late.status, &*refusal(&late)), (StatusCode::CONFLICT, "wrong-state"));
        let n = review::publish(&app, &[id], &office.reviewer).await.unwrap()[0].index;
        let public = page(&app, &format!("/b/{n}")).await;
        assert_eq!(public.matches("<img src=\"/blob/").count(), 3, "{public}");
        let shown = get(&app, "/api/office/bulletins", &token).await;
        assert_eq!((&shown[0]["n"], &shown[0]["screens"]), (&json!(n), &json!(0)));
        assert_eq!(on_the_way(&app), 0);
    });
}

/// Defences: the limits of `Spool`, the types of `File`, and `must_be_open`, which is asked before anything is read.
#[test]
fn a_bad_file_changes_nothing_and_leaves_nothing() {
    let office = Office::new();
    let app = office.open();
    people(&app);
    wait(async {
        let token = token_of(&app, "editor", None).await;
        let draft = begin(&app, &token).await;
        let files = format!("{draft}/files");
        let large = vec![b'x'; usize::try_from(PICTURE_BYTES_MAX).unwrap() + 1];
        let bad: [(&str, &[u8], &str); 8] = [
            ("application/json", b"{}", "wrong-type"),
            ("multipart/form-data; boundary=b", b"--b--", "wrong-type"),
            ("image/jpeg", &jpeg(1), "wrong-type"),
            (FILE, b"", "nothing-chosen"),
            (FILE, b"no picture", "bad-image"),
            (FILE, b"%PDF-1.4 nothing", "bad-pdf"),
            (FILE, b"\0\0\0\x0cftypisom\0\0\0\0", "bad-video"),
            (FILE, &large, "too-large"),
        ];
        for (kind, body, why) in bad {
            let answer = send(&app, &files, &token, kind, body.to_vec().into()).await;
            assert_eq!(refusal(&answer), why, "{kind} {}", answer.text);
            assert!(answer.status.is_client_error());
        }
        let other = token_of(&app, "leader", None).await;
        let shut = send(&app, &files, &other, FILE, jpeg(1).into()).await;
        assert_eq!(shut.status, StatusCode::FORBIDDEN);
        let nowhere = format!("/api/office/drafts/{}/files", "0".repeat(32));
        let absent = send(&app, &nowhere, &token, FILE, Body::new(Silence)).await;
        assert_eq!(absent.status, StatusCode::NOT_FOUND, "answered before the file was read");
        tokio::time::pause();
        let stalled = send(&app, &files, &token, FILE, Body::new(Silence)).await;
        tokio::time::resume();
        assert_eq!(stalled.status, StatusCode::REQUEST_TIMEOUT, "{}", stalled.text);
        let whole = get(&app, &draft, &token).await;
        assert_eq!(whole["draft"]["version"], 1);
        assert_eq!((on_the_way(&app), whole["draft"]["fields"]["images"].clone()), (0, json!([])));
    });
}
