//! A bound on what strangers can make the server log: anybody can be refused as often as it likes, and each time is a line.

use crate::http::REQUEST_LOG;
use otc_protocol::limits::LOG_LINES_PER_SECOND;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use tokio::time::sleep;
use tracing::callsite::Identifier;
use tracing::{Event, Level, Metadata, Subscriber, warn};
use tracing_subscriber::layer::{Context, Filter};

/// Lets so many lines of each place in the program pass in a second; those that are asked for with `debug` and `trace`
/// all.
#[derive(Clone, Copy, Debug)]
pub struct LogFlood;

/// What one place has said.
struct Place {
    name: &'static str,
    /// Since then lines are counted.
    since: Instant,
    lines: u32,
    left_out: u64,
}

/// Rung when something is left out that nobody has been told of.
static LEFT_OUT: Notify = Notify::const_new();

static PLACES: Mutex<Option<HashMap<Identifier, Place>>> = Mutex::new(None);

const SECOND: Duration = Duration::from_secs(1);

impl<S: Subscriber> Filter<S> for LogFlood {
    fn enabled(&self, _: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        true
    }

    fn event_enabled(&self, event: &Event<'_>, _: &Context<'_, S>) -> bool {
        let metadata = event.metadata();
        let has_no_bound = [Some(module_path!()), Some(REQUEST_LOG)].contains(&metadata.module_path());
        if *metadata.level() > Level::INFO || has_no_bound {
            return true;
        }
        let mut places = PLACES.lock();
        let place = places.get_or_insert_default().entry(metadata.callsite()).or_insert_with(|| Place {
            name: metadata.name(),
            since: Instant::now(),
            lines: 0,
            left_out: 0,
        });
        place.has_room(Instant::now())
    }
}

impl Place {
    fn has_room(&mut self, now: Instant) -> bool {
        if now.duration_since(self.since) >= SECOND {
            (self.since, self.lines) = (now, 0);
        }
        self.lines += 1;
        let has_room = self.lines <= LOG_LINES_PER_SECOND;
        if !has_room {
            self.left_out += 1;
            if self.left_out == 1 {
                LEFT_OUT.notify_one();
            }
        }
        has_room
    }
}

/// Ends when lines have been left out, and the second is over in which that was. Then [`confess`] has something to say.
pub(crate) async fn left_out() {
    LEFT_OUT.notified().await;
    sleep(SECOND).await;
}

/// Says how many lines have been left out since the last time.
pub(crate) fn confess() {
    let mut left_out = Vec::new();
    let mut more = false;
    if let Some(places) = &mut *PLACES.lock() {
        let now = Instant::now();
        let silent = places.values_mut().filter(|place| place.left_out > 0);
        for place in silent.filter(|place| now.duration_since(place.since) >= SECOND) {
            left_out.push((place.name, std::mem::take(&mut place.left_out)));
        }
        more = places.values().any(|place| place.left_out > 0);
    }
    for (place, lines) in left_out {
        warn!(place, lines, "lines left out: more than {LOG_LINES_PER_SECOND} in a second");
    }
    if more {
        LEFT_OUT.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{self, Write};
    use std::sync::Arc;
    use tracing::info;
    use tracing_subscriber::fmt::MakeWriter;
    use tracing_subscriber::prelude::*;

    #[derive(Clone, Default)]
    struct Captured(Arc<Mutex<Vec<u8>>>);

    impl Write for Captured {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl MakeWriter<'_> for Captured {
        type Writer = Self;

        fn make_writer(&self) -> Self {
            self.clone()
        }
    }

    #[test]
    fn one_place_does_not_drown_the_others() {
        let captured = Captured::default();
        let layer = tracing_subscriber::fmt::layer().with_writer(captured.clone()).with_filter(LogFlood);
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            for _ in 0..10 * LOG_LINES_PER_SECOND {
                info!("refused");
                tracing::debug!("in detail");
            }
            info!("something else");
        });
        let text = String::from_utf8(captured.0.lock().clone()).expect("text");
        let count = |word: &str| text.lines().filter(|line| line.contains(word)).count();
        // A second may have ended in between.
        let bound = LOG_LINES_PER_SECOND as usize;
        assert!((bound..=3 * bound).contains(&count("refused")), "{}", count("refused"));
        assert_eq!((count("in detail"), count("something else")), (10 * bound, 1));
    }

    #[test]
    fn what_is_left_out_is_counted_and_the_next_second_has_room_again() {
        let begin = Instant::now();
        let mut place = Place { name: "x", since: begin, lines: 0, left_out: 0 };
        let passed = (0..LOG_LINES_PER_SECOND + 7).filter(|_| place.has_room(begin)).count();
        assert_eq!((passed, place.left_out), (LOG_LINES_PER_SECOND as usize, 7));
        assert!(place.has_room(begin + SECOND));
        assert_eq!(place.left_out, 7, "until it is told");
    }
}
