use std::time::Duration;

use image::codecs::jpeg::JpegEncoder;
use image::{GrayImage, Luma};
use ledger::statement::{Reason, Source};
use qrcodegen::{QrCode, QrCodeEcc};

use super::*;
use crate::testing::{Office, send, wait};
use crate::{intake, review};

const BILL: &str = "01,32,,26447000001243494438,285.92,20260619,,300A";

/// A JPEG of a paper with a code, 4 pixels a module, that is 1500 pixels wide.
fn paper(text: &str) -> Vec<u8> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).unwrap();
    let dark = |x: u32, y: u32| {
        let module = |at: u32| i32::try_from(at / 4).unwrap() - 40;
        code.get_module(module(x), module(y))
    };
    let paper = GrayImage::from_fn(1500, 900, |x, y| Luma([if dark(x, y) { 40 } else { 220 }]));
    let mut bytes = Vec::new();
    paper.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, 82)).unwrap();
    bytes
}

/// Submits a receipt with this picture; answers its id.
fn submit(office: &Office, app: &Arc<App>, n: u8, picture: &[u8]) -> String {
    wait(async {
        let (note, body) = office.receipt(n, &[picture.to_vec()]);
        let status = intake::receive(app, note, Some(body)).await.unwrap();
        for hash in status.missing {
            send(app, hash.parse().unwrap(), picture).await;
        }
        status.id
    })
}

/// One round, as [`look`] makes it; answers how many pictures were come by.
fn round(app: &App) -> usize {
    let mut place = Place::default();
    let mut seen = 0;
    while let Some(next) = look_at_next(app, &place).unwrap() {
        place = next;
        seen += 1;
    }
    seen
}

#[test]
fn each_picture_is_looked_at_once_and_a_restart_goes_on() {
    let office = Office::new();
    let app = office.open();
    let with = submit(&office, &app, 1, &paper(BILL));
    let other = submit(&office, &app, 2, &paper("https://pay.example/1"));
    let codes = |app: &App, id: &str| app.db.read(|c| of(c, id)).unwrap();
    assert_eq!(codes(&app, &with), Codes { texts: vec![], waiting: true });
    let first = look_at_next(&app, &Place::default()).unwrap().unwrap();
    assert_eq!(codes(&app, &with), Codes { texts: vec![BILL.into()], waiting: false });
    assert_eq!(first.submission, 1);
    drop(app);
    let app = office.open();
    assert_eq!(round(&app), 1, "only what was left");
    assert_eq!(codes(&app, &other), Codes::default(), "a payment code is not kept");
    assert_eq!(round(&app), 0);
}

#[test]
fn a_picture_is_looked_at_while_the_office_runs() {
    let office = Office::new();
    let app = office.open();
    wait(async {
        tokio::spawn(look(Arc::clone(&app)));
        tokio::task::yield_now().await;
        let picture = paper(BILL);
        let (note, body) = office.receipt(1, std::slice::from_ref(&picture));
        let status = intake::receive(&app, note, Some(body)).await.unwrap();
        send(&app, status.missing[0].parse().unwrap(), &picture).await;
        let known = async {
            while app.db.read(|c| of(c, &status.id)).unwrap().waiting {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), known).await.unwrap();
    });
}

#[test]
fn a_lost_file_holds_nobody_up_and_is_tried_again() {
    let office = Office::new();
    let app = office.open();
    let lost = submit(&office, &app, 1, &paper("lost"));
    submit(&office, &app, 2, &paper(BILL));
    let hash: String = app
        .db
        .read(|c| {
            Ok(c.query_row("SELECT sha256 FROM submission_image WHERE submission = 1", [], |r| {
                r.get(0)
            })?)
        })
        .unwrap();
    std::fs::remove_file(app.data.find_blob(&hash.parse().unwrap()).unwrap()).unwrap();
    assert_eq!(round(&app), 2);
    assert_eq!(round(&app), 1);
    assert!(app.db.read(|c| of(c, &lost)).unwrap().waiting);
}

#[test]
fn the_code_of_a_withdrawn_picture_is_forgotten() {
    let office = Office::new();
    let app = office.open();
    let id = submit(&office, &app, 1, &paper(BILL));
    round(&app);
    let count = || {
        let count = |c: &Connection| {
            Ok(c.query_row("SELECT count(*) FROM picture_code", [], |row| row.get::<_, u64>(0))?)
        };
        app.db.read(count).unwrap()
    };
    assert_eq!(count(), 1);
    let done = wait(review::publish(&app, &[id], &office.reviewer)).unwrap();
    let (reason, source) = (Reason::Personal, Source::Original);
    wait(review::withdraw(&app, done[0].index, reason, source, &office.reviewer)).unwrap();
    assert_eq!(count(), 0);
}
