//! The log says what happened to the office and nothing about people: real requests, at the finest level.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};

use mingbai_server::app::App;
use mingbai_server::data::DataDir;
use mingbai_server::people::{self, Actor, Role};
use mingbai_server::{found, log, serve, web};

/// Keeps what was logged.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Sends one request; answers all that came back.
fn ask(address: SocketAddr, head: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let length = body.len();
    let rest = format!("Host: x\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}");
    stream.write_all(format!("{head}\r\n{rest}").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn serve_forever(app: Arc<App>) -> SocketAddr {
    let (told, address) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let listener = serve::listen("127.0.0.1:0".parse().unwrap()).unwrap();
            told.send(listener.local_addr().unwrap()).unwrap();
            let router = web::router::router(app);
            serve::serve(listener, None, router, std::future::pending()).await.unwrap();
        });
    });
    address.recv().unwrap()
}

const FORM: &str = "Content-Type: application/x-www-form-urlencoded";

#[test]
fn no_login_form_value_query_or_cookie_is_ever_logged() {
    let kept = Kept::default();
    let writer = kept.clone();
    let finest = tracing_subscriber::EnvFilter::new("trace");
    let subscriber = log::subscriber(log::Form::Json, finest, move || writer.clone());
    tracing::subscriber::set_global_default(subscriber).unwrap();

    let folder = tempfile::tempdir().unwrap();
    let data = DataDir::at(folder.path());
    found::found(&data, "新街镇", "xinjie.example/log", "341181107000".parse().unwrap()).unwrap();
    let app = Arc::new(App::open(data.clone(), "http://test".into()).unwrap());
    let (login, password) = ("zhoumin7431", "pass-word-9182");
    let new = people::NewAccount {
        login: login.into(),
        name: "周敏七四".into(),
        role: Role::Admin,
        village: None,
        password: password.into(),
    };
    people::add(&app.db, &new, &Actor::operator()).unwrap();
    let address = serve_forever(Arc::clone(&app));

    let enter = format!("login={login}&password={password}");
    let to = format!("POST /office/login?next=query-5521 HTTP/1.1\r\n{FORM}");
    let wrong = ask(address, &to, &format!("login={login}&password=wrong-guess-3370"));
    assert!(wrong.starts_with("HTTP/1.1 401"), "{wrong}");
    let entered = ask(address, &to, &enter);
    assert!(entered.starts_with("HTTP/1.1 303"), "{entered}");
    let cookie = entered.split_once("set-cookie: ").unwrap().1.split_once(';').unwrap().0;
    let (_, value) = cookie.split_once('=').unwrap();
    assert!(value.len() > 20);
    let page = ask(address, &format!("GET /office?q=query-5521 HTTP/1.1\r\nCookie: {cookie}"), "");
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    let returned = format!("POST /office/return HTTP/1.1\r\n{FORM}\r\nCookie: {cookie}");
    ask(address, &returned, "token=form-6610&id=x&reason=form-6610");
    ask(address, "POST /api/submissions?x=query-5521 HTTP/1.1", "{\"statement\":\"form-6610\"}");
    ask(address, "GET /nowhere?q=query-5521 HTTP/1.1\r\nX: cookie-8847", "");
    // Now that a table is gone the same requests fail inside the office, which is logged.
    let other = rusqlite::Connection::open(data.database()).unwrap();
    other.execute_batch("ALTER TABLE session RENAME TO gone").unwrap();
    let failed = ask(address, &to, &enter);
    assert!(failed.starts_with("HTTP/1.1 500"), "{failed}");
    let failed =
        ask(address, &format!("GET /office?q=query-5521 HTTP/1.1\r\nCookie: {cookie}"), "");
    assert!(failed.starts_with("HTTP/1.1 500"), "{failed}");

    let logged = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
    for line in logged.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(line["timestamp"].is_string() && line["level"].is_string(), "{line}");
    }
    for said in ["\"answered\"", "\"a request failed\"", "\"published\""] {
        assert!(logged.contains(said), "{said}: {logged}");
    }
    let secrets =
        [login, "周敏七四", password, "wrong-guess-3370", "query-5521", "form-6610", value];
    for secret in secrets.into_iter().chain(["cookie-8847"]) {
        let line = logged.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "{secret} was logged");
    }
}
