use super::*;
use otc_protocol::limits::{CUSTOM_ICE_SERVERS, ICE_CREDENTIAL_BYTES};
use otc_protocol::session_info::IceServer;
use std::ffi::{CString, c_int};
use std::ptr::{null, null_mut};

const BAD: otc_status = 1011;

/// Settings that are deleted at the end.
struct Owned(*mut otc_session_settings);

impl Owned {
    fn new() -> Self {
        Self(otc_session_settings_new())
    }

    fn chosen(&self) -> Chosen {
        chosen(self.0).expect("they live")
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        assert_eq!(otc_session_settings_delete(self.0), 0);
    }
}

/// What an application hands over, and how long the arrays really are.
struct Ice {
    texts: Vec<Option<CString>>,
    arrays: [Vec<*mut c_char>; 3],
}

impl Ice {
    fn new(servers: &[[Option<&[u8]>; 3]]) -> Self {
        let texts: Vec<Option<CString>> = servers
            .iter()
            .flatten()
            .map(|text| text.map(|text| CString::new(text).expect("no NUL")))
            .collect();
        let column = |column: usize| {
            texts
                .chunks(3)
                .map(|row| row[column].as_ref().map_or(null_mut(), |text| text.as_ptr().cast_mut()))
                .collect()
        };
        let arrays = [0, 1, 2].map(column);
        Self { texts, arrays }
    }

    fn config(&mut self) -> otc_custom_ice_config {
        let count = self.texts.len() / 3;
        let [ice_url, ice_user, ice_credential] = self.arrays.each_mut().map(Vec::as_mut_ptr);
        otc_custom_ice_config {
            num_ice_servers: c_int::try_from(count).expect("few"),
            ice_url,
            ice_user,
            ice_credential,
            force_turn: 1,
            use_custom_turn_only: 0,
        }
    }
}

fn set_ice(settings: &Owned, config: &otc_custom_ice_config) -> otc_status {
    // SAFETY: the arrays are as long as the config says, or it is refused before they are looked at.
    unsafe { otc_session_settings_set_custom_ice_config(settings.0, config) }
}

#[test]
fn an_ice_config_is_copied_to_the_last_byte() {
    let settings = Owned::new();
    let expected = |url: &str, user: Option<&str>, credential: Option<&str>| IceServer {
        urls: vec![url.into()],
        username: user.map(str::to_owned),
        credential: credential.map(str::to_owned),
    };
    {
        let mut ice = Ice::new(&[
            [Some(b"turn:t.example:3478?transport=tcp"), Some(b"me"), Some(b"secret")],
            [Some(b"STUNS:[::1]:5349"), None, None],
        ]);
        let config = ice.config();
        assert_eq!(set_ice(&settings, &config), 0);
        // What the application does to its own copy afterwards changes nothing.
        for text in ice.texts.into_iter().flatten() {
            let mut bytes = text.into_bytes();
            bytes.fill(b'x');
        }
    }
    let kept = settings.chosen().media.custom_ice.expect("set");
    assert_eq!(
        kept.servers,
        [
            expected("turn:t.example:3478?transport=tcp", Some("me"), Some("secret")),
            expected("STUNS:[::1]:5349", None, None)
        ]
    );
    assert_eq!((kept.force_turn, kept.custom_only), (true, false));
    assert!(!format!("{kept:?}").contains("secret"));
    // No servers, and then no arrays either.
    let none = otc_custom_ice_config {
        num_ice_servers: 0,
        ice_url: null_mut(),
        ice_user: null_mut(),
        ice_credential: null_mut(),
        force_turn: 0,
        use_custom_turn_only: 7,
    };
    assert_eq!(set_ice(&settings, &none), 0);
    let kept = settings.chosen().media.custom_ice.expect("set");
    assert_eq!((kept.servers.len(), kept.force_turn, kept.custom_only), (0, false, true));
}

