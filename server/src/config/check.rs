//! What a configuration comes to, for people, and what would keep a server from starting with it.

use super::Config;
use crate::data;
use crate::http::Origins;
use crate::projects::Definition;
use crate::webhooks;
use std::fmt::Display;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Projects and receivers that are listed; of more the number is said.
const LISTED: usize = 10;

impl Config {
    /// What would keep a server from starting, that only the files show which the configuration names. Nothing is changed
    /// and nothing is taken: the server itself may be running.
    pub fn problems(&self) -> Vec<String> {
        let tls = self.tls.as_ref().and_then(|files| files.check().err()).map(|error| error.to_string());
        let data =
            self.data.as_deref().and_then(|path| data::check(path).err()).map(|error| error.to_string());
        let is_local = self.listen.ip().to_canonical().is_loopback();
        let webhooks = webhooks::check(&self.webhooks, is_local).err().map(|error| error.to_string());
        let listen = self.metrics.listen.filter(|metrics| collide(self.listen, *metrics)).map(|metrics| {
            format!(
                "metrics cannot be read at {metrics}: the server itself listens at {}; choose another port",
                self.listen
            )
        });
        [tls, data, webhooks, listen].into_iter().flatten().collect()
    }

    /// What works, and could be better.
    pub fn advice(&self) -> Vec<String> {
        let strange = self.projects.iter().filter(|project| !project.id.suits_every_sdk()).map(|project| {
            format!(
                "the key {} is neither a number up to 2147483647 nor a UUID: some server SDKs refuse it",
                project.id
            )
        });
        let short = self.projects.iter().filter(|project| project.has_short_secret()).map(|project| {
            format!(
                "the key {} has a short secret: whoever has a client token can guess at it without asking this server; \
                 give one of 32 random characters or more",
                project.id
            )
        });
        strange.chain(short).collect()
    }

    /// Names and values of what a server would do, without secrets.
    pub fn summary(&self, is_generated: bool) -> Vec<(&'static str, String)> {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        let mut lines = vec![("listen", format!("{scheme}://{}", self.listen))];
        if let Some(certificate) = self.tls.as_ref().and_then(|files| files.check().ok()) {
            lines.push(("certificate", certificate));
        }
        let told = self.public_url.as_ref().map(|url| url.web_url(""));
        lines.push(("clients go to", told.unwrap_or_else(|| "where their own requests went".to_owned())));
        let proxies = &self.listener.proxies;
        lines.push((
            "trusted proxies",
            match proxies.subnets() {
                [] => "none".to_owned(),
                subnets => format!("{} ({})", list(subnets.iter()), proxies.wording().name()),
            },
        ));
        lines.push((
            "pages",
            match &self.origins {
                Origins::Any => "of any origin".to_owned(),
                Origins::Only(origins) => format!("of {}", list(origins.iter())),
            },
        ));
        let projects = list(self.projects.iter().map(|project: &Definition| &project.id));
        lines.push((
            "projects",
            match (is_generated, self.projects.is_empty()) {
                (true, _) => "one is made up at each start".to_owned(),
                (false, true) => "those that account calls make".to_owned(),
                (false, false) => projects,
            },
        ));
        let account = self.account.pair.as_ref().map(|pair| format!("with the key {}", pair.project));
        lines.push(("account calls", account.unwrap_or_else(|| "none".to_owned())));
        let data = self.data.as_ref().map(|path| path.display().to_string());
        lines.push(("data", data.unwrap_or_else(|| "in memory: a restart ends all sessions".to_owned())));
        let webhooks = list(self.webhooks.hooks.iter().map(|hook| hook.url.place()));
        lines.push(("webhooks", webhooks));
        let told = self.rooms.ice_servers.told("", 0);
        let urls: Vec<&String> = told.iter().flat_map(|server| &server.urls).collect();
        lines.push(("STUN and TURN", list(urls.iter())));
        let page = if self.inspect { "at /inspect" } else { "none" };
        lines.push(("page of sessions", page.to_owned()));
        let metrics = self.metrics.listen.map(|address| format!("http://{address}/metrics"));
        lines.push(("metrics", metrics.unwrap_or_else(|| "none".to_owned())));
        let drain = self.drain.map(|drain| format!("{} s", drain.as_secs()));
        lines.push(("drain", drain.unwrap_or_else(|| "none".to_owned())));
        lines
    }
}

/// The first ones with commas between them, and how many more there are.
fn list<T: Display>(items: impl ExactSizeIterator<Item = T>) -> String {
    let more = items.len().saturating_sub(LISTED);
    let mut words: Vec<String> = items.take(LISTED).map(|item| item.to_string()).collect();
    if more > 0 {
        words.push(format!("and {more} more"));
    }
    if words.is_empty() { "none".to_owned() } else { words.join(", ") }
}

/// Whether nobody can listen at both. Port 0 is a free one each time.
fn collide(one: SocketAddr, other: SocketAddr) -> bool {
    let (a, b) = (one.ip().to_canonical(), other.ip().to_canonical());
    one.port() == other.port() && one.port() != 0 && (a == b || covers(a, b) || covers(b, a))
}

/// Whether a listener at `all` has the connections to `address` too.
fn covers(all: IpAddr, address: IpAddr) -> bool {
    match all {
        IpAddr::V4(all) => all == Ipv4Addr::UNSPECIFIED && address.is_ipv4(),
        IpAddr::V6(all) => all == Ipv6Addr::UNSPECIFIED,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_listeners_need_two_places() {
        for (one, other, expected) in [
            ("127.0.0.1:1", "127.0.0.1:1", true),
            ("127.0.0.1:1", "127.0.0.1:2", false),
            ("127.0.0.1:1", "127.0.0.2:1", false),
            ("127.0.0.1:0", "127.0.0.1:0", false),
            ("0.0.0.0:1", "127.0.0.1:1", true),
            ("0.0.0.0:1", "[::1]:1", false),
            ("[::]:1", "[::1]:1", true),
            ("[::]:1", "127.0.0.1:1", true),
            ("[::1]:1", "127.0.0.1:1", false),
        ] {
            let (one, other) = (one.parse().expect("an address"), other.parse().expect("an address"));
            assert_eq!((collide(one, other), collide(other, one)), (expected, expected), "{one} {other}");
        }
    }
}
