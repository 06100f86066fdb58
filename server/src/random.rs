//! Random numbers: keys, salts, cookies, codes.

use ledger::encoding::hex;

use crate::error::{Error, Result};

/// Fresh random bytes of the operating system.
///
/// # Errors
/// When it gives none.
pub fn bytes<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| Error::Corrupt(format!("没有随机数：{error}")))?;
    Ok(bytes)
}

/// 256 random bits, in hex.
///
/// # Errors
/// As [`bytes`].
pub fn secret() -> Result<String> {
    Ok(hex(&bytes::<32>()?))
}
