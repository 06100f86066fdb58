//! What is published in the township's log, followed and verified, to find papers that were published before.
//! `line` asks the public read surface, `follow` decides what is true, `store` keeps what finding duplicates needs.

mod follow;
mod line;
mod store;

use crate::likeness::Paper;
use crate::say;
use ledger::hash::Hash;
use ledger::place::Village;
use ledger::time::Period;
use std::fmt;

pub use follow::follow;
pub use store::Published;

/// A receipt of the log that is published now, neither corrected nor withdrawn.
#[derive(Debug, Clone, PartialEq)]
pub struct PublishedPaper {
    /// Its index in the log.
    pub index: u64,
    /// The index of the receipt that this is, or is a newer version of.
    pub record: u64,
    /// SHA-256 of the statement's text: the submission's id, if it was sent from here.
    pub statement: Hash,
    /// Whose receipt it is.
    pub village: Village,
    /// In which month's accounts.
    pub period: Period,
    /// What it is compared by.
    pub paper: Paper,
}

/// What following did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Entries of the verified log.
    pub size: u64,
    /// Those that are new.
    pub entries: u64,
    /// Receipts whose details are new here.
    pub papers: u64,
    /// Receipts whose details the server does not have (yet).
    pub waiting: u64,
    /// Small pictures of the own village that were looked at.
    pub looks: u64,
}

/// Why following did not end well. What was kept before stays good, and the next time goes on from it.
#[derive(Debug)]
pub enum FollowError {
    /// `published.db`.
    Database(rusqlite::Error),
    /// `published.db` was written by a newer program, or is something else.
    Schema(rusqlite_migration::Error),
    /// A record in `published.db` that does not read.
    Record(&'static str),
    /// Another key was trusted here before.
    OtherKey,
    /// No answer; the path and what the network said.
    Unreachable(String, String),
    /// A status that is no answer; the path and the status.
    Status(String, u16),
    /// More bytes than any right answer has; the path.
    TooLarge(String),
    /// The head is not signed by the log's key.
    BadSignature,
    /// The log goes back: entries held, entries offered.
    Rollback(u64, u64),
    /// Two signed histories; both heads are the evidence.
    Fork {
        /// The head that is held.
        held: String,
        /// The head that was offered.
        offered: String,
    },
    /// Bytes that are not those committed to; the path.
    BadHash(String),
    /// Another program followed the log meanwhile.
    Overtaken,
}

/// The result of following and of looking things up.
pub type Result<T> = std::result::Result<T, FollowError>;

impl fmt::Display for FollowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&match self {
            FollowError::Database(why) => say!("公布记录的数据库出错：{why}", why = why),
            FollowError::Schema(why) => say!("公布记录的版本不对：{why}", why = why),
            FollowError::Record(what) => say!("公布记录里有读不懂的内容：{what}", what = what),
            FollowError::OtherKey => say!("乡镇账本的公钥和本机信任的不同，没有采用"),
            FollowError::Unreachable(path, why) => {
                say!("连不上乡镇服务器（{path}：{why}）", path = path, why = why)
            }
            FollowError::Status(path, status) => {
                say!("乡镇服务器答了 {status}（{path}）", path = path, status = status)
            }
            FollowError::TooLarge(path) => {
                say!("乡镇服务器发来的太大（{path}）", path = path)
            }
            FollowError::BadSignature => say!("乡镇账本的签名不对，没有采用"),
            FollowError::Rollback(held, offered) => say!(
                "乡镇账本倒退了：本机已核到 {held} 条，它只有 {offered} 条，没有采用",
                held = held,
                offered = offered
            ),
            FollowError::Fork { .. } => say!("乡镇账本改了历史，没有采用；请报告县里"),
            FollowError::BadHash(path) => {
                say!("乡镇服务器发来的数据被改过或坏了，没有采用：{path}", path = path)
            }
            FollowError::Overtaken => say!("另一个程序刚刚核对过账本，请再试一次"),
        })
    }
}

impl std::error::Error for FollowError {}

impl From<rusqlite::Error> for FollowError {
    fn from(why: rusqlite::Error) -> Self {
        FollowError::Database(why)
    }
}

#[cfg(test)]
mod tests;
