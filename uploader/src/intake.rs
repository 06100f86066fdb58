//! Taking in photos: read, shrink, keep, and only then ask; a crash after that loses nothing.

use crate::chores;
use crate::cli;
use crate::concerns::{self, Concern, Others};
use crate::desk::{Desk, tell, tell_json};
use crate::draft::Draft;
use crate::error::{Error, Result};
use crate::form;
use crate::geometry::Quad;
use crate::listing::Line;
use crate::looking;
use crate::ocr::{self, Reader};
use crate::outbox::Act;
use crate::photo::{BadPhoto, PhotoFile};
use crate::printed::{self, Printed};
use crate::say;
use crate::sharpness::Gate;
use ledger::content::IMAGES_MAX;
use ledger::hash::Hash;
use marks::invoice::{self, Fields, InvoiceCode};
use serde::Serialize;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What the machine read on the photos of one paper.
#[derive(Debug, Default, Serialize)]
struct Reading {
    /// The texts of all codes.
    qr: Vec<String>,
    /// The one that is an invoice's.
    invoice: Option<String>,
    crc_ok: Option<bool>,
    fields: Fields,
    #[serde(skip)]
    code: Option<InvoiceCode>,
}

#[derive(Serialize)]
struct ReadLine<'a> {
    file: &'a Path,
    #[serde(flatten)]
    reading: &'a Reading,
    /// The paper's, clockwise, in fractions of the upright photo; null if they were not found.
    corners: Option<Quad>,
    sharpness: Option<Gate>,
    /// What the printed words say; left out unless they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    printed: Option<Printed>,
}

#[derive(Serialize)]
struct AddLine<'a> {
    #[serde(flatten)]
    item: Line<'a>,
    duplicate: bool,
    files: &'a [PathBuf],
    #[serde(skip_serializing_if = "Option::is_none")]
    read: Option<&'a Reading>,
    warnings: &'a [String],
}

impl Reading {
    fn of(texts: Vec<String>) -> Reading {
        let chosen = invoice::choose(&texts).map(|(text, code)| (text.to_owned(), code));
        let (invoice, code) = chosen.unzip();
        Reading {
            qr: texts,
            invoice,
            crc_ok: code.as_ref().and_then(|code| code.crc_ok),
            fields: code.as_ref().map(InvoiceCode::fields).unwrap_or_default(),
            code,
        }
    }
}

/// Prints what is read on photos and keeps nothing.
///
/// # Errors
/// [`Error::Several`] if a photo cannot be used; the others are read all the same.
pub fn read(read: &cli::Read, models: Option<&Path>, out: &mut dyn Write) -> Result<()> {
    let reader = if read.text { ocr::reader(models)? } else { None };
    let one = |file: &PathBuf, out: &mut dyn Write| {
        let decoded = || PhotoFile::read(file).and_then(PhotoFile::decode);
        let bad = |why| Error::Photo { file: file.clone(), why };
        let photo = decoded().map_err(bad)?;
        let looked = looking::look(photo);
        let reading = Reading::of(looked.codes);
        let (corners, sharpness) = (looked.corners, looked.gate);
        let printed = match &reader {
            Some(reader) => {
                let photo = decoded().map_err(bad)?.upright();
                let lines = reader.read(&photo, &|_, _| true).map_err(Error::Text)?;
                Some(printed::fields(&lines))
            }
            None => None,
        };
        if read.json {
            let reading = &reading;
            return tell_json(out, &ReadLine { file, reading, corners, sharpness, printed });
        }
        tell(out, file.display())?;
        reading.qr.iter().try_for_each(|text| tell(out, say!("  二维码：{text}", text = text)))?;
        if reading.qr.is_empty() {
            tell(out, say!("  没有读到二维码"))?;
        }
        if let Some(advice) = sharpness.and_then(Gate::advice) {
            tell(out, say!("  注意：{warning}", warning = advice))?;
        }
        tell_reading(&reading, out)
    };
    several(&read.photos, |file| one(file, out))
}

/// Takes in the photos: each a receipt, or all together one.
///
/// # Errors
/// [`Error::Several`] if a photo cannot be used; the others are taken in all the same.
pub fn add(
    desk: &mut Desk,
    add: &cli::Add,
    models: Option<&Path>,
    out: &mut dyn Write,
) -> Result<()> {
    let reader = if add.no_text { None } else { ocr::reader(models)? };
    let reader = reader.as_ref();
    if !add.together {
        let papers: Vec<[PathBuf; 1]> = add.photos.iter().map(|photo| [photo.clone()]).collect();
        return several(&papers, |paper| add_one(desk, paper, (add, reader), out));
    }
    if add.photos.len() > IMAGES_MAX {
        return Err(Error::TooManyPages { most: IMAGES_MAX });
    }
    add_one(desk, &add.photos, (add, reader), out)
}

/// Does each; failures are told as they come, and counted.
fn several<T>(things: &[T], mut each: impl FnMut(&T) -> Result<()>) -> Result<()> {
    let mut failed = 0;
    for thing in things {
        match each(thing) {
            // Nobody reads any more.
            Err(error @ Error::Terminal(_)) => return Err(error),
            Err(error) if things.len() == 1 => return Err(error),
            Err(error) => {
                failed += 1;
                eprintln!("{error}");
            }
            Ok(()) => {}
        }
    }
    if failed > 0 { Err(Error::Several { failed, of: things.len() }) } else { Ok(()) }
}

