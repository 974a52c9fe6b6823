//! The whole of a tuning: search every policy, take the cheapest, judge it on luck or days that it has not seen.

use super::laboratory::{Laboratory, Stop};
use super::plan::{Found, Plan};
use super::search::search;
use super::space::Point;
use super::standing::Standing;
use crate::experiment::{Comparison, Figure, Progress, Results, Row, Ruling, RunOptions, run};
use crate::scenario::{Layer, Loaded, load};
use autosim_engine::stats::frontier;
use autosim_engine::units::Span;
use std::collections::BTreeMap;

/// What a tuning is asked.
#[derive(Debug, Clone, Copy)]
pub struct Question {
    /// How settings are searched.
    pub plan: Plan,
    /// Replications of the judgement.
    pub fresh: u32,
    /// The end of the run that the search does not see, and that alone the winner is judged on.
    pub holdout: Option<Span>,
}

/// What was found.
#[derive(Debug)]
pub struct Outcome {
    /// By family: what its search found; fewer if it was stopped.
    pub found: Vec<Found>,
    /// The family of the cheapest setting that holds, and which it is.
    pub winner: Option<(usize, Point)>,
    /// The policy that runs today: its family, if it is one that was tried.
    pub today: Option<usize>,
    /// The winner, its neighbour that does not hold and the policy that runs today, on what the search has not seen.
    pub judged: Option<Judged>,
    /// Settings that were judged before the winner, and missed the SLO on fresh luck.
    pub dropped: Vec<(usize, Point)>,
}

/// A run of its own that settles it.
#[derive(Debug)]
pub struct Judged {
    /// The run.
    pub results: Results,
    /// Its policies side by side.
    pub comparison: Comparison,
    /// Name of the winner in it.
    pub tuned: String,
    /// Name of the neighbour that does not hold.
    pub next: Option<String>,
    /// Name of the policy that runs today.
    pub today: Option<String>,
    /// Names of others that held in the search.
    pub others: Vec<String>,
}

/// Settings that are judged one after the other until one holds.
const ATTEMPTS: u64 = 3;
/// Others that held in the search, for what the winner lets pass on days that the search has not seen.
const OTHERS: usize = 3;

/// Searches every family, and judges the winner.
///
/// # Errors
/// Why there is no answer.
pub fn tune(
    laboratory: &mut Laboratory<'_>,
    question: &Question,
    progress: &dyn Progress,
) -> Result<Outcome, Stop> {
    let base = laboratory.base;
    let (before, after) = match question.holdout {
        Some(holdout) => {
            let split = Span(base.window.end.0.saturating_sub(holdout.0));
            (vec![value("duration", split)], vec![value("warmup", split)])
        }
        None => (Vec::new(), Vec::new()),
    };
    laboratory.layers = before;
    laboratory.check()?;
    let families = laboratory.families;
    let mut found = Vec::new();
    for (at, family) in families.iter().enumerate() {
        // One that does not vary has one setting.
        let whole = question.plan.whole || family.space.axes.is_empty();
        let plan = Plan { whole, ..question.plan };
        found.push(search(&family.space, &mut laboratory.of(at), plan)?);
    }
    let named = base.base.as_ref();
    let today = match (named, families) {
        (Some(name), _) => families.iter().position(|family| family.policy == *name),
        (None, [_]) => Some(0),
        (None, _) => None,
    };
    let mut outcome = Outcome { found, winner: None, today, judged: None, dropped: Vec::new() };
    for attempt in 0..ATTEMPTS {
        let Some(winner) = outcome.best() else { break };
        let judged = judge(laboratory, &outcome, winner, (question, attempt), &after, progress)?;
        let kept = judged.ruling(&judged.tuned) != Some(Ruling::Missed);
        outcome.judged = Some(judged);
        if kept {
            outcome.winner = Some(winner);
            break;
        }
        outcome.dropped.push(winner);
    }
    Ok(outcome)
}

fn value(key: &str, value: Span) -> Layer {
    let value = value.to_string();
    Layer::value(format!("--holdout: {key} {value}"), key, &value)
}

