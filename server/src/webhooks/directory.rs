//! Who is told what: the receivers of the configuration, and those that projects have registered.

use super::kind::{Kind, Kinds};
use super::ledger::RegistrationRecord;
use super::target::{Hook, Target};
use super::url::HookUrl;
use otc_protocol::limits::{WEBHOOK_REGISTRATIONS, WEBHOOK_REGISTRATIONS_OF_ONE};
use std::collections::HashMap;
use std::sync::Arc;

/// All receivers.
pub(super) struct Directory {
    configured: Vec<Configured>,
    registered: HashMap<String, Vec<Registered>>,
    registrations: usize,
}

struct Configured {
    project: Option<String>,
    kinds: Kinds,
    target: Arc<Target>,
}

struct Registered {
    record: RegistrationRecord,
    kind: Kind,
    target: Arc<Target>,
}

/// Why there is no room for a registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Full {
    Project,
    Server,
}

/// What was struck out.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Struck {
    /// There is no such registration.
    Nothing,
    One,
    /// The last one of that receiver.
    Last(Arc<Target>),
}

impl Directory {
    pub(super) fn new(hooks: &[Hook]) -> Self {
        let configured = hooks.iter().map(|hook| Configured {
            project: hook.project.clone(),
            kinds: hook.kinds,
            target: Arc::new(Target::configured(hook)),
        });
        Self { configured: configured.collect(), registered: HashMap::new(), registrations: 0 }
    }

    /// Whether there is a receiver of anything in a project.
    pub(super) fn tells_anybody(&self, project: &str) -> bool {
        let is_for_it =
            |configured: &Configured| configured.project.as_deref().is_none_or(|its| its == project);
        self.registered.contains_key(project) || self.configured.iter().any(is_for_it)
    }

    /// Who is told of that kind of event in a project; each receiver once.
    pub(super) fn receivers(&self, project: &str, kind: Kind) -> Vec<Arc<Target>> {
        let configured = self.configured.iter().filter(|configured| {
            configured.kinds.has(kind) && configured.project.as_deref().is_none_or(|its| its == project)
        });
        let registered = self.registered.get(project).into_iter().flatten();
        let registered = registered.filter(|registered| registered.kind == kind);
        let mut receivers: Vec<Arc<Target>> = Vec::new();
        let all = configured.map(|configured| &configured.target);
        for target in all.chain(registered.map(|registered| &registered.target)) {
            if !receivers.iter().any(|known| known.id == target.id) {
                receivers.push(Arc::clone(target));
            }
        }
        receivers
    }

    /// All receivers, by their ids.
    pub(super) fn targets(&self) -> HashMap<Arc<str>, Arc<Target>> {
        let configured = self.configured.iter().map(|configured| &configured.target);
        let registered = self.registered.values().flatten().map(|registered| &registered.target);
        let all = configured.chain(registered);
        all.map(|target| (Arc::clone(&target.id), Arc::clone(target))).collect()
    }

    /// The projects of the configuration's receivers.
    pub(super) fn configured_projects(&self) -> impl Iterator<Item = &str> {
        self.configured.iter().filter_map(|configured| configured.project.as_deref())
    }

    /// Whether there is room for a registration; or the same one, if it is there: who registers at each start of its own is
    /// not told everything several times.
    pub(super) fn room_for(
        &self,
        record: &RegistrationRecord,
        kind: Kind,
        url: &HookUrl,
    ) -> Result<Option<RegistrationRecord>, Full> {
        let of_project = self.registered.get(&record.project).map_or(&[][..], Vec::as_slice);
        let target = Target::registered(&record.project, url.clone(), record.secret.clone());
        let is_same = |known: &&Registered| known.kind == kind && known.target.id == target.id;
        if let Some(same) = of_project.iter().find(is_same) {
            return Ok(Some(same.record.clone()));
        }
        if of_project.len() >= WEBHOOK_REGISTRATIONS_OF_ONE {
            return Err(Full::Project);
        }
        // As much as is left for all others: those who take all they can get leave some for one who comes new.
        if self.registrations + of_project.len() >= WEBHOOK_REGISTRATIONS {
            return Err(Full::Server);
        }
        Ok(None)
    }

    /// Enters a registration of a kind and URL that have been read from it, and for which there is or was room.
    pub(super) fn enter(&mut self, record: RegistrationRecord, kind: Kind, url: HookUrl) {
        let target = Target::registered(&record.project, url, record.secret.clone());
        let of_project = self.registered.entry(record.project.clone()).or_default();
        let same = of_project.iter().find(|known| known.target.id == target.id);
        let target = same.map_or_else(|| Arc::new(target), |known| Arc::clone(&known.target));
        of_project.push(Registered { record, kind, target });
        self.registrations += 1;
    }

    /// Strikes a registration out.
    pub(super) fn strike(&mut self, project: &str, id: &str) -> Struck {
        let Some(of_project) = self.registered.get_mut(project) else { return Struck::Nothing };
        let found = of_project.iter().position(|registered| registered.record.id == id);
        let Some(index) = found else { return Struck::Nothing };
        let gone = of_project.remove(index).target;
        let is_last = !of_project.iter().any(|registered| registered.target.id == gone.id);
        if of_project.is_empty() {
            self.registered.remove(project);
        }
        self.registrations -= 1;
        if is_last { Struck::Last(gone) } else { Struck::One }
    }

