//! What one process hands over, changed by somebody's hand.

use super::freezing::{busy, closes, come_back};
use super::world::World;
use crate::sessions::{Snapshot, Unfit};
use otc_protocol::envelope;
use otc_protocol::limits::RESUME_GRACE;
use proptest::prelude::*;
use serde_json::{Value, json};

/// Every place in a JSON text, as the steps that lead to it.
fn places(value: &Value, here: &mut Vec<String>, all: &mut Vec<Vec<String>>) {
    all.push(here.clone());
    let mut visit = |step: String, value: &Value| {
        here.push(step);
        places(value, here, all);
        here.pop();
    };
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| visit(key.clone(), value)),
        Value::Array(array) => {
            array.iter().enumerate().for_each(|(index, value)| visit(index.to_string(), value));
        }
        _ => {}
    }
}

fn at<'a>(value: &'a mut Value, steps: &[String]) -> Option<&'a mut Value> {
    steps.iter().try_fold(value, |value, step| match value {
        Value::Object(map) => map.get_mut(step),
        Value::Array(array) => array.get_mut(step.parse::<usize>().ok()?),
        _ => None,
    })
}

/// What a hand could put in place of what is there.
fn replacement() -> impl Strategy<Value = Option<Value>> {
    prop_oneof![
        Just(None),
        prop::sample::select(vec![0u64, 1, 2, 3, 5, 1 << 40, 1 << 62, u64::MAX])
            .prop_map(|number| Some(json!(number))),
        prop::sample::select(vec!["", "a", "p", "socket-p", "st", "sub", "AAAA", "é", "symphony.h"])
            .prop_map(|text| Some(json!(text))),
        Just(Some(Value::Null)),
        Just(Some(json!([]))),
        Just(Some(json!({}))),
        Just(Some(json!(-1.5))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    /// Whatever is in it, a snapshot is refused or makes a server that works.
    #[test]
    fn a_tampered_snapshot_harms_nobody(
        changes in prop::collection::vec((any::<prop::sample::Index>(), replacement(), any::<bool>()), 1..4)
    ) {
        let mut world = World::new();
        let (mut publisher, _subscriber, mut moderator, _gone) = busy(&world);
        let mut snapshot: Value = serde_json::from_slice(&world.freeze()).expect("JSON");
        for (place, new, twice) in changes {
            let mut all = Vec::new();
            places(&snapshot, &mut Vec::new(), &mut all);
            let steps = place.get(&all);
            if twice && let Some(Value::Array(array)) = at(&mut snapshot, steps) {
                array.extend_from_within(..);
            } else if let Some(target) = at(&mut snapshot, steps) {
                // Without a replacement: what another place holds.
                let other = all[steps.len() * 31 % all.len()].clone();
                let taken = new.is_none().then(|| target.clone());
                *target = new.unwrap_or(Value::Null);
                if let (Some(taken), Some(other)) = (taken, at(&mut snapshot, &other)) {
                    *other = taken;
                }
            }
        }
        let tampered = serde_json::to_vec(&snapshot).expect("JSON");
        if world.restore(&tampered).is_ok() {
            for client in [&mut publisher, &mut moderator] {
                come_back(&world, client);
                if closes(client).is_empty() {
                    client.signal(&world, "on");
                    client.request(&world, "read", "", json!({}));
                    let path = "/stream/st/subscriber/sub";
                    let names = client.peers.get(path).cloned().unwrap_or_else(|| json!({}));
                    client.request(&world, "offer", path, names);
                    client.request(&world, "delete", "/connection/s", json!({}));
                    client.send(&world, envelope::leave());
                }
            }
            let mut newcomer = world.client("n");
            newcomer.join(&world, "publisher|");
            newcomer.cut(&world);
            world.pass(3 * RESUME_GRACE);
            prop_assert_eq!((world.registry.sockets(), world.registry.sessions()), (0, 0));
            let again: Snapshot = world.registry.freeze(world.now);
            prop_assert_eq!(again.lines(), 0);
        }
    }
}

#[test]
fn what_cannot_be_is_refused_with_its_name() {
    let world = World::new();
    let _session = busy(&world);
    let snapshot: Value = serde_json::from_slice(&world.freeze()).expect("JSON");
    let refused = |change: &dyn Fn(&mut Value)| {
        let mut changed = snapshot.clone();
        change(&mut changed["rooms"][0]);
        World::new().restore(&serde_json::to_vec(&changed).expect("JSON")).map_err(|Unfit(what)| what)
    };
    assert_eq!(refused(&|_| ()), Ok(()));
    assert_eq!(
        refused(&|room| room["lines"][1]["socket"] = json!("socket-p")),
        Err("a socket that is there twice")
    );
    assert_eq!(
        refused(&|room| room["lines"][1]["connection"] = json!("p")),
        Err("a connection that is there twice")
    );
    assert_eq!(refused(&|room| room["lines"][1]["member"] = json!(1)), Err("the number of a line"));
    assert_eq!(
        refused(&|room| room["lines"][0]["owed"][0][1] = json!(99_999)),
        Err("a message that is not there")
    );
    assert_eq!(refused(&|room| room["head"]["next_sequence"] = json!(1)), Err("the place of a message"));
    assert_eq!(refused(&|room| room["streams"][0]["owner"] = json!(99)), Err("a stream without an owner"));
    assert_eq!(refused(&|room| room["lines"] = json!([])), Err("a subscriber without a member"));
    assert_eq!(refused(&|room| room["head"]["next_sequence"] = json!(u64::MAX)), Err("a count"));
}
