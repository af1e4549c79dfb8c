//! Values that no error may repeat: a secret that is no text, or stands at the wrong place, would be in it.

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

/// The text that stands there; `None`: something else does.
pub(crate) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Given {
        Text(String),
        Other(IgnoredAny),
    }
    Ok(match Given::deserialize(deserializer)? {
        Given::Text(text) => Some(text),
        Given::Other(_) => None,
    })
}
