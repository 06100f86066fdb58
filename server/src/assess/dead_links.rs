//! Bulletins with links to pages of this server that are not there (any more). Other servers are not asked: an inspection
//! does not reach beyond the office.

use ledger::content::{BulletinContent, Content};
use rusqlite::Connection;

use super::Behind;
use crate::error::Result;
use crate::{markdown, view};

/// Bulletins that are looked at, the newest first.
const BULLETINS_MAX: usize = 500;

/// The bulletins that stand and have a dead link.
pub(super) fn find(c: &Connection) -> Result<Vec<Behind>> {
    let sql = format!(
        "SELECT n, content FROM view_item WHERE kind = 'bulletin' AND corrected IS NULL
         AND content IS NOT NULL ORDER BY n DESC LIMIT {BULLETINS_MAX}"
    );
    let mut query = c.prepare_cached(&sql)?;
    let mut rows = query.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let (n, text): (u64, String) = (row.get(0)?, row.get(1)?);
        let Ok(bulletin) = BulletinContent::parse(text.as_bytes()) else { continue };
        for link in markdown::links(&bulletin.body) {
            if is_dead(c, &link)? {
                found.push(Behind::Record { n });
                break;
            }
        }
    }
    Ok(found)
}

/// Whether an address is one of this server's pages, and there is none.
fn is_dead(c: &Connection, address: &str) -> Result<bool> {
    let Some(path) = address.strip_prefix('/') else { return Ok(false) };
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let parts: Vec<&str> = path.trim_end_matches('/').split('/').collect();
    Ok(match parts.as_slice() {
        [kind @ ("r" | "b"), n] => {
            let item = n.parse().ok().map(|n| view::item(c, n)).transpose()?.flatten();
            item.is_none_or(|item| {
                item.content.is_none() || (item.kind == "bulletin") != (*kind == "b")
            })
        }
        ["v", village] => view::village_name(c, village)?.is_none(),
        ["v", village, period] => {
            !view::months(c, village)?.iter().any(|month| month.period.to_string() == *period)
        }
        ["" | "b" | "figures" | "checkpoint"] | ["figures", _] => false,
        _ => true,
    })
}

#[cfg(test)]
mod tests {
    use ledger::statement::{Reason, Source};

    use super::*;
    use crate::review;
    use crate::testing::{Office, wait};

    #[test]
    fn links_into_the_office_are_followed_and_others_are_not() {
        let office = Office::new();
        let app = office.open();
        let id = office.submit(&app, 1, |_| {});
        let receipt = wait(review::publish(&app, &[id], &office.reviewer)).unwrap()[0].index;
        let dead = |body: &str| {
            let n = office.bulletin(&app, "通知", body);
            app.db.read(find).unwrap().contains(&Behind::Record { n })
        };
        let good = format!(
            "[甲](/r/{receipt}) [乙](/v/341181107201) [丙](/v/341181107201/2026-05?lang=en) [丁](/b)
             [戊](https://nowhere.example/r/99)"
        );
        assert!(!dead(&good), "{good}");
        for link in ["/r/9999", "/b/0", "/r/x", "/v/341181107299", "/v/341181107201/1999-01", "/x"]
        {
            assert!(dead(&format!("看[这里]({link})")), "{link}");
        }
        let who = &office.reviewer;
        wait(review::withdraw(&app, receipt, Reason::Mistaken, Source::Original, who)).unwrap();
        assert!(dead(&format!("[甲](/r/{receipt})")), "withdrawn");
    }
}
