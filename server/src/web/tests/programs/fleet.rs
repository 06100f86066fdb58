//! The fleet of kiosks, and other people's phones, as programs have them.

use ledger::kiosk::Report;
use ledger::note::compose;
use serde_json::{Value, json};

use super::*;
use crate::keys::check_digits;
use crate::kiosks;
use crate::testing::report;

/// A kiosk without a screen, and the code that it would show.
async fn asking(app: &Arc<App>) -> (SigningKey, String, String) {
    let key = SigningKey::from_seed("kiosk/0000000000000001", [1; 32]).unwrap();
    let vkey = key.verifier().to_string();
    let standing =
        kiosks::ask(&app.db, &vkey, &"0.1.0".parse().unwrap(), clock::unix_now()).await.unwrap();
    (key, standing.id, standing.code.unwrap())
}

struct Program {
    app: Arc<App>,
    token: String,
}

impl Program {
    async fn of(app: &Arc<App>, login: &str) -> Self {
        Self { app: Arc::clone(app), token: token_of(app, login, None).await }
    }

    async fn get(&self, path: &str) -> Value {
        let answer = ask_with(&self.app, "GET", path, &self.token, "").await;
        assert_eq!(answer.status, StatusCode::OK, "{path} {}", answer.text);
        serde_json::from_str(&answer.text).unwrap()
    }

    /// The word of the refusal; empty when it was done.
    async fn post(&self, path: &str, body: Value) -> String {
        let answer = ask_with(&self.app, "POST", path, &self.token, &body.to_string()).await;
        assert_eq!(answer.status.is_success(), refusal(&answer).is_empty(), "{}", answer.text);
        refusal(&answer)
    }
}

fn new_kiosk(id: &str, digits: &str, name: &str, village: &str) -> Value {
    json!({"id": id, "digits": digits, "name": name, "village": village})
}

async fn reports(app: &Arc<App>, key: &SigningKey, id: &str) {
    let text = Report { free: 9 << 30, ..report(1, clock::unix_now() + 400) }.to_text();
    let note = compose(&text, &[key.sign(&text)]).into_bytes();
    kiosks::receive(app, id, note, clock::unix_now()).await.unwrap();
}

fn is_as_it_reported(kiosk: &Value) {
    assert_eq!(kiosk["serious"], true);
    let concerns = kiosk["concerns"].as_array().unwrap();
    assert!(concerns.contains(&json!({"what": "storage", "how": 9})), "{kiosk}");
    assert!(concerns.iter().any(|one| one["what"] == "clock"), "{kiosk}");
    let latest = &kiosk["latest"];
    assert_eq!((&latest["app"], &latest["screen"]), (&json!("0.1.0"), &json!("home")));
    assert!(latest["skew"].as_i64().unwrap() > 300, "{kiosk}");
}

