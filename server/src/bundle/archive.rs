//! The bundle as a tar file: POSIX, not compressed, one form for one bundle. Reading is never unpacking: names are looked
//! at, nothing is written.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Read;

use ledger::hash::{Hash, sha256};
use tar::{Archive, Builder, EntryType, Header};

use super::{Bundle, ENTRIES_MAX, Entry};
use crate::error::{Error, Result};

/// Bytes of the largest bundle.
pub const BUNDLE_BYTES_MAX: usize = 256 << 20;
/// Files in a bundle: two for every entry, two for each of twelve pictures, and five more.
const FILES_MAX: usize = 2 * ENTRIES_MAX + 2 * 12 + 5;
/// When every file in it is said to be from, so that one bundle has one form: 2026-01-01, Unix seconds.
const TIME: u64 = 1_767_225_600;

/// What a person finds first.
const README: &str = include_str!("README.txt");
/// The recipe: it checks the bundle with standard programs.
const RECIPE: &str = include_str!("../../../docs/check.sh");

/// Names of the files, below the bundle's one folder.
const README_NAME: &str = "README.txt";
const RECIPE_NAME: &str = "check.sh";
const VKEY_NAME: &str = "vkey.txt";
const CONTENT_NAME: &str = "content.json";
const SUMS_NAME: &str = "SHA256SUMS";

type Files = BTreeMap<String, Vec<u8>>;

/// The bundle as the bytes of a tar file.
///
/// # Errors
/// When a file is too large for the format.
pub fn write(bundle: &Bundle) -> Result<Vec<u8>> {
    let mut files = Files::new();
    let mut put = |name: String, bytes: &[u8]| files.insert(name, bytes.to_vec());
    put(README_NAME.into(), README.as_bytes());
    put(RECIPE_NAME.into(), RECIPE.as_bytes());
    put(VKEY_NAME.into(), format!("{}\n", bundle.vkey).as_bytes());
    for (index, entry) in &bundle.entries {
        put(format!("entries/{index}/note.txt"), entry.note.as_bytes());
        put(format!("entries/{index}/proof.txt"), entry.proof.as_bytes());
    }
    if let Some(content) = &bundle.content {
        put(CONTENT_NAME.into(), content);
    }
    for (hash, image) in &bundle.images {
        put(format!("images/{hash}.jpg"), image);
    }
    let sums = sums(&files);
    files.insert(SUMS_NAME.into(), sums.into_bytes());
    pack(&folder(bundle.index), &files)
}

/// The one folder that everything in a bundle lies in.
#[must_use]
pub fn folder(index: u64) -> String {
    format!("mingbai-{index}")
}

/// As `sha256sum` writes it.
fn sums(files: &Files) -> String {
    files.iter().fold(String::new(), |mut text, (name, bytes)| {
        let _infallible = writeln!(text, "{}  {name}", sha256(bytes));
        text
    })
}

fn pack(folder: &str, files: &Files) -> Result<Vec<u8>> {
    let mut archive = Builder::new(Vec::new());
    let failed = |error: std::io::Error| Error::Corrupt(format!("核验包：{error}"));
    for (name, bytes) in files {
        let mut header = Header::new_ustar();
        header.set_path(format!("{folder}/{name}")).map_err(failed)?;
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(TIME);
        header.set_cksum();
        archive.append(&header, bytes.as_slice()).map_err(failed)?;
    }
    archive.into_inner().map_err(failed)
}

fn refused(why: impl std::fmt::Display) -> Error {
    Error::refused("bad-bundle", format!("不是完好的核验包：{why}"))
}

