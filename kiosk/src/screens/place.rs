//! A place: one page of the kiosk, its address for a telephone, and its name for the machine.

use std::fmt;
use std::str::FromStr;

use ledger::place::Village;
use ledger::question::Slip;
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
    /// What somebody looks for.
    Search,
    /// What was asked about a paper.
    Questions(Paper),
    /// A question that is being written, about a paper or about nothing on the screen.
    Ask(Option<Paper>),
    /// The slip of a question that was sent.
    Slip(Slip),
}

impl Place {
    /// The path of the same page on the server; of the nearest, where it has none.
    #[must_use]
    pub fn path(&self) -> String {
        match self {
            Self::Attract
            | Self::Home
            | Self::Villages
            | Self::Status
            | Self::Comfort
            | Self::Search => "/".to_owned(),
            Self::Ask(None) => "/ask".to_owned(),
            Self::Ask(Some(Paper::Receipt(index) | Paper::Bulletin(index))) => {
                format!("/ask?r={index}")
            }
            Self::Slip(slip) => format!("/slip/{slip}"),
            Self::Village(village) => format!("/v/{village}"),
            Self::Month(village, period) | Self::Summary(village, period) => {
                format!("/v/{village}/{period}")
            }
            Self::Receipt(index)
            | Self::Picture(Paper::Receipt(index), _)
            | Self::Questions(Paper::Receipt(index))
            | Self::Seal(Paper::Receipt(index)) => format!("/r/{index}"),
            Self::Bulletins(Columns::All | Columns::Policies) => "/b".to_owned(),
            Self::Bulletins(Columns::One(id)) => format!("/b?column={id}"),
            Self::Bulletin(index)
            | Self::Emergency(index)
            | Self::Picture(Paper::Bulletin(index), _)
            | Self::Questions(Paper::Bulletin(index))
            | Self::Seal(Paper::Bulletin(index)) => format!("/b/{index}"),
        }
    }
}

/// The name that a page is written down under, to begin there again.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Attract => f.write_str("attract"),
            Self::Emergency(index) => write!(f, "emergency/{index}"),
            Self::Home => f.write_str("home"),
            Self::Villages => f.write_str("villages"),
            Self::Village(village) => write!(f, "village/{village}"),
            Self::Month(village, period) => write!(f, "month/{village}/{period}"),
            Self::Summary(village, period) => write!(f, "summary/{village}/{period}"),
            Self::Receipt(index) => write!(f, "receipt/{index}"),
            Self::Bulletins(Columns::All) => f.write_str("bulletins"),
            Self::Bulletins(Columns::Policies) => f.write_str("policies"),
            Self::Bulletins(Columns::One(id)) => write!(f, "bulletins/{id}"),
            Self::Bulletin(index) => write!(f, "bulletin/{index}"),
            Self::Picture(paper, picture) => write!(f, "picture/{paper}/{picture}"),
            Self::Seal(paper) => write!(f, "seal/{paper}"),
            Self::Status => f.write_str("status"),
            Self::Comfort => f.write_str("comfort"),
            Self::Search => f.write_str("search"),
            Self::Questions(paper) => write!(f, "questions/{paper}"),
            Self::Ask(None) => f.write_str("ask"),
            Self::Ask(Some(paper)) => write!(f, "ask/{paper}"),
            // Nobody comes back to the slip of somebody else.
            Self::Slip(_) => f.write_str("home"),
        }
    }
}

impl fmt::Display for Paper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Receipt(index) => write!(f, "receipt/{index}"),
            Self::Bulletin(index) => write!(f, "bulletin/{index}"),
        }
    }
}

/// The text is no page's name.
#[derive(Debug, thiserror::Error)]
#[error("not a page")]
pub struct BadPlace;

impl FromStr for Place {
    type Err = BadPlace;

