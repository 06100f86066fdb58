//! The kiosk's own key: made on this machine at its first start, never sent.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use ledger::encoding::hex;
use ledger::key::SigningKey;
use ledger::kiosk::{KEY_NAME_DIGITS, KEY_NAME_START, is_kiosk_key};

use super::FleetError;
use crate::drawer::file_error;

/// The file, in the kiosk's data folder.
const FILE: &str = "kiosk.key";
/// Bytes of the longest key file.
const BYTES_MAX: u64 = 1024;

/// The kiosk's key; a new one at the first start. One that cannot be read is set aside: nobody stands by to mend it, and
/// another key can be enrolled. True if that was so.
///
/// # Errors
/// When others can read the file (the secret may be out), or the disk fails.
pub(super) fn own(data: &Path) -> Result<(SigningKey, bool), FleetError> {
    let file = data.join(FILE);
    let mut open = match File::open(&file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok((make(data, &file)?, false));
        }
        other => other.map_err(file_error(&file))?,
    };
    if open.metadata().map_err(file_error(&file))?.mode() & 0o077 != 0 {
        return Err(FleetError::OpenKey(file));
    }
    let mut bytes = Vec::new();
    Read::by_ref(&mut open).take(BYTES_MAX).read_to_end(&mut bytes).map_err(file_error(&file))?;
    let key = String::from_utf8(bytes).ok().and_then(|text| text.parse::<SigningKey>().ok());
    match key.filter(|key| is_kiosk_key(&key.verifier())) {
        Some(key) => Ok((key, false)),
        None => {
            let broken = data.join(format!("{FILE}.broken"));
            fs::rename(&file, broken).map_err(file_error(&file))?;
            Ok((make(data, &file)?, true))
        }
    }
}

fn make(data: &Path, file: &Path) -> Result<SigningKey, FleetError> {
    let (mut seed, mut name) = ([0; 32], [0; KEY_NAME_DIGITS / 2]);
    getrandom::fill(&mut seed).and_then(|()| getrandom::fill(&mut name))?;
    let name = format!("{KEY_NAME_START}{}", hex(&name));
    let key = SigningKey::from_seed(&name, seed).map_err(|_| FleetError::Name)?;
    // Under its name only when it is whole: a power cut leaves a key or none.
    let beside = data.join(format!("{FILE}.new"));
    let written = || {
        let mut out =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
        out.write_all((key.to_secret_text() + "\n").as_bytes())?;
        out.sync_all()?;
        fs::rename(&beside, file)?;
        File::open(data)?.sync_all()
    };
    written().map_err(file_error(file))?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_key_is_made_once_and_only_its_owner_reads_it() {
        let dir = tempfile::tempdir().unwrap();
        let own = |replaced| {
            let (key, anew) = own(dir.path()).unwrap();
            assert_eq!(anew, replaced);
            key.verifier()
        };
        let key = own(false);
        assert!(is_kiosk_key(&key), "{key}");
        assert_eq!(own(false), key);
        let file = dir.path().join(FILE);
        assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o600);

        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(super::own(dir.path()), Err(FleetError::OpenKey(_))));
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        for spoiled in ["", "rubbish", "PRIVATE+KEY+341181107201/accountant+00000000+AAAA"] {
            fs::write(&file, spoiled).unwrap();
            let other = own(true);
            assert_ne!(other, key, "a new one, to be enrolled anew");
            assert_eq!(fs::read_to_string(dir.path().join("kiosk.key.broken")).unwrap(), spoiled);
            assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o600);
        }
    }
}
