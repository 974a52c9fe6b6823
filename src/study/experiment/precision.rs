//! Replications added until figures are as precise as was asked for.

use super::cells::{RunOptions, run_from};
use super::{
    About, CostBy, Estimate as Effort, Figure, PolicyResults, Progress, Results, Row, RunError,
};
use crate::scenario::Scenario;
use autosim_engine::stats::Estimate;
use autosim_engine::units::{Fraction, plural};
use std::str::FromStr;

/// Fewer replications say too little of their own spread to stop by it.
const FEWEST: u32 = 10;
/// More are not run, whatever is asked for.
const MOST: u32 = 1000;
/// A percentile may be so many times as wide as a mean: at 2 % it is 5 %, the usual pair.
const TAIL: f64 = 2.5;

/// How narrow 95 % intervals are to be, relative to the figure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Precision(Fraction);

impl FromStr for Precision {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let share: Fraction = text.parse().map_err(|error| format!("{error}"))?;
        match (0.000_1..=0.5).contains(&share.get()) {
            true => Ok(Self(share)),
            false => Err("give a share from 0.01% to 50%; 2% is usual".to_owned()),
        }
    }
}

impl Precision {
    /// Has a scenario begin with as many replications as its spread is told by.
    ///
    /// # Errors
    /// It asks for more than are ever run, or the first ones take more requests than are allowed.
    pub fn begin(scenario: &mut Scenario, budget: Option<u64>) -> Result<(), String> {
        if scenario.replications > MOST {
            let asked = scenario.replications;
            return Err(format!(
                "--precision adds replications up to {MOST}, and {asked} are asked for; leave --precision out to \
                 run them all"
            ));
        }
        scenario.replications = scenario.replications.max(FEWEST);
        let first = Effort::of(scenario, 1).requests;
        match budget {
            Some(budget) if first > budget as f64 => Err(format!(
                "--budget: the first {} take about {}, more than the {budget} allowed",
                plural(scenario.distinct_replications().into(), "replication"),
                plural(first.round() as u64, "request"),
            )),
            Some(_) | None => Ok(()),
        }
    }
}

/// Policies whose percentile is infinite in some replication: no number of them makes it precise.
pub fn without_percentile(results: &Results) -> Vec<&str> {
    let tail = tail(results);
    let lacks = |policy: &&PolicyResults| {
        let mut rows = policy.first_service().filter(|row| row.row.arrived() > 0);
        !policy.sees_future && rows.any(|row| row.row.get(tail).is_none())
    };
    results.policies.iter().filter(lacks).map(|policy| policy.name.as_str()).collect()
}

/// The percentile that is to be precise.
fn tail(results: &Results) -> Figure {
    match results.about.slo.tail() {
        Some(_) => Figure::SloLatency,
        None => Figure::LatencyP99,
    }
}

/// A figure whose interval is wider than was asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Loose {
    /// Of which policy.
    pub policy: String,
    /// Which figure.
    pub figure: Figure,
    /// Half the width of its interval, relative to its mean.
    pub is: f64,
    /// What was asked for.
    pub asked: f64,
    /// Replications that would probably do; at most [`MOST`].
    enough: u32,
}

/// Why no more replications were added.
#[derive(Debug, Clone, PartialEq)]
pub enum Stopped {
    /// Every figure is as precise as was asked for; the last one that was not, before the last step.
    Precise(Option<Loose>),
    /// More would have taken more requests than are allowed; the figure that is furthest off.
    Budget(Loose),
    /// There are as many as are ever run; the figure that is furthest off.
    Most(Loose),
    /// It was interrupted.
    Interrupted,
    /// No precision was asked for.
    NotAsked,
}

/// Runs a scenario that was [begun](Precision::begin) with as many replications as it takes, and notes in the scenario how many
/// these were: run again with that number the results are the same. `budget` is in requests simulated.
///
/// What is to be precise is the cost of every policy, and the percentile of the SLO (p99 without one) two and a
/// half times less so. A percentile that is infinite in some replication is left out: no number of them
/// makes it precise. So are policies that see the future.
///
/// # Errors
/// As [`run`](super::run()).
pub fn run_to(
    scenario: &mut Scenario,
    precision: Precision,
    budget: Option<u64>,
    options: &RunOptions<'_>,
    progress: &dyn Progress,
) -> Result<(Results, Stopped), RunError> {
    let mut results = run_from(scenario, options, progress, 0)?;
    let mut before = None;
    let stopped = loop {
        if !results.complete {
            break Stopped::Interrupted;
        }
        let run = scenario.distinct_replications();
        let Some(loose) = loosest(&results, precision) else { break Stopped::Precise(before) };
        let each = (results.simulated_requests / u64::from(run)).max(1);
        let allowed = budget.map_or(MOST, |budget| {
            u32::try_from(budget / each).unwrap_or(u32::MAX) //
        });
        // A spread that few replications show is itself uncertain: no step more than doubles them.
        let next = loose.enough.clamp(run + 1, 2 * run).min(allowed).min(MOST);
        if next <= run {
            break if run >= MOST { Stopped::Most(loose) } else { Stopped::Budget(loose) };
        }
        scenario.replications = next;
        results.join(run_from(scenario, options, progress, run)?);
        before = Some(loose);
    };
    scenario.set_replications(scenario.replications);
    results.about = About::of(scenario);
    Ok((results, stopped))
}

/// The figure that needs most replications still, if any needs more.
fn loosest(results: &Results, precision: Precision) -> Option<Loose> {
    let tail = tail(results);
    let asked = precision.0.get();
    let figures = [(CostBy::of(results.about.price).figure(), asked), (tail, TAIL * asked)];
    let policies = results.policies.iter().filter(|policy| !policy.sees_future);
    let all = policies.flat_map(|policy| {
        figures.iter().filter_map(move |&(figure, asked)| loose(policy, figure, asked))
    });
    all.max_by(|a, b| {
        (a.enough, a.is).partial_cmp(&(b.enough, b.is)).unwrap_or(std::cmp::Ordering::Equal)
    })
}

