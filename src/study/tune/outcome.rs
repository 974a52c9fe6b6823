//! The whole of a tuning: search every policy, take the cheapest, judge it on luck or days that it has not seen.

use super::fold::{Days, Fold, earlier};
use super::judge::{Judged, judge};
use super::laboratory::{Laboratory, Stop, Subject};
use super::plan::{Found, Plan};
use super::search::{search, so_far};
use super::space::Point;
use super::standing::{Standing, Tried};
use crate::experiment::{Figure, Progress, Row, Ruling};
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
    /// How often a stretch of that length is held out, each before the one after; at least 1.
    pub folds: u32,
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
    /// What the search was allowed was spent before it ended: the winner is the best so far, and not judged.
    pub unfinished: bool,
    /// Where several stretches were held out: what was chosen before each, the earliest first. Fewer than were asked for
    /// if what was allowed was spent.
    pub folds: Vec<Fold>,
}

/// Settings that are judged one after the other until one holds.
const ATTEMPTS: u64 = 3;
/// Others that held in the search, for what the winner lets pass on days that the search has not seen.
pub(super) const OTHERS: usize = 3;

/// Searches every family, and judges the winner.
///
/// # Errors
/// Why there is no answer.
pub fn tune(
    laboratory: &mut Laboratory<'_>,
    question: &Question,
    progress: &dyn Progress,
) -> Result<Outcome, Stop> {
    prepare(laboratory, question)?;
    let days = Days::of(laboratory, question, 0);
    let (found, unfinished) = searched(laboratory, question)?;
    let mut outcome = Outcome { unfinished, ..Outcome::of(laboratory, found) };
    if unfinished {
        outcome.winner = outcome.best();
        return Ok(outcome);
    }
    settle(laboratory, &mut outcome, question, &days, progress)?;
    if question.folds > 1 {
        let last = outcome.folds.pop();
        outcome.folds = earlier(laboratory, question, progress)?;
        outcome.folds.extend(last);
    }
    Ok(outcome)
}

/// What the search of every family found, and whether it was stopped before its end as what was allowed is spent.
pub(super) fn searched(
    laboratory: &mut Laboratory<'_>,
    question: &Question,
) -> Result<(Vec<Found>, bool), Stop> {
    let draws = laboratory.draws;
    let families = laboratory.families;
    let mut found = Vec::new();
    let mut unfinished = false;
    for (at, family) in families.iter().enumerate() {
        let mut plan = Plan { draws, ..question.plan };
        // One that does not vary has one setting; where nothing is drawn once is enough.
        plan.whole |= family.space.axes.is_empty();
        plan.replications = if draws { plan.replications } else { 1 };
        let mut trials = laboratory.of(at);
        found.push(match search(&family.space, &mut trials, plan) {
            Err(Stop::Budget) => {
                unfinished = true;
                so_far(&family.space, &mut trials, plan)
            }
            ended => ended?,
        });
    }
    Ok((found, unfinished))
}

/// Runs the cells of a whole grid that are this shard's; there is no answer.
///
/// # Errors
/// Why they are not all run; those that are finished are kept.
pub fn sweep(laboratory: &mut Laboratory<'_>, question: &Question) -> Result<(), Stop> {
    prepare(laboratory, question)?;
    let grid = grid(laboratory, question);
    laboratory.run(&grid)?;
    for back in 1..question.folds {
        let mut own = laboratory.on(Days::of(laboratory, question, back).before);
        let ended = own.run(&grid);
        laboratory.count(&own);
        ended?;
    }
    Ok(())
}

/// Identities of all cells of a whole grid, which all shards together have to finish.
///
/// # Errors
/// A setting that cannot be run.
pub fn cells_of(laboratory: &mut Laboratory<'_>, question: &Question) -> Result<Vec<String>, Stop> {
    prepare(laboratory, question)?;
    let grid = grid(laboratory, question);
    let mut all = laboratory.ids(&grid)?;
    for back in 1..question.folds {
        all.extend(laboratory.on(Days::of(laboratory, question, back).before).ids(&grid)?);
    }
    Ok(all)
}

/// Looks at the days that the search sees, and refuses values that a policy or its platform would refuse.
///
/// # Errors
/// Everything that is wrong with any value.
pub fn prepare(laboratory: &mut Laboratory<'_>, question: &Question) -> Result<(), Stop> {
    if !laboratory.checked {
        laboratory.layers = Days::of(laboratory, question, 0).before;
        laboratory.check()?;
    }
    Ok(())
}

