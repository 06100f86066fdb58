//! The real kiosk program and the real office: enrolled by the code that it shows, it tells what it showed while there was no
//! network, hears of an emergency, survives the loss of its own database, and stops when it is taken out of use.

use mingbai_tests::bench::Bench;
use mingbai_tests::office::Office;
use mingbai_tests::{programs, town};
use rusqlite::Connection;
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long the office may refuse a report because it comes too soon after the last.
const PATIENCE: Duration = Duration::from_secs(60);
const VILLAGE: &str = "341181107201";

/// A kiosk's folder, and the server that it knows.
struct Screen {
    data: PathBuf,
    server: String,
    vkey: String,
}

impl Screen {
    fn run(&self, command: &[&str]) -> Result<String, String> {
        let place = ["--data", programs::text(&self.data), "--server", &self.server];
        let all = [command, &place, &["--vkey", &self.vkey]].concat();
        let output = programs::output("mingbai-kiosk", &all).unwrap();
        match output.status.code() {
            Some(0) => Ok(String::from_utf8(output.stdout).unwrap()),
            Some(1) => Err(String::from_utf8(output.stderr).unwrap()),
            other => panic!("{command:?} ended with {other:?}"),
        }
    }

    fn report(&self) -> Value {
        serde_json::from_str(&self.run(&["report"]).unwrap()).unwrap()
    }

    /// Reports until the office has kept one.
    fn report_kept(&self) -> Value {
        let start = Instant::now();
        loop {
            let came = self.report();
            if came.get("told").is_some() || start.elapsed() > PATIENCE {
                return came;
            }
            // The office takes one report in five seconds: no need to ask it all the time.
            std::thread::sleep(Duration::from_millis(250));
        }
    }

    /// As if a bulletin had been on its screen every day of the last `days` days, for a minute each.
    fn showed(&self, bulletin: u64, days: i64) {
        let drawer = Connection::open(self.data.join("fleet.db")).unwrap();
        let now = jiff::Timestamp::now().as_millisecond();
        for past in 1..=days {
            let first = now - past * 86_400_000;
            // The line of a day is written down with that day in China.
            let day = (first + 8 * 3_600_000).div_euclid(86_400_000);
            let end = (day + 1) * 86_400_000 - 8 * 3_600_000;
            let first = first.min(end - 60_000);
            let values = (bulletin, day, first, first + 59_999);
            let sql = "INSERT INTO shown VALUES (?1, ?2, 999, ?3, ?4, 60000, 0)";
            drawer.execute(sql, values).unwrap();
        }
    }

    fn diary(&self) -> String {
        self.run(&["diary"]).unwrap()
    }
}

/// Publishes a bulletin of a column; answers how many entries the log has then.
fn publish(
    town: &town::Town,
    server: &mingbai_tests::server::Server,
    write: impl Fn(&Office),
) -> u64 {
    write(&town.office(server, "editor").unwrap());
    town.office(server, "reviewer").unwrap().publish_all(|_| ()).unwrap();
    let checkpoint = String::from_utf8(server.get("/checkpoint").unwrap()).unwrap();
    checkpoint.lines().nth(1).unwrap().parse().unwrap()
}

