//! From an event to a receiver's answer, with real connections.

use super::receiver::{DEADLINE, Manner, Received, Receiver, Seen};
use super::*;
use crate::sessions::Event;
use otc_protocol::raptor::{Connection, Reason};
use queue::Load;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

const PROJECT: &str = "123456";

fn settings(hooks: Vec<Hook>) -> Settings {
    let (first, most) = (Duration::from_millis(5), Duration::from_millis(40));
    let retries = Retries { first, most, ..Retries::default() };
    Settings { hooks, timeout: DEADLINE, retries, ..Settings::default() }
}

fn hook(url: HookUrl) -> Hook {
    Hook { url, project: None, kinds: kind::Kinds::ALL, secret: None }
}

fn memory() -> Arc<Store> {
    Arc::new(Store::in_memory().expect("a store"))
}

/// Webhooks that deliver, over a store that may be another's too.
fn started(settings: &Settings, store: &Arc<Store>) -> Arc<Webhooks> {
    bounded(settings, store, Bounds::default())
}

fn bounded(settings: &Settings, store: &Arc<Store>, bounds: Bounds) -> Arc<Webhooks> {
    let names = Box::new(SystemNames);
    let webhooks = Webhooks::assemble(settings, true, Arc::clone(store), bounds, names).expect("webhooks");
    let webhooks = Arc::new(webhooks);
    webhooks.start();
    webhooks
}

fn session(name: &str) -> SessionAddress {
    SessionAddress { project: PROJECT.into(), session: name.into() }
}

fn joined(id: usize) -> Event {
    Event::ConnectionCreated { connection: Connection { id: id.to_string(), ..Connection::default() } }
}

async fn take(webhooks: &Arc<Webhooks>, batch: Vec<(SessionAddress, Event)>) {
    let webhooks = Arc::clone(webhooks);
    let taken = spawn_blocking(move || {
        let noted = |(session, event)| Noted { session, unix_ms: unix_ms(), event };
        webhooks.take(&batch.into_iter().map(noted).collect::<Vec<_>>());
    });
    taken.await.expect("taken");
}

/// So many events of each of some sessions, in turn.
fn events(sessions: &[&str], count: usize) -> Vec<(SessionAddress, Event)> {
    (0..count).flat_map(|id| sessions.iter().map(move |name| (session(name), joined(id)))).collect()
}

fn connection_of(request: &Received) -> usize {
    request.json()["connection"]["id"].as_str().expect("an id").parse().expect("a number")
}

async fn reached(webhooks: &Webhooks, is_reached: impl Fn(Counts) -> bool) {
    let reached = async {
        while !is_reached(webhooks.counts()) {
            tokio::task::yield_now().await;
        }
    };
    timeout(DEADLINE, reached).await.unwrap_or_else(|_| panic!("it stays at {:?}", webhooks.counts()));
}

/// Waits until everything is delivered or lost.
async fn settled(webhooks: &Webhooks) {
    reached(webhooks, |counts| counts.waiting == 0).await;
}

fn kept(store: &Store) -> usize {
    let mut count = 0;
    ledger::deliveries(store, |_, _| count += 1).expect("a readable store");
    count
}

#[tokio::test]
async fn a_session_is_told_in_order_whatever_fails() {
    // Every other try fails, each in its own way.
    let tries = AtomicUsize::new(0);
    let taken = Arc::new(Mutex::new(Vec::new()));
    let notes = Arc::clone(&taken);
    let receiver = Receiver::start(move |request| match tries.fetch_add(1, Ordering::Relaxed) % 8 {
        0 => Manner::status(500),
        2 => Manner::Hang,
        4 => Manner::say("HTTP/1.1 302 There\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n"),
        6 => Manner::say("nonsense\r\n\r\n"),
        _ => {
            notes.lock().push(request.clone());
            Manner::status(200)
        }
    })
    .await;
    let store = memory();
    let webhooks = started(&settings(vec![hook(receiver.url())]), &store);
    let names = ["a", "b", "c"];
    take(&webhooks, events(&names, 10)).await;
    take(&webhooks, events(&names, 10)).await;
    settled(&webhooks).await;
    let mut order: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let mut ids: BTreeMap<String, String> = BTreeMap::new();
    for request in taken.lock().iter() {
        order.entry(request.session()).or_default().push(connection_of(request));
        let body = String::from_utf8(request.body.clone()).expect("text");
        assert_eq!(*ids.entry(request.id()).or_insert_with(|| body.clone()), body, "an id is of one event");
    }
    let expected: Vec<usize> = (0..10).chain(0..10).collect();
    for name in names {
        assert_eq!(order[name], expected, "{name}");
    }
    assert_eq!(ids.len(), 60);
    webhooks.finish(DEADLINE).await;
    assert_eq!(kept(&store), 0, "what was delivered is not kept");
    assert_eq!(webhooks.counts().delivered, 60);
}

