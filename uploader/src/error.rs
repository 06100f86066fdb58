//! What can go wrong, each as one line that says what to do.

use crate::backup::BadBackup;
use crate::draft::Field;
use crate::item::State;
use crate::ocr::OcrError;
use crate::openness;
use crate::photo::BadPhoto;
use crate::published::FollowError;
use crate::say;
use rusqlite::ErrorCode;
use std::fmt;
use std::io;
use std::path::PathBuf;

/// The result of everything that a person asks for.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a command was refused or failed.
#[derive(Debug)]
#[allow(missing_docs, reason = "the fields are named for what they are")]
pub enum Error {
    /// A photo cannot be used.
    Photo { file: PathBuf, why: BadPhoto },
    /// Too many pages for one receipt.
    TooManyPages { most: usize },
    /// A paper and itself cannot be put together.
    SamePaper(i64),
    /// A receipt has no such page, counted from 1.
    NoPage { item: i64, page: usize },
    /// A paper's only page cannot be taken from it.
    OnlyPage(i64),
    /// `init` was not run here.
    NoDesk(PathBuf),
    /// `init` was run here before.
    KeyExists(PathBuf),
    /// The key file is not readable as a key of this village, or readable to others.
    Key { file: PathBuf, why: String },
    /// The machine gives no random numbers.
    Random(getrandom::Error),
    /// A file or folder cannot be read or written.
    Disk { file: PathBuf, why: io::Error },
    /// The outbox's database.
    Outbox(rusqlite::Error),
    /// The outbox was written by a newer program, or is no outbox.
    Schema(rusqlite_migration::Error),
    /// A record in the outbox that does not read.
    Record(String),
    /// No such item.
    NoItem(i64),
    /// An item's state does not allow what was asked.
    State { id: i64, state: State, why: String },
    /// What a flag says does not fit the paper, in words.
    Unfit(String),
    /// A draft lacks fields.
    Missing { id: i64, fields: Vec<Field> },
    /// A draft is not signed before a person has confirmed these.
    Concerns { id: i64, said: Vec<String> },
    /// A draft's field is refused by the format.
    Content { id: i64, why: ledger::content::BadContent },
    /// An image kept for an item is gone or damaged.
    Image { id: i64, file: PathBuf },
    /// A backup was not made or not put back.
    Backup { file: PathBuf, why: BadBackup },
    /// The key of whom something is to be sealed for cannot be read.
    Recipient(String),
    /// What is published cannot be followed.
    Follow(FollowError),
    /// The log's key was never given.
    NoLogKey,
    /// What is practised never leaves the machine.
    Practice,
    /// No server is known.
    NoServer,
    /// The server does not answer, or not as it should.
    Server { address: String, why: String },
    /// Some of several things failed; each was told.
    Several { failed: usize, of: usize },
    /// Printed words cannot be read.
    Text(OcrError),
    /// The phone cannot be given a page to photograph with.
    Camera(io::Error),
    /// The window cannot be shown.
    Window(slint::PlatformError),
    /// The system gives no thread.
    Thread(io::Error),
    /// The terminal.
    Terminal(io::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&match self {
            Error::Photo { file, why } => {
                say!("照片用不了：{file}：{why}", file = file.display(), why = why)
            }
            Error::NoDesk(folder) => say!(
                "这里还没有钥匙：{folder}；请先运行 mingbai-uploader init",
                folder = folder.display()
            ),
            Error::KeyExists(file) => {
                say!("已经有钥匙了，不会覆盖：{file}", file = file.display())
            }
            Error::Key { file, why } => {
                say!("钥匙用不了：{file}：{why}", file = file.display(), why = why)
            }
            Error::Random(why) => say!("系统给不出随机数：{why}", why = why),
            Error::Disk { file, why } => {
                let why = in_words(why);
                say!("读写失败：{file}：{why}", file = file.display(), why = why)
            }
            Error::Outbox(why) => outbox_in_words(why),
            Error::Schema(why) => say!("发件箱的版本不对：{why}", why = why),
            Error::Record(why) => say!("发件箱里有读不懂的记录：{why}", why = why),
            Error::NoItem(id) => say!("没有第 {id} 号", id = id),
            Error::Unfit(why) => why.clone(),
            Error::TooManyPages { .. }
            | Error::SamePaper(_)
            | Error::NoPage { .. }
            | Error::OnlyPage(_)
            | Error::State { .. }
            | Error::Missing { .. }
            | Error::Concerns { .. }
            | Error::Content { .. }
            | Error::Image { .. } => self.of_an_item(),
            Error::Backup { file, why } => {
                say!("备份 {file}：{why}", file = file.display(), why = why)
            }
            Error::Recipient(key) => say!("不是办公室的加密公钥：{key}", key = key),
            Error::Follow(why) => why.to_string(),
            Error::NoLogKey => {
                say!("还没有登记册的公钥；请向办公室当面要来，加 --vkey")
            }
            Error::Practice => say!("这是练习，不会发送任何东西"),
            Error::NoServer => {
                say!("不知道服务器地址；请加 --server URL 或设 MINGBAI_SERVER")
            }
            Error::Server { address, why } => {
                say!("服务器 {address}：{why}", address = address, why = why)
            }
            Error::Several { failed, of } => {
                say!("{of} 项中有 {failed} 项没有办成", failed = failed, of = of)
            }
            Error::Text(why) => why.to_string(),
            Error::Camera(why) => say!("手机拍照开不了：{why}", why = why),
            Error::Window(why) => say!("窗口打不开：{why}", why = why),
            Error::Thread(why) => say!("系统太忙，请关掉别的程序再试：{why}", why = why),
            Error::Terminal(why) => say!("终端读写失败：{why}", why = why),
        })
    }
}

