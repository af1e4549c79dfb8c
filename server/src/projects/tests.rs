use super::*;
use otc_protocol::token::Jwt;

const APPLICATION: &str = "29f760f8-7ce1-46c9-ade3-f2dedee4ed5f";
const PRIVATE: &str = include_str!("../../tests/keys/application.pem");
const PUBLIC: &str = include_str!("../../tests/keys/application.pub.pem");
const SMALL: &str = include_str!("../../tests/keys/small.pub.pem");

fn message(text: &str) -> String {
    PublicKey::from_pem(text).unwrap_err().to_string()
}

#[test]
fn a_public_key_is_read_in_both_forms() {
    let old = include_str!("../../tests/keys/application.pub.pkcs1.pem");
    assert_eq!(PublicKey::from_pem(PUBLIC), PublicKey::from_pem(old));
    let windows = format!("the key of the application:\r\n\r\n{}", PUBLIC.replace('\n', "\r\n"));
    assert_eq!(PublicKey::from_pem(PUBLIC), PublicKey::from_pem(&windows));
    assert_eq!(format!("{:?}", PublicKey::from_pem(PUBLIC).unwrap()), "PublicKey(2048 bits)");
}

#[test]
fn what_is_no_public_key_is_refused_with_what_to_do_and_not_repeated() {
    let middle = PUBLIC.lines().nth(3).unwrap();
    let secret_line = PRIVATE.lines().nth(3).unwrap();
    for (text, expected) in [
        (PRIVATE, "openssl pkey -in"),
        (include_str!("../../tests/keys/application.pkcs1.pem"), "private key"),
        (include_str!("../../tests/keys/encrypted.pem"), "private key"),
        (&format!("{PUBLIC}{PRIVATE}"), "private key"),
        (SMALL, "1024 bits"),
        (include_str!("../../tests/keys/ec.pub.pem"), "not an RSA key"),
        ("", "-----BEGIN PUBLIC KEY-----"),
        ("ssh-rsa AAAAB3NzaC1yc2E", "-----BEGIN PUBLIC KEY-----"),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "damaged"),
        ("-----BEGIN PUBLIC KEY-----\nAAAA", "-----BEGIN PUBLIC KEY-----"),
        ("-----BEGIN PUBLIC KEY-----\n****\n-----END PUBLIC KEY-----", "-----BEGIN PUBLIC KEY-----"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "openssl x509"),
        ("-----BEGIN DH PARAMETERS-----\nAAAA\n-----END DH PARAMETERS-----", "-----BEGIN PUBLIC KEY-----"),
        (&PUBLIC.replacen(middle, "", 1), "damaged"),
    ] {
        let message = message(text);
        assert!(message.contains(expected), "{message} should say {expected}");
        assert!(!message.contains(middle) && !message.contains(secret_line), "{message}");
    }
    let missing = PublicKey::from_pem_or_file("/nonexistent/key.pem").unwrap_err().to_string();
    assert!(missing.contains("/nonexistent/key.pem") && missing.contains("cannot be read"), "{missing}");
    let here = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/keys/application.pem");
    let named = PublicKey::from_pem_or_file(here).unwrap_err().to_string();
    assert!(named.contains("application.pem") && named.contains("openssl pkey"), "{named}");
}

/// Whatever stands in the place of a key: an error or a key, and never anything else.
#[test]
fn damaged_keys_are_refused_or_keys() {
    use base64::Engine;
    use base64::prelude::BASE64_STANDARD;
    let (label, der) = pem::first_block(PUBLIC).unwrap();
    let pem_of = |der: &[u8]| {
        format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", BASE64_STANDARD.encode(der))
    };
    assert_eq!(PublicKey::from_pem(&pem_of(&der)), PublicKey::from_pem(PUBLIC));
    for length in 0..der.len() {
        assert!(PublicKey::from_pem(&pem_of(&der[..length])).is_err(), "cut after {length} bytes");
        for bit in [0x01, 0x80] {
            let mut damaged = der.clone();
            damaged[length] ^= bit;
            if let Ok(key) = PublicKey::from_pem(&pem_of(&damaged)) {
                assert!(!key.verify(b"text", &[1; 256]), "byte {length}");
            }
        }
    }
    let longer = [&der[..], &[0]].concat();
    assert!(PublicKey::from_pem(&pem_of(&longer)).is_err(), "bytes after its end");
}

