//! What is written instead of what was said: names for ids, sizes for texts.

use otc_protocol::raptor::Json;
use otc_protocol::uuid;
use std::collections::{HashMap, HashSet};

/// Gives every id that might say something another one, always the same.
///
/// Random ids (UUIDs) keep their text, so that a recording can be laid beside a server's log, unless they have been
/// named as secrets.
pub(super) struct Names {
    /// `None`: what is asked for is in a recording already, and stays as it is.
    given: Option<HashMap<String, String>>,
    /// UUIDs among them, in small letters: in capitals they are as secret.
    hidden: HashSet<String>,
}

impl Names {
    /// For a recording that begins.
    pub(super) fn new() -> Self {
        Self { given: Some(HashMap::new()), hidden: HashSet::new() }
    }

    /// For what comes out of a recording.
    pub(super) fn as_they_are() -> Self {
        Self { given: None, hidden: HashSet::new() }
    }

    /// What stands for a text whatever it looks like.
    pub(super) fn hide(&mut self, text: &str) -> String {
        let Some(given) = &mut self.given else { return text.to_owned() };
        if text.is_empty() {
            return String::new();
        }
        if let Some(name) = given.get(text) {
            return name.clone();
        }
        // No two are equal: the number ends where the dashes begin.
        let mut name = format!("n{}", given.len() + 1);
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if !text.bytes().all(is_plain) {
            // What cannot be an id, or no part of a uri, stays so.
            name.push(if text.contains('/') { '/' } else { ' ' });
        }
        name.extend(std::iter::repeat_n('-', text.len().saturating_sub(name.len())));
        given.insert(text.to_owned(), name.clone());
        if uuid::parse(text).is_some() {
            self.hidden.insert(text.to_ascii_lowercase());
        }
        name
    }

    /// What stands for an id.
    pub(super) fn id(&mut self, text: &str) -> String {
        if uuid::parse(text).is_some() && !self.hidden.contains(&text.to_ascii_lowercase()) {
            return text.to_owned();
        }
        // The client tells the server's own addresses by their beginning.
        match text.strip_prefix(SYMPHONY) {
            Some(rest) => format!("{SYMPHONY}{}", self.hide(rest)),
            None => self.hide(text),
        }
    }

    /// What stands for the id of a channel: `video1`, `audio1`, `caption1` say nothing.
    pub(super) fn channel(&mut self, text: &str) -> String {
        let number = CHANNELS.iter().find_map(|kind| text.strip_prefix(kind));
        match number {
            Some(number) if number.len() <= 3 && number.bytes().all(|byte| byte.is_ascii_digit()) => {
                text.to_owned()
            }
            _ if text.starts_with(CAPTION) => format!("{CAPTION}{}", self.hide(text)),
            _ => self.id(text),
        }
    }

    /// A word of the protocol; anything else is hidden.
    pub(super) fn word(&mut self, text: &str, known: &[&str]) -> String {
        if known.contains(&text) { text.to_owned() } else { self.hide(text) }
    }
}

const SYMPHONY: &str = "symphony.";
const CAPTION: &str = "caption";
const CHANNELS: [&str; 3] = ["audio", "video", CAPTION];

/// What of a text matters to the engine: how many characters it has, of how many bytes, written as JSON or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Shape([usize; 7]);

/// A character of each kind: of one byte, of one byte that no type of a signal may hold, two and six bytes as JSON, of two
/// bytes, three and four.
const KINDS: [char; 7] = ['x', ' ', '"', '\u{1}', 'é', '€', '😀'];

/// Characters of one kind that are read.
const READ_MOST: usize = 256 * 1024;

impl Shape {
    /// The shape of a text, without where in it what stands.
    pub(super) fn of(text: &str) -> Self {
        let mut counts = [0; 7];
        for character in text.chars() {
            let kind = match character {
                '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
                '\0'..'\u{20}' => 3,
                '\u{20}'..='\u{7f}' => 0,
                '\u{80}'..='\u{7ff}' => 4,
                '\u{800}'..='\u{ffff}' => 5,
                _ => 6,
            };
            counts[kind] += 1;
        }
        Self(counts)
    }

    /// The shape of a signal's type, which may hold some characters only.
    pub(super) fn of_type(text: &str) -> Self {
        let mut shape = Self::of(text);
        let other = |byte: &u8| {
            matches!(byte, b' '..=0x7f) && !byte.is_ascii_alphanumeric() && !b"-_~\"\\".contains(byte)
        };
        let others = text.bytes().filter(other).count();
        shape.0[0] -= others;
        shape.0[1] += others;
        shape
    }

