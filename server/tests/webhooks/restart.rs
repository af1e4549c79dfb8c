//! What was not delivered is delivered by the next server.

use crate::member::Member;
use crate::process::{KEY, Process, SECRET, Site};
use crate::receiver::{Receiver, Told};
use crate::support::{Request, rest_token};
use rustix::process::Signal;
use serde_json::json;
use std::fs::Permissions;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;

fn address(server: &Process) -> SocketAddr {
    server.address().parse().expect("an address")
}

fn call(server: &Process, line: &str) -> Request {
    Request::new(line).header("X-OPENTOK-AUTH", &rest_token(KEY, SECRET)).header("Host", server.address())
}

fn register(server: &Process, url: &str) {
    for group in ["session", "connection"] {
        for event in ["created", "destroyed"] {
            let wish = json!({"group": group, "event": event, "url": url}).to_string();
            let request = call(server, &format!("POST /v2/project/{KEY}/callback"));
            assert_eq!(request.body("application/json", wish).send(address(server)).status, 200);
        }
    }
}

/// Somebody comes and is sent away: four events.
fn visit(server: &Process, site: &Site) -> String {
    let member = Member::join_with(address(server), &site.session, &site.token()).expect("joined");
    let line = format!("DELETE /v2/project/{KEY}/session/{}/connection/{}", site.session, member.id);
    assert_eq!(call(server, &line).send(address(server)).status, 204);
    member.id
}

fn events(told: &[Told]) -> Vec<(String, String)> {
    let connection = |told: &Told| told.json()["connection"]["id"].as_str().unwrap_or_default().to_owned();
    told.iter().map(|told| (told.event(), connection(told))).collect()
}

fn visits(ids: &[String]) -> Vec<(String, String)> {
    let one = |id: &String| {
        [
            ("sessionCreated".to_owned(), String::new()),
            ("connectionCreated".to_owned(), id.clone()),
            ("connectionDestroyed".to_owned(), id.clone()),
            ("sessionDestroyed".to_owned(), String::new()),
        ]
    };
    ids.iter().flat_map(one).collect()
}

#[test]
fn a_stopped_and_a_killed_server_leave_what_was_not_taken() {
    let site = Site::new();
    let (receiver, well) = (Receiver::start(), Receiver::start());
    let first = site.start();
    register(&first, &receiver.url());
    register(&first, &well.url());
    let mut ids = vec![visit(&first, &site)];
    let mut told = receiver.taken(4);

    receiver.answer(500);
    ids.push(visit(&first, &site));
    let tried = receiver.next();
    first.stop();

    let second = site.start();
    ids.push(visit(&second, &site));
    // What one receiver has been told is in the database for the other one.
    let well_told = well.taken(12);
    second.signal(Signal::KILL);
    second.ended();

    receiver.answer(200);
    let third = site.start();
    ids.push(visit(&third, &site));
    told.extend(receiver.taken(12));
    assert_eq!(events(&told), visits(&ids), "once and in order");
    assert_eq!(events(&well_told), visits(&ids[..3]));
    assert_eq!(told[4].id(), tried.id(), "the same event has the same id");
    assert!((0..12).all(|index| told[index].id() == well_told[index].id()));
    third.stop();
}

#[test]
fn receivers_of_the_configuration_are_told() {
    let site = Site::new();
    let (all, some) = (Receiver::start(), Receiver::start());
    let file = site.data.with_extension("toml");
    let text = format!(
        "[[webhooks]]\nurl = \"{}\"\nsecret = \"hush\"\n\
         [[webhooks]]\nurl = \"{}\"\nproject = \"{KEY}\"\nevents = [\"sessionDestroyed\"]\n",
        all.url(),
        some.url()
    );
    std::fs::write(&file, text).expect("a file");
    // It has a secret.
    std::fs::set_permissions(&file, Permissions::from_mode(0o600)).expect("our file");
    let arguments = ["--config", file.to_str().expect("a path")];
    let server = site.spawn("127.0.0.1:0", &arguments).listening().expect("a server");
    let id = visit(&server, &site);
    let told = all.taken(4);
    assert_eq!(events(&told), visits(&[id]));
    for told in &told {
        told.verified("hush");
    }
    let told = some.next();
    assert_eq!(told.event(), "sessionDestroyed");
    assert!(!told.headers.contains_key("authorization"));
    let log = server.stop();
    assert!(!log.contains("hush"), "{log}");
    std::fs::remove_file(&file).expect("our file");
}

#[test]
fn a_receiver_of_a_project_that_is_not_known_is_warned_of() {
    let site = Site::new();
    let hooks = "[[webhooks]]\nurl = \"http://127.0.0.1:9/\"\nproject = \"typo\"\n\
                 [[webhooks]]\nurl = \"http://127.0.0.1:9/\"\nproject = \"123456\"\n";
    let file = site.file("hooks", hooks);
    let server = site.spawn("127.0.0.1:0", &["--config", &file]).listening().expect("a free port");
    let log = server.stop();
    assert!(log.contains("no project of that id is known") && log.contains("project=typo"), "{log}");
    assert!(!log.contains("project=123456"), "{log}");
}
