//! A question's whole way, through the real database and the real log.

use ledger::content::{Answerer, Channel, Topic};
use ledger::question::{AskId, Asking, Pin, Slip};

use super::decide::{Decision, decide};
use super::follow::{Followed, open};
use super::*;
use crate::app::App;
use crate::clock;
use crate::people::Role;
use crate::testing::{Office, village, wait};
use crate::view::questions::{self, Counts, Question, Standing};
use std::sync::Arc;

fn asking(n: u8, of: Option<u64>, text: &str) -> Asking {
    Asking {
        id: AskId([n; 16]),
        pin: "1234".parse().unwrap(),
        village: village(),
        of,
        topic: Topic::Amount,
        text: text.into(),
        channel: Channel::Phone,
    }
}

fn pin() -> Pin {
    "1234".parse().unwrap()
}

/// An office that published one receipt; its log index.
fn office() -> (Office, Arc<App>, u64) {
    let office = Office::new();
    let app = office.open();
    let id = office.submit(&app, 1, |content| content.no_voucher = "旧账".into());
    let n = wait(crate::review::publish(&app, &[id], &office.reviewer)).unwrap()[0].index;
    (office, app, n)
}

fn ask(app: &Arc<App>, asking: Asking) -> Result<Slip> {
    wait(receive::receive(app, asking))
}

/// What a slip and a PIN show.
fn follow(app: &Arc<App>, slip: &Slip, pin: Pin) -> Result<Vec<Followed>> {
    wait(open(app, slip.clone(), pin))?.questions(app)
}

/// Asks on with a slip and its PIN.
fn ask_on(app: &Arc<App>, slip: &Slip, id: AskId, text: &str) -> Result<()> {
    wait(wait(open(app, slip.clone(), pin()))?.ask_on(app, id, text))
}

fn seqs(app: &App, suspect: bool) -> Vec<i64> {
    let waiting = app.db.read(|c| list::waiting(c, suspect)).unwrap();
    waiting.0.iter().map(|held| held.seq).collect()
}

fn show_all(app: &Arc<App>, office: &Office) {
    let seqs = seqs(app, false);
    assert_eq!(wait(decide(app, &seqs, Decision::Show, &office.reviewer)).unwrap(), seqs.len());
}

fn about(app: &App, n: u64) -> Vec<Question> {
    app.db.read(|c| questions::about(c, n)).unwrap()
}

fn counts(app: &App) -> Counts {
    app.db.read(|c| questions::counts(c, None, clock::today())).unwrap()
}

fn code<T: std::fmt::Debug>(result: Result<T>) -> &'static str {
    result.unwrap_err().code()
}

