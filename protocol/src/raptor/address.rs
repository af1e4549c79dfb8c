//! Where a Raptor message goes: the `uri` (`wire.md §4`).

/// The session that a message belongs to: `/v2/partner/{project}/session/{session}`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SessionAddress {
    /// API key or application id.
    pub project: String,
    /// Session id.
    pub session: String,
}

impl SessionAddress {
    /// The address's text; also the topic that a client subscribes to.
    pub fn topic(&self) -> String {
        format!("/v2/partner/{}/session/{}", self.project, self.session)
    }

    /// Reads a topic, which names a session and nothing inside it.
    pub fn from_topic(topic: &str) -> Option<Self> {
        match parse(topic) {
            Some((address, Path::Session)) => Some(address),
            _ => None,
        }
    }
}

/// What inside a session is addressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Path {
    /// The session itself.
    Session,
    /// `/migrate`
    Migrate,
    /// `/notification`
    Notification,
    /// `/connection/{id}`
    Connection(String),
    /// `/signal/{id}`, or `/connection/{to}/signal/{id}`
    Signal {
        /// The one addressee; `None` for everybody.
        to: Option<String>,
        /// The signal's own id.
        id: String,
    },
    /// `/stream/{id}`
    Stream(String),
    /// `/stream/{stream}/channel/{channel}`
    Channel {
        /// The stream.
        stream: String,
        /// The channel, `video1` for example.
        channel: String,
    },
    /// `/stream/{stream}[/subscriber/{subscriber}]/channel/{channel}/data/{id}`
    Data {
        /// The stream.
        stream: String,
        /// The subscriber, towards one.
        subscriber: Option<String>,
        /// The channel.
        channel: String,
        /// The message's own id.
        id: String,
    },
    /// `/stream/{stream}/subscriber/{subscriber}`
    Subscriber {
        /// The stream.
        stream: String,
        /// The subscriber.
        subscriber: String,
    },
    /// `/stream/{stream}/subscriber/{subscriber}/channel/{channel}`
    SubscriberChannel {
        /// The stream.
        stream: String,
        /// The subscriber.
        subscriber: String,
        /// The channel.
        channel: String,
    },
    /// `/stream/{stream}/source/{source}`
    Source {
        /// The stream.
        stream: String,
        /// The source, `P2P` for example.
        source: String,
    },
    /// `/archive/{id}`
    Archive(String),
    /// Anything else; the text after the session.
    Other(String),
}

/// Reads a uri; `None` when it does not name a session.
pub(super) fn parse(uri: &str) -> Option<(SessionAddress, Path)> {
    let mut segments = uri.trim_start_matches('/').splitn(6, '/');
    let _version = segments.next()?;
    if segments.next()? != "partner" {
        return None;
    }
    let project = segments.next()?;
    if segments.next()? != "session" {
        return None;
    }
    let session = segments.next()?;
    if project.is_empty() || session.is_empty() {
        return None;
    }
    let address = SessionAddress { project: project.into(), session: session.into() };
    Some((address, segments.next().map_or(Path::Session, Path::parse)))
}

impl Path {
    fn parse(rest: &str) -> Self {
        let mut parts = [""; 8];
        let mut count = 0;
        for segment in rest.split('/') {
            if count == parts.len() || segment.is_empty() {
                return Self::Other(rest.into());
            }
            parts[count] = segment;
            count += 1;
        }
        let owned = |text: &str| text.to_owned();
        match parts[..count] {
            ["migrate"] => Self::Migrate,
            ["notification"] => Self::Notification,
            ["connection", id] => Self::Connection(owned(id)),
            ["signal", id] => Self::Signal { to: None, id: owned(id) },
            ["connection", to, "signal", id] => Self::Signal { to: Some(owned(to)), id: owned(id) },
            ["stream", id] => Self::Stream(owned(id)),
            ["stream", stream, "channel", channel] => {
                Self::Channel { stream: owned(stream), channel: owned(channel) }
            }
            ["stream", stream, "channel", channel, "data", id] => {
                Self::Data { stream: owned(stream), subscriber: None, channel: owned(channel), id: owned(id) }
            }
            ["stream", stream, "subscriber", subscriber, "channel", channel, "data", id] => Self::Data {
                stream: owned(stream),
                subscriber: Some(owned(subscriber)),
                channel: owned(channel),
                id: owned(id),
            },
            ["stream", stream, "subscriber", subscriber] => {
                Self::Subscriber { stream: owned(stream), subscriber: owned(subscriber) }
            }
            ["stream", stream, "subscriber", subscriber, "channel", channel] => Self::SubscriberChannel {
                stream: owned(stream),
                subscriber: owned(subscriber),
                channel: owned(channel),
            },
            ["stream", stream, "source", source] => {
                Self::Source { stream: owned(stream), source: owned(source) }
            }
            ["archive", id] => Self::Archive(owned(id)),
            _ => Self::Other(rest.into()),
        }
    }

