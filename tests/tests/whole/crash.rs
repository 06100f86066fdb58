//! The plug pulled on the server at random moments while it publishes: nothing acknowledged is lost, and the log never
//! shows two histories.

use crate::fixture::{self, Copy};
use crate::hostile::{assert_pictures_are_true, held};
use ledger::checkpoint::Checkpoint;
use ledger::client::{View, Want};
use ledger::key::VerifierKey;
use mingbai_tests::office::Office;
use mingbai_tests::pen::Pen;
use mingbai_tests::programs;
use mingbai_tests::server::verify;
use mingbai_tests::town::Town;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const KILLS: u64 = 50;

/// A witness: reads the published files after each crash and demands that history only grows.
struct Witness {
    key: VerifierKey,
    view: View,
}

impl Witness {
    fn look(&mut self, public: &Path) {
        let fetch = |want: &Want| {
            let bytes = std::fs::read(public.join(&want.path))
                .map_err(|e| format!("{}: {e}", want.path))?;
            Ok(bytes[usize::try_from(want.from).unwrap()..].to_vec())
        };
        let keep = |_: u64, _: &[u8]| Ok::<_, String>(());
        self.view = self.view.update(&self.key, fetch, keep).expect("history only grows");
    }
}

#[test]
fn fifty_kills_while_publishing_lose_nothing_and_never_fork() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("crash");
    let _ = std::fs::remove_dir_all(&folder);
    let town = Town::found(&folder, fixture::small_sample(), fixture::PASSWORD).unwrap();
    let public = town.server_data().join("public");
    let pen = Pen::take(&town.accountants[0].data, &town.accountants[0].village).unwrap();
    let bodies = (0..20 * KILLS).map(|n| pen.receipt(n).unwrap().body());
    let waiting = Mutex::new(bodies.collect::<Vec<_>>());
    let acknowledged: Arc<Mutex<Vec<String>>> = Arc::default();
    let mut witness = Witness { key: town.vkey.parse().unwrap(), view: View::default() };
    let mut published_when_killed = 0;
    let first = town.serve().unwrap();
    let reviewer = town.office(&first, "reviewer").unwrap();
    drop(first);
    for round in 0..KILLS {
        let mut server = town.serve().unwrap();
        let office = reviewer.at(&server.url);
        witness.look(&public);
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| send_until(&stop, &server.url, &waiting, &acknowledged));
            let publishing = scope.spawn(|| publish_until(&stop, &office));
            // A different moment each round, spread over the time that a few batches take.
            std::thread::sleep(Duration::from_micros(2_000 + round * 7_919 % 300_000));
            let id = i32::try_from(server.id()).unwrap().to_string();
            std::process::Command::new("kill").args(["-9", &id]).status().unwrap();
            stop.store(true, Ordering::SeqCst);
            published_when_killed += u64::from(publishing.join().unwrap());
        });
        server.kill().unwrap();
    }
    let server = town.serve().unwrap();
    witness.look(&public);
    reviewer.at(&server.url).publish_all(|_| ()).unwrap();
    witness.look(&public);
    let acknowledged = acknowledged.lock().unwrap();
    for id in acknowledged.iter() {
        let status = server.get(&format!("/api/submissions/{id}")).unwrap();
        let status: serde_json::Value = serde_json::from_slice(&status).unwrap();
        assert_eq!(status["state"], "published", "{id}");
    }
    drop(server);
    verify(&town.server_data()).unwrap().unwrap();
    let head = std::fs::read(public.join("checkpoint")).unwrap();
    let head = Checkpoint::open(&head, &town.vkey.parse().unwrap()).unwrap();
    let (count, size) = (acknowledged.len(), head.size);
    println!(
        "{count} acknowledged in {KILLS} rounds, {published_when_killed} with a batch published; log of {size}"
    );
    assert!(size > acknowledged.len() as u64, "each is in the log");
    assert!(count as u64 > KILLS, "the kills left time to send something");
    assert!(published_when_killed > KILLS / 5, "the kills hit the publishing");
}

#[test]
fn a_sync_that_is_killed_leaves_what_was_verified_and_goes_on() {
    let copy = Copy::new();
    let server = copy.serve();
    let kiosk = copy.kiosk_data();
    for round in 0..20 {
        let place = ["sync", "--data", programs::text(&kiosk), "--server", &server.url];
        let mut command = programs::command("mingbai-kiosk").unwrap();
        command.args(place).args(["--vkey", &fixture::town().vkey]).stdout(Stdio::null());
        let mut sync = command.spawn().unwrap();
        std::thread::sleep(Duration::from_millis(round * 6));
        sync.kill().unwrap();
        sync.wait().unwrap();
        assert_pictures_are_true(&kiosk);
    }
    copy.sync(&server.url).unwrap();
    let whole = Copy::new();
    whole.sync(&server.url).unwrap();
    assert_eq!(held(&kiosk), held(&whole.kiosk_data()));
    let count = |kiosk: &Path| fixture::files(&kiosk.join("blob")).len();
    assert_eq!(count(&kiosk), count(&whole.kiosk_data()));
}

fn send_until(
    stop: &AtomicBool,
    url: &str,
    waiting: &Mutex<Vec<String>>,
    done: &Mutex<Vec<String>>,
) {
    let agent = ureq::Agent::new_with_defaults();
    while !stop.load(Ordering::SeqCst) {
        let Some(body) = waiting.lock().unwrap().pop() else { return };
        let request = agent.post(format!("{url}/api/submissions")).content_type("application/json");
        let Ok(mut answer) = request.send(&body) else { return };
        let Ok(text) = answer.body_mut().read_to_string() else { return };
        let status: serde_json::Value = serde_json::from_str(&text).unwrap();
        done.lock().unwrap().push(status["id"].as_str().unwrap().to_string());
    }
}

/// Publishes what waits, batch after batch; true if at least one batch was acknowledged.
fn publish_until(stop: &AtomicBool, office: &Office) -> bool {
    let mut any = false;
    while !stop.load(Ordering::SeqCst) {
        let Ok(ids) = office.waiting() else { return any };
        if !ids.is_empty() {
            any |= office.publish(&ids).is_ok();
        }
    }
    any
}
