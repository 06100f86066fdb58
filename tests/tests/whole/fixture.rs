//! A small township that was taken through the whole job once; each test works on a copy of its own.

use mingbai_tests::accountant::Accountant;
use mingbai_tests::server::Server;
use mingbai_tests::town::Town;
use mingbai_tests::{programs, sample};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

pub const PASSWORD: &str = "correct horse battery";

/// The finished township: everything published, nothing running.
pub fn town() -> &'static Town {
    static TOWN: OnceLock<Town> = OnceLock::new();
    TOWN.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("town");
        let _ = std::fs::remove_dir_all(&folder);
        let town = Town::found(&folder, small_sample(), PASSWORD).unwrap();
        let server = town.serve().unwrap();
        town.send_all(&server.url, || ()).unwrap();
        town.write_bulletins(&server).unwrap();
        let reviewer = town.office(&server, "reviewer").unwrap();
        reviewer.publish_all(|_| ()).unwrap();
        town
    })
}

/// Photographs for tests: 2 villages, 2 months, some of every kind of paper.
pub fn small_sample() -> sample::Sample {
    static MAKING: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _one_at_a_time = MAKING.lock().unwrap();
    sample::make(&Path::new(env!("CARGO_TARGET_TMPDIR")).join("sample"), 24, 2, 2).unwrap()
}

/// A copy of the finished township that a test may break.
pub struct Copy {
    pub folder: tempfile::TempDir,
}

impl Copy {
    pub fn new() -> Copy {
        let copy = Copy { folder: tempfile::tempdir().unwrap() };
        copy_tree(&town().server_data(), &copy.server_data());
        copy
    }

    pub fn server_data(&self) -> PathBuf {
        self.folder.path().join("server")
    }

    /// The files of the read surface.
    pub fn public(&self) -> PathBuf {
        self.server_data().join("public")
    }

    pub fn kiosk_data(&self) -> PathBuf {
        self.folder.path().join("kiosk")
    }

    /// The first village's accountant, with a desk of the test's own.
    pub fn accountant(&self) -> Accountant {
        let data = self.folder.path().join("uploader");
        if !data.exists() {
            copy_tree(&town().accountants[0].data, &data);
        }
        Accountant { data, ..town().accountants[0].clone() }
    }

    /// A photo of the sample without a code, with other pixels for every `mark`.
    pub fn another_photo(&self, mark: u8) -> PathBuf {
        let town = town();
        let plain = town.sample.receipts.iter().find(|r| !r.has_qr).unwrap();
        let mut picture = image::open(town.sample.folder.join(&plain.photo)).unwrap().to_rgb8();
        for x in 0..60 {
            picture.put_pixel(x, 0, image::Rgb([mark, 200, x as u8]));
        }
        let photo = self.folder.path().join("more.png");
        picture.save(&photo).unwrap();
        photo
    }

    pub fn serve(&self) -> Server {
        Server::start(&self.server_data(), "127.0.0.1:0", None).unwrap()
    }

    /// `mingbai-kiosk sync` from an address: what it printed, or its one line of complaint.
    pub fn sync(&self, url: &str) -> Result<String, String> {
        sync(&self.kiosk_data(), url)
    }
}

pub fn sync(kiosk: &Path, url: &str) -> Result<String, String> {
    let args = ["sync", "--data", programs::text(kiosk), "--server", url, "--vkey", &town().vkey];
    let mut all = args.to_vec();
    all.extend(["--images", "all", "--json"]);
    let output = programs::output("mingbai-kiosk", &all).unwrap();
    match output.status.code() {
        Some(0) => Ok(String::from_utf8(output.stdout).unwrap()),
        Some(1) => Err(String::from_utf8(output.stderr).unwrap()),
        other => panic!("sync ended with {other:?}"),
    }
}

pub fn copy_tree(from: &Path, to: &Path) {
    let status = Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap();
    assert!(status.success());
}

/// Every file below a folder, sorted.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

/// Flips one bit of the byte at `at` (counted from the end when negative).
pub fn flip(path: &Path, at: usize) {
    let mut bytes = std::fs::read(path).unwrap();
    bytes[at] ^= 0x20;
    let mut mode = std::fs::metadata(path).unwrap().permissions();
    #[allow(clippy::permissions_set_readonly_false, reason = "a copy of the test's own")]
    mode.set_readonly(false);
    std::fs::set_permissions(path, mode).unwrap();
    std::fs::write(path, bytes).unwrap();
}
