//! What one board is sent: of its village and the township the newest year, and every key, whole; of all else the hashes
//! that complete the tree (`ledger::board`).

use std::collections::BTreeSet;
use std::fs;
use std::io::{ErrorKind, Write as _};

use flate2::Compression;
use flate2::write::ZlibEncoder;
use ledger::board::{Part, Start, to_bytes};
use ledger::checkpoint::Checkpoint;
use ledger::glyph::{GLYPHS_MAX, Glyph, SIZES, to_text};
use ledger::note::Note;
use ledger::place::Village;
use ledger::statement::Statement;
use ledger::time::Period;
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::app::App;
use crate::clock;
use crate::error::{Error, Result};
use crate::glyphs::rasterise;
use crate::view;

/// Bulletins that a new board is sent, the newest.
const BULLETINS: u64 = 40;
/// How many months back from this one a board begins.
const MONTHS: i32 = 12;

/// An entry that the board is sent whole.
struct Entry {
    index: u64,
    note: String,
    /// Empty where there is none, or it was withdrawn.
    content: String,
}

/// The feed for a board of this village that holds the first `from` entries: a zlib stream. Blocks.
///
/// # Errors
/// `not-found` when there is no such village; when the log cannot be read.
pub fn feed(app: &App, village: &str, from: u64) -> Result<Vec<u8>> {
    let village: Village = village.parse().map_err(|_| no_village())?;
    let known = app.db.read(|c| view::village_name(c, village.as_str()))?.is_some();
    if !known && village.as_str() != app.township {
        return Err(no_village());
    }
    let checkpoint = app.publisher.signed_head()?.ok_or(Error::Busy)?;
    let head = Checkpoint::open(checkpoint.as_bytes(), &app.publisher.vkey())
        .map_err(|error| Error::Corrupt(format!("检查点：{error}")))?;
    // A board that holds more is told so by the checkpoint alone.
    let Some(proof) = (from <= head.size).then(|| app.publisher.prove_growth(from, head.size))
    else {
        return pack(&[Part::Start(Start { from, checkpoint, proof: Vec::new() }), Part::End]);
    };
    let mut parts = vec![Part::Start(Start { from, checkpoint, proof: proof? })];
    let entries = app.db.read(|c| wanted(c, &app.township, village, from, head.size))?;
    let mut at = from;
    for Entry { index, note, content } in entries {
        pass(app, at, index, &mut parts)?;
        parts.push(Part::Entry { note: note.into(), content: content.into() });
        at = index + 1;
    }
    pass(app, at, head.size, &mut parts)?;
    parts.push(Part::End);
    pack(&parts)
}

/// The glyphs of characters that a board's pack lacks, signed by the office: `chars` are their code points in hex, with
/// commas. Those that no font has are left out. Blocks.
///
/// # Errors
/// `malformed` where there is none, or more than a note holds.
pub fn glyphs(app: &App, chars: &str) -> Result<String> {
    let malformed = || Error::refused("malformed", "字的编码不对，或一次要得太多");
    let wanted: Option<BTreeSet<char>> = chars
        .split(',')
        .map(|hex| u32::from_str_radix(hex, 16).ok().and_then(char::from_u32))
        .collect();
    let wanted = wanted.ok_or_else(malformed)?;
    if wanted.len() * SIZES.len() > GLYPHS_MAX {
        return Err(malformed());
    }
    let drawn =
        |ch: &char| SIZES.map(|px| rasterise(*ch, px)).into_iter().collect::<Option<Vec<_>>>();
    let glyphs: Vec<Glyph> = wanted.iter().filter_map(drawn).flatten().collect();
    let text = to_text(&glyphs).map_err(|_| malformed())?;
    Ok(app.publisher.vouch(&text))
}

/// A file of a firmware update, as its maker handed it over: below `firmware/` in the data directory. `None` if there is no
/// such file. Blocks.
///
/// # Errors
/// When it cannot be read.
pub fn firmware(app: &App, name: &str) -> Result<Option<Vec<u8>>> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let board = name.strip_suffix(".note").or_else(|| name.strip_suffix(".bin"));
    let Some(_) = board.filter(|board| !board.is_empty() && board.chars().all(plain)) else {
        return Ok(None);
    };
    let path = app.data.firmware().join(name);
    match fs::read(&path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::file(&path)(error)),
    }
}

