//! The command line.

mod check;
mod drain;
mod log;
mod printed;

pub(crate) use check::check_config;
pub(crate) use printed::{RestToken, Session, Token, rest_token, session, token};

use clap::builder::{BoolishValueParser, Resettable};
use clap::{Arg, Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use otc_server::config::{Given, GivenIce};
use otc_server::keys::Secret;
use otc_server::{KeyPair, Server};
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;

/// What went wrong, for people.
pub(crate) type Error = Box<dyn std::error::Error>;

/// A session server for OpenTok / Vonage Video clients.
#[derive(Parser)]
#[command(name = "otc-server", version, about)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

impl Cli {
    /// What the program was started with. A variable that is set to nothing is one that is not set.
    pub(crate) fn read() -> Self {
        let command = Self::command().mut_subcommands(|command| command.mut_args(without_empty_variable));
        Self::from_arg_matches(&command.get_matches()).unwrap_or_else(|error| error.exit())
    }
}

fn without_empty_variable(argument: Arg) -> Arg {
    let value = argument.get_env().and_then(std::env::var_os);
    if value.is_some_and(|value| value.is_empty()) { argument.env(Resettable::Reset) } else { argument }
}

/// What to do.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Run the server
    Serve(Box<Serve>),
    /// Say what `serve` would do with the same flags, or what is wrong with them and with the files they name
    CheckConfig(Box<Serve>),
    /// Print a new session id
    Session(Session),
    /// Print a token for a session
    Token(Token),
    /// Print a token for REST calls: curl -H "X-OPENTOK-AUTH: $(otc-server rest-token)" …
    RestToken(RestToken),
}

