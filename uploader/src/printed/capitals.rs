//! Amounts in capital numerals, as `肆佰捌拾叁元整`.

use ledger::money::Fen;

/// Reads an amount in capital numerals; `None` if it is not one.
pub fn capitals(text: &str) -> Option<Fen> {
    let text = text.trim().trim_start_matches("人民币").trim_end_matches(['整', '正']);
    let (yuan, rest) = match text.split_once(['元', '圆']) {
        Some((yuan, rest)) => (whole(yuan)?, rest),
        None => (0, text),
    };
    let (mut fen, mut digit, mut last) = (0, None, 100);
    for letter in rest.chars() {
        let unit = match letter {
            '角' => 10,
            '分' => 1,
            _ => {
                // Two numerals need a unit between them, unless the first is nought.
                if digit.is_some_and(|before| before > 0) {
                    return None;
                }
                digit = Some(numeral(letter)?);
                continue;
            }
        };
        if unit >= last {
            return None;
        }
        fen += digit.take()? * unit;
        last = unit;
    }
    if digit.is_some() || text.is_empty() || (yuan == 0 && fen == 0) {
        return None;
    }
    let fen = Fen(yuan.checked_mul(100)?.checked_add(fen)?);
    (fen <= Fen::MAX).then_some(fen)
}

/// Whole yuan, as `壹万零贰拾`.
fn whole(text: &str) -> Option<i64> {
    // What is done with, the part before the next 万 or 亿, and the numeral before the next unit.
    let (mut done, mut part, mut digit) = (0_i64, 0_i64, None);
    for letter in text.chars() {
        let small = match letter {
            '拾' | '十' => 10,
            '佰' | '百' => 100,
            '仟' | '千' => 1_000,
            '万' | '萬' | '亿' | '億' => {
                let unit = if matches!(letter, '万' | '萬') { 10_000 } else { 100_000_000 };
                part += digit.take().unwrap_or(0);
                let all = if unit > 10_000 { done.checked_add(part)? } else { part };
                let kept = if unit > 10_000 { 0 } else { done };
                if all == 0 {
                    return None;
                }
                done = all.checked_mul(unit)?.checked_add(kept)?;
                part = 0;
                continue;
            }
            _ => {
                if digit.is_some_and(|before| before > 0) {
                    return None;
                }
                digit = Some(numeral(letter)?);
                continue;
            }
        };
        // A bare 拾 at the head means 壹拾.
        let many = digit.take().filter(|digit| *digit > 0);
        let bare = (small == 10 && part == 0).then_some(1);
        part = part.checked_add(many.or(bare)? * small)?;
    }
    done.checked_add(part)?.checked_add(digit.unwrap_or(0))
}

fn numeral(letter: char) -> Option<i64> {
    const NUMERALS: [&str; 10] =
        ["零〇", "壹一", "贰貳二", "叁参三", "肆四", "伍五", "陆陸六", "柒七", "捌八", "玖九"];
    let place = NUMERALS.iter().position(|same| same.contains(letter))?;
    i64::try_from(place).ok()
}

/// Whether a letter may stand in such an amount.
pub(super) fn belongs(letter: char) -> bool {
    "元圆角分整正拾佰仟万萬亿億".contains(letter)
        || (numeral(letter).is_some() && !"一二三四五六七八九〇".contains(letter))
}