impl Outcome {
    /// The cheapest that holds for certain, else that was seen to, of those that were not dropped.
    fn best(&self) -> Option<(usize, Point)> {
        let all = || {
            self.found.iter().enumerate().flat_map(|(family, found)| {
                found.tried.iter().map(move |(point, one)| ((family, *point), one))
            })
        };
        let left = |(subject, _): &((usize, Point), &super::Tried)| !self.dropped.contains(subject);
        let cheapest = |is: &dyn Fn(&super::Tried) -> bool| {
            let those = all().filter(left).filter(|(_, one)| is(one));
            those.min_by(|a, b| a.1.cost.total_cmp(&b.1.cost)).map(|(subject, _)| subject)
        };
        cheapest(&|one| one.standing == Standing::Holds).or_else(|| cheapest(&super::Tried::kept))
    }

    /// Others that held in the search, the cheapest first.
    fn others(&self, winner: (usize, Point)) -> Vec<(usize, Point)> {
        let mut all: Vec<((usize, Point), f64)> = Vec::new();
        for (family, found) in self.found.iter().enumerate() {
            let held = found.tried.iter().filter(|(_, one)| one.kept());
            all.extend(held.map(|(point, one)| ((family, *point), one.cost)));
        }
        all.retain(|(subject, _)| *subject != winner && !self.dropped.contains(subject));
        all.sort_by(|a, b| a.1.total_cmp(&b.1));
        all.into_iter().take(OTHERS).map(|(subject, _)| subject).collect()
    }
}

impl Judged {
    /// How a policy of it came out.
    pub fn ruling(&self, name: &str) -> Option<Ruling> {
        let policy = self.comparison.policies.iter().find(|policy| policy.name == name);
        policy.map(|policy| policy.verdict.ruling)
    }
}

/// Runs the winner beside what it is to be held against: with another seed, and on the days held out.
fn judge(
    laboratory: &Laboratory<'_>,
    outcome: &Outcome,
    winner: (usize, Point),
    (question, attempt): (&Question, u64),
    layers: &[Layer],
    progress: &dyn Progress,
) -> Result<Judged, Stop> {
    let base = laboratory.base;
    let families = laboratory.families;
    let (sources, mut options) = base.recipe.restored(laboratory.folder.clone());
    options.layers.extend(layers.iter().cloned());
    let family = &families[winner.0];
    let around = family.around(Some(winner.1));
    options.layers.extend(around.iter().map(|(key, value)| {
        Layer::value(format!("--vary {key}={value}"), key, value) //
    }));
    let seed = base.seed.wrapping_add(1_000_003 * (attempt + 1)) & (i64::MAX as u64);
    for (key, number) in [("seed", seed), ("replications", u64::from(question.fresh))] {
        let number = number.to_string();
        options.layers.push(Layer::value(format!("--{key} {number}"), key, &number));
    }
    let mut names = Vec::new();
    let mut add = |subject: (usize, Point), suffix: &str| -> Result<String, Stop> {
        let name = free_name(base, &format!("{}-{suffix}", families[subject.0].policy));
        let made = families[subject.0].layers(&name, Some(subject.1));
        let (layers, documents) = made.map_err(Stop::NotEdited)?;
        options.layers.extend(layers);
        options.documents.extend(documents);
        names.push(name.clone());
        Ok(name)
    };
    let tuned = add(winner, "tuned")?;
    let same_around =
        |subject: &(usize, Point)| families[subject.0].around(Some(subject.1)) == around;
    let next = outcome.found[winner.0].failing.map(|point| (winner.0, point)).filter(same_around);
    let next = next.map(|subject| add(subject, "next")).transpose()?;
    let mut others = Vec::new();
    if question.holdout.is_some() {
        for (at, subject) in outcome.others(winner).into_iter().enumerate() {
            if same_around(&subject) {
                others.push(add(subject, &format!("other-{}", at + 1))?);
            }
        }
    }
    let today = outcome.today.filter(|_| around.is_empty());
    let today = today.map(|family| families[family].policy.clone());
    names.extend(today.clone());
    options.choose_only(names);
    options.layers.extend(today.iter().map(|name| {
        let value = toml::Value::String(name.clone()).to_string();
        Layer::value(format!("--base {name}"), "base", &value)
    }));
    let Loaded { scenario, .. } =
        load(sources, &options).map_err(|findings| Stop::Refused(Box::new(findings)))?;
    let options = RunOptions {
        jobs: laboratory.jobs,
        all_timelines: false,
        all_decisions: false,
        limits: &[],
        cancel: laboratory.cancel,
    };
    let results = run(&scenario, &options, progress).map_err(Stop::Run)?;
    if !results.complete {
        return Err(Stop::Interrupted);
    }
    let comparison = Comparison::of(&results);
    Ok(Judged { results, comparison, tuned, next, today, others })
}

