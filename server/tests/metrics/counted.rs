//! What happens is counted, and nothing else.

use crate::client::Client;
use crate::page::Page;
use crate::receiver::Receiver;
use crate::support::{KEY, Request, pair, rest_token, session_of};
use crate::wait_until;
use otc_protocol::permissions::Role;
use otc_server::mint::{self, TokenRequest};
use otc_server::webhooks::Hook;
use otc_server::webhooks::kind::Kinds;
use otc_server::webhooks::url::HookUrl;
use otc_server::{Config, Server};
use serde_json::json;
use std::net::SocketAddr;

fn start(receiver: &Receiver) -> Server {
    let mut config = Config::local(pair());
    config.metrics.listen = Some("127.0.0.1:0".parse().unwrap());
    config.webhooks.hooks = vec![hook(receiver)];
    Server::start(config).unwrap()
}

/// A REST call; the status of its answer.
fn call(server: SocketAddr, line: &str, body: &serde_json::Value) -> u16 {
    Request::new(line).authorized().body("application/json", body.to_string()).send(server).status
}

#[test]
fn what_happens_is_counted_and_nothing_else() {
    let receiver = Receiver::start();
    let server = start(&receiver);
    let (address, metrics) = (server.addr(), server.metrics_addr().unwrap());
    let value = |series: &str| Page::get(metrics).value(series);
    let pair = pair();
    let session = mint::session(&pair.project, false).unwrap();
    let rest = format!("/v2/project/{KEY}");

    // Joins.
    let mut alice = Client::joined(address, &pair, &session);
    let mut bob = Client::joined(address, &pair, &session);
    let mut stranger =
        Client::open_with(address, &pair, &TokenRequest::new(session_of(KEY)), &session).unwrap();
    assert_eq!(stranger.join(), 403);
    let listener = TokenRequest { role: Role::Subscriber, ..TokenRequest::new(&session) };
    let mut listener = Client::open_with(address, &pair, &listener, &session).unwrap();
    assert_eq!(listener.join(), 200);

    // Signals.
    for data in ["one", "two"] {
        assert_eq!(alice.signal(data), 200);
    }
    let to_bob = format!("/connection/{}", bob.id());
    assert_eq!(alice.ask("signal", "/signal/x", &json!({"data": "x".repeat(8193)})), 413);
    assert_eq!(alice.ask("signal", "/connection/nobody/signal/x", &json!({"data": "x"})), 404);
    assert_eq!(listener.signal("three"), 403);
    let signal = json!({"type": "t", "data": "d"});
    assert_eq!(call(address, &format!("POST {rest}/session/{session}/signal"), &signal), 204);
    let forged = Request::new(&format!("POST {rest}/session/{session}/signal"));
    let forged = forged.header("X-OPENTOK-AUTH", &rest_token(KEY, "another secret"));
    assert_eq!(forged.body("application/json", "{}").send(address).status, 403);

    // A cut, and who comes back.
    bob.acknowledges = false;
    alice.cut();
    wait_until("alice is away", || value("otc_members_away") == 1.0);
    assert_eq!(bob.signal("four"), 200);
    bob.beat();
    assert!(value("otc_owed_messages") >= 2.0 && value("otc_owed_bytes") > 0.0);
    assert!(value("otc_messages_bytes") > value("otc_owed_messages"));
    alice.come_back().unwrap();
    assert_eq!([alice.hear(), alice.hear(), alice.hear(), alice.hear()], ["one", "two", "d", "four"]);
    alice.beat();
    stranger.cut();
    stranger.take_another_name();
    stranger.come_back().expect("a WebSocket, which is closed");

    // An archive.
    let start = json!({"sessionId": session, "name": "a name"});
    let answer = Request::new(&format!("POST {rest}/archive")).authorized();
    let answer = answer.body("application/json", start.to_string()).send(address);
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(value("otc_archives_running"), 1.0);
    let archive = answer.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(call(address, &format!("POST {rest}/archive/{archive}/stop"), &json!({})), 200);
    assert_eq!(value("otc_archives_running"), 0.0);

    // Ends.
    listener.leave();
    assert_eq!(call(address, &format!("DELETE {rest}/session/{session}{to_bob}"), &json!({})), 204);
    wait_until("alice is alone", || value("otc_members") == 1.0);
    alice.beat();
    wait_until("all is acknowledged", || {
        alice.beat();
        value("otc_owed_messages") == 0.0
    });
    assert_eq!(Request::new("GET /nothing").send(address).status, 404);

    // Webhooks: three came, two went, the session began, the archive began, stopped, can be had.
    let told = 9;
    wait_until("everything is delivered", || {
        value("otc_webhooks_total{result=\"delivered\"}") >= f64::from(told)
    });
    let page = Page::get(metrics);
    for _ in 0..told {
        receiver.next();
    }

    check(&page, told);
}

