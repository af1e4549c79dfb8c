//! Handles: what C holds instead of pointers.
//!
//! The value of an `otc_session *` is not an address. It names a place in a table, and the generation of that place: NULL,
//! a deleted handle, one of another kind and a pointer from elsewhere are all found out, and none is ever followed.

use super::boundary::Failed;
use otc_protocol::error::ErrorCode;
use parking_lot::RwLock;
use std::sync::Arc;

/// What a handle is for; part of its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub(super) enum Kind {
    Settings = 1,
    Session = 2,
    Connection = 3,
    Stream = 4,
    ConnectionList = 5,
}

/// Who may end a handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    Caller,
    Library,
}

/// Why an object was not taken out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotTaken {
    /// There is none.
    Gone,
    /// It is lent: the library ends it.
    Lent,
}

impl NotTaken {
    pub(super) fn failed(self, what: &str) -> Failed {
        match self {
            Self::Gone => Failed::handle(what),
            Self::Lent => Failed::new(
                ErrorCode::InvalidParam,
                format!("The {what} is lent and ends by itself; only a {what} of your own is deleted."),
            ),
        }
    }
}

/// The lowest bit is set, so no handle looks like the address of anything that is aligned.
const MARK: usize = 1;
const KIND_SHIFT: u32 = 1;
const KIND_BITS: u32 = 3;
const INDEX_SHIFT: u32 = KIND_SHIFT + KIND_BITS;
const INDEX_BITS: u32 = if usize::BITS == 64 { 28 } else { 14 };
const GENERATION_SHIFT: u32 = INDEX_SHIFT + INDEX_BITS;
/// Handles of one kind that can exist at one time.
const MOST: usize = 1 << INDEX_BITS;
const LAST_GENERATION: usize = (1 << (usize::BITS - GENERATION_SHIFT)) - 1;

/// The objects of one kind.
pub(super) struct Table<T> {
    kind: Kind,
    places: RwLock<Places<T>>,
}

struct Places<T> {
    all: Vec<Place<T>>,
    free: Vec<usize>,
}

struct Place<T> {
    generation: usize,
    owner: Owner,
    object: Option<Arc<T>>,
}

impl<T> Table<T> {
    pub(super) const fn new(kind: Kind) -> Self {
        Self { kind, places: RwLock::new(Places { all: Vec::new(), free: Vec::new() }) }
    }

    /// Gives an object to the caller; `None` when the table is full.
    pub(super) fn insert(&self, object: Arc<T>) -> Option<usize> {
        self.put(object, Owner::Caller)
    }

    /// Lends an object to the caller: nothing but [`Table::remove`] ends the handle. `None` when the table is full.
    pub(super) fn lend(&self, object: Arc<T>) -> Option<usize> {
        self.put(object, Owner::Library)
    }

    fn put(&self, object: Arc<T>, owner: Owner) -> Option<usize> {
        let mut places = self.places.write();
        let index = match places.free.pop() {
            Some(index) => index,
            None if places.all.len() < MOST => {
                places.all.push(Place { generation: 1, owner, object: None });
                places.all.len() - 1
            }
            None => return None,
        };
        let place = &mut places.all[index];
        place.owner = owner;
        place.object = Some(object);
        Some(
            MARK | (self.kind as usize) << KIND_SHIFT
                | index << INDEX_SHIFT
                | place.generation << GENERATION_SHIFT,
        )
    }

    /// The object of a handle, if it lives.
    pub(super) fn get(&self, handle: usize) -> Option<Arc<T>> {
        let index = self.index(handle)?;
        let places = self.places.read();
        let place = places.all.get(index)?;
        if place.generation == handle >> GENERATION_SHIFT { place.object.clone() } else { None }
    }

    /// Takes an object out that the caller owns.
    pub(super) fn take(&self, handle: usize) -> Result<Arc<T>, NotTaken> {
        let is_lent = self.index(handle).is_some_and(|index| {
            let places = self.places.read();
            places.all.get(index).is_some_and(|place| {
                place.generation == handle >> GENERATION_SHIFT && place.owner == Owner::Library
            })
        });
        if is_lent { Err(NotTaken::Lent) } else { self.remove(handle).ok_or(NotTaken::Gone) }
    }

