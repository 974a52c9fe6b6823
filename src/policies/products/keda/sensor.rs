//! What both loops see: the resources as the autoscaler sees them, and each trigger's source as it is when it is asked.
//!
//! A queue, a lag or an address answers with what there is at that instant. Prometheus answers with its last scrape,
//! and a rate over a window, as an adapter of the autoscaler's would.

use super::Knobs;
use super::native::{External, Model, Source, Trigger};
use super::words::TriggerKind;
use crate::products::kubernetes_hpa::words::SourceKind;
use crate::products::kubernetes_hpa::{self, MetricSpec, policy, sensor};
use autosim_engine::control::SignalRef;
use autosim_engine::signal::{
    GaugeMode, MetricRef, Missing, Pipeline, Probe, Reading, Resources, Sensor, Signal,
};
use autosim_engine::units::{Span, Time};

/// The signals: those of the autoscaler's resources, of the counts it is told, then of each trigger's source.
pub(super) fn signals(model: &Model, knobs: &Knobs, columns: &[String]) -> Vec<SignalRef> {
    let hpa = model.hpa();
    let tolerance = policy::tolerance(&hpa, &knobs.hpa);
    let mut signals = sensor::signals(&of_resources(&hpa), &knobs.hpa, columns);
    for trigger in &model.scaled.triggers {
        let Source::Metric(of) = &trigger.source else { continue };
        let metric = MetricSpec {
            kind: SourceKind::External,
            name: of.metric.clone(),
            container: None,
            target: of.target,
            stands_for: None,
        };
        let signal = of_trigger(trigger, of, model, knobs, columns);
        signals.push(signal.against(sensor::level(&metric, &tolerance)));
    }
    signals
}

/// The autoscaler with those of its metrics alone that it reads from the pods.
fn of_resources(hpa: &kubernetes_hpa::Model) -> kubernetes_hpa::Model {
    let mut resources = hpa.clone();
    resources.hpa.metrics.retain(|metric| metric.kind != SourceKind::External);
    resources
}

/// Where among the readings what is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Places {
    resources: usize,
    counts: usize,
    /// Of each trigger, if it has a reading.
    triggers: Vec<Option<usize>>,
}

impl Places {
    pub(super) fn of(model: &Model, knobs: &Knobs, columns: &[String]) -> Self {
        let resources = of_resources(&model.hpa());
        let mut next = sensor::signals(&resources, &knobs.hpa, columns).len();
        let resources = resources.hpa.metrics.len();
        let counts = next - resources;
        let triggers = model.scaled.triggers.iter().map(|trigger| match trigger.source {
            Source::Metric(_) => {
                next += 1;
                Some(next - 1)
            }
            Source::Cron(_) | Source::Resource(_) => None,
        });
        let triggers = triggers.collect();
        Self { resources, counts, triggers }
    }

    pub(super) fn of_trigger(&self, at: usize) -> Option<usize> {
        self.triggers.get(at).copied().flatten()
    }

    /// Of the resource of this place among those of the autoscaler.
    pub(super) const fn of_resource(&self, at: usize) -> usize {
        at
    }

    /// The counts of pods among the readings.
    pub(super) fn counts<'r>(&self, readings: &'r [Reading]) -> &'r [Reading] {
        readings.get(self.resources..self.resources + self.counts).unwrap_or_default()
    }
}

fn of_trigger(
    trigger: &Trigger,
    of: &External,
    model: &Model,
    knobs: &Knobs,
    columns: &[String],
) -> SignalRef {
    let column = trigger.column();
    let recorded = |name: &String| columns.iter().any(|one| one == name);
    let Some(stands_for) = &of.stands_for else {
        return sensor::told(SignalRef::own(sensor::count(&knobs.hpa)), &column)
            .read_from(&of.metric);
    };
    let kind = SourceKind::External;
    let signal = sensor::custom(stands_for, kind, &knobs.hpa).named(&column).read_from(&of.metric);
    let missing = if of.nothing_is_zero { Missing::Value(0.0) } else { Missing::NoData };
    let signal = SignalRef { signal: Signal { missing, ..signal.signal }, ..signal };
    if recorded(&column) || recorded(&of.metric) {
        // What it returned is on record: nothing samples it again.
        return SignalRef { sensor: Some(Box::new(sensor::Told::default())), ..signal };
    }
    let by_scrape = trigger.kind == TriggerKind::Prometheus;
    if by_scrape || signal.signal.gauge == GaugeMode::Integral || !columns.is_empty() {
        return signal;
    }
    let asked = Span(gcd(model.scaled.polling_s.into(), knobs.hpa.sync_period_s.into()) * SECOND);
    let at_once = Signal { resolution: asked, window: asked, ..signal.signal.clone() };
    let sensor = Some(Box::new(AtOnce::new(at_once.clone())) as Box<dyn Sensor>);
    SignalRef { signal: at_once, sensor, ..signal }
}

const SECOND: u64 = 1_000_000_000;

fn gcd(one: u64, other: u64) -> u64 {
    if other == 0 { one } else { gcd(other, one % other) }
}

/// A source that is looked at whenever it may be asked, from the very start on.
#[derive(Debug)]
struct AtOnce {
    pipeline: Pipeline,
    begun: bool,
}

impl AtOnce {
    fn new(signal: Signal) -> Self {
        Self { pipeline: Pipeline::new(signal, Resources::default()), begun: false }
    }
}

impl Sensor for AtOnce {
    fn resources(&mut self, resources: Resources) {
        self.pipeline = Pipeline::new(self.pipeline.signal().clone(), resources);
    }

    fn scrape(&mut self, probe: &Probe<'_>) {
        self.begun = true;
        self.pipeline.scrape(probe);
    }

    fn miss(&mut self, probe: &Probe<'_>) {
        self.begun = true;
        self.pipeline.miss(probe);
    }

    fn next_scrape(&self, _: Time) -> Option<Time> {
        (!self.begun).then_some(Time::ZERO)
    }

    fn sample(&mut self, at: Time, value: Option<f64>) {
        self.pipeline.sample(at, value);
    }

    fn reading(&mut self, now: Time) -> Reading {
        self.pipeline.reading(now)
    }
}

/// What a trigger's source is in a simulation, where nobody says otherwise: of a queue what it says it counts.
pub(super) fn stands_for(kind: TriggerKind, name: &str, waiting_alone: bool) -> Option<MetricRef> {
    let text = match kind {
        TriggerKind::RabbitMq | TriggerKind::Sqs if waiting_alone => "queued_requests",
        TriggerKind::RabbitMq | TriggerKind::Sqs | TriggerKind::Kafka => "ongoing_requests",
        TriggerKind::Redis => "queued_requests",
        TriggerKind::Prometheus
        | TriggerKind::MetricsApi
        | TriggerKind::Cpu
        | TriggerKind::Memory
        | TriggerKind::Cron => name,
    };
    text.parse().ok()
}
