use super::*;
use proptest::prelude::*;
use serde_json::json;

const SESSION: &str = "1_MX4xMjM0NTZ-fjE3Mzk1Mzg4OTQ5NTl-UTltY1hHMVFyTjNUSVl1OHkrcHB4L2dzflB-fg";
const SIG: &str = "0123456789abcdef0123456789abcdef01234567";

fn t1(head: &str, data: &str) -> String {
    format!("{T1_PREFIX}{}", BASE64_STANDARD.encode(format!("{head}:{data}")))
}

fn claims() -> Claims {
    Claims {
        project: "123456".into(),
        session_id: SESSION.into(),
        role: Role::Publisher,
        created: Some(1_739_538_894),
        expires: Some(1_739_625_294),
        connection_data: String::new(),
        initial_layout_class_list: Vec::new(),
        scope: None,
    }
}

fn read_form(data: &str) -> Result<Claims, TokenError> {
    Claims::from_form("123456", data.as_bytes())
}

fn read_jwt(claims: &Value) -> Result<Claims, TokenError> {
    Claims::from_jwt_json(claims.to_string().as_bytes())
}

/// `rest.md §1.2`: how the SDKs differ in the signed part.
#[test]
fn the_form_of_every_sdk_is_read() {
    let bare = format!("session_id={SESSION}&create_time=1739538894");
    let data = "name=Bob é";
    for (sdk, form, expected) in [
        (
            "npm",
            format!(
                "{bare}&expire_time=1739625294&nonce=0.4836&role=moderator&connection_data=name%3DBob%20%c3%a9&initial_layout_class_list="
            ),
            Claims { role: Role::Moderator, connection_data: data.into(), ..claims() },
        ),
        (
            "PyPI",
            format!(
                "{bare}&expire_time=1739625294&role=publisher&nonce=123456&connection_data=name%3DBob+%C3%A9&initial_layout_class_list=focus+small"
            ),
            Claims {
                connection_data: data.into(),
                initial_layout_class_list: vec!["focus".into(), "small".into()],
                ..claims()
            },
        ),
        ("Ruby", format!("role=publisher&{bare}&nonce=0.12"), Claims { expires: None, ..claims() }),
        (
            "Java",
            format!("{bare}&nonce=-7&role=publisher&scope=session.connect&expire_time=1739625294"),
            Claims { scope: Some(CONNECT_SCOPE.into()), ..claims() },
        ),
        (
            "PHP",
            format!("{bare}&role=subscriber&nonce=0.9182+17395388"),
            Claims { role: Role::Subscriber, expires: None, ..claims() },
        ),
        (
            ".NET",
            format!("{bare}&nonce=42&role=publisher&initial_layout_class_list=focus small"),
            Claims {
                expires: None,
                initial_layout_class_list: vec!["focus".into(), "small".into()],
                ..claims()
            },
        ),
        ("no role", bare.clone(), Claims { expires: None, ..claims() }),
        ("fractional, empty", format!("{bare}.9&expire_time="), Claims { expires: None, ..claims() }),
    ] {
        let token = t1(&format!("partner_id=123456&sig={SIG}"), &form);
        assert_eq!(T1::parse(&token).unwrap().claims(), Ok(expected.clone()), "{sdk}");
        let url_safe = token.replace('+', "-").replace('/', "_");
        assert_eq!(T1::parse(&url_safe).unwrap().claims(), Ok(expected), "{sdk} in the alphabet of Java");
    }
}

/// `rest.md §1.3`: the columns of the table.
#[test]
fn the_jwt_of_every_sdk_is_read() {
    let both = Claims { scope: Some(CONNECT_SCOPE.into()), ..claims() };
    let base = |extra: Value| {
        let mut claims = json!({"scope": "session.connect", "session_id": SESSION, "role": "publisher",
                                "iat": 1_739_538_894, "exp": 1_739_625_294});
        claims.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        claims
    };
    let app = "29f760f8-7ce1-46c9-ade3-f2dedee4ed5f";
    let classes = vec!["a".to_owned(), "b".to_owned()];
    for (sdk, json, expected) in [
        (
            "npm opentok",
            base(json!({"iss": "123456", "ist": "project", "nonce": 0.48, "connection_data": "x=1",
                        "initial_layout_class_list": "a b", "create_time": 1, "expire_time": 2})),
            Claims {
                connection_data: "x=1".into(),
                initial_layout_class_list: classes.clone(),
                ..both.clone()
            },
        ),
        ("PyPI opentok", base(json!({"iss": "123456", "ist": "project", "nonce": 48})), both.clone()),
        (
            "Ruby",
            base(json!({"iss": "123456", "ist": "project", "nonce": 0.1, "exp": null})),
            Claims { expires: None, ..both.clone() },
        ),
        ("Java", base(json!({"iss": "123456", "ist": "project", "nonce": -5, "jti": "a"})), both.clone()),
        (
            "PHP",
            base(json!({"iss": "123456", "ist": "project", "nonce": 5, "exp": null, "data": null,
                        "expireTime": null, "initial_layout_class_list": "a+b"})),
            Claims { expires: None, initial_layout_class_list: classes.clone(), ..both.clone() },
        ),
        (
            "Vonage npm",
            base(json!({"application_id": app, "jti": "a", "sub": "video", "initial_layout_class_list": "",
                        "acl": {"paths": {"/session/**": {}}}, "exp": 1_739_625_294.7})),
            Claims { project: app.into(), ..both.clone() },
        ),
        (
            "Vonage PyPI",
            base(json!({"application_id": app, "jti": "a", "subject": "video",
                        "initial_layout_class_list": ["a", "b"]})),
            Claims { project: app.into(), initial_layout_class_list: classes.clone(), ..both.clone() },
        ),
        (
            "Vonage Java",
            base(
                json!({"application_id": app, "jti": "a", "connection_data": null, "initial_layout_class_list": null}),
            ),
            Claims { project: app.into(), ..both.clone() },
        ),
        ("key as a number", base(json!({"iss": 123_456})), both.clone()),
    ] {
        assert_eq!(read_jwt(&json), Ok(expected), "{sdk}");
    }
}

