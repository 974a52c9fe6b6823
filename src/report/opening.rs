//! Which policy a page shows first, and why.

use super::table::{human_quantile, nearest};
use autosim_study::experiment::{Compared, Comparison, Figure, Results, Ruling};

/// The policy that the question is about - an index of the comparison's - and in words why it is.
pub(super) fn opening(results: &Results, comparison: &Comparison) -> (usize, String) {
    let quantile = human_quantile(results.about.slo.tail().map_or(0.99, |slo| slo.quantile));
    let candidates = || {
        let all = comparison.policies.iter().enumerate();
        all.filter(|(_, policy)| !policy.sees_future && policy.has_traffic())
    };
    let cost = |policy: &Compared| {
        policy.estimate(comparison.cost.figure()).map_or(f64::INFINITY, |cost| cost.mean)
    };
    let kept = candidates().filter(|(_, policy)| policy.verdict.ruling == Ruling::Met);
    let winner = kept.min_by(|a, b| cost(a.1).total_cmp(&cost(b.1)));
    let place = |name: &str| comparison.policies.iter().position(|policy| policy.name == name);
    let told = |at: usize, why: &str| (at, why.to_owned());
    if comparison.policies.len() == 1 {
        return told(0, "the only policy");
    }
    if let Some((at, _)) = winner {
        return told(at, "the cheapest that keeps the SLO");
    }
    if let Some(at) = nearest(comparison).and_then(|policy| place(&policy.name)) {
        return told(at, "the nearest to the SLO, which no policy keeps");
    }
    // What failed more is worse where every percentile is infinite.
    let harm = |policy: &Compared| {
        let tail = policy.estimate(Figure::SloLatency).map_or(f64::INFINITY, |tail| tail.mean);
        (tail, policy.estimate(Figure::FailedShare).map_or(0.0, |failed| failed.mean))
    };
    let worse = |a: &(usize, &Compared), b: &(usize, &Compared)| {
        let (a, b) = (harm(a.1), harm(b.1));
        a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1))
    };
    match candidates().max_by(worse) {
        Some((at, _)) => (at, format!("whose p{quantile} is the highest; no SLO is stated")),
        None => told(comparison.baseline, "the base for comparison"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    fn opened(results: &Results) -> (String, String) {
        let comparison = Comparison::of(results);
        let (at, why) = opening(results, &comparison);
        (comparison.policies[at].name.clone(), why)
    }

    fn told(name: &str, why: &str) -> (String, String) {
        (name.to_owned(), why.to_owned())
    }

    #[test]
    fn a_page_opens_on_the_policy_the_question_is_about() {
        let mut results = sample::results();
        assert_eq!(opened(&results), told("steady", "the cheapest that keeps the SLO"));
        results
            .policies
            .retain(|policy| ["steps", "night-sleeper"].contains(&policy.name.as_str()));
        let nearest = "the nearest to the SLO, which no policy keeps";
        assert_eq!(opened(&results), told("steps", nearest));
        results.policies.retain(|policy| policy.name == "night-sleeper");
        assert_eq!(opened(&results), told("night-sleeper", "the only policy"));
        let mut results = sample::results();
        results.about.slo = Default::default();
        let comparison = Comparison::of(&results);
        let (at, why) = opening(&results, &comparison);
        assert_eq!(comparison.policies[at].name, "night-sleeper", "the slowest of all");
        assert_eq!(why, "whose p99 is the highest; no SLO is stated");
        results.policies.iter_mut().for_each(|policy| policy.rows.clear());
        assert_eq!(opened(&results).1, "the base for comparison");
    }
}
