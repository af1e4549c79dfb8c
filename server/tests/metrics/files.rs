//! A server that may open few files has enough of them for its work, whoever comes.

use crate::client::Client;
use crate::elsewhere::connect_from;
use crate::page::Page;
use crate::process::Site;
use crate::support::{Request, connect, jwt, unix_seconds};
use crate::wait_until;
use serde_json::json;
use std::net::Ipv4Addr;

/// Files that the server may have open: half of them are for connections.
const FILES: u32 = 64;

#[test]
fn connections_leave_files_to_the_server() {
    let site = Site::new();
    let mut server =
        site.spawn_limited(FILES, &["--metrics-listen", "127.0.0.1:0"]).listening().expect("started");
    let (address, metrics) = (server.address().parse().unwrap(), server.metrics());
    let value = |series: &str| Page::get(metrics).value(series);
    let most = value("otc_connections_most");
    assert_eq!((value("process_max_fds"), most), (f64::from(FILES), f64::from(FILES / 2)));
    let session = otc_server::mint::session(&site.pair.project, false).expect("minted");
    let come = || Client::joined(address, &site.pair, &session);
    let (mut alice, mut bob) = (come(), come());
    let caller = connect(address);

    // Connections that say nothing, of one address: others come in as before.
    let mut crowd = Vec::new();
    while value("otc_connections_refused_total{reason=\"address\"}") == 0.0 {
        assert!(crowd.len() < FILES as usize, "one address has all");
        crowd.push(connect_from(Ipv4Addr::new(127, 0, 0, 2), address));
    }
    assert!(crowd.len() > FILES as usize / 4, "{}", crowd.len());
    come().leave();

    // Of several ones.
    let mut from = 0..;
    let mut more = || connect_from(Ipv4Addr::new(127, 0, 0, 3 + from.next().unwrap_or(0) % 9), address);
    while value("otc_refusing{reason=\"connections\"}") == 0.0 {
        assert!(crowd.len() < FILES as usize, "nobody is refused");
        crowd.push(more());
    }
    assert_eq!(Client::open(address, &site.pair, &session).err(), Some(503));
    while value("otc_connections_refused_total{reason=\"full\"}") == 0.0 {
        assert!(crowd.len() < 2 * FILES as usize, "there is no end of them");
        crowd.push(more());
    }
    let page = Page::get(metrics);
    assert_eq!(page.value("otc_connections"), most);
    assert!(page.value("process_open_fds") < f64::from(FILES), "{}", page.value("process_open_fds"));

    // Those who are in go on, and the server has files for what it writes.
    for data in ["one", "two"] {
        assert_eq!(alice.signal(data), 200);
        assert_eq!(bob.hear(), data);
    }
    let (key, now) = (site.pair.project.as_str(), unix_seconds());
    let claims = json!({"iss": key, "ist": "project", "iat": now, "exp": now + 300});
    let start = Request::new(&format!("POST /v2/project/{key}/archive"))
        .header("X-OPENTOK-AUTH", &jwt(&claims, site.pair.secret.expose()))
        .body("application/json", json!({"sessionId": session}).to_string());
    let answer = start.send_over(caller, address);
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(value("otc_connections_refused_total{reason=\"system\"}"), 0.0, "the system gave all");

    drop(crowd);
    wait_until("there is room again", || value("otc_refusing{reason=\"connections\"}") == 0.0);
    come();
    server.stop();
}
