use super::*;
use redb::StorageBackend;
use serde::{Deserialize, Serialize};
use std::fs::{OpenOptions, Permissions};
use std::ops::ControlFlow;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::channel;
use tokio::task::JoinSet;

const NUMBERS: Table<u32> = Table::new("numbers");
const TEXTS: Table<String> = Table::new("texts");

/// A data directory of a test's own.
struct Place(PathBuf);

impl Place {
    fn new() -> Self {
        static PLACES: AtomicU32 = AtomicU32::new(0);
        let number = PLACES.fetch_add(1, Ordering::Relaxed);
        Self(std::env::temp_dir().join(format!("otc-store-{}-{number}", std::process::id())))
    }

    fn open(&self) -> io::Result<Store> {
        Store::open(&DataDir::open(&self.0).expect("a directory"))
    }

    fn file(&self) -> PathBuf {
        self.0.join(file::FILE)
    }

    fn error(&self) -> String {
        self.open().err().expect("an error").to_string()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn put(store: &Store, key: &'static str, number: u32) {
    store.write_blocking(move |writer| writer.put(&NUMBERS, key, &number)).expect("put");
}

fn number(store: &Store, key: &str) -> Option<u32> {
    store.read(|reader| reader.get(&NUMBERS, key)).expect("readable")
}

fn keys(store: &Store, keys: &Keys, most: usize) -> Vec<String> {
    let mut seen = Vec::new();
    let look = |reader: &Reader<'_>| {
        reader.range(&NUMBERS, keys, |key, _| {
            seen.push(key.to_owned());
            if seen.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })
    };
    store.read(look).expect("readable");
    seen
}

#[test]
fn records_are_put_seen_and_removed() {
    let store = Store::in_memory().unwrap();
    assert_eq!((number(&store, "a"), store.read(|reader| reader.count(&NUMBERS)).unwrap()), (None, 0));
    put(&store, "a", 1);
    put(&store, "a", 2);
    put(&store, "b", 3);
    assert_eq!((number(&store, "a"), store.read(|reader| reader.count(&NUMBERS)).unwrap()), (Some(2), 2));
    let removed = store.write_blocking(|writer| {
        assert_eq!((writer.get(&NUMBERS, "a")?, writer.count(&NUMBERS)?), (Some(2), 2));
        Ok([writer.remove(&NUMBERS, "a")?, writer.remove(&NUMBERS, "a")?, writer.remove(&TEXTS, "a")?])
    });
    assert_eq!(removed, Ok([true, false, false]));
    assert_eq!((number(&store, "a"), number(&store, "b")), (None, Some(3)));
}

#[test]
fn ranges_go_both_ways_and_break_off() {
    let store = Store::in_memory().unwrap();
    for key in ["b", "a/2", "a", "a/1", "c", "a/é"] {
        put(&store, key, 0);
    }
    assert_eq!(keys(&store, &Keys::all(), 9), ["a", "a/1", "a/2", "a/é", "b", "c"]);
    assert_eq!(keys(&store, &Keys::starting_with("a/"), 9), ["a/1", "a/2", "a/é"]);
    assert_eq!(keys(&store, &Keys::starting_with("a/").backwards(), 2), ["a/é", "a/2"]);
    assert_eq!(keys(&store, &Keys::between("a/1", "b"), 9), ["a/1", "a/2", "a/é"]);
    assert!(keys(&store, &Keys::between("c", "a"), 9).is_empty());
}

#[test]
fn an_edit_that_fails_changes_nothing_and_spares_the_others() {
    let store = Store::in_memory().unwrap();
    put(&store, "a", 1);
    let failed = store.write_blocking(|writer| {
        writer.put(&NUMBERS, "a", &2)?;
        writer.put(&NUMBERS, "b", &2)?;
        writer.remove(&NUMBERS, "a")?;
        writer.put(&NUMBERS, "", &2)
    });
    assert_eq!(failed, Err(StoreError::Key("numbers")));
    assert_eq!((number(&store, "a"), number(&store, "b")), (Some(1), None));
    let large = store.write_blocking(|writer| writer.put(&TEXTS, "large", &"x".repeat(STORE_RECORD)));
    assert_eq!(large, Err(StoreError::TooLarge("texts", "large".to_owned())));
    let broken = store.write_blocking(|writer| {
        writer.put(&NUMBERS, "a", &3)?;
        panic!("a mistake, as this test wants it");
        #[allow(unreachable_code, reason = "the type of the closure")]
        Ok(())
    });
    assert_eq!(broken, Err(StoreError::Panicked));
    assert_eq!(number(&store, "a"), Some(1));
    put(&store, "a", 4);
    assert_eq!(number(&store, "a"), Some(4), "the store goes on");
}

const STORE_RECORD: usize = otc_protocol::limits::STORE_RECORD_BYTES;

/// A later version adds a field with a default, and reads what this one has written.
#[test]
fn records_of_another_version_are_read_or_an_error() {
    #[derive(Serialize)]
    struct Earlier {
        name: &'static str,
    }
    #[derive(Debug, PartialEq, Deserialize)]
    struct Later {
        name: String,
        #[serde(default)]
        size: u64,
    }
    let store = Store::in_memory().unwrap();
    let earlier: Table<Earlier> = Table::new("things");
    let later: Table<Later> = Table::new("things");
    store.write_blocking(move |writer| writer.put(&earlier, "x", &Earlier { name: "y" })).unwrap();
    let read = store.read(|reader| reader.get(&later, "x"));
    assert_eq!(read, Ok(Some(Later { name: "y".to_owned(), size: 0 })));
    let other: Table<u32> = Table::new("things");
    let error = store.read(|reader| reader.get(&other, "x")).unwrap_err();
    assert!(error.to_string().contains("the record \"x\" of things cannot be read"), "{error}");
}

/// A disk that counts how often it is waited for, and that can fail.
#[derive(Debug, Default)]
struct Disk {
    memory: redb::backends::InMemoryBackend,
    state: Arc<DiskState>,
}

#[derive(Debug, Default)]
struct DiskState {
    waits: AtomicU32,
    full: AtomicBool,
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        self.memory.len()
    }
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.memory.read(offset, out)
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.memory.set_len(len)
    }
    fn sync_data(&self) -> io::Result<()> {
        self.state.waits.fetch_add(1, Ordering::Relaxed);
        self.memory.sync_data()
    }
    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        if self.state.full.load(Ordering::Relaxed) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.memory.write(offset, data)
    }
}

