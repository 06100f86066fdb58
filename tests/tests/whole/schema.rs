//! The API as a tool sees it that knows its description only: schemathesis asks all that a token of each post may ask,
//! right and wrong, and holds every answer against the description.

use crate::fixture::{Copy, PASSWORD, town};
use mingbai_tests::office::Office;
use mingbai_tests::programs;
use mingbai_tests::server::Server;
use std::process::{Command, Output, Stdio};

/// Requests of each kind for one operation.
const EXAMPLES: &str = "5";
/// The same requests every time.
const SEED: &str = "20260603";

/// Posts that the finished township has nobody for.
const POSTS: [(&str, bool); 5] = [
    ("leader", false),
    ("admin", false),
    ("assessor", false),
    ("supervisor", true),
    ("accountant", true),
];

fn appoint(copy: &Copy) {
    let secret = copy.folder.path().join("password");
    std::fs::write(&secret, format!("{PASSWORD}\n")).unwrap();
    let (data, secret) = (copy.server_data(), programs::text(&secret).to_owned());
    for (post, of_village) in POSTS {
        let mut args = vec!["user", "add", "--data", programs::text(&data), "--role", post];
        args.extend(["--login", post, "--name", "某人", "--password-file", &secret]);
        if of_village {
            args.extend(["--village", town().sample.villages[0].code.as_str()]);
        }
        programs::run("mingbai-server", &args).unwrap();
    }
}

fn ask_everything(url: &str, from: &str, token: &str, scopes: &[String]) -> Output {
    let tools = programs::root().join("target/tools/schemathesis/bin/schemathesis");
    let mut command = Command::new(tools);
    // It keeps what it found in a folder where it runs.
    command.current_dir(env!("CARGO_TARGET_TMPDIR"));
    let config = programs::root().join("tests/schemathesis.toml");
    command.args(["--config-file", programs::text(&config), "run"]);
    command.args([&format!("{url}/api/openapi.json"), "--checks", "all"]);
    command.args(["--header", &format!("Authorization: Bearer {token}")]);
    command.args(["--header", &format!("X-Forwarded-For: {from}")]);
    command.args(["--max-examples", EXAMPLES, "--seed", SEED, "--rate-limit", "580/m"]);
    command.args(["--phases", "examples,coverage,fuzzing", "--continue-on-failure"]);
    command.args(scopes.iter().flat_map(|scope| ["--include-tag", scope]));
    let output = command.stdin(Stdio::null()).output();
    output.expect("schemathesis (`make target/tools/schemathesis/bin/schemathesis`)")
}

#[test]
fn every_answer_to_every_post_is_as_the_description_says() {
    let copy = Copy::new();
    appoint(&copy);
    // Seven offices at one address would be told that they ask too much.
    let data = copy.server_data();
    let mut command = programs::command("mingbai-server").unwrap();
    command.args(["serve", "--data", programs::text(&data), "--listen", "127.0.0.1:0"]);
    command.arg("--behind-proxy");
    let server = Server::spawn(command, &data).unwrap();
    let posts = POSTS.map(|(post, _)| post).into_iter().chain(["editor", "reviewer"]);
    let asked = posts.enumerate().map(|(n, post)| {
        let office = Office::login(&server.url, post, PASSWORD).unwrap();
        let ((token, scopes), url) = (office.token().unwrap(), server.url.clone());
        let from = format!("10.7.0.{}", n + 1);
        (post, std::thread::spawn(move || ask_everything(&url, &from, &token, &scopes)))
    });
    // Collected first: they run side by side, each within its token's rate.
    let asked: Vec<_> = asked.collect();
    for (post, asked) in asked {
        let output = asked.join().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{post}:\n{said}");
        assert!(said.contains(" passed"), "{post}:\n{said}");
    }
}
