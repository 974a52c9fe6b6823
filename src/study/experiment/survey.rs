//! One pass over a replication's requests: what no policy may see.

use crate::scenario::{Competitor, Scenario};
use autosim_engine::fleet::Slowdowns;
use autosim_engine::random::Streams;
use autosim_engine::stats::Histogram;
use autosim_engine::units::{Span, Time};
use autosim_engine::workload::Batch;
use std::sync::atomic::{AtomicBool, Ordering};

/// Intervals of a plan: short enough for a spike's flank, long enough for a count to mean something.
pub(super) const INTERVAL: Span = Span::from_secs(10);

/// The requests of the service policies compete for.
#[derive(Debug, Clone)]
pub(super) struct Survey {
    /// Counted requests: those that arrive in [warm-up, end).
    pub counted: u64,
    /// Of these, the ones that must end before `end` if they are in time: their number and demands.
    pub binding: Demands,
    /// All requests, warm-up included.
    pub all: Demands,
    /// Slots in use on average, interval by interval, if no request ever waited.
    pub load: Vec<f64>,
}

/// Demands of a set of requests.
#[derive(Debug, Clone, Default)]
pub(super) struct Demands {
    pub law: Histogram,
    pub sum_ns: u128,
    pub longest_ns: u64,
}

impl Demands {
    fn add(&mut self, demand: u64) {
        self.law.record(Span(demand));
        self.sum_ns += u128::from(demand);
        self.longest_ns = self.longest_ns.max(demand);
    }
}

/// Draws the requests of one replication; `None` if cancelled.
pub(super) fn survey(scenario: &Scenario, replication: u32, cancel: &AtomicBool) -> Option<Survey> {
    let streams = Streams::new(scenario.seed, replication, 0);
    let mut requests = scenario.services.first()?.workload.requests(&streams, scenario.window.end);
    let mut surveyor = Surveyor::new(scenario);
    let mut batch = Batch::new();
    loop {
        requests.fill(&mut batch);
        if batch.is_empty() {
            return Some(surveyor.finish());
        }
        if cancel.load(Ordering::Relaxed) {
            return None;
        }
        surveyor.add(&batch);
    }
}

/// A survey while requests are drawn.
pub(super) struct Surveyor {
    warmup: u64,
    binding_end: u64,
    counted: u64,
    binding: Demands,
    all: Demands,
    load: Load,
    slowdowns: Slowdowns,
}

impl Surveyor {
    /// Of the first service, before any request.
    pub(super) fn new(scenario: &Scenario) -> Self {
        let window = scenario.window;
        let slowdowns = |policy: &Competitor| policy.deployment.fleet.slowdowns.clone();
        let limit = scenario.slo.tail().map_or(Span::ZERO, |slo| slo.limit);
        Self {
            warmup: window.warmup.0,
            binding_end: window.end.before(limit).0,
            counted: 0,
            binding: Demands::default(),
            all: Demands::default(),
            load: Load::new(window.end),
            slowdowns: scenario.policies.first().map(slowdowns).unwrap_or_default(),
        }
    }

    /// The next requests.
    pub(super) fn add(&mut self, batch: &Batch) {
        for (&arrival, &demand) in batch.arrival_ns.iter().zip(&batch.demand_ns) {
            self.counted += u64::from(arrival >= self.warmup);
            if arrival >= self.warmup && arrival < self.binding_end {
                self.binding.add(demand);
            }
            self.all.add(demand);
            // Where some replicas slow down only, the need is that of those that do not.
            let held = match self.slowdowns.is_empty() {
                true => demand,
                false => self.slowdowns.held(arrival, demand, 0),
            };
            self.load.add(arrival, held);
        }
    }

    /// After the last request.
    pub(super) fn finish(self) -> Survey {
        let Self { counted, binding, all, load, .. } = self;
        Survey { counted, binding, all, load: load.means() }
    }
}

/// Requests present at once without waiting, as changes: each interval keeps the area of changes within
/// it and their sum, which holds for all later ones.
struct Load {
    area_ns: Vec<i128>,
    change: Vec<i64>,
}

impl Load {
    fn new(end: Time) -> Self {
        let intervals = end.0.div_ceil(INTERVAL.0) as usize;
        Self { area_ns: vec![0; intervals], change: vec![0; intervals] }
    }

    fn add(&mut self, arrival: u64, demand: u64) {
        self.step(arrival, 1);
        self.step(arrival.saturating_add(demand), -1);
    }

    fn step(&mut self, at: u64, change: i64) {
        let interval = (at / INTERVAL.0) as usize;
        if let Some(area) = self.area_ns.get_mut(interval) {
            *area += i128::from(INTERVAL.0 - at % INTERVAL.0) * i128::from(change);
            self.change[interval] += change;
        }
    }

    fn means(&self) -> Vec<f64> {
        let mut present: i64 = 0;
        self.area_ns
            .iter()
            .zip(&self.change)
            .map(|(area, change)| {
                let mean = present as f64 + *area as f64 / INTERVAL.0 as f64;
                present += change;
                mean
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn load_is_the_integral_of_requests_present() {
        let second = 1_000_000_000;
        let mut load = Load::new(Time::from_secs(30));
        load.add(5 * second, 10 * second);
        load.add(12 * second, 3 * second);
        load.add(29 * second, 100 * second);
        let expected = [0.5, 0.5 + 0.3, 0.1];
        for (got, expected) in load.means().iter().zip(expected) {
            assert!((got - expected).abs() < 1e-9, "{got} {expected}");
        }
    }
}
