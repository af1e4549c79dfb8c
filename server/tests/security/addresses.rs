//! What one address may have: so many connections, and so many arrivals in a second.

use crate::member::Member;
use crate::process::Site;
use crate::raw::{LAST, opened};
use crate::support::{KEY, Request, connect, pair, session_of, token_for};
use otc_protocol::limits::ARRIVAL_BURST_SECONDS;
use otc_server::{Config, Server, listener};
use std::io::Read;
use std::net::{SocketAddr, TcpStream};

/// Whether the server holds this connection: it closes one too many at once, and says nothing.
fn is_held(stream: &mut TcpStream) -> bool {
    use std::io::Write;
    let asked = stream.write_all(LAST.replace("Connection: close", "Connection: keep-alive").as_bytes());
    asked.is_ok() && matches!(stream.read(&mut [0; 1024]), Ok(1..))
}

#[test]
fn one_address_has_so_many_connections_and_their_places_come_back() {
    let site = Site::new();
    let config = site.file("crowd.toml", "[limits]\nconnections_per_address = 4\n");
    let server = site.spawn("127.0.0.1:0", &["--config", &config]).listening().expect("a free port");
    let address: SocketAddr = server.address().parse().expect("an address");
    // A WebSocket counts for as long as it is open.
    let member = Member::join_with(address, &site.session, &site.token()).expect("joined");
    let mut held: Vec<TcpStream> = (0..3).map(|_| connect(address)).collect();
    assert!(held.iter_mut().all(is_held));
    for _ in 0..50 {
        assert!(!is_held(&mut connect(address)), "one too many");
    }
    assert!(held.iter_mut().all(is_held), "the others go on");
    drop(member);
    // The server may take a moment to see that it is gone.
    let start = std::time::Instant::now();
    while !is_held(&mut connect(address)) {
        assert!(start.elapsed() < crate::DEADLINE, "the place does not come back");
    }
    drop(held);
    let log = server.stop();
    let lines: Vec<_> = log.lines().filter(|line| line.contains("connections_per_address")).collect();
    assert!((1..=2).contains(&lines.len()) && lines[0].contains("most=4"), "{log}");
}

#[test]
fn arrivals_from_one_address_have_a_rate() {
    let limits = listener::Settings { arrivals_per_address: Some(1), ..listener::Settings::default() };
    let server = Server::start(Config { listener: limits, ..Config::local(pair()) }).expect("a server");
    let session = session_of(KEY);
    let token = token_for(&session);
    let ask = || {
        let request = Request::new(&format!("GET /session/{session}")).header("X-OPENTOK-AUTH", &token);
        request.header("Origin", "https://app.example").send(server.addr())
    };
    let burst = ARRIVAL_BURST_SECONDS;
    let start = std::time::Instant::now();
    let admitted = std::iter::repeat_with(ask).take_while(|answer| answer.status == 200).count() as u64;
    assert!((burst..=burst + start.elapsed().as_secs() + 1).contains(&admitted), "{admitted}");
    let refused = std::iter::repeat_with(ask).find(|answer| answer.status != 200).expect("soon");
    let (status, message) = refused.error();
    assert_eq!((status, refused.header("access-control-allow-origin")), (429, "*"), "{message}");
    assert!(matches!(refused.header("retry-after"), "1" | "2"), "{refused:?}");
    // They are counted by themselves: who was let in to ask can open a socket, too.
    let member = Member::join_with(server.addr(), &session, &token).expect("joined");
    let often = |query: &str| (0..3 * burst).map(|_| opened(server.addr(), query, "")).collect::<Vec<_>>();
    let new = often("new");
    assert!(new[0] == 101 && new.contains(&429), "{new:?}");
    // Who says of himself that he comes back is believed when he is in a session.
    for stranger in ["unknown&reconnect=true", "new&reconnect=true"] {
        let stranger = often(stranger);
        assert!(stranger.contains(&429), "{stranger:?}");
    }
    let back = often(&format!("{}&reconnect=true", member.socket_id));
    assert!(back.iter().all(|status| *status == 101), "{back:?}");
    // What is no arrival is not counted.
    assert_eq!(Request::new("GET /project/1/config.json").send(server.addr()).status, 200);
}
