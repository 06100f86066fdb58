//! Why something is as it is: sentences whose blanks are filled in, said in a language when that is known.

use std::fmt;

use crate::web::words::{Lang, Words};

/// Sentences, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Why(Vec<Sentence>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Sentence {
    zh: &'static str,
    values: Vec<(&'static str, String)>,
}

impl Why {
    /// One more sentence: a phrase of the words table and its values, as for [`Words::fill`].
    pub fn fill(&mut self, zh: &'static str, values: &[(&'static str, &dyn fmt::Display)]) {
        let values = values.iter().map(|(name, value)| (*name, value.to_string())).collect();
        self.0.push(Sentence { zh, values });
    }

    /// Goes on with what another one says.
    pub fn append(&mut self, mut other: Why) {
        self.0.append(&mut other.0);
    }

    /// All of it, in one line.
    #[must_use]
    pub fn said(&self, words: &Words) -> String {
        let said = self.0.iter().map(|sentence| {
            let values: Vec<(&str, &str)> =
                sentence.values.iter().map(|(name, value)| (*name, value.as_str())).collect();
            words.fill(sentence.zh, &values)
        });
        said.collect::<Vec<_>>().join(if words.zh() { "；" } else { "; " })
    }
}

/// In Chinese.
impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.said(&Words::new(Lang::Zh)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_said_one_after_the_other_and_a_value_stays_as_it_is() {
        let mut why = Why::default();
        assert_eq!(why.to_string(), "");
        // Not among the words, so not written inside the call.
        let (first, second) = ("{a}和{b}", "完");
        why.fill(first, &[("a", &"{b}"), ("b", &2)]);
        let mut more = Why::default();
        more.fill(second, &[]);
        why.append(more);
        assert_eq!(why.to_string(), "{b}和2；完");
        assert_eq!(
            why.said(&Words::new(Lang::En)),
            "{b}和2; 完",
            "Chinese where no English is known"
        );
    }
}
