use super::*;
use std::collections::VecDeque;
use tokio::io::duplex;

fn endpoint(url: &str) -> Endpoint {
    Endpoint::parse(url).expect("a URL")
}

fn proxy(url: &str) -> NetworkProxy {
    NetworkProxy::parse(url).expect("a proxy")
}

/// What a proxy reads, and what it then says.
type Script<'a> = [(&'a [u8], &'a [u8])];

/// Goes to `url` by way of a proxy that follows a script; then a word each way has to get through.
async fn through(proxy_url: &str, url: &str, script: &Script<'_>) -> Result<(), Failure> {
    let (client, mut server) = duplex(64 * 1024);
    let script: VecDeque<(Vec<u8>, Vec<u8>)> =
        script.iter().map(|(heard, said)| (heard.to_vec(), said.to_vec())).collect();
    let played = tokio::spawn(async move {
        for (expected, said) in script {
            let mut heard = vec![0; expected.len()];
            server.read_exact(&mut heard).await.expect("the client goes on");
            assert_eq!(String::from_utf8_lossy(&heard), String::from_utf8_lossy(&expected));
            if said.is_empty() {
                return None;
            }
            // One byte at a time, as a bad network does.
            for byte in said {
                if server.write_all(&[byte]).await.is_err() {
                    return None;
                }
            }
        }
        Some(server)
    });
    let tunnel = proxy(proxy_url).tunnel(Box::new(client), &endpoint(url)).await;
    let server = played.await.expect("the script is followed");
    let mut client = tunnel?;
    let mut server: Box<dyn Stream> = Box::new(server.expect("open"));
    passes(&mut client, &mut server).await;
    passes(&mut server, &mut client).await;
    Ok(())
}

async fn passes(from: &mut Box<dyn Stream>, to: &mut Box<dyn Stream>) {
    from.write_all(b"word").await.expect("open");
    assert_eq!(&read::<4>(to).await.expect("open"), b"word");
}

async fn fails(proxy_url: &str, script: &Script<'_>) -> Failure {
    let failure = through(proxy_url, "wss://server.example/x", script).await.expect_err("refused");
    assert!(failure.text.starts_with("the proxy p.example:1 "), "{}", failure.text);
    assert!(!failure.text.contains("secret"), "{}", failure.text);
    failure
}

const REQUEST: &[u8] = b"CONNECT server.example:443 HTTP/1.1\r\nhost: server.example:443\r\n\r\n";

#[tokio::test]
async fn http_connect() {
    let answer: &[u8] = b"HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n";
    through("http://p.example:1", "wss://server.example/x", &[(REQUEST, answer)]).await.expect("through");
    let old: &[u8] = b"HTTP/1.0 200 OK\r\n\r\n";
    through("http://p.example:1", "wss://server.example/x", &[(REQUEST, old)]).await.expect("through");
    let with_login: &[u8] = b"CONNECT [::1]:80 HTTP/1.1\r\nhost: [::1]:80\r\n\
        proxy-authorization: Basic bWU6c2VjcmV0QA==\r\n\r\n";
    through("http://me:secret%40@p.example:1", "ws://[::1]/", &[(with_login, answer)])
        .await
        .expect("through");
}

