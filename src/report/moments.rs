//! The worst moments of a run: when users felt it, and what the fleet looked like.

use super::number::{group, plain};
use super::when::When;
use autosim_engine::simulation::{Interval, Slo};
use autosim_engine::stats::Histogram;
use autosim_engine::units::{Span, Time};
use autosim_study::experiment::{About, Comparison, Results, ServiceDetails};

/// Neighbouring intervals in which requests failed or were later than the SLO allows.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Moment {
    pub from: Time,
    pub to: Time,
    /// Requests rejected, lost or timed out in it.
    pub failed: u64,
    /// Requests that completed too late, at least: a percentile beyond the limit says so of its share.
    pub late: f64,
    /// Its worst interval: the slowest, or the one with most failures.
    pub worst: Interval,
    /// Which percentile of an interval is looked at.
    judge: usize,
}

/// Percentiles an interval has.
pub(super) const PERCENTILES: [f64; 3] = [0.5, 0.95, 0.99];

/// The percentile of an interval that speaks for the SLO.
fn judge(about: &About) -> usize {
    judge_of(about.slo.tail().map_or(0.99, |slo| slo.quantile))
}

/// The smallest percentile that is not below a quantile.
pub(super) fn judge_of(quantile: f64) -> usize {
    PERCENTILES.iter().position(|known| *known >= quantile).unwrap_or(PERCENTILES.len() - 1)
}

/// Whether users had reason to complain of an interval: requests failed, or more were late than
/// allowed.
pub(super) fn is_bad(about: &About, interval: &Interval) -> bool {
    failures(interval) > 0 || late(about, interval) > 0.0
}

/// The worst moments of a service, the worst first: by requests that failed or were late. Where
/// nothing went wrong it is the one slowest interval.
pub(super) fn worst(about: &About, service: &ServiceDetails, count: usize) -> Vec<Moment> {
    let window = about.window;
    let counted = service.timeline.iter().filter(|i| i.at >= window.warmup && i.at < window.end);
    let judge = judge(about);
    let mut moments: Vec<Moment> = Vec::new();
    for interval in counted.clone() {
        if !is_bad(about, interval) {
            continue;
        }
        let (failed, late) = (failures(interval), late(about, interval));
        let to = interval.at.after(interval.length);
        match moments.last_mut() {
            // One quiet interval between two bad ones does not part them.
            Some(last) if interval.at.since(last.to) <= interval.length => {
                (last.to, last.failed) = (to, last.failed + failed);
                last.late += late;
                if badness(judge, interval) > badness(judge, &last.worst) {
                    last.worst = interval.clone();
                }
            }
            _ => moments.push(Moment {
                from: interval.at,
                to,
                failed,
                late,
                worst: interval.clone(),
                judge,
            }),
        }
    }
    if moments.is_empty() {
        let slowest = counted.filter(|i| i.percentiles.is_some()).max_by_key(|i| badness(judge, i));
        moments.extend(slowest.map(|i| Moment {
            from: i.at,
            to: i.at.after(i.length),
            failed: 0,
            late: 0.0,
            worst: i.clone(),
            judge,
        }));
    }
    moments.sort_by(|a, b| b.harm().total_cmp(&a.harm()).then(a.from.cmp(&b.from)));
    moments.truncate(count);
    moments
}

pub(super) fn failures(interval: &Interval) -> u64 {
    interval.rejections + interval.losses + interval.timeouts
}

/// Completions later than the SLO allows, at least; none where no more are late than may be.
fn late(about: &About, interval: &Interval) -> f64 {
    let Some(percentiles) = interval.percentiles else { return 0.0 };
    let late = |slo: &Slo| {
        let known = &percentiles[..=judge_of(slo.quantile)];
        let beyond = known.iter().position(|one| Histogram::is_above(*one, slo.longest()));
        beyond.map_or(0.0, |at| (1.0 - PERCENTILES[at]) * interval.completions as f64)
    };
    about.slo.latency.iter().map(late).fold(0.0, f64::max)
}

/// Slowest completions first, failures where nothing completed.
fn badness(judge: usize, interval: &Interval) -> (Span, u64) {
    let slow = interval.percentiles.map_or(Span::MAX, |percentiles| percentiles[judge]);
    (slow, failures(interval))
}

impl Moment {
    /// Requests that failed or were late, at least.
    fn harm(&self) -> f64 {
        self.failed as f64 + self.late
    }

