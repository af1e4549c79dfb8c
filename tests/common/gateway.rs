//! The only way out of a network: an HTTP CONNECT or a SOCKS5 proxy, which may want to know who asks.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

/// A name that no name server knows; the gateway does.
pub(crate) const INNER_HOST: &str = "server.invalid";

/// What a gateway speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    Http,
    Socks5,
}

pub(crate) struct Gateway {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    language: Language,
    /// User name and password that it wants to hear.
    login: Option<(&'static str, &'static str)>,
    seen: Mutex<Seen>,
    news: Condvar,
    closed: AtomicBool,
    stopped: AtomicBool,
}

/// What has happened at a gateway.
#[derive(Default)]
pub(crate) struct Seen {
    /// Where clients wanted to go, and got.
    pub(crate) targets: Vec<String>,
    /// Clients with a wrong name or password.
    pub(crate) strangers: usize,
    /// The first bytes that clients sent through.
    pub(crate) openings: Vec<Vec<u8>>,
    open: Vec<TcpStream>,
}

impl Gateway {
    pub(crate) fn start(language: Language, login: Option<(&'static str, &'static str)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound");
        let shared = Arc::new(Shared {
            language,
            login,
            seen: Mutex::default(),
            news: Condvar::new(),
            closed: AtomicBool::new(false),
            stopped: AtomicBool::new(false),
        });
        let inside = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming() {
                if inside.stopped.load(Ordering::SeqCst) {
                    break;
                }
                let (Ok(client), false) = (client, inside.closed.load(Ordering::SeqCst)) else { continue };
                let inside = Arc::clone(&inside);
                thread::spawn(move || serve(&inside, client));
            }
        });
        Self { address, shared }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// For `otc_session_settings_set_network_proxy`.
    pub(crate) fn url(&self, login: &str) -> String {
        let scheme = match self.shared.language {
            Language::Http => "http",
            Language::Socks5 => "socks5",
        };
        format!("{scheme}://{login}{}", self.address)
    }

    pub(crate) fn seen<T>(&self, look: impl FnOnce(&Seen) -> T) -> T {
        look(&self.shared.seen.lock().expect("nobody panics with it"))
    }

    /// Waits until so many clients have got through and said something.
    pub(crate) fn wait_for(&self, openings: usize) {
        let seen = self.shared.seen.lock().expect("nobody panics with it");
        let waited =
            self.shared.news.wait_timeout_while(seen, super::DEADLINE, |seen| seen.openings.len() < openings);
        let (seen, late) = waited.expect("nobody panics with it");
        assert!(!late.timed_out(), "{} of {openings} went through", seen.openings.len());
    }

    /// Cuts every connection; while it is closed nobody gets through.
    pub(crate) fn close(&self, closed: bool) {
        self.shared.closed.store(closed, Ordering::SeqCst);
        for stream in self.shared.seen.lock().expect("nobody panics with it").open.drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        self.close(true);
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
    }
}

/// Serves one client; whatever goes wrong ends its connection.
fn serve(shared: &Shared, mut client: TcpStream) -> Option<()> {
    let target = match shared.language {
        Language::Http => greet_http(shared, &mut client)?,
        Language::Socks5 => greet_socks(shared, &mut client)?,
    };
    // The gateway is where names are looked up.
    let server = TcpStream::connect(target.replace(INNER_HOST, "127.0.0.1")).ok()?;
    let done: &[u8] = match shared.language {
        Language::Http => b"HTTP/1.1 200 OK\r\n\r\n",
        Language::Socks5 => b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00",
    };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    {
        let mut seen = shared.seen.lock().ok()?;
        seen.targets.push(target);
        seen.open.extend([client.try_clone().ok()?, server.try_clone().ok()?]);
    }
    client.write_all(done).ok()?;
    let back = (server.try_clone().ok()?, client.try_clone().ok()?);
    thread::spawn(move || pass(&back.0, &back.1, |_| {}));
    let mut first = true;
    pass(&client, &server, |bytes| {
        if std::mem::take(&mut first) {
            shared.seen.lock().expect("nobody panics with it").openings.push(bytes.to_vec());
            shared.news.notify_all();
        }
    });
    Some(())
}

fn pass(mut from: &TcpStream, mut to: &TcpStream, mut look: impl FnMut(&[u8])) {
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        look(&buffer[..count]);
        if to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}

fn greet_http(shared: &Shared, client: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.extend(read::<1>(client)?);
    }
    let head = String::from_utf8(head).ok()?;
    let expected = shared.login.map(|(user, password)| {
        use base64::Engine;
        base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"))
    });
    let said = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("proxy-authorization").then(|| value.strip_prefix("Basic "))?
    });
    if expected.is_some() && said.map(str::to_owned) != expected {
        shared.seen.lock().ok()?.strangers += 1;
        client.write_all(b"HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n").ok()?;
        return None;
    }
    head.strip_prefix("CONNECT ")?.split(' ').next().map(str::to_owned)
}

fn greet_socks(shared: &Shared, client: &mut TcpStream) -> Option<String> {
    let [5, count] = read(client)? else { return None };
    let mut ways = vec![0; usize::from(count)];
    client.read_exact(&mut ways).ok()?;
    let way = if shared.login.is_some() { 2 } else { 0 };
    if !ways.contains(&way) {
        shared.seen.lock().ok()?.strangers += 1;
        client.write_all(&[5, 0xff]).ok()?;
        return None;
    }
    client.write_all(&[5, way]).ok()?;
    if let Some((user, password)) = shared.login {
        let [1] = read(client)? else { return None };
        let said = (text(client)?, text(client)?);
        let known = said == (user.to_owned(), password.to_owned());
        if !known {
            // Before it is told, like all of them: the client may look here as soon as it knows.
            shared.seen.lock().ok()?.strangers += 1;
        }
        client.write_all(&[1, u8::from(!known)]).ok()?;
        if !known {
            return None;
        }
    }
    let [5, 1, 0, kind] = read(client)? else { return None };
    let host = match kind {
        1 => std::net::Ipv4Addr::from(read::<4>(client)?).to_string(),
        3 => text(client)?,
        _ => return None,
    };
    Some(format!("{host}:{}", u16::from_be_bytes(read(client)?)))
}

fn read<const N: usize>(client: &mut TcpStream) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    client.read_exact(&mut bytes).ok()?;
    Some(bytes)
}

/// A text after its length.
fn text(client: &mut TcpStream) -> Option<String> {
    let [length] = read(client)?;
    let mut bytes = vec![0; usize::from(length)];
    client.read_exact(&mut bytes).ok()?;
    String::from_utf8(bytes).ok()
}