#[test]
fn what_a_private_key_signs_its_public_key_proves() {
    let both = [PRIVATE, include_str!("../../tests/keys/application.pkcs1.pem")];
    let public = PublicKey::from_pem(PUBLIC).unwrap();
    for private in both.map(|text| PrivateKey::from_pem(APPLICATION, text).unwrap()) {
        let signature = private.sign(b"text").unwrap();
        assert!(public.verify(b"text", &signature) && !public.verify(b"texts", &signature));
        assert!(!public.verify(b"text", &signature[1..]) && !public.verify(b"text", b""));
        assert!(!format!("{private:?}").contains("MII"));
    }
    let other = PrivateKey::from_pem(APPLICATION, include_str!("../../tests/keys/other.pem")).unwrap();
    assert!(!public.verify(b"text", &other.sign(b"text").unwrap()));
    for (text, expected) in [
        (PUBLIC, "signed with the private one"),
        (include_str!("../../tests/keys/encrypted.pem"), "decrypt it first"),
        (SMALL, "private one"),
        ("nonsense", "-----BEGIN PRIVATE KEY-----"),
        ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", "2048"),
    ] {
        let error = PrivateKey::from_pem(APPLICATION, text).unwrap_err().to_string();
        assert!(error.contains(expected), "{error} should say {expected}");
    }
    assert!(PrivateKey::from_pem("123456", PRIVATE).unwrap_err().to_string().contains("UUID"));
}

#[test]
fn projects_are_there_once() {
    let pair = KeyPair::new("1", "s").unwrap();
    let twice = Projects::new(vec![pair.clone().into(), pair.clone().into()], 0);
    assert_eq!(twice.err(), Some(KeyError::Repeated));
    let key = PublicKey::from_pem(PUBLIC).unwrap();
    assert_eq!(Definition::application("123456", key.clone()), Err(KeyError::Application));
    let application = Definition::application(APPLICATION, key).unwrap();
    let projects = Projects::new(vec![pair.into(), application], 1_740_000_000_123).unwrap();
    assert!(projects.knows("1") && projects.knows(APPLICATION) && !projects.knows("2"));
    let details = projects.get("1").unwrap().details();
    let expected = json!({
        "id": "1", "applicationId": "1", "status": "ACTIVE", "name": "",
        "environment": "standard", "createdAt": 1_740_000_000_123_u64,
    });
    assert_eq!(details, expected, "and no secret");
    assert!(!format!("{projects:?}{:?}", projects.get("1")).contains("\"s\""));
}

/// A token of an unknown project costs as much to look at as one of a project that is there.
#[test]
fn strangers_are_held_against_credentials_of_the_same_kind() {
    let key = PublicKey::from_pem(PUBLIC).unwrap();
    let application = Definition::application(APPLICATION, key).unwrap();
    let rotating = Definition {
        proof: Proof::Secret {
            secret: Secret::new("new").unwrap(),
            previous: Some(Previous { secret: Secret::new("old").unwrap(), until: None }),
        },
        ..KeyPair::new("2", "s").unwrap().into()
    };
    let suspended = Definition { status: Status::Suspended, ..KeyPair::new("3", "s").unwrap().into() };
    let projects =
        Projects::new(vec![KeyPair::new("1", "s").unwrap().into(), rotating, suspended, application], 0)
            .unwrap();
    let checks = |id: &str, algorithm: &str| {
        use base64::Engine;
        use base64::prelude::BASE64_URL_SAFE_NO_PAD;
        let part = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
        let header = part(&format!("{{\"alg\":\"{algorithm}\"}}"));
        let token = format!("{header}.{}.{}", part("{}"), BASE64_URL_SAFE_NO_PAD.encode([1; 256]));
        let jwt = Jwt::parse(&token).unwrap();
        let claimed = projects.claimed(id);
        credentials::CHECKS.with(|checks| checks.set(0));
        assert!(claimed.project.credentials().algorithm() == algorithm);
        assert!(!claimed.project.credentials().have_signed(&jwt, 0));
        credentials::CHECKS.with(std::cell::Cell::get)
    };
    for id in ["1", "2", "3", "4", "nobody", ""] {
        assert_eq!(checks(id, "HS256"), 2, "{id}");
    }
    for id in [APPLICATION, "29f760f8-7ce1-46c9-ade3-f2dedee4ed60"] {
        assert_eq!(checks(id, "RS256"), 1, "{id}");
    }
    assert!(!projects.claimed("nobody").known, "what stands for strangers is not one of the projects");
}
