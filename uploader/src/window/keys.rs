//! The pages of the first start and of the key: making the desk, keeping it safe, putting it back.

use super::line::beside;
use super::news::News;
use super::room::Room;
use crate::backup;
use crate::camera::qr;
use crate::cli;
use crate::desk::{self, Desk};
use crate::draft::line;
use crate::error::Result;
use crate::say;
use age::secrecy::SecretString;
use ledger::key::VerifierKey;
use mingbai_uploader_ui::Page;
use qrcodegen::QrCode;
use rfd::AsyncFileDialog;
use slint::{Image, Rgb8Pixel, SharedPixelBuffer};
use std::io;
use std::path::PathBuf;

/// Light modules round a code (ISO/IEC 18004).
const QUIET: i32 = 4;

/// A code, one pixel a module, with its quiet zone.
pub fn draw(code: &QrCode) -> Image {
    let side = code.size() + 2 * QUIET;
    let places = (0..side).flat_map(|y| (0..side).map(move |x| (x - QUIET, y - QUIET)));
    let tones: Vec<u8> =
        places.flat_map(|(x, y)| [if code.get_module(x, y) { 0 } else { 255 }; 3]).collect();
    let side = side.unsigned_abs();
    Image::from_rgb8(SharedPixelBuffer::<Rgb8Pixel>::clone_from_slice(&tones, side, side))
}

impl Room {
    pub fn show_keys(&mut self) -> Result<()> {
        let mut text = Vec::new();
        self.desk()?.enrol(true, &mut text)?;
        let server = self.desk()?.outbox.setting("server")?;
        let text = String::from_utf8_lossy(&text).trim().to_owned();
        self.with_api(|api| {
            api.set_server(server.into());
            if api.get_enrolment() != text.as_str() {
                api.set_enrolment_qr(qr::code(&text).map(|code| draw(&code)).unwrap_or_default());
                api.set_enrolment(text.into());
            }
        });
        Ok(())
    }

    /// The office's server has another address from now on.
    pub fn set_server(&mut self, typed: &str) -> Result<()> {
        let (server, log) = match address(typed) {
            Ok(address) => address,
            Err(why) => {
                self.problem(&why);
                return Ok(());
            }
        };
        let outbox = &mut self.desk()?.outbox;
        outbox.set("server", &server)?;
        if let Some(log) = log {
            outbox.set("log", &log.to_string())?;
        }
        self.say(&say!("以后发到 {server}", server = server));
        Ok(())
    }

    /// Makes the key and the desk. The office gives its address, and behind a `#` the key of its public log.
    pub fn enrol(&mut self, village: &str, name: &str, post: &str, server: &str) -> Result<()> {
        let init = match asked(village, name, post, server) {
            Ok(init) => init,
            Err(why) => {
                self.problem(&why);
                return Ok(());
            }
        };
        let (folder, tell) = (self.given.folder.clone(), self.tell.clone());
        self.busy_with(true);
        beside("key", move || {
            let made = make(&folder, init).map_err(|why| why.to_string());
            tell.news(News::Founded(made));
        })
    }

    /// The desk was made or put back.
    pub fn founded(&mut self, done: std::result::Result<(), String>) -> Result<()> {
        self.busy_with(false);
        match done {
            Ok(()) => {
                self.enter()?;
                self.page = Page::Setup;
                self.watch_folder()
            }
            Err(why) => {
                self.problem(&why);
                Ok(())
            }
        }
    }

    /// Asks where the backup shall go.
    pub fn backup(&mut self, passphrase: &str) -> Result<()> {
        let today = jiff::Zoned::now().strftime("%Y-%m-%d");
        let dialog = AsyncFileDialog::new()
            .set_title(say!("备份到优盘"))
            .set_file_name(say!("明白备份-{day}.age", day = today));
        let passphrase = SecretString::from(passphrase.to_owned());
        self.busy_with(true);
        self.ask_for(async move {
            let file = dialog.save_file().await;
            file.map(|file| News::BackupTo(file.path().into(), passphrase))
        })
    }

