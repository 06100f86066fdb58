//! TLS (rustls): the certificate, read anew on SIGHUP, and a handshake that has to come to its end.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::signal::unix::{SignalKind, signal};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::server::TlsStream;

use crate::error::{Error, Result};

/// What the server proves its name with.
pub struct Tls {
    certificate: PathBuf,
    key: PathBuf,
    config: RwLock<Arc<ServerConfig>>,
}

impl Tls {
    /// Reads a certificate with its chain and its key, both PEM.
    ///
    /// # Errors
    /// `bad-certificate`, or when a file cannot be read.
    pub fn load(certificate: PathBuf, key: PathBuf) -> Result<Self> {
        let config = RwLock::new(Arc::new(read(&certificate, &key)?));
        Ok(Self { certificate, key, config })
    }

    /// Reads both files again. Connections that are open keep what they have.
    ///
    /// # Errors
    /// As [`Tls::load`]; then the certificate of before stays.
    pub fn reload(&self) -> Result<()> {
        let config = Arc::new(read(&self.certificate, &self.key)?);
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = config;
        Ok(())
    }

    /// Reloads whenever the process gets a SIGHUP, as certbot's hook sends it.
    ///
    /// # Errors
    /// When the signal cannot be watched.
    pub fn reload_on_hangup(self: &Arc<Self>) -> io::Result<()> {
        let mut hangup = signal(SignalKind::hangup())?;
        let tls = Arc::clone(self);
        tokio::spawn(async move {
            while hangup.recv().await.is_some() {
                match tls.reload() {
                    Ok(()) => tracing::info!("the certificate was read again"),
                    Err(error) => tracing::error!(%error, "the old certificate stays in use"),
                }
            }
        });
        Ok(())
    }

    /// Shakes hands, within a time limit.
    ///
    /// # Errors
    /// `TimedOut`, and whatever the other side does wrong.
    pub async fn accept<S>(&self, stream: S, limit: Duration) -> io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let config = Arc::clone(&self.config.read().unwrap_or_else(PoisonError::into_inner));
        let shaken = tokio::time::timeout(limit, TlsAcceptor::from(config).accept(stream)).await;
        shaken.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }
}

fn read(certificate: &Path, key: &Path) -> Result<ServerConfig> {
    let bad = |path: &Path, why: String| {
        let message = format!("证书或密钥 {} 不能用：{why}", path.display());
        Error::refused("bad-certificate", message)
    };
    let pem = fs::read(certificate).map_err(Error::file(certificate))?;
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&pem)
        .collect::<std::result::Result<_, _>>()
        .map_err(|e| bad(certificate, e.to_string()))?;
    let pem = fs::read(key).map_err(Error::file(key))?;
    let secret = PrivateKeyDer::from_pem_slice(&pem).map_err(|e| bad(key, e.to_string()))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|config| config.with_no_client_auth().with_single_cert(chain, secret))
        .map_err(|e| bad(certificate, e.to_string()))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

#[cfg(test)]
mod tests;
