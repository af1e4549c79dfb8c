//! A server that is told to stop, and whose sessions go on for a while.

use crate::member::Member;
use crate::process::{Process, Site};
use crate::support::{Answer, Request};
use otc_protocol::raptor::Body;
use otc_server::mint::{self, TokenRequest};
use rustix::process::Signal;
use serde_json::json;
use std::net::SocketAddr;

/// A server that drains for so long, and a member of its session.
struct Scene {
    site: Site,
    server: Process,
    address: SocketAddr,
    member: Member,
}

impl Scene {
    fn draining(seconds: &str) -> Self {
        let site = Site::new();
        let server =
            site.spawn("127.0.0.1:0", &["--drain-seconds", seconds]).listening().expect("a free port");
        let address = server.address().parse().expect("an address");
        let member = Member::join_with(address, &site.session, &site.token()).expect("joined");
        server.signal(Signal::TERM);
        server.wait_for_log("draining");
        Self { site, server, address, member }
    }

    fn ask(&self, session: &str, token: &str) -> Answer {
        Request::new(&format!("GET /session/{session}")).header("X-OPENTOK-AUTH", token).send(self.address)
    }
}

/// One says it, the other one hears it.
fn say(from: &mut Member, to: &mut Member, text: &str) {
    from.say("signal", "/signal/chat", &json!({"type": "chat", "data": text}));
    loop {
        if let Body::Signal { content, .. } = to.told().1 {
            let data = content.data.expect("said");
            // What each says itself comes back to it, too.
            if data.text().contains(text) {
                return;
            }
        }
    }
}

#[test]
fn who_is_in_a_session_goes_on_and_no_session_begins() {
    let mut scene = Scene::draining("600");
    let Scene { site, address, .. } = &scene;
    let ready = Request::new("GET /readyz").send(*address);
    assert_eq!((ready.status, ready.body.contains("draining")), (503, true));
    // A newcomer to a session that lives is let in, with all that leads there.
    let info = scene.ask(&site.session, &site.token());
    assert_eq!((info.status, info.json()[0]["session_id"].as_str()), (200, Some(site.session.as_str())));
    let mut second = Member::join_with(*address, &site.session, &site.token()).expect("joined");
    say(&mut scene.member, &mut second, "hear me");
    say(&mut second, &mut scene.member, "I do");
    // The first one of another is not.
    let Scene { site, address, .. } = &scene;
    let other = mint::session(&site.pair.project, true).expect("minted");
    let token = mint::token(&site.pair, &TokenRequest::new(&other)).expect("minted");
    let refused = scene.ask(&other, &token);
    let (status, message) = refused.error();
    assert_eq!((status, refused.header("retry-after")), (503, "5"), "{message}");
    assert!(message.contains("about to stop") && message.contains("try again"), "{message}");
    assert_eq!(refused.header("access-control-allow-origin"), "*", "pages have to read that");
    assert_eq!(scene.ask(&other, "no token").status, 200, "a refusal in the client's own form goes first");
    let (status, _) = Member::join_with(*address, &other, &token).err().expect("refused");
    assert_eq!(status, 503);
    // It ends with the last one; who left on purpose is not awaited.
    let Scene { server, member, .. } = scene;
    member.leave();
    second.leave();
    let (status, log) = server.ended();
    assert!(status.success() && log.contains("drained: nobody is left"), "{log}");
}

/// A service is reloaded whatever it has: that must not be its end.
#[test]
fn a_hangup_without_a_certificate_is_a_line_in_the_log() {
    let site = Site::new();
    let server = site.spawn("127.0.0.1:0", &[]).listening().expect("a free port");
    server.signal(Signal::HUP);
    server.wait_for_log("there is no certificate to read again");
    let address = server.address().parse().expect("an address");
    assert_eq!(Request::new("GET /healthz").send(address).status, 200);
    assert!(!server.stop().contains("panic"));
}

#[test]
fn a_second_signal_ends_it_and_the_next_server_carries_on() {
    let Scene { site, server, member, .. } = Scene::draining("600");
    server.signal(Signal::HUP);
    server.wait_for_log("there is no certificate to read again");
    server.signal(Signal::TERM);
    // "Comes back": the code of a server that is started again.
    assert_eq!(member.closed(), Some(1012));
    let (status, log) = server.ended();
    assert!(status.success() && log.contains("drained: told to stop again"), "{log}");
    let next = site.start();
    next.wait_for_log("carrying on the sessions of an earlier server");
    next.stop();
}

#[test]
fn its_time_is_bounded() {
    let Scene { site: _site, server, .. } = Scene::draining("1");
    let (status, log) = server.ended();
    assert!(status.success() && log.contains("drained: drain_seconds are over"), "{log}");
}
