//! From a cut to `on_reconnected`.

use super::{Figure, Target, micros, spread};
use crate::client::command::{Command, Join, Until};
use crate::outcome::{Account, What};
use crate::row::Plan;
use crate::world::{Path, SOON, World};
use otc_harness::Error;
use otc_harness::server::new_session;
use otc_protocol::uuid;
use otc_server::keys::random;
use std::thread::sleep;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio_tungstenite::client_async;

/// Sessions, which are cut one after the other: each has been connected for more than two seconds when its turn comes
/// again, because a session that is cut right after its return does not try again at once.
const SESSIONS: u32 = 60;
/// Between two cuts.
const PAUSE: Duration = Duration::from_millis(50);

pub(super) fn measure(plan: &Plan) -> Result<Vec<Figure>, Error> {
    let cuts = if plan.quick { 60 } else { 600 };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut world = World::new(plan, &[])?;
    world.start(Path::Proxy)?;
    for room in 0..SESSIONS {
        let (url, session_id) = (world.proxy.url(), new_session(&plan.server)?);
        let join = Join { url, session_id, room, members: vec![room], window_millis: None };
        world.clients[0].done(&Command::Join(join))?;
    }
    world.until(&Until::Together { others: 0 }, SOON)?;
    sleep(Duration::from_secs(3));
    let (mut cut_at, mut dials) = (Vec::new(), Vec::new());
    for total in 1..=cuts {
        cut_at.push(world.proxy.cut_oldest()?);
        world.until(&Until::Returns { total }, SOON)?;
        dials.push(dial(&runtime, &world.proxy.url())?);
        sleep(PAUSE);
    }
    let accounts = world.accounts()?;
    let noticed = spread(&since(&cut_at, &accounts, &What::Reconnecting)?);
    let back = spread(&since(&cut_at, &accounts, &What::Reconnected)?);
    let bare = spread(&dials);
    let row = |what: &str, index: usize, text, most: f64| Figure {
        what: format!("from a cut to `on_reconnected`, {what} of {cuts}"),
        measured: format!("{:.1} ms", back[index]),
        baseline: format!("a bare TCP and WebSocket connect: {:.1} ms", bare[index]),
        target: Some(Target { text, met: back[index] < most }),
    };
    let noticing = Figure {
        what: "from a cut to `on_reconnecting`, median".to_owned(),
        measured: format!("{:.1} ms", noticed[0]),
        baseline: String::new(),
        target: None,
    };
    Ok(vec![row("median", 0, "below 20 ms", 20.0), row("99 %", 1, "below 100 ms", 100.0), noticing])
}

/// Microseconds from each cut to the callback that it led to: each session came back before the next one was cut.
fn since(cut_at: &[u64], accounts: &[Account], what: &What) -> Result<Vec<f64>, Error> {
    let mut told: Vec<u64> = accounts.iter().flat_map(|account| account.times(what)).collect();
    told.sort_unstable();
    if told.len() != cut_at.len() {
        return Err(format!("{} cuts, but {} times {what:?}", cut_at.len(), told.len()).into());
    }
    Ok(cut_at.iter().zip(told).map(|(cut, told)| micros(*cut, told)).collect())
}

/// Microseconds until a WebSocket of nobody's is open.
fn dial(runtime: &Runtime, url: &str) -> Result<f64, Error> {
    let id = || random().map(uuid::from_random);
    let address = url.trim_start_matches("http://");
    let url = format!("ws://{address}/rumorwebsocketsv2?socketId={}&attempt={}", id()?, id()?);
    let start = Instant::now();
    let (socket, _) = runtime.block_on(async {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok::<_, Error>(client_async(url, stream).await?)
    })?;
    let took = start.elapsed().as_secs_f64() * 1e6;
    drop(socket);
    Ok(took)
}
