//! Applications: their tokens are signed by a private key (RS256), and by nothing else.

use super::*;
use base64::prelude::BASE64_STANDARD;

const APPLICATION: &str = "29f760f8-7ce1-46c9-ade3-f2dedee4ed5f";
const PUBLIC: &str = include_str!("../../../tests/keys/application.pub.pem");
const PUBLIC_OLD: &str = include_str!("../../../tests/keys/application.pub.pkcs1.pem");

fn private() -> PrivateKey {
    PrivateKey::from_pem(APPLICATION, include_str!("../../../tests/keys/application.pem")).unwrap()
}

fn both() -> Authenticator {
    let key = PublicKey::from_pem(PUBLIC).unwrap();
    authenticator_of(vec![Definition::application(APPLICATION, key).unwrap(), pair(KEY, SECRET).into()])
}

/// A JWT of that header whose signature `sign` makes.
fn signed_by(header: &Value, claims: &Value, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let part = |json: &Value| BASE64_URL_SAFE_NO_PAD.encode(json.to_string());
    let signed = format!("{}.{}", part(header), part(claims));
    let signature = BASE64_URL_SAFE_NO_PAD.encode(sign(signed.as_bytes()));
    format!("{signed}.{signature}")
}

fn rs256(claims: &Value) -> String {
    let private = private();
    signed_by(&json!({"alg": "RS256", "typ": "JWT"}), claims, |bytes| private.sign(bytes).unwrap())
}

fn client_claims() -> Value {
    json!({
        "application_id": APPLICATION, "scope": "session.connect", "session_id": session_of(APPLICATION),
        "iat": NOW, "exp": NOW + 900, "jti": "6c2b1f9c-5c6b-4f3f-8f43-d1a0b5d6a8ab",
    })
}

fn rest_claims() -> Value {
    json!({"application_id": APPLICATION, "iat": NOW, "jti": "x", "exp": NOW + 900})
}

fn with(claims: Value, changes: Value) -> Value {
    let (Value::Object(mut claims), Value::Object(changes)) = (claims, changes) else { unreachable!() };
    claims.extend(changes);
    claims.retain(|_, value| !value.is_null());
    Value::Object(claims)
}

fn verify_client(token: &str) -> Result<Claims, Refusal> {
    both().verify_client_token(token, &session_of(APPLICATION), APPLICATION, NOW)
}

fn verify_rest(token: &str) -> Result<String, String> {
    verify_rest_token(&both(), token).map(|project| project.to_string())
}

/// `rest.md §1.3`, column by column.
#[test]
fn client_tokens_of_every_sdk_are_taken() {
    let acl = json!({"paths": {"/session/**": {}}});
    for (sdk, changes, role, classes) in [
        (
            "Vonage npm",
            json!({"sub": "video", "acl": acl, "role": "moderator", "initial_layout_class_list": ""}),
            Role::Moderator,
            vec![],
        ),
        (
            "Vonage PyPI",
            json!({"subject": "video", "acl": acl, "role": "publisher",
                "initial_layout_class_list": ["focus", "full"]}),
            Role::Publisher,
            vec!["focus", "full"],
        ),
        (
            "Vonage Java",
            json!({"role": "subscriber", "exp": NOW + 86_400, "initial_layout_class_list": "focus"}),
            Role::Subscriber,
            vec!["focus"],
        ),
        (
            "npm opentok in its Vonage mode",
            json!({"iss": APPLICATION, "ist": "project", "nonce": 0.25, "role": "publisheronly"}),
            Role::PublisherOnly,
            vec![],
        ),
        (
            "a fractional exp",
            json!({"exp": 1_740_000_900.75, "iat": 1_740_000_000.5}),
            Role::Publisher,
            vec![],
        ),
        ("no exp", json!({"exp": null}), Role::Publisher, vec![]),
    ] {
        let claims = verify_client(&rs256(&with(client_claims(), changes))).expect(sdk);
        assert_eq!((claims.project.as_str(), claims.role), (APPLICATION, role), "{sdk}");
        assert_eq!(claims.initial_layout_class_list, classes, "{sdk}");
    }
}

