//! The making of a sample: photos, pictures and `township.json` in a folder, from the parameters alone.

use crate::Error;
use crate::books::Books;
use crate::bulletins::{BULLETINS, COLUMNS, Drawing};
use crate::dice::Dice;
use crate::drawing;
use crate::people::{TOWNSHIP, TOWNSHIP_CODE, names};
use crate::photo;
use crate::township::{
    Bulletin, Column, Made, Nothing, Place, Receipt, Staff, Township, VillageEntry,
};
use crate::typeface::Typefaces;
use crate::voucher::Voucher;
use image::codecs::jpeg::JpegEncoder;
use jiff::civil::Date;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Grows with every change of what is drawn.
pub const EDITION: u32 = 2;
/// The list of everything; written last, so that its presence means the sample is whole.
const LIST: &str = "township.json";
/// A folder with this file in it is ours to clear.
const MARK: &str = ".mingbai-sample";
/// Threads that draw.
const THREADS: usize = 2;

/// Makes the sample in `folder`, unless it is there already; `say` is told how far it is.
///
/// # Errors
/// When fonts are missing, the folder holds something else, or it cannot be written.
pub fn make(folder: &Path, made: &Made, say: &(dyn Fn(&str) + Sync)) -> Result<(), Error> {
    if complete(folder, made) {
        say("样例已经在了，不必重做");
        return Ok(());
    }
    let types = Typefaces::load()?;
    clear(folder)?;
    let books = Books::new(made);
    let township = describe(&books, made);
    draw_papers(folder, &types, &books, &township, say)?;
    draw_bulletins(folder, &types, &books, &township)?;
    let text = serde_json::to_string_pretty(&township).map_err(Error::List)?;
    let draft = folder.join("township.json.part");
    write(&draft, text.as_bytes())?;
    let list = folder.join(LIST);
    fs::rename(&draft, &list).map_err(|error| Error::Write(list, error))
}

/// Whether the folder holds just what these parameters give.
fn complete(folder: &Path, made: &Made) -> bool {
    let Ok(text) = fs::read_to_string(folder.join(LIST)) else { return false };
    let Ok(township) = serde_json::from_str::<Township>(&text) else { return false };
    let pictures = township.bulletins.iter().flat_map(|bulletin| &bulletin.images);
    let mut files = township.receipts.iter().map(|receipt| &receipt.photo).chain(pictures);
    township.made == *made && files.all(|file| folder.join(file).is_file())
}

/// Empties the folder of an earlier sample; a folder with anything else in it is left alone.
fn clear(folder: &Path) -> Result<(), Error> {
    let failed = |error| Error::Write(folder.to_path_buf(), error);
    fs::create_dir_all(folder).map_err(failed)?;
    let mark = folder.join(MARK);
    if !mark.is_file() {
        if fs::read_dir(folder).map_err(failed)?.next().is_some() {
            return Err(Error::Occupied(folder.to_path_buf()));
        }
        write(&mark, b"")?;
    }
    for name in ["papers", "bulletins"] {
        let path = folder.join(name);
        if path.is_dir() {
            fs::remove_dir_all(&path).map_err(|error| Error::Write(path, error))?;
        }
    }
    let list = folder.join(LIST);
    if list.is_file() {
        fs::remove_file(&list).map_err(|error| Error::Write(list, error))?;
    }
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let failed = |error| Error::Write(path.to_path_buf(), error);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    fs::write(path, bytes).map_err(failed)
}

/// Draws and photographs every paper, on as many threads as the machine gives us.
fn draw_papers(
    folder: &Path,
    types: &Typefaces,
    books: &Books,
    township: &Township,
    say: &(dyn Fn(&str) + Sync),
) -> Result<(), Error> {
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let total = books.vouchers.len();
    let work = || -> Result<(), Error> {
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(voucher) = books.vouchers.get(place) else { return Ok(()) };
            let photo = &township.receipts[place].photo;
            write(&folder.join(photo), &shoot(types, voucher, township.made.seed, photo)?)?;
            let count = done.fetch_add(1, Ordering::Relaxed) + 1;
            if count.is_multiple_of(20) || count == total {
                say(&format!("已画好票据照片 {count}/{total}"));
            }
        }
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(work)).collect();
        threads.into_iter().try_for_each(|thread| thread.join().unwrap_or(Err(Error::Thread)))
    })
}

