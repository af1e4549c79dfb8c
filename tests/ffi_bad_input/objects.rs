//! Functions of connections, of lists of them, and of streams.

use super::bed::Kind;
use super::trial::{Answer, INVALID_PARAM, SUCCESS, Trial, number, pointer, words};
use otc::ffi::*;
use std::ffi::c_int;

fn empty() -> Answer {
    Answer::Text(String::new())
}

pub(crate) fn connections(trial: &mut Trial) {
    type Get = fn(*const otc_connection) -> Answer;
    let all: [(&str, Answer, Get); 6] = [
        ("otc_connection_get_id", empty(), |one| words(otc_connection_get_id(one))),
        ("otc_connection_get_data", empty(), |one| words(otc_connection_get_data(one))),
        ("otc_connection_get_session_id", empty(), |one| words(otc_connection_get_session_id(one))),
        ("otc_connection_get_creation_time", SUCCESS, |one| number(otc_connection_get_creation_time(one))),
        ("otc_connection_copy", Answer::Null, |one| pointer(otc_connection_copy(one))),
        ("otc_connection_delete", INVALID_PARAM, |one| number(otc_connection_delete(one.cast_mut()))),
    ];
    for (f, expected, get) in all {
        trial.handles((f, "connection"), Kind::Connection, &expected, |one| get(one as *const _));
    }
}

pub(crate) fn lists(trial: &mut Trial) {
    let list = trial.bed.list;
    trial.handles(("otc_connection_list_get_size", "list"), Kind::List, &SUCCESS, |list| {
        number(otc_connection_list_get_size(list as *const _))
    });
    let f = "otc_connection_list_get";
    trial.handles((f, "list"), Kind::List, &Answer::Null, |list| {
        pointer(otc_connection_list_get(list as *const _, 0))
    });
    let indices = [-1, c_int::MIN, 2, c_int::MAX];
    trial.numbers((f, "index"), (Answer::Null, "index"), &indices, |index| {
        pointer(otc_connection_list_get(list, index))
    });
    trial.handles(("otc_connection_list_delete", "list"), Kind::List, &INVALID_PARAM, |list| {
        number(otc_connection_list_delete(list as *mut _))
    });
}

pub(crate) fn streams(trial: &mut Trial) {
    type Get = fn(*const otc_stream) -> Answer;
    let all: [(&str, Answer, Get); 14] = [
        ("otc_stream_get_id", empty(), |one| words(otc_stream_get_id(one))),
        ("otc_stream_get_name", empty(), |one| words(otc_stream_get_name(one))),
        ("otc_stream_has_video_track", SUCCESS, |one| number(otc_stream_has_video_track(one))),
        ("otc_stream_has_video", SUCCESS, |one| number(otc_stream_has_video(one))),
        ("otc_stream_has_audio_track", SUCCESS, |one| number(otc_stream_has_audio_track(one))),
        ("otc_stream_has_audio", SUCCESS, |one| number(otc_stream_has_audio(one))),
        ("otc_stream_has_captions", SUCCESS, |one| number(otc_stream_has_captions(one))),
        ("otc_stream_get_video_width", SUCCESS, |one| number(otc_stream_get_video_width(one))),
        ("otc_stream_get_video_height", SUCCESS, |one| number(otc_stream_get_video_height(one))),
        ("otc_stream_get_creation_time", SUCCESS, |one| number(otc_stream_get_creation_time(one))),
        // What a stream is that says nothing: a camera's.
        ("otc_stream_get_video_type", Answer::Number(1), |one| number(otc_stream_get_video_type(one))),
        ("otc_stream_get_connection", Answer::Null, |one| pointer(otc_stream_get_connection(one))),
        ("otc_stream_copy", Answer::Null, |one| pointer(otc_stream_copy(one))),
        ("otc_stream_delete", INVALID_PARAM, |one| number(otc_stream_delete(one.cast_mut()))),
    ];
    for (f, expected, get) in all {
        trial.handles((f, "stream"), Kind::Stream, &expected, |one| get(one as *const _));
    }
}
