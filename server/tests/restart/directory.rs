//! The data directory of a real server.

use super::process::{Site, listing};
use rustix::process::Signal;
use std::os::unix::fs::PermissionsExt;

#[test]
fn a_server_that_nobody_was_in_leaves_an_empty_hand_over() {
    let site = Site::new();
    let log = site.start().stop();
    assert!(log.contains("sessions left for the next server sessions=0"), "{log}");
    assert_eq!(listing(&site.data), ["archives", "lock", "otc-server.redb", "sessions.handover"]);
    let mode = |path: &std::path::Path| std::fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!((mode(&site.data), mode(&site.data.join("sessions.handover"))), (0o700, 0o600));
    let server = site.start();
    assert_eq!(
        listing(&site.data),
        ["archives", "lock", "otc-server.redb"],
        "it is taken before anybody is served"
    );
    // SIGINT is as good.
    server.signal(Signal::INT);
    let (status, log) = server.ended();
    assert!(status.success() && log.contains("sessions left"), "{status}: {log}");
}

#[test]
fn rubbish_in_the_directory_stops_no_server() {
    let site = Site::new();
    std::fs::create_dir(&site.data).expect("a new directory");
    std::fs::write(site.data.join("sessions.handover"), "rubbish").expect("room on the disk");
    std::fs::write(site.data.join("sessions.handover.new"), "half of one").expect("room on the disk");
    let server = site.start();
    assert_eq!(listing(&site.data), ["archives", "lock", "otc-server.redb"]);
    let log = server.stop();
    assert!(log.contains("is of no use; starting without sessions") && log.contains("damaged"), "{log}");
}

#[test]
fn sessions_that_cannot_be_left_are_an_error() {
    let site = Site::new();
    let server = site.start();
    std::fs::create_dir(site.data.join("sessions.handover.new")).expect("our directory");
    server.signal(Signal::TERM);
    let (status, log) = server.ended();
    assert_eq!(status.code(), Some(1), "{log}");
    assert!(log.contains("the sessions are lost, ") && log.contains("sessions.handover"), "{log}");
}

#[test]
fn a_directory_that_is_none_is_an_error() {
    let site = Site::new();
    std::fs::write(&site.data, "a file").expect("room on the disk");
    let Err(log) = site.spawn("127.0.0.1:0", &[]).listening() else { panic!("it must not start") };
    assert!(log.contains("the data directory") && log.contains(&*site.data.to_string_lossy()), "{log}");
    std::fs::remove_file(&site.data).expect("our file");
}

/// An address that is taken must not cost the sessions that wait to be carried on.
#[test]
fn a_server_that_cannot_listen_takes_nothing() {
    let site = Site::new();
    site.start().stop();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("bound").to_string();
    let Err(log) = site.spawn(&address, &[]).listening() else { panic!("it must not start") };
    assert!(log.contains(&format!("cannot listen on {address}")), "{log}");
    assert_eq!(listing(&site.data), ["archives", "lock", "otc-server.redb", "sessions.handover"]);
}
