//! The figures of a cell: what `summary.csv` and `replications.csv` hold.

use crate::scenario::Scenario;
use autosim_engine::simulation::{
    ClassTotals, Counts, FleetTotals, LatencyTotals, ServiceOutcome, Slo, SloMinute, needed,
};
use autosim_engine::stats::{Elasticity, Ilyushkin, Track};
use autosim_engine::units::{Price, Span};

/// What a figure counts, hence how it is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A whole number (its mean over replications is not).
    Count,
    /// Milliseconds.
    Milliseconds,
    /// Between 0 and 1.
    Share,
    /// Replica-hours.
    Hours,
    /// Minutes.
    Minutes,
    /// Of a hundred; may be above it.
    Percent,
    /// A mean number of replicas or of users.
    Replicas,
    /// One number per another.
    Ratio,
    /// Units of the scenario's currency.
    Money,
}

macro_rules! figures {
    ($($(#[$doc:meta])* $name:ident = $column:literal, $kind:ident;)*) => {
        /// One figure of a cell. Order and names are those of the columns of `summary.csv`: append
        /// only, tools read them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Figure { $($(#[$doc])* $name,)* }

        impl Figure {
            /// Every figure, in the order of the columns.
            pub const ALL: [Self; [$(Self::$name),*].len()] = [$(Self::$name),*];

            /// Column name, with the unit.
            pub const fn column(self) -> &'static str {
                match self { $(Self::$name => $column,)* }
            }

            /// What it counts.
            pub const fn kind(self) -> Kind {
                match self { $(Self::$name => Kind::$kind,)* }
            }
        }
    };
}

figures! {
    /// Counted requests (rule 7): those that arrived in [warm-up, end).
    Arrived = "arrived", Count;
    /// Completed.
    Completed = "completed", Count;
    /// Gave up waiting.
    TimedOut = "timed_out", Count;
    /// Refused at arrival.
    Rejected = "rejected", Count;
    /// Killed with their replica.
    Lost = "lost", Count;
    /// Unresolved when the run ended.
    Unfinished = "unfinished", Count;
    /// Share of counted requests that did not complete.
    FailedShare = "failed_share", Share;
    /// Mean response time of completed requests.
    LatencyMean = "latency_mean_ms", Milliseconds;
    /// Median response time.
    LatencyP50 = "latency_p50_ms", Milliseconds;
    /// 90th percentile of response times.
    LatencyP90 = "latency_p90_ms", Milliseconds;
    /// 95th percentile of response times.
    LatencyP95 = "latency_p95_ms", Milliseconds;
    /// 99th percentile of response times.
    LatencyP99 = "latency_p99_ms", Milliseconds;
    /// 99.9th percentile of response times.
    LatencyP999 = "latency_p99_9_ms", Milliseconds;
    /// Longest response time.
    LatencyMax = "latency_max_ms", Milliseconds;
    /// The SLO's quantile (99 % without an SLO) of all counted requests, failures infinitely
    /// late; none if that is infinite.
    SloLatency = "slo_latency_ms", Milliseconds;
    /// Mean wait of completed requests, zero waits included.
    WaitMean = "wait_mean_ms", Milliseconds;
    /// Median wait.
    WaitP50 = "wait_p50_ms", Milliseconds;
    /// 95th percentile of waits.
    WaitP95 = "wait_p95_ms", Milliseconds;
    /// 99th percentile of waits.
    WaitP99 = "wait_p99_ms", Milliseconds;
    /// Share of completed requests that waited at all.
    WaitedShare = "waited_share", Share;
    /// Share of counted requests completed in time by the SLO: by its highest percentile, of several.
    SloRequests = "slo_requests_share", Share;
    /// Share of minutes (of arrival, with traffic) in which the SLO on latency held.
    SloMinutes = "slo_minutes_share", Share;
    /// Billed (rule 9).
    BilledHours = "billed_replica_hours", Hours;
    /// Ready, draining excluded.
    ReadyHours = "ready_replica_hours", Hours;
    /// Ordered and not ready yet.
    StartingHours = "starting_replica_hours", Hours;
    /// Capacity of ready replicas not in use: (slots - busy slots) / concurrency.
    IdleHours = "idle_replica_hours", Hours;
    /// Draining.
    DrainingHours = "draining_replica_hours", Hours;
    /// Busy slots / slots of ready replicas, over the whole window.
    Utilization = "utilization_share", Share;
    /// Money for the billed replica-hours.
    Cost = "cost", Money;
    /// Replicas launched.
    ColdStarts = "cold_starts", Count;
    /// Of those, cancelled before they were ready.
    CancelledStarts = "cancelled_starts", Count;
    /// Orders the quota refused.
    RefusedStarts = "refused_starts", Count;
    /// Share of counted requests that waited for a replica to start, or whose own law holds its cold start.
    ColdShare = "cold_requests_share", Share;
    /// Changes of the fleet that decisions ordered.
    Actions = "actions", Count;
    /// Of those, additions.
    ScaleOuts = "scale_outs", Count;
    /// Of those, removals.
    ScaleIns = "scale_ins", Count;
    /// Actions opposite in direction to the one before.
    Reversals = "reversals", Count;
    /// Most live replicas at once.
    PeakReplicas = "peak_replicas", Count;
    /// Time at the maximum in force with more wanted.
    MinutesAtCap = "minutes_at_cap", Minutes;
    /// Little's law: how far the time integral of requests present (and of requests waiting, unless some
    /// were left unfinished) lies from the sum of their stays, relative to the larger. Anything but 0 is
    /// a fault of the simulator.
    LittlesLawResidual = "littles_law_residual_share", Share;
    /// Ready replicas missing relative to need, mean over time (Herbst et al. 2016). Need is the least
    /// number at which the requests of each ten seconds would keep the SLO on latency.
    ThetaUnder = "theta_under_percent", Percent;
    /// Ready replicas beyond need relative to it, mean over time.
    ThetaOver = "theta_over_percent", Percent;
    /// Share of time with fewer than needed.
    TauUnder = "tau_under_percent", Percent;
    /// Share of time with more than needed.
    TauOver = "tau_over_percent", Percent;
    /// Share of ten-second steps in which ready replicas and need moved in different directions.
    Instability = "instability_percent", Percent;
    /// Mean number of ready replicas missing.
    MissingReplicas = "missing_replicas_mean", Replicas;
    /// Mean number of ready replicas beyond need.
    ExcessReplicas = "excess_replicas_mean", Replicas;
    /// How often the number of ready replicas changed.
    ReadyChanges = "ready_changes", Count;
    /// Missing relative to max(need, 1), mean over time (Ilyushkin et al. 2018).
    IlyushkinUnder = "ilyushkin_under_percent", Percent;
    /// Beyond need relative to max(ready, 1), mean over time.
    IlyushkinOver = "ilyushkin_over_percent", Percent;
    /// Share of ten-second steps in which ready replicas trend above need.
    IlyushkinAbove = "ilyushkin_above_percent", Percent;
    /// Share of ten-second steps in which they trend below.
    IlyushkinBelow = "ilyushkin_below_percent", Percent;
    /// Counted requests that completed, per second of [warm-up, end).
    Goodput = "goodput_per_s", Ratio;
    /// Attempts per counted request: how much clients that try again amplify the load. 1 without retries.
    Amplification = "attempts_per_request", Ratio;
    /// Share of the time in service that was for nothing: of attempts lost, put back, cancelled, or done
    /// after their client had given up.
    WastedWork = "wasted_work_share", Share;
    /// The same in hours of one slot.
    WastedHours = "wasted_slot_hours", Hours;
    /// Users in closed loops who think, mean over time.
    ThinkingUsers = "thinking_users_mean", Replicas;
    /// Users in closed loops who wait for what becomes of a request, mean over time.
    WaitingUsers = "waiting_users_mean", Replicas;
    /// Ready replicas that failed by themselves or in an outage.
    Failures = "replica_failures", Count;
    /// Time at the minimum in force with less wanted.
    MinutesAtMinimum = "minutes_at_minimum", Minutes;
    /// The largest count a policy's formula wanted, before any guard.
    WantedPeak = "wanted_replicas_peak", Count;
    /// What was wanted beyond the maximum in force, over the time at it.
    UnmetAtCap = "unmet_at_cap_replica_hours", Hours;
    /// Starting, ready and draining replicas together, mean over the window: the instances of a function.
    MeanReplicas = "replicas_mean", Replicas;
    /// Changes of the fleet that decisions ordered, per hour.
    ActionsPerHour = "actions_per_hour", Ratio;
    /// Changes of ready replicas less changes of need, per hour (Herbst et al.).
    Jitter = "jitter_per_hour", Ratio;
    /// Euclidean norm (Minkowski's with exponent 2; papers differ) of theta, tau and instability, all in percent.
    Deviation = "autoscaling_deviation_percent", Percent;
    /// How many times smaller theta and tau are than with the first `fixed` policy of the scenario: the geometric
    /// mean of four ratios.
    ElasticSpeedup = "elastic_speedup", Ratio;
    /// Time integral of the distance between ready replicas and need.
    AbsoluteError = "absolute_error_replica_hours", Hours;
    /// Most ready replicas beyond need after its largest rise, relative to it.
    Overshoot = "overshoot_percent", Percent;
    /// From the largest rise of need until ready replicas stayed within one of it; none if they did not.
    Settling = "settling_minutes", Minutes;
    /// Share of requests not in time by the SLO, over the share that may be: 1 spends the budget of errors exactly.
    BudgetBurn = "error_budget_burn", Ratio;
    /// The same in the worst hour.
    BudgetBurnPeak = "error_budget_burn_hour_peak", Ratio;
    /// Time at which an alert on a burn of 14.4 over an hour and over five minutes would have been on.
    BurnHour = "burn_alert_1h_minutes", Minutes;
    /// Of 6, over six hours and over thirty minutes.
    BurnSixHours = "burn_alert_6h_minutes", Minutes;
    /// Of 1, over three days and over six hours.
    BurnThreeDays = "burn_alert_3d_minutes", Minutes;
    /// Requests within the limit of the SLO, and half of those within four times that, as a share of all.
    Apdex = "apdex_share", Share;
    /// Idle capacity of ready replicas as a share of all replica time, from order to end.
    WastedCapacity = "wasted_capacity_share", Share;
    /// Of the cost, for replicas that start; nothing where they are billed from ready.
    CostStarting = "cost_starting", Money;
    /// For busy slots of ready replicas.
    CostBusy = "cost_busy", Money;
    /// For idle ones.
    CostIdle = "cost_idle", Money;
    /// For replicas that drain.
    CostDraining = "cost_draining", Money;
    /// For increments and minimums of the billing: the rest.
    CostRounding = "cost_rounding", Money;
    /// Cost of a thousand requests that completed.
    CostPerThousand = "cost_per_1000_completed", Money;
    /// Billed replica-hours over those of as many replicas all the time as were ever needed.
    HoursVsPeakStatic = "hours_vs_peak_static", Ratio;
    /// Billed replica-hours over those of the first policy of the scenario that knows the future.
    HoursVsClairvoyant = "hours_vs_clairvoyant", Ratio;
    /// Cost over the work bound, below which nothing keeps the SLO.
    CostVsWorkBound = "cost_vs_work_bound", Ratio;
}

/// What a row needs beside the outcome.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Facts {
    /// Slots of a replica.
    pub concurrency: u32,
    /// Price of a replica for an hour.
    pub price: Price,
    /// The SLO on latency.
    pub slo: Option<Slo>,
    /// Replicas are billed from ready, not from their order.
    pub billed_from_ready: bool,
}

