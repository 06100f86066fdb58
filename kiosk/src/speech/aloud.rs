//! Figures and signs within a text as they are said: sums, dates, times, shares, telephone numbers, counts, units.

use ledger::money::Fen;

use super::numbers::{code, count, count_of, decimal, digits, yuan};

/// From this many digits on a number without a unit is a code, read digit by digit.
const CODE_MIN: usize = 7;
/// Digits of the longest number that is said as a count.
const COUNT_MAX: usize = 12;
/// Words before or after a number that make it a code however short it is.
const CODE_WORDS: [&str; 14] = [
    "电话", "热线", "拨打", "致电", "编号", "号码", "代码", "账号", "帐号", "卡号", "证号", "邮编",
    "手机", "车牌",
];
/// How many characters before a number such a word may stand.
const CODE_WORD_REACH: usize = 5;
/// Things that are counted with 两. Not 月, 日, 号, 组, 级, 楼: those number and do not count.
const THINGS: &str = "个张元块户人名位条次天年台只头亩斤公吨米里间套份家项件座株棵袋包瓶桶车趟批期届小种处片段盏根把双对辆艘艇笔本册倍";
/// Units written in Latin letters; the longer before the shorter that it begins with.
const UNITS: [(&str, &str); 14] = [
    ("kWh", "度"),
    ("kW", "千瓦"),
    ("km", "公里"),
    ("kg", "公斤"),
    ("cm", "厘米"),
    ("mm", "毫米"),
    ("m2", "平方米"),
    ("m²", "平方米"),
    ("m3", "立方米"),
    ("m³", "立方米"),
    ("ml", "毫升"),
    ("m", "米"),
    ("L", "升"),
    ("t", "吨"),
];
/// Single signs and what is said for them.
const SIGNS: [(char, &str); 13] = [
    ('℃', "摄氏度"),
    ('㎡', "平方米"),
    ('×', "乘"),
    ('+', "加"),
    ('=', "等于"),
    ('&', "和"),
    ('①', "一，"),
    ('②', "二，"),
    ('③', "三，"),
    ('④', "四，"),
    ('⑤', "五，"),
    ('⑥', "六，"),
    ('№', "第"),
];

/// What was made of the beginning of a text, and how many of its bytes that was.
type Said = Option<(String, usize)>;

/// `text` with every figure and sign in words: Chinese characters, Latin letters and ，。！？ are left.
pub(super) fn aloud(text: &str) -> String {
    let text: String = text.chars().map(narrow).collect();
    let mut said = String::new();
    let mut at = 0;
    while let Some(character) = text[at..].chars().next() {
        let (before, rest) = text.split_at(at);
        let figures = [money, day, month, clock, share, telephone, fraction, number];
        if let Some((words, length)) = figures.iter().find_map(|figure| figure(before, rest)) {
            said += &words;
            at += length;
            continue;
        }
        at += character.len_utf8();
        if let Some((_, words)) = SIGNS.iter().find(|(sign, _)| *sign == character) {
            said += words;
        } else if is_to(before, character, &text[at..]) {
            said.push('至');
        } else if covers(before, character, &text[at..]) {
            said.push('星');
        } else {
            mark(character, &mut said);
        }
    }
    said.trim_start_matches('，').to_owned()
}

/// Wide Latin letters, digits and signs as narrow ones.
fn narrow(character: char) -> char {
    match character {
        '￥' => '¥',
        '－' | '–' => '-',
        '～' => '~',
        // Full-width forms lie in the order of ASCII; their comma, colon and the like are Chinese marks.
        '０'..='９' | 'Ａ'..='Ｚ' | 'ａ'..='ｚ' | '％' | '＋' | '＝' | '／' | '＊' | '．' => {
            char::from_u32(character as u32 - 0xfee0).unwrap_or(character)
        }
        other => other,
    }
}

/// A letter, a pause, an end, or nothing.
fn mark(character: char, said: &mut String) {
    let pause = match character {
        '\u{3400}'..='\u{9fff}' | 'a'..='z' | 'A'..='Z' => return said.push(character),
        '。' | '！' | '？' | '!' | '?' => character,
        '，' | '、' | '；' | '：' | ',' | ';' | ':' | '（' | '）' | '(' | ')' | '—' | '-' | '…'
        | '/' | '\n' | '|' | '【' | '】' | '~' => '，',
        _ => return,
    };
    if !said.ends_with(['，', '。', '！', '？', '!', '?']) {
        said.push(pause);
    }
}

