//! One replica whose requests share its capacity (rule 21).
//!
//! All requests in service advance equally fast, so one clock - the *virtual time* - tells how much each
//! of them has received since it began: a request is done when the clock reaches its *tag*, which is
//! what the clock showed when it began plus its demand (Parekh and Gallager 1993). While nobody comes or
//! goes the clock's speed is constant, and the next instant at which somebody is done is known; what
//! happened since the last look is made up for at the next.
//!
//! The clock counts 2^-32 ns, and its speed is a whole number of these in a nanosecond, rounded up: so
//! nothing else is rounded, and a request is done in the first whole nanosecond at which it has received
//! its demand.

use crate::fleet::FULL_SPEED as FULL;
use crate::fleet::dispatch::gateway::{NONE, Waits};
use crate::fleet::dispatch::routing::Seen;
use crate::fleet::dispatch::{Completion, Sink};
use crate::units::Time;
use std::cmp::Ordering;
use std::collections::{BinaryHeap, VecDeque};

/// As many units of virtual time in a nanosecond are full speed.
const UNITS: u32 = FULL.trailing_zeros();
// The speed of `share` is divided from a capacity in these units; tags and the clock hold the longest demand
// and, while a replica never is empty, four thousand million of them.
const _: () = assert!(u32::BITS + UNITS <= u64::BITS);
const _: () = assert!(u64::BITS + UNITS + 32 <= u128::BITS);
/// Speeds kept in a table.
const KEPT: usize = 64;

/// How fast requests are served by how many there are.
#[derive(Debug, Clone)]
pub(super) struct Speeds {
    /// Up to so many run at full speed.
    pub(super) capacity: u32,
    /// Most in service at once.
    pub(super) most: u32,
    /// How fast a request is that has the replica to itself: full speed but for slowdowns.
    alone: u64,
    speeds: [u64; KEPT],
}

impl Speeds {
    pub(super) fn new(capacity: u32, limit: Option<u32>) -> Self {
        let (capacity, most) = (capacity.max(1), limit.unwrap_or(u32::MAX).max(1));
        Self { capacity, most, alone: FULL, speeds: [FULL; KEPT] }.at(FULL)
    }

    /// The same where a request alone has this speed.
    pub(super) fn at(&self, alone: u64) -> Self {
        let speeds = std::array::from_fn(|sharers| share(self.capacity, sharers as u32, alone));
        Self { alone, speeds, ..*self }
    }

    #[inline(always)]
    fn speed(&self, sharers: usize) -> u64 {
        let kept = self.speeds.get(sharers).copied();
        kept.unwrap_or_else(|| share(self.capacity, sharers as u32, self.alone))
    }
}

/// Speed of each of so many, of which one alone would have that speed (rules 21, 46).
fn share(capacity: u32, sharers: u32, alone: u64) -> u64 {
    if sharers <= capacity {
        return alone;
    }
    let share = (u64::from(capacity) << UNITS).div_ceil(u64::from(sharers));
    (u128::from(share) * u128::from(alone)).div_ceil(FULL.into()) as u64
}

/// What is counted of requests in service, over all ready replicas.
#[derive(Debug, Clone, Default)]
pub(super) struct Service {
    /// Integrals of capacity in use, of requests in service; up to the last look at each replica.
    pub(super) busy_ns: u128,
    pub(super) in_flight_ns: u128,
    pub(super) in_flight: u64,
    /// When the newest replica became ready: who arrives later is never cold.
    pub(super) newest_ready_at: u64,
}

/// Who a replica tells what it finds out about the past.
pub(super) struct Look<'a, S> {
    pub(super) speeds: &'a Speeds,
    pub(super) service: &'a mut Service,
    pub(super) waits: &'a mut Waits,
    pub(super) sink: &'a mut S,
    /// How long a request waits before it gives up; `NONE` = for ever.
    pub(super) patience: u64,
}

/// A request in service.
#[derive(Debug, Clone, Copy)]
struct Serving {
    /// The virtual time at which it is done.
    tag: u128,
    arrival: u64,
    start: u64,
}

impl Ord for Serving {
    /// The greatest is done first.
    #[inline(always)]
    fn cmp(&self, other: &Self) -> Ordering {
        other.tag.cmp(&self.tag)
    }
}
impl PartialOrd for Serving {
    #[inline(always)]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl PartialEq for Serving {
    fn eq(&self, other: &Self) -> bool {
        self.tag == other.tag
    }
}
impl Eq for Serving {}

