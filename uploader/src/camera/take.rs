//! From the bytes of a photo to the outbox: the one place where the camera and the watched folder meet the desk.

use super::verdict::{Outcome, Sharp, Verdict};
use crate::chores;
use crate::concerns::{self, Concern, Others};
use crate::desk::Desk;
use crate::draft::Draft;
use crate::error::Result;
use crate::intake::{self, Refused};
use crate::photo::{BadPhoto, PhotoFile};
use crate::say;
use marks::invoice::Amount;
use std::path::Path;

/// Takes one photo in as a receipt of its own, at the desk in `folder`; `draft` is what is known of it beforehand. Safe to
/// repeat: the same bytes are known again.
pub fn take_bytes(folder: &Path, bytes: Vec<u8>, draft: &Draft) -> Verdict {
    verdict(take(folder, PhotoFile::of(bytes), draft))
}

/// The same with a photo that lies in a file.
pub fn take_file(folder: &Path, file: &Path, draft: &Draft) -> Verdict {
    verdict(take(folder, PhotoFile::read(file), draft))
}

fn verdict(taken: std::result::Result<Verdict, Refused>) -> Verdict {
    match taken {
        Ok(verdict) => verdict,
        Err(Refused::Photo(_, why)) => Verdict::plain(Outcome::Bad, None, why.to_string()),
        Err(Refused::Desk(why)) => Verdict::plain(Outcome::Trouble, None, why.to_string()),
    }
}

fn take(
    folder: &Path,
    file: std::result::Result<PhotoFile, BadPhoto>,
    draft: &Draft,
) -> std::result::Result<Verdict, Refused> {
    let mut desk = Desk::open(folder)?;
    let photo = file.map_err(|why| Refused::Photo(0, why))?;
    let id = match intake::take(&mut desk, vec![photo], draft)? {
        Ok(id) => id,
        Err(id) => return Ok(again(&desk, id)?),
    };
    // The picture can wait until it is wanted; what the person must know now is whether to take the photo again.
    let item = chores::look(&mut desk, id)?;
    let mut verdict = Verdict::plain(Outcome::Taken, Some(id), say!("收到，第 {id} 号", id = id));
    let code = chores::code_of(&item.codes());
    verdict.code = code.as_ref().map(|code| code.invoice.number.clone());
    verdict.amount = code.and_then(|code| match code.amount? {
        Amount::Net(fen) | Amount::Total(fen) | Amount::Open(fen) => Some(fen.plain()),
    });
    let gate = item.pages.iter().filter_map(|page| page.looked.as_ref()?.gate).next();
    verdict.sharp = gate.map(|gate| gate.advice().map_or(Sharp::Good, Sharp::Poor));
    for concern in concerns::of(&Others::of(&desk)?, &item)? {
        match concern {
            Concern::Alike(..) | Concern::Published(..) => verdict.seen = Some(concern.said()),
            Concern::CheckSum => {
                verdict.say =
                    say!("{said}；{warning}", said = verdict.say, warning = concern.said());
            }
            // The rest is looked at on the computer.
            _ => {}
        }
    }
    Ok(verdict)
}

fn again(desk: &Desk, id: i64) -> Result<Verdict> {
    let state = desk.outbox.item(id)?.state.label();
    let say = say!("这张照片已经在第 {id} 号里（{state}）", id = id, state = state);
    Ok(Verdict { seen: Some(say.clone()), ..Verdict::plain(Outcome::Again, Some(id), say) })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::desk::tests::desk;
    use crate::reading::tests::{BILL, sheet};
    use std::io::Cursor;

    fn png(texts: &[&str], scale: u32) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        sheet(texts, scale).write_to(&mut bytes, image::ImageFormat::Png).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn a_photo_becomes_a_draft_with_what_its_code_says() {
        let (folder, desk, _) = desk();
        let none = &Draft::default();
        let place = folder.path().join("desk");
        let verdict = take_bytes(&place, png(&[BILL], 5), none);
        assert_eq!((verdict.state, verdict.id), (Outcome::Taken, Some(1)));
        assert_eq!(verdict.code.as_deref(), Some("26447000001243494438"));
        assert_eq!(verdict.amount.as_deref(), Some("285.92"));
        assert_eq!(verdict.seen, None);
        let again = take_bytes(&place, png(&[BILL], 5), none);
        assert_eq!((again.state, again.id), (Outcome::Again, Some(1)));
        let other = take_bytes(&place, png(&[BILL], 6), none);
        assert_eq!((other.state, other.id), (Outcome::Taken, Some(2)));
        assert!(other.seen.unwrap().contains("第 1 号"));
        assert_eq!(desk.outbox.items().unwrap().len(), 2);
    }

    #[test]
    fn what_is_no_photo_is_bad_and_a_missing_desk_is_trouble() {
        let (folder, desk, _) = desk();
        let none = &Draft::default();
        let bad = take_bytes(&folder.path().join("desk"), b"no picture".to_vec(), none);
        assert_eq!((bad.state, bad.id), (Outcome::Bad, None));
        assert!(desk.outbox.items().unwrap().is_empty());
        let trouble = take_bytes(&folder.path().join("nowhere"), png(&[BILL], 5), none);
        assert_eq!(trouble.state, Outcome::Trouble);
    }
}