/// Every setting of every family, as often as one is to be known well.
fn grid(laboratory: &Laboratory<'_>, question: &Question) -> Vec<(Subject, u32)> {
    let replications = if laboratory.draws { question.plan.replications } else { 1 };
    let families = laboratory.families.iter().enumerate();
    let points = families.flat_map(|(at, family)| {
        (0..family.space.size().unwrap_or(0)).map(move |point| (at, Some(point)))
    });
    points.map(|subject| (subject, replications)).collect()
}

/// Judges the cheapest; where it misses the next, a few times. Where nothing holds, the closest is run instead, to be
/// looked at.
fn settle(
    laboratory: &Laboratory<'_>,
    outcome: &mut Outcome,
    question: &Question,
    days: &Days,
    progress: &dyn Progress,
) -> Result<(), Stop> {
    for attempt in 0..ATTEMPTS {
        let best = outcome.best();
        let Some(subject) = best.or_else(|| outcome.closest()) else { break };
        let judged =
            judge(laboratory, outcome, subject, (question, attempt), &days.after, progress)?;
        let kept = judged.ruling(&judged.tuned) == Some(Ruling::Met);
        if attempt == 0 && question.folds > 1 {
            outcome.folds = vec![match best {
                Some(chosen) => Fold::of(days.split, chosen, &judged),
                None => Fold { split: days.split, chosen: None, kept: false, regret: None },
            }];
        }
        outcome.judged = Some(judged);
        match (best, kept) {
            (Some(winner), true) => {
                outcome.winner = Some(winner);
                break;
            }
            (Some(winner), false) => outcome.dropped.push(winner),
            (None, _) => break,
        }
    }
    Ok(())
}

impl Outcome {
    /// Of a search that is not judged yet.
    pub(super) fn of(laboratory: &Laboratory<'_>, found: Vec<Found>) -> Self {
        let families = laboratory.families;
        let today = match (laboratory.base.base.as_ref(), families) {
            (Some(name), _) => families.iter().position(|family| family.policy == *name),
            (None, [_]) => Some(0),
            (None, _) => None,
        };
        let (dropped, folds) = (Vec::new(), Vec::new());
        Self { found, winner: None, today, judged: None, dropped, unfinished: false, folds }
    }

    /// The cheapest that holds for certain, else that was seen to, of those that were not dropped.
    pub(super) fn best(&self) -> Option<(usize, Point)> {
        let bests: Vec<(usize, Point)> = self.bests();
        let standing = |(family, point): &(usize, Point)| {
            let one = &self.found[*family].tried[point];
            (one.standing != Standing::Holds, one.cost)
        };
        bests.into_iter().min_by(|a, b| {
            let (a, b) = (standing(a), standing(b));
            a.0.cmp(&b.0).then(a.1.total_cmp(&b.1))
        })
    }

    /// The one with the least excess.
    fn closest(&self) -> Option<(usize, Point)> {
        let all = self.found.iter().enumerate();
        let closest = all.filter_map(|(family, found)| {
            let point = found.closest?;
            Some(((family, point), found.tried.get(&point)?.excess))
        });
        let seen = closest.filter(|(_, excess)| excess.is_finite());
        seen.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(subject, _)| subject)
    }

    /// The best setting of each family that has one.
    pub fn bests(&self) -> Vec<(usize, Point)> {
        let best_of = |(family, found): (usize, &Found)| {
            let left =
                found.tried.iter().filter(|(point, _)| !self.dropped.contains(&(family, **point)));
            let cheapest = |is: &dyn Fn(&Tried) -> bool| {
                let those = left.clone().filter(|(_, one)| is(one));
                found.space.cheapest(those.map(|(point, one)| (*point, one.cost)))
            };
            let best = cheapest(&|one| one.standing == Standing::Holds);
            best.or_else(|| cheapest(&Tried::kept)).map(|point| (family, point))
        };
        self.found.iter().enumerate().filter_map(best_of).collect()
    }

    /// Others that held in the search, the cheapest first.
    pub(super) fn others(&self) -> Vec<(usize, Point)> {
        let bests = self.bests();
        let mut all: Vec<((usize, Point), f64)> = Vec::new();
        for (family, found) in self.found.iter().enumerate() {
            let held = found.tried.iter().filter(|(_, one)| one.kept());
            all.extend(held.map(|(point, one)| ((family, *point), one.cost)));
        }
        all.retain(|(subject, _)| !bests.contains(subject) && !self.dropped.contains(subject));
        all.sort_by(|a, b| a.1.total_cmp(&b.1));
        all.into_iter().take(OTHERS).map(|(subject, _)| subject).collect()
    }
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
    /// Whether the SLO is kept there.
    pub standing: Standing,
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
            standing: tried.standing,
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
