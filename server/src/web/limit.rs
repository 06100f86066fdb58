//! How often one address may ask. Reading what is public is not limited: schools and halls share an address.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::error::Error;
use crate::web::office;
use crate::web::words::zh;

/// Addresses that are remembered, twice over.
const ADDRESSES_MAX: usize = 20_000;

/// So many at once, then one every `period`.
struct Rate {
    burst: u32,
    period: Duration,
}

/// What is limited apart from each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    /// A password or a code.
    SignIn,
    /// A submission or a countersignature; one that is accepted costs nothing.
    Submission,
    /// A piece of a picture; one that is accepted costs nothing.
    Piece,
    /// A question, or a look at a slip.
    Question,
    /// Everything else that is not public reading.
    Other,
}

impl Kind {
    /// What a request counts as; none: it is not limited.
    fn of(method: &Method, path: &str) -> Option<Self> {
        let reads = *method == Method::GET || *method == Method::HEAD;
        let inside = |root: &str| {
            path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        if *method == Method::POST && inside("/office/login") {
            Some(Self::SignIn)
        } else if *method == Method::POST && inside("/api/submissions") {
            Some(Self::Submission)
        } else if *method == Method::PATCH && inside("/api/blobs") {
            Some(Self::Piece)
        } else if *method == Method::POST
            && (inside("/ask/send") || inside("/slip") || path == "/api/questions")
        {
            Some(Self::Question)
        } else if !reads || inside("/office") || inside("/api") {
            Some(Self::Other)
        } else {
            None
        }
    }

    const fn rate(self) -> Rate {
        let (burst, millis) = match self {
            // A town hall signs in from one address in the morning.
            Self::SignIn => (100, 3_000),
            Self::Submission => (500, 200),
            Self::Piece => (2_000, 50),
            // A village hall's screen and phones share an address.
            Self::Question => (40, 20_000),
            Self::Other => (3_000, 10),
        };
        Rate { burst, period: Duration::from_millis(millis) }
    }

    /// Whether what went well is taken off the count: those who may send are known by their keys.
    const fn forgives(self) -> bool {
        matches!(self, Self::Submission | Self::Piece)
    }
}

/// The address that a connection came from.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

type Key = (Kind, Ipv6Addr);

/// What addresses asked lately: for each, the moment at which all that it asked is paid for (the generic cell rate
/// algorithm). Whoever is not in the newer map is looked for in the older one; when the newer one is full it becomes the
/// older one, so memory is bounded whoever asks.
#[derive(Default)]
struct Seen {
    newer: HashMap<Key, Instant>,
    older: HashMap<Key, Instant>,
}

impl Seen {
    fn paid(&self, key: &Key, now: Instant) -> Instant {
        let found = self.newer.get(key).or_else(|| self.older.get(key));
        found.map_or(now, |paid| (*paid).max(now))
    }

    fn set(&mut self, key: Key, paid: Instant) {
        if self.newer.len() >= ADDRESSES_MAX && !self.newer.contains_key(&key) {
            self.older = std::mem::take(&mut self.newer);
        }
        self.newer.insert(key, paid);
    }
}

/// The limits of one server.
#[derive(Default)]
pub struct Limits {
    /// Whether a proxy stands in front, whose word on the address counts.
    pub behind_proxy: bool,
    seen: Mutex<Seen>,
}

impl Limits {
    /// Counts one more request.
    ///
    /// # Errors
    /// How long to wait, when there were too many.
    fn count(&self, key: Key, now: Instant) -> Result<(), Duration> {
        let Rate { burst, period } = key.0.rate();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let paid = seen.paid(&key, now) + period;
        let ahead = paid.duration_since(now);
        if ahead > period * burst {
            return Err(ahead - period * burst);
        }
        seen.set(key, paid);
        Ok(())
    }

    /// Takes one request off the count.
    fn forgive(&self, key: Key, now: Instant) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let paid = seen.paid(&key, now);
        seen.set(key, paid.checked_sub(key.0.rate().period).unwrap_or(now));
    }

    /// Whom a request is counted for: its address, or what the proxy says of it. An IPv6 customer has a whole /64.
    fn asker(&self, request: &Request) -> Ipv6Addr {
        let peer = request.extensions().get::<Peer>().map(|peer| peer.0);
        let said = if self.behind_proxy { forwarded(request.headers()) } else { None };
        match said.or(peer).map(|address| address.to_canonical()) {
            None => Ipv6Addr::UNSPECIFIED,
            Some(IpAddr::V4(address)) => address.to_ipv6_mapped(),
            Some(IpAddr::V6(address)) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64),
        }
    }
}

/// The address that the proxy itself saw: the last one. Those before it are whatever the asker wrote.
fn forwarded(headers: &HeaderMap) -> Option<IpAddr> {
    let line = headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?;
    line.rsplit(',').next()?.trim().parse().ok()
}

/// Answers 429 where an address asks too often.
pub async fn limit(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let Some(kind) = Kind::of(request.method(), request.uri().path()) else {
        return next.run(request).await;
    };
    let key = (kind, app.limits.asker(&request));
    if let Err(wait) = app.limits.count(key, Instant::now()) {
        return too_many(&request, wait);
    }
    let answer = next.run(request).await;
    if kind.forgives() && answer.status().is_success() {
        app.limits.forgive(key, Instant::now());
    }
    answer
}

