//! What the application's server asks of a session (`rest.md §2.1`).

use super::super::hall::{Errands, Hall};
use super::super::room::Room;
use super::super::{Link, Output, Refusal, StreamRecord, Time};
use super::Registry;
use crate::planted::{self, Bug};
use otc_protocol::raptor::{Archive, Connection, SignalContent};
use std::sync::Arc;

impl<L: Link> Registry<L> {
    /// A signal, to everybody in the session or to one connection.
    pub fn signal(
        &self,
        time: Time,
        session_id: &str,
        to: Option<&str>,
        content: SignalContent,
    ) -> Result<(), Refusal> {
        if self.is_stopped() && planted::is(Bug::SayYesTooLate) {
            return Ok(());
        }
        self.ask(session_id, |room, out| room.server_signal(time.now, to, content, out))
    }

    /// Sends a connection away.
    pub fn disconnect(&self, time: Time, session_id: &str, connection: &str) -> Result<(), Refusal> {
        self.ask(session_id, |room, out| room.server_disconnect(time.now, connection, out))
    }

    /// Mutes one stream.
    pub fn mute_stream(&self, time: Time, session_id: &str, stream: &str) -> Result<(), Refusal> {
        self.ask(session_id, |room, out| room.server_mute_stream(time.now, stream, out))
    }

    /// Mutes every stream but those that are excluded, and those who publish later; or ends that.
    pub fn mute_session(
        &self,
        time: Time,
        session_id: &str,
        active: bool,
        excluded: Vec<String>,
    ) -> Result<(), Refusal> {
        self.ask(session_id, |room, out| room.server_mute_session(time.now, active, excluded, out))
    }

    /// Begins an archive; everybody is told.
    pub fn start_archive(&self, time: Time, session_id: &str, archive: Archive) -> Result<(), Refusal> {
        self.ask(session_id, |room, out| room.start_archive(time.now, archive, true, out))
    }

    /// The same of one without a tag: it does not run beside the one that its session has begun by itself.
    pub fn start_untagged_archive(
        &self,
        time: Time,
        session_id: &str,
        archive: Archive,
    ) -> Result<(), Refusal> {
        self.ask(session_id, |room, out| room.start_archive(time.now, archive, false, out))
    }

    /// Ends an archive; everybody is told.
    pub fn stop_archive(&self, time: Time, session_id: &str, id: &str, reason: &str) -> Result<(), Refusal> {
        self.ask(session_id, |room, out| room.stop_archive(time.now, id, reason, out))
    }

    /// Gives streams other layout classes: all of them, or none when one cannot have them. Those streams as they are then.
    pub fn set_layout_classes(
        &self,
        session_id: &str,
        items: Vec<(String, Vec<String>)>,
    ) -> Result<Vec<StreamRecord>, Refusal> {
        self.ask(session_id, |room, _| room.set_layout_classes(items))
    }

    /// One stream.
    pub fn stream(&self, session_id: &str, stream: &str) -> Result<StreamRecord, Refusal> {
        self.ask(session_id, |room, _| room.stream_record(stream))
    }

    /// What is published; nothing while nobody is in the session. An error only when the server stops.
    pub fn streams(&self, session_id: &str) -> Result<Vec<StreamRecord>, Refusal> {
        self.list(session_id, Room::stream_records)
    }

    /// Who is in the session, in the order of their coming. An error only when the server stops.
    pub fn connections(&self, session_id: &str) -> Result<Vec<Connection>, Refusal> {
        self.list(session_id, Room::connections)
    }

    fn list<R>(&self, session_id: &str, look: impl FnOnce(&Room) -> Vec<R>) -> Result<Vec<R>, Refusal> {
        let listed = self.ask(session_id, |room, _| {
            room.somebody()?;
            Ok(look(room))
        });
        listed.or_else(|refusal| if refusal.status == 404 { Ok(Vec::new()) } else { Err(refusal) })
    }

    /// Has something done in a room that is there.
    fn ask<R>(
        &self,
        session_id: &str,
        act: impl FnOnce(&mut Room, &mut Vec<Output>) -> Result<R, Refusal>,
    ) -> Result<R, Refusal> {
        let hall = self.inhabited(session_id)?;
        let mut errands = Errands::default();
        let done = hall.run(&mut errands, act);
        self.finish(&mut errands, Some((session_id, &hall)));
        done.map_err(|refusal| self.unless_stopped(refusal))
    }

    fn inhabited(&self, session_id: &str) -> Result<Arc<Hall<L>>, Refusal> {
        let hall = self.halls.lock().get(session_id).cloned();
        hall.ok_or_else(|| self.unless_stopped(Refusal::new(404, "Nobody is in the session.")))
    }

    /// Once the server stops, its sessions are somewhere else: what is not found here may be there.
    fn unless_stopped(&self, refusal: Refusal) -> Refusal {
        if self.is_stopped() { Refusal::new(503, "The server stops; ask again soon.") } else { refusal }
    }
}
