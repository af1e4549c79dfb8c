//! Logging in and out.

use crate::browser::{Browser, OTHER, OTHER_SECRET, cookie_of, credentials, log_in_with};
use crate::support::{KEY, Request, SECRET, jwt, rest_token, session_of, start, token_for, unix_seconds};
use otc_server::{Config, KeyPair, Server};
use serde_json::{Value, json};

#[test]
fn a_key_and_its_secret_or_a_token_for_rest_open_the_page() {
    let server = start();
    let now = unix_seconds() * 1000;
    for (body, project) in [
        (credentials(KEY, SECRET), KEY),
        (credentials(&format!(" {KEY} "), SECRET), KEY),
        (credentials(OTHER, OTHER_SECRET), OTHER),
        (json!({"token": rest_token(KEY, SECRET)}).to_string(), KEY),
        (json!({"token": rest_token(OTHER, OTHER_SECRET)}).to_string(), OTHER),
    ] {
        let answer = log_in_with(server.addr(), &body);
        let browser = Browser::of(server.addr(), &answer);
        assert_eq!(
            (answer.json()["project"].as_str(), answer.header("cache-control")),
            (Some(project), "no-store")
        );
        let ends = answer.json()["expiresAt"].as_u64().unwrap();
        assert!((now..now + 60_000).contains(&(ends - 12 * 3_600_000)), "{ends}");
        let cookie = answer.header("set-cookie");
        let (said, rest) = cookie.split_once(';').unwrap();
        let value = said.strip_prefix("otc-inspect=").unwrap();
        assert_eq!(value.len(), 64);
        assert!(value.bytes().all(|byte| byte.is_ascii_hexdigit()));
        assert_eq!(rest, " Path=/inspect; Max-Age=43200; HttpOnly; SameSite=Strict");
        assert!(!answer.body.contains(value), "a page cannot read it");
        let me = browser.get("me");
        assert_eq!((me.status, me.json()), (200, answer.json()));
    }
}

#[test]
fn nothing_else_opens_it() {
    let mut config = Config::local(KeyPair::new(KEY, SECRET).unwrap());
    config.rest_rates.failed_per_second = 0;
    let server = Server::start(config).unwrap();
    let session = session_of(KEY);
    let now = unix_seconds();
    let claims = |more: Value| {
        let mut claims = json!({"iss": KEY, "ist": "project", "iat": now, "exp": now + 300});
        claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"token": jwt(&claims, SECRET)}).to_string()
    };
    assert_eq!(log_in_with(server.addr(), &claims(json!({}))).status, 200);
    for (body, status, says) in [
        (credentials(KEY, "my-guess"), 403, "key or the secret"),
        (credentials(KEY, &SECRET[..SECRET.len() - 1]), 403, "key or the secret"),
        (credentials("999999", SECRET), 403, "key or the secret"),
        (credentials("a b", SECRET), 403, "key or the secret"),
        (json!({"token": token_for(&session)}).to_string(), 403, "client token"),
        (claims(json!({"scope": "session.connect"})), 403, "client token"),
        (claims(json!({"session_id": session})), 403, "client token"),
        (claims(json!({"ist": "account"})), 403, "ist"),
        (claims(json!({"exp": now - 100, "iat": now - 200})), 403, "expired"),
        (json!({"token": rest_token(KEY, "my-guess")}).to_string(), 403, "signature"),
        (json!({"token": "T1==x"}).to_string(), 403, "Invalid token"),
    ] {
        let answer = log_in_with(server.addr(), &body);
        let error = answer.error();
        assert_eq!(error.0, status, "{body}: {error:?}");
        assert!(error.1.to_lowercase().contains(&says.to_lowercase()), "{body}: {error:?}");
        assert_eq!(answer.header("set-cookie"), "");
        for secret in [SECRET, "my-guess"] {
            assert!(!answer.body.contains(&format!("{secret}\"")), "nothing comes back");
        }
    }
    let application = json!({"key": "29f760f8-7ce1-46c9-ade3-f2dedee4ed5f", "secret": "s"}).to_string();
    assert!(log_in_with(server.addr(), &application).error().1.contains("token"));
}

