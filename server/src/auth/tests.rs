use super::*;
use crate::keys::{KeyPair, Secret};
use crate::projects::{Definition, Previous, PrivateKey, Proof, PublicKey, Status};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use otc_protocol::permissions::Role;
use otc_protocol::session_id::ProjectId;
use ring::hmac;
use serde_json::json;

mod applications;

const NOW: u64 = 1_740_000_000;
const KEY: &str = "123456";
const SECRET: &str = "the secret of 123456";

fn pair(key: &str, secret: &str) -> KeyPair {
    KeyPair::new(key, secret).unwrap()
}

fn authenticator_of(projects: Vec<Definition>) -> Authenticator {
    let account = Account::new(pair("account", "the account's secret")).unwrap();
    Authenticator::new(Arc::new(Projects::new(projects, 0).unwrap()), Some(account))
}

fn authenticator() -> Authenticator {
    authenticator_of(vec![pair(KEY, SECRET).into(), pair("654321", "another secret").into()])
}

fn session_of(project: &str) -> String {
    SessionId::mint(&ProjectId::new(project).unwrap(), NOW * 1000, [7; 18], true)
}

fn claims() -> Claims {
    Claims {
        project: KEY.into(),
        session_id: session_of(KEY),
        role: Role::Moderator,
        created: Some(NOW),
        expires: Some(NOW + 3600),
        connection_data: "name=Ada".into(),
        initial_layout_class_list: Vec::new(),
        scope: None,
    }
}

fn signed(claims: &Claims, kind: TokenKind) -> String {
    let secret = if claims.project == KEY { SECRET } else { "another secret" };
    sign_claims(claims, kind, Signer::Pair(&pair(&claims.project, secret))).unwrap()
}

fn verify(token: &str) -> Result<Claims, Refusal> {
    authenticator().verify_client_token(token, &session_of(KEY), KEY, NOW)
}

/// The project that a REST call's token speaks for; else what its caller is told.
fn verify_rest_token(authenticator: &Authenticator, token: &str) -> Result<ProjectId, String> {
    authenticator.read_rest_token(token)?.verify(NOW).map(|project| project.id().clone())
}

/// A JWT signed with `secret` by whatever algorithm the header names, as an attacker would make it.
fn jwt(header: &Value, claims: &Value, secret: &str) -> String {
    let part = |json: &Value| BASE64_URL_SAFE_NO_PAD.encode(json.to_string());
    let signed = format!("{}.{}", part(header), part(claims));
    let algorithm = match header["alg"].as_str() {
        Some("HS384") => hmac::HMAC_SHA384,
        Some("HS512") => hmac::HMAC_SHA512,
        _ => hmac::HMAC_SHA256,
    };
    let tag = hmac::sign(&hmac::Key::new(algorithm, secret.as_bytes()), signed.as_bytes());
    format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(tag))
}

fn hs256() -> Value {
    json!({"alg": "HS256", "typ": "JWT"})
}

#[test]
fn tokens_of_both_kinds_open_their_session() {
    for kind in [TokenKind::Jwt, TokenKind::T1] {
        let token = signed(&claims(), kind);
        assert_eq!(verify(&token), Ok(claims()), "{kind:?}");
    }
}

/// The signature of a T1 token covers the bytes as they came, in whatever encoding.
#[test]
fn a_t1_token_with_the_blanks_of_dotnet_and_the_alphabet_of_java_is_taken() {
    let data = format!(
        "session_id={}&create_time={NOW}&role=publisher&initial_layout_class_list=focus small",
        session_of(KEY)
    );
    let tag =
        hmac::sign(&hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, SECRET.as_bytes()), data.as_bytes());
    let signature = tag.as_ref().try_into().unwrap();
    let text = T1 { partner_id: KEY.into(), signature, data: data.into_bytes() }.encode();
    let encoded = text.strip_prefix(T1_PREFIX).unwrap();
    for token in [format!("T1=={encoded}"), format!("T1=={}", encoded.replace('+', "-").replace('/', "_"))] {
        assert_eq!(verify(&token).unwrap().initial_layout_class_list, ["focus", "small"]);
    }
}

