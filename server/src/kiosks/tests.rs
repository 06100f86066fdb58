use std::sync::Arc;

use ledger::checkpoint::Checkpoint;
use ledger::hash::sha256;
use ledger::key::SigningKey;
use ledger::kiosk::{Report, Shown};
use ledger::note::compose;

use super::asking::{ASKING_MAX, GUESSES_MAX};
use super::report::{REPORT_SECONDS_MIN, receive_blocking};
use super::*;
use crate::app::App;
use crate::rules::Rules;
use crate::testing::{ORIGIN, Office, report, village, wait};

/// Wednesday, 3 June 2026, 09:12 in China.
const NOW: i64 = 1_780_449_120;
const HOUR: i64 = 3600;

/// A kiosk without a screen.
struct Screen {
    key: SigningKey,
    id: String,
    number: u64,
}

impl Screen {
    fn new(seed: u8) -> Self {
        let name = format!("kiosk/{:016x}", seed);
        let key = SigningKey::from_seed(&name, [seed; 32]).unwrap();
        let id = ledger::kiosk::id(&key.verifier()).to_string();
        Self { key, id, number: 0 }
    }

    fn ask(&self, app: &App, now: i64) -> Result<Enrolment> {
        let vkey = self.key.verifier().to_string();
        wait(super::ask(&app.db, &vkey, &"0.1.0".parse().unwrap(), now))
    }

    fn enrolled(seed: u8, app: &App) -> Self {
        let screen = Self::new(seed);
        screen.ask(app, NOW).unwrap();
        screen.enrol(app).unwrap();
        screen
    }

    fn enrol(&self, app: &App) -> Result<()> {
        let (name, village) = ("村委会门口".to_owned(), village().to_string());
        let new = NewKiosk { id: self.id.clone(), name, village };
        enrol(&app.db, &new, &Actor::operator(), NOW)
    }

    /// The next report, by a clock that is right.
    fn next(&mut self, now: i64) -> Report {
        self.number += 1;
        report(self.number, now)
    }

    fn note(&self, report: &Report) -> String {
        let text = report.to_text();
        compose(&text, &[self.key.sign(&text)])
    }

    fn send(&self, app: &App, report: &Report, now: i64) -> Result<Answer> {
        receive_blocking(app, &self.id, self.note(report).as_bytes(), now)
    }

    fn report(&mut self, app: &App, now: i64, change: impl FnOnce(&mut Report)) -> Result<Answer> {
        let mut report = self.next(now);
        change(&mut report);
        self.send(app, &report, now)
    }

    fn latest(&self, app: &App) -> Option<Latest> {
        app.db.read(|c| one(c, &self.id)).unwrap().latest
    }

    fn concerns(&self, app: &App, now: i64) -> Vec<Concern> {
        app.db.read(|c| concerns(c, &Rules::shipped()?, &self.id, now)).unwrap()
    }
}

fn office() -> (Office, Arc<App>) {
    let office = Office::new();
    let app = office.open();
    (office, app)
}

fn code<T>(result: Result<T>) -> &'static str {
    result.map_or_else(|error| error.code(), |_| "")
}

#[test]
fn a_kiosk_is_enrolled_by_the_code_on_its_screen() {
    let (_office, app) = office();
    let screen = Screen::new(1);
    let by = Actor::operator();
    let asked = screen.ask(&app, NOW).unwrap();
    let shown = asked.code.clone().unwrap();
    assert_eq!((asked.state, shown.len()), (State::Waiting, CODE_CHARS));
    assert!(!shown.contains(['0', 'O', '1', 'I']), "{shown}");
    assert_eq!(screen.ask(&app, NOW + 60).unwrap().code, Some(shown.clone()), "the same code");
    let typed = format!(" {}-{} ", &shown[..4].to_lowercase(), &shown[4..]);
    let found = look_up(&app.db, &typed, &by, NOW).unwrap();
    assert_eq!((found.id.as_str(), found.app.as_str()), (screen.id.as_str(), "0.1.0"));
    screen.enrol(&app).unwrap();
    let standing = app.db.read(|c| standing(c, &screen.id, NOW)).unwrap().unwrap();
    assert_eq!((standing.state, standing.code), (State::Enrolled, None));
    assert_eq!(standing.name.as_deref(), Some("村委会门口"));
    assert_eq!(standing.village, Some(village().to_string()));
    assert_eq!(code(look_up(&app.db, &shown, &by, NOW)), "wrong-code");
    assert_eq!(code(screen.enrol(&app)), "not-found", "enrolled twice");
    let lines = app.db.read(|c| audit::of(c, &screen.id)).unwrap();
    assert_eq!(lines.iter().map(|line| line.act.as_str()).collect::<Vec<_>>(), ["kiosk-enrol"]);
}

