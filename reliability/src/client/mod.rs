//! The client process: sessions of the C API that do what standard input says.

pub(crate) mod command;
mod member;
mod sender;

use command::{Answer, Burst, Command, Join, Until};
use member::{Bell, Member, Said};
use otc_harness::c_api::Library;
use otc_harness::{Error, process};
use sender::Senders;
use std::io::{BufRead, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Runs until standard input ends.
pub(crate) fn run() -> Result<(), Error> {
    process::raise_file_limit()?;
    let mut client =
        Client { members: Vec::new(), senders: None, bell: Arc::default(), _library: Library::start()? };
    for line in std::io::stdin().lock().lines() {
        let answer =
            serde_json::from_str(&line?).map_err(Error::from).and_then(|command| client.obey(command));
        let answer = answer.unwrap_or_else(|error| Answer::Failed(error.to_string()));
        let mut out = std::io::stdout().lock();
        writeln!(out, "{}", serde_json::to_string(&answer)?)?;
        out.flush()?;
    }
    Ok(())
}

struct Client {
    members: Vec<Arc<Member>>,
    senders: Option<Senders>,
    bell: Arc<Bell>,
    /// Dropped last.
    _library: Library,
}

impl Client {
    fn obey(&mut self, command: Command) -> Result<Answer, Error> {
        match command {
            Command::Join(join) => self.join(&join)?,
            Command::Send(load) => {
                self.stop()?;
                self.senders = Some(Senders::start(&self.members, load));
            }
            Command::Stop => self.stop()?,
            Command::Volley(load) => Senders::start(&self.members, load).finish()?,
            Command::Burst(burst) => self.burst(burst)?,
            Command::Block { millis } => self.members.first().ok_or("nobody has joined")?.block(millis),
            Command::Rejoin => self.members.iter().try_for_each(|member| member.rejoin())?,
            Command::Wait { until, millis } => {
                return Ok(Answer::Came(self.wait(&until, Duration::from_millis(millis))));
            }
            Command::Tell => {
                return Ok(Answer::Told(self.members.iter().map(|member| member.account()).collect()));
            }
        }
        Ok(Answer::Done)
    }

    fn join(&mut self, join: &Join) -> Result<(), Error> {
        for number in &join.members {
            self.members.push(Arc::new(Member::join(join, *number, &self.bell)?));
        }
        Ok(())
    }

    fn stop(&mut self) -> Result<(), Error> {
        self.senders.take().map_or(Ok(()), Senders::stop)
    }

    fn burst(&self, Burst { each, bytes, to }: Burst) -> Result<(), Error> {
        let addressees: Vec<_> =
            self.members.iter().map(|member| to.and_then(|to| member.other(to))).collect();
        if to.is_some() && addressees.iter().any(Option::is_none) {
            return Err("a member does not know whom it is to send to".into());
        }
        for _ in 0..each {
            for (member, to) in self.members.iter().zip(&addressees) {
                while member.say(to.as_ref(), bytes)? == Said::Refused {
                    self.bell.wait();
                }
            }
        }
        Ok(())
    }

    fn wait(&self, until: &Until, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        // Who has done it has done it: each member is asked until it is true of it.
        let mut waiting: Vec<_> = self.members.iter().collect();
        loop {
            if let Until::Returns { total } = until {
                if self.members.iter().map(|member| member.returns()).sum::<usize>() >= *total {
                    return true;
                }
            } else {
                waiting.retain(|member| !member.is(until));
            }
            if waiting.is_empty() {
                return true;
            }
            if Instant::now() >= deadline {
                return false;
            }
            self.bell.wait();
        }
    }
}
