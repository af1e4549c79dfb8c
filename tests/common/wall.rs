//! A wall between clients and a server, with a gate: what becomes of new connections, and when the old ones end.

use std::io::{Read, Write, copy};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// What becomes of a new connection.
#[derive(Clone, Copy)]
pub(crate) enum Fate {
    /// It gets through.
    Pass,
    /// It is closed.
    Close,
    /// It is taken, and nothing is ever said.
    Hang,
    /// It gets this answer, and is closed.
    Answer(&'static [u8]),
    /// It gets through to another server.
    Elsewhere(SocketAddr),
}

/// The wall.
pub(crate) struct Wall {
    address: SocketAddr,
    state: Arc<State>,
}

struct State {
    server: SocketAddr,
    fate: Mutex<Fate>,
    /// Both ends of everything that is open.
    open: Mutex<Vec<TcpStream>>,
    connections: AtomicU32,
    stopped: AtomicBool,
}

impl Wall {
    /// A wall before `server`, whose gate is open.
    pub(crate) fn before(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound");
        let state = Arc::new(State {
            server,
            fate: Mutex::new(Fate::Pass),
            open: Mutex::default(),
            connections: AtomicU32::new(0),
            stopped: AtomicBool::new(false),
        });
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for client in listener.incoming() {
                if shared.stopped.load(Ordering::SeqCst) {
                    break;
                }
                let Ok(client) = client else { continue };
                shared.connections.fetch_add(1, Ordering::SeqCst);
                shared.take(client);
            }
        });
        Self { address, state }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// What becomes of connections from now on.
    pub(crate) fn gate(&self, fate: Fate) {
        *self.state.fate.lock().expect("nobody panics with it") = fate;
    }

    /// Ends every open connection.
    pub(crate) fn sever(&self) {
        for stream in self.state.open.lock().expect("nobody panics with it").drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// What becomes of connections from now on, and the end of those that are.
    pub(crate) fn sever_and(&self, fate: Fate) {
        self.gate(fate);
        self.sever();
    }

    /// Connections that have been made to it.
    pub(crate) fn connections(&self) -> u32 {
        self.state.connections.load(Ordering::SeqCst)
    }
}

impl State {
    fn take(self: &Arc<Self>, client: TcpStream) {
        let fate = *self.fate.lock().expect("nobody panics with it");
        match fate {
            Fate::Pass => self.join(&client, self.server),
            Fate::Elsewhere(server) => self.join(&client, server),
            Fate::Close => {}
            Fate::Hang => self.keep(&client),
            Fate::Answer(answer) => {
                thread::spawn(move || reply(client, answer));
            }
        }
    }

    fn keep(&self, stream: &TcpStream) {
        let stream = stream.try_clone().expect("open");
        self.open.lock().expect("nobody panics with it").push(stream);
    }

    fn join(&self, client: &TcpStream, server: SocketAddr) {
        let Ok(server) = TcpStream::connect(server) else { return };
        let _ = (client.set_nodelay(true), server.set_nodelay(true));
        for stream in [client, &server] {
            self.keep(stream);
        }
        pass(client, &server);
        pass(&server, client);
    }
}

/// Reads the head of a request and answers it.
fn reply(mut client: TcpStream, answer: &[u8]) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && matches!(client.read(&mut byte), Ok(1)) {
        head.push(byte[0]);
    }
    let _ = client.write_all(answer);
    let _ = client.shutdown(Shutdown::Write);
    // Until the client has read it.
    let _ = copy(&mut client, &mut std::io::sink());
}

/// Passes bytes on in one direction.
fn pass(from: &TcpStream, to: &TcpStream) {
    let (mut from, mut to) = (from.try_clone().expect("open"), to.try_clone().expect("open"));
    thread::spawn(move || {
        let _ = copy(&mut from, &mut to);
        let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
    });
}

impl Drop for Wall {
    fn drop(&mut self) {
        self.state.stopped.store(true, Ordering::SeqCst);
        self.sever();
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
    }
}