#[test]
fn bad_tokens_are_refused_with_1004_and_the_reason() {
    let with = |change: fn(&mut Claims)| {
        let mut claims = claims();
        change(&mut claims);
        claims
    };
    for (change, reason) in [
        ((|c| c.session_id = session_of("654321")) as fn(&mut Claims), "another session"),
        (|c| c.session_id.push('A'), "another session"),
        (|c| c.project = "654321".into(), "another API key"),
        (|c| c.expires = Some(NOW - 60), "expired"),
        (|c| c.expires = Some(0), "expired"),
        (
            |c| {
                c.created = Some(NOW - 25 * 3600);
                c.expires = None;
            },
            "expired",
        ),
        (|c| c.created = Some(NOW + 61), "future"),
        (|c| c.expires = Some(NOW + 30 * 86400 + 61), "30 days"),
        (|c| c.scope = Some("session.read".into()), "scope"),
        (|c| c.connection_data = "x".repeat(1025), "connection_data"),
    ] {
        for kind in [TokenKind::Jwt, TokenKind::T1] {
            let refusal = verify(&signed(&with(change), kind)).unwrap_err();
            assert_eq!((refusal.code.code(), refusal.status), (1004, 403), "{refusal:?}");
            assert!(refusal.reason.contains(reason), "{refusal} should say {reason}");
        }
    }
}

#[test]
fn the_edges_of_time_are_inside() {
    for change in [
        (|c| c.created = Some(NOW + 60)) as fn(&mut Claims),
        |c| c.expires = Some(NOW - 59),
        |c| c.expires = Some(NOW + 30 * 86400),
        |c| {
            c.created = Some(NOW - 23 * 3600);
            c.expires = None;
        },
        |c| c.connection_data = "ü".repeat(1024),
        |c| c.scope = Some(CONNECT_SCOPE.into()),
    ] {
        let mut claims = claims();
        change(&mut claims);
        for kind in [TokenKind::Jwt, TokenKind::T1] {
            assert_eq!(verify(&signed(&claims, kind)), Ok(claims.clone()), "{kind:?}");
        }
    }
    let eternal = jwt(&hs256(), &json!({"iss": KEY, "session_id": session_of(KEY)}), SECRET);
    let refusal = verify(&eternal).unwrap_err();
    assert_eq!((refusal.code.code(), refusal.status), (1004, 403));
    assert!(refusal.reason.contains("iat") && refusal.reason.contains("exp"), "{refusal}");
    for time in [json!({"iat": NOW}), json!({"exp": NOW + 60})] {
        let mut claims = json!({"iss": KEY, "session_id": session_of(KEY)});
        claims.as_object_mut().unwrap().extend(time.as_object().unwrap().clone());
        assert!(verify(&jwt(&hs256(), &claims, SECRET)).is_ok(), "one of the two is enough: {claims}");
    }
}

#[test]
fn signatures_and_algorithms_are_not_negotiable() {
    let body = claims().to_jwt_json(1);
    let good = jwt(&hs256(), &body, SECRET);
    assert!(verify(&good).is_ok());
    assert!(verify(&jwt(&json!({"alg": "HS256"}), &body, SECRET)).is_ok(), "Java writes no typ");
    let (unsigned, _) = good.rsplit_once('.').unwrap();
    let t1 = signed(&claims(), TokenKind::T1);
    let mut raw = BASE64_STANDARD.decode(&t1[4..]).unwrap();
    let role = raw.windows(9).position(|window| window == b"moderator").unwrap();
    raw[role] = b'M';
    for (token, reason) in [
        (jwt(&hs256(), &body, "a wrong secret"), "signature"),
        (jwt(&json!({"alg": "none"}), &body, ""), "algorithm"),
        (jwt(&json!({"alg": "HS384"}), &body, SECRET), "algorithm"),
        (jwt(&json!({"alg": "HS512"}), &body, SECRET), "algorithm"),
        (jwt(&json!({"alg": "RS256"}), &body, SECRET), "algorithm"),
        (jwt(&json!({}), &body, SECRET), "algorithm"),
        (jwt(&json!({"alg": "HS256", "crit": ["b64"], "b64": false}), &body, SECRET), "extensions"),
        (format!("{unsigned}."), "signature"),
        (format!("{unsigned}.*"), "signature"),
        (good[..good.len() - 1].to_owned(), "signature"),
        (format!("T1=={}", BASE64_STANDARD.encode(&raw)), "signature"),
        (jwt(&hs256(), &json!({"iss": "999", "session_id": session_of(KEY)}), SECRET), "unknown"),
        (jwt(&hs256(), &json!({"session_id": session_of(KEY)}), SECRET), "unknown"),
        (t1.replacen("T1==", "T2==", 1), "malformed"),
        (String::new(), "malformed"),
        ("x".repeat(100_000), "longer than"),
    ] {
        let refusal = verify(&token).unwrap_err();
        assert_eq!((refusal.code.code(), refusal.status), (1004, 403), "{refusal:?}");
        assert!(refusal.reason.contains(reason), "{refusal} should say {reason}");
        assert!(token.is_empty() || !refusal.reason.contains(&token), "the token is not repeated");
    }
}

