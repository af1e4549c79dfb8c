//! Paths as routes know them. A client behind `OT.setProxyUrl` puts the proxy's path and the original host in front
//! (`/proxy/anvil.opentok.com/session/S`, `wire.md §1.1`); server SDKs may end theirs with a slash (`rest.md §0`, rule 9).
//!
//! REST calls have one path each: a proxy's rule about `/v2/project` or `/archive` must not be walked around by something in
//! front of it.

use axum::http::uri::{PathAndQuery, Uri};

/// `uri` without what stands before the first part that a route begins with, and without empty segments.
///
/// What fits no route stays as it is, but for its empty segments.
pub(super) fn routed(uri: &Uri) -> Option<Uri> {
    let segments: Vec<&str> = uri.path().split('/').filter(|segment| !segment.is_empty()).collect();
    let start = match segments[..] {
        // The path of sessions in the platform's older API.
        ["hl", "session", "create"] => 1,
        ["v2" | "archive", ..] | ["inspect"] | ["inspect", "api" | "assets", ..] => 0,
        _ => (0..segments.len()).find(|&start| fits(&segments[start..])).unwrap_or(0),
    };
    let path = match segments[..] {
        // It leads to the page's address without the slash, which would be lost otherwise.
        ["inspect"] if uri.path().ends_with('/') => "/inspect/".to_owned(),
        _ => format!("/{}", segments[start..].join("/")),
    };
    if path == uri.path() {
        return None;
    }
    let path = uri.query().map_or(path.clone(), |query| format!("{path}?{query}"));
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(path).ok()?);
    Uri::from_parts(parts).ok()
}

/// Whether what clients ask for may begin here.
fn fits(segments: &[&str]) -> bool {
    match segments {
        ["session", "create"] => false,
        ["session", id @ ..] => id.len() <= 1,
        ["project", _, "config.json"] | ["rumorwebsocketsv2"] => true,
        ["logging", rest @ ..] => !rest.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_and_trailing_slashes_go() {
        for (path, expected) in [
            ("/session/S?extended=true", "/session/S?extended=true"),
            ("/anvil.opentok.com/session/S?extended=true", "/session/S?extended=true"),
            ("/my/proxy/config.opentok.com/project/1/config.json", "/project/1/config.json"),
            ("/hlg.tokbox.com/prod/logging/ClientEvent", "/logging/ClientEvent"),
            ("/127.0.0.1:8080/rumorwebsocketsv2?socketId=a", "/rumorwebsocketsv2?socketId=a"),
            ("/session/anvil.opentok.com/session/S", "/session/S"),
            ("/logging/x/session/S", "/logging/x/session/S"),
            ("//h//session//S//", "/session/S"),
            ("/hl/session/create", "/session/create"),
            ("/session/create/", "/session/create"),
            ("/v2/project/1/session/S/signal/", "/v2/project/1/session/S/signal"),
            ("/v2/project/1/session/S/", "/v2/project/1/session/S"),
            ("/p/v2/project/1/session/S/connection/C", "/p/v2/project/1/session/S/connection/C"),
            ("/session/x/y/v2/project/1/callback", "/session/x/y/v2/project/1/callback"),
            ("/p/hl/session/create", "/p/hl/session/create"),
            ("/p/session/create", "/p/session/create"),
            ("/session/x/session/create", "/session/x/session/create"),
            ("/v2/project/1/archive/", "/v2/project/1/archive"),
            ("/v2/project/1/archive/A", "/v2/project/1/archive/A"),
            ("/proxy/h/archive/A.jsonl?expires=1", "/proxy/h/archive/A.jsonl?expires=1"),
            ("/archive/../A.jsonl", "/archive/../A.jsonl"),
            ("/", "/"),
            ("/other/", "/other"),
            ("/inspect", "/inspect"),
            ("//inspect//", "/inspect/"),
            ("/inspect/api/sessions/S/", "/inspect/api/sessions/S"),
            ("/inspect/api/v2/project/1/session/S", "/inspect/api/v2/project/1/session/S"),
            ("/inspect/assets/session/S", "/inspect/assets/session/S"),
            ("/inspect/h/session/S", "/session/S"),
            ("/p/inspect", "/p/inspect"),
            ("/session", "/session"),
            ("http://h:1/p/session/S", "http://h:1/session/S"),
        ] {
            let uri: Uri = path.parse().unwrap();
            let routed = routed(&uri).unwrap_or(uri);
            assert_eq!(routed, expected.parse::<Uri>().unwrap(), "{path}");
        }
    }
}
