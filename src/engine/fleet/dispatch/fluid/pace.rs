//! The mean number of requests in the system, step by step.

use super::chance;
use super::response::Law;
use super::waiting::WaitFormula;
use crate::stats::crossing;

/// The longest step while the system is not settled, seconds.
pub(super) const LONGEST_S: f64 = 1.0;

/// A stretch is not cut finer than this, however short the requests.
const MOST_STEPS: f64 = 64.0;

/// A utilization at which a queue is as good as endless: 1 less e to minus this.
const DEEPEST: f64 = 36.0;

/// Moves the mean number in the system on, a step at a time.
#[derive(Debug, Clone)]
pub(super) struct Pace {
    waiting: WaitFormula,
    slots: f64,
    service_s: f64,
    /// In the system, in service, waiting; means.
    present: f64,
    busy: f64,
    queue: f64,
    /// The share of arrivals that wait.
    share: f64,
    /// Variance of the number waiting while any does.
    variance: f64,
    /// The load and the replicas it has settled at.
    settled: Option<(f64, f64)>,
    /// Of these replicas, see [`Pace::deep`].
    deepest: Option<(f64, f64)>,
}

/// What happened in a step.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    pub(super) length_s: f64,
    /// Means over it.
    pub(super) busy: f64,
    pub(super) queue: f64,
    /// What those who arrived in it wait.
    pub(super) law: Law,
}

impl Pace {
    pub(super) fn new(waiting: WaitFormula, slots: f64, service_s: f64) -> Self {
        Self {
            waiting,
            slots,
            service_s,
            present: 0.0,
            busy: 0.0,
            queue: 0.0,
            share: 0.0,
            variance: 0.0,
            settled: None,
            deepest: None,
        }
    }

    pub(super) fn present(&self) -> f64 {
        self.present
    }

    pub(super) fn busy(&self) -> f64 {
        self.busy
    }

    /// Requests arrive and nobody serves.
    pub(super) fn gather(&mut self, arrivals: f64, length_s: f64) {
        let forgot = self.busy * (1.0 - (-length_s / self.service_s.max(1e-9)).exp());
        self.busy -= forgot.min(self.busy);
        self.present = (self.present - forgot).max(0.0) + arrivals;
        self.queue = self.present;
        self.share = 1.0;
        self.settled = None;
    }

    /// Requests in service go elsewhere; returns how many did.
    pub(super) fn remove(&mut self, busy: f64) -> f64 {
        let busy = busy.min(self.busy).min(self.present);
        self.busy -= busy;
        self.present -= busy;
        self.settled = None;
        busy
    }

    /// One step at `rate` with `replicas`, of at most the second of the two lengths: a whole stretch, and
    /// what is left of it.
    pub(super) fn step(&mut self, rate: f64, replicas: f64, (whole_s, left_s): (f64, f64)) -> Step {
        let slots = self.slots * replicas;
        let u = rate * self.service_s / slots;
        if self.settles(rate, replicas, u, left_s) {
            let wait = self.waiting.at(u, replicas);
            self.busy = u * slots;
            self.queue = wait.queue;
            self.share = wait.share;
            self.present = self.busy + self.queue;
            self.variance = conditional(wait.queue, wait.share).powi(2);
            self.settled = Some((rate, replicas));
            let law = self.law(rate, 1.0);
            return Step { length_s: left_s, busy: self.busy, queue: self.queue, law };
        }
        let finest = (self.service_s / 2.0).clamp(0.05, LONGEST_S);
        let length_s = finest.max(whole_s / MOST_STEPS).min(LONGEST_S).min(left_s);
        let before = (self.busy, self.queue);
        self.move_on(rate, replicas, length_s);
        let mean = |a: f64, b: f64| f64::midpoint(a, b);
        let (busy, queue) = (mean(before.0, self.busy), mean(before.1, self.queue));
        let law = self.law(self.busy / self.service_s, self.shape());
        Step { length_s, busy, queue, law }
    }

    /// Whether the step can be taken at the long-run means: the system is there already, or gets there in
    /// a small part of the step.
    fn settles(&self, rate: f64, replicas: f64, u: f64, left_s: f64) -> bool {
        if u >= 0.9999 {
            return false;
        }
        if self.settled == Some((rate, replicas)) {
            return true;
        }
        let slots = self.slots * replicas;
        // The relaxation of a reflected Brownian motion, variance over drift squared, and of the servers.
        let pool = self.waiting.pool(replicas);
        let spread = u * self.waiting.variability() / (pool * (1.0 - u).powi(2));
        let relaxes = self.service_s * (1.0 + spread);
        let ahead = (self.present - u * slots).abs() * self.service_s / (slots * (1.0 - u));
        let near = ahead.min(self.service_s + ahead);
        if self.present > slots * u + self.queue_at(u, replicas) * 2.0 + 1.0 + slots * 0.1 {
            return relaxes * 4.0 + ahead * 8.0 < left_s;
        }
        relaxes * 4.0 + near * 0.5 < left_s
    }