    /// When: `Mon 12:00-12:09`.
    pub(super) fn when(&self, about: &About) -> String {
        When::of(about).stretch(self.from, self.to)
    }

    /// What users felt and what the fleet looked like: `p99 1.9 s, 120 failed; 4 ready of 12 wanted`.
    pub(super) fn what(&self) -> String {
        let felt = match self.worst.percentiles {
            Some(percentiles) => {
                let name = 100.0 * PERCENTILES[self.judge];
                format!("p{name:.0} {}", percentiles[self.judge].told())
            }
            None => "nothing completed".to_owned(),
        };
        let failed = match self.failed {
            0 => String::new(),
            count => format!(", {} failed", group(&count.to_string())),
        };
        let (ready, desired) = (plain(self.worst.mean_ready, 0), self.worst.desired);
        format!("{felt}{failed}; {ready} ready of {desired} wanted")
    }
}

/// The worst moment of the base for comparison, then of the policies that did most harm, one sentence
/// each.
pub(super) fn lines(results: &Results, comparison: &Comparison, most: usize) -> Vec<String> {
    let about = &results.about;
    let first = |at: usize| {
        let service = results.policies.get(at)?.details.first()?.services.first()?;
        Some((at, worst(about, service, 1).into_iter().next()?))
    };
    let mut found: Vec<(usize, Moment)> = (0..results.policies.len()).filter_map(first).collect();
    let rank = |(at, moment): &(usize, Moment)| (*at != comparison.baseline, -moment.harm());
    found.sort_by(|a, b| {
        let (a, b) = (rank(a), rank(b));
        a.0.cmp(&b.0).then(a.1.total_cmp(&b.1))
    });
    let told = found.into_iter().take(most).map(|(at, moment)| {
        let kind = if moment.harm() > 0.0 { "worst" } else { "slowest" };
        let name = &results.policies[at].name;
        format!("{kind} of {name}: {}, {}", moment.when(about), moment.what())
    });
    told.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn neighbouring_bad_intervals_are_one_moment_and_the_worst_comes_first() {
        let results = sample::results();
        let service = &results.policies[1].details[0].services[0];
        let moments = worst(&results.about, service, 3);
        let first = &moments[0];
        assert_eq!(first.when(&results.about), "Mon 09:58-10:04");
        assert!(moments.iter().all(|moment| moment.failed <= first.failed));
        assert!(first.what().starts_with("p99 "), "{}", first.what());
        assert!(first.what().contains("failed; "), "{}", first.what());
    }

    #[test]
    fn what_the_slo_allows_is_not_bad() {
        let mut about = sample::results().about;
        let mut interval = sample::results().policies[0].details[0].services[0].timeline[0].clone();
        (interval.timeouts, interval.rejections, interval.losses) = (0, 0, 0);
        interval.percentiles = Some([10, 20, 900].map(Span::from_millis));
        assert!(is_bad(&about, &interval), "p99 of 900 ms breaks p99 < 300 ms");
        about.slo.latency[0].quantile = 0.95;
        assert!(!is_bad(&about, &interval), "p95 < 300 ms holds");
        // They share a bucket with the limit: not late for certain.
        interval.percentiles = Some([10, 301, 900].map(Span::from_millis));
        assert!(!is_bad(&about, &interval), "p95 of 301 ms, to within a bucket");
        interval.percentiles = Some([10, 20, 30].map(Span::from_millis));
        about.slo.latency.push(Slo::below(0.5, Span::from_millis(9)));
        assert!(is_bad(&about, &interval), "p50 of 10 ms breaks the second SLO");
        about.slo.latency.pop();
        interval.rejections = 1;
        assert!(is_bad(&about, &interval));
    }

    #[test]
    fn a_quiet_run_has_its_slowest_interval() {
        let mut results = sample::results();
        let service = &mut results.policies[0].details[0].services[0];
        for interval in &mut service.timeline {
            (interval.timeouts, interval.rejections, interval.losses) = (0, 0, 0);
            interval.percentiles = Some([Span::from_millis(20); 3]);
        }
        service.timeline[700].percentiles = Some([Span::from_millis(90); 3]);
        let moments = worst(&results.about, &results.policies[0].details[0].services[0], 3);
        assert_eq!(moments.len(), 1);
        assert_eq!(moments[0].when(&results.about), "Mon 11:40-11:41");
        assert_eq!(moments[0].failed, 0);
    }
}
