//! How a question is said on a page: the office's pages and those for phones say it alike.

use jiff::civil::Date;
use ledger::content::{Answerer, Channel, Topic};

use crate::view::questions::{Question, Standing};
use crate::web::words::Words;

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
