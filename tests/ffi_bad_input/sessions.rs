//! Functions of sessions.

use super::bed::Kind;
use super::common::program::no_callbacks;
use super::trial::{Answer, BAD_ARGUMENT, INVALID_PARAM, SUCCESS, Text, Trial, number, pointer, words};
use otc::ffi::*;
use otc_protocol::limits::{CLIENT_ID_BYTES, ISSUE_BYTES, MUTE_EXCLUSIONS, NAME_BYTES, TOKEN_BYTES};
use std::ffi::{c_char, c_int};
use std::ptr::{null, null_mut};

const TOKEN: *const c_char = c"T1==token".as_ptr();
const HOST: *const c_char = c"127.0.0.1".as_ptr();
const EMPTY: *const c_char = c"".as_ptr();
const WORD: *const c_char = c"word".as_ptr();
const YES: otc_signal_options = otc_signal_options { retry_after_reconnect: 1 };

fn unfit(most: usize) -> [Text; 3] {
    [Text::null(), Text::odd(), Text::long(most + 1)]
}

pub(crate) fn life(trial: &mut Trial) {
    let (idle, settings) = (trial.bed.idle, trial.bed.settings);
    let table = no_callbacks();
    let callbacks = &raw const table;

    let f = "otc_session_new";
    let new = |key, id, callbacks| pointer(unsafe { otc_session_new(key, id, callbacks) });
    trial
        .texts((f, "apikey"), (Answer::Null, "API key"), &unfit(NAME_BYTES), |key| new(key, WORD, callbacks));
    trial.texts((f, "session_id"), (Answer::Null, "session id"), &unfit(NAME_BYTES), |id| {
        new(WORD, id, callbacks)
    });
    trial.refuses((f, "callbacks"), &"NULL", (Answer::Null, "callbacks"), || new(WORD, WORD, null()));
    // Whether key and session exist is for the server to say.
    for (argument, key, id) in [("apikey", EMPTY, WORD), ("session_id", WORD, EMPTY)] {
        trial.takes((f, argument), &"empty", &SUCCESS, || {
            number(otc_session_delete(unsafe { otc_session_new(key, id, callbacks) }))
        });
    }

    let f = "otc_session_new_with_settings";
    let new = |key, id, callbacks, settings| {
        pointer(unsafe { otc_session_new_with_settings(key, id, callbacks, settings) })
    };
    trial.texts((f, "apikey"), (Answer::Null, "API key"), &unfit(NAME_BYTES), |key| {
        new(key, WORD, callbacks, settings)
    });
    trial.texts((f, "session_id"), (Answer::Null, "session id"), &unfit(NAME_BYTES), |id| {
        new(WORD, id, callbacks, settings)
    });
    trial.refuses((f, "callbacks"), &"NULL", (Answer::Null, "callbacks"), || {
        new(WORD, WORD, null(), settings)
    });
    trial.handles((f, "settings"), Kind::Settings, &Answer::Null, |settings| {
        new(WORD, WORD, callbacks, settings as *mut _)
    });

    trial.handles(("otc_session_delete", "session"), Kind::Session, &INVALID_PARAM, |session| {
        number(otc_session_delete(session as *mut _))
    });

    let f = "otc_session_connect";
    trial.handles((f, "session"), Kind::Session, &INVALID_PARAM, |session| {
        number(unsafe { otc_session_connect(session as *mut _, TOKEN) })
    });
    trial.texts((f, "token"), (BAD_ARGUMENT, "token"), &unfit(TOKEN_BYTES), |token| {
        number(unsafe { otc_session_connect(idle, token) })
    });

    let f = "otc_session_connect_to_host";
    let connect = |session, host, path, port, token| {
        number(unsafe { otc_session_connect_to_host(session, host, path, port, 0, token) })
    };
    trial.handles((f, "session"), Kind::Session, &INVALID_PARAM, |session| {
        connect(session as *mut _, HOST, EMPTY, 1, TOKEN)
    });
    let hosts = [c"", c"a b", c"a/b", c"a?b", c"a#b", c"user@a", c"http://a", c"a:1"].map(Text::of);
    for hosts in [&unfit(NAME_BYTES)[..], &hosts] {
        trial.texts((f, "host"), (BAD_ARGUMENT, "host"), hosts, |host| connect(idle, host, EMPTY, 1, TOKEN));
    }
    let paths = [c"a b", c"?x", c"#x"].map(Text::of);
    for paths in [&unfit(NAME_BYTES)[..], &paths] {
        trial.texts((f, "path"), (BAD_ARGUMENT, "path"), paths, |path| connect(idle, HOST, path, 1, TOKEN));
    }
    let ports = [0, -1, 65_536, c_int::MAX, c_int::MIN];
    trial
        .numbers((f, "port"), (BAD_ARGUMENT, "port"), &ports, |port| connect(idle, HOST, EMPTY, port, TOKEN));
    trial.texts((f, "token"), (BAD_ARGUMENT, "token"), &unfit(TOKEN_BYTES), |token| {
        connect(idle, HOST, EMPTY, 1, token)
    });
    for secure in [-1, 2, c_int::MAX] {
        // It is accepted, and deleted before anything can come of it.
        let accepted = trial.bed.with_a_session(|session| unsafe {
            otc_session_connect_to_host(session, HOST, EMPTY, 1, secure, TOKEN)
        });
        trial.takes((f, "secure"), &secure, &SUCCESS, || number(accepted));
    }

    trial.handles(("otc_session_disconnect", "session"), Kind::Session, &INVALID_PARAM, |session| {
        number(otc_session_disconnect(session as *mut _))
    });
    trial.handles(("otc_session_set_on_released", "session"), Kind::Session, &INVALID_PARAM, |session| {
        number(otc_session_set_on_released(session as *mut _, None))
    });
    trial.takes(("otc_session_set_on_released", "on_released"), &"NULL", &SUCCESS, || {
        number(otc_session_set_on_released(idle, None))
    });
    let f = "otc_session_set_on_status_changed";
    trial.handles((f, "session"), Kind::Session, &INVALID_PARAM, |session| {
        number(otc_session_set_on_status_changed(session as *mut _, None))
    });
    trial.takes((f, "on_status_changed"), &"NULL", &SUCCESS, || {
        number(otc_session_set_on_status_changed(idle, None))
    });
    let f = "otc_session_set_on_signal_failed";
    trial.handles((f, "session"), Kind::Session, &INVALID_PARAM, |session| {
        number(otc_session_set_on_signal_failed(session as *mut _, None))
    });
    trial.takes((f, "on_signal_failed"), &"NULL", &SUCCESS, || {
        number(otc_session_set_on_signal_failed(idle, None))
    });

    let f = "otc_session_set_encryption_secret";
    let set = |session, secret| number(unsafe { otc_session_set_encryption_secret(session, secret) });
    trial.handles((f, "session"), Kind::Session, &INVALID_PARAM, |session| {
        set(session as *mut _, c"12345678".as_ptr())
    });
    let unreadable = [Text::null(), Text::odd()];
    trial.texts((f, "secret"), (BAD_ARGUMENT, "secret"), &unreadable, |secret| set(idle, secret));
    let unfit_secrets = [Text::of(c""), Text::of(c"1234567"), Text::long(257)];
    trial.texts((f, "secret"), (Answer::Number(6004), "secret"), &unfit_secrets, |secret| set(idle, secret));

    let f = "otc_session_report_issue";
    let report = |session, description| {
        let mut id = std::ptr::dangling_mut::<c_char>();
        let answer = number(unsafe { otc_session_report_issue(session, description, &raw mut id) });
        assert!(id.is_null(), "a report that fails has no id");
        answer
    };
    trial.handles((f, "session"), Kind::Session, &INVALID_PARAM, |session| report(session as *mut _, WORD));
    let descriptions = [Text::null(), Text::odd(), Text::long(ISSUE_BYTES + 1), Text::of(c"")];
    trial.texts((f, "issue_description"), (BAD_ARGUMENT, "issue description"), &descriptions, |text| {
        report(idle, text)
    });
    trial.refuses((f, "issue_id"), &"NULL", (BAD_ARGUMENT, "issue id"), || {
        number(unsafe { otc_session_report_issue(idle, WORD, null_mut()) })
    });
}

