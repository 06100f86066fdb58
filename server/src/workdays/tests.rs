use jiff::civil::date;
use proptest::prelude::*;

use super::*;

fn shipped() -> Workdays {
    Workdays::shipped().unwrap()
}

fn file(year: i16, days: &[(&str, bool)]) -> Vec<u8> {
    let days: Vec<String> = days
        .iter()
        .map(|(date, off)| format!(r#"{{"name":"x","date":"{date}","isOffDay":{off}}}"#))
        .collect();
    format!(r#"{{"year":{year},"days":[{}]}}"#, days.join(",")).into_bytes()
}

#[test]
fn holidays_are_left_out_and_worked_weekends_count() {
    let days = shipped();
    assert!(!days.is_worked(date(2026, 10, 1)), "Thursday, National Day");
    assert!(days.is_worked(date(2026, 10, 10)), "Saturday, worked instead");
    assert!(!days.is_worked(date(2026, 10, 11)));
    let due = days.after(date(2026, 9, 30), 3);
    assert_eq!(due.on, date(2026, 10, 10));
    assert_eq!(
        due.why.to_string(),
        "从 2026-09-30 的次日起数 3 个工作日；周末 2 天不算；国庆节 5 天不算；2026-10-10 调休上班，算"
    );
}

#[test]
fn the_shipped_years_have_the_days_of_their_notices() {
    let years: Vec<_> = shipped().years().collect();
    assert_eq!(years, [(2025, 28, 5), (2026, 33, 6)]);
    let worked = |year: i16| -> Vec<String> {
        let days = shipped();
        let worked = days.0[&year].iter().filter(|(_, special)| !special.off);
        worked.map(|(day, _)| day.strftime("%m-%d").to_string()).collect()
    };
    assert_eq!(worked(2025), ["01-26", "02-08", "04-27", "09-28", "10-11"]);
    assert_eq!(worked(2026), ["01-04", "02-14", "02-28", "05-09", "09-20", "10-10"]);
    // Nobody makes up for a holiday on a day that is worked anyhow.
    let all = shipped();
    for (day, special) in all.0.values().flatten() {
        assert!(special.off || is_weekend(*day), "{day}");
    }
}

#[test]
fn a_day_off_moves_to_the_next_working_day() {
    let days = shipped();
    let due = days.on_or_after(date(2026, 10, 3));
    assert_eq!(due.on, date(2026, 10, 8));
    assert_eq!(due.why.to_string(), "2026-10-03 是国庆节假期，顺延到下一个工作日 2026-10-08");
    let due = days.on_or_after(date(2026, 11, 15));
    assert_eq!(due.why.to_string(), "2026-11-15 是周末，顺延到下一个工作日 2026-11-16");
    let due = days.on_or_after(date(2026, 11, 16));
    assert_eq!((due.on, due.why), (date(2026, 11, 16), Why::default()));
}

#[test]
fn a_year_that_was_not_announced_counts_by_weekends_and_says_so() {
    let due = shipped().after(date(2026, 12, 30), 3);
    assert_eq!(due.on, date(2027, 1, 4));
    assert!(due.why.to_string().contains("2027 年的放假安排还没有录入，先只按周末算"));
    let due = shipped().on_or_after(date(2027, 1, 4));
    assert!(due.why.to_string().contains("2027 年的放假安排还没有录入"), "{}", due.why);
    assert_eq!(shipped().after(date(2026, 10, 1), 0).on, date(2026, 10, 1));
    assert_eq!(shipped().after(Date::MAX, 3).on, Date::MAX);
}

#[test]
fn a_bad_notice_changes_nothing() {
    let mut days = shipped();
    let many: Vec<String> = (0..=100)
        .map(|n| date(2026, 1, 1).saturating_add(jiff::Span::new().days(n)).to_string())
        .collect();
    let many: Vec<(&str, bool)> = many.iter().map(|day| (day.as_str(), true)).collect();
    let bad: [(Vec<u8>, &str); 9] = [
        (b"{}".to_vec(), "看不懂"),
        (file(2026, &[("2026-02-30", true)]), "日期不对：2026-02-30"),
        (file(2026, &[("2020-02-03", true)]), "日期不对：2020-02-03"),
        (file(2026, &[("2026-02-03", true), ("2026-02-03", false)]), "2026-02-03 说法不一"),
        (file(2027, &[]), "2027 年的放假安排还没有公布"),
        (file(i16::MIN, &[("2026-02-03", true)]), "年份 -32768 不对"),
        (file(2026, &many), "太大"),
        (vec![b' '; YEAR_BYTES_MAX + 1], "太大"),
        (
            br#"{"year":2026,"days":[{"name":"","date":"2026-02-03","isOffDay":true}]}"#.to_vec(),
            "名称",
        ),
    ];
    for (file, why) in bad {
        let said = days.announce(&file).unwrap_err().to_string();
        assert!(said.contains(why), "{said}");
    }
    assert_eq!(days, shipped());
}

#[test]
fn a_new_notice_replaces_all_that_the_years_old_one_said() {
    let mut days = shipped();
    days.announce(&file(2027, &[("2026-12-31", true), ("2027-01-01", true)])).unwrap();
    assert!(!days.is_worked(date(2026, 12, 31)), "the next year's notice reaches back");
    days.announce(&file(2027, &[("2027-01-01", true)])).unwrap();
    assert!(days.is_worked(date(2026, 12, 31)), "and takes it back");
    assert!(!days.is_worked(date(2026, 10, 1)));
    days.announce(&file(2026, &[("2026-10-08", true)])).unwrap();
    assert!(days.is_worked(date(2026, 10, 1)) && !days.is_worked(date(2026, 10, 8)));
}

#[test]
fn a_file_in_the_data_directory_counts_more_than_the_programs_own() {
    let directory = tempfile::tempdir().unwrap();
    let data = DataDir::at(directory.path());
    assert_eq!(Workdays::load(&data).unwrap(), shipped());
    assert_eq!(import(&data, &file(2026, &[("2026-10-08", true)])).unwrap(), 2026);
    assert_eq!(import(&data, &file(2027, &[("2027-01-01", true)])).unwrap(), 2027);
    // What a power cut leaves of a file that was being written.
    fs::write(data.holidays().join("2028.json.tmp"), "{").unwrap();
    let days = Workdays::load(&data).unwrap();
    assert!(days.is_worked(date(2026, 10, 1)) && !days.is_worked(date(2026, 10, 8)));
    assert!(days.knows(2025) && days.knows(2027) && !days.knows(2028));

    assert_eq!(import(&data, b"{}").unwrap_err().code(), "bad-holidays");
    assert_eq!(Workdays::load(&data).unwrap(), days, "a refused file leaves all as it was");
    fs::write(data.holidays_of(2028), file(2027, &[("2027-01-01", true)])).unwrap();
    let refused = Workdays::load(&data).unwrap_err().to_string();
    assert!(refused.contains("文件名应为 2027.json"), "{refused}");
}

/// A calendar of a year with any days off and any days worked.
fn any_calendar() -> impl Strategy<Value = Workdays> {
    let day = (0i32..365, any::<bool>());
    prop::collection::btree_map(day.0, day.1, 1..=SPECIAL_DAYS_MAX).prop_map(|days| {
        let days: Vec<(String, bool)> = days
            .into_iter()
            .map(|(n, off)| {
                (date(2026, 1, 1).saturating_add(jiff::Span::new().days(n)).to_string(), off)
            })
            .collect();
        let days: Vec<(&str, bool)> = days.iter().map(|(day, off)| (day.as_str(), *off)).collect();
        let mut calendar = shipped();
        calendar.announce(&file(2026, &days)).unwrap();
        calendar
    })
}

proptest! {
    #[test]
    fn a_due_date_is_the_last_of_so_many_working_days(
        days in any_calendar(), from in 0i32..700, n in 1..=WORKING_DAYS_MAX,
    ) {
        let from = date(2025, 6, 1).saturating_add(jiff::Span::new().days(from));
        let due = days.after(from, n).on;
        prop_assert!(days.is_worked(due));
        let between = std::iter::successors(from.tomorrow().ok(), |day| day.tomorrow().ok());
        let worked = between.take_while(|day| *day <= due).filter(|day| days.is_worked(*day));
        prop_assert_eq!(worked.count(), n as usize);
        prop_assert!(days.after(from.tomorrow().unwrap(), n).on >= due, "a later start is not due earlier");
        if n < WORKING_DAYS_MAX {
            prop_assert!(days.after(from, n + 1).on > due);
        }
        if days.is_worked(from) {
            prop_assert_eq!(days.before(due, n), from);
        }
        let moved = days.on_or_after(from).on;
        prop_assert!(days.is_worked(moved) && moved >= from);
        prop_assert_eq!(moved == from, days.is_worked(from));
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = shipped().announce(&bytes);
    }

    #[test]
    fn any_years_file_is_read_or_refused(year in any::<i16>(), date in ".{0,12}", name in ".{0,30}", off in any::<bool>()) {
        let file = serde_json::json!({
            "year": year, "days": [{ "name": name, "date": date, "isOffDay": off }],
        });
        let _ = shipped().announce(file.to_string().as_bytes());
    }
}
