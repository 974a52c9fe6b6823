//! A service as a flow: no request is simulated, and a step costs the same at any rate.
//!
//! Between two looks the fleet is constant and the rate nearly so. The mean number of requests in the
//! system, X, follows dX/dt = arrivals - mu c u(X), where u(X) is the utilization at which X is the
//! long-run mean: the pointwise stationary fluid flow approximation (Wang, Tipper and Banerjee 1996). At a
//! constant load it settles on the queue of that load, above capacity it grows as a flow does, and it
//! forgets neither at once. `waiting` has the long-run means, `response` turns waits into response
//! times, `pace` steps through time.
//!
//! Requests are counted exactly: those that arrived are completed, present, rejected or unfinished. What
//! gauges show at an instant fluctuates around the means as numbers in service and queues do.

mod pace;
mod response;
mod waiting;

use super::{Draws, Gauges, Interruption, Plane, Requests, Sink, Stop};
use crate::fleet::{AtZero, Discipline, Fleet, FleetSpec, ReplicaId, VictimOrder};
use crate::random::{Generator, Purpose, Strata, Streams};
use crate::units::{Span, Time};
use pace::{Pace, Step};
use rand_distr::{Distribution as _, StandardNormal};
use response::{Law, Responses};
use statrs::distribution::{ContinuousCDF as _, Normal};
use std::collections::VecDeque;
use std::sync::Arc;
use waiting::WaitFormula;

/// What arrives in a stretch of nearly constant rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Inflow {
    /// Its end; it begins where the one before it ended.
    pub until: Time,
    /// Expected requests.
    pub expected: f64,
    /// Requests that arrive.
    pub arrivals: u64,
    /// By how much their demands differ from as many mean ones, in standard deviations of one.
    pub excess: f64,
}

/// Requests that arrived in one step and have the same law of waiting.
#[derive(Debug, Clone, Copy)]
struct Cohort {
    /// In the middle, seconds.
    arrived_s: f64,
    count: u64,
    law: Law,
}

/// The most cohorts kept; beyond, neighbours are taken together.
const MOST_COHORTS: usize = 1 << 14;

/// The mean numbers of requests in service and waiting, and the fleet they meet.
#[derive(Debug, Clone)]
pub struct FluidPlane {
    pace: Pace,
    responses: Responses,
    service: Arc<Strata>,
    streams: Streams,
    slots: f64,
    sharing: bool,
    rejects_at_zero: bool,
    /// Replicas without requests leave first.
    idle_first: bool,
    ready: u32,
    now: Time,
    arrived: u64,
    completed: u64,
    rejected: u64,
    waiting: VecDeque<Cohort>,
    /// In service on replicas that are leaving.
    leaving: f64,
    busy_ns: u128,
    in_flight_ns: u128,
    queued_ns: u128,
    /// Integral of the busy slots of one replica that was always ready: all work alike.
    each_ns: u128,
    /// What that was when a replica joined, by its id.
    joined_at_ns: Vec<u128>,
}

impl FluidPlane {
    /// Serves demands of the law `service`; `dispersion` is that of the counts of arrivals.
    pub fn new(spec: &FleetSpec, service: Arc<Strata>, dispersion: f64, streams: Streams) -> Self {
        let sharing = matches!(spec.discipline, Discipline::Sharing { .. });
        let slots = f64::from(spec.concurrency.max(1));
        let waiting = WaitFormula::new(spec, dispersion, service.cv2);
        Self {
            pace: Pace::new(waiting, slots, service.mean_s),
            responses: Responses::new(Arc::clone(&service), sharing.then_some(slots)),
            service,
            streams,
            slots,
            sharing,
            rejects_at_zero: spec.queue.at_zero == AtZero::Reject,
            idle_first: spec.victims == VictimOrder::FewestInFlight,
            ready: 0,
            now: Time::ZERO,
            arrived: 0,
            completed: 0,
            rejected: 0,
            waiting: VecDeque::new(),
            leaving: 0.0,
            busy_ns: 0,
            in_flight_ns: 0,
            queued_ns: 0,
            each_ns: 0,
            joined_at_ns: Vec::new(),
        }
    }

    /// Nothing but what leaves.
    fn rest(&mut self, length_s: f64, sink: &mut impl Sink) {
        self.empty_leaving(length_s);
        self.complete(self.now.as_secs_f64() + length_s, sink);
    }

