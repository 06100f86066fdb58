//! How things are said in Chinese: money, days, reasons, posts, and what is wrong.

use super::fonts::Fonts;
use crate::pages::{MonthLine, ReceiptLine, SignedBy, Standing, Status, Trouble};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use ledger::content::Ground;
use ledger::money::Fen;
use ledger::statement::{LegalGround, Reason, Role};
use ledger::time::{Date, Period};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// China's clock, ahead of UTC.
const CHINA: i64 = 8 * HOUR;
/// After so many days without a sync it is said, though nothing else is wrong.
const STALE_DAYS: i64 = 7;

/// Tells Slint the fixed words.
pub fn fix(words: &ui::Words<'_>, fonts: &mut Fonts) {
    words.set_back(fonts.line("‹ 返回"));
    words.set_home(fonts.line("首页"));
    words.set_up(fonts.line("▲"));
    words.set_down(fonts.line("▼"));
    words.set_receipts(fonts.line("小发票"));
    words.set_bulletins(fonts.line("村务公开"));
    words.set_income(fonts.line("收入"));
    words.set_spending(fonts.line("支出"));
    words.set_no_picture(fonts.line("没有照片"));
    words.set_picture_waits(fonts.line("照片还没有传到，请用手机扫码看"));
    words.set_pictures(fonts.line("照片"));
    words.set_before(fonts.line("上一张"));
    words.set_close(fonts.line("关上"));
    words.set_after(fonts.line("下一张"));
    words.set_check(fonts.line("✓ 核验"));
    words.set_check_tall(format!("{}\n{}", fonts.line("✓"), fonts.line("核验")).into());
    words.set_enrol(fonts.line("登记这块屏"));
    words.set_status(fonts.line("看状态"));
    words.set_code(fonts.line("登记码：请在镇里的网页上输入"));
    words.set_code_waits(fonts.line("正在向镇里要登记码，连上网络以后会出现在这里。"));
    words.set_compare(fonts.line("核对码：请和网页上显示的比一比，一样才点同意"));
}

/// `1,234.56元`.
pub fn yuan(fen: i64) -> String {
    format!("{}元", Fen(fen))
}

/// `2026年6月`.
pub fn month(period: Period) -> String {
    format!("{}年{}月", period.year(), period.month())
}

/// `2026年6月3日`.
pub fn day(date: Date) -> String {
    format!("{}{}日", month(date.period()), date.day())
}

/// `2026年6月3日 09:12` in China, of seconds since 1970; `None` past the years that there are.
pub fn moment(seconds: i64) -> Option<String> {
    let local = seconds.checked_add(CHINA)?;
    let (days, clock) = (local.div_euclid(DAY), local.rem_euclid(DAY));
    // From days to a date in the Gregorian calendar: years begin in March here, so that a leap day is a year's last.
    let shifted = days.checked_add(719_468)?;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hours, minutes) = (clock / HOUR, clock % HOUR / MINUTE);
    (1970..=9999)
        .contains(&year)
        .then(|| format!("{year}年{month}月{day}日 {hours:02}:{minutes:02}"))
}

/// How old all this is: `3 小时前更新`.
pub fn age(status: &Status) -> String {
    let Some(synced) = status.synced else { return "还没有更新过".into() };
    match status.now.map(|now| now.saturating_sub(synced)) {
        None => moment(synced).map_or("更新时间不明".into(), |at| format!("{at} 更新")),
        Some(..-60) => "时钟不准，更新时间不明".into(),
        Some(age @ DAY..) => format!("{} 天前更新", age / DAY),
        Some(age @ HOUR..) => format!("{} 小时前更新", age / HOUR),
        Some(age @ MINUTE..) => format!("{} 分钟前更新", age / MINUTE),
        Some(_) => "刚刚更新".into(),
    }
}

/// What is wrong, in a few words; none when all is well.
pub fn trouble(status: &Status) -> Option<String> {
    let said = match status.trouble {
        Some(Trouble::Offline) => "连不上镇里的服务器",
        Some(Trouble::Forged) => "新送来的内容没有通过核验",
        Some(Trouble::RolledBack) => "送来的账本比这里的旧",
        Some(Trouble::Forked) => "送来的账本和这里的对不上",
        Some(Trouble::Full) => "存储满了，只留了近几个月",
        None => return stale(status).map(|days| format!("已经 {days} 天没有更新")),
    };
    Some(said.into())
}

