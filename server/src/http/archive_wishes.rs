//! What calls ask of archives (`rest.md §2.4`). All but the name and the tag is about media, which is not recorded: it is
//! checked and remembered, so that a program finds its mistakes and its values here as elsewhere.

use super::answer::ApiError;
use super::create::RESOLUTIONS;
use super::fields::Fields;
use crate::archives::{Chosen, Layout, OutputMode, StreamMode, Wishes};
use crate::sessions::is_id;
use otc_protocol::limits::{ARCHIVE_NAME_CHARS, ARCHIVE_TAG_BYTES, STYLESHEET_BYTES};
use std::ops::RangeInclusive;

const LAYOUTS: [&str; 5] = ["bestFit", "custom", "horizontalPresentation", "pip", "verticalPresentation"];
/// Bits in a second.
const MAX_BITRATE: RangeInclusive<u64> = 100_000..=6_000_000;
const QUANTIZATION: RangeInclusive<u64> = 15..=40;

/// Reads what an archive is to be.
pub(super) fn read_wishes(fields: &Fields) -> Result<Wishes, ApiError> {
    let output_mode = match word(fields, "outputMode", &["composed", "individual"])? {
        Some("individual") => OutputMode::Individual,
        _ => OutputMode::Composed,
    };
    let stream_mode = match word(fields, "streamMode", &["auto", "manual"])? {
        Some("manual") => StreamMode::Manual,
        _ => StreamMode::Auto,
    };
    let layout = fields.object(&["layout"])?.map(|layout| read_layout(&layout)).transpose()?;
    let wishes = Wishes {
        name: text(fields, "name", |name| name.chars().count() <= ARCHIVE_NAME_CHARS)?,
        tag: text(fields, "multiArchiveTag", |tag| tag.len() <= ARCHIVE_TAG_BYTES)?,
        output_mode,
        stream_mode,
        has_audio: fields.flag(&["hasAudio"])?.unwrap_or(true),
        has_video: fields.flag(&["hasVideo"])?.unwrap_or(true),
        resolution: word(fields, "resolution", &RESOLUTIONS)?.map(str::to_owned),
        layout,
        max_bitrate: number(fields, "maxBitrate", &MAX_BITRATE)?,
        quantization: number(fields, "quantizationParameter", &QUANTIZATION)?,
        streams: Vec::new(),
    };
    let wrong = if !wishes.has_audio && !wishes.has_video {
        "hasAudio and hasVideo are not both false"
    } else if output_mode == OutputMode::Individual && wishes.resolution.is_some() {
        "An individual archive has no resolution: leave resolution out"
    } else if output_mode == OutputMode::Individual && wishes.layout.is_some() {
        "An individual archive has no layout: leave layout out"
    } else if fields.flag(&["hasTranscription"])?.unwrap_or(false) {
        "This server records no media, so it has nothing to transcribe: leave hasTranscription out"
    } else {
        return Ok(wishes);
    };
    Err(ApiError::bad_request(wrong))
}

/// Reads a layout.
pub(super) fn read_layout(fields: &Fields) -> Result<Layout, ApiError> {
    let kind = word(fields, "type", &LAYOUTS)?;
    let kind =
        kind.ok_or_else(|| ApiError::bad_request(format!("type is missing: {}", LAYOUTS.join(", "))))?;
    let stylesheet = text(fields, "stylesheet", |sheet| sheet.len() <= STYLESHEET_BYTES)?;
    let screenshare_type = word(fields, "screenshareType", &LAYOUTS)?.map(str::to_owned);
    let wrong = if (kind == "custom") != stylesheet.is_some() {
        "A custom layout has a stylesheet, and no other has one"
    } else if screenshare_type.is_some() && kind != "bestFit" {
        "screenshareType needs the type bestFit"
    } else {
        return Ok(Layout { kind: kind.to_owned(), stylesheet, screenshare_type });
    };
    Err(ApiError::bad_request(wrong))
}

/// What is to become of a stream.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// It is in.
    Add(Chosen),
    /// It is not.
    Remove(String),
}

/// Reads which stream is to be in or not.
pub(super) fn read_choice(fields: &Fields) -> Result<Choice, ApiError> {
    match (text(fields, "addStream", is_id)?, text(fields, "removeStream", is_id)?) {
        (Some(stream_id), None) => Ok(Choice::Add(Chosen {
            stream_id,
            has_audio: fields.flag(&["hasAudio"])?.unwrap_or(true),
            has_video: fields.flag(&["hasVideo"])?.unwrap_or(true),
        })),
        (None, Some(stream_id)) => Ok(Choice::Remove(stream_id)),
        _ => Err(ApiError::bad_request("Send either addStream or removeStream, with the id of a stream")),
    }
}

/// A text that is not empty; an empty one is as good as none.
fn text(fields: &Fields, name: &str, is_right: impl Fn(&str) -> bool) -> Result<Option<String>, ApiError> {
    match fields.text(&[name])?.filter(|text| !text.is_empty()) {
        Some(text) if !is_right(&text) => {
            Err(ApiError::bad_request(format!("{name} is too long, or not what it should be")))
        }
        text => Ok(text),
    }
}

/// One of some words.
fn word<'a>(fields: &Fields, name: &str, words: &[&'a str]) -> Result<Option<&'a str>, ApiError> {
    let Some(text) = fields.text(&[name])?.filter(|text| !text.is_empty()) else { return Ok(None) };
    let known = words.iter().find(|word| **word == text).copied();
    known
        .map(Some)
        .ok_or_else(|| ApiError::bad_request(format!("{name} must be one of {}", words.join(", "))))
}

