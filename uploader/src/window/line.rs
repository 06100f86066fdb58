//! The line to the township's office: sending and asking, on threads of their own. Cut anywhere, the next time goes on.

use super::news::{News, Tell};
use crate::cli;
use crate::delivery::{self, Event};
use crate::desk::Desk;
use crate::error::{Error, Result};
use crate::published::FollowError;
use mingbai_uploader_ui::Delivery;
use std::collections::{BTreeSet, HashMap};
use std::io;
use std::path::Path;
use std::sync::atomic::AtomicBool;

/// Where sending stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Standing {
    /// Nothing was sent since the page was opened.
    #[default]
    Resting,
    Running,
    Done,
    /// The line was cut, and why.
    Cut(String),
}

/// The line.
#[derive(Default)]
pub struct Line {
    pub standing: Standing,
    /// What was to be sent since the page was opened.
    pub items: BTreeSet<i64>,
    /// Why the office did not take an item.
    pub refused: HashMap<i64, String>,
}

impl Line {
    /// The page is opened: what was sent before is no longer on it.
    pub fn begin_page(&mut self) {
        if self.standing != Standing::Running {
            *self = Line::default();
        }
    }

    pub fn refused(&mut self, id: i64, why: String) {
        self.refused.insert(id, why);
    }

    /// The word of the window for it.
    pub fn delivery(&self) -> Delivery {
        match self.standing {
            Standing::Resting => Delivery::Resting,
            Standing::Running => Delivery::Running,
            Standing::Done => Delivery::Done,
            Standing::Cut(_) => Delivery::Cut,
        }
    }

    /// Sends what is signed.
    ///
    /// # Errors
    /// [`Error::Thread`].
    pub fn send(&mut self, desk: &Desk, tell: &Tell) -> Result<()> {
        if self.standing == Standing::Running {
            return Ok(());
        }
        self.standing = Standing::Running;
        self.refused.clear();
        let (folder, tell) = (desk.folder().to_path_buf(), tell.clone());
        beside("line", move || {
            let sent = send(&folder, &tell);
            let cut = sent.unwrap_or_else(|why| {
                tell.news(News::Problem(why.to_string()));
                Some(why.to_string())
            });
            tell.news(News::Sent(cut));
        })
    }

    /// Asks what became of what was sent, and follows what is published. Without a line nothing is said: it is tried
    /// again at the next start.
    ///
    /// # Errors
    /// [`Error::Thread`].
    pub fn check(&self, desk: &Desk, tell: &Tell) -> Result<()> {
        if desk.practises()? || desk.outbox.setting("server")?.is_empty() {
            return Ok(());
        }
        let (folder, tell) = (desk.folder().to_path_buf(), tell.clone());
        beside("check", move || {
            if let Err(why) = check(&folder) {
                tell.news(News::Problem(why.to_string()));
            }
            tell.news(News::Changed);
        })
    }
}

/// Does work on a thread of its own.
///
/// # Errors
/// [`Error::Thread`].
pub fn beside(name: &str, work: impl FnOnce() + Send + 'static) -> Result<()> {
    let thread = std::thread::Builder::new().name(name.into()).spawn(work);
    thread.map(drop).map_err(Error::Thread)
}

fn send(folder: &Path, tell: &Tell) -> Result<Option<String>> {
    let mut desk = Desk::open(folder)?;
    // A cut line sets it, so it is each run's own: the next one must not find it set.
    let stop = AtomicBool::new(false);
    let outcome = delivery::send(&mut desk, None, &stop, &mut |event| {
        tell.news(match event {
            Event::Failed(id, why) => News::Refused(id, why.into()),
            Event::Begun(_) | Event::Answered(_) => News::Changed,
        });
        Ok(())
    })?;
    Ok(outcome.cut)
}

fn check(folder: &Path) -> Result<()> {
    let mut desk = Desk::open(folder)?;
    delivery::ask(&mut desk, None, &AtomicBool::new(false), &mut |_| Ok(()))?;
    let ask = cli::Follow { server: None, vkey: None };
    match desk.follow(&ask, &mut io::sink()) {
        Ok(())
        | Err(Error::NoLogKey | Error::NoServer)
        | Err(Error::Follow(
            FollowError::Unreachable(..) | FollowError::Status(..) | FollowError::Overtaken,
        )) => Ok(()),
        Err(why) => Err(why),
    }
}
