//! What a month's sums are seen beside: its categories, earlier months, its largest receipts; and a year by its months.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use ledger::money::Fen;
use ledger::time::Period;

use crate::view::{Line, Month, MonthState, Totals};
use crate::web::words::Words;

/// How many of a month's receipts are named as its largest.
const LARGEST: usize = 10;
/// Height of the longest bar in the chart of a year, in its own units.
const BAR_HEIGHT: u64 = 60;

/// A category's part of what a month spent.
pub(super) struct Bar {
    pub category: String,
    pub amount: Fen,
    /// Length: 1 to 100, the largest category's being 100.
    pub share: u64,
}

/// How long a bar is, of `full`, beside the `largest`; what is not nothing is seen.
fn length(amount: Fen, largest: Fen, full: u64) -> u64 {
    let part = i128::from(amount.0) * i128::from(full) / i128::from(largest.0.max(1));
    let seen = u64::from(amount.0 > 0);
    u64::try_from(part).unwrap_or(0).clamp(seen, full)
}

/// What was spent by category, the largest first.
pub(super) fn bars(lines: &[Line]) -> Vec<Bar> {
    let mut sums: BTreeMap<&str, i64> = BTreeMap::new();
    for line in lines.iter().filter(|line| !line.income) {
        let sum = sums.entry(&line.category).or_default();
        *sum = sum.saturating_add(line.amount.0);
    }
    let largest = Fen(sums.values().copied().max().unwrap_or(1));
    let bar = |(category, amount): (&str, i64)| Bar {
        category: category.to_owned(),
        amount: Fen(amount),
        share: length(Fen(amount), largest, 100).max(1),
    };
    let mut bars: Vec<Bar> = sums.into_iter().map(bar).collect();
    bars.sort_by_key(|bar| Reverse(bar.amount));
    bars
}

/// The largest receipts of a month; none where the month is so short that its list shows them at a glance.
pub(super) fn largest(lines: &[Line]) -> Vec<&Line> {
    let mut all: Vec<&Line> = lines.iter().collect();
    all.sort_by_key(|line| Reverse(line.amount));
    all.truncate(if lines.len() > LARGEST { LARGEST } else { 0 });
    all
}

/// A month beside others.
pub(super) struct Beside {
    pub label: String,
    /// What it comes to; nothing where nobody said anything of it.
    pub totals: Option<Totals>,
    pub spent: u64,
    pub received: u64,
}

/// The month, the one before it, and the same one a year ago, as far as there are accounts; nothing if it stands alone.
pub(super) fn beside(w: Words, months: &[Month], period: Period) -> Vec<Beside> {
    let names = [(0, w.t("这个月")), (-1, w.t("上个月")), (-12, w.t("去年同月"))];
    let known = |period| months.iter().find(move |month| month.period == period);
    let rows: Vec<(String, &Month)> = names
        .into_iter()
        .filter_map(|(by, name)| {
            let month = known(period.later(by))?;
            Some((format!("{name} {}", w.month(&month.period)), month))
        })
        .collect();
    let sums = rows.iter().flat_map(|(_, month)| [month.totals.spent, month.totals.received]);
    let top = sums.max().unwrap_or_default();
    if rows.len() < 2 {
        return Vec::new();
    }
    let row = |(label, month): (String, &Month)| Beside {
        label,
        totals: (month.state != MonthState::Silent).then_some(month.totals),
        spent: length(month.totals.spent, top, 100),
        received: length(month.totals.received, top, 100),
    };
    rows.into_iter().map(row).collect()
}

/// A month in the chart of its year.
pub(super) struct Column {
    pub month: u64,
    /// Heights of the two bars.
    pub spent: u64,
    pub received: u64,
}

/// A year of a village.
pub(super) struct Year {
    pub year: String,
    pub totals: Totals,
    pub columns: Vec<Column>,
}

/// The years of these months, newest first.
pub(super) fn years(months: &[Month]) -> Vec<Year> {
    let mut years: BTreeMap<String, Vec<&Month>> = BTreeMap::new();
    for month in months {
        let text = month.period.to_string();
        let year = text.split('-').next().unwrap_or_default().to_owned();
        years.entry(year).or_default().push(month);
    }
    years.into_iter().rev().map(|(year, months)| whole(year, &months)).collect()
}