/// The same in sentences: what happened, and what is shown meanwhile.
pub fn trouble_told(status: &Status) -> Option<String> {
    let kept = "现在显示的，都是以前核验过的内容，可以放心看。";
    let tell = "请把这件事告诉村干部或监督委员。";
    let said = match status.trouble {
        Some(Trouble::Offline) => {
            format!("暂时连不上镇里的服务器，可能是断网或停电。{kept}连上以后会自己更新。")
        }
        Some(Trouble::Forged) => {
            format!(
                "送来的内容没有通过核验：不是镇里签的，或者在路上被改过。一样也没有收。{kept}{tell}"
            )
        }
        Some(Trouble::RolledBack) => format!(
            "镇里的服务器这次拿出的账本，比这块屏以前核验过的还要旧，少了已经公布的内容。没有收。{kept}{tell}"
        ),
        Some(Trouble::Forked) => format!(
            "镇里的服务器这次拿出的账本，和这块屏以前核验过的对不上：已经公布的内容被改过，或者有两本账。没有收。{kept}{tell}"
        ),
        Some(Trouble::Full) => {
            "这块屏的存储满了，较早的月份已经让位。要看更早的，请用手机扫码。".into()
        }
        None => {
            let days = stale(status)?;
            format!("已经 {days} 天没有收到更新，后面的也许被人扣下了。{kept}请问问镇里。")
        }
    };
    Some(said)
}

fn stale(status: &Status) -> Option<i64> {
    let days = status.now?.checked_sub(status.synced?)? / DAY;
    (days >= STALE_DAYS).then_some(days)
}

/// A signer's post.
pub fn role(role: Role) -> &'static str {
    match role {
        Role::Office => "镇办公室",
        Role::Accountant => "报账员",
        Role::Supervisor => "监督委员",
    }
}

/// `报账员李桂兰`, or what is known of a signer.
pub fn signer(by: &SignedBy) -> String {
    match &by.who {
        Some((name, post)) if post.is_empty() => format!("{}{name}", role(by.role)),
        Some((name, post)) => format!("{post}{name}"),
        None => role(by.role).to_string(),
    }
}

/// All of them in one breath.
pub fn signers(signed: &[SignedBy]) -> String {
    signed.iter().map(signer).collect::<Vec<_>>().join("、")
}

/// Why something was taken back.
pub fn reason(reason: Reason) -> &'static str {
    match reason {
        Reason::Personal => "里面有个人隐私",
        Reason::Mistaken => "内容有错",
        Reason::Duplicate => "同一张票据登了两次",
        Reason::Ordered => "按上级机关的决定",
        Reason::Abuse => "辱骂、威胁、广告或刷屏",
        Reason::OnRequest => "依申请公开，可以向镇政府申请查看",
        Reason::Withheld => "依法不公开",
    }
}

/// The law's ground for not disclosing something.
pub fn legal_ground(ground: LegalGround) -> &'static str {
    match ground {
        LegalGround::StateSecret => "国家秘密",
        LegalGround::Safety => "公开后可能危及安全稳定",
        LegalGround::TradeSecret => "商业秘密",
        LegalGround::Privacy => "个人隐私",
        LegalGround::Internal => "内部事务信息",
        LegalGround::Process => "过程性信息",
        LegalGround::Enforcement => "行政执法案卷",
    }
}

/// What is covered on a picture.
pub fn ground(ground: Ground) -> &'static str {
    match ground {
        Ground::Identity => "身份证号",
        Ground::Phone => "电话号码",
        Ground::Bank => "银行账号",
        Ground::Address => "住址",
        Ground::Health => "健康状况",
        Ground::Minor => "未成年人",
        Ground::Other => "个人信息",
    }
}

/// Whether its content may be shown.
pub fn told(standing: Standing) -> bool {
    matches!(standing, Standing::Stands | Standing::Corrected)
}

/// Two lines for something in a list of which nothing may be shown; `what` is 票据 or 公告.
pub fn untold(standing: Standing) -> Option<(&'static str, String)> {
    match standing {
        Standing::Stands | Standing::Corrected => None,
        Standing::Withdrawn(why) => Some(("已撤下", reason(why).into())),
        Standing::Withheld(why) => Some(("不公开", format!("依法不公开：{}", legal_ground(why)))),
        Standing::Waiting => Some(("内容还在路上", "签名已经核验，内容还没有传到".into())),
    }
}

