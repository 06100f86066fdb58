//! The command line: every option also as an environment variable.

use crate::draft::Flags;
use crate::words::Language;
use clap::{Args, Parser, Subcommand};
use ledger::key::VerifierKey;
use ledger::place::Village;
use ledger::statement::Source;
use ledger::time::Period;
use std::path::PathBuf;

/// 明白·村报账员：拍照、识读、填写、签名、报送 / the village accountant: photograph, read, fill in, sign, send
#[derive(Debug, Parser)]
#[command(name = "mingbai-uploader", version, max_term_width = 100)]
pub struct Cli {
    /// 数据目录 / where key and outbox lie [default: ~/.local/share/mingbai-uploader]
    #[arg(long, env = "MINGBAI_DATA", global = true, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// 显示语言 / language of what is printed
    #[arg(long, env = "MINGBAI_LANG", global = true, value_enum, default_value = "zh")]
    pub lang: Language,
    /// 练习：另一套资料，永不发送 / practice: papers of their own, which are never sent
    #[arg(long, env = "MINGBAI_PRACTICE", global = true)]
    pub practice: bool,
    /// 文字识别模型所在的目录 / folder of the models that read printed words [default: beside the program]
    #[arg(long, env = "MINGBAI_MODELS", global = true, value_name = "DIR")]
    pub models: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// 生成钥匙和发件箱，显示登记文字 / make key and outbox; prints the text that enrols the key
    Init(Init),
    /// 再次显示登记文字 / print the enrolment text again
    Enrol(Json),
    /// 加入票据照片，识读发票二维码 / take in photos of receipts
    Add(Add),
    /// 修改未签名的票据 / change a draft's fields
    Edit(Edit),
    /// 删除未发送的票据（可恢复）/ take out what was not sent; can be undone
    Remove(One),
    /// 恢复已删除的票据 / undo a removal
    Restore(One),
    /// 撤销上一步（签名之前的每一步都可以）/ undo the last step, back to the last signing
    Undo,
    /// 把已退回的票据重做成新草稿 / make a new draft of a returned item
    Revise(One),
    /// 更正已公布的票据：照原样开一张草稿，签名发送后公布更正 / correct a published receipt by a new draft like it
    Correct(Correct),
    /// 把一张票据的照片并入另一张 / put a draft's photos into another draft
    Join(Join),
    /// 把一页拆成单独的票据 / make a draft of its own of one page
    Split(Split),
    /// 声明某月没有票据 / state that a month had no receipts
    Nothing(Nothing),
    /// 列出票据 / list the items
    List(List),
    /// 签名 / sign
    Sign(Sign),
    /// 发送已签名的票据，断线可续传 / send what is signed; goes on where a cut line stopped
    Push(Ask),
    /// 询问乡镇办公室的处理结果 / ask what the office said
    Status(Ask),
    /// 把钥匙和全部资料备份成一个加密文件 / key and papers into one encrypted file
    Backup(Archive),
    /// 在新电脑上从备份恢复 / put a backup back, on a new computer
    Recover(Archive),
    /// 办公室要原件时：把原始照片加密给办公室 / the original photos, sealed for the office
    Seal(Seal),
    /// 取回已公布的票据（逐条验证），签名前查重 / follow the public log, verified, to find what was published before
    Follow(Follow),
    /// 用手机拍照：扫码打开，拍一张收一张 / the phone as camera
    Camera(Camera),
    /// 自动加入文件夹里的新照片 / take in what comes into a folder
    Watch(Watch),
    /// 打开窗口：目录、填写、签名、发送 / the window
    Window(Window),
    /// 只识读照片，不保存 / what the machine reads on photos; nothing is kept
    Read(Read),
}

/// Options of `init`.
#[derive(Debug, Args)]
pub struct Init {
    /// 村的 12 位统计用区划代码 / the village's 12-digit code
    #[arg(long, env = "MINGBAI_VILLAGE", value_name = "CODE")]
    pub village: Village,
    /// 报账员姓名 / the accountant's name
    #[arg(long, env = "MINGBAI_NAME", value_name = "姓名", value_parser = crate::draft::line::<40>)]
    pub name: String,
    /// 岗位 / post
    #[arg(long, env = "MINGBAI_POST", value_name = "岗位", default_value = "报账员",
          value_parser = crate::draft::line::<40>)]
    pub post: String,
    /// 乡镇服务器地址 / the township's server
    #[arg(long, env = "MINGBAI_SERVER", value_name = "URL")]
    pub server: Option<String>,
    /// 输出 JSON / print JSON
    #[arg(long, env = "MINGBAI_JSON")]
    pub json: bool,
}

