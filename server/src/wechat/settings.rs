//! The account's settings: `DATA/wechat.toml`, which holds secrets, so nobody but the service's account may read it.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use serde::Deserialize;

use super::seal::Seal;
use crate::data::DataDir;
use crate::durable;
use crate::error::{Error, Result};

/// Bytes of the largest file.
const FILE_BYTES_MAX: usize = 16 << 10;
/// Bits of a file's mode that let others at it.
const OTHERS: u32 = 0o077;
/// Where WeChat's interface is.
pub const API: &str = "https://api.weixin.qq.com";
/// Where the pictures of its codes are.
const PICTURES: &str = "https://mp.weixin.qq.com";

/// What the account was told, and what it told us.
pub struct Settings {
    /// The account's public number (开发者 ID).
    pub app_id: String,
    /// What lets us ask WeChat for something.
    pub app_secret: String,
    /// What its messages are signed with.
    pub token: String,
    /// What its messages are sealed with; none in plain mode.
    pub seal: Option<Seal>,
    /// The address of the pages, as bound in the account; no slash at the end.
    pub public_url: String,
    /// Where WeChat's interface is asked; no slash at the end.
    pub api_base: String,
    /// Whether pages may ask for the JS-SDK.
    pub jssdk: bool,
    /// How somebody is told that their question was answered, where the account has such a template.
    pub notice: Option<Template>,
}

/// A template of subscription notices (订阅通知) and which of its fields says what.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// Its number in the account.
    pub template: String,
    /// The field for the slip's number, such as `character_string1`.
    pub slip: String,
    /// The field for who answered, such as `thing2`.
    pub place: Option<String>,
    /// The field for the day, such as `date3`.
    pub day: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    app_id: String,
    app_secret: String,
    token: String,
    aes_key: Option<String>,
    public_url: String,
    api_base: Option<String>,
    #[serde(default)]
    jssdk: bool,
    notice: Option<Template>,
}

impl Settings {
    /// The settings of a data directory; none where the township has no account.
    ///
    /// # Errors
    /// `bad-wechat` when the file is open to others or not right.
    pub fn load(data: &DataDir) -> Result<Option<Self>> {
        let path = data.wechat();
        let mode = match fs::metadata(&path) {
            Ok(file) => file.mode(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::file(&path)(error)),
        };
        if mode & OTHERS != 0 {
            let path = path.display();
            let why = format!("{path} 里有密钥，别人也能读：请执行 chmod 600 {path}");
            return Err(Error::refused("bad-wechat", why));
        }
        let bytes = durable::read_at_most(&path, FILE_BYTES_MAX)?;
        Self::read(&bytes).map(Some).map_err(|why| bad(&path, &why))
    }

    /// Reads a file's bytes. What is wrong is said without what stands there: it may be a secret.
    ///
    /// # Errors
    /// What is wrong, in Chinese.
    pub fn read(bytes: &[u8]) -> std::result::Result<Self, String> {
        let text = std::str::from_utf8(bytes).map_err(|_| "不是 UTF-8 文本")?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let file: File = toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(text.len(), |span| span.start);
            let line = text.get(..at).unwrap_or(text).matches('\n').count() + 1;
            format!("第 {line} 行写得不对，或缺少 app_id、app_secret、token、public_url 中的一项")
        })?;
        file.checked()
    }

    /// Where the pictures of codes are fetched: beside the real interface, or from whatever stands in its place.
    #[must_use]
    pub fn pictures_base(&self) -> &str {
        if self.api_base == API { PICTURES } else { &self.api_base }
    }
}

impl File {
    fn checked(self) -> std::result::Result<Settings, String> {
        if !(self.app_id.starts_with("wx") && is_word(&self.app_id, 8, 32)) {
            return Err("app_id 应以 wx 开头，只有字母和数字".into());
        }
        if !is_word(&self.app_secret, 16, 64) {
            return Err("app_secret 应为 16 到 64 位字母和数字".into());
        }
        if !is_word(&self.token, 3, 32) {
            return Err("token 应为 3 到 32 位字母和数字".into());
        }
        let seal = self.aes_key.map(|key| {
            Seal::new(&key, &self.app_id)
                .ok_or("aes_key 应为 43 位字母和数字（公众号后台的 EncodingAESKey）")
        });
        Ok(Settings {
            seal: seal.transpose()?,
            public_url: address("public_url", &self.public_url)?,
            api_base: address("api_base", self.api_base.as_deref().unwrap_or(API))?,
            app_id: self.app_id,
            app_secret: self.app_secret,
            token: self.token,
            jssdk: self.jssdk,
            notice: self.notice.map(Template::checked).transpose()?,
        })
    }
}

impl Template {
    fn checked(self) -> std::result::Result<Self, String> {
        let fields: Vec<&String> = [Some(&self.slip), self.place.as_ref(), self.day.as_ref()]
            .into_iter()
            .flatten()
            .collect();
        let is_field =
            |name: &&String| name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if self.template.is_empty() || !fields.iter().all(|name| !name.is_empty() && is_field(name))
        {
            return Err("[notice] 里的 template 是模板编号，其余是模板里的字段名，如 thing2".into());
        }
        Ok(self)
    }

    /// The fields of one notice. A value is cut to what its kind of field takes.
    #[must_use]
    pub fn fields(&self, slip: &str, place: &str, day: &str) -> BTreeMap<&str, String> {
        let all = [
            (Some(self.slip.as_str()), slip),
            (self.place.as_deref(), place),
            (self.day.as_deref(), day),
        ];
        let named = all.into_iter().filter_map(|(name, value)| Some((name?, value)));
        named.map(|(name, value)| (name, value.chars().take(longest(name)).collect())).collect()
    }
}

