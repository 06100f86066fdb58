//! What an editor has written so far: fields as they were typed, right or not, and the content they make once they are.

use ledger::content::{
    BulletinContent, CONTENT_BYTES_MAX, ColumnKind, Content, IMAGES_MAX, ImageRef, Importance,
    Openness, Repost, VIDEOS_MAX, VideoRef,
};
use ledger::hash::Hash;
use ledger::place::Village;
use ledger::statement::LegalGround;
use ledger::time::{Date, Timestamp};
use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::rules::Rules;
use crate::{clock, directory, markdown};

/// Seconds of a day.
const DAY: i64 = 86_400;

/// The fields of a bulletin.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Written {
    /// 12-digit code of the village it is about; empty for the township.
    pub village: String,
    /// Id of a column of the directory.
    pub column: String,
    /// One line.
    pub title: String,
    /// Markdown.
    pub body: String,
    /// The unit that drafted it.
    pub unit: String,
    /// The address it was taken from; empty when it is the office's own.
    pub source: String,
    /// How important it is.
    pub importance: Importance,
    /// The first day it is shown, or the time; empty: from the beginning.
    pub from: String,
    /// The last day it is shown, or the time; empty: without end.
    pub until: String,
    /// Days of the week, 1 to 7; none: every day.
    pub weekdays: Vec<u8>,
    /// The content hash of the policy that it explains, or `draft:` and the id of a draft.
    pub explains: String,
    /// Why a policy needs no explanation.
    pub no_explanation: String,
    /// `open`, `partial`, `on-request` or `withheld`.
    pub openness: String,
    /// The law's ground for what is not open.
    pub ground: String,
    /// Pictures that were taken in.
    pub images: Vec<ImageRef>,
    /// Videos that were taken in.
    pub videos: Vec<VideoRef>,
}

/// A draft that another one explains, as [`Written::explains`] names it.
pub const DRAFT: &str = "draft:";

impl Written {
    /// What a new bulletin begins with: shown from today on for as long as the rules ask.
    ///
    /// # Errors
    /// When the machine's clock is wrong.
    pub fn new(column: &str, rules: &Rules) -> Result<Self> {
        Ok(Self {
            column: column.to_owned(),
            from: clock::day_after(0)?.to_string(),
            until: clock::day_after(i64::from(rules.display_days()))?.to_string(),
            openness: "open".to_owned(),
            ..Self::default()
        })
    }

    /// What a published bulletin said, to be corrected.
    #[must_use]
    pub fn of(content: BulletinContent, village: &str) -> Self {
        let ground = match content.openness {
            Some(
                Openness::Partial { ground }
                | Openness::OnRequest { ground }
                | Openness::Withheld { ground },
            ) => ledger::statement::word(&ground),
            Some(Openness::Open {}) | None => String::new(),
        };
        let day = |time: Option<Timestamp>, last: bool| match time {
            // A whole day is written as one; an hour stays.
            Some(time) if clock::edge_of(time.date(), last).as_ref() == Some(&time) => {
                time.date().to_string()
            }
            Some(time) => time.as_str().to_owned(),
            None => String::new(),
        };
        Self {
            village: if village.ends_with("000") { String::new() } else { village.to_owned() },
            column: content.column,
            title: content.title,
            body: content.body,
            unit: content.unit,
            source: content.source.map(|source| source.url).unwrap_or_default(),
            importance: content.importance,
            from: day(content.from, false),
            until: day(content.until, true),
            weekdays: content.weekdays,
            explains: content.explains.map(|hash| hash.to_string()).unwrap_or_default(),
            no_explanation: content.no_explanation,
            openness: attribute(content.openness).to_owned(),
            ground,
            images: content.images,
            videos: content.videos,
        }
    }

    /// The content as far as it can be made, for a preview: what is wrong is left out.
    #[must_use]
    pub fn sketch(&self, rules: &Rules) -> BulletinContent {
        let salt = ledger::content::Salt([0; 16]);
        BulletinContent {
            images: self.images.clone(),
            videos: self.videos.clone(),
            unit: self.unit.trim().to_owned(),
            source: self.repost(rules).unwrap_or_default(),
            importance: self.importance,
            from: time(&self.from, false).unwrap_or_default(),
            until: time(&self.until, true).unwrap_or_default(),
            weekdays: self.weekdays.clone(),
            explains: self.explains.parse().ok(),
            no_explanation: self.no_explanation.trim().to_owned(),
            openness: self.openness().unwrap_or_default(),
            ..BulletinContent::plain(salt, &self.column, self.title.trim(), &self.text())
        }
    }