    /// As it is written: a number, or one for each kind of character.
    pub(super) fn json(self) -> String {
        let used = KINDS.len() - self.0.iter().rev().take_while(|count| **count == 0).count();
        match used {
            0 | 1 => self.0[0].to_string(),
            _ => format!("{:?}", &self.0[..used]).replace(' ', ""),
        }
    }

    /// What has been written; `None` when it is none. A size beyond every bound of the engine's counts as one there.
    pub(super) fn read(json: &str) -> Option<Self> {
        let mut counts = [0; 7];
        match serde_json::from_str::<usize>(json) {
            Ok(count) => counts[0] = count,
            Err(_) => {
                let given: Vec<usize> = serde_json::from_str(json).ok()?;
                counts.get_mut(..given.len())?.copy_from_slice(&given);
            }
        }
        Some(Self(counts.map(|count| count.min(READ_MOST))))
    }

    /// A text of this shape.
    pub(super) fn text(self) -> String {
        let characters = self.0.into_iter().zip(KINDS);
        characters.flat_map(|(count, kind)| std::iter::repeat_n(kind, count)).collect()
    }
}

/// A text of the same shape that says nothing.
pub(super) fn filler(text: &str) -> String {
    Shape::of(text).text()
}

/// A value of the same size that says nothing: text stays text, whatever else there is becomes a number.
pub(super) fn filler_json(value: &Json) -> Json {
    match value.as_string() {
        Some(text) => Json::from_str_value(&filler(&text)),
        None => Json::from_text("1".repeat(value.text().len())).unwrap_or_else(|_| Json::from_str_value("")),
    }
}

/// An URL of which the scheme is left.
pub(super) fn url(text: &str) -> String {
    const SCHEMES: [&str; 4] = ["http", "https", "ws", "wss"];
    match text.split_once("://") {
        Some((scheme, rest)) if SCHEMES.iter().any(|known| known.eq_ignore_ascii_case(scheme)) => {
            format!("{scheme}://{}", filler(rest))
        }
        _ => filler(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ID: &str = "0b4e43cc-8f32-4d5e-9d54-6a0c5b2f7c11";

    #[test]
    fn ids_that_say_nothing_stay_and_others_get_a_name() {
        let mut names = Names::new();
        assert_eq!(names.id(ID), ID);
        assert_eq!(names.id("alice@example.org"), "n1 --------------");
        assert_eq!(names.id("bob"), "n2-");
        assert_eq!(names.id("alice@example.org"), "n1 --------------");
        assert_eq!(names.id("symphony.host"), "symphony.n3--");
        assert_eq!(names.id(""), "");
        names.hide(ID);
        assert_ne!(names.id(ID), ID);
        let capitals = ID.to_ascii_uppercase();
        assert_ne!(names.id(&capitals), capitals);
        assert_eq!(names.channel("video1"), "video1");
        assert!(names.channel("captions of Alice").starts_with("caption"));
        assert_eq!(names.word("audio", &["audio"]), "audio");
        assert_ne!(names.word("secret", &["audio"]), "secret");
        assert_eq!(Names::as_they_are().id("bob"), "bob");
    }

    #[test]
    fn of_urls_the_scheme_is_left() {
        assert_eq!(url("wss://user:pass@h/p?q=1"), "wss://xxxxxxxxxxxxxxxxx");
        assert_eq!(url("no url"), "xxxxxx");
        assert_eq!(url("data://x"), "xxxxxxxx");
    }

    proptest! {
        #[test]
        fn a_filler_has_every_size_of_its_text(text in "\\PC{0,40}|[\\x00-\\x7f]{0,40}") {
            let filled = filler(&text);
            prop_assert_eq!(filled.len(), text.len());
            prop_assert_eq!(filled.chars().count(), text.chars().count());
            prop_assert_eq!(filled.encode_utf16().count(), text.encode_utf16().count());
            let json = |text: &str| Json::from_str_value(text).text().len();
            prop_assert_eq!(json(&filled), json(&text));
            let is_type = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_~".contains(&byte));
            let shape = Shape::of_type(&text);
            prop_assert_eq!(is_type(&shape.text()), is_type(&text));
            prop_assert_eq!(Shape::read(&shape.json()), Some(shape));
        }

        #[test]
        fn no_two_ids_get_one_name(ids in prop::collection::hash_set("[a-z0-9-]{1,4}", 2..40)) {
            let mut names = Names::new();
            let given: std::collections::HashSet<_> = ids.iter().map(|id| names.id(id)).collect();
            prop_assert_eq!(given.len(), ids.len());
        }
    }
}
