//! Refusals: what WeChat answers instead of what it was asked for, in words that say what to do.

use crate::error::Error;

/// Characters of WeChat's own words that are repeated.
const WORDS_MAX: usize = 120;

/// The code of an error that no further try mends: that person does not want to be told, or is not known any more.
pub const UNREACHABLE: &str = "wechat-unreachable";

/// An answer with an `errcode` (公众平台全局返回码).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Its number.
    pub errcode: i64,
    /// WeChat's words for it.
    pub errmsg: String,
}

impl Refusal {
    /// Whether the access token does not count any more.
    #[must_use]
    pub fn is_stale_token(&self) -> bool {
        matches!(self.errcode, 40_001 | 40_014 | 42_001)
    }

    /// Whether nothing was done because WeChat is busy: asking again helps.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.errcode == -1
    }

    /// What to do about it.
    fn advice(&self) -> String {
        let fixed = match self.errcode {
            -1 => "微信系统繁忙，请稍后再试",
            40_001 => "app_secret 不对，或者接口凭证已失效",
            40_013 => "app_id 不对",
            40_014 | 42_001 => "接口凭证已失效",
            40_003 => "没有这个用户",
            40_016..=40_020 | 40_022..=40_027 | 40_054 | 40_055 => {
                "菜单不合规定：个数、名字或网址太长"
            }
            40_035 | 40_053 | 47_001 => "参数不合规定",
            40_037 => "没有这个订阅通知模板：请核对 [notice] 的 template",
            40_125 => "app_secret 不对：请在公众号后台重置后写进 wechat.toml",
            40_164 => return self.not_listed(),
            40_243 => "app_secret 已被冻结：请在公众号后台解冻",
            43_004 => "用户没有关注公众号",
            43_101 => "用户没有订阅这种通知",
            43_107 => "公众号的订阅通知已被停用",
            45_009 => "今天的调用次数已用完：请明天再试，或在公众号后台清零",
            45_011 => "调用太频繁：请一分钟后再试",
            47_003 => "模板的字段不对：请核对 [notice] 里的字段名",
            48_001 => "公众号没有这个接口的权限：要经过认证的服务号",
            50_007 => "公众号已被冻结",
            89_503 | 89_506 | 89_507 => "公众号管理员还没有同意本机的 IP：请在管理员微信上确认",
            _ => return self.errmsg.chars().take(WORDS_MAX).collect(),
        };
        fixed.to_owned()
    }

    /// The address that WeChat saw, to be copied into the list.
    fn not_listed(&self) -> String {
        let is_address = |word: &&str| word.parse::<std::net::IpAddr>().is_ok();
        let seen = self.errmsg.split([' ', ',']).find(is_address).unwrap_or("本机的 IP");
        format!("微信看到的地址 {seen} 不在白名单里：请在公众号后台“IP 白名单”加上它")
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        let code = match refusal.errcode {
            -1 => "wechat-busy",
            40_001 | 40_013 | 40_125 | 40_243 => "wechat-secret",
            40_003 | 43_004 | 43_101 => UNREACHABLE,
            40_014 | 42_001 => "wechat-token",
            40_164 | 89_503 | 89_506 | 89_507 => "wechat-address",
            45_009 | 45_011 => "wechat-quota",
            _ => "wechat",
        };
        Self::refused(code, format!("微信：{}（{}）", refusal.advice(), refusal.errcode))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_says_what_to_do() {
        for (errcode, errmsg, code, said) in [
            (
                40_164,
                "invalid ip 203.0.113.9 ipv6 ::ffff:203.0.113.9, not in whitelist rid: 6",
                "wechat-address",
                "203.0.113.9",
            ),
            (40_164, "", "wechat-address", "白名单"),
            (40_001, "invalid credential", "wechat-secret", "app_secret"),
            (45_009, "reach max api daily quota limit", "wechat-quota", "明天"),
            (42_001, "access_token expired", "wechat-token", "失效"),
            (48_001, "api unauthorized", "wechat", "认证"),
            (99_999, "something new", "wechat", "something new（99999）"),
        ] {
            let error = Error::from(Refusal { errcode, errmsg: errmsg.into() });
            assert_eq!(error.code(), code);
            assert!(error.to_string().contains(said), "{error}");
        }
    }
}
