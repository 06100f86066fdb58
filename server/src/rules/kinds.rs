//! The values that rules are made of, each unable to be wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use ledger::money::Fen;
use serde::{Deserialize, Serialize};

use super::{Ground, yuan};

/// Characters of the longest text.
const TEXT_CHARS_MAX: usize = 200;
/// Entries of the longest list.
const LIST_MAX: usize = 50;
/// The most supervisors that a village has (L12).
const SUPERVISORS_MAX: u8 = 5;

/// The grounds for not publishing something, in the order of the law.
pub(super) const GROUNDS: [&str; 8] = [
    "state-secret",
    "safety",
    "trade-secret",
    "privacy",
    "internal",
    "process",
    "enforcement",
    "personal",
];

type Checked<T> = Result<T, String>;

/// A whole number within limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "i64")]
pub struct Whole<const MIN: u32, const MAX: u32>(u32);

impl<const MIN: u32, const MAX: u32> Whole<MIN, MAX> {
    /// The number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl<const MIN: u32, const MAX: u32> TryFrom<i64> for Whole<MIN, MAX> {
    type Error = String;
    fn try_from(number: i64) -> Checked<Self> {
        let number = u32::try_from(number).ok().filter(|number| (MIN..=MAX).contains(number));
        number.map(Self).ok_or_else(|| format!("应为 {MIN} 到 {MAX} 的整数"))
    }
}

impl<const MIN: u32, const MAX: u32> fmt::Display for Whole<MIN, MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One line of text that says something.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Text(String);