#[test]
fn an_expired_code_is_worth_nothing_and_another_one_takes_its_place() {
    let (_office, app) = office();
    let screen = Screen::new(1);
    let first = screen.ask(&app, NOW).unwrap().code.unwrap();
    let later = NOW + CODE_MINUTES * 60;
    assert_eq!(code(look_up(&app.db, &first, &Actor::operator(), later)), "wrong-code");
    assert_eq!(app.db.read(|c| standing(c, &screen.id, later)).unwrap(), None);
    let new =
        NewKiosk { id: screen.id.clone(), name: "屏".into(), village: village().to_string() };
    assert_eq!(code(enrol(&app.db, &new, &Actor::operator(), later)), "not-found");
    assert_ne!(screen.ask(&app, later).unwrap().code.unwrap(), first);
}

#[test]
fn whoever_guesses_codes_has_to_wait() {
    let (_office, app) = office();
    let shown = Screen::new(1).ask(&app, NOW).unwrap().code.unwrap();
    let by = |login: &str| Actor { login: login.into(), ..Actor::operator() };
    for _ in 0..GUESSES_MAX {
        assert_eq!(code(look_up(&app.db, "AAAAAAAA", &by("li"), NOW)), "wrong-code");
    }
    assert_eq!(code(look_up(&app.db, &shown, &by("LI"), NOW)), "too-many-guesses");
    assert_eq!(code(look_up(&app.db, &shown, &by("wang"), NOW)), "");
    let soon = NOW + 14 * 60;
    assert_eq!(code(look_up(&app.db, &shown, &by("li"), soon)), "too-many-guesses");
    let later = NOW + 15 * 60;
    assert_eq!(code(look_up(&app.db, "AAAAAAAA", &by("li"), later)), "wrong-code");
}

#[test]
fn only_so_many_wait_and_only_kiosks_keys_may() {
    let (_office, app) = office();
    for n in 0..ASKING_MAX {
        Screen::new(u8::try_from(n).unwrap()).ask(&app, NOW).unwrap();
    }
    assert_eq!(code(Screen::new(200).ask(&app, NOW)), "too-many-kiosks");
    Screen::new(3).ask(&app, NOW).unwrap();
    Screen::new(200).ask(&app, NOW + CODE_MINUTES * 60).unwrap();
    let other = SigningKey::from_seed("341181107201/accountant", [7; 32]).unwrap().verifier();
    for bad in [other.to_string().as_str(), "", "kiosk/1+2+3", &"x".repeat(1000)] {
        let asked = wait(ask(&app.db, bad, &"0.1.0".parse().unwrap(), NOW));
        assert_eq!(code(asked), "malformed", "{bad}");
    }
}

