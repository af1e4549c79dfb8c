//! `otc_stream`: what a member publishes.

use super::boundary::{Failed, c_string, status, value};
use super::connection::{self, ConnectionObject, otc_connection};
use super::handle::{Kind, Table};
use super::lent::Lent;
use super::types::{VideoTypeNumber, otc_bool, otc_status};
use crate::session::pixels;
use otc_protocol::raptor::{Channel, Stream};
use std::ffi::{CStr, CString, c_char, c_int};
use std::ptr::{null, null_mut};
use std::sync::{Arc, OnceLock};

/// A stream of a session. Objects that callbacks are given end with the callback; make a copy to keep one.
pub struct otc_stream {
    _opaque: [u8; 0],
}

/// What a handle stands for.
pub(super) struct StreamObject {
    stream: Arc<Stream>,
    session: Arc<str>,
    id: OnceLock<CString>,
    name: OnceLock<CString>,
    /// The handle of the publisher's connection; lives as long as this object.
    connection: usize,
}

static STREAMS: Table<StreamObject> = Table::new(Kind::Stream);
const EMPTY: &CStr = c"";

impl StreamObject {
    fn new(stream: Arc<Stream>, session: &Arc<str>) -> Self {
        let publisher = stream.connection.clone().unwrap_or_default();
        let publisher =
            connection::lend_with_owner(Arc::new(ConnectionObject::new(Arc::new(publisher), session)));
        Self {
            stream,
            session: Arc::clone(session),
            id: OnceLock::new(),
            name: OnceLock::new(),
            connection: publisher as usize,
        }
    }

    fn channel(&self, kind: &str) -> Option<&Channel> {
        self.stream.channel.iter().find(|channel| channel.kind == kind)
    }

    /// Captions are a channel of type `data` that is named after them (`wire.md §7.1`).
    fn captions(&self) -> Option<&Channel> {
        self.stream.channel.iter().find(|channel| channel.id.starts_with("caption"))
    }
}

impl Drop for StreamObject {
    fn drop(&mut self) {
        connection::remove(self.connection as *mut otc_connection);
    }
}

/// Lends a stream to a callback.
pub(super) fn lend(stream: Arc<Stream>, session: &Arc<str>) -> Lent<StreamObject, otc_stream> {
    Lent::new(&STREAMS, StreamObject::new(stream, session))
}

fn get(stream: *const otc_stream) -> Result<Arc<StreamObject>, Failed> {
    STREAMS.get(stream as usize).ok_or_else(|| Failed::handle("stream"))
}

fn is_active(channel: Option<&Channel>) -> otc_bool {
    otc_bool::from(channel.is_some_and(|channel| channel.state.active.unwrap_or(false)))
}

/// The number of a stream's `enum otc_stream_video_type`.
pub(super) fn video_type(stream: &Stream) -> VideoTypeNumber {
    let video = stream.channel.iter().find(|channel| channel.kind == "video");
    match video.and_then(|channel| channel.state.source.as_deref()) {
        Some("screen") => 2,
        Some("custom") => 3,
        _ => 1,
    }
}

/// The stream's id; "" for NULL.
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: the text belongs to the stream object and lives as long as it.
/// Errors: "" when stream is not one.
#[unsafe(no_mangle)]
pub extern "C" fn otc_stream_get_id(stream: *const otc_stream) -> *const c_char {
    value(EMPTY.as_ptr(), || {
        let object = get(stream)?;
        Ok(object.id.get_or_init(|| c_string(&object.stream.id)).as_ptr())
    })
}

/// The stream's name; "" when it has none.
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: the text belongs to the stream object and lives as long as it.
/// Errors: "" when stream is not one.
#[unsafe(no_mangle)]
pub extern "C" fn otc_stream_get_name(stream: *const otc_stream) -> *const c_char {
    value(EMPTY.as_ptr(), || {
        let object = get(stream)?;
        Ok(object.name.get_or_init(|| c_string(&object.stream.name)).as_ptr())
    })
}

/// Whether the stream was published with pictures, on or off.
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: nothing.
/// Errors: OTC_FALSE when stream is not one.
#[unsafe(no_mangle)]
pub extern "C" fn otc_stream_has_video_track(stream: *const otc_stream) -> otc_bool {
    value(0, || Ok(otc_bool::from(get(stream)?.channel("video").is_some())))
}

