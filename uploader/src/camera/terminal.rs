//! The camera and the watched folder in a terminal, until Ctrl-C.

use super::pairing::Standing;
use super::verdict::{Outcome, Verdict};
use super::{Camera, Event, qr, take_bytes, take_file};
use crate::cli;
use crate::desk::{Desk, tell, tell_json};
use crate::error::{Error, Result};
use crate::say;
use crate::watch::Watch;
use serde::Serialize;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

/// How often the watched folder is looked at: a file is taken when it did not change between two looks.
const LOOK: Duration = Duration::from_secs(2);

/// One line of `--json`.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
enum Line<'a> {
    Ready { urls: &'a [String] },
    Paired,
    Over { say: &'a str },
    Refused { say: &'a str },
    Photo { verdict: &'a Verdict },
    File { file: &'a Path, verdict: &'a Verdict },
    Folder { there: bool, say: &'a str },
}

/// Where lines go, for people or for scripts.
struct Talk<'a> {
    out: &'a mut dyn Write,
    json: bool,
}

impl Talk<'_> {
    fn line(&mut self, line: &Line, text: &str) -> Result<()> {
        if self.json {
            tell_json(self.out, line)?
        } else {
            tell(self.out, text)?
        }
        self.out.flush().map_err(Error::Terminal)
    }

    fn code(&mut self, camera: &Camera) -> Result<()> {
        let urls = camera.urls();
        let Some((first, others)) = urls.split_first() else {
            let say = say!("电脑没有连上网络：请先连上和手机相同的无线网");
            return self.line(&Line::Ready { urls: &urls }, &say);
        };
        let mut text = String::new();
        if std::io::stdout().is_terminal() {
            text = qr::code(first).as_ref().map(qr::blocks).unwrap_or_default();
        }
        text += &say!("手机连上同一个无线网，用微信扫码，或在浏览器打开 {url}", url = first);
        for url in others {
            text += "\n";
            text += &say!("打不开就试 {url}", url = url);
        }
        self.line(&Line::Ready { urls: &urls }, &text)
    }

    fn event(&mut self, camera: &Camera, event: &Event) -> Result<()> {
        match event {
            Event::Standing(Standing::Waiting) => Ok(()),
            Event::Standing(Standing::Paired) => {
                self.line(&Line::Paired, &say!("手机已连上，可以拍照了"))
            }
            Event::Standing(Standing::Over(why)) => {
                self.line(&Line::Over { say: &why.label() }, &why.label())?;
                camera.renew()?;
                self.code(camera)
            }
            Event::Refused(why) => self.line(&Line::Refused { say: &why.label() }, &why.label()),
            Event::Photo(verdict) => self.line(&Line::Photo { verdict }, &text(verdict)),
        }
    }
}

fn text(verdict: &Verdict) -> String {
    let mut text = verdict.say.clone();
    for part in [&verdict.code, &verdict.amount].into_iter().flatten() {
        text += "  ";
        text += part;
    }
    match &verdict.seen {
        Some(seen) if verdict.state != Outcome::Again => {
            text + "\n" + &say!("  注意：{warning}", warning = seen)
        }
        _ => text,
    }
}

/// A watched folder, and what of it could not be kept yet.
struct Inbox {
    folder: PathBuf,
    watch: Watch,
    gone: bool,
    left: Vec<PathBuf>,
}

impl Inbox {
    fn open(folder: &Path, talk: &mut Talk) -> Result<Inbox> {
        let watch = Watch::new(folder).map_err(Error::disk(folder))?;
        let text = say!(
            "看着文件夹 {folder}：新照片会自动加入（原有 {known} 张不加）",
            folder = folder.display(),
            known = watch.known()
        );
        talk.line(&Line::Folder { there: true, say: &text }, &text)?;
        Ok(Inbox { folder: folder.into(), watch, gone: false, left: Vec::new() })
    }

    /// Takes in what is new. What the desk cannot keep now is tried again at the next look.
    fn look(&mut self, desk: &Path, talk: &mut Talk) -> Result<()> {
        let found = self.watch.look();
        if found.is_err() != self.gone {
            self.gone = found.is_err();
            let folder = self.folder.display();
            let text = match &found {
                Ok(_) => say!("文件夹又有了：{folder}", folder = folder),
                Err(why) => {
                    say!("文件夹看不到了：{folder}：{why}", folder = folder, why = why)
                }
            };
            talk.line(&Line::Folder { there: found.is_ok(), say: &text }, &text)?;
        }
        let new = found.unwrap_or_default();
        let waited = self.left.len();
        self.left.extend(new);
        let mut kept_back = Vec::new();
        for (at, file) in std::mem::take(&mut self.left).into_iter().enumerate() {
            let verdict = take_file(desk, &file);
            let trouble = verdict.state == Outcome::Trouble;
            // Trouble is told once, not every two seconds.
            if !trouble || at >= waited {
                let text = format!("{}  {}", file.display(), text(&verdict));
                talk.line(&Line::File { file: &file, verdict: &verdict }, &text)?;
            }
            if trouble {
                kept_back.push(file);
            }
        }
        self.left = kept_back;
        Ok(())
    }
}

/// Runs the camera until Ctrl-C; with a folder to watch, that too.
///
/// # Errors
/// [`Error::NoDesk`], [`Error::Camera`], [`Error::Terminal`].
pub fn camera(folder: &Path, camera: &cli::Camera, out: &mut dyn Write) -> Result<()> {
    drop(Desk::open(folder)?);
    let talk = &mut Talk { out, json: camera.json };
    let desk = folder.to_path_buf();
    let (running, events) = Camera::start(&camera.listen, move |photo| take_bytes(&desk, photo))?;
    let mut inbox = camera.watch.as_deref().map(|dir| Inbox::open(dir, talk)).transpose()?;
    talk.code(&running)?;
    loop {
        match events.recv_timeout(LOOK) {
            Ok(event) => talk.event(&running, &event)?,
            Err(RecvTimeoutError::Timeout) => {
                inbox.as_mut().map_or(Ok(()), |inbox| inbox.look(folder, talk))?;
            }
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        }
    }
}

/// Takes in what comes into a folder until Ctrl-C.
///
/// # Errors
/// [`Error::NoDesk`], [`Error::Disk`] if the folder is not there, [`Error::Terminal`].
pub fn watch(folder: &Path, watch: &cli::Watch, out: &mut dyn Write) -> Result<()> {
    drop(Desk::open(folder)?);
    let talk = &mut Talk { out, json: watch.json };
    let mut inbox = Inbox::open(&watch.folder, talk)?;
    loop {
        inbox.look(folder, talk)?;
        std::thread::sleep(LOOK);
    }
}
