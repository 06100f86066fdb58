//! Numbers for whoever watches the server, as Prometheus reads them. Counted by kind of path only:
//! nothing here says who asked, or for what.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use rusqlite::Connection;

use crate::app::App;
use crate::clock;
use crate::error::{Error, Result};

/// Kinds of paths.
const KINDS: [&str; 9] =
    ["log", "content", "picture", "api", "office", "page", "wechat", "health", "unknown"];
/// Kinds of answers, by the first digit of their status.
const STATUSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];
/// Upper bounds of the classes of answering time, in microseconds.
const BOUNDS_MICROS: [u64; 9] =
    [1_000, 5_000, 10_000, 25_000, 50_000, 100_000, 500_000, 1_000_000, 5_000_000];

/// What was counted since the server started.
#[derive(Default)]
pub struct Metrics {
    kinds: [Counts; KINDS.len()],
}

/// What was counted of one kind of path.
#[derive(Default)]
struct Counts {
    statuses: [AtomicU64; STATUSES.len()],
    /// Each answer in the narrowest class that holds it; slower than all of them: in none.
    times: [AtomicU64; BOUNDS_MICROS.len()],
    micros: AtomicU64,
}

/// The kind of a path, by the route that answers it.
fn kind(route: Option<&str>) -> usize {
    let name = match route {
        None => "unknown",
        Some("/healthz") => "health",
        Some(route) => match route.split('/').nth(1).unwrap_or_default() {
            "checkpoint" | "tile" => "log",
            "content" => "content",
            "blob" => "picture",
            "api" => "api",
            "office" => "office",
            "wechat" => "wechat",
            _ => "page",
        },
    };
    KINDS.iter().position(|kind| *kind == name).unwrap_or(KINDS.len() - 1)
}

impl Metrics {
    fn count(&self, kind: usize, status: StatusCode, took: Duration) {
        let counts = &self.kinds[kind];
        let class = usize::from(status.as_u16() / 100).clamp(1, STATUSES.len()) - 1;
        counts.statuses[class].fetch_add(1, Ordering::Relaxed);
        let micros = clock::micros(took);
        counts.micros.fetch_add(micros, Ordering::Relaxed);
        if let Some(bound) = BOUNDS_MICROS.iter().position(|bound| micros <= *bound) {
            counts.times[bound].fetch_add(1, Ordering::Relaxed);
        }
    }

    fn write(&self, text: &mut String) {
        head(text, "mingbai_requests_total", "counter", "Requests answered.");
        for (kind, counts) in KINDS.iter().zip(&self.kinds) {
            for (status, count) in STATUSES.iter().zip(&counts.statuses) {
                let count = count.load(Ordering::Relaxed);
                let labels = format!("route=\"{kind}\",status=\"{status}\"");
                line(text, &format!("mingbai_requests_total{{{labels}}}"), count);
            }
        }
        let name = "mingbai_request_seconds";
        head(text, name, "histogram", "Time until an answer began.");
        for (kind, counts) in KINDS.iter().zip(&self.kinds) {
            let mut sum = 0;
            for (bound, count) in BOUNDS_MICROS.iter().zip(&counts.times) {
                sum += count.load(Ordering::Relaxed);
                let bound = seconds(*bound);
                line(text, &format!("{name}_bucket{{route=\"{kind}\",le=\"{bound}\"}}"), sum);
            }
            let all: u64 = counts.statuses.iter().map(|count| count.load(Ordering::Relaxed)).sum();
            line(text, &format!("{name}_bucket{{route=\"{kind}\",le=\"+Inf\"}}"), all);
            let micros = seconds(counts.micros.load(Ordering::Relaxed));
            line(text, &format!("{name}_sum{{route=\"{kind}\"}}"), micros);
            line(text, &format!("{name}_count{{route=\"{kind}\"}}"), all);
        }
    }
}