impl Facts {
    /// Of a service in the cells of a policy.
    pub(super) fn of(scenario: &Scenario, policy: usize, service: usize) -> Self {
        let fleet = &scenario.deployment(policy, service).fleet;
        Self {
            concurrency: fleet.concurrency,
            price: scenario.price,
            slo: scenario.slo.tail().filter(|_| service == 0),
            billed_from_ready: fleet.billing.from_ready,
        }
    }
}

/// The figures of one service in one cell; `None` where there is nothing to measure.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    values: [Option<f64>; Figure::ALL.len()],
    /// Counted requests that took no longer than each limit that was asked about.
    within: Vec<(Span, u64)>,
}

impl Row {
    fn empty() -> Self {
        Self { values: [None; Figure::ALL.len()], within: Vec::new() }
    }

    /// From figures that were kept.
    pub(super) fn of_figures(
        value: impl Fn(Figure) -> Option<f64>,
        within: impl Iterator<Item = (Span, u64)>,
    ) -> Self {
        let mut row = Self { within: within.collect(), ..Self::empty() };
        Figure::ALL.iter().for_each(|figure| row.set(*figure, value(*figure)));
        row
    }

    /// The limits that were asked about, and how many counted requests took no longer.
    pub(super) fn limits(&self) -> &[(Span, u64)] {
        &self.within
    }

