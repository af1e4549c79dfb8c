//! Who calls: applications, suspended projects, and callers who call too often.

use crate::member::Member;
use crate::support::{Answer, KEY, Request, SECRET, jwt, pair, rest_token, session_of, unix_seconds};
use otc_server::config::RestRates;
use otc_server::keys::Secret;
use otc_server::mint::{self, TokenRequest};
use otc_server::projects::{Definition, Previous, PrivateKey, Proof, PublicKey, Status};
use otc_server::{Config, Server};
use serde_json::json;

pub(crate) const APPLICATION: &str = "29f760f8-7ce1-46c9-ade3-f2dedee4ed5f";
const PUBLIC: &str = include_str!("../keys/application.pub.pem");

fn application() -> Definition {
    Definition::application(APPLICATION, PublicKey::from_pem(PUBLIC).unwrap()).unwrap()
}

fn private() -> PrivateKey {
    PrivateKey::from_pem(APPLICATION, include_str!("../keys/application.pem")).unwrap()
}

fn start(change: impl FnOnce(&mut Config)) -> Server {
    let mut config = Config::local(pair());
    change(&mut config);
    Server::start(config).unwrap()
}

fn create(server: &Server, header: &str, token: &str) -> Answer {
    Request::new("POST /session/create")
        .header(header, token)
        .header("Accept", "application/json")
        .send(server.addr())
}

fn signal(server: &Server, project: &str, session: &str, header: &str, token: &str) -> Answer {
    Request::new(&format!("POST /v2/project/{project}/session/{session}/signal"))
        .header(header, token)
        .body("application/json", "{}")
        .send(server.addr())
}

#[test]
fn an_application_creates_signals_and_lets_in() {
    let server = start(|config| config.projects.push(application()));
    let private = private();
    let token = mint::rest_token(&private).unwrap();
    for (header, token) in [
        ("Authorization", format!("Bearer {token}")),
        ("authorization", format!("bearer {token}")),
        ("X-OPENTOK-AUTH", token.clone()),
    ] {
        let answer = create(&server, header, &token);
        assert_eq!(answer.status, 200, "{answer:?}");
        let answer = answer.json();
        assert_eq!(answer[0]["application_id"], APPLICATION);
        let session = answer[0]["session_id"].as_str().unwrap();
        let client = mint::token(&private, &TokenRequest::new(session)).unwrap();
        let _member = Member::join_as(server.addr(), APPLICATION, session, &client).unwrap();
        assert_eq!(signal(&server, APPLICATION, session, header, &token).status, 204);
        let info = Request::new(&format!("GET /session/{session}")).header("X-TB-TOKEN-AUTH", &client);
        assert_eq!(info.send(server.addr()).json()[0]["session_id"], session);

        for (header, client) in [("Authorization", format!("Bearer {client}")), ("X-OPENTOK-AUTH", client)] {
            let (status, said) = create(&server, header, &client).error();
            assert!(status == 403 && said.contains("client token"), "{said}");
        }
    }
    let key = format!("Bearer {}", rest_token(KEY, SECRET));
    assert_eq!(create(&server, "Authorization", &key).status, 200, "either header takes either kind");
    for project in [KEY, APPLICATION] {
        let foreign = signal(&server, project, &session_of(APPLICATION), "Authorization", &key);
        assert_eq!(foreign.error().0, 403, "neither the path nor the session is the key's");
    }
}

/// `HS256` with the text of the public key, which everybody may have, as the secret.
#[test]
fn a_public_key_is_no_secret_that_signs() {
    let server = start(|config| config.projects.push(application()));
    let now = unix_seconds();
    let claims = json!({"application_id": APPLICATION, "iss": APPLICATION, "iat": now, "exp": now + 300});
    for secret in [PUBLIC, PUBLIC.trim_end()] {
        let (status, said) =
            create(&server, "Authorization", &format!("Bearer {}", jwt(&claims, secret))).error();
        assert!(status == 403 && said.contains("RS256"), "{said}");
    }
    let session = session_of(APPLICATION);
    let claims = json!({"application_id": APPLICATION, "session_id": session, "iat": now, "exp": now + 300});
    let refused = Member::join_as(server.addr(), APPLICATION, &session, &jwt(&claims, PUBLIC));
    let (status, said) = refused.err().unwrap();
    assert!(status == 403 && said.contains("RS256"), "{said}");
}

#[test]
fn a_suspended_project_is_closed_to_those_who_may_know() {
    let suspended = Definition { status: Status::Suspended, ..pair().into() };
    let server = start(|config| config.projects = vec![suspended]);
    let (status, said) = create(&server, "X-OPENTOK-AUTH", &rest_token(KEY, SECRET)).error();
    assert!(status == 403 && said.contains("suspended"), "{said}");
    let session = session_of(KEY);
    let token = mint::token(&pair(), &TokenRequest::new(&session)).unwrap();
    let (status, said) = Member::join_with(server.addr(), &session, &token).err().unwrap();
    assert!(status == 403 && said.contains("suspended"), "{said}");
    let info = Request::new(&format!("GET /session/{session}")).header("X-TB-TOKEN-AUTH", &token);
    let info = info.send(server.addr()).body;
    assert!(info.contains("403") && info.contains("suspended"), "{info}");
    for wrong in [rest_token(KEY, "wrong"), rest_token("999", "wrong")] {
        let (status, said) = create(&server, "X-OPENTOK-AUTH", &wrong).error();
        assert!(status == 403 && !said.contains("suspended"), "{said}");
    }
}

