//! # dispatch: the data planes
//!
//! **Is**: how requests meet slots between two looks at the fleet. [`central`] serves one common queue at
//! the price of one tree update per request; [`lazy`] serves a queue per replica and looks at replicas
//! only when they are chosen; [`sharing`] does so where requests share their replica; [`event`] goes from event to event and can do everything but share. [`fluid`] serves
//! a flow in place of requests, by formulas.
//!
//! **Knows**: arrivals and demands as numbers, the fleet's counts and launches.
//!
//! **Must not know**: why the fleet changes.
//!
//! **Start at** [`Plane`]: `arrive` and `reach` move time on; `join`, `leave`, `fail` and `expire` happen at
//! the instant reached.

pub mod central;
pub mod event;
mod fewest;
mod first;
pub mod fluid;
mod gateway;
pub mod lazy;
mod leaving;
mod routing;
pub mod sharing;
mod sink;
mod tree;

pub use fluid::Inflow;
pub use sink::{Attempt, AttemptFate, Completion, Parcel, Resolved, Sink};

use super::{Balancing, Discipline, FailedWork, Fleet, FleetSpec, ReplicaId, RoutingRule};
use crate::random::{Sampler, Strata, Streams};
use crate::units::Time;
use central::CentralQueue;
use event::EventPlane;
use fluid::FluidPlane;
use gateway::GatewayRequest;
use lazy::{ManySlotsPlane, SingleSlotPlane};
use sharing::SharingPlane;
use std::sync::Arc;

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
    /// Integral of `busy`, slot-ns.
    pub busy_ns: u128,
    /// Integral of `in_flight`.
    pub in_flight_ns: u128,
    /// Integral of `queued`.
    pub queued_ns: u128,
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

/// The data plane of one service.
pub enum Plane {
    /// One queue for all replicas, constant or no patience.
    Central(Box<CentralQueue>),
    /// A queue per replica of one slot, no limits.
    SingleSlot(Box<SingleSlotPlane>),
    /// A queue per replica, constant or no patience, no capacity.
    ManySlots(Box<ManySlotsPlane>),
    /// Replicas whose requests share, constant or no patience, no capacity.
    Sharing(Box<SharingPlane>),
    /// Everything else.
    Event(Box<EventPlane>),
    /// A flow in place of requests; not exact.
    Fluid(Box<FluidPlane>),
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
/// is put back, scale per request, or patience that is drawn.
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
        || !queue.timeout.as_ref().is_none_or(Sampler::is_constant);
    if in_true_order {
        return Kind::Event;
    }
    let rule = match spec.balancing {
        Balancing::CentralQueue => return Kind::Central,
        Balancing::PerReplica(_) if queue.capacity.is_some() => return Kind::Event,
        Balancing::PerReplica(rule) => rule,
    };
    match spec.discipline {
        Discipline::Sharing { limit } => Kind::Sharing(rule, limit),
        Discipline::Slots if spec.concurrency <= 1 && queue.timeout.is_none() => {
            Kind::SingleSlot(rule)
        }
        Discipline::Slots if spec.concurrency <= MOST_LAZY_SLOTS => Kind::ManySlots(rule),
        Discipline::Slots => Kind::Event,
    }
}

impl Plane {
    /// The fastest plane that can serve `spec` exactly.
    pub fn new(spec: &FleetSpec, streams: Streams, waiting_limit: u64) -> Self {
        match fastest(spec) {
            Kind::Central => {
                Self::Central(Box::new(CentralQueue::new(spec, streams, waiting_limit)))
            }
            Kind::SingleSlot(rule) => {
                Self::SingleSlot(Box::new(SingleSlotPlane::new(spec, rule, streams, waiting_limit)))
            }
            Kind::ManySlots(rule) => {
                Self::ManySlots(Box::new(ManySlotsPlane::new(spec, rule, streams, waiting_limit)))
            }
            Kind::Sharing(rule, limit) => Self::Sharing(Box::new(SharingPlane::new(
                spec,
                rule,
                limit,
                streams,
                waiting_limit,
            ))),
            Kind::Event => Self::Event(Box::new(EventPlane::new(spec, streams, waiting_limit))),
        }
    }

    /// The plane of a flow, see [`fluid`]: with demands of the law `service` and counts of that
    /// `dispersion`. It takes [`Plane::flow`] and no requests, and knows no clients, limits of queues, scale
    /// per request or first requests.
    pub fn fluid(
        spec: &FleetSpec,
        service: Arc<Strata>,
        dispersion: f64,
        streams: Streams,
    ) -> Self {
        Self::Fluid(Box::new(FluidPlane::new(spec, service, dispersion, streams)))
    }

    /// Takes what arrives in a stretch and moves on to its end. True if it found no live replica: the
    /// policy may act now. Other planes than that of a flow take nothing.
    pub fn flow(&mut self, inflow: &Inflow, fleet: &Fleet, sink: &mut impl Sink) -> bool {
        match self {
            Self::Fluid(plane) => plane.flow(inflow, fleet, sink),
            _ => false,
        }
    }