    fn serve(&mut self, inflow: &Inflow, length_s: f64, sink: &mut impl Sink) {
        let (began, replicas) = (self.now.as_secs_f64(), f64::from(self.ready));
        let rate = inflow.expected / length_s;
        // How much more work came than expected.
        let sd = self.service.cv2.sqrt();
        let work = if inflow.expected > 0.0 {
            ((inflow.arrivals as f64 + inflow.excess * sd) / inflow.expected).max(0.0)
        } else {
            1.0
        };
        let (mut at, mut taken) = (0.0, 0);
        while at < length_s {
            let step = self.pace.step(rate, replicas, (length_s, length_s - at));
            let end = at + step.length_s;
            let last = length_s - end < 1e-9;
            let share = if last { 1.0 } else { end / length_s };
            let by_now = (inflow.arrivals as f64 * share) as u64;
            self.account(&step, work, replicas);
            self.enter(began + f64::midpoint(at, end), by_now - taken, step.law);
            self.empty_leaving(step.length_s);
            self.complete(began + f64::midpoint(at, end), sink);
            (at, taken) = (if last { length_s } else { end }, by_now);
        }
    }

    fn account(&mut self, step: &Step, work: f64, replicas: f64) {
        let slots = replicas * self.slots;
        let busy = (step.busy * work).min(slots.max(step.busy));
        self.busy_ns += whole(busy * step.length_s);
        self.each_ns += whole(busy / replicas * step.length_s);
        // A queue whose waits are told of nobody is none.
        let queue = if self.responses.counts(&step.law) { step.queue } else { 0.0 };
        let (serving, queued) = self.divided(busy, queue);
        self.in_flight_ns += whole((serving + self.leaving) * step.length_s);
        self.queued_ns += whole(queued * step.length_s);
    }

    /// In service and waiting: where requests share, nobody waits.
    fn divided(&self, busy: f64, queue: f64) -> (f64, f64) {
        if self.sharing { (busy + queue, 0.0) } else { (busy, queue) }
    }

    fn enter(&mut self, arrived_s: f64, count: u64, law: Law) {
        self.arrived += count;
        if count == 0 {
            return;
        }
        if self.waiting.len() >= MOST_COHORTS {
            let pairs: Vec<Cohort> = self.waiting.drain(..).collect();
            self.waiting.extend(pairs.chunks(2).map(|pair| {
                let count = pair.iter().map(|one| one.count).sum();
                Cohort { count, ..pair[0] }
            }));
        }
        self.waiting.push_back(Cohort { arrived_s, count, law });
    }

    fn empty_leaving(&mut self, length_s: f64) {
        if self.leaving > 0.0 {
            self.leaving *= (-length_s / self.service.mean_s).exp();
            self.leaving = if self.leaving < 0.5 { 0.0 } else { self.leaving };
        }
    }

    /// Those who are no longer present are done, the first to come first.
    fn complete(&mut self, at_s: f64, sink: &mut impl Sink) {
        let present = (self.pace.present() + self.leaving).round() as u64;
        let left = (self.arrived - self.rejected).saturating_sub(present);
        let mut due = left.saturating_sub(self.completed);
        self.completed += due;
        while due > 0
            && let Some(first) = self.waiting.front_mut()
        {
            let count = due.min(first.count);
            first.count -= count;
            due -= count;
            let mut law = first.law;
            // A wait that can be seen passing is what it was.
            let passed = at_s - first.arrived_s - self.service.mean_s;
            if (law.mean_s > pace::LONGEST_S || law.mean_s == 0.0 && law.share == 1.0)
                && passed > 0.0
            {
                law = Law { share: 1.0, mean_s: passed, shape: law.shape.max(4.0) };
            }
            let (arrived_s, gone) = (first.arrived_s, first.count == 0);
            let when = (arrived_s, at_s.max(arrived_s));
            let when = (Time::from_secs_f64(when.0), Time::from_secs_f64(when.1));
            self.responses.tell(count, &law, when, sink);
            if gone {
                self.waiting.pop_front();
            }
        }
    }

    /// How far the number in service is from its mean, in standard deviations: a function of the instant
    /// alone, whoever looks and however often. Independent normal numbers a mean service time apart,
    /// blended so that the variance is 1 in between; numbers in service forget as fast (M/M/inf).
    fn swing(&self, now: Time) -> f64 {
        let place = now.as_secs_f64() / self.service.mean_s.max(1e-9);
        let number = place.floor() as u64;
        let normal = |number: u64| -> f64 {
            let mut rng: Generator = self.streams.keyed(Purpose::FlowGauge, 0, number);
            StandardNormal.sample(&mut rng)
        };
        let (sine, cosine) = (place.fract() * std::f64::consts::FRAC_PI_2).sin_cos();
        normal(number) * cosine + normal(number + 1) * sine
    }
}

