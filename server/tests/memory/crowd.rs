//! Ten thousand clients are left behind.

use super::DEADLINE;
use super::client::Client;
use super::process::{Process, Site};
use super::sample::{Sample, inhabited, sample, sockets, wait};
use futures_util::stream::{self, StreamExt};
use otc_protocol::limits::{FILES_RESERVED, REFUSING_QUARTERS};
use otc_server::mint;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::sleep;

const CLIENTS: usize = 10_000;
/// Fewer would prove nothing.
const FEWEST: usize = 400;
/// Clients of each session.
const TOGETHER: usize = 10;
/// Signals of 1,000 bytes that one of each session sends, and nobody acknowledges.
const SIGNALS: usize = 20;
/// Clients that connect at the same time.
const AT_ONCE: usize = 100;
/// How often each shows that it lives (`wire.md §3.4`).
const BEAT: Duration = Duration::from_secs(2);
/// Open files beside the clients' sockets.
const OTHER_FILES: u64 = 100;
/// Addresses that the clients come from.
const ADDRESSES: usize = 4;

/// How many clients there may be: both processes need a file for each, and the server keeps some of its own back, and takes
/// nobody new from three quarters of the others on. It raises its limit by itself.
fn clients() -> usize {
    let wanted = CLIENTS as u64 / REFUSING_QUARTERS as u64 * 4 + FILES_RESERVED as u64 + 4 * OTHER_FILES;
    let allowed = getrlimit(Resource::Nofile);
    let most = allowed.maximum.unwrap_or(u64::MAX);
    if most < wanted {
        println!(
            "`ulimit -Hn` is {most}, less than {wanted}: this test makes do with fewer than {CLIENTS} clients"
        );
    }
    let raised = Rlimit { current: Some(wanted.min(most)), maximum: allowed.maximum };
    setrlimit(Resource::Nofile, raised).expect("within the limit");
    let taken = wanted.min(most).saturating_sub(FILES_RESERVED as u64) / 4 * REFUSING_QUARTERS as u64;
    let clients = usize::try_from(taken.saturating_sub(OTHER_FILES)).map_or(CLIENTS, |few| few.min(CLIENTS));
    assert!(
        clients >= FEWEST,
        "this test needs two processes with {FEWEST} open files each: raise `ulimit -Hn`"
    );
    clients / TOGETHER * TOGETHER
}

/// Where a client is: one address alone may not have half of what a server takes.
fn address(index: usize) -> Ipv4Addr {
    let last = u8::try_from(index % ADDRESSES).expect("few");
    Ipv4Addr::new(127, 0, 0, 1 + last)
}

/// Everybody who has joined, with a number.
type Crowd = Arc<Mutex<Vec<(usize, Client)>>>;

/// Keeps everybody alive until the task is ended.
async fn beat(crowd: Crowd) {
    loop {
        sleep(BEAT).await;
        crowd.lock().await.iter().for_each(|(_, client)| client.beat());
    }
}

async fn gather(site: &Site, server: &Process, sessions: &[String], crowd: &Crowd) {
    let joins = (0..sessions.len() * TOGETHER).map(|index| async move {
        let session = &sessions[index / TOGETHER];
        let (from, name) = (address(index), format!("client-{index}"));
        let client = Client::join_from(from, site, server.address(), session, &name).await;
        crowd.lock().await.push((index, client));
    });
    stream::iter(joins).buffer_unordered(AT_ONCE).collect::<()>().await;
}

/// One of each session speaks, and nobody acknowledges it.
async fn speak(crowd: &Crowd) {
    let clients = crowd.lock().await.len();
    for place in 0..clients {
        let (index, client) = &mut crowd.lock().await[place];
        if index.is_multiple_of(TOGETHER) {
            client.speak(SIGNALS, &"x".repeat(1000)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the server as it ships: scripts/test.sh"]
async fn what_ten_thousand_clients_leave_behind_is_given_back() {
    let clients = clients();
    let site = Site::new();
    // It is asked about each of the sessions, one after the other.
    let config = site.file("toml", "[limits]\nrest_per_second = 0\n");
    let options = ["--grace-seconds", "2", "--config", &config];
    let server = site.spawn("127.0.0.1:0", &options).listening().expect("a free port");
    let sessions: Vec<String> =
        (0..clients / TOGETHER).map(|_| mint::session(&site.pair.project, true).expect("minted")).collect();
    let mut table: Vec<(&str, Sample)> = vec![("before", sample(&server, &sessions))];
    let crowd = Crowd::default();
    let heart = tokio::spawn(beat(crowd.clone()));
    gather(&site, &server, &sessions, &crowd).await;
    speak(&crowd).await;
    table.push(("connected", sample(&server, &sessions)));
    heart.abort();
    // Half leave properly; of the others every second one is reset, and the rest is silent from now on.
    let mut silent = Vec::new();
    for (index, client) in crowd.lock().await.drain(..) {
        match index % 4 {
            0 | 1 => client.leave().await,
            2 => client.reset(),
            _ => silent.push(client),
        }
    }
    table.push(("left behind", sample(&server, &sessions)));
    let gone =
        wait(DEADLINE, || sockets(&server) <= table[0].1.sockets && inhabited(&server, &sessions[..10]) == 0)
            .await;
    assert!(gone, "{} sockets are still open", sockets(&server));
    let [before, connected] = [table[0].1.rss_kib, table[1].1.rss_kib];
    let near = before + (connected - before) / 4;
    let given_back = wait(DEADLINE / 4, || server.resident() / 1024 <= near).await;
    table.push(("after the grace", sample(&server, &sessions)));
    println!("{:<16} {:>13} {:>9} {:>9}", "", "resident", "sockets", "sessions");
    for (when, sample) in &table {
        println!("{when:<16} {sample}");
    }
    let after = table[3].1;
    assert!(given_back, "{} KiB are still held, {near} would be near {before}", after.rss_kib);
    assert_eq!((table[1].1.sessions, after.sessions), (sessions.len(), 0));
    assert!(
        table[1].1.sockets > clients,
        "some were given up before: is the machine too busy for this test?"
    );
    drop(silent);
    let log = server.stop();
    assert!(log.contains("sessions left for the next server sessions=0 connections=0"), "{log}");
}
