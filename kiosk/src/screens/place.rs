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

/// Where a reader can be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The villages; before the first sync, the page that says so.
    Home,
    /// A village's months.
    Village(Village),
    /// A month's receipts.
    Month(Village, Period),
    /// One receipt, by log index.
    Receipt(u64),
    /// The bulletins of a column, or of all.
    Bulletins(Option<String>),
    /// One bulletin, by log index.
    Bulletin(u64),
    /// What a paper's seal means.
    Seal(Paper),
    /// How old and sound everything is.
    Status,
    /// What somebody looks for.
    Search,
}

impl Place {
    /// The path of the same page on the server; of the nearest, where it has none.
    #[must_use]
    pub fn path(&self) -> String {
        match self {
            Self::Home | Self::Bulletins(_) | Self::Status | Self::Search => "/".to_owned(),
            Self::Village(village) => format!("/v/{village}"),
            Self::Month(village, period) => format!("/v/{village}/{period}"),
            Self::Receipt(index) | Self::Seal(Paper::Receipt(index)) => format!("/r/{index}"),
            Self::Bulletin(index) | Self::Seal(Paper::Bulletin(index)) => format!("/b/{index}"),
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