#[test]
fn sessions_are_unknown_or_foreign() {
    let token = signed(&claims(), TokenKind::Jwt);
    let verify = |session: &str, project: &str| {
        let refusal = authenticator().verify_client_token(&token, session, project, NOW).unwrap_err();
        (refusal.code.code(), refusal.status)
    };
    assert_eq!(verify("1_nonsense", KEY), (1005, 404));
    assert_eq!(verify("", KEY), (1005, 404));
    assert_eq!(verify(&session_of("654321"), "654321"), (1004, 403));
    assert_eq!(verify(&session_of("654321"), KEY), (1004, 403));
    assert_eq!(verify(&session_of("777"), "777"), (1004, 403));
    assert_eq!(verify(&session_of(KEY), "654321"), (1004, 403));
}

/// `rest.md §1.6`: what the SDKs send, and what must not pass.
#[test]
fn rest_tokens_speak_for_their_project() {
    let life = |iat: u64, exp: u64| json!({"iss": KEY, "ist": "project", "iat": iat, "exp": exp});
    let verify = |token: &str| verify_rest_token(&authenticator(), token);
    for (sdk, header, body) in [
        ("npm", hs256(), life(NOW, NOW + 300)),
        ("PyPI", hs256(), json!({"iss": KEY, "ist": "project", "iat": NOW, "exp": NOW + 180, "jti": "0.5"})),
        (
            "Ruby",
            json!({"alg": "HS256", "ist": "project"}),
            json!({"iss": KEY, "iat": NOW, "exp": NOW + 300}),
        ),
        ("a clock behind", hs256(), life(NOW - 60, NOW + 240)),
        ("a clock ahead", hs256(), life(NOW + 60, NOW + 360)),
        ("just expired", hs256(), life(NOW - 359, NOW - 59)),
        ("no iat", hs256(), json!({"iss": KEY, "exp": NOW + 300})),
    ] {
        assert_eq!(verify(&jwt(&header, &body, SECRET)).unwrap().as_str(), KEY, "{sdk}");
    }
    for (header, body, secret, reason) in [
        (hs256(), life(NOW, NOW + 300), "wrong", "signature"),
        (json!({"alg": "none"}), life(NOW, NOW + 300), SECRET, "algorithm"),
        (hs256(), json!({"iss": "999", "iat": NOW, "exp": NOW + 300}), SECRET, "Issuer not found"),
        (hs256(), json!({"iat": NOW, "exp": NOW + 300}), SECRET, "Issuer not found"),
        (hs256(), json!({"iss": KEY, "ist": "account", "iat": NOW, "exp": NOW + 300}), SECRET, "ist"),
        (hs256(), life(NOW + 61, NOW + 300), SECRET, "issued time"),
        (hs256(), life(NOW - 400, NOW - 60), SECRET, "expired"),
        (hs256(), life(NOW, NOW + 361), SECRET, "5 minutes"),
        (hs256(), json!({"iss": KEY, "exp": NOW + 361}), SECRET, "5 minutes"),
        (hs256(), json!({"iss": KEY, "iat": NOW}), SECRET, "exp"),
        (
            hs256(),
            json!({"iss": KEY, "iat": NOW, "exp": NOW + 9, "scope": CONNECT_SCOPE}),
            SECRET,
            "client token",
        ),
        (hs256(), json!({"iss": KEY, "iat": NOW, "exp": NOW + 9, "session_id": "s"}), SECRET, "client token"),
    ] {
        let refusal = verify(&jwt(&header, &body, secret)).unwrap_err();
        assert!(refusal.contains(reason), "{refusal} should say {reason}");
    }
    assert!(verify("").is_err());
    assert!(verify(&signed(&claims(), TokenKind::T1)).is_err());
}

