//! Promises of witnesses and of age: too few signatures change nothing, and a log that stands still is seen to.

use ledger::encoding::{base64, from_base64};
use ledger::hash::sha256_parts;
use ledger::key::SigningKey;
use ledger::time::Timestamp;

use super::*;

/// A witness: it signs as C2SP tlog-cosignature says.
struct Witness(SigningKey);

impl Witness {
    fn new(seed: u8) -> Self {
        Self(SigningKey::from_seed(&format!("witness.example/{seed}"), [seed; 32]).unwrap())
    }

    fn id(&self) -> [u8; 4] {
        let (name, key) = (self.0.verifier().name().to_owned(), *self.0.verifier().public());
        sha256_parts(&[name.as_bytes(), b"\n", &[4], &key]).0[..4].try_into().unwrap()
    }

    fn vkey(&self) -> String {
        let verifier = self.0.verifier();
        let key = [&[4][..], verifier.public()].concat();
        format!("{}+{:08x}+{}", verifier.name(), u32::from_be_bytes(self.id()), base64(&key))
    }

    /// The checkpoint with this witness's cosignature of that time below it.
    fn cosign(&self, note: &[u8], at: u64) -> Vec<u8> {
        let text = std::str::from_utf8(note).unwrap();
        let body = &text[..text.rfind("\n\n").unwrap() + 1];
        let line = self.0.sign(&format!("cosignature/v1\ntime {at}\n{body}"));
        let signature = from_base64(line.trim_end().rsplit(' ').next().unwrap()).unwrap();
        let bytes = [&self.id()[..], &at.to_be_bytes(), &signature[4..]].concat();
        format!("{text}— {} {}\n", self.0.verifier().name(), base64(&bytes)).into_bytes()
    }
}

const JUNE: u64 = 1_780_500_000;

/// What the town serves, its head cosigned by these at that time.
fn cosigned(town: &Town, by: &[(&Witness, u64)]) -> Files {
    let mut files = town.files();
    let mut note = files["/checkpoint"].clone();
    for (witness, at) in by {
        note = witness.cosign(&note, *at);
    }
    files.insert("/checkpoint".into(), note);
    files
}

#[test]
fn a_head_counts_when_enough_witnesses_have_cosigned_it() {
    let (one, two, three) = (Witness::new(11), Witness::new(12), Witness::new(13));
    let mut town = town_of(5);
    let mut kiosk = Kiosk::new(&town);
    kiosk.sync().unwrap();
    let policy = format!(
        "log {}\nwitness 县档案馆 {}\nwitness 邻镇 {}\ngroup 两家 all 县档案馆 邻镇\nquorum 两家\n",
        town.log.verifier(),
        one.vkey(),
        two.vkey()
    );
    kiosk.options.policy = Some(policy.parse().unwrap());
    // What is held already is not enough any more, though nothing about it changed.
    kiosk.refuses(town.files(), TroubleKind::Unwitnessed);
    town.receipt(-7, "新的");
    kiosk.refuses(town.files(), TroubleKind::Unwitnessed);
    kiosk.refuses(cosigned(&town, &[(&one, JUNE)]), TroubleKind::Unwitnessed);
    kiosk.refuses(cosigned(&town, &[(&one, JUNE), (&three, JUNE)]), TroubleKind::Unwitnessed);
    assert!(kiosk.shelf().witnesses().unwrap().is_empty());
    kiosk.mirror.serve(cosigned(&town, &[(&one, JUNE), (&two, JUNE + 60), (&three, JUNE)]));
    assert_eq!(kiosk.sync().unwrap().size, 9);
    let told = |kiosk: &Kiosk| -> Vec<(String, i64)> {
        let witnesses = kiosk.shelf().witnesses().unwrap();
        witnesses.into_iter().map(|w| (w.name, w.at.unix_seconds())).collect()
    };
    let june = i64::try_from(JUNE).unwrap();
    assert_eq!(told(&kiosk), [("县档案馆".to_owned(), june), ("邻镇".to_owned(), june + 60)]);
    assert_eq!(kiosk.shelf().witnesses().unwrap()[0].at.as_str(), "2026-06-03T23:20:00+08:00");
    // The same head, cosigned again later.
    kiosk.mirror.serve(cosigned(&town, &[(&one, JUNE + 900), (&two, JUNE + 960)]));
    assert!(!kiosk.sync().unwrap().is_news());
    assert_eq!(told(&kiosk)[0].1, june + 900);
    // And an older copy of it, as from a mirror that lags: nothing is taken back.
    kiosk.mirror.serve(cosigned(&town, &[(&one, JUNE), (&two, JUNE)]));
    kiosk.sync().unwrap();
    assert_eq!(told(&kiosk)[0].1, june + 900);
    assert_eq!(kiosk.shelf().freshness().unwrap().trouble, None);
    // A fork is called a fork, cosigned or not.
    let mut forked = town_of(5);
    forked.receipt(-8, "另一张");
    kiosk.refuses(forked.files(), TroubleKind::Fork);
    let other = format!("log {}\nquorum none\n", Town::with_log_seed(9).log.verifier());
    kiosk.options.policy = Some(other.parse().unwrap());
    assert_eq!(kiosk.sync().unwrap_err().kind(), TroubleKind::WrongKey);
}

#[test]
fn a_log_that_is_held_back_grows_stale_although_the_server_answers() {
    let at = |text: &str| -> Timestamp { text.parse().unwrap() };
    fn much_later() -> Timestamp {
        "2026-06-20T09:12:00+08:00".parse().unwrap()
    }
    let town = town_of(5);
    let mut kiosk = Kiosk::new(&town);
    kiosk.options.now = much_later;
    kiosk.sync().unwrap();
    kiosk.sync().unwrap();
    let fresh = kiosk.shelf().freshness().unwrap();
    assert_eq!(
        (fresh.signed_at.clone(), fresh.checked_at.clone()),
        (fresh.newest.clone(), Some(much_later()))
    );
    assert_eq!(fresh.silent_days(&much_later()), Some(17));
    assert!(fresh.is_stale(&much_later(), 10) && !fresh.is_stale(&much_later(), 18));
    // A clock that was set back does not make it young; one that is behind everything makes nothing old.
    assert_eq!(fresh.silent_days(&at("1970-01-01T00:00:00Z")), Some(17));
    // A witness saw it lately: it is not held back, there just was nothing.
    let witness = Witness::new(11);
    let policy = format!("witness W {}\nquorum W\n", witness.vkey());
    kiosk.options.policy = Some(policy.parse().unwrap());
    kiosk.mirror.serve(cosigned(&town, &[(&witness, JUNE + 16 * 86_400)]));
    kiosk.sync().unwrap();
    assert_eq!(kiosk.shelf().freshness().unwrap().silent_days(&much_later()), Some(0));
}
