//! Everything that is counted and measured, as text.

use super::process;
use super::{Durations, Histogram};
use crate::App;
use crate::load::Reason;
use crate::sessions::Figure;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::exemplar::Exemplar;
use prometheus_client::registry::Registry;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

/// No labels.
type Nothing = [(&'static str, &'static str); 0];
/// Nothing of ours has one.
type NoExemplar<'a> = Option<&'a Exemplar<Nothing, f64>>;
type NoExemplars<'a> = Option<&'a HashMap<usize, Exemplar<Nothing, f64>>>;

/// The page.
pub(super) struct Page(Registry);

impl Page {
    pub(super) fn new(app: Arc<App>) -> Self {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(All(app)));
        Self(registry)
    }

    pub(super) fn text(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.0)?;
        Ok(text)
    }
}

/// What is asked when somebody looks.
struct All(Arc<App>);

impl fmt::Debug for All {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("All")
    }
}

impl Collector for All {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut pen = Pen(encoder);
        let app = &*self.0;
        about_server(app, &mut pen)?;
        about_load(app, &mut pen)?;
        about_connections(app, &mut pen)?;
        about_sessions(app, &mut pen)?;
        about_signals(app, &mut pen)?;
        about_queues(app, &mut pen)?;
        about_http(app, &mut pen)?;
        about_work(app, &mut pen)?;
        about_process(&mut pen)
    }
}

fn about_server(app: &App, pen: &mut Pen<'_>) -> fmt::Result {
    let labels = [("version", env!("CARGO_PKG_VERSION"))];
    pen.gauges("otc_build_info", "The version of the server, which is 1", &[(labels, 1)])?;
    pen.number("otc_uptime_seconds", "How long the server has run", app.started.elapsed().as_secs_f64())
}

fn about_load(app: &App, pen: &mut Pen<'_>) -> fmt::Result {
    let load = &app.load;
    let reasons = [("memory", Reason::Memory), ("late", Reason::Late), ("connections", Reason::Connections)]
        .map(|(word, reason)| ([("reason", word)], u64::from(load.is_so(reason))));
    pen.gauges("otc_refusing", "1 while nobody new is let in for this reason", &reasons)?;
    pen.gauge(
        "otc_messages_bytes",
        "Memory that messages and answers to members take",
        load.messages_bytes() as u64,
    )?;
    pen.gauge("otc_messages_bytes_most", "Memory that they may take", load.most_messages_bytes() as u64)?;
    pen.gauge("otc_connections_most", "Connections that there may be", load.most_connections() as u64)
}

fn about_connections(app: &App, pen: &mut Pen<'_>) -> fmt::Result {
    let metrics = &app.metrics;
    let (connections, sockets) = (&metrics.connections, &metrics.sockets);
    pen.gauge("otc_connections", "Open connections, WebSockets among them", connections.now())?;
    pen.counter("otc_connections_accepted", "Connections that were accepted", connections.total())?;
    let reasons = [
        ("full", &metrics.refused_full),
        ("address", &metrics.refused_address),
        ("system", &metrics.refused_system),
    ]
    .map(|(reason, counter)| ([("reason", reason)], counter.get()));
    pen.counters(
        "otc_connections_refused",
        "Connections that were closed at once, or not accepted",
        &reasons,
    )?;
    pen.gauge("otc_sockets", "Open WebSockets", sockets.now())?;
    pen.counter("otc_sockets_opened", "WebSockets that were opened", sockets.total())?;
    let later = [
        ([("what", "session_info"), ("reason", "load")], metrics.refused_info.get()),
        ([("what", "socket"), ("reason", "load")], metrics.refused_socket.get()),
        ([("what", "session_info"), ("reason", "address")], metrics.later_info.get()),
        ([("what", "socket"), ("reason", "address")], metrics.later_socket.get()),
    ];
    pen.counters("otc_newcomers_refused", "Those who were told to come later", &later)?;
    pen.counter(
        "otc_received_bytes",
        "Bytes that clients have sent, without those of TLS",
        metrics.received.get(),
    )?;
    pen.counter("otc_sent_bytes", "Bytes that were sent to clients, without those of TLS", metrics.sent.get())
}

