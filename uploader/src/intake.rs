//! Taking in photos: read, shrink, keep, and only then ask; a crash after that loses nothing.

use crate::cli;
use crate::desk::{Desk, tell, tell_json};
use crate::draft::{Draft, Flags};
use crate::error::{Error, Result};
use crate::form;
use crate::invoice::{self, Fields, InvoiceCode};
use crate::item::Page;
use crate::listing::Line;
use crate::photo::{BadPhoto, Photo, PhotoFile};
use crate::reading;
use crate::say;
use ledger::content::{IMAGES_MAX, ImageRef};
use ledger::hash::Hash;
use serde::Serialize;
use std::collections::HashSet;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

/// What the machine read on the photos of one paper.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Reading {
    /// The texts of all codes.
    qr: Vec<String>,
    /// The one that is an invoice's.
    invoice: Option<String>,
    crc_ok: Option<bool>,
    fields: Fields,
    #[serde(skip)]
    pub(crate) code: Option<InvoiceCode>,
}

#[derive(Serialize)]
struct ReadLine<'a> {
    file: &'a Path,
    #[serde(flatten)]
    reading: &'a Reading,
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
pub fn read(read: &cli::Read, out: &mut dyn Write) -> Result<()> {
    let one = |file: &PathBuf, out: &mut dyn Write| {
        let photo = PhotoFile::read(file).and_then(PhotoFile::decode);
        let photo = photo.map_err(|why| Error::Photo { file: file.clone(), why })?;
        let reading = Reading::of(reading::codes(photo.gray()));
        if read.json {
            return tell_json(out, &ReadLine { file, reading: &reading });
        }
        tell(out, file.display())?;
        reading.qr.iter().try_for_each(|text| tell(out, say!("  二维码：{text}", text = text)))?;
        if reading.qr.is_empty() {
            tell(out, say!("  没有读到二维码"))?;
        }
        tell_reading(&reading, out)
    };
    several(&read.photos, |file| one(file, out))
}

/// Takes in the photos: each a receipt, or all together one.
///
/// # Errors
/// [`Error::Several`] if a photo cannot be used; the others are taken in all the same.
pub fn add(desk: &mut Desk, add: &cli::Add, out: &mut dyn Write) -> Result<()> {
    if !add.together {
        let papers: Vec<[PathBuf; 1]> = add.photos.iter().map(|photo| [photo.clone()]).collect();
        return several(&papers, |paper| add_one(desk, paper, add, out));
    }
    if add.photos.len() > IMAGES_MAX {
        return Err(Error::TooManyPages { most: IMAGES_MAX });
    }
    add_one(desk, &add.photos, add, out)
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

fn add_one(desk: &mut Desk, files: &[PathBuf], add: &cli::Add, out: &mut dyn Write) -> Result<()> {
    let mut seen = HashSet::new();
    let mut photos = Vec::new();
    for file in files {
        let bad = |why: BadPhoto| Error::Photo { file: file.clone(), why };
        let read = PhotoFile::read(file).map_err(bad)?;
        if let Some(id) = desk.outbox.holder_of(read.hash)? {
            return tell_duplicate(desk, id, files, add.json, out);
        }
        if seen.insert(read.hash) {
            photos.push((read.hash, read.decode().map_err(bad)?, file));
        }
    }
    let reading = read_pages(photos.iter().map(|(_, photo, _)| photo));
    let (draft, warnings) = draft_of(&reading, &add.flags);
    let mut pages = Vec::new();
    for (original, photo, file) in photos {
        let page = keep(desk, original, photo);
        pages.push(page?.map_err(|why| Error::Photo { file: file.clone(), why })?);
    }
    // From here on nothing is lost: the images are on the disk, and this commits with a sync.
    match desk.outbox.add(&draft, &pages)? {
        Ok(id) => finish(desk, id, draft, &reading, warnings, (files, add.json), out),
        Err(id) => tell_duplicate(desk, id, files, add.json, out),
    }
}

/// Codes of all pages; goes on to the next page until an invoice's is found.
pub(crate) fn read_pages<'a>(photos: impl Iterator<Item = &'a Photo>) -> Reading {
    let mut texts = Vec::new();
    for photo in photos {
        for text in reading::codes(photo.gray()) {
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
        if invoice::choose(&texts).is_some() {
            break;
        }
    }
    Reading::of(texts)
}

pub(crate) fn draft_of(reading: &Reading, flags: &Flags) -> (Draft, Vec<String>) {
    let mut draft = reading.code.as_ref().map(Draft::of_code).unwrap_or_default();
    let mut warnings = draft.contradictions(flags);
    if reading.crc_ok == Some(false) {
        warnings.push(say!("二维码的校验不符，请核对发票"));
    }
    draft.apply(flags);
    (draft, warnings)
}

pub(crate) fn keep(
    desk: &Desk,
    original: Hash,
    photo: Photo,
) -> Result<std::result::Result<Page, BadPhoto>> {
    let (picture, thumb) = match photo.publish() {
        Ok(made) => made,
        Err(why) => return Ok(Err(why)),
    };
    desk.images.keep(&[(picture.hash, &picture.bytes), (thumb.hash, &thumb.bytes)])?;
    let image = ImageRef {
        sha256: picture.hash,
        thumb: thumb.hash,
        width: picture.width,
        height: picture.height,
        bytes: picture.bytes.len() as u64,
        covered: Vec::new(),
    };
    Ok(Ok(Page { original, image }))
}

/// Asks for what is missing, if a person is there, and says what came of it.
fn finish(
    desk: &mut Desk,
    id: i64,
    mut draft: Draft,
    reading: &Reading,
    mut warnings: Vec<String>,
    (files, json): (&[PathBuf], bool),
    out: &mut dyn Write,
) -> Result<()> {
    if let Some(other) = desk.outbox.same_invoice(id, &draft)? {
        warnings.push(say!("这张发票的号码与第 {id} 号相同", id = other));
    }
    if json {
        let item = desk.outbox.item(id)?;
        let line = AddLine {
            item: item.line(),
            duplicate: false,
            files,
            read: Some(reading),
            warnings: &warnings,
        };
        return tell_json(out, &line);
    }
    let names: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    tell(out, say!("第 {id} 号：{files}", id = id, files = names.join(" ")))?;
    tell_reading(reading, out)?;
    for warning in &warnings {
        tell(out, say!("  注意：{warning}", warning = warning))?;
    }
    if !draft.missing().is_empty() && io::stdin().is_terminal() {
        form::fill(&mut draft, &mut io::stdin().lock(), out).map_err(Error::Terminal)?;
        desk.outbox.edit(id, &draft)?;
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