/// `serve` and `check-config`
#[derive(Args)]
pub(crate) struct Serve {
    /// Where to listen; port 0 takes a free one [default: 127.0.0.1:8080]
    #[arg(long, env = "OTC_LISTEN", value_name = "ADDR:PORT")]
    listen: Option<String>,
    /// An API key; without one the server makes a pair up, prints it and serves this machine only
    #[arg(long, env = "OTC_API_KEY", value_name = "KEY")]
    api_key: Option<String>,
    /// Its secret (better in the environment: others on the machine can see command lines)
    #[arg(
        long,
        env = "OTC_API_SECRET",
        value_name = "SECRET",
        hide_env_values = true,
        allow_hyphen_values = true
    )]
    api_secret: Option<String>,
    /// A TOML file: docs/server/configuration.md lists what may be in it
    #[arg(long, env = "OTC_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// The address at which clients reach the server, when a proxy stands before it
    #[arg(long, env = "OTC_PUBLIC_URL", value_name = "URL")]
    public_url: Option<String>,
    /// Let the role subscriber send signals
    #[arg(long)]
    subscriber_may_signal: bool,
    /// A directory of this server's own for what outlives it. With one, sessions survive a restart: on SIGTERM or
    /// SIGINT they are left there, and the next server with the same directory carries them on
    #[arg(long, env = "OTC_DATA", value_name = "DIR")]
    data: Option<PathBuf>,
    /// When told to stop: for how long sessions go on here, while no new one begins and /readyz says so. It ends when
    /// nobody is left, or when the server is told to stop again [default: 0]
    #[arg(long, env = "OTC_DRAIN_SECONDS", value_name = "SECONDS")]
    drain_seconds: Option<u64>,
    /// How the log is written
    #[arg(long, env = "OTC_LOG_FORMAT", value_enum, default_value_t, value_name = "FORMAT")]
    log_format: log::LogFormat,
    /// How long a lost connection may take to come back [default: 45]
    #[arg(long, value_name = "SECONDS")]
    grace_seconds: Option<u64>,
    /// A certificate in PEM, and its issuers': the server speaks HTTPS instead of HTTP. On SIGHUP both files are read
    /// again, and no connection is dropped
    #[arg(long, env = "OTC_TLS_CERT", value_name = "FILE")]
    tls_cert: Option<PathBuf>,
    /// The certificate's private key in PEM, which nobody else may read (chmod 600)
    #[arg(long, env = "OTC_TLS_KEY", value_name = "FILE")]
    tls_key: Option<PathBuf>,
    /// Origins whose pages may use the server, with commas between them: `https://app.example,https://other.example`
    /// [default: pages of any origin]
    #[arg(long, env = "OTC_ALLOWED_ORIGINS", value_name = "ORIGINS", value_delimiter = ',')]
    allowed_origins: Option<Vec<String>>,
    /// Addresses and subnets of proxies, with commas between them: `127.0.0.1,10.0.0.0/8`. What they say of their clients
    /// is believed (X-Forwarded-For, -Proto, -Host, X-Request-Id) [default: none]
    #[arg(
        long = "trusted-proxy",
        env = "OTC_TRUSTED_PROXIES",
        value_name = "SUBNETS",
        value_delimiter = ','
    )]
    trusted_proxies: Option<Vec<String>>,
    /// The header in which they name their client: X-Forwarded-For (the default) or Forwarded (RFC 7239)
    #[arg(long, env = "OTC_FORWARDED_HEADER", value_name = "HEADER")]
    forwarded_header: Option<String>,
    /// An application whose tokens are signed by its private key: its id and the file of its public key. May be given
    /// several times, or several with commas
    #[arg(long, env = "OTC_APPLICATION", value_name = "UUID=PUBKEY.pem", value_delimiter = ',')]
    application: Vec<String>,
    /// The key of account calls, which make projects; without one there are none
    #[arg(long, env = "OTC_ACCOUNT_KEY", value_name = "KEY")]
    account_key: Option<String>,
    /// Its secret (better in the environment)
    #[arg(
        long,
        env = "OTC_ACCOUNT_SECRET",
        value_name = "SECRET",
        hide_env_values = true,
        allow_hyphen_values = true
    )]
    account_secret: Option<String>,
    /// Serve no page that shows the sessions of a project (/inspect)
    #[arg(long, env = "OTC_NO_INSPECT", value_parser = BoolishValueParser::new())]
    no_inspect: bool,
    /// STUN servers that clients are told of, with commas between them: `stun:stun.example.org:3478`
    #[arg(long, env = "OTC_STUN_URLS", value_name = "URLS", value_delimiter = ',')]
    stun_urls: Option<Vec<String>>,
    /// TURN servers that clients are told of, with commas between them: `turn:turn.example.org:3478?transport=udp`
    #[arg(long, env = "OTC_TURN_URLS", value_name = "URLS", value_delimiter = ',')]
    turn_urls: Option<Vec<String>>,
    /// The secret that the TURN servers share with this one: coturn's static-auth-secret (better in the environment)
    #[arg(
        long,
        env = "OTC_TURN_SECRET",
        value_name = "SECRET",
        hide_env_values = true,
        allow_hyphen_values = true
    )]
    turn_secret: Option<String>,
    /// Where metrics can be read, in the form of Prometheus: http://ADDR:PORT/metrics [default: nowhere]
    #[arg(long, env = "OTC_METRICS_LISTEN", value_name = "ADDR:PORT")]
    metrics_listen: Option<String>,
    /// Read files with secrets even when others may read them, as in containers that mount them so
    #[arg(long, env = "OTC_ALLOW_READABLE_SECRETS", value_parser = BoolishValueParser::new())]
    allow_readable_secrets: bool,
}

impl Serve {
    /// What the command line and the environment say of the configuration.
    fn given(self) -> Result<Given, Error> {
        Ok(Given {
            listen: self.listen,
            api_key: self.api_key,
            // Not a parser of the argument: its errors would quote the secret.
            api_secret: self.api_secret.as_deref().map(Secret::new).transpose()?,
            file: self.config,
            public_url: self.public_url,
            subscriber_may_signal: self.subscriber_may_signal,
            data: self.data,
            grace_seconds: self.grace_seconds,
            applications: self.application,
            account_key: self.account_key,
            account_secret: self.account_secret.as_deref().map(Secret::new).transpose()?,
            readable_secrets: self.allow_readable_secrets,
            tls_cert: self.tls_cert,
            tls_key: self.tls_key,
            allowed_origins: self.allowed_origins,
            trusted_proxies: self.trusted_proxies,
            forwarded_header: self.forwarded_header,
            drain_seconds: self.drain_seconds,
            no_inspect: self.no_inspect,
            ice: GivenIce {
                stun_urls: self.stun_urls,
                turn_urls: self.turn_urls,
                turn_secret: self.turn_secret,
            },
            metrics_listen: self.metrics_listen,
        })
    }
}

