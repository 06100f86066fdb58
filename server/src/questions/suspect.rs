//! What looks like no question: the office sees it apart from the others, and decides. Nobody is followed to find it.

/// Why it looks like none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suspicion {
    /// It sends readers somewhere: an address, or a number to add.
    Link,
    /// The same text came again and again.
    Flood,
    /// It is made of very few characters, repeated.
    Noise,
}

/// From how many on the same text within a day is a flood.
pub const FLOOD: u64 = 3;
/// Characters from which on a text must have some variety.
const NOISE_CHARS_MIN: usize = 12;

impl Suspicion {
    /// The word in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Link => "link",
            Self::Flood => "flood",
            Self::Noise => "noise",
        }
    }

    /// The one that `word` names.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Link, Self::Flood, Self::Noise].into_iter().find(|one| one.as_str() == word)
    }
}

/// A text without blanks and marks, in lower case: what counts when texts are compared.
#[must_use]
pub fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// What is suspicious in a text, which came `before` times within a day.
#[must_use]
pub fn look(text: &str, before: u64) -> Option<Suspicion> {
    if before + 1 >= FLOOD {
        return Some(Suspicion::Flood);
    }
    let plain = plain(text);
    let lower = text.to_lowercase();
    let leads_away = ["http://", "https://", "www.", ".com", ".cn/", ".top", ".xyz", ".vip"];
    let calls =
        ["加微信", "加v", "加我v", "微信号", "加qq", "扣扣", "代开发票", "贷款", "兼职", "刷单"];
    if leads_away.iter().any(|sign| lower.contains(sign))
        || calls.iter().any(|sign| plain.contains(sign))
    {
        return Some(Suspicion::Link);
    }
    let chars = plain.chars().count();
    let kinds = plain.chars().collect::<std::collections::BTreeSet<_>>().len();
    if plain.is_empty() || chars >= NOISE_CHARS_MIN && kinds * 4 < chars {
        return Some(Suspicion::Noise);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_of_villagers_are_none_of_these() {
        for text in [
            "路灯修了两次吗？我只看到一次。",
            "这笔钱付给谁了",
            "12500元是不是写错了",
            "为什么5月和6月都买了办公用品?",
            "五金店是村主任亲戚开的吗",
        ] {
            assert_eq!(look(text, 0), None, "{text}");
        }
    }

    #[test]
    fn advertising_flooding_and_noise_are_seen() {
        assert_eq!(look("低息 贷-款 找我", 0), Some(Suspicion::Link));
        assert_eq!(look("看这里 HTTPS://a.example/1", 0), Some(Suspicion::Link));
        assert_eq!(look("加 微 信 abc123", 0), Some(Suspicion::Link));
        assert_eq!(look("哈哈哈哈哈哈哈哈哈哈哈哈哈哈", 0), Some(Suspicion::Noise));
        assert_eq!(look("！！！", 0), Some(Suspicion::Noise));
        assert_eq!(look("路灯修了几次", FLOOD - 1), Some(Suspicion::Flood));
        assert_eq!(plain("路灯，修了 几次？A"), "路灯修了几次a");
        for one in [Suspicion::Link, Suspicion::Flood, Suspicion::Noise] {
            assert_eq!(Suspicion::parse(one.as_str()), Some(one));
        }
    }
}
