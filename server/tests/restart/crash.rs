//! What `kill -9` loses, and that it brings nothing back.

use super::process::{KEY, Site};
use super::program::{Heard, Program, Wishes};
use rustix::process::Signal;

/// Everything is in memory: whoever was in the session hears 1022, and may connect anew.
#[test]
fn a_killed_server_loses_its_sessions_and_the_next_one_says_so() {
    let site = Site::new();
    let first = site.start();
    let address = first.address().to_owned();
    let program =
        Program::new(KEY, &site.session, &Wishes { api_url: Some(&first.url), ..Wishes::default() });
    program.connect(&site.token());
    program.wait_for_connected();
    // What an orderly stop leaves is carried on once, and is gone when the server that has done so is killed.
    first.stop();
    let second = site.start_at(&address);
    program.wait_for(&Heard::Reconnected);
    assert_eq!(super::process::listing(&site.data), ["archives", "lock", "otc-server.redb"]);
    second.signal(Signal::KILL);
    second.ended();
    let third = site.start_at(&address);
    program.wait_for(&Heard::Reconnecting);
    match program.next() {
        Heard::Error { code: 1022, .. } => {}
        other => panic!("{other:?} instead of 1022"),
    }
    assert_eq!(program.next(), Heard::Disconnected);
    program.connect(&site.token());
    program.wait_for_connected();
    program.signal("on", "");
    assert!(matches!(program.next(), Heard::Signal { .. }));
    third.stop();
}
