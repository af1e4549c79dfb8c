//! Archives: what happened in a session, as a file (`docs/server/archives.md`). No media is recorded.
//!
//! * `record`: what is known of one, in the database (`shelf`); `lines`: its file, in the `vault`
//! * `desk`: which run, and who waits for that; `scribe`: writes them, on the chronicle's thread (`running`: one of them)
//! * `automatic`: sessions that are always archived; `link`: URLs of files
//! * `disown`: those of a deleted project
//! * `keeper`: ends those that last too long, and forgets old ones; `recover`: what a killed server has left

mod automatic;
mod desk;
mod disown;
mod keeper;
mod lines;
mod link;
mod record;
mod recover;
mod running;
mod scribe;
mod shelf;
mod vault;

pub(crate) use automatic::{ArchiveMode, SessionProperties};
pub(crate) use keeper::attend;
pub(crate) use record::{Chosen, Layout, OutputMode, Record, Status, StreamMode, Wishes};
pub(crate) use vault::Content;

use crate::data::DataDir;
use crate::hex::{hex, unhex};
use crate::http::PublicUrl;
use crate::keys;
use crate::sessions::Refusal;
use crate::store::{Look, Store, StoreError, Table, Writer};
use desk::{Begun, Desk};
use link::Links;
use otc_protocol::limits::{
    ARCHIVE_BYTES, ARCHIVE_KEPT, ARCHIVE_LASTS, ARCHIVE_STREAMS, ARCHIVES_BYTES, ARCHIVES_BYTES_IN_MEMORY,
    PROJECT_ARCHIVES, SESSION_PROPERTIES,
};
use otc_protocol::raptor::{Archive, SessionAddress};
use otc_protocol::uuid;
use parking_lot::Mutex;
use running::{Room, Running};
use scribe::Ask;
use serde_json::Value;
use shelf::Scope;
use std::collections::HashMap;
use std::io;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::{Notify, mpsc, oneshot};
use tracing::{error, warn};
use vault::Vault;

/// What of archives can be set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How long one runs.
    pub lasts: Duration,
    /// How long its file is kept.
    pub kept: Duration,
    /// Bytes of one.
    pub bytes_each: u64,
    /// Bytes of all; `None`: as many as suit the disk or the memory that they are in.
    pub bytes: Option<u64>,
    /// How many a project has.
    pub per_project: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            lasts: ARCHIVE_LASTS,
            kept: ARCHIVE_KEPT,
            bytes_each: ARCHIVE_BYTES,
            bytes: None,
            per_project: PROJECT_ARCHIVES,
        }
    }
}

/// Is told when the status of an archive changes, with the archive object.
pub(crate) type Told = Box<dyn Fn(&SessionAddress, Value) + Send + Sync>;

/// The archives of a server.
pub(crate) struct Archives {
    settings: Settings,
    store: Arc<Store>,
    vault: Vault,
    /// Locked for a moment alone.
    desk: Mutex<Desk>,
    /// By session. Locked while lines are written, by the chronicle's thread.
    running: Mutex<HashMap<String, Vec<Running>>>,
    room: Room,
    links: Links,
    public_url: Option<PublicUrl>,
    told: OnceLock<Told>,
    /// Ends that rooms have to be asked for, by whoever may ask them.
    asks: mpsc::UnboundedSender<Ask>,
    asked: Mutex<Option<mpsc::UnboundedReceiver<Ask>>>,
    /// Rung when the status of one has changed.
    changed: Notify,
}

/// Keys that the server made for itself.
const SECRETS: Table<String> = Table::new("secrets");
/// The one that signs URLs.
const LINK_KEY: &str = "archive_links";

