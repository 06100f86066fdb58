//! What the township's rules say about bulletins. The rules' file takes the place of these constants.

use ledger::content::Importance;

/// Days for which a bulletin is shown at least (Chongqing's rules, article 30).
const DISPLAY_DAYS_MIN: i64 = 10;
/// Official media that may be repeated: name and host; hosts below it count too.
const SOURCES: &[(&str, &str)] = &[
    ("政府网站", "gov.cn"),
    ("新华网", "xinhuanet.com"),
    ("新华网", "news.cn"),
    ("人民网", "people.com.cn"),
    ("央视网", "cctv.com"),
    ("光明网", "gmw.cn"),
];

/// Days for which a bulletin is shown at least; emergencies are not.
#[must_use]
pub fn display_days_min() -> i64 {
    DISPLAY_DAYS_MIN
}

/// Whether the leader approves a bulletin of this column and importance (S58).
#[must_use]
pub fn needs_leader(_column: &str, importance: Importance) -> bool {
    importance == Importance::Important
}

/// Names and hosts of those who may be repeated (S59).
#[must_use]
pub fn sources() -> Vec<(String, String)> {
    SOURCES.iter().map(|(name, host)| ((*name).to_owned(), (*host).to_owned())).collect()
}

/// The name of whoever publishes at this address, if they may be repeated.
#[must_use]
pub fn source_of(url: &str) -> Option<String> {
    let host = host_of(url)?;
    let within =
        |of: &str| host.strip_suffix(of).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    SOURCES.iter().find(|(_, of)| within(of)).map(|(name, _)| (*name).to_owned())
}

/// The host of an address as every browser would find it; none for anything unusual.
fn host_of(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#', '\\']).next()?;
    let (host, port) = authority.split_once(':').unwrap_or((authority, "443"));
    let host = host.to_ascii_lowercase();
    let plain = host.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.');
    let fits =
        matches!(scheme, "http" | "https") && plain && port.bytes().all(|b| b.is_ascii_digit());
    fits.then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_those_on_the_list_may_be_repeated() {
        for good in ["https://www.gov.cn/a", "http://gov.cn", "https://a.b.gov.cn:8080/?x"] {
            assert_eq!(source_of(good).as_deref(), Some("政府网站"), "{good}");
        }
        for bad in [
            "https://evilgov.cn/",
            "https://gov.cn.evil.example/",
            "https://evil.example/gov.cn",
            "https://gov.cn@evil.example/",
            "https://evil.example\\@gov.cn/",
            "javascript://gov.cn/",
            "gov.cn",
            "",
        ] {
            assert_eq!(source_of(bad), None, "{bad}");
        }
    }
}