#[test]
fn texts_that_are_no_t1_token_are_refused() {
    let long = format!("{T1_PREFIX}{}", "A".repeat(TOKEN_BYTES));
    let head = format!("partner_id=123456&sig={SIG}");
    let form = format!("session_id={SESSION}&create_time=1");
    assert!(T1::parse(&t1(&head, &form)).is_ok());
    for (token, error) in [
        (long.as_str(), TokenError::TooLong),
        ("", TokenError::Malformed("no T1== at its start")),
        ("T1==*", TokenError::Malformed("no base64 after T1==")),
        (&format!("{T1_PREFIX}{}", BASE64_STANDARD.encode(&head)), TokenError::Malformed("no signed part")),
        (&t1(&format!("sig={SIG}"), &form), TokenError::Missing("partner_id")),
        (&t1("partner_id=123456", &form), TokenError::Missing("sig")),
        (&t1("partner_id=123456&sig=0123", &form), TokenError::Invalid("sig")),
        (&t1(&format!("partner_id=123456&sig={SIG}0"), &form), TokenError::Invalid("sig")),
        (&t1(&format!("partner_id=123456&sig={}", SIG.replace('a', "x")), &form), TokenError::Invalid("sig")),
        (&t1(&format!("{head}&partner_id=1"), &form), TokenError::Repeated("partner_id")),
        (&t1(&format!("partner_id={}&sig={SIG}", "1".repeat(65)), &form), TokenError::Invalid("partner_id")),
    ] {
        assert_eq!(T1::parse(token), Err(error), "{token}");
    }
}

#[test]
fn forms_that_claim_nonsense_are_refused() {
    let bare = format!("session_id={SESSION}&create_time=1");
    let long = |name: &str, length| format!("{bare}&{name}={}", "x".repeat(length));
    assert!(read_form(&long("connection_data", CONNECTION_DATA_CHARS)).is_ok());
    assert!(read_form(&long("initial_layout_class_list", LAYOUT_CLASS_CHARS)).is_ok());
    for (form, error) in [
        ("create_time=1".to_owned(), TokenError::Missing("session_id")),
        (format!("session_id={SESSION}"), TokenError::Missing("create_time")),
        (format!("session_id={SESSION}&create_time=soon"), TokenError::Invalid("create_time")),
        (format!("{bare}&expire_time=inf"), TokenError::Invalid("expire_time")),
        (format!("{bare}&role=king"), TokenError::Invalid("role")),
        (
            format!("{bare}&initial_layout_class_list=a&role=publisher&role=moderator"),
            TokenError::Repeated("role"),
        ),
        (format!("session_id={}&create_time=1", "x".repeat(256)), TokenError::Invalid("session_id")),
        (
            long("connection_data", CONNECTION_DATA_CHARS + 1),
            TokenError::Invalid("connection_data: it is longer than 1,024 characters"),
        ),
        (
            long("initial_layout_class_list", LAYOUT_CLASS_CHARS + 1),
            TokenError::Invalid("initial_layout_class_list: it is too long"),
        ),
    ] {
        assert_eq!(read_form(&form), Err(error), "{form}");
        assert!(error.to_string().starts_with("it "));
    }
}

