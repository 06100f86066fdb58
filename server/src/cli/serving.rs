//! `serve`: the server with everything that listens.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use super::Data;
use crate::app::App;
use crate::error::{Error, Result};
use crate::serve::{self, Tls};
use crate::{codes, daily, metrics, web, witnesses};

/// What not every server needs.
#[derive(Args)]
pub(super) struct Extra {
    /// 证书（PEM，含中间证书）；不给则用明文 HTTP，由前面的代理加密
    #[arg(long, value_name = "FILE", env = "MINGBAI_TLS_CERT", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// 证书的私钥（PEM）；换证书后发 SIGHUP 重新读取
    #[arg(long, value_name = "FILE", env = "MINGBAI_TLS_KEY", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// 前面有代理：相信它写的 X-Forwarded-For（最后一个地址）。直接对外时不要给
    #[arg(long, env = "MINGBAI_BEHIND_PROXY")]
    behind_proxy: bool,
    /// 运行指标（Prometheus）的监听地址，只能是本机：如 127.0.0.1:9100
    #[arg(long, value_name = "ADDRESS", env = "MINGBAI_METRICS")]
    metrics: Option<SocketAddr>,
}

pub(super) fn run(
    data: &Data,
    listen: SocketAddr,
    public_url: Option<String>,
    extra: Extra,
) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Error::file("tokio"))?;
    runtime.block_on(async {
        let tls = extra.tls_cert.zip(extra.tls_key).map(|(cert, key)| Tls::load(cert, key));
        let tls = tls.transpose()?.map(Arc::new);
        let listener = open(listen)?;
        let address = listener.local_addr().map_err(|e| cannot(listen, &e))?;
        let watched = extra.metrics.map(only_here).transpose()?;
        let stop = serve::stop_signal().map_err(Error::file("signals"))?;
        if let Some(tls) = &tls {
            tls.reload_on_hangup().map_err(Error::file("signals"))?;
        }
        let url = format!("{}://{address}", if tls.is_some() { "https" } else { "http" });
        let public_url = public_url.unwrap_or_else(|| url.clone());
        let at = data.at();
        let opened = tokio::task::spawn_blocking(move || App::open(at, public_url)).await;
        let mut app = opened.unwrap_or_else(|_| Err(Error::Corrupt("启动时出错".into())))?;
        app.limits.behind_proxy = extra.behind_proxy;
        let app = Arc::new(app);
        if let Some(watched) = watched {
            let numbers = metrics::router(Arc::clone(&app));
            // It ends with the program: nothing of it needs to be finished.
            tokio::spawn(serve::serve(watched, None, numbers, std::future::pending()));
        }
        tokio::spawn(daily::run(Arc::clone(&app)));
        tokio::spawn(codes::look(Arc::clone(&app)));
        tokio::spawn(witnesses::run(Arc::clone(&app)));
        let router = web::router::router(app);
        println!("listening on {url}");
        std::io::stdout().flush().map_err(Error::file("stdout"))?;
        serve::serve(listener, tls, router, stop).await
    })
}

/// Listens where nobody outside of this machine can ask.
fn only_here(address: SocketAddr) -> Result<tokio::net::TcpListener> {
    if address.ip().is_loopback() {
        return open(address);
    }
    let message = format!("--metrics {address} 不是本机地址：请用 127.0.0.1 或 [::1]");
    Err(Error::refused("listen", message))
}

pub(super) fn open(address: SocketAddr) -> Result<tokio::net::TcpListener> {
    serve::listen(address).map_err(|e| cannot(address, &e))
}

fn cannot(address: SocketAddr, why: &std::io::Error) -> Error {
    Error::refused("listen", format!("无法在 {address} 监听：{why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_not_served_to_others() {
        let refused = |address: &str| only_here(address.parse().unwrap()).unwrap_err().to_string();
        for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:9100"] {
            assert!(refused(address).contains("不是本机地址"), "{address}");
        }
    }
}
