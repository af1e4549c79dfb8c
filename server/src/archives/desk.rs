//! Which archives run, or are about to, and who waits for that to change.

use super::record::{Record, Status};
use crate::sessions::{ARCHIVED_ALREADY, Refusal};
use otc_protocol::limits::SESSION_ARCHIVES;
use std::collections::HashMap;
use tokio::sync::oneshot;

/// Whether an archive has begun: as it is then, or why it could not.
pub(super) type Begun = oneshot::Receiver<Result<Record, Refusal>>;

/// An overdue archive is told of again after so many milliseconds: its end takes as long as what waits to be written before.
const TELL_AGAIN_MS: u64 = 64_000;

/// All of a server.
#[derive(Debug, Default)]
pub(super) struct Desk {
    sessions: HashMap<String, Vec<Entry>>,
    counts: HashMap<String, Counts>,
}

/// How many archives a project has. Who removes one may come here before who let it expire: then one is below zero for a
/// moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    kept: isize,
    past: isize,
}

impl Counts {
    /// Those that run, or have a file.
    pub(super) fn kept(self) -> usize {
        usize::try_from(self.kept).unwrap_or(0)
    }

    /// Those, and those that have expired or failed.
    pub(super) fn all(self) -> usize {
        usize::try_from(self.kept + self.past).unwrap_or(0)
    }
}

#[derive(Debug)]
struct Entry {
    id: String,
    tag: Option<String>,
    since_ms: u64,
    /// Until it has begun.
    reserved: Option<Reserved>,
    /// Those who wait for its end.
    waiting: Vec<oneshot::Sender<()>>,
    /// When it was last told of as overdue.
    told_ms: Option<u64>,
}

impl Entry {
    /// When it is to be told of as overdue, if archives last so long.
    fn overdue_ms(&self, lasts_ms: u64) -> u64 {
        self.told_ms.map_or(self.since_ms.saturating_add(lasts_ms), |told| told.saturating_add(TELL_AGAIN_MS))
    }
}

/// An archive that a call has asked for.
#[derive(Debug)]
pub(super) struct Reserved {
    pub(super) record: Record,
    pub(super) begun: oneshot::Sender<Result<Record, Refusal>>,
}

/// An archive that has run for too long.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Overdue {
    pub(super) session: String,
    pub(super) id: String,
}

impl Desk {
    /// How many archives a project has.
    pub(super) fn counts(&self, project: &str) -> Counts {
        self.counts.get(project).copied().unwrap_or_default()
    }

    pub(super) fn count_in(&mut self, project: &str, status: Status) {
        *self.count(project, status) += 1;
    }

    pub(super) fn count_out(&mut self, project: &str, status: Status) {
        *self.count(project, status) -= 1;
        self.tidy(project);
    }

    /// Counts an archive that has expired or failed as what it is now.
    pub(super) fn becomes_past(&mut self, project: &str) {
        *self.count(project, Status::Started) -= 1;
        *self.count(project, Status::Expired) += 1;
        self.tidy(project);
    }

    fn tidy(&mut self, project: &str) {
        if self.counts(project) == Counts::default() {
            self.counts.remove(project);
        }
    }

    fn count(&mut self, project: &str, status: Status) -> &mut isize {
        let counts = self.counts.entry(project.to_owned()).or_default();
        if status.is_past() { &mut counts.past } else { &mut counts.kept }
    }

    /// Keeps a place for an archive that is asked for. It counts from now on.
    pub(super) fn reserve(&mut self, record: Record) -> Result<Begun, Refusal> {
        let entries = self.sessions.entry(record.session.clone()).or_default();
        let refusal = if entries.iter().any(|entry| entry.tag == record.wishes.tag) {
            ARCHIVED_ALREADY
        } else if entries.len() >= SESSION_ARCHIVES {
            "Too many archives of the session run; stop one first"
        } else {
            let (begun, result) = oneshot::channel();
            let (project, id, tag) = (record.project.clone(), record.id.clone(), record.wishes.tag.clone());
            let since_ms = record.created_ms;
            let reserved = Some(Reserved { record, begun });
            entries.push(Entry { id, tag, since_ms, reserved, waiting: Vec::new(), told_ms: None });
            self.count_in(&project, Status::Started);
            return Ok(result);
        };
        Err(Refusal::new(409, refusal))
    }

    /// What was asked for, once it begins.
    pub(super) fn take_reserved(&mut self, session: &str, id: &str) -> Option<Reserved> {
        self.entry(session, id)?.reserved.take()
    }

    /// Notes an archive that runs.
    pub(super) fn begin(&mut self, record: &Record) {
        let since_ms = record.created_ms;
        if let Some(entry) = self.entry(&record.session, &record.id) {
            entry.since_ms = since_ms;
            return;
        }
        let (id, tag) = (record.id.clone(), record.wishes.tag.clone());
        let entry = Entry { id, tag, since_ms, reserved: None, waiting: Vec::new(), told_ms: None };
        self.sessions.entry(record.session.clone()).or_default().push(entry);
    }