#[test]
fn as_many_ice_servers_as_are_allowed_and_no_more() {
    let settings = Owned::new();
    let row: [Option<&[u8]>; 3] = [Some(b"stun:h"), None, None];
    let mut ice = Ice::new(&vec![row; CUSTOM_ICE_SERVERS]);
    assert_eq!(set_ice(&settings, &ice.config()), 0);
    assert_eq!(settings.chosen().media.custom_ice.expect("set").servers.len(), CUSTOM_ICE_SERVERS);
    let before = settings.chosen();
    for count in [-1, c_int::MIN, c_int::MAX, c_int::try_from(CUSTOM_ICE_SERVERS).expect("few") + 1] {
        let config = otc_custom_ice_config { num_ice_servers: count, ..ice.config() };
        assert_eq!(set_ice(&settings, &config), BAD, "{count}");
    }
    assert_eq!(settings.chosen(), before);
}

#[test]
fn a_bad_ice_config_changes_nothing() {
    let settings = Owned::new();
    let mut good = Ice::new(&[[Some(b"turn:h"), None, None]]);
    assert_eq!(set_ice(&settings, &good.config()), 0);
    let before = settings.chosen();
    // SAFETY: NULL is allowed for.
    assert_eq!(unsafe { otc_session_settings_set_custom_ice_config(settings.0, null()) }, BAD);
    let config = good.config();
    for config in [
        otc_custom_ice_config { ice_url: null_mut(), ..config },
        otc_custom_ice_config { ice_user: null_mut(), ..config },
        otc_custom_ice_config { ice_credential: null_mut(), ..config },
    ] {
        assert_eq!(set_ice(&settings, &config), BAD);
    }
    let long = vec![b'x'; ICE_CREDENTIAL_BYTES + 1];
    let mut long_url = b"turn:".to_vec();
    long_url.resize(URL_BYTES + 1, b'x');
    let fine: [Option<&[u8]>; 3] = [Some(b"stun:h"), None, None];
    for bad in [
        [None, None, None],
        [Some(&b""[..]), None, None],
        [Some(b"http://h"), None, None],
        [Some(b"turn"), None, None],
        [Some(b"turn:"), None, None],
        [Some(b"turn:h h"), None, None],
        [Some(b"turn:\xff"), None, None],
        [Some(&long_url), None, None],
        [Some(b"turn:h"), Some(b"\xff"), None],
        [Some(b"turn:h"), Some(&long), None],
        [Some(b"turn:h"), None, Some(b"\xff")],
        [Some(b"turn:h"), None, Some(&long)],
    ] {
        let mut ice = Ice::new(&[fine, bad]);
        assert_eq!(set_ice(&settings, &ice.config()), BAD, "{bad:?}");
        assert!(last_error_text().contains("[1]"), "it says which: {}", last_error_text());
    }
    assert_eq!(settings.chosen(), before);
}

fn last_error_text() -> String {
    // SAFETY: the text lives until this thread's next failed call.
    unsafe { std::ffi::CStr::from_ptr(super::super::boundary::last_error()) }
        .to_str()
        .expect("UTF-8")
        .to_owned()
}

type SetText = unsafe extern "C" fn(*mut otc_session_settings, *const c_char) -> otc_status;
type Read<T> = fn(&Chosen) -> T;
type SetNumber = extern "C" fn(*mut otc_session_settings, c_int) -> otc_status;