impl Archives {
    /// The archives of this store and this data directory. It waits for the disk.
    pub(crate) fn open(
        settings: Settings,
        store: &Arc<Store>,
        data: Option<&DataDir>,
        public_url: Option<PublicUrl>,
    ) -> io::Result<Self> {
        let (vault, bytes, key) = match data {
            Some(data) => (Vault::Disk(data.directory("archives")?), ARCHIVES_BYTES, kept_key(store)?),
            None => (Vault::in_memory(), ARCHIVES_BYTES_IN_MEMORY, new_key()?),
        };
        let (each, all) = (settings.bytes_each, settings.bytes.unwrap_or(bytes));
        let (asks, asked) = mpsc::unbounded_channel();
        Ok(Self {
            settings,
            store: Arc::clone(store),
            vault,
            desk: Mutex::default(),
            running: Mutex::default(),
            room: Room::new(each, all),
            links: Links::new(&key),
            public_url,
            told: OnceLock::new(),
            asks,
            asked: Mutex::new(Some(asked)),
            changed: Notify::new(),
        })
    }

    /// Tells `told` of each change of an archive's status from now on; once.
    pub(crate) fn tell(&self, told: Told) {
        // A second one would be a mistake in the program, which its tests see.
        let _ = self.told.set(told);
    }

