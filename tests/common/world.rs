//! A server, its sessions and its tokens.

use super::program::{Program, Wishes, c};
use otc::ffi::*;
use otc_protocol::permissions::Role;
use otc_server::mint::{self, TokenRequest};
use otc_server::{Config, KeyPair, Server};

pub(crate) const KEY: &str = "123456";
pub(crate) const SECRET: &str = "a-very-secret-secret";

pub(crate) fn pair() -> KeyPair {
    KeyPair::new(KEY, SECRET).expect("a key")
}

/// A running server of one project.
pub(crate) struct World {
    pub(crate) server: Server,
    pub(crate) session_id: String,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(Config::local(pair()))
    }

    pub(crate) fn with(config: Config) -> Self {
        let server = Server::start(config).expect("a free port");
        let session_id = mint::session(&pair().project, true).expect("minted");
        Self { server, session_id }
    }

    pub(crate) fn token(&self, data: &str) -> String {
        let request = TokenRequest { data: data.into(), ..TokenRequest::new(&self.session_id) };
        mint::token(&pair(), &request).expect("minted")
    }

    /// A token of this role.
    pub(crate) fn token_of(&self, role: Role) -> String {
        let request = TokenRequest { role, ..TokenRequest::new(&self.session_id) };
        mint::token(&pair(), &request).expect("minted")
    }

    /// A moderator that is in the session, and its connection id.
    pub(crate) fn moderator(&self) -> (Program, String) {
        let program = self.program();
        program.connect(&self.token_of(Role::Moderator));
        let id = program.wait_for_connected();
        (program, id)
    }

    /// A session that tells those callbacks; NULL when the library does not make one.
    pub(crate) fn session_of(&self, callbacks: &otc_session_callbacks) -> *mut otc_session {
        let settings = otc_session_settings_new();
        let session = unsafe {
            assert_eq!(otc_session_settings_set_api_url(settings, c(&self.server.url()).as_ptr()), 0);
            let id = c(&self.session_id);
            otc_session_new_with_settings(c(KEY).as_ptr(), id.as_ptr(), callbacks, settings)
        };
        assert_eq!(otc_session_settings_delete(settings), 0);
        session
    }

    /// A program that has not connected.
    pub(crate) fn program(&self) -> Program {
        self.program_at(&self.server.url())
    }

    pub(crate) fn program_at(&self, url: &str) -> Program {
        Program::new(KEY, &self.session_id, &Wishes { api_url: Some(url), ..Wishes::default() })
    }

    /// A program that is in the session, and its connection id.
    pub(crate) fn member(&self, data: &str) -> (Program, String) {
        self.member_at(&self.server.url(), data)
    }

    pub(crate) fn member_at(&self, url: &str, data: &str) -> (Program, String) {
        let program = self.program_at(url);
        program.connect(&self.token(data));
        let id = program.wait_for_connected();
        (program, id)
    }
}