#[test]
fn rest_tokens_live_fifteen_minutes() {
    for (sdk, changes) in [
        ("Vonage npm, PyPI", json!({})),
        ("npm opentok", json!({"iss": APPLICATION, "ist": "project", "exp": NOW + 300})),
        ("no jti", json!({"jti": null})),
        ("a clock behind", json!({"iat": NOW - 60, "exp": NOW + 840})),
        ("a clock ahead", json!({"iat": NOW + 60, "exp": NOW + 960})),
        ("just expired", json!({"iat": NOW - 959, "exp": NOW - 59})),
    ] {
        let verified = verify_rest(&rs256(&with(rest_claims(), changes)));
        assert_eq!(verified.as_deref(), Ok(APPLICATION), "{sdk}");
    }
    for (changes, reason) in [
        (json!({"exp": NOW + 961}), "15 minutes"),
        (json!({"exp": NOW - 60, "iat": NOW - 900}), "expired"),
        (json!({"iat": NOW + 61, "exp": NOW + 900}), "issued time"),
        (json!({"exp": null}), "exp"),
        (json!({"ist": "account"}), "ist"),
        (json!({"scope": "session.connect"}), "client token"),
        (json!({"session_id": "s"}), "client token"),
        (json!({"application_id": null}), "Issuer not found"),
        (json!({"application_id": "29f760f8-7ce1-46c9-ade3-f2dedee4ed60"}), "Issuer not found"),
        (json!({"application_id": KEY}), "algorithm is not HS256"),
        (json!({"iss": KEY}), "algorithm is not HS256"),
    ] {
        let refusal = verify_rest(&rs256(&with(rest_claims(), changes))).unwrap_err();
        assert!(refusal.contains(reason), "{refusal} should say {reason}");
    }
    assert!(verify_rest(&rs256(&client_claims())).unwrap_err().contains("client token"));
    assert!(verify_client(&rs256(&rest_claims())).unwrap_err().reason.contains("no session_id"));
}

/// Whoever knows the public key, which is no secret, must not be able to sign with it.
#[test]
fn the_public_key_signs_nothing() {
    let block = |pem: &str| {
        let base64: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        BASE64_STANDARD.decode(base64).unwrap()
    };
    let (spki, pkcs1) = (block(PUBLIC), block(PUBLIC_OLD));
    let keys: [&[u8]; 7] = [
        PUBLIC.as_bytes(),
        PUBLIC.trim_end().as_bytes(),
        PUBLIC_OLD.as_bytes(),
        &spki,
        &pkcs1,
        &pkcs1[9..9 + 256], // the modulus: after the heads of the sequence and of the integer, and a zero
        b"",
    ];
    assert_eq!(keys[5].len(), 256);
    for key in keys {
        for algorithm in ["HS256", "HS384", "HS512", "RS256"] {
            let kind = match algorithm {
                "HS384" => hmac::HMAC_SHA384,
                "HS512" => hmac::HMAC_SHA512,
                _ => hmac::HMAC_SHA256,
            };
            let forge = |claims: &Value| {
                signed_by(&json!({"alg": algorithm, "typ": "JWT"}), claims, |bytes| {
                    hmac::sign(&hmac::Key::new(kind, key), bytes).as_ref().to_vec()
                })
            };
            assert!(verify_client(&forge(&client_claims())).is_err(), "{algorithm}, {} bytes", key.len());
            assert!(verify_rest(&forge(&rest_claims())).is_err(), "{algorithm}, {} bytes", key.len());
        }
        let claims = Claims { project: APPLICATION.into(), session_id: session_of(APPLICATION), ..claims() };
        let data = claims.to_form(1).into_bytes();
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key), &data);
        let t1 = T1 { partner_id: APPLICATION.into(), signature: tag.as_ref().try_into().unwrap(), data };
        assert!(verify_client(&t1.encode()).is_err(), "T1, {} bytes", key.len());
    }
}

