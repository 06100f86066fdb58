//! Bulletins: an editor writes, somebody else publishes.

use std::sync::Arc;

use ledger::content::{BulletinContent, Content, IMAGES_MAX, Salt};
use ledger::hash::sha256;
use ledger::place::Village;
use ledger::statement::Statement;

use crate::app::{App, read_keys};
use crate::audit::{self, Change};
use crate::durable::{self, Access};
use crate::error::{Error, Result};
use crate::intake::{self, Checked};
use crate::people::{Deed, Who};
use crate::photo::{self, Prepared};
use crate::{blobs, clock, directory, publish};

/// What an editor wrote.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    /// 12-digit code of the village it is about; empty for the township.
    pub village: String,
    /// Id of a column of the directory.
    pub column: String,
    /// One line.
    pub title: String,
    /// Plain text; an empty line parts paragraphs.
    pub body: String,
    /// Picture files as they were sent: JPEG, PNG or WebP.
    pub images: Vec<Vec<u8>>,
}

/// Keeps a bulletin to be reviewed; answers its submission id.
///
/// # Errors
/// When this person may not write bulletins, or a field or picture is wrong.
pub async fn draft(app: &Arc<App>, who: &Who, draft: Draft) -> Result<String> {
    let (app, who) = (Arc::clone(app), who.clone());
    tokio::task::spawn_blocking(move || draft_blocking(&app, &who, draft))
        .await
        .unwrap_or_else(|_| Err(Error::Corrupt("保存公告时出错（程序内部错误）".into())))
}

/// The same on a thread that may block.
///
/// # Errors
/// As [`draft`].
pub fn draft_blocking(app: &App, who: &Who, draft: Draft) -> Result<String> {
    let by = who.acting(Deed::Write)?;
    app.publisher.must_run()?;
    if draft.images.len() > IMAGES_MAX {
        return Err(Error::refused("bad-content", format!("至多 {IMAGES_MAX} 张图片")));
    }
    let village = place(app, &draft)?;
    let images: Vec<Prepared> =
        draft.images.iter().map(|bytes| photo::prepare(bytes)).collect::<Result<_>>()?;
    let content = BulletinContent {
        salt: salt()?,
        column: draft.column,
        title: draft.title.trim().to_owned(),
        body: draft.body.replace("\r\n", "\n").trim().to_owned(),
        images: images.iter().map(|image| image.image.clone()).collect(),
    };
    content.check().map_err(|e| Error::refused("bad-content", format!("公告不合规定：{e}")))?;
    keep_images(app, &images)?;
    let (body, hash) = content.to_bytes();
    let statement = Statement::Bulletin { village, time: clock::timestamp()?, content: hash };
    let keys = read_keys(&app.data)?;
    let checked = Checked {
        id: sha256(statement.to_text().as_bytes()).to_string(),
        note: publish::office_note(&keys, &statement),
        body: Some(String::from_utf8_lossy(&body).into_owned()),
        signer: keys.office.verifier().name().to_owned(),
        images: content.images,
        invoice: None,
        says_openness: true,
        statement,
    };
    app.db.write_blocking(move |c| {
        for made in &images {
            let image = &made.image;
            blobs::keep(c, &image.sha256, made.picture.len(), image.width, image.height)?;
            // A thumbnail's size is not asked for by anyone.
            blobs::keep(c, &image.thumb, made.thumb.len(), 0, 0)?;
        }
        intake::keep(c, &checked, Some(&by))?;
        audit::record(c, &by, "draft", &checked.id, Change::to(&content.title))?;
        Ok(checked.id)
    })
}

/// The place meant, which must be in the directory, as must the column.
fn place(app: &App, draft: &Draft) -> Result<Village> {
    let code = if draft.village.is_empty() { &app.township } else { &draft.village };
    let village: Village =
        code.parse().map_err(|_| Error::refused("bad-village", "村代码应为 12 位数字"))?;
    let directory = app.db.read(directory::current)?;
    if *code != app.township && !directory.villages.iter().any(|known| known.code == village) {
        return Err(Error::refused("bad-village", format!("没有代码为 {code} 的村")));
    }
    if !directory.columns.iter().any(|column| column.id == draft.column) {
        return Err(Error::refused("bad-column", format!("没有栏目 {}", draft.column)));
    }
    Ok(village)
}

fn keep_images(app: &App, images: &[Prepared]) -> Result<()> {
    for made in images {
        for (hash, bytes) in [(&made.image.sha256, &made.picture), (&made.image.thumb, &made.thumb)]
        {
            if app.data.find_blob(hash).is_none() {
                durable::replace(&app.data.private_blob(hash), bytes, Access::Private)?;
            }
        }
    }
    Ok(())
}

/// 128 fresh random bits.
pub(crate) fn salt() -> Result<Salt> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|e| Error::Corrupt(format!("没有随机数：{e}")))?;
    Ok(Salt(bytes))
}
