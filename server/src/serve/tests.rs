//! Promises of the server over a real connection.

use std::sync::Arc;

use axum::routing::get;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::sync::oneshot;

use super::*;
use crate::app::App;
use crate::photo::tests::jpeg;
use crate::testing::{Office, wait};
use crate::web::answer::Times;
use crate::web::router::{router, router_within};

struct Running {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    ended: tokio::task::JoinHandle<Result<()>>,
}

async fn start(router: Router) -> Running {
    start_with(router, Patience::REAL).await
}

async fn start_with(router: Router, patience: Patience) -> Running {
    let listener = listen("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let ended = tokio::spawn(serve_with(listener, None, router, patience, async {
        drop(stopped.await);
    }));
    Running { address, stop, ended }
}

/// Sends a request and reads until the server closes.
async fn ask(running: &Running, head: &str, body: &[u8]) -> (String, Vec<u8>) {
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    let head = format!("{head}\r\nHost: x\r\nConnection: close\r\n\r\n");
    let request = [head.as_bytes(), body].concat();
    let mut sent = 0;
    while sent < request.len() {
        sent += std::future::poll_fn(|c| {
            std::pin::Pin::new(&mut stream).poll_write(c, &request[sent..])
        })
        .await
        .unwrap();
    }
    let mut answer = Vec::new();
    loop {
        let mut space = [0; 65_536];
        let mut buffer = ReadBuf::new(&mut space);
        let read = |c: &mut std::task::Context<'_>| {
            std::pin::Pin::new(&mut stream).poll_read(c, &mut buffer)
        };
        std::future::poll_fn(read).await.unwrap();
        if buffer.filled().is_empty() {
            break;
        }
        answer.extend_from_slice(buffer.filled());
    }
    let cut = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let body = answer.split_off(cut + 4);
    (String::from_utf8(answer).unwrap(), body)
}

fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

async fn serve_office(app: &Arc<App>) -> Running {
    start(router(Arc::clone(app))).await
}

#[test]
fn nothing_new_costs_less_than_512_bytes() {
    let office = Office::new();
    let app = office.open();
    wait(async {
        let running = serve_office(&app).await;
        let (head, body) = ask(&running, "GET /checkpoint HTTP/1.1", b"").await;
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        assert!(body.starts_with(b"xinjie.example/log\n4\n"));
        let tag = field(&head, "etag").unwrap();
        let request = format!("GET /checkpoint HTTP/1.1\r\nIf-None-Match: {tag}");
        let (head, body) = ask(&running, &request, b"").await;
        assert!(head.starts_with("HTTP/1.1 304"), "{head}");
        assert!(head.len() + request.len() + 60 <= 512, "{head}");
        assert!(body.is_empty());
    });
}

#[test]
fn bundles_are_served_whole_in_part_packed_and_as_a_head() {
    let office = Office::new();
    let app = office.open();
    wait(async {
        let running = serve_office(&app).await;
        let file = std::fs::read(app.data.public().join("tile/entries/000.p/4")).unwrap();
        let get = "GET /tile/entries/000.p/4 HTTP/1.1";
        let (head, body) = ask(&running, get, b"").await;
        assert_eq!(body, file);
        assert_eq!(field(&head, "cache-control"), Some("public, max-age=31536000, immutable"));
        let from = file.len() / 2;
        let part = format!("{get}\r\nRange: bytes={from}-\r\nAccept-Encoding: gzip");
        let (head, body) = ask(&running, &part, b"").await;
        assert!(head.starts_with("HTTP/1.1 206"), "{head}");
        assert_eq!(body, &file[from..]);
        let (head, body) = ask(&running, &format!("{get}\r\nAccept-Encoding: gzip"), b"").await;
        assert_eq!(field(&head, "content-encoding"), Some("gzip"));
        let mut unpacked = Vec::new();
        let mut reader = flate2::read::GzDecoder::new(&body[..]);
        std::io::Read::read_to_end(&mut reader, &mut unpacked).unwrap();
        assert_eq!(unpacked, file);
        let (head, body) = ask(&running, &get.replace("GET", "HEAD"), b"").await;
        assert_eq!(field(&head, "content-length"), Some(file.len().to_string().as_str()));
        assert!(body.is_empty());
        for absent in ["/tile/0/001", "/tile/../../keys/log.key", "/blob/x", "/content/bundle/9"] {
            let (head, _) = ask(&running, &format!("GET {absent} HTTP/1.1"), b"").await;
            assert!(head.starts_with("HTTP/1.1 404"), "{absent}: {head}");
        }
    });
}

