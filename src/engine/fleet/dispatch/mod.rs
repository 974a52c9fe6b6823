//! # dispatch: the data planes
//!
//! **Is**: how requests meet slots between two looks at the fleet. `central` serves one common queue at
//! the price of one tree update per request; `lazy` serves a queue per replica and looks at replicas
//! only when they are chosen; `sharing` does so where requests share their replica; `event` goes from
//! event to event and can do everything but share. `fluid` serves a flow in place of requests, by
//! formulas. What several of them do alike is here: `routing` chooses a replica, `gateway` holds who
//! waits at none, `leaving` who is at one that takes no more, `first` knows of first requests.
//!
//! **Knows**: arrivals and demands as numbers, the fleet's counts and launches.
//!
//! **Must not know**: why the fleet changes.
//!
//! **Start at** [`Plane`]: `arrive` and `reach` move time on; `join`, `leave`, `fail` and `expire` happen at
//! the instant reached.

mod burden;
mod central;
mod event;
mod fewest;
mod first;
mod fluid;
mod gateway;
mod lazy;
mod leaving;
mod routing;
mod sharing;
mod sink;
mod tree;

pub use burden::{Burden, MOST_FLEET_BYTES, burden, most_replicas};
pub use fluid::{FluidPlane, Inflow};
pub use sink::{Attempt, AttemptFate, Completion, Parcel, Resolved, Sink};

use super::{Balancing, Discipline, FailedWork, Fleet, FleetSpec, ReplicaId, RoutingRule};
use crate::random::{Sampler, Streams};
use crate::units::Time;
use central::CentralQueue;
use event::EventPlane;
use gateway::GatewayRequest;
use lazy::{ManySlotsPlane, SingleSlotPlane};
use sharing::SharingPlane;

/// Requests about to arrive, in order; arrays of equal length (the last three are empty where the plane
/// does not use them).
#[derive(Debug, Clone, Copy)]
pub struct Requests<'a> {
    /// Arrival instants, ns.
    pub arrival_ns: &'a [u64],
    /// Demands, ns.
    pub demand_ns: &'a [u64],
    /// Routing draws.
    pub routing: &'a [u64],
    /// Longest waits, ns.
    pub patience_ns: &'a [u64],
    /// Classes; empty where all are of one.
    pub class: &'a [u8],
}

impl<'a> Requests<'a> {
    /// One by one, but for patience and class; each demands at least a nanosecond.
    #[inline(always)]
    fn each(self) -> impl Iterator<Item = GatewayRequest> + 'a {
        let draws = self.routing.iter().copied().chain(std::iter::repeat(0));
        let each = self.arrival_ns.iter().zip(self.demand_ns).zip(draws);
        each.map(|((&arrival, &demand), routing)| GatewayRequest {
            arrival,
            demand: demand.max(1),
            routing,
        })
    }
}

/// What stopped [`Plane::arrive`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// All requests were taken.
    Taken,
    /// So many were taken, the last of which found no live replica and waits: the policy may act now.
    Starved(usize),
    /// So many were taken; more requests wait than the limit allows.
    TooMany(usize),
    /// So many were taken when an arrival of its own stopped it.
    Interrupted(usize, Interruption),
}

/// What an arrival of the plane's own - a retry, or a user in a closed loop - came upon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interruption {
    /// It found no live replica at this instant: the policy may act now.
    Starved(Time),
    /// More requests wait at this instant than the limit allows.
    TooMany(Time),
}

/// What a plane shows of itself at an instant; integrals are cumulative since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Gauges {
    /// Busy slots of ready replicas.
    pub busy: u64,
    /// Requests in service, draining replicas included.
    pub in_flight: u64,
    /// Requests waiting.
    pub queued: u64,
    /// Requests between a failed attempt and the next one.
    pub away: u64,
    /// Integral of `busy`, slot-ns.
    pub busy_ns: u128,
    /// Integral of `in_flight`.
    pub in_flight_ns: u128,
    /// Integral of `queued`.
    pub queued_ns: u128,
}

/// Requests that came to replicas past a proxy, since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Directly {
    /// Those that arrived and were not refused.
    pub arrivals: u64,
    /// Integral of those present, request-ns.
    pub present_ns: u128,
}

/// Users in closed loops at an instant; integrals are cumulative since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UserGauges {
    /// Requests they have sent.
    pub sent: u64,
    /// When the last one was.
    pub last_sent: Time,
    /// Users who think.
    pub thinking: u64,
    /// Users who wait for what becomes of a request, retries and the time between attempts included.
    pub waiting: u64,
    /// Integral of `thinking`, user-ns.
    pub thinking_ns: u128,
    /// Integral of `waiting`.
    pub waiting_ns: u128,
}

