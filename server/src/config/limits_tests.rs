//! What `[limits]` may say.

use super::tests::with_file;
use super::*;
use crate::sessions::SignalRate;

#[test]
fn rates_are_set_and_bounded() {
    let rates = |text: &str| {
        let (config, _) = with_file(text, Given::default()).map_err(|error| error.to_string())?;
        Ok((config.rest_rates.per_second, config.rest_rates.failed_per_second))
    };
    assert_eq!(rates(""), Ok((200, 10)));
    assert_eq!(rates("[limits]\nrest_per_second = 5\nfailed_rest_per_second = 0"), Ok((5, 0)));
    let refusal: Result<_, String> = rates("[limits]\nrest_per_second = 1000001");
    assert!(refusal.unwrap_err().contains("rest_per_second is more than 1000000"));
    assert!(rates("[limits]\nrest_per_hour = 1").unwrap_err().contains("unknown field"));
}

#[test]
fn limits_of_rooms_are_set_and_bounded() {
    let rooms = |text: &str| {
        let (config, _) = with_file(text, Given::default()).map_err(|error| error.to_string())?;
        let rooms = config.rooms;
        Ok((rooms.session_connections, rooms.session_streams, rooms.signal_rate))
    };
    let rate = |per_second, burst| SignalRate::new(per_second, Some(burst));
    assert_eq!(rooms(""), Ok((15_000, 3_000, None)));
    assert_eq!(
        rooms("[limits]\nconnections_per_session = 2\nstreams_per_session = 1\nsignals_per_second = 1000"),
        Ok((2, 1, rate(1000, 5000)))
    );
    assert_eq!(
        rooms("[limits]\nsignals_per_second = 1\nsignal_burst = 20").map(|rooms| rooms.2),
        Ok(rate(1, 20))
    );
    assert_eq!(rooms("[limits]\nsignals_per_second = 0").map(|rooms| rooms.2), Ok(None));
    for (text, expected) in [
        ("connections_per_session = 0", "connections_per_session is not between 1 and 15000"),
        ("connections_per_session = 15001", "between 1 and 15000"),
        ("streams_per_session = 3001", "streams_per_session is not between 1 and 3000"),
        ("signal_burst = 5", "without signals_per_second"),
        ("signals_per_second = 1000001", "signals_per_second is more than 1000000"),
        ("signals_per_second = 1\nsignal_burst = 21", "20 times signals_per_second"),
        ("signals_per_second = 1\nsignal_burst = 0", "signal_burst is not between 1"),
        ("signals_per_second = -1", "line 2"),
    ] {
        let message: String = rooms(&format!("[limits]\n{text}")).unwrap_err();
        assert!(message.contains(expected), "{message} should say {expected}");
    }
}

#[test]
fn limits_of_the_listener_are_numbers_within_bounds() {
    let limits = |text: &str| {
        Ok::<_, ConfigError>(with_file(&format!("[limits]\n{text}"), Given::default())?.0.listener)
    };
    assert_eq!(limits("").unwrap(), listener::Settings::default());
    let set =
        "connections_per_address = 20\narrivals_per_address = 5\nhead_seconds = 3\nhandshake_seconds = 2";
    let expected = listener::Settings {
        connections_per_address: 20,
        arrivals_per_address: Some(5),
        head_timeout: Duration::from_secs(3),
        handshake_timeout: Duration::from_secs(2),
        ..listener::Settings::default()
    };
    assert_eq!(limits(set).unwrap(), expected);
    for (name, above) in [
        ("connections_per_address", 65_537),
        ("arrivals_per_address", 1_000_001),
        ("head_seconds", 301),
        ("handshake_seconds", 61),
    ] {
        for value in [0, above] {
            let said = limits(&format!("{name} = {value}")).unwrap_err().to_string();
            assert!(said.contains(name) && said.contains("from 1 to"), "{said}");
        }
        assert!(limits(&format!("{name} = -1")).is_err());
        assert!(limits(&format!("{name} = {}", above - 1)).is_ok());
    }
    assert!(limits("sockets_per_address = 1").is_err());
}