impl Text {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Text {
    type Error = String;
    fn try_from(text: String) -> Checked<Self> {
        let chars = text.chars().count();
        if text.trim().is_empty() || chars > TEXT_CHARS_MAX || text.contains(char::is_control) {
            return Err(format!("应为一行 1 到 {TEXT_CHARS_MAX} 字的文字"));
        }
        Ok(Self(text))
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Who must have agreed to a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Approval {
    /// How many of the village's supervisors.
    pub supervisors: u8,
    /// A leader of the township.
    pub leader: bool,
    /// The villagers, whose resolution is named.
    pub resolution: bool,
}

/// Who must have agreed, by amount.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Vec<RawStep>")]
pub struct Approvals {
    /// Each with the amount that it ends below, the smallest first.
    below: Vec<(Fen, Approval)>,
    above: Approval,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawStep {
    below_yuan: Option<Whole<1, 1_000_000_000>>,
    supervisors: u8,
    leader: bool,
    resolution: bool,
}

impl Approvals {
    pub(super) fn of(&self, amount: Fen) -> Approval {
        let step = self.below.iter().find(|(below, _)| amount < *below);
        step.map_or(self.above, |(_, approval)| *approval)
    }
}

impl TryFrom<Vec<RawStep>> for Approvals {
    type Error = String;
    fn try_from(mut steps: Vec<RawStep>) -> Checked<Self> {
        let count = steps.len();
        let last = steps.pop().ok_or("至少要有一档")?;
        if count > LIST_MAX {
            return Err(format!("至多 {LIST_MAX} 档"));
        }
        if last.below_yuan.is_some() {
            return Err("最后一档不写 below_yuan：再大的金额都归它".into());
        }
        let mut below: Vec<(Fen, Approval)> = Vec::new();
        for step in steps {
            let end = step.below_yuan.ok_or("只有最后一档可以不写 below_yuan")?;
            let end = yuan(end.get());
            if below.last().is_some_and(|(before, _)| *before >= end) {
                return Err("各档要按 below_yuan 从小到大排".into());
            }
            below.push((end, step.approval()?));
        }
        let above = last.approval()?;
        let all = below.iter().map(|(_, approval)| approval).chain([&above]);
        if !all.clone().zip(all.skip(1)).all(|(less, more)| less.asks_no_more_than(more)) {
            return Err("金额大的一档，要求不能比金额小的低".into());
        }
        Ok(Self { below, above })
    }
}

impl RawStep {
    fn approval(&self) -> Checked<Approval> {
        if self.supervisors > SUPERVISORS_MAX {
            return Err(format!("supervisors 应为 0 到 {SUPERVISORS_MAX}"));
        }
        let Self { supervisors, leader, resolution, .. } = *self;
        Ok(Approval { supervisors, leader, resolution })
    }
}

impl Approval {
    fn asks_no_more_than(self, other: &Self) -> bool {
        self.supervisors <= other.supervisors
            && self.leader <= other.leader
            && self.resolution <= other.resolution
    }
}

/// Working days before the last day, the most first.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Vec<Whole<0, 60>>")]
pub(super) struct Reminders(Vec<u32>);

impl Reminders {
    pub fn as_slice(&self) -> &[u32] {
        &self.0
    }
}

impl TryFrom<Vec<Whole<0, 60>>> for Reminders {
    type Error = String;
    fn try_from(days: Vec<Whole<0, 60>>) -> Checked<Self> {
        let days: Vec<u32> = days.into_iter().map(Whole::get).collect();
        if days.len() > LIST_MAX || days.windows(2).any(|pair| pair[0] <= pair[1]) {
            return Err("应从多到少排，不能重复，例如 [10, 5, 2, 0]".into());
        }
        Ok(Self(days))
    }
}

/// A label and an article for each of [`GROUNDS`].
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "BTreeMap<String, Ground>")]
pub(super) struct Grounds(BTreeMap<String, Ground>);

impl Grounds {
    pub fn get(&self, id: &str) -> Option<&Ground> {
        self.0.get(id)
    }
}

impl TryFrom<BTreeMap<String, Ground>> for Grounds {
    type Error = String;
    fn try_from(grounds: BTreeMap<String, Ground>) -> Checked<Self> {
        if let Some(missing) = GROUNDS.iter().find(|id| !grounds.contains_key(**id)) {
            return Err(format!("缺少 grounds.{missing}"));
        }
        match grounds.keys().find(|id| !GROUNDS.contains(&id.as_str())) {
            Some(unknown) => Err(format!("没有 grounds.{unknown} 这一条")),
            None => Ok(Self(grounds)),
        }
    }
}

/// A level of importance of a bulletin.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Level {
    /// Lower-case letters, digits, hyphens.
    pub id: Text,
    /// What people call it, in Chinese.
    pub label: Text,
    /// Whether a leader signs it.
    pub leader: bool,
}

/// Levels of importance, the lowest first.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Vec<Level>")]
pub struct Levels(Vec<Level>);

impl Levels {
    pub(super) fn as_slice(&self) -> &[Level] {
        &self.0
    }
}

impl TryFrom<Vec<Level>> for Levels {
    type Error = String;
    fn try_from(levels: Vec<Level>) -> Checked<Self> {
        let ids: BTreeSet<&Text> = levels.iter().map(|level| &level.id).collect();
        if levels.is_empty() || levels.len() > LIST_MAX {
            return Err(format!("应有 1 到 {LIST_MAX} 级"));
        }
        if ids.len() < levels.len() {
            return Err("重要程度的 id 重复".into());
        }
        match ids.iter().find(|id| !id.as_str().bytes().all(is_id_byte)) {
            Some(bad) => Err(format!("id {bad} 只能用小写字母、数字和连字符")),
            None => Ok(Self(levels)),
        }
    }
}

fn is_id_byte(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'
}

/// Somebody whose words may be repeated.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// What people call it.
    pub name: Text,
    /// The host of its web addresses, and of all below it.
    pub host: Text,
}

/// Those whose words may be repeated.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Vec<Source>")]
pub struct Sources(Vec<Source>);

impl Sources {
    pub(super) fn as_slice(&self) -> &[Source] {
        &self.0
    }

