//! Which settings are tried, in which order, and when it is enough.
//!
//! One ordered knob: the limit between what holds and what does not is found by halving, as long as costs are in
//! order along it. Several: a few settings spread over all, then always those that a [`Surrogate`] of cost and of
//! the SLO expects most of (expected improvement times the probability that the SLO is kept; Gardner et al., Bayesian
//! Optimization with Inequality Constraints, 2014). Both end in a race on common random numbers: settings that may
//! be the cheapest and lie too close to the limit are repeated until they do not, or as often as is allowed; then
//! every neighbour of the winner is tried, so that no step in any direction is cheaper and holds.

use super::plan::{Found, Plan, Trials, Way};
use super::space::{Point, Space};
use super::standing::{Standing, Tried, scaled, tried};
use super::surrogate::Surrogate;
use statrs::distribution::{Continuous, ContinuousCDF, Normal};
use std::collections::{BTreeMap, BTreeSet};

/// More settings than this are not all looked at each time: a spread choice of them is.
const LOOKED_AT: usize = 4_000;
/// Of the logarithm of cost: less to be expected is not worth a trial.
const WORTH: f64 = 1e-3;
/// A smaller chance to hold is none.
const CHANCE: f64 = 0.02;
/// Settings a surrogate can carry; by then it has long been over.
const MOST_TRIED: usize = 400;

/// Finds the cheapest setting that holds.
///
/// # Errors
/// Why the trials stopped.
pub fn search<T: Trials>(space: &Space, trials: &mut T, plan: Plan) -> Result<Found, T::Stop> {
    let mut search = Search { space, trials, plan, way: Way::Surrogate };
    let size = space.size().unwrap_or(usize::MAX);
    if plan.whole || size <= 2 * plan.at_once {
        search.way = Way::Whole;
        let all: Vec<_> = (0..size).map(|point| (point, plan.replications)).collect();
        search.trials.run(&all)?;
        while search.race()? {}
        return Ok(search.found());
    }
    let alone = space.axes.len() == 1 && space.axes[0].ordered;
    if alone && search.halve(size - 1)? {
        search.way = Way::Halving;
    } else {
        search.spread(size)?;
        while search.expected()? || search.race()? {}
    }
    while search.race()? || search.around()? {}
    Ok(search.found())
}

/// What is known of a space before its search has ended.
pub(super) fn so_far<T: Trials>(space: &Space, trials: &mut T, plan: Plan) -> Found {
    Search { space, trials, plan, way: Way::Surrogate }.found()
}

/// What a run of `points` showed so far.
pub(super) fn known<T: Trials>(trials: &T, draws: bool) -> BTreeMap<Point, Tried> {
    let points = trials.points();
    tried(points.iter().map(|point| (*point, trials.samples(*point))), draws)
}

struct Search<'a, T> {
    space: &'a Space,
    trials: &'a mut T,
    plan: Plan,
    way: Way,
}

