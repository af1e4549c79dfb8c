//! Signals from nobody, to everybody or to one (`rest.md §2.1`).

use super::answer::{ApiError, no_content};
use super::fields::Fields;
use super::rest::{Limit, MemberPath, SessionPath, on_member, on_session};
use crate::App;
use crate::sessions::Refusal;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use otc_protocol::limits::{HTTP_SIGNAL_BYTES, SIGNAL_DATA_BYTES};
use otc_protocol::raptor::{Json, SignalContent};
use std::sync::Arc;

const LIMIT: Limit = Limit::Bytes(HTTP_SIGNAL_BYTES);

/// `POST …/signal`: to everybody.
pub(super) async fn to_all(
    State(app): State<Arc<App>>,
    path: SessionPath,
    request: Request,
) -> Result<Response, ApiError> {
    let (target, body) = on_session(&app, path, request, LIMIT).await?;
    app.registry.signal(app.time(), &target.session, None, read_signal(&body)?)?;
    Ok(no_content())
}

/// `POST …/connection/{id}/signal`: to one.
pub(super) async fn to_one(
    State(app): State<Arc<App>>,
    path: MemberPath,
    request: Request,
) -> Result<Response, ApiError> {
    let ((target, connection), body) = on_member(&app, path, request, LIMIT).await?;
    app.registry.signal(app.time(), &target.session, Some(&connection), read_signal(&body)?)?;
    Ok(no_content())
}

/// The signal of a body: `type` and `data`, optional texts both; nothing at all is a bare ping.
fn read_signal(body: &[u8]) -> Result<SignalContent, ApiError> {
    let fields = Fields::read(body)?;
    let (kind, data) = (fields.text(&["type"])?, fields.text(&["data"])?);
    // In bytes, unlike what clients send each other (`rest.md §4`).
    if data.as_ref().is_some_and(|data| data.len() > SIGNAL_DATA_BYTES) {
        let message = format!("data is longer than {SIGNAL_DATA_BYTES} bytes");
        return Err(ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, message));
    }
    let data = data.map(|data| Json::from_str_value(&data));
    let content = SignalContent { kind, data, ..SignalContent::default() };
    content.check().map_err(|refusal| Refusal::new(refusal.status(), refusal.reason()))?;
    Ok(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_of_signals_are_read() {
        let texts = |kind: Option<&str>, data: Option<&str>| SignalContent {
            kind: kind.map(str::to_owned),
            data: data.map(Json::from_str_value),
            ..SignalContent::default()
        };
        for (body, expected) in [
            ("", texts(None, None)),
            (" \r\n", texts(None, None)),
            ("{}", texts(None, None)),
            (r#"{"type":null,"data":null}"#, texts(None, None)),
            (r#"{"type":"chat","data":"hé \"you\""}"#, texts(Some("chat"), Some("hé \"you\""))),
            (r#"{"data":"","from":"x"}"#, texts(None, Some(""))),
        ] {
            assert_eq!(read_signal(body.as_bytes()), Ok(expected), "{body}");
        }
    }

    #[test]
    fn bad_bodies_are_refused_with_their_status() {
        let data = |length: usize| format!(r#"{{"data":"{}"}}"#, "é".repeat(length / 2));
        assert!(read_signal(data(8192).as_bytes()).is_ok());
        for (body, status) in [
            (data(8194), 413),
            (format!(r#"{{"type":"{}"}}"#, "t".repeat(129)), 413),
            (r#"{"type":"a b"}"#.into(), 400),
            (r#"{"type":7}"#.into(), 400),
            (r#"{"data":{"a":1}}"#.into(), 400),
            ("[]".into(), 400),
            ("type=chat".into(), 400),
            ("{\"data\":\"\u{0}\"}".into(), 400),
            ("{".into(), 400),
        ] {
            assert_eq!(read_signal(body.as_bytes()).unwrap_err().status.as_u16(), status, "{body:.60}");
        }
        assert_eq!(read_signal(&[0xff, 0xfe]).unwrap_err().status, StatusCode::BAD_REQUEST);
    }
}