#[test]
fn a_secret_is_replaced_without_a_gap() {
    let proof = |until: Option<u64>| Proof::Secret {
        secret: Secret::new(SECRET).unwrap(),
        previous: Some(Previous { secret: Secret::new("the old one").unwrap(), until }),
    };
    for (until, old) in [(None, 200), (Some(unix_seconds() + 3600), 200), (Some(unix_seconds()), 403)] {
        let server =
            start(|config| config.projects = vec![Definition { proof: proof(until), ..pair().into() }]);
        for (secret, status) in [(SECRET, 200), ("the old one", old), ("no one's", 403)] {
            let answer = create(&server, "X-OPENTOK-AUTH", &rest_token(KEY, secret));
            assert_eq!(answer.status, status, "{until:?} {secret}");
        }
    }
}

/// The first answer that is not `usual`, of at most so many.
fn first_other(usual: u16, most: usize, call: impl Fn() -> Answer) -> (usize, Answer) {
    (0..most)
        .map(|count| (count, call()))
        .find(|(_, answer)| answer.status != usual)
        .unwrap_or_else(|| panic!("{most} answers were {usual}"))
}

#[test]
fn who_calls_too_often_is_told_when_to_try_again() {
    let rest_rates = RestRates { per_second: 1, ..RestRates::default() };
    let server = start(|config| {
        config.rest_rates = rest_rates;
        config.projects.push(application());
    });
    let token = rest_token(KEY, SECRET);
    let (count, answer) = first_other(200, 100, || create(&server, "X-OPENTOK-AUTH", &token));
    assert!(count >= 5, "five at once: {count}");
    assert_eq!(answer.header("retry-after"), "1");
    assert_eq!(answer.json()["code"], 429);
    let (status, said) = answer.error();
    assert!(status == 429 && said.contains("try again in 1 s"), "{said}");
    // A caller that reads XML is told in XML.
    let (_, xml) = first_other(200, 100, || {
        Request::new("POST /session/create").header("X-OPENTOK-AUTH", &token).send(server.addr())
    });
    assert_eq!((xml.status, xml.header("retry-after"), xml.header("content-type")), (429, "1", "text/xml"));
    let bearer = format!("Bearer {}", mint::rest_token(&private()).unwrap());
    assert_eq!(create(&server, "Authorization", &bearer).status, 200, "the other project is not meant");
}

#[test]
fn who_guesses_is_slowed_down_and_shuts_nobody_out() {
    let rest_rates = RestRates { failed_per_second: 1, ..RestRates::default() };
    let server = start(|config| {
        config.rest_rates = rest_rates;
        config.projects.push(application());
    });
    let guess = rest_token(KEY, "a guess");
    let (count, answer) = first_other(403, 100, || create(&server, "X-OPENTOK-AUTH", &guess));
    assert!(count >= 5, "five at once: {count}");
    let (status, said) = answer.error();
    assert!(status == 429 && said.contains("bad token"), "{said}");
    assert_eq!(answer.header("retry-after"), "1");
    let right = create(&server, "X-OPENTOK-AUTH", &rest_token(KEY, SECRET));
    assert_eq!(right.status, 200, "whoever knows the secret goes on");
    let bearer = format!("Bearer {}", mint::rest_token(&private()).unwrap());
    assert_eq!(create(&server, "Authorization", &bearer).status, 200, "other projects go on");
    // Names of projects are not found out at any speed either.
    let unknown = rest_token("999", "a guess");
    let (_, answer) = first_other(403, 100, || create(&server, "X-OPENTOK-AUTH", &unknown));
    assert_eq!(answer.status, 429);
    let (_, answer) = first_other(403, 100, || create(&server, "X-OPENTOK-AUTH", "nonsense"));
    assert_eq!(answer.status, 429);
    // Who has no token at all has guessed nothing.
    let missing =
        Request::new("POST /session/create").header("Accept", "application/json").send(server.addr());
    assert_eq!(missing.error().0, 403);
}

#[test]
fn rates_may_be_off() {
    let rest_rates = RestRates { per_second: 0, failed_per_second: 0 };
    let server = start(|config| config.rest_rates = rest_rates);
    let (token, guess) = (rest_token(KEY, SECRET), rest_token(KEY, "a guess"));
    for _ in 0..60 {
        assert_eq!(create(&server, "X-OPENTOK-AUTH", &guess).status, 403);
        assert_eq!(create(&server, "X-OPENTOK-AUTH", &token).status, 200);
    }
}