/// What a plane needs with each request, see [`Requests`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Draws {
    /// A routing draw.
    pub routing: bool,
    /// The longest wait.
    pub patience: bool,
}

/// The data plane of one service, whose requests' fates are told to an `S`. A call through a trait object
/// serves many requests.
pub trait Plane<S: Sink> {
    /// What it needs with each request.
    fn draws(&self) -> Draws;

    /// Takes requests in order, all of which arrive before `barrier`; nothing else changes the fleet
    /// before `barrier`, except what the plane does itself (scale per request).
    fn arrive(
        &mut self,
        requests: Requests<'_>,
        barrier: Time,
        fleet: &mut Fleet,
        sink: &mut S,
    ) -> Stop;

    /// Takes what arrives in a stretch and moves on to its end. True if it found no live replica: the
    /// policy may act now. Other planes than that of a flow take nothing.
    fn flow(&mut self, inflow: &Inflow, fleet: &Fleet, sink: &mut S) -> bool {
        let _ = (inflow, fleet, sink);
        false
    }

    /// Moves on to `now`: completions at or before it with the starts they cause, timeouts before it,
    /// and what the plane itself does to the fleet up to it. A retry or a user before `now` may stop it
    /// earlier.
    fn reach(&mut self, now: Time, fleet: &mut Fleet, sink: &mut S) -> Option<Interruption>;

    /// A replica was ordered: it will join later, or be cancelled before it does.
    fn launched(&mut self, replica: ReplicaId, fleet: &Fleet) {
        let _ = (replica, fleet);
    }

    /// A replica that never joined is forgotten.
    fn cancelled(&mut self, replica: ReplicaId) {
        let _ = replica;
    }

    /// A replica became ready at `now` and takes what waits.
    fn join(&mut self, now: Time, replica: ReplicaId, fleet: &Fleet, sink: &mut S);

    /// A replica takes no new requests from `now` on and is killed at `deadline`. Returns when it will
    /// be gone if that is certain; otherwise the plane tells the fleet when it happens: when the last of
    /// its requests is.
    ///
    /// | a request that | and would | |
    /// |---|---|---|
    /// | is in service there | end by the deadline | is served |
    /// | | end later | is lost at the deadline |
    /// | waits there | end by the deadline | is served |
    /// | | begin by the deadline and end later | is lost at the deadline |
    /// | | begin later | is lost at the deadline, never served |
    /// | | give up before that | gives up |
    /// | waits in the gateway | | goes on waiting |
    fn leave(&mut self, now: Time, replica: ReplicaId, deadline: Time) -> Option<Time>;

    /// Ready replicas fail together at `now`, the instant reached, and are gone. The fleet knows already
    /// that they fail. What they hold is lost, unless [`FailedWork::Requeued`] puts it back.
    fn fail(&mut self, now: Time, replicas: &[ReplicaId], fleet: &mut Fleet, sink: &mut S) {
        let _ = sink;
        for &replica in replicas {
            // Leaving with no time left: all it holds is killed now.
            self.leave(now, replica, now);
            fleet.gone(now, replica);
        }
    }

    /// Requests whose patience ends at `now` give up (after everything that could have served them).
    fn expire(&mut self, now: Time, fleet: &mut Fleet, sink: &mut S);

    /// From `now`, the instant reached, on work goes on at this speed, in units of 2^-32 of full speed. Planes
    /// of slots know all slowdowns from the start and need not be told.
    fn change_speed(&mut self, now: Time, speed: u64, sink: &mut S) {
        let _ = (now, speed, sink);
    }

    /// From `now`, the instant reached, on requests come by way of the proxy, or directly. Other fleets have
    /// none.
    fn proxy(&mut self, now: Time, in_path: bool) {
        let _ = (now, in_path);
    }

    /// What came to replicas directly up to `now`, past a proxy, and how much of it to ready replica `replica`.
    fn direct(&self, now: Time, replica: Option<ReplicaId>) -> Directly {
        let _ = (now, replica);
        Directly::default()
    }

    /// Requests in service on ready replica `replica` at the instant reached.
    fn load(&self, now: Time, replica: ReplicaId) -> u64;

    /// From now on what each replica works is counted; called before the first joins, or never.
    fn keep_work(&mut self);