#[test]
fn a_receipt_goes_in_over_http_and_its_picture_comes_out() {
    let office = Office::new();
    let app = office.open();
    wait(async {
        let running = serve_office(&app).await;
        let picture = jpeg(1);
        let (note, body) = office.receipt(1, std::slice::from_ref(&picture));
        let json = serde_json::json!({"statement": note, "content": body}).to_string();
        let post = format!("POST /api/submissions HTTP/1.1\r\nContent-Length: {}", json.len());
        let (head, body) = ask(&running, &post, json.as_bytes()).await;
        assert!(head.starts_with("HTTP/1.1 202"), "{head}");
        let status: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(status["state"], "incomplete");
        let hash = status["missing"][0].as_str().unwrap();
        let (head, _) = ask(&running, &format!("HEAD /api/blobs/{hash} HTTP/1.1"), b"").await;
        assert_eq!(field(&head, "upload-offset"), Some("0"));
        let total = picture.len();
        let patch = format!(
            "PATCH /api/blobs/{hash} HTTP/1.1\r\nUpload-Offset: 0\r\nUpload-Length: {total}\r\n\
             Content-Length: {total}"
        );
        let (head, _) = ask(&running, &patch, &picture).await;
        assert!(head.starts_with("HTTP/1.1 204"), "{head}");
        assert_eq!(field(&head, "upload-offset"), Some(total.to_string().as_str()));
        let (head, _) = ask(&running, &format!("GET /blob/{hash} HTTP/1.1"), b"").await;
        assert!(head.starts_with("HTTP/1.1 404"), "not yet published: {head}");
        let id = status["id"].as_str().unwrap().to_owned();
        crate::review::publish(&app, &[id], &office.reviewer).await.unwrap();
        let (head, body) = ask(&running, &format!("GET /blob/{hash} HTTP/1.1"), b"").await;
        assert_eq!(field(&head, "content-type"), Some("image/jpeg"));
        assert_eq!(body, picture);
    });
}

#[test]
fn a_bad_request_is_answered_in_one_line_of_json() {
    let office = Office::new();
    let app = office.open();
    wait(async {
        let running = serve_office(&app).await;
        let big = vec![b' '; 300_000];
        for (body, status) in [
            (&b"rubbish"[..], "400"),
            (b"{}", "400"),
            (b"{\"statement\":\"\"}", "400"),
            (&big, "413"),
        ] {
            let post = format!("POST /api/submissions HTTP/1.1\r\nContent-Length: {}", body.len());
            let (head, body) = ask(&running, &post, body).await;
            assert!(head.starts_with(&format!("HTTP/1.1 {status}")), "{head}");
            let refusal: serde_json::Value = serde_json::from_slice(&body).unwrap();
            assert!(refusal["error"].is_string() && refusal["message"].is_string());
        }
    });
}

#[test]
fn whether_the_office_publishes_is_told_in_one_line_and_numbers_are_not_public() {
    let office = Office::new();
    let app = office.open();
    let restored = Arc::clone(&app);
    wait(async {
        let running = serve_office(&app).await;
        let health = "GET /healthz HTTP/1.1";
        let (head, body) = ask(&running, health, b"").await;
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        assert_eq!(body, b"ok 4\n");
        let numbers = start(crate::metrics::router(Arc::clone(&app))).await;
        let get = "GET /metrics HTTP/1.1";
        let (_, text) = ask(&numbers, get, b"").await;
        let counted = "mingbai_requests_total{route=\"health\",status=\"2xx\"} 1\n";
        assert!(String::from_utf8(text).unwrap().contains(counted));
        assert!(ask(&running, get, b"").await.0.starts_with("HTTP/1.1 404"));
        let mark = move || restored.db.write_blocking(crate::seen::mark_restored);
        tokio::task::spawn_blocking(mark).await.unwrap().unwrap();
        let (head, body) = ask(&running, health, b"").await;
        assert!(head.starts_with("HTTP/1.1 503"), "{head}");
        let line = String::from_utf8(body).unwrap();
        assert!(line.starts_with("restored ") && line.lines().count() == 1, "{line}");
    });
}

#[test]
fn stopping_lets_a_request_finish_and_refuses_new_ones() {
    wait(async {
        let (go, gone) = oneshot::channel::<()>();
        let (arrived, at_handler) = oneshot::channel::<()>();
        let parts = Arc::new(std::sync::Mutex::new(Some((gone, arrived))));
        let slow = move || async move {
            let (gone, arrived) = parts.lock().unwrap().take().unwrap();
            arrived.send(()).unwrap();
            drop(gone.await);
            "done"
        };
        let running = start(Router::new().route("/", get(slow))).await;
        let address = running.address;
        let Running { stop, ended, .. } = running;
        let asking = tokio::spawn(async move {
            let (stop, _) = oneshot::channel();
            let ended = tokio::spawn(async { Ok(()) });
            ask(&Running { address, stop, ended }, "GET / HTTP/1.1", b"").await
        });
        at_handler.await.unwrap();
        stop.send(()).unwrap();
        go.send(()).unwrap();
        assert_eq!(asking.await.unwrap().1, b"done");
        ended.await.unwrap().unwrap();
        assert!(TcpStream::connect(address).await.is_err());
    });
}