    pub fn backup_to(&mut self, file: PathBuf, passphrase: SecretString) -> Result<()> {
        let (folder, tell) = (self.desk()?.folder().to_path_buf(), self.tell.clone());
        self.busy_with(true);
        beside("backup", move || {
            let made = Desk::open(&folder).and_then(|desk| backup::save(&desk, &file, passphrase));
            tell.news(match made {
                Ok(()) => News::Well(say!("已备份到 {file}", file = file.display())),
                Err(why) => News::Problem(why.to_string()),
            });
            tell.news(News::Nothing);
        })
    }

    /// Asks which backup shall be put back.
    pub fn restore(&mut self, passphrase: &str) -> Result<()> {
        let dialog =
            AsyncFileDialog::new().set_title(say!("选备份文件")).add_filter(say!("备份"), &["age"]);
        let passphrase = SecretString::from(passphrase.to_owned());
        self.busy_with(true);
        self.ask_for(async move {
            let file = dialog.pick_file().await;
            file.map(|file| News::RestoreFrom(file.path().into(), passphrase))
        })
    }

    pub fn restore_from(&mut self, file: PathBuf, passphrase: SecretString) -> Result<()> {
        let (folder, tell) = (self.given.folder.clone(), self.tell.clone());
        self.busy_with(true);
        beside("backup", move || {
            let done = backup::put_back(&file, &folder, passphrase);
            tell.news(News::Founded(done.map_err(|why| why.to_string())));
        })
    }

    /// Whether the key or a backup is worked at.
    pub fn busy_with(&self, busy: bool) {
        self.with_api(|api| api.set_busy(busy));
    }
}

/// What the form of the first start says.
fn asked(
    village: &str,
    name: &str,
    post: &str,
    server: &str,
) -> std::result::Result<(cli::Init, Option<VerifierKey>), String> {
    let (server, log) = address(server)?;
    let init = cli::Init {
        village: village.parse().map_err(|_| say!("村代码是 12 位数字"))?,
        name: line::<40>(name)?,
        post: line::<40>(post)?,
        server: Some(server),
        json: false,
    };
    Ok((init, log))
}

/// The office's address, and behind a `#` the key of its public log.
fn address(typed: &str) -> std::result::Result<(String, Option<VerifierKey>), String> {
    let (server, key) = match typed.trim().split_once('#') {
        Some((server, key)) => (server, Some(key)),
        None => (typed.trim(), None),
    };
    if !server.starts_with("http://") && !server.starts_with("https://") {
        return Err(say!("地址写得不对，要像 https://mingbai.example 这样"));
    }
    let key = key.map(|key| key.parse().map_err(|_| say!("地址后面的公钥没有抄完整")));
    Ok((server.into(), key.transpose()?))
}

fn make(folder: &std::path::Path, (init, log): (cli::Init, Option<VerifierKey>)) -> Result<()> {
    desk::init(folder, &init, &mut io::sink())?;
    if let Some(log) = log {
        Desk::open(folder)?.outbox.set("log", &log.to_string())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use ledger::key::SigningKey;

    #[test]
    fn the_offices_address_may_carry_the_key_of_its_log() {
        let key = SigningKey::from_seed("mingbai.example/log", [7; 32]).unwrap().verifier();
        let ask = |server: &str| asked("341181107201", "王会计", "报账员", server);
        let (init, log) = ask(&format!("https://mingbai.example#{key}")).unwrap();
        assert_eq!(init.server.as_deref(), Some("https://mingbai.example"));
        assert_eq!(log, Some(key));
        assert_eq!(ask(" http://10.0.0.1:8080 ").unwrap().1, None);
        assert!(ask("https://mingbai.example#half").is_err());
        assert!(ask("mingbai.example").is_err());
        assert!(asked("34118110720", "王会计", "报账员", "https://a").is_err());
    }
}
