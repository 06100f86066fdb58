//! Deadlines: by when something must be done, found anew from rules and calendar whenever somebody looks, and never stored.

use jiff::civil::Date;
use ledger::content::Answerer;
use ledger::time::{Date as LedgerDate, Period};

use crate::rulebook::Rulebook;
use crate::rules::{IfOff, MonthDay, Term, Unit};
use crate::web::words::zh;
use crate::why::Why;
pub use crate::workdays::Due;

/// How a deadline stands on some day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The last day lies ahead.
    InTime {
        /// So many days; tomorrow is 1.
        days_left: u32,
    },
    /// The last day is today.
    DueToday,
    /// The last day is over.
    Late {
        /// Since so many days; yesterday is 1.
        days: u32,
    },
}

impl Due {
    /// How it stands today.
    #[must_use]
    pub fn standing(&self, today: Date) -> Standing {
        let hours = self.on.duration_since(today).as_hours();
        let days = u32::try_from((hours / 24).unsigned_abs()).unwrap_or(u32::MAX);
        match hours {
            0 => Standing::DueToday,
            1.. => Standing::InTime { days_left: days },
            _ => Standing::Late { days },
        }
    }
}

impl Rulebook {
    /// By when a month's accounts are published.
    #[must_use]
    pub fn month_due(&self, period: Period) -> Due {
        let rule = &self.rules.publication.monthly;
        let day = day_of(period.later(1), rule);
        let mut why = Why::default();
        why.fill(
            "{period} 的账应在次月 {day} 日前公布（{basis}）：{on}",
            &[("period", &period), ("day", &rule.day), ("basis", &rule.basis), ("on", &day)],
        );
        self.landing(why, day, rule.if_off)
    }

    /// By when what is published each quarter is published for the quarter that a month is in.
    #[must_use]
    pub fn quarter_due(&self, period: Period) -> Due {
        let rule = &self.rules.publication.quarterly;
        let passed = (period.month() - 1) % 3;
        let day = day_of(period.later(3 - i32::from(passed)), rule);
        let quarter = (period.month() - 1) / 3 + 1;
        let mut why = Why::default();
        why.fill(
            "{year} 年第 {quarter} 季度的事项应在下一季度首月 {day} 日前公布（{basis}）：{on}",
            &[
                ("year", &period.year()),
                ("quarter", &quarter),
                ("day", &rule.day),
                ("basis", &rule.basis),
                ("on", &day),
            ],
        );
        self.landing(why, day, rule.if_off)
    }

    /// By when something is published that is published when it happens.
    #[must_use]
    pub fn ad_hoc_due(&self, happened: Date) -> Due {
        let term = &self.rules.publication.ad_hoc;
        self.ending(term, happened, zh("{from} 发生的事项最迟 {on} 公布（{basis}）"))
    }

    /// The last day that something published on a day must still be shown on.
    #[must_use]
    pub fn bulletin_until(&self, from: Date) -> Due {
        let term = &self.rules.publication.display;
        self.ending(term, from, zh("{from} 公布的至少保留到 {on}（{basis}）"))
    }

    /// By when a township publishes what it publishes without being asked.
    #[must_use]
    pub fn proactive_due(&self, created: Date) -> Due {
        let term = &self.rules.publication.proactive;
        self.ending(term, created, zh("{from} 形成或变更的信息最迟 {on} 公开（{basis}）"))
    }

    /// By when a question is answered. The rules give the village's supervisors the village's term.
    #[must_use]
    pub fn answer_due(&self, received: Date, who: Answerer) -> Due {
        match who {
            Answerer::Village => self.ending(
                &self.rules.answers.village,
                received,
                zh("{from} 收到的，村委会最迟 {on} 答复（{basis}）"),
            ),
            Answerer::Supervisors => self.ending(
                &self.rules.answers.village,
                received,
                zh("{from} 收到的，村务监督委员会最迟 {on} 答复（{basis}）"),
            ),
            Answerer::Township => self.ending(
                &self.rules.answers.township,
                received,
                zh("{from} 收到的，镇政府最迟 {on} 答复（{basis}）"),
            ),
        }
    }