    /// An archive that a call asks for, if there is room for it. Its room has to be asked next, and after that
    /// [`Pending::begun`] waits for it.
    pub(crate) fn reserve(
        &self,
        session: &SessionAddress,
        wishes: Wishes,
        unix_ms: u64,
    ) -> Result<Pending<'_>, Refusal> {
        self.has_room(&session.project)?;
        let id = random_id().ok_or_else(|| Refusal::new(500, "The system gives no random bytes"))?;
        let record = Record::new(id, &session.project, &session.session, wishes, unix_ms);
        let archive = as_told(&record);
        let begun = self.desk.lock().reserve(record)?;
        Ok(Pending { archives: self, session: session.clone(), archive, begun })
    }

    fn has_room(&self, project: &str) -> Result<(), Refusal> {
        // Not 429: no wait cures this, and SDKs that wait and call again would do so for ever.
        if self.desk.lock().counts(project).kept() >= self.settings.per_project {
            return Err(Refusal::new(409, "The project has as many archives as it may have; delete some"));
        }
        self.room.lack(project, 1).map_or(Ok(()), |full| Err(full.refusal()))
    }

    /// The archive that a session begins with its first client, if it is one that does.
    pub(crate) fn automatic(&self, session: &SessionAddress) -> Option<Archive> {
        let wishes = self.properties(&session.session)?.wishes();
        if let Err(refusal) = self.has_room(&session.project) {
            warn!(session = %session.session, reason = %refusal.reason, "the session is not archived");
            return None;
        }
        Some(as_told(&Record::new(random_id()?, &session.project, &session.session, wishes, 0)))
    }

    fn properties(&self, session: &str) -> Option<SessionProperties> {
        let properties = self.store.read(|reader| automatic::properties(reader, session));
        properties.unwrap_or_else(|error| {
            error!(%session, %error, "whether the session is archived is not known");
            None
        })
    }

    /// Remembers what a new session's id does not say.
    pub(crate) async fn remember(
        &self,
        session: SessionAddress,
        properties: SessionProperties,
    ) -> Result<(), StoreError> {
        let edit = move |writer: &mut Writer<'_>| {
            automatic::remember(writer, &session, &properties, SESSION_PROPERTIES)
        };
        if let Some(session) = self.store.write(edit).await? {
            warn!(
                %session,
                "there are as many sessions that are always archived as there may be: an old one is not archived any more"
            );
        }
        Ok(())
    }

    /// An archive of a project.
    pub(crate) fn get(&self, project: &str, id: &str) -> Result<Option<Record>, StoreError> {
        let record = self.store.read(|reader| shelf::get(reader, id))?;
        Ok(record.filter(|record| record.project == project))
    }

    /// How many archives a project has, or one of its sessions, and some of them, the newest first, without style sheets: a
    /// thousand of those would be an answer of megabytes. It takes its time.
    pub(crate) fn list(
        &self,
        project: &str,
        session: Option<&str>,
        offset: usize,
        count: usize,
    ) -> Result<(usize, Vec<Record>), StoreError> {
        let scope = session.map_or(Scope::Project(project), Scope::Session);
        self.store.read(|reader| {
            shelf::list(reader, scope, offset, count, |record| {
                record.wishes.layout.iter_mut().for_each(|layout| layout.stylesheet = None);
            })
        })
    }

    /// Gives an archive another layout; as it is then.
    pub(crate) async fn set_layout(&self, id: String, layout: Layout) -> Result<Option<Record>, StoreError> {
        let change = move |record: &mut Record| record.wishes.layout = Some(layout);
        self.store.write(move |writer| shelf::change(writer, &id, change)).await
    }

    /// Chooses a stream, or chooses it otherwise; whether there was room for it.
    pub(crate) async fn choose(&self, id: String, chosen: Chosen) -> Result<bool, StoreError> {
        let edit = move |writer: &mut Writer<'_>| {
            let mut fits = true;
            shelf::change(writer, &id, |record| {
                let streams = &mut record.wishes.streams;
                streams.retain(|stream| stream.stream_id != chosen.stream_id);
                fits = streams.len() < ARCHIVE_STREAMS;
                if fits {
                    streams.push(chosen);
                }
            })?;
            Ok(fits)
        };
        self.store.write(edit).await
    }

    /// Takes a stream out.
    pub(crate) async fn leave_out(&self, id: String, stream: String) -> Result<(), StoreError> {
        let change = move |record: &mut Record| {
            record.wishes.streams.retain(|chosen| chosen.stream_id != stream);
        };
        self.store.write(move |writer| shelf::change(writer, &id, change).map(|_| ())).await
    }

    /// Comes when an archive runs no more; `None` when it does not run.
    pub(crate) fn ended(&self, session: &str, id: &str) -> Option<oneshot::Receiver<()>> {
        self.desk.lock().wait(session, id)
    }

    /// How many are being written.
    pub(crate) fn count_running(&self) -> usize {
        self.desk.lock().running()
    }

    /// Bytes that were written into files since the server started.
    pub(crate) fn written(&self) -> u64 {
        self.room.written.load(Ordering::Relaxed)
    }

    /// Whether it is being written.
    pub(crate) fn is_running(&self, session: &str, id: &str) -> bool {
        let running = self.running.lock();
        running.get(session).is_some_and(|archives| archives.iter().any(|running| running.id == id))
    }

    /// Deletes an archive that does not run, with its file; whether it was there. It is done to its end, even when the
    /// caller hangs up in the middle: a record that is gone must leave no file, and its place is free.
    pub(crate) async fn delete(self: &Arc<Self>, id: String) -> Result<bool, StoreError> {
        let archives = Arc::clone(self);
        tokio::spawn(async move { archives.delete_now(id).await }).await.unwrap_or(Err(StoreError::Panicked))
    }

    async fn delete_now(self: Arc<Self>, id: String) -> Result<bool, StoreError> {
        let edit = move |writer: &mut Writer<'_>| {
            shelf::take(writer, &id, |record| record.status != Status::Started)
        };
        let Some(record) = self.store.write(edit).await? else { return Ok(false) };
        // A file that cannot be removed now is removed at the next start: no record tells of it.
        let _ = tokio::task::spawn_blocking(move || self.forget_file(&record)).await;
        Ok(true)
    }

    /// Removes the file of an archive whose record is gone.
    fn forget_file(&self, record: &Record) {
        self.remove_file(record);
        self.desk.lock().count_out(&record.project, record.status);
        self.announce(&Record { status: Status::Deleted, ..record.clone() });
    }

    /// Removes the file of an archive that has one.
    fn remove_file(&self, record: &Record) {
        if record.status == Status::Available {
            self.room.give_back(&record.project, record.size);
        }
        if let Err(error) = self.vault.remove(&record.id) {
            error!(archive = %record.id, %error, "the file of an archive cannot be removed");
        }
    }

    /// The file of an archive; `None` when there is none. It waits for the disk.
    pub(crate) fn file(&self, id: &str) -> io::Result<Option<Content>> {
        let record = self.store.read(|reader| shelf::get(reader, id)).map_err(io::Error::other)?;
        match record {
            Some(record) if record.status == Status::Available => self.vault.open(id),
            _ => Ok(None),
        }
    }

    /// The archive object, with the URL of its file at `address`.
    pub(crate) fn object(&self, record: &Record, address: Option<&PublicUrl>, now_s: u64) -> Value {
        record.object(self.url(record, address, now_s).as_deref())
    }

    fn url(&self, record: &Record, address: Option<&PublicUrl>, now_s: u64) -> Option<String> {
        let address = address.filter(|_| record.status == Status::Available)?;
        Some(address.web_url(&self.links.path(&record.id, now_s)))
    }

    /// Whether who has this URL of a file may load it; else why not.
    pub(crate) fn check_link(
        &self,
        id: &str,
        expires: Option<&str>,
        signature: Option<&str>,
        now_s: u64,
    ) -> Result<(), &'static str> {
        self.links.check(id, expires, signature, now_s)
    }

    /// Tells whoever wants to know that the status of an archive has changed.
    fn announce(&self, record: &Record) {
        self.changed.notify_one();
        if let Some(told) = self.told.get() {
            let (project, session) = (record.project.clone(), record.session.clone());
            let url = self.url(record, self.public_url.as_ref(), crate::unix_ms() / 1000);
            told(&SessionAddress { project, session }, record.object(url.as_deref()));
        }
    }
}

