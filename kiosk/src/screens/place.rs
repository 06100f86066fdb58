//! A place: one page of the kiosk, and its address for a telephone.

use ledger::place::Village;
use ledger::time::Period;

/// A paper that carries a seal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paper {
    /// The receipt at this log index.
    Receipt(u64),
    /// The bulletin at this log index.
    Bulletin(u64),
}

/// Which columns of bulletins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Columns {
    /// Every one.
    All,
    /// The one with this id.
    One(String),
    /// Policies and what explains them.
    Policies,
}

/// Where a reader can be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// What is shown while nobody is there.
    Attract,
    /// The emergency notice at this log index.
    Emergency(u64),
    /// The doors; before the first sync, the page that says so.
    Home,
    /// The villages.
    Villages,
    /// A village's months.
    Village(Village),
    /// A month's receipts.
    Month(Village, Period),
    /// The month at a glance.
    Summary(Village, Period),
    /// One receipt, by log index.
    Receipt(u64),
    /// The bulletins of some columns.
    Bulletins(Columns),
    /// One bulletin, by log index.
    Bulletin(u64),
    /// One of a paper's pictures as large as the screen, counted from 0.
    Picture(Paper, usize),
    /// What a paper's seal means.
    Seal(Paper),
    /// How old and sound everything is.
    Status,
    /// How to see and reach better.
    Comfort,
}

impl Place {
    /// The path of the same page on the server; of the nearest, where it has none.
    #[must_use]
    pub fn path(&self) -> String {
        match self {
            Self::Attract
            | Self::Home
            | Self::Villages
            | Self::Bulletins(_)
            | Self::Status
            | Self::Comfort => "/".to_owned(),
            Self::Village(village) => format!("/v/{village}"),
            Self::Month(village, period) | Self::Summary(village, period) => {
                format!("/v/{village}/{period}")
            }
            Self::Receipt(index)
            | Self::Picture(Paper::Receipt(index), _)
            | Self::Seal(Paper::Receipt(index)) => format!("/r/{index}"),
            Self::Bulletin(index)
            | Self::Emergency(index)
            | Self::Picture(Paper::Bulletin(index), _)
            | Self::Seal(Paper::Bulletin(index)) => format!("/b/{index}"),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn every_page_has_an_address_for_a_telephone() {
        let village: Village = "341181107201".parse().unwrap();
        let period: Period = "2026-05".parse().unwrap();
        let path = |place: Place| place.path();
        assert_eq!(path(Place::Home), "/");
        assert_eq!(path(Place::Village(village)), "/v/341181107201");
        assert_eq!(path(Place::Month(village, period)), "/v/341181107201/2026-05");
        assert_eq!(path(Place::Receipt(17)), "/r/17");
        assert_eq!(path(Place::Seal(Paper::Receipt(17))), "/r/17");
        assert_eq!(path(Place::Bulletin(9)), "/b/9");
        assert_eq!(path(Place::Seal(Paper::Bulletin(9))), "/b/9");
    }
}
