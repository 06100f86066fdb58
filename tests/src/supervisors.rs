//! The villages' supervision committees: two people each, with keys of their own, who sign beside the accountant.

use crate::{Result, programs};
use ledger::key::SigningKey;
use ledger::note::Note;

/// Two people of a village.
pub struct Committee {
    /// The village's code.
    pub village: String,
    keys: Vec<SigningKey>,
}

impl Committee {
    /// Makes both keys and enrols them with the server that keeps its data here (and does not run).
    pub fn appoint(data: &str, village: &str) -> Result<Committee> {
        let mut keys = Vec::new();
        for (login, name) in [("sun", "孙丽"), ("zhou", "周勇")] {
            let mut seed = [0; 32];
            getrandom::fill(&mut seed)?;
            let key = SigningKey::from_seed(&format!("{village}/supervisor-{login}"), seed)?;
            let vkey = key.verifier().to_string();
            let who = ["--village", village, "--name", name, "--vkey", &vkey];
            let mut args = vec!["user", "add", "--data", data, "--role", "supervisor"];
            args.extend(who);
            programs::run("mingbai-server", &args)?;
            keys.push(key);
        }
        Ok(Committee { village: village.into(), keys })
    }

    /// So many of them sign a submission.
    pub fn sign(&self, server: &str, id: &str, hands: usize) -> Result<()> {
        let address = format!("{server}/api/submissions/{id}");
        let note = ureq::get(format!("{address}/statement")).call()?.body_mut().read_to_string()?;
        let note = Note::parse(note.as_bytes())?;
        for key in self.keys.iter().take(hands) {
            let line = serde_json::json!({ "line": key.sign(note.text()) });
            ureq::post(format!("{address}/signatures")).send_json(&line)?;
        }
        Ok(())
    }
}