/// True where a stroke would not be a minus: something that can be the lower end of a range stands before it.
fn ends_range(before: &str) -> bool {
    before.ends_with(|c: char| c.is_ascii_alphanumeric() || "元日月年时点分%¥".contains(c))
}

/// True for the stroke or wave of 3-5.
fn is_to(before: &str, character: char, after: &str) -> bool {
    let ends = ends_range(before.trim_end());
    let goes_on = after.trim_start().starts_with(|c: char| c.is_ascii_digit() || c == '¥');
    matches!(character, '-' | '~' | '—') && ends && goes_on
}

/// True for the stars that cover a part of a number; other stars only decorate.
fn covers(before: &str, character: char, after: &str) -> bool {
    let beside = |c: char| c.is_ascii_digit() || c == '*';
    character == '*' && (before.ends_with(beside) || after.starts_with(beside))
}

/// The leading digits, and what follows.
fn leading(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

/// A number such as `1,234.50` at the beginning of a text.
struct Figure<'a> {
    /// Below nought.
    minus: bool,
    /// Digits without commas.
    whole: String,
    /// Digits after the point; empty without one.
    after: &'a str,
    /// Bytes.
    length: usize,
}

impl<'a> Figure<'a> {
    /// Reads one; `None` where there is none or one goes on from before.
    fn read(before: &str, rest: &'a str) -> Option<Self> {
        let joined = |c: char| c.is_ascii_digit() || c == '.';
        let stroke = rest.strip_prefix('-');
        let minus = stroke.is_some() && !ends_range(before);
        let text = if minus { stroke? } else { rest };
        let (first, mut tail) = leading(text);
        if first.is_empty() || before.ends_with(joined) {
            return None;
        }
        let mut whole = first.to_owned();
        while whole.len() <= COUNT_MAX && first.len() <= 3 {
            let Some((group, next)) = tail.strip_prefix(',').map(leading) else { break };
            if group.len() != 3 {
                break;
            }
            whole += group;
            tail = next;
        }
        let (after, tail) = match tail.strip_prefix('.').map(leading) {
            Some((after, next)) if !after.is_empty() => (after, next),
            _ => ("", tail),
        };
        Some(Self { minus, whole, after, length: rest.len() - tail.len() })
    }

    fn fen(&self) -> Option<Fen> {
        let sign = if self.minus { "-" } else { "" };
        let after = if self.after.is_empty() { "0" } else { self.after };
        format!("{sign}{}.{after}", self.whole).parse().ok()
    }

    /// As a count or a decimal; digit by digit when that is too long or begins with a nought that means something.
    fn said(&self, follows: &str, of_things: bool) -> String {
        let clock = self.whole.len() == 2
            && follows.starts_with(['时', '点', '分', '日', '月', '号', '秒']);
        let code = self.whole.len() > 1 && self.whole.starts_with('0') && !clock;
        let sign = if self.minus { "负" } else { "" };
        let number = match self.whole.parse::<u64>() {
            Ok(number) if self.whole.len() <= COUNT_MAX && !code => number,
            _ if self.after.is_empty() => return format!("{sign}{}", digits(&self.whole)),
            _ => return format!("{sign}{}点{}", digits(&self.whole), digits(self.after)),
        };
        if !self.after.is_empty() {
            format!("{sign}{}", decimal(number, self.after))
        } else if of_things {
            format!("{sign}{}", count_of(number))
        } else {
            format!("{sign}{}", count(number))
        }
    }
}

/// ¥12.50, 12.50元, 12.50 元.
fn money(before: &str, rest: &str) -> Said {
    let sign = rest.strip_prefix('¥').map(str::trim_start);
    let marked = sign.is_some();
    let text = sign.unwrap_or(rest);
    let figure = Figure::read(if marked { "" } else { before }, text)?;
    let tail = &text[figure.length..];
    let unit = tail.trim_start_matches(' ').strip_prefix('元');
    let unit = unit.filter(|next| !next.starts_with(['旦', '月', '宵']));
    if !marked && unit.is_none() || tail.starts_with(['万', '亿', '千', '百']) {
        return None;
    }
    let left = unit.unwrap_or(tail);
    Some((yuan(figure.fen()?), rest.len() - left.len()))
}

/// 2026-11-22, 2026/11/22, 2026.11.22; and the year of 2026年.
fn day(before: &str, rest: &str) -> Said {
    let (year, tail) = year(before, rest)?;
    if tail.starts_with('年') {
        return Some((digits(year), year.len()));
    }
    let sign = tail.chars().next().filter(|c| ['-', '/', '.'].contains(c))?;
    let (month, tail) = two(tail.strip_prefix(sign)?, 12)?;
    let (day, tail) = two(tail.strip_prefix(sign)?, 31)?;
    let said = format!("{}年{}月{}日", digits(year), count(month), count(day));
    Some((said, rest.len() - tail.len()))
}

