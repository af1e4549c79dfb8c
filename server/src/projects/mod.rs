//! The projects that the server works for: those of its configuration and those that account calls have made.

mod credentials;
mod der;
mod made;
mod pem;
mod private_key;
mod public_key;

pub(crate) use credentials::Credentials;
pub(crate) use made::ChangeError;
pub use private_key::{PrivateKey, PrivateKeyError};
pub use public_key::{PublicKey, PublicKeyError};

use crate::keys::{KeyError, KeyPair, Secret};
use otc_protocol::limits::{PROJECT_NAME_CHARS, SECRET_BYTES_ADVISED};
use otc_protocol::session_id::ProjectId;
use parking_lot::RwLock;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// Whether a project may be used (`rest.md §2.3`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    /// It may.
    #[default]
    #[serde(rename = "ACTIVE")]
    Active,
    /// Nobody may join its sessions, and REST calls are refused; who is in stays.
    #[serde(rename = "SUSPENDED")]
    Suspended,
}

impl Status {
    /// The word of the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Suspended => "SUSPENDED",
        }
    }

    /// The status of that word; the configuration writes it in small letters.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Active, Self::Suspended].into_iter().find(|status| name.eq_ignore_ascii_case(status.name()))
    }
}

/// A secret that was replaced and still counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Previous {
    /// The secret.
    pub secret: Secret,
    /// The Unix second from which on it counts no more; `None`: for as long as it is there.
    pub until: Option<u64>,
}

/// How the tokens of a project are proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// By a secret that both sides have: an API key (HS256, T1).
    Secret {
        /// The secret.
        secret: Secret,
        /// The one before, while callers change over.
        previous: Option<Previous>,
    },
    /// By a private key that the server does not have: an application (RS256).
    PublicKey(PublicKey),
}

/// A project as it is set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    /// API key or application id.
    pub id: ProjectId,
    /// What people call it; may be empty.
    pub name: String,
    /// Whether it may be used.
    pub status: Status,
    /// How its tokens are proven.
    pub proof: Proof,
}

impl Definition {
    /// An active project without a name.
    pub fn new(id: ProjectId, proof: Proof) -> Self {
        Self { id, name: String::new(), status: Status::Active, proof }
    }

    /// An application: its id is a UUID.
    pub fn application(id: &str, public_key: PublicKey) -> Result<Self, KeyError> {
        let id = ProjectId::new(id).ok().filter(ProjectId::is_application).ok_or(KeyError::Application)?;
        Ok(Self::new(id, Proof::PublicKey(public_key)))
    }

    /// Whether its secret could be found by trying: whoever has one of its tokens can try without asking anybody.
    pub fn has_short_secret(&self) -> bool {
        matches!(&self.proof, Proof::Secret { secret, .. } if secret.expose().len() < SECRET_BYTES_ADVISED)
    }
}

impl From<KeyPair> for Definition {
    fn from(pair: KeyPair) -> Self {
        Self::new(pair.project, Proof::Secret { secret: pair.secret, previous: None })
    }
}

/// A name, if it is short enough and on one line.
pub(crate) fn check_name(name: &str) -> Result<(), KeyError> {
    let fits = name.chars().count() <= PROJECT_NAME_CHARS && !name.chars().any(char::is_control);
    if fits { Ok(()) } else { Err(KeyError::Name) }
}

/// A project that the server works for.
pub struct Project {
    definition: Definition,
    credentials: Credentials,
    created_ms: u64,
    /// Whether an account call has made it; else the configuration has.
    made: bool,
}

impl Project {
    fn new(definition: Definition, created_ms: u64, made: bool) -> Self {
        let credentials = Credentials::new(&definition.proof);
        Self { definition, credentials, created_ms, made }
    }

    /// API key or application id.
    pub fn id(&self) -> &ProjectId {
        &self.definition.id
    }

    /// Whether it may be used.
    pub fn status(&self) -> Status {
        self.definition.status
    }