/// One of the eight functions that send signals.
type Send = dyn Fn(
    *mut otc_session,
    *const c_char,
    *const c_char,
    *const otc_connection,
    otc_signal_options,
) -> c_int;

pub(crate) fn signals(trial: &mut Trial) {
    let forms: [(&str, &Send); 8] = [
        ("otc_session_signal", &|s, k, d, _, _| unsafe { otc_session_signal(s, k, d) }),
        ("otc_session_send_signal", &|s, k, d, _, _| unsafe { otc_session_send_signal(s, k, d) }),
        ("otc_session_signal_with_options", &|s, k, d, _, o| unsafe {
            otc_session_signal_with_options(s, k, d, o)
        }),
        ("otc_session_send_signal_with_options", &|s, k, d, _, o| unsafe {
            otc_session_send_signal_with_options(s, k, d, o)
        }),
        ("otc_session_signal_to_connection", &|s, k, d, c, _| unsafe {
            otc_session_signal_to_connection(s, k, d, c)
        }),
        ("otc_session_send_signal_to_connection", &|s, k, d, c, _| unsafe {
            otc_session_send_signal_to_connection(s, k, d, c)
        }),
        ("otc_session_signal_to_connection_with_options", &|s, k, d, c, o| unsafe {
            otc_session_signal_to_connection_with_options(s, k, d, c, o)
        }),
        ("otc_session_send_signal_to_connection_with_options", &|s, k, d, c, o| unsafe {
            otc_session_send_signal_to_connection_with_options(s, k, d, c, o)
        }),
    ];
    let (session, idle, connection) = (trial.bed.session, trial.bed.idle, trial.bed.connection);
    let not_connected = Answer::Number(1010);
    for (f, send) in forms {
        trial.handles((f, "session"), Kind::Session, &INVALID_PARAM, |handle| {
            number(send(handle as *mut _, WORD, WORD, connection, YES))
        });
        let kinds: [(Answer, &[Text]); 3] = [
            (BAD_ARGUMENT, &[Text::odd()]),
            (Answer::Number(1414), &[Text::long(129)]),
            (
                Answer::Number(1461),
                &[Text::of(c"a b"), Text::of(c"a.b"), Text::of(c"\xc3\xa4"), Text::of(c"a\n")],
            ),
        ];
        for (answer, texts) in kinds {
            trial.texts((f, "type"), (answer, "signal type"), texts, |kind| {
                number(send(session, kind, WORD, connection, YES))
            });
        }
        for (answer, text) in [(BAD_ARGUMENT, Text::odd()), (Answer::Number(1413), Text::long(8193))] {
            trial.texts((f, "signal"), (answer, "signal data"), &[text], |data| {
                number(send(session, WORD, data, connection, YES))
            });
        }
        // Neither NULL nor empty is bad; a session that is not connected refuses them like any other signal.
        for text in [null(), EMPTY] {
            trial.takes((f, "type"), &text, &not_connected, || {
                number(send(idle, text, WORD, connection, YES))
            });
            trial.takes((f, "signal"), &text, &not_connected, || {
                number(send(idle, WORD, text, connection, YES))
            });
        }
        if f.contains("to_connection") {
            trial.handles((f, "connection"), Kind::Connection, &BAD_ARGUMENT, |handle| {
                number(send(session, WORD, WORD, handle as *const _, YES))
            });
        }
        if f.contains("with_options") {
            trial.truths((f, "signal_options"), &not_connected, |retry_after_reconnect| {
                number(send(idle, WORD, WORD, connection, otc_signal_options { retry_after_reconnect }))
            });
        }
    }
}

