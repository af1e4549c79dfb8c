use super::*;

fn read(form: &str) -> Result<Options, ApiError> {
    Options::read(form.as_bytes())
}

const ROUTED: Options = Options {
    relayed: false,
    encrypted: false,
    archive_always: false,
    archive_name: None,
    archive_resolution: None,
    location: None,
};

/// `rest.md §0`, rules 6 and 7, and `§2.2`.
#[test]
fn the_forms_of_all_sdks_are_read() {
    let relayed = Options { relayed: true, ..ROUTED };
    for (form, expected) in [
        ("", ROUTED),
        ("p2p.preference=enabled&archiveMode=manual", relayed.clone()),
        ("location=null&p2p.preference=disabled", ROUTED),
        ("location=&p2p.preference=enabled&archiveMode=manual&api_key=123456", relayed),
        ("e2ee=True&media_mode=routed", Options { encrypted: true, ..ROUTED }),
        ("e2ee=false", ROUTED),
        (
            "archiveMode=always&archiveName=x&archiveResolution=1280x720",
            Options {
                archive_always: true,
                archive_name: Some("x".to_owned()),
                archive_resolution: Some("1280x720".to_owned()),
                ..ROUTED
            },
        ),
        ("archiveName=&archiveResolution=", ROUTED),
        ("location=12.34.56.78", Options { location: Some(Ipv4Addr::new(12, 34, 56, 78)), ..ROUTED }),
        ("\n", ROUTED),
    ] {
        assert_eq!(read(form), Ok(expected), "{form}");
    }
}

#[test]
fn bad_options_say_what_is_wrong() {
    for (form, expected) in [
        ("p2p.preference=maybe".to_owned(), "p2p.preference must be disabled or enabled"),
        ("archiveMode=sometimes".into(), "archiveMode must be manual or always"),
        ("e2ee=7".into(), "e2ee must be false or true"),
        ("location=nowhere".into(), "IPv4"),
        ("location=::1".into(), "IPv4"),
        (format!("archiveName={}", "x".repeat(81)), "80 characters"),
        ("archiveResolution=1x1".into(), "640x480"),
        ("p2p.preference=enabled&archiveMode=always".into(), "routed"),
        ("p2p.preference=enabled&e2ee=true".into(), "routed"),
        ("archiveMode=always&e2ee=true".into(), "archived"),
        ("{\"archiveMode\":\"manual\"}".into(), "not a form"),
        (" [1]".into(), "not a form"),
        ("<session/>".into(), "not a form"),
    ] {
        let error = read(&form).unwrap_err();
        assert_eq!(error.status, StatusCode::BAD_REQUEST);
        assert!(error.message.contains(expected), "{} should say {expected}", error.message);
    }
    assert!(Options::read(&[0xff, 0xfe]).unwrap_err().message.contains("not a form"));
}

#[test]
fn dates_are_written_as_the_platform_does() {
    for (unix_ms, expected) in [
        (0, "Thu Jan 01 00:00:00 UTC 1970"),
        (1_739_538_894_959, "Fri Feb 14 13:14:54 UTC 2025"),
        (1_709_164_800_000, "Thu Feb 29 00:00:00 UTC 2024"),
        (1_709_251_199_000, "Thu Feb 29 23:59:59 UTC 2024"),
        (1_709_251_200_000, "Fri Mar 01 00:00:00 UTC 2024"),
        (1_735_689_599_000, "Tue Dec 31 23:59:59 UTC 2024"),
        (951_782_400_000, "Tue Feb 29 00:00:00 UTC 2000"),
    ] {
        assert_eq!(date_text(unix_ms), expected);
    }
}