    /// Whether it needs a routing draw per request.
    pub fn uses_routing(&self) -> bool {
        match self {
            Self::Central(_) | Self::Fluid(_) => false,
            Self::SingleSlot(plane) => plane.uses_routing(),
            Self::ManySlots(plane) => plane.uses_routing(),
            Self::Sharing(plane) => plane.uses_routing(),
            Self::Event(plane) => plane.uses_routing(),
        }
    }

    /// Whether it needs the patience of every request.
    pub fn uses_patience(&self) -> bool {
        matches!(self, Self::Event(plane) if plane.uses_patience())
    }

    /// Takes requests in order, all of which arrive before `barrier`; nothing else changes the fleet
    /// before `barrier`, except what the plane does itself (scale per request).
    pub fn arrive(
        &mut self,
        requests: Requests<'_>,
        barrier: Time,
        fleet: &mut Fleet,
        sink: &mut impl Sink,
    ) -> Stop {
        match self {
            Self::Central(plane) => plane.arrive(requests, barrier, fleet, sink),
            Self::SingleSlot(plane) => plane.arrive(requests, barrier, fleet, sink),
            Self::ManySlots(plane) => plane.arrive(requests, barrier, fleet, sink),
            Self::Sharing(plane) => plane.arrive(requests, barrier, fleet, sink),
            Self::Event(plane) => plane.arrive(requests, fleet, sink),
            Self::Fluid(_) => Stop::Taken,
        }
    }

    /// Moves on to `now`: completions at or before it with the starts they cause, timeouts before it,
    /// and what the plane itself does to the fleet up to it. A retry or a user before `now` may stop it
    /// earlier.
    pub fn reach(
        &mut self,
        now: Time,
        fleet: &mut Fleet,
        sink: &mut impl Sink,
    ) -> Option<Interruption> {
        match self {
            Self::Central(plane) => plane.settle(now, sink),
            Self::SingleSlot(plane) => plane.settle(now, sink),
            Self::ManySlots(plane) => plane.settle(now, sink),
            Self::Sharing(plane) => plane.settle(now, sink),
            Self::Event(plane) => return plane.reach(now, fleet, sink),
            Self::Fluid(_) => {}
        }
        None
    }

    /// A replica was ordered: it will join later, or be cancelled before it does.
    pub fn launched(&mut self, replica: ReplicaId, fleet: &Fleet) {
        if let Self::Central(plane) = self {
            plane.launched(replica, fleet.ordinal(replica));
        }
    }

    /// A replica that never joined is forgotten.
    pub fn cancelled(&mut self, replica: ReplicaId) {
        if let Self::Central(plane) = self {
            plane.forget(replica);
        }
    }

    /// A replica became ready at `now` and takes what waits.
    pub fn join(&mut self, now: Time, replica: ReplicaId, fleet: &Fleet, sink: &mut impl Sink) {
        match self {
            Self::Central(plane) => plane.join(now, replica, sink),
            Self::SingleSlot(plane) => plane.join(now, replica, fleet.ordinal(replica), sink),
            Self::ManySlots(plane) => plane.join(now, replica, fleet.ordinal(replica), sink),
            Self::Sharing(plane) => plane.join(now, replica, fleet.ordinal(replica), sink),
            Self::Event(plane) => plane.join(now, replica, fleet),
            Self::Fluid(plane) => plane.join(),
        }
    }

    /// A replica takes no new requests from `now` on and is killed at `deadline`. Returns when it will
    /// be gone if that is certain; otherwise the plane tells the fleet when it happens.
    pub fn leave(&mut self, now: Time, replica: ReplicaId, deadline: Time) -> Option<Time> {
        match self {
            Self::Central(plane) => Some(plane.leave(now, replica, deadline)),
            Self::SingleSlot(plane) => Some(plane.leave(now, replica, deadline)),
            Self::ManySlots(plane) => Some(plane.leave(now, replica, deadline)),
            Self::Sharing(plane) => Some(plane.leave(now, replica, deadline)),
            Self::Event(plane) => plane.leave(now, replica, deadline),
            Self::Fluid(plane) => Some(plane.leave(now, deadline)),
        }
    }

    /// Ready replicas fail together at `now`, the instant reached: what they hold is lost or put back, and
    /// they are gone. The fleet knows already.
    pub fn fail(
        &mut self,
        now: Time,
        replicas: &[ReplicaId],
        fleet: &mut Fleet,
        sink: &mut impl Sink,
    ) {
        if let Self::Event(plane) = self {
            return plane.fail(now, replicas, fleet, sink);
        }
        for &replica in replicas {
            // Leaving with no time left: all it holds is killed now.
            self.leave(now, replica, now);
            fleet.gone(now, replica);
        }
    }

    /// Requests whose patience ends at `now` give up (after everything that could have served them).
    pub fn expire(&mut self, now: Time, fleet: &mut Fleet, sink: &mut impl Sink) {
        match self {
            Self::Central(plane) => plane.expire(now, sink),
            Self::SingleSlot(plane) => plane.expire(now, sink),
            Self::ManySlots(plane) => plane.expire(now, sink),
            Self::Sharing(plane) => plane.expire(now, sink),
            Self::Event(plane) => plane.expire(now, fleet, sink),
            Self::Fluid(_) => {}
        }
    }

