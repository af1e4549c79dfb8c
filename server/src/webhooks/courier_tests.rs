use super::*;
use crate::webhooks::names::Found;
use crate::webhooks::receiver::{DEADLINE, Manner, Receiver, Seen};
use crate::webhooks::signature::SigningSecret;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Every name leads to this machine, as that of somebody who has been told to lead elsewhere.
struct Rebound(Arc<AtomicUsize>);

impl Names for Rebound {
    fn look_up(&self, _: &str, port: u16, _: Turn) -> Found {
        self.0.fetch_add(1, Ordering::Relaxed);
        let near = ["127.0.0.1", "::1", "::ffff:127.0.0.1"];
        let near = near.map(|address| SocketAddr::new(address.parse().expect("an address"), port));
        Box::pin(async move { Ok(near.to_vec()) })
    }
}

fn courier(reach: Reach, timeout: Duration) -> Courier {
    let names = Box::new(Rebound(Arc::new(AtomicUsize::new(0))));
    Courier::new(names, Trust::new(None).expect("roots"), reach, timeout)
}

fn delivery(body: &str) -> Delivery {
    Delivery {
        number: 1,
        id: "an-id".into(),
        project: "123456".into(),
        session: "s".into(),
        body: body.into(),
        unix_ms: 0,
    }
}

fn target(url: HookUrl, secret: Option<&str>) -> Target {
    Target::registered("123456", url, secret.and_then(SigningSecret::new))
}

async fn deliver(courier: &Courier, receiver: &Receiver) -> Result<Option<Kept>, Failure> {
    let (target, delivery) = (target(receiver.url(), None), delivery("{}"));
    let sent = courier.deliver(&target, &delivery, 0, None);
    timeout(DEADLINE, sent).await.expect("an end in time")
}

#[tokio::test]
async fn a_delivery_is_a_post_of_json() {
    let mut receiver = Receiver::start(|_| Manner::status(200)).await;
    let courier = courier(Reach::Everywhere, DEADLINE);
    let target = target(receiver.url(), Some("hush"));
    let kept = courier.deliver(&target, &delivery("{\"a\":\"ü\"}"), 77, None).await.expect("taken");
    let request = receiver.request().await;
    assert_eq!(request.line, "POST /hook?key=1 HTTP/1.1");
    assert_eq!(request.body, "{\"a\":\"ü\"}".as_bytes());
    assert_eq!(request.headers["host"], receiver.address.to_string());
    assert_eq!(request.headers["content-type"], "application/json");
    assert_eq!(request.id(), "an-id");
    let expected = authorization(
        target.secret.as_ref().expect("a secret"),
        "123456",
        "an-id",
        "{\"a\":\"ü\"}".as_bytes(),
        77,
    );
    assert_eq!(request.headers["authorization"], expected);
    // The next one goes by the same connection.
    let again = courier.deliver(&target, &delivery("{}"), 0, kept).await;
    assert!(again.is_ok_and(|kept| kept.is_some()));
    assert_eq!(receiver.request().await.connection, 1);
}

#[tokio::test]
async fn only_success_is_success() {
    for (status, taken) in [
        (200, true),
        (204, true),
        (299, true),
        (301, false),
        (307, false),
        (400, false),
        (410, false),
        (500, false),
    ] {
        let answer = match status {
            204 => "HTTP/1.1 204 No Content\r\n\r\n".to_owned(),
            301 | 307 => format!("HTTP/1.1 {status} There\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n"),
            _ => format!("HTTP/1.1 {status} Whatever\r\nContent-Length: 0\r\n\r\n"),
        };
        let mut receiver = Receiver::start(move |_| Manner::say(&answer)).await;
        let ended = deliver(&courier(Reach::Everywhere, DEADLINE), &receiver).await;
        match ended {
            Ok(_) => assert!(taken, "{status}"),
            Err(reason) => assert!(!taken && reason.contains(&status.to_string()), "{status}: {reason}"),
        }
        receiver.request().await;
        assert!(
            !receiver.rest().iter().any(|seen| matches!(seen, Seen::Request(_))),
            "no redirect is followed"
        );
    }
}

#[tokio::test]
async fn who_says_nothing_or_too_slowly_has_not_taken_it() {
    let slow_head = b"HTTP/1.1 200 OK\r\nX: ".to_vec();
    let early = b"HTTP/1.1 100 Continue\r\n\r\n".to_vec();
    for manner in [Manner::Silence, Manner::Drip(slow_head, b'x'), Manner::Flood(early.clone(), early)] {
        let shown = format!("{manner:?}");
        let mut receiver = Receiver::start(move |_| manner.clone()).await;
        let ended = deliver(&courier(Reach::Everywhere, Duration::from_millis(300)), &receiver).await;
        let reason = ended.err().unwrap_or_else(|| panic!("{shown} was a success"));
        assert!(reason.contains("no answer"), "{shown}: {reason}");
        // And the connection is let go of.
        while !matches!(receiver.seen().await, Seen::End) {}
    }
}

