//! Processor sharing: the requests present at a replica share its capacity, without a list of events.
//!
//! A request chooses a replica when it arrives, as on the lazy plane. Up to `concurrency` requests of a
//! replica run at full speed; beyond that all of them run slower alike; where there is a limit, those
//! beyond it wait there in order (`sharer.rs`). When a request will be done depends on who comes later,
//! so a replica makes up for the past when it is looked at: by a request that may choose it, and by
//! gauges. The future of a replica that leaves is certain at once, since nobody comes any more.

mod sharer;

use super::first::FirstDemand;
use super::gateway::{Gateway, GatewayRequest, NONE, Waits};
use super::leaving::{Leaving, Prospect, Routed};
use super::routing::Router;
use super::{Completion, Draws, Gauges, Interruption, Plane, Requests, Sink, Stop};
use crate::fleet::{FULL_SPEED, Fleet, FleetSpec, ReplicaId, RoutingRule, Slowdowns};
use crate::random::Streams;
use crate::units::Time;
use sharer::{Arrived, Look, Service, Sharer, Speeds};

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

/// Replicas whose requests share their capacity, each with a clock of virtual time.
#[derive(Debug, Clone)]
pub(super) struct SharingPlane {
    router: Router,
    /// Ready replicas in launch order.
    sharers: Vec<Sharer>,
    speeds: Speeds,
    service: Service,
    gateway: Gateway,
    leaving: Leaving,
    late: Vec<Late>,
    /// More requests than these beyond those that could run at full speed must not be there.
    limit: u64,
    first: FirstDemand,
    slowdowns: Slowdowns,
}

/// The parts that a look at a replica needs, each borrowed by itself.
macro_rules! look {
    ($plane:ident, $sink:expr) => {
        Look {
            speeds: &$plane.speeds,
            service: &mut $plane.service,
            waits: &mut $plane.gateway.waits,
            sink: $sink,
            patience: $plane.gateway.patience,
        }
    };
}

impl SharingPlane {
    /// Empty, without replicas. So many requests share a replica at most; the queue has no capacity, and
    /// patience is constant if there is any.
    pub(super) fn new(
        spec: &FleetSpec,
        rule: RoutingRule,
        limit: Option<u32>,
        streams: Streams,
        waiting_limit: u64,
    ) -> Self {
        Self {
            router: Router::new(rule),
            sharers: Vec::new(),
            speeds: Speeds::new(spec.concurrency, limit),
            service: Service::default(),
            gateway: Gateway::new(spec, streams, waiting_limit),
            leaving: Leaving::default(),
            late: Vec::new(),
            limit: waiting_limit,
            first: FirstDemand::at_full_speed(spec, streams),
            slowdowns: spec.slowdowns.clone(),
        }
    }

    /// The hot loop.
    #[inline(always)]
    fn take<S: Sink>(&mut self, rule: RoutingRule, requests: Requests<'_>, sink: &mut S) -> Stop {
        let capacity = self.sharers.len() as u64 * u64::from(self.speeds.capacity);
        let most = self.limit.saturating_add(capacity);
        for (taken, request) in requests.each().enumerate() {
            self.join_one(rule, request.arrival, request, sink);
            if self.held() > most && self.held_at(request.arrival, sink) > most {
                return Stop::TooMany(taken + 1);
            }
        }
        Stop::Taken
    }

    /// Requests at ready replicas at the last look at each, and in the gateway.
    #[inline(always)]
    fn held(&self) -> u64 {
        self.service.in_flight + self.gateway.waits.count
    }

    /// The same now.
    #[cold]
    fn held_at<S: Sink>(&mut self, now: u64, sink: &mut S) -> u64 {
        let look = &mut look!(self, sink);
        self.sharers.iter_mut().for_each(|sharer| sharer.pass(now, look));
        self.held()
    }

    /// A request chooses a replica at `now` and joins it.
    #[inline(always)]
    fn join_one<S: Sink>(
        &mut self,
        rule: RoutingRule,
        now: u64,
        request: GatewayRequest,
        sink: &mut S,
    ) {
        let GatewayRequest { arrival, mut demand, routing } = request;
        let look = &mut look!(self, sink);
        let at = self.router.choose(rule, &mut self.sharers, now, routing, look);
        let sharer = &mut self.sharers[at];
        if !self.first.is_usual() {
            demand = self.first.of(now, demand, sharer.ordinal, &mut sharer.fresh);
        }
        sharer.pass(now, look);
        sharer.join(now, Arrived { arrival, demand }, look);
        self.router.joined(rule, &mut self.sharers, now, at, look);
    }