#[test]
fn programs_enrol_move_watch_and_revoke_kiosks() {
    let office = Office::new();
    let app = office.open();
    people(&app);
    wait(async {
        let (admin, assessor) =
            (Program::of(&app, "admin").await, Program::of(&app, "assessor").await);
        let (key, id, code) = asking(&app).await;
        let fleet = "/api/office/kiosks";
        let empty = admin.get(fleet).await;
        assert_eq!(empty["kiosks"], json!([]), "who waits is told to nobody");
        assert_eq!(empty["places"][0]["code"], "341181107000");
        assert_eq!(empty["places"][1]["name"], "新街村");
        assert_eq!(
            admin.post("/api/office/kiosks/code", json!({"code": "AAAAAAAA"})).await,
            "wrong-code"
        );
        let typed =
            json!({"code": format!("{} {}", &code[..4].to_lowercase(), &code[4..])}).to_string();
        let found = ask_with(&app, "POST", "/api/office/kiosks/code", &admin.token, &typed).await;
        let found: Value = serde_json::from_str(&found.text).unwrap();
        let digits = check_digits(&key.verifier().to_string());
        assert_eq!(found, json!({"id": id, "app": "0.1.0", "digits": digits}));
        let new = |digits: &str, name, village: &str| new_kiosk(&id, digits, name, village);
        let code = village().to_string();
        for (new, why) in [
            (new("0000 0000", "村委会门口", &code), "not-compared"),
            (new(&digits, "屏", "341181107299"), "bad-village"),
            (new(&digits, "", &code), "malformed"),
        ] {
            assert_eq!(admin.post(fleet, new).await, why);
        }
        assert_eq!(admin.post(fleet, new(&digits, "村委会门口", &code)).await, "");
        assert_eq!(admin.post(fleet, new(&digits, "村委会门口", &code)).await, "not-found");

        reports(&app, &key, &id).await;
        let kiosk = assessor.get(fleet).await["kiosks"][0].clone();
        assert_eq!((&kiosk["name"], &kiosk["village"]), (&json!("村委会门口"), &json!(code)));
        assert_eq!(kiosk["digits"], digits);
        is_as_it_reported(&kiosk);
        let one = format!("{fleet}/{id}");
        let whole = assessor.get(&one).await;
        assert_eq!((&whole["kiosk"], &whole["days"][0]["reports"]), (&kiosk, &json!(1)));

        let moved = json!({"name": "大厅", "village": "341181107000"});
        assert_eq!(assessor.post(&format!("{one}/change"), moved.clone()).await, "no-scope");
        assert_eq!(admin.post(&format!("{one}/change"), moved.clone()).await, "");
        assert_eq!(admin.get(&one).await["kiosk"]["name"], "大厅");
        assert_eq!(admin.post(&format!("{one}/revoke"), json!({})).await, "");
        assert_eq!(admin.post(&format!("{one}/revoke"), json!({})).await, "not-found");
        assert_eq!(admin.post(&format!("{one}/change"), moved).await, "not-found");
        let gone = admin.get(&one).await;
        assert!(gone["kiosk"]["revoked"].is_string() && gone["kiosk"]["concerns"] == json!([]));
        let lines = app.db.read(|c| crate::audit::of(c, &id)).unwrap();
        let acts: Vec<_> = lines.iter().map(|line| (&*line.act, &*line.login)).collect();
        let by = "admin";
        assert_eq!(acts, [("kiosk-enrol", by), ("kiosk-rename", by), ("kiosk-revoke", by)]);
    });
}

#[test]
fn a_program_that_guesses_codes_waits_as_a_person_does() {
    let office = Office::new();
    let app = office.open();
    people(&app);
    wait(async {
        let admin = Program::of(&app, "admin").await;
        let (_, _, code) = asking(&app).await;
        let mut last = String::new();
        for _ in 0..11 {
            last = admin.post("/api/office/kiosks/code", json!({"code": "AAAAAAAA"})).await;
        }
        assert_eq!(last, "too-many-guesses");
        let right = admin.post("/api/office/kiosks/code", json!({"code": code})).await;
        assert_eq!(right, "too-many-guesses");
    });
}

#[test]
fn a_token_helps_others_who_lost_their_phone_and_never_touches_its_own_account() {
    let office = Office::new();
    let app = office.open();
    people(&app);
    wait(async {
        let admin = Program::of(&app, "admin").await;
        let (cookie, _) = sign_in(&app, "editor").await;
        let headers = [("cookie", cookie.as_str())];
        let acts = [
            ("sign-out", json!({})),
            ("code-rule", json!({"required": true})),
            ("code-reset", json!({})),
            ("away", json!({"away": true})),
            ("password", json!({"password": "another one"})),
            ("revoke", json!({})),
        ];
        let of = |login: &str, body: &Value| {
            let mut body = body.clone();
            body["login"] = json!(login);
            body
        };
        for (act, body) in &acts {
            let path = format!("/api/office/people/{act}");
            assert_eq!(admin.post(&path, of("Admin", body)).await, "own-account", "{act}");
        }
        for (act, body) in &acts[..3] {
            let path = format!("/api/office/people/{act}");
            assert_eq!(admin.post(&path, of("editor", body)).await, "", "{act}");
            assert_eq!(admin.post(&path, of("nobody", body)).await, "no-such-user", "{act}");
        }
        let answer = ask(&app, "GET", "/office", &headers, "").await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "the session has ended");
        let state = app.db.read(|c| people::totp::standing(c, 2)).unwrap();
        assert!(state.required);
    });
}