    fn text(&self) -> String {
        let body = self.body.replace("\r\n", "\n");
        // Spaces before the first line are part of it; empty lines are not.
        body.trim_matches('\n').trim_end().to_owned()
    }

    /// The content that is to be reviewed.
    ///
    /// # Errors
    /// `bad-content` and others that say in Chinese which field is wrong, and what to do.
    pub fn content(&self, c: &Connection, rules: &Rules) -> Result<BulletinContent> {
        let kind = self.column_kind(c)?;
        self.check_explanation(kind)?;
        self.check_times(rules)?;
        self.check_pictures()?;
        let openness = self.openness()?;
        if openness.is_none() {
            return Err(bad("请选择公开属性：没有写明属性的不能送审。"));
        }
        let explains: Option<Hash> = match self.explains.as_str() {
            "" => None,
            text => Some(text.parse().map_err(|_| bad("请重新选择解读的是哪一份政策文件。"))?),
        };
        let content = BulletinContent {
            salt: super::salt()?,
            source: self.repost(rules)?,
            from: time(&self.from, false)?,
            until: time(&self.until, true)?,
            explains,
            openness,
            ..self.sketch(rules)
        };
        content.check().map_err(|error| super::wrong_field(&error))?;
        if content.to_bytes().0.len() > CONTENT_BYTES_MAX {
            return Err(bad("正文太长：请删短，或分成两篇。"));
        }
        Ok(content)
    }

    /// The first thing that is still wrong, in Chinese; none when it may be sent for review.
    ///
    /// # Errors
    /// When the database fails.
    pub fn problem(&self, c: &Connection, rules: &Rules) -> Result<Option<String>> {
        // A policy that is a draft still has no hash; it is sent together with this one.
        let explains = match self.explains.starts_with(DRAFT) {
            true => "0".repeat(64),
            false => self.explains.clone(),
        };
        match (Self { explains, ..self.clone() }).content(c, rules) {
            Ok(_) => Ok(None),
            Err(Error::Refused { message, .. }) => Ok(Some(message)),
            Err(error) => Err(error),
        }
    }

    /// The place meant, which must be in the directory.
    ///
    /// # Errors
    /// `bad-village`.
    pub fn place(&self, c: &Connection, township: &str) -> Result<Village> {
        let code = if self.village.is_empty() { township } else { &self.village };
        let village: Village =
            code.parse().map_err(|_| Error::refused("bad-village", "村代码应为 12 位数字"))?;
        let known = directory::current(c)?.villages.iter().any(|known| known.code == village);
        if code != township && !known {
            return Err(Error::refused("bad-village", format!("没有代码为 {code} 的村")));
        }
        Ok(village)
    }

    fn column_kind(&self, c: &Connection) -> Result<ColumnKind> {
        let columns = directory::current(c)?.columns;
        let column = columns.into_iter().find(|column| column.id == self.column);
        let message = || match self.column.as_str() {
            "" => "请选择栏目。".to_owned(),
            id => format!("没有栏目 {id}：请重新选择。"),
        };
        column.map(|column| column.kind).ok_or_else(|| Error::refused("bad-column", message()))
    }

    /// Policies and what explains them name the unit that drafted both (谁起草、谁解读). An explanation without a policy
    /// of this township explains somebody else's.
    fn check_explanation(&self, kind: ColumnKind) -> Result<()> {
        let explains = !self.explains.is_empty();
        if explains && kind != ColumnKind::Explanation {
            return Err(bad("只有解读栏目里的公告才能选“解读的政策文件”：请换栏目，或不选。"));
        }
        if (kind == ColumnKind::Policy || explains) && self.unit.trim().is_empty() {
            return Err(bad("政策文件和它的解读要写明起草单位：谁起草、谁解读。"));
        }
        if kind != ColumnKind::Policy && !self.no_explanation.trim().is_empty() {
            return Err(bad("只有政策文件才填“不需要解读的原因”：请换栏目，或不填。"));
        }
        Ok(())
    }