fn loose(policy: &PolicyResults, figure: Figure, asked: f64) -> Option<Loose> {
    let rows = policy.first_service().map(|row| &row.row).filter(|row: &&Row| row.arrived() > 0);
    let values: Option<Vec<f64>> = rows.map(|row| row.get(figure)).collect();
    let estimate = Estimate::of(&values?)?;
    let (half, mean) = (estimate.half_width?, estimate.mean.abs());
    (half > asked * mean).then(|| Loose {
        policy: policy.name.clone(),
        figure,
        is: half / mean,
        asked,
        enough: estimate.replications_for(asked * mean, MOST),
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Silent, run};
    use super::*;
    use crate::scenario::{LoadOptions, Sources, load};
    use std::sync::Arc;

    const TEXT: &str = "duration = '20m'\nreplications = 3\nslo.latency = 'p95 < 1s'\n\
        [workload.arrivals.main.poisson]\nrate = '4/s'\n[service]\nservice_time.exponential.mean = '400ms'\n\
        [policies.steady.target-tracking]\nmetric = 'utilization'\ntarget = '60%'\nmin = 1\nmax = 9\n\
        [policies.peak.fixed]\nreplicas = 4\n[policies.oracle.clairvoyant]\n";

    fn scenario(text: &str) -> Scenario {
        let options = LoadOptions { fallback_name: "test".into(), ..LoadOptions::default() };
        load(Sources::new("test.toml", text), &options).unwrap().scenario
    }

    /// What was run, and what the same number of replications gives at once.
    fn ran(text: &str, precision: &str, budget: Option<u64>) -> (Results, Stopped, Results) {
        let cancel = &Arc::new(false.into());
        let options =
            RunOptions { jobs: 2, all_timelines: false, all_decisions: false, limits: &[], cancel };
        let mut scenario = scenario(text);
        Precision::begin(&mut scenario, budget).unwrap();
        let precision = precision.parse().unwrap();
        let (results, stopped) =
            run_to(&mut scenario, precision, budget, &options, &Silent).unwrap();
        let plain = run(&scenario, &options, &Silent).unwrap();
        (results, stopped, plain)
    }

    #[test]
    fn replications_are_added_until_every_figure_is_precise() {
        let (results, stopped, plain) = ran(TEXT, "2%", None);
        let Stopped::Precise(Some(last)) = stopped else { panic!("{stopped:?}") };
        assert!(last.is > last.asked, "{last:?}");
        assert!(results.about.replications > FEWEST && results.about.replications < MOST);
        for policy in results.policies.iter().filter(|policy| !policy.sees_future) {
            for (figure, asked) in [(Figure::Cost, 0.02), (Figure::SloLatency, 0.05)] {
                assert_eq!(loose(policy, figure, asked), None, "{} {figure:?}", policy.name);
            }
        }
        // Whatever the steps, the results are those of so many replications.
        assert_eq!(results, plain);
        assert!(results.complete);
    }

    #[test]
    fn ten_replications_are_the_fewest_and_where_nothing_is_drawn_one_is_enough() {
        let (results, stopped, _) = ran(TEXT, "50%", None);
        assert_eq!((results.about.replications, stopped), (10, Stopped::Precise(None)));
        let constant = TEXT.replace("poisson]\nrate = '4/s'", "renewal]\ngaps.constant = '250ms'");
        let constant = constant.replace("exponential.mean", "constant");
        let (results, stopped, _) = ran(&constant, "1%", None);
        assert_eq!((results.about.replications, stopped), (1, Stopped::Precise(None)));
    }

    #[test]
    fn a_budget_is_kept_and_what_is_not_precise_is_named() {
        let (ten, ..) = ran(TEXT, "50%", None);
        let budget = ten.simulated_requests * 3 / 2;
        let (results, stopped, _) = ran(TEXT, "1%", Some(budget));
        assert!(results.simulated_requests <= budget + budget / 10);
        assert!((11..=15).contains(&results.about.replications));
        let Stopped::Budget(loose) = stopped else { panic!("{stopped:?}") };
        assert_eq!((loose.policy.as_str(), loose.figure), ("steady", Figure::Cost));
        assert!(loose.is > loose.asked, "{loose:?}");
    }

    #[test]
    fn what_cannot_be_kept_is_refused_before_the_run() {
        let mut many = scenario(&TEXT.replace("replications = 3", "replications = 1001"));
        assert!(Precision::begin(&mut many, None).unwrap_err().contains("up to 1000, and 1001"));
        let refused = Precision::begin(&mut scenario(TEXT), Some(1000)).unwrap_err();
        assert!(refused.contains("the first 10 replications take about"), "{refused}");
    }

    #[test]
    fn a_percentile_that_is_infinite_is_left_out_by_name() {
        let text = TEXT.replace("replicas = 4\n", "replicas = 1\n");
        let text = text.replace("[service]\n", "[service]\nqueue.capacity = 0\n");
        let (results, ..) = ran(&text, "20%", None);
        assert!(
            without_percentile(&results).contains(&"peak"),
            "{:?}",
            without_percentile(&results)
        );
    }

    #[test]
    fn a_precision_is_a_share_that_can_be_reached() {
        for (text, good) in
            [("2%", true), ("0.02", true), ("0%", false), ("60%", false), ("x", false)]
        {
            assert_eq!(text.parse::<Precision>().is_ok(), good, "{text}");
        }
    }
}
