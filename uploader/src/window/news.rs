//! What the threads beside the window tell it.

use super::eyes::Sight;
use crate::camera;
use crate::inbox::Arrival;
use age::secrecy::SecretString;
use std::collections::BTreeSet;
use std::path::PathBuf;
use tokio::sync::mpsc::UnboundedSender;

/// One thing that happened.
pub enum News {
    /// The desk is not as it was.
    Changed,
    /// How many of the papers that had chores are done, and which are not.
    Working { done: usize, of: usize, busy: BTreeSet<i64> },
    /// A photo was taken in before, as this item's.
    Again(i64),
    /// Something went wrong, in words for the person.
    Problem(String),
    /// Something that took a while went well, in words for the person.
    Well(String),
    /// A picture that was wished for.
    Sight(Sight),
    /// The person chose photos, or dropped them on the window.
    Photos(Vec<PathBuf>),
    /// The office did not take this item, and why.
    Refused(i64, String),
    /// Sending came to its end; why the line was cut, if it was.
    Sent(Option<String>),
    /// The phone.
    Phone(camera::Event),
    /// The watched folder.
    Folder(Arrival),
    /// Where a backup shall go, and its passphrase.
    BackupTo(PathBuf, SecretString),
    /// Which backup shall be put back, and its passphrase.
    RestoreFrom(PathBuf, SecretString),
    /// The desk was made or put back, or why it was not.
    Founded(Result<(), String>),
    /// What was chosen in a dialog will not come: it was closed.
    Nothing,
}

/// Where threads tell their news.
#[derive(Clone)]
pub struct Tell(pub UnboundedSender<News>);

impl Tell {
    /// Tells it, unless the window is gone.
    pub fn news(&self, news: News) {
        let _ = self.0.send(news);
    }
}