    /// A project's registrations, in the order in which they were made.
    pub(super) fn registrations(&self, project: &str) -> Vec<RegistrationRecord> {
        let registered = self.registered.get(project).into_iter().flatten();
        let mut records: Vec<_> = registered.map(|registered| registered.record.clone()).collect();
        records.sort_by(|one, other| (one.created_ms, &one.id).cmp(&(other.created_ms, &other.id)));
        records
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(project: &str, id: usize, kind: Kind, url: &str) -> (RegistrationRecord, Kind, HookUrl) {
        let record = RegistrationRecord {
            id: id.to_string(),
            project: project.into(),
            group: String::new(),
            event: String::new(),
            url: url.into(),
            created_ms: id as u64,
            secret: None,
        };
        (record, kind, HookUrl::parse(url).unwrap())
    }

    /// What was there already, if something was.
    fn enter(directory: &mut Directory, id: usize, kind: Kind, url: &str) -> Result<Option<String>, Full> {
        enter_of(directory, "1", id, kind, url)
    }

    fn enter_of(
        directory: &mut Directory,
        project: &str,
        id: usize,
        kind: Kind,
        url: &str,
    ) -> Result<Option<String>, Full> {
        let (record, kind, url) = record(project, id, kind, url);
        let known = directory.room_for(&record, kind, &url)?;
        if known.is_none() {
            directory.enter(record, kind, url);
        }
        Ok(known.map(|known| known.id))
    }

    fn hook(project: Option<&str>, kinds: Kinds) -> Hook {
        let url = HookUrl::parse("http://configured.example/").unwrap();
        Hook { url, project: project.map(Into::into), kinds, secret: None }
    }

    #[test]
    fn each_receiver_is_told_what_it_asked_for_and_once() {
        let hooks = [hook(None, Kind::SessionCreated.into()), hook(Some("2"), Kinds::ALL)];
        let mut directory = Directory::new(&hooks);
        enter(&mut directory, 1, Kind::StreamCreated, "http://a.example/").unwrap();
        enter(&mut directory, 2, Kind::StreamDestroyed, "http://a.example/").unwrap();
        enter(&mut directory, 3, Kind::StreamCreated, "http://b.example/").unwrap();
        let told = |project: &str, kind: Kind| -> Vec<String> {
            directory.receivers(project, kind).iter().map(|target| target.url.host().to_owned()).collect()
        };
        assert_eq!(told("1", Kind::StreamCreated), ["a.example", "b.example"]);
        assert_eq!(told("1", Kind::StreamDestroyed), ["a.example"]);
        assert_eq!(told("1", Kind::SessionCreated), ["configured.example"]);
        assert_eq!(told("1", Kind::Archive), [""; 0]);
        assert_eq!(told("2", Kind::SessionCreated), ["configured.example", "configured.example"]);
        assert_eq!(told("2", Kind::StreamCreated), ["configured.example"]);
        // One receiver, so that created comes before destroyed.
        let (one, other) = (
            directory.receivers("1", Kind::StreamCreated).remove(0),
            directory.receivers("1", Kind::StreamDestroyed).remove(0),
        );
        assert_eq!(one.id, other.id);
    }

    #[test]
    fn registering_again_changes_nothing_and_there_is_a_bound() {
        let mut directory = Directory::new(&[]);
        for id in 0..WEBHOOK_REGISTRATIONS_OF_ONE {
            let url = format!("http://{id}.example/");
            assert_eq!(enter(&mut directory, id, Kind::Archive, &url), Ok(None));
        }
        let again = enter(&mut directory, 1000, Kind::Archive, "http://3.example/");
        assert_eq!(again, Ok(Some("3".to_owned())));
        let more = enter(&mut directory, 1001, Kind::Archive, "http://more.example/");
        assert_eq!(more, Err(Full::Project));
        assert!(matches!(directory.strike("1", "3"), Struck::Last(_)));
        assert_eq!(directory.strike("1", "3"), Struck::Nothing);
        assert_eq!(enter(&mut directory, 1002, Kind::Archive, "http://more.example/"), Ok(None));
        let ids: Vec<_> = directory.registrations("1").into_iter().map(|record| record.id).collect();
        assert_eq!((ids.len(), ids[2].as_str(), ids[3].as_str()), (WEBHOOK_REGISTRATIONS_OF_ONE, "2", "4"));
    }

    #[test]
    fn projects_that_take_all_they_can_get_leave_some_for_one_who_comes_new() {
        let mut directory = Directory::new(&[]);
        for project in 0..80 {
            let before = directory.registrations;
            for id in 0..=WEBHOOK_REGISTRATIONS_OF_ONE {
                let url = format!("http://{id}.example/");
                let _ = enter_of(&mut directory, &project.to_string(), id, Kind::Archive, &url);
            }
            assert!(project > 64 || directory.registrations > before, "{project}");
        }
        assert!(directory.registrations <= WEBHOOK_REGISTRATIONS);
    }

    #[test]
    fn a_receiver_goes_with_its_last_registration() {
        let mut directory = Directory::new(&[]);
        enter(&mut directory, 1, Kind::StreamCreated, "http://a.example/").unwrap();
        enter(&mut directory, 2, Kind::StreamDestroyed, "http://a.example/").unwrap();
        assert_eq!(directory.strike("1", "1"), Struck::One);
        let Struck::Last(gone) = directory.strike("1", "2") else { panic!("it has no other") };
        assert!(!directory.targets().contains_key(&gone.id));
    }
}
