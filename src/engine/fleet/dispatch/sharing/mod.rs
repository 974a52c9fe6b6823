//! Processor sharing: the requests present at a replica share its capacity, without a list of events.
//!
//! A request chooses a replica when it arrives, as on the lazy plane. Up to `concurrency` requests of a
//! replica run at full speed; beyond that all of them run slower alike; where there is a limit, those
//! beyond it wait there in order (`sharer.rs`). When a request will be done depends on who comes later,
//! so a replica makes up for the past when it is looked at: by a request that may choose it, and by
//! gauges. The future of a replica that leaves is certain at once, since nobody comes any more.

mod sharer;

use super::super::{AtZero, Discipline, Fleet, FleetSpec, ReplicaId};
use super::lazy::leaving::Leaving;
use super::lazy::line::Prospect;
use super::lazy::routing::{LEAST_OUTSTANDING, POWER_OF_TWO, RANDOM, ROUND_ROBIN, Router};
use super::lazy::{Homeless, Request};
use super::{Completion, Gauges, Requests, Sink, Stop};
use crate::random::{Purpose, Sampler, Streams};
use crate::units::Time;
use sharer::{Arrived, Ledger, NONE, Pace, Sharer, Told};
use std::collections::VecDeque;

/// What was found out while nobody listened.
#[derive(Debug, Clone, Copy)]
enum Late {
    Completed(Completion),
    TimedOut(Time, Time),
}

/// Keeps it.
impl Sink for Vec<Late> {
    fn completed(&mut self, completion: &Completion) {
        self.push(Late::Completed(*completion));
    }
    fn timed_out(&mut self, arrival: Time, at: Time) {
        self.push(Late::TimedOut(arrival, at));
    }
}

/// See the module's description.
#[derive(Debug, Clone)]
pub struct SharingPlane {
    router: Router,
    /// Ready replicas in launch order.
    sharers: Vec<Sharer>,
    pace: Pace,
    ledger: Ledger,
    gateway: VecDeque<Homeless>,
    leaving: Leaving,
    late: Vec<Late>,
    /// The most requests beyond those that could run at full speed.
    waiting_limit: u64,
    /// Patience; `NONE` = endless.
    timeout: u64,
    refuse_at_zero: bool,
    cold_demand: Option<(Sampler, Streams)>,
    initial: u64,
}

/// The parts that a look at a replica needs, each borrowed by itself.
macro_rules! told {
    ($plane:ident, $sink:expr) => {
        Told {
            pace: &$plane.pace,
            ledger: &mut $plane.ledger,
            sink: $sink,
            timeout: $plane.timeout,
        }
    };
}

impl SharingPlane {
    /// Empty, without replicas. The queue has no capacity, and patience is constant if there is any.
    pub fn new(spec: &FleetSpec, streams: Streams, waiting_limit: u64) -> Self {
        let limit = match spec.discipline {
            Discipline::Sharing { limit } => limit,
            Discipline::Slots => Some(spec.concurrency),
        };
        let timeout = spec.queue.timeout.as_ref();
        Self {
            router: Router::new(&spec.balancing),
            sharers: Vec::new(),
            pace: Pace::new(spec.concurrency, limit),
            ledger: Ledger::default(),
            gateway: VecDeque::new(),
            leaving: Leaving::default(),
            late: Vec::new(),
            waiting_limit,
            timeout: timeout
                .map_or(NONE, |law| law.draw(&mut streams.sequential(Purpose::Patience, 0)).0),
            refuse_at_zero: spec.queue.at_zero == AtZero::Reject,
            cold_demand: spec.cold_demand.clone().map(|law| (law, streams)),
            initial: u64::from(spec.initial),
        }
    }

    pub(super) fn uses_routing(&self) -> bool {
        self.router.rule != ROUND_ROBIN
    }

    pub(super) fn arrive(
        &mut self,
        requests: Requests<'_>,
        barrier: Time,
        fleet: &Fleet,
        sink: &mut impl Sink,
    ) -> Stop {
        if fleet.census().live() == 0 {
            return self.arrive_at_zero(requests, sink);
        }
        if self.sharers.is_empty() {
            for taken in 0..requests.arrival_ns.len() {
                self.wait_for_any(requests, taken);
                if self.ledger.queued > self.waiting_limit {
                    return Stop::TooMany(taken + 1);
                }
            }
            self.settle(barrier, sink);
            return Stop::Taken;
        }
        match self.router.rule {
            ROUND_ROBIN => self.take::<ROUND_ROBIN, _>(requests, sink),
            LEAST_OUTSTANDING => self.take::<LEAST_OUTSTANDING, _>(requests, sink),
            POWER_OF_TWO => self.take::<POWER_OF_TWO, _>(requests, sink),
            _ => self.take::<RANDOM, _>(requests, sink),
        }
    }

