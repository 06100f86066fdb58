//! `backup`, `backup-key`, `restore`, `unlock`: keeping the office safe, and bringing it back.

use std::io::{BufRead, BufReader, IsTerminal, Read};
use std::path::{Path, PathBuf};

use age::secrecy::SecretString;
use clap::{Args, Subcommand};
use ledger::checkpoint::CHECKPOINT_BYTES_MAX;

use super::Data;
use crate::backup::{self, Lock, Opener, Progress};
use crate::data::DataDir;
use crate::db;
use crate::error::{Error, Result};
use crate::people::Actor;
use crate::{publish, seen};

/// Bytes of the longest line that holds a passphrase or a confirmation.
const LINE_BYTES_MAX: u64 = 1024;
/// What has to be typed where nobody can be asked.
const CONFIRMATION: &str = "我确认没有任何地方持有更新的账本";

#[derive(Subcommand)]
pub(super) enum Keeping {
    /// 备份：把整个办公室写进一个加密文件；服务器可以在运行
    Backup {
        #[command(flatten)]
        data: Data,
        #[command(flatten)]
        lock: LockArgs,
        /// 写到哪个文件；不会覆盖
        #[arg(long, value_name = "FILE", env = "MINGBAI_OUT")]
        out: PathBuf,
    },
    /// 生成备份用的密钥文件，打印公钥；密钥文件要存到别处
    BackupKey {
        /// 写到哪个文件；不会覆盖
        #[arg(long, value_name = "FILE", env = "MINGBAI_OUT")]
        out: PathBuf,
    },
    /// 从备份恢复到一个空目录；恢复后只能查看，核对后用 unlock 解除
    Restore {
        /// 备份文件
        #[arg(long = "in", value_name = "FILE", env = "MINGBAI_IN")]
        file: PathBuf,
        #[command(flatten)]
        opener: OpenerArgs,
        /// 恢复到哪个目录：空的，或还没有
        #[arg(long = "data", value_name = "NEWDIR", env = "MINGBAI_DATA")]
        into: PathBuf,
    },
    /// 解除恢复后的只读：先核对别处（大屏、镜像、见证方）持有的检查点
    Unlock {
        #[command(flatten)]
        data: Data,
        /// 别处的检查点文件，或大屏、镜像的数据目录；可给多个
        #[arg(
            long,
            value_name = "FILE",
            env = "MINGBAI_CHECKPOINT",
            value_delimiter = ',',
            num_args = 1..,
            required_unless_present = "none_newer"
        )]
        checkpoint: Vec<PathBuf>,
        // Not from the environment: somebody has to mean it now.
        /// 没有任何地方可以核对：需输入一句确认，记入办理记录
        #[arg(long, conflicts_with = "checkpoint")]
        none_newer: bool,
    },
}

