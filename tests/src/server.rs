//! The township's server as a child process, and kiosks that share what they have.

use crate::{Result, programs};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A running `mingbai-server serve`, or another program that answers as it does; killed when dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    /// `http://127.0.0.1:PORT`.
    pub url: String,
    /// Its data folder.
    pub data: PathBuf,
}

impl Server {
    /// Starts the server and waits until it says that it is ready.
    pub fn start(data: &Path, listen: &str, public_url: Option<&str>) -> Result<Server> {
        let mut command = programs::command("mingbai-server")?;
        command.args(["serve", "--data", programs::text(data), "--listen", listen]);
        if let Some(url) = public_url {
            command.args(["--public-url", url]);
        }
        Server::spawn(command, data)
    }

    /// The same, telling every statement that it asks its database, in JSON, into a file.
    pub fn start_telling(data: &Path, statements: &Path) -> Result<Server> {
        let mut command = programs::command("mingbai-server")?;
        command.args(["serve", "--data", programs::text(data), "--listen", "127.0.0.1:0"]);
        command.env("MINGBAI_LOG", "mingbai_server::db=trace").env("MINGBAI_LOG_FORMAT", "json");
        Server::spawn_logging(command, data, statements)
    }

    /// A kiosk that shares what it has, without a screen, with these options: it is asked as a server is.
    pub fn start_sharing(data: &Path, listen: &str, options: &[&str]) -> Result<Server> {
        let mut command = programs::command("mingbai-kiosk")?;
        command.args(["share", "--data", programs::text(data), "--listen", listen]).args(options);
        Server::spawn(command, data)
    }

    /// Any program that says on its first line where it answers.
    pub fn spawn(command: Command, data: &Path) -> Result<Server> {
        Server::spawn_logging(command, data, &log_path(data))
    }

    fn spawn_logging(mut command: Command, data: &Path, log: &Path) -> Result<Server> {
        let log_file = std::fs::File::options().create(true).append(true).open(log)?;
        let mut child = command.stdout(Stdio::piped()).stderr(log_file).spawn()?;
        let out = child.stdout.take().ok_or("no output")?;
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line)?;
        let url = line.split_whitespace().find(|word| word.starts_with("http://"));
        let Some(url) = url.map(String::from) else {
            let _ = child.kill();
            let _ = child.wait();
            let told = std::fs::read_to_string(log).unwrap_or_default();
            let last = told.lines().last().unwrap_or_default();
            return Err(format!("the server did not start: {line}{last}").into());
        };
        Ok(Server { child, url, data: data.to_path_buf() })
    }

    /// Pulls the plug: SIGKILL.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// `GET path`, which must succeed.
    pub fn get(&self, path: &str) -> Result<Vec<u8>> {
        let mut answer = ureq::get(format!("{}{path}", self.url)).call()?;
        Ok(answer.body_mut().with_config().limit(64 << 20).read_to_vec()?)
    }
}

/// What the server says about itself goes beside its data folder.
fn log_path(data: &Path) -> PathBuf {
    data.with_extension("log")
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `mingbai-server verify`: `Ok` with what it counted, or the first bad thing it named.
pub fn verify(data: &Path) -> Result<std::result::Result<String, String>> {
    let output = programs::output("mingbai-server", &["verify", "--data", programs::text(data)])?;
    Ok(match output.status.code() {
        Some(0) => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        Some(1) => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        other => return Err(format!("verify ended with {other:?}").into()),
    })
}