    /// The days on which the one who answers is reminded, the first one first: none before the question came.
    #[must_use]
    pub fn reminders(&self, received: Date, due: &Due) -> Vec<Date> {
        let days = self.rules.reminders().iter();
        let mut days: Vec<Date> = days.map(|days| self.workdays.before(due.on, *days)).collect();
        days.retain(|day| *day > received);
        days.dedup();
        days
    }

    /// The end of a term that begins on a day, which itself does not count (民法典 201).
    fn ending(&self, term: &Term, from: Date, said: &'static str) -> Due {
        let days = term.days.get();
        let counted = match term.unit {
            Unit::WorkingDay => self.workdays.after(from, days),
            Unit::Day => {
                let day = from.saturating_add(jiff::Span::new().days(days));
                let mut why = Why::default();
                why.fill("从 {from} 的次日起数 {days} 日", &[("from", &from), ("days", &days)]);
                self.landing(why, day, term.if_off)
            }
        };
        let mut why = Why::default();
        why.fill(said, &[("from", &from), ("on", &counted.on), ("basis", &term.basis)]);
        why.append(counted.why);
        Due { on: counted.on, why }
    }

    /// A last day that is moved if it is a day off and the rule moves it.
    fn landing(&self, mut why: Why, day: Date, if_off: IfOff) -> Due {
        match if_off {
            IfOff::SameDay => Due { on: day, why },
            IfOff::NextWorkingDay => {
                let moved = self.workdays.on_or_after(day);
                why.append(moved.why);
                Due { on: moved.on, why }
            }
        }
    }
}

fn day_of(period: Period, rule: &MonthDay) -> Date {
    let year = i16::try_from(period.year()).ok();
    let month = i8::try_from(period.month()).ok();
    let day = i8::try_from(rule.day.get()).ok();
    let date = year.zip(month).zip(day).and_then(|((y, m), d)| Date::new(y, m, d).ok());
    // Every month from 1900 to 9999 has days 1 to 28.
    date.unwrap_or(Date::MAX)
}