    /// With no live replica an arrival may wake the policy, so nothing is certain beyond it.
    fn arrive_at_zero(&mut self, requests: Requests<'_>, sink: &mut impl Sink) -> Stop {
        let Some(&arrival) = requests.arrival_ns.first() else { return Stop::Taken };
        if self.refuse_at_zero {
            sink.rejected(Time(arrival));
            return Stop::Starved(1);
        }
        self.expire(Time(arrival), sink);
        self.wait_for_any(requests, 0);
        if self.ledger.queued > self.waiting_limit { Stop::TooMany(1) } else { Stop::Starved(1) }
    }

    fn wait_for_any(&mut self, requests: Requests<'_>, at: usize) {
        let arrival = requests.arrival_ns[at];
        let routing = requests.routing.get(at).copied().unwrap_or(0);
        self.gateway.push_back(Homeless { arrival, demand: requests.demand_ns[at], routing });
        self.ledger.enqueue(arrival);
    }

    /// The hot loop.
    fn take<const RULE: u8, S: Sink>(&mut self, requests: Requests<'_>, sink: &mut S) -> Stop {
        let draws = requests.routing.iter().copied().chain(std::iter::repeat(0));
        let each = requests.arrival_ns.iter().zip(requests.demand_ns).zip(draws);
        let capacity = self.sharers.len() as u64 * u64::from(self.pace.capacity);
        let most = self.waiting_limit.saturating_add(capacity);
        for (taken, ((&arrival, &demand), routing)) in each.enumerate() {
            self.join_one::<RULE, S>(arrival, Homeless { arrival, demand, routing }, sink);
            if self.held() > most && self.held_at(arrival, sink) > most {
                return Stop::TooMany(taken + 1);
            }
        }
        Stop::Taken
    }

    /// Requests at ready replicas at the last look at each, and in the gateway.
    #[inline(always)]
    fn held(&self) -> u64 {
        self.ledger.in_flight + self.ledger.queued
    }

    /// The same now.
    #[cold]
    fn held_at<S: Sink>(&mut self, now: u64, sink: &mut S) -> u64 {
        let told = &mut told!(self, sink);
        self.sharers.iter_mut().for_each(|sharer| sharer.pass(now, told));
        self.held()
    }

    /// A request chooses a replica at `now` and joins it.
    #[inline(always)]
    fn join_one<const RULE: u8, S: Sink>(&mut self, now: u64, request: Homeless, sink: &mut S) {
        let Homeless { arrival, demand, routing } = request;
        let told = &mut told!(self, &mut *sink);
        let at = self.router.choose::<RULE, _, _>(&mut self.sharers, now, routing, told);
        let mut demand = demand.max(1);
        if self.cold_demand.is_some() {
            demand = self.first_demand(at, demand);
        }
        let told = &mut told!(self, sink);
        let sharer = &mut self.sharers[at];
        sharer.pass(now, told);
        sharer.join(now, Arrived { arrival, demand }, told);
        self.router.joined::<RULE, _, _>(&mut self.sharers, now, at, told);
    }

    /// The first request of a launched replica may have a law of its own.
    fn first_demand(&mut self, at: usize, demand: u64) -> u64 {
        let sharer = &mut self.sharers[at];
        match &self.cold_demand {
            Some((law, streams))
                if std::mem::take(&mut sharer.fresh) && sharer.ordinal >= self.initial =>
            {
                let ordinal = sharer.ordinal - self.initial;
                law.draw(&mut streams.keyed(Purpose::ColdDemand, 0, ordinal)).0.max(1)
            }
            _ => demand,
        }
    }

    /// Moves on to `now`. Replicas stay as they are until they are looked at.
    pub(super) fn settle(&mut self, now: Time, sink: &mut impl Sink) {
        self.tell_late(sink);
        self.give_up_homeless(sink, |deadline| deadline < now.0);
        self.leaving.file(now.0, sink);
    }

    fn tell_late(&mut self, sink: &mut impl Sink) {
        for late in self.late.drain(..) {
            match late {
                Late::Completed(completion) => sink.completed(&completion),
                Late::TimedOut(arrival, at) => sink.timed_out(arrival, at),
            }
        }
    }

    fn give_up_homeless(&mut self, sink: &mut impl Sink, due: impl Fn(u64) -> bool) {
        while let Some(&Homeless { arrival, .. }) = self.gateway.front() {
            let deadline = arrival.saturating_add(self.timeout);
            if self.timeout == NONE || !due(deadline) {
                return;
            }
            self.gateway.pop_front();
            self.ledger.dequeue(arrival, deadline);
            sink.timed_out(Time(arrival), Time(deadline));
        }
    }

    pub(super) fn expire(&mut self, now: Time, sink: &mut impl Sink) {
        self.give_up_homeless(sink, |deadline| deadline <= now.0);
    }