fn about_sessions(app: &App, pen: &mut Pen<'_>) -> fmt::Result {
    let tally = app.registry.tally();
    let get = |figure| tally.get(figure);
    pen.gauge("otc_sessions", "Sessions that somebody is in", get(Figure::Sessions))?;
    pen.gauge("otc_members", "Members of all sessions", get(Figure::Members))?;
    pen.gauge(
        "otc_members_away",
        "Members whose socket is lost, and who may come back",
        get(Figure::MembersAway),
    )?;
    pen.gauge("otc_streams", "Published streams", get(Figure::Streams))?;
    let joins = [
        ("accepted", Figure::Joins),
        ("forbidden", Figure::JoinsForbidden),
        ("full", Figure::JoinsFull),
        ("busy", Figure::JoinsBusy),
    ];
    pen.counters("otc_joins", "Clients that wanted to come in", &each("result", joins, get))?;
    let resumes = [
        ("resumed", Figure::Resumes),
        ("unknown", Figure::ResumesUnknown),
        ("stopping", Figure::ResumesStopped),
    ];
    pen.counters("otc_resumes", "Clients that came back", &each("result", resumes, get))?;
    let left = [
        ("clientDisconnected", Figure::Left),
        ("forceDisconnected", Figure::SentAway),
        ("networkDisconnected", Figure::Dropped),
    ];
    pen.counters("otc_members_left", "Members that ended", &each("reason", left, get))?;
    pen.counter(
        "otc_members_overflowed",
        "Members that ended because they were owed too much",
        get(Figure::Overflowed),
    )
}

fn about_signals(app: &App, pen: &mut Pen<'_>) -> fmt::Result {
    let tally = app.registry.tally();
    let get = |figure| tally.get(figure);
    let accepted = [("client", Figure::Signals), ("server", Figure::ServerSignals)];
    pen.counters("otc_signals", "Signals that were accepted", &each("from", accepted, get))?;
    pen.counter("otc_signal_deliveries", "Addressees of accepted signals", get(Figure::Deliveries))?;
    let refused = [
        ("rate", Figure::SignalsTooOften),
        ("permission", Figure::SignalsForbidden),
        ("size", Figure::SignalsTooLarge),
        ("addressee", Figure::SignalsAstray),
        ("malformed", Figure::SignalsMalformed),
    ];
    pen.counters(
        "otc_signals_refused",
        "Signals of clients that were refused",
        &each("reason", refused, get),
    )?;
    let latencies = &app.metrics.latencies;
    pen.durations(
        "otc_signal_seconds",
        "From the reading of a signal until it waits for each of its addressees",
        &latencies.signal,
    )?;
    pen.durations("otc_join_seconds", "From the reading of a join until it is answered", &latencies.join)?;
    pen.durations(
        "otc_wake_seconds",
        "From the moment at which there is something to be written to a socket until that begins",
        &latencies.wake,
    )
}

fn about_queues(app: &App, pen: &mut Pen<'_>) -> fmt::Result {
    let tally = app.registry.tally();
    pen.gauge(
        "otc_owed_messages",
        "Messages that members have not acknowledged",
        tally.get(Figure::OwedMessages),
    )?;
    pen.gauge("otc_owed_bytes", "Their bytes, once for each addressee", tally.get(Figure::OwedBytes))?;
    let (mut frames, mut bytes, mut most_frames, mut most_bytes) = (0, 0, 0, 0);
    app.registry.visit_links(|queue| {
        let depth = queue.depth();
        (frames, bytes) = (frames + depth.frames, bytes + depth.bytes);
        (most_frames, most_bytes) = (most_frames.max(depth.frames), most_bytes.max(depth.bytes));
    });
    pen.gauge("otc_queued_frames", "Frames that wait for the sockets of members", frames as u64)?;
    pen.gauge("otc_queued_bytes", "Their bytes, once for each socket", bytes as u64)?;
    pen.gauge(
        "otc_queued_frames_highest",
        "Frames that wait for the socket with the most",
        most_frames as u64,
    )?;
    pen.gauge("otc_queued_bytes_highest", "Bytes that wait for the socket with the most", most_bytes as u64)
}

fn about_http(app: &App, pen: &mut Pen<'_>) -> fmt::Result {
    let counted: Vec<_> = app.metrics.routes.counted().collect();
    let mut requests = Vec::new();
    for route in &counted {
        for (method, class, count) in &route.answers {
            requests.push(([("route", route.pattern), ("method", method), ("status", class)], *count));
        }
    }
    pen.counters("otc_http_requests", "HTTP requests that were answered", &requests)?;
    let took: Vec<_> = counted.into_iter().map(|route| ([("route", route.pattern)], route.took)).collect();
    pen.durations_by("otc_http_request_seconds", "From the head of a request to that of its answer", &took)
}

