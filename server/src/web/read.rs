//! The read surface: files of the public tree at their own paths, cacheable by anyone.

use std::ops::Range;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ledger::hash::Hash;

use crate::app::App;
use crate::error::{Error, Result};
use crate::objects::{Object, Packing};
use crate::web::stream::Large;
use ledger::tile::content_bundle_path;

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
    send(&app, "checkpoint".into(), &CHECKPOINT, &asked).await
}

/// A hash tile or an entry bundle.
pub async fn tile(
    State(app): State<Arc<App>>,
    Path(path): Path<String>,
    asked: HeaderMap,
) -> Response {
    if !is_tile_path(&path) {
        return absent();
    }
    let manner = if path.starts_with("entries/") { &ENTRIES } else { &TILE };
    send(&app, format!("tile/{path}"), manner, &asked).await
}

/// The contents of an entry bundle's statements. The number may be written plain or in groups.
pub async fn bundle(
    State(app): State<Arc<App>>,
    Path(number): Path<String>,
    asked: HeaderMap,
) -> Response {
    match bundle_number(&number) {
        Some(number) => send(&app, content_bundle_path(number), &BUNDLE, &asked).await,
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
        Ok(hash) => send(&app, format!("content/{hash}"), &CONTENT, &asked).await,
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
    let path = format!("blob/{hash}");
    if let Some(object) = app.objects.hot(&path) {
        return answer(&object, &BLOB, &asked);
    }
    let file = app.data.public_blob(&hash);
    let opened = tokio::task::spawn_blocking(move || Large::open(&file)).await;
    match opened.unwrap_or_else(|_| Err(Error::Corrupt("读取文件时出错（程序内部错误）".into())))
    {
        Ok(Some(file)) if file.media == VIDEO => large(file, &hash, BLOB.caching, &asked),
        Ok(Some(_)) => send(&app, path, &BLOB, &asked).await,
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

/// Whether the server takes and publishes; for whoever watches it.
pub async fn healthz(State(app): State<Arc<App>>) -> Response {
    let size = app.db.read(|c| Ok(c.query_row("SELECT applied FROM log", [], |row| row.get(0))?));
    let state = app.publisher.must_run().and(size);
    match state {
        Ok(size) => {
            let size: u64 = size;
            ([(header::CACHE_CONTROL, "no-store")], format!("ok {size}\n")).into_response()
        }
        Err(error) => error.into_response(),
    }
}

fn absent() -> Response {
    (StatusCode::NOT_FOUND, [(header::CACHE_CONTROL, "no-cache")], "没有这个文件\n").into_response()
}

async fn send(app: &Arc<App>, path: String, manner: &Manner, asked: &HeaderMap) -> Response {
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

/// Whether what stands below `/tile/` can be a tile or bundle (C2SP tlog-tiles): a level or
/// `entries`, a number in groups of three digits, and a width for a partial one.
fn is_tile_path(path: &str) -> bool {
    let Some((kind, number)) = path.split_once('/') else { return false };
    let level = || {
        let canonical = kind == "0" || !kind.starts_with('0');
        canonical && kind.len() <= 2 && kind.parse::<u8>().is_ok_and(|level| level < 64)
    };
    if kind != "entries" && !level() {
        return false;
    }
    match number.split_once(".p/") {
        None => group_number(number).is_some(),
        Some((number, width)) => {
            let canonical = !width.starts_with('0') && width.bytes().all(|b| b.is_ascii_digit());
            let fits = width.parse::<u16>().is_ok_and(|width| (1..256).contains(&width));
            group_number(number).is_some() && canonical && fits
        }
    }
}

/// A number written in groups: `x001/x234/067` is 1234067.
fn group_number(text: &str) -> Option<u64> {
    let mut groups = text.split('/').rev();
    let is_group = |group: &&str| group.len() == 3 && group.bytes().all(|b| b.is_ascii_digit());
    let mut number: u64 = groups.next().filter(is_group)?.parse().ok()?;
    let mut scale: u64 = 1;
    for group in groups {
        let group = group.strip_prefix('x').filter(is_group)?;
        scale = scale.checked_mul(1000)?;
        number = number.checked_add(group.parse::<u64>().ok()?.checked_mul(scale)?)?;
    }
    Some(number)
}

fn bundle_number(text: &str) -> Option<u64> {
    let plain = || {
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| text.parse().ok()).flatten()
    };
    group_number(text).or_else(plain)
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
    fn only_tile_paths_are_tile_paths() {
        for good in ["0/000", "1/x001/067", "entries/000.p/255", "63/x001/x234/067.p/1"] {
            assert!(is_tile_path(good), "{good}");
        }
        for bad in [
            "",
            "0",
            "0/",
            "00/000",
            "64/000",
            "0/1",
            "0/0000",
            "0/000.p",
            "0/000.p/0",
            "0/000.p/256",
            "0/000.p/01",
            "0/../checkpoint",
            "entries/../../keys/log.key",
            "0/x001",
            "0/001/002",
            "0/000/",
            "entries//000",
            "0/000.p/1/2",
        ] {
            assert!(!is_tile_path(bad), "{bad}");
        }
    }

    #[test]
    fn a_bundle_number_is_plain_or_in_groups() {
        assert_eq!(bundle_number("0"), Some(0));
        assert_eq!(bundle_number("000"), Some(0));
        assert_eq!(bundle_number("x001/x234/067"), Some(1_234_067));
        assert_eq!(bundle_number("1234067"), Some(1_234_067));
        assert_eq!(bundle_number("-1"), None);
        assert_eq!(bundle_number("../x"), None);
    }

    proptest::proptest! {
        #[test]
        fn no_header_or_path_panics_the_parsers(text in "\\PC{0,60}", length in 0usize..10) {
            let _ = (is_tile_path(&text), bundle_number(&text));
            if let Ok(value) = HeaderValue::from_str(&format!("bytes={text}"))
                && let Part::Some(range) = part(Some(&value), length)
            {
                proptest::prop_assert!(range.start < range.end && range.end <= length);
            }
        }

        #[test]
        fn no_tile_path_leaves_the_tree(path in "(entries|[0-9]{1,2})(/[x0-9.p]{1,6}){1,4}") {
            if is_tile_path(&path) {
                proptest::prop_assert!(!path.contains(".."));
            }
        }
    }
}