/// An archive that has a place, and has not begun. Its room is asked at once: if that refuses, the place is given up;
/// else the archive begins, whether anybody waits for that or not.
pub(crate) struct Pending<'a> {
    archives: &'a Archives,
    session: SessionAddress,
    /// What its room is told.
    pub(crate) archive: Archive,
    begun: Begun,
}

impl Pending<'_> {
    /// Gives the place up: the room has refused.
    pub(crate) fn give_up(self) {
        self.archives.desk.lock().end(&self.session.session, &self.archive.id);
    }

    /// Waits until the archive has begun: its first lines are written then. Else why it could not begin.
    pub(crate) async fn begun(self) -> Result<Record, Refusal> {
        let gone =
            |_| Refusal::new(503, "The archive has ended before it began: the server is busy. Try again");
        self.begun.await.map_err(gone)?
    }
}

/// An archive as clients are told of it.
fn as_told(record: &Record) -> Archive {
    Archive {
        id: record.id.clone(),
        name: record.wishes.name.clone().unwrap_or_default(),
        status: "started".to_owned(),
        ..Archive::default()
    }
}

fn random_id() -> Option<String> {
    keys::random().ok().map(uuid::from_random)
}

/// A key that signs URLs.
fn new_key() -> io::Result<[u8; 32]> {
    keys::random().map_err(io::Error::other)
}

/// The key that signs URLs, which are good after a restart.
fn kept_key(store: &Store) -> io::Result<[u8; 32]> {
    let known = store.read(|reader| reader.get(&SECRETS, LINK_KEY)).map_err(io::Error::other)?;
    let known = known.as_deref().and_then(unhex).and_then(|key| key.try_into().ok());
    if let Some(key) = known {
        return Ok(key);
    }
    let key = new_key()?;
    let text = hex(&key);
    let edit = move |writer: &mut Writer<'_>| writer.put(&SECRETS, LINK_KEY, &text);
    store.write_blocking(edit).map_err(io::Error::other)?;
    Ok(key)
}

#[cfg(all(test, unix))]
mod tests;
