//! HTTP requests, by the pattern of their route.

use super::histogram::{Durations, Histogram};
use crate::App;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// Patterns that are told apart; there are about thirty in the program.
const PATTERNS: usize = 64;
/// What no pattern matches, and what is beyond [`PATTERNS`].
const OTHER: &str = "other";
/// Methods that are told apart.
const METHODS: [&str; 8] = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "other"];
/// Classes of answers.
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// Every route of the program finds its place at its first request. Nothing that a request says becomes a name here.
#[derive(Debug)]
pub(crate) struct Routes {
    routes: Box<[Route]>,
    other: Route,
}

#[derive(Debug, Default)]
struct Route {
    pattern: OnceLock<Box<str>>,
    answers: [[AtomicU64; CLASSES.len()]; METHODS.len()],
    took: Histogram,
}

/// What has been counted of one route.
pub(crate) struct Counted<'a> {
    pub(crate) pattern: &'a str,
    /// Method, class of the answer, how many.
    pub(crate) answers: Vec<(&'static str, &'static str, u64)>,
    pub(crate) took: Durations,
}

impl Default for Routes {
    fn default() -> Self {
        Self { routes: (0..PATTERNS).map(|_| Route::default()).collect(), other: Route::default() }
    }
}

impl Routes {
    fn count(&self, pattern: Option<&str>, method: &Method, status: StatusCode, took: Duration) {
        let route = pattern.map_or(&self.other, |pattern| self.route(pattern));
        let method = METHODS.iter().position(|name| *name == method.as_str()).unwrap_or(METHODS.len() - 1);
        let class = usize::from(status.as_u16() / 100).clamp(1, CLASSES.len()) - 1;
        route.answers[method][class].fetch_add(1, Ordering::Relaxed);
        route.took.observe(took);
    }

    fn route(&self, pattern: &str) -> &Route {
        let is_its_own = |route: &&Route| **route.pattern.get_or_init(|| pattern.into()) == *pattern;
        self.routes.iter().find(is_its_own).unwrap_or(&self.other)
    }

    /// Those that have been asked for something.
    pub(crate) fn counted(&self) -> impl Iterator<Item = Counted<'_>> {
        let routes = self.routes.iter().filter_map(|route| Some((&**route.pattern.get()?, route)));
        let counted = routes.chain([(OTHER, &self.other)]).map(|(pattern, route)| Counted {
            pattern,
            answers: route.answers(),
            took: route.took.read(),
        });
        counted.filter(|counted| !counted.answers.is_empty())
    }
}

impl Route {
    fn answers(&self) -> Vec<(&'static str, &'static str, u64)> {
        let each = METHODS.into_iter().zip(&self.answers).flat_map(|(method, classes)| {
            CLASSES
                .into_iter()
                .zip(classes)
                .map(move |(class, count)| (method, class, count.load(Ordering::Relaxed)))
        });
        each.filter(|(_, _, count)| *count > 0).collect()
    }
}

/// Counts a request once its answer is there.
pub(crate) async fn count(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let (pattern, method) = (request.extensions().get::<MatchedPath>().cloned(), request.method().clone());
    let begun = Instant::now();
    let answer = next.run(request).await;
    let pattern = pattern.as_ref().map(MatchedPath::as_str);
    app.metrics.routes.count(pattern, &method, answer.status(), begun.elapsed());
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_have_places_and_there_is_an_end_of_them() {
        let routes = Routes::default();
        let count = |pattern, method: &str, status: u16| {
            let (method, status) = (method.parse().unwrap(), StatusCode::from_u16(status).unwrap());
            routes.count(pattern, &method, status, Duration::from_millis(1));
        };
        count(Some("/a"), "GET", 200);
        count(Some("/a"), "GET", 204);
        count(Some("/a"), "BREW", 418);
        count(Some("/b"), "POST", 503);
        count(None, "GET", 404);
        let counted = || -> Vec<_> {
            routes.counted().map(|counted| (counted.pattern.to_owned(), counted.answers)).collect()
        };
        let a = ("/a".to_owned(), vec![("GET", "2xx", 2), ("other", "4xx", 1)]);
        let b = ("/b".to_owned(), vec![("POST", "5xx", 1)]);
        assert_eq!(counted(), [a, b, ("other".to_owned(), vec![("GET", "4xx", 1)])]);
        let patterns: Vec<String> = (0..2 * PATTERNS).map(|index| format!("/{index}")).collect();
        for pattern in &patterns {
            count(Some(pattern), "GET", 200);
        }
        assert_eq!(counted().len(), PATTERNS + 1);
        assert_eq!(counted().last().unwrap().1, [("GET", "2xx", PATTERNS as u64 + 2), ("GET", "4xx", 1)]);
    }
}
