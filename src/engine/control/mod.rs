//! # control: what the engine asks of an autoscaler
//!
//! **Is**: the contract between the engine and whatever decides: [`Policy`], the [`Observation`] it is shown,
//! the [`Decision`] it makes of it with its trail of stages, and [`Autoscaler`], a policy with what it sees
//! and when.
//!
//! **Knows**: signals and numbers.
//!
//! **Must not know**: any policy, the fleet, requests, clocks, generators: a policy is a function of what it
//! has been shown.
//!
//! **Start at** [`Policy`].

mod decision;
mod observation;
mod said;

pub use decision::{Bound, Decision, Stage, Step, Trail, Why};
pub use observation::Observation;
pub use said::Said;

use crate::signal::{MetricRef, Sensor, Signal};
use crate::units::{Span, Time};

/// An autoscaling policy. Built fresh for every cell; the same observations give the same decisions, of a
/// copy too: a policy that is `Clone` needs nothing else for that.
pub trait Policy: Send + Fork {
    /// Decides at a control.
    fn observe(&mut self, seen: &Observation<'_>) -> Decision;

    /// Decides when a request arrives while no replica is live. Default: no change until the next
    /// control.
    fn activate(&mut self, seen: &Observation<'_>) -> Decision {
        seen.hold()
    }

    /// Whether a proxy before the replicas, where the platform has one, is in the path of requests (rule 54); asked at
    /// the start and after each decision.
    fn proxies(&self) -> bool {
        true
    }

    /// Why it can decide no more, if that is so: the run halts. Asked after each decision, which then counts for
    /// nothing.
    fn failure(&self) -> Option<&str> {
        None
    }
}

/// What can be copied with everything it remembers, so that a decision can be asked for again.
pub trait Fork {
    /// The copy; what is asked of it must not change the original.
    fn fork(&self) -> Box<dyn Policy>;
}

impl<T: Policy + Clone + 'static> Fork for T {
    fn fork(&self) -> Box<dyn Policy> {
        Box::new(self.clone())
    }
}

impl Clone for Box<dyn Policy> {
    fn clone(&self) -> Self {
        (**self).fork()
    }
}

/// When an autoscaler's control loop runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cadence {
    /// Time between controls; never zero.
    pub interval: Span,
    /// False: the first control is one interval after the start. True: a delay drawn per replication
    /// uniformly from `[0, interval)` is added to all of them.
    pub random_phase: bool,
    /// How late each control comes at the median, so that the loop drifts (rule 51); zero = never.
    pub drift: Span,
}

impl Cadence {
    /// One control every `interval`, the first after one of them.
    pub const fn every(interval: Span) -> Self {
        Self { interval, random_phase: false, drift: Span::ZERO }
    }
}

/// A policy with what it is shown and when: everything the engine needs to run it.
pub struct Autoscaler {
    /// The policy, fresh.
    pub policy: Box<dyn Policy>,
    /// What it sees, in the order of its readings.
    pub signals: Vec<SignalRef>,
    /// When it is asked.
    pub cadence: Cadence,
    /// From decision to order.
    pub actuation_delay: Span,
    /// Instants at which the policy is asked besides its cadence, ascending and without repeats: a
    /// calendar's triggers, the steps of a plan. One that falls on a regular control is asked once.
    pub wakeups: Vec<Time>,
}

/// A value of a signal at which a policy acts, as pictures show it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Level {
    /// In the signal's unit.
    pub value: f64,
    /// On which side of it the policy acts.
    pub acts: Acts,
    /// It is one replica's part of a signal that is a total: with n replicas it lies at n times the value.
    pub each: bool,
    /// So large a part of it above it is borne before the policy acts.
    pub band: f64,
    /// The same below it.
    pub band_below: f64,
}

/// On which side of a level a policy acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acts {
    /// On both: it keeps the signal there.
    Towards,
    /// Above, or at it and above.
    Above,
    /// Below, or at it and below.
    Below,
}