#[tokio::test]
async fn what_an_http_proxy_refuses_is_said() {
    for (answer, kind, word) in [
        (&b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"[..], FailureKind::Unreachable, "403"),
        (b"HTTP/1.1 502 Bad Gateway\r\n\r\n", FailureKind::Unreachable, "502"),
        (
            b"HTTP/1.1 407 Who\r\nContent-Length: 0\r\n\r\n",
            FailureKind::Refused(Refusal::Login),
            "wants a user name",
        ),
        (b"SSH-2.0-x\r\n\r\n", FailureKind::Unreachable, "broke off"),
        (b"", FailureKind::Unreachable, "broke off"),
        (b"HTTP/1.1 200 OK\r\n\r\nearly", FailureKind::Unreachable, "before it was asked"),
    ] {
        let failure = fails("http://p.example:1", &[(REQUEST, answer)]).await;
        assert_eq!(failure.kind, kind, "{}", failure.text);
        assert!(failure.text.contains(word), "{}", failure.text);
    }
    let failure = fails("http://me:secret@p.example:1", &[(b"CONNECT", b"HTTP/1.1 407 Who\r\n\r\n")]).await;
    assert_eq!(failure.kind, FailureKind::Refused(Refusal::Login));
    assert!(failure.text.ends_with("refused the user name or the password"), "{}", failure.text);
}

/// To the name server.example at port 443.
const BY_ITS_NAME: &[u8] = b"\x05\x01\x00\x03\x0eserver.example\x01\xbb";
const DONE: &[u8] = b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00";
const LOGIN_MESSAGE: &[u8] = b"\x01\x02me\x06secret";

#[tokio::test]
async fn socks() {
    let hello: (&[u8], &[u8]) = (b"\x05\x01\x00", b"\x05\x00");
    for done in [
        DONE,
        b"\x05\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00",
        b"\x05\x00\x00\x03\x03abc\x00\x01",
    ] {
        through("socks5://p.example:1", "wss://server.example/x", &[hello, (BY_ITS_NAME, done)])
            .await
            .expect("through");
    }
    let by_address: &[u8] = b"\x05\x01\x00\x01\x7f\x00\x00\x01\x00\x50";
    through("socks5://p.example:1", "ws://127.0.0.1/x", &[hello, (by_address, DONE)]).await.expect("through");
    let by_address: &[u8] = b"\x05\x01\x00\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x00\x50";
    through("socks5://p.example:1", "ws://[::1]/x", &[hello, (by_address, DONE)]).await.expect("through");
    let asked: (&[u8], &[u8]) = (b"\x05\x02\x00\x02", b"\x05\x02");
    let login: (&[u8], &[u8]) = (LOGIN_MESSAGE, b"\x01\x00");
    let script = [asked, login, (BY_ITS_NAME, DONE)];
    through("socks5://me:secret@p.example:1", "wss://server.example/x", &script).await.expect("through");
    let not_asked: (&[u8], &[u8]) = (b"\x05\x02\x00\x02", b"\x05\x00");
    let script = [not_asked, (BY_ITS_NAME, DONE)];
    through("socks5://me:secret@p.example:1", "wss://server.example/x", &script).await.expect("through");
}

#[tokio::test]
async fn what_a_socks_proxy_refuses_is_said() {
    let open = "socks5://p.example:1";
    let locked = "socks5://me:secret@p.example:1";
    let hello: (&[u8], &[u8]) = (b"\x05\x01\x00", b"\x05\x00");
    let asked: (&[u8], &[u8]) = (b"\x05\x02\x00\x02", b"\x05\x02");
    let cases: [(&str, &Script<'_>, FailureKind, &str); 11] = [
        (
            open,
            &[(b"\x05\x01\x00", b"\x05\xff")],
            FailureKind::Refused(Refusal::Login),
            "wants a user name and a password",
        ),
        (
            locked,
            &[(b"\x05\x02\x00\x02", b"\x05\xff")],
            FailureKind::Refused(Refusal::Login),
            "refused the user name or the password",
        ),
        (
            locked,
            &[asked, (LOGIN_MESSAGE, b"\x01\x01")],
            FailureKind::Refused(Refusal::Login),
            "refused the user name or the password",
        ),
        // A proxy that picks what was not offered, or is none.
        (open, &[(b"\x05\x01\x00", b"\x05\x02")], FailureKind::Permanent, "does not speak SOCKS5"),
        (open, &[(b"\x05\x01\x00", b"HTTP")], FailureKind::Permanent, "does not speak SOCKS5"),
        (open, &[hello, (BY_ITS_NAME, b"\x04\x00\x00\x01")], FailureKind::Permanent, "does not speak SOCKS5"),
        (open, &[hello, (BY_ITS_NAME, b"\x05\x00\x00\x09")], FailureKind::Permanent, "does not speak SOCKS5"),
        (
            open,
            &[hello, (BY_ITS_NAME, b"\x05\x05\x00\x01\0\0\0\0\0\0")],
            FailureKind::Unreachable,
            "the connection was refused",
        ),
        (
            open,
            &[hello, (BY_ITS_NAME, b"\x05\xee\x00\x01\0\0\0\0\0\0")],
            FailureKind::Unreachable,
            "it failed",
        ),
        (open, &[hello, (BY_ITS_NAME, b"\x05\x00\x00\x03\xffshort")], FailureKind::Unreachable, "broke off"),
        (open, &[(b"\x05\x01\x00", b"")], FailureKind::Unreachable, "broke off"),
    ];
    for (url, script, kind, word) in cases {
        // The script's end is the connection's.
        let (client, mut server) = duplex(1024);
        let script: Vec<(usize, Vec<u8>)> =
            script.iter().map(|(heard, said)| (heard.len(), said.to_vec())).collect();
        let played = tokio::spawn(async move {
            for (length, said) in script {
                server.read_exact(&mut vec![0; length]).await.expect("the client goes on");
                server.write_all(&said).await.expect("the client reads");
            }
        });
        let target = endpoint("wss://server.example/x");
        let failure = proxy(url).tunnel(Box::new(client), &target).await.map(drop).expect_err("refused");
        played.await.expect("the script is followed");
        assert!(failure.text.starts_with("the proxy p.example:1 "), "{}", failure.text);
        assert!(failure.text.contains(word), "{} instead of {word}", failure.text);
        assert!(!failure.text.contains("secret"), "{}", failure.text);
        assert_eq!(failure.kind, kind, "{}", failure.text);
    }
}

#[tokio::test]
async fn a_name_too_long_for_socks_is_refused_before_anything_is_sent() {
    let (client, _server) = duplex(1024);
    let url = format!("ws://{}/", "a.".repeat(150));
    let failure = proxy("socks5://p.example:1")
        .tunnel(Box::new(client), &endpoint(&url))
        .await
        .map(drop)
        .expect_err("too long");
    assert_eq!(failure.kind, FailureKind::Permanent);
}

#[tokio::test(start_paused = true)]
async fn a_proxy_that_says_nothing_is_given_up() {
    for url in ["http://p.example:1", "socks5://p.example:1"] {
        let (client, _server) = duplex(1024);
        let proxy = proxy(url);
        let target = endpoint("wss://server.example/x");
        let start = tokio::time::Instant::now();
        let failure = proxy
            .in_time(proxy.tunnel(Box::new(client), &target), &target)
            .await
            .map(drop)
            .expect_err("too late");
        assert_eq!(start.elapsed().as_secs(), PROXY_TIMEOUT.as_secs());
        let expected = "the proxy p.example:1 did not connect to server.example:443 in 10 seconds";
        assert_eq!((failure.kind, failure.text.as_str()), (FailureKind::Permanent, expected));
    }
}

#[test]
fn a_proxys_login_is_not_shown() {
    let proxy = proxy("http://me:secret@p.example:1");
    assert!(!format!("{proxy:?}").contains("secret"));
}