/// Whether the stream's pictures are on.
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: nothing.
/// Errors: OTC_FALSE when stream is not one.
#[unsafe(no_mangle)]
pub extern "C" fn otc_stream_has_video(stream: *const otc_stream) -> otc_bool {
    value(0, || Ok(is_active(get(stream)?.channel("video"))))
}

/// Whether the stream was published with sound, on or off.
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: nothing.
/// Errors: OTC_FALSE when stream is not one.
#[unsafe(no_mangle)]
pub extern "C" fn otc_stream_has_audio_track(stream: *const otc_stream) -> otc_bool {
    value(0, || Ok(otc_bool::from(get(stream)?.channel("audio").is_some())))
}

/// Whether the stream's sound is on.
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: nothing.
/// Errors: OTC_FALSE when stream is not one.
#[unsafe(no_mangle)]
pub extern "C" fn otc_stream_has_audio(stream: *const otc_stream) -> otc_bool {
    value(0, || Ok(is_active(get(stream)?.channel("audio"))))
}

/// Whether the stream's captions are on.
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: nothing.
/// Errors: OTC_FALSE when stream is not one.
#[unsafe(no_mangle)]
pub extern "C" fn otc_stream_has_captions(stream: *const otc_stream) -> otc_bool {
    value(0, || Ok(is_active(get(stream)?.captions())))
}

/// Makes a copy that outlives the callback. The copy shows the stream as it was when the original was made.
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: the caller owns the copy and ends it with otc_stream_delete().
/// Errors: NULL when stream is not one.
#[unsafe(no_mangle)]
pub extern "C" fn otc_stream_copy(stream: *const otc_stream) -> *mut otc_stream {
    value(null_mut(), || {
        let object = get(stream)?;
        let copy = StreamObject::new(Arc::clone(&object.stream), &object.session);
        Ok(STREAMS.insert(Arc::new(copy)).unwrap_or(0) as *mut otc_stream)
    })
}

/// Ends a stream object that the caller owns.
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: takes the object; its texts and its connection end too.
/// Errors: OTC_INVALID_PARAM when stream is not one, has been deleted before, or is lent.
#[unsafe(no_mangle)]
pub extern "C" fn otc_stream_delete(stream: *mut otc_stream) -> otc_status {
    status(|| STREAMS.take(stream as usize).map(drop).map_err(|why| why.failed("stream")))
}

/// The width of the stream's pictures in pixels; 0 without pictures.
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: nothing.
/// Errors: 0 when stream is not one.
#[unsafe(no_mangle)]
pub extern "C" fn otc_stream_get_video_width(stream: *const otc_stream) -> c_int {
    value(0, || Ok(pixels(get(stream)?.channel("video").and_then(|channel| channel.state.width))))
}

/// The height of the stream's pictures in pixels; 0 without pictures.
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: nothing.
/// Errors: 0 when stream is not one.
#[unsafe(no_mangle)]
pub extern "C" fn otc_stream_get_video_height(stream: *const otc_stream) -> c_int {
    value(0, || Ok(pixels(get(stream)?.channel("video").and_then(|channel| channel.state.height))))
}

/// When the stream was published, in milliseconds since 1970; 0 when unknown.
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: nothing.
/// Errors: 0 when stream is not one.
#[unsafe(no_mangle)]
pub extern "C" fn otc_stream_get_creation_time(stream: *const otc_stream) -> i64 {
    value(0, || Ok(i64::try_from(get(stream)?.stream.creation_time).unwrap_or(i64::MAX)))
}

/// Where the stream's pictures come from.
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: nothing.
/// Errors: OTC_STREAM_VIDEO_TYPE_CAMERA when stream is not one.
#[unsafe(no_mangle)]
pub extern "C" fn otc_stream_get_video_type(stream: *const otc_stream) -> VideoTypeNumber {
    value(1, || Ok(video_type(&get(stream)?.stream)))
}

/// The connection that publishes the stream.
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: the connection belongs to the stream object and lives as long as it; do not delete it.
/// Errors: NULL when stream is not one.
#[unsafe(no_mangle)]
pub extern "C" fn otc_stream_get_connection(stream: *const otc_stream) -> *const otc_connection {
    value(null(), || Ok(get(stream)?.connection as *const otc_connection))
}