#[test]
fn texts_are_taken_whole_or_not_at_all() {
    let cases: [(SetText, &[&str], &[&str]); 3] = [
        (
            otc_session_settings_set_proxy_url,
            &["https://p.example/x", "http://[::1]:8080/"],
            &["", "p", "ws://p", "http://u:p@h"],
        ),
        (
            otc_session_settings_set_network_proxy,
            &["http://p:3128", "socks5://user:pass@p:1080", "SOCKS5://[::1]:1/", "http://u%40x:p%3A@p:1"],
            &[
                "",
                "p:1",
                "http://p",
                "https://p:1",
                "socks4://p:1",
                "http://p:0",
                "http://p:70000",
                "http://p:1/x",
                "http://user@p:1",
                "http://:x@p:1",
                "http://u:%zz@p:1",
                "http://u%3Ax:p@p:1",
                "http://u:%0a@p:1",
                "http://",
            ],
        ),
        (
            otc_session_settings_set_user_agent_suffix,
            &["kiosk/4.2", "a b ~"],
            &["", "a\nb", "\u{e4}", "a\tb", "\u{7f}"],
        ),
    ];
    for (set, good, bad) in cases {
        let settings = Owned::new();
        let untouched = settings.chosen();
        let set = |text: Option<&str>| {
            let text = text.map(|text| CString::new(text).expect("no NUL"));
            // SAFETY: a C string, or NULL.
            unsafe { set(settings.0, text.as_ref().map_or(null(), |text| text.as_ptr())) }
        };
        for text in good {
            assert_eq!(set(Some(text)), 0, "{text}: {}", last_error_text());
            let before = settings.chosen();
            assert_ne!(before, untouched);
            for text in bad {
                assert_eq!(set(Some(text)), BAD, "{text}");
                assert!(
                    !last_error_text().contains("u%3Ax"),
                    "an error does not repeat what may hold a password"
                );
                assert_eq!(settings.chosen(), before, "{text}");
            }
        }
        assert_eq!(set(None), 0, "NULL unsets");
        assert_eq!(settings.chosen(), untouched);
    }
}

#[test]
fn numbers_have_bounds() {
    let read: [(SetNumber, c_int, c_int, Read<u128>); 3] = [
        (otc_session_settings_set_reconnect_window, 0, 3_600_000, |chosen| {
            chosen.reconnect_window.as_millis()
        }),
        (otc_session_settings_set_callback_queue_size, 1, 65_536, |chosen| chosen.callback_queue as u128),
        (otc_session_settings_set_signal_queue_size, 1, 65_536, |chosen| chosen.signal_queue as u128),
    ];
    for (set, least, most, read) in read {
        let settings = Owned::new();
        for good in [least, most, 5000] {
            assert_eq!(set(settings.0, good), 0);
            assert_eq!(read(&settings.chosen()), u128::try_from(good).expect("positive"));
        }
        let before = settings.chosen();
        for bad in [least - 1, most + 1, -1, c_int::MIN, c_int::MAX] {
            assert_eq!(set(settings.0, bad), BAD, "{bad}");
        }
        assert_eq!(settings.chosen(), before);
    }
}

#[test]
fn truth_values_are_kept() {
    let read: [(SetNumber, Read<bool>); 4] = [
        (otc_session_settings_set_ip_whitelist, |chosen| chosen.media.ip_whitelist),
        (otc_session_settings_set_single_peer_connection, |chosen| chosen.media.single_peer_connection),
        (otc_session_settings_set_session_migration, |chosen| chosen.session_migration),
        (otc_session_settings_set_connection_events_suppressed, |chosen| chosen.connection_events_suppressed),
    ];
    for (set, read) in read {
        let settings = Owned::new();
        assert!(!read(&settings.chosen()));
        for (value, expected) in [(1, true), (0, false), (-1, true), (c_int::MAX, true), (0, false)] {
            assert_eq!(set(settings.0, value), 0);
            assert_eq!(read(&settings.chosen()), expected);
        }
    }
}

#[test]
fn the_defaults_are_the_documented_ones() {
    let chosen = Owned::new().chosen();
    let numbers = (chosen.reconnect_window.as_millis(), chosen.callback_queue, chosen.signal_queue);
    assert_eq!(numbers, (30_000, 1024, 16_384));
    assert_eq!(chosen, Chosen::default());
}

#[test]
fn a_suffix_stands_behind_the_librarys_own_name() {
    let mut chosen = Chosen::default();
    let own = chosen.user_agent();
    assert!(own.starts_with("libotc/"), "{own}");
    chosen.user_agent_suffix = Some("kiosk/4.2".into());
    assert_eq!(chosen.user_agent(), format!("{own} kiosk/4.2"));
}
