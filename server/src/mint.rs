//! Session ids and tokens without a running server. They are as good as those of the REST call and of the SDKs.

use crate::auth::{SignError, Signer, TokenKind, rest_claims, sign_claims, sign_json};
use crate::keys::{KeyError, KeyPair, random};
use otc_protocol::limits::{
    APPLICATION_TOKEN_LIFE_MOST, CONNECTION_DATA_CHARS, REST_TOKEN_LIFE_MOST, TOKEN_LIFE, TOKEN_LIFE_MOST,
};
use otc_protocol::permissions::Role;
use otc_protocol::session_id::{ProjectId, SessionId, SessionIdError};
use otc_protocol::token::{CONNECT_SCOPE, Claims};
use std::fmt;
use std::time::{Duration, SystemTime};

/// A new session of `project`: relayed (media goes from client to client) or routed.
pub fn session(project: &ProjectId, relayed: bool) -> Result<String, MintError> {
    let created_ms = u64::try_from(since_1970().as_millis()).unwrap_or(u64::MAX);
    Ok(SessionId::mint(project, created_ms, random()?, relayed))
}

/// What a token is to say.
#[derive(Clone, Debug)]
pub struct TokenRequest {
    /// The session that it opens.
    pub session_id: String,
    /// What its connection may do there.
    pub role: Role,
    /// What the others learn about its connection.
    pub data: String,
    /// How long it opens the session.
    pub life: Duration,
    /// The kind of token.
    pub kind: TokenKind,
}

impl TokenRequest {
    /// A publisher's token for a day.
    pub fn new(session_id: impl Into<String>) -> Self {
        Self {
            session_id: session_id.into(),
            role: Role::Publisher,
            data: String::new(),
            life: TOKEN_LIFE,
            kind: TokenKind::Jwt,
        }
    }
}

/// A token of the project that signs it: a [`KeyPair`], or an application's private key.
pub fn token<'a>(signer: impl Into<Signer<'a>>, request: &TokenRequest) -> Result<String, MintError> {
    let signer = signer.into();
    let session = SessionId::decode(&request.session_id).map_err(MintError::Session)?;
    if session.project != *signer.project() {
        return Err(MintError::Foreign(session.project));
    }
    if request.life.is_zero() || request.life > TOKEN_LIFE_MOST {
        return Err(MintError::Life);
    }
    if request.data.chars().count() > CONNECTION_DATA_CHARS {
        return Err(MintError::Data);
    }
    let created = since_1970().as_secs();
    let claims = Claims {
        project: session.project.to_string(),
        session_id: request.session_id.clone(),
        role: request.role,
        created: Some(created),
        expires: Some(created + request.life.as_secs()),
        connection_data: request.data.clone(),
        initial_layout_class_list: Vec::new(),
        scope: Some(CONNECT_SCOPE.to_owned()),
    };
    Ok(sign_claims(&claims, request.kind, signer)?)
}

/// A token for REST calls of the project that signs it (`X-OPENTOK-AUTH`, or `Authorization: Bearer`), for as long as
/// the server takes one.
pub fn rest_token<'a>(signer: impl Into<Signer<'a>>) -> Result<String, MintError> {
    let signer = signer.into();
    let life = match signer {
        Signer::Pair(_) => REST_TOKEN_LIFE_MOST,
        Signer::Application(_) => APPLICATION_TOKEN_LIFE_MOST,
    };
    let claims = rest_claims(signer, false, since_1970().as_secs(), life.as_secs())?;
    Ok(sign_json(&claims, signer)?)
}

/// The same for account calls, which make projects; `account` is the account's key and secret.
pub fn account_token(account: &KeyPair) -> Result<String, MintError> {
    let signer = Signer::Pair(account);
    let claims = rest_claims(signer, true, since_1970().as_secs(), REST_TOKEN_LIFE_MOST.as_secs())?;
    Ok(sign_json(&claims, signer)?)
}

fn since_1970() -> Duration {
    SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default()
}

/// Why an id or token was not made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MintError {
    /// Not a session id.
    Session(SessionIdError),
    /// The session is of this project, not of the key's.
    Foreign(ProjectId),
    /// No life, or too long a one.
    Life,
    /// Too much connection data.
    Data,
    /// No usable key, or no randomness.
    Key(KeyError),
    /// No signature.
    Sign(SignError),
}

impl From<KeyError> for MintError {
    fn from(error: KeyError) -> Self {
        Self::Key(error)
    }
}

impl From<SignError> for MintError {
    fn from(error: SignError) -> Self {
        Self::Sign(error)
    }
}

impl fmt::Display for MintError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Session(error) => {
                write!(formatter, "not a session id: {error}; make one with `otc-server session`")
            }
            Self::Foreign(project) => {
                write!(
                    formatter,
                    "the session is of {project}: give that API key and its secret, or that application and its private key"
                )
            }
            Self::Life => formatter.write_str("a token lives from 1 second to 30 days (2592000 seconds)"),
            Self::Data => formatter.write_str("the data is longer than 1,024 characters"),
            Self::Key(error) => error.fmt(formatter),
            Self::Sign(error) => error.fmt(formatter),
        }
    }
}

impl std::error::Error for MintError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::Authenticator;
    use crate::projects::Projects;
    use std::sync::Arc;

    fn pair() -> KeyPair {
        KeyPair::new("123456", "secret").unwrap()
    }

    #[test]
    fn what_is_minted_opens_its_session() {
        let projects = Projects::new(vec![pair().into()], 0).unwrap();
        let authenticator = Authenticator::new(Arc::new(projects), None);
        let now = since_1970().as_secs();
        for (relayed, kind) in [(true, TokenKind::Jwt), (false, TokenKind::T1)] {
            let session = session(&pair().project, relayed).unwrap();
            assert_eq!(SessionId::decode(&session).unwrap().relayed, relayed);
            let request = TokenRequest {
                role: Role::Moderator,
                data: "{\"name\":\"Ada Löwe\"}".into(),
                life: Duration::from_secs(100),
                kind,
                ..TokenRequest::new(&session)
            };
            let token = token(&pair(), &request).unwrap();
            let claims = authenticator.verify_client_token(&token, &session, "123456", now).unwrap();
            assert_eq!(
                (claims.role, claims.connection_data.as_str()),
                (Role::Moderator, request.data.as_str())
            );
            let left = claims.expires.unwrap() - claims.created.unwrap();
            assert_eq!(left, 100);
        }
    }

    #[test]
    fn what_the_server_would_refuse_is_not_minted() {
        let own = session(&pair().project, true).unwrap();
        let foreign = session(&ProjectId::new("654321").unwrap(), true).unwrap();
        let refused = |request: &TokenRequest| token(&pair(), request).unwrap_err();
        assert!(refused(&TokenRequest::new("nonsense")).to_string().contains("otc-server session"));
        assert!(refused(&TokenRequest::new(foreign)).to_string().contains("654321"));
        let request = TokenRequest::new(own);
        let data = "x".repeat(1025);
        let error = refused(&TokenRequest { data, ..request.clone() });
        assert_eq!(error, MintError::Data);
        assert!(error.to_string().contains("1,024"), "{error}");
        let data = "x".repeat(1024);
        assert!(token(&pair(), &TokenRequest { data, ..request.clone() }).is_ok());
        for seconds in [0, 30 * 86_400 + 1] {
            let life = Duration::from_secs(seconds);
            assert_eq!(refused(&TokenRequest { life, ..request.clone() }), MintError::Life);
        }
    }
}