/// Characters that a field of this name takes, as WeChat's page on 订阅消息 lists them.
fn longest(field: &str) -> usize {
    match field.trim_end_matches(|c: char| c.is_ascii_digit()) {
        "thing" => 20,
        "phrase" => 5,
        "name" => 10,
        _ => 32,
    }
}

fn is_word(text: &str, min: usize, max: usize) -> bool {
    (min..=max).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// An address without the slash at its end. What goes over it is secret: only this machine is asked in the clear.
fn address(name: &str, text: &str) -> std::result::Result<String, String> {
    let text = text.trim_end_matches('/');
    let here = ["http://127.0.0.1", "http://[::1]", "http://localhost"];
    let is_port = |port: &str| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    let is_here = here
        .iter()
        .filter_map(|here| text.strip_prefix(here))
        .any(|rest| rest.is_empty() || rest.strip_prefix(':').is_some_and(is_port));
    let host = text.strip_prefix("https://").unwrap_or_default();
    let is_host =
        !host.is_empty() && host.bytes().all(|b| b.is_ascii_graphic() && !b"?#@".contains(&b));
    if is_here || is_host { Ok(text.into()) } else { Err(format!("{name} 应以 https:// 开头")) }
}

fn bad(path: &Path, why: &str) -> Error {
    Error::refused("bad-wechat", format!("{}：{why}", path.display()))
}

#[cfg(test)]
pub(super) mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    pub(in crate::wechat) const FILE: &str = "app_id = \"wx5823bf96d3bd56c7\"
app_secret = \"0123456789abcdef0123456789abcdef\"
token = \"QDG6eK\"
aes_key = \"jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C\"
public_url = \"https://mingbai.example/\"
jssdk = true

[notice]
template = \"TM00015\"
slip = \"character_string1\"
place = \"thing2\"
";

    fn refusal(from: &str, to: &str) -> String {
        assert!(FILE.contains(from), "{from}");
        Settings::read(FILE.replacen(from, to, 1).as_bytes()).err().unwrap()
    }

    #[test]
    fn a_right_file_is_read_with_what_it_leaves_out() {
        let read = Settings::read(FILE.as_bytes()).ok().unwrap();
        assert_eq!(read.public_url, "https://mingbai.example");
        assert_eq!((read.api_base.as_str(), read.pictures_base()), (API, PICTURES));
        assert!(read.seal.is_some() && read.jssdk);
        let short = FILE.split("\njssdk").next().unwrap();
        let plain = short.lines().filter(|line| !line.starts_with("aes_key"));
        let plain = plain.collect::<Vec<_>>().join("\n") + "\napi_base = \"http://127.0.0.1:9\"";
        let read = Settings::read(plain.as_bytes()).ok().unwrap();
        assert!(read.seal.is_none() && read.notice.is_none() && !read.jssdk);
        assert_eq!(read.pictures_base(), "http://127.0.0.1:9");
    }

    #[test]
    fn what_is_wrong_is_named_and_no_secret_is_repeated() {
        for (from, to, said) in [
            ("wx5823", "gh_5823", "app_id"),
            ("0123456789abcdef0123456789abcdef", "sesame", "app_secret"),
            ("QDG6eK", "a b", "token"),
            ("q2B2C", "q2B2", "aes_key"),
            ("https://mingbai", "http://mingbai", "public_url"),
            ("jssdk = true", "api_base = \"http://127.0.0.1.evil.example\"", "api_base"),
            ("jssdk = true", "api_base = \"http://127.0.0.1:9@evil.example\"", "api_base"),
            ("jssdk = true", "jssdk = 1", "第 6 行"),
            ("token = \"QDG6eK\"", "token = QDG6eK", "第 3 行"),
            ("token", "tokens", "第 3 行"),
            ("\"thing2\"", "\"thing 2\"", "notice"),
        ] {
            let why = refusal(from, to);
            assert!(why.contains(said), "{why}");
            assert!(!why.contains("sesame") && !why.contains("QDG6eK"), "{why}");
        }
    }

    #[test]
    fn a_file_that_others_may_read_is_refused_and_none_is_no_account() {
        let directory = tempfile::tempdir().unwrap();
        let data = DataDir::at(directory.path());
        assert!(Settings::load(&data).unwrap().is_none());
        fs::write(data.wechat(), FILE).unwrap();
        for (mode, good) in [(0o644, false), (0o640, false), (0o600, true), (0o400, true)] {
            fs::set_permissions(data.wechat(), fs::Permissions::from_mode(mode)).unwrap();
            let loaded = Settings::load(&data);
            assert_eq!(loaded.is_ok(), good, "{mode:o}");
            if let Err(error) = loaded {
                assert!(error.to_string().contains("chmod 600"), "{error}");
            }
        }
    }

    #[test]
    fn a_notice_fits_its_template() {
        let notice = Settings::read(FILE.as_bytes()).ok().unwrap().notice.unwrap();
        let fields = notice.fields("A1B2", &"村".repeat(30), "2026年10月2日");
        assert_eq!(fields.keys().copied().collect::<Vec<_>>(), ["character_string1", "thing2"]);
        assert_eq!(fields["thing2"].chars().count(), 20);
    }
}
