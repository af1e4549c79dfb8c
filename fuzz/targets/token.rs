//! Text as a token of either kind, as the signed form of a T1 token and as the claims of a JWT: what is read is
//! written as something that says the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use otc_protocol::token::{Claims, Jwt, T1, TokenError};

fuzz_target!(|text: &str| {
    match T1::parse(text) {
        Ok(token) => {
            assert_eq!(T1::parse(&token.encode()).as_ref(), Ok(&token));
            form(token.claims());
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    match Jwt::parse(text) {
        Ok(token) => {
            assert_eq!(format!("{}.{}", token.signed, token.signature), text);
            let _ = token.algorithm();
            json(Claims::from_jwt_json(&token.claims));
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    form(Claims::from_form("123456", text.as_bytes()));
    json(Claims::from_jwt_json(text.as_bytes()));
});

fn form(claims: Result<Claims, TokenError>) {
    let Ok(claims) = claims else { return };
    let written = claims.to_form(7);
    assert_eq!(Claims::from_form(&claims.project, written.as_bytes()), Ok(claims), "{written}");
}

fn json(claims: Result<Claims, TokenError>) {
    let Ok(claims) = claims else { return };
    assert!(claims.expires_at(1_795_241_973) > 0 || claims.expires == Some(0));
    let written = claims.to_jwt_json(7).to_string();
    assert_eq!(Claims::from_jwt_json(written.as_bytes()), Ok(claims), "{written}");
}