    /// Requests in service on ready replica `replica` at the instant reached; those that wait with it are not
    /// among them. Of a flow, its share of all that are present.
    pub fn load(&self, now: Time, replica: ReplicaId) -> u64 {
        match self {
            Self::Central(plane) => plane.load(now, replica),
            Self::SingleSlot(plane) => plane.load(now, replica),
            Self::ManySlots(plane) => plane.load(now, replica),
            Self::Sharing(plane) => plane.load(now, replica),
            Self::Event(plane) => plane.load(replica),
            Self::Fluid(plane) => plane.load(),
        }
    }

    /// Gauges at the instant reached; files every completion up to it.
    pub fn gauges(&mut self, now: Time, sink: &mut impl Sink) -> Gauges {
        match self {
            Self::Central(plane) => plane.gauges(now, sink),
            Self::SingleSlot(plane) => plane.gauges(now, sink),
            Self::ManySlots(plane) => plane.gauges(now, sink),
            Self::Sharing(plane) => plane.gauges(now, sink),
            Self::Event(plane) => plane.gauges(now),
            Self::Fluid(plane) => plane.gauges(now),
        }
    }

    /// Users in closed loops at the instant reached; `None` without any.
    pub fn users(&mut self, now: Time) -> Option<UserGauges> {
        match self {
            Self::Event(plane) => plane.users(now),
            _ => None,
        }
    }

    /// Requests that users in closed loops have sent, and when the last one was.
    pub fn sent(&self) -> (u64, Time) {
        match self {
            Self::Event(plane) => plane.sent(),
            _ => (0, Time::ZERO),
        }
    }

    /// Requests between a failed attempt and the next one.
    pub fn away(&self) -> u64 {
        match self {
            Self::Event(plane) => plane.away(),
            _ => 0,
        }
    }

    /// The run is over at `now`, the instant reached: tells `sink` of every request that has not met
    /// its fate.
    pub fn finish(&mut self, now: Time, sink: &mut impl Sink) {
        match self {
            Self::Central(plane) => plane.finish(now, sink),
            Self::SingleSlot(plane) => plane.finish(now, sink),
            Self::ManySlots(plane) => plane.finish(now, sink),
            Self::Sharing(plane) => plane.finish(now, sink),
            Self::Event(plane) => plane.finish(sink),
            Self::Fluid(plane) => plane.finish(sink),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::{ClientSpec, FailureSpec, Overflow, QueueSpec, ScalePerRequest, Scaling};

    const TWO: RoutingRule = RoutingRule::PowerOfTwo;

    fn routed(concurrency: u32) -> FleetSpec {
        let balancing = Balancing::PerReplica(TWO);
        FleetSpec { balancing, concurrency, ..FleetSpec::default() }
    }

    /// The same fleet with a timeout of this law.
    fn patient(timeout: Sampler, fleet: FleetSpec) -> FleetSpec {
        let queue = QueueSpec { timeout: Some(timeout), ..fleet.queue };
        FleetSpec { queue, ..fleet }
    }

    #[test]
    fn every_row_of_the_table_of_planes_holds() {
        let (constant, drawn) = (Sampler::Constant(9), Sampler::Exponential { mean_ns: 9.0 });
        let (usual, sharing) = (FleetSpec::default(), Discipline::Sharing { limit: Some(3) });
        let idle_expiry = Sampler::Constant(9);
        let scale = ScalePerRequest { idle_expiry, minimum: 0, limit: 9, overflow: Overflow::Wait };
        let full = || QueueSpec { capacity: Some(1), ..QueueSpec::default() };
        let failures = FailureSpec { work: FailedWork::Requeued, ..FailureSpec::default() };
        for (fleet, expected) in [
            (FleetSpec { client: Some(ClientSpec::PATIENT), ..usual.clone() }, Kind::Event),
            (FleetSpec { classes: 2, ..usual.clone() }, Kind::Event),
            (FleetSpec { failures, ..usual.clone() }, Kind::Event),
            (FleetSpec { scaling: Scaling::PerRequest(scale), ..usual.clone() }, Kind::Event),
            (patient(drawn, usual.clone()), Kind::Event),
            (patient(constant.clone(), usual.clone()), Kind::Central),
            (FleetSpec { queue: full(), discipline: sharing, ..usual }, Kind::Central),
            (FleetSpec { queue: full(), ..routed(1) }, Kind::Event),
            (FleetSpec { discipline: sharing, ..routed(2) }, Kind::Sharing(TWO, Some(3))),
            (routed(1), Kind::SingleSlot(TWO)),
            (patient(constant, routed(1)), Kind::ManySlots(TWO)),
            (routed(2), Kind::ManySlots(TWO)),
            (routed(MOST_LAZY_SLOTS), Kind::ManySlots(TWO)),
            (routed(MOST_LAZY_SLOTS + 1), Kind::Event),
        ] {
            assert_eq!(fastest(&fleet), expected, "{fleet:?}");
        }
    }
}
