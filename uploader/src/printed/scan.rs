//! Looking for labels and values in rows of text, whatever blanks, colons and widths the print has.

use super::capitals;
use crate::ocr::Line;
use ledger::money::Fen;
use ledger::time::Date;

/// Titles and endings that show who a paper without labels is from.
const SHOPS: [&str; 3] = ["加油站", "商店", "超市"];
/// Labels of what was paid, the surest first.
const TOTALS: [&str; 6] = ["(小写)", "小写", "实收金额", "应收金额", "金额合计", "合计金额"];

/// Where the right half of an invoice begins.
const RIGHT: f32 = 0.45;
/// What stands where a name belongs and is none.
const NO_NAMES: [&str; 4] = ["签名", "签字", "签章", "盖章"];

/// The lines of a page, each plain, by rows.
pub struct Page {
    rows: Vec<Vec<Piece>>,
}

struct Piece {
    text: String,
    /// Where it begins and ends, in fractions of the picture's width.
    across: (f32, f32),
}

/// Full-width letters made half-width, blanks dropped, one kind of colon, comma and currency sign.
pub fn plain(text: &str) -> String {
    let one = |letter: char| match letter {
        '￥' => '¥',
        '　' => ' ',
        '，' => ',',
        '№' => '#',
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(letter) - 0xfee0).unwrap_or(letter),
        _ => letter,
    };
    text.chars().map(one).filter(|letter| !letter.is_whitespace()).collect()
}

/// A person's name: without the word of consent before it; two to twelve letters.
pub fn name(text: String) -> Option<String> {
    let text = text.trim_start_matches("同意");
    let letters = text.chars().take_while(|c| c.is_alphabetic()).collect::<String>();
    let right = (2..=12).contains(&letters.chars().count());
    (right && !NO_NAMES.contains(&letters.as_str())).then_some(letters)
}

impl Page {
    /// Puts lines into rows.
    pub fn of(lines: &[Line]) -> Page {
        let mut rows: Vec<(usize, Vec<Piece>)> = Vec::new();
        for line in lines {
            let (left, _, right, _) = line.place.bounds();
            let piece = Piece { text: plain(&line.text), across: (left, right) };
            match rows.last_mut() {
                Some((row, pieces)) if *row == line.row => pieces.push(piece),
                _ => rows.push((line.row, vec![piece])),
            }
        }
        Page { rows: rows.into_iter().map(|(_, pieces)| pieces).collect() }
    }

    fn joined(&self) -> impl Iterator<Item = String> {
        self.rows.iter().map(|row| row.iter().map(|piece| piece.text.as_str()).collect())
    }

    /// Who is paid by a list with a column of names (工资表): the first of them, and how many they are.
    pub fn listed(&self) -> Option<String> {
        let is_head = |piece: &&Piece| piece.text == "姓名";
        let (at, head) = self
            .rows
            .iter()
            .enumerate()
            .find_map(|(at, row)| Some((at, row.iter().find(is_head)?.across)))?;
        let middle = (head.0 + head.1) / 2.0;
        let below = self.rows[at + 1..].iter();
        let within =
            below.take_while(|row| row.iter().all(|piece| !piece.text.starts_with("合计")));
        let names: Vec<String> = within
            .filter_map(|row| {
                let cell = row.iter().find(|p| p.across.0 < middle && middle < p.across.1)?;
                name(cell.text.clone())
            })
            .collect();
        match (names.first()?, names.len()) {
            (one, 1) => Some(one.clone()),
            (first, many) => Some(format!("{first}等{many}人")),
        }
    }

    /// Whether some row holds this.
    pub fn says(&self, what: &str) -> bool {
        self.joined().any(|row| row.contains(what))
    }

    /// What follows a label in its line, or the next line of the row if nothing does.
    pub fn after(&self, label: &str) -> Option<String> {
        self.rows.iter().find_map(|row| {
            row.iter().enumerate().find_map(|(n, piece)| {
                let bare = label.trim_end_matches(':');
                let (_, value) = piece.text.split_once(bare)?;
                let value = value.trim_start_matches([':', '.', '☑', '口', '□', '_', '-']);
                let value = match value.is_empty() {
                    true => row.get(n + 1)?.text.trim_start_matches(':'),
                    false => value,
                };
                (!value.is_empty()).then(|| value.to_owned())
            })
        })
    }

    /// The digits after one of the labels, if there are as many as one of `lengths`.
    pub fn digits(&self, labels: &[&str], lengths: &[usize]) -> Option<String> {
        labels.iter().find_map(|label| {
            let value = self.after(label)?;
            let digits: String = value.chars().take_while(char::is_ascii_digit).collect();
            lengths.contains(&digits.len()).then_some(digits)
        })
    }

    /// The day it was issued; else the first day that it names.
    pub fn date(&self) -> Option<Date> {
        let labelled = ["开票日期", "日期"].iter().find_map(|label| date(&self.after(label)?));
        let whole = labelled.or_else(|| self.joined().find_map(|row| date(&row)));
        whole.or_else(|| self.day_with_the_year_elsewhere())
    }

