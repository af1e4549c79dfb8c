//! `session`, `token`, `rest-token`: what is made without a running server, and printed.

use super::Error;
use clap::Args;
use clap::builder::BoolishValueParser;
use otc_protocol::permissions::Role;
use otc_protocol::session_id::ProjectId;
use otc_server::KeyPair;
use otc_server::auth::{Signer, TokenKind};
use otc_server::keys::KeyError;
use otc_server::mint::{self, TokenRequest};
use otc_server::projects::PrivateKey;
use otc_server::secret_file::Access;
use std::path::PathBuf;
use std::time::Duration;

/// `session`
#[derive(Args)]
pub(crate) struct Session {
    /// Media goes from client to client (the default)
    #[arg(long, conflicts_with = "routed")]
    relayed: bool,
    /// Media goes through the server
    #[arg(long)]
    routed: bool,
    /// The API key that the session is of
    #[arg(long, env = "OTC_API_KEY", value_name = "KEY")]
    api_key: Option<String>,
    /// The application that the session is of; it goes before an API key
    #[arg(long, env = "OTC_APPLICATION_ID", value_name = "UUID")]
    application_id: Option<String>,
}

/// Who signs: an API key with its secret, or an application with its private key.
#[derive(Args)]
pub(crate) struct Credentials {
    /// The API key that the session is of
    #[arg(long, env = "OTC_API_KEY", value_name = "KEY")]
    api_key: Option<String>,
    /// Its secret (better in the environment)
    #[arg(
        long,
        env = "OTC_API_SECRET",
        value_name = "SECRET",
        hide_env_values = true,
        allow_hyphen_values = true
    )]
    api_secret: Option<String>,
    /// The application that the session is of; it goes before an API key
    #[arg(long, env = "OTC_APPLICATION_ID", value_name = "UUID")]
    application_id: Option<String>,
    /// The file of its private key, which nobody else can read
    #[arg(long, env = "OTC_PRIVATE_KEY", value_name = "FILE")]
    private_key: Option<PathBuf>,
    /// Use the private key even when others may read it, as in containers that mount it so
    #[arg(long, env = "OTC_ALLOW_READABLE_SECRETS", value_parser = BoolishValueParser::new())]
    allow_readable_secrets: bool,
}

/// `token`
#[derive(Args)]
pub(crate) struct Token {
    /// The session that it opens
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    session: String,
    /// subscriber, publisher, publisheronly or moderator
    #[arg(long, default_value = "publisher", value_parser = role)]
    role: Role,
    /// What the others learn about its connection
    #[arg(long, default_value = "", allow_hyphen_values = true)]
    data: String,
    /// How long it opens the session
    #[arg(long, value_name = "SECONDS", default_value_t = 86_400)]
    expires_in: u64,
    /// Make a JWT (the default)
    #[arg(long, conflicts_with = "t1")]
    jwt: bool,
    /// Make a token of the older kind, T1==
    #[arg(long)]
    t1: bool,
    #[command(flatten)]
    credentials: Credentials,
}

/// `rest-token`
#[derive(Args)]
pub(crate) struct RestToken {
    /// For account calls, which make projects
    #[arg(long)]
    account: bool,
    /// The account's key
    #[arg(long, env = "OTC_ACCOUNT_KEY", value_name = "KEY")]
    account_key: Option<String>,
    /// Its secret (better in the environment)
    #[arg(
        long,
        env = "OTC_ACCOUNT_SECRET",
        value_name = "SECRET",
        hide_env_values = true,
        allow_hyphen_values = true
    )]
    account_secret: Option<String>,
    #[command(flatten)]
    credentials: Credentials,
}

fn role(text: &str) -> Result<Role, String> {
    Role::from_name(text).ok_or_else(|| format!("give one of {}", Role::ALL.map(Role::name).join(", ")))
}

/// Who signs, with what it takes.
enum Owner {
    Key(KeyPair),
    Application(Box<PrivateKey>),
}

impl Owner {
    fn signer(&self) -> Signer<'_> {
        match self {
            Self::Key(pair) => pair.into(),
            Self::Application(key) => key.as_ref().into(),
        }
    }
}

impl Credentials {
    fn owner(&self) -> Result<Owner, Error> {
        let access = if self.allow_readable_secrets { Access::Anybody } else { Access::OwnerOnly };
        match (&self.application_id, &self.private_key) {
            (Some(id), Some(file)) => {
                let key = PrivateKey::from_file(id, file, access)?;
                return Ok(Owner::Application(Box::new(key)));
            }
            (Some(_), None) => {
                return Err("an application signs with its private key: give --private-key FILE".into());
            }
            // A variable may name the file for other calls.
            (None, _) => {}
        }
        match (&self.api_key, &self.api_secret) {
            (Some(key), Some(secret)) => Ok(Owner::Key(KeyPair::new(key, secret)?)),
            (Some(_), None) => {
                Err("a key signs with its secret: give --api-secret (or OTC_API_SECRET)".into())
            }
            (None, _) => Err(WHO.into()),
        }
    }
}

const WHO: &str = "give --api-key KEY (or OTC_API_KEY), or --application-id UUID (or OTC_APPLICATION_ID)";

/// A new session id.
pub(crate) fn session(session: &Session) -> Result<String, Error> {
    let project = match (&session.application_id, &session.api_key) {
        (Some(id), _) => {
            ProjectId::new(id).ok().filter(ProjectId::is_application).ok_or(KeyError::Application)?
        }
        (None, Some(key)) => ProjectId::new(key).map_err(|_| KeyError::Project)?,
        (None, None) => return Err(WHO.into()),
    };
    Ok(mint::session(&project, !session.routed)?)
}

/// A new token.
pub(crate) fn token(token: &Token) -> Result<String, Error> {
    let request = TokenRequest {
        session_id: token.session.clone(),
        role: token.role,
        data: token.data.clone(),
        life: Duration::from_secs(token.expires_in),
        kind: if token.t1 { TokenKind::T1 } else { TokenKind::Jwt },
    };
    Ok(mint::token(token.credentials.owner()?.signer(), &request)?)
}

/// A new token for REST calls.
pub(crate) fn rest_token(token: &RestToken) -> Result<String, Error> {
    if !token.account {
        return Ok(mint::rest_token(token.credentials.owner()?.signer())?);
    }
    match (&token.account_key, &token.account_secret) {
        (Some(key), Some(secret)) => Ok(mint::account_token(&KeyPair::new(key, secret)?)?),
        _ => {
            Err("give --account-key and --account-secret (or OTC_ACCOUNT_KEY and OTC_ACCOUNT_SECRET)".into())
        }
    }
}
