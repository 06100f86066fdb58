//! Money: an integer number of fen (1/100 yuan), never a fraction.

use core::{fmt, iter::Sum, ops::Add, str::FromStr};
use serde::{Deserialize, Serialize};

/// An amount in fen. As text `1,234.56` (yuan); in JSON the integer.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Fen(pub i64);

impl Fen {
    /// The largest amount that a receipt may state: 100 billion yuan.
    pub const MAX: Fen = Fen(10_000_000_000_000);

    /// The amount without grouping, as a form field or a CSV wants it: `1234.56`.
    pub fn plain(self) -> alloc::string::String {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (yuan, fen) = (self.0.unsigned_abs() / 100, self.0.unsigned_abs() % 100);
        alloc::format!("{sign}{yuan}.{fen:02}")
    }
}

impl fmt::Display for Fen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = self.plain();
        let (sign, digits) = plain.strip_prefix('-').map_or(("", &*plain), |d| ("-", d));
        let (yuan, fen) = digits.split_once('.').unwrap_or((digits, "00"));
        f.write_str(sign)?;
        for (i, digit) in yuan.chars().enumerate() {
            if i > 0 && (yuan.len() - i).is_multiple_of(3) {
                f.write_str(",")?;
            }
            write!(f, "{digit}")?;
        }
        write!(f, ".{fen}")
    }
}

/// The text is not an amount of yuan such as `1234.5` or `1,234.56`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an amount of yuan with at most two decimals")]
pub struct BadAmount;

impl FromStr for Fen {
    type Err = BadAmount;

    /// Reads yuan with at most two decimals; commas between groups of three are allowed, as are `¥`, `￥` and `元`.
    fn from_str(text: &str) -> Result<Self, BadAmount> {
        let text = text.trim().trim_start_matches(['¥', '￥']).trim_end_matches('元').trim();
        let (negative, text) = text.strip_prefix('-').map_or((false, text), |t| (true, t));
        let (yuan, cents) = text.split_once('.').unwrap_or((text, "0"));
        let groups_right = yuan.split(',').skip(1).all(|group| group.len() == 3);
        let all_digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
        let yuan = yuan.replace(',', "");
        if !groups_right || !all_digits(&yuan) || !all_digits(cents) || cents.len() > 2 {
            return Err(BadAmount);
        }
        let yuan: i64 = yuan.parse().map_err(|_| BadAmount)?;
        let scale = if cents.len() == 1 { 10 } else { 1 };
        let cents = cents.parse::<i64>().map_err(|_| BadAmount)? * scale;
        let fen = yuan.checked_mul(100).and_then(|f| f.checked_add(cents)).ok_or(BadAmount)?;
        Ok(Fen(if negative { -fen } else { fen }))
    }
}

impl Add for Fen {
    type Output = Fen;
    /// Saturates: a total never wraps round.
    fn add(self, other: Fen) -> Fen {
        Fen(self.0.saturating_add(other.0))
    }
}

impl Sum for Fen {
    fn sum<I: Iterator<Item = Fen>>(amounts: I) -> Fen {
        amounts.fold(Fen(0), Add::add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn amounts_read_and_print() {
        for (text, fen) in [
            ("0", 0),
            ("1234.5", 123_450),
            ("1,234.56", 123_456),
            ("¥12.00", 1200),
            ("30元", 3000),
            ("-0.05", -5),
        ] {
            assert_eq!(text.parse(), Ok(Fen(fen)), "{text}");
        }
        for bad in
            ["", ".", "1.", ".5", "1.234", "12,34", "1e3", "一百", "99999999999999999999", "--1"]
        {
            assert_eq!(bad.parse::<Fen>(), Err(BadAmount), "{bad}");
        }
        assert_eq!(Fen(123_456_789).to_string(), "1,234,567.89");
        assert_eq!(Fen(-100_005).to_string(), "-1,000.05");
        assert_eq!(Fen(-5).to_string(), "-0.05");
        assert_eq!(Fen(i64::MIN).plain(), "-92233720368547758.08");
    }

    proptest::proptest! {
        #[test]
        fn what_is_printed_reads_back(fen in -Fen::MAX.0..Fen::MAX.0) {
            proptest::prop_assert_eq!(Fen(fen).to_string().parse(), Ok(Fen(fen)));
            proptest::prop_assert_eq!(Fen(fen).plain().parse(), Ok(Fen(fen)));
        }
    }
}