    /// How many counted requests took no longer than a limit; `None` if it was not asked about.
    pub fn within(&self, longest: Span) -> Option<u64> {
        self.within.iter().find(|(limit, _)| *limit == longest).map(|(_, within)| *within)
    }

    /// Counted requests.
    pub fn arrived(&self) -> u64 {
        self.get(Figure::Arrived).map_or(0, |count| count as u64)
    }

    /// One figure.
    pub fn get(&self, figure: Figure) -> Option<f64> {
        self.values[figure as usize]
    }

    /// All figures of one service's outcome.
    pub fn of(outcome: &ServiceOutcome, facts: &Facts) -> Self {
        let mut row = Self { within: outcome.within.clone(), ..Self::empty() };
        row.requests(&outcome.counts, &outcome.latency, facts);
        if let Some(slo) = facts.slo {
            row.set(Figure::SloMinutes, minutes_kept(&outcome.slo_minutes, slo));
        }
        row.latencies(&outcome.latency);
        row.replicas(&outcome.fleet, facts);
        row.actions(&outcome.fleet);
        row.work(outcome);
        row.set(Figure::LittlesLawResidual, Some(littles_law_residual(outcome)));
        row.standards(outcome, facts);
        row
    }

    /// A figure that means nothing here.
    pub(super) fn leave_out(&mut self, figure: Figure) {
        self.set(figure, None);
    }

