//! What a row came to.

use crate::ledger::{Heard, Number, Stream};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Something that a session was told beside signals, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Note {
    /// Microseconds of the machine's clock.
    pub(crate) at: u64,
    pub(crate) what: What,
}

/// See [`Note`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum What {
    Connected,
    Disconnected,
    Reconnecting,
    Reconnected,
    /// Another member was seen to leave.
    Went(Option<Number>),
    Error {
        code: i32,
        text: String,
    },
}

/// What one member has sent and heard.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Account {
    pub(crate) room: Number,
    pub(crate) member: Number,
    /// The life that it is in.
    pub(crate) life: u32,
    /// How many of each stream were accepted.
    pub(crate) sent: Vec<(Stream, u64)>,
    pub(crate) heard: Vec<(Stream, Heard)>,
    /// Signals that were reported as refused or never answered, as stream and number.
    pub(crate) failed: Vec<(Stream, u64)>,
    pub(crate) duplicates: u64,
    pub(crate) disorder: u64,
    pub(crate) foreign: u64,
    /// When it heard the last signal.
    pub(crate) last_signal: u64,
    pub(crate) notes: Vec<Note>,
}

impl Account {
    /// How often it was told this.
    pub(crate) fn count(&self, wanted: impl Fn(&What) -> bool) -> usize {
        self.notes.iter().filter(|note| wanted(&note.what)).count()
    }

    /// When it was told this, each time.
    pub(crate) fn times(&self, wanted: &What) -> Vec<u64> {
        self.notes.iter().filter(|note| note.what == *wanted).map(|note| note.at).collect()
    }
}

/// One line of the table.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Outcome {
    pub(crate) row: String,
    pub(crate) seed: u64,
    /// Signals that the library accepted.
    pub(crate) sent: u64,
    /// What should have been heard: each signal once by each of its addressees.
    pub(crate) owed: u64,
    pub(crate) delivered: u64,
    pub(crate) duplicates: u64,
    pub(crate) disorder: u64,
    /// Reported as failed to their sender.
    pub(crate) failed: u64,
    /// Owed and not heard. What is reported as failed is lost, too, when it was not heard.
    pub(crate) lost: u64,
    pub(crate) faults: u64,
    /// What is to be known of it beside the numbers.
    pub(crate) notes: Vec<String>,
    /// Why the row has failed; empty when it has not.
    pub(crate) wrong: Vec<String>,
    /// Why it was not tried.
    pub(crate) not_here: Option<String>,
    pub(crate) seconds: f64,
}

impl Outcome {
    /// Adds up what the members of all rooms have sent and heard.
    pub(crate) fn add(&mut self, accounts: &[Account]) {
        self.add_where(accounts, |_, _| true);
    }

    /// The same; `owes` says whether a stream is owed to a member.
    pub(crate) fn add_where(&mut self, accounts: &[Account], owes: impl Fn(Number, &Stream) -> bool) {
        let mut rooms: BTreeMap<Number, BTreeSet<Number>> = BTreeMap::new();
        for account in accounts {
            rooms.entry(account.room).or_default().insert(account.member);
        }
        let heard: BTreeMap<(Number, Stream), &Heard> = accounts
            .iter()
            .flat_map(|account| {
                account.heard.iter().map(|(stream, heard)| ((account.member, *stream), heard))
            })
            .collect();
        for account in accounts {
            self.failed += account.failed.len() as u64;
            self.judge_reports(account);
            self.duplicates += account.duplicates;
            self.disorder += account.disorder;
            if account.foreign > 0 {
                let Account { member, foreign, .. } = account;
                self.wrong
                    .push(format!("member {member} heard {foreign} signals that were not sent like that"));
            }
            for (stream, sent) in &account.sent {
                self.sent += sent;
                let addressees = match stream.to {
                    Some(one) => BTreeSet::from([one]),
                    None => rooms[&stream.room].clone(),
                };
                for addressee in addressees.into_iter().filter(|addressee| owes(*addressee, stream)) {
                    let count = heard.get(&(addressee, *stream)).map_or(0, |heard| heard.count());
                    self.owed += sent;
                    self.delivered += count;
                    self.lost += sent.saturating_sub(count);
                    if count > *sent {
                        self.wrong.push(format!("{count} of {sent} signals were heard of {stream:?}"));
                    }
                }
            }
        }
    }

    /// What was reported as failed was sent, and is reported once.
    fn judge_reports(&mut self, account: &Account) {
        let sent: BTreeMap<Stream, u64> = account.sent.iter().copied().collect();
        let mut seen = BTreeSet::new();
        for (stream, index) in &account.failed {
            if sent.get(stream).is_none_or(|sent| index >= sent) {
                self.wrong.push(format!("{index} of {stream:?} was reported as failed, and was never sent"));
            } else if !seen.insert((stream, index)) {
                self.wrong.push(format!("{index} of {stream:?} was reported as failed twice"));
            }
        }
    }

    /// How many were lost of what was owed.
    pub(crate) fn lost(accounts: &[Account], owes: impl Fn(Number, &Stream) -> bool) -> u64 {
        let mut outcome = Self::default();
        outcome.add_where(accounts, owes);
        outcome.lost
    }

    /// One line, while others still run.
    pub(crate) fn in_words(&self) -> String {
        let Self { row, seed, seconds, sent, .. } = self;
        let how = match (&self.not_here, &self.wrong[..]) {
            (Some(why), _) => format!("NOT ON THIS MACHINE: {why}"),
            (None, []) => format!("{sent} signals, nothing wrong"),
            (None, wrong) => format!("WRONG (seed {seed}): {}", wrong.join("; ")),
        };
        format!("{row}: {how} ({seconds:.1} s)")
    }

    /// What must hold where nothing may be lost.
    pub(crate) fn judge(&mut self) {
        self.judge_order();
        for (count, what) in [(self.failed, "reported as failed"), (self.lost, "lost")] {
            if count > 0 {
                self.wrong.push(format!("{count} {what}"));
            }
        }
    }

    /// What must hold always.
    pub(crate) fn judge_order(&mut self) {
        for (count, what) in [(self.duplicates, "duplicates"), (self.disorder, "out of order")] {
            if count > 0 {
                self.wrong.push(format!("{count} {what}"));
            }
        }
        if self.delivered == 0 {
            self.wrong.push("nothing was delivered, so nothing was tried".to_owned());
        }
    }
}
