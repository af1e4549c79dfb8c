//! Settings, of sessions and of the library.

use super::bed::Kind;
use super::trial::{Answer, BAD_ARGUMENT, INVALID_PARAM, SUCCESS, Text, Trial, number};
use otc::ffi::*;
use otc_protocol::limits::{CUSTOM_ICE_SERVERS, ICE_CREDENTIAL_BYTES, URL_BYTES, USER_AGENT_SUFFIX_BYTES};
use std::ffi::{c_char, c_int, c_void};
use std::ptr::{null, null_mut};

type SetText = unsafe extern "C" fn(*mut otc_session_settings, *const c_char) -> otc_status;
type SetNumber = extern "C" fn(*mut otc_session_settings, c_int) -> otc_status;

/// Settings of their own, which a call that is taken may change.
fn fresh(act: impl FnOnce(*mut otc_session_settings) -> c_int) -> Answer {
    let settings = otc_session_settings_new();
    let answer = act(settings);
    assert_eq!(otc_session_settings_delete(settings), 0);
    number(answer)
}

pub(crate) fn of_sessions(trial: &mut Trial) {
    trial.handles(("otc_session_settings_delete", "settings"), Kind::Settings, &INVALID_PARAM, |settings| {
        number(otc_session_settings_delete(settings as *mut _))
    });
    texts(trial);
    numbers(trial);
    let truths: [(&str, &str, SetNumber); 4] = [
        (
            "otc_session_settings_set_connection_events_suppressed",
            "suppress",
            otc_session_settings_set_connection_events_suppressed,
        ),
        ("otc_session_settings_set_ip_whitelist", "ip_whitelist", otc_session_settings_set_ip_whitelist),
        (
            "otc_session_settings_set_session_migration",
            "session_migration",
            otc_session_settings_set_session_migration,
        ),
        (
            "otc_session_settings_set_single_peer_connection",
            "single_peer_connection",
            otc_session_settings_set_single_peer_connection,
        ),
    ];
    for (f, argument, set) in truths {
        trial.handles((f, "settings"), Kind::Settings, &INVALID_PARAM, |settings| {
            number(set(settings as *mut _, 1))
        });
        trial.truths((f, argument), &SUCCESS, |truth| fresh(|settings| set(settings, truth)));
    }
    custom_ice(trial);
}

fn texts(trial: &mut Trial) {
    let unfit = [Text::odd(), Text::long(URL_BYTES + 1), Text::of(c"")];
    let urls = [
        c"host",
        c"ftp://h",
        c"http://",
        c"http://h?x",
        c"http://h#x",
        c"http://a b",
        c"http://u:p@h",
        c"ws://h",
    ];
    let proxies = [
        c"host:1",
        c"http://h",
        c"https://h:1",
        c"http://h:0",
        c"http://h:99999",
        c"http://h:1/x",
        c"socks5://u@h:1",
        c"socks5://:p@h:1",
        c"socks5://u:%ff@h:1",
        c"http://u%3a:p@h:1",
        c"http://a b:1",
    ];
    let suffixes = [c"a\nb", c"a\tb", c"\xc3\xa4", c"\x7f"];
    let long_suffix = [Text::long(USER_AGENT_SUFFIX_BYTES + 1)];
    let rows: [(&str, &str, SetText, &str, bool, Vec<Text>); 6] = [
        (
            "otc_session_settings_set_api_url",
            "url",
            otc_session_settings_set_api_url,
            "API URL",
            false,
            urls.map(Text::of).into(),
        ),
        (
            "otc_session_settings_set_ca_file",
            "path",
            otc_session_settings_set_ca_file,
            "path",
            false,
            Vec::new(),
        ),
        (
            "otc_session_settings_set_proxy_url",
            "proxy_url",
            otc_session_settings_set_proxy_url,
            "proxy URL",
            true,
            urls.map(Text::of).into(),
        ),
        (
            "otc_session_settings_set_network_proxy",
            "url",
            otc_session_settings_set_network_proxy,
            "proxy",
            true,
            proxies.map(Text::of).into(),
        ),
        (
            "otc_session_settings_set_user_agent_suffix",
            "suffix",
            otc_session_settings_set_user_agent_suffix,
            "suffix",
            true,
            suffixes.map(Text::of).into_iter().chain(long_suffix).collect(),
        ),
        (
            "otc_session_settings_set_record_file",
            "path",
            otc_session_settings_set_record_file,
            "path",
            true,
            Vec::new(),
        ),
    ];
    let settings = trial.bed.settings;
    for (f, argument, set, word, may_be_null, bad) in rows {
        let call = |settings, text| number(unsafe { set(settings, text) });
        trial.handles((f, "settings"), Kind::Settings, &INVALID_PARAM, |handle| {
            call(handle as *mut _, c"http://h:1".as_ptr())
        });
        for bad in [&unfit[..], &bad] {
            trial.texts((f, argument), (BAD_ARGUMENT, word), bad, |text| call(settings, text));
        }
        if may_be_null {
            trial.takes((f, argument), &"NULL", &SUCCESS, || {
                fresh(|settings| unsafe { set(settings, null()) })
            });
        } else {
            trial.texts((f, argument), (BAD_ARGUMENT, word), &[Text::null()], |text| call(settings, text));
        }
    }
}

