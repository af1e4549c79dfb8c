//! What a connection may do, how long it may take, and what it comes to otherwise.

use super::addresses::Crowds;
use super::*;
use crate::{Config, KeyPair};
use otc_protocol::limits::{ADDRESS_REQUESTS_BYTES, HTTP_BODY_TIMEOUT};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::time::Instant;

/// The far end of a served connection.
fn served() -> DuplexStream {
    served_with(None)
}

/// A place among no others.
fn place() -> OpenSocket {
    let among_all = Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap();
    let at_its_address = Crowds::new(1).enter(SocketAddr::from(([127, 0, 0, 1], 1)).ip()).unwrap();
    Arc::new(Place { among_all: AmongAll::take(among_all, Arc::default()), at_its_address })
}

fn served_with(tls: Option<Arc<Tls>>) -> DuplexStream {
    served_at(place(), tls)
}

fn served_at(place: OpenSocket, tls: Option<Arc<Tls>>) -> DuplexStream {
    let (far, near) = duplex(1024);
    let (stop, stopping) = watch::channel(false);
    let config = Config::local(KeyPair::new("1", "s").unwrap());
    let kept = crate::Kept::open(&config, None, true).unwrap();
    let app = Arc::new(App::new(config, None, kept, stopping.clone()).unwrap());
    let address = SocketAddr::from(([127, 0, 0, 1], 1));
    let peer = Peer { remote: address, local: address, encrypted: tls.is_some() };
    tokio::spawn(async move {
        let _running = stop;
        let head_timeout = HTTP_HEAD_TIMEOUT;
        let entrance = Arc::new(Entrance::new(Proxies::default(), 1));
        let door = Door { peer, router: router(app), place, entrance, head_timeout, stop: stopping };
        door.welcome(near, tls).await;
    });
    far
}

