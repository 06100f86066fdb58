//! WeChat's signatures: SHA-1 over texts in byte order, and over the JS-SDK's four fields.

use ledger::encoding::hex;
use ledger::hash::sha256;
use sha1::{Digest, Sha1};

/// The signature of a callback: token, time and nonce, and in safe mode the sealed message (消息加解密说明).
#[must_use]
pub fn callback(parts: &[&str]) -> String {
    let mut parts = parts.to_vec();
    parts.sort_unstable();
    hex(&Sha1::digest(parts.concat()))
}

/// The signature that `wx.config` wants (JS-SDK 说明文档, appendix 1). The address is the page's own, as it stands.
#[must_use]
pub fn jssdk(ticket: &str, nonce: &str, timestamp: i64, url: &str) -> String {
    let text = format!("jsapi_ticket={ticket}&noncestr={nonce}&timestamp={timestamp}&url={url}");
    hex(&Sha1::digest(text))
}

/// Whether a signature that came is the right one. Compared as hashes: how long that takes then says nothing about it.
#[must_use]
pub fn is_same(came: &str, right: &str) -> bool {
    sha256(came.as_bytes()) == sha256(right.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_examples_come_out() {
        assert_eq!(
            callback(&["mptokenauth", "1510823015", "370631640"]),
            "141bf3cd6f3fae94b0ddae3fb98c19931e068341"
        );
        let sealed = "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ==";
        assert_eq!(
            callback(&["QDG6eK", "1409659589", "263014780", sealed]),
            "5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3"
        );
        let ticket = "sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3-Sl-HhTdfl2fzFy1AOcHKP7qg";
        let signed = |url| jssdk(ticket, "Wm3WZYTPz0wzccnW", 1_414_587_457, url);
        assert_eq!(signed("http://mp.weixin.qq.com"), "f4d90daf4b3bca3078ab155816175ba34c443a7b");
        assert_eq!(
            signed("http://mp.weixin.qq.com?params=value"),
            "0f9de62fce790f9a083d5c99e95740ceb90c27ed"
        );
    }

    #[test]
    fn the_order_of_what_is_signed_does_not_matter_and_every_letter_does() {
        let right = callback(&["token", "1510823015", "370631640"]);
        assert!(is_same(&right, &callback(&["370631640", "token", "1510823015"])));
        for wrong in ["", "x", &right.to_uppercase(), &right[..39]] {
            assert!(!is_same(wrong, &right), "{wrong}");
        }
    }
}