impl Level {
    /// Of the signal itself.
    pub const fn of(value: f64, acts: Acts) -> Self {
        Self { value, acts, each: false, band: 0.0, band_below: 0.0 }
    }

    /// A target.
    pub const fn target(value: f64) -> Self {
        Self::of(value, Acts::Towards)
    }

    /// The same, with a band on both sides in which it does nothing.
    #[must_use]
    pub const fn bearing(self, band: f64) -> Self {
        Self { band, band_below: band, ..self }
    }

    /// What the signal has to be above before replicas are added; `None` if it is for removing them.
    pub fn out_above(self) -> Option<f64> {
        match self.acts {
            Acts::Towards | Acts::Above => Some(self.value * (1.0 + self.band)),
            Acts::Below => None,
        }
    }

    /// What the signal of a target has to be below before replicas are removed.
    pub fn in_below(self) -> Option<f64> {
        match self.acts {
            Acts::Towards => Some(self.value * (1.0 - self.band_below)),
            Acts::Above | Acts::Below => None,
        }
    }
}

/// A signal and the service it is taken from.
pub struct SignalRef {
    /// Another service of the scenario by name; `None` = the policy's own.
    pub service: Option<String>,
    /// The signal.
    pub signal: Signal,
    /// What the product calls it, if it is a product's: a column of that name in a recording holds
    /// exactly what its controller sees.
    pub native: Option<String>,
    /// Whether only a column of that name will do: nothing in a simulation stands for it.
    pub by_native_name: bool,
    /// The column of a recording it is read from where there is none of that name.
    pub column: Option<String>,
    /// A metric path in place of the signal's window, statistic and delay; it is scraped every
    /// `signal.resolution`.
    pub sensor: Option<Box<dyn Sensor>>,
    /// From when up to when, exclusive, its scrapes bring no data (rule 48).
    pub outages: Vec<(Time, Time)>,
    /// How late each scrape comes at the median (rule 51); zero = never.
    pub drift: Span,
    /// What the policy holds it against; nothing of the run depends on them.
    pub levels: Vec<Level>,
    /// It is read off the metric path of another signal, and has no scrapes.
    pub part_of: Option<PartOf>,
}

/// Something that the metric path of another signal knows too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartOf {
    /// The place of that signal, which comes earlier and has a sensor of its own.
    pub signal: usize,
    /// What of it, see [`Sensor::part`].
    pub part: u32,
}

impl SignalRef {
    /// A signal of the policy's own service.
    pub const fn own(signal: Signal) -> Self {
        Self::of(None, signal)
    }

    /// A signal of the service of that name, or of the policy's own.
    pub const fn of(service: Option<String>, signal: Signal) -> Self {
        Self {
            service,
            signal,
            native: None,
            by_native_name: false,
            column: None,
            sensor: None,
            outages: Vec::new(),
            drift: Span::ZERO,
            levels: Vec::new(),
            part_of: None,
        }
    }

    /// As a policy names it: `frontend/requests_per_s_per_replica`, or in its product's words.
    pub fn name(&self) -> String {
        let Signal { metric, per_replica, .. } = self.signal;
        let service = self.service.clone();
        match (&self.native, service) {
            (None, service) => {
                let per_replica = per_replica && !metric.is_average();
                MetricRef { service, metric, per_replica }.to_string()
            }
            (Some(native), Some(service)) => format!("{service}/{native}"),
            (Some(native), None) => native.clone(),
        }
    }

    /// The same, held against these levels.
    #[must_use]
    pub fn against(self, levels: impl IntoIterator<Item = Level>) -> Self {
        Self { levels: levels.into_iter().collect(), ..self }
    }

    /// As the product calls it.
    #[must_use]
    pub fn named(self, native: impl Into<String>) -> Self {
        Self { native: Some(native.into()), ..self }
    }

    /// Read from this column of a recording where there is none of its own name.
    #[must_use]
    pub fn read_from(self, column: impl Into<String>) -> Self {
        Self { column: Some(column.into()), ..self }
    }
}
