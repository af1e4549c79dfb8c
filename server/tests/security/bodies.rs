//! Bodies that are bombs: forms and JSON that are deep, many, long or ambiguous.

use crate::member::Member;
use crate::paths::addresses;
use crate::raw::start_patient;
use crate::support::{Answer, KEY, Request, session_of};
use otc_protocol::limits::{HTTP_DRAIN_BYTES, HTTP_FORM_BYTES, HTTP_SIGNAL_BYTES};
use otc_protocol::raptor::Body;
use otc_server::Server;

fn create(server: &Server, form: impl Into<Vec<u8>>) -> Answer {
    let request = Request::new("POST /session/create").authorized().header("Accept", "application/json");
    request.body("application/x-www-form-urlencoded", form).send(server.addr())
}

#[test]
fn forms_are_bounded_and_read_once() {
    let server = start_patient();
    for (form, status) in [
        ("a&".repeat(HTTP_FORM_BYTES / 2), 200),
        ("&".repeat(HTTP_FORM_BYTES), 200),
        ("=".repeat(HTTP_FORM_BYTES), 200),
        ("p2p.preference=enabled&".repeat(HTTP_FORM_BYTES / 23), 200),
        ("a&".repeat(HTTP_FORM_BYTES / 2 + 1), 413),
        ("a&".repeat(HTTP_DRAIN_BYTES / 4), 413),
        (format!("x={}", "%25".repeat(5_000)), 200),
        (format!("archiveName={}", "%61".repeat(5_000)), 400),
        (format!("archiveName={}", "a".repeat(16_000)), 400),
        // Decoded once, these are other words than those of the form.
        ("p2p%252Epreference=nonsense".to_owned(), 200),
        ("p2p.preference=%2564isabled".to_owned(), 400),
        ("p2p%2Epreference=disabled".to_owned(), 200),
        ("location=127.0.0.1%00".to_owned(), 400),
        ("location=%0d%0aX-Forged:%20yes".to_owned(), 400),
        ("archiveMode=%".to_owned(), 400),
        ("archiveMode=%ff".to_owned(), 400),
    ] {
        let answer = create(&server, form.clone());
        assert_eq!(answer.status, status, "{form:.60}");
        assert_eq!(answer.header("x-forged"), "");
        if status != 200 {
            answer.error();
        }
    }
    assert_eq!(create(&server, b"archiveMode=\xff".to_vec()).status, 400);
}

fn signal(server: &Server, session: &str, body: impl Into<Vec<u8>>) -> Answer {
    let request = Request::new(&format!("POST /v2/project/{KEY}/session/{session}/signal")).authorized();
    request.body("application/json", body).send(server.addr())
}

#[test]
fn json_is_bounded_and_has_one_meaning() {
    let server = start_patient();
    let session = session_of(KEY);
    let mut member = Member::join(server.addr(), &session);
    let deep = |depth: usize, open: &str, close: &str| open.repeat(depth) + &close.repeat(depth);
    for (body, status) in [
        (format!("{{\"x\":{}}}", deep(30_000, "[", "]")), 400),
        (format!("{{\"x\":{}1{}}}", "{\"a\":".repeat(10_000), "}".repeat(10_000)), 400),
        ("[".repeat(HTTP_SIGNAL_BYTES), 400),
        (format!("{{\"data\":{}}}", deep(100, "[", "]")), 400),
        (format!("{{\"data\":{}}}", "9".repeat(60_000)), 400),
        ("{\"x\":1e999999}".to_owned(), 400),
        ("{\"type\":\"a\",\"data\":\"\\ud800\"}".to_owned(), 400),
        ("\u{feff}{}".to_owned(), 400),
        ("{\"data\":\"x\"}{\"data\":\"y\"}".to_owned(), 400),
        ("{\"data\":\"x\"} trailing".to_owned(), 400),
        ("{'data':'x'}".to_owned(), 400),
        ("{\"data\":\"x\",}".to_owned(), 400),
        ("NaN".to_owned(), 400),
        ("\0".to_owned(), 400),
        (format!("{{\"x\":\"{}\"}}", "y".repeat(HTTP_SIGNAL_BYTES)), 413),
        (" ".repeat(HTTP_SIGNAL_BYTES + 1), 413),
        (" ".repeat(HTTP_SIGNAL_BYTES), 204),
        (format!("{{{}\"data\":\"fields\"}}", "\"x\":0,".repeat(9_000)), 204),
        (format!("{{\"x\":{},\"data\":\"number\"}}", "9".repeat(300)), 204),
        ("{\"data\":\"first\",\"data\":\"last\"}".to_owned(), 204),
        ("{\"__proto__\":{\"data\":\"inherited\"},\"data\":\"own\"}".to_owned(), 204),
    ] {
        let answer = signal(&server, &session, body.clone());
        assert_eq!(answer.status, status, "{body:.60}: {answer:?}");
    }
    // What was refused has reached nobody.
    let mut heard = Vec::new();
    while heard.len() < 5 {
        if let (_, Body::Signal { content, .. }) = member.told() {
            heard.push(content.data.map(|data| data.text().to_owned()));
        }
    }
    let text = |data: &str| Some(format!("\"{data}\""));
    assert_eq!(heard, [None, text("fields"), text("number"), text("last"), text("own")]);
}

/// Whatever reads a body: a bomb is refused or passed over, and never a fault of the server.
#[test]
fn bombs_do_nothing_wherever_a_body_is_read() {
    let server = start_patient();
    let session = session_of(KEY);
    let _member = Member::join(server.addr(), &session);
    let bombs = [
        "[".repeat(60_000),
        "{\"a\":".repeat(10_000),
        format!("{{\"items\":{}{}}}", "[".repeat(30_000), "]".repeat(30_000)),
        format!("{{\"items\":[{}{{}}]}}", "{},".repeat(20_000)),
        format!("{{\"excludedStreamIds\":[{}\"\"]}}", "\"\",".repeat(20_000)),
        format!("{{\"name\":\"{}\"}}", "\\u0000".repeat(10_000)),
        format!("{{\"url\":\"http://{}\"}}", "a".repeat(60_000)),
        "9".repeat(60_000),
        "&".repeat(60_000),
        "\u{0}".repeat(60_000),
    ];
    for (method, path) in addresses(KEY, &session) {
        for bomb in &bombs {
            let request = Request::new(&format!("{method} {path}")).authorized();
            let answer = request.body("application/json", bomb.clone()).send(server.addr());
            // Some calls read no body at all, and those about storage are not served.
            let is_unserved = path.ends_with("/storage") && answer.status == 501;
            let is_sound =
                is_unserved || matches!(answer.status, 200 | 204 | 400 | 403 | 404 | 405 | 409 | 413);
            assert!(is_sound, "{method} {path} {bomb:.40}: {answer:?}");
        }
    }
}

/// As JSON, as a form, as nothing: what is no UTF-8 is refused, whatever its label.
#[test]
fn bodies_that_are_no_text_are_refused() {
    let server = start_patient();
    let session = session_of(KEY);
    let _member = Member::join(server.addr(), &session);
    for body in
        [&b"{\"data\":\"\xff\"}"[..], b"\xff\xfe{\0}\0", b"\x1f\x8b\x08\0", b"{\"data\":\"\xc0\xaf\"}"]
    {
        assert_eq!(signal(&server, &session, body).status, 400, "{}", body.escape_ascii());
    }
}
