//! Asking for a passphrase: from a file for scripts, else on the terminal without showing it.

use crate::cli::Archive;
use crate::error::{Error, Result};
use crate::say;
use age::secrecy::SecretString;
use std::io;

/// The passphrase of a backup that exists.
///
/// # Errors
/// [`Error::Disk`], [`Error::Terminal`].
pub fn asked(archive: &Archive) -> Result<SecretString> {
    match &archive.passphrase_file {
        Some(file) => {
            let text = std::fs::read_to_string(file).map_err(Error::disk(file))?;
            Ok(text.trim_end_matches(['\r', '\n']).to_owned().into())
        }
        None => typed(&say!("备份的口令：")),
    }
}

/// The passphrase of a new backup: typed twice, so that a slip does not lock the person out.
///
/// # Errors
/// [`Error::Disk`], [`Error::Terminal`].
pub fn asked_twice(archive: &Archive) -> Result<SecretString> {
    use age::secrecy::ExposeSecret;
    let first = asked(archive)?;
    if archive.passphrase_file.is_none() {
        let second = typed(&say!("再输入一次："))?;
        if first.expose_secret() != second.expose_secret() {
            return Err(Error::Terminal(io::Error::other(say!("两次输入的口令不一样"))));
        }
    }
    Ok(first)
}

fn typed(prompt: &str) -> Result<SecretString> {
    rpassword::prompt_password(prompt).map(SecretString::from).map_err(Error::Terminal)
}