/// A request before or in service, as those outside see it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arrived {
    pub(super) arrival: u64,
    pub(super) demand: u64,
}

/// One replica and its clock of virtual time. The first cache line is what a look needs.
#[derive(Debug, Clone)]
#[repr(align(64))]
pub(super) struct Sharer {
    /// The clock, and the instant at which it showed this.
    clock: u128,
    at: u64,
    /// Units of virtual time a nanosecond, since then.
    speed: u64,
    serving: BinaryHeap<Serving>,
    /// Those that wait for a place among them, in order.
    waiting: VecDeque<Arrived>,
    pub(super) ordinal: u64,
    ready_at: u64,
    /// Its first request has yet to come.
    pub(super) fresh: bool,
    /// Integral of its capacity in use, slot-ns.
    pub(super) work_ns: u128,
}

impl Sharer {
    /// Empty, ready at `now`.
    pub(super) fn new(ordinal: u64, now: u64) -> Self {
        Self {
            clock: 0,
            at: now,
            speed: FULL,
            // Room for what most replicas will ever need.
            serving: BinaryHeap::with_capacity(4),
            waiting: VecDeque::new(),
            ordinal,
            ready_at: now,
            fresh: true,
            work_ns: 0,
        }
    }

    /// In service at the last look.
    pub(super) fn in_service(&self) -> usize {
        self.serving.len()
    }

    /// Those it had at the last look: the arrivals of requests in service with their starts, and of
    /// those that wait.
    pub(super) fn held(&self) -> impl Iterator<Item = (u64, Option<u64>)> + '_ {
        let serving = self.serving.iter().map(|one| (one.arrival, Some(one.start)));
        serving.chain(self.waiting.iter().map(|one| (one.arrival, None)))
    }

    /// When the next one in service is done.
    #[inline(always)]
    fn next_end(&self) -> u64 {
        self.serving.peek().map_or(NONE, |first| {
            let ahead = first.tag.saturating_sub(self.clock);
            self.at.saturating_add(self.time_for(ahead)).min(NONE - 1)
        })
    }

    /// Nanoseconds until the clock has moved by at least so much.
    #[inline(always)]
    fn time_for(&self, ahead: u128) -> u64 {
        if let Ok(ahead) = u64::try_from(ahead) {
            return ahead.div_ceil(self.speed);
        }
        u64::try_from(ahead.div_ceil(u128::from(self.speed))).unwrap_or(NONE)
    }

    /// Moves the clock to `now`, at most the next end.
    #[inline(always)]
    pub(super) fn move_to<S>(&mut self, now: u64, look: &mut Look<'_, S>) {
        let passed = u128::from(now - self.at);
        let sharers = self.serving.len();
        self.at = now;
        self.clock += passed * u128::from(self.speed);
        let work_ns = passed * sharers.min(look.speeds.capacity as usize) as u128;
        self.work_ns += work_ns;
        look.service.busy_ns += work_ns;
        look.service.in_flight_ns += passed * sharers as u128;
    }

    /// Everything up to `now` happens: ends, the starts they cause, and waits that are given up.
    #[inline(always)]
    pub(super) fn pass<S: Sink>(&mut self, now: u64, look: &mut Look<'_, S>) {
        let clock = self.clock + u128::from(now - self.at) * u128::from(self.speed);
        if self.serving.peek().is_some_and(|first| first.tag <= clock) {
            self.end_those_done(now, look);
        }
        if !self.waiting.is_empty() {
            self.give_up(now, look);
        }
    }

    fn end_those_done<S: Sink>(&mut self, now: u64, look: &mut Look<'_, S>) {
        loop {
            let end = self.next_end();
            if end > now {
                return;
            }
            self.move_to(end, look);
            let Some(done) = self.serving.pop() else { return };
            look.service.in_flight -= 1;
            let mut completion = Completion {
                arrival: Time(done.arrival),
                start: Time(done.start),
                end: Time(end),
                replica: 0,
                cold: false,
            };
            if look.sink.names_replicas() || done.arrival < look.service.newest_ready_at {
                completion.replica = self.ordinal;
                completion.cold = done.arrival < self.ready_at;
            }
            look.sink.completed(&completion);
            if self.serving.is_empty() {
                self.clock = 0;
            }
            if !self.waiting.is_empty() {
                self.give_up(end.saturating_sub(1), look);
                if let Some(next) = self.waiting.pop_front() {
                    look.waits.end(next.arrival, end);
                    self.begin(next, look);
                    continue;
                }
            }
            self.speed = look.speeds.speed(self.serving.len());
        }
    }

    /// Those whose patience has ended by `now` leave.
    fn give_up<S: Sink>(&mut self, now: u64, look: &mut Look<'_, S>) {
        while let Some(first) = self.waiting.front() {
            let deadline = first.arrival.saturating_add(look.patience);
            if deadline > now {
                return;
            }
            let arrival = first.arrival;
            self.waiting.pop_front();
            look.waits.end(arrival, deadline);
            look.sink.timed_out(Time(arrival), Time(deadline));
        }
    }

    /// Service begins at the instant of the clock.
    #[inline(always)]
    fn begin<S>(&mut self, request: Arrived, look: &mut Look<'_, S>) {
        let tag = self.clock + (u128::from(request.demand) << UNITS);
        self.serving.push(Serving { tag, arrival: request.arrival, start: self.at });
        look.service.in_flight += 1;
        self.speed = look.speeds.speed(self.serving.len());
    }

    /// Those in service go on at another speed from the instant of the clock on.
    pub(super) fn change_speed(&mut self, speeds: &Speeds) {
        self.speed = speeds.speed(self.serving.len());
    }

    /// A request joins at `now`, up to which everything has happened.
    #[inline(always)]
    pub(super) fn join<S: Sink>(&mut self, now: u64, request: Arrived, look: &mut Look<'_, S>) {
        if self.serving.len() < look.speeds.most as usize {
            self.move_to(now, look);
            look.waits.waited_ns += u128::from(now - request.arrival);
            self.begin(request, look);
        } else {
            look.waits.begin(request.arrival);
            self.waiting.push_back(request);
        }
    }
}