    /// The uri of this place in `session`.
    pub fn uri(&self, session: &SessionAddress) -> String {
        let base = session.topic();
        match self {
            Self::Session => base,
            Self::Migrate => format!("{base}/migrate"),
            Self::Notification => format!("{base}/notification"),
            Self::Connection(id) => format!("{base}/connection/{id}"),
            Self::Signal { to: None, id } => format!("{base}/signal/{id}"),
            Self::Signal { to: Some(to), id } => format!("{base}/connection/{to}/signal/{id}"),
            Self::Stream(id) => format!("{base}/stream/{id}"),
            Self::Channel { stream, channel } => format!("{base}/stream/{stream}/channel/{channel}"),
            Self::Data { stream, subscriber: None, channel, id } => {
                format!("{base}/stream/{stream}/channel/{channel}/data/{id}")
            }
            Self::Data { stream, subscriber: Some(subscriber), channel, id } => {
                format!("{base}/stream/{stream}/subscriber/{subscriber}/channel/{channel}/data/{id}")
            }
            Self::Subscriber { stream, subscriber } => {
                format!("{base}/stream/{stream}/subscriber/{subscriber}")
            }
            Self::SubscriberChannel { stream, subscriber, channel } => {
                format!("{base}/stream/{stream}/subscriber/{subscriber}/channel/{channel}")
            }
            Self::Source { stream, source } => format!("{base}/stream/{stream}/source/{source}"),
            Self::Archive(id) => format!("{base}/archive/{id}"),
            Self::Other(rest) => format!("{base}/{rest}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_topic_names_a_session_only() {
        let address = SessionAddress { project: "1".into(), session: "S".into() };
        assert_eq!(address.topic(), "/v2/partner/1/session/S");
        assert_eq!(SessionAddress::from_topic("/v2/partner/1/session/S"), Some(address));
        for bad in [
            "",
            "/",
            "/v2/partner/1",
            "/v2/partner//session/S",
            "/v2/partner/1/session/S/stream/x",
            "a/b/c/d/e",
        ] {
            assert_eq!(SessionAddress::from_topic(bad), None, "{bad}");
        }
    }

    #[test]
    fn empty_and_surplus_segments_are_kept_as_they_are() {
        for rest in ["", "stream/", "stream//channel/x", "a/b/c/d/e/f/g/h/i/j", "connection"] {
            let (session, path) = parse(&format!("/v2/partner/1/session/S/{rest}")).expect("names a session");
            assert_eq!(path, Path::Other(rest.into()));
            assert_eq!(path.uri(&session), format!("/v2/partner/1/session/S/{rest}"));
        }
    }

    proptest! {
        #[test]
        fn a_parsed_uri_is_written_back(rest in "(/(stream|subscriber|channel|data|signal|connection|archive|source|migrate|[a-z]{1,3})){0,9}") {
            let uri = format!("/v2/partner/1/session/S{rest}");
            let (session, path) = parse(&uri).expect("names a session");
            prop_assert_eq!(path.uri(&session), uri);
        }

        #[test]
        fn parsing_anything_never_panics(uri in ".{0,80}") {
            let _ = parse(&uri);
        }
    }
}
