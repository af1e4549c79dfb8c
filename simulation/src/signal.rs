//! A signal's way: what its data says, whether a room carried it out, what its sender was told.

use crate::life::LifeId;

/// A signal's number: what its data says.
pub(crate) type Number = usize;

/// A signal that a client accepted, or the application's server sent.
pub(crate) struct Signal {
    pub(crate) from: Option<LifeId>,
    pub(crate) to: Option<String>,
    /// It is sent again after a cut.
    pub(crate) retry: bool,
    pub(crate) carried_out: bool,
    /// Its sender was told that it has not come through; whether for certain.
    pub(crate) reported: Option<Certainty>,
}

/// What a sender is told of a signal that has not come through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Certainty {
    /// It may have arrived.
    Maybe,
    /// It has not, and will not.
    Certain,
}

/// The marks around a signal's number in its data.
const MARK: char = '#';

/// A signal's data: its number, and as many more bytes.
pub(crate) fn data_of(number: Number, padding: usize) -> String {
    format!("{MARK}{number}{MARK}{}", "x".repeat(padding))
}

pub(crate) fn number_of(data: &str) -> Option<Number> {
    data.strip_prefix(MARK)?.split_once(MARK)?.0.parse().ok()
}
