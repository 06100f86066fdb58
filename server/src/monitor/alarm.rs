//! Alarms: what can be wrong with a log, each by its name, in words for people.

use crate::web::words::Words;
use crate::why::Why;

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Two signed heads that cannot be of one log.
    Fork,
    /// Entries that were shown are not shown any more.
    Rollback,
    /// A signature that is not by whom it must be.
    Signature,
    /// Bytes that are not what the head or a statement commits to.
    Damaged,
    /// Nothing new for long, or others hold more.
    Freeze,
    /// A content or a picture that stands is not served.
    Missing,
    /// A village's month is overdue.
    Month,
    /// A question's answer is overdue.
    Overdue,
    /// A record is not, or no longer, disclosed.
    Withdrawn,
    /// The office does not answer.
    Unreachable,
}

impl Kind {
    /// The word for programs.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Fork => "fork",
            Self::Rollback => "rollback",
            Self::Signature => "signature",
            Self::Damaged => "damaged",
            Self::Freeze => "freeze",
            Self::Missing => "missing",
            Self::Month => "month",
            Self::Overdue => "overdue",
            Self::Withdrawn => "withdrawn",
            Self::Unreachable => "unreachable",
        }
    }

    /// Its name.
    #[must_use]
    pub fn title(self, w: &Words) -> &'static str {
        match self {
            Self::Fork => w.t("账本分叉：同一把公章签了两本账"),
            Self::Rollback => w.t("账本倒退：公布过的又收回去了"),
            Self::Signature => w.t("签名不对"),
            Self::Damaged => w.t("数据对不上"),
            Self::Freeze => w.t("账本停住了"),
            Self::Missing => w.t("公布过的内容拿不到"),
            Self::Month => w.t("有村到期没有公布账目"),
            Self::Overdue => w.t("有提问到期没有答复"),
            Self::Withdrawn => w.t("有记录被撤回或不公开"),
            Self::Unreachable => w.t("连不上"),
        }
    }

    /// What it means, and what one can do.
    #[must_use]
    pub fn meaning(self, w: &Words) -> &'static str {
        match self {
            Self::Fork => w.t(
                "镇政府给不同的人看了不同的账，或改了旧账。两份签名就是证据，赖不掉：请把证据文件交给县里和记者，也给别的监督人看。",
            ),
            Self::Rollback => w.t(
                "服务器可能刚从旧备份恢复，也可能有人想去掉已公布的记录。本目录存着以前的签名和全部条目，请留好，问镇政府为什么。",
            ),
            Self::Signature => w.t(
                "这不是账本的公章签的，或签的人没有这个权限。可能有人在中间冒充服务器；在弄清之前不要相信这份数据。",
            ),
            Self::Damaged => w.t("发来的数据和签名承诺的不一样：传坏了，或被改过。"),
            Self::Freeze => w.t(
                "可能停止公布了，也可能只给您看旧的。请换一个网络、换一个来源再看，并问镇政府。",
            ),
            Self::Missing => {
                w.t("账上有这一条，也没有撤回，但内容或图片要不到。请问镇政府：不能只删不说。")
            }
            Self::Month => w.t("每月的账应在规定日期前公布；没有收支也要说明没有。请问村里和镇里。"),
            Self::Overdue => w.t("群众提的问题过了答复期限。请问该答复的单位。"),
            Self::Withdrawn => {
                w.t("撤回要写明原因，位置还在账上。请看原因是否说得通；含个人信息的应当撤回。")
            }
            Self::Unreachable => w.t("没有联系上，所以这一次没有核对完。请检查网络，过后再看。"),
        }
    }
}

/// Something that is wrong now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// What.
    pub kind: Kind,
    /// About what: the same subject is the same alarm the next time.
    pub subject: String,
    /// What exactly.
    pub said: Why,
}

impl Alarm {
    pub(super) fn new(
        kind: Kind,
        subject: impl ToString,
        zh: &'static str,
        values: &[(&'static str, &dyn std::fmt::Display)],
    ) -> Self {
        let mut said = Why::default();
        said.fill(zh, values);
        Self { kind, subject: subject.to_string(), said }
    }
}

/// An alarm that is raised.
#[derive(Clone, Debug)]
pub struct Raised {
    /// The alarm.
    pub alarm: Alarm,
    /// Since when, Unix seconds.
    pub since: i64,
    /// Whether an earlier report said it.
    pub told: bool,
}

impl Raised {
    /// Whether somebody has to be woken: a withdrawal is lawful, and is news only once.
    #[must_use]
    pub fn counts(&self) -> bool {
        self.alarm.kind != Kind::Withdrawn || !self.told
    }
}
