//! A TCP proxy that hears what the client says, and does to the connection what it is told.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// A proxy in front of a server.
pub(crate) struct Tap {
    address: SocketAddr,
    state: Arc<State>,
}

struct State {
    server: SocketAddr,
    /// What clients have said.
    said: Mutex<Vec<u8>>,
    open: Mutex<Vec<TcpStream>>,
    refusing: AtomicBool,
    swallowing: AtomicBool,
    stopped: AtomicBool,
}

impl Tap {
    pub(crate) fn start(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound");
        let state = Arc::new(State {
            server,
            said: Mutex::default(),
            open: Mutex::default(),
            refusing: AtomicBool::new(false),
            swallowing: AtomicBool::new(false),
            stopped: AtomicBool::new(false),
        });
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for client in listener.incoming() {
                if shared.stopped.load(Ordering::SeqCst) {
                    break;
                }
                let (Ok(client), Ok(server)) = (client, TcpStream::connect(shared.server)) else { continue };
                if shared.refusing.load(Ordering::SeqCst) {
                    continue;
                }
                let _ = (client.set_nodelay(true), server.set_nodelay(true));
                let both = [&client, &server].map(|stream| stream.try_clone().expect("open"));
                shared.open.lock().expect("nobody panics with it").extend(both);
                pump(&shared, &client, &server, true);
                pump(&shared, &server, &client, false);
            }
        });
        Self { address, state }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Cuts every connection.
    pub(crate) fn cut(&self) {
        for stream in self.state.open.lock().expect("nobody panics with it").drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// From now on, whether new connections are closed at once.
    pub(crate) fn refuse(&self, refusing: bool) {
        self.state.refusing.store(refusing, Ordering::SeqCst);
    }

    /// From now on, whether what is said gets nowhere while the connections stay open.
    pub(crate) fn swallow(&self, swallowing: bool) {
        self.state.swallowing.store(swallowing, Ordering::SeqCst);
    }

    /// The socket ids that clients have named.
    pub(crate) fn socket_ids(&self) -> Vec<String> {
        let said = self.state.said.lock().expect("nobody panics with it");
        let said = String::from_utf8_lossy(&said);
        said.split("socketId=").skip(1).map(|rest| rest.chars().take(36).collect()).collect()
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.state.stopped.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
    }
}

fn pump(state: &Arc<State>, from: &TcpStream, to: &TcpStream, is_client: bool) {
    let (mut from, mut to) = (from.try_clone().expect("open"), to.try_clone().expect("open"));
    let state = Arc::clone(state);
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            if is_client {
                state.said.lock().expect("nobody panics with it").extend_from_slice(&buffer[..count]);
            }
            if !state.swallowing.load(Ordering::SeqCst) && to.write_all(&buffer[..count]).is_err() {
                break;
            }
        }
        let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
    });
}