fn free_name(base: &crate::scenario::Scenario, wanted: &str) -> String {
    let mut name = wanted.to_owned();
    while base.policies.iter().any(|policy| policy.name == name) {
        name.push('-');
    }
    name
}

/// What one step from the winner does.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The key.
    pub key: String,
    /// Its value one step away.
    pub value: String,
    /// Cost there over cost at the winner, on the same replications.
    pub cost: f64,
    /// Latency of the SLO there and at the winner, ms; `None` where it is infinite, or there is none.
    pub latency_ms: (Option<f64>, Option<f64>),
    /// Whether the SLO was kept there.
    pub kept: bool,
}

/// What a step in each direction from a setting does, as far as it was tried; the largest change of cost first.
pub fn steps(
    laboratory: &Laboratory<'_>,
    found: &Found,
    (family, winner): (usize, Point),
) -> Vec<Step> {
    let space = &laboratory.families[family].space;
    let at_winner = laboratory.rows(family, Some(winner));
    let mut steps = Vec::new();
    for (axis, point) in space.neighbours(winner) {
        let there = laboratory.rows(family, Some(point));
        let common = at_winner.len().min(there.len());
        let Some(tried) = found.tried.get(&point).filter(|_| common > 0) else { continue };
        let mean = |rows: &[&Row], figure: Figure| -> Option<f64> {
            let values: Option<Vec<f64>> =
                rows[..common].iter().map(|row| row.get(figure)).collect();
            values.map(|values| values.iter().sum::<f64>() / common as f64)
        };
        let Some((key, value)) = space.values(point).nth(axis) else { continue };
        let cost = crate::experiment::CostBy::of(laboratory.base.price).figure();
        let ratio = mean(&there, cost).zip(mean(&at_winner, cost)).map(|(a, b)| a / b);
        steps.push(Step {
            key: key.to_owned(),
            value: value.to_owned(),
            cost: ratio.unwrap_or(1.0),
            latency_ms: (mean(&there, Figure::SloLatency), mean(&at_winner, Figure::SloLatency)),
            kept: tried.kept(),
        });
    }
    steps.sort_by(|a, b| (b.cost - 1.0).abs().total_cmp(&(a.cost - 1.0).abs()));
    steps
}

/// Settings of all families of which no other that was tried is both as cheap and as fast: the cheapest first.
pub fn pareto(laboratory: &Laboratory<'_>, outcome: &Outcome) -> Vec<(usize, Point)> {
    let mut all: Vec<((usize, Point), (f64, f64))> = Vec::new();
    for (family, found) in outcome.found.iter().enumerate() {
        for (point, tried) in &found.tried {
            let rows = laboratory.rows(family, Some(*point));
            let latencies: Option<Vec<f64>> =
                rows.iter().map(|row| row.get(Figure::SloLatency)).collect();
            let latency = latencies.map(|all| all.iter().sum::<f64>() / all.len() as f64);
            all.push(((family, *point), (tried.cost, latency.unwrap_or(f64::INFINITY))));
        }
    }
    let points: Vec<(f64, f64)> = all.iter().map(|(_, point)| *point).collect();
    let on = frontier(&points).into_iter();
    let costs: BTreeMap<(usize, Point), f64> =
        all.iter().map(|(subject, point)| (*subject, point.0)).collect();
    let mut chosen: Vec<(usize, Point)> =
        all.iter().zip(on).filter(|(_, on)| *on).map(|((subject, _), _)| *subject).collect();
    chosen.sort_by(|a, b| costs[a].total_cmp(&costs[b]));
    chosen
}
