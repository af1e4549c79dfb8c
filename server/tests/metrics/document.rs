//! The document names what the page has, and says of each what it is.

use crate::page::Page;
use crate::support::{Request, pair};
use otc_server::{Config, Server};
use std::collections::BTreeMap;

/// Name and type of each row.
fn documented() -> BTreeMap<String, String> {
    let text = include_str!("../../../docs/server/metrics.md");
    let rows = text.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| `")?.split(" | ");
        let name = cells.next()?.split('`').next()?.split('{').next()?;
        let kind = cells.next()?;
        ["counter", "gauge", "histogram"].contains(&kind).then(|| (name.to_owned(), kind.to_owned()))
    });
    rows.collect()
}

#[test]
fn every_metric_is_documented_with_its_type() {
    let mut config = Config::local(pair());
    config.metrics.listen = Some("127.0.0.1:0".parse().unwrap());
    let server = Server::start(config).unwrap();
    let metrics = server.metrics_addr().unwrap();
    let page = Page::get(metrics);
    let printed: BTreeMap<String, String> = page
        .families
        .into_iter()
        .map(|(name, family)| {
            let name = if family.kind == "counter" { format!("{name}_total") } else { name };
            (name, family.kind)
        })
        .collect();
    assert_eq!(printed, documented());
    for path in ["/healthz", "/readyz"] {
        assert_eq!(Request::new(&format!("GET {path}")).send(metrics).status, 200, "{path}");
    }
    // And nothing else is there for those who may see it, nor is this for others.
    assert_eq!(Request::new("GET /").send(metrics).status, 404);
    assert_eq!(Request::new("POST /metrics").send(metrics).status, 405);
    assert_eq!(Request::new("GET /metrics").send(server.addr()).status, 404);
}
