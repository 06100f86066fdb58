//! TLS as a browser sees it, with a certificate made on the spot.

use rcgen::CertifiedKey;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::*;
use crate::serve::stall::Stalls;
use crate::serve::{listen, serve};
use crate::testing::{Office, wait};
use crate::web::router::router;

struct Files {
    folder: tempfile::TempDir,
}

impl Files {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn certificate(&self) -> PathBuf {
        self.folder.path().join("cert.pem")
    }

    fn key(&self) -> PathBuf {
        self.folder.path().join("key.pem")
    }

    /// Writes a new certificate for `localhost`; answers who trusts it.
    fn renew(&self) -> TlsConnector {
        let CertifiedKey { cert, signing_key } =
            rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        fs::write(self.certificate(), cert.pem()).unwrap();
        fs::write(self.key(), signing_key.serialize_pem()).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(cert.der().clone()).unwrap();
        let provider = Arc::new(ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        TlsConnector::from(Arc::new(config))
    }

    fn load(&self) -> Result<Tls> {
        Tls::load(self.certificate(), self.key())
    }
}

/// One request over TLS; why not, if the certificate is not trusted.
async fn ask(to: std::net::SocketAddr, trust: &TlsConnector, head: &str) -> io::Result<String> {
    let stream = TcpStream::connect(to).await?;
    let mut stream = trust.connect("localhost".try_into().unwrap(), stream).await?;
    let request = format!("{head}\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

#[test]
fn requests_are_answered_and_a_renewed_certificate_is_taken_up_on_a_hangup() {
    let (office, files) = (Office::new(), Files::new());
    let first = files.renew();
    let tls = Arc::new(files.load().unwrap());
    let app = office.open();
    wait(async {
        let listener = listen("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        tls.reload_on_hangup().unwrap();
        let serving = serve(listener, Some(Arc::clone(&tls)), router(app), std::future::pending());
        tokio::spawn(serving);
        let get = "GET /checkpoint HTTP/1.1";
        let answer = ask(address, &first, get).await.unwrap();
        assert!(answer.contains("xinjie.example/log\n4\n"), "{answer}");
        // Who speaks plain HTTP is not answered in it, and harms nobody.
        let mut plain = TcpStream::connect(address).await.unwrap();
        plain.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        let mut answer = Vec::new();
        let _reset = plain.read_to_end(&mut answer).await;
        assert!(!answer.starts_with(b"HTTP"), "{answer:?}");

        // Files that are no certificate change nothing.
        fs::write(files.certificate(), "rubbish").unwrap();
        assert!(tls.reload().is_err());
        ask(address, &first, get).await.unwrap();
        let second = files.renew();
        assert!(ask(address, &second, get).await.is_err());
        let id = std::process::id().to_string();
        let sent = std::process::Command::new("kill").args(["-HUP", &id]).status().unwrap();
        assert!(sent.success());
        while ask(address, &second, get).await.is_err() {}
        assert!(ask(address, &first, get).await.is_err());
    });
}

#[test]
fn a_client_that_never_finishes_its_handshake_is_cut_off() {
    let files = Files::new();
    files.renew();
    let tls = files.load().unwrap();
    wait(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        // The beginning of a client's first message, and no more.
        client.write_all(&[0x16, 3, 1, 2, 0, 1, 0]).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        let ended = tls.accept(stream, Duration::from_millis(50)).await.unwrap_err();
        assert_eq!(ended.kind(), io::ErrorKind::TimedOut);
        let mut rest = Vec::new();
        assert_eq!(client.read_to_end(&mut rest).await.unwrap_or(0), 0);
    });
}

#[test]
fn a_head_that_never_ends_is_cut_off_inside_tls_too() {
    let files = Files::new();
    let trust = files.renew();
    let tls = Arc::new(files.load().unwrap());
    wait(async {
        let listener = listen("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let nothing = axum::Router::new();
        tokio::spawn(serve(listener, Some(tls), nothing, std::future::pending()));
        let stream = TcpStream::connect(address).await.unwrap();
        let mut stream = trust.connect("localhost".try_into().unwrap(), stream).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nHost: lo").await.unwrap();
        let mut rest = Vec::new();
        let ended = stream.read_to_end(&mut rest);
        let patience = crate::serve::Patience::REAL.head * 3;
        tokio::time::timeout(patience, ended).await.expect("it was not cut off").unwrap_or(0);
    });
}

#[test]
fn a_reader_that_takes_nothing_is_cut_off_inside_tls_too() {
    let files = Files::new();
    let trust = files.renew();
    let tls = files.load().unwrap();
    wait(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let connecting = trust.connect("localhost".try_into().unwrap(), stream);
        let (stream, _) = listener.accept().await.unwrap();
        let watched = Stalls::new(stream, Duration::from_millis(50));
        let accepting = tls.accept(watched, Duration::from_secs(60));
        let (idle, accepted) = tokio::join!(connecting, accepting);
        let (_idle, mut stream) = (idle.unwrap(), accepted.unwrap());
        let ended = loop {
            if let Err(error) = stream.write_all(&[0; 65_536]).await {
                break error;
            }
        };
        assert_eq!(ended.kind(), io::ErrorKind::TimedOut);
    });
}

#[test]
fn a_certificate_that_is_none_or_another_keys_is_refused() {
    let files = Files::new();
    files.renew();
    files.load().unwrap();
    let key = fs::read(files.key()).unwrap();
    files.renew();
    fs::write(files.key(), key).unwrap();
    assert!(matches!(files.load(), Err(e) if e.code() == "bad-certificate"));
    fs::write(files.key(), "").unwrap();
    assert!(matches!(files.load(), Err(e) if e.code() == "bad-certificate"));
    fs::remove_file(files.certificate()).unwrap();
    assert!(matches!(files.load(), Err(Error::File { .. })));
}
