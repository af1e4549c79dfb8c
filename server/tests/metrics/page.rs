//! The page of metrics, read strictly: whatever is not as `OpenMetrics` wants it is an error.

use crate::support::Request;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

/// One reading of the page.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) families: BTreeMap<String, Family>,
}

/// One metric.
#[derive(Debug, Default)]
pub(crate) struct Family {
    pub(crate) kind: String,
    pub(crate) help: String,
    /// By name and labels, as they are written.
    pub(crate) samples: BTreeMap<String, f64>,
}

impl Page {
    pub(crate) fn get(address: SocketAddr) -> Self {
        let answer = Request::new("GET /metrics").send(address);
        assert_eq!(answer.status, 200, "{answer:?}");
        let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        assert_eq!(answer.header("content-type"), kind);
        Self::read(&answer.body)
    }

    pub(crate) fn read(text: &str) -> Self {
        let mut families: BTreeMap<String, Family> = BTreeMap::new();
        let mut current = String::new();
        let text = text.strip_suffix("# EOF\n").expect("its end");
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# HELP ") {
                let (name, help) = rest.split_once(' ').expect("a text");
                assert!(is_name(name) && !help.is_empty(), "{line}");
                assert!(!families.contains_key(name), "{name} is there twice, or in two places");
                name.clone_into(&mut current);
                families.insert(current.clone(), Family { help: help.to_owned(), ..Family::default() });
            } else if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').expect("a type");
                assert_eq!(name, current, "{line}");
                assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
                kind.clone_into(&mut families.get_mut(&current).expect("its help").kind);
            } else {
                let (series, value) = line.rsplit_once(' ').expect("a value");
                let name = series.split('{').next().expect("a name");
                let family = families.get_mut(&current).expect("its help");
                let suffix = name.strip_prefix(&current).unwrap_or_else(|| panic!("{line} under {current}"));
                let suffixes: &[&str] = match family.kind.as_str() {
                    "counter" => &["_total"],
                    "gauge" => &[""],
                    "histogram" => &["_bucket", "_sum", "_count"],
                    kind => panic!("{line}: a sample of {kind:?}"),
                };
                assert!(suffixes.contains(&suffix), "{line}");
                check_labels(&series[name.len()..]);
                let value: f64 = value.parse().unwrap_or_else(|error| panic!("{line}: {error}"));
                assert!(value.is_finite() && value >= 0.0, "{line}");
                assert!(family.samples.insert(series.to_owned(), value).is_none(), "{line} is there twice");
            }
        }
        let page = Self { families };
        page.families.iter().for_each(|(name, family)| family.check(name));
        page
    }

    /// One sample, which is 0 when it is not there but its metric is.
    pub(crate) fn value(&self, series: &str) -> f64 {
        let families = self.families.values();
        let found = families.clone().find_map(|family| family.samples.get(series).copied());
        let name = series.split('{').next().expect("a name");
        let is_known = |suffix: &str| self.families.contains_key(name.strip_suffix(suffix).unwrap_or(name));
        assert!(found.is_some() || is_known("_total") || is_known("_count"), "no such metric: {series}");
        found.unwrap_or(0.0)
    }
}

impl Family {
    /// Buckets grow, and the last one holds all.
    fn check(&self, name: &str) {
        assert!(!self.kind.is_empty(), "{name} has no type");
        let mut buckets: BTreeMap<String, Vec<(f64, f64)>> = BTreeMap::new();
        for (series, value) in self.samples.iter().filter(|(series, _)| series.contains("_bucket{")) {
            let (name, labels) = series.split_once("_bucket{").expect("labels");
            let labels = labels.strip_suffix('}').expect("in braces");
            let (bounds, others): (Vec<&str>, Vec<&str>) =
                labels.split(',').partition(|label| label.starts_with("le=\""));
            let [le] = bounds[..] else { panic!("one bound: {series}") };
            let le = le.trim_start_matches("le=").trim_matches('"');
            let others = if others.is_empty() { String::new() } else { format!("{{{}}}", others.join(",")) };
            let others = format!("{name}_count{others}");
            let le = if le == "+Inf" { f64::INFINITY } else { le.parse().expect("a number") };
            buckets.entry(others).or_default().push((le, *value));
        }
        for (count, mut buckets) in buckets {
            buckets.sort_by(|one, other| one.0.total_cmp(&other.0));
            assert!(buckets.windows(2).all(|pair| pair[0].1 <= pair[1].1), "{name}: {buckets:?}");
            let last = buckets.last().expect("one at least");
            assert_eq!((last.0, Some(&last.1)), (f64::INFINITY, self.samples.get(&count)), "{count}");
        }
    }
}

fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// `{name="value",…}`, each name once.
fn check_labels(labels: &str) {
    if labels.is_empty() {
        return;
    }
    let inner = labels.strip_prefix('{').and_then(|labels| labels.strip_suffix('}')).expect("in braces");
    let mut names = BTreeSet::new();
    for label in inner.split("\",") {
        let (name, value) = label.split_once("=\"").expect("a label");
        assert!(is_name(name) && names.insert(name), "{labels}");
        assert!(!value.trim_end_matches('"').contains(['"', '\\', '\n']), "{labels}");
    }
}
