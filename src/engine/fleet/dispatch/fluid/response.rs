//! The law of response times as weighted points: a constant number of them, whatever the rate.

use super::super::{Parcel, Sink};
use crate::random::Strata;
use crate::units::{Span, Time};
use statrs::distribution::{ContinuousCDF as _, Normal};
use std::sync::Arc;

/// What requests that arrived together wait.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Law {
    /// The share that waits at all.
    pub(super) share: f64,
    /// Mean over all of them, seconds.
    pub(super) mean_s: f64,
    /// Shape of the gamma law of those who wait: 1 = exponential, large = all alike.
    pub(super) shape: f64,
}

/// Ends of the strata of a wait: shares of those who wait.
const ENDS: [f64; 15] =
    [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 1.0];

/// A share of requests below this does not count, if their waits are no part of the mean either.
const NOBODY: f64 = 1e-4;

/// The points of one service.
#[derive(Debug, Clone)]
pub(super) struct Responses {
    service: Arc<Strata>,
    /// (share, normal quantile in its middle, mean of the unit exponential law in it).
    waits: [(f64, f64, f64); ENDS.len()],
    /// Requests of a replica that run at full speed, where they share; `None` = they wait.
    sharing: Option<f64>,
    /// Where the next parcel begins between two whole requests.
    offset: f64,
}

impl Responses {
    pub(super) fn new(service: Arc<Strata>, sharing: Option<f64>) -> Self {
        let mut from = 0.0;
        let waits = ENDS.map(|end| {
            let (share, middle) = (end - from, f64::midpoint(from, end));
            // The integral of x e^-x between two quantiles is (x + 1) e^-x at the lower one less that at
            // the upper one.
            let part = |q: f64| if q < 1.0 { (1.0 - (1.0 - q).ln()) * (1.0 - q) } else { 0.0 };
            let mean = (part(from) - part(end)) / share;
            from = end;
            (share, Normal::standard().inverse_cdf(middle), mean)
        });
        Self { service, waits, sharing, offset: 0.5 }
    }

    /// Tells `sink` of `count` requests that came at `arrival` and are done at `end` on average.
    pub(super) fn tell(
        &mut self,
        count: u64,
        law: &Law,
        (arrival, end): (Time, Time),
        sink: &mut impl Sink,
    ) {
        if count == 0 {
            return;
        }
        // Multiples of the golden ratio fall evenly between whole numbers.
        self.offset = (self.offset + 0.618_033_988_749_895).fract();
        let mut parcels = Parcels { count, told: 0, reached: self.offset, arrival, end };
        match self.sharing {
            Some(capacity) => self.shared(law, capacity, &mut parcels, sink),
            None => self.waited(law, &mut parcels, sink),
        }
        let longest = self.service.points.last().map_or(0.0, |point| point.1);
        let rest = count - parcels.told;
        if rest > 0 {
            let service = span(longest);
            sink.flowed(&Parcel { count: rest, arrival, end, wait: Span::ZERO, service });
        }
    }

    /// Whether its waits matter at all.
    pub(super) fn counts(&self, law: &Law) -> bool {
        law.mean_s > NOBODY * self.service.mean_s || law.share > NOBODY && law.mean_s > 0.0
    }

    /// A wait, then the service.
    fn waited(&self, law: &Law, parcels: &mut Parcels, sink: &mut impl Sink) {
        let share = if self.counts(law) { law.share.clamp(0.0, 1.0) } else { 0.0 };
        for &(part, service) in &self.service.points {
            parcels.tell(part * (1.0 - share), 0.0, service, sink);
        }
        if share > 0.0 {
            let factors = self.factors(law.shape);
            for (&(part, ..), factor) in self.waits.iter().zip(factors) {
                let wait = law.mean_s / share * factor;
                for &(of, service) in &self.service.points {
                    parcels.tell(share * part * of, wait, service, sink);
                }
            }
        }
    }

    /// A service slowed down by those who share. The mean of the factor is the same for every demand
    /// (Kleinrock 1967), its variance is that of M/M/1-PS (Ott 1984), less for long demands, which meet
    /// many others; as a wait it is nothing for some and gamma for the others.
    fn shared(&self, law: &Law, capacity: f64, parcels: &mut Parcels, sink: &mut impl Sink) {
        let mean = law.mean_s / self.service.mean_s;
        for &(of, service) in &self.service.points {
            if !self.counts(law) {
                parcels.tell(of, 0.0, service, sink);
                continue;
            }
            // One replica of capacity k is taken as a single server, k times as fast, with the same mean.
            let busy = (mean / (1.0 + mean)).min(0.999);
            let length = (1.0 - busy) * service * capacity / self.service.mean_s;
            let averaging = 2.0 * (length - 1.0 + (-length).exp()) / (length * length).max(1e-12);
            let one = mean * (1.0 + mean) * averaging.min(1.0) / law.shape;
            let variance = one + mean * mean * (1.0 / law.share.max(1e-6) - 1.0) * averaging;
            let (share, shape) = if variance > mean * mean {
                (2.0 * mean * mean / (variance + mean * mean), 1.0)
            } else {
                (1.0, mean * mean / variance.max(1e-9 * mean * mean))
            };
            parcels.tell(of * (1.0 - share), 0.0, service, sink);
            for (&(part, ..), factor) in self.waits.iter().zip(self.factors(shape)) {
                let slowed = service * (1.0 + mean / share * factor);
                parcels.tell(of * share * part, 0.0, slowed, sink);
            }
        }
    }