#[derive(Args)]
#[group(required = true, multiple = false)]
pub(super) struct LockArgs {
    /// 谁能打开：backup-key 打印的公钥（age1…），可给多个
    #[arg(long, value_name = "age1…", env = "MINGBAI_BACKUP_TO", value_delimiter = ',')]
    to: Vec<String>,
    /// 不用密钥，用口令：口令文件的第一行
    #[arg(long, value_name = "FILE", env = "MINGBAI_PASSPHRASE_FILE")]
    passphrase_file: Option<PathBuf>,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
pub(super) struct OpenerArgs {
    /// 备份密钥文件：backup-key 生成的
    #[arg(long, value_name = "FILE", env = "MINGBAI_IDENTITY")]
    identity: Option<PathBuf>,
    /// 口令文件：第一行是口令
    #[arg(long, value_name = "FILE", env = "MINGBAI_PASSPHRASE_FILE")]
    passphrase_file: Option<PathBuf>,
}

pub(super) fn run(command: Keeping) -> Result<()> {
    // For whoever waits in front of it; from a timer only what went wrong is to be mailed.
    let waits = std::io::stderr().is_terminal();
    let mut say = |text: &str| {
        if waits {
            eprintln!("{text}");
        }
    };
    let mut progress = Progress::to(&mut say);
    match command {
        Keeping::Backup { data, lock, out } => {
            let lock = match lock.passphrase_file {
                Some(file) => Lock::of_passphrase(passphrase(&file)?)?,
                None => Lock::of_keys(&lock.to)?,
            };
            let kept = backup::save(&data.at(), &lock, &out, &mut progress)?;
            let name = out.display();
            println!("已备份并读回核对：{name}，{} 条，{} 个文件", kept.entries, kept.files);
        }
        Keeping::BackupKey { out } => println!("{}", backup::make_key(&out)?),
        Keeping::Restore { file, opener, into } => {
            let opener = match (opener.identity, opener.passphrase_file) {
                (Some(identity), _) => Opener::of_file(&identity)?,
                (None, Some(file)) => Opener::Passphrase(passphrase(&file)?),
                (None, None) => return Err(Error::refused("missing-option", "缺少 --identity")),
            };
            let kept = backup::restore(&file, &opener, &DataDir::at(&into), &mut progress)?;
            let at = into.display();
            println!("已恢复并核对无误：{at}，{} 条，{} 个文件", kept.entries, kept.files);
            println!("现在只能查看。核对别处的检查点后，用 mingbai-server unlock 解除");
        }
        Keeping::Unlock { data, checkpoint, none_newer } => unlock(&data, &checkpoint, none_newer)?,
    }
    Ok(())
}

fn unlock(data: &Data, files: &[PathBuf], none_newer: bool) -> Result<()> {
    let app = data.open()?;
    let locked = app.db.read(seen::read_only)?.is_some();
    let (size, _) = app.db.read(publish::head)?;
    let brought = files.iter().map(|file| read_checkpoint(file)).collect::<Result<Vec<_>>>()?;
    let why = if none_newer {
        confirm(size)?;
        format!("{size} 条；无处可以核对：{CONFIRMATION}")
    } else {
        let sources: Vec<_> = brought.iter().map(|(source, _)| source.as_str()).collect();
        format!("{size} 条；已核对：{}", sources.join("、"))
    };
    app.publisher.unlock(&brought, &why, &Actor::operator())?;
    if locked {
        println!("已解除只读：{why}");
    } else {
        println!("核对无误；本来就没有锁定");
    }
    Ok(())
}

/// Asks for the sentence that somebody answers for.
fn confirm(size: u64) -> Result<()> {
    eprintln!(
        "这里的账本有 {size} 条。如果任何大屏、镜像或见证方持有更长的账本，解除后会造成两本不同的账，\
         所有大屏将永远拒绝它。\n确实无处可以核对时，请输入：{CONFIRMATION}"
    );
    let line = first_line(std::io::stdin().lock()).map_err(Error::file("stdin"))?;
    if line.trim() == CONFIRMATION {
        Ok(())
    } else {
        Err(Error::refused("not-confirmed", "输入的不是这句话，没有解除"))
    }
}

/// A checkpoint from a file, from the folder of a mirror, or from that of a kiosk; and where from.
fn read_checkpoint(path: &Path) -> Result<(String, Vec<u8>)> {
    let source = path.display().to_string();
    let kiosk = path.join("kiosk.db");
    if kiosk.is_file() {
        let head = db::open_reader(&kiosk)?;
        let note = head.query_row("SELECT checkpoint FROM head", [], |row| row.get(0));
        return match note {
            Ok(note) => Ok((source, note)),
            Err(rusqlite::Error::QueryReturnedNoRows) => {
                Err(Error::refused("bad-checkpoint", format!("{source} 还没有同步过")))
            }
            Err(error) => Err(error.into()),
        };
    }
    let places = ["public/checkpoint", "checkpoint"].map(|name| path.join(name));
    let file = places.into_iter().find(|place| place.is_file()).unwrap_or_else(|| path.to_owned());
    let mut note = Vec::new();
    let read = std::fs::File::open(&file)
        .and_then(|open| open.take(CHECKPOINT_BYTES_MAX as u64 + 1).read_to_end(&mut note));
    read.map_err(Error::file(&file))?;
    Ok((source, note))
}

fn passphrase(file: &Path) -> Result<SecretString> {
    let open = std::fs::File::open(file).map_err(Error::file(file))?;
    Ok(first_line(open).map_err(Error::file(file))?.into())
}

fn first_line(from: impl Read) -> std::io::Result<String> {
    let mut line = String::new();
    BufReader::new(from.take(LINE_BYTES_MAX)).read_line(&mut line)?;
    line.truncate(line.trim_end_matches(['\r', '\n']).len());
    Ok(line)
}