    /// Forgets an archive that runs no more. Whoever waits for that is told. One that has not begun counts no more.
    pub(super) fn end(&mut self, session: &str, id: &str) {
        let Some(entries) = self.sessions.get_mut(session) else { return };
        let place = entries.iter().position(|entry| entry.id == id);
        let ended = place.map(|place| entries.swap_remove(place));
        if entries.is_empty() {
            self.sessions.remove(session);
        }
        if let Some(Reserved { record, .. }) = ended.and_then(|entry| entry.reserved) {
            self.count_out(&record.project, record.status);
        }
    }

    /// Comes when the archive runs no more; `None` when it does not run.
    pub(super) fn wait(&mut self, session: &str, id: &str) -> Option<oneshot::Receiver<()>> {
        let (ended, wait) = oneshot::channel();
        self.entry(session, id)?.waiting.push(ended);
        Some(wait)
    }

    /// Archives that have lasted so long and still run. Each is told of now and then until it has ended.
    pub(super) fn overdue(&mut self, lasts_ms: u64, now_ms: u64) -> Vec<Overdue> {
        let mut overdue = Vec::new();
        for (session, entries) in &mut self.sessions {
            for entry in entries.iter_mut().filter(|entry| entry.overdue_ms(lasts_ms) <= now_ms) {
                overdue.push(Overdue { session: session.clone(), id: entry.id.clone() });
                entry.told_ms = Some(now_ms);
            }
        }
        overdue
    }

    /// When the next one is.
    pub(super) fn next_overdue(&self, lasts_ms: u64) -> Option<u64> {
        self.sessions.values().flatten().map(|entry| entry.overdue_ms(lasts_ms)).min()
    }

    /// How many run: those that have begun and not ended.
    pub(super) fn running(&self) -> usize {
        self.sessions.values().flatten().filter(|entry| entry.reserved.is_none()).count()
    }

    fn entry(&mut self, session: &str, id: &str) -> Option<&mut Entry> {
        self.sessions.get_mut(session)?.iter_mut().find(|entry| entry.id == id)
    }
}

#[cfg(test)]
mod tests {
    use super::super::record::Wishes;
    use super::*;

    fn record(id: &str, tag: Option<&str>) -> Record {
        let wishes = Wishes { tag: tag.map(str::to_owned), ..Wishes::default() };
        Record::new(id.to_owned(), "1", "s", wishes, 1000)
    }

    #[test]
    fn each_tag_has_one_archive_and_none_is_a_tag_too() {
        let mut desk = Desk::default();
        let _first = desk.reserve(record("a", None)).unwrap();
        for (id, tag, taken) in [("b", None, true), ("c", Some("x"), false), ("d", Some("x"), true)] {
            let result = desk.reserve(record(id, tag));
            assert_eq!(result.err().map(|refusal| refusal.status), taken.then_some(409), "{id}");
        }
        assert_eq!(desk.counts("1"), Counts { kept: 2, past: 0 });
        desk.end("s", "a");
        assert!(desk.reserve(record("e", None)).is_ok());
        for number in 2..SESSION_ARCHIVES {
            desk.reserve(record(&number.to_string(), Some(&number.to_string()))).unwrap();
        }
        let refusal = desk.reserve(record("one more", Some("one more"))).unwrap_err();
        assert!(refusal.status == 409 && refusal.reason.contains("Too many"), "{refusal:?}");
    }

    #[test]
    fn who_waits_for_an_end_is_told() {
        let mut desk = Desk::default();
        assert!(desk.wait("s", "a").is_none());
        desk.begin(&record("a", None));
        let mut wait = desk.wait("s", "a").unwrap();
        assert!(wait.try_recv().is_err());
        desk.end("s", "a");
        assert_eq!(wait.try_recv(), Err(oneshot::error::TryRecvError::Closed));
        assert!(desk.sessions.is_empty());
    }

    #[test]
    fn what_is_overdue_is_told_again_but_not_at_each_look() {
        let mut desk = Desk::default();
        assert_eq!(desk.next_overdue(500), None);
        desk.begin(&record("a", None));
        assert_eq!((desk.next_overdue(500), desk.overdue(500, 1499)), (Some(1500), Vec::new()));
        let told = |desk: &mut Desk, now| desk.overdue(500, now).len();
        assert_eq!((told(&mut desk, 1500), told(&mut desk, 1501)), (1, 0));
        assert_eq!(desk.next_overdue(500), Some(1500 + TELL_AGAIN_MS));
        assert_eq!(told(&mut desk, 1499 + TELL_AGAIN_MS), 0);
        assert_eq!((told(&mut desk, 1500 + TELL_AGAIN_MS), desk.running()), (1, 1));
    }
}
