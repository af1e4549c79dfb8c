//! Signals (`wire.md §6`).

use super::super::answers::Answer;
use super::super::member::MemberId;
use super::super::tally::Figure;
use super::super::{Event, Output, Refusal, is_id};
use super::{Outcome, Room};
use otc_protocol::Moment;
use otc_protocol::limits::PROJECT_BYTES;
use otc_protocol::permissions::Permission;
use otc_protocol::raptor::{Body, Message, SessionAddress, SignalContent};
use std::sync::Arc;

/// A signal on its way to its addressees.
struct Signal {
    /// As the sender addressed it: the uri names what may be another of its API keys, and goes on as it came.
    session: SessionAddress,
    id: String,
    to: Option<String>,
    content: SignalContent,
}

impl Room {
    /// A member's signal.
    #[allow(clippy::too_many_arguments, reason = "the parts of one request")]
    pub(super) fn signal(
        &mut self,
        now: Moment,
        from: MemberId,
        session: SessionAddress,
        id: String,
        to: Option<String>,
        content: SignalContent,
        out: &mut Vec<Output>,
    ) -> Outcome {
        self.need(from, Permission::Signal)?;
        if !is_id(&id) {
            return Err(Refusal::new(
                400,
                "The signal id must be 1 to 64 letters, digits, or - _ . characters.",
            ));
        }
        if session.project.len() > PROJECT_BYTES {
            return Err(Refusal::new(400, "The API key in the uri is too long."));
        }
        if let (Some(rate), Some(sender)) = (self.settings.signal_rate, self.members.get_mut(&from))
            && !sender.meter.admit(now, rate, &id, sender.resends_in_order)
        {
            return Err(Refusal::new(429, rate.reason()));
        }
        self.relay(Some(from), Signal { session, id, to, content }, out)?;
        Ok(Answer::Done)
    }

    /// The application's server speaks; nobody is the sender.
    pub(super) fn signal_from_server(
        &mut self,
        to: Option<&str>,
        content: SignalContent,
        out: &mut Vec<Output>,
    ) -> Result<(), Refusal> {
        let number = self.next_number();
        let (session, id) = (self.address.clone(), self.uuid(number));
        self.relay(None, Signal { session, id, to: to.map(str::to_owned), content }, out)?;
        self.counted.count(Figure::ServerSignals);
        Ok(())
    }

    fn relay(
        &mut self,
        from: Option<MemberId>,
        signal: Signal,
        out: &mut Vec<Output>,
    ) -> Result<(), Refusal> {
        let Signal { session, id, to, mut content } = signal;
        // Who speaks is what the server says, not what the sender wrote.
        content.from_connection = None;
        content.check().map_err(|refused| Refusal::new(refused.status(), refused.reason()))?;
        let addressee = to.as_ref().map(|to| self.addressee(to)).transpose()?;

        let frame_to = to.as_deref().unwrap_or(&self.topic).to_owned();
        let sender = from.and_then(|from| self.members.get(&from));
        let from = sender.map_or_else(|| Arc::from(""), |sender| sender.id.clone());
        let (speaker, heard) =
            (|| sender.map(|sender| sender.id.to_string()), || (to.clone(), content.clone()));
        let noted = if self.is_archived() {
            let (to, content) = heard();
            Some(Event::Signal { from: speaker(), to, content })
        } else if self.outside.is_watched() {
            let (to, content) = heard();
            Some(Event::Overheard { from: speaker(), to, content })
        } else {
            None
        };
        let introduction =
            sender.filter(|_| self.suppressed_members > 0).map(|sender| sender.connection.clone());
        let mut message = Message { session, body: Body::Signal { id, to, content } };
        let sequence = self.next_number();
        let plain = self.letter(sequence, &frame_to, &from, &message.encode());
        // Those who hear of no connections are told who speaks (`wire.md §5.5`).
        let introduced = introduction.map(|sender| {
            if let Body::Signal { content, .. } = &mut message.body {
                content.from_connection = Some(sender);
            }
            self.letter(sequence, &frame_to, &from, &message.encode())
        });
        let introduced = introduced.as_ref().unwrap_or(&plain);

        self.counted.add(Figure::Deliveries, if addressee.is_some() { 1 } else { self.members.len() });
        if let Some(addressee) = addressee {
            let suppressed = self.members.get(&addressee).is_some_and(|member| member.events_suppressed);
            self.send_letter_to(addressee, if suppressed { introduced } else { &plain }, out);
        } else {
            self.send(&plain, |member| !member.events_suppressed, out);
            if self.suppressed_members > 0 {
                self.send(introduced, |member| member.events_suppressed, out);
            }
        }
        self.outside.count_signal();
        out.extend(noted.map(Output::happened));
        Ok(())
    }

    fn addressee(&self, connection: &str) -> Result<MemberId, Refusal> {
        let missing = || Refusal::new(404, "No connection of that id is in the session.");
        self.by_connection.get(connection).copied().ok_or_else(missing)
    }
}
