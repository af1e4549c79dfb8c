//! What was sent and what was heard.
//!
//! A signal says who has sent it, in which of its lives (a session that is joined anew begins another one), which number
//! it has among all that its sender has sent, for whom it is, and which number it has among those for the same addressee.
//! The first number shows whether the sender's order was kept, the second whether one is missing.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

/// A room and a member of it, all counted from 0 over a run.
pub(crate) type Number = u32;

/// Signals of one sender to the same addressee.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct Stream {
    pub(crate) room: Number,
    pub(crate) sender: Number,
    pub(crate) life: u32,
    /// `None`: everybody.
    pub(crate) to: Option<Number>,
}

/// One signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Letter {
    pub(crate) stream: Stream,
    /// Among all of this life of its sender.
    pub(crate) overall: u64,
    /// Among those of its stream.
    pub(crate) index: u64,
}

impl fmt::Display for Letter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Stream { room, sender, life, to } = self.stream;
        let to = to.map_or_else(|| "all".to_owned(), |to| to.to_string());
        write!(formatter, "{room} {sender} {life} {} {to} {} ", self.overall, self.index)
    }
}

impl Letter {
    /// What [`Letter`] has written, with whatever comes after it.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let mut number = || words.next()?.parse::<u64>().ok();
        let (room, sender, life) = (short(number()?)?, short(number()?)?, short(number()?)?);
        let overall = number()?;
        let to = match words.next()? {
            "all" => None,
            to => Some(to.parse().ok()?),
        };
        let index = words.next()?.parse().ok()?;
        Some(Self { stream: Stream { room, sender, life, to }, overall, index })
    }
}

fn short(number: u64) -> Option<u32> {
    u32::try_from(number).ok()
}

/// What was heard of one stream.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Heard {
    /// Above the highest number that was heard.
    pub(crate) next: u64,
    /// Below it, and not heard.
    pub(crate) missing: BTreeSet<u64>,
}

impl Heard {
    /// How many different ones.
    pub(crate) fn count(&self) -> u64 {
        self.next - self.missing.len() as u64
    }

    /// Whether this one was.
    pub(crate) fn has(&self, index: u64) -> bool {
        index < self.next && !self.missing.contains(&index)
    }
}

/// What one member has heard.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) streams: BTreeMap<Stream, Heard>,
    /// The last overall number of each sender's life.
    last: HashMap<(Number, u32), u64>,
    pub(crate) duplicates: u64,
    pub(crate) disorder: u64,
    /// Not a letter, or not from whom it says, or not for this member.
    pub(crate) foreign: u64,
}

/// More than this of one stream is not missing but broken.
const MOST_MISSING: u64 = 10_000_000;

impl Ledger {
    /// Notes a signal that `member` heard, and who has sent it by the library's word.
    pub(crate) fn note(&mut self, member: Number, text: &str, from: Option<Number>) {
        let Some(letter) = Letter::read(text) else {
            self.foreign += 1;
            return;
        };
        let Letter { stream, overall, index } = letter;
        if from != Some(stream.sender) || stream.to.is_some_and(|to| to != member) {
            self.foreign += 1;
            return;
        }
        let heard = self.streams.entry(stream).or_default();
        if index > heard.next + MOST_MISSING {
            self.foreign += 1;
            return;
        }
        if index >= heard.next {
            heard.missing.extend(heard.next..index);
            heard.next = index + 1;
        } else if !heard.missing.remove(&index) {
            self.duplicates += 1;
            return;
        }
        let before = self.last.insert((stream.sender, stream.life), overall);
        self.disorder += u64::from(before.is_some_and(|before| before >= overall));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(overall: u64, to: Option<Number>, index: u64) -> String {
        Letter { stream: Stream { room: 7, sender: 3, life: 1, to }, overall, index }.to_string()
    }

    /// What member 5 counts of these: duplicates, disorder, foreign.
    fn counts(letters: &[(u64, Option<Number>, u64)]) -> [u64; 3] {
        let mut ledger = Ledger::default();
        for (overall, to, index) in letters {
            ledger.note(5, &letter(*overall, *to, *index), Some(3));
        }
        [ledger.duplicates, ledger.disorder, ledger.foreign]
    }

    #[test]
    fn letters_are_read_as_they_are_written() {
        for to in [None, Some(9)] {
            let letter = Letter { stream: Stream { room: 1, sender: 2, life: 3, to }, overall: 4, index: 5 };
            assert_eq!(Letter::read(&format!("{letter}and padding")), Some(letter));
        }
        for bad in ["", "1 2 3", "1 2 3 4 all", "1 2 3 4 x 5", "-1 2 3 4 all 5"] {
            assert_eq!(Letter::read(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_clean_stream_is_clean() {
        assert_eq!(counts(&[(0, None, 0), (1, Some(5), 0), (2, None, 1), (9, Some(5), 1)]), [0; 3]);
    }

    #[test]
    fn every_fault_is_counted_as_what_it_is() {
        assert_eq!(counts(&[(0, None, 0), (0, None, 0)]), [1, 0, 0], "twice");
        assert_eq!(counts(&[(0, None, 0), (2, None, 2), (1, None, 1)]), [0, 1, 0], "late");
        assert_eq!(counts(&[(1, Some(5), 0), (0, None, 0)]), [0, 1, 0], "one kind overtakes another");
        assert_eq!(counts(&[(0, Some(6), 0)]), [0, 0, 1], "for somebody else");
        let mut ledger = Ledger::default();
        ledger.note(5, &letter(0, None, 0), Some(4));
        ledger.note(5, "nonsense", Some(3));
        assert_eq!(ledger.foreign, 2);
    }

    #[test]
    fn what_is_missing_is_known() {
        let mut ledger = Ledger::default();
        ledger.note(5, &letter(0, None, 0), Some(3));
        ledger.note(5, &letter(3, None, 3), Some(3));
        let heard = ledger.streams.values().next().expect("one stream");
        assert_eq!((heard.count(), heard.next), (2, 4));
        assert_eq!([0, 1, 2, 3, 4].map(|index| heard.has(index)), [true, false, false, true, false]);
    }
}
