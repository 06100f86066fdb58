//! Watched from outside: two witnesses and a monitor beside an honest office, then beside one that forks, rolls back,
//! freezes, hides, forges and withdraws. Each is called by its name, and no witness cosigns a second history.

use crate::fixture::{self, Copy};
use crate::shared::until;
use ledger::key::VerifierKey;
use ledger::note::Note;
use ledger::time::Period;
use mingbai_tests::mirror::Mirror;
use mingbai_tests::pen::Pen;
use mingbai_tests::programs;
use mingbai_tests::server::{Server, verify};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// One round of a monitor: its exit status and what it says.
fn watch(data: &Path, url: &str, options: &[&str]) -> (i32, Value) {
    let own = ["--data", programs::text(data), "--url", url, "--vkey", &fixture::town().vkey];
    let args = [&["monitor", "--once", "--json"][..], &own, options].concat();
    let output = programs::output("mingbai-server", &args).unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let said = serde_json::from_str(&told)
        .unwrap_or_else(|_| panic!("{told}{}", String::from_utf8_lossy(&output.stderr)));
    (output.status.code().unwrap(), said)
}

/// The kinds of the alarms, each once.
fn kinds(told: &Value) -> Vec<&str> {
    let mut kinds: Vec<&str> =
        told["alarms"].as_array().unwrap().iter().map(|a| a["kind"].as_str().unwrap()).collect();
    kinds.dedup();
    kinds
}

fn send(server: &Server, village: usize, n: u64, month: &str) {
    let accountant = &fixture::town().accountants[village];
    let pen = Pen::take(&accountant.data, &accountant.village).unwrap();
    let body = pen.receipt_of(n, month).unwrap().body();
    let post = ureq::post(format!("{}/api/submissions", server.url));
    post.content_type("application/json").send(&body).unwrap();
}

fn publish(server: &Server) {
    fixture::town().office(server, "reviewer").unwrap().publish_all(|_| ()).unwrap();
}

/// The months since the sample's first that should be published by now.
fn due_months() -> Vec<String> {
    let first: Period = "2026-05".parse().unwrap();
    let this: Period = jiff::Zoned::now().strftime("%Y-%m").to_string().parse().unwrap();
    (0..this.months_since(first)).map(|n| first.later(n).to_string()).collect()
}

/// A township whose villages owe nothing, and the address that its server will have.
fn diligent() -> (Copy, String) {
    let copy = Copy::new();
    let server = copy.serve();
    for (n, month) in (1000..).zip(due_months()) {
        send(&server, 0, n, &month);
        send(&server, 1, n + 500, &month);
    }
    publish(&server);
    let address = server.url.trim_start_matches("http://").to_owned();
    (copy, address)
}

/// A real monitor that cosigns.
struct Witness {
    name: &'static str,
    vkey: VerifierKey,
    data: PathBuf,
    /// Killed when dropped.
    program: Server,
}

impl Witness {
    fn start(folder: &Path, name: &'static str, office: &str) -> Witness {
        let (key, data) = (folder.join(format!("{name}.key")), folder.join(name));
        let origin = format!("{name}.example");
        let made = ["monitor", "key", "--name", &origin, "--out", programs::text(&key)];
        let vkey = programs::run("mingbai-server", &made).unwrap().trim().parse().unwrap();
        let program = Witness::run(&key, &data, office, "127.0.0.1:0");
        Witness { name, vkey, data, program }
    }

    fn run(key: &Path, data: &Path, office: &str, listen: &str) -> Server {
        let mut command = programs::command("mingbai-server").unwrap();
        command.args(["monitor", "--url", office, "--vkey", &fixture::town().vkey]);
        command.args(["--every", "1h", "--data", programs::text(data)]);
        command.args(["--witness", programs::text(key), "--listen", listen]);
        Server::spawn(command, data).unwrap()
    }

    /// Whether its good cosignature stands under a checkpoint.
    fn cosigned(&self, checkpoint: &[u8]) -> bool {
        let note = Note::parse(checkpoint).unwrap();
        note.verify(std::iter::once(&self.vkey)).is_ok()
    }

    /// Heads that it refused though the log signed them.
    fn refused(&self) -> usize {
        std::fs::read_dir(self.data.join("witness/refused")).map_or(0, Iterator::count)
    }
}

/// What the server and the kiosks are told of two witnesses, one of whom is enough.
fn policy(one: &Witness, two: &Witness) -> String {
    let line = |w: &Witness| format!("witness {} {} {}\n", w.name, w.vkey, w.program.url);
    format!("{}{}group 一家 any {} {}\nquorum 一家\n", line(one), line(two), one.name, two.name)
}

