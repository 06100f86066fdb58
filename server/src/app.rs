//! The running office: what every request handler and every command holds.

use std::fs;
use std::sync::Arc;

use ledger::key::{SigningKey, VerifierKey};
use ledger::policy::Policy;
use rusqlite::Connection;
use tokio::sync::Notify;

use crate::blobs::Uploads;
use crate::codes::Lookout;
use crate::data::{DataDir, Lock};
use crate::db::Db;
use crate::error::{Error, Result};
use crate::metrics::Metrics;
use crate::objects::Objects;
use crate::publish::{Crash, Keys, NewEntry, Published, Publisher};
use crate::rulebook::LiveRulebook;
use crate::tokens::Rates;
use crate::web::limit::Limits;
use crate::web::page_cache::PageCache;
use crate::wechat::WeChat;
use crate::witnesses;

/// The open data directory of one office, and everything that serves it.
pub struct App {
    /// The database.
    pub db: Arc<Db>,
    /// Where files lie.
    pub data: DataDir,
    /// The address that people reach the server at, without a slash at the end. QR codes carry it.
    pub public_url: String,
    /// The key that checkpoints are verified with; its name is the log's origin.
    pub vkey: VerifierKey,
    /// The township's 12-digit code.
    pub township: String,
    /// Appends and signs. Call [`App::append`] instead, which keeps the pages in step.
    pub publisher: Publisher,
    /// The public tree, its hot files in memory.
    pub objects: Arc<Objects>,
    /// Images that are arriving.
    pub uploads: Uploads,
    /// Looks for codes on them.
    pub lookout: Lookout,
    /// Rendered pages.
    pub pages: PageCache,
    /// Rules and holidays; they may change while the office runs.
    pub rulebook: LiveRulebook,
    /// How often each address may ask.
    pub limits: Limits,
    /// What was counted.
    pub metrics: Metrics,
    /// How often programs asked.
    pub rates: Rates,
    /// The township's WeChat account, if it has one.
    pub wechat: Option<WeChat>,
    /// Who is asked to cosign the log's heads, if anyone.
    pub witnesses: Option<Policy>,
    /// Told after each publication.
    pub grown: Notify,
    _lock: Lock,
}

impl App {
    /// Opens a data directory that `init` made, taking its lock and finishing what a crash left.
    ///
    /// # Errors
    /// When there is none, another program holds it, or it is damaged.
    pub fn open(data: DataDir, public_url: String) -> Result<Self> {
        Self::open_with(data, public_url, Crash::Never)
    }

    /// The same, with a crash that a test asks for.
    ///
    /// # Errors
    /// As [`App::open`].
    pub fn open_with(data: DataDir, public_url: String, crash: Crash) -> Result<Self> {
        let lock = data.lock()?;
        if !data.database().exists() {
            return Err(no_office(&data));
        }
        crate::bulletin::media::clear(&data)?;
        let db = Arc::new(Db::open(&data.database())?);
        let keys = read_keys(&data)?;
        let objects = Arc::new(Objects::at(data.public()));
        let township = db.read(|c| read_township(c, &data))?;
        let publisher =
            Publisher::open(Arc::clone(&db), data.clone(), keys, Arc::clone(&objects), crash)?;
        let vkey = publisher.vkey();
        let (uploads, lookout) = (Uploads::default(), Lookout::default());
        let pages = PageCache::default();
        let rulebook = LiveRulebook::open(&data)?;
        let wechat = WeChat::open(&data)?;
        let witnesses = witnesses::load(&data)?;
        let public_url = public_url.trim_end_matches('/').to_owned();
        Ok(Self {
            db,
            data,
            public_url,
            vkey,
            township,
            publisher,
            objects,
            uploads,
            lookout,
            pages,
            rulebook,
            limits: Limits::default(),
            metrics: Metrics::default(),
            rates: Rates::default(),
            wechat,
            witnesses,
            grown: Notify::new(),
            _lock: lock,
        })
    }

    /// Publishes what `choose` picks and lets the pages follow. Blocks; see
    /// [`Publisher::append`].
    ///
    /// # Errors
    /// As [`Publisher::append`].
    pub fn append<F>(&self, choose: F) -> Result<Vec<Published>>
    where
        F: FnOnce(&Connection, &Keys) -> Result<Vec<NewEntry>> + Send + 'static,
    {
        let published = self.publisher.append(choose);
        self.pages.drop_all();
        self.grown.notify_one();
        published
    }

    /// Serves the head with witnesses' lines under it, if it still is the head, and lets the pages follow. Blocks.
    ///
    /// # Errors
    /// As [`Publisher::cosigned`].
    pub fn cosigned(&self, checkpoint: &str, lines: &[String]) -> Result<()> {
        let served = self.publisher.cosigned(checkpoint, lines);
        self.pages.drop_all();
        served
    }
}

fn no_office(data: &DataDir) -> Error {
    let path = data.path().display();
    Error::refused("no-data", format!("{path} 还没有初始化：请先运行 mingbai-server init"))
}

fn read_township(c: &Connection, data: &DataDir) -> Result<String> {
    let row = c.query_row("SELECT township FROM log WHERE size > 0", [], |row| row.get(0));
    row.map_err(|error| match error {
        rusqlite::Error::QueryReturnedNoRows => no_office(data),
        other => other.into(),
    })
}

/// Reads both private keys.
pub(crate) fn read_keys(data: &DataDir) -> Result<Keys> {
    let read = |path: std::path::PathBuf| -> Result<SigningKey> {
        let text = fs::read_to_string(&path).map_err(Error::file(&path))?;
        text.parse().map_err(|e| Error::Corrupt(format!("密钥 {}：{e}", path.display())))
    };
    Ok(Keys { log: read(data.log_key())?, office: read(data.office_key())? })
}
