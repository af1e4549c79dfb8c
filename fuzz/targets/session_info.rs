//! An HTTP answer as session info: what is read is written as a document that says the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use otc_protocol::session_info::parse_response;

const API_KEY: &str = "123456";

fuzz_target!(|body: &[u8]| {
    assert!(parse_response(404, body, API_KEY).is_err());
    match parse_response(200, body, API_KEY) {
        Ok(info) => {
            let document = info.document();
            assert_eq!(parse_response(200, document.as_bytes(), API_KEY), Ok(info), "{document}");
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
