//! `board-sign`: what the maker of the firmware does before offices hand it on.
//!
//! ```text
//! board-sign key NAME FILE
//! board-sign image KEY BOARD VERSION IMAGE FOLDER
//! ```
//! `key` makes the maker's key, such as of `maker.example`, and prints what boards are told of it. `image` writes `BOARD.note`
//! and `BOARD.bin` into a folder: they go into `firmware/` of an office's data.

use firmware::update::{Manifest, number};
use ledger::hash::sha256;
use ledger::key::SigningKey;
use ledger::note::compose;
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::ExitCode;

const USAGE: &str = "board-sign key NAME FILE | board-sign image KEY BOARD VERSION IMAGE FOLDER";

fn main() -> ExitCode {
    let asked: Vec<String> = std::env::args().skip(1).collect();
    let asked: Vec<&str> = asked.iter().map(String::as_str).collect();
    let done = match asked.as_slice() {
        ["key", name, file] => make_key(name, Path::new(file)),
        ["image", key, board, version, image, folder] => {
            sign(Path::new(key), board, version, Path::new(image), Path::new(folder))
        }
        _ => Err(USAGE.into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

/// What went wrong, with the file's name.
fn at(file: &Path) -> impl Fn(std::io::Error) -> String {
    move |why| format!("{}: {why}", file.display())
}

fn make_key(name: &str, file: &Path) -> Result<(), String> {
    let mut seed = [0; 32];
    File::open("/dev/urandom")
        .and_then(|mut chance| chance.read_exact(&mut seed))
        .map_err(at(file))?;
    let key = SigningKey::from_seed(name, seed).map_err(|why| format!("{name}: {why}"))?;
    // One that is there already is in boards somewhere.
    let mut made =
        File::options().write(true).create_new(true).mode(0o600).open(file).map_err(at(file))?;
    writeln!(made, "{}", key.to_secret_text()).and_then(|()| made.sync_all()).map_err(at(file))?;
    println!("maker={}", key.verifier());
    Ok(())
}

fn sign(key: &Path, board: &str, version: &str, image: &Path, folder: &Path) -> Result<(), String> {
    let text = fs::read_to_string(key).map_err(at(key))?;
    let maker: SigningKey =
        text.trim().parse().map_err(|why| format!("{}: {why}", key.display()))?;
    let bytes = fs::read(image).map_err(at(image))?;
    let manifest = Manifest {
        version: number(version).ok_or("a version is such as 1.2.3")?,
        bytes: u32::try_from(bytes.len()).map_err(|_| "no board has room for this image")?,
        sha256: sha256(&bytes),
    };
    let text = manifest.to_text(board);
    let note = compose(&text, &[maker.sign(&text)]);
    fs::create_dir_all(folder).map_err(at(folder))?;
    // The image first: a note that is there means that all of it is.
    for (ending, bytes) in [("bin", bytes.as_slice()), ("note", note.as_bytes())] {
        let (new, path) =
            (folder.join(format!("{board}.new")), folder.join(format!("{board}.{ending}")));
        fs::write(&new, bytes).and_then(|()| fs::rename(&new, &path)).map_err(at(&path))?;
    }
    println!("{board} {version}: {} bytes", manifest.bytes);
    Ok(())
}