fn about_work(app: &App, pen: &mut Pen<'_>) -> fmt::Result {
    let chronicle = app.chronicle.load();
    pen.gauge("otc_chronicle_events", "Events that wait for archives and webhooks", chronicle.events as u64)?;
    pen.gauge("otc_chronicle_bytes", "Their bytes", chronicle.bytes as u64)?;
    pen.counter("otc_chronicle_left_out", "Events that archives and webhooks miss", chronicle.left_out)?;
    let webhooks = app.webhooks.counts();
    pen.gauge("otc_webhooks_waiting", "Deliveries that wait or are under way", webhooks.waiting as u64)?;
    let ended = [
        ([("result", "delivered")], webhooks.delivered),
        ([("result", "dropped")], webhooks.dropped),
        ([("result", "given_up")], webhooks.given_up),
    ];
    pen.counters("otc_webhooks", "Deliveries that have come to their end", &ended)?;
    pen.counter("otc_webhook_failures", "Tries of deliveries that have failed", webhooks.failed_tries)?;
    pen.gauge(
        "otc_archives_running",
        "Archives that are being written",
        app.archives.count_running() as u64,
    )?;
    pen.counter("otc_archive_bytes", "Bytes that were written into archives", app.archives.written())?;
    pen.gauge("otc_database_edits_waiting", "Edits that wait for the database", app.store.waiting() as u64)?;
    pen.durations(
        "otc_database_commit_seconds",
        "How long the database has taken to commit, the wait for the disk included",
        app.store.commits(),
    )
}

fn about_process(pen: &mut Pen<'_>) -> fmt::Result {
    if let Some(bytes) = process::resident_bytes() {
        pen.gauge("process_resident_memory_bytes", "Memory of the process", bytes)?;
    }
    if let Some(files) = process::open_files() {
        pen.gauge("process_open_fds", "Open files, connections included", files)?;
    }
    if let Some(files) = process::most_files() {
        pen.gauge("process_max_fds", "Most files that may be open", files)?;
    }
    if let Some(time) = process::processor_time() {
        pen.seconds(
            "process_cpu_seconds",
            "How long processors have worked for the process",
            time.as_secs_f64(),
        )?;
    }
    Ok(())
}

/// One label and its figure for each word.
fn each<const N: usize>(
    label: &'static str,
    figures: [(&'static str, Figure); N],
    get: impl Fn(Figure) -> u64,
) -> [([(&'static str, &'static str); 1], u64); N] {
    figures.map(|(word, figure)| ([(label, word)], get(figure)))
}

/// Writes metrics, one kind after the other.
struct Pen<'a>(DescriptorEncoder<'a>);

impl Pen<'_> {
    fn begin(
        &mut self,
        name: &'static str,
        help: &str,
        kind: MetricType,
    ) -> Result<MetricEncoder<'_>, fmt::Error> {
        self.0.encode_descriptor(name, help, None, kind)
    }

    fn gauge(&mut self, name: &'static str, help: &str, value: u64) -> fmt::Result {
        self.gauges::<0>(name, help, &[([], value)])
    }

    fn number(&mut self, name: &'static str, help: &str, value: f64) -> fmt::Result {
        self.begin(name, help, MetricType::Gauge)?.encode_gauge(&value)
    }

    fn gauges<const N: usize>(
        &mut self,
        name: &'static str,
        help: &str,
        values: &[([(&str, &str); N], u64)],
    ) -> fmt::Result {
        let mut metric = self.begin(name, help, MetricType::Gauge)?;
        values.iter().try_for_each(|(labels, value)| match N {
            0 => metric.encode_gauge(value),
            _ => metric.encode_family(labels)?.encode_gauge(value),
        })
    }

    fn counter(&mut self, name: &'static str, help: &str, value: u64) -> fmt::Result {
        self.begin(name, help, MetricType::Counter)?.encode_counter(&value, None as NoExemplar<'_>)
    }

    fn seconds(&mut self, name: &'static str, help: &str, value: f64) -> fmt::Result {
        self.begin(name, help, MetricType::Counter)?.encode_counter(&value, None as NoExemplar<'_>)
    }

    fn counters<const N: usize>(
        &mut self,
        name: &'static str,
        help: &str,
        values: &[([(&str, &str); N], u64)],
    ) -> fmt::Result {
        let mut metric = self.begin(name, help, MetricType::Counter)?;
        values.iter().try_for_each(|(labels, value)| {
            metric.encode_family(labels)?.encode_counter(value, None as NoExemplar<'_>)
        })
    }

    fn durations(&mut self, name: &'static str, help: &str, histogram: &Histogram) -> fmt::Result {
        encode_durations(&mut self.begin(name, help, MetricType::Histogram)?, &histogram.read())
    }

    fn durations_by<const N: usize>(
        &mut self,
        name: &'static str,
        help: &str,
        values: &[([(&str, &str); N], Durations)],
    ) -> fmt::Result {
        let mut metric = self.begin(name, help, MetricType::Histogram)?;
        values
            .iter()
            .try_for_each(|(labels, took)| encode_durations(&mut metric.encode_family(labels)?, took))
    }
}

fn encode_durations(metric: &mut MetricEncoder<'_>, took: &Durations) -> fmt::Result {
    metric.encode_histogram(took.seconds, took.count, &took.buckets, None as NoExemplars<'_>)
}