#[tokio::test]
async fn a_try_again_says_the_same_with_the_same_id() {
    let tries = AtomicUsize::new(0);
    let mut receiver = Receiver::start(move |_| {
        Manner::status(if tries.fetch_add(1, Ordering::Relaxed) < 3 { 503 } else { 200 })
    })
    .await;
    let mut signed = hook(receiver.url());
    signed.secret = SigningSecret::new("hush");
    let webhooks = started(&settings(vec![signed]), &memory());
    take(&webhooks, events(&["a"], 1)).await;
    let requests = receiver.requests(4).await;
    let distinct: BTreeSet<_> = requests.iter().map(|request| (request.id(), request.body.clone())).collect();
    assert_eq!(distinct.len(), 1);
    for request in &requests {
        let claims = verified(&request.headers["authorization"], b"hush");
        assert_eq!(claims["jti"], request.id());
        assert_eq!(claims["payload_hash"], signature::sha256_hex(&request.body));
        assert_eq!((&claims["iss"], &claims["api_key"]), (&json!("Vonage"), &json!(PROJECT)));
        assert!(claims["iat"].as_u64().is_some_and(|iat| iat.abs_diff(unix_ms() / 1000) < 60));
    }
    settled(&webhooks).await;
    let counts = Counts { delivered: 1, failed_tries: 3, ..Counts::default() };
    assert_eq!(webhooks.counts(), counts);
}

/// The claims of a token, verified as a receiver would.
fn verified(authorization: &str, secret: &[u8]) -> Value {
    use base64::Engine;
    use base64::prelude::BASE64_URL_SAFE_NO_PAD;
    let token = authorization.strip_prefix("Bearer ").expect("a bearer");
    let (signed, signature) = token.rsplit_once('.').expect("a signature");
    let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).expect("base64");
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret);
    ring::hmac::verify(&key, signed.as_bytes(), &signature).expect("the right signature");
    let claims = signed.split_once('.').expect("two parts").1;
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(claims).expect("base64")).expect("claims")
}

#[tokio::test]
async fn what_was_not_delivered_is_delivered_after_a_restart() {
    let open = Arc::new(AtomicBool::new(false));
    let is_open = Arc::clone(&open);
    let mut receiver = Receiver::start(move |request| {
        let takes = is_open.load(Ordering::Relaxed) || connection_of(request) < 3;
        Manner::status(if takes { 200 } else { 500 })
    })
    .await;
    let store = memory();
    let first = started(&settings(vec![hook(receiver.url())]), &store);
    take(&first, events(&["a"], 10)).await;
    while connection_of(&receiver.request().await) < 3 {}
    first.finish(DEADLINE).await;
    assert_eq!((kept(&store), first.counts().waiting), (7, 7));
    receiver.rest();

    open.store(true, Ordering::Relaxed);
    let second = started(&settings(vec![hook(receiver.url())]), &store);
    take(&second, vec![(session("a"), joined(10))]).await;
    let told: Vec<_> = receiver.requests(8).await.iter().map(connection_of).collect();
    assert_eq!(told, (3..=10).collect::<Vec<_>>(), "none twice, none missing, in order");
    settled(&second).await;
    second.finish(DEADLINE).await;
    assert_eq!(kept(&store), 0);

    // A receiver that is not in the configuration any more is told nothing.
    open.store(false, Ordering::Relaxed);
    let third = started(&settings(vec![hook(receiver.url())]), &store);
    take(&third, events(&["a"], 5)).await;
    third.finish(DEADLINE).await;
    assert_eq!(kept(&store), 2, "three were taken");
    let fourth = started(&settings(Vec::new()), &store);
    assert_eq!(fourth.counts().waiting, 0);
    fourth.finish(DEADLINE).await;
    assert_eq!(kept(&store), 0);
}