    /// A queue that keeps every server busy, as good as always.
    fn deep(&mut self, replicas: f64) -> f64 {
        match self.deepest {
            Some((of, queue)) if of == replicas => queue,
            _ => {
                let queue = self.queue_at(0.998, replicas);
                self.deepest = Some((replicas, queue));
                queue
            }
        }
    }

    fn queue_at(&self, u: f64, replicas: f64) -> f64 {
        self.waiting.at(u, replicas).queue
    }

    /// An implicit step of dX/dt = rate - u(X) c / s, solved for the utilization at its end.
    fn move_on(&mut self, rate: f64, replicas: f64, length_s: f64) {
        let slots = self.slots * replicas;
        let comes = self.present + rate * length_s;
        let served = slots * length_s / self.service_s;
        let deep = self.deep(replicas);
        let surplus = |u: f64| slots * u + self.queue_at(u, replicas) + served * u - comes;
        let of = |depth: f64| -(-depth).exp_m1();
        let (u, share) = if comes - served > slots + deep {
            (1.0, 1.0)
        } else {
            let u = of(crossing(|depth| surplus(of(depth)), (0.0, DEEPEST), 1e-7));
            (u, self.waiting.at(u, replicas).share)
        };
        self.present = (comes - served * u).max(0.0);
        self.busy = (slots * u).min(self.present);
        self.queue = self.present - self.busy;
        self.share = share;
        // Far from empty the variance grows as that of arrivals less services; near it a queue forgets.
        let grows = rate.max(self.busy / self.service_s) * self.waiting.variability() * length_s;
        let mean = conditional(self.queue, share);
        let forgets = if mean > 0.0 { grows / (mean * mean) } else { 0.0 };
        self.variance = (self.variance + grows) / (1.0 + forgets);
        self.settled = None;
    }

    /// Shape of the gamma law of the number waiting while any does.
    fn shape(&self) -> f64 {
        let mean = conditional(self.queue, self.share);
        if self.variance > 0.0 { (mean * mean / self.variance).clamp(1.0, 400.0) } else { 1.0 }
    }

    /// By Little's law, at a throughput.
    fn law(&self, throughput: f64, shape: f64) -> Law {
        let mean_s = if throughput > 0.0 { self.queue / throughput } else { 0.0 };
        Law { share: self.share, mean_s, shape }
    }

    /// In service and waiting at an instant that is `swing` standard deviations above the mean.
    pub(super) fn fluctuating(&self, swing: f64, replicas: f64) -> (f64, f64) {
        let slots = self.slots * replicas;
        let u = (self.busy / slots).clamp(0.0, 1.0);
        let pool = self.waiting.pool(replicas);
        if pool < slots && !self.waiting.is_blind() {
            let factor = (1.0 + swing / self.present.max(1e-9).sqrt()).max(0.0);
            return ((self.busy * factor).min(slots), self.queue * factor);
        }
        if pool < slots {
            // Replicas are independent: a sum of many.
            let busy_sd = (self.busy * (1.0 - u.powf(pool))).sqrt();
            let queue_sd = (self.queue + 2.0 * self.queue * self.queue / replicas).sqrt();
            let queue = if self.queue > 0.0 { self.queue + swing * queue_sd } else { 0.0 };
            return ((self.busy + swing * busy_sd).clamp(0.0, slots), queue.max(0.0));
        }
        let above = 1.0 - chance(swing);
        if above < self.share {
            // Exponential while any waits, with less spread the farther from empty.
            let factor = -(above / self.share).max(1e-12).ln();
            let mean = conditional(self.queue, self.share);
            let queue = mean * (1.0 + (factor - 1.0) / self.shape().sqrt());
            return (slots, queue.max(0.0));
        }
        ((self.busy + swing * self.busy.sqrt()).clamp(0.0, slots), 0.0)
    }
}

/// The mean number waiting while any does.
fn conditional(queue: f64, share: f64) -> f64 {
    if share > 0.0 { queue / share } else { 0.0 }
}