    fn from_str(text: &str) -> Result<Self, BadPlace> {
        fn read<T: FromStr>(text: &str) -> Result<T, BadPlace> {
            text.parse().map_err(|_| BadPlace)
        }
        let paper = |kind: &str, index: &str| match kind {
            "receipt" => Ok(Paper::Receipt(read(index)?)),
            "bulletin" => Ok(Paper::Bulletin(read(index)?)),
            _ => Err(BadPlace),
        };
        let words: Vec<&str> = text.split('/').collect();
        Ok(match words[..] {
            ["attract"] => Self::Attract,
            ["emergency", index] => Self::Emergency(read(index)?),
            ["home"] => Self::Home,
            ["villages"] => Self::Villages,
            ["village", village] => Self::Village(read(village)?),
            ["month", village, period] => Self::Month(read(village)?, read(period)?),
            ["summary", village, period] => Self::Summary(read(village)?, read(period)?),
            ["receipt", index] => Self::Receipt(read(index)?),
            ["bulletins"] => Self::Bulletins(Columns::All),
            ["policies"] => Self::Bulletins(Columns::Policies),
            ["bulletins", id] => Self::Bulletins(Columns::One(id.to_owned())),
            ["bulletin", index] => Self::Bulletin(read(index)?),
            ["picture", kind, index, picture] => Self::Picture(paper(kind, index)?, read(picture)?),
            ["seal", kind, index] => Self::Seal(paper(kind, index)?),
            ["status"] => Self::Status,
            ["comfort"] => Self::Comfort,
            ["search"] => Self::Search,
            ["questions", kind, index] => Self::Questions(paper(kind, index)?),
            ["ask"] => Self::Ask(None),
            ["ask", kind, index] => Self::Ask(Some(paper(kind, index)?)),
            _ => return Err(BadPlace),
        })
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
        assert_eq!(path(Place::Bulletins(Columns::All)), "/b");
        assert_eq!(path(Place::Bulletins(Columns::One("cunwu".into()))), "/b?column=cunwu");
        assert_eq!(path(Place::Bulletin(9)), "/b/9");
        assert_eq!(path(Place::Seal(Paper::Bulletin(9))), "/b/9");
        assert_eq!(path(Place::Questions(Paper::Bulletin(9))), "/b/9");
        assert_eq!(path(Place::Ask(Some(Paper::Receipt(17)))), "/ask?r=17");
        let slip: Slip = "0123456789".parse().unwrap();
        assert_eq!(path(Place::Slip(slip.clone())), "/slip/0123456789");
        assert_eq!(Place::Slip(slip).to_string(), "home", "nobody comes back to it");
    }

    #[test]
    fn every_page_has_a_name_that_leads_back_to_it() {
        let village: Village = "341181107201".parse().unwrap();
        let period: Period = "2026-05".parse().unwrap();
        for place in [
            Place::Attract,
            Place::Emergency(7),
            Place::Home,
            Place::Villages,
            Place::Village(village),
            Place::Month(village, period),
            Place::Summary(village, period),
            Place::Receipt(17),
            Place::Bulletins(Columns::All),
            Place::Bulletins(Columns::Policies),
            Place::Bulletins(Columns::One("cunwu".into())),
            Place::Bulletin(9),
            Place::Picture(Paper::Receipt(17), 2),
            Place::Picture(Paper::Bulletin(9), 0),
            Place::Seal(Paper::Receipt(17)),
            Place::Seal(Paper::Bulletin(9)),
            Place::Status,
            Place::Comfort,
            Place::Search,
            Place::Questions(Paper::Receipt(17)),
            Place::Questions(Paper::Bulletin(9)),
            Place::Ask(None),
            Place::Ask(Some(Paper::Receipt(17))),
        ] {
            assert_eq!(place.to_string().parse::<Place>().unwrap(), place);
        }
        for bad in ["", "month", "month/1/2026-05", "receipt/x", "seal/home/1", "home/1"] {
            assert!(bad.parse::<Place>().is_err(), "{bad}");
        }
    }
}
