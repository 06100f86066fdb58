//! Rendered pages, kept as the bytes that are sent, until the next publication drops them all.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use bytes::Bytes;
use ledger::hash::sha256;

use crate::clock;
use crate::objects::gzip;
use crate::web::words::Lang;

/// Bytes of pages that are kept; one more page than fits drops all the others.
const KEPT_BYTES_MAX: usize = 64 << 20;
/// A page that stays true until something is published.
pub const FOR_EVER: i64 = i64::MAX;
/// Headers of an answer, and room for those that the server adds.
const HEADERS: usize = 12;
/// Bytes of bookkeeping that every kept page costs beside its own.
const PAGE_OVERHEAD_BYTES: usize = 512;

/// A page as it is sent.
#[derive(Debug)]
pub struct Page {
    plain: Bytes,
    gzip: Option<Bytes>,
    etag: HeaderValue,
    etag_gzip: HeaderValue,
    media: HeaderValue,
    policy: HeaderValue,
    caching: HeaderValue,
}

impl Page {
    /// An HTML page that may do no more than `policy` (Content-Security-Policy) allows.
    #[must_use]
    pub fn html(text: String, policy: HeaderValue) -> Self {
        let packed = gzip(text.as_bytes());
        let media = HeaderValue::from_static("text/html; charset=utf-8");
        Self::new(text.into(), packed, media, policy, HeaderValue::from_static("no-cache"))
    }

    /// A feed or a map of the site, of this media type.
    #[must_use]
    pub fn xml(text: String, media: &'static str) -> Self {
        let packed = gzip(text.as_bytes());
        let media = HeaderValue::from_static(media);
        let policy = HeaderValue::from_static("default-src 'none'");
        Self::new(text.into(), packed, media, policy, HeaderValue::from_static("no-cache"))
    }

    /// A PNG picture, kept a day by whoever asks.
    #[must_use]
    pub fn png(bytes: Vec<u8>) -> Self {
        let media = HeaderValue::from_static("image/png");
        let policy = HeaderValue::from_static("default-src 'none'");
        let caching = HeaderValue::from_static("public, max-age=86400");
        Self::new(bytes.into(), None, media, policy, caching)
    }

    /// A script, kept for ever by whoever asks: its address changes with its bytes.
    #[must_use]
    pub fn script(text: &'static str) -> Self {
        let packed = gzip(text.as_bytes());
        let media = HeaderValue::from_static("text/javascript; charset=utf-8");
        let policy = HeaderValue::from_static("default-src 'none'");
        let caching = HeaderValue::from_static("public, max-age=31536000, immutable");
        Self::new(Bytes::from_static(text.as_bytes()), packed, media, policy, caching)
    }

    fn new(
        plain: Bytes,
        gzip: Option<Bytes>,
        media: HeaderValue,
        policy: HeaderValue,
        caching: HeaderValue,
    ) -> Self {
        let mut hash = sha256(&plain).to_string();
        hash.truncate(32);
        let quoted = |text: String| {
            HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static("\"\""))
        };
        let etag = quoted(format!("\"{hash}\""));
        let etag_gzip = quoted(format!("\"{hash}-gz\""));
        Self { plain, gzip, etag, etag_gzip, media, policy, caching }
    }

    /// The answer to a request with these headers: whole, compressed, or "you have it".
    #[must_use]
    pub fn answer(&self, asked: &HeaderMap) -> Response<Body> {
        let (body, etag) = match &self.gzip {
            Some(gzip) if takes_gzip(asked) => (gzip, &self.etag_gzip),
            _ => (&self.plain, &self.etag),
        };
        let mut answer = Response::new(Body::empty());
        let headers = answer.headers_mut();
        headers.reserve(HEADERS);
        headers.insert(header::ETAG, etag.clone());
        headers.insert(header::CACHE_CONTROL, self.caching.clone());
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        if has_it(asked, etag) {
            *answer.status_mut() = StatusCode::NOT_MODIFIED;
            return answer;
        }
        headers.insert(header::CONTENT_TYPE, self.media.clone());
        headers.insert(header::CONTENT_SECURITY_POLICY, self.policy.clone());
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
        if self.gzip.as_ref().is_some_and(|gzip| std::ptr::eq(gzip, body)) {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        *answer.body_mut() = Body::from(body.clone());
        answer
    }

    fn cost(&self) -> usize {
        self.plain.len() + self.gzip.as_ref().map_or(0, Bytes::len) + PAGE_OVERHEAD_BYTES
    }
}

/// Whether `gzip` is among the codings that the reader takes, and not refused by `q=0`.
fn takes_gzip(asked: &HeaderMap) -> bool {
    let Some(Ok(codings)) = asked.get(header::ACCEPT_ENCODING).map(HeaderValue::to_str) else {
        return false;
    };
    codings.split(',').any(|coding| {
        let (name, rest) = coding.split_once(';').unwrap_or((coding, ""));
        let refused = matches!(rest.trim().trim_end_matches('0'), "q=" | "q=0.");
        name.trim().eq_ignore_ascii_case("gzip") && !refused
    })
}