#[test]
fn a_report_counts_once_and_only_from_the_kiosk_itself() {
    let (_office, app) = office();
    let mut screen = Screen::enrolled(1, &app);
    let other = Screen::enrolled(2, &app);
    let report = screen.next(NOW + 30);
    let answer = screen.send(&app, &report, NOW).unwrap();
    assert_eq!((answer.name.as_str(), answer.report_every), ("村委会门口", REPORT_EVERY_SECONDS));
    assert_eq!(answer.time, "2026-06-03T09:12:00+08:00");
    let latest = screen.latest(&app).unwrap();
    assert_eq!((latest.number, latest.skew, latest.received), (1, 30, NOW));

    let soon = NOW + REPORT_SECONDS_MIN - 1;
    assert_eq!(code(screen.report(&app, soon, |_| ())), "too-often");
    let later = NOW + 60;
    assert_eq!(code(screen.send(&app, &report, later)), "replayed");
    let newer = screen.next(later);
    let forged = other.note(&newer);
    let forged = receive_blocking(&app, &screen.id, forged.as_bytes(), later);
    assert_eq!(code(forged), "not-signed");
    let changed = screen.note(&newer).replace("\"home\"", "\"hom3\"");
    let changed = receive_blocking(&app, &screen.id, changed.as_bytes(), later);
    assert_eq!(code(changed), "not-signed");
    let loose = newer.to_text().replace("\"free\":", "\"free\": ");
    let loose = compose(&loose, &[screen.key.sign(&loose)]);
    let loose = receive_blocking(&app, &screen.id, loose.as_bytes(), later);
    assert_eq!(code(loose), "malformed");
    assert_eq!(screen.latest(&app).unwrap(), latest, "nothing of it was kept");
    screen.send(&app, &newer, later).unwrap();

    let stranger = Screen::new(9);
    stranger.ask(&app, NOW).unwrap();
    let mut stranger = stranger;
    assert_eq!(code(stranger.report(&app, NOW, |_| ())), "not-found", "not enrolled yet");
}

#[test]
fn a_revoked_kiosk_is_told_so_and_never_comes_back() {
    let (_office, app) = office();
    let mut screen = Screen::enrolled(1, &app);
    screen.report(&app, NOW, |_| ()).unwrap();
    change(&app.db, &screen.id, "大厅", "341181107000", &Actor::operator()).unwrap();
    assert_eq!(screen.report(&app, NOW + 60, |_| ()).unwrap().village, "341181107000");
    revoke(&app.db, &screen.id, &Actor::operator()).unwrap();
    assert_eq!(code(screen.report(&app, NOW + 120, |_| ())), "revoked");
    assert_eq!(screen.ask(&app, NOW + 120).unwrap().state, State::Revoked);
    assert_eq!(code(revoke(&app.db, &screen.id, &Actor::operator())), "not-found");
    let again = change(&app.db, &screen.id, "厅", "341181107000", &Actor::operator());
    assert_eq!(code(again), "not-found");
    assert!(screen.concerns(&app, NOW + 1000 * HOUR).is_empty());
    let lines = app.db.read(|c| audit::of(c, &screen.id)).unwrap();
    let acts: Vec<_> = lines.iter().map(|line| line.act.as_str()).collect();
    assert_eq!(acts, ["kiosk-enrol", "kiosk-rename", "kiosk-revoke"]);
    assert_eq!(lines[1].old.as_deref(), Some("村委会门口（341181107201）"));
}

#[test]
fn a_name_or_place_that_cannot_be_is_refused() {
    let (_office, app) = office();
    let screen = Screen::enrolled(1, &app);
    let by = Actor::operator();
    let change = |name: &str, village: &str| code(change(&app.db, &screen.id, name, village, &by));
    assert_eq!(change("", village().as_str()), "bad-name");
    assert_eq!(change(&"长".repeat(41), village().as_str()), "bad-name");
    assert_eq!(change("屏", "341181107299"), "bad-village");
    assert_eq!(change("屏", ""), "bad-village");
}