/// What the database of the outbox says.
fn outbox_in_words(why: &rusqlite::Error) -> String {
    match why.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => say!("发件箱写不下：{why}", why = full()),
        Some(ErrorCode::SystemIoFailure) => {
            say!("发件箱读写不了：磁盘可能满了，或者坏了；请腾出空间再试")
        }
        _ => say!("发件箱数据库出错：{why}", why = why),
    }
}

/// What the system says of a file, where people meet it often; nothing that was kept is lost by any of it.
fn in_words(why: &io::Error) -> String {
    match why.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            full()
        }
        io::ErrorKind::PermissionDenied => say!("没有权限"),
        io::ErrorKind::ReadOnlyFilesystem => say!("这个盘只能读，不能写"),
        io::ErrorKind::NotFound => say!("找不到"),
        _ => why.to_string(),
    }
}

fn full() -> String {
    say!("磁盘满了，请腾出空间再试；已经收进来的都在")
}

impl Error {
    /// What is wrong with one item; nothing for other errors.
    fn of_an_item(&self) -> String {
        match self {
            Error::TooManyPages { most } => say!("一张票据最多 {most} 页", most = most),
            Error::SamePaper(id) => say!("两个都是第 {id} 号", id = id),
            Error::NoPage { item, page } => {
                say!("第 {id} 号没有第 {page} 页", id = item, page = page)
            }
            Error::OnlyPage(id) => say!("第 {id} 号只有这一页", id = id),
            Error::State { id, state, why } => {
                say!("第 {id} 号{state}：{why}", id = id, state = state.label(), why = why)
            }
            Error::Missing { id, fields } => {
                let told = say!(
                    "第 {id} 号还没填完，缺：{fields}；用 edit {id} 补上",
                    id = id,
                    fields = Field::list(fields)
                );
                match fields.contains(&Field::Ground) {
                    true => told + &say!("；") + &openness::no_ground(),
                    false => told,
                }
            }
            Error::Concerns { id, said } => say!(
                "第 {id} 号请先看：{said}；看过要签，加 --anyway",
                id = id,
                said = said.join(&say!("；"))
            ),
            Error::Content { id, why } => say!("第 {id} 号不合格式：{why}", id = id, why = why),
            Error::Image { id, file } => say!(
                "第 {id} 号的图片丢失或损坏：{file}；请重新拍照加入",
                id = id,
                file = file.display()
            ),
            _ => String::new(),
        }
    }
}

impl std::error::Error for Error {}

impl From<rusqlite::Error> for Error {
    fn from(why: rusqlite::Error) -> Self {
        Error::Outbox(why)
    }
}

impl Error {
    /// Wraps an error of reading or writing `file`.
    pub fn disk(file: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Error {
        let file = file.into();
        move |why| Error::Disk { file, why }
    }
}
