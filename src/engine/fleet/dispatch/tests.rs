//! Which plane serves a fleet, and what every plane does alike when a replica leaves, is killed or fails.

use super::*;
use crate::fleet::{
    ClientSpec, FailureSpec, HandsOver, Proxy, QueueSpec, ScalePerRequest, Scaling, State,
};
use crate::marks;
use crate::units::Span;

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
    let scale = ScalePerRequest { minimum: 0, limit: 9, ..ScalePerRequest::after(idle_expiry) };
    let proxy = Some(Proxy { hands_over: HandsOver::Freely, latency: Span::ZERO });
    let each = QueueSpec { replica_capacity: Some(1), ..QueueSpec::default() };
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
        (FleetSpec { queue: each, ..routed(1) }, Kind::Event),
        (FleetSpec { proxy, ..routed(1) }, Kind::Event),
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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Served(u64, u64),
    GaveUp(u64),
    /// When service began, and when it was lost.
    Lost(Option<u64>, u64),
    /// When its replica failed; it waits again.
    PutBack(u64),
    Unfinished,
}
use Fate::{GaveUp, Lost, PutBack, Served, Unfinished};

/// Arrivals and fates, as they were told.
#[derive(Default)]
struct Fates(Vec<(u64, Fate)>);

impl Sink for Fates {
    fn completed(&mut self, c: &Completion) {
        self.0.push((c.arrival.0, Served(c.start.0, c.end.0)));
    }
    fn timed_out(&mut self, arrival: Time, at: Time) {
        self.0.push((arrival.0, GaveUp(at.0)));
    }
    fn lost(&mut self, arrival: Time, start: Time, at: Time) {
        self.0.push((arrival.0, Lost((start < Time::NEVER).then_some(start.0), at.0)));
    }
    fn interrupted(&mut self, arrival: Time, _: Time, at: Time) {
        self.0.push((arrival.0, PutBack(at.0)));
    }
    fn unfinished(&mut self, arrival: Time) {
        self.0.push((arrival.0, Unfinished));
    }
}

/// A plane with one ready replica of one slot.
struct World {
    plane: Box<dyn Plane<Fates> + Send>,
    fleet: Fleet,
    replica: ReplicaId,
    fates: Fates,
    patience: u64,
}

const RULE: RoutingRule = RoutingRule::Random;
const PLANES: [Kind; 5] = [
    Kind::Central,
    Kind::SingleSlot(RULE),
    Kind::ManySlots(RULE),
    Kind::Sharing(RULE, Some(1)),
    Kind::Event,
];

impl World {
    fn new(kind: Kind, spec: FleetSpec, patience: Option<u64>) -> Self {
        let mut world = Self::unseen(kind, spec, patience);
        world.join(Time::ZERO, world.replica);
        world
    }

    /// The same before the plane knows of the replica.
    fn unseen(kind: Kind, spec: FleetSpec, patience: Option<u64>) -> Self {
        let (timeout, balancing) = (patience.map(Sampler::Constant), Balancing::PerReplica(RULE));
        let queue = QueueSpec { timeout, ..QueueSpec::default() };
        let spec = FleetSpec { balancing, queue, ..spec };
        let streams = Streams::new(1, 0, 0);
        let plane = of_kind(kind, &spec, streams, 9);
        let mut fleet = Fleet::new(spec, streams, (Time::ZERO, Time(1_000)));
        let replica = fleet.add_initial();
        let patience = patience.unwrap_or(u64::MAX);
        Self { plane, fleet, replica, fates: Fates::default(), patience }
    }

    fn join(&mut self, now: Time, replica: ReplicaId) {
        self.plane.launched(replica, &self.fleet);
        self.plane.join(now, replica, &self.fleet, &mut self.fates);
    }

    /// A look at every ready replica at `now`: what it is busy with, and what it has worked.
    fn look(&mut self, now: u64) -> Vec<(u64, u128)> {
        self.plane.gauges(Time(now), &mut self.fates);
        let one = |id| (self.plane.load(Time(now), id), self.plane.work_ns(Time(now), id));
        self.fleet.ready().into_iter().map(one).collect()
    }

    /// Requests as (arrival, demand), all before `barrier`.
    fn arrive(&mut self, requests: &[(u64, u64)], barrier: u64) {
        let (arrivals, demands): (Vec<u64>, Vec<u64>) = requests.iter().copied().unzip();
        let routing: Vec<u64> = arrivals.iter().copied().map(scattered).collect();
        let requests = Requests {
            arrival_ns: &arrivals,
            demand_ns: &demands,
            routing: &routing,
            patience_ns: &vec![self.patience; arrivals.len()],
            class: &[],
        };
        let barrier = Time(barrier);
        let stop = self.plane.arrive(requests, barrier, &mut self.fleet, &mut self.fates);
        assert_eq!(stop, Stop::Taken);
        self.reach(barrier.0);
    }

