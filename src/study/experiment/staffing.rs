//! How many slots a load needs so that few requests are late.

use super::survey::Demands;
use autosim_engine::units::Span;

/// Points the law of demands is reduced to.
const POINTS: usize = 64;

/// The law of demands in the few numbers staffing needs.
#[derive(Debug, Clone)]
pub(super) struct Staffing {
    /// (demand in s, share of requests), ascending.
    law: Vec<(f64, f64)>,
    mean_s: f64,
    /// Waits relative to those of exponential demands: (1 + cv^2) / 2 (Allen and Cunneen).
    variability: f64,
    limit_s: f64,
    /// The largest share that may be late.
    late: f64,
    /// Slots of a replica.
    concurrency: u32,
    /// One queue before all slots, or one before each replica.
    pooled: bool,
}

impl Staffing {
    /// `None` without requests. Half of what the SLO allows is planned for, the rest is left to
    /// what the formula does not know; where demands alone are too long, a tenth is added to what they
    /// take.
    pub(super) fn new(
        demands: &Demands,
        (quantile, limit): (f64, Span),
        concurrency: u32,
        pooled: bool,
    ) -> Option<Self> {
        let count = demands.law.count() as f64;
        if count == 0.0 || demands.sum_ns == 0 {
            return None;
        }
        let mean_s = demands.sum_ns as f64 / count / 1e9;
        let law = reduced(demands);
        let square: f64 = law.iter().map(|(s, share)| s * s * share).sum();
        let limit_s = limit.as_secs_f64();
        let hopeless: f64 = law.iter().filter(|(s, _)| *s > limit_s).map(|(_, share)| share).sum();
        let allowed = 1.0 - quantile;
        Some(Self {
            law,
            mean_s,
            variability: 0.5 * (square / (mean_s * mean_s)).max(1.0),
            limit_s,
            late: (0.5 * allowed).max(hopeless + 0.1 * allowed),
            concurrency: concurrency.max(1),
            pooled,
        })
    }

    /// The least number of replicas at which the share of late requests stays within bounds while
    /// `load` slots are in use on average; 0 without load.
    pub(super) fn replicas(&self, load: f64) -> u32 {
        if load <= 0.0 {
            return 0;
        }
        if !self.pooled {
            return self.replicas_apart(load);
        }
        // Erlang's recursion: the blocking of each number of slots follows from that of one less.
        let mut blocking = 1.0;
        let mut slots = 0.0;
        loop {
            slots += 1.0;
            blocking = load * blocking / (slots + load * blocking);
            let whole = slots % f64::from(self.concurrency) == 0.0;
            if whole && slots > load && self.late(load, slots, blocking) <= self.late {
                return (slots / f64::from(self.concurrency)) as u32;
            }
        }
    }

    /// As if each replica had its even share of the load to itself.
    fn replicas_apart(&self, load: f64) -> u32 {
        let slots = f64::from(self.concurrency);
        let enough = |replicas: u32| {
            let each = load / f64::from(replicas);
            let blocking = (1..=self.concurrency)
                .fold(1.0, |blocking, n| each * blocking / (f64::from(n) + each * blocking));
            each < slots && self.late(each, slots, blocking) <= self.late
        };
        let (mut low, mut high) = (0, (load / slots).ceil().max(1.0) as u32);
        while !enough(high) && high < u32::MAX / 2 {
            (low, high) = (high, high * 2);
        }
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if enough(middle) { high = middle } else { low = middle }
        }
        high
    }

    /// Share of requests whose wait and demand together exceed the limit: waits after Erlang C, with
    /// the exponential tail stretched by the variability of demands.
    fn late(&self, load: f64, slots: f64, blocking: f64) -> f64 {
        let waits = slots * blocking / (slots - load * (1.0 - blocking));
        let decay = (slots - load) / (self.mean_s * self.variability);
        self.law
            .iter()
            .map(|&(demand, share)| {
                let left = self.limit_s - demand;
                share * if left < 0.0 { 1.0 } else { waits * (-decay * left).exp() }
            })
            .sum()
    }
}

/// Neighbouring buckets put together until few are left; each point is the mean of its buckets.
fn reduced(demands: &Demands) -> Vec<(f64, f64)> {
    let count = demands.law.count() as f64;
    let most = 1.0 / POINTS as f64;
    let mut law: Vec<(f64, f64)> = Vec::new();
    let mut open = (0.0, 0.0);
    let buckets: Vec<(f64, f64)> =
        demands.law.buckets().map(|(s, n)| (s.as_secs_f64(), n as f64 / count)).collect();
    for (at, &(demand, share)) in buckets.iter().enumerate() {
        open = (open.0 + demand * share, open.1 + share);
        // The tail decides who is late: its buckets stay apart.
        let tail: f64 = buckets[at..].iter().take(40).map(|(_, share)| share).sum();
        if open.1 >= most || tail < 0.05 || at + 1 == buckets.len() {
            law.push((open.0 / open.1, open.1));
            open = (0.0, 0.0);
        }
    }
    law
}

#[cfg(test)]
mod tests {
    use super::*;
    use autosim_engine::stats::Histogram;

    /// Exponential demands of mean 100 ms, by quantiles.
    fn exponential() -> Demands {
        let mut demands = Demands { law: Histogram::new(), sum_ns: 0, longest_ns: 0 };
        for n in 0..100_000 {
            let ns = (-1e8 * (1.0 - (f64::from(n) + 0.5) / 1e5).ln()) as u64;
            demands.law.record(Span(ns));
            demands.sum_ns += u128::from(ns);
            demands.longest_ns = demands.longest_ns.max(ns);
        }
        demands
    }

    #[test]
    fn with_one_slot_the_exact_answer_is_known() {
        // M/M/1: response times are exponential with rate mu - lambda, so P(T > t) <= e needs
        // mu - lambda >= ln(1/e) / t; here 10/s - lambda >= ln(200) / 1 s = 5.30: load 0.47 fits.
        let slo = (0.99, Span::from_secs(1));
        let one = Staffing::new(&exponential(), slo, 1, false).unwrap();
        assert_eq!(one.replicas(0.46), 1);
        assert_eq!(one.replicas(0.48), 2);
        assert_eq!(one.replicas(4.6), 10);
    }

    #[test]
    fn a_common_queue_needs_less_and_no_load_needs_nothing() {
        let slo = (0.99, Span::from_secs(1));
        let pooled = Staffing::new(&exponential(), slo, 1, true).unwrap();
        assert_eq!(pooled.replicas(0.0), 0);
        let apart = Staffing::new(&exponential(), slo, 1, false).unwrap();
        for load in [0.2, 3.0, 40.0] {
            let (few, many) = (pooled.replicas(load), apart.replicas(load));
            assert!(f64::from(few) > load && few <= many, "{load}: {few} {many}");
        }
        // Two slots each: half as many replicas, rounded up.
        let double = Staffing::new(&exponential(), slo, 2, true).unwrap();
        assert_eq!(double.replicas(40.0), pooled.replicas(40.0).div_ceil(2));
    }

    #[test]
    fn a_limit_shorter_than_many_demands_still_ends() {
        let hopeless = (0.99, Span::from_millis(100));
        let staffing = Staffing::new(&exponential(), hopeless, 1, true).unwrap();
        let replicas = staffing.replicas(10.0);
        assert!((11..40).contains(&replicas), "{replicas}");
    }
}