#[test]
fn a_real_kiosk_is_one_of_the_fleet() {
    let mut bench = Bench::found().unwrap();
    bench.server.kill().unwrap();
    let town = &bench.town;
    let data = town.server_data();
    town::add_staff(programs::text(&data), "admin", "admin", "钱站长", &town.password).unwrap();
    let mut server = town.serve().unwrap();
    let entries = publish(town, &server, |editor| {
        editor.write("cunwu", "清明防火", "不带火种进山。").unwrap();
    });
    let bulletin = entries - 1;
    let folder = tempfile::tempdir().unwrap();
    let mut screen = Screen {
        data: folder.path().join("kiosk"),
        server: server.url.clone(),
        vkey: town.vkey.clone(),
    };

    // Enrolled by the code.
    let asked = screen.report();
    assert_eq!(asked["state"], "waiting", "{asked}");
    let mode = |file: &Path| file.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&screen.data.join("kiosk.key")), 0o600);
    assert_eq!(screen.report()["code"], asked["code"], "the same key is given the same code");
    let office = town.office(&server, "admin").unwrap();
    enrol(&office, &asked);

    months_without_a_network_are_told(&screen, bulletin, &data);

    // What the office sees of it.
    let list = office.page("/office/kiosks").unwrap();
    assert!(list.contains("最新") && list.contains("文化广场"), "{list}");

    // An emergency is asked for at once, and only counts once it is on the shelf.
    let urgent = publish(town, &server, warn) - 1;
    let came = screen.report_kept();
    assert_eq!((&came["emergencies"][0], &came["wants_sync"]), (&urgent.into(), &true.into()));
    screen.run(&["sync"]).unwrap();
    assert_eq!(screen.report_kept()["wants_sync"], false);

    its_own_database_is_lost(&screen);

    // Nobody there: said in one line, and nothing is lost.
    screen.showed(bulletin, 3);
    server.kill().unwrap();
    let complaint = screen.run(&["report"]).unwrap_err();
    assert!(complaint.contains("连不上") && complaint.lines().count() == 1, "{complaint}");
    let server = town.serve().unwrap();
    screen.server.clone_from(&server.url);
    assert_eq!(screen.report_kept()["told"]["lines"], 3);

    // Taken out of use: it says so and reports no more.
    let office = town.office(&server, "admin").unwrap();
    let own = format!("/office/kiosks/{}", asked["id"].as_str().unwrap());
    office.submit(&own, &format!("{own}/revoke"), &[]).unwrap();
    let came = screen.report();
    assert_eq!((&came["state"], came.get("told")), (&"revoked".into(), None), "{came}");
    let diary = screen.diary();
    assert!(diary.contains("enrolled") && diary.contains("revoked"), "{diary}");
}

/// They are told in reports of two hundred lines; a second telling adds nothing.
fn months_without_a_network_are_told(screen: &Screen, bulletin: u64, office: &Path) {
    screen.run(&["sync"]).unwrap();
    screen.showed(bulletin, 250);
    let first = screen.report_kept();
    assert_eq!((&first["state"], &first["name"]), (&"enrolled".into(), &"文化广场".into()));
    assert_eq!((&first["told"]["lines"], &first["told"]["left"]), (&200.into(), &50.into()));
    let second = screen.report_kept();
    assert_eq!((&second["told"]["lines"], &second["told"]["left"]), (&50.into(), &0.into()));
    assert!(second["number"].as_u64() > first["number"].as_u64(), "{first} {second}");
    screen.showed(bulletin, 250);
    screen.report_kept();
    let shown = Connection::open(office.join("mingbai.db")).unwrap();
    let sql = "SELECT count(*), sum(seconds) FROM kiosk_display WHERE n = ?1";
    let told: (u64, u64) =
        shown.query_row(sql, [bulletin], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    assert_eq!(told, (250, 15_000));
}

/// The key is the same, and the office knows the number.
fn its_own_database_is_lost(screen: &Screen) {
    let number = screen.report_kept()["number"].as_u64().unwrap();
    for file in ["fleet.db", "fleet.db-wal", "fleet.db-shm"] {
        let _ = std::fs::remove_file(screen.data.join(file));
    }
    let came = screen.report_kept();
    assert_eq!(came["state"], "enrolled");
    assert!(came["number"].as_u64() > Some(number), "{came}");
}

/// Types the code, compares the digits, names the kiosk.
fn enrol(office: &Office, asked: &Value) {
    let list = "/office/kiosks";
    let text = |name: &str| asked[name].as_str().unwrap();
    let form = [("code", text("code"))];
    let confirm = office.submit(list, "/office/kiosks/code", &form).unwrap();
    assert!(confirm.contains(text("check")), "{confirm}");
    let form = [("id", text("id")), ("same", "yes"), ("name", "文化广场"), ("village", VILLAGE)];
    office.submit(list, "/office/kiosks/enrol", &form).unwrap();
}

fn warn(editor: &Office) {
    editor.warn("cunwu", "台风红色预警", "请到小学避险。").unwrap();
}