/// The photo of one voucher's paper, as a JPEG file.
///
/// # Errors
/// When the picture cannot be encoded.
pub fn shoot(
    types: &Typefaces,
    voucher: &Voucher,
    seed: u64,
    photo: &str,
) -> Result<Vec<u8>, Error> {
    let mut dice = Dice::new(seed, photo);
    let sheet = voucher.paper.draw(types, &mut dice, &voucher.signed);
    let (day, hour, minute) =
        (voucher.date.strftime("%Y:%m:%d"), dice.whole(8, 17), dice.whole(0, 59));
    photo::take(&sheet, &mut dice, &format!("{day} {hour:02}:{minute:02}:00"))
}

fn draw_bulletins(
    folder: &Path,
    types: &Typefaces,
    books: &Books,
    township: &Township,
) -> Result<(), Error> {
    for bulletin in &township.bulletins {
        let text = BULLETINS.iter().find(|text| text.date == bulletin.date);
        let Some(drawing) = text.and_then(|text| text.drawing) else { continue };
        let until = bulletin.date.parse::<Date>().unwrap_or_default().first_of_month();
        let sheet = match drawing {
            Drawing::Chart => drawing::chart(types, books, until),
            Drawing::Map => drawing::map(types),
        };
        let mut jpeg = Vec::new();
        JpegEncoder::new_with_quality(&mut jpeg, 90)
            .encode_image(&sheet.pixels)
            .map_err(Error::Picture)?;
        for image in &bulletin.images {
            write(&folder.join(image), &jpeg)?;
        }
    }
    Ok(())
}

/// The list of everything, before anything is drawn.
#[must_use]
pub fn describe(books: &Books, made: &Made) -> Township {
    let period = |month: Date| month.strftime("%Y-%m").to_string();
    let villages = books.villages.iter().map(|village| VillageEntry {
        code: village.code.clone(),
        name: village.name.to_string(),
        accountant: village.accountant.clone(),
    });
    let columns = COLUMNS.map(|(id, name, name_en)| Column {
        id: id.to_string(),
        name: name.to_string(),
        name_en: name_en.to_string(),
    });
    let office = names(&mut Dice::new(made.seed, "office"), 3);
    let posts = [("editor", "bianji"), ("reviewer", "shenhe-a"), ("reviewer", "shenhe-b")];
    let staff = posts.into_iter().zip(office).map(|((role, login), name)| Staff {
        role: role.to_string(),
        name,
        login: login.to_string(),
    });
    let nothing = books.empty.iter().map(|(village, month)| Nothing {
        village: books.villages[*village].code.clone(),
        period: period(*month),
    });
    Township {
        made: made.clone(),
        township: Place { code: TOWNSHIP_CODE.to_string(), name: TOWNSHIP.to_string() },
        villages: villages.collect(),
        columns: columns.to_vec(),
        staff: staff.collect(),
        receipts: receipts(books),
        bulletins: bulletins(books),
        nothing: nothing.collect(),
    }
}

