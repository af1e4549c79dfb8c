//! What a mute is answered: the project it was done for (`rest.md §2.3`).

use crate::App;
use otc_protocol::session_id::ProjectId;
use serde_json::{Value, json};

/// The details of a project, without its secret.
pub(super) fn of(_: &App, project: &ProjectId) -> Value {
    json!({
        "id": project.as_str(),
        "applicationId": project.as_str(),
        "status": "ACTIVE",
        "name": project.as_str(),
        "environment": "standard",
    })
}