    /// The figures of the requests of one class; there are no others.
    pub fn of_class(totals: &ClassTotals, facts: &Facts) -> Self {
        let mut row = Self::empty();
        row.requests(&totals.counts, &totals.latency, facts);
        row.latencies(&totals.latency);
        row.set(Figure::ColdShare, None);
        row
    }

    /// Adds the elasticity metrics of the need and the ready replicas.
    pub(super) fn add_elasticity(&mut self, track: &Track) {
        let (Some(e), Some(i)) = (Elasticity::of(track), Ilyushkin::of(track)) else { return };
        for (figure, value) in [
            (Figure::ThetaUnder, e.theta_under),
            (Figure::ThetaOver, e.theta_over),
            (Figure::TauUnder, e.tau_under),
            (Figure::TauOver, e.tau_over),
            (Figure::Instability, e.instability),
            (Figure::MissingReplicas, e.mean_missing),
            (Figure::ExcessReplicas, e.mean_excess),
            (Figure::IlyushkinUnder, i.accuracy_under),
            (Figure::IlyushkinOver, i.accuracy_over),
            (Figure::IlyushkinAbove, i.above),
            (Figure::IlyushkinBelow, i.below),
        ] {
            self.set(figure, Some(value));
        }
        self.count(Figure::ReadyChanges, e.adjustments);
        self.standards_of_need(track, &e);
    }

