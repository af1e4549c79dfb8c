//! From silence to `on_reconnecting`.

use super::{Figure, Target, micros};
use crate::client::command::Until;
use crate::outcome::What;
use crate::proxy::Way;
use crate::row::Plan;
use crate::world::{Path, SOON, World};
use otc_harness::Error;
use otc_harness::stats::quantile;
use otc_protocol::limits::CLIENT_SILENCE;
use std::thread::sleep;
use std::time::Duration;

/// Signals in a second and member, so that something has been heard right before the silence: the longest time that it
/// can take.
const RATE: u32 = 50;

pub(super) fn measure(plan: &Plan) -> Result<Vec<Figure>, Error> {
    let rounds = if plan.quick { 1 } else { 5 };
    let mut world = World::new(plan, &[])?;
    world.gather([Path::Proxy, Path::Proxy])?;
    world.noise_at(Some(RATE))?;
    let mut noticed = Vec::new();
    for round in 1..=rounds {
        sleep(Duration::from_secs(1));
        let since = world.proxy.silence(&[Way::Up, Way::Down]);
        world.until(&Until::Left { times: round }, SOON)?;
        world.proxy.silence(&[]);
        world.until(&Until::Returned { times: round }, SOON)?;
        let accounts = world.accounts()?;
        let told = accounts.iter().filter_map(|account| account.times(&What::Reconnecting).last().copied());
        noticed.extend(told.map(|told| micros(since, told) / 1e6));
    }
    let [middle, most] = [0.5, 1.0].map(|share| quantile(&noticed, share));
    Ok(vec![Figure {
        what: format!("from silence to `on_reconnecting`, median and longest of {}", noticed.len()),
        measured: format!("{middle:.2} s, {most:.2} s"),
        baseline: format!("the limit: {:.1} s", CLIENT_SILENCE.as_secs_f64()),
        target: Some(Target { text: "below 6 s", met: most < 6.0 }),
    }])
}
