//! Who reads the metrics: a listener of its own, which need not be open to those whom the server serves.

use super::page::Page;
use crate::App;
use crate::http::health;
use crate::listener::{ACCEPT_PAUSE, Impatient, http};
use axum::Router;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use otc_protocol::limits::{HTTP_HEAD_TIMEOUT, HTTP_WRITE_TIMEOUT, METRICS_CONNECTIONS};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::sleep;
use tracing::{debug, warn};

/// The form of the text: `OpenMetrics` 1.0.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Lets metrics be read until the server stops.
pub(crate) async fn serve(listener: TcpListener, app: Arc<App>, mut stop: watch::Receiver<bool>) {
    let router = router(app);
    let room = Arc::new(Semaphore::new(METRICS_CONNECTIONS));
    let accept = async {
        loop {
            // Whoever comes when all are taken waits.
            let Ok(place) = Arc::clone(&room).acquire_owned().await else { break };
            match listener.accept().await {
                Ok((stream, _)) => {
                    let answers = answer(stream, router.clone());
                    tokio::spawn(async move {
                        answers.await;
                        drop(place);
                    });
                }
                Err(error) => {
                    warn!(%error, "cannot accept a connection that asks for metrics");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    };
    tokio::select! {
        () = accept => {}
        // An error says that the server is gone, which is an end too.
        _ = stop.wait_for(|stop| *stop) => {}
    }
}

fn router(app: Arc<App>) -> Router {
    let page = Arc::new(Page::new(Arc::clone(&app)));
    let metrics = get(move || {
        let page = Arc::clone(&page);
        async move { answer_with(&page) }
    });
    Router::new().route("/metrics", metrics).merge(health::router(app))
}

fn answer_with(page: &Page) -> Response {
    match page.text() {
        Ok(text) => ([(CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(error) => {
            warn!(%error, "the metrics cannot be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

async fn answer(stream: TcpStream, router: Router) {
    let stream = Impatient::new(stream, HTTP_WRITE_TIMEOUT, Arc::new(AtomicBool::new(false)));
    let connection =
        http(HTTP_HEAD_TIMEOUT).serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    if let Err(error) = connection.await {
        debug!(%error, "a connection that asked for metrics ended");
    }
}
