//! Receivers.

use super::kind::Kinds;
use super::signature::{SigningSecret, sha256_hex};
use super::url::HookUrl;
use std::sync::Arc;

/// A receiver of deliveries.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// The same after a restart.
    pub(super) id: Arc<str>,
    /// The project that has registered it; of those that are configured no word at all.
    pub(super) owner: Arc<str>,
    pub(super) url: HookUrl,
    pub(super) secret: Option<SigningSecret>,
}

impl Target {
    /// The receiver that a project has registered. It is the same for all of a project's registrations of one URL, so
    /// that their events come in order.
    pub(super) fn registered(project: &str, url: HookUrl, secret: Option<SigningSecret>) -> Self {
        Self::new("project", project, project, url, secret)
    }

    /// A receiver of the configuration.
    pub(super) fn configured(hook: &Hook) -> Self {
        let project = hook.project.as_deref().unwrap_or("*");
        Self::new("configuration", "", project, hook.url.clone(), hook.secret.clone())
    }

    fn new(whose: &str, owner: &str, project: &str, url: HookUrl, secret: Option<SigningSecret>) -> Self {
        let mut known = Vec::new();
        for part in [whose.as_bytes(), project.as_bytes(), url.as_str().as_bytes()] {
            known.extend_from_slice(part);
            known.push(0);
        }
        // Whoever changes the secret of the configuration still wants what waits.
        if whose == "project" {
            known.extend_from_slice(secret.as_ref().map_or(b"", SigningSecret::bytes));
        }
        Self { id: sha256_hex(&known)[..32].into(), owner: owner.into(), url, secret }
    }
}

/// A receiver of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    /// Where it is.
    pub url: HookUrl,
    /// The project whose events it is told; `None`: all projects.
    pub project: Option<String>,
    /// What it is told.
    pub kinds: Kinds,
    /// What deliveries are signed with.
    pub secret: Option<SigningSecret>,
}
