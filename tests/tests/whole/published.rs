//! The accountant's machine follows the township's log from the real server and knows published papers again.

use crate::fixture::{self, Copy};
use ledger::money::Fen;
use mingbai_tests::mirror::Mirror;
use mingbai_tests::sample::SampleReceipt;
use mingbai_uploader::likeness::{Looks, Paper, Why};
use mingbai_uploader::published::{FollowError, Published, follow};

fn payment(receipt: &SampleReceipt) -> Paper {
    Paper {
        amount: Some(Fen(receipt.amount)),
        date: Some(receipt.date.parse().unwrap()),
        payee: receipt.payee.clone(),
        ..Paper::default()
    }
}

#[test]
fn every_published_receipt_is_known_again_by_what_was_paid_and_by_its_photo() {
    let (copy, town) = (Copy::new(), fixture::town());
    let server = copy.serve();
    let (log, own) = (town.vkey.parse().unwrap(), town.accountants[0].village.as_str());
    let mut published = Published::open(copy.folder.path()).unwrap();
    let progress = follow(&mut published, &server.url, &log, own.parse().unwrap()).unwrap();
    let receipts = &town.sample.receipts;
    let mine: Vec<_> = receipts.iter().filter(|receipt| receipt.village == own).collect();
    assert_eq!((progress.papers, progress.waiting), (receipts.len() as u64, 0));
    assert_eq!((progress.size, progress.looks), (progress.entries, mine.len() as u64));
    let papers = published.papers().unwrap();
    assert_eq!(papers.len(), receipts.len());
    for receipt in receipts {
        let found = published.like(&payment(receipt), None).unwrap();
        let of_village = |village: String| village == receipt.village;
        assert!(found.iter().any(|(paper, _)| of_village(paper.village.to_string())), "{found:?}");
    }
    let (mut known, mut strangers) = (0, 0);
    for receipt in &mine {
        let photo = image::open(town.sample.folder.join(&receipt.photo)).unwrap().into_luma8();
        let looks = Looks::of(&photo).into_iter().collect();
        let found = published.like(&Paper { looks, ..Paper::default() }, None).unwrap();
        assert!(found.iter().all(|(_, why)| *why == Why::SameLooks));
        let is_it = |paper: &Paper| paper.amount == Some(Fen(receipt.amount));
        known += usize::from(found.iter().any(|(found, _)| is_it(&found.paper)));
        strangers += found.iter().filter(|(found, _)| !is_it(&found.paper)).count();
    }
    println!("by the photo alone: {known} of {} known, {strangers} others", mine.len());
    assert_eq!(known, mine.len());
    assert!(strangers * 100 <= mine.len() * mine.len(), "{strangers}");
    let again = follow(&mut published, &server.url, &log, own.parse().unwrap()).unwrap();
    assert_eq!((again.entries, again.papers, again.looks), (0, 0, 0));
}

#[test]
fn a_mirror_that_changes_a_statement_is_not_believed_and_an_honest_one_is() {
    let (copy, town) = (Copy::new(), fixture::town());
    let (log, own) = (town.vkey.parse().unwrap(), town.accountants[0].village.parse().unwrap());
    let mut published = Published::open(copy.folder.path()).unwrap();
    let lie = |path: &str, honest: Option<Vec<u8>>| {
        let mut bytes = honest?;
        if path.starts_with("/tile/entries") {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
        }
        Some(bytes)
    };
    let liar = Mirror::start(&copy.public(), lie).unwrap();
    let refused = follow(&mut published, &liar.url, &log, own).unwrap_err();
    assert!(matches!(refused, FollowError::BadHash(_)), "{refused}");
    assert_eq!((published.size().unwrap(), published.papers().unwrap().len()), (0, 0));
    let honest = Mirror::start(&copy.public(), |_, honest| honest).unwrap();
    let progress = follow(&mut published, &honest.url, &log, own).unwrap();
    assert_eq!(progress.papers as usize, town.sample.receipts.len());
}
