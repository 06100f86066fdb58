//! The read surface: files of the public tree at their own paths, cacheable by anyone.

use std::ops::Range;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ledger::hash::Hash;
use ledger::surface::Item;

use crate::app::App;
use crate::error::{Error, Result};
use crate::objects::{Object, Packing};
use crate::web::answer::told;
use crate::web::stream::Large;

/// How an object is sent.
struct Manner {
    media: &'static str,
    caching: &'static str,
    packing: Packing,
}

const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// Named by its hash, so it never changes; but it may be withdrawn.
const A_DAY: &str = "public, max-age=86400";
const ASK_EVERY_TIME: &str = "no-cache";
/// The media type of what is sent from the disk in pieces.
const VIDEO: &str = "video/mp4";
const BYTES: &str = "application/octet-stream";

const CHECKPOINT: Manner =
    Manner { media: "text/plain; charset=utf-8", caching: ASK_EVERY_TIME, packing: Packing::Plain };
const TILE: Manner = Manner { media: BYTES, caching: FOR_EVER, packing: Packing::Plain };
const ENTRIES: Manner = Manner { media: BYTES, caching: FOR_EVER, packing: Packing::Gzip };
const BUNDLE: Manner = Manner { media: BYTES, caching: ASK_EVERY_TIME, packing: Packing::Gzip };
const CONTENT: Manner =
    Manner { media: "application/json", caching: A_DAY, packing: Packing::Gzip };
const BLOB: Manner = Manner { media: "image/jpeg", caching: A_DAY, packing: Packing::Plain };

/// The newest signed head.
pub async fn checkpoint(State(app): State<Arc<App>>, asked: HeaderMap) -> Response {
    send(&app, Item::Checkpoint, &CHECKPOINT, &asked).await
}

/// A hash tile or an entry bundle.
pub async fn tile(
    State(app): State<Arc<App>>,
    Path(path): Path<String>,
    asked: HeaderMap,
) -> Response {
    match Item::parse(&format!("tile/{path}")) {
        Some(item @ Item::Entries { .. }) => send(&app, item, &ENTRIES, &asked).await,
        Some(item) => send(&app, item, &TILE, &asked).await,
        None => absent(),
    }
}

/// The contents of an entry bundle's statements. The number may be written plain or in groups.
pub async fn bundle(
    State(app): State<Arc<App>>,
    Path(number): Path<String>,
    asked: HeaderMap,
) -> Response {
    let grouped = || Item::parse(&format!("content/bundle/{number}"));
    match plain(&number).map(Item::Contents).or_else(grouped) {
        Some(item) => send(&app, item, &BUNDLE, &asked).await,
        None => absent(),
    }
}

/// A content object.
pub async fn content(
    State(app): State<Arc<App>>,
    Path(hash): Path<String>,
    asked: HeaderMap,
) -> Response {
    match hash.parse::<Hash>() {
        Ok(hash) => send(&app, Item::Content(hash), &CONTENT, &asked).await,
        Err(_) => absent(),
    }
}

/// An image or a video.
pub async fn blob(
    State(app): State<Arc<App>>,
    Path(hash): Path<String>,
    asked: HeaderMap,
) -> Response {
    let Ok(hash) = hash.parse::<Hash>() else { return absent() };
    let item = Item::Blob(hash);
    if let Some(object) = app.objects.hot(&item.path()) {
        return answer(&object, &BLOB, &asked);
    }
    let file = app.data.public_blob(&hash);
    let opened = tokio::task::spawn_blocking(move || Large::open(&file)).await;
    match opened.unwrap_or_else(|_| Err(Error::Corrupt("读取文件时出错（程序内部错误）".into())))
    {
        Ok(Some(file)) if file.media == VIDEO => large(file, &hash, BLOB.caching, &asked),
        Ok(Some(_)) => send(&app, item, &BLOB, &asked).await,
        Ok(None) => absent(),
        Err(error) => error.into_response(),
    }
}

