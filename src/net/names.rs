//! Names become addresses. However many sessions ask for a name at one time, the system is asked once: a thousand sessions
//! that come back together cost one lookup, and names that hang do not pile up.

use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use tokio::net::lookup_host;
use tokio::sync::watch;

type Found = Result<Arc<[SocketAddr]>, (io::ErrorKind, String)>;

/// Lookups that have not been answered.
static UNDER_WAY: Mutex<BTreeMap<String, watch::Receiver<Option<Found>>>> = Mutex::new(BTreeMap::new());

/// The addresses of a name, or the address that `host` is.
pub(super) async fn look_up(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let mut answer = ask(host);
    let found = answer.wait_for(Option::is_some).await;
    let found = found.as_ref().ok().and_then(|found| found.as_ref());
    match found {
        Some(Ok(addresses)) => Ok(addresses
            .iter()
            .map(|address| {
                let mut address = *address;
                address.set_port(port);
                address
            })
            .collect()),
        Some(Err((kind, text))) => Err(io::Error::new(*kind, text.clone())),
        None => Err(io::Error::other("the system gives no thread to look the name up")),
    }
}

/// Joins the lookup that is under way, or begins one.
fn ask(host: &str) -> watch::Receiver<Option<Found>> {
    let mut under_way = UNDER_WAY.lock();
    if let Some(answer) = under_way.get(host) {
        return answer.clone();
    }
    let (tell, answer) = watch::channel(None);
    under_way.insert(host.to_owned(), answer.clone());
    let asked = Asked(host.to_owned());
    tokio::spawn(async move {
        let found = lookup_host((asked.0.as_str(), 0)).await;
        let found = found.map(Iterator::collect).map_err(|error| (error.kind(), error.to_string()));
        // Whoever asks from now on wants to know it anew.
        drop(asked);
        let _ = tell.send(Some(found));
    });
    answer
}

/// A lookup in the list, until it is answered or given up.
struct Asked(String);

impl Drop for Asked {
    fn drop(&mut self) {
        UNDER_WAY.lock().remove(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn addresses_are_themselves() {
        for (host, expected) in [("127.0.0.1", "127.0.0.1:7"), ("::1", "[::1]:7")] {
            assert_eq!(look_up(host, 7).await.expect("an address"), [expected.parse().expect("one")]);
        }
    }

    #[tokio::test]
    async fn who_asks_meanwhile_joins_and_who_asks_later_asks_anew() {
        let (first, second) = (ask("localhost"), ask("localhost"));
        assert!(first.same_channel(&second));
        for answer in [look_up("localhost", 7).await, look_up("localhost", 7).await] {
            assert!(
                answer
                    .expect("it is known")
                    .iter()
                    .all(|address| address.ip().is_loopback() && address.port() == 7)
            );
        }
        assert!(!ask("localhost").same_channel(&first));
    }

    #[tokio::test]
    async fn a_name_that_is_none_is_an_error_and_forgotten() {
        assert!(look_up("no-such-name.invalid", 7).await.is_err());
        assert!(!UNDER_WAY.lock().contains_key("no-such-name.invalid"));
    }
}
