//! All that servers have answered, and whether it is there.

use super::member::Member;
use super::worker::{Deleted, Known, Report, archives, call, call_account};
use otc_protocol::raptor::Body;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::Path;

/// Why an archive has ended that a kill has ended.
const KILLED: &str = "the server was stopped or killed";

#[derive(Default)]
pub(crate) struct Answered {
    archives: BTreeMap<String, Known>,
    sessions: Vec<String>,
    projects: BTreeMap<String, Option<bool>>,
    /// Sessions that were looked at already.
    checked: usize,
    /// Archives that a kill has ended.
    killed: usize,
}

impl Answered {
    pub(crate) fn learn(&mut self, report: Report) {
        self.archives.extend(report.archives);
        self.sessions.extend(report.sessions);
        self.projects.extend(report.projects);
    }

    pub(crate) fn summary(&self) -> String {
        let of = |is: fn(&Known) -> bool| self.archives.values().filter(|known| is(known)).count();
        format!(
            "{} archives, {} stopped, {} deleted, {} ended by a kill; {} sessions, {} projects",
            self.archives.len(),
            of(|known| known.stopped),
            of(|known| known.deleted == Deleted::Yes),
            self.killed,
            self.sessions.len(),
            self.projects.len()
        )
    }

    /// A run in which nothing happened proves nothing.
    pub(crate) fn expect_some_of_everything(&self) {
        let any = |is: fn(&Known) -> bool| self.archives.values().any(is);
        assert!(self.killed > 0 && !self.sessions.is_empty(), "{}", self.summary());
        assert!(any(|known| known.stopped && !known.signals.is_empty()), "{}", self.summary());
        assert!(any(|known| known.deleted == Deleted::Yes), "{}", self.summary());
        assert!(any(|known| known.layout.is_some()), "{}", self.summary());
        for suspended in [false, true] {
            assert!(self.projects.values().any(|is| *is == Some(suspended)), "{}", self.summary());
        }
    }

    /// Compares all of it with what a server that has just started says, and with what is in the directory.
    pub(crate) fn check(&mut self, server: SocketAddr, data: &Path) {
        let listed = list(server);
        let files = files(&data.join("archives"));
        self.killed = 0;
        for (id, known) in &self.archives {
            match listed.get(id) {
                Some(archive) => {
                    assert_ne!(known.deleted, Deleted::Yes, "{archive} was deleted");
                    check_archive(server, archive, known);
                    self.killed += usize::from(archive["reason"] == KILLED);
                }
                None => assert_ne!(known.deleted, Deleted::No, "archive {id} is lost: {known:?}"),
            }
        }
        // Neither a record without a file nor a file without a record.
        let ids: BTreeSet<&String> =
            listed.iter().filter(|(_, archive)| archive["status"] == "available").map(|(id, _)| id).collect();
        assert_eq!(ids, files.iter().collect());
        for (id, archive) in &listed {
            assert!(
                ["available", "failed"].contains(&archive["status"].as_str().unwrap()),
                "{id}: {archive}"
            );
        }
        self.check_projects(server);
        for session in &self.sessions[self.checked..] {
            check_session(server, session);
        }
        self.checked = self.sessions.len();
    }

    fn check_projects(&self, server: SocketAddr) {
        let (status, body) = call_account(server, "GET", "/v2/project", "").expect("an answer");
        assert_eq!(status, 200, "{body}");
        let projects: Value = serde_json::from_str(&body).expect("JSON");
        let projects = projects.as_array().expect("a list").iter();
        let statuses: BTreeMap<&str, &Value> =
            projects.map(|project| (project["id"].as_str().expect("an id"), &project["status"])).collect();
        for (id, suspended) in &self.projects {
            let status = statuses.get(id.as_str()).unwrap_or_else(|| panic!("project {id} is lost"));
            if let Some(suspended) = suspended {
                assert_eq!(**status, if *suspended { "SUSPENDED" } else { "ACTIVE" }, "{id}");
            }
        }
    }
}

/// All archives, by id.
fn list(server: SocketAddr) -> BTreeMap<String, Value> {
    let mut archives_by_id = BTreeMap::new();
    loop {
        let path = archives(&format!("?count=1000&offset={}", archives_by_id.len()));
        let (status, body) = call(server, "GET", &path, "").expect("an answer");
        assert_eq!(status, 200, "{body}");
        let page: Value = serde_json::from_str(&body).expect("JSON");
        let items = page["items"].as_array().expect("a list");
        for item in items {
            let id = item["id"].as_str().expect("an id").to_owned();
            assert!(archives_by_id.insert(id, item.clone()).is_none(), "{item} is there twice");
        }
        if items.is_empty() {
            assert_eq!(page["count"], archives_by_id.len());
            return archives_by_id;
        }
    }
}

/// The ids of the files in the directory. There is nothing else in it.
fn files(directory: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(directory).expect("our directory");
    let names = entries.map(|entry| entry.expect("readable").file_name().into_string().expect("UTF-8"));
    names.map(|name| name.strip_suffix(".jsonl").expect("an archive's file").to_owned()).collect()
}

fn check_archive(server: SocketAddr, archive: &Value, known: &Known) {
    let id = archive["id"].as_str().expect("an id");
    assert_eq!(archive["status"], "available", "it had begun: {archive}");
    assert_eq!(archive["name"], "n", "{archive}");
    if let Some(layout) = known.layout {
        assert_eq!(archive["layout"]["type"], layout, "{archive}");
    }
    if known.stopped {
        assert_eq!(archive["reason"], "user initiated", "{archive}");
    }
    let (status, file) = call(server, "GET", &archives(&format!("/{id}/file")), "").expect("an answer");
    assert_eq!((status, file.len() as u64), (200, archive["size"].as_u64().expect("a number")), "{archive}");
    assert!(file.ends_with('\n'), "a file ends on a line: {file:?}");
    let lines: Vec<Value> =
        file.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect();
    assert_eq!((&lines[0]["kind"], &lines[0]["id"]), (&"archive".into(), &archive["id"]));
    let ends: Vec<&Value> = lines.iter().filter(|line| line["kind"] == "end").collect();
    assert_eq!(ends, [lines.last().expect("some")], "one end, at the end");
    assert_eq!(ends[0]["reason"], archive["reason"]);
    let signals: Vec<&str> = lines.iter().filter_map(|line| line["data"].as_str()).collect();
    if known.stopped {
        assert_eq!(signals, known.signals, "{id}");
    } else {
        // What was said just before the kill need not be in the file, but what is in it is in order.
        let common = signals.len().min(known.signals.len());
        assert_eq!(signals[..common], known.signals[..common], "{id}");
    }
}

/// That a session is always archived was not forgotten.
fn check_session(server: SocketAddr, session: &str) {
    let mut member = Member::join(server, session);
    loop {
        if let (_, Body::ArchiveCreated(archive)) = member.told() {
            assert!(archive.name.starts_with("of "), "{archive:?}");
            return;
        }
    }
}