fn too_many(request: &Request, wait: Duration) -> Response {
    let uri = request.uri();
    let mut answer = if uri.path().starts_with("/api/") {
        Error::refused("too-many-requests", "请求太多：请稍等再试").into_response()
    } else {
        let text = zh("这个网络的请求太多：请稍等再试。");
        office::refused(uri, StatusCode::TOO_MANY_REQUESTS, text)
    };
    let seconds = HeaderValue::from(wait.as_secs() + 1);
    answer.headers_mut().insert(header::RETRY_AFTER, seconds);
    answer
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn from(limits: &Limits, peer: &str, forwarded: &[&str]) -> Ipv6Addr {
        let mut request = Request::new(Body::empty());
        request.extensions_mut().insert(Peer(peer.parse().unwrap()));
        for line in forwarded {
            request.headers_mut().append("x-forwarded-for", HeaderValue::from_str(line).unwrap());
        }
        limits.asker(&request)
    }

    #[test]
    fn an_address_is_the_connections_unless_a_proxy_is_trusted() {
        let open = Limits::default();
        let behind = Limits { behind_proxy: true, ..Limits::default() };
        let lie = ["203.0.113.9"];
        assert_eq!(from(&open, "192.0.2.1", &lie), from(&open, "192.0.2.1", &[]));
        assert_ne!(from(&behind, "127.0.0.1", &lie), from(&behind, "127.0.0.1", &[]));
        let last = from(&behind, "127.0.0.1", &["198.51.100.7, 203.0.113.9"]);
        assert_eq!(
            last,
            from(&behind, "127.0.0.1", &lie),
            "what the asker wrote itself is nothing"
        );
        let two = from(&behind, "127.0.0.1", &["198.51.100.7", "203.0.113.9"]);
        assert_eq!(two, last);
        assert_eq!(from(&behind, "192.0.2.1", &["rubbish"]), from(&open, "192.0.2.1", &[]));
        assert_eq!(from(&open, "::ffff:192.0.2.1", &[]), from(&open, "192.0.2.1", &[]));
        assert_eq!(from(&open, "2001:db8:1:2::1", &[]), from(&open, "2001:db8:1:2:3::4", &[]));
        assert_ne!(from(&open, "2001:db8:1:2::1", &[]), from(&open, "2001:db8:1:3::1", &[]));
    }

    #[test]
    fn a_burst_is_let_through_then_one_a_period_and_others_are_not_held_up() {
        let limits = Limits::default();
        let start = Instant::now();
        let (mine, other) = (Ipv6Addr::LOCALHOST, Ipv6Addr::UNSPECIFIED);
        for kind in [Kind::SignIn, Kind::Submission, Kind::Piece, Kind::Other] {
            let Rate { burst, period } = kind.rate();
            for _ in 0..burst {
                limits.count((kind, mine), start).unwrap();
            }
            assert_eq!(limits.count((kind, mine), start), Err(period));
            limits.count((kind, other), start).unwrap();
            let later = start + period;
            limits.count((kind, mine), later).unwrap();
            limits.count((kind, mine), later).unwrap_err();
            limits.forgive((kind, mine), later);
            limits.count((kind, mine), later).unwrap();
            limits.count((kind, mine), later).unwrap_err();
            let rested = start + period * (2 * burst);
            for _ in 0..burst {
                limits.count((kind, mine), rested).unwrap();
            }
            limits.count((kind, mine), rested).unwrap_err();
        }
    }

    #[test]
    fn memory_is_bounded_and_the_newest_addresses_are_remembered() {
        let limits = Limits::default();
        let now = Instant::now();
        for n in 0..5 * ADDRESSES_MAX as u128 {
            limits.count((Kind::SignIn, Ipv6Addr::from_bits(n)), now).unwrap();
        }
        let seen = limits.seen.lock().unwrap();
        assert!(seen.newer.len() <= ADDRESSES_MAX && seen.older.len() <= ADDRESSES_MAX);
        let last = (Kind::SignIn, Ipv6Addr::from_bits(5 * ADDRESSES_MAX as u128 - 1));
        assert!(seen.paid(&last, now) > now);
    }

    #[test]
    fn reading_what_is_public_is_never_counted() {
        let free =
            ["/", "/checkpoint", "/tile/0/000", "/content/x", "/blob/x", "/r/1", "/office.js"];
        for path in free {
            assert_eq!(Kind::of(&Method::GET, path), None, "{path}");
            assert_eq!(Kind::of(&Method::POST, path), Some(Kind::Other), "{path}");
        }
        for (method, path, kind) in [
            (Method::POST, "/office/login", Kind::SignIn),
            (Method::POST, "/office/login/code", Kind::SignIn),
            (Method::GET, "/office/login", Kind::Other),
            (Method::POST, "/api/submissions", Kind::Submission),
            (Method::POST, "/api/submissions/x/signatures", Kind::Submission),
            (Method::PATCH, "/api/blobs/x", Kind::Piece),
            (Method::HEAD, "/api/blobs/x", Kind::Other),
            (Method::GET, "/office", Kind::Other),
        ] {
            assert_eq!(Kind::of(&method, path), Some(kind), "{method} {path}");
        }
    }
}
