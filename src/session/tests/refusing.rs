//! What is refused before anything is sent (`c-api.md §6`).

use super::Client;
use crate::session::Input;

fn refused(kind: Option<&str>, data: Option<&str>) -> Option<i32> {
    let mut client = Client::joined();
    let result = client.try_handle(Input::Signal { kind, data, to: None, retry: true });
    let sent = !client.signals_sent().is_empty();
    assert_eq!(sent, result.is_ok(), "what is refused is not sent, what is accepted is");
    result.err().map(|refused| {
        assert!(refused.text.ends_with('.'), "{}", refused.text);
        refused.code.code()
    })
}

#[test]
fn types() {
    let long = "t".repeat(128);
    for good in [None, Some(""), Some("chat"), Some("A-Z_a~z-09"), Some(long.as_str())] {
        assert_eq!(refused(good, None), None, "{good:?}");
    }
    let too_long = "t".repeat(129);
    assert_eq!(refused(Some(&too_long), None), Some(1414));
    for bad in ["a b", "a.b", "\u{e4}", "a/b", "a\n", "a\"b", "signal:x"] {
        assert_eq!(refused(Some(bad), None), Some(1461), "{bad}");
    }
    let both = " ".repeat(129);
    assert_eq!(refused(Some(&both), None), Some(1414), "the length is looked at first");
}

#[test]
fn data_counts_in_bytes_of_utf_8() {
    for (data, code) in [
        ("x".repeat(8192), None),
        ("x".repeat(8193), Some(1413)),
        ("\u{e4}".repeat(4096), None),
        ("\u{e4}".repeat(4097), Some(1413)),
        ("\u{1f600}".repeat(2048), None),
        ("\u{1f600}".repeat(2048) + "x", Some(1413)),
        ("\u{1}\"\\".repeat(2730), None),
    ] {
        assert_eq!(refused(None, Some(&data)), code, "{} bytes", data.len());
    }
}

#[test]
fn bad_arguments_are_told_whatever_the_state() {
    let mut client = Client::new();
    let long = "x".repeat(9000);
    let input = Input::Signal { kind: None, data: Some(&long), to: None, retry: true };
    assert_eq!(client.try_handle(input).expect_err("too long").code.code(), 1413);
    assert_eq!(client.disconnect().expect_err("not connected").code.code(), 1010);
}