fn numbers(trial: &mut Trial) {
    let rows: [(&str, &str, SetNumber, [c_int; 4]); 3] = [
        (
            "otc_session_settings_set_reconnect_window",
            "milliseconds",
            otc_session_settings_set_reconnect_window,
            [-1, c_int::MIN, 3_600_001, c_int::MAX],
        ),
        (
            "otc_session_settings_set_callback_queue_size",
            "callbacks",
            otc_session_settings_set_callback_queue_size,
            [0, -1, 65_537, c_int::MAX],
        ),
        (
            "otc_session_settings_set_signal_queue_size",
            "signals",
            otc_session_settings_set_signal_queue_size,
            [0, -1, 65_537, c_int::MAX],
        ),
    ];
    let settings = trial.bed.settings;
    for (f, argument, set, bad) in rows {
        trial.handles((f, "settings"), Kind::Settings, &INVALID_PARAM, |handle| {
            number(set(handle as *mut _, 1))
        });
        trial.numbers((f, argument), (BAD_ARGUMENT, argument), &bad, |value| number(set(settings, value)));
    }
}

fn custom_ice(trial: &mut Trial) {
    let f = "otc_session_settings_set_custom_ice_config";
    let settings = trial.bed.settings;
    let set = |settings, config: *const otc_custom_ice_config| {
        number(unsafe { otc_session_settings_set_custom_ice_config(settings, config) })
    };
    let mut text = *b"stun:h\0";
    let mut entry = text.as_mut_ptr().cast::<c_char>();
    let array = &raw mut entry;
    let good = otc_custom_ice_config {
        num_ice_servers: 1,
        ice_url: array,
        ice_user: array,
        ice_credential: array,
        force_turn: -1,
        use_custom_turn_only: c_int::MAX,
    };
    let place = (f, "custom_ice_config");
    trial.takes(place, &"good", &SUCCESS, || {
        fresh(|settings| unsafe { otc_session_settings_set_custom_ice_config(settings, &raw const good) })
    });
    trial.handles((f, "settings"), Kind::Settings, &INVALID_PARAM, |handle| {
        set(handle as *mut _, &raw const good)
    });
    trial.refuses(place, &"NULL", (BAD_ARGUMENT, "custom_ice_config"), || set(settings, null()));
    let most = c_int::try_from(CUSTOM_ICE_SERVERS).expect("it fits");
    trial.numbers(
        place,
        (BAD_ARGUMENT, "num_ice_servers"),
        &[-1, c_int::MIN, most + 1, c_int::MAX],
        |count| {
            let config = otc_custom_ice_config { num_ice_servers: count, ..good };
            set(settings, &raw const config)
        },
    );
    for (word, config) in [
        ("ice_url", otc_custom_ice_config { ice_url: null_mut(), ..good }),
        ("ice_user", otc_custom_ice_config { ice_user: null_mut(), ..good }),
        ("ice_credential", otc_custom_ice_config { ice_credential: null_mut(), ..good }),
    ] {
        trial.refuses(place, &word, (BAD_ARGUMENT, word), || set(settings, &raw const config));
    }
    let urls = [
        Text::null(),
        Text::odd(),
        Text::long(URL_BYTES + 1),
        Text::of(c""),
        Text::of(c"http://h"),
        Text::of(c"turn:"),
        Text::of(c"turn:a b"),
    ];
    trial.texts(place, (BAD_ARGUMENT, "ice_url[0]"), &urls, |url| {
        let mut entry = url.cast_mut();
        let config = otc_custom_ice_config { ice_url: &raw mut entry, ..good };
        set(settings, &raw const config)
    });
    let names = [Text::odd(), Text::long(ICE_CREDENTIAL_BYTES + 1)];
    trial.texts(place, (BAD_ARGUMENT, "ice_user[0]"), &names, |name| {
        let mut entry = name.cast_mut();
        let config = otc_custom_ice_config { ice_user: &raw mut entry, ..good };
        set(settings, &raw const config)
    });
    trial.texts(place, (BAD_ARGUMENT, "ice_credential[0]"), &names, |name| {
        let mut entry = name.cast_mut();
        let config = otc_custom_ice_config { ice_credential: &raw mut entry, ..good };
        set(settings, &raw const config)
    });
}

pub(crate) fn of_the_library(trial: &mut Trial) {
    // It is reserved: whatever stands there is not looked at, and the library runs already.
    for reserved in [0, 1, usize::MAX] {
        trial.takes(("otc_init", "reserved"), &reserved, &SUCCESS, || {
            number(otc_init(reserved as *mut c_void))
        });
    }
    trial.numbers(
        ("otc_set_dials_per_second", "dials"),
        (BAD_ARGUMENT, "dials"),
        &[0, -1, c_int::MIN, 10_001, c_int::MAX],
        |dials| number(otc_set_dials_per_second(dials)),
    );
    trial.takes(("otc_log_set_logger_callback", "callback"), &"NULL", &Answer::Nothing, || {
        otc_log_set_logger_callback(None);
        Answer::Nothing
    });
    let level = otc_get_log_level();
    for number in [-1, c_int::MIN] {
        trial.takes(("otc_log_enable", "log_level"), &number, &Answer::Number(level.into()), || {
            otc_log_enable(number);
            Answer::Number(otc_get_log_level().into())
        });
    }
    // Louder than the loudest is the loudest.
    trial.takes(("otc_log_enable", "log_level"), &c_int::MAX, &Answer::Number(4), || {
        otc_log_enable(c_int::MAX);
        let loudest = otc_get_log_level();
        otc_log_enable(level);
        Answer::Number(loudest.into())
    });
}