#[tokio::test]
async fn what_is_too_old_after_a_restart_is_given_up() {
    let receiver = Receiver::start(|_| Manner::status(500)).await;
    let store = memory();
    let first = started(&settings(vec![hook(receiver.url())]), &store);
    take(&first, events(&["a"], 2)).await;
    first.finish(DEADLINE).await;
    assert_eq!(kept(&store), 2);
    let mut impatient = settings(vec![hook(receiver.url())]);
    impatient.retries.give_up = Duration::ZERO;
    let second = started(&impatient, &store);
    assert_eq!(second.counts(), Counts { given_up: 2, ..Counts::default() });
    second.finish(DEADLINE).await;
    assert_eq!(kept(&store), 0);
}

#[tokio::test]
async fn a_receiver_that_never_answers_harms_no_other() {
    let mut silent = Receiver::start(|_| Manner::Silence).await;
    let mut well = Receiver::start(|_| Manner::status(200)).await;
    let webhooks = started(&settings(vec![hook(silent.url()), hook(well.url())]), &memory());
    let names: Vec<String> = (0..50).map(|name| name.to_string()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    take(&webhooks, events(&names, 4)).await;
    well.requests(200).await;
    silent.request().await;
    assert_eq!(silent.rest().len(), 0, "it is tried with one delivery");
    reached(&webhooks, |counts| counts.waiting == 200).await;
    assert_eq!(webhooks.counts().failed_tries, 0);
    let brief = webhooks.finish(Duration::from_millis(50));
    timeout(DEADLINE, brief).await.expect("an end, though one is under way");
}

#[tokio::test]
async fn a_delivery_to_who_has_been_taken_back_ends_at_once() {
    let mut silent = Receiver::start(|_| Manner::Silence).await;
    let webhooks = started(&settings(Vec::new()), &memory());
    let mut wish = wish_for(silent.url().as_str());
    wish.group = "connection".into();
    for _ in 0..3 {
        let made = webhooks.register(PROJECT, wish.clone()).await.expect("granted");
        take(&webhooks, events(&["a"], 1)).await;
        silent.request().await;
        assert_eq!(webhooks.unregister(PROJECT, &made.id).await, Ok(true));
        while !matches!(silent.seen().await, Seen::End) {}
    }
    let is_free = async {
        while webhooks.queue.lock().under_way() > 0 {
            tokio::task::yield_now().await;
        }
    };
    timeout(DEADLINE, is_free).await.expect("nobody waits for an answer any more");
    assert_eq!(webhooks.counts(), Counts::default(), "it is no failure of the receiver's");
}

#[tokio::test]
async fn a_receiver_that_comes_back_gets_everything() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let url = HookUrl::parse(&format!("http://{address}/")).expect("a URL");
    let webhooks = started(&settings(vec![hook(url)]), &memory());
    take(&webhooks, events(&["a", "b"], 5)).await;
    reached(&webhooks, |counts| counts.failed_tries >= 5).await;
    let listener = tokio::net::TcpListener::bind(address).await.expect("the same port");
    let mut receiver = Receiver::on(listener, |_| Manner::status(200));
    receiver.requests(10).await;
    settled(&webhooks).await;
    assert_eq!(webhooks.counts().delivered, 10);
}

#[tokio::test]
async fn a_full_queue_drops_the_newest_and_counts_them() {
    let receiver = Receiver::start(|_| Manner::Silence).await;
    let store = memory();
    let load = Load { count: 5, bytes: 1_000_000 };
    let bounds = Bounds { target: load, ..Bounds::default() };
    let webhooks = bounded(&settings(vec![hook(receiver.url())]), &store, bounds);
    take(&webhooks, events(&["a"], 8)).await;
    assert_eq!(webhooks.counts(), Counts { dropped: 3, waiting: 5, ..Counts::default() });
    assert_eq!(kept(&store), 5);
    let huge = "x".repeat(WEBHOOK_BODY_BYTES);
    let webhooks_too = Arc::clone(&webhooks);
    spawn_blocking(move || webhooks_too.archive(PROJECT, "b", json!({"name": huge}))).await.expect("taken");
    assert_eq!(webhooks.counts().dropped, 4);
    webhooks.lost(&[Lost { session: session("a"), unix_ms: unix_ms(), events: 3, overheard: 1 }]);
    assert_eq!(webhooks.counts().unseen, 2, "what is only overheard is told to nobody");
    webhooks.finish(Duration::ZERO).await;
}

