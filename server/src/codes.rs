//! Codes on pictures: every public picture of a receipt under review is looked at once, in the background, for an
//! invoice's code. The queue is the database: what was not looked at when the program ended is looked at by the next.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use image::GrayImage;
use ledger::hash::Hash;
use marks::invoice;
use rusqlite::{Connection, OptionalExtension, params};
use tokio::sync::Notify;

use crate::app::App;
use crate::error::{Error, Result};
use crate::photo;

/// Long edges of the copies that are looked at, in pixels, the quickest first; larger ones take many seconds.
const EDGES: [u32; 2] = [1200, 2000];

/// Wakes whoever looks.
#[derive(Default)]
pub struct Lookout {
    news: Notify,
}

impl Lookout {
    /// A picture has come, or a submission that names one.
    pub fn wake(&self) {
        self.news.notify_one();
    }
}

/// What is known of the codes on a submission's pictures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Codes {
    /// The texts of the invoices' codes.
    pub texts: Vec<String>,
    /// Whether some picture was not looked at yet.
    pub waiting: bool,
}

/// Looks at pictures, one at a time, for as long as the program runs.
pub async fn look(app: Arc<App>) {
    loop {
        let mut place = Some(Place::default());
        while let Some(after) = place.take() {
            let app = Arc::clone(&app);
            let looked = tokio::task::spawn_blocking(move || look_at_next(&app, &after)).await;
            match looked.unwrap_or_else(|_| Err(Error::Corrupt("看图片时出错".into()))) {
                Ok(next) => place = next,
                Err(error) => tracing::warn!(%error, "pictures cannot be looked at now"),
            }
        }
        app.lookout.news.notified().await;
    }
}

/// How far a round has come, in the order of arrival.
#[derive(Clone, Debug, Default)]
struct Place {
    submission: i64,
    sha256: String,
}

/// Looks at the next picture after a place; answers its place, none at the end. Blocks.
fn look_at_next(app: &App, after: &Place) -> Result<Option<Place>> {
    let Some(place) = app.db.read(|c| next(c, after))? else { return Ok(None) };
    match read(app, &place.sha256) {
        // It is tried again in the next round.
        Err(error) => tracing::warn!(%error, sha256 = place.sha256, "a picture cannot be read"),
        Ok(text) => {
            let sha256 = place.sha256.clone();
            app.db.write_blocking(move |c| keep(c, &sha256, text.as_deref()))?;
        }
    }
    Ok(Some(place))
}

fn next(c: &Connection, after: &Place) -> Result<Option<Place>> {
    let mut query = c.prepare_cached(
        "SELECT w.seq, s.sha256 FROM submission w
         JOIN submission_image s ON s.submission = w.seq
         JOIN image i ON i.sha256 = s.sha256
         LEFT JOIN picture_code p ON p.sha256 = s.sha256
         WHERE w.state = 'received' AND w.kind <> 'bulletin' AND w.seq >= ?1
           AND (w.seq > ?1 OR s.sha256 > ?2) AND s.picture = 1 AND p.sha256 IS NULL
         ORDER BY w.seq, s.sha256 LIMIT 1",
    )?;
    let place =
        |row: &rusqlite::Row<'_>| Ok(Place { submission: row.get(0)?, sha256: row.get(1)? });
    Ok(query.query_row(params![after.submission, after.sha256], place).optional()?)
}

fn read(app: &App, sha256: &str) -> Result<Option<String>> {
    let hash: Hash = sha256.parse().map_err(|_| Error::Corrupt("数据库中的图片散列".into()))?;
    let missing = || Error::Corrupt(format!("图片 {sha256} 不在磁盘上"));
    let path = app.data.find_blob(&hash).ok_or_else(missing)?;
    let bytes = std::fs::read(&path).map_err(Error::file(&path))?;
    for edge in EDGES {
        if let Some(text) = invoice_code(&photo::grey(&bytes, edge)?) {
            return Ok(Some(text));
        }
    }
    Ok(None)
}

/// The text of an invoice's code on a picture.
fn invoice_code(picture: &GrayImage) -> Option<String> {
    let look = || {
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        let pixel = |x: usize, y: usize| picture.as_raw().get(y * width + x).copied();
        let mut prepared = rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| {
            pixel(x, y).unwrap_or_default()
        });
        let grids = prepared.detect_grids();
        grids.iter().filter_map(|grid| grid.decode().ok()).map(|(_, text)| text).collect()
    };
    // A reader of foreign pictures that panics has found nothing.
    let texts: Vec<String> = catch_unwind(AssertUnwindSafe(look)).unwrap_or_default();
    invoice::choose(&texts).map(|(text, _)| text.to_owned())
}

/// A picture that was withdrawn meanwhile is not remembered.
fn keep(c: &Connection, sha256: &str, text: Option<&str>) -> Result<()> {
    c.prepare_cached(
        "INSERT OR IGNORE INTO picture_code
         SELECT sha256, ?2 FROM image WHERE sha256 = ?1",
    )?
    .execute(params![sha256, text])?;
    Ok(())
}

/// The codes on the pictures of a submission.
///
/// # Errors
/// When the database cannot be read.
pub fn of(c: &Connection, id: &str) -> Result<Codes> {
    let mut query = c.prepare_cached(
        "SELECT p.text, p.sha256 IS NULL FROM submission w
         JOIN submission_image s ON s.submission = w.seq
         LEFT JOIN picture_code p ON p.sha256 = s.sha256
         WHERE w.id = ?1 AND s.picture = 1",
    )?;
    let mut rows = query.query([id])?;
    let mut codes = Codes::default();
    while let Some(row) = rows.next()? {
        codes.texts.extend(row.get::<_, Option<String>>(0)?);
        codes.waiting |= row.get::<_, bool>(1)?;
    }
    Ok(codes)
}

#[cfg(test)]
mod tests;