/// Runs the server until it is told to stop.
pub(crate) fn serve(serve: Serve) -> Result<(), Error> {
    log::to_standard_error(serve.log_format);
    let (config, generated) = serve.given()?.complete()?;
    for advice in config.advice() {
        tracing::warn!("{advice}");
    }
    raise_file_limit();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    // Before the server answers: whoever sees it answer may already tell it to stop.
    let mut signals = runtime.block_on(async { Signals::catch() })?;
    let within = config.drain;
    let server = Server::start(config)?;
    announce(&mut std::io::stdout().lock(), &server.url(), server.metrics_addr(), generated.as_ref())?;
    runtime.block_on(signals.told_to_stop(&server));
    if let Some(within) = within {
        runtime.block_on(drain::drain(&server, within, &mut signals));
    }
    tracing::info!("stopping");
    server.hand_over()?;
    Ok(())
}

/// The address first, so that a script can read one line and go on; whoever has read it need not read the rest.
fn announce(
    out: &mut impl Write,
    url: &str,
    metrics: Option<SocketAddr>,
    generated: Option<&KeyPair>,
) -> std::io::Result<()> {
    writeln!(out, "listening on {url}")?;
    out.flush()?;
    let metrics = metrics.map(|address| format!("metrics on http://{address}/metrics\n"));
    let pair = generated.map(|pair| {
        format!(
            "no API key was given; this pair is for this run only:\n  export OTC_API_KEY={}\n  export OTC_API_SECRET={}\n",
            pair.project,
            pair.secret.expose()
        )
    });
    let rest: String = metrics.into_iter().chain(pair).collect();
    if let Err(error) = out.write_all(rest.as_bytes()).and_then(|()| out.flush()) {
        tracing::debug!(%error, "nobody reads the rest of what the server says at its start");
    }
    Ok(())
}

/// Every connection is an open file, and most systems allow a process 1,024 unless it asks for more.
#[cfg(unix)]
fn raise_file_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let allowed = getrlimit(Resource::Nofile);
    let wanted = Rlimit { current: allowed.maximum, maximum: allowed.maximum };
    if let Err(error) = setrlimit(Resource::Nofile, wanted) {
        tracing::warn!(%error, open_files = ?allowed.current, "cannot raise the limit of open files");
    }
}

/// Nothing limits open files here.
#[cfg(not(unix))]
fn raise_file_limit() {}

/// What somebody tells the program by a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Stop,
    /// Read again what can be.
    #[cfg_attr(not(unix), allow(dead_code, reason = "nobody can say so there"))]
    HangUp,
}

/// The signals that the program heeds.
#[cfg(unix)]
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    hang_up: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    /// From now on none of them ends the program by itself. Call it within a runtime.
    fn catch() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> Told {
        tokio::select! {
            _ = self.terminate.recv() => Told::Stop,
            _ = self.interrupt.recv() => Told::Stop,
            _ = self.hang_up.recv() => Told::HangUp,
        }
    }
}

/// The one way to tell the program to stop.
#[cfg(not(unix))]
struct Signals;

impl Signals {
    /// Waits until the program is told to stop; certificates are renewed in the meantime.
    async fn told_to_stop(&mut self, server: &Server) {
        while self.next().await == Told::HangUp {
            if !server.renew_certificate() {
                tracing::info!("SIGHUP: there is no certificate to read again");
            }
        }
    }
}

#[cfg(not(unix))]
impl Signals {
    #[allow(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
    fn catch() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> Told {
        let _ = tokio::signal::ctrl_c().await;
        Told::Stop
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{self, ErrorKind};

    /// A pipe whose reader takes this many lines.
    struct Lines(usize);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.0 == 0 {
                return Err(ErrorKind::BrokenPipe.into());
            }
            let line = bytes.iter().position(|byte| *byte == b'\n');
            self.0 -= usize::from(line.is_some());
            Ok(line.map_or(bytes.len(), |end| end + 1))
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_script_may_close_the_pipe_after_the_first_line() {
        let pair = KeyPair::new("1", "s").unwrap();
        for (lines, served) in [(0, false), (1, true), (2, true), (9, true)] {
            let told = announce(&mut Lines(lines), "http://127.0.0.1:1", None, Some(&pair));
            assert_eq!(told.is_ok(), served, "{lines}");
        }
    }
}
