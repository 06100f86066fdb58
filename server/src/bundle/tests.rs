//! Bundles of a real office, good and hostile.
#![allow(clippy::unwrap_used)]

use std::sync::OnceLock;

use proptest::prelude::*;
use tar::{Builder, EntryType, Header};

use super::*;
use crate::review;
use crate::testing::{Office, wait};

struct Good {
    vkey: ledger::key::VerifierKey,
    receipt: Bundle,
    withdrawn: Bundle,
    bulletin: Bundle,
}

/// A receipt with a picture, a withdrawn one, and a bulletin.
fn good() -> &'static Good {
    static GOOD: OnceLock<Good> = OnceLock::new();
    GOOD.get_or_init(|| {
        let office = Office::new();
        let app = office.open();
        let bulletin = office.bulletin(&app, "停水通知", "明天停水");
        let publish = |n| {
            wait(async {
                let id = office.submit_whole(&app, n).await.id;
                review::publish(&app, &[id], &office.reviewer).await.unwrap()[0].index
            })
        };
        let (receipt, gone) = (publish(1), publish(2));
        wait(crate::review::withdraw(
            &app,
            gone,
            ledger::statement::Reason::Personal,
            ledger::statement::Source::Original,
            &office.reviewer,
        ))
        .unwrap();
        let gather = |index| gather(&app, index).unwrap().unwrap();
        Good {
            vkey: app.vkey.clone(),
            receipt: gather(receipt),
            withdrawn: gather(gone),
            bulletin: gather(bulletin),
        }
    })
}

fn verdict(bytes: &[u8]) -> Result<usize> {
    let mut steps = 0;
    check(&read(bytes)?, &good().vkey, |_| steps += 1)?;
    Ok(steps)
}

fn why(bundle: &Bundle) -> String {
    verdict(&write(bundle).unwrap()).unwrap_err().to_string()
}

#[test]
fn what_the_office_gives_is_right_and_reads_back_as_it_was() {
    let good = good();
    for bundle in [&good.receipt, &good.withdrawn, &good.bulletin] {
        let bytes = write(bundle).unwrap();
        assert_eq!(read(&bytes).unwrap(), *bundle);
        assert_eq!(verdict(&bytes).unwrap(), 5);
    }
    assert_eq!(good.receipt.images.len(), 1);
    assert_eq!(good.withdrawn.content, None);
    assert!(good.receipt.entries.contains_key(&0), "the office's own key");
}

#[test]
fn whatever_is_missing_or_of_another_is_named() {
    let good = &good().receipt;
    let without = |change: &dyn Fn(&mut Bundle)| {
        let mut bundle = good.clone();
        change(&mut bundle);
        why(&bundle)
    };
    let index = good.index;
    assert!(without(&|b| b.content = None).contains("缺少这一条的内容"));
    assert!(without(&|b| b.content = Some(b"{}".to_vec())).contains("内容被改动过"));
    assert!(without(&|b| b.images.clear()).contains("图片不是内容里写的那些"));
    assert!(without(&|b| b.index += 1).contains("没有这一条的登记"));
    assert!(without(&|b| b.vkey.insert(0, 'x')).contains("公钥不是您给的那一把"));
    assert!(without(&|b| drop(b.entries.remove(&0))).contains("第 0 号"));
    assert!(without(&|b| drop(b.entries.remove(&index))).contains("没有这一条的登记"));
    let keys: Vec<u64> = good.entries.keys().copied().filter(|n| *n != index && *n > 0).collect();
    assert!(!keys.is_empty());
    for key in keys {
        assert!(without(&|b| drop(b.entries.remove(&key))).contains("签名不对"), "{key}");
    }
    for image in good.images.keys() {
        let told = without(&|b| b.images.get_mut(image).unwrap()[9] ^= 1);
        assert!(told.contains("图片被改动过"), "{told}");
    }
    let other = good.entries[&0].proof.clone();
    let swapped = without(&|b| b.entries.get_mut(&index).unwrap().proof = other.clone());
    assert!(swapped.contains("它是另一条的"), "{swapped}");
    let note = without(&|b| {
        let note = &mut b.entries.get_mut(&index).unwrap().note;
        *note = note.replacen("2026-05", "2026-06", 1);
    });
    assert!(note.contains("登记证明不对"), "{note}");
}

/// A tar file as a liar would write it: any names, kinds and sizes.
fn forged(files: &[(&str, EntryType, &[u8], u64)]) -> Vec<u8> {
    let mut archive = Builder::new(Vec::new());
    for (name, kind, bytes, size) in files {
        let mut header = Header::new_ustar();
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(*kind);
        header.set_size(*size);
        header.set_mode(0o644);
        header.set_cksum();
        archive.append(&header, *bytes).unwrap();
    }
    archive.into_inner().unwrap()
}

#[test]
fn a_hostile_archive_is_refused() {
    let plain = EntryType::Regular;
    let huge = u64::MAX / 4;
    for files in [
        vec![],
        vec![("mingbai-1/../../etc/passwd", plain, &b"x"[..], 1)],
        vec![("/etc/passwd", plain, b"x", 1)],
        vec![("README.txt", plain, b"x", 1)],
        vec![("mingbai-1/README.txt", EntryType::Symlink, b"", 0)],
        vec![("mingbai-1/README.txt", EntryType::GNUSparse, b"x", 1)],
        vec![("mingbai-1/README.txt", EntryType::GNULongName, b"x", 1)],
        vec![("mingbai-1/README.txt", EntryType::XHeader, b"x", 1)],
        vec![("mingbai-1/README.txt", plain, b"x", huge)],
        vec![("mingbai-01/README.txt", plain, b"x", 1)],
        vec![("mingbai-1/README.txt", plain, b"x", 1), ("mingbai-2/vkey.txt", plain, b"x", 1)],
        vec![("mingbai-1/vkey.txt", plain, b"x", 1), ("mingbai-1/vkey.txt", plain, b"y", 1)],
    ] {
        let refused = read(&forged(&files)).unwrap_err();
        assert_eq!(refused.code(), "bad-bundle", "{files:?}");
    }
    let many: Vec<String> = (0..2_000).map(|n| format!("mingbai-1/{n}")).collect();
    let many: Vec<_> = many.iter().map(|name| (name.as_str(), plain, &b""[..], 0)).collect();
    assert!(read(&forged(&many)).unwrap_err().to_string().contains("太多"));
    let whole = write(&good().receipt).unwrap();
    for cut in [0, 1, 511, 512, whole.len() / 2, whole.len() - 512, whole.len() - 1] {
        assert!(read(&whole[..cut]).is_err(), "cut to {cut}");
    }
    assert!(read(&[whole.clone(), vec![0; 512]].concat()).is_err(), "longer than it was");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn any_changed_byte_is_noticed(at in any::<proptest::sample::Index>(), bit in 0..8) {
        let mut bytes = write(&good().receipt).unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= 1u8 << bit;
        prop_assert!(verdict(&bytes).is_err(), "byte {at}");
    }

    #[test]
    fn no_bytes_panic_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        prop_assert!(read(&bytes).is_err());
    }
}