/// A kiosk's sync that demands what the policy says.
fn demanding(kiosk: &Path, url: &str, policy: &Path) -> Result<String, String> {
    let args = ["sync", "--data", programs::text(kiosk), "--server", url, "--vkey"];
    let more = [fixture::town().vkey.as_str(), "--witnesses", programs::text(policy), "--json"];
    let output = programs::output("mingbai-kiosk", &[&args[..], &more].concat()).unwrap();
    match output.status.success() {
        true => Ok(String::from_utf8(output.stdout).unwrap()),
        false => Err(String::from_utf8(output.stderr).unwrap()),
    }
}

fn size(checkpoint: &[u8]) -> u64 {
    std::str::from_utf8(checkpoint).unwrap().lines().nth(1).unwrap().parse().unwrap()
}

#[test]
#[allow(clippy::too_many_lines, reason = "one story")]
fn witnesses_cosign_an_honest_office_and_no_second_history_and_the_monitor_names_each_lie() {
    let (copy, address) = diligent();
    let folder = copy.folder.path();
    let (data, url) = (copy.server_data(), format!("http://{address}"));
    let before = folder.join("before");
    fixture::copy_tree(&data, &before);
    let one = Witness::start(folder, "one", &url);
    let two = Witness::start(folder, "two", &url);
    let rules = data.join("witnesses");
    std::fs::write(&rules, policy(&one, &two)).unwrap();

    // Publishing goes on, and each head is cosigned by both.
    let server = Server::start(&data, &address, None).unwrap();
    let both = |note: &[u8]| one.cosigned(note) && two.cosigned(note);
    until("both cosign", || both(&server.get("/checkpoint").unwrap()));
    let first = size(&server.get("/checkpoint").unwrap());
    send(&server, 0, 2000, "2026-05");
    publish(&server);
    assert_eq!(size(&server.get("/checkpoint").unwrap()), first + 1);
    until("both cosign the next", || both(&server.get("/checkpoint").unwrap()));
    let page = format!("/r/{first}");
    let shown = || String::from_utf8(server.get(&page).unwrap()).unwrap();
    until("the phone page says who has witnessed", || {
        let page = shown();
        page.contains("one，") && page.contains("two，")
    });
    verify(&data).unwrap().unwrap();

    // A kiosk that demands one of them follows; a monitor finds nothing wrong.
    let (demands, trusts) = (folder.join("demands"), folder.join("trusts"));
    demanding(&demands, &server.url, &rules).unwrap();
    fixture::sync(&trusts, &server.url).unwrap();
    let watcher = folder.join("watcher");
    let (code, told) = watch(&watcher, &server.url, &["--images"]);
    assert_eq!((code, &told["well"]), (0, &Value::Bool(true)), "{told:#}");
    assert_eq!(told["size"].as_u64(), Some(first + 1));
    assert!(told["pictures"].as_u64().unwrap() > 20, "{told}");
    let report = std::fs::read_to_string(watcher.join("report.html")).unwrap();
    assert!(report.contains(&fixture::town().sample.villages[1].name));
    assert!(std::fs::read_to_string(watcher.join("report.txt")).unwrap().contains("没有发现问题"));
    let late = folder.join("late");
    fixture::copy_tree(&watcher, &late);

    // A withdrawal is told with its reason, once as news.
    let reviewer = fixture::town().office(&server, "reviewer").unwrap();
    let n = first.to_string();
    let form = [("n", n.as_str()), ("reason", "personal"), ("source", "original")];
    reviewer.submit(&format!("/office/withdraw?n={n}"), "/office/withdraw", &form).unwrap();
    let (code, told) = watch(&watcher, &server.url, &[]);
    assert_eq!((code, kinds(&told)), (1, vec!["withdrawn"]), "{told:#}");
    assert!(told["alarms"][0]["text"].as_str().unwrap().contains("personal"));
    let (code, told) = watch(&watcher, &server.url, &[]);
    assert_eq!((code, kinds(&told)), (0, vec!["withdrawn"]), "it stays in the report");
    until("both cosign the withdrawal", || both(&server.get("/checkpoint").unwrap()));

    // The same keys, from the earlier moment on, otherwise.
    let forked = folder.join("forked");
    fixture::copy_tree(&before, &forked);
    let liar = Server::start(&forked, "127.0.0.1:0", None).unwrap();
    for n in 3000..3005 {
        send(&liar, 1, n, "2026-06");
    }
    publish(&liar);
    let other = size(&liar.get("/checkpoint").unwrap());
    assert!(other > size(&server.get("/checkpoint").unwrap()));
    drop(liar);
    std::fs::copy(&rules, forked.join("witnesses")).unwrap();
    let liar = Server::start(&forked, "127.0.0.1:0", None).unwrap();
    until("both refuse", || one.refused() == 1 && two.refused() == 1);
    let note = liar.get("/checkpoint").unwrap();
    assert!(!one.cosigned(&note) && !two.cosigned(&note));
    until("and the forked office is stopped by what they hold", || liar.get("/healthz").is_err());
    let (code, told) = watch(&watcher, &liar.url, &[]);
    assert_eq!((code, kinds(&told)), (1, vec!["fork", "withdrawn"]), "{told:#}");
    let file = watcher.join("evidence").join(told["evidence"][0].as_str().unwrap());
    let evidence = std::fs::read_to_string(file).unwrap();
    assert!(evidence.ends_with(std::str::from_utf8(&note).unwrap()));
    assert_eq!(evidence.matches(mingbai_tests::town::ORIGIN).count(), 4, "{evidence}");
    // A fork does not pass: the honest office is under the same key.
    assert_eq!(watch(&watcher, &server.url, &[]).0, 1);
    // A new kiosk that demands a witness does not believe the fork; one that held the log calls it by its name.
    let refused = demanding(&folder.join("new"), &liar.url, &rules).unwrap_err();
    assert!(refused.contains("见证"), "{refused}");
    assert!(demanding(&demands, &liar.url, &rules).is_err());
    let refused = fixture::sync(&trusts, &liar.url).unwrap_err();
    assert!(refused.contains("改了历史"), "{refused}");

    // Going back, and standing still while others hold more.
    let older = Server::start(&before, "127.0.0.1:0", None).unwrap();
    let (code, told) = watch(&late, &older.url, &[]);
    assert_eq!((code, kinds(&told)), (1, vec!["rollback"]), "{told:#}");
    let (code, told) = watch(&folder.join("fresh"), &older.url, &["--also", &server.url]);
    assert_eq!((code, kinds(&told)), (1, vec!["freeze", "withdrawn"]), "{told:#}");
}

