//! Delivery: pushing what is signed, and asking what the office said.

use crate::cli;
use crate::desk::{Desk, tell, tell_json};
use crate::error::{Error, Result};
use crate::item::{Item, Signed, State};
use crate::lanes;
use crate::listing::table;
use crate::say;
use crate::send::{Fault, LANES, Server, Stage, Status};
use serde::Serialize;
use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};

/// Columns of the bar.
const BAR: usize = 24;

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

/// Sends what is signed. Cut anywhere, the next push goes on where this one stopped.
///
/// # Errors
/// [`Error::Server`] if the server is not there; [`Error::Several`] if it refuses items: the others are sent.
pub fn push(desk: &mut Desk, ask: &cli::Ask, out: &mut dyn Write) -> Result<()> {
    let jobs = jobs(desk, |item| item.state == State::Signed)?;
    if jobs.is_empty() {
        return if ask.json { Ok(()) } else { tell(out, say!("没有待发送的票据")) };
    }
    let server = Server::new(&desk.server(ask.server.as_deref())?);
    let ids: Vec<i64> = jobs.iter().map(|(id, _)| *id).collect();
    desk.outbox.offer(&ids)?;
    let (images, gone) = (desk.pictures.clone(), AtomicBool::new(false));
    let mut progress = Progress::of(jobs.len(), ask.json);
    let mut failures = Failures::default();
    let work = |(_, signed): &(i64, Signed)| unless(&gone, || server.deliver(signed, &images));
    lanes::run(LANES, &jobs, work, |(id, _), result| {
        progress.step();
        match result {
            Some(Ok(status)) => tell_sent(desk, *id, &status, (ask.json, progress.bar), out),
            Some(Err(fault)) => failures.take(*id, fault, ask.json, out),
            None => Ok(()),
        }
    })?;
    let done = progress.done;
    drop(progress);
    let left = failures.refused + failures.not_sent(&ids, desk)?;
    let sent = ids.len().saturating_sub(left);
    if !ask.json {
        tell(out, say!("已发送 {sent} 项，共 {of} 项", sent = sent, of = done))?;
    }
    failures.end(&server, ids.len())
}

/// Asks what the office said of every item that was sent and is not published yet, and shows all.
///
/// # Errors
/// [`Error::Server`] if the server is not there: what was known is shown first.
pub fn status(desk: &mut Desk, ask: &cli::Ask, out: &mut dyn Write) -> Result<()> {
    let open = |item: &Item| item.offered && item.in_work() && item.state != State::Published;
    let jobs = jobs(desk, open)?;
    let mut failures = Failures::default();
    let mut server = None;
    if !jobs.is_empty() {
        let server = server.insert(Server::new(&desk.server(ask.server.as_deref())?));
        let gone = AtomicBool::new(false);
        let work = |(_, signed): &(i64, Signed)| unless(&gone, || server.ask(signed));
        lanes::run(LANES, &jobs, work, |(id, _), result| match result {
            Some(Ok(Some(status))) => desk.outbox.answer(*id, &status).map(|_| ()),
            Some(Ok(None)) => desk.outbox.forgotten(*id),
            Some(Err(fault)) => failures.take(*id, fault, ask.json, out),
            None => Ok(()),
        })?;
    }
    let items = desk.outbox.items()?;
    let sent: Vec<&Item> = items.iter().filter(|item| item.offered).collect();
    if ask.json {
        sent.iter().try_for_each(|item| tell_json(out, &item.line()))?;
    } else if sent.is_empty() {
        tell(out, say!("还没有发送过票据"))?;
    } else {
        table(&sent, out)?;
    }
    server.map_or(Ok(()), |server| failures.end(&server, jobs.len()))
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

fn tell_sent(
    desk: &mut Desk,
    id: i64,
    status: &Status,
    (json, bar): (bool, bool),
    out: &mut dyn Write,
) -> Result<()> {
    desk.outbox.answer(id, status)?;
    let item = desk.outbox.item(id)?;
    if json {
        return tell_json(out, &item.line());
    }
    // Under a bar only what a person must act on is worth a line.
    if bar && status.flags.is_empty() && status.state != Stage::Returned {
        return Ok(());
    }
    tell(out, say!("第 {id} 号：{state}", id = id, state = item.state_text()))
}

/// What went wrong, item by item.
#[derive(Default)]
struct Failures {
    refused: usize,
    cut: Option<String>,
}

impl Failures {
    fn take(&mut self, id: i64, fault: Fault, json: bool, out: &mut dyn Write) -> Result<()> {
        let error = match fault {
            Fault::Cut(why) => {
                self.cut = Some(why);
                return Ok(());
            }
            Fault::Refused(why) => why,
            Fault::Image(hash) => say!("图片 {hash} 丢失或损坏，请重新拍照加入", hash = hash),
        };
        self.refused += 1;
        if json {
            return tell_json(out, &FailedLine { id, error: &error });
        }
        eprintln!("{}", say!("第 {id} 号没有发成：{why}", id = id, why = error));
        Ok(())
    }

    /// How many were neither sent nor refused.
    fn not_sent(&self, ids: &[i64], desk: &Desk) -> Result<usize> {
        let items = desk.outbox.items()?;
        let waiting = items.iter().filter(|i| ids.contains(&i.id) && i.state == State::Signed);
        Ok(waiting.count().saturating_sub(self.refused))
    }

    fn end(self, server: &Server, of: usize) -> Result<()> {
        let address = server.address().to_owned();
        match self.cut {
            Some(why) => {
                let why = say!("{why}；没发完的下次 push 会接着发", why = why);
                Err(Error::Server { address, why })
            }
            None if self.refused > 0 => Err(Error::Several { failed: self.refused, of }),
            None => Ok(()),
        }
    }
}
