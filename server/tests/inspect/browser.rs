//! A browser that has logged in.

use crate::support::{Answer, KEY, Request, SECRET};
use serde_json::json;
use std::net::SocketAddr;

pub(crate) const OTHER: &str = "654321";
pub(crate) const OTHER_SECRET: &str = "another-secret";

pub(crate) struct Browser {
    pub(crate) server: SocketAddr,
    /// `name=value`, as it sends it.
    pub(crate) cookie: String,
    pub(crate) csrf: String,
}

/// Says who it is, from a page of this server.
pub(crate) fn log_in_with(server: SocketAddr, body: &str) -> Answer {
    Request::new("POST /inspect/api/login").body("application/json", body).send(server)
}

pub(crate) fn credentials(key: &str, secret: &str) -> String {
    json!({"key": key, "secret": secret}).to_string()
}

/// The cookie of an answer: `name=value`.
pub(crate) fn cookie_of(answer: &Answer) -> String {
    answer.header("set-cookie").split(';').next().unwrap().to_owned()
}

impl Browser {
    /// Logged in as [`KEY`].
    pub(crate) fn log_in(server: SocketAddr) -> Self {
        Self::log_in_as(server, KEY, SECRET)
    }

    pub(crate) fn log_in_as(server: SocketAddr, key: &str, secret: &str) -> Self {
        Self::of(server, &log_in_with(server, &credentials(key, secret)))
    }

    /// What has come of a login.
    pub(crate) fn of(server: SocketAddr, answer: &Answer) -> Self {
        assert_eq!(answer.status, 200, "{answer:?}");
        let csrf = answer.json()["csrf"].as_str().unwrap().to_owned();
        Self { server, cookie: cookie_of(answer), csrf }
    }

    /// A request with the cookie.
    pub(crate) fn request(&self, line: &str) -> Request {
        Request::new(line).header("Cookie", &self.cookie)
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.request(&format!("GET /inspect/api/{path}")).send(self.server)
    }

    /// A change, as the page makes it.
    pub(crate) fn change(&self, method: &str, path: &str, body: &str) -> Answer {
        let request = self.request(&format!("{method} /inspect/api/{path}")).header("X-OTC-CSRF", &self.csrf);
        let request = if body.is_empty() { request } else { request.body("application/json", body) };
        request.send(self.server)
    }
}
