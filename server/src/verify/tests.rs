//! Whatever byte of the published data is flipped, the check finds it.

use std::fs;
use std::path::PathBuf;

use super::verify;
use crate::data::DataDir;
use crate::review;
use crate::testing::{Office, wait};

fn published() -> Office {
    let office = Office::new();
    let app = office.open();
    let ids = wait(async {
        let mut ids = Vec::new();
        for n in 1..4 {
            ids.push(office.submit_whole(&app, n).await.id);
        }
        office.submit_whole(&app, 4).await;
        ids
    });
    wait(review::publish(&app, &ids, &office.reviewer)).unwrap();
    office
}

fn problem(data: &DataDir) -> Option<String> {
    verify(data).unwrap().problem.map(|problem| problem.what)
}

fn files_below(directory: PathBuf) -> Vec<PathBuf> {
    fs::read_dir(directory)
        .unwrap()
        .flat_map(|entry| {
            let path = entry.unwrap().path();
            if path.is_dir() { files_below(path) } else { vec![path] }
        })
        .collect()
}

#[test]
fn a_flipped_byte_of_any_file_is_found_and_named() {
    let office = published();
    let data = office.data();
    assert_eq!(problem(&data), None);
    let mut files = files_below(data.public());
    files.extend(files_below(data.path().join("private/blob")));
    assert!(files.len() > 15, "{files:?}");
    for file in files {
        let bytes = fs::read(&file).unwrap();
        for at in [0, bytes.len() / 2, bytes.len() - 1] {
            let mut bad = bytes.clone();
            bad[at] ^= 0x20;
            fs::write(&file, bad).unwrap();
            let named = problem(&data).unwrap_or_default();
            assert!(file.to_string_lossy().ends_with(&named), "{}: {named}", file.display());
        }
        fs::write(&file, bytes).unwrap();
    }
    assert_eq!(problem(&data), None);
}

#[test]
fn a_flipped_byte_of_an_entry_or_content_in_the_database_is_found() {
    let office = published();
    let data = office.data();
    for (column, what) in [("note", "数据库第 5 条"), ("body", "数据库第 5 条的内容")]
    {
        let connection = rusqlite::Connection::open(data.database()).unwrap();
        let text: String = connection
            .query_row(&format!("SELECT {column} FROM entry WHERE idx = 5"), [], |row| row.get(0))
            .unwrap();
        let set = format!("UPDATE entry SET {column} = ?1 WHERE idx = 5");
        connection.execute(&set, [text.replacen('1', "2", 1)]).unwrap();
        assert_eq!(problem(&data).as_deref(), Some(what));
        connection.execute(&set, [text]).unwrap();
    }
    assert_eq!(problem(&data), None);
}

#[test]
fn a_missing_and_an_unexpected_file_are_found() {
    let office = published();
    let data = office.data();
    let path = data.public().join("tile/entries/000.p/7");
    let bytes = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    assert_eq!(problem(&data).as_deref(), Some("tile/entries/000.p/7"));
    fs::write(&path, bytes).unwrap();
    fs::write(data.public().join("blob/extra"), "x").unwrap();
    assert_eq!(problem(&data).as_deref(), Some("blob/extra"));
}