#[tokio::test]
async fn answers_are_bounded() {
    let head = b"HTTP/1.1 200 OK\r\n".to_vec();
    let huge_head =
        Manner::Flood(head.clone(), b"X-Header: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n".to_vec());
    let mut receiver = Receiver::start(move |_| huge_head.clone()).await;
    let reason = deliver(&courier(Reach::Everywhere, DEADLINE), &receiver).await.err().expect("a failure");
    assert!(reason.starts_with("no answer"), "{reason}");
    while !matches!(receiver.seen().await, Seen::End) {}
    // What follows a good answer does not matter, and is not waited for.
    let open = [&head[..], b"Content-Length: 1000000000\r\n\r\n"].concat();
    for manner in [Manner::Flood(open.clone(), vec![b'x'; 4096]), Manner::Drip(open, b'x')] {
        let mut receiver = Receiver::start(move |_| manner.clone()).await;
        let kept = deliver(&courier(Reach::Everywhere, DEADLINE), &receiver).await.expect("taken");
        assert!(kept.is_none());
        while !matches!(receiver.seen().await, Seen::End) {}
    }
}

#[tokio::test]
async fn a_connection_that_was_closed_meanwhile_is_replaced() {
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    let second = Arc::new(AtomicUsize::new(0));
    let mut receiver = Receiver::start(move |_| {
        if second.fetch_add(1, Ordering::Relaxed) == 1 { Manner::Hang } else { Manner::say(answer) }
    })
    .await;
    let courier = courier(Reach::Everywhere, DEADLINE);
    let target = target(receiver.url(), None);
    let kept = courier.deliver(&target, &delivery("{}"), 0, None).await.expect("taken");
    assert!(kept.is_some());
    courier.deliver(&target, &delivery("{}"), 0, kept).await.expect("taken by another connection");
    let requests = receiver.requests(3).await;
    let connections: Vec<_> = requests.iter().map(|request| request.connection).collect();
    assert_eq!(connections, [1, 1, 2]);
}

#[tokio::test]
async fn a_name_that_leads_here_now_is_not_followed() {
    let mut receiver = Receiver::start(|_| Manner::status(200)).await;
    let lookups = Arc::new(AtomicUsize::new(0));
    let names = Box::new(Rebound(Arc::clone(&lookups)));
    let courier = Courier::new(names, Trust::new(None).expect("roots"), Reach::Public, DEADLINE);
    let url = HookUrl::parse(&format!("http://rebound.example:{}/", receiver.address.port())).expect("a URL");
    assert_eq!(Reach::Public.admits(&url), Ok(()), "nothing is wrong with the name");
    for tries in 1..=3 {
        let sent = courier.deliver(&target(url.clone(), None), &delivery("{}"), 0, None).await;
        let reason = sent.err().expect("a refusal");
        assert!(reason.contains("webhook_private_targets"), "{reason}");
        assert_eq!(lookups.load(Ordering::Relaxed), tries, "looked up at each try");
    }
    let literal = target(receiver.url(), None);
    let reason = courier.deliver(&literal, &delivery("{}"), 0, None).await.err().expect("a refusal");
    assert!(reason.contains("127.0.0.1"), "{reason}");
    assert!(receiver.rest().is_empty(), "nobody has connected");
}

#[tokio::test]
async fn who_is_not_there_is_an_error_in_words() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    drop(listener);
    let gone = target(HookUrl::parse(&url).expect("a URL"), None);
    let courier = courier(Reach::Everywhere, DEADLINE);
    let reason = courier.deliver(&gone, &delivery("{}"), 0, None).await.err().expect("a failure");
    assert!(reason.starts_with("cannot be reached"), "{reason}");
}

/// One address swallows everything; the other is the receiver's.
struct HalfDead(Vec<SocketAddr>);

impl Names for HalfDead {
    fn look_up(&self, _: &str, _: u16, _: Turn) -> Found {
        let addresses = self.0.clone();
        Box::pin(async move { Ok(addresses) })
    }
}

