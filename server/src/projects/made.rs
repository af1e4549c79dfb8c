//! Projects that account calls make (`rest.md §2.5`). They live in the store, and here as long as the server runs.

use super::{Definition, Previous, Project, Projects, Proof, Status, check_name};
use crate::keys::{KeyError, KeyPair, Secret};
use crate::store::{Keys, Look, Store, StoreError, Table, Writer};
use otc_protocol::limits::PROJECTS;
use otc_protocol::session_id::ProjectId;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;
use tracing::{info, warn};

const TABLE: Table<Record> = Table::new("projects");
/// How often an id that is taken is drawn again.
const DRAWS: usize = 64;

/// A project in the store. The database is its owner's alone; what signs tokens cannot be kept in another form.
#[derive(Clone, Serialize, Deserialize)]
struct Record {
    id: String,
    secret: String,
    created_ms: u64,
    #[serde(default)]
    name: String,
    #[serde(default)]
    status: Status,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    previous: Option<PreviousRecord>,
}

/// A secret that was replaced.
#[derive(Clone, Serialize, Deserialize)]
struct PreviousRecord {
    secret: String,
    until_s: u64,
}

impl Record {
    fn project(&self) -> Result<Project, KeyError> {
        let pair = KeyPair::new(&self.id, &self.secret)?;
        let previous = self.previous.as_ref().map(|previous| {
            Ok(Previous { secret: Secret::new(previous.secret.as_str())?, until: Some(previous.until_s) })
        });
        let proof = Proof::Secret { secret: pair.secret, previous: previous.transpose()? };
        let (name, status) = (self.name.clone(), self.status);
        let definition = Definition { name, status, ..Definition::new(pair.project, proof) };
        Ok(Project::new(definition, self.created_ms, true))
    }
}

/// Why a project was not made or changed.
#[derive(Debug)]
pub(crate) enum ChangeError {
    /// There is none of that id.
    Unknown,
    /// It is one of the configuration.
    Configured(ProjectId),
    /// There are as many as there may be.
    Full,
    /// What it should become cannot be.
    Key(KeyError),
    /// The store failed.
    Store(StoreError),
}

impl From<KeyError> for ChangeError {
    fn from(error: KeyError) -> Self {
        Self::Key(error)
    }
}

impl From<StoreError> for ChangeError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl fmt::Display for ChangeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => formatter.write_str("There is no such project"),
            Self::Configured(id) => {
                write!(formatter, "The project {id} is one of the server's configuration: change it there")
            }
            Self::Full => write!(formatter, "There are {PROJECTS} projects already: delete some"),
            Self::Key(error) => error.fmt(formatter),
            Self::Store(error) => error.fmt(formatter),
        }
    }
}

impl Projects {
    /// Takes in what is in the store. A project of the configuration goes before one of the same id.
    pub(crate) fn load(&self, store: &Store) -> Result<(), StoreError> {
        let mut records: Vec<Record> = Vec::new();
        store.read(|look| {
            look.range(&TABLE, &Keys::all(), |_, record| {
                records.push(record);
                ControlFlow::Continue(())
            })
        })?;
        let mut all = self.all.write();
        for record in records {
            match record.project() {
                Ok(project) if all.contains_key(&record.id) => {
                    warn!(project = %project.id(), "the configuration has a project that was made by an account call; it goes before it");
                }
                Ok(project) => {
                    all.insert(record.id, Arc::new(project));
                }
                Err(error) => warn!(%error, "a project in the database cannot be used; it is left out"),
            }
        }
        Ok(())
    }

    /// Makes a project; its id and secret are new.
    pub(crate) async fn make(
        &self,
        store: &Store,
        name: String,
        taken: impl Fn(&ProjectId) -> bool,
        now_ms: u64,
    ) -> Result<Arc<Project>, ChangeError> {
        check_name(&name)?;
        let _one_at_a_time = self.changes.write().await;
        let pair = self.unused(taken)?;
        let record = Record {
            id: pair.project.to_string(),
            secret: pair.secret.expose().to_owned(),
            created_ms: now_ms,
            name,
            status: Status::Active,
            previous: None,
        };
        let kept = record.clone();
        let room = store
            .write(move |edit| {
                let room = edit.count(&TABLE)? < PROJECTS;
                if room {
                    edit.put(&TABLE, &kept.id, &kept)?;
                }
                Ok(room)
            })
            .await?;
        if !room {
            return Err(ChangeError::Full);
        }
        info!(project = %pair.project, "project made");
        self.replace(&record)
    }

