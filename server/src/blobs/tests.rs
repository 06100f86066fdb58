//! Promises of the image intake.

use super::*;
use crate::photo::tests::jpeg;
use crate::testing::{Office, wait};

#[test]
fn an_image_comes_in_pieces_and_goes_on_where_it_was_cut() {
    let office = Office::new();
    let app = office.open();
    wait(async {
        let picture = jpeg(1);
        let (note, body) = office.receipt(1, std::slice::from_ref(&picture));
        let status = intake::receive(&app, note, Some(body)).await.unwrap();
        assert_eq!(status.missing.len(), 1);
        let hash: Hash = status.missing[0].parse().unwrap();
        let total = picture.len() as u64;
        assert_eq!(held(&app, &hash).unwrap(), 0);
        let piece = |from: usize, to: usize| {
            append(&app, hash, from as u64, total, picture[from..to].to_vec().into())
        };
        assert_eq!(piece(0, 100).await.unwrap(), Piece::Held(100));
        assert_eq!(piece(50, 100).await.unwrap(), Piece::Elsewhere(100));
        assert_eq!(held(&app, &hash).unwrap(), 100);
        assert_eq!(piece(100, picture.len()).await.unwrap(), Piece::Held(total));
        assert_eq!(held(&app, &hash).unwrap(), total);
        let status = app.db.read(|c| intake::status(c, &status.id)).unwrap();
        assert_eq!(status.state, crate::review::State::Received);
        assert_eq!(piece(picture.len(), picture.len()).await.unwrap(), Piece::Held(total));
    });
}

#[test]
fn a_wrong_image_is_refused_and_may_be_sent_again() {
    let office = Office::new();
    let app = office.open();
    wait(async {
        let picture = jpeg(1);
        let (note, body) = office.receipt(1, std::slice::from_ref(&picture));
        intake::receive(&app, note, Some(body)).await.unwrap();
        let hash = sha256(&picture);
        let total = picture.len() as u64;
        let mut wrong = picture.clone();
        wrong[200] ^= 1;
        let refused = append(&app, hash, 0, total, wrong.into()).await;
        assert_eq!(refused.unwrap_err().code(), "bad-image");
        assert_eq!(held(&app, &hash).unwrap(), 0);
        assert_eq!(append(&app, hash, 0, total, picture.into()).await.unwrap(), Piece::Held(total));
    });
}

#[test]
fn only_images_that_a_submission_names_are_taken_and_only_so_large() {
    let office = Office::new();
    let app = office.open();
    wait(async {
        let picture = jpeg(3);
        let refused = append(&app, sha256(&picture), 0, 10, picture.clone().into()).await;
        assert_eq!(refused.unwrap_err().code(), "not-named");
        let (note, body) = office.receipt(3, std::slice::from_ref(&picture));
        intake::receive(&app, note, Some(body)).await.unwrap();
        let too_large = IMAGE_BYTES_MAX as u64 + 1;
        let refused = append(&app, sha256(&picture), 0, too_large, Body::empty()).await;
        assert_eq!(refused.unwrap_err().code(), "too-large");
        let refused = append(&app, sha256(&picture), 0, 10, picture.clone().into()).await;
        assert_eq!(refused.unwrap_err().code(), "too-large");
    });
}

#[test]
fn a_new_try_takes_over_from_one_whose_sender_is_gone() {
    let office = Office::new();
    let app = office.open();
    wait(async {
        let picture = jpeg(1);
        let total = picture.len() as u64;
        let (note, body) = office.receipt(1, std::slice::from_ref(&picture));
        intake::receive(&app, note, Some(body)).await.unwrap();
        let hash = sha256(&picture);
        // A body that never ends and never comes.
        let silent = Body::new(Silent);
        let stuck = tokio::spawn({
            let app = Arc::clone(&app);
            async move { append(&app, hash, 0, total, silent).await }
        });
        tokio::task::yield_now().await;
        let piece = append(&app, hash, 0, total, picture.into()).await.unwrap();
        assert_eq!(piece, Piece::Held(total));
        assert_eq!(stuck.await.unwrap().unwrap(), Piece::Held(0));
        assert!(app.uploads.lines.lock().unwrap().is_empty());
    });
}

struct Silent;

impl hyper::body::Body for Silent {
    type Data = axum::body::Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<std::result::Result<hyper::body::Frame<Self::Data>, Self::Error>>>
    {
        std::task::Poll::Pending
    }
}