fn on_a_disk() -> (Store, Arc<DiskState>) {
    let disk = Disk::default();
    let state = Arc::clone(&disk.state);
    let database = Database::builder().create_with_backend(disk).expect("an empty database");
    (Store::of(database).expect("a thread"), state)
}

#[tokio::test]
async fn edits_that_come_together_wait_for_the_disk_once() {
    let (store, disk) = on_a_disk();
    let store = Arc::new(store);
    let (go_on, held) = channel::<()>();
    let (begun, has_begun) = tokio::sync::oneshot::channel();
    let holder = Arc::clone(&store);
    let first = tokio::spawn(async move {
        let edit = move |writer: &mut Writer<'_>| {
            let _ = begun.send(());
            let _ = held.recv();
            writer.put(&NUMBERS, "first", &1)
        };
        holder.write(edit).await
    });
    has_begun.await.unwrap();
    let mut others = JoinSet::new();
    for index in 0..100u32 {
        let store = Arc::clone(&store);
        others.spawn(async move {
            store.write(move |writer| writer.put(&NUMBERS, &index.to_string(), &index)).await
        });
    }
    // The tasks run on this thread: when it is their turn no more, all of them wait.
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
    let waits = disk.waits.load(Ordering::Relaxed);
    go_on.send(()).unwrap();
    first.await.unwrap().unwrap();
    while let Some(other) = others.join_next().await {
        other.unwrap().unwrap();
    }
    let waits = disk.waits.load(Ordering::Relaxed) - waits;
    assert!(waits <= 6, "two commits were needed, and the disk was waited for {waits} times");
    assert_eq!(store.read(|reader| reader.count(&NUMBERS)), Ok(101));
}

#[test]
fn a_disk_that_fails_is_an_error_until_the_server_is_started_again() {
    let (store, disk) = on_a_disk();
    put(&store, "a", 1);
    assert!(!store.has_failed());
    disk.full.store(true, Ordering::Relaxed);
    for _ in 0..2 {
        let error = store.write_blocking(|writer| writer.put(&NUMBERS, "a", &2)).unwrap_err();
        assert!(matches!(error, StoreError::Failed(_)), "{error}");
        assert!(error.to_string().contains("start the server again"), "{error}");
        assert!(store.has_failed());
    }
}

