//! What is measured of a service: time averages over the window and over the intervals of its timeline.

use super::backend::Backend;
use super::controller::{Actions, Controller};
use super::outcome::{ClientInterval, FleetTotals, Interval, UserTotals};
use super::recorder::Counters;
use crate::fleet::dispatch::{Gauges, UserGauges};
use crate::fleet::{FleetIntegrals, FleetLedger, FleetSpec};
use crate::marks;
use crate::units::{Span, Time};

/// What a service looks like at an instant: everything time averages are made of.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Snapshot {
    pub(super) at: Time,
    pub(super) gauges: Gauges,
    pub(super) integrals: FleetIntegrals,
    pub(super) arrivals: u64,
    pub(super) counters: Counters,
    /// The same, attempt by attempt.
    pub(super) seen: Counters,
    pub(super) audience: Audience,
    /// Ready replicas that failed.
    pub(super) failures: u64,
}

/// What clients and users in closed loops have come to, cumulative since the start.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Audience {
    pub(super) users: UserGauges,
    pub(super) retries: u64,
    pub(super) unheard: u64,
    pub(super) wasted_ns: u128,
}

/// Looks at a service when the window opens and closes and when an interval ends.
#[derive(Default)]
pub(super) struct Meter {
    opened: Snapshot,
    closed: Snapshot,
    interval_began: Snapshot,
    timeline: Vec<Interval>,
}

impl Meter {
    /// Warm-up is over.
    pub(super) fn open(&mut self, seen: Snapshot) {
        self.opened = seen;
    }

    /// Arrivals stop.
    pub(super) fn close(&mut self, seen: Snapshot) {
        self.closed = seen;
    }

    /// A timeline interval ends; a replica has so many `slots`.
    pub(super) fn end_interval<const OBSERVED: bool>(
        &mut self,
        now: Time,
        backend: &mut Backend<'_, OBSERVED>,
        controller: &Controller,
        slots: u32,
    ) {
        let (began, ended) = (self.interval_began, backend.snapshot(now));
        let length = now.since(began.at);
        if length.is_zero() {
            return;
        }
        let mean = |before: u128, after: u128| (after - before) as f64 / length.0 as f64;
        let mean_ready = mean(began.integrals.ready_ns, ended.integrals.ready_ns);
        let slots = mean_ready * f64::from(slots.max(1));
        let busy = mean(began.gauges.busy_ns, ended.gauges.busy_ns);
        self.timeline.push(Interval {
            at: began.at,
            length,
            arrivals: ended.arrivals - began.arrivals,
            rejections: ended.counters.rejections - began.counters.rejections,
            completions: ended.counters.completions - began.counters.completions,
            losses: ended.counters.lost - began.counters.lost,
            failures: ended.failures - began.failures,
            timeouts: ended.counters.timeouts - began.counters.timeouts,
            percentiles: backend.told.recorder.end_interval(),
            desired: backend.desired,
            uncapped: controller.uncapped,
            mean_ready,
            mean_starting: mean(began.integrals.starting_ns, ended.integrals.starting_ns),
            mean_draining: mean(began.integrals.draining_ns, ended.integrals.draining_ns),
            mean_queued: mean(began.gauges.queued_ns, ended.gauges.queued_ns),
            mean_in_flight: mean(began.gauges.in_flight_ns, ended.gauges.in_flight_ns),
            utilization: (slots > 0.0).then(|| busy / slots),
            signal: controller.signal,
            clients: ended.audience.since(&began.audience, length, backend.fleet.spec()),
        });
        self.interval_began = ended;
    }

    /// The intervals so far.
    pub(super) fn take_timeline(&mut self) -> Vec<Interval> {
        std::mem::take(&mut self.timeline)
    }

    /// Replica time over the window, and what was done to the fleet.
    pub(super) fn fleet_totals(
        &self,
        spec: &FleetSpec,
        ledger: FleetLedger,
        actions: &Actions,
    ) -> FleetTotals {
        // A run that was to stop earlier has not come to the end of what is measured.
        let stopped = self.closed.at < self.opened.at;
        if stopped {
            marks::hit("stopped before the window closes", "");
        }
        let (from, to) = (&self.opened, if stopped { &self.opened } else { &self.closed });
        let busy_ns = to.gauges.busy_ns - from.gauges.busy_ns;
        let ready_ns = to.integrals.ready_ns - from.integrals.ready_ns;
        let slots = u128::from(spec.concurrency.max(1));
        FleetTotals {
            window_ns: to.at.since(from.at).0,
            billed_ns: ledger.billed_ns,
            allocated_ns: ledger.allocated_ns,
            ready_ns,
            starting_ns: to.integrals.starting_ns - from.integrals.starting_ns,
            draining_ns: to.integrals.draining_ns - from.integrals.draining_ns,
            busy_ns,
            in_flight_ns: to.gauges.in_flight_ns - from.gauges.in_flight_ns,
            queued_ns: to.gauges.queued_ns - from.gauges.queued_ns,
            idle_ns: (ready_ns * slots).saturating_sub(busy_ns) / slots,
            launches: ledger.launches,
            cancelled: ledger.cancelled,
            refused: ledger.refused,
            scale_outs: actions.scale_outs,
            scale_ins: actions.scale_ins,
            reversals: actions.reversals,
            removed: ledger.removed,
            removed_life_ns: ledger.removed_life_ns,
            peak_live: ledger.peak_live,
            bounds: actions.bounds,
            failures: to.failures - from.failures,
        }
    }

    /// What users in closed loops did within the window.
    pub(super) fn user_totals(&self, spec: &FleetSpec) -> Option<UserTotals> {
        let (from, to) = (self.opened.audience.users, self.closed.audience.users);
        (!spec.loops.is_empty()).then(|| UserTotals {
            thinking_ns: to.thinking_ns - from.thinking_ns,
            waiting_ns: to.waiting_ns - from.waiting_ns,
        })
    }
}

impl Audience {
    /// What they did since `began`, an interval of that length ago.
    fn since(&self, began: &Self, length: Span, spec: &FleetSpec) -> Option<ClientInterval> {
        let thinking_ns = self.users.thinking_ns - began.users.thinking_ns;
        spec.has_clients().then(|| ClientInterval {
            retries: self.retries - began.retries,
            unheard: self.unheard - began.unheard,
            wasted_ns: self.wasted_ns - began.wasted_ns,
            mean_thinking: (!spec.loops.is_empty()).then(|| thinking_ns as f64 / length.0 as f64),
        })
    }
}
