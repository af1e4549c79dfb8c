//! A server, a bad network before it, and processes with members.

use crate::client::command::{Answer, Burst, Command, Join, Load, Until};
use crate::ledger::Number;
use crate::namespace::{self, Namespaces};
use crate::outcome::Account;
use crate::proxy::Proxy;
use crate::row::Plan;
use otc_harness::Error;
use otc_harness::process::Process;
use otc_harness::server::{Server, new_session, otc_server};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::process::Command as Program;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What a row plays with.
pub(crate) struct World {
    pub(crate) server: Server,
    pub(crate) proxy: Arc<Proxy>,
    pub(crate) clients: Vec<Client>,
    /// The kernel's own networks, if the row is about them. Removed after the processes in them.
    spaces: Option<Namespaces>,
    pub(crate) dice: StdRng,
    pub(crate) plan: Plan,
}

/// How a process reaches the server.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Path {
    /// Through the bad network.
    Proxy,
    /// As if there were no other.
    Direct,
    /// From the other end of the cable, in a world apart.
    Cable,
}

/// With this in the environment each session writes what it was told, to be seen again with `otc-replay`.
const RECORD: &str = "OTC_RECORD";

/// How long anything may take that happens at once on a machine that has time.
pub(crate) const SOON: Duration = Duration::from_secs(30);
/// How long it may take until all that was sent has been heard.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

impl World {
    /// A server with these options of `serve`, and the network before it.
    pub(crate) fn new(plan: &Plan, options: &[&str]) -> Result<Self, Error> {
        let server = Server::start_with(otc_server(&plan.server), "127.0.0.1:0", options)?;
        let proxy = Arc::new(Proxy::start("127.0.0.1:0", server.address(), plan.seed)?);
        let dice = StdRng::seed_from_u64(plan.seed);
        Ok(Self { server, proxy, clients: Vec::new(), spaces: None, dice, plan: plan.clone() })
    }

    /// A server at one end of a cable.
    pub(crate) fn apart(plan: &Plan, spaces: Namespaces) -> Result<Self, Error> {
        let command = inside(&spaces.in_server(), otc_server(&plan.server));
        let server = Server::start_with(command, &format!("{}:0", namespace::SERVER), &[])?;
        let proxy = Arc::new(Proxy::start("127.0.0.1:0", server.address(), plan.seed)?);
        let dice = StdRng::seed_from_u64(plan.seed);
        Ok(Self { server, proxy, clients: Vec::new(), spaces: Some(spaces), dice, plan: plan.clone() })
    }

    /// The networks of [`World::apart`].
    pub(crate) fn spaces(&mut self) -> Result<&mut Namespaces, Error> {
        self.spaces.as_mut().ok_or_else(|| "this row has no networks of its own".into())
    }

    /// One room of four: two members in each of two processes. All see each other when this returns.
    pub(crate) fn gather(&mut self, paths: [Path; 2]) -> Result<(), Error> {
        self.gather_with(paths, None)
    }

    /// The same; they try to come back for so long.
    pub(crate) fn gather_with(&mut self, paths: [Path; 2], window: Option<Duration>) -> Result<(), Error> {
        self.join(paths, [&[0, 1], &[2, 3]], window)?;
        self.together()
    }

    /// One room of two, in a process each: 0 and 1.
    pub(crate) fn gather_pair(&mut self, paths: [Path; 2]) -> Result<(), Error> {
        self.join(paths, [&[0], &[1]], None)?;
        self.until(&Until::Together { others: 1 }, SOON)
    }

    fn join(
        &mut self,
        paths: [Path; 2],
        members: [&[Number]; 2],
        window: Option<Duration>,
    ) -> Result<(), Error> {
        let session_id = new_session(&self.plan.server)?;
        let window_millis = window.map(|window| u64::try_from(window.as_millis())).transpose()?;
        for (path, members) in paths.into_iter().zip(members) {
            let (url, session_id, members) = (self.url(path), session_id.clone(), members.to_vec());
            let join = Join { url, session_id, room: 0, members, window_millis };
            self.start(path)?.done(&Command::Join(join))?;
        }
        Ok(())
    }

    /// The server's address on this path.
    pub(crate) fn url(&self, path: Path) -> String {
        match path {
            Path::Proxy => self.proxy.url(),
            Path::Direct | Path::Cable => self.server.url().to_owned(),
        }
    }

    /// Starts a process without members.
    pub(crate) fn start(&mut self, path: Path) -> Result<&mut Client, Error> {
        let way = match (path, &self.spaces) {
            (Path::Cable, Some(spaces)) => spaces.in_client().to_vec(),
            (Path::Direct, Some(spaces)) => spaces.in_server().to_vec(),
            _ => Vec::new(),
        };
        self.clients.push(Client::start(&way)?);
        self.clients.last_mut().ok_or_else(|| "it has just been pushed".into())
    }

    /// Waits until all members of the room of four see each other.
    pub(crate) fn together(&mut self) -> Result<(), Error> {
        self.until(&Until::Together { others: 3 }, SOON)
    }

    /// Everybody sends until [`World::quiet`]: to all and to one, small and large, as fast as it goes.
    pub(crate) fn noise(&mut self) -> Result<(), Error> {
        self.noise_at(None)
    }

    /// The same with so many signals in a second and member.
    pub(crate) fn noise_at(&mut self, rate: Option<u32>) -> Result<(), Error> {
        self.tell(|seed| Command::Send(Load { seed, rate, most: None, to_one: 30, bytes: 600 }))
    }

