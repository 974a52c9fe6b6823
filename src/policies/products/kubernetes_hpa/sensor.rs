//! What the controller sees: a signal for each metric, and in a dry run one for each count that the recording has.
//!
//! In a simulation cpu and memory come pod by pod from the kubelets by way of metrics-server, with the pods that have
//! no value yet; custom metrics are scraped, and counters rated over a window.

use super::Knobs;
use super::calculator::{Tolerance, units};
use super::metrics_server::{MetricsServer, Part, Usage};
use super::native::{MetricSpec, MetricTarget, Model};
use super::policy;
use super::words::SourceKind;
use crate::products::kubernetes::workload::Amounts;
use autosim_engine::control::{Level, PartOf, SignalRef};
use autosim_engine::signal::{Basis, Metric, MetricRef, Probe, Reading, Sensor, Signal};
use autosim_engine::units::{Span, Time};

/// Counts of pods, as a recording may have them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::products) enum Count {
    /// `status.replicas`: all pods that exist. Default: the count in force.
    StatusReplicas,
    /// Pods Running and Ready. Default: all.
    Ready,
    /// Pods in phase Pending. Default: none.
    Pending,
    /// Running pods without a sample. Default: none.
    Missing,
    /// Running pods whose cpu the rules of the start set aside. Default: none.
    Initializing,
}

