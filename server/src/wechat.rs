//! The township's WeChat Official Account: answers what people write to it, its menu and codes, sharing, notices. Without
//! `DATA/wechat.toml` there is none.

mod api;
mod asked;
mod callback;
mod codes;
mod lent;
mod menu;
mod message;
mod notice;
mod once;
mod refusal;
mod reply;
mod seal;
mod settings;
mod share;
pub mod signature;

use std::sync::Arc;

use tokio::sync::Semaphore;

use self::api::Api;
use self::once::Once;
use crate::app::App;
use crate::clock;
use crate::data::DataDir;
use crate::error::{Error, Result};
pub use callback::{Envelope, answer};
pub use notice::{Answered, notify_answered, send_due};
pub use seal::Seal;
pub use settings::Settings;
pub use share::Config;

/// Questions to WeChat that may be on their way at the same time.
const ASKING_MAX: usize = 4;

/// An open account.
pub struct WeChat {
    /// What it was told.
    pub settings: Settings,
    api: Arc<Api>,
    asking: Semaphore,
    once: Once,
}

impl WeChat {
    /// The account of a data directory, if it has one. Nothing is asked yet.
    ///
    /// # Errors
    /// `bad-wechat` when its settings are not right.
    pub fn open(data: &DataDir) -> Result<Option<Self>> {
        Ok(Settings::load(data)?.map(Self::new))
    }

    fn new(settings: Settings) -> Self {
        let api = Arc::new(Api::new(&settings));
        Self { settings, api, asking: Semaphore::new(ASKING_MAX), once: Once::default() }
    }

    /// Asks WeChat on a thread that may wait.
    async fn ask<T, F>(&self, question: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Api) -> Result<T> + Send + 'static,
    {
        let _turn = self.asking.acquire().await.map_err(|_| Error::Busy)?;
        let api = Arc::clone(&self.api);
        let asked = tokio::task::spawn_blocking(move || question(&api)).await;
        asked.unwrap_or(Err(Error::Busy))
    }

    /// What one of our pages gives to `wx.config`.
    ///
    /// # Errors
    /// `not-found` where the JS-SDK is off, `bad-url` for another site's page, or what WeChat refuses.
    pub async fn config(&self, url: &str) -> Result<Config> {
        if !self.settings.jssdk {
            return Err(absent());
        }
        let page = share::own_page(url, &self.settings.public_url)?;
        let ticket = match self.api.ticket_at_hand() {
            Some(ticket) => ticket,
            None => self.ask(Api::ticket).await?,
        };
        Config::sign(&self.settings.app_id, &ticket, &page, clock::unix_now())
    }

    /// Whether WeChat lets this machine in. Blocks.
    ///
    /// # Errors
    /// What WeChat refuses.
    pub fn knock(&self) -> Result<()> {
        self.api.token().map(drop)
    }

    /// Publishes the menu for these villages (code and name). Blocks.
    ///
    /// # Errors
    /// What WeChat refuses.
    pub fn publish_menu(&self, villages: &[(String, String)]) -> Result<()> {
        menu::publish(&self.api, &menu::menu(villages, &self.settings.public_url))
    }

    /// A village's own code, as a picture (JPEG). Blocks.
    ///
    /// # Errors
    /// What WeChat refuses.
    pub fn code(&self, village: &str) -> Result<Vec<u8>> {
        codes::fetch(&self.api, village)
    }
}

/// The office's account.
///
/// # Errors
/// `not-found` where it has none.
pub fn account(app: &App) -> Result<&WeChat> {
    app.wechat.as_ref().ok_or_else(absent)
}

fn absent() -> Error {
    Error::refused("not-found", "没有这个地址")
}