#[tokio::test]
async fn only_what_was_asked_for_is_told() {
    let mut receiver = Receiver::start(|_| Manner::status(200)).await;
    let mut narrow = hook(receiver.url());
    narrow.kinds = kind::Kinds::named(["session", "archive"]).expect("kinds");
    narrow.project = Some(PROJECT.to_owned());
    let webhooks = started(&settings(vec![narrow]), &memory());
    let other = SessionAddress { project: "other".into(), session: "a".into() };
    let reason = Reason::ClientDisconnected;
    let left = Event::ConnectionDestroyed { connection: Connection::default(), reason };
    let batch = vec![
        (other, Event::SessionCreated),
        (session("a"), Event::SessionCreated),
        (session("a"), joined(1)),
        (session("a"), left),
        (session("a"), Event::SessionDestroyed),
    ];
    take(&webhooks, batch).await;
    let webhooks_too = Arc::clone(&webhooks);
    let archive = json!({"id": "x", "status": "stopped"});
    spawn_blocking(move || webhooks_too.archive(PROJECT, "a", archive)).await.expect("taken");
    let told: Vec<_> =
        receiver.requests(3).await.iter().map(|request| request.json()["event"].clone()).collect();
    assert_eq!(told, ["sessionCreated", "sessionDestroyed", "archive"]);
    settled(&webhooks).await;
    assert_eq!(webhooks.counts().delivered, 3);
}