pub(crate) fn moderation(trial: &mut Trial) {
    let session = trial.bed.session;
    let ids = [
        Text::null(),
        Text::odd(),
        Text::long(CLIENT_ID_BYTES + 1),
        Text::of(c""),
        Text::of(c"a b"),
        Text::of(c"a/b"),
    ];

    let f = "otc_session_force_mute_all";
    let mute_all = |session, ids: *mut *const c_char, length| {
        number(unsafe { otc_session_force_mute_all(session, ids, length) })
    };
    trial.handles((f, "session"), Kind::Session, &INVALID_PARAM, |session| {
        mute_all(session as *mut _, null_mut(), 0)
    });
    trial.refuses((f, "excluded_streams_ids"), &"NULL", (BAD_ARGUMENT, "excluded stream ids"), || {
        mute_all(session, null_mut(), 1)
    });
    trial.texts((f, "excluded_streams_ids"), (BAD_ARGUMENT, "stream id"), &ids, |id| {
        let mut array = [WORD, id];
        mute_all(session, array.as_mut_ptr(), 2)
    });
    let most = c_int::try_from(MUTE_EXCLUSIONS).expect("it fits");
    trial.numbers(
        (f, "excluded_streams_len"),
        (BAD_ARGUMENT, "excluded"),
        &[-1, c_int::MIN, most + 1, c_int::MAX],
        |length| mute_all(session, [WORD].as_mut_ptr(), length),
    );

    trial.handles(("otc_session_disable_force_mute", "session"), Kind::Session, &INVALID_PARAM, |session| {
        number(otc_session_disable_force_mute(session as *mut _))
    });

    let f = "otc_session_force_mute_stream";
    let mute = |session, id| number(unsafe { otc_session_force_mute_stream(session, id) });
    trial.handles((f, "session"), Kind::Session, &INVALID_PARAM, |session| mute(session as *const _, WORD));
    trial.texts((f, "stream_id_to_mute"), (BAD_ARGUMENT, "stream id"), &ids, |id| mute(session, id));

    let f = "otc_session_force_disconnect";
    let connection = trial.bed.connection;
    trial.handles((f, "session"), Kind::Session, &INVALID_PARAM, |session| {
        number(otc_session_force_disconnect(session as *mut _, connection))
    });
    trial.handles((f, "connection"), Kind::Connection, &BAD_ARGUMENT, |connection| {
        number(otc_session_force_disconnect(session, connection as *const _))
    });
}

pub(crate) fn getters(trial: &mut Trial) {
    type Get = fn(*const otc_session) -> Answer;
    let all: [(&str, Answer, Get); 7] = [
        ("otc_session_get_id", Answer::Null, |session| words(otc_session_get_id(session))),
        ("otc_session_get_connection", Answer::Null, |session| pointer(otc_session_get_connection(session))),
        ("otc_session_get_connections", Answer::Null, |session| {
            pointer(otc_session_get_connections(session))
        }),
        ("otc_session_get_user_data", Answer::Null, |session| pointer(otc_session_get_user_data(session))),
        (
            "otc_session_get_capabilities",
            Answer::Capabilities(otc_session_capabilities::default()),
            |session| Answer::Capabilities(otc_session_get_capabilities(session)),
        ),
        ("otc_session_get_connection_status", SUCCESS, |session| {
            number(otc_session_get_connection_status(session))
        }),
        ("otc_session_get_disconnect_reason", SUCCESS, |session| {
            number(otc_session_get_disconnect_reason(session))
        }),
    ];
    for (f, expected, get) in all {
        trial.handles((f, "session"), Kind::Session, &expected, |session| get(session as *const _));
    }
}