impl<S: Sink> Seen<Look<'_, S>> for Sharer {
    #[inline(always)]
    fn present(&mut self, now: u64, look: &mut Look<'_, S>) -> u32 {
        self.pass(now, look);
        (self.serving.len() + self.waiting.len()) as u32
    }

    fn look(&mut self, now: u64, look: &mut Look<'_, S>) -> (u32, u64) {
        // A gauge may have looked since the instant at which someone was to leave.
        let present = self.present(now.max(self.at), look);
        let gives_up = self.waiting.front().map(|one| one.arrival.saturating_add(look.patience));
        (present, self.next_end().min(gives_up.unwrap_or(NONE)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Ends(Vec<u64>);
    impl Sink for Ends {
        fn completed(&mut self, completion: &Completion) {
            self.0.push(completion.end.0);
        }
    }

    /// Ends of requests that all come at once, looked at every `step` ns, and what was counted.
    fn ends(speeds: &Speeds, demands: &[u64], step: usize) -> (Vec<u64>, Service) {
        let (mut service, mut sink) = (Service::default(), Ends::default());
        let mut sharer = Sharer::new(0, 0);
        let look = &mut Look {
            speeds,
            service: &mut service,
            waits: &mut Waits::default(),
            sink: &mut sink,
            patience: NONE,
        };
        for &demand in demands {
            sharer.join(0, Arrived { arrival: 0, demand }, look);
        }
        for now in (0..=10_000).step_by(step) {
            sharer.pass(now, look);
        }
        (sink.0, service)
    }

    #[test]
    fn ends_do_not_depend_on_when_one_looks() {
        let speeds = Speeds::new(2, Some(4));
        let demands = [70, 31, 5, 90, 14, 14, 250, 1];
        let once = ends(&speeds, &demands, 10_000).0;
        assert_eq!((once.len(), ends(&speeds, &demands, 7).0), (8, once));
    }

    #[test]
    fn a_crowd_takes_as_long_as_its_work_and_what_is_counted_adds_up() {
        // Beyond the table of speeds; each is done when all have received as much as it needs.
        let demands: Vec<u64> = (1..=100).collect();
        let (ends, service) = ends(&Speeds::new(1, None), &demands, 10_000);
        let exact = |k: u64| (1..=k).map(|d| d.min(k)).sum::<u64>() + k * (100 - k);
        for (end, k) in ends.iter().zip(1..) {
            assert!(end.abs_diff(exact(k)) <= 1, "{k}: {end} instead of {}", exact(k));
        }
        assert_eq!((service.busy_ns, service.in_flight), (u128::from(ends[99]), 0));
        assert_eq!(service.in_flight_ns, ends.iter().map(|&end| u128::from(end)).sum());
    }

    #[test]
    fn centuries_of_service_do_not_overflow() {
        let (ends, _) = ends(&Speeds::new(1, None), &[u64::MAX, u64::MAX, 5], 10_000);
        assert_eq!(ends, [15]);
    }
}
