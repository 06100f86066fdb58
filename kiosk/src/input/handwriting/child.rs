//! The reading program as a child process: limited in memory, given a line, heard for a while, killed when it goes.

use std::io::{BufRead, BufReader, Error, Write};
use std::path::Path;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use super::CANDIDATES_MAX;

/// How long a drawing may take. A character takes 10 ms; the first also waits for the model.
const PATIENCE: Duration = Duration::from_secs(3);
/// Bytes of memory that the child may map: its model has 27 MB.
const MEMORY_MAX: u32 = 256 << 20;
/// Bytes of a line of its answer.
const LINE_MAX: usize = 200;

/// The running program.
pub(super) struct Child {
    process: std::process::Child,
    questions: ChildStdin,
    answers: Receiver<String>,
}

impl Child {
    /// Runs `program` over `model`.
    pub(super) fn start(program: &Path, model: &Path) -> Result<Self, Error> {
        let mut process = Command::new("prlimit")
            .args([&format!("--as={MEMORY_MAX}"), "--core=0", "--"])
            .arg(program)
            .arg("--model")
            .arg(model)
            .arg(format!("--nbest={CANDIDATES_MAX}"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let closed = || Error::other("no pipe to the child");
        let (Some(questions), Some(output)) = (process.stdin.take(), process.stdout.take()) else {
            return Err(closed());
        };
        let (lines, answers) = sync_channel(2 * CANDIDATES_MAX);
        // Ends with the child, whose end closes the pipe, or with whoever would hear it.
        thread::Builder::new().name("handwriting-ear".into()).spawn(move || {
            let heard = BufReader::new(output).lines().map_while(Result::ok);
            for line in heard.take_while(|line| line.len() <= LINE_MAX) {
                if lines.send(line).is_err() {
                    break;
                }
            }
        })?;
        Ok(Self { process, questions, answers })
    }

    /// What the program reads in `line`, which asks for an answer to `serial`; `None` when it does not answer that.
    pub(super) fn read(&mut self, serial: u64, line: &str) -> Option<Vec<String>> {
        self.questions.write_all(line.as_bytes()).ok()?;
        self.questions.flush().ok()?;
        let end = Instant::now() + PATIENCE;
        let hear = || self.answers.recv_timeout(end.saturating_duration_since(Instant::now())).ok();
        if hear()? != format!("Answer: {serial}") {
            return None;
        }
        let mut found = Vec::new();
        for _ in 0..CANDIDATES_MAX {
            let answer = hear()?;
            let (character, score) = answer.split_once(' ')?;
            score.parse::<f64>().ok()?;
            found.push(character.to_owned());
        }
        Some(found)
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // An error means that it has ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
