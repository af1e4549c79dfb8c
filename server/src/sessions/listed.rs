//! What the application's server is shown of a session.

use super::Refusal;
use otc_protocol::limits::{LAYOUT_CLASS_CHARS, LAYOUT_CLASSES};
use otc_protocol::raptor::Stream;

/// A stream, as the application's server sees it (`rest.md §2.1`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamRecord {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// `camera`, `screen` or `custom`; `None` of one without pictures.
    pub video_type: Option<String>,
    /// Its classes in the layout of archives.
    pub layout_classes: Vec<String>,
}

impl StreamRecord {
    pub(super) fn new(stream: &Stream, layout_classes: &[String]) -> Self {
        Self {
            id: stream.id.clone(),
            name: stream.name.clone(),
            video_type: video_type(stream),
            layout_classes: layout_classes.to_vec(),
        }
    }
}

/// Where a stream's pictures come from; a camera, when it has some and does not say.
pub fn video_type(stream: &Stream) -> Option<String> {
    let video = stream.channel.iter().find(|channel| channel.kind == "video")?;
    Some(video.state.source.clone().unwrap_or_else(|| "camera".to_owned()))
}

/// Whether so many classes can be those of a stream: the bounds are those of a token.
pub(super) fn fit(classes: &[String]) -> bool {
    let characters: usize = classes.iter().map(|class| class.chars().count() + 1).sum();
    classes.len() <= LAYOUT_CLASSES && characters <= LAYOUT_CLASS_CHARS + 1
}

/// Whether the application's server may give a stream these classes.
pub(super) fn check_layout_classes(classes: &[String]) -> Result<(), Refusal> {
    if !fit(classes) {
        let reason = format!(
            "A stream may have {LAYOUT_CLASSES} layout classes with {LAYOUT_CLASS_CHARS} characters together at most."
        );
        return Err(Refusal::new(400, reason));
    }
    if classes.iter().any(|class| class.is_empty() || class.contains(char::is_whitespace)) {
        return Err(Refusal::new(400, "A layout class is a word without blanks."));
    }
    Ok(())
}