/// Only `--json`.
#[derive(Debug, Args)]
pub struct Json {
    /// 输出 JSON / print JSON
    #[arg(long, env = "MINGBAI_JSON")]
    pub json: bool,
}

/// Options of `add`.
#[derive(Debug, Args)]
pub struct Add {
    /// 照片：一张照片一张票据 / photos, each a receipt
    #[arg(required = true, value_name = "PHOTO")]
    pub photos: Vec<PathBuf>,
    /// 这些照片是同一张票据的几页 / the photos are pages of one receipt
    #[arg(long, env = "MINGBAI_TOGETHER")]
    pub together: bool,
    /// 不识读印刷文字（每张约 3 秒）/ leave printed words out: they take some 3 seconds a photo
    #[arg(long, env = "MINGBAI_NO_TEXT")]
    pub no_text: bool,
    /// The fields.
    #[command(flatten)]
    pub flags: Flags,
    /// 每张票据输出一行 JSON，不提问 / one JSON line a receipt; asks nothing
    #[arg(long, env = "MINGBAI_JSON")]
    pub json: bool,
}

/// Options of `edit`.
#[derive(Debug, Args)]
pub struct Edit {
    /// 编号 / its number
    pub id: i64,
    /// The fields.
    #[command(flatten)]
    pub mended: Mended,
}

/// Options of `correct`.
#[derive(Debug, Args)]
pub struct Correct {
    /// 已公布的票据的编号 / the published one's number
    pub id: i64,
    /// What it says instead, and where the error came from.
    #[command(flatten)]
    pub mended: Mended,
}

/// What is changed in a draft.
#[derive(Debug, Args)]
pub struct Mended {
    /// 更正：错在哪里 format、original 或 attribute / of a correction: where the error came from
    #[arg(long, env = "MINGBAI_SOURCE", value_parser = crate::openness::source)]
    pub source: Option<Source>,
    /// The fields.
    #[command(flatten)]
    pub flags: Flags,
}

/// One item.
#[derive(Debug, Args)]
pub struct One {
    /// 编号 / its number
    pub id: i64,
}

/// Options of `join`.
#[derive(Debug, Args)]
pub struct Join {
    /// 照片现在的编号；并入后它就没有了 / the one that gives its photos, and goes
    pub from: i64,
    /// 并入的编号 / the one that gets them
    pub into: i64,
    /// 换掉这一页，从 1 数起（不写就加在后面）/ in place of this page, from 1, instead of behind the last
    #[arg(long, env = "MINGBAI_REPLACE", value_name = "PAGE")]
    pub replace: Option<usize>,
}

/// Options of `split`.
#[derive(Debug, Args)]
pub struct Split {
    /// 编号 / its number
    pub id: i64,
    /// 页，从 1 数起 / the page, from 1
    pub page: usize,
}

/// Options of `nothing`.
#[derive(Debug, Args)]
pub struct Nothing {
    /// 月份 / the month
    #[arg(long, env = "MINGBAI_PERIOD", value_name = "YYYY-MM")]
    pub period: Period,
}

/// Options of `list`.
#[derive(Debug, Args)]
pub struct List {
    /// 也列出已删除和重做过的 / removed and revised ones too
    #[arg(long, env = "MINGBAI_ALL")]
    pub all: bool,
    /// 每项输出一行 JSON / one JSON line an item
    #[arg(long, env = "MINGBAI_JSON")]
    pub json: bool,
}

/// Options of `sign`.
#[derive(Debug, Args)]
pub struct Sign {
    /// 编号 / numbers
    #[arg(value_name = "ID", required_unless_present = "all", conflicts_with = "all")]
    pub ids: Vec<i64>,
    /// 全部未签名的 / all drafts
    #[arg(long, env = "MINGBAI_ALL")]
    pub all: bool,
    /// 已看过提醒，照样签 / sign in spite of what should be looked at
    #[arg(long, env = "MINGBAI_ANYWAY")]
    pub anyway: bool,
}