/// Reads a bundle. It has to be, byte for byte, what [`write`] would have written, but for the text of the two files that
/// are for people, which `SHA256SUMS` covers.
///
/// # Errors
/// `bad-bundle`.
pub fn read(bytes: &[u8]) -> Result<Bundle> {
    if bytes.len() > BUNDLE_BYTES_MAX {
        return Err(refused(format!("超过 {} MiB", BUNDLE_BYTES_MAX >> 20)));
    }
    let (folder_name, mut files) = unpack(bytes)?;
    let index = folder_name.strip_prefix("mingbai-").and_then(|digits| digits.parse().ok());
    let index = index.filter(|index| folder(*index) == folder_name);
    let index = index.ok_or_else(|| refused("文件夹的名字不对"))?;
    if pack(&folder_name, &files).map_err(refused)? != bytes {
        return Err(refused("不是照规定的样子装的，或被改动、截断过"));
    }
    let told = take(&mut files, SUMS_NAME)?;
    let changed = |name: &str| {
        let line = |hash: Hash| format!("{hash}  {name}\n");
        !told.contains(&line(sha256(&files[name])))
    };
    if told != sums(&files) {
        let which = files.keys().find(|name| changed(name)).map_or(SUMS_NAME, String::as_str);
        return Err(refused(format!("{which} 与清单不符，被改动过")));
    }
    sorted(index, files)
}

/// The one folder's name, and the files in it.
fn unpack(bytes: &[u8]) -> Result<(String, Files)> {
    let (mut folder, mut files) = (String::new(), Files::new());
    let mut archive = Archive::new(bytes);
    // Raw: a long name, a link or a sparse file is an entry like any other here, and of a kind that is refused.
    for entry in archive.entries().map_err(refused)?.raw(true) {
        let mut entry = entry.map_err(refused)?;
        let header = entry.header();
        if header.entry_type() != EntryType::Regular {
            return Err(refused("里面有不是普通文件的东西"));
        }
        let path = String::from_utf8(entry.path_bytes().into_owned()).map_err(refused)?;
        let (top, name) = path.split_once('/').ok_or_else(|| refused("里面的文件名不对"))?;
        if !files.is_empty() && folder != top {
            return Err(refused("里面的文件名不对"));
        }
        folder = top.to_owned();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).map_err(refused)?;
        if files.insert(name.to_owned(), content).is_some() || files.len() > FILES_MAX {
            return Err(refused("里面的文件太多，或有两个同名"));
        }
    }
    Ok((folder, files))
}

fn take(files: &mut Files, name: &str) -> Result<String> {
    let bytes = files.remove(name).ok_or_else(|| refused(format!("缺少 {name}")))?;
    String::from_utf8(bytes).map_err(|_| refused(format!("{name} 不是文字")))
}

/// The files by what they are. One that has no place here is refused.
fn sorted(index: u64, mut files: Files) -> Result<Bundle> {
    take(&mut files, README_NAME)?;
    take(&mut files, RECIPE_NAME)?;
    let vkey = take(&mut files, VKEY_NAME)?;
    let vkey = vkey.strip_suffix('\n').ok_or_else(|| refused("vkey.txt 不是一行"))?.to_owned();
    let content = files.remove(CONTENT_NAME);
    let mut bundle =
        Bundle { index, vkey, entries: BTreeMap::new(), content, images: BTreeMap::new() };
    while let Some(name) = files.keys().next().cloned() {
        let parts: Vec<&str> = name.split('/').collect();
        match parts.as_slice() {
            ["entries", number, "note.txt"] => {
                let index: u64 = number.parse().map_err(refused)?;
                let note = take(&mut files, &name)?;
                let proof = take(&mut files, &format!("entries/{index}/proof.txt"))?;
                bundle.entries.insert(index, Entry { note, proof });
            }
            ["images", file] => {
                let hash = file.strip_suffix(".jpg").and_then(|text| text.parse().ok());
                let hash = hash.ok_or_else(|| refused("图片的文件名不对"))?;
                bundle.images.insert(hash, files.remove(&name).unwrap_or_default());
            }
            _ => return Err(refused("里面有不认识的文件")),
        }
    }
    Ok(bundle)
}