#[test]
fn what_a_kiosk_holds_is_compared_with_our_own_log() {
    let (office, app) = office();
    let mut screen = Screen::enrolled(1, &app);
    let (size, root) = app.db.read(crate::publish::head).unwrap();
    let text = std::fs::read_to_string(office.data().log_key()).unwrap();
    let key: SigningKey = text.trim().parse().unwrap();
    let stranger = SigningKey::from_seed(ORIGIN, [9; 32]).unwrap();
    let head = |size, root| Checkpoint { origin: ORIGIN.into(), size, root };
    let before = app.db.read(|c| crate::publish::root_at(c, &app.data, size - 1)).unwrap();
    let other = sha256(b"another history");
    for (at, (note, held)) in [
        (head(size, root).sign(&key), Held::Ours),
        (head(size - 1, before).sign(&key), Held::Ours),
        (head(size - 1, other).sign(&key), Held::Forked),
        (head(size, other).sign(&key), Held::Forked),
        (head(size + 1, other).sign(&key), Held::Ahead),
        (head(size, root).sign(&stranger), Held::Foreign),
        ("no checkpoint".into(), Held::Foreign),
    ]
    .into_iter()
    .enumerate()
    {
        let now = NOW + 60 * i64::try_from(at).unwrap();
        screen.report(&app, now, |report| report.checkpoint = Some(note.clone())).unwrap();
        assert_eq!(screen.latest(&app).unwrap().held, Some(held), "{note}");
        let contrary = screen.concerns(&app, now).contains(&Concern::Contrary(held));
        assert_eq!(contrary, held.is_contrary());
        assert_eq!(screen.concerns(&app, now).contains(&Concern::Foreign), held == Held::Foreign);
    }
}

#[test]
fn silence_and_what_else_is_wrong_is_noticed() {
    let (_office, app) = office();
    let now = clock::unix_now();
    let mut screen = Screen::new(1);
    screen.ask(&app, NOW).unwrap();
    screen.enrol(&app).unwrap();
    let limit = i64::from(Rules::shipped().unwrap().kiosk_silent_hours()) * HOUR;
    assert!(screen.concerns(&app, NOW + limit).is_empty());
    let silent = screen.concerns(&app, NOW + limit + HOUR);
    assert_eq!(silent, [Concern::Silent(27)], "one that never was heard from");

    let note = std::fs::read_to_string(app.data.public().join("checkpoint")).unwrap();
    let (size, _) = app.db.read(crate::publish::head).unwrap();
    screen.report(&app, now, |report| report.checkpoint = Some(note.clone())).unwrap();
    assert!(screen.concerns(&app, now).is_empty());
    assert_eq!(screen.concerns(&app, now + limit + HOUR), [Concern::Silent(27)]);
    let late = |report: &mut Report| {
        report.time = clock::text_of(now - 400).parse().unwrap();
        report.free = 9 << 30;
    };
    screen.report(&app, now + 60, late).unwrap();
    let found = screen.concerns(&app, now + 60);
    assert_eq!(found, [Concern::Clock(-460), Concern::Storage(9), Concern::Behind(size)]);
    let stale = screen.concerns(&app, now + 3 * 24 * HOUR + 60);
    assert!(stale.contains(&Concern::Stale(size)), "{stale:?}");

    let mut newer = Screen::enrolled(2, &app);
    let newest = |report: &mut Report| report.app = "0.10.0".parse().unwrap();
    newer.report(&app, now, newest).unwrap();
    assert!(screen.concerns(&app, now + 60).contains(&Concern::OldApp));
    assert!(!newer.concerns(&app, now).contains(&Concern::OldApp));
}

#[test]
fn a_day_has_one_line_and_old_days_go() {
    let (_office, app) = office();
    let mut screen = Screen::enrolled(1, &app);
    let fast = |report: &mut Report| report.time = clock::text_of(NOW + 700).parse().unwrap();
    screen.report(&app, NOW, fast).unwrap();
    screen.report(&app, NOW + 60, |report| report.free = 7).unwrap();
    screen.report(&app, NOW + 24 * HOUR, |_| ()).unwrap();
    let days = || app.db.read(|c| days(c, &screen.id, Date::MIN)).unwrap();
    let lines: Vec<_> = days().iter().map(|day| (day.day.to_string(), day.reports)).collect();
    assert_eq!(lines, [("2026-06-03".to_owned(), 2), ("2026-06-04".to_owned(), 1)]);
    assert_eq!((days()[0].skew, days()[0].free), (700, 7));
    screen.report(&app, NOW + (KEPT_DAYS + 1) * 24 * HOUR, |_| ()).unwrap();
    let days = app.db.read(|c| super::days(c, &screen.id, Date::MIN)).unwrap();
    assert_eq!(days[0].day.to_string(), "2026-06-04");
}

