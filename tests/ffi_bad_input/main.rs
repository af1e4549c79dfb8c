//! Everything bad that C can pass to every function of the header: each has its documented error, a text that names the
//! argument, and no effect.
//!
//! The rows are in `sessions`, `objects` and `settings`; `trial` makes the calls and compares. What C promises cannot be
//! tried: that a pointer to a struct, an array or a text that is not NULL points to one.
#![allow(
    unsafe_code,
    clippy::undocumented_unsafe_blocks,
    reason = "the C API is called as C calls it: with what the test holds"
)]
#![allow(
    clippy::too_many_lines,
    clippy::type_complexity,
    clippy::needless_pass_by_value,
    reason = "a table is as long as it is, and its rows are written where they are used"
)]

mod bed;
#[path = "../common/mod.rs"]
mod common;
mod objects;
mod sessions;
mod settings;
mod trial;

use bed::Bed;
use common::header::{functions, header};
use std::collections::BTreeSet;
use trial::Trial;

#[test]
fn bad_input_has_its_documented_error_and_no_effect() {
    let mut trial = Trial::new(Bed::new());
    sessions::life(&mut trial);
    sessions::signals(&mut trial);
    sessions::moderation(&mut trial);
    sessions::getters(&mut trial);
    objects::connections(&mut trial);
    objects::lists(&mut trial);
    objects::streams(&mut trial);
    settings::of_sessions(&mut trial);
    settings::of_the_library(&mut trial);
    let tried = trial.finish();

    let expected: BTreeSet<(String, String)> = functions(&header())
        .iter()
        .flat_map(|function| {
            function.arguments().into_iter().map(|argument| (function.name.clone(), argument))
        })
        .collect();
    let missing: Vec<_> = expected.difference(&tried).collect();
    assert!(missing.is_empty(), "the table has no row for {missing:?}");
    let unknown: Vec<_> = tried.difference(&expected).collect();
    assert!(unknown.is_empty(), "the header has no {unknown:?}");
}