    fn reach(&mut self, now: u64) {
        assert_eq!(self.plane.reach(Time(now), &mut self.fleet, &mut self.fates), None);
    }

    /// Everything up to `now` has happened; what was told, by arrival and in that order.
    fn told(&mut self, now: u64) -> Vec<(u64, Fate)> {
        self.reach(now);
        self.plane.finish(Time(now), &mut self.fates);
        self.fates.0.sort_by_key(|&(arrival, _)| arrival);
        std::mem::take(&mut self.fates.0)
    }
}

/// A routing draw.
fn scattered(number: u64) -> u64 {
    number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// All that happens does so at even instants, so that a look at an odd one shows two nanoseconds.
#[test]
fn what_each_replica_has_worked_is_what_a_look_at_every_instant_adds_up_to() {
    const SLOTS: u64 = 2;
    for kind in PLANES {
        let slots = if kind == Kind::SingleSlot(RULE) { 1 } else { SLOTS };
        let spec = FleetSpec { concurrency: slots as u32, ..FleetSpec::default() };
        let mut world = World::unseen(kind, spec, None);
        world.plane.keep_work();
        world.join(Time::ZERO, world.replica);
        let mut worked: Vec<u128> = vec![0];
        for now in (0..400).step_by(2) {
            if [20, 90, 150].contains(&now) {
                let next = world.fleet.add_initial();
                world.join(Time(now), next);
                worked.push(0);
            }
            if now == 200 {
                let first = world.fleet.ready()[0];
                let kill = world.fleet.drain(Time(now), first);
                world.plane.leave(Time(now), first, kill);
                worked.remove(0);
            }
            // Bursts, so that replicas wait for work and work waits for replicas.
            let demand = 2 + 2 * (scattered(now) % 6);
            let requests: &[(u64, u64)] = if now % 30 < 10 { &[(now, demand)] } else { &[] };
            world.arrive(requests, now + 1);
            for (worked, (busy, work)) in worked.iter_mut().zip(world.look(now + 1)) {
                assert_eq!(work, *worked + u128::from(busy), "{kind:?} at {now}");
                *worked += 2 * u128::from(busy);
            }
            world.reach(now + 2);
        }
        assert!(worked.iter().all(|&worked| worked > 10), "{kind:?}: {worked:?}");
    }
}

#[test]
fn every_row_of_the_table_of_leaves_holds_on_every_plane() {
    let _shown = marks::expect(["gone before its grace ended"]);
    // The replica leaves at 10 and is killed at 100.
    type Row<'a> = (&'a [(u64, u64)], Option<u64>, &'a [(u64, Fate)], u64);
    let rows: [Row<'_>; 6] = [
        (&[(0, 50)], None, &[(0, Served(0, 50))], 50),
        (&[(0, 150)], None, &[(0, Lost(Some(0), 100))], 100),
        (&[(0, 20), (1, 30)], None, &[(0, Served(0, 20)), (1, Served(20, 50))], 50),
        (&[(0, 20), (1, 200)], None, &[(0, Served(0, 20)), (1, Lost(Some(20), 100))], 100),
        (&[(0, 150), (1, 5)], None, &[(0, Lost(Some(0), 100)), (1, Lost(None, 100))], 100),
        (&[(0, 150), (1, 5)], Some(60), &[(0, Lost(Some(0), 100)), (1, GaveUp(61))], 100),
    ];
    for kind in PLANES {
        for (requests, patience, expected, gone_at) in rows {
            if kind == Kind::SingleSlot(RULE) && patience.is_some() {
                continue; // knows no patience
            }
            let spec = FleetSpec { grace: Span(90), ..FleetSpec::default() };
            let mut world = World::new(kind, spec, patience);
            world.arrive(requests, 10);
            let kill = world.fleet.drain(Time(10), world.replica);
            assert_eq!(kill, Time(100));
            let certain = world.plane.leave(Time(10), world.replica, kill);
            let mut expected = expected.to_vec();
            let mut gone_at = gone_at;
            if kind == Kind::Central && requests.len() > 1 && patience.is_none() {
                // The second one does not wait there: it goes on waiting.
                expected[1] = (1, Unfinished);
                gone_at = if requests[0].1 > 90 { 100 } else { requests[0].1 };
            }
            if kind == Kind::Event {
                assert_eq!(certain, None);
                world.reach(gone_at - 1);
                assert!(matches!(world.fleet.state(world.replica), State::Draining { .. }));
                world.reach(gone_at);
                assert_eq!(world.fleet.state(world.replica), State::Gone);
            } else {
                assert_eq!(certain, Some(Time(gone_at)), "{kind:?} {requests:?}");
            }
            assert_eq!(world.told(500), expected, "{kind:?} {requests:?}");
        }
    }
}

#[test]
fn a_replica_without_requests_is_gone_at_once_and_one_that_fails_loses_all_it_holds() {
    for kind in PLANES {
        let mut world = World::new(kind, FleetSpec::default(), None);
        world.arrive(&[(0, 5)], 10);
        let kill = world.fleet.drain(Time(10), world.replica);
        assert_eq!(world.plane.leave(Time(10), world.replica, kill), Some(Time(10)), "{kind:?}");

        let mut world = World::new(kind, FleetSpec::default(), None);
        world.arrive(&[(0, 50), (1, 5)], 10);
        world.fleet.fail(Time(10), world.replica);
        world.plane.fail(Time(10), &[world.replica], &mut world.fleet, &mut world.fates);
        assert_eq!(world.fleet.state(world.replica), State::Gone, "{kind:?}");
        let second = if kind == Kind::Central { Unfinished } else { Lost(None, 10) };
        assert_eq!(world.told(500), [(0, Lost(Some(0), 10)), (1, second)], "{kind:?}");
    }
}

#[test]
fn replicas_that_replace_one_another_serve_one_after_another() {
    let _shown = marks::expect(["slots of gone replicas are dropped"]);
    for kind in PLANES {
        let mut world = World::new(kind, FleetSpec::default(), None);
        let mut expected = Vec::new();
        for now in (10..=200).step_by(10) {
            world.arrive(&[(now - 5, 2)], now);
            expected.push((now - 5, Served(now - 5, now - 3)));
            let next = world.fleet.add_initial();
            world.join(Time(now), next);
            let old = std::mem::replace(&mut world.replica, next);
            let kill = world.fleet.drain(Time(now), old);
            assert_eq!(world.plane.leave(Time(now), old, kill), Some(Time(now)), "{kind:?}");
            world.fleet.gone(Time(now), old);
        }
        assert_eq!(world.told(500), expected, "{kind:?}");
    }
}

#[test]
fn a_request_of_a_century_and_a_half_is_served_to_its_end() {
    let _shown = marks::expect(["beyond the horizon of the tree"]);
    let long = 1 << 62;
    for kind in PLANES {
        let mut world = World::new(kind, FleetSpec::default(), None);
        world.arrive(&[(0, long), (1, 5)], long + 3);
        let expected = [(0, Served(0, long)), (1, Served(long, long + 5))];
        assert_eq!(world.told(long + 9), expected, "{kind:?}");
    }
}

#[test]
fn an_idle_replica_goes_after_its_idle_period_unless_no_more_are_live_than_the_minimum() {
    let _shown = marks::expect(["outlives its idle period"]);
    for (minimum, live) in [(0, 0), (1, 1)] {
        let idle_expiry = Sampler::Constant(9);
        let scale = ScalePerRequest { minimum, limit: 9, ..ScalePerRequest::after(idle_expiry) };
        let spec = FleetSpec { scaling: Scaling::PerRequest(scale), ..FleetSpec::default() };
        let mut world = World::new(Kind::Event, spec, None);
        for (now, expected) in [(8, 1), (9, live), (100, live)] {
            world.reach(now);
            assert_eq!(world.fleet.census().live(), expected, "{minimum} at {now}");
        }
    }
}

#[test]
fn every_row_of_the_table_of_ended_work_holds() {
    let _shown = marks::expect(["failed work is put back"]);
    // In service since 0 and waiting since 1, both at the replica that ends at 20; another is ready at 30.
    let (lost, put_back) = (FailedWork::Lost, FailedWork::Requeued);
    let all_lost = vec![(0, Lost(Some(0), 20)), (1, Lost(None, 20))];
    let again = vec![(0, PutBack(20)), (0, Served(30, 80)), (1, Served(80, 85))];
    for (fails, work, expected) in [
        (false, lost, all_lost.clone()),
        (false, put_back, all_lost.clone()),
        (true, lost, all_lost),
        (true, put_back, again),
    ] {
        for drains_first in [true, false] {
            if !drains_first && !fails {
                continue; // only a leaving replica is killed without a failure
            }
            let failures = FailureSpec { work, ..FailureSpec::default() };
            let spec = FleetSpec { failures, grace: Span(10), ..FleetSpec::default() };
            let mut world = World::new(Kind::Event, spec, None);
            world.arrive(&[(0, 50), (1, 5)], 10);
            let replica = world.replica;
            if drains_first {
                let kill = match fails {
                    true => world.fleet.reclaim(Time(10), replica, Span(10)),
                    false => world.fleet.drain(Time(10), replica),
                };
                assert_eq!(world.plane.leave(Time(10), replica, kill), None);
            } else {
                world.reach(20);
                world.fleet.fail(Time(20), replica);
                world.plane.fail(Time(20), &[replica], &mut world.fleet, &mut world.fates);
            }
            world.reach(30);
            assert_eq!(world.fleet.state(replica), State::Gone);
            let other = world.fleet.add_initial();
            world.join(Time(30), other);
            assert_eq!(world.told(500), expected, "{fails} {work:?} {drains_first}");
        }
    }
}
