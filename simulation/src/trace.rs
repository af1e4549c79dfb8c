//! What happened, in time's order.

use otc_protocol::Moment;

/// Where a run tells what happens, if anybody wants to know.
pub(crate) struct Trace<'a>(Option<&'a mut dyn FnMut(&str)>);

impl<'a> Trace<'a> {
    pub(crate) fn none() -> Self {
        Self(None)
    }

    pub(crate) fn to(sink: &'a mut dyn FnMut(&str)) -> Self {
        Self(Some(sink))
    }

    pub(crate) fn is_on(&self) -> bool {
        self.0.is_some()
    }

    pub(crate) fn say(&mut self, now: Moment, text: impl FnOnce() -> String) {
        if let Some(sink) = &mut self.0 {
            let micros = now.as_micros();
            sink(&format!("{:6}.{:06} {}", micros / 1_000_000, micros % 1_000_000, text()));
        }
    }
}
