//! `/healthz` and `/readyz`.

use crate::support::{Request, pair, start};
use otc_server::{Config, Server};

#[test]
fn a_server_that_is_well_says_so() {
    let server = start();
    for (path, text) in [("/healthz", "ok\n"), ("/readyz", "ready\n")] {
        let answer = Request::new(&format!("GET {path}")).send(server.addr());
        assert_eq!((answer.status, answer.body.as_str()), (200, text));
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
        assert_eq!(Request::new(&format!("POST {path}")).send(server.addr()).status, 405, "{path}");
    }
}

#[test]
fn a_server_that_drains_lives_and_is_not_ready() {
    let server = Server::start(Config::local(pair())).expect("a server");
    server.app().drain();
    server.app().drain();
    assert_eq!(Request::new("GET /healthz").send(server.addr()).status, 200);
    let answer = Request::new("GET /readyz").send(server.addr());
    assert_eq!((answer.status, answer.body.as_str()), (503, "draining: the server is about to stop\n"));
}
