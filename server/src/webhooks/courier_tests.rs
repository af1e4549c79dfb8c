use super::*;
use crate::webhooks::names::Found;
use crate::webhooks::receiver::{DEADLINE, Manner, Receiver, Seen};
use crate::webhooks::signature::SigningSecret;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Every name leads to this machine, as that of somebody who has been told to lead elsewhere.
struct Rebound(Arc<AtomicUsize>);

impl Names for Rebound {
    fn look_up(&self, _: &str, port: u16) -> Found {
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
