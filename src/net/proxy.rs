//! Network proxies: a connection to the proxy becomes one to the server. HTTP CONNECT (RFC 9110 §9.3.6) and SOCKS5
//! (RFC 1928, with user name and password as in RFC 1929).
//!
//! Names are looked up by the proxy. Errors name the proxy, never what is needed to log in.

use super::dial::{Stream, connect};
use super::url::{Endpoint, place};
use crate::session::{Failure, FailureKind, Refusal, Secret};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper::header::{HOST, HeaderValue, PROXY_AUTHORIZATION};
use hyper::http::uri::Authority;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use otc_protocol::limits::{PROXY_CREDENTIAL_BYTES, PROXY_TIMEOUT, URL_BYTES};
use std::net::IpAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

/// A proxy and how to log in there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkProxy {
    language: Language,
    host: String,
    port: u16,
    login: Option<Login>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Language {
    Http,
    Socks5,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Login {
    user: String,
    password: Secret,
}

const FORMS: &str = "The proxy cannot be read; write http://[user:password@]host:port or \
                     socks5://[user:password@]host:port.";
const LOGIN: &str = "The proxy's user name or password cannot be used; write user:password, each of 1 to 255 bytes, \
                     with %40 for @, %3A for : and the like.";

impl NetworkProxy {
    /// Reads `http://[user:password@]host:port` or the same with `socks5`. Errors do not repeat the text.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        if text.len() > URL_BYTES {
            return Err("The proxy's URL is too long.");
        }
        let (scheme, rest) = text.split_once("://").ok_or(FORMS)?;
        let language = match scheme.to_ascii_lowercase().as_str() {
            "http" => Language::Http,
            "socks5" => Language::Socks5,
            _ => return Err(FORMS),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (login, place) = match rest.rsplit_once('@') {
            Some((login, place)) => (Some(Login::parse(login, language)?), place),
            None => (None, rest),
        };
        let place: Authority = place.parse().map_err(|_| FORMS)?;
        let port = place.port_u16().filter(|port| *port > 0).ok_or(FORMS)?;
        let host = place.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        if host.is_empty() {
            return Err(FORMS);
        }
        Ok(Self { language, host, port, login })
    }

    /// A connection to `endpoint` by way of the proxy.
    pub(super) async fn reach(&self, endpoint: &Endpoint) -> Result<Box<dyn Stream>, Failure> {
        let reached = async {
            let stream = connect(&self.host, self.port)
                .await
                .map_err(|error| self.unreachable(&format!("cannot be reached: {error}")))?;
            self.tunnel(Box::new(stream), endpoint).await
        };
        self.in_time(reached, endpoint).await
    }

    /// A proxy that says nothing must not hold the session up for longer than one that is not there.
    async fn in_time<T>(
        &self,
        reached: impl Future<Output = Result<T, Failure>>,
        endpoint: &Endpoint,
    ) -> Result<T, Failure> {
        timeout(PROXY_TIMEOUT, reached).await.unwrap_or_else(|_| {
            let seconds = PROXY_TIMEOUT.as_secs();
            Err(self.useless(&format!("did not connect to {} in {seconds} seconds", endpoint.place())))
        })
    }

    /// The same boxed type as everywhere, so that none of hyper is in the library twice.
    async fn tunnel(&self, stream: Box<dyn Stream>, endpoint: &Endpoint) -> Result<Box<dyn Stream>, Failure> {
        match self.language {
            Language::Http => self.tunnel_by_http(stream, endpoint).await,
            Language::Socks5 => self.tunnel_by_socks(stream, endpoint).await,
        }
    }

    async fn tunnel_by_http(
        &self,
        stream: Box<dyn Stream>,
        endpoint: &Endpoint,
    ) -> Result<Box<dyn Stream>, Failure> {
        let target = endpoint.place();
        let broke = |error: hyper::Error| self.unreachable(&format!("broke off: {error}"));
        let mut request = Request::connect(&target).header(HOST, &target);
        if let Some(login) = &self.login {
            request = request.header(PROXY_AUTHORIZATION, login.basic());
        }
        let request = request
            .body(Full::<Bytes>::default())
            .map_err(|_| self.useless(&format!("cannot be asked for {target}")))?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broke)?;
        let exchange = async {
            let response = sender.send_request(request).await.map_err(broke)?;
            match response.status() {
                status if status.is_success() => hyper::upgrade::on(response).await.map_err(broke),
                StatusCode::PROXY_AUTHENTICATION_REQUIRED => Err(self.refused_login()),
                status => Err(self.unreachable(&format!("does not connect to {target}: {status}"))),
            }
        };
        tokio::pin!(exchange);
        let upgraded = tokio::select! {
            biased;
            upgraded = &mut exchange => upgraded,
            // The connection ends where the tunnel begins.
            _ = connection.with_upgrades() => exchange.await,
        }?;
        let parts = upgraded
            .downcast::<TokioIo<Box<dyn Stream>>>()
            .map_err(|_| self.useless("answered with something that is no tunnel"))?;
        if parts.read_buf.is_empty() {
            Ok(parts.io.into_inner())
        } else {
            // Neither TLS nor HTTP lets the server speak first.
            Err(self.unreachable("sent something before it was asked"))
        }
    }

    async fn tunnel_by_socks(
        &self,
        mut stream: Box<dyn Stream>,
        endpoint: &Endpoint,
    ) -> Result<Box<dyn Stream>, Failure> {
        let request = socks_request(endpoint)
            .ok_or_else(|| self.useless(&format!("cannot be asked for {}", endpoint.place())))?;
        let broke = |error: std::io::Error| self.unreachable(&format!("broke off: {error}"));
        let greeting: &[u8] = match self.login {
            Some(_) => &[SOCKS_VERSION, 2, NO_LOGIN, PASSWORD_LOGIN],
            None => &[SOCKS_VERSION, 1, NO_LOGIN],
        };
        stream.write_all(greeting).await.map_err(broke)?;
        match (read(&mut stream).await.map_err(broke)?, &self.login) {
            ([SOCKS_VERSION, NO_LOGIN], _) => {}
            ([SOCKS_VERSION, PASSWORD_LOGIN], Some(login)) => {
                stream.write_all(&login.message()).await.map_err(broke)?;
                let [_, refused] = read(&mut stream).await.map_err(broke)?;
                if refused != 0 {
                    return Err(self.refused_login());
                }
            }
            ([SOCKS_VERSION, NO_WAY_TO_LOG_IN], _) => return Err(self.refused_login()),
            _ => return Err(self.useless("does not speak SOCKS5")),
        }
        stream.write_all(&request).await.map_err(broke)?;
        let [version, reply, _, kind] = read(&mut stream).await.map_err(broke)?;
        if version != SOCKS_VERSION {
            return Err(self.useless("does not speak SOCKS5"));
        }
        if reply != 0 {
            let why = socks_refusal(reply);
            return Err(self.unreachable(&format!("does not connect to {}: {why}", endpoint.place())));
        }
        // Which address the proxy uses matters to nobody, but it stands before what the server says.
        match kind {
            BY_IPV4 => drop(read::<6>(&mut stream).await.map_err(broke)?),
            BY_IPV6 => drop(read::<18>(&mut stream).await.map_err(broke)?),
            BY_NAME => {
                let [length] = read(&mut stream).await.map_err(broke)?;
                let mut rest = vec![0; usize::from(length) + 2];
                stream.read_exact(&mut rest).await.map_err(broke)?;
            }
            _ => return Err(self.useless("does not speak SOCKS5")),
        }
        Ok(stream)
    }

    /// Trying again may help.
    fn unreachable(&self, what: &str) -> Failure {
        self.failure(FailureKind::Unreachable, what)
    }

    /// Trying again does not help.
    fn useless(&self, what: &str) -> Failure {
        self.failure(FailureKind::Permanent, what)
    }

    fn refused_login(&self) -> Failure {
        let what = match self.login {
            Some(_) => "refused the user name or the password",
            None => "wants a user name and a password",
        };
        self.failure(FailureKind::Refused(Refusal::Login), what)
    }

    fn failure(&self, kind: FailureKind, what: &str) -> Failure {
        Failure { kind, text: format!("the proxy {} {what}", place(&self.host, self.port)) }
    }
}

