//! Exact counters and gauges of one service at one instant.

use super::{Census, Metric};
use crate::stats::Histogram;
use crate::units::Time;

/// Everything the fleet can show at a scrape. Counters and integrals are cumulative since the
/// scenario's start; two probes give the exact mean between them.
#[derive(Debug, Clone, Copy, Default)]
pub struct Probe<'a> {
    /// The instant of the scrape.
    pub at: Time,
    /// Requests that arrived.
    pub arrivals: u64,
    /// Requests that completed.
    pub completions: u64,
    /// Requests refused at arrival.
    pub rejections: u64,
    /// Requests that gave up waiting.
    pub timeouts: u64,
    /// Requests killed in service.
    pub lost: u64,
    /// Sum of response times of completions, in nanoseconds.
    pub latency_sum_ns: u128,
    /// Response times of all completions so far; present only if some signal needs quantiles.
    pub latency: Option<&'a Histogram>,
    /// Integral of busy slots of ready replicas (draining excluded), in slot-nanoseconds.
    pub busy_ns: u128,
    /// The same of slots whose requests compute, each counted for the CPU it uses of what it would use at full
    /// speed.
    pub computing_ns: u128,
    /// Integral of requests in service, draining replicas included.
    pub in_flight_ns: u128,
    /// Integral of waiting requests.
    pub queued_ns: u128,
    /// Integral of ready replicas.
    pub ready_ns: u128,
    /// Integral of starting replicas.
    pub starting_ns: u128,
    /// Busy slots of ready replicas now.
    pub busy: u64,
    /// Slots that compute now, counted so.
    pub computing: f64,
    /// Requests in service now, draining replicas included.
    pub in_flight: u64,
    /// Waiting requests now.
    pub queued: u64,
    /// Replica counts now.
    pub census: Census,
    /// When the last request arrived; the start if none did.
    pub last_arrival: Time,
    /// The ready replicas one by one; present only if some sensor wants them.
    pub replicas: Option<&'a [ReplicaLoad]>,
    /// Those that start, one by one; present only if some sensor wants their work.
    pub starting: Option<&'a [Life]>,
    /// What came to replicas past the proxy before them; `None` without a proxy.
    pub direct: Option<Direct<'a>>,
}

/// Requests that came to replicas directly, past a proxy (rule 54).
#[derive(Debug, Clone, Copy)]
pub struct Direct<'a> {
    /// All of them.
    pub all: Passed,
    /// Those of the ready replicas one by one, in the order of their launches, as they were when any came or was
    /// there last.
    pub replicas: &'a [DirectLoad],
}

/// Requests that came a certain way, since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Passed {
    /// Those that arrived, but for those that were refused.
    pub arrivals: u64,
    /// Integral of those in service or waiting at a replica.
    pub present_ns: u128,
}

/// One ready replica as those see it who come to it directly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DirectLoad {
    /// Which: never used twice in a run, larger for later launches.
    pub number: u64,
    /// Since when it is ready.
    pub ready_since: Time,
    /// What came to it.
    pub passed: Passed,
}

/// What a sensor wants to be shown of replicas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Wants {
    /// What they come to together.
    #[default]
    Totals,
    /// The ready ones one by one; and to be told by [`super::Sensor::fleet_changed`] and
    /// [`super::Sensor::found_nobody`].
    Replicas,
    /// The same with what each has worked, and those that start.
    Work,
}

/// Which replicas a scrape shows one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// All.
    All,
    /// None.
    Nobody,
    /// Those whose number divided by `of`, which is not zero, leaves `rest`.
    Group {
        /// How many groups there are.
        of: u64,
        /// Which of them.
        rest: u64,
    },
}

impl Shown {
    /// Whether a replica is among them.
    pub const fn has(self, number: u64) -> bool {
        match self {
            Self::All => true,
            Self::Nobody => false,
            Self::Group { of, rest } => number % of == rest,
        }
    }
}

/// When a replica reached the stages of its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Life {
    /// Which: never used twice in a run, larger for later launches.
    pub number: u64,
    /// When it had a place to run: `provision` was over.
    pub placed_at: Time,
    /// When it began to run: `pull` was over too.
    pub runs_from: Time,
}

/// One ready replica at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplicaLoad {
    /// Which, and how it came to be.
    pub life: Life,
    /// Since when it is ready.
    pub ready_since: Time,
    /// Requests in service on it, not those that wait with it; of a flow, its share of all that are present.
    pub ongoing: u32,
    /// What its requests have computed, as [`Probe::computing_ns`]; nothing unless a sensor wants work.
    pub computing_ns: u128,
}

