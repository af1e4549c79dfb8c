//! Between rooms and tokens: who asks to join shows a token here.

use crate::archives::Archives;
use crate::auth::Authenticator;
use crate::load::Load;
use crate::sessions::{Admission, Gate, Refusal};
use otc_protocol::raptor::{Archive, SessionAddress};
use std::sync::Arc;

/// Admits who has a token for the session.
#[derive(Clone)]
pub struct TokenGate {
    auth: Arc<Authenticator>,
    subscriber_may_signal: bool,
    archives: Option<Arc<Archives>>,
    load: Option<Arc<Load>>,
}

impl TokenGate {
    /// A gate that verifies with `auth`.
    pub fn new(auth: Arc<Authenticator>, subscriber_may_signal: bool) -> Self {
        Self { auth, subscriber_may_signal, archives: None, load: None }
    }

    /// The same, for sessions that may have to be archived from their first client on.
    pub(crate) fn archiving(self, archives: Arc<Archives>) -> Self {
        Self { archives: Some(archives), ..self }
    }

    /// The same, of a server that takes on nothing new while it has too much to do.
    pub(crate) fn under(self, load: Arc<Load>) -> Self {
        Self { load: Some(load), ..self }
    }
}

impl Gate for TokenGate {
    fn admit(&self, token: &str, session: &SessionAddress, unix_ms: u64) -> Result<Admission, Refusal> {
        if let Some(reason) = self.load.as_ref().and_then(|load| load.refuses()) {
            return Err(Refusal::new(503, format!("{reason}: try again.")));
        }
        let claims = self
            .auth
            .verify_client_token(token, &session.session, &session.project, unix_ms / 1000)
            .map_err(|refusal| Refusal::new(refusal.status, refusal.reason))?;
        Ok(Admission {
            permissions: claims.role.permissions(self.subscriber_may_signal),
            data: claims.connection_data,
            layout_classes: claims.initial_layout_class_list,
            archive: None,
        })
    }

    fn archive(&self, session: &SessionAddress) -> Option<Archive> {
        self.archives.as_ref()?.automatic(session)
    }
}