/// Options of `push` and `status`.
#[derive(Debug, Args)]
pub struct Ask {
    /// 乡镇服务器地址 / the township's server
    #[arg(long, env = "MINGBAI_SERVER", value_name = "URL")]
    pub server: Option<String>,
    /// 每项输出一行 JSON / one JSON line an item
    #[arg(long, env = "MINGBAI_JSON")]
    pub json: bool,
}

/// Options of `backup` and `recover`.
#[derive(Debug, Args)]
pub struct Archive {
    /// 备份文件 / the backup
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// 口令所在的文件（不写就在终端输入）/ file that holds the passphrase; asked for if not given
    #[arg(long, env = "MINGBAI_PASSPHRASE_FILE", value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
}

/// Options of `seal`.
#[derive(Debug, Args)]
pub struct Seal {
    /// 编号 / its number
    pub id: i64,
    /// 办公室的加密公钥 / the office's public key
    #[arg(long, env = "MINGBAI_SEAL_TO", value_name = "age1…")]
    pub to: String,
    /// 写到这个文件 / the file to write
    #[arg(long, env = "MINGBAI_SEAL_OUT", value_name = "FILE")]
    pub out: PathBuf,
}

/// Options of `camera`.
#[derive(Debug, Args)]
pub struct Camera {
    /// Where it listens.
    #[command(flatten)]
    pub listen: crate::camera::Listen,
    /// 同时看着这个文件夹 / watch this folder too
    #[arg(long, env = "MINGBAI_WATCH", value_name = "DIR")]
    pub watch: Option<PathBuf>,
    /// 每件事输出一行 JSON / one JSON line for all that happens
    #[arg(long, env = "MINGBAI_JSON")]
    pub json: bool,
}

/// Options of `watch`.
#[derive(Debug, Args)]
pub struct Watch {
    /// 文件夹，例如扫描仪的 / the folder, such as a scanner's
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// 每件事输出一行 JSON / one JSON line for all that happens
    #[arg(long, env = "MINGBAI_JSON")]
    pub json: bool,
}

/// Options of `window`.
#[derive(Debug, Args)]
pub struct Window {
    /// 窗口大小 / the window's size [default: 1280x680]
    #[arg(long, env = "MINGBAI_SIZE", value_name = "WxH", value_parser = size)]
    pub size: Option<(u32, u32)>,
    /// 同时看着这个文件夹 / watch this folder too
    #[arg(long, env = "MINGBAI_WATCH", value_name = "DIR")]
    pub watch: Option<PathBuf>,
    /// 乡镇服务器地址 / the township's server
    #[arg(long, env = "MINGBAI_SERVER", value_name = "URL")]
    pub server: Option<String>,
    /// Where the phone is listened for.
    #[command(flatten)]
    pub listen: crate::camera::Listen,
}

fn size(text: &str) -> std::result::Result<(u32, u32), String> {
    let side = |text: &str| text.parse().ok().filter(|side| (200..=8192).contains(side));
    let size = text.split_once('x').and_then(|(w, h)| Some((side(w)?, side(h)?)));
    size.ok_or_else(|| "1366x768：200–8192".to_owned())
}

/// Options of `follow`.
#[derive(Debug, Args)]
pub struct Follow {
    /// 乡镇服务器地址 / the township's server
    #[arg(long, env = "MINGBAI_SERVER", value_name = "URL")]
    pub server: Option<String>,
    /// 登记册的公钥，由办公室当面给；记住以后不用再写 / the log's key, from the office's own hands; remembered
    #[arg(long, env = "MINGBAI_VKEY", value_name = "KEY")]
    pub vkey: Option<VerifierKey>,
}

/// Options of `read`.
#[derive(Debug, Args)]
pub struct Read {
    /// 照片 / photos
    #[arg(required = true, value_name = "PHOTO")]
    pub photos: Vec<PathBuf>,
    /// 也识读印刷文字（每张约 3 秒）/ printed words too: some 3 seconds a photo
    #[arg(long, env = "MINGBAI_TEXT")]
    pub text: bool,
    /// 每张照片输出一行 JSON / one JSON line a photo
    #[arg(long, env = "MINGBAI_JSON")]
    pub json: bool,
}
