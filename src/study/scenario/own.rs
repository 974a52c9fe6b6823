//! Policies that are written in a program rather than named in a file.

use autosim_engine::control::{Autoscaler, Cadence, Level, Policy, SignalRef};
use autosim_engine::fault::Faults;
use autosim_engine::signal::{Metric, MetricRef, SignalSpec};
use autosim_engine::units::Span;
use autosim_policies::builtin::check_interval;
use std::fmt;
use std::sync::Arc;

/// How often an own policy decides unless it says otherwise.
const DEFAULT_INTERVAL: Span = Span::from_secs(15);

/// A policy of a program's own, with what it is shown and when. Every cell gets a fresh copy.
#[derive(Clone)]
pub struct OwnPolicy {
    fresh: Arc<dyn Fn() -> Box<dyn Policy> + Send + Sync>,
    signals: Vec<(SignalSpec, Vec<Level>)>,
    interval: Span,
    start: u32,
}

impl OwnPolicy {
    /// The policy, shown nothing yet; it decides every 15 s and begins with one replica.
    pub fn new(policy: impl Policy + Clone + Sync + 'static) -> Self {
        Self {
            fresh: Arc::new(move || Box::new(policy.clone())),
            signals: Vec::new(),
            interval: DEFAULT_INTERVAL,
            start: 1,
        }
    }

    /// It is also shown this metric of its service: the next of `seen.readings`, by default the mean of the
    /// last minute.
    #[must_use]
    pub fn sees(self, metric: Metric) -> Self {
        self.sees_signal(SignalSpec::plain(MetricRef::own(metric)))
    }

    /// It is also shown this signal, the next of `seen.readings`.
    #[must_use]
    pub fn sees_signal(mut self, signal: SignalSpec) -> Self {
        self.signals.push((signal, Vec::new()));
        self
    }

    /// What it was shown last it holds against these levels: pictures draw them.
    #[must_use]
    pub fn against(mut self, levels: impl IntoIterator<Item = Level>) -> Self {
        if let Some((_, known)) = self.signals.last_mut() {
            known.extend(levels);
        }
        self
    }

    /// It decides so often; at least every millisecond apart.
    #[must_use]
    pub fn every(self, interval: Span) -> Self {
        Self { interval, ..self }
    }

    /// The fleet begins with so many replicas, where the scenario names no number.
    #[must_use]
    pub fn starts_with(self, replicas: u32) -> Self {
        Self { start: replicas, ..self }
    }

    pub(super) fn check(&self, faults: &mut Faults) {
        check_interval(self.interval, faults);
        for (signal, _) in &self.signals {
            signal.check(self.interval, faults);
        }
    }

    pub(super) fn autoscaler(&self) -> Autoscaler {
        let signal = |(spec, levels): &(SignalSpec, Vec<Level>)| {
            let signal = SignalRef::of(spec.metric.service.clone(), spec.resolve(self.interval));
            signal.against(levels.clone())
        };
        Autoscaler {
            policy: (self.fresh)(),
            signals: self.signals.iter().map(signal).collect(),
            cadence: Cadence::every(self.interval),
            actuation_delay: Span::ZERO,
            wakeups: Vec::new(),
        }
    }

    pub(super) const fn start(&self) -> u32 {
        self.start
    }

    pub(super) fn services(&self) -> Vec<String> {
        self.signals.iter().filter_map(|(signal, _)| signal.metric.service.clone()).collect()
    }
}

impl fmt::Debug for OwnPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { fresh: _, signals, interval, start } = self;
        f.debug_struct("OwnPolicy")
            .field("signals", signals)
            .field("interval", interval)
            .field("start", start)
            .finish_non_exhaustive()
    }
}
