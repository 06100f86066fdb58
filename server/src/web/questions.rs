//! How a question is said on a page and read from a form: the office's pages and those for phones do both alike.

use jiff::civil::Date;
use ledger::content::{Answerer, Channel, Topic};
use ledger::question::Asking;
use rusqlite::Connection;

use crate::error::{Error, Result};
use crate::questions::tidy;
use crate::view;
use crate::view::questions::{Question, Standing};
use crate::web::words::Words;

/// A question as a form sends it, each field as it was typed.
pub struct Typed<'a> {
    /// 32 hex digits.
    pub id: &'a str,
    /// 4 digits.
    pub pin: &'a str,
    /// The village's or the township's code.
    pub village: &'a str,
    /// Log index of what it is about.
    pub of: Option<u64>,
    /// The topic's word.
    pub topic: &'a str,
    /// In the asker's words.
    pub text: &'a str,
}

impl Typed<'_> {
    /// The question, if each field can be read.
    ///
    /// # Errors
    /// `malformed` or `bad-village`, said to whoever filled in the form.
    pub fn asking(self, channel: Channel) -> Result<Asking> {
        let topic = serde_json::Value::String(self.topic.to_owned());
        Ok(Asking {
            id: self.id.parse().map_err(|_| broken())?,
            pin: self.pin.parse().map_err(|_| broken())?,
            village: self
                .village
                .parse()
                .map_err(|_| Error::refused("bad-village", "请选择问哪个村"))?,
            of: self.of,
            topic: serde_json::from_value(topic)
                .map_err(|_| Error::refused("malformed", "请选择想问什么"))?,
            text: tidy(self.text),
            channel,
        })
    }
}

/// A form that did not come as the page has it.
#[must_use]
pub fn broken() -> Error {
    Error::refused("malformed", "表单不完整，请从头再填一次")
}

/// Whom somebody can ask, each code with its name: the township, then its villages.
///
/// # Errors
/// When the database fails.
pub fn places(c: &Connection, w: Words, township: &str) -> Result<Vec<(String, String)>> {
    let mut places = vec![(township.to_owned(), w.t("镇政府").to_owned())];
    places.extend(view::villages(c)?);
    Ok(places)
}

/// The name of one of them.
///
/// # Errors
/// When the database fails.
pub fn place(c: &Connection, w: Words, code: &str) -> Result<String> {
    Ok(view::village_name(c, code)?.unwrap_or_else(|| w.t("镇政府").to_owned()))
}

/// What a question is about, a record or the question that it goes on from: its name and the link to its page.
///
/// # Errors
/// When the database fails.
pub fn about(c: &Connection, w: Words, of: Option<u64>) -> Result<Option<(String, String)>> {
    let Some(n) = of else { return Ok(None) };
    let Some(item) = view::item(c, n)? else {
        let before = view::questions::one(c, n)?;
        return Ok(before.map(|_| (w.one("第 {n} 号提问", &n), w.link(&format!("/q/{n}")))));
    };
    let receipt = item.receipt().map(|content| {
        let values = [("purpose", content.purpose.as_str()), ("amount", &w.money(&content.amount))];
        w.fill("{purpose}，{amount}", &values)
    });
    let bulletin = || item.bulletin().map(|content| content.title);
    let name = receipt.or_else(bulletin).unwrap_or_else(|| w.one("第 {n} 号记录", &n));
    Ok(Some((name, w.link(&item.path()))))
}

/// A question as a page shows it.
pub struct Shown {
    /// Log index.
    pub n: u64,
    /// What is asked.
    pub text: String,
    /// When, what for and where it was asked.
    pub about: String,
    /// How it stands.
    pub standing: String,
    /// Whether that is good or bad, as the style knows it.
    pub class: &'static str,
    /// Whether it goes on from another one.
    pub goes_on: bool,
    /// The answers.
    pub answers: Vec<Said>,
}

/// An answer as a page shows it.
pub struct Said {
    /// Log index.
    pub n: u64,
    /// Who and when.
    pub by: String,
    /// What it says; none when it was withdrawn.
    pub text: Option<String>,
}