/// As if the questions that wait had come so many days ago.
fn days_ago(app: &App, days: i64) {
    let then = clock::day_after(-days).unwrap().to_string();
    app.db
        .write_blocking(move |c| {
            c.execute("UPDATE question SET asked = ?1 WHERE state = 'waiting'", [then])?;
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_question_goes_from_the_asker_to_a_public_answer_and_on_to_the_township() {
    let (office, app, n) = office();
    let accountant = office.person("accountant", Role::Accountant);
    let supervisor = office.person("supervisor", Role::Supervisor);
    let slip = ask(&app, asking(1, Some(n), "路灯修了两次吗？")).unwrap();
    assert_eq!(slip, AskId([1; 16]).slip());
    let steps = |app| follow(app, &slip, pin()).unwrap();
    assert_eq!(steps(&app)[0].held.state, State::Waiting);
    assert!(about(&app, n).is_empty(), "nobody sees what was not looked at");
    days_ago(&app, 8);
    show_all(&app, &office);
    let asked = about(&app, n).remove(0);
    let today = clock::today();
    // The village has three days.
    assert_eq!(asked.standing(today), Standing::Open { days: -5 });
    assert_eq!(counts(&app).overdue, 1);
    let say = |n, text, who: &_| wait(answer::answer(&app, n, text, who));
    assert_eq!(code(say(asked.n, "不归我管", &supervisor)), "not-allowed");
    assert_eq!(code(say(asked.n, " ", &accountant)), "malformed");
    say(asked.n, "修了两处。", &accountant).unwrap();
    say(asked.n, "修了两处。", &accountant).unwrap();
    let asked = about(&app, n).remove(0);
    assert_eq!(asked.answers.len(), 1, "the same answer again is no second one");
    assert_eq!(asked.standing(today), Standing::Answered { late: true });
    let scores = |app: &App| {
        let half = crate::assess::Half::of(clock::today().to_string()[..7].parse().unwrap());
        let book = app.rulebook.now();
        app.db.read(|c| crate::assess::scores(c, &book, half, today)).unwrap()
    };
    let measured = &scores(&app)[0].measured;
    let share = measured
        .iter()
        .find(|one| one.indicator == crate::rules::Indicator::Answered)
        .unwrap()
        .share
        .clone()
        .unwrap();
    // In the first days of half a year it was due in the one before.
    assert!((share.good, share.of) == (0, 1) || share.of == 0, "{share:?}");
    // Not satisfied: the supervisors, then the township, then nobody.
    for (again, to) in [(2, Answerer::Supervisors), (3, Answerer::Township)] {
        let last = steps(&app).pop().unwrap();
        assert_eq!(last.next(), Some(to));
        let id = AskId([again; 16]);
        ask_on(&app, &slip, id, "还是没说清").unwrap();
        ask_on(&app, &slip, id, "还是没说清").unwrap();
        assert_eq!(steps(&app).len(), usize::from(again), "pressed twice, asked once");
        assert_eq!(steps(&app).last().and_then(Followed::next), None, "no answer yet");
        show_all(&app, &office);
        let newest = about(&app, n).pop().unwrap();
        assert_eq!(newest.content.as_ref().unwrap().to, to);
        assert!(matches!(newest.standing(today), Standing::Open { days: 1.. }), "a new clock");
        let who = if to == Answerer::Supervisors { &supervisor } else { &office.reviewer };
        assert_eq!(code(say(newest.n, "村里再答", &accountant)), "not-allowed");
        say(newest.n, "查过了，属实。", who).unwrap();
    }
    assert_eq!(steps(&app).last().and_then(Followed::next), None, "nobody is above the township");
    let refused = ask_on(&app, &slip, AskId([4; 16]), "再问");
    assert_eq!(code(refused), "wrong-state");
    let told = counts(&app);
    assert_eq!((told.asked, told.answered, told.late, told.overdue), (3, 3, 1, 0));
    // All of it stands in the log: the tables are made from it again.
    let before = about(&app, n);
    app.db.write_blocking(crate::view::rebuild).unwrap();
    assert_eq!(about(&app, n), before);
}

#[test]
fn the_same_question_is_kept_once_and_a_slip_opens_with_its_pin_only() {
    let (_office, app, n) = office();
    let slip = ask(&app, asking(1, Some(n), "路灯修了两次吗？")).unwrap();
    assert_eq!(ask(&app, asking(1, Some(n), "路灯修了两次吗？")).unwrap(), slip);
    assert_eq!(seqs(&app, false).len(), 1);
    let wrong: Pin = "4321".parse().unwrap();
    for _ in 0..5 {
        assert_eq!(code(follow(&app, &slip, wrong.clone())), "not-found");
    }
    assert_eq!(code(follow(&app, &slip, pin())), "wait", "too many wrong ones");
    let number = slip.to_string();
    app.db
        .write_blocking(move |c| {
            c.execute("UPDATE slip SET until = until - 1000 WHERE number = ?1", [number])?;
            Ok(())
        })
        .unwrap();
    assert_eq!(follow(&app, &slip, pin()).unwrap().len(), 1);
    let nobodys: Slip = "0000000000".parse().unwrap();
    assert_eq!(code(follow(&app, &nobodys, pin())), "not-found");
}

#[test]
fn what_is_withheld_stands_in_the_log_without_a_word_of_it() {
    let (office, app, n) = office();
    ask(&app, asking(1, Some(n), "村主任的电话是13800138000")).unwrap();
    ask(&app, asking(2, None, "加微信 abc 贷款")).unwrap();
    let (asked, suspects) = (seqs(&app, false), seqs(&app, true));
    assert_eq!((asked.len(), suspects.len()), (1, 1));
    let editor = office.person("editor", Role::Editor);
    assert_eq!(code(wait(decide(&app, &asked, Decision::Show, &editor))), "not-allowed");
    assert_eq!(wait(decide(&app, &asked, Decision::Personal, &office.reviewer)).unwrap(), 1);
    assert_eq!(wait(decide(&app, &suspects, Decision::Abuse, &office.reviewer)).unwrap(), 1);
    let withheld = about(&app, n).remove(0);
    assert_eq!((&withheld.content, withheld.reason.as_deref()), (&None, Some("personal")));
    assert_eq!(withheld.standing(clock::today()), Standing::Withheld);
    let told = counts(&app);
    assert_eq!((told.asked, told.personal, told.abuse), (2, 1, 1));
    let shown = app.db.read(|c| questions::newest(c, None, None)).unwrap();
    assert!(shown.is_empty());
    for file in walk(&app.data.public()) {
        let bytes = std::fs::read(&file).unwrap();
        let found = bytes.windows(11).any(|bytes| bytes == b"13800138000");
        assert!(!found, "{}", file.display());
    }
    // Decided already: nothing more happens.
    assert_eq!(code(wait(decide(&app, &asked, Decision::Show, &office.reviewer))), "batch");
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

#[test]
fn a_question_is_about_something_of_its_village_or_it_is_refused() {
    let (_office, app, n) = office();
    assert_eq!(code(ask(&app, asking(1, Some(999), "这是什么"))), "no-target");
    assert_eq!(code(ask(&app, asking(1, Some(0), "这是什么"))), "no-target", "a key");
    let elsewhere = Asking { village: "341181107299".parse().unwrap(), ..asking(1, None, "问") };
    assert_eq!(code(ask(&app, elsewhere)), "bad-village");
    assert_eq!(code(ask(&app, asking(1, Some(n), "\u{7}"))), "malformed");
    let paper = Asking { channel: Channel::Paper, ..asking(1, Some(n), "这是什么钱") };
    assert_eq!(code(ask(&app, paper)), "malformed");
    let township =
        Asking { village: app.township.parse().unwrap(), ..asking(2, None, "路修不修") };
    ask(&app, township).unwrap();
    let held = app.db.read(|c| list::waiting(c, false)).unwrap().0.remove(0);
    assert_eq!(held.to, Answerer::Township);
    assert!(ledger_date(clock::today()).is_ok());
}

#[test]
fn a_flood_is_seen_apart_and_does_not_hide_the_others() {
    let (_office, app, n) = office();
    for i in 0..20 {
        ask(&app, asking(100 + i, Some(n), "退钱退钱，马上退钱")).unwrap();
    }
    ask(&app, asking(1, Some(n), "路灯修了两次吗？")).unwrap();
    assert_eq!(seqs(&app, false).len(), 3, "two before it is a flood, and the other one");
    assert_eq!(seqs(&app, true).len(), 18);
    assert_eq!(app.db.read(list::backlog).unwrap().0, 21);
}