    /// Integral of the busy slots of ready replica `replica` up to `now`, in slot-ns; right after
    /// [`Plane::gauges`] at `now`. Nothing unless it is kept.
    fn work_ns(&self, now: Time, replica: ReplicaId) -> u128;

    /// Gauges at the instant reached; files every completion up to it.
    fn gauges(&mut self, now: Time, sink: &mut S) -> Gauges;

    /// Users in closed loops at the instant reached.
    fn users(&mut self, now: Time) -> UserGauges {
        let _ = now;
        UserGauges::default()
    }

    /// Requests that users in closed loops have sent, and when the last one was.
    fn sent(&self) -> (u64, Time) {
        (0, Time::ZERO)
    }

    /// The run is over at `now`, the instant reached: tells `sink` of every request that has not met
    /// its fate.
    fn finish(&mut self, now: Time, sink: &mut S);
}

/// With more slots than this a replica's ends are too many to be kept in order by moving them.
const MOST_LAZY_SLOTS: u32 = 256;

/// The planes of requests, with what tells two of one kind apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Central,
    SingleSlot(RoutingRule),
    ManySlots(RoutingRule),
    /// At most so many share a replica.
    Sharing(RoutingRule, Option<u32>),
    Event,
}

/// The fastest plane that can serve `spec` exactly. In true order: clients, several classes, failed work that
/// is put back, scale per request, a proxy, patience that is drawn, or slowdowns of slots behind queues of
/// replicas. A capacity may be of all queues or of each.
///
/// | in true order | balancing | capacity | discipline | slots | patience | plane |
/// |---|---|---|---|---|---|---|
/// | yes | | | | | | event |
/// | no | central queue | | | | | central |
/// | no | per replica | yes | | | | event |
/// | no | per replica | no | sharing | | | sharing |
/// | no | per replica | no | slots | 1 | no | single slot |
/// | no | per replica | no | slots | 1 | yes | many slots |
/// | no | per replica | no | slots | 2 to 256 | | many slots |
/// | no | per replica | no | slots | more | | event |
fn fastest(spec: &FleetSpec) -> Kind {
    let queue = &spec.queue;
    let in_true_order = spec.has_clients()
        || spec.classes > 1
        || spec.failures.work == FailedWork::Requeued
        || spec.scales_per_request()
        || spec.proxy.is_some()
        || !queue.timeout.as_ref().is_none_or(Sampler::is_constant);
    if in_true_order {
        return Kind::Event;
    }
    let rule = match spec.balancing {
        Balancing::CentralQueue => return Kind::Central,
        Balancing::PerReplica(_)
            if queue.capacity.is_some() || queue.replica_capacity.is_some() =>
        {
            return Kind::Event;
        }
        Balancing::PerReplica(rule) => rule,
    };
    match spec.discipline {
        Discipline::Sharing { limit } => Kind::Sharing(rule, limit),
        Discipline::Slots if !spec.slowdowns.is_empty() => Kind::Event,
        Discipline::Slots if spec.concurrency <= 1 && queue.timeout.is_none() => {
            Kind::SingleSlot(rule)
        }
        Discipline::Slots if spec.concurrency <= MOST_LAZY_SLOTS => Kind::ManySlots(rule),
        Discipline::Slots => Kind::Event,
    }
}

/// The fastest plane that can serve `spec` exactly. More than `waiting_limit` requests must not wait.
pub fn plane<S: Sink>(
    spec: &FleetSpec,
    streams: Streams,
    waiting_limit: u64,
) -> Box<dyn Plane<S> + Send> {
    of_kind(fastest(spec), spec, streams, waiting_limit)
}

fn of_kind<S: Sink>(
    kind: Kind,
    spec: &FleetSpec,
    streams: Streams,
    waiting_limit: u64,
) -> Box<dyn Plane<S> + Send> {
    match kind {
        Kind::Central => Box::new(CentralQueue::new(spec, streams, waiting_limit)),
        Kind::SingleSlot(rule) => {
            Box::new(SingleSlotPlane::new(spec, rule, streams, waiting_limit))
        }
        Kind::ManySlots(rule) => Box::new(ManySlotsPlane::new(spec, rule, streams, waiting_limit)),
        Kind::Sharing(rule, limit) => {
            Box::new(SharingPlane::new(spec, rule, limit, streams, waiting_limit))
        }
        Kind::Event => Box::new(EventPlane::new(spec, streams, waiting_limit)),
    }
}

#[cfg(test)]
mod tests;