fn no_village() -> Error {
    Error::refused("not-found", "没有这个村")
}

/// What lies between two entries that are sent whole.
fn pass(app: &App, from: u64, to: u64, parts: &mut Vec<Part>) -> Result<()> {
    if from < to {
        let subtrees = app.publisher.subtrees(from..to)?;
        parts.extend(subtrees.into_iter().map(|(level, root)| Part::Subtree { level, root }));
    }
    Ok(())
}

fn pack(parts: &[Part]) -> Result<Vec<u8>> {
    let failed = |error: std::io::Error| Error::Corrupt(format!("公开屏的数据：{error}"));
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::best());
    for part in parts {
        let bytes = to_bytes(part).ok_or_else(|| Error::Corrupt("一条记录太长".into()))?;
        packed.write_all(&bytes).map_err(failed)?;
    }
    packed.finish().map_err(failed)
}

fn wanted(
    c: &Connection,
    township: &str,
    village: Village,
    from: u64,
    size: u64,
) -> Result<Vec<Entry>> {
    let oldest = clock::timestamp()?.date().period().later(-MONTHS);
    let mut query = c.prepare_cached(
        "SELECT idx, note, ifnull(body, '') FROM entry
         WHERE idx >= ?1 AND idx < ?2 AND kind NOT IN ('question', 'answer', 'audit')
         AND substr(note, instr(note, '\"village\":\"') + 11, 12) IN (?3, ?4) ORDER BY idx",
    )?;
    let newest = newest_bulletins(c, township, village, size)?;
    let mut rows = query.query(params![from, size, township, village.as_str()])?;
    let (mut entries, mut sent) = (Vec::new(), BTreeSet::new());
    while let Some(row) = rows.next()? {
        let entry = Entry { index: row.get(0)?, note: row.get(1)?, content: row.get(2)? };
        let sends = |of: u64| of < from || sent.contains(&of);
        let old = from == 0 && newest.is_some_and(|newest| entry.index < newest);
        if is_wanted(&entry.note, village, oldest, old, sends) {
            sent.insert(entry.index);
            entries.push(entry);
        }
    }
    Ok(entries)
}

/// The log index of the oldest bulletin that a new board is sent; none where there are not too many.
fn newest_bulletins(
    c: &Connection,
    township: &str,
    village: Village,
    size: u64,
) -> Result<Option<u64>> {
    let sql = "SELECT n FROM view_item WHERE kind = 'bulletin' AND village IN (?1, ?2) AND n < ?3
               AND corrects IS NULL ORDER BY n DESC LIMIT 1 OFFSET ?4";
    let row = c
        .prepare_cached(sql)?
        .query_row(params![township, village.as_str(), size, BULLETINS - 1], |row| row.get(0))
        .optional()?;
    Ok(row)
}