#[test]
fn a_witness_that_was_away_is_asked_again_and_remembers_what_it_cosigned() {
    let (copy, address) = diligent();
    let folder = copy.folder.path();
    let (data, url) = (copy.server_data(), format!("http://{address}"));
    let mut witness = Witness::start(folder, "one", &url);
    let listen = witness.program.url.trim_start_matches("http://").to_owned();
    std::fs::write(data.join("witnesses"), policy(&witness, &witness).replacen("witness", "#", 1))
        .unwrap();
    let bad = programs::output("mingbai-server", &["serve", "--data", programs::text(&data)]);
    let told = String::from_utf8(bad.unwrap().stderr).unwrap();
    assert!(told.contains("第 3 行"), "a policy that is not sound is told by its line: {told}");
    let line = format!("witness one {} {}\nquorum none\n", witness.vkey, witness.program.url);
    std::fs::write(data.join("witnesses"), line).unwrap();
    let server = Server::start(&data, &address, None).unwrap();
    until("it cosigns", || witness.cosigned(&server.get("/checkpoint").unwrap()));
    witness.program.kill().unwrap();
    send(&server, 0, 4000, "2026-05");
    publish(&server);
    assert!(!witness.cosigned(&server.get("/checkpoint").unwrap()), "publishing does not wait");
    let key = folder.join("one.key");
    witness.program = Witness::run(&key, &witness.data, &url, &listen);
    until("it is asked again", || witness.cosigned(&server.get("/checkpoint").unwrap()));
    drop(server);
    verify(&data).unwrap().unwrap();
}

#[test]
fn what_is_forged_damaged_hidden_or_overdue_is_named() {
    let copy = Copy::new();
    let lies: [(&str, &[&str]); 4] = [
        ("/nowhere", &["month"]),
        ("/checkpoint", &["signature"]),
        ("/tile/entries", &["damaged"]),
        ("/content", &["missing"]),
    ];
    for (prefix, named) in lies {
        let mirror = Mirror::start(&copy.public(), move |path, honest| {
            let hides = prefix == "/content";
            match honest {
                Some(_) if hides && path.starts_with(prefix) => None,
                Some(mut bytes) if path.starts_with(prefix) => {
                    // The last byte of a signature in base64 is padding: the one before it counts.
                    let at = bytes.len() - 9;
                    bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
                    Some(bytes)
                }
                other => other,
            }
        });
        let (code, told) = watch(&copy.folder.path().join(&prefix[1..]), &mirror.unwrap().url, &[]);
        assert_eq!((code, kinds(&told)), (1, named.to_vec()), "{prefix}: {told:#}");
    }
}
