//! What a log says is judged by what it holds and by the day; what was seen is never forgotten.

use ledger::content::{
    Answerer, Channel, Content, DirectoryContent, QuestionContent, Salt, Topic, VillageName,
};
use ledger::hash::sha256;
use ledger::key::SigningKey;
use ledger::note::compose;
use ledger::place::Village;
use ledger::statement::{Act, Reason, Role, Source as ErrorSource, Statement};
use ledger::time::Timestamp;
use ledger::tree::{Frontier, leaf_hash};

use super::*;
use crate::error::Error;
use crate::rules::Rules;
use crate::workdays::Workdays;
use ledger::client::View;

const DAY: i64 = 86_400;

fn key(name: &str, seed: u8) -> SigningKey {
    SigningKey::from_seed(name, [seed; 32]).unwrap()
}

fn log() -> SigningKey {
    key("log.example", 9)
}

fn village() -> Village {
    "341181107201".parse().unwrap()
}

fn time(text: &str) -> Timestamp {
    format!("{text}T09:00:00+08:00").parse().unwrap()
}

/// Noon of a day.
fn noon(text: &str) -> i64 {
    time(text).unix_seconds() + 3 * 3600
}

fn rules() -> Rulebook {
    Rulebook { rules: Rules::shipped().unwrap(), workdays: Workdays::shipped().unwrap() }
}

/// A watched township: its office and accountant, one village named in May 2026.
struct Town {
    folder: tempfile::TempDir,
    store: Store,
    entries: Vec<Vec<u8>>,
}

impl Town {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let now = noon("2026-05-02");
        let store = Store::open(folder.path(), &log().verifier(), now).unwrap();
        let mut town = Self { folder, store, entries: Vec::new() };
        let enrol = |village: &str, role, key: &SigningKey| Statement::Key {
            village: village.parse().unwrap(),
            time: time("2026-05-02"),
            act: Act::Enrol,
            role,
            key: key.verifier(),
            content: None,
        };
        let (office, accountant) = (key("office", 1), key("341181107201/a", 2));
        town.sign(&enrol("341181107000", Role::Office, &office), &office);
        town.sign(&enrol("341181107201", Role::Accountant, &accountant), &office);
        let villages = vec![VillageName { code: village(), name: "新街村".into() }];
        let directory = DirectoryContent {
            salt: Salt([1; 16]),
            township: "新街镇".into(),
            villages,
            columns: Vec::new(),
        };
        let (body, content) = directory.to_bytes();
        let township = "341181107000".parse().unwrap();
        let time = time("2026-05-02");
        town.sign(&Statement::Directory { village: township, time, content }, &office);
        town.grow(now);
        town.hold(2, &body);
        town
    }

    fn sign(&mut self, statement: &Statement, key: &SigningKey) -> u64 {
        let text = statement.to_text();
        self.entries.push(compose(&text, &[key.sign(&text)]).into_bytes());
        self.entries.len() as u64 - 1
    }

    /// The head over the first entries.
    fn head(&self, size: usize) -> (Checkpoint, String, Frontier) {
        let mut frontier = Frontier::default();
        self.entries[..size].iter().for_each(|entry| frontier.push(leaf_hash(entry)));
        let origin = log().verifier().name().to_owned();
        let head = Checkpoint { origin, size: frontier.size(), root: frontier.root() };
        let note = head.sign(&log());
        (head, note, frontier)
    }

    /// Adopts what was signed since.
    fn grow(&mut self, now: i64) {
        let held = usize::try_from(self.store.view().unwrap().size()).unwrap();
        let (_, note, frontier) = self.head(self.entries.len());
        let tail = self.entries.iter().map(|entry| 2 + entry.len() as u64).sum();
        let next = View::from_parts(note, frontier, tail).unwrap();
        self.store.adopt(OFFICE, &next, &self.entries[held..], now).unwrap();
        assert_eq!(self.store.view().unwrap(), next, "what is stored is what goes on");
    }

    fn hold(&self, index: u64, body: &[u8]) {
        let sql = "UPDATE entry SET body = ?2 WHERE idx = ?1";
        self.store.db.execute(sql, rusqlite::params![index, body]).unwrap();
    }

    /// The subjects of the alarms of one kind.
    fn alarms(&self, kind: Kind, now: i64) -> Vec<String> {
        let book = Book::read(&self.store).unwrap();
        let alarms = book.alarms(&rules(), now, 10).into_iter();
        alarms.filter(|alarm| alarm.kind == kind).map(|alarm| alarm.subject).collect()
    }

    fn ask(&mut self, due: &str) -> u64 {
        let content = QuestionContent {
            salt: Salt([3; 16]),
            topic: Topic::Amount,
            text: "多少钱？".into(),
            channel: Channel::Phone,
            asked: "2026-06-01".parse().unwrap(),
            to: Answerer::Village,
            due: due.parse().unwrap(),
        };
        let (body, content) = content.to_bytes();
        let time = time("2026-06-01");
        let question = Statement::Question { village: village(), time, of: None, content };
        let n = self.sign(&question, &key("office", 1));
        self.grow(noon("2026-06-01"));
        self.hold(n, &body);
        n
    }
}

