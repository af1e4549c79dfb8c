//! Random sessions: whatever is cut and whenever, signals arrive exactly once and in each sender's order.

use super::world::{Client, Heard, World, signal_data};
use otc_protocol::{Moment, envelope};
use proptest::prelude::*;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// What happens next, to one of the clients.
#[derive(Clone, Debug)]
enum Event {
    Signal,
    /// A direct signal to another one.
    Whisper(usize),
    Listen,
    /// A signal into a socket that is cut: the server never sees it.
    SignalIntoCut,
    /// What arrived is lost with the socket.
    Cut,
    /// The socket is cut and what it was just given has been read.
    CutAfterReading,
    Resume,
    /// The client comes back while the server still believes in the old socket.
    ResumeEarly,
    Wait(u64),
    /// Another process takes the server over. The client reads what its old socket still brings, and says more into it.
    Restart,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => Just(Event::Signal),
        2 => (0usize..4).prop_map(Event::Whisper),
        4 => Just(Event::Listen),
        1 => Just(Event::SignalIntoCut),
        2 => Just(Event::Cut),
        1 => Just(Event::CutAfterReading),
        3 => Just(Event::Resume),
        1 => Just(Event::ResumeEarly),
        1 => (0u64..4000).prop_map(Event::Wait),
        1 => Just(Event::Restart),
    ]
}

/// A client as the published ones are: it repeats unanswered requests after coming back (`wire.md §3.5`).
struct Player {
    client: Client,
    open: bool,
    away_since: Moment,
    unanswered: VecDeque<(String, bytes::Bytes)>,
    sent: u32,
    /// By sender, in the order of their arrival.
    heard: BTreeMap<String, Vec<String>>,
}

impl Player {
    fn new(world: &World, index: usize) -> Self {
        let client = world.join(&format!("c{index}"), "publisher|");
        Self {
            client,
            open: true,
            away_since: world.now,
            unanswered: VecDeque::new(),
            sent: 0,
            heard: BTreeMap::new(),
        }
    }

    fn cut(&mut self, world: &World) {
        self.client.cut(world);
        self.open = false;
        self.away_since = world.now;
    }

    fn signal(&mut self, world: &World, path: &str, data: &str) {
        self.sent += 1;
        let transaction = self.client.new_transaction();
        let message = self.client.message("signal", path, serde_json::json!({ "data": data }));
        let frame = self.client.request_frame(&transaction, &message, None);
        if self.open {
            self.client.send(world, frame.clone());
        }
        self.unanswered.push_back((transaction, frame));
    }

    /// Whether there was something to hear. What is acknowledged makes room for more.
    fn listen(&mut self, world: &World) -> bool {
        let news = self.client.listen(world);
        let heard_something = !news.is_empty();
        for heard in &news {
            if let Heard::Status { transaction, code, .. } = heard {
                assert_eq!(*code, 200);
                self.unanswered.retain(|(unanswered, _)| unanswered != transaction);
            }
        }
        let signals = news.into_iter().filter_map(|heard| match heard {
            Heard::Message { from, json, .. } if json["method"] == "signal" => {
                Some((from, "signal".to_owned(), String::new(), json["content"].clone()))
            }
            _ => None,
        });
        for (from, data) in signal_data(&signals.collect::<Vec<_>>()) {
            self.heard.entry(from.to_owned()).or_default().push(data.to_owned());
        }
        heard_something
    }

    fn resume(&mut self, world: &World) {
        self.client.open(world, true);
        self.open = true;
        for (_, frame) in self.unanswered.clone() {
            self.client.send(world, frame);
        }
    }
}

const PLAYERS: usize = 4;
/// With one more wait, still within the grace.
const LONGEST_AWAY: Duration = Duration::from_secs(40);

fn play(events: &[(usize, Event)]) {
    let mut world = World::new();
    let mut players: Vec<Player> = (0..PLAYERS).map(|index| Player::new(&world, index)).collect();
    for player in &mut players {
        player.listen(&world);
    }
    // What each is to hear of each, in order.
    let mut expected: Vec<BTreeMap<String, Vec<String>>> = vec![BTreeMap::new(); PLAYERS];
    let mut stale = Vec::new();
    for (who, event) in events {
        let player = &mut players[*who];
        let (name, data) = (player.client.id.clone(), format!("{}-{}", player.client.id, player.sent));
        match event {
            Event::Signal | Event::SignalIntoCut => {
                if matches!(event, Event::SignalIntoCut) && player.open {
                    player.cut(&world);
                }
                player.signal(&world, "/signal/s", &data);
                for expected in &mut expected {
                    expected.entry(name.clone()).or_default().push(data.clone());
                }
            }
            Event::Whisper(to) => {
                player.signal(&world, &format!("/connection/c{to}/signal/s"), &data);
                expected[*to].entry(name).or_default().push(data);
            }
            Event::Listen if player.open => {
                player.listen(&world);
            }
            Event::Cut | Event::CutAfterReading if player.open => {
                if matches!(event, Event::CutAfterReading) {
                    player.listen(&world);
                }
                player.cut(&world);
            }
            Event::Resume if !player.open => player.resume(&world),
            Event::ResumeEarly if player.open => {
                stale.extend(player.client.go_dead());
                player.resume(&world);
            }
            Event::Restart => {
                let frozen = world.freeze();
                let said = player.open;
                if said {
                    player.signal(&world, "/signal/s", &data);
                    player.listen(&world);
                    for expected in &mut expected {
                        expected.entry(name.clone()).or_default().push(data.clone());
                    }
                }
                world.restore(&frozen).expect("what was frozen is restored");
                for player in &mut players {
                    player.cut(&world);
                }
            }
            Event::Wait(millis) => {
                world.pass(Duration::from_millis(*millis));
                for player in &mut players {
                    if player.open {
                        player.client.send(&world, envelope::ping());
                    } else if world.now - player.away_since > LONGEST_AWAY {
                        player.resume(&world);
                    }
                }
            }
            _ => {}
        }
    }
    // What is left of replaced sockets ends late and harms nobody.
    for seat in stale {
        seat.lost(world.now);
    }
    for player in players.iter_mut().filter(|player| !player.open) {
        player.resume(&world);
    }
    // Whoever was cut off again and again gets little at once, so this goes on until there is nothing more.
    while players.iter_mut().filter_map(|player| player.listen(&world).then_some(())).count() > 0 {}
    for (player, expected) in players.iter().zip(&expected) {
        assert_eq!(&player.heard, expected, "at {}", player.client.id);
        assert!(player.unanswered.is_empty());
    }
    let rosters =
        players.iter_mut().map(|player| player.client.call(&world, "read", "", serde_json::json!({})));
    let rosters: Vec<_> = rosters.collect();
    for (code, roster) in &rosters {
        assert_eq!((*code, roster), (200, &rosters[0].1), "everybody sees the same session");
        assert_eq!(roster["content"]["connection"].as_array().map(Vec::len), Some(PLAYERS));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn signals_arrive_exactly_once_and_in_order(
        events in prop::collection::vec((0..PLAYERS, event()), 0..80)
    ) {
        play(&events);
    }
}