fn add_one(
    desk: &mut Desk,
    files: &[PathBuf],
    (add, reader): (&cli::Add, Option<&Reader>),
    out: &mut dyn Write,
) -> Result<()> {
    let mut photos = Vec::new();
    for file in files {
        let photo = PhotoFile::read(file);
        photos.push(photo.map_err(|why| Error::Photo { file: file.clone(), why })?);
    }
    let mut draft = Draft::default();
    draft.apply(&add.flags).map_err(Error::Unfit)?;
    match take(desk, photos, &draft) {
        Ok(Ok(id)) => finish(desk, id, (files, add, reader), out),
        Ok(Err(id)) => tell_duplicate(desk, id, files, add.json, out),
        Err(Refused::Photo(n, why)) => Err(Error::Photo { file: files[n].clone(), why }),
        Err(Refused::Desk(why)) => Err(why),
    }
}

/// Why photos were not taken in.
pub enum Refused {
    /// The photo at this place cannot be used.
    Photo(usize, BadPhoto),
    /// The desk.
    Desk(Error),
}

impl From<Error> for Refused {
    fn from(why: Error) -> Refused {
        Refused::Desk(why)
    }
}

/// Takes in photos as the pages of one receipt; its number. `Err` is the number of the item that has one of them already.
/// This is the order of the durable writes:
///
/// 1. Each photo is decoded once, for nothing is kept that is no photo. A crash leaves nothing; the camera has the photo.
/// 2. The originals are written and synced. A crash leaves files that no row speaks of; taken in again, they are found there.
/// 3. The row is committed and synced. From here on the paper is in the month. A crash leaves chores, which the next
///    start finds undone and does: see `chores`.
///
/// # Errors
/// [`Refused`].
pub fn take(
    desk: &mut Desk,
    photos: Vec<PhotoFile>,
    draft: &Draft,
) -> std::result::Result<std::result::Result<i64, i64>, Refused> {
    let mut originals: Vec<(Hash, Arc<[u8]>)> = Vec::new();
    for (n, photo) in photos.into_iter().enumerate() {
        if let Some(id) = desk.outbox.holder_of(photo.hash)? {
            return Ok(Err(id));
        }
        if originals.iter().all(|(hash, _)| *hash != photo.hash) {
            originals.push((photo.hash, photo.bytes.clone()));
            photo.decode().map_err(|why| Refused::Photo(n, why))?;
        }
    }
    let files: Vec<(Hash, &[u8])> = originals.iter().map(|(hash, b)| (*hash, &**b)).collect();
    desk.originals.keep(&files)?;
    let hashes: Vec<Hash> = originals.iter().map(|(hash, _)| *hash).collect();
    Ok(desk.outbox.add(draft, &hashes)?)
}

/// Looks at what was taken in, asks for what is missing, if a person is there, and says what came of it.
fn finish(
    desk: &mut Desk,
    id: i64,
    (files, add, reader): (&[PathBuf], &cli::Add, Option<&Reader>),
    out: &mut dyn Write,
) -> Result<()> {
    let item = chores::finish(desk, id, reader)?;
    let reading = Reading::of(item.codes());
    let code = reading.code.as_ref().map(Draft::of_code).unwrap_or_default();
    let mut warnings = code.contradictions(&add.flags);
    warnings.extend(concerns::of(&Others::of(desk)?, &item)?.iter().map(Concern::said));
    if add.json {
        let line = AddLine {
            item: item.line(),
            duplicate: false,
            files,
            read: Some(&reading),
            warnings: &warnings,
        };
        return tell_json(out, &line);
    }
    let names: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    tell(out, say!("第 {id} 号：{files}", id = id, files = names.join(" ")))?;
    tell_reading(&reading, out)?;
    for warning in &warnings {
        tell(out, say!("  注意：{warning}", warning = warning))?;
    }
    if !item.missing().is_empty() && io::stdin().is_terminal() {
        let mut draft = item.draft;
        form::fill(&mut draft, &mut io::stdin().lock(), out).map_err(Error::Terminal)?;
        desk.outbox.edit(id, Act::Edit, |kept| {
            *kept = draft;
            Ok(())
        })?;
    }
    desk.tell_draft(&desk.outbox.item(id)?, out)
}

fn tell_reading(reading: &Reading, out: &mut dyn Write) -> Result<()> {
    let Some(code) = &reading.code else { return Ok(()) };
    let amount = match code.amount {
        Some(invoice::Amount::Net(fen)) => say!("不含税 {amount} 元", amount = fen),
        Some(invoice::Amount::Total(fen)) => say!("价税合计 {amount} 元", amount = fen),
        Some(invoice::Amount::Open(fen)) => say!("金额 {amount} 元", amount = fen),
        None => String::new(),
    };
    let date = code.date.map(|date| date.to_string()).unwrap_or_default();
    let number = &code.invoice.number;
    tell(
        out,
        say!("  发票 {number}  {date}  {amount}", number = number, date = date, amount = amount),
    )
}

fn tell_duplicate(
    desk: &Desk,
    id: i64,
    files: &[PathBuf],
    json: bool,
    out: &mut dyn Write,
) -> Result<()> {
    let item = desk.outbox.item(id)?;
    if json {
        let line = AddLine { item: item.line(), duplicate: true, files, read: None, warnings: &[] };
        return tell_json(out, &line);
    }
    tell(out, say!("这张照片已经在第 {id} 号里（{state}）", id = id, state = item.state.label()))
}

#[cfg(test)]
mod tests;