/// 2026-11.
fn month(before: &str, rest: &str) -> Said {
    let (year, tail) = year(before, rest)?;
    let (month, tail) = two(tail.strip_prefix('-')?, 12)?;
    let said = format!("{}年{}月", digits(year), count(month));
    (!tail.starts_with('-')).then_some((said, rest.len() - tail.len()))
}

/// A year of this or the last century that stands by itself.
fn year<'a>(before: &str, rest: &'a str) -> Option<(&'a str, &'a str)> {
    let (year, tail) = leading(rest);
    let right = year.len() == 4 && (year.starts_with("19") || year.starts_with("20"));
    (right && !before.ends_with(|c: char| c.is_ascii_digit() || c == '.')).then_some((year, tail))
}

/// A number from 1 to `most`, of one or two digits.
fn two(text: &str, most: u64) -> Option<(u64, &str)> {
    let (digits, tail) = leading(text);
    let number = digits.parse().ok().filter(|number| (1..=most).contains(number))?;
    (digits.len() <= 2).then_some((number, tail))
}

/// 8:30, 14:05.
fn clock(before: &str, rest: &str) -> Said {
    let (hour, tail) = leading(rest);
    let (minute, tail) = leading(tail.strip_prefix(':').or_else(|| tail.strip_prefix('：'))?);
    let alone = !before.ends_with(|c: char| c.is_ascii_digit()) && !tail.starts_with(':');
    let (h, m): (u64, u64) = (hour.parse().ok()?, minute.parse().ok()?);
    if !alone || hour.len() > 2 || minute.len() != 2 || h > 24 || m > 59 {
        return None;
    }
    let minutes = match m {
        0 => String::new(),
        1..=9 => format!("零{}分", count(m)),
        _ => format!("{}分", count(m)),
    };
    Some((format!("{}点{minutes}", count_of(h)), rest.len() - tail.len()))
}

/// 12.5%.
fn share(before: &str, rest: &str) -> Said {
    let figure = Figure::read(before, rest)?;
    let tail = &rest[figure.length..];
    let (of, sign) =
        [("百分之", '%'), ("千分之", '‰')].into_iter().find(|(_, s)| tail.starts_with(*s))?;
    Some((format!("{of}{}", figure.said("", false)), figure.length + sign.len_utf8()))
}

/// Numbers of telephones, papers and cards; whatever is long, or called a number.
fn telephone(before: &str, rest: &str) -> Said {
    let (first, tail) = leading(rest);
    if first.is_empty() || before.ends_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    if let Some((second, tail)) = tail.strip_prefix('-').map(leading)
        && (3..=4).contains(&first.len())
        && (7..=8).contains(&second.len())
    {
        return Some((format!("{}，{}", code(first), code(second)), rest.len() - tail.len()));
    }
    let near: String = before.chars().rev().take(CODE_WORD_REACH).collect();
    let near: String = near.chars().rev().collect();
    let called = CODE_WORDS.iter().any(|word| near.contains(word) || tail.starts_with(word));
    let covered = before.ends_with('*') || tail.starts_with('*');
    let lettered = before.ends_with(|c: char| c.is_ascii_alphabetic()) && first.len() > 1;
    let counted = tail.starts_with(|c: char| THINGS.contains(c) || "万亿,.".contains(c));
    let long = first.len() >= CODE_MIN && !counted;
    let is_code = long || covered || lettered || called && first.len() >= 3;
    is_code.then(|| (code(first), first.len()))
}

/// 1/3.
fn fraction(before: &str, rest: &str) -> Said {
    let (upper, tail) = leading(rest);
    let (lower, tail) = leading(tail.strip_prefix('/')?);
    let small = |text: &str| text.parse().ok().filter(|number| (1..=100_u64).contains(number));
    let (upper, lower) = (small(upper)?, small(lower)?);
    let alone =
        !before.ends_with(|c: char| c.is_ascii_digit() || c == '/') && !tail.starts_with('/');
    let said = format!("{}分之{}", count(lower), count(upper));
    (alone && upper < lower).then_some((said, rest.len() - tail.len()))
}