fn has_it(asked: &HeaderMap, etag: &HeaderValue) -> bool {
    let (Some(held), Ok(etag)) = (asked.get(header::IF_NONE_MATCH), etag.to_str()) else {
        return false;
    };
    let same = |tag: &str| {
        let tag = tag.trim();
        tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag
    };
    held.to_str().is_ok_and(|held| held.split(',').any(same))
}

/// The pages of the present head of the log.
#[derive(Default)]
pub struct PageCache {
    kept: RwLock<Kept>,
}

#[derive(Default)]
struct Kept {
    /// Counts the publications since the start.
    head: u64,
    bytes: usize,
    /// Each with the Unix second from which on it says something old.
    pages: HashMap<Lang, HashMap<String, (Arc<Page>, i64)>>,
}

impl PageCache {
    /// The page kept for `path` in `lang`; or the number of the head to render it for.
    ///
    /// # Errors
    /// The number to hand to [`PageCache::keep`], when the page is not kept.
    pub fn find(&self, path: &str, lang: Lang) -> Result<Arc<Page>, u64> {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        let page = kept.pages.get(&lang).and_then(|pages| pages.get(path));
        let page = page.filter(|(_, until)| *until == FOR_EVER || clock::unix_now() < *until);
        page.map(|(page, _)| Arc::clone(page)).ok_or(kept.head)
    }

    /// Keeps a page, until something is published or that Unix second comes; not if something was published since
    /// `head` was the head.
    pub fn keep(&self, head: u64, path: &str, lang: Lang, page: &Arc<Page>, until: i64) {
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        let cost = page.cost() + path.len();
        if kept.head != head || cost > KEPT_BYTES_MAX {
            return;
        }
        if kept.bytes + cost > KEPT_BYTES_MAX {
            kept.pages.clear();
            kept.bytes = 0;
        }
        let pages = kept.pages.entry(lang).or_default();
        if pages.insert(path.to_owned(), (Arc::clone(page), until)).is_none() {
            kept.bytes += cost;
        }
    }

    /// Drops every page: the log has a new head. Called after the view was extended.
    pub fn drop_all(&self) {
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        kept.head += 1;
        kept.bytes = 0;
        kept.pages.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(text: &str) -> Arc<Page> {
        Arc::new(Page::html(text.to_owned(), HeaderValue::from_static("default-src 'none'")))
    }

    fn asked(pairs: &[(header::HeaderName, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn a_publication_drops_every_page_and_one_rendered_before_it_is_not_kept() {
        let cache = PageCache::default();
        let head = cache.find("/", Lang::Zh).unwrap_err();
        cache.keep(head, "/", Lang::Zh, &page("old"), FOR_EVER);
        assert!(cache.find("/", Lang::Zh).is_ok());
        assert!(cache.find("/", Lang::En).is_err());
        cache.drop_all();
        assert!(cache.find("/", Lang::Zh).is_err());
        cache.keep(head, "/", Lang::Zh, &page("old"), FOR_EVER);
        assert!(cache.find("/", Lang::Zh).is_err());
    }

    #[test]
    fn a_page_whose_time_has_come_is_made_again() {
        let cache = PageCache::default();
        let head = cache.find("/", Lang::Zh).unwrap_err();
        cache.keep(head, "/", Lang::Zh, &page("later"), clock::unix_now() + 3600);
        assert!(cache.find("/", Lang::Zh).is_ok());
        cache.keep(head, "/", Lang::Zh, &page("now"), clock::unix_now());
        assert_eq!(cache.find("/", Lang::Zh).unwrap_err(), head);
    }

    #[test]
    fn the_cache_never_holds_more_than_its_bound() {
        let cache = PageCache::default();
        let big = page(&"x".repeat(KEPT_BYTES_MAX / 3));
        let head = cache.find("/", Lang::Zh).unwrap_err();
        for n in 0..5 {
            cache.keep(head, &format!("/r/{n}"), Lang::Zh, &big, FOR_EVER);
            assert!(cache.kept.read().unwrap().bytes <= KEPT_BYTES_MAX);
        }
    }

    #[test]
    fn a_reader_that_has_the_page_is_told_so_and_gzip_is_sent_only_when_taken() {
        let page = page(&"明白账".repeat(1000));
        let plain = page.answer(&HeaderMap::new());
        assert!(plain.headers().get(header::CONTENT_ENCODING).is_none());
        let packed = page.answer(&asked(&[(header::ACCEPT_ENCODING, "br, gzip;q=0.8")]));
        assert_eq!(packed.headers()[header::CONTENT_ENCODING], "gzip");
        let refused = page.answer(&asked(&[(header::ACCEPT_ENCODING, "gzip;q=0")]));
        assert!(refused.headers().get(header::CONTENT_ENCODING).is_none());
        let mut again = HeaderMap::new();
        again.insert(header::IF_NONE_MATCH, plain.headers()[header::ETAG].clone());
        assert_eq!(page.answer(&again).status(), StatusCode::NOT_MODIFIED);
        again.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        assert_eq!(page.answer(&again).status(), StatusCode::OK);
    }
}