/// Little enough for a test, and far from what the system itself would do.
const SHORT: Patience = Patience {
    head: Duration::from_millis(150),
    handshake: Duration::from_millis(150),
    stall: Duration::from_millis(150),
};
/// How long a test waits for what should come at once.
const SOON: Duration = Duration::from_secs(20);

/// Sends `head`, then one byte of `rest` after another, slowly, until the server has had enough; gives what it said.
async fn dribble(address: SocketAddr, head: &str, rest: &'static [u8]) -> String {
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut reader, mut writer) = stream.into_split();
    writer.write_all(head.as_bytes()).await.unwrap();
    let writing = tokio::spawn(async move {
        let mut slowly = tokio::time::interval(Duration::from_millis(20));
        for byte in rest.iter().cycle() {
            slowly.tick().await;
            if writer.write_all(&[*byte]).await.is_err() {
                break;
            }
        }
    });
    let mut said = Vec::new();
    let ended = tokio::time::timeout(SOON, reader.read_to_end(&mut said)).await;
    writing.abort();
    let _reset = ended.expect("it waits for ever");
    String::from_utf8(said).unwrap()
}

/// Defence: `header_read_timeout` in serve.rs.
#[test]
fn a_head_that_dribbles_or_never_begins_is_cut_off() {
    wait(async {
        let running = start_with(Router::new().route("/", get(|| async { "done" })), SHORT).await;
        for head in ["", "GET / HTTP/1.1\r\nx: ", "GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HT"] {
            let said = dribble(running.address, head, b"a").await;
            assert_eq!(said.contains("done"), head.contains("Host"), "{said}");
        }
        let mut silent = TcpStream::connect(running.address).await.unwrap();
        let read = tokio::time::timeout(SOON, silent.read(&mut [0; 9])).await;
        assert_eq!(read.expect("it waits for ever").unwrap_or(0), 0);
    });
}

/// Defence: `in_time` in answer.rs.
#[test]
fn a_body_that_dribbles_is_answered_and_cut_off() {
    let office = Office::new();
    let app = office.open();
    wait(async {
        let short = Duration::from_millis(150);
        let times = Times { request: short, piece: short, upload: short };
        let running = start(router_within(Arc::clone(&app), times)).await;
        for (path, kind) in [
            ("/office/login", "application/x-www-form-urlencoded"),
            ("/api/submissions", "application/json"),
        ] {
            for length in ["Content-Length: 9999", "Transfer-Encoding: chunked"] {
                let head = format!(
                    "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\n{length}\r\n\r\n"
                );
                let said = dribble(running.address, &head, b"1\r\na\r\n").await;
                assert!(said.starts_with("HTTP/1.1 408"), "{path} {length}: {said}");
            }
        }
    });
}

/// A body without an end; the sender goes when it is dropped.
struct Endless {
    _alive: oneshot::Sender<()>,
}

impl hyper::body::Body for Endless {
    type Data = bytes::Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<std::result::Result<hyper::body::Frame<Self::Data>, Self::Error>>>
    {
        let piece = bytes::Bytes::from_static(&[b'a'; 65_536]);
        std::task::Poll::Ready(Some(Ok(hyper::body::Frame::data(piece))))
    }
}

/// Defence: `Stalls` around the connection in serve.rs.
#[test]
fn who_asks_and_reads_nothing_is_cut_off() {
    wait(async {
        let (alive, gone) = oneshot::channel();
        let body = std::sync::Mutex::new(Some(Endless { _alive: alive }));
        let body = Arc::new(body);
        let give =
            move || async move { axum::body::Body::new(body.lock().unwrap().take().unwrap()) };
        let running = start_with(Router::new().route("/", get(give)), SHORT).await;
        let mut idle = TcpStream::connect(running.address).await.unwrap();
        idle.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        let ended = tokio::time::timeout(SOON, gone).await.expect("it is served for ever");
        assert!(ended.is_err());
    });
}

/// Defence: `Peer` is what `serve` says, not what the asker writes.
#[test]
fn the_address_of_the_connection_is_known_to_the_handlers() {
    wait(async {
        let tell = |axum::Extension(peer): axum::Extension<Peer>| async move { peer.0.to_string() };
        let running = start(Router::new().route("/", get(tell))).await;
        let (_, said) = ask(&running, "GET / HTTP/1.1\r\nX-Forwarded-For: 192.0.2.1", b"").await;
        assert_eq!(said, b"127.0.0.1");
    });
}
