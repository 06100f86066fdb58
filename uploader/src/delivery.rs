//! Delivery: pushing what is signed, and asking what the office said.

use crate::cli;
use crate::desk::{Desk, tell, tell_json};
use crate::error::{Error, Result};
use crate::item::{Item, Signed, State};
use crate::lanes;
use crate::listing::table;
use crate::say;
use crate::send::{Fault, LANES, Server};
use serde::Serialize;
use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};

/// Columns of the bar.
const BAR: usize = 24;

/// What happens to one item on its way.
pub enum Event<'a> {
    /// So many items are to be sent.
    Begun(usize),
    /// The office has it; where it now stands.
    Answered(&'a Item),
    /// It cannot be sent, and why.
    Failed(i64, &'a str),
}

/// What came of sending or asking.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Items that were to be sent or asked about.
    pub of: usize,
    /// Items that the server refused, or whose pictures are gone.
    pub failed: usize,
    /// Items that were neither sent nor refused: they wait for the next time.
    pub waiting: usize,
    /// Why the line was cut.
    pub cut: Option<String>,
    /// The server's address.
    pub address: String,
}

/// Sends what is signed, and tells `on` of every item as it goes; `stop` set ends it after the items under way. This is
/// the order of the durable writes:
///
/// 1. All items are marked as offered. A crash leaves items that are marked and were never sent: they can no longer be
///    removed, and the next time sends them.
/// 2. An item is sent: images that the server has not, then the statement. A crash leaves it with the server and
///    not answered here; sent again it is the same submission, by its hash, and is answered and not doubled.
/// 3. The server's answer is kept. A crash after that leaves nothing to do.
///
/// # Errors
/// [`Error::NoServer`], [`Error::Practice`], and those of `on`; the line and the server are told in the outcome.
pub fn send(
    desk: &mut Desk,
    server: Option<&str>,
    stop: &AtomicBool,
    on: &mut dyn FnMut(Event) -> Result<()>,
) -> Result<Outcome> {
    let jobs = jobs(desk, |item| item.state == State::Signed)?;
    if jobs.is_empty() {
        return Ok(Outcome::default());
    }
    let server = Server::new(&desk.server(server)?);
    let ids: Vec<i64> = jobs.iter().map(|(id, _)| *id).collect();
    on(Event::Begun(jobs.len()))?;
    desk.outbox.offer(&ids)?;
    let pictures = desk.pictures.clone();
    let mut outcome = Outcome::at(&server, jobs.len());
    let work = |(_, signed): &(i64, Signed)| unless(stop, || server.deliver(signed, &pictures));
    lanes::run(LANES, &jobs, work, |(id, _), result| match result {
        Some(Ok(status)) => {
            desk.outbox.answer(*id, &status)?;
            on(Event::Answered(&desk.outbox.item(*id)?))
        }
        Some(Err(fault)) => outcome.take(*id, fault, on),
        None => Ok(()),
    })?;
    let items = desk.outbox.items()?;
    let left = items.iter().filter(|i| ids.contains(&i.id) && i.state == State::Signed);
    outcome.waiting = left.count().saturating_sub(outcome.failed);
    Ok(outcome)
}

/// Asks what the office said of every item that was sent and is not published yet.
///
/// # Errors
/// As of [`send`].
pub fn ask(
    desk: &mut Desk,
    server: Option<&str>,
    stop: &AtomicBool,
    on: &mut dyn FnMut(Event) -> Result<()>,
) -> Result<Outcome> {
    let open = |item: &Item| item.offered && item.in_work() && item.state != State::Published;
    let jobs = jobs(desk, open)?;
    if jobs.is_empty() {
        return Ok(Outcome::default());
    }
    let server = Server::new(&desk.server(server)?);
    let mut outcome = Outcome::at(&server, jobs.len());
    on(Event::Begun(jobs.len()))?;
    let work = |(_, signed): &(i64, Signed)| unless(stop, || server.ask(signed));
    lanes::run(LANES, &jobs, work, |(id, _), result| match result {
        Some(Ok(Some(status))) => {
            desk.outbox.answer(*id, &status)?;
            on(Event::Answered(&desk.outbox.item(*id)?))
        }
        Some(Ok(None)) => desk.outbox.forgotten(*id),
        Some(Err(fault)) => outcome.take(*id, fault, on),
        None => Ok(()),
    })?;
    Ok(outcome)
}

impl Outcome {
    fn at(server: &Server, of: usize) -> Outcome {
        Outcome { of, address: server.address().into(), ..Outcome::default() }
    }

    fn take(
        &mut self,
        id: i64,
        fault: Fault,
        on: &mut dyn FnMut(Event) -> Result<()>,
    ) -> Result<()> {
        let why = match fault {
            Fault::Cut(why) => {
                self.cut = Some(why);
                return Ok(());
            }
            Fault::Refused(why) => why,
            Fault::Image(hash) => say!("图片 {hash} 丢失或损坏，请重新拍照加入", hash = hash),
        };
        self.failed += 1;
        on(Event::Failed(id, &why))
    }

