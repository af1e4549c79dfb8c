//! The end of a server that lets those who are there go on for a while.

use super::Signals;
use otc_server::Server;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tracing::info;

/// How late it may be noticed that nobody is left.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Waits until nobody is in a session any more, but not for longer than `within`, and not when it is told to stop again.
pub(super) async fn drain(server: &Server, within: Duration, signals: &mut Signals) {
    server.app().drain();
    let why = tokio::select! {
        left = timeout(within, nobody_left(server)) => match left {
            Ok(()) => "nobody is left",
            Err(_) => "drain_seconds are over",
        },
        () = signals.told_to_stop(server) => "told to stop again",
    };
    info!(sessions = server.app().registry.sessions(), "drained: {why}");
}

async fn nobody_left(server: &Server) {
    let mut look = interval(LOOK_EVERY);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        look.tick().await;
        if server.app().registry.sessions() == 0 {
            return;
        }
    }
}
