//! Makes bad calls and looks at what comes of them.

use super::bed::{Bed, Kind};
use super::common::program::{last_error, text};
use otc::ffi::*;
use std::collections::BTreeSet;
use std::ffi::{CStr, CString, c_char, c_int};
use std::fmt::{Debug, Formatter};
use std::ptr::{null, null_mut};

/// What a function returns.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Answer {
    Number(i64),
    /// A pointer that is not NULL.
    Object,
    Null,
    Text(String),
    Capabilities(otc_session_capabilities),
    Nothing,
}

pub(crate) const INVALID_PARAM: Answer = Answer::Number(1);
pub(crate) const BAD_ARGUMENT: Answer = Answer::Number(1011);
pub(crate) const SUCCESS: Answer = Answer::Number(0);

pub(crate) fn number(number: impl Into<i64>) -> Answer {
    Answer::Number(number.into())
}

pub(crate) fn pointer<T>(pointer: *const T) -> Answer {
    if pointer.is_null() { Answer::Null } else { Answer::Object }
}

pub(crate) fn words(pointer: *const c_char) -> Answer {
    text(pointer).map_or(Answer::Null, Answer::Text)
}

/// A text that a function must refuse.
pub(crate) struct Text {
    how: &'static str,
    text: Option<CString>,
}

impl Debug for Text {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        let shown: String = self
            .text
            .iter()
            .flat_map(|text| text.to_string_lossy().chars().take(20).collect::<Vec<_>>())
            .collect();
        write!(formatter, "({}) {shown:?}", self.how)
    }
}

impl Text {
    pub(crate) fn null() -> Self {
        Self { how: "NULL", text: None }
    }

    pub(crate) fn odd() -> Self {
        Self { how: "not UTF-8", text: Some(c"x\xff\xfe".to_owned()) }
    }

    pub(crate) fn long(length: usize) -> Self {
        Self { how: "too long", text: Some(CString::new("x".repeat(length)).expect("no NUL")) }
    }

    pub(crate) fn of(text: &'static CStr) -> Self {
        Self { how: "forbidden", text: Some(text.to_owned()) }
    }

    pub(crate) fn as_ptr(&self) -> *const c_char {
        self.text.as_ref().map_or(null(), |text| text.as_ptr())
    }
}

pub(crate) struct Trial {
    pub(crate) bed: Bed,
    tried: BTreeSet<(String, String)>,
}

impl Trial {
    pub(crate) fn new(bed: Bed) -> Self {
        Self { bed, tried: BTreeSet::new() }
    }

    /// Every function and argument that has been tried; everything still works.
    pub(crate) fn finish(self) -> BTreeSet<(String, String)> {
        self.bed.finish();
        self.tried
    }

    fn note(&mut self, function: &str, argument: &str) {
        self.tried.insert((function.to_owned(), argument.to_owned()));
    }

    /// A call with one bad argument: `expected` comes back, the last error names it by `word`, and nothing has changed.
    pub(crate) fn refuses(
        &mut self,
        (function, argument): (&str, &str),
        how: &dyn Debug,
        (expected, word): (Answer, &str),
        call: impl FnOnce() -> Answer,
    ) {
        self.note(function, argument);
        let before = self.bed.snapshot();
        let marker = forget(word);
        let answer = call();
        let said = last_error();
        let what = format!("{function}, {argument} {how:?}");
        assert_eq!(answer, expected, "{what}: {said}");
        assert_ne!(said, marker, "{what}: no text of its own");
        assert!(
            said.to_lowercase().contains(&word.to_lowercase()),
            "{what}: {said:?} does not name {word:?}"
        );
        assert!(said.len() > 10 && said.ends_with('.'), "{what}: {said:?} is no sentence");
        assert_eq!(self.bed.snapshot(), before, "{what}: it had an effect");
    }

    /// A call with an argument that looks bad and is allowed.
    pub(crate) fn takes(
        &mut self,
        (function, argument): (&str, &str),
        how: &dyn Debug,
        expected: &Answer,
        call: impl FnOnce() -> Answer,
    ) {
        self.note(function, argument);
        let answer = call();
        assert_eq!(answer, *expected, "{function}, {argument} {how:?}: {}", last_error());
    }

    /// Everything that is no object of the kind in the place of one.
    pub(crate) fn handles(
        &mut self,
        place: (&str, &str),
        kind: Kind,
        expected: &Answer,
        call: impl Fn(usize) -> Answer,
    ) {
        for (how, handle) in self.bed.no_objects(kind) {
            self.refuses(place, &how, (expected.clone(), kind.word()), || call(handle));
        }
    }

    pub(crate) fn texts(
        &mut self,
        place: (&str, &str),
        expected: (Answer, &str),
        texts: &[Text],
        call: impl Fn(*const c_char) -> Answer,
    ) {
        for text in texts {
            self.refuses(place, text, expected.clone(), || call(text.as_ptr()));
        }
    }

    pub(crate) fn numbers(
        &mut self,
        place: (&str, &str),
        expected: (Answer, &str),
        numbers: &[c_int],
        call: impl Fn(c_int) -> Answer,
    ) {
        for number in numbers {
            self.refuses(place, number, expected.clone(), || call(*number));
        }
    }

    /// Truth values: C has only integers for them, and each is one.
    pub(crate) fn truths(&mut self, place: (&str, &str), expected: &Answer, call: impl Fn(c_int) -> Answer) {
        for truth in [-1, 2, c_int::MAX, c_int::MIN] {
            self.takes(place, &truth, expected, || call(truth));
        }
    }
}

/// Makes another error the last one, and says which: one that has nothing to do with `word`.
fn forget(word: &str) -> String {
    assert_eq!(otc_set_dials_per_second(0), 1011);
    if last_error().to_lowercase().contains(&word.to_lowercase()) {
        assert_eq!(otc_stream_delete(null_mut()), 1);
    }
    last_error()
}