    pub(super) fn join(&mut self, now: Time, id: ReplicaId, ordinal: u64, sink: &mut impl Sink) {
        self.settle(now, sink);
        let at = self.router.add(id, ordinal);
        self.sharers.insert(at, Sharer::new(ordinal, now.0));
        self.ledger.newest_ready_at = now.0;
        while let Some(request) = self.gateway.pop_front() {
            self.ledger.forget(request.arrival);
            match self.router.rule {
                ROUND_ROBIN => self.join_one::<ROUND_ROBIN, _>(now.0, request, sink),
                LEAST_OUTSTANDING => self.join_one::<LEAST_OUTSTANDING, _>(now.0, request, sink),
                // Only one replica is ready: whatever chooses chooses it.
                _ => self.join_one::<RANDOM, _>(now.0, request, sink),
            }
        }
    }

    /// The replica's requests go on as leaving ones. Returns when the last of them is gone.
    pub(super) fn leave(&mut self, now: Time, id: ReplicaId, deadline: Time) -> Time {
        let Some((at, _)) = self.router.remove(id) else { return now };
        let mut sharer = self.sharers.remove(at);
        let told = &mut told!(self, &mut self.late);
        sharer.pass(now.0, told);
        sharer.move_to(now.0, told);
        let ledger = self.ledger.clone();
        for (arrival, start) in sharer.held() {
            match start {
                Some(_) => self.ledger.in_flight -= 1,
                None => self.ledger.forget(arrival),
            }
        }
        self.leave_behind(sharer, ledger, now.0, deadline.0)
    }

    /// What becomes of a leaving replica's requests, and when the last of them is gone. Their service is
    /// counted as it happens by those that leave; the ledger is for this look ahead alone.
    fn leave_behind(
        &mut self,
        mut sharer: Sharer,
        mut ledger: Ledger,
        now: u64,
        kill: u64,
    ) -> Time {
        let (replica, mut fates) = (sharer.ordinal, Vec::<Late>::new());
        let told = &mut Told {
            pace: &self.pace,
            ledger: &mut ledger,
            sink: &mut fates,
            timeout: self.timeout,
        };
        sharer.pass(NONE - 1, told);
        let mut gone = now;
        let mut add = |arrival, prospect, cold, patience_ends| {
            let request = Request { arrival, prospect, replica, cold };
            gone = gone.max(self.leaving.add(&request, now, patience_ends, kill));
        };
        for fate in fates {
            match fate {
                Late::Completed(c) => {
                    add(c.arrival.0, Prospect::Served(c.start.0, c.end.0), c.cold, NONE);
                }
                Late::TimedOut(arrival, at) => add(arrival.0, Prospect::GivesUp, false, at.0),
            }
        }
        // Longer than time itself.
        for (arrival, start) in sharer.held() {
            let prospect =
                start.map_or(Prospect::GivesUp, |start| Prospect::Served(start, NONE - 1));
            add(arrival, prospect, false, NONE);
        }
        Time(gone)
    }

    pub(super) fn load(&self, now: Time, replica: ReplicaId) -> u64 {
        let Some(at) = self.router.place(replica) else { return 0 };
        // Looked at in a copy, since there is nobody to tell.
        let mut sharer = self.sharers[at].clone();
        let told = &mut Told {
            pace: &self.pace,
            ledger: &mut self.ledger.clone(),
            sink: &mut (),
            timeout: self.timeout,
        };
        sharer.pass(now.0, told);
        sharer.in_service() as u64
    }

    pub(super) fn gauges(&mut self, now: Time, sink: &mut impl Sink) -> Gauges {
        self.settle(now, sink);
        let told = &mut told!(self, sink);
        let mut busy = 0;
        for sharer in &mut self.sharers {
            sharer.pass(now.0, told);
            sharer.move_to(now.0, told);
            busy += sharer.in_service().min(self.pace.capacity as usize) as u64;
        }
        let (left, ledger) = (self.leaving.gauges(now.0), &self.ledger);
        let waiting_ns = u128::from(now.0) * u128::from(ledger.queued) - ledger.queued_arrivals_sum;
        Gauges {
            busy,
            in_flight: ledger.in_flight + left.in_flight,
            queued: ledger.queued + left.queued,
            busy_ns: ledger.busy_ns,
            in_flight_ns: ledger.in_flight_ns + left.in_flight_ns,
            queued_ns: ledger.waited_ns + waiting_ns + left.queued_ns,
        }
    }

    pub(super) fn finish(&mut self, now: Time, sink: &mut impl Sink) {
        self.gauges(now, sink);
        for (arrival, _) in self.sharers.iter().flat_map(Sharer::held) {
            sink.unfinished(Time(arrival));
        }
        self.leaving.finish(sink);
        for request in &self.gateway {
            sink.unfinished(Time(request.arrival));
        }
    }
}