#[test]
fn what_is_no_login_is_told_so() {
    let server = start();
    for body in [
        "",
        "{}",
        "null",
        "[]",
        "key=1&secret=2",
        r#"{"key":"123456"}"#,
        r#"{"secret":"x"}"#,
        r#"{"key":1,"secret":2}"#,
        r#"{"key":"123456","secret":"x","more":1}"#,
        r#"{"key":"123456","secret":"x","token":"y"}"#,
        r#"{"key":"123456","secret":""}"#,
    ] {
        assert_eq!(log_in_with(server.addr(), body).error().0, 400, "{body}");
    }
    let large = json!({"token": "x".repeat(40_000)}).to_string();
    assert_eq!(log_in_with(server.addr(), &large).error().0, 413);
    for method in ["GET", "PUT", "DELETE"] {
        let answer = Request::new(&format!("{method} /inspect/api/login")).send(server.addr());
        assert_eq!(answer.error().0, 405, "{method}");
    }
}

#[test]
fn wrong_logins_have_a_rate_and_a_right_one_always_passes() {
    let server = start();
    let wrong = || log_in_with(server.addr(), &credentials(KEY, "my-guess"));
    let refused = (0..100).map(|_| wrong()).find(|answer| answer.status != 403).expect("too many");
    assert_eq!(refused.error().0, 429);
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(
        log_in_with(server.addr(), &credentials(OTHER, "my-guess")).status,
        403,
        "about another project"
    );
    Browser::log_in(server.addr());
}

#[test]
fn logging_out_ends_that_login_alone() {
    let server = start();
    let (one, two) = (Browser::log_in(server.addr()), Browser::log_in(server.addr()));
    assert_ne!((&one.cookie, &one.csrf), (&two.cookie, &two.csrf));
    let answer = one.change("POST", "logout", "");
    assert_eq!(answer.status, 204);
    assert_eq!(
        answer.header("set-cookie"),
        "otc-inspect=; Path=/inspect; Max-Age=0; HttpOnly; SameSite=Strict"
    );
    assert_eq!((one.get("me").error().0, two.get("me").status), (401, 200));
}

/// Whoever puts a ticket into somebody's browser knows nothing afterwards: a login makes a new one.
#[test]
fn a_login_never_goes_on_with_a_ticket_that_was_there() {
    let server = start();
    let before = Browser::log_in(server.addr());
    for planted in [before.cookie.clone(), format!("otc-inspect={}", "a".repeat(64))] {
        let answer = Request::new("POST /inspect/api/login")
            .header("Cookie", &planted)
            .body("application/json", credentials(KEY, SECRET))
            .send(server.addr());
        let after = Browser::of(server.addr(), &answer);
        assert_ne!(cookie_of(&answer), planted);
        let planted = Browser { cookie: planted, ..after };
        assert_eq!(planted.get("me").status, 401);
    }
}

#[test]
fn a_changed_project_ends_its_logins() {
    let mut config = Config::local(KeyPair::new(KEY, SECRET).unwrap());
    config.account.pair = Some(KeyPair::new("1000", "of-the-account").unwrap());
    let server = Server::start(config).unwrap();
    let now = unix_seconds();
    let account =
        jwt(&json!({"iss": "1000", "ist": "account", "iat": now, "exp": now + 300}), "of-the-account");
    let call = |method: &str, path: &str, body: &str| {
        let request = Request::new(&format!("{method} /v2/project{path}")).header("X-OPENTOK-AUTH", &account);
        request.body("application/json", body).send(server.addr())
    };
    let made = call("POST", "", "{}").json();
    let id = made["id"].as_str().unwrap();
    let mut secret = made["secret"].as_str().unwrap().to_owned();
    let other = Browser::log_in(server.addr());

    let browser = Browser::log_in_as(server.addr(), id, &secret);
    secret = call("POST", &format!("/{id}/refreshSecret"), "").json()["secret"].as_str().unwrap().to_owned();
    assert_eq!(browser.get("me").status, 401, "another secret");

    let browser = Browser::log_in_as(server.addr(), id, &secret);
    call("PUT", &format!("/{id}"), r#"{"status":"SUSPENDED"}"#);
    assert_eq!(browser.get("sessions").status, 401, "suspended");
    let refused = log_in_with(server.addr(), &credentials(id, &secret)).error();
    assert!(refused.0 == 403 && refused.1.contains("suspended"), "{refused:?}");
    let guess = log_in_with(server.addr(), &credentials(id, "my-guess")).error();
    assert!(!guess.1.contains("suspended"), "that is for those who have the secret: {guess:?}");
    call("PUT", &format!("/{id}"), r#"{"status":"ACTIVE"}"#);
    assert_eq!(browser.get("me").status, 401);

    let browser = Browser::log_in_as(server.addr(), id, &secret);
    call("DELETE", &format!("/{id}"), "");
    assert_eq!(browser.get("me").status, 401, "deleted");
    assert_eq!(other.get("me").status, 200, "nobody else's");
}
