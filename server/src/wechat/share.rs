//! Sharing: what `wx.config` needs on one of our own pages. The ticket itself never leaves the server.

use ledger::encoding::hex;

use super::signature;
use crate::error::{Error, Result};
use crate::random;

/// Bytes of the longest address that is signed.
const URL_BYTES_MAX: usize = 1_024;

/// What a page gives to `wx.config`, named as that wants it.
#[derive(Debug, PartialEq, Eq, serde::Serialize)]
pub struct Config {
    /// The account.
    #[serde(rename = "appId")]
    pub app_id: String,
    /// When it was signed, Unix seconds.
    pub timestamp: i64,
    /// A random word.
    #[serde(rename = "nonceStr")]
    pub nonce: String,
    /// The signature.
    pub signature: String,
}

impl Config {
    /// Signs an address that [`own_page`] gave.
    ///
    /// # Errors
    /// When there are no random numbers.
    pub fn sign(app_id: &str, ticket: &str, url: &str, now: i64) -> Result<Self> {
        let nonce = hex(&random::bytes::<8>()?);
        let signature = signature::jssdk(ticket, &nonce, now, url);
        Ok(Self { app_id: app_id.to_owned(), timestamp: now, nonce, signature })
    }
}

/// The address as it is signed: without what stands behind `#`, a bare domain with its slash.
///
/// # Errors
/// `bad-url` unless the page is below `base`.
pub fn own_page(url: &str, base: &str) -> Result<String> {
    let page = url.split('#').next().unwrap_or_default();
    let ours =
        page.strip_prefix(base).filter(|rest| rest.is_empty() || rest.starts_with(['/', '?']));
    let plain = page.len() <= URL_BYTES_MAX && page.bytes().all(|byte| byte.is_ascii_graphic());
    match ours {
        Some("") if plain => Ok(format!("{base}/")),
        Some(_) if plain => Ok(page.to_owned()),
        _ => Err(Error::refused("bad-url", "只为本站的页面签名")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "https://mingbai.example";

    #[test]
    fn only_pages_of_this_site_are_signed_without_their_fragment() {
        let own = |url: &str| own_page(url, BASE).ok();
        assert_eq!(
            own("https://mingbai.example/r/7?lang=en#top").unwrap(),
            "https://mingbai.example/r/7?lang=en"
        );
        assert_eq!(own("https://mingbai.example").unwrap(), "https://mingbai.example/");
        assert_eq!(own("https://mingbai.example/").unwrap(), "https://mingbai.example/");
        assert_eq!(own("https://mingbai.example?a=1").unwrap(), "https://mingbai.example?a=1");
        for bad in [
            "",
            "https://mingbai.example.evil.test/",
            "https://mingbai.example@evil.test/",
            "http://mingbai.example/",
            "/r/7",
            "https://mingbai.example/ r",
            "https://mingbai.example/村",
            &format!("{BASE}/{}", "a".repeat(URL_BYTES_MAX)),
        ] {
            assert_eq!(own(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_config_is_signed_over_what_it_says() {
        let config =
            Config::sign("wx1", "ticket", "https://mingbai.example/", 1_414_587_457).unwrap();
        let right =
            signature::jssdk("ticket", &config.nonce, 1_414_587_457, "https://mingbai.example/");
        assert_eq!(config.signature, right);
        let other =
            Config::sign("wx1", "ticket", "https://mingbai.example/", 1_414_587_457).unwrap();
        assert_ne!(config.nonce, other.nonce);
    }

    proptest::proptest! {
        #[test]
        fn nothing_that_is_signed_lies_elsewhere(url in "(https://mingbai\\.example)?[ -~]{0,40}") {
            if let Ok(page) = own_page(&url, BASE) {
                let rest = page.strip_prefix(BASE).unwrap();
                proptest::prop_assert!(rest.starts_with('/') || rest.starts_with('?'));
                proptest::prop_assert!(!page.contains('#'));
            }
        }
    }
}
