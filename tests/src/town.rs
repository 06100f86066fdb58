//! A whole township on this machine: server, office, accountants.

use crate::accountant::Accountant;
use crate::office::Office;
use crate::sample::Sample;
use crate::server::Server;
use crate::supervisors::Committee;
use crate::{Result, programs};
use std::io::Write;
use std::path::{Path, PathBuf};

/// The log's name in demo and tests.
pub const ORIGIN: &str = "xinjie.example/mingbai";

/// A township that was founded: its server's folder, its people.
pub struct Town {
    /// Everything below here.
    pub folder: PathBuf,
    /// What it is made after.
    pub sample: Sample,
    /// The log's verifier key.
    pub vkey: String,
    /// One a village, in the sample's order.
    pub accountants: Vec<Accountant>,
    /// The password of the office's people.
    pub password: String,
    /// One a village once they are appointed; until then the rules ask for nobody's countersignature.
    pub committees: Vec<Committee>,
}

/// The two people of the office, with post and login.
pub const STAFF: [(&str, &str, &str); 2] =
    [("editor", "editor", "周敏"), ("reviewer", "reviewer", "赵国平")];
/// Who approves what is large, and who keeps the accounts of people.
const SUPERIORS: [(&str, &str, &str); 2] =
    [("leader", "leader", "陈志强"), ("admin", "admin", "吴芳")];
/// The rules as the program comes with them.
const RULES: &str = include_str!("../../assets/rules/chongqing.toml");

impl Town {
    /// The server's data folder.
    pub fn server_data(&self) -> PathBuf {
        self.folder.join("server")
    }

    /// Makes keys, directory, office accounts and accountants; nothing is published but those.
    pub fn found(folder: &Path, sample: Sample, password: &str) -> Result<Town> {
        std::fs::create_dir_all(folder)?;
        let data = folder.join("server");
        let data = programs::text(&data);
        let township = &sample.township;
        let told = programs::run(
            "mingbai-server",
            &[
                "init",
                "--data",
                data,
                "--name",
                &township.name,
                "--origin",
                ORIGIN,
                "--township",
                &township.code,
            ],
        )?;
        let vkey = told.trim().to_string();
        let mut args = vec!["village".to_string(), "add".into(), "--data".into(), data.into()];
        args.extend(sample.villages.iter().map(|v| format!("{}={}", v.code, v.name)));
        programs::run("mingbai-server", &args.iter().map(String::as_str).collect::<Vec<_>>())?;
        for column in &sample.columns {
            let name = ["--name", &column.name, "--name-en", &column.name_en];
            let mut args = vec!["column", "add", "--data", data, "--id", &column.id];
            args.extend(name);
            programs::run("mingbai-server", &args)?;
        }
        for (role, login, name) in STAFF {
            add_staff(data, role, login, name, password)?;
        }
        let mut accountants = Vec::new();
        for village in &sample.villages {
            let own = folder.join("uploader").join(&village.code);
            let (accountant, vkey) = Accountant::init(&own, &village.code, &village.accountant)?;
            let who = ["--village", &village.code, "--name", &village.accountant, "--vkey", &vkey];
            let mut args = vec!["user", "add", "--data", data, "--role", "accountant"];
            args.extend(who);
            programs::run("mingbai-server", &args)?;
            accountants.push(accountant);
        }
        let town = Town {
            folder: folder.into(),
            sample,
            vkey,
            accountants,
            password: password.into(),
            committees: Vec::new(),
        };
        town.rules(&simple_rules())?;
        Ok(town)
    }

    /// Lays other rules down.
    pub fn rules(&self, text: &str) -> Result<()> {
        let file = self.folder.join("rules.toml");
        std::fs::write(&file, text)?;
        let data = self.server_data();
        let args = ["rules", "--data", programs::text(&data), "import", programs::text(&file)];
        programs::run("mingbai-server", &args)?;
        Ok(())
    }