/// A file sent from the disk. It is named by its hash, which is its `ETag` too.
#[must_use]
pub fn large(file: Large, hash: &Hash, caching: &'static str, asked: &HeaderMap) -> Response {
    let mut tag = hash.to_string();
    tag.truncate(16);
    let length = usize::try_from(file.length).unwrap_or(usize::MAX);
    let part = part_asked(asked, &tag, length);
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    describe(headers, caching, &tag);
    if has_it(asked, &tag) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return response;
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(file.media));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    let range = match part {
        Part::Beyond => {
            set_content_range(headers, &format!("bytes */{length}"));
            *response.status_mut() = StatusCode::RANGE_NOT_SATISFIABLE;
            return response;
        }
        Part::Some(range) => {
            let last = range.end - 1;
            set_content_range(headers, &format!("bytes {}-{last}/{length}", range.start));
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            range.start as u64..range.end as u64
        }
        Part::Whole => 0..file.length,
    };
    *response.body_mut() = file.body(range);
    response
}

/// Whether the server takes and publishes; for whoever watches it. One line, with status 503 if not.
pub async fn healthz(State(app): State<Arc<App>>) -> Response {
    let size = app.db.read(|c| Ok(c.query_row("SELECT applied FROM log", [], |row| row.get(0))?));
    let size: Result<u64> = app.publisher.must_run().and(size);
    let (status, line) = match size {
        Ok(size) => (StatusCode::OK, format!("ok {size}\n")),
        Err(error) => {
            let line = format!("{} {}\n", error.code(), told(&error));
            (StatusCode::SERVICE_UNAVAILABLE, line)
        }
    };
    (status, [(header::CACHE_CONTROL, "no-store")], line).into_response()
}

fn absent() -> Response {
    (StatusCode::NOT_FOUND, [(header::CACHE_CONTROL, "no-cache")], "没有这个文件\n").into_response()
}

async fn send(app: &Arc<App>, item: Item, manner: &Manner, asked: &HeaderMap) -> Response {
    let path = item.path();
    let object = match app.objects.hot(&path) {
        Some(object) => Ok(Some(object)),
        None => read_cold(app, path, manner.packing).await,
    };
    match object {
        Ok(Some(object)) => answer(&object, manner, asked),
        Ok(None) => absent(),
        Err(error) => error.into_response(),
    }
}

async fn read_cold(app: &Arc<App>, path: String, packing: Packing) -> Result<Option<Arc<Object>>> {
    let app = Arc::clone(app);
    tokio::task::spawn_blocking(move || app.objects.read(&path, packing))
        .await
        .unwrap_or_else(|_| Err(Error::Corrupt("读取文件时出错（程序内部错误）".into())))
}

/// What a `Range` header asks of `length` bytes.
#[derive(Debug, PartialEq, Eq)]
enum Part {
    Whole,
    Some(Range<usize>),
    Beyond,
}

fn answer(object: &Object, manner: &Manner, asked: &HeaderMap) -> Response {
    let part = part_asked(asked, &object.tag, object.bytes.len());
    let packed = object.gzip.as_ref().filter(|_| part == Part::Whole && takes_gzip(asked));
    let tag = if packed.is_some() { format!("{}-gz", object.tag) } else { object.tag.clone() };

    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    describe(headers, manner.caching, &tag);
    if manner.packing == Packing::Gzip {
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    }
    if has_it(asked, &object.tag) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return response;
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(manner.media));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    let length = object.bytes.len();
    match (part, packed) {
        (Part::Beyond, _) => {
            set_content_range(headers, &format!("bytes */{length}"));
            *response.status_mut() = StatusCode::RANGE_NOT_SATISFIABLE;
        }
        (Part::Some(range), _) => {
            let last = range.end - 1;
            set_content_range(headers, &format!("bytes {}-{last}/{length}", range.start));
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            *response.body_mut() = Body::from(object.bytes.slice(range));
        }
        (Part::Whole, Some(packed)) => {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            *response.body_mut() = Body::from(packed.clone());
        }
        (Part::Whole, None) => *response.body_mut() = Body::from(object.bytes.clone()),
    }
    response
}

fn describe(headers: &mut HeaderMap, caching: &'static str, tag: &str) {
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{tag}\"")) {
        headers.insert(header::ETAG, tag);
    }
}

