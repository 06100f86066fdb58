//! An amount in Chinese capitals (大写金额), as invoices and receipts must write it.

const DIGITS: [char; 10] = ['零', '壹', '贰', '叁', '肆', '伍', '陆', '柒', '捌', '玖'];
const PLACES: [&str; 4] = ["", "拾", "佰", "仟"];
const GROUPS: [&str; 5] = ["", "万", "亿", "万亿", "亿亿"];

/// Writes `fen` (hundredths of a yuan) in capitals: `123456` is `壹仟贰佰叁拾肆元伍角陆分`.
///
/// Follows the rules for filling in vouchers: one 零 for any run of noughts inside, 整 when
/// nothing follows 元 or 角, 零 between 元 and 分 when 角 is nought.
#[must_use]
pub fn capitals(fen: u64) -> String {
    let (yuan, jiao, cent) = (fen / 100, fen / 10 % 10, fen % 10);
    let mut text = String::new();
    if yuan > 0 || fen == 0 {
        text.push_str(&integer(yuan));
        text.push('元');
    }
    match (jiao, cent) {
        (0, 0) => text.push('整'),
        (_, 0) => {
            push_digit(&mut text, jiao, "角");
            text.push('整');
        }
        (0, _) => {
            if yuan > 0 {
                text.push('零');
            }
            push_digit(&mut text, cent, "分");
        }
        _ => {
            push_digit(&mut text, jiao, "角");
            push_digit(&mut text, cent, "分");
        }
    }
    text
}

fn push_digit(text: &mut String, digit: u64, place: &str) {
    text.push(DIGITS[(digit % 10) as usize]);
    text.push_str(place);
}

/// Whole yuan, in groups of four digits from the highest down.
fn integer(yuan: u64) -> String {
    if yuan == 0 {
        return DIGITS[0].to_string();
    }
    let mut text = String::new();
    let mut gap = false;
    for group in (0..GROUPS.len()).rev() {
        let four = yuan / 10_000_u64.pow(group as u32) % 10_000;
        if four == 0 {
            gap = !text.is_empty();
            continue;
        }
        for place in (0..4).rev() {
            let digit = four / 10_u64.pow(place as u32) % 10;
            if digit == 0 {
                gap = gap || !text.is_empty();
                continue;
            }
            if gap {
                text.push(DIGITS[0]);
                gap = false;
            }
            push_digit(&mut text, digit, PLACES[place]);
        }
        gap = false;
        text.push_str(GROUPS[group]);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::capitals;

    #[test]
    fn whole_yuan_end_in_zheng() {
        assert_eq!(capitals(0), "零元整");
        assert_eq!(capitals(100), "壹元整");
        assert_eq!(capitals(1_000), "壹拾元整");
        assert_eq!(capitals(128_000), "壹仟贰佰捌拾元整");
        assert_eq!(capitals(10_000_000), "壹拾万元整");
        assert_eq!(capitals(10_000_000_000), "壹亿元整");
    }

    #[test]
    fn runs_of_noughts_inside_are_one_ling() {
        assert_eq!(capitals(100_100), "壹仟零壹元整");
        assert_eq!(capitals(1_000_100), "壹万零壹元整");
        assert_eq!(capitals(10_005_000), "壹拾万零伍拾元整");
        assert_eq!(capitals(12_030_000), "壹拾贰万零叁佰元整");
        assert_eq!(capitals(10_000_000_100), "壹亿零壹元整");
        assert_eq!(capitals(20_304_050), "贰拾万叁仟零肆拾元伍角整");
        assert_eq!(capitals(100_000_000_000 + 50_000_000), "壹拾亿零伍拾万元整");
    }

    #[test]
    fn jiao_and_fen_follow_the_rules() {
        assert_eq!(capitals(50), "伍角整");
        assert_eq!(capitals(6), "陆分");
        assert_eq!(capitals(140_950), "壹仟肆佰零玖元伍角整");
        assert_eq!(capitals(600_014), "陆仟元壹角肆分");
        assert_eq!(capitals(10_753), "壹佰零柒元伍角叁分");
        assert_eq!(capitals(1_632_503), "壹万陆仟叁佰贰拾伍元零叁分");
    }
}