/// How load turns into the resources of one replica (rules 10, 47); linear in its utilization u (busy slots /
/// concurrency, for CPU busy cores / cores): `idle + (full - idle) x u`, in percent of what the replica was
/// given.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Resources {
    /// Slots of a replica.
    pub concurrency: u32,
    /// CPU with no request.
    pub cpu_idle_percent: f64,
    /// CPU with every core busy.
    pub cpu_full_percent: f64,
    /// The cores a busy slot keeps busy at full speed, at most 1.
    pub cpu_of_request: f64,
    /// Cores of a replica; `None` = one for each slot.
    pub cores: Option<f64>,
    /// CPU of a starting replica; used only if starting replicas are counted.
    pub cpu_starting_percent: f64,
    /// Whether `cpu_percent` averages over starting replicas too.
    pub cpu_counts_starting: bool,
    /// Memory with no request.
    pub memory_idle_percent: f64,
    /// Memory with every slot busy.
    pub memory_full_percent: f64,
    /// GPU with no request.
    pub gpu_idle_percent: f64,
    /// GPU with every slot busy.
    pub gpu_full_percent: f64,
    /// Connections held open per ready replica, apart from requests.
    pub connections_per_replica: f64,
    /// Connections per request in flight or waiting.
    pub connections_per_request: f64,
    /// Bytes in and out per request.
    pub bytes_per_request: f64,
}

impl Resources {
    /// Cores of a replica.
    pub fn cores(&self) -> f64 {
        self.cores.unwrap_or(f64::from(self.concurrency))
    }

    /// CPU with every slot busy at full speed, in percent.
    pub fn cpu_of_busy_slots(&self) -> f64 {
        let busy = f64::from(self.concurrency) * self.cpu_of_request / self.cores();
        self.cpu_idle_percent + (self.cpu_full_percent - self.cpu_idle_percent) * busy
    }

    /// What a metric reads at most, in percent, at full speed; `None` where it has no such end.
    pub fn highest(&self, metric: Metric) -> Option<f64> {
        let (idle, full) = self.ends(metric)?;
        let starting = matches!(metric, Metric::CpuPercent) && self.cpu_counts_starting;
        let most = if starting { full.max(self.cpu_starting_percent) } else { full };
        Some(most.max(idle))
    }

    /// What a metric reads without a request, in percent; `None` where nothing is known.
    pub fn idle(&self, metric: Metric) -> Option<f64> {
        self.ends(metric).map(|(idle, _)| idle)
    }

    /// What a metric reads with no slot busy, and with every one.
    fn ends(&self, metric: Metric) -> Option<(f64, f64)> {
        match metric {
            Metric::UtilizationPercent => Some((0.0, 100.0)),
            Metric::CpuPercent => Some((self.cpu_idle_percent, self.cpu_of_busy_slots())),
            Metric::MemoryPercent => Some((self.memory_idle_percent, self.memory_full_percent)),
            Metric::GpuPercent => Some((self.gpu_idle_percent, self.gpu_full_percent)),
            Metric::RequestsPerS
            | Metric::RequestsPerMin
            | Metric::InFlightRequests
            | Metric::QueuedRequests
            | Metric::OngoingRequests
            | Metric::Connections
            | Metric::ResponseTimeMs
            | Metric::P50Ms
            | Metric::P90Ms
            | Metric::P95Ms
            | Metric::P99Ms
            | Metric::ErrorsPerS
            | Metric::ErrorsPerMin
            | Metric::BytesPerS
            | Metric::Replicas
            | Metric::IdleS => None,
        }
    }
}

impl Default for Resources {
    /// One slot and one core for it; CPU, GPU 0 to 100 %, memory 30 to 80 %, one connection per request, no bytes.
    fn default() -> Self {
        Self {
            concurrency: 1,
            cpu_idle_percent: 0.0,
            cpu_full_percent: 100.0,
            cpu_of_request: 1.0,
            cores: None,
            cpu_starting_percent: 100.0,
            cpu_counts_starting: false,
            memory_idle_percent: 30.0,
            memory_full_percent: 80.0,
            gpu_idle_percent: 0.0,
            gpu_full_percent: 100.0,
            connections_per_replica: 0.0,
            connections_per_request: 1.0,
            bytes_per_request: 0.0,
        }
    }
}