    /// Suspends a project or makes it active again. Who is in its sessions stays.
    pub(crate) async fn set_status(
        &self,
        store: &Store,
        id: &str,
        status: Status,
    ) -> Result<Arc<Project>, ChangeError> {
        let project = self.change(store, id, move |record| record.status = status).await?;
        info!(project = %project.id(), status = status.name(), "the status of a project was set");
        Ok(project)
    }

    /// Gives a project a new secret; the one before counts for `rotation` from `now_s` on.
    pub(crate) async fn refresh_secret(
        &self,
        store: &Store,
        id: &str,
        rotation: Duration,
        now_s: u64,
    ) -> Result<Arc<Project>, ChangeError> {
        let new = KeyPair::generate()?.secret.expose().to_owned();
        let until_s = now_s.saturating_add(rotation.as_secs());
        let project = self
            .change(store, id, move |record| {
                let secret = std::mem::replace(&mut record.secret, new);
                record.previous = Some(PreviousRecord { secret, until_s });
            })
            .await?;
        info!(project = %project.id(), "project given a new secret");
        Ok(project)
    }

    /// Deletes a project, and what `with_it` deletes: both or neither. Nobody joins its sessions any more; who is in stays.
    pub(crate) async fn delete<R: Send + 'static>(
        &self,
        store: &Store,
        id: &str,
        with_it: impl FnOnce(&mut Writer<'_>, &str) -> Result<R, StoreError> + Send + 'static,
    ) -> Result<R, ChangeError> {
        let _one_at_a_time = self.changes.write().await;
        let project = self.changeable(id)?;
        let key = id.to_owned();
        let gone = store
            .write(move |edit| {
                edit.remove(&TABLE, &key)?;
                with_it(edit, &key)
            })
            .await?;
        self.all.write().remove(id);
        info!(project = %project.id(), "project deleted");
        Ok(gone)
    }

    async fn change(
        &self,
        store: &Store,
        id: &str,
        change: impl FnOnce(&mut Record) + Send + 'static,
    ) -> Result<Arc<Project>, ChangeError> {
        let _one_at_a_time = self.changes.write().await;
        self.changeable(id)?;
        let key = id.to_owned();
        let changed = store
            .write(move |edit| {
                let Some(mut record) = edit.get(&TABLE, &key)? else { return Ok(None) };
                change(&mut record);
                edit.put(&TABLE, &key, &record)?;
                Ok(Some(record))
            })
            .await?;
        self.replace(&changed.ok_or(ChangeError::Unknown)?)
    }

    /// The project of that id, if account calls may change it.
    fn changeable(&self, id: &str) -> Result<Arc<Project>, ChangeError> {
        let project = self.get(id).ok_or(ChangeError::Unknown)?;
        if project.made { Ok(project) } else { Err(ChangeError::Configured(project.id().clone())) }
    }

    fn replace(&self, record: &Record) -> Result<Arc<Project>, ChangeError> {
        let project = Arc::new(record.project()?);
        self.all.write().insert(record.id.clone(), Arc::clone(&project));
        Ok(project)
    }

    fn unused(&self, taken: impl Fn(&ProjectId) -> bool) -> Result<KeyPair, ChangeError> {
        for _ in 0..DRAWS {
            let pair = KeyPair::generate()?;
            if !self.knows(pair.project.as_str()) && !taken(&pair.project) {
                return Ok(pair);
            }
        }
        Err(ChangeError::Key(KeyError::Random))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use otc_protocol::token::{T1, T1_PREFIX};
    use ring::hmac;

    fn configured() -> Projects {
        Projects::new(vec![KeyPair::new("123456", "s").unwrap().into()], 0).unwrap()
    }

    fn proves(project: &Project, secret: &str, now_s: u64) -> bool {
        let data = b"session_id=x".to_vec();
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.as_bytes());
        let signature = hmac::sign(&key, &data).as_ref().try_into().unwrap();
        let token = T1 { partner_id: project.id().to_string(), signature, data };
        assert!(token.encode().starts_with(T1_PREFIX));
        project.credentials().have_signed_t1(&token, now_s)
    }

    fn secret_of(project: &Project) -> String {
        project.details_with_secret()["secret"].as_str().unwrap().to_owned()
    }