#[test]
fn both_secrets_count_while_callers_change_over() {
    let rotating = |until: Option<u64>| {
        let previous = Some(Previous { secret: Secret::new("the old one").unwrap(), until });
        let proof = Proof::Secret { secret: Secret::new(SECRET).unwrap(), previous };
        authenticator_of(vec![Definition::new(ProjectId::new(KEY).unwrap(), proof)])
    };
    let rest = json!({"iss": KEY, "ist": "project", "iat": NOW, "exp": NOW + 300});
    for (until, old_counts) in [(None, true), (Some(NOW + 1), true), (Some(NOW), false), (Some(0), false)] {
        let authenticator = rotating(until);
        for (secret, counts) in [(SECRET, true), ("the old one", old_counts), ("older still", false)] {
            for kind in [TokenKind::Jwt, TokenKind::T1] {
                let token = sign_claims(&claims(), kind, Signer::Pair(&pair(KEY, secret))).unwrap();
                let verified = authenticator.verify_client_token(&token, &session_of(KEY), KEY, NOW);
                assert_eq!(verified.is_ok(), counts, "{until:?} {secret} {kind:?}: {verified:?}");
            }
            let verified = verify_rest_token(&authenticator, &jwt(&hs256(), &rest, secret));
            assert_eq!(verified.is_ok(), counts, "{until:?} {secret}: {verified:?}");
        }
    }
}

#[test]
fn only_who_has_the_secret_is_told_that_a_project_is_suspended() {
    let suspended =
        authenticator_of(vec![Definition { status: Status::Suspended, ..pair(KEY, SECRET).into() }]);
    let rest = json!({"iss": KEY, "ist": "project", "iat": NOW, "exp": NOW + 300});
    for (secret, told) in [(SECRET, true), ("a wrong one", false)] {
        for kind in [TokenKind::Jwt, TokenKind::T1] {
            let token = sign_claims(&claims(), kind, Signer::Pair(&pair(KEY, secret))).unwrap();
            let refusal = suspended.verify_client_token(&token, &session_of(KEY), KEY, NOW).unwrap_err();
            assert_eq!((refusal.code.code(), refusal.status), (1004, 403));
            assert_eq!(refusal.reason.contains("suspended"), told, "{refusal}");
        }
        let refusal = verify_rest_token(&suspended, &jwt(&hs256(), &rest, secret)).unwrap_err();
        assert_eq!(refusal.contains("suspended"), told, "{refusal}");
    }
}

#[test]
fn account_calls_need_the_account() {
    let claims = |kind: Value| json!({"iss": "account", "ist": kind, "iat": NOW, "exp": NOW + 300});
    let secret = "the account's secret";
    let verify = |token: &str| {
        let account = authenticator();
        account.read_account_token(token)?.verify(NOW).map(|key| key.to_string())
    };
    let good = verify(&jwt(&hs256(), &claims("account".into()), secret));
    assert_eq!(good.as_deref(), Ok("account"));
    for (token, reason) in [
        (jwt(&hs256(), &claims("project".into()), secret), "ist"),
        (jwt(&hs256(), &claims(Value::Null), secret), "ist"),
        (jwt(&hs256(), &claims("account".into()), "wrong"), "signature"),
        (jwt(&json!({"alg": "none"}), &claims("account".into()), secret), "algorithm"),
        (jwt(&json!({"alg": "HS256", "crit": []}), &claims("account".into()), secret), "crit"),
        (
            jwt(&hs256(), &json!({"iss": KEY, "ist": "account", "iat": NOW, "exp": NOW + 300}), SECRET),
            "Issuer not found",
        ),
        (
            jwt(&hs256(), &json!({"iss": "account", "ist": "account", "iat": NOW, "exp": NOW + 361}), secret),
            "5 minutes",
        ),
        ("nonsense".into(), "malformed"),
    ] {
        let refusal = verify(&token).unwrap_err();
        assert!(refusal.contains(reason), "{refusal} should say {reason}");
    }
    let none = Authenticator::new(Arc::new(Projects::new(vec![pair(KEY, SECRET).into()], 0).unwrap()), None);
    let token = jwt(&hs256(), &claims("account".into()), secret);
    assert!(none.read_account_token(&token).err().unwrap().contains("--account-key"));
    let rest = verify_rest_token(&authenticator(), &jwt(&hs256(), &claims("account".into()), secret));
    assert_eq!(rest, Err("Issuer not found".to_owned()), "the account is no project");
}