/// What the page says after all that.
fn check(page: &Page, told: u32) {
    let on_session = "/v2/project/{project}/session/{session}";
    let requests = |route: &str, method: &str, status: &str| {
        format!("otc_http_requests_total{{route=\"{route}\",method=\"{method}\",status=\"{status}\"}}")
    };
    for (series, expected) in [
        ("otc_sessions", 1.0),
        ("otc_members", 1.0),
        ("otc_members_away", 0.0),
        ("otc_streams", 0.0),
        ("otc_joins_total{result=\"accepted\"}", 3.0),
        ("otc_joins_total{result=\"forbidden\"}", 1.0),
        ("otc_joins_total{result=\"busy\"}", 0.0),
        ("otc_join_seconds_count", 3.0),
        ("otc_signals_total{from=\"client\"}", 3.0),
        ("otc_signals_total{from=\"server\"}", 1.0),
        ("otc_signal_deliveries_total", 12.0),
        ("otc_signal_seconds_count", 3.0),
        ("otc_signals_refused_total{reason=\"permission\"}", 1.0),
        ("otc_signals_refused_total{reason=\"size\"}", 1.0),
        ("otc_signals_refused_total{reason=\"addressee\"}", 1.0),
        ("otc_signals_refused_total{reason=\"rate\"}", 0.0),
        ("otc_resumes_total{result=\"resumed\"}", 1.0),
        ("otc_resumes_total{result=\"unknown\"}", 1.0),
        ("otc_members_left_total{reason=\"clientDisconnected\"}", 1.0),
        ("otc_members_left_total{reason=\"forceDisconnected\"}", 1.0),
        ("otc_members_left_total{reason=\"networkDisconnected\"}", 0.0),
        ("otc_sockets_opened_total", 6.0),
        ("otc_owed_bytes", 0.0),
        ("otc_queued_frames", 0.0),
        ("otc_refusing{reason=\"memory\"}", 0.0),
        ("otc_webhooks_total{result=\"delivered\"}", f64::from(told)),
        ("otc_webhooks_total{result=\"dropped\"}", 0.0),
        ("otc_webhook_failures_total", 0.0),
        ("otc_webhooks_waiting", 0.0),
        ("otc_chronicle_left_out_total", 0.0),
        (&requests(&format!("{on_session}/signal"), "POST", "2xx"), 1.0),
        (&requests(&format!("{on_session}/signal"), "POST", "4xx"), 1.0),
        (&requests(&format!("{on_session}/connection/{{connection}}"), "DELETE", "2xx"), 1.0),
        (&requests("/v2/project/{project}/archive", "POST", "2xx"), 1.0),
        (&requests("/rumorwebsocketsv2", "GET", "1xx"), 6.0),
        (&requests("other", "GET", "4xx"), 1.0),
    ] {
        assert_eq!(page.value(series), expected, "{series}");
    }
    for series in [
        "otc_archive_bytes_total",
        "otc_received_bytes_total",
        "otc_sent_bytes_total",
        "otc_wake_seconds_count",
    ] {
        assert!(page.value(series) > 0.0, "{series}");
    }
}

fn hook(receiver: &Receiver) -> Hook {
    Hook { url: HookUrl::parse(&receiver.url()).unwrap(), project: None, kinds: Kinds::ALL, secret: None }
}
