//! What can be seen of a service at the instant reached.

use super::{Backend, Census, Snapshot};
use crate::fleet::dispatch::Directly;
use crate::fleet::{ReplicaId, Start, State};
use crate::signal::{Direct, DirectLoad, Life, Passed, Probe, ReplicaLoad, Shown, Wants};
use crate::simulation::meter::Audience;
use crate::units::Time;

impl<const OBSERVED: bool> Backend<'_, OBSERVED> {
    pub(in crate::simulation) fn census(&self) -> Census {
        let census = self.fleet.census();
        Census { starting: census.starting, ready: census.ready, draining: census.draining }
    }

    /// Everything time averages are made of.
    pub(in crate::simulation) fn snapshot(&mut self, now: Time) -> Snapshot {
        Snapshot {
            at: now,
            gauges: self.plane.gauges(now, &mut self.told),
            integrals: self.fleet.integrals(now),
            arrivals: self.taken(),
            audience: self.audience(now),
            counters: self.told.recorder.counters(),
            seen: self.told.recorder.seen(),
            failures: self.fleet.failures(),
        }
    }

    fn audience(&mut self, now: Time) -> Audience {
        let users = self.plane.users(now);
        let Some(attempts) = &self.told.recorder.attempts else { return Audience::default() };
        Audience {
            users,
            retries: attempts.retries,
            unheard: attempts.unheard,
            wasted_ns: attempts.wasted_ns,
        }
    }

    /// What `read` sees of this service now, with the replicas that are to be shown.
    pub(in crate::simulation) fn with_probe<T>(
        &mut self,
        now: Time,
        shown: Shown,
        read: impl FnOnce(&Probe<'_>) -> T,
    ) -> T {
        let seen = self.snapshot(now);
        self.look_at_replicas(now, shown);
        self.look_past_the_proxy(now);
        let (computing_ns, computing) = self.computing(now, &seen.gauges);
        let recorder = &self.told.recorder;
        let (retries, last_retry) = recorder
            .attempts
            .as_ref()
            .map_or((0, Time::ZERO), |attempts| (attempts.retries, attempts.last_retry));
        read(&Probe {
            at: now,
            arrivals: seen.arrivals + retries,
            completions: seen.seen.completions,
            rejections: seen.seen.rejections,
            timeouts: seen.seen.timeouts,
            lost: seen.seen.lost,
            latency_sum_ns: seen.seen.latency_sum_ns,
            latency: recorder.signal_latency(),
            busy_ns: seen.gauges.busy_ns,
            computing_ns,
            in_flight_ns: seen.gauges.in_flight_ns,
            queued_ns: seen.gauges.queued_ns,
            ready_ns: seen.integrals.ready_ns,
            starting_ns: seen.integrals.starting_ns,
            busy: seen.gauges.busy,
            computing,
            in_flight: seen.gauges.in_flight,
            queued: seen.gauges.queued,
            census: self.census(),
            last_arrival: self.last_arrival().max(last_retry),
            replicas: (self.wants > Wants::Totals).then_some(&self.replicas),
            starting: (self.wants == Wants::Work).then_some(&self.starting),
            direct: (self.fleet.spec().proxy.is_some())
                .then_some(Direct { all: self.direct, replicas: &self.direct_of }),
        })
    }

    fn look_at_replicas(&mut self, now: Time, shown: Shown) {
        self.replicas.clear();
        self.starting.clear();
        if self.wants == Wants::Totals || shown == Shown::Nobody {
            return;
        }
        for id in self.fleet.ready_among(|number| shown.has(number)) {
            let State::Ready { since } = self.fleet.state(id) else { continue };
            let ongoing = self.plane.load(now, id).try_into().unwrap_or(u32::MAX);
            let computing_ns = match self.wants {
                Wants::Work => self.computing_of(id).integral_ns(self.plane.work_ns(now, id)),
                Wants::Totals | Wants::Replicas => 0,
            };
            let life = self.life(id);
            self.replicas.push(ReplicaLoad { life, ready_since: since, ongoing, computing_ns });
        }
        if self.wants == Wants::Work {
            let starting = self.fleet.starting().into_iter().map(|id| self.life(id));
            self.starting = starting.filter(|life| shown.has(life.number)).collect();
        }
    }

    /// What came to replicas directly, if there is more of it than at the last look.
    fn look_past_the_proxy(&mut self, now: Time) {
        let passed = |id: Option<ReplicaId>| {
            let Directly { arrivals, present_ns } = self.plane.direct(now, id);
            Passed { arrivals, present_ns }
        };
        let all = passed(None);
        if all == self.direct {
            return;
        }
        let each = self.fleet.ready().into_iter().filter_map(|id| {
            let State::Ready { since } = self.fleet.state(id) else { return None };
            let number = self.fleet.ordinal(id);
            Some(DirectLoad { number, ready_since: since, passed: passed(Some(id)) })
        });
        self.direct_of = each.collect();
        self.direct = all;
    }

    fn life(&self, id: ReplicaId) -> Life {
        let Start { placed_at, runs_from } = self.fleet.start(id);
        Life { number: self.fleet.ordinal(id), placed_at, runs_from }
    }

    /// Launch ordinals of the ready replicas, ascending.
    pub(in crate::simulation) fn ready_numbers(&self) -> Vec<u64> {
        self.fleet.ready().into_iter().map(|id| self.fleet.ordinal(id)).collect()
    }

    /// Requests waiting at the instant reached.
    pub(in crate::simulation) fn waiting(&mut self, now: Time) -> u64 {
        self.plane.gauges(now, &mut self.told).queued
    }

    /// Requests taken from outside and sent by users so far.
    pub(in crate::simulation) fn taken(&self) -> u64 {
        self.incoming.taken + self.plane.sent().0
    }

    /// When the last of them arrived.
    pub(in crate::simulation) fn last_arrival(&self) -> Time {
        self.incoming.last_arrival().max(self.plane.sent().1)
    }
}
