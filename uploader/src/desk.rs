//! The accountant's desk: one folder with key, outbox and images, and the small jobs done at it.

use crate::cli;
use crate::correction;
use crate::draft::Draft;
use crate::error::{Error, Result};
use crate::images::Images;
use crate::item::{Item, Kind};
use crate::keys;
use crate::outbox::{Act, Outbox, PageId, Place};
use crate::published::{self, Published};
use crate::say;
use ledger::key::SigningKey;
use ledger::place::Village;
use serde::Serialize;
use std::fmt::Display;
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// The open desk.
pub struct Desk {
    folder: PathBuf,
    /// The papers.
    pub outbox: Outbox,
    /// Their public pictures and thumbnails.
    pub pictures: Images,
    /// Their photos as they were taken.
    pub originals: Images,
}

/// What the office needs to enrol the accountant's key.
#[derive(Debug, Serialize)]
struct Enrolment {
    village: Village,
    holder: String,
    post: String,
    vkey: String,
}

/// The folder when none is given.
pub fn default_folder() -> PathBuf {
    let set = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    let share = set("XDG_DATA_HOME").or_else(|| set("HOME").map(|home| home.join(".local/share")));
    share.unwrap_or_default().join("mingbai-uploader")
}

/// Prints a line. A reader who has gone away (`… | head`) is told as an error like any other.
///
/// # Errors
/// [`Error::Terminal`].
pub fn tell(out: &mut dyn Write, line: impl Display) -> Result<()> {
    writeln!(out, "{line}").map_err(Error::Terminal)
}

/// Prints one line of JSON.
///
/// # Errors
/// [`Error::Terminal`].
pub fn tell_json(out: &mut dyn Write, value: &impl Serialize) -> Result<()> {
    let line = serde_json::to_string(value).map_err(|why| Error::Record(why.to_string()))?;
    tell(out, line)
}

/// Makes key and outbox and prints the enrolment.
///
/// # Errors
/// [`Error::KeyExists`] if it was done before.
pub fn init(folder: &Path, init: &cli::Init, out: &mut dyn Write) -> Result<()> {
    let private = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    private.map_err(Error::disk(folder))?;
    if folder.join("key").exists() {
        return Err(Error::KeyExists(folder.join("key")));
    }
    let mut outbox = Outbox::open(&folder.join("outbox.db"))?;
    outbox.set("village", init.village.as_str())?;
    outbox.set("name", &init.name)?;
    outbox.set("post", &init.post)?;
    if let Some(server) = &init.server {
        outbox.set("server", server)?;
    }
    // The key comes last: with it, the desk is there.
    keys::make(&folder.join("key"), init.village)?;
    Desk::open(folder)?.enrol(init.json, out)
}

fn mend(draft: &mut Draft, mended: &cli::Mended) -> Result<()> {
    draft.apply(&mended.flags).map_err(Error::Unfit)?;
    draft.set_source(mended.source.or(draft.source)).map_err(Error::Unfit)
}

impl Desk {
    /// Opens the desk in a folder.
    ///
    /// # Errors
    /// [`Error::NoDesk`] where `init` was not run.
    pub fn open(folder: &Path) -> Result<Desk> {
        if !folder.join("key").exists() {
            return Err(Error::NoDesk(folder.into()));
        }
        let outbox = Outbox::open(&folder.join("outbox.db"))?;
        let pictures = Images::pictures(&folder.join("images"))?;
        let originals = Images::originals(&folder.join("originals"))?;
        Ok(Desk { folder: folder.into(), outbox, pictures, originals })
    }

