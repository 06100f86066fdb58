//! A whole township on this machine: server, office, accountants.

use crate::accountant::Accountant;
use crate::office::Office;
use crate::sample::Sample;
use crate::server::Server;
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
    /// The password of `editor` and `reviewer`.
    pub password: String,
}

/// The two people of the office.
pub const STAFF: [(&str, &str, &str); 2] =
    [("editor", "editor", "周敏"), ("reviewer", "reviewer", "赵国平")];

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
        Ok(Town { folder: folder.into(), sample, vkey, accountants, password: password.into() })
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