#[tokio::test]
async fn registrations_last_and_can_be_taken_back() {
    let mut receiver =
        Receiver::start(|request| Manner::status(if connection_of(request) == 0 { 200 } else { 500 })).await;
    let store = memory();
    let wish = |group: &str, event: &str, url: &str| Wish {
        group: group.into(),
        event: event.into(),
        url: url.into(),
        secret: SigningSecret::new("hush"),
    };
    let url = receiver.url().as_str().to_owned();
    let first = started(&settings(Vec::new()), &store);
    assert_eq!(first.register(PROJECT, wish("stream", "status", &url)).await, Err(WishError::Event));
    let refused = first.register(PROJECT, wish("stream", "created", "ftp://h/")).await;
    assert_eq!(refused, Err(WishError::Url(UrlError::Scheme)));
    let created = first.register(PROJECT, wish("connection", "created", &url)).await.expect("granted");
    assert_eq!(first.register(PROJECT, wish("connection", "created", &url)).await, Ok(created.clone()));
    first.finish(DEADLINE).await;

    let second = started(&settings(Vec::new()), &store);
    assert_eq!(second.registrations(PROJECT), std::slice::from_ref(&created));
    assert!(second.registrations("other").is_empty());
    take(&second, events(&["a"], 3)).await;
    let request = receiver.request().await;
    verified(&request.headers["authorization"], b"hush");
    assert_eq!(connection_of(&receiver.request().await), 1);
    assert_eq!(second.unregister("other", &created.id).await, Ok(false));
    assert_eq!(second.unregister(PROJECT, &created.id).await, Ok(true));
    assert_eq!(second.unregister(PROJECT, &created.id).await, Ok(false));
    assert_eq!(second.counts().waiting, 0, "what waited is dropped");
    take(&second, events(&["a"], 3)).await;
    second.finish(DEADLINE).await;
    assert_eq!(kept(&store), 0);
    let third = started(&settings(Vec::new()), &store);
    assert!(third.registrations(PROJECT).is_empty());

    // All of a project that is no more.
    for event in ["created", "destroyed"] {
        third.register(PROJECT, wish("stream", event, &url)).await.expect("granted");
    }
    assert_eq!(third.forget(PROJECT).await, Ok(()));
    assert!(third.registrations(PROJECT).is_empty());
    assert_eq!(ledger::registrations(&store), Ok(Vec::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_is_taken_back_while_something_happens_stays_so() {
    let webhooks = Arc::new(opened(&settings(Vec::new()), true).expect("webhooks"));
    let mut wish = wish_for("http://127.0.0.1:9/");
    wish.group = "connection".into();
    let is_over = Arc::new(AtomicBool::new(false));
    let (is_over_too, webhooks_too) = (Arc::clone(&is_over), Arc::clone(&webhooks));
    let happens = spawn_blocking(move || {
        while !is_over_too.load(Ordering::Relaxed) {
            let noted = Noted { session: session("a"), unix_ms: unix_ms(), event: joined(1) };
            webhooks_too.take(&[noted]);
        }
    });
    for _ in 0..300 {
        let made = webhooks.register(PROJECT, wish.clone()).await.expect("granted");
        assert_eq!(webhooks.unregister(PROJECT, &made.id).await, Ok(true));
    }
    is_over.store(true, Ordering::Relaxed);
    happens.await.expect("an end");
    let receivers = webhooks.queue.lock().receivers();
    assert_eq!((receivers, webhooks.counts().waiting), (0, 0));
}

#[tokio::test]
async fn a_registration_is_in_the_database_before_anybody_sees_it() {
    let store = memory();
    let webhooks = Webhooks::open(&settings(Vec::new()), true, Arc::clone(&store)).expect("webhooks");
    let (open, opens) = std::sync::mpsc::channel::<()>();
    let busy = tokio::spawn(async move {
        let waits = store.write(move |_| {
            let _ = opens.recv();
            Ok(())
        });
        waits.await
    });
    tokio::task::yield_now().await;
    let wish = wish_for("http://127.0.0.1:9/");
    let mut one = Box::pin(webhooks.register(PROJECT, wish.clone()));
    let mut same = Box::pin(webhooks.register(PROJECT, wish));
    for wish in [&mut one, &mut same] {
        assert!(timeout(Duration::ZERO, wish).await.is_err(), "nothing is written yet");
    }
    assert_eq!(webhooks.registrations(PROJECT), []);
    drop(open);
    busy.await.expect("an end").expect("written");
    let one = one.await.expect("granted");
    assert_eq!(same.await, Ok(one.clone()));
    assert_eq!(webhooks.registrations(PROJECT), [one]);
}

#[tokio::test]
async fn a_registration_that_is_not_written_is_none() {
    let store = memory();
    let webhooks = Webhooks::open(&settings(Vec::new()), true, Arc::clone(&store)).expect("webhooks");
    store.close();
    let wish = wish_for("http://127.0.0.1:9/");
    assert_eq!(webhooks.register(PROJECT, wish).await, Err(WishError::Store(StoreError::Closed)));
    assert_eq!(webhooks.registrations(PROJECT), []);
}

fn opened(settings: &Settings, is_local: bool) -> io::Result<Webhooks> {
    Webhooks::open(settings, is_local, memory())
}

fn wish_for(url: &str) -> Wish {
    Wish { group: "stream".into(), event: "created".into(), url: url.into(), secret: None }
}

#[tokio::test]
async fn a_server_that_is_open_to_others_registers_no_receiver_of_its_network() {
    let webhooks = opened(&settings(Vec::new()), false).expect("webhooks");
    for url in ["http://127.0.0.1/", "http://[::1]/", "http://localhost/", "http://169.254.169.254/latest"] {
        let refused = webhooks.register(PROJECT, wish_for(url)).await;
        assert_eq!(refused, Err(WishError::Url(UrlError::Near)), "{url}");
    }
    let local = hook(HookUrl::parse("http://10.0.0.1/secret-path").expect("a URL"));
    let error = opened(&settings(vec![local.clone()]), false).err().expect("an error").to_string();
    assert!(error.contains("webhook_private_targets") && !error.contains("secret-path"), "{error}");
    let allowed = Settings { private_targets: Some(true), ..settings(vec![local]) };
    assert!(opened(&allowed, false).is_ok());
}

/// Such as one behind a proxy, which is open to others all the same.
#[tokio::test]
async fn a_server_that_listens_here_reaches_this_machine_and_not_its_networks() {
    let webhooks = opened(&settings(Vec::new()), true).expect("webhooks");
    for url in
        ["http://169.254.169.254/latest", "http://10.0.0.5:6379/", "http://[fd00::1]/", "http://0.0.0.0/"]
    {
        let refused = webhooks.register(PROJECT, wish_for(url)).await;
        assert_eq!(refused, Err(WishError::Url(UrlError::Near)), "{url}");
    }
    for url in ["http://127.0.0.1/", "http://[::1]/", "http://localhost/"] {
        assert!(webhooks.register(PROJECT, wish_for(url)).await.is_ok(), "{url}");
    }
}