/// It takes no requests, and knows no clients, limits of queues, scale per request or first requests.
impl<S: Sink> Plane<S> for FluidPlane {
    fn draws(&self) -> Draws {
        Draws::default()
    }

    fn arrive(&mut self, _: Requests<'_>, _: Time, _: &mut Fleet, _: &mut S) -> Stop {
        Stop::Taken
    }

    fn reach(&mut self, _: Time, _: &mut Fleet, _: &mut S) -> Option<Interruption> {
        None
    }

    fn flow(&mut self, inflow: &Inflow, fleet: &Fleet, sink: &mut S) -> bool {
        let length_s = inflow.until.since(self.now).as_secs_f64();
        let starved = inflow.arrivals > 0 && fleet.census().live() == 0;
        if starved && self.rejects_at_zero {
            self.arrived += inflow.arrivals;
            self.rejected += inflow.arrivals;
            sink.refused(inflow.arrivals, self.now);
            self.rest(length_s, sink);
        } else if self.ready == 0 {
            let arrived_s = self.now.as_secs_f64() + length_s / 2.0;
            let law = Law { share: 1.0, mean_s: 0.0, shape: 1.0 };
            self.pace.gather(inflow.arrivals as f64, length_s);
            self.queued_ns += whole(self.pace.present() * length_s);
            self.enter(arrived_s, inflow.arrivals, law);
            self.rest(length_s, sink);
        } else if length_s > 0.0 {
            self.serve(inflow, length_s, sink);
        }
        self.now = inflow.until;
        starved
    }

    fn join(&mut self, _: Time, id: ReplicaId, _: &Fleet, _: &mut S) {
        self.ready += 1;
        let width = self.joined_at_ns.len().max(id.index() + 1);
        self.joined_at_ns.resize(width, 0);
        self.joined_at_ns[id.index()] = self.each_ns;
    }

    fn leave(&mut self, now: Time, _: ReplicaId, deadline: Time) -> Option<Time> {
        let replicas = f64::from(self.ready.max(1));
        let busy = self.pace.busy().min(replicas * self.slots);
        self.ready = self.ready.saturating_sub(1);
        let own = busy / replicas;
        if own < 1e-6
            || (self.idle_first && replicas * (1.0 - own / self.slots).powf(self.slots) >= 1.0)
        {
            return Some(now);
        }
        self.leaving += self.pace.remove(own);
        // The longest of so many residual service times, each with the mean of a renewal's.
        let residual = self.service.mean_s * (1.0 + self.service.cv2) / 2.0;
        let longest = if own < 1.0 { own } else { own.ln() + 1.0 };
        Some(now.after(Span((residual * longest * 1e9) as u64)).min(deadline))
    }

    fn expire(&mut self, _: Time, _: &mut Fleet, _: &mut S) {}

    // On average.
    fn load(&self, _: Time, _: ReplicaId) -> u64 {
        (self.pace.present() / f64::from(self.ready.max(1))).round() as u64
    }

    fn keep_work(&mut self) {
        // It is kept anyway.
    }

    fn work_ns(&self, _: Time, replica: ReplicaId) -> u128 {
        self.joined_at_ns.get(replica.index()).map_or(0, |joined| self.each_ns - joined)
    }

    fn gauges(&mut self, now: Time, _: &mut S) -> Gauges {
        let present = self.pace.present();
        let integrals = Gauges {
            busy_ns: self.busy_ns,
            in_flight_ns: self.in_flight_ns,
            queued_ns: self.queued_ns,
            ..Gauges::default()
        };
        let leaving = self.leaving.round() as u64;
        if (present + self.leaving).round() < 1.0 {
            return integrals;
        }
        if self.ready == 0 {
            return Gauges { queued: present.round() as u64, in_flight: leaving, ..integrals };
        }
        let slots = f64::from(self.ready) * self.slots;
        let (busy, queue) = self.pace.fluctuating(self.swing(now), f64::from(self.ready));
        let (serving, queued) = self.divided(busy, queue);
        Gauges {
            busy: busy.min(slots).round() as u64,
            in_flight: serving.round() as u64 + leaving,
            queued: queued.round() as u64,
            ..integrals
        }
    }

    fn finish(&mut self, _: Time, sink: &mut S) {
        for cohort in self.waiting.drain(..) {
            sink.left_over(cohort.count, Time::from_secs_f64(cohort.arrived_s));
        }
    }
}

/// Request-seconds as whole request-nanoseconds.
fn whole(request_s: f64) -> u128 {
    (request_s * 1e9).round() as u128
}

/// The chance that a standard normal number is at most `z`.
fn chance(z: f64) -> f64 {
    Normal::standard().cdf(z)
}

#[cfg(test)]
mod tests;