#[test]
fn a_question_is_overdue_after_its_day_until_it_is_answered_or_withdrawn() {
    let mut town = Town::new();
    let (first, second) = (town.ask("2026-06-04"), town.ask("2026-06-04"));
    let overdue = |town: &Town, day| town.alarms(Kind::Overdue, noon(day));
    assert!(overdue(&town, "2026-06-04").is_empty());
    let late = [format!("question {first}"), format!("question {second}")];
    assert_eq!(overdue(&town, "2026-06-05"), late);
    let (village, time, content) = (village(), time("2026-06-05"), sha256(b"answer"));
    let answer = Statement::Answer { village, time: time.clone(), of: first, content };
    town.sign(&answer, &key("office", 1));
    town.grow(noon("2026-06-05"));
    assert_eq!(overdue(&town, "2026-06-05"), late[1..]);
    let (reason, source) = (Reason::Personal, ErrorSource::Original);
    let gone = Statement::Withdrawal { village, time, of: second, reason, source, ground: None };
    town.sign(&gone, &key("office", 1));
    town.grow(noon("2026-06-05"));
    assert!(overdue(&town, "2026-06-05").is_empty());
    assert_eq!(town.alarms(Kind::Withdrawn, noon("2026-06-05")), [format!("entry {second}")]);
    let kept: Option<Vec<u8>> = town
        .store
        .db
        .query_row("SELECT body FROM entry WHERE idx = ?1", [second], |row| row.get(0))
        .unwrap();
    assert_eq!(kept, None, "what was withdrawn is not kept here either");
}

#[test]
fn a_month_is_missing_after_its_day_unless_something_was_stated() {
    let mut town = Town::new();
    let missing = |town: &Town, day| town.alarms(Kind::Month, noon(day));
    let due = rules().month_due("2026-05".parse().unwrap()).on.to_string();
    assert!(missing(&town, &due).is_empty(), "the last day is not late");
    assert_eq!(missing(&town, "2026-06-20"), ["341181107201 2026-05"]);
    let (period, time) = ("2026-05".parse().unwrap(), time("2026-06-21"));
    let nothing = Statement::Nothing { village: village(), period, time };
    town.sign(&nothing, &key("341181107201/a", 2));
    town.grow(noon("2026-06-21"));
    assert!(missing(&town, "2026-06-22").is_empty());
    assert_eq!(missing(&town, "2026-07-20"), ["341181107201 2026-06"]);
}

#[test]
fn who_may_not_sign_is_told_and_counts_for_nothing() {
    let mut town = Town::new();
    let (period, time) = ("2026-05".parse().unwrap(), time("2026-06-01"));
    let n = town.sign(&Statement::Nothing { village: village(), period, time }, &key("office", 1));
    town.grow(noon("2026-06-01"));
    assert_eq!(town.alarms(Kind::Signature, noon("2026-06-02")), [format!("entry {n}")]);
    assert_eq!(town.alarms(Kind::Month, noon("2026-06-20")), ["341181107201 2026-05"]);
}

#[test]
fn a_log_in_which_nothing_happens_for_days_stands_still_and_no_false_date_hides_it() {
    let mut town = Town::new();
    let silent = |town: &Town, day| town.alarms(Kind::Freeze, noon(day));
    assert!(silent(&town, "2026-05-11").is_empty());
    assert_eq!(silent(&town, "2026-05-12"), ["silent"]);
    let (period, time) = ("2026-05".parse().unwrap(), time("2036-05-12"));
    let nothing = Statement::Nothing { village: village(), period, time };
    town.sign(&nothing, &key("341181107201/a", 2));
    town.grow(noon("2026-05-12"));
    assert!(silent(&town, "2026-05-12").is_empty());
    assert_eq!(silent(&town, "2026-05-22"), ["silent"]);
}