/// The same in sentences; `what` is 票据 or 公告.
pub fn standing(standing: Standing, what: &str) -> Option<String> {
    Some(match standing {
        Standing::Stands => return None,
        Standing::Corrected => {
            format!("这{what}已经更正，下面是旧的，新的另有一{}。", counter(what))
        }
        Standing::Withdrawn(why) => format!(
            "这{what}已撤下，原因：{}。它在账本里的编号还在，谁也抹不掉；撤下这件事本身也记在账本里。",
            reason(why)
        ),
        Standing::Withheld(why) => format!(
            "这{what}依法不公开，理由：{}。有这么一{}，账本里记着；内容可以向镇政府问。",
            legal_ground(why),
            counter(what)
        ),
        Standing::Waiting => format!(
            "这{what}已经登记在账本里，签名也核验过了，但内容还没有传到这块屏。请过一会儿再来看。"
        ),
    })
}

/// What such things are counted by.
fn counter(what: &str) -> &'static str {
    if what.ends_with("公告") { "篇" } else { "张" }
}

/// A receipt in one plain sentence.
pub fn sentence(line: &ReceiptLine) -> String {
    let when = line.date.map(|date| format!("{}，", day(date))).unwrap_or_default();
    let sum = yuan(line.amount);
    match (line.income, line.payee.trim()) {
        (false, "") => format!("{when}村里付出 {sum}，用于：{}。", line.purpose),
        (false, payee) => format!("{when}村里付给{payee} {sum}，用于：{}。", line.purpose),
        (true, "") => format!("{when}村里收入 {sum}：{}。", line.purpose),
        (true, payee) => format!("{when}村里收到{payee} {sum}：{}。", line.purpose),
    }
}

/// How many receipts a month has, and how many it should have, if that is another number.
pub fn counted(line: &MonthLine) -> (String, Option<String>) {
    let short = line.closed.filter(|closed| *closed != line.receipts);
    (format!("{} 张", line.receipts), short.map(|closed| format!("镇里说有 {closed} 张")))
}

/// Digits that two people can compare aloud.
pub fn in_fours(digits: &str) -> String {
    let mut fours = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && at.is_multiple_of(4) {
            fours.push(' ');
        }
        fours.push(digit);
    }
    fours
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_told_in_china() {
        assert_eq!(moment(0).as_deref(), Some("1970年1月1日 08:00"));
        assert_eq!(moment(1_780_449_120).as_deref(), Some("2026年6月3日 09:12"));
        assert_eq!(moment(951_782_400).as_deref(), Some("2000年2月29日 08:00"));
        assert_eq!(moment(951_753_599).as_deref(), Some("2000年2月28日 23:59"));
        assert_eq!(moment(4_102_444_800 - CHINA).as_deref(), Some("2100年1月1日 00:00"));
        assert_eq!((moment(i64::MAX), moment(i64::MIN), moment(-DAY)), (None, None, None));
    }

    #[test]
    fn age_is_told_with_any_clock() {
        let at = |now| Status { synced: Some(1_780_449_120), now, ..Status::default() };
        let told = |now: i64| age(&at(Some(1_780_449_120 + now)));
        assert_eq!(told(59), "刚刚更新");
        assert_eq!(told(61), "1 分钟前更新");
        assert_eq!(told(3 * HOUR + 5), "3 小时前更新");
        assert_eq!(told(3 * DAY), "3 天前更新");
        assert_eq!(told(-DAY), "时钟不准，更新时间不明");
        assert_eq!(age(&at(None)), "2026年6月3日 09:12 更新");
        assert_eq!(age(&Status::default()), "还没有更新过");
        assert_eq!(trouble(&at(Some(1_780_449_120 + 6 * DAY))), None);
        let old = at(Some(1_780_449_120 + 8 * DAY));
        assert_eq!(trouble(&old).as_deref(), Some("已经 8 天没有更新"));
        assert!(trouble_told(&old).is_some_and(|said| said.contains("8 天")));
    }

    #[test]
    fn a_receipt_is_one_plain_sentence() {
        let line = ReceiptLine {
            n: 7,
            purpose: "修水渠的水泥".into(),
            payee: "新街建材店".into(),
            amount: 123_456,
            income: false,
            date: "2026-06-03".parse().ok(),
            standing: Standing::Stands,
        };
        let said = "2026年6月3日，村里付给新街建材店 1,234.56元，用于：修水渠的水泥。";
        assert_eq!(sentence(&line), said);
        let income = ReceiptLine { income: true, date: None, payee: String::new(), ..line };
        assert_eq!(sentence(&income), "村里收入 1,234.56元：修水渠的水泥。");
    }
}
