//! Answers that one socket was given, so that a repeated request is not carried out twice (`wire.md §3.5` rule 4).

use super::Refusal;
use otc_protocol::limits::{ANSWER_AGE, ANSWERS_REMEMBERED, REQUEST_WINDOW};
use otc_protocol::{Moment, uuid};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, VecDeque};

/// What a request was answered; its frame is written again when it is repeated.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Answer {
    /// Done, and nothing to say.
    #[default]
    Done,
    /// Done; where candidates come from (`wire.md §7.1`).
    Media,
    /// The state of the session, at the time of the asking.
    State,
    /// Not done.
    Refused(Refusal),
}

impl Answer {
    pub(super) fn is_done(&self) -> bool {
        *self == Self::Done
    }
}

/// A request's id. UUIDs, which all real ones are, take no memory of their own.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Transaction {
    Uuid(u128),
    Text(Box<str>),
}

impl Transaction {
    fn into_text(self) -> String {
        match self {
            Self::Uuid(value) => uuid::format(value),
            Self::Text(text) => text.into(),
        }
    }
}

impl From<&str> for Transaction {
    fn from(text: &str) -> Self {
        uuid::parse(text).map_or_else(|| Self::Text(text.into()), Self::Uuid)
    }
}

#[derive(Debug, Default)]
pub(super) struct Answers {
    given: HashMap<Transaction, Answer>,
    order: VecDeque<(Moment, Transaction)>,
}

impl Answers {
    pub(super) fn find(&self, transaction: &str) -> Option<&Answer> {
        if self.given.is_empty() {
            return None;
        }
        self.given.get(&Transaction::from(transaction))
    }

    pub(super) fn remember(&mut self, now: Moment, transaction: &str, answer: Answer) {
        let transaction = Transaction::from(transaction);
        if self.given.insert(transaction.clone(), answer).is_none() {
            self.order.push_back((now, transaction));
        }
        if self.order.len() > ANSWERS_REMEMBERED {
            self.forget_oldest();
        }
    }

    /// Every request and its answer, oldest first.
    pub(super) fn into_given(mut self) -> impl Iterator<Item = (String, Answer)> {
        self.order.into_iter().filter_map(move |(_, transaction)| {
            let answer = self.given.remove(&transaction)?;
            Some((transaction.into_text(), answer))
        })
    }

    /// Forgets what is too old, but never the newest ones: a client has as many requests unanswered, and one that does
    /// not read its socket may repeat them at any age.
    pub(super) fn forget_old(&mut self, now: Moment) {
        let is_old = |(given, _): &(Moment, Transaction)| now - *given >= ANSWER_AGE;
        while self.order.len() > REQUEST_WINDOW && self.order.front().is_some_and(is_old) {
            self.forget_oldest();
        }
        if self.order.len() <= REQUEST_WINDOW && self.order.capacity() > 4 * REQUEST_WINDOW {
            self.order.shrink_to_fit();
            self.given.shrink_to_fit();
        }
    }

    fn forget_oldest(&mut self) {
        if let Some((_, transaction)) = self.order.pop_front() {
            self.given.remove(&transaction);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16) -> Answer {
        Answer::Refused(Refusal::new(status, "no"))
    }

    #[test]
    fn the_newest_answers_are_found_at_any_age_and_the_others_until_they_are_too_old() {
        let mut answers = Answers::default();
        assert_eq!(answers.find("a"), None);
        let uuid = "00000000-0000-4000-8000-000000000001";
        answers.remember(Moment::ZERO, "a", answer(200));
        answers.remember(Moment::ZERO, uuid, answer(404));
        for index in 2..ANSWERS_REMEMBERED {
            answers.remember(Moment::ZERO, &index.to_string(), answer(200));
        }
        assert_eq!(answers.find("a"), Some(&answer(200)));
        assert_eq!(answers.find(uuid), Some(&answer(404)));
        answers.forget_old(Moment::ZERO + ANSWER_AGE / 2);
        assert_eq!(answers.order.len(), ANSWERS_REMEMBERED);
        answers.forget_old(Moment::ZERO + ANSWER_AGE);
        assert_eq!((answers.find("a"), answers.find(uuid)), (None, None));
        assert_eq!((answers.given.len(), answers.order.len()), (REQUEST_WINDOW, REQUEST_WINDOW));
        let newest = (ANSWERS_REMEMBERED - REQUEST_WINDOW).to_string();
        assert_eq!(answers.find(&newest), Some(&answer(200)));
        assert!(answers.given.capacity() < ANSWERS_REMEMBERED, "the memory of the others is given back");
    }

    #[test]
    fn the_oldest_go_first_when_there_are_too_many() {
        let mut answers = Answers::default();
        for index in 0..=ANSWERS_REMEMBERED {
            answers.remember(Moment::ZERO, &index.to_string(), answer(200));
        }
        assert_eq!(answers.find("0"), None);
        assert_eq!(answers.find("1"), Some(&answer(200)));
        assert_eq!((answers.given.len(), answers.order.len()), (ANSWERS_REMEMBERED, ANSWERS_REMEMBERED));
    }
}