    /// The desk for practice inside a desk's folder: papers and a key of its own. Nothing of it is ever sent.
    ///
    /// # Errors
    /// [`Error::NoDesk`] where `init` was not run.
    pub fn practice(folder: &Path) -> Result<Desk> {
        let real = Desk::open(folder)?;
        let folder = folder.join("practice");
        if !folder.join("key").exists() {
            let private = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder);
            private.map_err(Error::disk(&folder))?;
            let mut outbox = Outbox::open(&folder.join("outbox.db"))?;
            for name in ["village", "name", "post"] {
                outbox.set(name, &real.outbox.setting(name)?)?;
            }
            outbox.set("practice", "1")?;
            keys::make(&folder.join("key"), real.village()?)?;
        }
        Desk::open(&folder)
    }

    /// Whether this is a desk for practice.
    ///
    /// # Errors
    /// [`Error::Outbox`].
    pub fn practises(&self) -> Result<bool> {
        Ok(!self.outbox.setting("practice")?.is_empty())
    }

    /// The desk's folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What is published, as far as it was followed; none before the first time.
    ///
    /// # Errors
    /// [`Error::Follow`].
    pub fn published(&self) -> Result<Option<Published>> {
        if !self.folder.join("published.db").exists() {
            return Ok(None);
        }
        Published::open(&self.folder).map(Some).map_err(Error::Follow)
    }

    /// Follows the public log and says how far it is known.
    ///
    /// # Errors
    /// [`Error::Follow`], [`Error::NoLogKey`] before the office's key was given.
    pub fn follow(&mut self, ask: &cli::Follow, out: &mut dyn Write) -> Result<()> {
        let server = self.server(ask.server.as_deref())?;
        let known = self.outbox.setting("log")?;
        let key = match &ask.vkey {
            Some(key) => key.clone(),
            None => known.parse().map_err(|_| Error::NoLogKey)?,
        };
        let village = self.village()?;
        let mut published = Published::open(&self.folder).map_err(Error::Follow)?;
        let done =
            published::follow(&mut published, &server, &key, village).map_err(Error::Follow)?;
        // Kept once it has proved itself.
        self.outbox.set("log", &key.to_string())?;
        let (size, new) = (done.size, done.papers);
        tell(out, say!("登记册共 {size} 条，新知道 {new} 张票据", size = size, new = new))
    }

    /// The accountant's key.
    ///
    /// # Errors
    /// [`Error::Key`].
    pub fn key(&self) -> Result<SigningKey> {
        keys::load(&self.folder.join("key"))
    }

    /// The accountant's village.
    ///
    /// # Errors
    /// [`Error::Record`].
    pub fn village(&self) -> Result<Village> {
        let village = self.outbox.setting("village")?;
        village.parse().map_err(|_| Error::Record(village))
    }

    /// The server's address: given now, or when the desk was made, or the last time.
    ///
    /// # Errors
    /// [`Error::NoServer`]; [`Error::Practice`] at a desk for practice, which has none.
    pub fn server(&mut self, given: Option<&str>) -> Result<String> {
        if self.practises()? {
            return Err(Error::Practice);
        }
        let known = self.outbox.setting("server")?;
        match given {
            Some(address) => {
                if known.is_empty() {
                    self.outbox.set("server", address)?;
                }
                Ok(address.into())
            }
            None if known.is_empty() => Err(Error::NoServer),
            None => Ok(known),
        }
    }

    /// Prints what the office pastes to enrol the key.
    ///
    /// # Errors
    /// [`Error::Key`], [`Error::Terminal`].
    pub fn enrol(&self, json: bool, out: &mut dyn Write) -> Result<()> {
        let enrolment = Enrolment {
            village: self.village()?,
            holder: self.outbox.setting("name")?,
            post: self.outbox.setting("post")?,
            vkey: self.key()?.verifier().to_string(),
        };
        if json {
            return tell_json(out, &enrolment);
        }
        tell(out, say!("请把下面的登记文字交给乡镇办公室："))?;
        tell(out, say!("  村代码：{village}", village = enrolment.village))?;
        tell(out, say!("  姓名：{name}", name = enrolment.holder))?;
        tell(out, say!("  岗位：{post}", post = enrolment.post))?;
        // This line is read by scripts: the same in every language.
        tell(out, format!("enrol: {} {}", enrolment.village, enrolment.vkey))
    }

    /// Changes a draft's fields.
    ///
    /// # Errors
    /// [`Error::State`] if it is none.
    pub fn edit(&mut self, edit: &cli::Edit, out: &mut dyn Write) -> Result<()> {
        self.outbox.edit(edit.id, Act::Edit, |draft| mend(draft, &edit.mended))?;
        self.tell_draft(&self.outbox.item(edit.id)?, out)
    }

    /// Takes an item out of the work.
    ///
    /// # Errors
    /// [`Error::State`] if it was sent.
    pub fn remove(&mut self, id: i64, out: &mut dyn Write) -> Result<()> {
        self.outbox.remove(id)?;
        tell(out, say!("已删除第 {id} 号；可用 restore {id} 恢复", id = id))
    }

    /// Brings a removed item back.
    ///
    /// # Errors
    /// [`Error::State`] unless it is removed.
    pub fn restore(&mut self, id: i64, out: &mut dyn Write) -> Result<()> {
        self.outbox.restore(id)?;
        tell(out, say!("已恢复第 {id} 号", id = id))
    }

    /// Takes back the last deed since the last signing.
    ///
    /// # Errors
    /// [`Error::Outbox`].
    pub fn undo(&mut self, out: &mut dyn Write) -> Result<()> {
        match self.outbox.undo()? {
            Some(deed) => tell(out, say!("已撤销：{deed}", deed = deed.said())),
            None => tell(out, say!("没有可以撤销的")),
        }
    }

    /// Makes a new draft of a returned item.
    ///
    /// # Errors
    /// [`Error::State`] unless it was returned.
    pub fn revise(&mut self, id: i64, out: &mut dyn Write) -> Result<()> {
        let item = self.outbox.item(id)?;
        let new = self.outbox.revise(&item)?;
        tell(out, say!("第 {id} 号重做为第 {new} 号；用 edit {new} 修改", id = id, new = new))
    }

    /// Makes a new draft that corrects a published item.
    ///
    /// # Errors
    /// As of [`correction::begin`]; [`Error::Unfit`].
    pub fn correct(&mut self, correct: &cli::Correct, out: &mut dyn Write) -> Result<()> {
        let id = correct.id;
        let new = correction::begin(self, id, |draft| mend(draft, &correct.mended))?;
        tell(out, say!("第 {new} 号更正第 {id} 号；用 edit {new} 修改", new = new, id = id))?;
        self.tell_draft(&self.outbox.item(new)?, out)
    }

    /// Puts a draft's photos into another draft.
    ///
    /// # Errors
    /// As of [`Outbox::join`]; [`Error::NoPage`].
    pub fn join(&mut self, join: &cli::Join, out: &mut dyn Write) -> Result<()> {
        let (from, into) = (join.from, join.into);
        let place = match join.replace {
            None => Place::Behind,
            Some(page) => Place::InsteadOf(self.page(into, page)?.photo),
        };
        let bare = self.outbox.join(from, into, place)?;
        tell(out, say!("第 {from} 号已并入第 {into} 号", from = from, into = into))?;
        match bare {
            0 => Ok(()),
            bare => tell(out, say!("旧照片上遮住了 {count} 处；新照片请重新遮住", count = bare)),
        }
    }

    /// Makes a draft of its own of a page, counted from 1.
    ///
    /// # Errors
    /// As of [`Outbox::split`]; [`Error::NoPage`].
    pub fn split(&mut self, id: i64, page: usize, out: &mut dyn Write) -> Result<()> {
        let new = self.outbox.split(self.page(id, page)?)?;
        tell(out, say!("这一页现在是第 {id} 号", id = new))
    }

    /// An item's page, counted from 1.
    fn page(&self, item: i64, page: usize) -> Result<PageId> {
        let pages = self.outbox.item(item)?.pages;
        let found = page.checked_sub(1).and_then(|at| pages.get(at));
        let found = found.ok_or(Error::NoPage { item, page })?;
        Ok(PageId { item, photo: found.original })
    }

    /// States that a month had no receipts; it is signed and sent like a receipt.
    ///
    /// # Errors
    /// [`Error::Outbox`].
    pub fn nothing(&mut self, nothing: &cli::Nothing, out: &mut dyn Write) -> Result<()> {
        let period = nothing.period;
        let busy = self.outbox.items()?.into_iter().find(|item| {
            item.kind == Kind::Receipt && item.in_work() && item.draft.period == Some(period)
        });
        match self.outbox.add_nothing(period)? {
            Ok(id) => tell(out, say!("第 {id} 号：{period} 没有票据", id = id, period = period))?,
            Err(id) => {
                tell(out, say!("{period} 的声明已经有了：第 {id} 号", id = id, period = period))?;
            }
        }
        match busy {
            Some(item) => tell(
                out,
                say!("注意：{period} 已有票据（第 {id} 号）", id = item.id, period = period),
            ),
            None => Ok(()),
        }
    }

    /// Says what a draft lacks, or that it can be signed.
    ///
    /// # Errors
    /// [`Error::Terminal`].
    pub fn tell_draft(&self, item: &Item, out: &mut dyn Write) -> Result<()> {
        let missing = item.missing();
        if missing.is_empty() {
            return tell(out, say!("第 {id} 号：已填完，可以签名", id = item.id));
        }
        let fields = crate::draft::Field::list(&missing);
        tell(out, say!("第 {id} 号：还缺 {fields}", id = item.id, fields = fields))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    pub(crate) fn desk() -> (tempfile::TempDir, Desk, String) {
        let folder = tempfile::tempdir().unwrap();
        let options = cli::Init {
            village: "341181107201".parse().unwrap(),
            name: "王会计".into(),
            post: "报账员".into(),
            server: None,
            json: false,
        };
        let mut out = Vec::new();
        init(&folder.path().join("desk"), &options, &mut out).unwrap();
        assert!(matches!(
            init(&folder.path().join("desk"), &options, &mut Vec::new()),
            Err(Error::KeyExists(_))
        ));
        let desk = Desk::open(&folder.path().join("desk")).unwrap();
        (folder, desk, String::from_utf8(out).unwrap())
    }

    #[test]
    fn the_enrolment_names_village_and_key_on_one_line() {
        let (_folder, desk, text) = desk();
        let line = text.lines().find_map(|line| line.strip_prefix("enrol: ")).unwrap();
        let (village, vkey) = line.split_once(' ').unwrap();
        assert_eq!(village, "341181107201");
        assert_eq!(vkey.parse(), Ok(desk.key().unwrap().verifier()));
        let mut json = Vec::new();
        desk.enrol(true, &mut json).unwrap();
        let read: serde_json::Value = serde_json::from_slice(&json).unwrap();
        assert_eq!(read["holder"], "王会计");
        assert!(!text.contains("PRIVATE"));
    }

    #[test]
    fn a_folder_without_a_key_is_no_desk() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(Desk::open(folder.path()), Err(Error::NoDesk(_))));
    }

    #[test]
    fn the_server_that_was_named_first_is_remembered() {
        let (_folder, mut desk, _) = desk();
        assert!(matches!(desk.server(None), Err(Error::NoServer)));
        assert_eq!(desk.server(Some("http://a")).unwrap(), "http://a");
        assert_eq!(desk.server(Some("http://b")).unwrap(), "http://b");
        assert_eq!(desk.server(None).unwrap(), "http://a");
    }
}