/// Microseconds as seconds, exactly.
fn seconds(micros: u64) -> String {
    let text = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn head(text: &mut String, name: &str, kind: &str, help: &str) {
    let _infallible = write!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
}

fn line(text: &mut String, name: &str, value: impl std::fmt::Display) {
    let _infallible = writeln!(text, "{name} {value}");
}

/// What the database says now.
struct Now {
    size: u64,
    applied: u64,
    waiting: u64,
    sessions: u64,
    /// Seconds since 1970.
    last_publish: i64,
}

impl Now {
    fn read(c: &Connection) -> Result<Self> {
        let (size, applied): (u64, u64) = c
            .prepare_cached("SELECT size, applied FROM log")?
            .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let count = |sql: &str| -> Result<u64> {
            Ok(c.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
        };
        let published: String = c
            .prepare_cached("SELECT published FROM entry ORDER BY idx DESC LIMIT 1")?
            .query_row([], |row| row.get(0))?;
        let last: jiff::Timestamp =
            published.parse().map_err(|_| Error::Corrupt(format!("公布时间 {published}")))?;
        Ok(Self {
            size,
            applied,
            waiting: count("SELECT count(*) FROM submission WHERE state = 'received'")?,
            sessions: count("SELECT count(*) FROM session WHERE expires > unixepoch()")?,
            last_publish: last.as_second(),
        })
    }
}

/// Everything, in Prometheus' text form.
///
/// # Errors
/// When the database or the disk cannot be asked.
pub fn text(app: &App) -> Result<String> {
    let now = app.db.read(Now::read)?;
    let disk =
        rustix::fs::statvfs(app.data.path()).map_err(|e| Error::file(app.data.path())(e.into()))?;
    let mut text = String::new();
    app.metrics.write(&mut text);
    let mut gauge = |name: &str, help: &str, value: &dyn std::fmt::Display| {
        head(&mut text, name, "gauge", help);
        line(&mut text, name, value);
    };
    let publishes = u8::from(app.publisher.must_run().is_ok());
    gauge("mingbai_can_publish", "1 while the office takes and publishes.", &publishes);
    gauge("mingbai_writes_waiting", "Writes that wait for the database.", &app.db.waiting());
    gauge("mingbai_log_entries", "Entries of the log.", &now.size);
    gauge("mingbai_log_entries_applied", "Entries whose files are written.", &now.applied);
    gauge("mingbai_submissions_waiting", "Submissions to be decided.", &now.waiting);
    gauge("mingbai_last_publish_seconds", "When the newest entry came.", &now.last_publish);
    gauge("mingbai_sessions", "People of the office signed in.", &now.sessions);
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    gauge("mingbai_disk_free_bytes", "Room left for the data.", &free);
    Ok(text)
}

/// Counts every request, and notes it in the log where that is asked for (`debug`).
pub async fn measure(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    let kind = kind(route);
    let began = Instant::now();
    let answer = next.run(request).await;
    let took = began.elapsed();
    app.metrics.count(kind, answer.status(), took);
    // The kind of path only: an address may hold what somebody looked for.
    tracing::debug!(
        route = KINDS[kind],
        status = answer.status().as_u16(),
        micros = clock::micros(took),
        "answered"
    );
    answer
}

/// What is served on the address of its own.
pub fn router(app: Arc<App>) -> Router {
    Router::new().route("/metrics", get(show)).with_state(app)
}

async fn show(State(app): State<Arc<App>>) -> Response {
    let text = tokio::task::spawn_blocking(move || text(&app)).await;
    match text.unwrap_or_else(|_| Err(Error::Corrupt("metrics".into()))) {
        Ok(text) => ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text)
            .into_response(),
        Err(error) => error.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Office, wait};

    #[test]
    fn every_route_has_its_kind() {
        for (route, name) in [
            (Some("/checkpoint"), "log"),
            (Some("/tile/{*path}"), "log"),
            (Some("/content/{sha256}"), "content"),
            (Some("/office/login"), "office"),
            (Some("/"), "page"),
            (Some("/wechat/callback"), "wechat"),
            (Some("/healthz"), "health"),
            (None, "unknown"),
        ] {
            assert_eq!(KINDS[kind(route)], name, "{route:?}");
        }
    }

    #[test]
    fn times_are_counted_in_classes_that_add_up() {
        let metrics = Metrics::default();
        for micros in [900, 1_000, 1_001, 60_000_000] {
            metrics.count(0, StatusCode::OK, Duration::from_micros(micros));
        }
        let mut text = String::new();
        metrics.write(&mut text);
        for expected in [
            "mingbai_request_seconds_bucket{route=\"log\",le=\"0.001\"} 2\n",
            "mingbai_request_seconds_bucket{route=\"log\",le=\"0.005\"} 3\n",
            "mingbai_request_seconds_bucket{route=\"log\",le=\"5\"} 3\n",
            "mingbai_request_seconds_bucket{route=\"log\",le=\"+Inf\"} 4\n",
            "mingbai_request_seconds_sum{route=\"log\"} 60.002901\n",
            "mingbai_requests_total{route=\"log\",status=\"2xx\"} 4\n",
        ] {
            assert!(text.contains(expected), "{expected}{text}");
        }
    }

    #[test]
    fn the_state_of_the_office_is_told() {
        let office = Office::new();
        let app = office.open();
        wait(office.submit_whole(&app, 1));
        let text = text(&app).unwrap();
        for expected in [
            "mingbai_log_entries 4\n",
            "mingbai_log_entries_applied 4\n",
            "mingbai_submissions_waiting 1\n",
            "mingbai_can_publish 1\n",
            "mingbai_writes_waiting 0\n",
        ] {
            assert!(text.contains(expected), "{expected}{text}");
        }
        let value = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap().trim().parse::<i64>().unwrap()
        };
        let age = jiff::Timestamp::now().as_second() - value("mingbai_last_publish_seconds ");
        assert!((0..60).contains(&age), "{age}");
        assert!(value("mingbai_disk_free_bytes ") > 0);
        app.db.write_blocking(crate::seen::mark_restored).unwrap();
        assert!(super::text(&app).unwrap().contains("mingbai_can_publish 0\n"));
    }
}