impl<T: Trials> Search<'_, T> {
    fn known(&self) -> BTreeMap<Point, Tried> {
        known(self.trials, self.plan.draws)
    }

    /// The cheapest that holds for certain, else the cheapest that was seen to.
    fn best(&self, known: &BTreeMap<Point, Tried>) -> Option<Point> {
        let certain = self.cheapest(known, |one| one.standing == Standing::Holds);
        certain.or_else(|| self.cheapest(known, Tried::kept))
    }

    fn cheapest(
        &self,
        known: &BTreeMap<Point, Tried>,
        is: impl Fn(&Tried) -> bool,
    ) -> Option<Point> {
        let those = known.iter().filter(|(_, one)| is(one));
        self.space.cheapest(those.map(|(point, one)| (*point, one.cost)))
    }

    /// Tries settings once each.
    fn look(&mut self, points: impl IntoIterator<Item = Point>) -> Result<(), T::Stop> {
        let wanted: Vec<(Point, u32)> = points.into_iter().map(|point| (point, 1)).collect();
        self.trials.run(&wanted)
    }

    /// Halves the way from the cheap end to the dear one until a setting that holds is beside one that does not.
    /// False if costs are not in order along it, or the dear end does not hold: then nothing is known of the middle.
    fn halve(&mut self, last: Point) -> Result<bool, T::Stop> {
        self.look([0, last])?;
        let known = self.known();
        let rising = known[&0].cost < known[&last].cost;
        let (mut cheap, mut dear) = if rising { (0, last) } else { (last, 0) };
        if known[&cheap].kept() || !known[&dear].kept() {
            return Ok(false);
        }
        while cheap.abs_diff(dear) > 1 {
            let middle = usize::midpoint(cheap, dear);
            self.look([middle])?;
            let known = self.known();
            let [low, middle_cost, high] = [cheap, middle, dear].map(|point| known[&point].cost);
            if middle_cost < low || middle_cost > high {
                return Ok(false);
            }
            if known[&middle].kept() { dear = middle } else { cheap = middle }
        }
        Ok(true)
    }

    /// Tries settings that are spread over all of them.
    fn spread(&mut self, size: usize) -> Result<(), T::Stop> {
        let axes = &self.space.axes;
        let levels = |axis: &super::Axis| -> Vec<usize> {
            let last = axis.values.len() - 1;
            let few = if axis.ordered { vec![0, last / 2, last] } else { (0..=last).collect() };
            BTreeSet::from_iter(few).into_iter().collect()
        };
        let levels: Vec<Vec<usize>> = axes.iter().map(levels).collect();
        let corners: usize = levels.iter().map(Vec::len).product();
        if corners <= 12 {
            let all = levels.iter().fold(vec![Vec::new()], |all, one| {
                let longer = |places: &Vec<usize>| {
                    let more = |place: &usize| [places.clone(), vec![*place]].concat();
                    one.iter().map(more).collect::<Vec<_>>()
                };
                all.iter().flat_map(longer).collect()
            });
            let points: Vec<Point> = all.iter().map(|places| self.space.point(places)).collect();
            return self.look(points);
        }
        let count = (4 + 4 * axes.len()).min(size);
        let points: Vec<Point> = halton_points(self.space, count);
        self.look(points)
    }

    /// Tries what the surrogate expects most of; false if that is too little.
    fn expected(&mut self) -> Result<bool, T::Stop> {
        let known = self.known();
        if known.len() >= MOST_TRIED {
            return Ok(false);
        }
        let ordered: Vec<bool> = self.space.axes.iter().map(|axis| axis.ordered).collect();
        let at: Vec<Vec<f64>> = known.keys().map(|point| self.space.coordinates(*point)).collect();
        let values = |value: fn(&Tried) -> f64| known.values().map(value).collect::<Vec<f64>>();
        let cost = Surrogate::of(at.clone(), &values(|one| one.cost.max(1e-12).ln()), &ordered);
        let excess = Surrogate::of(at, &values(|one| scaled(one.excess)), &ordered);
        let best = self.best(&known).map(|point| known[&point].cost.max(1e-12).ln());
        let mut scored: Vec<(f64, Point)> = Vec::new();
        for point in self.looked_at(&known) {
            let place = self.space.coordinates(point);
            let (cost, excess) = (cost.guess(&place), excess.guess(&place));
            let chance = normal_cdf(-excess.mean / excess.deviation.max(1e-9));
            let score = match best {
                Some(best) if chance >= CHANCE => {
                    let better = (best - cost.mean) / cost.deviation.max(1e-9);
                    chance * cost.deviation * (better * normal_cdf(better) + normal_pdf(better))
                }
                Some(_) => 0.0,
                // Nothing holds yet: what most probably does comes first.
                None => chance.max(1e-6 * normal_cdf(-excess.mean)),
            };
            scored.push((score, point));
        }
        let enough = if best.is_some() { WORTH } else { CHANCE };
        scored.retain(|(score, _)| *score >= enough);
        scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let chosen = self.apart(&scored);
        let any = !chosen.is_empty();
        self.look(chosen)?;
        Ok(any)
    }

    /// Settings that were not tried, not more than can be looked at.
    fn looked_at(&self, known: &BTreeMap<Point, Tried>) -> Vec<Point> {
        let size = self.space.size().unwrap_or(usize::MAX);
        let mut all: Vec<Point> = match size <= LOOKED_AT {
            true => (0..size).collect(),
            false => halton_points(self.space, LOOKED_AT),
        };
        if let Some(best) = self.best(known) {
            all.extend(self.space.neighbours(best).into_iter().map(|(_, point)| point));
        }
        all.retain(|point| !known.contains_key(point));
        all
    }

    /// The first ones that are not beside each other.
    fn apart(&self, scored: &[(f64, Point)]) -> Vec<Point> {
        const NEAR: f64 = 0.1;
        let mut chosen: Vec<(Point, Vec<f64>)> = Vec::new();
        for (_, point) in scored {
            let place = self.space.coordinates(*point);
            let far = |other: &(Point, Vec<f64>)| {
                let steps = other.1.iter().zip(&place).map(|(a, b)| (a - b).abs());
                steps.fold(0.0, f64::max) > NEAR
            };
            if chosen.len() < self.plan.at_once && chosen.iter().all(far) {
                chosen.push((*point, place));
            }
        }
        chosen.into_iter().map(|(point, _)| point).collect()
    }

    /// Repeats those that may be the cheapest that holds and cannot be told; false if there are none.
    fn race(&mut self) -> Result<bool, T::Stop> {
        let known = self.known();
        let certain = self.cheapest(&known, |one| one.standing == Standing::Holds);
        let limit = certain.map_or(f64::INFINITY, |point| known[&point].cost);
        let may = |(_, one): &(&Point, &Tried)| {
            one.standing == Standing::CannotTell
                && one.cost < limit
                && one.replications < self.plan.most_replications
        };
        let mut open: Vec<(&Point, &Tried)> = known.iter().filter(may).collect();
        open.sort_by(|a, b| a.1.excess.total_cmp(&b.1.excess));
        // Those most likely to hold first: one that does settles all dearer ones.
        let most = self.plan.most_replications;
        let more = |one: &Tried| one.replications.saturating_mul(2).min(most);
        let chosen = open.iter().take(self.plan.at_once);
        let mut wanted: Vec<(Point, u32)> =
            chosen.map(|(point, one)| (**point, more(one))).collect();
        // The winner is known as well as anything.
        let winner = certain.filter(|point| known[point].replications < self.plan.replications);
        if wanted.is_empty() {
            wanted.extend(winner.map(|point| (point, self.plan.replications)));
        }
        let any = self.plan.draws && !wanted.is_empty();
        if any {
            self.trials.run(&wanted)?;
        }
        Ok(any)
    }

    /// Tries the neighbours of the winner; false if they were.
    fn around(&mut self) -> Result<bool, T::Stop> {
        let known = self.known();
        let Some(best) = self.best(&known) else { return Ok(false) };
        let neighbours = self.space.neighbours(best).into_iter().map(|(_, point)| point);
        let untried: Vec<Point> = neighbours.filter(|point| !known.contains_key(point)).collect();
        let any = !untried.is_empty();
        self.look(untried)?;
        Ok(any)
    }

    fn found(&self) -> Found {
        let tried = self.known();
        let winner = self.best(&tried);
        let limit = winner.map_or(f64::INFINITY, |point| tried[&point].cost);
        let cost = |point: &Point| tried[point].cost;
        let cheaper = |(_, one): &(&Point, &Tried)| {
            one.standing == Standing::Breaks && one.cost < limit //
        };
        let failing = winner.and_then(|winner| {
            let steps = |point: &Point| self.space.steps(*point, winner);
            let those = tried.iter().filter(cheaper).map(|(point, _)| *point);
            those.min_by(|a, b| steps(a).cmp(&steps(b)).then(cost(b).total_cmp(&cost(a))))
        });
        let closest = || {
            let least = tried.iter().min_by(|a, b| a.1.excess.total_cmp(&b.1.excess));
            least.map(|(point, _)| *point)
        };
        let may = |one: &Tried| one.standing == Standing::CannotTell && one.cost < limit;
        let mut open: Vec<Point> =
            tried.iter().filter(|(_, one)| may(one)).map(|(point, _)| *point).collect();
        open.sort_by(|a, b| cost(a).total_cmp(&cost(b)));
        let space = self.space.clone();
        Found { space, way: self.way, winner, failing, closest: closest(), open, tried }
    }
}

/// Settings spread evenly over all: a Halton sequence, each axis by a prime of its own.
fn halton_points(space: &Space, count: usize) -> Vec<Point> {
    const PRIMES: [usize; 12] = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37];
    let inverse = |mut index: usize, base: usize| {
        let (mut value, mut digit) = (0.0, 1.0);
        while index > 0 {
            digit /= base as f64;
            value += digit * (index % base) as f64;
            index /= base;
        }
        value
    };
    let mut chosen = BTreeSet::new();
    // A coarse lattice meets its settings more than once.
    for index in 1..=4 * count {
        let axes = space.axes.iter().zip(PRIMES.iter().cycle());
        let places = axes.map(|(axis, prime)| {
            ((inverse(index, *prime) * axis.values.len() as f64) as usize)
                .min(axis.values.len() - 1)
        });
        chosen.insert(space.point(&places.collect::<Vec<_>>()));
        if chosen.len() == count {
            break;
        }
    }
    chosen.into_iter().collect()
}

fn normal_cdf(x: f64) -> f64 {
    Normal::standard().cdf(x)
}

fn normal_pdf(x: f64) -> f64 {
    Normal::standard().pdf(x)
}