#[test]
fn proof_of_display_counts_days_once() {
    let (office, app) = office();
    let n = office.bulletin(&app, "停水通知", "正文");
    let (mut east, mut west) = (Screen::enrolled(1, &app), Screen::enrolled(2, &app));
    let shown = |n: u64, day: &str, seconds: u64| {
        let at = |time: &str| format!("{day}T{time}:00+08:00").parse().unwrap();
        Shown { n, first: at("08:00"), last: at("09:00"), seconds }
    };
    let told = vec![shown(n, "2026-06-01", 600), shown(n, "2026-06-02", 600)];
    for at in [0, 60] {
        east.report(&app, NOW + at, |report| report.shown = told.clone()).unwrap();
    }
    let more = vec![shown(n, "2026-06-02", 900), shown(n, "2026-06-02", 30)];
    east.report(&app, NOW + 120, |report| report.shown = more).unwrap();
    let cannot_be = vec![
        shown(0, "2026-06-01", 60),   // no bulletin
        shown(n, "2026-06-01", 3602), // longer than it lasted
        shown(n, "2026-06-09", 60),   // not yet
        shown(n, "2020-06-09", 60),   // too long ago
        shown(i64::MAX as u64, "2026-06-01", 60),
    ];
    west.report(&app, NOW, |report| report.shown = cannot_be).unwrap();
    let found = || app.db.read(|c| displayed(c, n)).unwrap();
    assert_eq!(found(), Displayed { screens: 1, days: 2 });
    west.report(&app, NOW + 60, |report| report.shown = vec![told[0].clone()]).unwrap();
    assert_eq!(found(), Displayed { screens: 2, days: 1 });
    let sql = "SELECT sum(seconds) FROM kiosk_display WHERE kiosk = ?1";
    let seconds: i64 =
        app.db.read(|c| Ok(c.query_row(sql, [&east.id], |row| row.get(0))?)).unwrap();
    assert_eq!(seconds, 1500);
}

#[test]
fn an_emergency_is_told_to_the_kiosks_it_is_for_while_it_lasts() {
    let (office, app) = office();
    let n = office.bulletin(&app, "暴雨红色预警", "正文");
    let mut screen = Screen::enrolled(1, &app);
    assert_eq!(screen.report(&app, NOW, |_| ()).unwrap().emergencies, [] as [u64; 0]);
    app.db
        .write_blocking(move |c| {
            c.execute(
                "UPDATE view_item SET importance = 'emergency', shown_from = ?2, shown_until = ?3
                 WHERE n = ?1",
                rusqlite::params![n, NOW + 60, NOW + HOUR],
            )?;
            Ok(())
        })
        .unwrap();
    for (at, told) in [(30, vec![]), (60, vec![n]), (HOUR, vec![n]), (HOUR + 60, vec![])] {
        assert_eq!(screen.report(&app, NOW + at, |_| ()).unwrap().emergencies, told, "{at}");
    }
}

#[test]
fn no_bytes_are_taken_for_a_report() {
    use proptest::prelude::*;
    let (_office, app) = office();
    let screen = Screen::enrolled(1, &app);
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let bytes = proptest::collection::vec(any::<u8>(), 0..400);
    let texts = "\\{?\"number\":[0-9]{0,21},\\PC{0,99}\\}?\n";
    runner
        .run(&(bytes, texts), |(bytes, text)| {
            let plain = receive_blocking(&app, &screen.id, &bytes, NOW);
            prop_assert_eq!(code(plain), "malformed");
            let signed = compose(&text, &[screen.key.sign(&text)]);
            let signed = receive_blocking(&app, &screen.id, signed.as_bytes(), NOW);
            prop_assert_eq!(code(signed), "malformed");
            Ok(())
        })
        .unwrap();
    assert_eq!(screen.latest(&app), None);
}