    pub(super) fn set(&mut self, figure: Figure, value: Option<f64>) {
        self.values[figure as usize] = value.filter(|value| value.is_finite());
    }

    fn count(&mut self, figure: Figure, value: u64) {
        self.set(figure, Some(value as f64));
    }

    fn requests(&mut self, counts: &Counts, latency: &LatencyTotals, facts: &Facts) {
        self.count(Figure::Arrived, counts.arrived);
        self.count(Figure::Completed, counts.completed);
        self.count(Figure::TimedOut, counts.timed_out);
        self.count(Figure::Rejected, counts.rejected);
        self.count(Figure::Lost, counts.lost);
        self.count(Figure::Unfinished, counts.unfinished);
        let failed = counts.arrived.saturating_sub(counts.completed);
        self.set(Figure::FailedShare, share(failed, counts.arrived));
        self.set(Figure::ColdShare, share(counts.served_cold, counts.arrived));
        self.set(Figure::WaitedShare, share(latency.waited, counts.completed));
        if facts.slo.is_some() {
            self.set(Figure::SloRequests, share(counts.within_slo, counts.arrived));
        }
        self.set(Figure::SloLatency, ms(slo_latency(counts, latency, facts.slo)));
    }

    fn work(&mut self, outcome: &ServiceOutcome) {
        let (counts, fleet) = (&outcome.counts, &outcome.fleet);
        let per = |part: u64, whole: f64| (whole > 0.0).then(|| part as f64 / whole);
        self.set(Figure::Goodput, per(counts.completed, fleet.window_ns as f64 / 1e9));
        let attempts = counts.arrived + counts.retries;
        self.set(Figure::Amplification, per(attempts, counts.arrived as f64));
        let (wasted, served) = (outcome.presence.wasted_ns as f64, fleet.in_flight_ns as f64);
        self.set(Figure::WastedWork, (served > 0.0).then(|| wasted / served));
        self.set(Figure::WastedHours, hours(wasted));
        let mean = |ns: u128| ns as f64 / fleet.window_ns as f64;
        self.set(Figure::ThinkingUsers, outcome.users.map(|users| mean(users.thinking_ns)));
        self.set(Figure::WaitingUsers, outcome.users.map(|users| mean(users.waiting_ns)));
    }

    fn latencies(&mut self, totals: &LatencyTotals) {
        let (latency, wait) = (&totals.latency, &totals.wait);
        let any = latency.count() > 0;
        self.set(Figure::LatencyMean, mean_ms(totals.latency_sum_ns, latency.count()));
        for (figure, q) in [
            (Figure::LatencyP50, 0.5),
            (Figure::LatencyP90, 0.9),
            (Figure::LatencyP95, 0.95),
            (Figure::LatencyP99, 0.99),
            (Figure::LatencyP999, 0.999),
        ] {
            self.set(figure, ms(totals.latency_quantile(q)));
        }
        self.set(Figure::LatencyMax, ms(any.then_some(totals.latency_max)));
        self.set(Figure::WaitMean, mean_ms(totals.wait_sum_ns, wait.count()));
        for (figure, q) in
            [(Figure::WaitP50, 0.5), (Figure::WaitP95, 0.95), (Figure::WaitP99, 0.99)]
        {
            self.set(figure, ms(totals.wait_quantile(q)));
        }
    }