fn whole(year: String, months: &[&Month]) -> Year {
    let add = |one: Fen, other: Fen| Fen(one.0.saturating_add(other.0));
    let totals = months.iter().fold(Totals::default(), |sum, month| Totals {
        spent: add(sum.spent, month.totals.spent),
        received: add(sum.received, month.totals.received),
        count: sum.count + month.totals.count,
    });
    let sums = months.iter().flat_map(|month| [month.totals.spent, month.totals.received]);
    let top = sums.max().unwrap_or_default();
    let column = |number: u64| {
        let ending = format!("-{number:02}");
        let month = months.iter().find(|month| month.period.to_string().ends_with(&ending));
        let height = |of: fn(&Totals) -> Fen| {
            month.map_or(0, |month| length(of(&month.totals), top, BAR_HEIGHT))
        };
        let (spent, received) = (height(|totals| totals.spent), height(|totals| totals.received));
        Column { month: number, spent, received }
    };
    Year { year, totals, columns: (1..=12).map(column).collect() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::review;
    use crate::testing::{Office, village, wait};
    use crate::view;
    use crate::web::words::Lang;
    use ledger::content::Direction;

    #[test]
    fn sums_on_the_pages_are_those_of_the_receipts() {
        let office = Office::new();
        let app = office.open();
        let receipts = (1..=14_u8).map(|n| {
            office.submit(&app, n, |content| {
                content.amount = Fen(i64::from(n) * 1_234);
                content.category = format!("类{}", n % 3);
                let income = n % 5 == 0;
                content.direction = if income { Direction::In } else { Direction::Out };
            })
        });
        let ids: Vec<String> = receipts.collect();
        wait(review::publish(&app, &ids, &office.reviewer)).unwrap();
        let (code, period) = (village(), "2026-05".parse().unwrap());
        let (months, lines) = app
            .db
            .read(|db| {
                let months = view::months(db, code.as_str())?;
                Ok((months, view::lines(db, code.as_str(), period)?.0))
            })
            .unwrap();
        let sum = |income| -> i64 {
            lines.iter().filter(|line| line.income == income).map(|line| line.amount.0).sum()
        };
        let out: i64 = (1..=14).filter(|n| n % 5 != 0).map(|n| n * 1_234).sum();
        assert_eq!((sum(false), sum(true)), (out, 15 * 1_234));
        assert_eq!(months[0].totals.spent.0, out);
        assert_eq!(bars(&lines).iter().map(|bar| bar.amount.0).sum::<i64>(), out);
        let year = &years(&months)[0];
        assert_eq!((year.year.as_str(), year.totals.spent.0, year.totals.count), ("2026", out, 14));
        assert_eq!(year.columns[4].spent, BAR_HEIGHT);
        let top: Vec<i64> = largest(&lines).iter().map(|line| line.amount.0 / 1_234).collect();
        assert_eq!(top, [14, 13, 12, 11, 10, 9, 8, 7, 6, 5]);
    }

    #[test]
    fn a_month_is_seen_beside_the_last_one_and_a_year_ago() {
        let month = |text: &str, spent, state| Month {
            period: text.parse().unwrap(),
            state,
            totals: Totals { spent: Fen(spent), received: Fen(0), count: 1 },
        };
        let months = [
            month("2026-05", 300, MonthState::Receipts),
            month("2026-04", 0, MonthState::Silent),
            month("2025-05", 100, MonthState::Receipts),
        ];
        let w = Words::new(Lang::Zh);
        let rows = beside(w, &months, months[0].period);
        let told: Vec<_> = rows.iter().map(|row| (row.spent, row.totals.is_some())).collect();
        assert_eq!(told, [(100, true), (0, false), (33, true)]);
        assert_eq!(rows[2].label, "去年同月 2025年5月");
        assert!(beside(w, &months[..1], months[0].period).is_empty(), "it stands alone");
    }
}
