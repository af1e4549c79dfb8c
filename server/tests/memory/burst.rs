//! A session that had a burst and goes on.

use super::DEADLINE;
use super::client::Client;
use super::process::Site;
use super::sample::wait;
use otc_protocol::envelope;

/// Who hears it.
const LISTENERS: usize = 40;
/// Signals of 1,000 bytes.
const SIGNALS: usize = 8000;

/// Reads everything and acknowledges nothing.
async fn read_all(mut listener: Client) -> Client {
    let mut signals = 0;
    while signals < SIGNALS {
        signals += usize::from(listener.frame().await.len() > 1000);
        if signals % 500 == 0 {
            listener.send(envelope::ping()).await;
        }
    }
    listener
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the server as it ships: scripts/test.sh"]
async fn what_a_burst_took_is_given_back_while_everybody_stays() {
    let site = Site::new();
    let server = site.start();
    let mut speaker = Client::join(&site, server.address(), &site.session, "speaker").await;
    let mut listeners = Vec::new();
    for index in 0..LISTENERS {
        listeners
            .push(Client::join(&site, server.address(), &site.session, &format!("listener-{index}")).await);
    }
    let before = server.resident() / 1024;
    let readers: Vec<_> = listeners.into_iter().map(|listener| tokio::spawn(read_all(listener))).collect();
    let text = "x".repeat(1000);
    for _ in 0..SIGNALS / 100 {
        speaker.speak(100, &text).await;
    }
    let mut listeners = Vec::new();
    for reader in readers {
        listeners.push(reader.await.expect("read"));
    }
    let burst = server.resident() / 1024;
    for everybody in listeners.iter_mut().chain([&mut speaker]) {
        everybody.acknowledge().await;
    }
    let near = before + (burst - before) / 4;
    let given_back = wait(DEADLINE / 2, || server.resident() / 1024 <= near).await;
    let after = server.resident() / 1024;
    println!("before the burst {before} KiB, owed {burst} KiB, acknowledged {after} KiB");
    assert!(given_back, "{after} KiB are still held, {near} would be near {before}");
    drop(listeners);
    server.stop();
}