/// An address where connections are neither taken nor refused: more wait already than may.
async fn swallowing() -> (tokio::net::TcpListener, Vec<TcpStream>, SocketAddr) {
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket.bind("127.0.0.1:0".parse().expect("an address")).expect("a port");
    let listener = socket.listen(1).expect("listening");
    let address = listener.local_addr().expect("an address");
    let mut waiting = Vec::new();
    while let Ok(Ok(stream)) = timeout(Duration::from_secs(1), TcpStream::connect(address)).await {
        waiting.push(stream);
        assert!(waiting.len() < 1000, "all of them are taken");
    }
    (listener, waiting, address)
}

#[tokio::test]
async fn an_address_that_swallows_everything_leaves_time_for_the_next() {
    let mut receiver = Receiver::start(|_| Manner::status(200)).await;
    let (_listener, _waiting, dead) = swallowing().await;
    let names = Box::new(HalfDead(vec![dead, receiver.address]));
    let trust = Trust::new(None).expect("roots");
    let courier = Courier::new(names, trust, Reach::Everywhere, Duration::from_secs(5));
    let named = target(HookUrl::parse("http://half-dead.example/hook").expect("a URL"), None);
    courier.deliver(&named, &delivery("{}"), 0, None).await.expect("taken at the second address");
    receiver.request().await;
}

/// Names that nobody answers for.
struct Hanging(Arc<AtomicUsize>);

impl Names for Hanging {
    fn look_up(&self, host: &str, port: u16, turn: Turn) -> Found {
        if host == "well.example" {
            return Box::pin(async move { Ok(vec![SocketAddr::from(([127, 0, 0, 1], port))]) });
        }
        self.0.fetch_add(1, Ordering::Relaxed);
        Box::pin(async move {
            let _turn = turn;
            std::future::pending().await
        })
    }
}

#[tokio::test]
async fn names_that_hang_keep_no_other_project_waiting() {
    let mut receiver = Receiver::start(|_| Manner::status(200)).await;
    let hanging = Arc::new(AtomicUsize::new(0));
    let names = Box::new(Hanging(Arc::clone(&hanging)));
    let trust = Trust::new(None).expect("roots");
    let courier = Arc::new(Courier::new(names, trust, Reach::Everywhere, DEADLINE));
    let mut stuck = tokio::task::JoinSet::new();
    for number in 0..64 {
        let courier = Arc::clone(&courier);
        let url = HookUrl::parse(&format!("http://hangs{number}.example/")).expect("a URL");
        stuck.spawn(async move {
            let dead = Target::registered("dead", url, None);
            courier.deliver(&dead, &delivery("{}"), 0, None).await.is_ok()
        });
    }
    while hanging.load(Ordering::Relaxed) < WEBHOOK_LOOKUPS / 2 {
        tokio::task::yield_now().await;
    }
    let url = HookUrl::parse(&format!("http://well.example:{}/", receiver.address.port())).expect("a URL");
    let (named, one) = (target(url, None), delivery("{}"));
    let sent = courier.deliver(&named, &one, 0, None);
    timeout(DEADLINE, sent).await.expect("its turn").expect("taken");
    receiver.request().await;
    assert_eq!(hanging.load(Ordering::Relaxed), WEBHOOK_LOOKUPS / 2, "half of them at most");
    assert_eq!(stuck.len(), 64);
}

#[tokio::test]
async fn waiting_for_a_turn_is_not_the_receivers_own_time() {
    let lookups = Lookups::new(2);
    let owner: Arc<str> = "1".into();
    let first = lookups.turn(&owner).await;
    let mut second = Box::pin(lookups.turn(&owner));
    assert!(timeout(Duration::ZERO, &mut second).await.is_err(), "one at a time");
    drop(first);
    timeout(DEADLINE, second).await.expect("a turn once the first has ended");
    // And at a delivery: its name is looked up only after longer than it may take itself.
    let mut receiver = Receiver::start(|_| Manner::status(200)).await;
    let names = Box::new(Rebound(Arc::new(AtomicUsize::new(0))));
    let trust = Trust::new(None).expect("roots");
    let mut courier = Courier::new(names, trust, Reach::Everywhere, Duration::from_millis(500));
    courier.lookups = Lookups::new(2);
    let lookups = Arc::clone(&courier.lookups);
    let url = HookUrl::parse(&format!("http://a.example:{}/", receiver.address.port())).expect("a URL");
    let named = target(url, None);
    let held = lookups.turn(&named.owner).await;
    let waits = delivery("{}");
    let mut sent = Box::pin(courier.deliver(&named, &waits, 0, None));
    assert!(timeout(Duration::from_millis(700), &mut sent).await.is_err(), "it waits");
    drop(held);
    assert!(timeout(DEADLINE, sent).await.expect("an end").is_ok());
    receiver.request().await;
}