/// The far end of a connection that is to be encrypted.
fn to_be_encrypted() -> DuplexStream {
    let folder = std::env::temp_dir().join(format!("otc-listener-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let own = rcgen::generate_simple_self_signed(vec!["h".to_owned()]).unwrap();
    let files = crate::tls::Files::new(folder.join("cert.pem"), folder.join("key.pem"));
    std::fs::write(&files.cert, own.cert.pem()).unwrap();
    std::fs::write(&files.key, "").unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&files.key, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    std::fs::write(&files.key, own.signing_key.serialize_pem()).unwrap();
    let tls = Tls::new(files, TLS_HANDSHAKE_TIMEOUT).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    served_with(Some(Arc::new(tls)))
}

/// What comes back until the end, and how long that takes.
async fn answer_to(bytes: &str) -> (String, Duration) {
    let mut connection = served();
    let start = Instant::now();
    connection.write_all(bytes.as_bytes()).await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    (answer, start.elapsed())
}

#[tokio::test(start_paused = true)]
async fn a_head_that_does_not_end_ends_the_connection() {
    for bytes in ["", "GET /session/s HTTP/1.1\r\nHost: h\r\nX-Slow:"] {
        let (_, took) = answer_to(bytes).await;
        assert!(took >= HTTP_HEAD_TIMEOUT && took < HTTP_HEAD_TIMEOUT + Duration::from_secs(1), "{took:?}");
    }
}

/// Silent, or a handshake that comes byte by byte and never ends.
#[tokio::test(start_paused = true)]
async fn a_handshake_that_does_not_end_ends_the_connection() {
    for slow in [false, true] {
        let mut connection = to_be_encrypted();
        let start = Instant::now();
        if slow {
            let hello = [&[0x16, 0x03, 0x01, 0x3f, 0xff, 0x01][..], &[0; 100]].concat();
            for byte in hello {
                if connection.write_all(&[byte]).await.is_err() {
                    break;
                }
                sleep(Duration::from_millis(500)).await;
            }
        }
        let mut answer = Vec::new();
        connection.read_to_end(&mut answer).await.unwrap();
        let took = start.elapsed();
        assert!(took >= TLS_HANDSHAKE_TIMEOUT && took < TLS_HANDSHAKE_TIMEOUT + Duration::from_secs(1));
    }
}

/// A client that sends its body by itself finds the connection as it was.
#[tokio::test(start_paused = true)]
async fn a_refusal_waits_for_the_body() {
    for (line, status) in [
        ("POST /session/create", "403"),
        ("POST /v2/project/1/session/s/signal", "403"),
        ("POST /v2/project/1/session/s/connection/c/signal", "403"),
        ("POST /v2/project/1/session/%ff/signal", "400"),
        ("DELETE /v2/project/1/session/s/connection/c", "403"),
        ("POST /v2/project/1/archive/%ff/stop", "400"),
        ("DELETE /v2/project/1/callback/%ff", "400"),
        ("POST /nothing", "404"),
        ("PUT /session/create", "405"),
    ] {
        let mut connection = served();
        let head = format!("{line} HTTP/1.1\r\nHost: h\r\nContent-Length: 50000\r\n\r\n");
        connection.write_all(head.as_bytes()).await.unwrap();
        let mut start = [0; 12];
        let early = timeout(Duration::from_secs(1), connection.read_exact(&mut start)).await;
        assert!(early.is_err(), "{line} is answered before its body is there");
        connection.write_all(&vec![b'x'; 50_000]).await.unwrap();
        connection.read_exact(&mut start).await.unwrap();
        assert_eq!(String::from_utf8_lossy(&start), format!("HTTP/1.1 {status}"), "{line}");
        let next = "GET /project/1/config.json HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
        connection.write_all(next.as_bytes()).await.unwrap();
        let mut answers = String::new();
        connection.read_to_string(&mut answers).await.unwrap();
        assert!(answers.contains("HTTP/1.1 200 OK"), "{line}: {answers}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_takes_no_answers_is_left() {
    let mut connection = served();
    let start = Instant::now();
    let request = b"GET /project/1/config.json HTTP/1.1\r\nHost: h\r\n\r\n";
    let asks = async { while connection.write_all(request).await.is_ok() {} };
    timeout(3 * HTTP_WRITE_TIMEOUT, asks).await.expect("the server goes");
    let took = start.elapsed();
    assert!(took >= HTTP_WRITE_TIMEOUT && took < HTTP_WRITE_TIMEOUT + Duration::from_secs(1), "{took:?}");
}

/// One byte a second, which never lets the connection rest.
#[tokio::test(start_paused = true)]
async fn a_body_that_comes_slowly_is_not_waited_for() {
    let mut connection = served();
    let start = Instant::now();
    let head = "POST /logging/ClientEvent HTTP/1.1\r\nHost: h\r\nContent-Length: 5000\r\n\r\n";
    connection.write_all(head.as_bytes()).await.unwrap();
    let (mut answers, mut asks) = tokio::io::split(connection);
    tokio::spawn(async move {
        while asks.write_all(b"x").await.is_ok() {
            sleep(Duration::from_secs(1)).await;
        }
    });
    let mut answer = [0; 12];
    answers.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 408");
    assert!(start.elapsed() < HTTP_BODY_TIMEOUT + Duration::from_secs(2), "{:?}", start.elapsed());
    // What is still on its way is not waited for either.
    answers.read_to_end(&mut Vec::new()).await.unwrap();
    assert!(start.elapsed() < HTTP_BODY_TIMEOUT + Duration::from_secs(3), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_end_is_answered_all_the_same() {
    let head = "POST /logging/ClientEvent HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhalf";
    let (answer, took) = answer_to(head).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(took >= HTTP_BODY_TIMEOUT && took < HTTP_BODY_TIMEOUT + Duration::from_secs(1), "{took:?}");
}

/// Whether that comes true when the others have had their turns: time stands still for who is busy.
async fn soon(condition: impl Fn() -> bool) -> bool {
    for _ in 0..10_000 {
        if condition() {
            return true;
        }
        tokio::task::yield_now().await;
    }
    false
}

fn holds_nothing(place: &OpenSocket) -> bool {
    Holding::new(Arc::clone(place)).grow(ADDRESS_REQUESTS_BYTES)
}

/// Heads of the usual size need none.
#[tokio::test(start_paused = true)]
async fn without_room_large_heads_are_not_read_and_reports_are_refused() {
    let post =
        "POST /logging/ClientEvent HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}";
    let large =
        format!("GET /nothing HTTP/1.1\r\nHost: h\r\nConnection: close\r\nX: {}\r\n\r\n", "y".repeat(20_000));
    for (has_room, asked, start) in [
        (true, post, "HTTP/1.1 200"),
        (false, post, "HTTP/1.1 503"),
        (true, &large, "HTTP/1.1 404"),
        (false, &large, ""),
        (false, "GET /nothing HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "HTTP/1.1 404"),
    ] {
        let place = place();
        let mut others = Holding::new(Arc::clone(&place));
        assert!(has_room || others.grow(ADDRESS_REQUESTS_BYTES));
        let mut connection = served_at(Arc::clone(&place), None);
        // It may close before everything is written.
        let _ = connection.write_all(asked.as_bytes()).await;
        let mut answer = String::new();
        connection.read_to_string(&mut answer).await.unwrap();
        assert_eq!(answer.get(..12).unwrap_or_default(), start, "{has_room} {answer}");
        drop((connection, others));
        assert!(soon(|| holds_nothing(&place)).await, "what a connection held is given back");
    }
}

/// What one connection asks, one after the other, is not added up.
#[tokio::test(start_paused = true)]
async fn many_requests_on_one_connection_hold_nothing() {
    let place = place();
    let mut others = Holding::new(Arc::clone(&place));
    assert!(others.grow(ADDRESS_REQUESTS_BYTES));
    let mut connection = served_at(place, None);
    let mut answer = [0; 12];
    for _ in 0..100 {
        let ask = format!("HEAD /nothing HTTP/1.1\r\nHost: h\r\nX: {}\r\n\r\n", "y".repeat(3000));
        connection.write_all(ask.as_bytes()).await.unwrap();
        connection.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 404");
        let mut head = answer.to_vec();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(connection.read_u8().await.unwrap());
        }
    }
}

/// A WebSocket has bounds of its own.
#[tokio::test(start_paused = true)]
async fn a_websocket_holds_nothing_of_its_head() {
    let place = place();
    let mut connection = served_at(Arc::clone(&place), None);
    let ask = format!(
        "GET /rumorwebsocketsv2?socketId=a HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nX: {}\r\n\r\n",
        "y".repeat(20_000)
    );
    let (head, end) = ask.split_at(ask.len() - 2);
    connection.write_all(head.as_bytes()).await.unwrap();
    assert!(soon(|| !holds_nothing(&place)).await, "a head counts while it is read");
    connection.write_all(end.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    connection.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 101");
    assert!(soon(|| holds_nothing(&place)).await, "a socket holds nothing");
}
