//! Once: a message that WeChat sends again, because our answer was late or lost, gets the answer it had. In memory only,
//! and of so many messages only.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use ledger::hash::{Hash, sha256};

/// Messages that are remembered: WeChat repeats one within seconds, at most three times.
const REMEMBERED_MAX: usize = 4_096;

/// The newest messages by the hash of what makes them the same, with their answers.
#[derive(Default)]
pub struct Once(Mutex<Answers>);

#[derive(Default)]
struct Answers {
    given: HashMap<Hash, String>,
    order: VecDeque<Hash>,
}

impl Once {
    /// What was answered to this message before.
    #[must_use]
    pub fn answered(&self, identity: &str) -> Option<String> {
        let answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        answers.given.get(&sha256(identity.as_bytes())).cloned()
    }

    /// Remembers an answer, and gives the one that counts: the first.
    pub fn keep(&self, identity: &str, answer: String) -> String {
        let key = sha256(identity.as_bytes());
        let mut answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(first) = answers.given.get(&key) {
            return first.clone();
        }
        if answers.order.len() >= REMEMBERED_MAX
            && let Some(oldest) = answers.order.pop_front()
        {
            answers.given.remove(&oldest);
        }
        answers.order.push_back(key);
        answers.given.insert(key, answer.clone());
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_answer_stays_and_memory_is_bounded() {
        let once = Once::default();
        assert_eq!(once.answered("a"), None);
        assert_eq!(once.keep("a", "1".into()), "1");
        assert_eq!(once.keep("a", "2".into()), "1");
        assert_eq!(once.answered("a").as_deref(), Some("1"));
        for n in 0..2 * REMEMBERED_MAX {
            once.keep(&n.to_string(), String::new());
        }
        assert_eq!(once.answered("a"), None);
        let answers = once.0.lock().unwrap();
        assert_eq!((answers.given.len(), answers.order.len()), (REMEMBERED_MAX, REMEMBERED_MAX));
    }
}