    /// Points of the gamma law of mean 1 with this shape (Wilson and Hilferty 1931).
    fn factors(&self, shape: f64) -> [f64; ENDS.len()] {
        if shape <= 1.0 {
            return self.waits.map(|wait| wait.2);
        }
        let ninth = 1.0 / (9.0 * shape);
        let raw = self.waits.map(|(_, z, _)| (1.0 - ninth + z * ninth.sqrt()).max(0.0).powi(3));
        let mean: f64 = self.waits.iter().zip(raw).map(|(wait, factor)| wait.0 * factor).sum();
        raw.map(|factor| factor / mean)
    }
}

/// Whole requests out of shares: each point gets those between its two cumulative counts.
struct Parcels {
    count: u64,
    told: u64,
    reached: f64,
    arrival: Time,
    end: Time,
}

impl Parcels {
    #[inline]
    fn tell(&mut self, share: f64, wait_s: f64, service_s: f64, sink: &mut impl Sink) {
        self.reached += share * self.count as f64;
        let by_now = (self.reached as u64).min(self.count);
        if by_now > self.told {
            let (wait, service) = (span(wait_s), span(service_s));
            let count = by_now - self.told;
            let (arrival, end) = (self.arrival, self.end);
            sink.flowed(&Parcel { count, arrival, end, wait, service });
            self.told = by_now;
        }
    }
}

fn span(seconds: f64) -> Span {
    Span((seconds * 1e9 + 0.5) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Distribution;

    #[derive(Default)]
    struct Heard {
        count: u64,
        latency_s: f64,
        waited: u64,
        over: u64,
    }

    impl Sink for Heard {
        fn flowed(&mut self, parcel: &Parcel) {
            let latency = (parcel.wait + parcel.service).as_secs_f64();
            self.count += parcel.count;
            self.latency_s += latency * parcel.count as f64;
            self.waited += if parcel.wait.is_zero() { 0 } else { parcel.count };
            self.over += if latency > 4.605_17 { parcel.count } else { 0 };
        }
    }

    fn heard(law: &Law, sharing: Option<f64>, counts: &[u64]) -> Heard {
        let strata = Strata::of(&Distribution::exponential(Span::from_secs(1)));
        let mut responses = Responses::new(Arc::new(strata), sharing);
        let mut heard = Heard::default();
        for &count in counts {
            responses.tell(count, law, (Time::ZERO, Time::from_secs(9)), &mut heard);
        }
        heard
    }

    #[test]
    fn every_request_is_told_and_means_are_kept() {
        for law in [
            Law { share: 0.0, mean_s: 0.0, shape: 1.0 },
            Law { share: 0.3, mean_s: 0.6, shape: 1.0 },
            Law { share: 1.0, mean_s: 3.0, shape: 50.0 },
        ] {
            for counts in [&[1_000_000][..], &[7; 5000], &[1; 20_000]] {
                let heard = heard(&law, None, counts);
                let sum: u64 = counts.iter().sum();
                assert_eq!(heard.count, sum);
                let mean = heard.latency_s / sum as f64;
                assert!((mean / (1.0 + law.mean_s) - 1.0).abs() < 0.02, "{law:?} {mean}");
                let share = heard.waited as f64 / sum as f64;
                assert!((share - law.share).abs() < 0.01, "{law:?} {share}");
            }
        }
    }

    #[test]
    fn a_queue_of_one_server_has_exponential_responses() {
        // M/M/1 at 50 %: the response is exponential with mean 2, and 10 % exceed 2 ln 10 = 4.605.
        let law = Law { share: 0.5, mean_s: 1.0, shape: 1.0 };
        let heard = heard(&law, None, &[1_000_000]);
        assert!((heard.over as f64 / 1e6 - 0.1).abs() < 0.005, "{}", heard.over);
    }

    #[test]
    fn shared_replicas_slow_every_demand_alike() {
        let law = Law { share: 0.5, mean_s: 1.0, shape: 1.0 };
        let heard = heard(&law, Some(1.0), &[1_000_000]);
        assert!((heard.latency_s / 1e6 - 2.0).abs() < 0.02, "{}", heard.latency_s);
        assert_eq!(heard.waited, 0);
    }
}
