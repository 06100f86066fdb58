//! An office that burnt down comes back from its backup, whole, and signs nothing until it is known that nobody holds more.

use crate::fixture::{self, Copy};
use mingbai_tests::pen::Pen;
use mingbai_tests::programs;
use mingbai_tests::server::{Server, verify};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Output;

/// Runs the server's program; what it did, whatever that is.
fn program(args: &[&str]) -> Output {
    programs::output("mingbai-server", args).unwrap()
}

fn told(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn unlock(data: &Path, checkpoint: &Path) -> Output {
    let (data, checkpoint) = (programs::text(data), programs::text(checkpoint));
    program(&["unlock", "--data", data, "--checkpoint", checkpoint])
}

/// What lies in the keys, the private pictures and the public tree, by name.
fn belongings(data: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let folders = ["keys", "private/blob", "public"].map(|part| data.join(part));
    let files = folders.iter().flat_map(|folder| fixture::files(folder));
    files
        .map(|file| {
            let bytes = std::fs::read(&file).unwrap();
            (file.strip_prefix(data).unwrap().to_path_buf(), bytes)
        })
        .collect()
}

/// Sends the `n`th receipt; the answer's status and text.
fn submit(server: &Server, pen: &Pen, n: u64) -> (u16, String) {
    let agent: ureq::Agent =
        ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let post = agent.post(format!("{}/api/submissions", server.url));
    let body = pen.receipt(n).unwrap().body();
    let mut answer = post.content_type("application/json").send(&body).unwrap();
    (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap())
}

struct Burnt {
    copy: Copy,
    backup: PathBuf,
    key: PathBuf,
    /// What lay there when the backup was made.
    then: BTreeMap<PathBuf, Vec<u8>>,
    /// The checkpoint that was published afterwards, as somebody fetched it.
    newer: PathBuf,
}

/// Backs a running office up with one receipt waiting, publishes two more batches, tells a kiosk of them, and burns it down.
fn burnt() -> Burnt {
    let (copy, town) = (Copy::new(), fixture::town());
    let pen = Pen::take(&town.accountants[0].data, &town.accountants[0].village).unwrap();
    let (backup, key) = (copy.folder.path().join("b.age"), copy.folder.path().join("b.key"));
    let public = programs::run("mingbai-server", &["backup-key", "--out", programs::text(&key)]);
    let public = public.unwrap();
    let server = copy.serve();
    assert_eq!(submit(&server, &pen, 1).0, 202);
    let data = copy.server_data();
    let (from, out) = (programs::text(&data), programs::text(&backup));
    let args = ["backup", "--data", from, "--to", public.trim(), "--out", out];
    programs::run("mingbai-server", &args).unwrap();
    let then = belongings(&data);
    let reviewer = town.office(&server, "reviewer").unwrap();
    for n in [2, 3] {
        assert_eq!(submit(&server, &pen, n).0, 202);
        reviewer.publish_all(|_| ()).unwrap();
    }
    copy.sync(&server.url).unwrap();
    let newer = copy.folder.path().join("newer");
    std::fs::write(&newer, server.get("/checkpoint").unwrap()).unwrap();
    drop(server);
    std::fs::remove_dir_all(&data).unwrap();
    Burnt { copy, backup, key, then, newer }
}

impl Burnt {
    fn restore(&self, into: &Path) -> Output {
        let (file, key) = (programs::text(&self.backup), programs::text(&self.key));
        program(&["restore", "--in", file, "--identity", key, "--data", programs::text(into)])
    }
}

/// Entries of the log that a checkpoint is of.
fn size(checkpoint: &[u8]) -> u64 {
    std::str::from_utf8(checkpoint).unwrap().lines().nth(1).unwrap().parse().unwrap()
}

#[test]
fn an_office_comes_back_from_its_backup_and_never_signs_a_second_history() {
    let burnt = burnt();
    let (data, town) = (burnt.copy.server_data(), fixture::town());
    let restored = burnt.restore(&data);
    assert!(restored.status.success(), "{}", told(&restored));
    assert_eq!(belongings(&data), burnt.then, "everything is back, and nothing else");
    verify(&data).unwrap().unwrap();
    let again = burnt.restore(&data);
    assert!(!again.status.success() && told(&again).contains("不是空目录"));

    // People read; nothing is taken or published.
    let server = burnt.copy.serve();
    let head = server.get("/checkpoint").unwrap();
    assert_eq!(Some(&head), burnt.then.get(Path::new("public/checkpoint")));
    let front = String::from_utf8(server.get("/").unwrap()).unwrap();
    assert!(front.contains(&town.sample.villages[0].name));
    assert!(server.get("/healthz").is_err());
    let pen = Pen::take(&town.accountants[0].data, &town.accountants[0].village).unwrap();
    let (status, text) = submit(&server, &pen, 9);
    assert_eq!((status, text.contains("\"restored\"")), (503, true), "{text}");
    let reviewer = town.office(&server, "reviewer").unwrap();
    let waiting = reviewer.waiting().unwrap();
    assert_eq!(waiting.len(), 1, "what waited waits again");
    assert!(reviewer.publish(&waiting).is_err());
    assert_eq!(server.get("/checkpoint").unwrap(), head, "nothing was signed");
    drop(server);

    // The kiosk and whoever fetched the newer checkpoint hold more: what is missing is named.
    let newer = size(&std::fs::read(&burnt.newer).unwrap());
    let missing = format!("第 {} 到第 {} 条，这里没有", size(&head), newer - 1);
    for holder in [&burnt.newer, &burnt.copy.kiosk_data()] {
        let refused = unlock(&data, holder);
        assert_eq!(refused.status.code(), Some(1));
        assert!(told(&refused).contains(&missing), "{} / {missing}", told(&refused));
    }
    // What was once shown is not forgotten: an older one does not help any more.
    assert!(!unlock(&data, &data.join("public/checkpoint")).status.success());
    let server = burnt.copy.serve();
    let (status, text) = submit(&server, &pen, 9);
    assert_eq!((status, text.contains(&missing)), (503, true), "{text}");
}

#[test]
fn an_office_that_nobody_is_ahead_of_publishes_again() {
    let burnt = burnt();
    let (data, town) = (burnt.copy.server_data(), fixture::town());
    std::fs::create_dir(&data).unwrap();
    let restored = burnt.restore(&data);
    assert!(restored.status.success(), "{}", told(&restored));
    // Somebody else's signature, and a sentence that was not typed, unlock nothing.
    let forged = burnt.copy.folder.path().join("forged");
    let head = String::from_utf8(burnt.then[Path::new("public/checkpoint")].clone()).unwrap();
    std::fs::write(&forged, head.replacen(&format!("\n{}\n", size(head.as_bytes())), "\n3\n", 1))
        .unwrap();
    assert!(!unlock(&data, &forged).status.success());
    let silent = program(&["unlock", "--data", programs::text(&data), "--none-newer"]);
    assert!(told(&silent).contains("没有解除"), "{}", told(&silent));
    // The town's own copy is older than the backup by nothing, or by what waited only.
    let older = town.server_data();
    let unlocked = unlock(&data, &older);
    assert!(unlocked.status.success(), "{}", told(&unlocked));
    let server = burnt.copy.serve();
    server.get("/healthz").unwrap();
    let reviewer = town.office(&server, "reviewer").unwrap();
    assert_eq!(reviewer.publish_all(|_| ()).unwrap(), 1);
    assert_eq!(size(&server.get("/checkpoint").unwrap()), size(head.as_bytes()) + 1);
    drop(server);
    verify(&data).unwrap().unwrap();
}