    /// Moves on to `now`. Replicas stay as they are until they are looked at.
    fn settle(&mut self, now: Time, sink: &mut impl Sink) {
        self.tell_late(sink);
        self.gateway.give_up(sink, |deadline| deadline < now.0);
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

    /// What becomes of a leaving replica's requests, and when the last of them is gone. Their service is
    /// counted as it happens by those that leave; the counts are for this look ahead alone.
    fn leave_behind(
        &mut self,
        mut sharer: Sharer,
        (mut service, mut waits): (Service, Waits),
        now: u64,
        kill: u64,
    ) -> Time {
        let (replica, mut fates) = (sharer.ordinal, Vec::<Late>::new());
        let mut speeds = self.speeds.clone();
        let changes = self.slowdowns.after(Time(now)).iter();
        let changes = changes.flat_map(|one| [(one.at.0, one.speed()), (one.until.0, FULL_SPEED)]);
        let changes = changes.filter(|change| change.0 > now);
        for (at, speed) in changes.chain([(NONE - 1, FULL_SPEED)]) {
            let look = &mut Look {
                speeds: &speeds,
                service: &mut service,
                waits: &mut waits,
                sink: &mut fates,
                patience: self.gateway.patience,
            };
            sharer.pass(at, look);
            sharer.move_to(at, look);
            speeds = speeds.at(speed);
            sharer.change_speed(&speeds);
        }
        let mut gone = now;
        let mut add = |arrival, prospect, cold, gives_up| {
            let request = Routed { arrival, prospect, replica, cold };
            gone = gone.max(self.leaving.add(request, now, gives_up, kill));
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
}

impl<S: Sink> Plane<S> for SharingPlane {
    fn draws(&self) -> Draws {
        Draws { routing: self.router.rule.draws(), patience: false }
    }

    fn arrive(
        &mut self,
        requests: Requests<'_>,
        barrier: Time,
        fleet: &mut Fleet,
        sink: &mut S,
    ) -> Stop {
        if fleet.census().live() == 0 {
            return self.gateway.arrive_at_zero(requests, sink);
        }
        if self.sharers.is_empty() {
            let stop = self.gateway.wait_for_any(requests);
            self.settle(barrier, sink);
            return stop;
        }
        // Each rule has its own code.
        match self.router.rule {
            RoutingRule::Random => self.take(RoutingRule::Random, requests, sink),
            RoutingRule::RoundRobin => self.take(RoutingRule::RoundRobin, requests, sink),
            RoutingRule::LeastOutstanding => {
                self.take(RoutingRule::LeastOutstanding, requests, sink)
            }
            RoutingRule::PowerOfTwo => self.take(RoutingRule::PowerOfTwo, requests, sink),
            RoutingRule::PowerOfTwoWithReplacement => {
                self.take(RoutingRule::PowerOfTwoWithReplacement, requests, sink)
            }
        }
    }

    fn reach(&mut self, now: Time, _: &mut Fleet, sink: &mut S) -> Option<Interruption> {
        self.settle(now, sink);
        None
    }

    fn join(&mut self, now: Time, id: ReplicaId, fleet: &Fleet, sink: &mut S) {
        self.settle(now, sink);
        let ordinal = fleet.ordinal(id);
        let at = self.router.add(id, ordinal);
        self.sharers.insert(at, Sharer::new(ordinal, now.0));
        self.service.newest_ready_at = now.0;
        while let Some(request) = self.gateway.pop() {
            self.join_one(self.router.rule, now.0, request, sink);
        }
    }

    // The replica's requests go on as leaving ones.
    fn leave(&mut self, now: Time, id: ReplicaId, deadline: Time) -> Option<Time> {
        let Some((at, _)) = self.router.remove(id) else { return Some(now) };
        let mut sharer = self.sharers.remove(at);
        let look = &mut look!(self, &mut self.late);
        sharer.pass(now.0, look);
        sharer.move_to(now.0, look);
        let (service, waits) = (self.service.clone(), self.gateway.waits.clone());
        for (arrival, start) in sharer.held() {
            match start {
                Some(_) => self.service.in_flight -= 1,
                None => self.gateway.waits.forget(arrival),
            }
        }
        Some(self.leave_behind(sharer, (service, waits), now.0, deadline.0))
    }

    fn expire(&mut self, now: Time, _: &mut Fleet, sink: &mut S) {
        self.gateway.give_up(sink, |deadline| deadline <= now.0);
    }

    fn change_speed(&mut self, now: Time, speed: u64, sink: &mut S) {
        let look = &mut look!(self, sink);
        for sharer in &mut self.sharers {
            sharer.pass(now.0, look);
            sharer.move_to(now.0, look);
        }
        self.speeds = self.speeds.at(speed);
        for sharer in &mut self.sharers {
            sharer.change_speed(&self.speeds);
        }
        self.router.forget();
    }

    fn load(&self, now: Time, replica: ReplicaId) -> u64 {
        let Some(at) = self.router.place(replica) else { return 0 };
        // Looked at in a copy, since there is nobody to tell.
        let mut sharer = self.sharers[at].clone();
        let look = &mut Look {
            speeds: &self.speeds,
            service: &mut self.service.clone(),
            waits: &mut self.gateway.waits.clone(),
            sink: &mut (),
            patience: self.gateway.patience,
        };
        sharer.pass(now.0, look);
        sharer.in_service() as u64
    }

    fn keep_work(&mut self) {
        // It is kept anyway.
    }

    fn work_ns(&self, _: Time, replica: ReplicaId) -> u128 {
        self.router.place(replica).map_or(0, |at| self.sharers[at].work_ns)
    }

    fn gauges(&mut self, now: Time, sink: &mut S) -> Gauges {
        self.settle(now, sink);
        let look = &mut look!(self, sink);
        let mut busy = 0;
        for sharer in &mut self.sharers {
            sharer.pass(now.0, look);
            sharer.move_to(now.0, look);
            busy += sharer.in_service().min(self.speeds.capacity as usize) as u64;
        }
        let (service, waits) = (&self.service, &self.gateway.waits);
        let ready = Gauges {
            busy,
            in_flight: service.in_flight,
            queued: waits.count,
            away: 0,
            busy_ns: service.busy_ns,
            in_flight_ns: service.in_flight_ns,
            queued_ns: waits.integral_ns(now.0),
        };
        self.leaving.beside(ready, now.0)
    }

    fn finish(&mut self, now: Time, sink: &mut S) {
        Plane::gauges(self, now, sink);
        for (arrival, _) in self.sharers.iter().flat_map(Sharer::held) {
            sink.unfinished(Time(arrival));
        }
        self.leaving.finish(sink);
        self.gateway.finish(sink);
    }
}
