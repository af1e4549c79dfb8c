//! Faults on demand: the test that a panic of the library's own costs no more than it must needs panics.
//!
//! Without the feature `faults`, which nothing that is shipped has, all of this is nothing.

/// Where a fault can be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Place {
    /// Inside a call of the C API.
    Call = 1,
    /// In a session's task.
    Task = 2,
    /// On the way to a callback.
    Callback = 3,
}

/// Panics if a fault has been asked for here.
#[cfg(not(feature = "faults"))]
#[inline]
pub(crate) fn point(_place: Place) {}

#[cfg(feature = "faults")]
pub use asked::ask;
#[cfg(feature = "faults")]
pub(crate) use asked::point;

#[cfg(feature = "faults")]
mod asked {
    use super::Place;
    use std::sync::atomic::{AtomicU8, Ordering};

    static NEXT: AtomicU8 = AtomicU8::new(0);

    /// Asks for one fault, the next time that somebody comes by that place.
    pub fn ask(place: Place) {
        NEXT.store(place as u8, Ordering::SeqCst);
    }

    pub(crate) fn point(place: Place) {
        let is_here = NEXT.compare_exchange(place as u8, 0, Ordering::SeqCst, Ordering::SeqCst).is_ok();
        assert!(!is_here, "a fault that a test has asked for");
    }
}