/// What is asked of an object with this tag: all of it when the asker holds a part of another one.
fn part_asked(asked: &HeaderMap, tag: &str, length: usize) -> Part {
    match asked.get(header::IF_RANGE) {
        Some(held) if held.as_bytes() != format!("\"{tag}\"").as_bytes() => Part::Whole,
        _ => part(asked.get(header::RANGE), length),
    }
}

fn set_content_range(headers: &mut HeaderMap, text: &str) {
    if let Ok(value) = HeaderValue::from_str(text) {
        headers.insert(header::CONTENT_RANGE, value);
    }
}

/// One range of bytes is served; several, or what cannot be read, is answered whole (RFC 9110
/// section 14.2 allows it).
fn part(range: Option<&HeaderValue>, length: usize) -> Part {
    let spec = range.and_then(|range| range.to_str().ok()?.strip_prefix("bytes="));
    let Some((first, last)) = spec.and_then(|spec| spec.trim().split_once('-')) else {
        return Part::Whole;
    };
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| text.parse::<usize>().unwrap_or(usize::MAX))
    };
    let range = match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => first..last.saturating_add(1).min(length),
        (Some(first), None) if last.is_empty() => first..length,
        (None, Some(suffix)) if first.is_empty() => {
            if suffix == 0 {
                return Part::Beyond;
            }
            length.saturating_sub(suffix)..length
        }
        _ => return Part::Whole,
    };
    if range.is_empty() { Part::Beyond } else { Part::Some(range) }
}

fn takes_gzip(asked: &HeaderMap) -> bool {
    let codings = asked.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    codings.is_some_and(|codings| {
        codings.split(',').any(|coding| {
            let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
            let refused = matches!(weight.trim().trim_end_matches('0'), "q=" | "q=0.");
            name.trim().eq_ignore_ascii_case("gzip") && !refused
        })
    })
}

/// Whether the asker holds this object, in whichever coding.
fn has_it(asked: &HeaderMap, tag: &str) -> bool {
    let held = asked.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    held.is_some_and(|held| {
        held.split(',').any(|one| {
            let one = one.trim();
            let one = one.strip_prefix("W/").unwrap_or(one).trim_matches('"');
            one == "*" || one.strip_suffix("-gz").unwrap_or(one) == tag
        })
    })
}

/// A number without groups.
fn plain(number: &str) -> Option<u64> {
    let digits = number.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| number.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(text: &'static str, length: usize) -> Part {
        part(Some(&HeaderValue::from_static(text)), length)
    }

    #[test]
    fn ranges_are_those_of_the_standard() {
        assert_eq!(range("bytes=0-0", 10), Part::Some(0..1));
        assert_eq!(range("bytes=5-", 10), Part::Some(5..10));
        assert_eq!(range("bytes=-3", 10), Part::Some(7..10));
        assert_eq!(range("bytes=2-99", 10), Part::Some(2..10));
        assert_eq!(range("bytes=-99", 10), Part::Some(0..10));
        for beyond in ["bytes=10-", "bytes=10-12", "bytes=-0"] {
            assert_eq!(range(beyond, 10), Part::Beyond);
        }
        for whole in ["bytes=3-2", "bytes=0-1,3-4", "lines=1-2", "bytes=a-b", "bytes=-", "x"] {
            assert_eq!(range(whole, 10), Part::Whole);
        }
        assert_eq!(part(None, 10), Part::Whole);
    }

    #[test]
    fn a_number_without_groups_is_plain() {
        assert_eq!((plain("0"), plain("067")), (Some(0), Some(67)));
        assert_eq!(plain("1234067"), Some(1_234_067));
        for other in ["", "-1", "+1", "x001/067", "../x"] {
            assert_eq!(plain(other), None, "{other}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_header_or_path_panics_the_parsers(text in "\\PC{0,60}", length in 0usize..10) {
            let _ = plain(&text);
            if let Ok(value) = HeaderValue::from_str(&format!("bytes={text}"))
                && let Part::Some(range) = part(Some(&value), length)
            {
                proptest::prop_assert!(range.start < range.end && range.end <= length);
            }
        }
    }
}