    /// Shown for as long as the rules ask, unless it is an emergency.
    fn check_times(&self, rules: &Rules) -> Result<()> {
        let (from, until) = (time(&self.from, false)?, time(&self.until, true)?);
        let seconds = match (&from, &until) {
            (Some(from), Some(until)) => until.unix_seconds() - from.unix_seconds() + 1,
            (None, Some(until)) => until.unix_seconds() - clock::unix_now(),
            (_, None) if self.importance == Importance::Emergency => {
                return Err(bad("紧急通知要写明展示到什么时候（至多 7 天）。"));
            }
            (_, None) => return Ok(()),
        };
        if seconds <= 1 {
            return Err(bad("展示的最后一天早于第一天。"));
        }
        if until.is_some_and(|until| until.unix_seconds() <= clock::unix_now()) {
            return Err(bad("展示的最后一天已经过去了：请往后改。"));
        }
        let days = i64::from(rules.display_days());
        match self.importance {
            Importance::Emergency if from.is_none() => Err(bad("紧急通知要写明从什么时候展示。")),
            Importance::Emergency if seconds > 7 * DAY + 1 => {
                Err(bad("紧急通知至多展示 7 天：更久的请改为“重要”。"))
            }
            Importance::Normal | Importance::Important if seconds < days * DAY => {
                Err(bad(format!("公告至少展示 {days} 天：请把最后一天往后改。")))
            }
            _ => Ok(()),
        }
    }

    fn check_pictures(&self) -> Result<()> {
        if self.images.len() > IMAGES_MAX || self.videos.len() > VIDEOS_MAX {
            return Err(bad(format!("至多 {IMAGES_MAX} 张图片、{VIDEOS_MAX} 段视频。")));
        }
        match markdown::render(&self.body, &self.images, "").missing.first() {
            Some(n) => {
                Err(bad(format!("正文里写了“图{n}”，但没有这张图片：请上传，或从正文里删掉。")))
            }
            None => Ok(()),
        }
    }

    fn repost(&self, rules: &Rules) -> Result<Option<Repost>> {
        let url = self.source.trim();
        if url.is_empty() {
            return Ok(None);
        }
        let source = rules.source_of(url).ok_or_else(|| {
            bad("转载只能来自名单里的政府网站和官方媒体：请改为那里的网址，不是转载就空着。")
        })?;
        Ok(Some(Repost { name: source.name.to_string(), url: url.to_owned() }))
    }

    fn openness(&self) -> Result<Option<Openness>> {
        let ground = || -> Result<LegalGround> {
            let value = serde_json::Value::String(self.ground.clone());
            serde_json::from_value(value).map_err(|_| bad("不全部公开的，请选择法定理由。"))
        };
        Ok(Some(match self.openness.as_str() {
            "" => return Ok(None),
            "open" => Openness::Open {},
            "partial" => Openness::Partial { ground: ground()? },
            "on-request" => Openness::OnRequest { ground: ground()? },
            "withheld" => Openness::Withheld { ground: ground()? },
            _ => return Err(bad("请选择公开属性。")),
        }))
    }
}

/// The word of an attribute; empty for none.
#[must_use]
pub fn attribute(openness: Option<Openness>) -> &'static str {
    match openness {
        None => "",
        Some(Openness::Open {}) => "open",
        Some(Openness::Partial { .. }) => "partial",
        Some(Openness::OnRequest { .. }) => "on-request",
        Some(Openness::Withheld { .. }) => "withheld",
    }
}

fn bad(message: impl Into<String>) -> Error {
    Error::refused("bad-content", message)
}

/// A day or a time as it was typed; the first or last second of a day.
fn time(text: &str, last: bool) -> Result<Option<Timestamp>> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let day = text.parse::<Date>().ok().and_then(|day| clock::edge_of(day, last));
    let time = day.or_else(|| text.parse().ok());
    time.map(Some).ok_or_else(|| bad("展示日期写得不对：应像 2026-06-03。"))
}