#[test]
fn an_older_or_other_head_is_called_what_it_is_and_its_proof_is_kept() {
    let mut town = Town::new();
    town.ask("2026-06-04");
    let (now, all) = (noon("2026-06-02"), town.entries.len());
    let (older, note, _) = town.head(all - 1);
    let judge = |town: &Town, head: &Checkpoint, note: &str, is_office| {
        let source = if is_office { OFFICE } else { "http://mirror" };
        follow::compare(&town.store, source, head, note.as_bytes(), is_office, now).unwrap()
    };
    assert_eq!(judge(&town, &older, &note, false), None, "a copy may be behind");
    assert_eq!(judge(&town, &older, &note, true).unwrap().kind, Kind::Rollback);
    let (same, own, _) = town.head(all);
    assert_eq!(judge(&town, &same, &own, true), None);
    for size in [older.size, same.size] {
        let fork = Checkpoint { root: sha256(b"another"), size, ..older.clone() };
        let signed = fork.sign(&log());
        assert_eq!(judge(&town, &fork, &signed, true), None);
        let (source, file) = town.store.evidence_of("fork").unwrap().pop().unwrap();
        assert_eq!(source, OFFICE);
        let proof = town.folder.path().join("evidence").join(file);
        assert_eq!(std::fs::read_to_string(proof).unwrap(), format!("{own}\n{signed}"));
    }
    // An office that never showed more than others do not hold is only behind.
    let other = tempfile::tempdir().unwrap();
    let mut store = Store::open(other.path(), &log().verifier(), now).unwrap();
    let view = town.store.view().unwrap();
    store.adopt("http://mirror", &view, &town.entries, now).unwrap();
    let told = follow::compare(&store, OFFICE, &older, note.as_bytes(), true, now).unwrap();
    assert_eq!(told.unwrap().kind, Kind::Freeze);
}

#[test]
fn what_was_seen_stays_and_a_damaged_disk_is_noticed() {
    let town = Town::new();
    let heads = town.store.heads().unwrap();
    let (_, note, _) = town.head(3);
    town.store.saw(OFFICE, 3, note.as_bytes(), 7).unwrap();
    assert_eq!(town.store.heads().unwrap(), heads, "the same again is not new");
    for sql in ["DELETE FROM checkpoint", "UPDATE checkpoint SET size = 0"] {
        assert!(town.store.db.execute(sql, []).is_err(), "{sql}");
    }
    let Town { folder, store, .. } = town;
    let again = Store::open(folder.path(), &log().verifier(), 9);
    assert_eq!(again.err().map(|error| error.code()), Some("data-in-use"));
    drop(store);
    let other = Store::open(folder.path(), &key("other.example", 3).verifier(), 9);
    assert_eq!(other.err().map(|error| error.code()), Some("other-log"));
    let store = Store::open(folder.path(), &log().verifier(), 9).unwrap();
    assert_eq!((store.view().unwrap().size(), store.since().unwrap()), (3, noon("2026-05-02")));
    store.db.execute("UPDATE entry SET note = x'00' WHERE idx = 1", []).unwrap();
    assert!(matches!(store.view(), Err(Error::Corrupt(_))));
}

#[test]
fn an_alarm_keeps_its_beginning_is_news_until_it_was_told_and_ends() {
    let mut town = Town::new();
    let alarm =
        |n: u64| Alarm::new(Kind::Withdrawn, format!("entry {n}"), zh("{why}"), &[("why", &n)]);
    let raised = town.store.raise(vec![alarm(1)], 100).unwrap();
    assert!(raised[0].counts() && !raised[0].told);
    // The report was not written: it is still news.
    let raised = town.store.raise(vec![alarm(1)], 100 + DAY).unwrap();
    assert!(raised[0].counts() && raised[0].since == 100);
    town.store.told().unwrap();
    let raised = town.store.raise(vec![alarm(1), alarm(2)], 200 + DAY).unwrap();
    assert_eq!((raised[0].counts(), raised[1].counts()), (false, true));
    town.store.raise(Vec::new(), 300 + DAY).unwrap();
    let raised = town.store.raise(vec![alarm(1)], 400 + DAY).unwrap();
    assert_eq!((raised[0].since, raised[0].told), (400 + DAY, false));
}

#[test]
fn a_report_is_whole_escaped_and_in_either_language() {
    let town = Town::new();
    for (lang, word) in
        [(crate::web::words::Lang::Zh, "监督报告"), (crate::web::words::Lang::En, "Watching")]
    {
        let options = Options {
            url: "http://office/<script>".into(),
            also: Vec::new(),
            log: log().verifier(),
            data: town.folder.path().into(),
            report: town.folder.path().into(),
            depth: Depth::New,
            silent_days: 10,
            rules: rules(),
            words: Words::new(lang),
        };
        let (book, now) = (Book::read(&town.store).unwrap(), noon("2026-07-20"));
        let alarms = book.alarms(&rules(), now, 10).into_iter();
        let raised = alarms.map(|alarm| alarm::Raised { alarm, since: now, told: false }).collect();
        let status = Status::read(&town.store, book, raised, now).unwrap();
        report::write(town.folder.path(), &options, &options.rules, &status).unwrap();
        let read = |name| std::fs::read_to_string(town.folder.path().join(name)).unwrap();
        let (html, text) = (read("report.html"), read("report.txt"));
        assert!(html.contains(word) && text.contains(word), "{text}");
        assert!(html.contains("新街村") && text.contains("新街村"));
        assert!(!html.contains("<script") && html.trim_end().ends_with("</html>"));
        assert!(status.json(&options.words).contains("\"kind\":\"month\""));
    }
}
