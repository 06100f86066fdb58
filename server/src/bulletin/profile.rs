//! What the township's rules say about bulletins. The rules' file takes the place of these constants.

use ledger::content::Importance;

use crate::rules::Rules;

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

/// What of the township's rules bulletins go by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Days for which a bulletin is shown at least; emergencies are not.
    pub display_days_min: i64,
    /// Names and hosts of those who may be repeated (S59).
    pub sources: Vec<(String, String)>,
}

impl Profile {
    /// What these rules say.
    #[must_use]
    pub fn of(_rules: &Rules) -> Self {
        let source = |(name, host): &(&str, &str)| ((*name).to_owned(), (*host).to_owned());
        let sources = SOURCES.iter().map(source).collect();
        Self { display_days_min: DISPLAY_DAYS_MIN, sources }
    }

    /// The name of whoever publishes at this address, if they may be repeated.
    #[must_use]
    pub fn source_of(&self, url: &str) -> Option<String> {
        let host = host_of(url)?;
        let within = |of: &str| {
            host.strip_suffix(of).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        self.sources.iter().find(|(_, of)| within(of)).map(|(name, _)| name.clone())
    }
}

/// Whether the leader approves a bulletin of this column and importance (S58).
#[must_use]
pub fn needs_leader(_rules: &Rules, _column: &str, importance: Importance) -> bool {
    importance == Importance::Important
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
        let profile = Profile::of(&Rules);
        for good in ["https://www.gov.cn/a", "http://gov.cn", "https://a.b.gov.cn:8080/?x"] {
            assert_eq!(profile.source_of(good).as_deref(), Some("政府网站"), "{good}");
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
            assert_eq!(profile.source_of(bad), None, "{bad}");
        }
    }
}