    fn replicas(&mut self, fleet: &FleetTotals, facts: &Facts) {
        let busy = fleet.busy_ns as f64 / f64::from(facts.concurrency.max(1));
        let ready = fleet.ready_ns as f64;
        self.set(Figure::BilledHours, hours(fleet.billed_ns as f64));
        self.set(Figure::ReadyHours, hours(ready));
        self.set(Figure::StartingHours, hours(fleet.starting_ns as f64));
        self.set(Figure::IdleHours, hours(fleet.idle_ns as f64));
        self.set(Figure::DrainingHours, hours(fleet.draining_ns as f64));
        let (allocated, window) = (fleet.allocated_ns as f64, fleet.window_ns as f64);
        self.set(Figure::MeanReplicas, (window > 0.0).then(|| allocated / window));
        self.set(Figure::Utilization, (ready > 0.0).then(|| busy / ready));
        let cost = facts.price.for_replica_ns(fleet.billed_ns);
        self.set(Figure::Cost, Some(cost.as_units_f64()));
    }

    fn actions(&mut self, fleet: &FleetTotals) {
        self.count(Figure::ColdStarts, fleet.launches);
        self.count(Figure::CancelledStarts, fleet.cancelled);
        self.count(Figure::RefusedStarts, fleet.refused);
        self.count(Figure::Actions, fleet.scale_outs + fleet.scale_ins);
        self.count(Figure::ScaleOuts, fleet.scale_outs);
        self.count(Figure::ScaleIns, fleet.scale_ins);
        self.count(Figure::Reversals, fleet.reversals);
        self.count(Figure::PeakReplicas, u64::from(fleet.peak_live));
        self.count(Figure::Failures, fleet.failures);
        let bounds = &fleet.bounds;
        self.set(Figure::MinutesAtCap, Some(bounds.at_maximum_ns as f64 / 60e9));
        self.set(Figure::MinutesAtMinimum, Some(bounds.at_minimum_ns as f64 / 60e9));
        self.count(Figure::WantedPeak, u64::from(bounds.wanted_peak));
        self.set(Figure::UnmetAtCap, hours(bounds.unmet_ns as f64));
    }
}

/// The percentile of the SLO (99 % without one) of all counted requests; `None` if it is infinite.
fn slo_latency(counts: &Counts, totals: &LatencyTotals, slo: Option<Slo>) -> Option<Span> {
    let rank = needed(slo.map_or(0.99, |slo| slo.quantile), counts.arrived).max(1);
    let known = totals.latency.ranked(rank).filter(|_| rank <= counts.completed)?;
    let known = known.min(totals.latency_max);
    // The histogram knows it to within a bucket; on which side of the limit it lies is counted.
    Some(slo.map_or(known, |slo| match counts.within_slo >= rank {
        true => known.min(slo.longest()),
        false => known.max(slo.longest() + Span(1)),
    }))
}

/// The larger of the two residuals.
fn littles_law_residual(outcome: &ServiceOutcome) -> f64 {
    let (fleet, told) = (&outcome.fleet, &outcome.presence);
    let residual = |integral: u128, sum: u128| {
        integral.abs_diff(sum) as f64 / integral.max(sum).max(1) as f64 //
    };
    let system = residual(fleet.queued_ns + fleet.in_flight_ns, told.system_ns);
    told.queued_ns.map_or(system, |sum| system.max(residual(fleet.queued_ns, sum)))
}

fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

fn ms(span: Option<Span>) -> Option<f64> {
    span.map(Span::as_millis_f64)
}

fn mean_ms(sum_ns: u128, count: u64) -> Option<f64> {
    (count > 0).then(|| sum_ns as f64 / count as f64 / 1e6)
}

fn hours(replica_ns: f64) -> Option<f64> {
    Some(replica_ns / 3.6e12)
}

/// Share of the minutes with traffic in which every SLO was kept.
fn minutes_kept(minutes: &[SloMinute], slo: Slo) -> Option<f64> {
    let kept = |minute: &&SloMinute| {
        !minute.also_broken && slo.is_kept(minute.within.into(), minute.arrived.into())
    };
    let with_traffic = || minutes.iter().filter(|minute| minute.arrived > 0);
    share(with_traffic().filter(kept).count() as u64, with_traffic().count() as u64)
}

#[cfg(test)]
pub(crate) mod tests;