    /// What proves its tokens.
    pub(crate) fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// What the API tells of it, without its secret (`rest.md §2.3`).
    pub fn details(&self) -> Value {
        let Definition { id, name, status, .. } = &self.definition;
        json!({
            "id": id.as_str(),
            "applicationId": id.as_str(),
            "status": status.name(),
            "name": name,
            "environment": "standard",
            "createdAt": self.created_ms,
        })
    }

    /// The same with the secret, for the account that has made it. One of the configuration is not told.
    pub(crate) fn details_with_secret(&self) -> Value {
        let mut details = self.details();
        if let (true, Proof::Secret { secret, .. }) = (self.made, &self.definition.proof) {
            details["secret"] = secret.expose().into();
        }
        details
    }
}

/// Without what proves its tokens.
impl fmt::Debug for Project {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Project").field("id", self.id()).field("status", &self.status()).finish()
    }
}

/// All projects of a server.
pub struct Projects {
    all: RwLock<BTreeMap<String, Arc<Project>>>,
    /// Held while one is changed: here and in the store changes come in the same order. Held for reading by who writes
    /// something of a project, so that it is not deleted meanwhile.
    changes: tokio::sync::RwLock<()>,
    strangers: Strangers,
}

/// Projects that nobody has: what a token of an unknown project is held against, so that looking at it takes as long.
struct Strangers {
    key: Arc<Project>,
    application: Arc<Project>,
}

impl Strangers {
    fn new() -> Result<Self, KeyError> {
        let key = Definition::from(KeyPair::generate()?);
        let id = ProjectId::new("nobody").map_err(|_| KeyError::Project)?;
        let application = Definition::new(id, Proof::PublicKey(PublicKey::of_nobody()?));
        Ok(Self {
            key: Arc::new(Project::new(key, 0, false)),
            application: Arc::new(Project::new(application, 0, false)),
        })
    }
}

/// Whose token it is said to be.
pub(crate) struct Claimed {
    /// What the token is held against.
    pub(crate) project: Arc<Project>,
    /// Whether the server works for it; else it stands for a project that nobody has.
    pub(crate) known: bool,
}

impl Projects {
    /// The projects of the configuration. `now_ms` counts as the time of their creation, which it does not say.
    pub fn new(definitions: Vec<Definition>, now_ms: u64) -> Result<Self, KeyError> {
        let mut all = BTreeMap::new();
        for definition in definitions {
            let project = Arc::new(Project::new(definition, now_ms, false));
            if all.insert(project.id().to_string(), project).is_some() {
                return Err(KeyError::Repeated);
            }
        }
        let strangers = Strangers::new()?;
        Ok(Self { all: RwLock::new(all), changes: tokio::sync::RwLock::default(), strangers })
    }

    /// The project of that id.
    pub fn get(&self, id: &str) -> Option<Arc<Project>> {
        self.all.read().get(id).map(Arc::clone)
    }

    /// As long as it is held, projects stay as they are.
    pub(crate) async fn hold(&self) -> impl Drop + Send + '_ {
        self.changes.read().await
    }

    /// All of them, in the order of their ids.
    pub(crate) fn list(&self) -> Vec<Arc<Project>> {
        self.all.read().values().map(Arc::clone).collect()
    }

    /// Whether the server works for it, suspended or not.
    pub fn knows(&self, id: &str) -> bool {
        self.all.read().contains_key(id)
    }

    /// What a token that names this project is held against.
    pub(crate) fn claimed(&self, id: &str) -> Claimed {
        match self.get(id) {
            Some(project) => Claimed { project, known: true },
            None if otc_protocol::uuid::parse(id).is_some() => {
                Claimed { project: Arc::clone(&self.strangers.application), known: false }
            }
            None => Claimed { project: Arc::clone(&self.strangers.key), known: false },
        }
    }
}

impl fmt::Debug for Projects {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.all.read().keys()).finish()
    }
}

#[cfg(test)]
mod tests;