    pub(super) fn of(&self, url: &str) -> Option<&Source> {
        let host = host_of(url)?;
        let within = |of: &str| {
            host.strip_suffix(of).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        self.0.iter().find(|source| within(source.host.as_str()))
    }
}

impl TryFrom<Vec<Source>> for Sources {
    type Error = String;
    fn try_from(sources: Vec<Source>) -> Checked<Self> {
        if sources.len() > LIST_MAX {
            return Err(format!("至多 {LIST_MAX} 个来源"));
        }
        let hosts: BTreeSet<&Text> = sources.iter().map(|source| &source.host).collect();
        if hosts.len() < sources.len() {
            return Err("来源的 host 重复".into());
        }
        match hosts.iter().find(|host| !is_host(host.as_str())) {
            Some(bad) => Err(format!("host {bad} 应是小写的主机名，例如 www.gov.cn")),
            None => Ok(Self(sources)),
        }
    }
}

/// The host of an `http(s)` address, as every browser would find it; anything unusual has none.
fn host_of(url: &str) -> Option<String> {
    let (scheme, rest) = url.trim().split_once("://")?;
    let known = scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http");
    let authority = rest.split(['/', '?', '#']).next()?;
    let (host, port) = authority.split_once(':').unwrap_or((authority, "443"));
    let host = host.to_ascii_lowercase();
    (known && port.bytes().all(|b| b.is_ascii_digit()) && is_host(&host)).then_some(host)
}

fn is_host(host: &str) -> bool {
    let good = |label: &str| !label.is_empty() && label.bytes().all(is_id_byte);
    host.contains('.') && host.split('.').all(good)
}

/// What an assessment looks at (S38).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Indicator {
    /// Months that were published in time.
    OnTime,
    /// Months that were published, or said to have had nothing.
    Complete,
    /// Ledger lines with a voucher.
    Vouchers,
    /// Questions answered in time.
    Answered,
    /// Receipts that came back, the fewer the better.
    ReturnedRate,
    /// Kiosks that were heard from.
    KioskAlive,
    /// Columns in which something new was published.
    BulletinColumns,
    /// Publications that were withdrawn, the fewer the better.
    WithdrawnRate,
}

impl Indicator {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 8] = [
        Self::OnTime,
        Self::Complete,
        Self::Vouchers,
        Self::Answered,
        Self::ReturnedRate,
        Self::KioskAlive,
        Self::BulletinColumns,
        Self::WithdrawnRate,
    ];
}

/// How many of 100 points each indicator gives.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "BTreeMap<Indicator, Whole<0, 100>>")]
pub struct Weights(BTreeMap<Indicator, Whole<0, 100>>);

impl Weights {
    /// The points of one indicator.
    #[must_use]
    pub fn of(&self, indicator: Indicator) -> u32 {
        self.0.get(&indicator).map_or(0, |weight| weight.get())
    }
}

impl TryFrom<BTreeMap<Indicator, Whole<0, 100>>> for Weights {
    type Error = String;
    fn try_from(weights: BTreeMap<Indicator, Whole<0, 100>>) -> Checked<Self> {
        let sum: u32 = weights.values().map(|weight| weight.get()).sum();
        if weights.len() < Indicator::ALL.len() {
            return Err(format!("{} 项考核权重都要写，不考核的写 0", Indicator::ALL.len()));
        }
        if sum != 100 {
            return Err(format!("考核权重加起来是 {sum}，应为 100"));
        }
        Ok(Self(weights))
    }
}

/// What the parser found, in Chinese where it is one of the usual mistakes.
pub(super) fn in_chinese(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default();
    let usual = [
        ("unknown field ", "没有这一项："),
        ("unknown variant ", "没有这种写法："),
        ("missing field ", "缺少"),
        ("duplicate key", "同一项写了两遍"),
        ("duplicate field ", "同一项写了两遍："),
        ("invalid type: ", "类型不对："),
        ("invalid value: ", "值不对："),
    ];
    let found = usual.iter().find_map(|(english, zh)| Some((line.strip_prefix(english)?, zh)));
    match found {
        Some((rest, zh)) => match rest.split_once(", expected ") {
            Some((found, wanted)) => format!("{zh}{found}，应为{}", wanted_in_chinese(wanted)),
            None => format!("{zh}{rest}"),
        },
        // What this module itself says.
        None if line.chars().any(|c| c > '\u{2e7f}') => line.to_owned(),
        None => format!("不是正确的 TOML 写法（{line}）"),
    }
}

fn wanted_in_chinese(wanted: &str) -> String {
    match wanted {
        "a string" => "加引号的文字".into(),
        "a boolean" => " true 或 false".into(),
        "i64" | "u8" => "不加引号的整数".into(),
        "a sequence" => "方括号里的一列".into(),
        other => other
            .strip_prefix("one of ")
            .map_or_else(|| format!(" {other}"), |any| format!("其中之一：{any}")),
    }
}