impl Count {
    /// Every count with its column.
    pub(in crate::products) const ALL: [(Self, &'static str); 5] = [
        (Self::StatusReplicas, "status_replicas"),
        (Self::Ready, "ready"),
        (Self::Pending, "pods_pending"),
        (Self::Missing, "pods_missing"),
        (Self::Initializing, "pods_initializing"),
    ];
}

/// Those that a simulation reads off the metrics API.
const WITHOUT_A_VALUE: [(Count, &str); 3] = [Count::ALL[2], Count::ALL[3], Count::ALL[4]];

/// The signals: those of the metrics in their order, then those of the counts that `columns` has.
pub(in crate::products) fn signals(
    model: &Model,
    knobs: &Knobs,
    columns: &[String],
) -> Vec<SignalRef> {
    let recorded = |name: &str| columns.iter().any(|column| column == name);
    let tolerance = policy::tolerance(model, knobs);
    let metrics = model.hpa.metrics.iter().map(|metric| {
        let signal = of_metric(metric, model, knobs).against(level(metric, &tolerance));
        match recorded(&metric.column()) {
            // What the controller saw is on record: nothing samples it again.
            true => SignalRef { sensor: Some(Box::new(Told::default())), ..signal },
            false => signal,
        }
    });
    let counts = counts(columns).map(|(_, name)| told(SignalRef::own(count(knobs)), name));
    let mut signals: Vec<SignalRef> = metrics.chain(counts).collect();
    if looks_at_pods(model, knobs, columns) {
        by_metrics_server(&mut signals, model, knobs);
    }
    signals
}

/// The counts whose signals follow those of the metrics.
pub(super) fn shown_counts(model: &Model, knobs: &Knobs, columns: &[String]) -> Vec<Count> {
    let told = counts(columns).map(|(count, _)| count);
    let looked_at = WITHOUT_A_VALUE.iter().map(|&(count, _)| count);
    match looks_at_pods(model, knobs, columns) {
        true => looked_at.collect(),
        false => told.collect(),
    }
}

/// Whether the pods of a simulation are looked at one by one.
fn looks_at_pods(model: &Model, knobs: &Knobs, columns: &[String]) -> bool {
    let of_pods = |metric: &MetricSpec| match metric.kind {
        SourceKind::Resource | SourceKind::ContainerResource | SourceKind::Pods => true,
        SourceKind::Object | SourceKind::External => false,
    };
    columns.is_empty() && knobs.per_pod && model.hpa.metrics.iter().any(of_pods)
}

/// The counts of pods without a value, and the resources, are all read off one metrics API.
fn by_metrics_server(signals: &mut Vec<SignalRef>, model: &Model, knobs: &Knobs) {
    let server = signals.len();
    let part_of = |part: Part| Some(PartOf { signal: server, part: part.number() });
    let mut usages = Vec::new();
    for (signal, metric) in signals.iter_mut().zip(&model.hpa.metrics) {
        if let Some(usage) = usage(metric, model, knobs) {
            signal.part_of = part_of(Part::Usage(usages.len()));
            usages.push(usage);
        }
    }
    let of = |part, name| SignalRef {
        part_of: part_of(part),
        ..SignalRef::own(count(knobs)).named(name)
    };
    let [pending, missing, initializing] = WITHOUT_A_VALUE.map(|(_, name)| name);
    let path = MetricsServer::new(knobs.timing(), knobs.start_up(), usages);
    signals.push(SignalRef {
        part_of: None,
        sensor: Some(Box::new(path)),
        ..of(Part::Pending, pending)
    });
    signals.extend([of(Part::Missing, missing), of(Part::Initializing, initializing)]);
}

/// A resource as metrics-server tells of it; `None` = one that the simulation does not have.
fn usage(metric: &MetricSpec, model: &Model, knobs: &Knobs) -> Option<Usage> {
    let is_cpu = match (metric.is_resource("cpu"), metric.is_resource("memory")) {
        (true, _) => true,
        (_, true) => false,
        (false, false) => return None,
    };
    let pod = Pod::of(metric, model, knobs);
    let requested = match metric.target {
        MetricTarget::Utilization(_) => Some(pod.requested * 1000.0),
        MetricTarget::Average(_) | MetricTarget::Value(_) | MetricTarget::Useless => None,
    };
    let of_container = metric.container.is_some();
    Some(Usage { is_cpu, given: pod.given * 1000.0, requested, of_container })
}

/// A number of pods, known at each pass; in a simulation scrapes are when the metric path says.
pub(in crate::products) fn count(knobs: &Knobs) -> Signal {
    let pass = seconds(knobs.sync_period_s);
    Signal::of(Metric::Replicas, pass, pass)
}

/// The target of a metric.
pub(in crate::products) fn level(metric: &MetricSpec, tolerance: &Tolerance) -> Option<Level> {
    let (value, each) = match metric.target {
        MetricTarget::Utilization(percent) => (percent.into(), false),
        MetricTarget::Average(milli) => {
            (units(milli), matches!(metric.kind, SourceKind::Object | SourceKind::External))
        }
        MetricTarget::Value(milli) => (units(milli), false),
        MetricTarget::Useless => return None,
    };
    let (band, band_below) = (tolerance.up, tolerance.down);
    Some(Level { each, band, band_below, ..Level::target(value) })
}

/// The counts that a recording has, in the order of their signals.
fn counts(columns: &[String]) -> impl Iterator<Item = (Count, &'static str)> + '_ {
    Count::ALL.into_iter().filter(|(_, name)| columns.iter().any(|column| column == name))
}

/// Known only by that column of a recording.
pub(in crate::products) fn told(signal: SignalRef, name: &str) -> SignalRef {
    let sensor = Some(Box::new(Told::default()) as Box<dyn Sensor>);
    SignalRef { sensor, by_native_name: true, ..signal.named(name) }
}

fn seconds(count: u32) -> Span {
    Span::from_secs(u64::from(count))
}

fn of_metric(metric: &MetricSpec, model: &Model, knobs: &Knobs) -> SignalRef {
    let column = metric.column();
    match metric.kind {
        SourceKind::Resource | SourceKind::ContainerResource => {
            of_resource(metric, model, knobs, &column)
        }
        SourceKind::Pods | SourceKind::Object | SourceKind::External => match &metric.stands_for {
            Some(of) => custom(of, metric.kind, knobs).named(column),
            None => told(SignalRef::own(count(knobs)), &column),
        },
    }
}

/// Cpu or memory of the mean ready replica, where pods are not looked at one by one.
fn of_resource(metric: &MetricSpec, model: &Model, knobs: &Knobs, column: &str) -> SignalRef {
    let of = match metric.name.as_str() {
        "cpu" => Metric::CpuPercent,
        "memory" => Metric::MemoryPercent,
        // Hugepages and the like: the simulation has none.
        _ => return told(SignalRef::own(count(knobs)), column),
    };
    let window = seconds(knobs.metrics_resolution_s);
    // Memory is what it is at the sample, cpu a rate.
    let signal = match of == Metric::CpuPercent {
        true => Signal::of(of, window, window),
        false => Signal::of(of, window, window).as_it_is(),
    };
    let pod = Pod::of(metric, model, knobs);
    let unit = match metric.target {
        // The simulation's percent is of what a replica was given, the controller's of what it requests.
        MetricTarget::Utilization(_) => pod.requested / pod.given,
        MetricTarget::Average(_) | MetricTarget::Value(_) | MetricTarget::Useless => {
            100.0 / pod.given
        }
    };
    SignalRef::own(Signal { unit, ..signal }).named(column)
}

/// What a pod, or a container of it, requests of a resource and is given, in cores or bytes.
pub(super) struct Pod {
    pub(super) requested: f64,
    pub(super) given: f64,
    /// Neither is known: it is one core, or a gibibyte.
    pub(super) is_guessed: bool,
}

impl Pod {
    pub(super) fn of(metric: &MetricSpec, model: &Model, knobs: &Knobs) -> Self {
        let container = metric.container.as_deref();
        let (requests, limits) = model.workload.as_ref().map_or_else(
            || (Amounts::default(), Amounts::default()),
            |workload| {
                let limits = workload.amounts(container, |one| one.limits);
                (workload.amounts(container, |one| one.requests), limits)
            },
        );
        let amount = |amounts: Amounts, knob: Amounts| {
            let amount = amounts.or(knob).of(&metric.name).filter(|one| one.is_positive());
            amount.map(|one| one.as_f64())
        };
        let requested = amount(requests, knobs.requests);
        let given = amount(limits, knobs.limits).or(requested);
        let guess = if metric.name == "cpu" { 1.0 } else { f64::from(1u32 << 30) };
        let given_or_guess = given.unwrap_or(guess);
        Self {
            requested: requested.unwrap_or(given_or_guess),
            given: given_or_guess,
            is_guessed: given.is_none(),
        }
    }
}

/// A custom metric, scraped; a counter is rated over the adapter's window.
pub(in crate::products) fn custom(of: &MetricRef, kind: SourceKind, knobs: &Knobs) -> SignalRef {
    let scrape = seconds(knobs.scrape_interval_s);
    let window = seconds(knobs.rate_window_s).max(scrape);
    // Of cpu exporters have the seconds used so far.
    let signal = match of.metric.is_gauge() && of.metric != Metric::CpuPercent {
        true => Signal::of(of.metric, scrape, scrape).as_it_is(),
        false => Signal::of(of.metric, window, scrape),
    };
    let signal = Signal { missing: knobs.metrics_missing, ..signal };
    let each = of.per_replica || kind == SourceKind::Pods && !of.metric.is_average();
    let signal = if each { signal.per(Basis::ReadyNow) } else { signal };
    SignalRef::of(of.service.clone(), signal)
}

/// What a recording says the controller saw: the newest row, with data or without. Nothing is scraped.
#[derive(Debug, Default)]
pub(in crate::products) struct Told(Option<f64>);

impl Sensor for Told {
    fn scrape(&mut self, _: &Probe<'_>) {}

    fn sample(&mut self, _: Time, value: Option<f64>) {
        self.0 = value;
    }

    fn reading(&mut self, now: Time) -> Reading {
        Reading { value: self.0, at: now }
    }
}
