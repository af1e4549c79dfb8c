//! What of webhooks is in the database: registrations, and deliveries that have not been taken.

use super::queue::Delivery;
use super::signature::SigningSecret;
use super::target::Target;
use crate::store::{Keys, Look, Store, StoreError, Table, Writer};
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;
use std::sync::Arc;

/// By project and id.
const REGISTRATIONS: Table<RegistrationRecord> = Table::new("webhooks");
/// By number.
const DELIVERIES: Table<DeliveryRecord> = Table::new("deliveries");

/// A registration (`rest.md §2.1`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RegistrationRecord {
    pub(super) id: String,
    pub(super) project: String,
    pub(super) group: String,
    pub(super) event: String,
    pub(super) url: String,
    pub(super) created_ms: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) secret: Option<SigningSecret>,
}

/// A delivery that has not been taken.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct DeliveryRecord {
    pub(super) target: String,
    id: Arc<str>,
    project: Arc<str>,
    session: Arc<str>,
    unix_ms: u64,
    body: Arc<str>,
}

impl DeliveryRecord {
    fn new(target: &Target, delivery: &Delivery) -> Self {
        Self {
            target: target.id.to_string(),
            id: Arc::clone(&delivery.id),
            project: Arc::clone(&delivery.project),
            session: Arc::clone(&delivery.session),
            unix_ms: delivery.unix_ms,
            body: Arc::clone(&delivery.body),
        }
    }

    pub(super) fn delivery(self, number: u64) -> Delivery {
        let Self { target: _, id, project, session, unix_ms, body } = self;
        Delivery { number, id, project, session, body, unix_ms }
    }
}

fn delivery_key(number: u64) -> String {
    format!("{number:020}")
}

fn registration_key(project: &str, id: &str) -> String {
    format!("{project}/{id}")
}

/// Shows all registrations to `visit`.
pub(super) fn registrations(store: &Store) -> Result<Vec<RegistrationRecord>, StoreError> {
    let mut found = Vec::new();
    store.read(|reader| {
        reader.range(&REGISTRATIONS, &Keys::all(), |_, record| {
            found.push(record);
            ControlFlow::Continue(())
        })
    })?;
    Ok(found)
}

/// Shows all deliveries to `visit`, in their order.
pub(super) fn deliveries(
    store: &Store,
    mut visit: impl FnMut(u64, DeliveryRecord),
) -> Result<(), StoreError> {
    store.read(|reader| {
        reader.range(&DELIVERIES, &Keys::all(), |key, record| {
            if let Ok(number) = key.parse() {
                visit(number, record);
            }
            ControlFlow::Continue(())
        })
    })
}

/// Keeps deliveries until [`remove`]; this waits for the disk.
pub(super) fn keep(store: &Store, deliveries: &[(Arc<Target>, Delivery)]) -> Result<(), StoreError> {
    let records: Vec<_> = deliveries
        .iter()
        .map(|(target, delivery)| (delivery_key(delivery.number), DeliveryRecord::new(target, delivery)))
        .collect();
    store.write_blocking(move |writer| {
        records.iter().try_for_each(|(key, record)| writer.put(&DELIVERIES, key, record))
    })
}

/// Keeps deliveries no more.
pub(super) async fn remove(store: &Store, numbers: Vec<u64>) -> Result<(), StoreError> {
    store
        .write(move |writer| {
            numbers
                .iter()
                .try_for_each(|number| writer.remove(&DELIVERIES, &delivery_key(*number)).map(|_| ()))
        })
        .await
}

pub(super) async fn register(store: &Store, record: RegistrationRecord) -> Result<(), StoreError> {
    let key = registration_key(&record.project, &record.id);
    store.write(move |writer| writer.put(&REGISTRATIONS, &key, &record)).await
}

pub(super) async fn unregister(store: &Store, project: &str, id: &str) -> Result<(), StoreError> {
    let key = registration_key(project, id);
    store.write(move |writer| writer.remove(&REGISTRATIONS, &key).map(|_| ())).await
}

/// Removes all registrations of a project.
pub(super) fn unregister_all(writer: &mut Writer<'_>, project: &str) -> Result<(), StoreError> {
    let mut keys = Vec::new();
    writer.range(&REGISTRATIONS, &Keys::starting_with(&registration_key(project, "")), |key, _| {
        keys.push(key.to_owned());
        ControlFlow::Continue(())
    })?;
    keys.iter().try_for_each(|key| writer.remove(&REGISTRATIONS, key).map(|_| ()))
}
