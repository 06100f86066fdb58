//! A kiosk without a screen: asks to be enrolled, and reports, as docs/FORMATS.md says.

use crate::Result;
use ledger::key::SigningKey;
use ledger::kiosk::{self, Report};
use ledger::note;
use serde_json::Value;

/// A kiosk and the server that it talks to.
pub struct Kiosk {
    key: SigningKey,
    url: String,
    agent: ureq::Agent,
}

impl Kiosk {
    /// Starts for the first time: makes its key.
    pub fn start(server: &str) -> Result<Kiosk> {
        let (mut seed, mut name) = ([0; 32], [0; 8]);
        getrandom::fill(&mut seed)?;
        getrandom::fill(&mut name)?;
        let name = format!("{}{}", kiosk::KEY_NAME_START, ledger::encoding::hex(&name));
        let agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        Ok(Kiosk { key: SigningKey::from_seed(&name, seed)?, url: server.into(), agent })
    }

    /// What the office calls it.
    pub fn id(&self) -> String {
        kiosk::id(&self.key.verifier()).to_string()
    }

    /// Asks to be enrolled: the status and the answer.
    pub fn ask(&self) -> Result<(u16, Value)> {
        let asked = serde_json::json!({ "vkey": self.key.verifier().to_string(), "app": "0.1.0" });
        self.post("/api/kiosks", &asked.to_string())
    }

    /// Where its enrolment stands.
    pub fn standing(&self) -> Result<(u16, Value)> {
        let answer = self.agent.get(format!("{}/api/kiosks/{}", self.url, self.id())).call()?;
        read(answer)
    }

    /// Signs and sends a report.
    pub fn report(&self, report: &Report) -> Result<(u16, Value)> {
        let text = report.to_text();
        let note = note::compose(&text, &[self.key.sign(&text)]);
        self.post(&format!("/api/kiosks/{}/report", self.id()), &note)
    }

    fn post(&self, path: &str, body: &str) -> Result<(u16, Value)> {
        read(self.agent.post(format!("{}{path}", self.url)).send(body)?)
    }
}

fn read(mut answer: ureq::http::Response<ureq::Body>) -> Result<(u16, Value)> {
    let text = answer.body_mut().read_to_string()?;
    Ok((answer.status().as_u16(), serde_json::from_str(&text)?))
}