/// Whether a board of `village` needs an entry of the village or the township; `sends(index)` where it has what this is
/// about. An `old` bulletin is not sent.
fn is_wanted(
    note: &str,
    village: Village,
    oldest: Period,
    old: bool,
    sends: impl FnOnce(u64) -> bool,
) -> bool {
    let statement =
        Note::parse(note.as_bytes()).ok().and_then(|note| Statement::parse(note.text()).ok());
    // A kind of a later version: the hash is enough.
    let Some(statement) = statement else { return false };
    match &statement {
        Statement::Key { .. } | Statement::Directory { .. } => true,
        Statement::Receipt { period, .. }
        | Statement::Nothing { period, .. }
        | Statement::Closing { period, .. } => statement.village() == village && *period >= oldest,
        Statement::Bulletin { time, .. } => !old && time.date().period() >= oldest,
        Statement::Correction { of, .. } | Statement::Withdrawal { of, .. } => sends(*of),
        Statement::Question { .. } | Statement::Answer { .. } | Statement::Audit { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::NewEntry;
    use crate::testing::{Office, village, wait};
    use flate2::read::ZlibDecoder;
    use ledger::board::{Head, Reader, Walk};
    use ledger::statement::{Reason, Source};
    use std::collections::BTreeMap;
    use std::io::Read as _;

    /// What a board makes of a feed: its new head, and the kinds and contents of what counted.
    fn follow(app: &App, held: &Head) -> (Head, BTreeMap<u64, (String, String)>) {
        let packed = feed(app, village().as_str(), held.frontier.size()).unwrap();
        let (mut bytes, mut reader) = (Vec::new(), Reader::default());
        ZlibDecoder::new(packed.as_slice()).read_to_end(&mut bytes).unwrap();
        reader.push(&bytes).unwrap();
        let (mut walk, mut taken) = (None, BTreeMap::new());
        while let Some(part) = reader.part().unwrap() {
            match part {
                Part::Start(start) => {
                    walk = Some(Walk::begin(held, &start, &app.vkey).unwrap());
                }
                Part::Subtree { level, root } => {
                    walk.as_mut().unwrap().pass(level, root).unwrap();
                }
                Part::Entry { note, content } => {
                    let earlier = |of| app.db.read(|c| Ok(crate::publish::earlier(c, of))).unwrap();
                    let one = walk.as_mut().unwrap().take(&note, &content, earlier);
                    let one = one.unwrap().unwrap();
                    let kind = one.admitted.statement.kind().to_owned();
                    taken.insert(one.index, (kind, String::from_utf8(content).unwrap()));
                }
                Part::End => {}
            }
        }
        (walk.unwrap().end().unwrap(), taken)
    }

    #[test]
    fn a_board_gets_its_village_and_the_township_and_what_was_withdrawn_goes() {
        let office = Office::new();
        let app = office.open();
        let (neighbour, key) = office.neighbour(&app);
        let mine = office.submit(&app, 1, |content| content.no_voucher = "旧账".into());
        let n = wait(crate::review::publish(&app, &[mine], &office.reviewer)).unwrap()[0].index;
        let notice = office.bulletin(&app, "修路公告", "下周一动工。");
        let theirs = Statement::Nothing {
            village: neighbour,
            period: "2026-05".parse().unwrap(),
            time: "2026-06-03T09:12:00+08:00".parse().unwrap(),
        };
        let text = theirs.to_text();
        let note = ledger::note::compose(&text, &[key.sign(&text)]);
        app.publisher.append(move |_, _| Ok(vec![NewEntry::stated(note, None)])).unwrap();
        let (head, taken) = follow(&app, &Head::default());
        assert!(taken[&0].0 == "key" && taken[&n].1.contains("旧账"), "{taken:?}");
        assert_eq!(taken[&notice].0, "bulletin");
        assert!(taken.values().all(|(kind, _)| kind != "nothing"), "the neighbour's is a hash");
        let (again, none) = follow(&app, &head);
        assert!(none.is_empty() && again.checkpoint == head.checkpoint);
        let by = &office.reviewer;
        wait(crate::review::withdraw(&app, n, Reason::Personal, Source::Original, by)).unwrap();
        let (_, delta) = follow(&app, &head);
        let kinds: Vec<&str> = delta.values().map(|(kind, _)| kind.as_str()).collect();
        assert_eq!(kinds, ["withdrawal"]);
        let (_, taken) = follow(&app, &Head::default());
        assert_eq!(taken[&n], ("receipt".into(), String::new()), "its content is gone");
    }

    #[test]
    fn whoever_asks_for_no_village_or_holds_more_than_there_is_gets_told() {
        let office = Office::new();
        let app = office.open();
        for village in ["", "1", "341181107299", "x"] {
            assert_eq!(feed(&app, village, 0).unwrap_err().code(), "not-found", "{village}");
        }
        let packed = feed(&app, village().as_str(), 1_000).unwrap();
        let (mut bytes, mut reader) = (Vec::new(), Reader::default());
        ZlibDecoder::new(packed.as_slice()).read_to_end(&mut bytes).unwrap();
        reader.push(&bytes).unwrap();
        assert!(matches!(reader.part(), Ok(Some(Part::Start(_)))));
        assert_eq!(reader.part(), Ok(Some(Part::End)));
    }
}