    /// Everybody sends so many, as fast as it goes; this returns when all are accepted.
    pub(crate) fn volley(&mut self, most: u32) -> Result<(), Error> {
        self.tell(|seed| Command::Volley(Load { seed, rate: None, most: Some(most), to_one: 30, bytes: 600 }))
    }

    /// Tells every process something with a seed of its own.
    fn tell(&mut self, command: impl Fn(u64) -> Command) -> Result<(), Error> {
        let dice = &mut self.dice;
        self.clients.iter_mut().try_for_each(|client| client.done(&command(dice.random())))
    }

    /// Nobody sends any more.
    pub(crate) fn quiet(&mut self) -> Result<(), Error> {
        self.clients.iter_mut().try_for_each(|client| client.done(&Command::Stop))
    }

    /// Waits until this is true of every member.
    pub(crate) fn until(&mut self, until: &Until, patience: Duration) -> Result<(), Error> {
        for client in &mut self.clients {
            if !client.comes(until, patience)? {
                let mut text = format!("{until:?}");
                text.truncate(80);
                return Err(format!("{text} did not come within {} s", patience.as_secs()).into());
            }
        }
        Ok(())
    }

    /// Waits until the members of one process have come back so often.
    pub(crate) fn until_back(&mut self, process: usize, times: usize) -> Result<(), Error> {
        if self.clients[process].comes(&Until::Returned { times }, PATIENCE)? {
            return Ok(());
        }
        Err(format!("not all have come back within {} s", PATIENCE.as_secs()).into())
    }

    /// What every member has sent and heard so far.
    pub(crate) fn accounts(&mut self) -> Result<Vec<Account>, Error> {
        let mut all = Vec::new();
        for client in &mut self.clients {
            match client.ask(&Command::Tell)? {
                Answer::Told(accounts) => all.extend(accounts),
                other => return Err(format!("{other:?} instead of accounts").into()),
            }
        }
        Ok(all)
    }

    /// Waits until everything that was sent has been heard, or is not coming, and after it one more signal of each
    /// member: what is heard twice is heard before that.
    pub(crate) fn settle(&mut self) -> Result<Vec<Account>, Error> {
        self.quiet()?;
        if self.all_heard()? {
            for client in &mut self.clients {
                client.done(&Command::Burst(Burst { each: 1, bytes: 0, to: None }))?;
            }
            self.all_heard()?;
        }
        self.accounts()
    }

    fn all_heard(&mut self) -> Result<bool, Error> {
        self.all_heard_by(Instant::now() + PATIENCE)
    }

    /// Waits until everything that was sent has been heard; whether it was in time.
    pub(crate) fn all_heard_by(&mut self, deadline: Instant) -> Result<bool, Error> {
        let accounts = self.accounts()?;
        // Only the last life of each: what was lost with an earlier one is lost.
        let sent = accounts.iter().flat_map(|account| {
            account.sent.iter().filter(|(stream, _)| stream.life == account.life).copied()
        });
        let until = Until::Heard { sent: sent.collect() };
        for client in &mut self.clients {
            if !client.comes(&until, deadline.saturating_duration_since(Instant::now()))? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// A number between the two, by the seed.
    pub(crate) fn roll(&mut self, least: u64, most: u64) -> u64 {
        self.dice.random_range(least..=most)
    }
}

/// A program that another one runs, if there is one.
fn inside(way: &[&str], program: Program) -> Program {
    let [first, rest @ ..] = way else { return program };
    let mut outer = Program::new(first);
    outer.args(rest).arg(program.get_program()).env("PATH", namespace::path());
    for (name, value) in program.get_envs() {
        match value {
            Some(value) => outer.env(name, value),
            None => outer.env_remove(name),
        };
    }
    outer
}

/// A process with members.
pub(crate) struct Client {
    pub(crate) process: Process,
}

impl Client {
    /// Starts it; `way` is what it is run by, if not directly.
    fn start(way: &[&str]) -> Result<Self, Error> {
        let mut program = inside(way, Program::new(std::env::current_exe()?));
        // Two processes must not write the same recording.
        if let Ok(file) = std::env::var(RECORD) {
            program.env(RECORD, format!("{file}-{}-{}", std::process::id(), otc_harness::now()));
        }
        Ok(Self { process: Process::spawn("a client", program.arg("client"))? })
    }

    /// Tells it something, and gives its answer.
    pub(crate) fn ask(&mut self, command: &Command) -> Result<Answer, Error> {
        self.process.write_line(&serde_json::to_string(command)?)?;
        match serde_json::from_str(&self.process.read_line()?)? {
            Answer::Failed(error) => Err(format!("a client: {error}").into()),
            answer => Ok(answer),
        }
    }

    /// Tells it something that has no answer.
    pub(crate) fn done(&mut self, command: &Command) -> Result<(), Error> {
        match self.ask(command)? {
            Answer::Done => Ok(()),
            other => Err(format!("{other:?} instead of nothing").into()),
        }
    }

    /// Whether this comes to be true of all its members.
    pub(crate) fn comes(&mut self, until: &Until, patience: Duration) -> Result<bool, Error> {
        let millis = u64::try_from(patience.as_millis())?;
        match self.ask(&Command::Wait { until: until.clone(), millis })? {
            Answer::Came(came) => Ok(came),
            other => Err(format!("{other:?} instead of yes or no").into()),
        }
    }
}