    /// Takes an object out; the handle is stale from then on.
    pub(super) fn remove(&self, handle: usize) -> Option<Arc<T>> {
        let index = self.index(handle)?;
        let mut places = self.places.write();
        let place = places.all.get_mut(index)?;
        if place.generation != handle >> GENERATION_SHIFT {
            return None;
        }
        let object = place.object.take()?;
        // A place whose generations are used up is never used again, so that no stale handle comes back to life.
        if place.generation < LAST_GENERATION {
            place.generation += 1;
            places.free.push(index);
        }
        Some(object)
    }

    /// Takes all objects out.
    pub(super) fn drain(&self) -> Vec<Arc<T>> {
        let mut places = self.places.write();
        let places = &mut *places;
        let mut objects = Vec::new();
        for (index, place) in places.all.iter_mut().enumerate() {
            if let Some(object) = place.object.take() {
                objects.push(object);
                if place.generation < LAST_GENERATION {
                    place.generation += 1;
                    places.free.push(index);
                }
            }
        }
        objects
    }

    fn index(&self, handle: usize) -> Option<usize> {
        let tag = handle & ((1 << INDEX_SHIFT) - 1);
        let expected = MARK | (self.kind as usize) << KIND_SHIFT;
        (tag == expected).then_some(handle >> INDEX_SHIFT & (MOST - 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_live_handles_of_the_kind_are_found() {
        let sessions = Table::new(Kind::Session);
        let streams = Table::new(Kind::Stream);
        let handle = sessions.insert(Arc::new("s")).expect("room");
        let stream = streams.insert(Arc::new("x")).expect("room");
        assert_eq!(sessions.get(handle).as_deref(), Some(&"s"));
        for foreign in [
            0,
            stream,
            handle ^ 1,
            handle + (1 << INDEX_SHIFT),
            std::ptr::from_ref(&handle) as usize,
            usize::MAX,
        ] {
            assert!(sessions.get(foreign).is_none() && sessions.remove(foreign).is_none(), "{foreign:x}");
        }
        assert!(sessions.remove(handle).is_some());
        assert!(sessions.remove(handle).is_none() && sessions.get(handle).is_none(), "stale");
        let next = sessions.insert(Arc::new("t")).expect("room");
        assert_ne!(next, handle, "the place is the same, the generation is not");
        assert!(sessions.get(handle).is_none());
    }

    #[test]
    fn what_is_lent_is_ended_by_its_lender_alone() {
        let table = Table::new(Kind::Stream);
        let lent = table.lend(Arc::new("lent")).expect("room");
        assert_eq!(table.take(lent), Err(NotTaken::Lent));
        assert_eq!(table.get(lent).as_deref(), Some(&"lent"));
        assert!(table.remove(lent).is_some());
        assert_eq!(table.take(lent), Err(NotTaken::Gone));
        let own = table.insert(Arc::new("own")).expect("room");
        assert_eq!(table.take(own).as_deref(), Ok(&"own"));
        assert_eq!(table.take(own), Err(NotTaken::Gone));
    }

    #[test]
    fn a_place_with_used_up_generations_is_retired() {
        let table = Table::new(Kind::Connection);
        table.places.write().all.push(Place {
            generation: LAST_GENERATION,
            owner: Owner::Caller,
            object: None,
        });
        table.places.write().free.push(0);
        let last = table.insert(Arc::new(())).expect("room");
        assert!(table.remove(last).is_some());
        let next = table.insert(Arc::new(())).expect("room");
        assert_eq!(table.index(next), Some(1));
        assert!(table.get(last).is_none());
    }

    #[test]
    fn draining_makes_every_handle_stale() {
        let table = Table::new(Kind::Settings);
        let handles: Vec<usize> = (0..3).filter_map(|number| table.insert(Arc::new(number))).collect();
        assert_eq!(table.drain().len(), 3);
        assert!(handles.iter().all(|handle| table.get(*handle).is_none()));
    }
}
