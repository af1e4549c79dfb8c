//! What is known of an archive, and how the REST API shows it (`rest.md §2.4`).

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What becomes of an archive. `stopped` and `deleted` are told and never kept: by then it is something else, or gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    /// It runs.
    Started,
    /// It has ended.
    Stopped,
    /// Its file can be had.
    Available,
    /// Its file was kept for as long as files are.
    Expired,
    /// It has no file.
    Failed,
    /// It is gone.
    Deleted,
}

impl Status {
    /// Whether nothing is left but what is known of it.
    pub(crate) fn is_past(self) -> bool {
        matches!(self, Self::Expired | Self::Failed)
    }
}

/// Whether all streams are in one picture or each has a file; of events there is one file in either case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum OutputMode {
    /// One picture.
    #[default]
    Composed,
    /// One file each.
    Individual,
}

/// Who chooses the streams.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum StreamMode {
    /// All of them are in.
    #[default]
    Auto,
    /// The application's server.
    Manual,
}

/// How streams share a picture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Layout {
    /// `bestFit`, `custom`, ….
    #[serde(rename = "type")]
    pub(crate) kind: String,
    /// That of `custom`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) stylesheet: Option<String>,
    /// The type while a screen is shared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) screenshare_type: Option<String>,
}

/// A stream that was chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Chosen {
    /// Which.
    pub(crate) stream_id: String,
    /// With its audio.
    pub(crate) has_audio: bool,
    /// With its video.
    pub(crate) has_video: bool,
}

/// What was asked for. All but the name and the tag is about media: it is remembered and shown, and changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Wishes {
    pub(crate) name: Option<String>,
    pub(crate) tag: Option<String>,
    pub(crate) output_mode: OutputMode,
    pub(crate) stream_mode: StreamMode,
    pub(crate) has_audio: bool,
    pub(crate) has_video: bool,
    pub(crate) resolution: Option<String>,
    pub(crate) layout: Option<Layout>,
    pub(crate) max_bitrate: Option<u64>,
    pub(crate) quantization: Option<u64>,
    pub(crate) streams: Vec<Chosen>,
}

impl Default for Wishes {
    fn default() -> Self {
        Self {
            name: None,
            tag: None,
            output_mode: OutputMode::default(),
            stream_mode: StreamMode::default(),
            has_audio: true,
            has_video: true,
            resolution: None,
            layout: None,
            max_bitrate: None,
            quantization: None,
            streams: Vec::new(),
        }
    }
}

/// The resolution that a composed archive has when none was asked for.
const RESOLUTION: &str = "640x480";

/// An archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) id: String,
    pub(crate) project: String,
    pub(crate) session: String,
    pub(crate) status: Status,
    /// Why it has ended or failed.
    #[serde(default)]
    pub(crate) reason: String,
    pub(crate) created_ms: u64,
    pub(crate) updated_ms: u64,
    /// Bytes of the file.
    #[serde(default)]
    pub(crate) size: u64,
    #[serde(default)]
    pub(crate) duration_s: u64,
    #[serde(default)]
    pub(crate) wishes: Wishes,
    /// Whether its project was deleted while it ran: then it goes when it ends.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) ownerless: bool,
}

impl Record {
    /// A new one, of an archive that begins now.
    pub(crate) fn new(id: String, project: &str, session: &str, wishes: Wishes, unix_ms: u64) -> Self {
        Self {
            id,
            project: project.to_owned(),
            session: session.to_owned(),
            status: Status::Started,
            reason: String::new(),
            created_ms: unix_ms,
            updated_ms: unix_ms,
            size: 0,
            duration_s: 0,
            wishes,
            ownerless: false,
        }
    }

    /// The archive object, with the URL of its file if there is one.
    pub(crate) fn object(&self, url: Option<&str>) -> Value {
        let wishes = &self.wishes;
        let mut object = json!({
            "id": self.id, "status": self.status, "name": wishes.name, "reason": self.reason,
            "sessionId": self.session, "projectId": self.project,
            "createdAt": self.created_ms, "updatedAt": self.updated_ms,
            "size": self.size, "duration": self.duration_s, "url": url,
            "outputMode": wishes.output_mode, "streamMode": wishes.stream_mode,
            "hasAudio": wishes.has_audio, "hasVideo": wishes.has_video,
            "streams": wishes.streams, "sha256sum": "", "password": "", "event": "archive",
            // What the platform does not say, because there it is otherwise.
            "mediaRecorded": false,
        });
        match self.project.parse::<u64>() {
            Ok(number) => object["partnerId"] = number.into(),
            Err(_) => object["applicationId"] = self.project.as_str().into(),
        }
        let mut set = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                object[name] = value;
            }
        };
        let composed = wishes.output_mode == OutputMode::Composed;
        set("resolution", composed.then(|| wishes.resolution.as_deref().unwrap_or(RESOLUTION).into()));
        set("multiArchiveTag", wishes.tag.as_deref().map(Into::into));
        set("maxBitrate", wishes.max_bitrate.map(Into::into));
        set("quantizationParameter", wishes.quantization.map(Into::into));
        set("layout", wishes.layout.as_ref().map(|layout| json!(layout)));
        object
    }
}
