//! Any bytes as a feed for a board, in pieces: alone, and behind a start that the log's key signed.
#![no_main]
use ledger::board::{BadFeed, Head, Part, Reader, Start, Walk, is_about, to_bytes};
use ledger::checkpoint::Checkpoint;
use ledger::hash::Hash;
use ledger::key::SigningKey;
use libfuzzer_sys::fuzz_target;

fn follow(bytes: &[u8], piece: usize, log: &SigningKey) -> Result<(), BadFeed> {
    let (mut reader, mut walk) = (Reader::default(), None::<Walk>);
    for bytes in bytes.chunks(piece) {
        reader.push(bytes)?;
        while let Some(part) = reader.part()? {
            assert!(to_bytes(&part).is_some());
            match (part, &mut walk) {
                (Part::Start(start), None) => {
                    walk = Some(Walk::begin(&Head::default(), &start, &log.verifier())?);
                }
                (Part::Subtree { level, root }, Some(walk)) => walk.pass(level, root)?,
                (Part::Entry { note, content }, Some(walk)) => {
                    let _ = is_about(&note);
                    let _ = walk.take(&note, &content, |_| None)?;
                }
                (Part::End, Some(_)) => {}
                _ => return Err(BadFeed::Form),
            }
        }
    }
    walk.ok_or(BadFeed::Form)?.end().map(drop)
}

fuzz_target!(|bytes: &[u8]| {
    let Ok(log) = SigningKey::from_seed("log.example", [1; 32]) else { return };
    let Some(([piece, a, b, c], rest)) = bytes.split_first_chunk() else { return };
    let piece = usize::from(*piece) + 1;
    let _ = follow(rest, piece, &log);
    let size = u64::from(u32::from_be_bytes([0, *a, *b, *c]));
    let checkpoint = Checkpoint { origin: "log.example".into(), size, root: Hash([0; 32]) };
    let start = Start { from: 0, checkpoint: checkpoint.sign(&log), proof: Vec::new() };
    let mut feed = to_bytes(&Part::Start(start)).unwrap_or_default();
    feed.extend(rest);
    assert!(follow(&feed, piece, &log).is_err(), "no tree has this root");
});