    /// A day whose year a stamp covers, with the year that stands elsewhere on the page.
    fn day_with_the_year_elsewhere(&self) -> Option<Date> {
        let digits = |text: &str| text.chars().rev().take_while(char::is_ascii_digit).count();
        let tail = |text: &str| text[text.len() - digits(text)..].to_owned();
        let year = self.joined().find_map(|row| {
            let (before, _) = row.split_once('年')?;
            Some(tail(before)).filter(|year| year.len() == 4)
        })?;
        self.joined().find_map(|row| {
            let (before, after) = row.split_once('月')?;
            let day = after.split_once('日')?.0;
            date(&format!("{year}年{}月{day}日", tail(before)))
        })
    }

    /// The first amount in capital numerals, which may be cut into two lines or rows.
    pub fn capitals(&self) -> Option<Fen> {
        let text: String = self.joined().collect();
        text.split(|letter| !capitals::belongs(letter))
            .filter(|run| run.contains(['元', '圆']))
            .find_map(capitals::capitals)
    }

    /// The two amounts of the row of sums.
    pub fn net_and_tax(&self) -> Option<(Fen, Fen)> {
        let sums = self.joined().find(|row| row.starts_with("合计") && row.contains('¥'))?;
        let mut found = amounts(&sums).into_iter();
        Some((found.next()?, found.next()?))
    }

    /// The amount in figures of what was paid.
    pub fn total(&self) -> Option<Fen> {
        let first = |row: &str| amounts(row).into_iter().next();
        let labelled = TOTALS
            .iter()
            .find_map(|label| self.joined().find_map(|row| first(row.split_once(label)?.1)));
        let marked = || {
            let plain = self.joined().filter(|row| !row.starts_with("合计"));
            let rows: Vec<String> = plain.collect();
            rows.iter().find_map(|row| first(&format!("¥{}", row.split_once('¥')?.1)))
        };
        labelled.or_else(marked)
    }

    /// Buyer and seller.
    pub fn parties(&self) -> (Option<String>, Option<String>) {
        let named = self.rows.iter().find(|row| row.iter().any(|p| p.text.contains("名称:")));
        let mut parties = (None, None);
        for piece in named.into_iter().flatten() {
            for (n, part) in piece.text.split("名称:").enumerate().skip(1) {
                let seller =
                    piece.across.0 > RIGHT || n > 1 || part.is_empty() && parties.0.is_some();
                let party = if seller { &mut parties.1 } else { &mut parties.0 };
                let part = part.trim_end_matches(['销', '售', '购', '买', '方']);
                if party.is_none() && !part.is_empty() {
                    *party = Some(part.to_owned());
                }
            }
        }
        if parties == (None, None) {
            let shop = self.joined().take(2).find(|row| SHOPS.iter().any(|end| row.ends_with(end)));
            parties.1 = shop;
        }
        parties
    }

    /// What a slip was written for: `…付<purpose>,人民币…`, or what follows the label.
    pub fn purpose(&self) -> Option<String> {
        let text: String = self.joined().collect();
        let written = || {
            let (_, said) = text.split_once("今领到").or_else(|| text.split_once("今收到"))?;
            let (_, said) = said.split_once('付')?;
            let (said, _) = said.split_once("人民币")?;
            let said = said.trim_end_matches([',', '.', '、', '。']);
            (1..=40).contains(&said.chars().count()).then(|| said.to_owned())
        };
        written().or_else(|| self.after("事由:"))
    }
}

/// The amounts in a row: figures with two decimals, or after a currency sign.
pub fn amounts(row: &str) -> Vec<Fen> {
    let mut found = Vec::new();
    let mut signed = false;
    for run in
        row.split_inclusive(|letter: char| !letter.is_ascii_digit() && !",.".contains(letter))
    {
        let figure = run.trim_end_matches(|letter: char| !letter.is_ascii_digit());
        let exact = figure.rsplit_once('.').is_some_and(|(_, cents)| cents.len() == 2);
        if (exact || signed)
            && let Ok(fen) = figure.parse::<Fen>()
        {
            found.push(fen);
        }
        signed = run.ends_with('¥');
    }
    found
}

/// The first day in a text, as `2026年5月2日`, `2026-05-02` or `2026.5.2`.
pub fn date(text: &str) -> Option<Date> {
    let numbers: Vec<(usize, &str)> = text
        .split(|letter: char| !letter.is_ascii_digit())
        .scan(0, |at, run| {
            let start = *at;
            *at += run.len() + text[start + run.len()..].chars().next().map_or(0, char::len_utf8);
            Some((start, run))
        })
        .filter(|(_, run)| !run.is_empty())
        .collect();
    numbers.windows(3).find_map(|three| {
        let [(at, year), (_, month), (last, day)] = three else { return None };
        let year = year.get(year.len().checked_sub(4)?..)?;
        let day = day.get(..day.len().min(2))?;
        let between = text.get(at + 4..*last)?;
        let parted = between.chars().filter(|c| "年月-./".contains(*c)).count() == 2;
        let date = format!("{year}-{month:0>2}-{day:0>2}");
        (parted && year.starts_with("20") && month.len() <= 2).then(|| date.parse().ok()).flatten()
    })
}
