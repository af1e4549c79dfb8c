//! A server that is told to stop, and leaves its sessions to the next one.

use super::{Plan, Row, conclude};
use crate::leftover;
use crate::outcome::Outcome;
use crate::world::{Path, World};
use otc_harness::Error;
use otc_harness::server::{Server, otc_server};
use std::fs;
use std::path::PathBuf;
use std::thread::sleep;
use std::time::Duration;

pub(super) const RESTARTED: Row = Row {
    name: "restarted",
    what: "SIGTERM to a server with `--data`, which is started again, while everybody sends",
    quick: true,
    run,
};

/// Signals in a second and member: who comes back last is owed what those who are back have said meanwhile.
const RATE: u32 = 1000;

fn run(plan: &Plan, outcome: &mut Outcome) -> Result<(), Error> {
    let rounds = if plan.quick { 2 } else { 8 };
    let folder = Folder::new()?;
    let data = folder.0.to_str().ok_or("a folder whose name is text")?;
    let options = ["--data", data];
    let mut world = World::new(plan, &options)?;
    world.gather([Path::Proxy, Path::Direct])?;
    world.noise_at(Some(RATE))?;
    for _ in 0..rounds {
        sleep(Duration::from_millis(world.roll(200, 1500)));
        let status = world.server.process.terminate()?;
        if !status.success() {
            return Err(format!("the server ended with {status}").into());
        }
        // Sometimes the next one is long in coming.
        sleep(Duration::from_millis(world.roll(0, 2) * 1000));
        let address = world.server.address().to_owned();
        world.server = Server::start_with(otc_server(&plan.server), &address, &options)?;
        outcome.faults += 1;
    }
    conclude(&mut world, outcome).map(drop)
}

/// A folder that is there for as long as this.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self, Error> {
        let path = leftover::own_folder();
        fs::create_dir_all(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Nothing depends on it any more.
        let _ = fs::remove_dir_all(&self.0);
    }
}