#[test]
fn no_spelling_of_none_is_taken_and_no_other_algorithm() {
    let private = private();
    let sign = |bytes: &[u8]| private.sign(bytes).unwrap();
    let nothing = |_: &[u8]| Vec::new();
    for algorithm in [
        json!("none"),
        json!("None"),
        json!("NONE"),
        json!("nOnE"),
        json!(""),
        json!(null),
        json!(0),
        json!([]),
        json!(["RS256"]),
        json!({"alg": "RS256"}),
        json!(true),
        json!("rs256"),
        json!("RS256 "),
        json!("RS384"),
        json!("RS512"),
        json!("PS256"),
        json!("ES256"),
        json!("EdDSA"),
        json!("HS256"),
    ] {
        let header = json!({"alg": algorithm, "typ": "JWT"});
        for token in [
            signed_by(&header, &client_claims(), sign),
            signed_by(&header, &client_claims(), nothing),
            signed_by(&json!({"typ": "JWT"}), &client_claims(), sign),
        ] {
            let refusal = verify_client(&token).unwrap_err();
            assert_eq!((refusal.code.code(), refusal.status), (1004, 403));
            assert!(refusal.reason.contains("algorithm is not RS256"), "{algorithm}: {refusal}");
        }
        let refusal = verify_rest(&signed_by(&header, &rest_claims(), sign)).unwrap_err();
        assert!(refusal.contains("algorithm is not RS256"), "{algorithm}: {refusal}");
    }
    // Keys that a token brings along are not looked at.
    let carried = json!({"alg": "RS256", "jwk": {"kty": "RSA", "n": "AQAB", "e": "AQAB"}, "kid": "../../etc/passwd",
        "jku": "http://127.0.0.1/keys", "x5u": "http://127.0.0.1/chain"});
    assert!(verify_client(&signed_by(&carried, &client_claims(), sign)).is_ok());
    let other = include_str!("../../../tests/keys/other.pem");
    let other = PrivateKey::from_pem(APPLICATION, other).unwrap();
    let foreign = signed_by(&carried, &client_claims(), |bytes| other.sign(bytes).unwrap());
    assert!(verify_client(&foreign).unwrap_err().reason.contains("signature"));
}

#[test]
fn a_private_key_signs_nothing_of_a_project_with_a_secret() {
    let claims = json!({"iss": KEY, "session_id": session_of(KEY), "scope": "session.connect", "iat": NOW,
        "exp": NOW + 300});
    let refusal = both().verify_client_token(&rs256(&claims), &session_of(KEY), KEY, NOW).unwrap_err();
    assert!(refusal.reason.contains("algorithm is not HS256"), "{refusal}");
    let rest = json!({"iss": KEY, "ist": "project", "iat": NOW, "exp": NOW + 300});
    assert!(verify_rest(&rs256(&rest)).unwrap_err().contains("algorithm is not HS256"));
    // Nor does one application sign for a project beside it, whatever it calls itself.
    let two_names = with(client_claims(), json!({"iss": KEY}));
    assert!(verify_client(&rs256(&two_names)).is_err());
    let two_names = with(client_claims(), json!({"iss": APPLICATION, "application_id": KEY}));
    assert!(verify_client(&rs256(&two_names)).unwrap_err().reason.contains("differs"));
}

#[test]
fn oversized_and_cut_tokens_are_refused() {
    let good = rs256(&client_claims());
    assert!(verify_client(&good).is_ok());
    let padded = with(client_claims(), json!({"padding": "x".repeat(20_000)}));
    for token in [rs256(&padded), format!("{good}{}", "A".repeat(20_000)), "A.".repeat(50_000)] {
        assert!(verify_client(&token).unwrap_err().reason.contains("longer than"), "{}", token.len());
        assert!(verify_rest(&token).unwrap_err().contains("longer than"));
    }
    for end in (0..good.len()).step_by(7) {
        let refusal = verify_client(&good[..end]).unwrap_err();
        assert!(end == 0 || !refusal.reason.contains(&good[..end]), "{refusal}");
    }
    let (unsigned, signature) = good.rsplit_once('.').unwrap();
    for signature in
        [format!("{signature}="), format!("{signature}."), format!(" {signature}"), String::new()]
    {
        assert!(verify_client(&format!("{unsigned}.{signature}")).is_err(), "{signature}");
    }
}

#[test]
fn what_the_command_line_signs_is_right() {
    let private = private();
    let claims = Claims { project: APPLICATION.into(), session_id: session_of(APPLICATION), ..claims() };
    let token = sign_claims(&claims, TokenKind::Jwt, Signer::Application(&private)).unwrap();
    let verified = verify_client(&token).unwrap();
    assert_eq!((verified.role, verified.connection_data), (claims.role, claims.connection_data.clone()));
    assert_eq!(sign_claims(&claims, TokenKind::T1, Signer::Application(&private)), Err(SignError::Kind));
    let rest = super::super::rest_claims(Signer::Application(&private), false, NOW, 900).unwrap();
    let rest = sign_json(&rest, Signer::Application(&private)).unwrap();
    assert_eq!(verify_rest(&rest).as_deref(), Ok(APPLICATION));
}
