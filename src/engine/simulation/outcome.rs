//! What a run leaves: totals, and on request the timeline and the decisions.

use crate::control::{Decision, Stage};
use crate::fleet::Launches;
use crate::signal::{Census, Reading};
use crate::stats::Histogram;
use crate::units::{Span, Time};
use strum::IntoStaticStr;

/// The result of one cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// One per service, in the order of the setup.
    pub services: Vec<ServiceOutcome>,
    /// Requests simulated, counted or not.
    pub simulated_requests: u64,
}

/// The result of one service.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceOutcome {
    /// Its name.
    pub name: String,
    /// Requests by outcome.
    pub counts: Counts,
    /// Response times and waits of completed counted requests.
    pub latency: LatencyTotals,
    /// The same by class, 0 first; empty where all requests are of one.
    pub classes: Vec<ClassTotals>,
    /// Replicas, money, actions.
    pub fleet: FleetTotals,
    /// The requests' own account of the time they spent.
    pub presence: Presence,
    /// What users in closed loops did; `None` without any.
    pub users: Option<UserTotals>,
    /// Counted requests that took no longer than each limit that was asked about, those of the SLO first.
    pub within: Vec<(Span, u64)>,
    /// Minute by minute of arrival, from the warm-up's end; empty without an SLO on latency.
    pub slo_minutes: Vec<SloMinute>,
    /// Interval by interval from the start; empty unless asked for.
    pub timeline: Vec<Interval>,
    /// Decisions; empty unless asked for.
    pub decisions: Vec<DecisionRecord>,
    /// Changes beyond [`DecisionRecord::MOST_CHANGES`], which are not among them.
    pub decisions_left_out: u64,
    /// Ready replicas from each instant on at which their number changed; empty unless asked for.
    pub supply: Vec<(Time, u32)>,
    /// Launches one by one; kept with the decisions.
    pub launches: Launches,
}

/// Time that requests, counted or not, spent within [warm-up, end), summed request by request: the other
/// side of Little's law, whose one side is the integrals of [`FleetTotals`]. Where clients try again, the
/// stays of all attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Presence {
    /// From arrival to the end of their stay, request-ns.
    pub system_ns: u128,
    /// From arrival to the start of service, request-ns; `None` if the run left requests unfinished, of
    /// which it is not told whether they had started.
    pub queued_ns: Option<u128>,
    /// In service for nothing: the request, or this attempt at it, was lost or cancelled, or nobody
    /// waited for the answer any more; slot-ns.
    pub wasted_ns: u128,
}

/// Time of users in closed loops within [warm-up, end).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UserTotals {
    /// Thinking, user-ns.
    pub thinking_ns: u128,
    /// Waiting for what becomes of a request, retries and the time between attempts included, user-ns.
    pub waiting_ns: u128,
}

/// What clients did in an interval of the timeline.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ClientInterval {
    /// Attempts beyond the first, by the instant they are made.
    pub retries: u64,
    /// Answers for which nobody waited any more, by the instant they are given.
    pub unheard: u64,
    /// In service for nothing, by the instant at which the attempt ended, slot-ns.
    pub wasted_ns: u128,
    /// Mean users in closed loops who think; `None` without any.
    pub mean_thinking: Option<f64>,
}

/// Counted requests by outcome; `arrived` is the sum of the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Arrived in [warm-up, end).
    pub arrived: u64,
    /// Completed.
    pub completed: u64,
    /// Gave up waiting.
    pub timed_out: u64,
    /// Refused at arrival.
    pub rejected: u64,
    /// Killed with their replica, whether its grace ended or it failed.
    pub lost: u64,
    /// Neither, when the run ended.
    pub unfinished: u64,
    /// Attempts of arrived requests beyond the first ones.
    pub retries: u64,
    /// Completed in time by the first SLO (all completed ones without an SLO).
    pub within_slo: u64,
    /// Triggered the launch of a replica (scale per request or activation from zero).
    pub triggered_launch: u64,
    /// Served by a replica that was not ready yet when they arrived.
    pub served_cold: u64,
}

/// Counted requests of one class.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ClassTotals {
    /// By outcome; retries, launches and cold requests are not told by class.
    pub counts: Counts,
    /// Response times and waits of completed ones.
    pub latency: LatencyTotals,
}

impl LatencyTotals {
    /// A percentile of response times; none lies beyond the longest (rule 8).
    pub fn latency_quantile(&self, q: f64) -> Option<Span> {
        self.latency.quantile(q).map(|span| span.min(self.latency_max))
    }

    /// A percentile of waits.
    pub fn wait_quantile(&self, q: f64) -> Option<Span> {
        self.wait.quantile(q).map(|span| span.min(self.wait_max))
    }
}

/// Response times (arrival to completion) and waits (arrival to start) of completed counted requests.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LatencyTotals {
    /// Response times.
    pub latency: Histogram,
    /// Waits; zero waits included.
    pub wait: Histogram,
    /// Sum of response times, ns.
    pub latency_sum_ns: u128,
    /// Sum of waits, ns.
    pub wait_sum_ns: u128,
    /// Longest response time.
    pub latency_max: Span,
    /// Longest wait.
    pub wait_max: Span,
    /// Requests with a wait above zero.
    pub waited: u64,
}