    /// As an error, if not all went well.
    fn end(self) -> Result<()> {
        match self.cut {
            Some(why) => {
                let why = say!("{why}；没发完的下次 push 会接着发", why = why);
                Err(Error::Server { address: self.address, why })
            }
            None if self.failed > 0 => Err(Error::Several { failed: self.failed, of: self.of }),
            None => Ok(()),
        }
    }
}

/// The signed items that `which` picks.
fn jobs(desk: &Desk, which: impl Fn(&Item) -> bool) -> Result<Vec<(i64, Signed)>> {
    let items = desk.outbox.items()?.into_iter().filter(which);
    Ok(items.filter_map(|item| Some((item.id, item.signed?))).collect())
}

/// Does the work unless the server was found to be gone: then the rest need not try for as long again.
fn unless<T>(
    gone: &AtomicBool,
    work: impl FnOnce() -> std::result::Result<T, Fault>,
) -> Option<std::result::Result<T, Fault>> {
    if gone.load(Ordering::Relaxed) {
        return None;
    }
    let result = work();
    if matches!(result, Err(Fault::Cut(_))) {
        gone.store(true, Ordering::Relaxed);
    }
    Some(result)
}

/// One failed item, for scripts.
#[derive(Serialize)]
struct FailedLine<'a> {
    id: i64,
    error: &'a str,
}

/// How far a push has come.
struct Progress {
    done: usize,
    of: usize,
    bar: bool,
}

impl Progress {
    fn of(count: usize, json: bool) -> Progress {
        Progress { done: 0, of: count, bar: !json && io::stderr().is_terminal() }
    }

    fn step(&mut self) {
        self.done += 1;
        if self.bar {
            let filled = BAR * self.done / self.of.max(1);
            let bar = "█".repeat(filled) + &"·".repeat(BAR - filled);
            eprint!("\r{bar} {}/{}", self.done, self.of);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.bar && self.done > 0 {
            eprintln!();
        }
    }
}

/// Sends what is signed, from the command line. Cut anywhere, the next push goes on where this one stopped.
///
/// # Errors
/// [`Error::Server`] if the server is not there; [`Error::Several`] if it refuses items: the others are sent.
pub fn push(desk: &mut Desk, ask: &cli::Ask, out: &mut dyn Write) -> Result<()> {
    let mut progress = Progress::of(0, ask.json);
    let outcome = send(desk, ask.server.as_deref(), &AtomicBool::new(false), &mut |event| {
        match event {
            Event::Begun(of) => progress.of = of,
            Event::Answered(item) => {
                progress.step();
                tell_answer(item, ask.json, progress.bar, out)?;
            }
            Event::Failed(id, why) => {
                progress.step();
                tell_failure(id, why, ask.json, out)?;
            }
        }
        Ok(())
    })?;
    drop(progress);
    if !ask.json {
        let sent = outcome.of.saturating_sub(outcome.failed + outcome.waiting);
        match outcome.of {
            0 => tell(out, say!("没有待发送的票据"))?,
            of => tell(out, say!("已发送 {sent} 项，共 {of} 项", sent = sent, of = of))?,
        }
    }
    outcome.end()
}

/// Asks what the office said, from the command line, and shows all that was sent.
///
/// # Errors
/// [`Error::Server`] if the server is not there: what was known is shown first.
pub fn status(desk: &mut Desk, asked: &cli::Ask, out: &mut dyn Write) -> Result<()> {
    let stop = AtomicBool::new(false);
    let outcome = ask(desk, asked.server.as_deref(), &stop, &mut |event| match event {
        Event::Failed(id, why) => tell_failure(id, why, asked.json, out),
        Event::Begun(_) | Event::Answered(_) => Ok(()),
    })?;
    let items = desk.outbox.items()?;
    let sent: Vec<&Item> = items.iter().filter(|item| item.offered).collect();
    if asked.json {
        sent.iter().try_for_each(|item| tell_json(out, &item.line()))?;
    } else if sent.is_empty() {
        tell(out, say!("还没有发送过票据"))?;
    } else {
        table(&sent, out)?;
    }
    outcome.end()
}

fn tell_answer(item: &Item, json: bool, bar: bool, out: &mut dyn Write) -> Result<()> {
    if json {
        return tell_json(out, &item.line());
    }
    // Under a bar only what a person must act on is worth a line.
    let flagged = item.status.as_ref().is_some_and(|status| !status.flags.is_empty());
    if bar && !flagged && item.state != State::Returned {
        return Ok(());
    }
    tell(out, say!("第 {id} 号：{state}", id = item.id, state = item.state_text()))
}

fn tell_failure(id: i64, why: &str, json: bool, out: &mut dyn Write) -> Result<()> {
    if json {
        return tell_json(out, &FailedLine { id, error: why });
    }
    eprintln!("{}", say!("第 {id} 号没有发成：{why}", id = id, why = why));
    Ok(())
}