#[test]
fn jwt_claims_that_are_nonsense_are_refused() {
    for (json, error) in [
        (json!([]), TokenError::Malformed("claims that are not a JSON object")),
        (json!({"session_id": SESSION}), TokenError::Missing("iss or application_id")),
        (json!({"iss": "1"}), TokenError::Missing("session_id")),
        (json!({"iss": "1", "session_id": 7}), TokenError::Invalid("session_id")),
        (json!({"iss": {}, "session_id": SESSION}), TokenError::Invalid("iss")),
        (
            json!({"iss": "1", "application_id": "2", "session_id": SESSION}),
            TokenError::Invalid("iss: it differs from its application_id"),
        ),
        (json!({"iss": "1", "session_id": SESSION, "exp": "soon"}), TokenError::Invalid("exp")),
        (json!({"iss": "1", "session_id": SESSION, "role": "king"}), TokenError::Invalid("role")),
        (
            json!({"iss": "1", "session_id": SESSION, "initial_layout_class_list": [1]}),
            TokenError::Invalid("initial_layout_class_list"),
        ),
    ] {
        assert_eq!(read_jwt(&json), Err(error), "{json}");
    }
    for token in ["", "a.b", "a.b.c.d", "..", "e30", "e30.e30", "*.e30.c", "e30.*.c", "W10.e30.c"] {
        assert!(matches!(Jwt::parse(token), Err(TokenError::Malformed(_))), "{token}");
    }
    let jwt = Jwt::parse("eyJhbGciOiJIUzI1NiJ9.e30.c2ln").unwrap();
    assert_eq!((jwt.algorithm(), jwt.claims.as_slice(), jwt.signature), (Some("HS256"), &b"{}"[..], "c2ln"));
    assert_eq!(jwt.signed, "eyJhbGciOiJIUzI1NiJ9.e30");
}

#[test]
fn a_token_without_an_end_lives_a_day() {
    let day = TOKEN_LIFE.as_secs();
    assert_eq!(claims().expires_at(7), 1_739_625_294);
    assert_eq!(Claims { expires: None, ..claims() }.expires_at(7), 1_739_538_894 + day);
    assert_eq!(Claims { expires: None, created: None, ..claims() }.expires_at(7), 7 + day);
    assert_eq!(Claims { expires: None, created: Some(u64::MAX), ..claims() }.expires_at(7), u64::MAX);
}

#[test]
fn times_before_and_beyond_all_use_are_cut() {
    let with =
        |exp: Value| read_jwt(&json!({"iss": "1", "session_id": SESSION, "exp": exp})).unwrap().expires;
    assert_eq!(with(json!(-5)), Some(0));
    assert_eq!(with(json!(1e300)), Some(1_000_000_000_000_000));
    assert_eq!(with(json!(u64::MAX)), Some(1_000_000_000_000_000));
}

#[test]
fn debug_output_holds_nothing_secret() {
    let token = t1(&format!("partner_id=123456&sig={SIG}"), "session_id=hidden");
    let shown = format!("{:?}", T1::parse(&token).unwrap());
    assert!(shown.contains("123456") && !shown.contains("hidden") && !shown.contains("sig"), "{shown}");
    let shown = format!("{:?}", Jwt::parse("eyJhbGciOiJIUzI1NiJ9.e30.c2ln").unwrap());
    assert!(shown.contains("HS256") && !shown.contains("c2ln"), "{shown}");
}

prop_compose! {
    fn any_claims()(session_id in "[A-Za-z0-9_-]{1,255}", role in 0usize..4, created in 0u64..1_000_000_000_000,
                    expires in proptest::option::of(0u64..1_000_000_000_000), connection_data in ".{0,200}",
                    classes in proptest::collection::vec("[a-zA-Z0-9_.-]{1,10}", 0..5), scope: bool) -> Claims {
        Claims {
            project: "123456".into(),
            session_id,
            role: Role::ALL[role],
            created: Some(created),
            expires,
            connection_data,
            initial_layout_class_list: classes,
            scope: scope.then(|| CONNECT_SCOPE.to_owned()),
        }
    }
}

proptest! {
    #[test]
    fn claims_read_as_they_were_written(claims in any_claims(), nonce: u64, signature: [u8; 20]) {
        let data = claims.to_form(nonce).into_bytes();
        let token = T1 { partner_id: claims.project.clone(), signature, data };
        prop_assert_eq!(&T1::parse(&token.encode()).unwrap(), &token);
        prop_assert_eq!(&token.claims().unwrap(), &claims);
        prop_assert_eq!(&read_jwt(&claims.to_jwt_json(nonce)).unwrap(), &claims);
    }

    #[test]
    fn arbitrary_input_never_panics(text in ".{0,300}", bytes in any::<Vec<u8>>()) {
        let _ = T1::parse(&text);
        let _ = T1::parse(&format!("{T1_PREFIX}{}", BASE64_STANDARD.encode(&bytes)));
        let _ = Claims::from_form("1", &bytes);
        let _ = Claims::from_form("1", text.as_bytes());
        let _ = Jwt::parse(&text);
        let _ = Claims::from_jwt_json(&bytes);
        let _ = Claims::from_jwt_json(text.as_bytes());
    }
}
