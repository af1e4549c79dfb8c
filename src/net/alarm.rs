//! One timer, moved only when it must be: most deadlines move away with every frame.

use std::future::pending;
use std::pin::Pin;
use tokio::time::{Instant, Sleep, sleep_until};

/// Rings at the deadline at the latest. It may ring early, after a deadline has moved away.
#[derive(Default)]
pub(super) struct Alarm {
    wanted: bool,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Alarm {
    pub(super) fn set(&mut self, deadline: Option<Instant>) {
        self.wanted = deadline.is_some();
        let Some(deadline) = deadline else { return };
        match &mut self.sleep {
            None => self.sleep = Some(Box::pin(sleep_until(deadline))),
            Some(sleep) if sleep.is_elapsed() || sleep.deadline() > deadline => {
                sleep.as_mut().reset(deadline);
            }
            Some(_) => {}
        }
    }

    pub(super) async fn ring(&mut self) {
        match &mut self.sleep {
            Some(sleep) if self.wanted => sleep.as_mut().await,
            _ => pending().await,
        }
    }
}