    #[tokio::test]
    async fn projects_outlive_the_directory_that_made_them() {
        let store = Store::in_memory().unwrap();
        let projects = configured();
        let made = projects.make(&store, "one".into(), |_| false, 1_000).await.unwrap();
        let gone = projects.make(&store, String::new(), |_| false, 1_000).await.unwrap();
        let id = made.id().as_str();
        projects.set_status(&store, id, Status::Suspended).await.unwrap();
        projects.refresh_secret(&store, id, Duration::from_secs(60), 100).await.unwrap();
        projects.delete(&store, gone.id().as_str(), |_, _| Ok(())).await.unwrap();

        let again = configured();
        again.load(&store).unwrap();
        let (before, after) = (projects.get(id).unwrap(), again.get(id).unwrap());
        assert_eq!(before.details_with_secret(), after.details_with_secret());
        assert_eq!((after.status(), after.details()["createdAt"].as_u64()), (Status::Suspended, Some(1_000)));
        assert!(again.get(gone.id().as_str()).is_none());
        for project in [&before, &after] {
            assert!(proves(project, &secret_of(project), 1_000), "the new secret");
            assert!(proves(project, &secret_of(&made), 159), "the old one, for a minute");
            assert!(!proves(project, &secret_of(&made), 160), "and no longer");
        }
        assert!(format!("{after:?}").len() < 100 && !format!("{after:?}").contains(&secret_of(&after)));
    }

    #[tokio::test]
    async fn a_project_goes_with_all_that_is_its_own_or_not_at_all() {
        let store = Store::in_memory().unwrap();
        let projects = configured();
        let made = projects.make(&store, "one".into(), |_| false, 1_000).await.unwrap();
        let id = made.id().as_str();
        let failing = |_: &mut Writer<'_>, _: &str| Err::<(), _>(StoreError::Panicked);
        let refused = projects.delete(&store, id, failing).await;
        assert!(matches!(refused, Err(ChangeError::Store(_))), "{refused:?}");
        assert!(projects.knows(id));
        let again = configured();
        again.load(&store).unwrap();
        assert!(again.knows(id), "it is in the database, too");
        assert_eq!(projects.delete(&store, id, |_, id| Ok(id.to_owned())).await.unwrap(), id);
    }

    #[tokio::test]
    async fn the_configuration_governs_its_own() {
        let store = Store::in_memory().unwrap();
        let projects = configured();
        let id = "123456";
        let refused = |error: ChangeError| error.to_string();
        for said in [
            refused(projects.set_status(&store, id, Status::Suspended).await.unwrap_err()),
            refused(projects.refresh_secret(&store, id, Duration::ZERO, 0).await.unwrap_err()),
            refused(projects.delete(&store, id, |_, _| Ok(())).await.unwrap_err()),
        ] {
            assert!(said.contains("configuration"), "{said}");
        }
        assert!(projects.get(id).unwrap().details_with_secret().get("secret").is_none());
        let made = projects.make(&store, String::new(), |_| false, 0).await.unwrap();
        let own = KeyPair::new(made.id().as_str(), "of the configuration").unwrap();
        let later = Projects::new(vec![own.into()], 0).unwrap();
        later.load(&store).unwrap();
        let project = later.get(made.id().as_str()).unwrap();
        assert!(proves(&project, "of the configuration", 0) && !proves(&project, &secret_of(&made), 0));
    }

    #[tokio::test]
    async fn what_cannot_be_is_refused() {
        let store = Store::in_memory().unwrap();
        let projects = configured();
        assert!(matches!(
            projects.make(&store, "x".repeat(129), |_| false, 0).await,
            Err(ChangeError::Key(KeyError::Name))
        ));
        assert!(projects.make(&store, String::new(), |_| true, 0).await.is_err(), "every id is taken");
        for id in ["", "nobody", "1"] {
            let deleted = projects.delete(&store, id, |_, _| Ok(())).await;
            assert!(matches!(deleted, Err(ChangeError::Unknown)), "{id}");
        }
        store
            .write(|edit| {
                for number in 0..PROJECTS {
                    let id = format!("filler-{number}");
                    let secret = "s".to_owned();
                    let record = Record {
                        id,
                        secret,
                        created_ms: 0,
                        name: String::new(),
                        status: Status::Active,
                        previous: None,
                    };
                    edit.put(&TABLE, &record.id, &record)?;
                }
                Ok(())
            })
            .await
            .unwrap();
        let full = projects.make(&store, String::new(), |_| false, 0).await.unwrap_err();
        assert!(full.to_string().contains("delete some"), "{full}");
    }
}
