//! Two network namespaces and a cable between them: what only the kernel can do to a connection.

use crate::leftover;
use otc_harness::Error;
use std::process::{Command, Output};

/// Where Debian has `ip` and `nft`, which not everybody's `PATH` has.
const TOOLS: &str = "/usr/sbin:/sbin";
/// The addresses of the server, of the clients, and of the clients when they have moved.
pub(crate) const SERVER: &str = "10.213.0.1";
const CLIENTS: [&str; 2] = ["10.213.0.2", "10.213.0.3"];

/// A namespace for the server and one for clients; both are removed when this is dropped.
pub(crate) struct Namespaces {
    server: String,
    client: String,
    /// Which of its addresses the client has.
    moved: usize,
}

/// The ends of the cable.
const SERVER_END: &str = "otc-s";
const CLIENT_END: &str = "otc-c";

impl Namespaces {
    /// Makes both; the error says why this machine does not allow it.
    pub(crate) fn new() -> Result<Self, Error> {
        let name = |side: &str| format!("{}-{side}", leftover::own_name());
        let spaces = Self { server: name("s"), client: name("c"), moved: 0 };
        for space in [&spaces.server, &spaces.client] {
            tool("ip", &["netns", "add", space])?;
            tool("ip", &["-n", space, "link", "set", "lo", "up"])?;
        }
        spaces.connect()?;
        // Whether the kernel filters is seen when it is told to.
        spaces.filter(Filter::Drop)?;
        spaces.filter(Filter::Reset)?;
        spaces.pass()?;
        Ok(spaces)
    }

    /// Lays a cable between the two.
    fn connect(&self) -> Result<(), Error> {
        let (server, client) = (&*self.server, &*self.client);
        let ends = ["type", "veth", "peer", "name", CLIENT_END, "netns", client];
        let add = ["link", "add", SERVER_END, "netns", server].into_iter().chain(ends);
        tool("ip", &add.collect::<Vec<_>>())?;
        tool("ip", &["-n", server, "addr", "add", &format!("{SERVER}/24"), "dev", SERVER_END])?;
        tool("ip", &["-n", server, "link", "set", SERVER_END, "up"])?;
        self.bring_up()
    }

    fn bring_up(&self) -> Result<(), Error> {
        self.client(&["addr", "add", &self.address(), "dev", CLIENT_END])?;
        self.client(&["link", "set", CLIENT_END, "up"])
    }

    fn address(&self) -> String {
        format!("{}/24", CLIENTS[self.moved])
    }

    /// `ip` in the client's namespace.
    fn client(&self, arguments: &[&str]) -> Result<(), Error> {
        tool("ip", &[&["-n", &self.client], arguments].concat())
    }

    /// What runs a program beside the server.
    pub(crate) fn in_server(&self) -> [&str; 4] {
        ["ip", "netns", "exec", &self.server]
    }

    /// What runs a program at the other end of the cable.
    pub(crate) fn in_client(&self) -> [&str; 4] {
        ["ip", "netns", "exec", &self.client]
    }

    /// Has the client's kernel do this to every packet.
    pub(crate) fn filter(&self, filter: Filter) -> Result<(), Error> {
        self.pass()?;
        let rules: &[&str] = match filter {
            Filter::Drop => &["drop"],
            // The resets themselves must get through.
            Filter::Reset => &["tcp flags & rst == rst accept", "meta l4proto tcp reject with tcp reset"],
        };
        let hook = |name: &str| {
            let chain = format!("add chain inet otc {name} {{ type filter hook {name} priority 0; }}\n");
            rules.iter().fold(chain, |chain, rule| format!("{chain}add rule inet otc {name} {rule}\n"))
        };
        self.nft(&format!("add table inet otc\n{}{}", hook("input"), hook("output")))
    }

    /// Lets everything pass again.
    pub(crate) fn pass(&self) -> Result<(), Error> {
        // The first line sees to it that there is something to delete.
        self.nft("add table inet otc\ndelete table inet otc\n")
    }

    fn nft(&self, rules: &str) -> Result<(), Error> {
        tool("ip", &["netns", "exec", &self.client, "nft", rules])
    }

    /// Takes the cable out, or puts it in again.
    pub(crate) fn link(&self, up: bool) -> Result<(), Error> {
        self.client(&["link", "set", CLIENT_END, if up { "up" } else { "down" }])
    }

    /// Takes the client's address away, and gives its interface another one. In this order, as with every network that one
    /// comes to: a second address of the same network would go with the first.
    pub(crate) fn change_address(&mut self) -> Result<(), Error> {
        let old = self.address();
        self.moved = 1 - self.moved;
        self.client(&["addr", "del", &old, "dev", CLIENT_END])?;
        self.client(&["addr", "add", &self.address(), "dev", CLIENT_END])
    }

    /// Takes the client's interface away: it moves into the server's namespace.
    pub(crate) fn take_interface(&self) -> Result<(), Error> {
        self.client(&["link", "set", CLIENT_END, "netns", &self.server])
    }

    /// Gives it back.
    pub(crate) fn give_interface(&self) -> Result<(), Error> {
        tool("ip", &["-n", &self.server, "link", "set", CLIENT_END, "netns", &self.client])?;
        self.bring_up()
    }
}

/// What a kernel can do to packets.
#[derive(Clone, Copy)]
pub(crate) enum Filter {
    Drop,
    Reset,
}

impl Drop for Namespaces {
    fn drop(&mut self) {
        remove(&self.server);
        remove(&self.client);
    }
}

/// Removes one.
pub(crate) fn remove(space: &str) {
    // There is none when it could not be made.
    let _ = run("ip", &["netns", "del", space]);
}

/// The names of all that there are.
pub(crate) fn all() -> Vec<String> {
    let Ok(output) = run("ip", &["netns", "list"]) else { return Vec::new() };
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().filter_map(|line| Some(line.split_whitespace().next()?.to_owned())).collect()
}

/// `PATH` with the tools in it.
pub(crate) fn path() -> String {
    format!("{}:{TOOLS}", std::env::var("PATH").unwrap_or_default())
}

fn run(program: &str, arguments: &[&str]) -> Result<Output, Error> {
    let output = Command::new(program).args(arguments).env("PATH", path()).output();
    output.map_err(|error| format!("{program} cannot be run ({error}); make setup installs it").into())
}

fn tool(program: &str, arguments: &[&str]) -> Result<(), Error> {
    let output = run(program, arguments)?;
    if output.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&output.stderr);
    let words = words.lines().next().unwrap_or("no reason given").trim();
    Err(format!("{program} {}: {words}", arguments.first().copied().unwrap_or_default()).into())
}