impl Shown {
    /// A question in words, as of today.
    #[must_use]
    pub fn of(w: Words, question: &Question, today: Date) -> Self {
        let content = question.content.as_ref();
        let (standing, class) = standing(w, question, today);
        let answers = question.answers.iter().map(|answer| Said {
            n: answer.n,
            by: w.fill(
                "{who}答复（{day}）",
                &[
                    ("who", content.map_or("", |content| who(w, content.to))),
                    ("day", &w.moment_day(&answer.time)),
                ],
            ),
            text: answer.content.as_ref().map(|content| content.text.clone()),
        });
        Self {
            n: question.n,
            text: content.map(|content| content.text.clone()).unwrap_or_default(),
            about: content
                .map(|c| {
                    format!(
                        "{} · {} · {}",
                        w.day(&c.asked),
                        topic(w, c.topic),
                        channel(w, c.channel)
                    )
                })
                .unwrap_or_default(),
            standing,
            class,
            goes_on: question.goes_on_from.is_some(),
            answers: answers.collect(),
        }
    }
}

fn standing(w: Words, question: &Question, today: Date) -> (String, &'static str) {
    let Some(content) = &question.content else {
        let why = match question.reason.as_deref() {
            Some("abuse") => w.t("有一条提问没有公开：辱骂、威胁、广告或刷屏。"),
            _ => w.t("有一条提问没有公开：写了个人信息。"),
        };
        return (why.to_owned(), "off");
    };
    let values = [("who", who(w, content.to)), ("day", &w.day(&content.due))];
    match question.standing(today) {
        Standing::Withheld => (String::new(), "off"),
        Standing::Answered { late: false } => (w.t("按期答复").to_owned(), "good"),
        Standing::Answered { late: true } => (w.t("超过期限才答复").to_owned(), "watch"),
        Standing::Open { days } if days < 0 => {
            (w.fill("逾期未答复：{who}应在{day}前答复", &values), "bad")
        }
        Standing::Open { .. } => (w.fill("等待答复：{who}应在{day}前答复", &values), "watch"),
    }
}

/// Who answers.
#[must_use]
pub fn who(w: Words, answerer: Answerer) -> &'static str {
    match answerer {
        Answerer::Village => w.t("村民委员会"),
        Answerer::Supervisors => w.t("村务监督委员会"),
        Answerer::Township => w.t("镇政府"),
    }
}

/// What somebody asks for.
#[must_use]
pub fn topic(w: Words, topic: Topic) -> &'static str {
    match topic {
        Topic::Amount => w.t("钱数不对"),
        Topic::Unknown => w.t("没听说过这件事"),
        Topic::Unclear => w.t("看不清、看不懂"),
        Topic::Other => w.t("别的问题"),
        Topic::Opinion => w.t("意见和建议"),
    }
}

/// Where it was asked.
#[must_use]
pub fn channel(w: Words, channel: Channel) -> &'static str {
    match channel {
        Channel::Phone => w.t("手机上问的"),
        Channel::Kiosk => w.t("公开屏上问的"),
        Channel::Paper => w.t("纸上写的"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::questions::decide::{Decision, decide};
    use crate::questions::receive;
    use crate::testing::{Office, wait};
    use crate::web::words::Lang;
    use ledger::question::AskId;

    #[test]
    fn a_question_links_to_the_page_of_what_it_is_about() {
        let office = Office::new();
        let app = office.open();
        let id = office.submit(&app, 1, |content| content.no_voucher = "旧账".into());
        let receipt = wait(crate::review::publish(&app, &[id], &office.reviewer)).unwrap()[0].index;
        let bulletin = office.bulletin(&app, "修路公告", "下周一动工。");
        let asking = Asking {
            id: AskId([1; 16]),
            pin: "1234".parse().unwrap(),
            village: app.township.parse().unwrap(),
            of: Some(bulletin),
            topic: Topic::Other,
            text: "修哪一段？".into(),
            channel: Channel::Phone,
        };
        wait(receive::receive(&app, asking)).unwrap();
        wait(decide(&app, &[1], Decision::Show, &office.reviewer)).unwrap();
        let w = Words { lang: Lang::Zh };
        let link = |of| app.db.read(|c| about(c, w, of)).unwrap().map(|(_, link)| link);
        let question = app.db.read(|c| view::questions::about(c, bulletin)).unwrap().remove(0).n;
        assert_eq!(link(Some(receipt)), Some(format!("/r/{receipt}")));
        assert_eq!(link(Some(bulletin)), Some(format!("/b/{bulletin}")));
        assert_eq!(link(Some(question)), Some(format!("/q/{question}")));
        assert_eq!(link(Some(0)), None, "a key");
        assert_eq!(link(None), None);
    }
}