const SOCKS_VERSION: u8 = 5;
const LOGIN_VERSION: u8 = 1;
const NO_LOGIN: u8 = 0;
const PASSWORD_LOGIN: u8 = 2;
const NO_WAY_TO_LOG_IN: u8 = 0xff;
const CONNECT: u8 = 1;
const BY_IPV4: u8 = 1;
const BY_NAME: u8 = 3;
const BY_IPV6: u8 = 4;

/// The request to connect; `None` when the name is too long for one.
fn socks_request(endpoint: &Endpoint) -> Option<Vec<u8>> {
    let mut request = vec![SOCKS_VERSION, CONNECT, 0];
    match endpoint.host.parse() {
        Ok(IpAddr::V4(address)) => {
            request.push(BY_IPV4);
            request.extend(address.octets());
        }
        Ok(IpAddr::V6(address)) => {
            request.push(BY_IPV6);
            request.extend(address.octets());
        }
        Err(_) => {
            request.extend([BY_NAME, u8::try_from(endpoint.host.len()).ok()?]);
            request.extend(endpoint.host.bytes());
        }
    }
    request.extend(endpoint.port.to_be_bytes());
    Some(request)
}

/// RFC 1928 §6.
fn socks_refusal(reply: u8) -> &'static str {
    match reply {
        2 => "it is not allowed",
        3 => "the network cannot be reached",
        4 => "the host cannot be reached",
        5 => "the connection was refused",
        6 => "it took too long",
        _ => "it failed",
    }
}