/// Any other number, with its unit when that is written in Latin letters.
fn number(before: &str, rest: &str) -> Said {
    let figure = Figure::read(before, rest)?;
    let tail = &rest[figure.length..];
    let unit = UNITS.iter().find(|(sign, _)| tail.strip_prefix(sign).is_some_and(ends_word));
    let things = !before.ends_with('第')
        && (tail.starts_with(|c| THINGS.contains(c) || "万亿千".contains(c)) || unit.is_some());
    let mut said = figure.said(tail, things);
    let mut length = figure.length;
    if let Some((sign, word)) = unit {
        said += word;
        length += sign.len();
    }
    Some((said, length))
}

fn ends_word(follows: &str) -> bool {
    !follows.starts_with(|c: char| c.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn figures_are_said_as_people_say_them() {
        for (text, said) in [
            ("¥1,234.50", "一千二百三十四元五角"),
            ("￥2", "两元"),
            ("付 680.00 元给", "付六百八十元给"),
            ("-856.50元", "负八百五十六元五角"),
            ("3.5万元", "三点五万元"),
            ("2万元", "两万元"),
            ("元旦", "元旦"),
            ("1元旦", "一元旦"),
            ("2026-11-22", "二零二六年十一月二十二日"),
            ("2026/1/2", "二零二六年一月二日"),
            ("2026年第三季度", "二零二六年第三季度"),
            ("2026-10", "二零二六年十月"),
            ("11月5日上午8时至下午5时", "十一月五日上午八时至下午五时"),
            ("08时05分", "八时五分"),
            ("8:30-17:00", "八点三十分至十七点"),
            ("2:05", "两点零五分"),
            ("涨了12.5%", "涨了百分之十二点五"),
            ("电话：13800138000", "电话，幺三八零零幺三八零零零"),
            ("拨打12345热线", "拨打幺二三四五热线"),
            ("023-12345678", "零二三，幺二三四五六七八"),
            ("发票代码034001900111", "发票代码零三四零零幺九零零幺幺幺"),
            ("身份证号500101********1234", "身份证号五零零幺零幺星星星星星星星星幺二三四"),
            ("*照明装置*路灯头", "照明装置路灯头"),
            ("保洁员9人", "保洁员九人"),
            ("2人", "两人"),
            ("2月", "二月"),
            ("第2名", "第二名"),
            ("2组", "二组"),
            ("12人", "十二人"),
            ("1200亩", "一千二百亩"),
            ("A4纸2包", "A四纸两包"),
            ("G318国道", "G三幺八国道"),
            ("3-5月", "三至五月"),
            ("1/3", "三分之一"),
            ("20m²，3.5km", "二十平方米，三点五公里"),
            ("２０２６年", "二零二六年"),
            ("气温-3℃", "气温负三摄氏度"),
            ("（附件）", "附件，"),
            ("a,b", "a，b"),
            ("1234567890123456789", "幺二三四五六七八九零幺二三四五六七八九"),
            ("1,234,567人", "一百二十三万四千五百六十七人"),
            ("", ""),
        ] {
            assert_eq!(aloud(text), said, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_sum_is_said_the_same_however_it_is_written(fen in 0..10_000_000_000_i64) {
            let said = yuan(Fen(fen));
            prop_assert_eq!(&aloud(&format!("¥{}", Fen(fen))), &said);
            prop_assert_eq!(&aloud(&format!("{}元", Fen(fen))), &said);
            prop_assert_eq!(&aloud(&format!("{} 元", Fen(fen).plain())), &said);
        }

        #[test]
        fn whoever_hears_a_date_knows_the_day(year in 1950..2099_u32, month in 1..=12_u32, day in 1..=31_u32) {
            let said = aloud(&format!("{year}-{month:02}-{day:02}"));
            let spelt: String = year.to_string().chars()
                .map(|c| "零一二三四五六七八九".chars().nth(c.to_digit(10).unwrap() as usize).unwrap()).collect();
            let small = ["", "一", "二", "三", "四", "五", "六", "七", "八", "九"];
            let tens = ["", "十", "二十", "三十"];
            let two = |n: u32| format!("{}{}", tens[n as usize / 10], small[n as usize % 10]);
            prop_assert_eq!(&said, &format!("{spelt}年{}月{}日", two(month), two(day)));
            let plain = format!("{year}年{month}月{day}日");
            prop_assert_eq!(&aloud(&plain), &said);
        }

        #[test]
        fn no_text_is_too_strange(text in "\\PC{0,60}") {
            let said = aloud(&text);
            prop_assert!(!said.chars().any(|c| c.is_ascii_digit()), "{}", said);
        }

        #[test]
        fn figures_in_any_company_leave_no_digit_behind(text in "[0-9.,:/%¥年月日元-]{0,40}") {
            prop_assert!(!aloud(&text).chars().any(|c| c.is_ascii_digit()), "{}", text);
        }
    }
}
