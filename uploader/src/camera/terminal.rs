//! The camera and the watched folder in a terminal, until Ctrl-C.

use super::pairing::Standing;
use super::verdict::{Outcome, Verdict};
use super::{Camera, Event, qr, take_bytes, take_file};
use crate::cli;
use crate::desk::{Desk, tell, tell_json};
use crate::draft::Draft;
use crate::error::{Error, Result};
use crate::inbox::{Arrival, Inbox, LOOK};
use crate::say;
use serde::Serialize;
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::sync::mpsc::RecvTimeoutError;

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

fn open(desk: &Path, folder: &Path, talk: &mut Talk) -> Result<Inbox> {
    let inbox = Inbox::open(&mut Desk::open(desk)?, folder)?;
    let text = say!(
        "看着文件夹 {folder}：新照片会自动加入（原有 {known} 张不加）",
        folder = folder.display(),
        known = inbox.known()
    );
    talk.line(&Line::Folder { there: true, say: &text }, &text)?;
    Ok(inbox)
}

/// Takes in what is new in a folder, and says so.
fn look(desk: &Path, folder: &Path, inbox: &mut Inbox, talk: &mut Talk) -> Result<()> {
    let mut done = Ok(());
    let mut tell = |arrival| match arrival {
        Arrival::Gone(why) => {
            let folder = folder.display();
            let text = say!("文件夹看不到了：{folder}：{why}", folder = folder, why = why);
            talk.line(&Line::Folder { there: false, say: &text }, &text)
        }
        Arrival::Back => {
            let text = say!("文件夹又有了：{folder}", folder = folder.display());
            talk.line(&Line::Folder { there: true, say: &text }, &text)
        }
        Arrival::Photo(file, verdict) => {
            let text = format!("{}  {}", file.display(), text(&verdict));
            talk.line(&Line::File { file: &file, verdict: &verdict }, &text)
        }
    };
    inbox.look(
        |file| take_file(desk, file, &Draft::default()),
        |arrival| {
            let told = tell(arrival);
            if done.is_ok() {
                done = told;
            }
        },
    );
    done
}

/// Runs the camera until Ctrl-C; with a folder to watch, that too.
///
/// # Errors
/// [`Error::NoDesk`], [`Error::Camera`], [`Error::Terminal`].
pub fn camera(folder: &Path, camera: &cli::Camera, out: &mut dyn Write) -> Result<()> {
    drop(Desk::open(folder)?);
    let talk = &mut Talk { out, json: camera.json };
    let desk = folder.to_path_buf();
    let (running, events) =
        Camera::start(&camera.listen, move |photo| take_bytes(&desk, photo, &Draft::default()))?;
    let mut inbox = match &camera.watch {
        Some(dir) => Some((dir, open(folder, dir, talk)?)),
        None => None,
    };
    talk.code(&running)?;
    loop {
        match events.recv_timeout(LOOK) {
            Ok(event) => talk.event(&running, &event)?,
            Err(RecvTimeoutError::Timeout) => {
                if let Some((dir, inbox)) = &mut inbox {
                    look(folder, dir, inbox, talk)?;
                }
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
    let mut inbox = open(folder, &watch.folder, talk)?;
    loop {
        look(folder, &watch.folder, &mut inbox, talk)?;
        std::thread::sleep(LOOK);
    }
}