fn receipts(books: &Books) -> Vec<Receipt> {
    let mut photos: Vec<String> = Vec::new();
    let mut number = 0;
    for (place, voucher) in books.vouchers.iter().enumerate() {
        let before = place.checked_sub(1).map(|place| &books.vouchers[place]);
        let same = before.is_some_and(|b| (b.village, b.month) == (voucher.village, voucher.month));
        number = if same { number + 1 } else { 1 };
        let village = &books.villages[voucher.village].code;
        let (month, kind) = (voucher.month.strftime("%Y-%m"), voucher.paper.kind());
        photos.push(format!("papers/{village}/{month}/{number:02}-{kind}.jpg"));
    }
    let entry = |(place, voucher): (usize, &Voucher)| Receipt {
        photo: photos[place].clone(),
        kind: voucher.paper.kind().to_string(),
        village: books.villages[voucher.village].code.clone(),
        period: voucher.month.strftime("%Y-%m").to_string(),
        direction: voucher.direction,
        amount: voucher.paper.amount(),
        date: voucher.date.to_string(),
        purpose: voucher.purpose.clone(),
        payee: voucher.payee.clone(),
        category: voucher.category.to_string(),
        handler: voucher.signed.handler.clone(),
        witness: voucher.signed.witness.clone(),
        approver: voucher.signed.approver.clone(),
        invoice: voucher.paper.invoice_id(),
        has_qr: voucher.paper.invoice().is_some(),
        qr: voucher.paper.invoice().map(crate::invoice::Invoice::payload),
        duplicate_of: voucher.again.map(|first| photos[first].clone()),
    };
    books.vouchers.iter().enumerate().map(entry).collect()
}

/// The bulletins that fall into the months of the books (those of the first month always do).
fn bulletins(books: &Books) -> Vec<Bulletin> {
    let last = books.months.last().map_or(Date::MIN, |month| month.last_of_month());
    let within = BULLETINS.iter().filter(|text| text.date <= last.to_string().as_str());
    let name = |drawing| match drawing {
        Drawing::Chart => "bulletins/shouzhi.jpg",
        Drawing::Map => "bulletins/shigong.jpg",
    };
    within
        .map(|text| Bulletin {
            column: text.column.to_string(),
            title: text.title.to_string(),
            body: text.body.join("\n\n"),
            date: text.date.to_string(),
            images: text.drawing.map(|drawing| name(drawing).to_string()).into_iter().collect(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn made(receipts: usize) -> Made {
        Made { edition: EDITION, seed: 1, receipts, months: 6, villages: 8 }
    }

    fn files(folder: &Path, found: &mut BTreeMap<String, Vec<u8>>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                files(&path, found);
            } else {
                found.insert(path.to_string_lossy().into_owned(), fs::read(&path).unwrap());
            }
        }
    }

    fn contents(folder: &Path) -> Vec<(String, Vec<u8>)> {
        let mut found = BTreeMap::new();
        files(folder, &mut found);
        let root = folder.to_string_lossy().into_owned();
        found.into_iter().map(|(path, bytes)| (path.replace(&root, ""), bytes)).collect()
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes_and_a_whole_sample_is_left_alone() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for folder in [&one, &two] {
            make(folder.path(), &made(6), &|_| ()).unwrap();
        }
        assert_eq!(contents(one.path()), contents(two.path()));
        let said = std::sync::Mutex::new(Vec::new());
        make(one.path(), &made(6), &|text| said.lock().unwrap().push(text.to_string())).unwrap();
        assert_eq!(*said.lock().unwrap(), ["样例已经在了，不必重做"]);
    }

    #[test]
    fn a_folder_with_something_else_in_it_is_refused_untouched() {
        let folder = tempfile::tempdir().unwrap();
        let letter = folder.path().join("papers");
        fs::create_dir(&letter).unwrap();
        assert!(matches!(make(folder.path(), &made(1), &|_| ()), Err(Error::Occupied(_))));
        assert!(letter.is_dir());
    }

    #[test]
    fn the_list_reads_back_as_written() {
        let township = describe(&Books::new(&made(200)), &made(200));
        let text = serde_json::to_string(&township).unwrap();
        assert_eq!(serde_json::from_str::<Township>(&text).unwrap(), township);
        assert_eq!(township.bulletins.len(), 12);
        assert_eq!(township.bulletins.iter().filter(|b| !b.images.is_empty()).count(), 2);
    }
}
