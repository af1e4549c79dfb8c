//! A bad network: a TCP proxy that cuts connections after any number of bytes.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;

/// A proxy that cuts while it is told to.
pub(crate) struct Proxy {
    address: SocketAddr,
    state: Arc<State>,
}

struct State {
    server: SocketAddr,
    cutting: AtomicBool,
    cuts: AtomicU32,
    stopped: AtomicBool,
    dice: Mutex<StdRng>,
    /// How many bytes pass before a cut, at most.
    most: u64,
}

impl State {
    /// Bytes that may pass before the next cut.
    fn budget(&self) -> u64 {
        self.dice.lock().expect("nobody panics with it").next_u64() % self.most
    }
}

impl Proxy {
    /// A proxy in front of `server`; its cuts come from `seed`.
    pub(crate) fn start(server: SocketAddr, seed: u64, most: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound");
        let state = Arc::new(State {
            server,
            cutting: AtomicBool::new(false),
            cuts: AtomicU32::new(0),
            stopped: AtomicBool::new(false),
            dice: Mutex::new(StdRng::seed_from_u64(seed)),
            most,
        });
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for client in listener.incoming() {
                if shared.stopped.load(Ordering::SeqCst) {
                    break;
                }
                let (Ok(client), Ok(server)) = (client, TcpStream::connect(shared.server)) else { continue };
                let _ = (client.set_nodelay(true), server.set_nodelay(true));
                pump(&shared, &client, &server);
                pump(&shared, &server, &client);
            }
        });
        Self { address, state }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn cut(&self, cutting: bool) {
        self.state.cutting.store(cutting, Ordering::SeqCst);
    }

    pub(crate) fn cuts(&self) -> u32 {
        self.state.cuts.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.state.stopped.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
    }
}

/// Passes bytes on in one direction, until an end or a cut, which may fall anywhere inside a frame.
fn pump(state: &Arc<State>, from: &TcpStream, to: &TcpStream) {
    let (mut from, mut to) = (from.try_clone().expect("open"), to.try_clone().expect("open"));
    let state = Arc::clone(state);
    let mut budget = state.budget();
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            let mut passing = count;
            let cutting = state.cutting.load(Ordering::SeqCst);
            if cutting && count as u64 >= budget {
                passing = usize::try_from(budget).unwrap_or(count);
            }
            if cutting {
                budget -= passing as u64;
            }
            if to.write_all(&buffer[..passing]).is_err() {
                break;
            }
            if passing < count || (cutting && budget == 0) {
                state.cuts.fetch_add(1, Ordering::SeqCst);
                break;
            }
        }
        let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
    });
}