async fn read<const N: usize>(stream: &mut Box<dyn Stream>) -> std::io::Result<[u8; N]> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes).await?;
    Ok(bytes)
}

impl Login {
    fn parse(text: &str, language: Language) -> Result<Self, &'static str> {
        let (user, password) = text.split_once(':').ok_or(LOGIN)?;
        let part = |text: &str| {
            decoded(text)
                .filter(|text| (1..=PROXY_CREDENTIAL_BYTES).contains(&text.len()))
                .filter(|text| !text.contains(|character: char| character.is_ascii_control()))
                .ok_or(LOGIN)
        };
        let login = Self { user: part(user)?, password: Secret(part(password)?) };
        // In HTTP the first colon ends the name (RFC 7617 §2).
        if language == Language::Http && login.user.contains(':') {
            return Err(LOGIN);
        }
        Ok(login)
    }

    /// For HTTP (RFC 7617).
    fn basic(&self) -> HeaderValue {
        let login = STANDARD.encode(format!("{}:{}", self.user, self.password.0));
        // Base64 holds nothing that a header cannot.
        let mut value = HeaderValue::try_from(format!("Basic {login}"))
            .unwrap_or_else(|_| HeaderValue::from_static("Basic"));
        value.set_sensitive(true);
        value
    }

    /// For SOCKS5 (RFC 1929 §2).
    fn message(&self) -> Vec<u8> {
        let mut message = vec![LOGIN_VERSION];
        for part in [&self.user, &self.password.0] {
            // No longer than that: `parse`.
            message.push(u8::try_from(part.len()).unwrap_or(u8::MAX));
            message.extend(part.bytes());
        }
        message
    }
}

/// Text without percent signs (RFC 3986 §2.1).
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let mut digit = || char::from(rest.next()?).to_digit(16);
            bytes.push(u8::try_from(digit()? * 16 + digit()?).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
#[path = "proxy_tests.rs"]
mod tests;
