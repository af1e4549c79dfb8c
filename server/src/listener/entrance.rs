//! Whose each request is: that of whoever has connected, or of whoever a trusted proxy speaks for.

use super::addresses::{Crowds, Visitor};
use super::{OpenSocket, Place};
use crate::http::{Client, Misspoken, Peer, Proxies, RequestId, client, too_crowded};
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tracing::{info, warn};

pub(super) struct Entrance {
    proxies: Proxies,
    crowds: Arc<Crowds>,
    /// Whether the log has said that somebody sounds like a proxy and is not trusted.
    told_of_a_stranger: AtomicBool,
}

/// Why a request is not let in.
pub(super) enum Unwelcome {
    Misspoken(Misspoken),
    Crowded,
}

impl IntoResponse for Unwelcome {
    fn into_response(self) -> Response {
        match self {
            Self::Misspoken(misspoken) => misspoken.into_response(),
            Self::Crowded => too_crowded(),
        }
    }
}

impl Entrance {
    pub(super) fn new(proxies: Proxies, connections_per_address: usize) -> Self {
        let crowds = Crowds::new(connections_per_address);
        Self { proxies, crowds, told_of_a_stranger: AtomicBool::new(false) }
    }

    /// Counts a connection; `None` when its address has too many. A proxy's are not its own, and are not counted.
    pub(super) fn enter(&self, address: IpAddr) -> Option<Visitor> {
        if self.proxies.trusts(address) { Some(self.crowds.pass()) } else { self.crowds.enter(address) }
    }

    /// Puts into a request who is at its far end, its place among those of the same address, and its id; or says why it is
    /// not let in.
    pub(super) fn admit(
        &self,
        request: &mut Request<Body>,
        connection: Peer,
        place: &OpenSocket,
    ) -> Result<(), Unwelcome> {
        let (peer, place, id) = if self.proxies.trusts(connection.remote.ip()) {
            self.behind(request.headers_mut(), connection, place)?
        } else {
            self.notice(request.headers(), connection.remote);
            (connection, OpenSocket::clone(place), None)
        };
        let extensions = request.extensions_mut();
        extensions.insert(peer);
        extensions.insert(place);
        extensions.insert(id.unwrap_or_else(RequestId::new));
        Ok(())
    }

    /// The same of a request that came through a proxy. What the proxy was asked for replaces the head's own `Host`.
    fn behind(
        &self,
        headers: &mut HeaderMap,
        proxy: Peer,
        place: &OpenSocket,
    ) -> Result<(Peer, OpenSocket, Option<RequestId>), Unwelcome> {
        let Client { address, encrypted, host } =
            client(&self.proxies, proxy.remote, headers).map_err(|misspoken| {
                info!(proxy = %proxy.remote, ?misspoken, "request refused: a trusted proxy does not say whose it is");
                Unwelcome::Misspoken(misspoken)
            })?;
        let peer = Peer { remote: address, encrypted: encrypted.unwrap_or(proxy.encrypted), ..proxy };
        // Anything but one of them is refused later on.
        if let Some(host) = host.filter(|_| headers.get_all(header::HOST).iter().count() == 1) {
            headers.insert(header::HOST, host);
        }
        let id = RequestId::of(headers);
        // The proxy's own requests, as those for its health, are nobody else's.
        let place = if self.proxies.trusts(address.ip()) {
            OpenSocket::clone(place)
        } else {
            let at_its_address = self.crowds.enter(address.ip()).ok_or_else(|| {
                place.among_all.metrics.refused_address.count();
                info!(peer = %address, "request refused: its address has too many (connections_per_address)");
                Unwelcome::Crowded
            })?;
            Arc::new(Place { among_all: Arc::clone(&place.among_all), at_its_address })
        };
        Ok((peer, place, id))
    }

    /// Says once that somebody nearby sounds like a proxy and is not believed: most likely a setting is missing.
    fn notice(&self, headers: &HeaderMap, remote: SocketAddr) {
        let speaks = headers.contains_key("x-forwarded-for") || headers.contains_key(header::FORWARDED);
        if !speaks || !is_near(remote.ip().to_canonical()) {
            return;
        }
        if !self.told_of_a_stranger.swap(true, Ordering::Relaxed) {
            warn!(address = %remote.ip(), "somebody nearby speaks for others and is not believed: if it is your proxy, name its address in trusted_proxies");
        }
    }
}

/// Whether an address is of this machine or of a private network, such as that of containers.
fn is_near(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_loopback() || address.is_private(),
        IpAddr::V6(address) => {
            address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local()
        }
    }
}

/// The answer, which says whose it is.
pub(super) fn signed(mut answer: Response, id: Option<RequestId>) -> Response {
    if let Some(value) = id.and_then(|id| HeaderValue::from_str(id.as_str()).ok()) {
        answer.headers_mut().insert(RequestId::HEADER, value);
    }
    answer
}