    /// From here on the township works by the rules that the program comes with: every village has its committee, and
    /// there are a leader and an administrator. The server must not run.
    pub fn appoint(&mut self) -> Result<()> {
        let data = self.server_data();
        let data = programs::text(&data);
        for (role, login, name) in SUPERIORS {
            add_staff(data, role, login, name, &self.password)?;
        }
        let villages = self.sample.villages.iter();
        self.committees =
            villages.map(|v| Committee::appoint(data, &v.code)).collect::<Result<_>>()?;
        self.rules(RULES)
    }

    /// Supervisors sign everything that waits for them, and the leader approves what the reviewer passes on.
    pub fn agree_all(&self, server: &Server) -> Result<()> {
        let (reviewer, leader) = (self.office(server, "reviewer")?, self.office(server, "leader")?);
        loop {
            let waiting = reviewer.at_stage("countersign")?;
            if waiting.is_empty() {
                break;
            }
            for (id, village) in waiting {
                let committee = self.committees.iter().find(|one| one.village == village);
                committee.ok_or("a village without a committee")?.sign(&server.url, &id, 2)?;
            }
        }
        for (id, _) in reviewer.at_stage("review")? {
            // What needs no leader is not passed on: the page refuses that.
            if reviewer.page(&format!("/office/s/{id}"))?.contains("action=\"/office/pass\"") {
                reviewer.pass(&id)?;
            }
        }
        for (id, _) in leader.at_stage("approval")? {
            leader.approve(&id)?;
        }
        Ok(())
    }

    /// Starts the server on a free port.
    pub fn serve(&self) -> Result<Server> {
        Server::start(&self.server_data(), "127.0.0.1:0", None)
    }

    /// Signs in at the office.
    pub fn office(&self, server: &Server, login: &str) -> Result<Office> {
        Office::login(&server.url, login, &self.password)
    }

    /// The editor writes the sample's bulletins; a reviewer has still to publish them. Those that explain a picture stay
    /// out: the office's page takes text only.
    pub fn write_bulletins(&self, server: &Server) -> Result<()> {
        let editor = self.office(server, "editor")?;
        for bulletin in self.sample.bulletins.iter().filter(|b| b.images.is_empty()) {
            editor.write(&bulletin.column, &bulletin.title, &bulletin.body)?;
        }
        Ok(())
    }

    /// Every accountant photographs, signs and sends what is theirs; two at a time. `told` hears of each receipt.
    pub fn send_all(&self, server: &str, told: impl Fn() + Sync) -> Result<()> {
        let queue = std::sync::Mutex::new(self.accountants.iter());
        let next = || queue.lock().ok().and_then(|mut queue| queue.next());
        std::thread::scope(|scope| {
            let work = || -> Result<()> {
                while let Some(accountant) = next() {
                    self.send_one(accountant, server, &told)?;
                }
                Ok(())
            };
            let hands = [scope.spawn(work), scope.spawn(work)];
            hands.into_iter().try_for_each(|hand| hand.join().map_err(|_| "a thread failed")?)
        })
    }

    fn send_one(&self, accountant: &Accountant, server: &str, told: &impl Fn()) -> Result<()> {
        for receipt in self.sample.receipts.iter().filter(|r| r.village == accountant.village) {
            accountant.add(&self.sample.folder, receipt)?;
            told();
        }
        for nothing in self.sample.nothing.iter().filter(|n| n.village == accountant.village) {
            accountant.run(&["nothing", "--period", &nothing.period])?;
        }
        accountant.send(server)
    }
}

/// Rules by which nobody has to countersign and no leader to approve.
pub fn simple_rules() -> String {
    RULES
        .replace("supervisors = 1", "supervisors = 0")
        .replace("supervisors = 2", "supervisors = 0")
        .replace("leader = true\nresolution", "leader = false\nresolution")
}

/// Opens an office account; the server must not be running.
pub fn add_staff(data: &str, role: &str, login: &str, name: &str, password: &str) -> Result<()> {
    let mut child = programs::command("mingbai-server")?
        .args(["user", "add", "--data", data, "--role", role, "--login", login, "--name", name])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .spawn()?;
    child.stdin.take().ok_or("no input")?.write_all(format!("{password}\n").as_bytes())?;
    match child.wait()?.success() {
        true => Ok(()),
        false => Err(format!("user add --login {login} failed").into()),
    }
}
