//! A receiver that writes down what it is told.

use crate::support::DEADLINE;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::{digest, hmac};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::mpsc::{Receiver as Channel, Sender, channel};

/// A delivery as it came.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
    /// What it was answered.
    pub(crate) status: u16,
}

impl Told {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    pub(crate) fn event(&self) -> String {
        self.json()["event"].as_str().expect("an event").to_owned()
    }

    pub(crate) fn id(&self) -> &str {
        &self.headers["webhook-id"]
    }

    /// The claims of its signature, which is verified as a receiver would.
    pub(crate) fn verified(&self, secret: &str) -> Value {
        let token = self.headers["authorization"].strip_prefix("Bearer ").expect("a bearer");
        let (signed, signature) = token.rsplit_once('.').expect("a signature");
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).expect("base64");
        hmac::verify(&key, signed.as_bytes(), &signature).expect("the right signature");
        let claims = signed.split_once('.').expect("two parts").1;
        let claims = BASE64_URL_SAFE_NO_PAD.decode(claims).expect("base64");
        let claims: Value = serde_json::from_slice(&claims).expect("claims");
        let hash = digest::digest(&digest::SHA256, &self.body);
        let said = claims["payload_hash"].as_str().expect("a hash");
        let said: Vec<u8> = (0..said.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&said[at..at + 2], 16).expect("hexadecimal"))
            .collect();
        assert_eq!(said, hash.as_ref());
        claims
    }
}

/// A receiver on this machine.
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    status: Arc<AtomicU16>,
    told: Channel<Told>,
}

impl Receiver {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let (tell, told) = channel();
        let status = Arc::new(AtomicU16::new(200));
        let answered = Arc::clone(&status);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (answered, tell) = (Arc::clone(&answered), tell.clone());
                // A connection may be cut at any time.
                std::thread::spawn(move || drop(serve(&stream, &answered, &tell)));
            }
        });
        Self { address, status, told }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// From now on it answers this.
    pub(crate) fn answer(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }

    pub(crate) fn next(&self) -> Told {
        self.told.recv_timeout(DEADLINE).expect("something in time")
    }

    /// The next ones that it has taken.
    pub(crate) fn taken(&self, count: usize) -> Vec<Told> {
        let mut taken = Vec::new();
        while taken.len() < count {
            let told = self.next();
            if told.status == 200 {
                taken.push(told);
            }
        }
        taken
    }
}

fn serve(stream: &TcpStream, status: &AtomicU16, tell: &Sender<Told>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        assert_eq!(line, "POST /hook HTTP/1.1\r\n");
        let mut headers = BTreeMap::new();
        loop {
            line.clear();
            reader.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(": ") else { break };
            headers.insert(name.to_ascii_lowercase(), value.to_owned());
        }
        let mut body = vec![0; headers["content-length"].parse().expect("a length")];
        reader.read_exact(&mut body)?;
        let status = status.load(Ordering::SeqCst);
        let answer = format!("HTTP/1.1 {status} Whatever\r\nContent-Length: 0\r\n\r\n");
        (&mut &*stream).write_all(answer.as_bytes())?;
        let _ = tell.send(Told { headers, body, status });
    }
}