#[tokio::test]
async fn a_closed_store_says_so() {
    let store = Store::in_memory().unwrap();
    store.write(|writer| writer.put(&NUMBERS, "a", &1)).await.unwrap();
    store.close();
    store.close();
    assert_eq!(store.write(|writer| writer.put(&NUMBERS, "a", &1)).await, Err(StoreError::Closed));
    assert_eq!(store.read(|reader| reader.get(&NUMBERS, "a")), Err(StoreError::Closed));
}

#[test]
fn a_file_is_for_its_owner_and_is_found_again() {
    let place = Place::new();
    let store = place.open().unwrap();
    put(&store, "a", 7);
    drop(store);
    let mode = std::fs::metadata(place.file()).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    let store = place.open().unwrap();
    assert_eq!(number(&store, "a"), Some(7));
    assert_eq!(std::fs::read_dir(&place.0).unwrap().count(), 2, "the database and the lock");
}

/// As after `kill -9`: the file is copied while the store is open.
#[test]
fn what_was_answered_is_in_the_file() {
    let (place, other) = (Place::new(), Place::new());
    let store = place.open().unwrap();
    put(&store, "a", 7);
    DataDir::open(&other.0).unwrap();
    std::fs::copy(place.file(), other.file()).unwrap();
    assert_eq!(number(&other.open().unwrap(), "a"), Some(7));
}

#[test]
fn a_making_that_was_cut_short_is_begun_anew() {
    let place = Place::new();
    DataDir::open(&place.0).unwrap();
    std::fs::write(place.0.join("otc-server.redb.new"), "half of one").unwrap();
    put(&place.open().unwrap(), "a", 1);
    assert_eq!(std::fs::read_dir(&place.0).unwrap().count(), 2);
}

/// Never an empty database in its place: that would be a loss that nobody notices.
#[test]
fn damage_is_an_error_that_says_what_to_do() {
    let place = Place::new();
    let store = place.open().unwrap();
    for key in ["a", "b", "c"] {
        put(&store, key, 7);
    }
    drop(store);
    let sound = std::fs::read(place.file()).unwrap();
    let half = sound.len() / 2;
    let mut changed = sound.clone();
    // Every page but the head: whatever is in use is hit.
    changed[4096..].iter_mut().for_each(|byte| *byte = !*byte);
    let mut headless = sound.clone();
    headless[..512].fill(0x55);
    for (what, bytes) in [
        ("nothing", Vec::new()),
        ("no database", b"no database".to_vec()),
        ("half of it", sound[..half].to_vec()),
        ("changed pages", changed),
        ("no head", headless),
    ] {
        std::fs::write(place.file(), &bytes).unwrap();
        let error = place.error();
        assert!(
            error.contains("cannot open the database") && error.contains("move it away"),
            "{what}: {error}"
        );
        assert!(error.contains(&place.file().display().to_string()), "{what}: {error}");
        // A failed repair may write, but it does not make an empty database of it.
        place.error();
    }
    std::fs::write(place.file(), &sound).unwrap();
    assert_eq!(number(&place.open().unwrap(), "b"), Some(7));
}

#[test]
fn another_version_and_another_owner_are_errors() {
    let place = Place::new();
    drop(place.open().unwrap());
    let database = Database::open(place.file()).unwrap();
    let transaction = database.begin_write().unwrap();
    Writer::new(&transaction).put(&Table::<u32>::new("meta"), "version", &2).unwrap();
    transaction.commit().unwrap();
    drop(database);
    let error = place.error();
    assert!(error.contains("another version of the server has written it (form 2"), "{error}");
    std::fs::set_permissions(place.file(), Permissions::from_mode(0o622)).unwrap();
    assert!(place.error().contains("nobody else may write"), "{}", place.error());
    let elsewhere = place.0.join("elsewhere");
    std::fs::rename(place.file(), &elsewhere).unwrap();
    symlink(&elsewhere, place.file()).unwrap();
    assert!(place.error().contains("cannot open the database"), "{}", place.error());
    std::fs::remove_file(place.file()).unwrap();
    OpenOptions::new().write(true).create_new(true).open(place.file()).unwrap();
    assert!(place.error().contains("not a database of otc-server"), "{}", place.error());
}