/// Replica time over [warm-up, end) and what was done to the fleet.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct FleetTotals {
    /// Length of [warm-up, end), ns.
    pub window_ns: u64,
    /// Billed, rounded as the billing says, replica-ns.
    pub billed_ns: u128,
    /// From order (or launch) to gone, not rounded, replica-ns.
    pub allocated_ns: u128,
    /// Ready (draining excluded), replica-ns.
    pub ready_ns: u128,
    /// Starting, replica-ns.
    pub starting_ns: u128,
    /// Draining, replica-ns.
    pub draining_ns: u128,
    /// Busy slots of ready replicas, slot-ns.
    pub busy_ns: u128,
    /// Requests in service, draining replicas included, request-ns.
    pub in_flight_ns: u128,
    /// Requests waiting, request-ns.
    pub queued_ns: u128,
    /// Unused capacity of ready replicas: (slots of ready replicas - busy slots) / concurrency,
    /// replica-ns.
    pub idle_ns: u128,
    /// Replicas launched.
    pub launches: u64,
    /// Replicas cancelled before they were ready.
    pub cancelled: u64,
    /// Orders refused by the quota.
    pub refused: u64,
    /// Decisions that ordered replicas.
    pub scale_outs: u64,
    /// Decisions that removed replicas.
    pub scale_ins: u64,
    /// Actions opposite in direction to the one before.
    pub reversals: u64,
    /// Replicas removed, and the sum of their lives from launch to gone, ns (scale per request: mean
    /// lifespan).
    pub removed: u64,
    /// See `removed`.
    pub removed_life_ns: u128,
    /// Most live replicas at once, warm-up included.
    pub peak_live: u32,
    /// What minimum and maximum did to decisions.
    pub bounds: BoundTotals,
    /// Ready replicas that failed, those told in advance included.
    pub failures: u64,
}

/// What minimum and maximum did to decisions within the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BoundTotals {
    /// Time at the maximum in force with more wanted, ns.
    pub at_maximum_ns: u128,
    /// What was wanted beyond it, replica-ns.
    pub unmet_ns: u128,
    /// Time at the minimum in force with less wanted, ns.
    pub at_minimum_ns: u128,
    /// The largest count a formula wanted, before any guard.
    pub wanted_peak: u32,
}

/// One minute of arrivals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SloMinute {
    /// Counted requests that arrived in it.
    pub arrived: u32,
    /// Of those, completed in time by the first SLO.
    pub within: u32,
    /// Another SLO was broken.
    pub also_broken: bool,
}

/// One interval of the timeline.
#[derive(Debug, Clone, PartialEq)]
pub struct Interval {
    /// Its start; it is as long as asked for, the last may be shorter.
    pub at: Time,
    /// Its length.
    pub length: Span,
    /// Arrivals in it.
    pub arrivals: u64,
    /// Rejections, by arrival.
    pub rejections: u64,
    /// Completions, by the instant they happen.
    pub completions: u64,
    /// Losses, by the instant they happen.
    pub losses: u64,
    /// Ready replicas that failed.
    pub failures: u64,
    /// Timeouts, by the instant they happen.
    pub timeouts: u64,
    /// Response times of its completions: p50, p95, p99; `None` without completions.
    pub percentiles: Option<[Span; 3]>,
    /// Desired count in force at its end.
    pub desired: u32,
    /// What the formula alone wanted at the last control.
    pub uncapped: u32,
    /// Means over the interval.
    pub mean_ready: f64,
    /// Mean starting replicas.
    pub mean_starting: f64,
    /// Mean draining replicas.
    pub mean_draining: f64,
    /// Mean waiting requests.
    pub mean_queued: f64,
    /// Mean requests in service.
    pub mean_in_flight: f64,
    /// Busy slots / slots of ready replicas; `None` with none ready.
    pub utilization: Option<f64>,
    /// The first signal as last seen by the policy.
    pub signal: Option<f64>,
    /// What clients did; `None` where they only wait.
    pub clients: Option<ClientInterval>,
}

/// Who asked for a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum AskedBy {
    /// The clock.
    Control,
    /// A request at zero replicas.
    Request,
    /// Nobody asked the policy: somebody else set the count.
    Nobody,
}

/// One decision of the log.
#[derive(Debug, Clone, PartialEq)]
pub struct DecisionRecord {
    /// The instant of the control, or of the request that asked.
    pub at: Time,
    /// Counts it saw.
    pub census: Census,
    /// Desired count in force before.
    pub before: u32,
    /// What it decided.
    pub decision: Decision,
    /// Readings it saw, in the order of its signals.
    pub readings: Vec<Reading>,
    /// Who asked for it.
    pub asked_by: AskedBy,
    /// For each guard that changed the number: what this one decision would have been without it, from the
    /// same state.
    pub without: Vec<(Stage, u32)>,
    /// When the policy was asked next; `None` if it was not within the run.
    pub until: Option<Time>,
}

impl DecisionRecord {
    /// Of a service's changes so many are kept, the first ones: a hundred megabytes. A count that changes at
    /// every look for years would take all memory there is.
    pub const MOST_CHANGES: usize = 250_000;
    /// About what one takes with its readings and guards.
    pub const BYTES: usize =
        size_of::<Self>() + 2 * size_of::<Reading>() + 2 * size_of::<(Stage, u32)>();
}
