//! What the application's server asks for (`rest.md §2.1`). Nobody is the sender of what it says.

use super::super::listed::{StreamRecord, check_layout_classes};
use super::super::{Output, Refusal};
use super::Room;
use super::membership::Farewell;
use otc_protocol::Moment;
use otc_protocol::raptor::{Connection, Mute, Object, Reason, SignalContent};

impl Room {
    /// A signal to everybody, or to one (`wire.md §6`).
    pub(in crate::sessions) fn server_signal(
        &mut self,
        now: Moment,
        to: Option<&str>,
        content: SignalContent,
        out: &mut Vec<Output>,
    ) -> Result<(), Refusal> {
        self.somebody()?;
        let signalled = self.signal_from_server(to, content, out);
        self.settle(now, out);
        signalled
    }

    /// Sends a connection away.
    pub(in crate::sessions) fn server_disconnect(
        &mut self,
        now: Moment,
        connection: &str,
        out: &mut Vec<Output>,
    ) -> Result<(), Refusal> {
        let missing = || Refusal::new(404, "No connection of that id is in the session.");
        let id = self.by_connection.get(connection).copied().ok_or_else(missing)?;
        self.dismiss(now, id, &Reason::ForceDisconnected, Farewell::Tell, out);
        self.settle(now, out);
        Ok(())
    }

    /// Mutes one stream.
    pub(in crate::sessions) fn server_mute_stream(
        &mut self,
        now: Moment,
        stream: &str,
        out: &mut Vec<Output>,
    ) -> Result<(), Refusal> {
        let muted = self.mute_one(None, stream, mute(true), out);
        self.settle(now, out);
        muted
    }

    /// Mutes everybody but the excluded streams, and those who come later; or ends that.
    pub(in crate::sessions) fn server_mute_session(
        &mut self,
        now: Moment,
        active: bool,
        excluded: Vec<String>,
        out: &mut Vec<Output>,
    ) -> Result<(), Refusal> {
        self.somebody()?;
        // Whoever ends the muting excludes nothing (`rest.md §2.1`).
        let exclusion = if active { excluded } else { Vec::new() };
        self.mute_all(None, Mute { exclusion, ..mute(active) }, out);
        self.settle(now, out);
        Ok(())
    }

    /// What is published.
    pub(in crate::sessions) fn stream_records(&self) -> Vec<StreamRecord> {
        self.streams.values().map(super::Publication::record).collect()
    }

    /// One stream.
    pub(in crate::sessions) fn stream_record(&self, stream: &str) -> Result<StreamRecord, Refusal> {
        self.publication(stream).map(super::Publication::record)
    }

    /// Who is there, in the order of their coming.
    pub(in crate::sessions) fn connections(&self) -> Vec<Connection> {
        self.members.values().map(|member| member.connection.clone()).collect()
    }

    /// Gives streams other layout classes: all of them, or none when one cannot have them. Those streams as they are then.
    pub(in crate::sessions) fn set_layout_classes(
        &mut self,
        items: Vec<(String, Vec<String>)>,
    ) -> Result<Vec<StreamRecord>, Refusal> {
        for (stream, classes) in &items {
            check_layout_classes(classes)?;
            if !self.streams.contains_key(stream.as_str()) {
                return Err(Refusal::new(
                    400,
                    "An item names a stream that is not published; nothing was changed.",
                ));
            }
        }
        let mut changed = Vec::new();
        for (stream, classes) in items {
            if let Some(publication) = self.streams.get_mut(stream.as_str()) {
                publication.layout_classes = classes;
                changed.push(publication.record());
            }
        }
        Ok(changed)
    }

    /// Refuses what makes no sense while nobody is there.
    pub(in crate::sessions) fn somebody(&self) -> Result<(), Refusal> {
        if self.members.is_empty() { Err(Refusal::new(404, "Nobody is in the session.")) } else { Ok(()) }
    }
}

/// A mute of the sound, in the form of the published client (`wire.md §7.6`).
fn mute(active: bool) -> Mute {
    let extra = [("locked".to_owned(), false.into())];
    Mute {
        active,
        channels: vec!["audio".to_owned()],
        exclusion: Vec::new(),
        extra: Object::from_iter(extra),
    }
}
