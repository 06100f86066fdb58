#![allow(clippy::unwrap_used)]

use super::*;
use crate::sync;

fn options(data: &std::path::Path, server: Option<&str>) -> Options {
    Options {
        data: data.to_owned(),
        server: server.map(str::to_owned),
        patience: Duration::from_secs(5),
        now: sync::clock,
    }
}

const IDLE: Duration = Duration::from_secs(60);

#[test]
fn what_was_said_is_on_the_disk_once_it_was_stopped() {
    let dir = tempfile::tempdir().unwrap();
    let options = options(dir.path(), None);
    let fleet = Fleet::start(&options, IDLE, |_| ()).unwrap();
    assert_eq!((fleet.enrolment(), fleet.after_crash()), (Enrolment::Unasked, false));
    let from = Instant::now();
    fleet.saw(17, from, from + Duration::from_secs(5));
    fleet.saw(17, from + Duration::from_secs(5), from + Duration::from_secs(11));
    fleet.at("bulletin/17".parse().unwrap(), "bulletin/17");
    fleet.note(Event::ScreenOff);
    fleet.stop();
    let drawer = Drawer::open(dir.path()).unwrap();
    // A day's boundary may lie between.
    let seen: i64 =
        drawer.db.query_row("SELECT sum(millis) FROM shown", [], |row| row.get(0)).unwrap();
    assert_eq!(seen, 11_000);
    let said: Vec<_> = drawer.diary().unwrap().into_iter().map(|line| line.event).collect();
    assert_eq!(said, ["started", "screen-off", "stopped"]);

    let again = Fleet::start(&options, IDLE, |_| ()).unwrap();
    assert_eq!((again.begin_at(), again.after_crash()), (None, false));
    assert_eq!(again.check_digits(), fleet.check_digits(), "the key is the same");
}

#[test]
fn after_a_crash_one_begins_where_the_screen_stood() {
    let dir = tempfile::tempdir().unwrap();
    let options = options(dir.path(), None);
    let fleet = Fleet::start(&options, IDLE, |_| ()).unwrap();
    fleet.at("receipt/7".parse().unwrap(), "receipt/7");
    let drawer = Drawer::open(dir.path()).unwrap();
    let start = Instant::now();
    while drawer.get("place").unwrap().is_none() {
        assert!(start.elapsed() < IDLE, "nobody wrote it down");
        thread::yield_now();
    }
    let again = Fleet::start(&options, IDLE, |_| ()).unwrap();
    assert_eq!((again.begin_at(), again.after_crash()), (Some("receipt/7"), true));
    let said: Vec<_> = drawer.diary().unwrap().into_iter().map(|line| line.event).collect();
    assert_eq!(said, ["started", "restarted"]);
}

#[test]
fn an_office_that_is_not_there_costs_nothing_that_was_shown() {
    let dir = tempfile::tempdir().unwrap();
    // A port that was free a moment ago: nobody listens there.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let options = options(dir.path(), Some(&format!("http://127.0.0.1:{port}")));
    let fleet = Fleet::start(&options, IDLE, |_| ()).unwrap();
    let from = Instant::now();
    fleet.saw(17, from, from + Duration::from_secs(5));
    fleet.stop();
    assert!(matches!(report_once(&options), Err(FleetError::Fetch(_))));
    let drawer = Drawer::open(dir.path()).unwrap();
    assert_eq!(seen::count_untold(&drawer.db).unwrap(), 0, "whose time nobody confirmed");
    seen::settle(&drawer.db, 9, 0, i64::MAX / 2).unwrap();
    assert!((1..=2).contains(&seen::count_untold(&drawer.db).unwrap()));
}

#[test]
fn the_screen_before_any_page_is_a_word() {
    assert_eq!(Screen::default().0.as_str(), "off");
}