/// A day that the ledger wrote, for the calendar.
#[must_use]
pub fn civil(day: LedgerDate) -> Date {
    // The ledger has no day that the calendar does not have.
    day.to_string().parse().unwrap_or(Date::MAX)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;
    use crate::rules::{Rules, SHIPPED};
    use crate::workdays::Workdays;

    fn shipped() -> Rulebook {
        with("", "")
    }

    /// The shipped rules with one text in them changed to another.
    fn with(from: &str, to: &str) -> Rulebook {
        assert!(SHIPPED.contains(from), "{from}");
        let rules = Rules::read(SHIPPED.replacen(from, to, 1).as_bytes()).unwrap();
        Rulebook { rules, workdays: Workdays::shipped().unwrap() }
    }

    fn month(text: &str) -> Period {
        text.parse().unwrap()
    }

    #[test]
    fn a_month_is_due_on_the_15th_of_the_next() {
        let due = shipped().month_due(month("2026-09"));
        assert_eq!(due.on, date(2026, 10, 15));
        assert_eq!(
            due.why.to_string(),
            "2026-09 的账应在次月 15 日前公布（重庆市实施《村民委员会组织法》办法第三十条）：2026-10-15"
        );
        assert_eq!(shipped().month_due(month("2026-12")).on, date(2027, 1, 15));
        assert_eq!(shipped().month_due(month("2026-10")).on, date(2026, 11, 15), "a Sunday");
    }

    #[test]
    fn a_rule_may_move_a_day_off() {
        let moving = with("15\nif_off = \"same-day\"", "15\nif_off = \"next-working-day\"");
        let due = moving.month_due(month("2026-10"));
        assert_eq!(due.on, date(2026, 11, 16));
        assert!(
            due.why
                .to_string()
                .ends_with("：2026-11-15；2026-11-15 是周末，顺延到下一个工作日 2026-11-16")
        );
        let due = moving.month_due(month("2026-12"));
        assert!(due.why.to_string().contains("2027 年的放假安排还没有录入"), "{}", due.why);
        let early =
            with("day = 15\nif_off = \"same-day\"", "day = 2\nif_off = \"next-working-day\"");
        assert_eq!(early.month_due(month("2026-09")).on, date(2026, 10, 8));
    }

    #[test]
    fn a_quarter_is_due_in_the_next_quarters_first_month() {
        for (period, on) in [
            ("2026-01", date(2026, 4, 15)),
            ("2026-03", date(2026, 4, 15)),
            ("2026-04", date(2026, 7, 15)),
            ("2026-12", date(2027, 1, 15)),
        ] {
            assert_eq!(shipped().quarter_due(month(period)).on, on, "{period}");
        }
        let why = shipped().quarter_due(month("2026-08")).why.to_string();
        assert!(why.starts_with("2026 年第 3 季度的事项应在下一季度首月 15 日前公布"), "{why}");
    }

    #[test]
    fn terms_begin_on_the_day_after() {
        let book = shipped();
        let day = date(2026, 9, 30);
        assert_eq!(book.ad_hoc_due(day).on, date(2026, 10, 10));
        assert_eq!(book.bulletin_until(day).on, date(2026, 10, 10));
        assert_eq!(book.answer_due(day, Answerer::Township).on, date(2026, 10, 10));
        let due = book.answer_due(day, Answerer::Village);
        assert_eq!(due.on, date(2026, 10, 3));
        assert_eq!(
            due.why.to_string(),
            "2026-09-30 收到的，村委会最迟 2026-10-03 答复（重庆市实施《村民委员会组织法》办法第三十一条第一款）；从 2026-09-30 的次日起数 3 日"
        );
        let working = with("days = 3\nunit = \"day\"", "days = 3\nunit = \"working-day\"");
        let due = working.answer_due(day, Answerer::Village);
        assert_eq!(due.on, date(2026, 10, 10), "the Saturday after the holiday is worked");
        assert!(due.why.to_string().contains("国庆节 5 天不算；2026-10-10 调休上班，算"));
        let due = book.proactive_due(date(2026, 2, 10));
        assert_eq!(due.on, date(2026, 3, 16), "over 春节, with two Saturdays that are worked");
    }

    #[test]
    fn reminders_come_on_working_days_before_and_never_before_the_question() {
        let book = shipped();
        let received = date(2026, 9, 21);
        let due = book.proactive_due(received);
        assert_eq!(due.on, date(2026, 10, 26));
        let days = book.reminders(received, &due);
        assert_eq!(days, [date(2026, 10, 12), date(2026, 10, 19), date(2026, 10, 22), due.on]);
        let due = book.answer_due(received, Answerer::Village);
        assert_eq!(book.reminders(received, &due), [date(2026, 9, 22), due.on]);
    }

    #[test]
    fn a_deadline_stands_in_time_today_or_late() {
        let due = shipped().month_due(month("2026-09"));
        let on = |day| due.standing(date(2026, 10, day));
        assert_eq!(on(14), Standing::InTime { days_left: 1 });
        assert_eq!(on(15), Standing::DueToday);
        assert_eq!(on(16), Standing::Late { days: 1 });
        assert_eq!(due.standing(date(2025, 10, 15)), Standing::InTime { days_left: 365 });
        assert_eq!(civil("2026-10-15".parse().unwrap()), due.on);
    }

    proptest! {
        #[test]
        fn any_month_and_day_has_its_deadlines(months in 0i32..97_190, days in -3_000_000i32..3_000_000) {
            let book = with("15\nif_off = \"same-day\"", "15\nif_off = \"next-working-day\"");
            let period = Period::FIRST.later(months);
            let month = book.month_due(period);
            let last: LedgerDate = format!("{period}-28").parse().unwrap();
            prop_assert!(month.on > civil(last));
            prop_assert!(book.quarter_due(period).on >= date(1900, 4, 15));
            let day = date(2026, 1, 1).saturating_add(jiff::Span::new().days(days));
            let dues = [
                book.ad_hoc_due(day),
                book.bulletin_until(day),
                book.proactive_due(day),
                book.answer_due(day, Answerer::Village),
                book.answer_due(day, Answerer::Township),
            ];
            for due in dues {
                prop_assert!(due.on > day || day == Date::MAX || due.on == Date::MAX);
                prop_assert!(due.why.to_string().contains(&due.on.to_string()));
                prop_assert!(book.reminders(day, &due).is_sorted());
                let late = matches!(due.standing(day), Standing::Late { .. });
                prop_assert!(!late);
            }
        }
    }
}