fn number(fields: &Fields, name: &str, range: &RangeInclusive<u64>) -> Result<Option<u64>, ApiError> {
    match fields.number(&[name])? {
        Some(number) if !range.contains(&number) => {
            let (least, most) = (range.start(), range.end());
            Err(ApiError::bad_request(format!("{name} must be from {least} to {most}")))
        }
        number => Ok(number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(body: &str) -> Fields {
        Fields::read(body.as_bytes()).unwrap()
    }

    #[test]
    fn nothing_asked_for_is_what_the_platform_does() {
        for body in [
            "{}",
            // As PyPI `opentok` writes what it was not given.
            r#"{"name":null,"resolution":null,"streamMode":null,"multiArchiveTag":null,"maxBitrate":null,"layout":null}"#,
            r#"{"name":"","hasAudio":true,"hasVideo":true,"outputMode":"composed","streamMode":"auto"}"#,
        ] {
            assert_eq!(read_wishes(&fields(body)), Ok(Wishes::default()), "{body}");
        }
    }

    #[test]
    fn everything_that_can_be_asked_for_is_read() {
        let body = r#"{"name":"n","hasAudio":"false","hasVideo":true,"outputMode":"composed","streamMode":"manual",
            "resolution":"1280x720","multiArchiveTag":"t","maxBitrate":100000,"quantizationParameter":40,
            "hasTranscription":false,"layout":{"type":"bestFit","screenshareType":"pip"}}"#;
        let layout =
            Layout { kind: "bestFit".to_owned(), stylesheet: None, screenshare_type: Some("pip".to_owned()) };
        let expected = Wishes {
            name: Some("n".to_owned()),
            tag: Some("t".to_owned()),
            output_mode: OutputMode::Composed,
            stream_mode: StreamMode::Manual,
            has_audio: false,
            has_video: true,
            resolution: Some("1280x720".to_owned()),
            layout: Some(layout),
            max_bitrate: Some(100_000),
            quantization: Some(40),
            streams: Vec::new(),
        };
        assert_eq!(read_wishes(&fields(body)), Ok(expected));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for (body, says) in [
            (r#"{"hasAudio":false,"hasVideo":false}"#.to_owned(), "not both false"),
            (r#"{"outputMode":"individual","resolution":"640x480"}"#.to_owned(), "no resolution"),
            (r#"{"outputMode":"individual","layout":{"type":"pip"}}"#.to_owned(), "no layout"),
            (r#"{"outputMode":"other"}"#.to_owned(), "composed, individual"),
            (r#"{"outputMode":7}"#.to_owned(), "not a text"),
            (r#"{"streamMode":"other"}"#.to_owned(), "auto, manual"),
            (r#"{"resolution":"1x1"}"#.to_owned(), "640x480"),
            (r#"{"maxBitrate":99999}"#.to_owned(), "from 100000 to 6000000"),
            (r#"{"maxBitrate":1.5}"#.to_owned(), "not a whole number"),
            (r#"{"quantizationParameter":41}"#.to_owned(), "from 15 to 40"),
            (r#"{"hasTranscription":true}"#.to_owned(), "no media"),
            (r#"{"layout":[]}"#.to_owned(), "not an object"),
            (r#"{"layout":{}}"#.to_owned(), "type is missing"),
            (format!(r#"{{"name":"{}"}}"#, "n".repeat(81)), "name is too long"),
            (format!(r#"{{"multiArchiveTag":"{}"}}"#, "n".repeat(256)), "multiArchiveTag is too long"),
        ] {
            let error = read_wishes(&fields(&body)).unwrap_err();
            assert_eq!(error.status.as_u16(), 400, "{body}");
            assert!(error.message.contains(says), "{body}: {}", error.message);
        }
    }

    #[test]
    fn layouts_are_read() {
        let layout = |body: &str| read_layout(&fields(body)).map(|layout| layout.kind);
        assert_eq!(layout(r#"{"type":"pip"}"#), Ok("pip".to_owned()));
        assert_eq!(layout(r#"{"type":"custom","stylesheet":"stream {}"}"#), Ok("custom".to_owned()));
        for body in [
            r#"{"type":"custom"}"#,
            r#"{"type":"pip","stylesheet":"stream {}"}"#,
            r#"{"type":"pip","screenshareType":"bestFit"}"#,
            r#"{"type":"bestFit","screenshareType":"none"}"#,
            r#"{"type":"none"}"#,
            "{}",
        ] {
            assert_eq!(layout(body).unwrap_err().status.as_u16(), 400, "{body}");
        }
    }

    #[test]
    fn streams_are_chosen_one_by_one() {
        let choice = |body: &str| read_choice(&fields(body));
        let chosen = |has_audio| Chosen { stream_id: "a".to_owned(), has_audio, has_video: true };
        assert_eq!(choice(r#"{"addStream":"a"}"#), Ok(Choice::Add(chosen(true))));
        assert_eq!(choice(r#"{"addStream":"a","hasAudio":false}"#), Ok(Choice::Add(chosen(false))));
        assert_eq!(choice(r#"{"removeStream":"a"}"#), Ok(Choice::Remove("a".to_owned())));
        for body in
            ["{}", r#"{"addStream":"a","removeStream":"b"}"#, r#"{"addStream":"../a"}"#, r#"{"addStream":7}"#]
        {
            assert_eq!(choice(body).unwrap_err().status.as_u16(), 400, "{body}");
        }
    }
}
