//! Doubles of any village are found, and without looking at every line.

use rusqlite::Connection;

use super::*;
use crate::intake;
use crate::testing::{Office, content, signed, village, wait};
use ledger::content::{ReceiptContent, Salt};

#[test]
fn the_same_payee_amount_and_date_in_any_village_is_a_weaker_flag() {
    let office = Office::new();
    let app = office.open();
    let (neighbour, key) = office.neighbour(&app);
    let send =
        |(note, body): (String, String)| wait(intake::receive(&app, note, Some(body))).unwrap();
    let salted = |n, of: ReceiptContent| ReceiptContent { salt: Salt([n; 16]), ..of };
    let first = send(signed(neighbour, &key, &content(1, &[])));
    assert_eq!(first.flags, []);
    let second = send(signed(village(), &office.accountant, &salted(2, content(1, &[]))));
    let flag = Flag { code: "alike", other: first.id.clone(), village: neighbour.to_string() };
    assert_eq!(second.flags, [flag]);
    for other in [
        content(3, &[]),
        ReceiptContent { payee: "五金".into(), ..content(1, &[]) },
        ReceiptContent { date: "2026-05-13".parse().unwrap(), ..content(1, &[]) },
    ] {
        let status = send(signed(village(), &office.accountant, &salted(9, other)));
        assert_eq!(status.flags, []);
    }
    let picture = [crate::photo::tests::jpeg(1)];
    let with = send(signed(village(), &office.accountant, &content(40, &picture)));
    let again = send(signed(village(), &office.accountant, &salted(41, content(40, &picture))));
    let codes: Vec<_> = again.flags.iter().map(|flag| (flag.code, &flag.other)).collect();
    assert_eq!(codes, [("image-used", &with.id)], "one finding for one other");
}

#[test]
fn looking_for_doubles_scans_no_table() {
    let office = Office::new();
    let app = office.open();
    let plan = |c: &Connection| -> crate::Result<Vec<String>> {
        let mut query = c.prepare(&format!("EXPLAIN QUERY PLAN {FLAGS}"))?;
        let rows = query.query_map([1], |row| row.get(3))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    };
    let plan = app.db.read(plan).unwrap();
    println!("{}", plan.join("\n"));
    assert!(plan.iter().any(|step| step.contains("submission_alike")), "{plan:#?}");
    assert!(plan.iter().all(|step| !step.starts_with("SCAN")), "{plan:#?}");
}
