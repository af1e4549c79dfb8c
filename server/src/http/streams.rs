//! What is published, and the classes that streams have in layouts (`rest.md §2.1`).

use super::answer::{ApiError, json_text};
use super::fields::Fields;
use super::rest::{Limit, MemberPath, SessionPath, on_member, on_session};
use crate::App;
use crate::sessions::StreamRecord;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use otc_protocol::limits::{HTTP_LIST_BYTES, LAYOUT_ITEMS};
use serde_json::{Value, json};
use std::sync::Arc;

/// `GET …/stream`: all of them; none while nobody is in the session.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    path: SessionPath,
    request: Request,
) -> Result<Response, ApiError> {
    let (target, _) = on_session(&app, path, request, Limit::Nothing).await?;
    Ok(listed(&app.registry.streams(&target.session)?))
}

/// `GET …/stream/{id}`: one.
pub(super) async fn get(
    State(app): State<Arc<App>>,
    path: MemberPath,
    request: Request,
) -> Result<Response, ApiError> {
    let ((target, stream), _) = on_member(&app, path, request, Limit::Nothing).await?;
    let record = app.registry.stream(&target.session, &stream)?;
    Ok(json_text(StatusCode::OK, shown(&record).to_string()))
}

/// `PUT …/stream`: other layout classes; the answer lists the streams that were named.
pub(super) async fn set_classes(
    State(app): State<Arc<App>>,
    path: SessionPath,
    request: Request,
) -> Result<Response, ApiError> {
    let (target, body) = on_session(&app, path, request, Limit::Bytes(HTTP_LIST_BYTES)).await?;
    let records = app.registry.set_layout_classes(&target.session, read_items(&body)?)?;
    Ok(listed(&records))
}

/// Streams and their classes.
fn read_items(body: &[u8]) -> Result<Vec<(String, Vec<String>)>, ApiError> {
    let items = Fields::read(body)?.objects(&["items"])?;
    let items =
        items.ok_or_else(|| ApiError::bad_request("items is missing: a list of {id, layoutClassList}"))?;
    if items.len() > LAYOUT_ITEMS {
        return Err(ApiError::bad_request(format!("More than {LAYOUT_ITEMS} streams are named; name fewer")));
    }
    let read = |item: &Fields| {
        let id = item.text(&["id"])?;
        let id = id.ok_or_else(|| ApiError::bad_request("An item has no id"))?;
        Ok((id, item.texts(&["layoutClassList"])?))
    };
    items.iter().map(read).collect()
}

fn listed(records: &[StreamRecord]) -> Response {
    let items: Vec<Value> = records.iter().map(shown).collect();
    json_text(StatusCode::OK, json!({"count": items.len(), "items": items}).to_string())
}

fn shown(record: &StreamRecord) -> Value {
    let mut shown = json!({"id": record.id, "name": record.name, "layoutClassList": record.layout_classes});
    if let Some(video_type) = &record.video_type {
        shown["videoType"] = video_type.as_str().into();
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_read() {
        let read = |body: &str| read_items(body.as_bytes());
        let classes = |classes: &[&str]| classes.iter().map(|class| (*class).to_owned()).collect::<Vec<_>>();
        assert_eq!(
            read(r#"{"items":[{"id":"a","layoutClassList":["x","y"]},{"id":"b","layoutClassList":null}]}"#),
            Ok(vec![("a".to_owned(), classes(&["x", "y"])), ("b".to_owned(), classes(&[]))])
        );
        assert_eq!(read(r#"{"items":[]}"#), Ok(vec![]));
        let many = format!(r#"{{"items":[{}]}}"#, vec![r#"{"id":"a"}"#; LAYOUT_ITEMS + 1].join(","));
        for body in [
            "",
            "[]",
            many.as_str(),
            r#"{"items":[{"layoutClassList":["x"]}]}"#,
            r#"{"items":[{"id":"a","layoutClassList":"x"}]}"#,
            r#"{"items":["a"]}"#,
        ] {
            assert_eq!(read(body).unwrap_err().status.as_u16(), 400, "{body:.60}");
        }
    }
}
