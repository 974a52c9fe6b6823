//! From probes to loads: what happened between two scrapes, or is so at one, and each metric's
//! formula over it.

use super::{Metric, Probe, Resources};
use crate::units::Time;

/// The cumulative part of a probe.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Counters {
    pub(super) at: Time,
    arrivals: u64,
    completions: u64,
    errors: u64,
    latency_sum_ns: u128,
    busy_ns: u128,
    computing_ns: u128,
    in_flight_ns: u128,
    queued_ns: u128,
    ready_ns: u128,
    starting_ns: u128,
}

impl Counters {
    pub(super) fn of(probe: &Probe<'_>) -> Self {
        Self {
            at: probe.at,
            arrivals: probe.arrivals,
            completions: probe.completions,
            errors: probe.rejections + probe.timeouts + probe.lost,
            latency_sum_ns: probe.latency_sum_ns,
            busy_ns: probe.busy_ns,
            computing_ns: probe.computing_ns,
            in_flight_ns: probe.in_flight_ns,
            queued_ns: probe.queued_ns,
            ready_ns: probe.ready_ns,
            starting_ns: probe.starting_ns,
        }
    }
}

/// Load over a length of time: gauges as integrals, or at an instant: gauges as they are, over a
/// length of one. Either way a gauge's mean is the quotient with `length`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Load {
    length: f64,
    arrivals: f64,
    completions: f64,
    errors: f64,
    latency_sum_ns: f64,
    busy: f64,
    computing: f64,
    in_flight: f64,
    queued: f64,
    ready: f64,
    starting: f64,
}

impl Load {
    /// What happened from `earlier` to `later`; integers are subtracted before they become floats.
    pub(super) fn between(earlier: &Counters, later: &Counters) -> Self {
        let events = |of: fn(&Counters) -> u64| of(later).saturating_sub(of(earlier)) as f64;
        let integral = |of: fn(&Counters) -> u128| of(later).saturating_sub(of(earlier)) as f64;
        Self {
            length: later.at.since(earlier.at).0 as f64,
            arrivals: events(|c| c.arrivals),
            completions: events(|c| c.completions),
            errors: events(|c| c.errors),
            latency_sum_ns: integral(|c| c.latency_sum_ns),
            busy: integral(|c| c.busy_ns),
            computing: integral(|c| c.computing_ns),
            in_flight: integral(|c| c.in_flight_ns),
            queued: integral(|c| c.queued_ns),
            ready: integral(|c| c.ready_ns),
            starting: integral(|c| c.starting_ns),
        }
    }

    /// The gauges now; counters have no value now and stay zero.
    pub(super) fn now(probe: &Probe<'_>) -> Self {
        Self {
            length: 1.0,
            arrivals: 0.0,
            completions: 0.0,
            errors: 0.0,
            latency_sum_ns: 0.0,
            busy: probe.busy as f64,
            computing: probe.computing,
            in_flight: probe.in_flight as f64,
            queued: probe.queued as f64,
            ready: f64::from(probe.census.ready),
            starting: f64::from(probe.census.starting),
        }
    }

    /// The metric's mean over the load; `None` where it has none: an average or per-replica value
    /// without replicas, a response time without completions, a quantile (which needs the histogram).
    pub(super) fn value(
        &self,
        metric: Metric,
        per_replica: bool,
        resources: &Resources,
    ) -> Option<f64> {
        let per = if per_replica { self.ready } else { self.length };
        // Lengths are nanoseconds, so events become events per second or minute.
        let rate = |events: f64, of_ns: f64| quotient(events * of_ns, per);
        let slots = self.ready * f64::from(resources.concurrency);
        let linear =
            |idle: f64, full: f64| Some(idle + (full - idle) * quotient(self.busy, slots)?);
        match metric {
            Metric::RequestsPerS => rate(self.arrivals, 1e9),
            Metric::RequestsPerMin => rate(self.arrivals, 60e9),
            Metric::ErrorsPerS => rate(self.errors, 1e9),
            Metric::ErrorsPerMin => rate(self.errors, 60e9),
            Metric::BytesPerS => rate(self.arrivals * resources.bytes_per_request, 1e9),
            Metric::InFlightRequests => quotient(self.in_flight, per),
            Metric::QueuedRequests => quotient(self.queued, per),
            Metric::OngoingRequests => quotient(self.in_flight + self.queued, per),
            Metric::Connections => quotient(
                resources.connections_per_replica * self.ready
                    + resources.connections_per_request * (self.in_flight + self.queued),
                per,
            ),
            Metric::UtilizationPercent => linear(0.0, 100.0),
            Metric::CpuPercent => self.cpu(resources),
            Metric::Replicas => quotient(self.ready + self.starting, self.length),
            Metric::MemoryPercent => {
                linear(resources.memory_idle_percent, resources.memory_full_percent)
            }
            Metric::GpuPercent => linear(resources.gpu_idle_percent, resources.gpu_full_percent),
            Metric::ResponseTimeMs => quotient(self.latency_sum_ns / 1e6, self.completions),
            Metric::P50Ms | Metric::P90Ms | Metric::P95Ms | Metric::P99Ms | Metric::IdleS => None,
        }
    }

    /// CPU averaged over ready replicas, and over starting ones too where the resources say so.
    fn cpu(&self, r: &Resources) -> Option<f64> {
        let span = r.cpu_full_percent - r.cpu_idle_percent;
        let (used, cores) = (self.computing * r.cpu_of_request, self.ready * r.cores());
        let of_ready = || Some(r.cpu_idle_percent + span * quotient(used, cores)?);
        if !r.cpu_counts_starting || self.starting <= 0.0 {
            return of_ready();
        }
        let ready_sum = of_ready().unwrap_or(0.0) * self.ready;
        quotient(ready_sum + r.cpu_starting_percent * self.starting, self.ready + self.starting)
    }
}

fn quotient(sum: f64, of: f64) -> Option<f64> {
    (of > 0.0).then(|| sum / of)
}
