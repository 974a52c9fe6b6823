//! The search on functions whose best setting is known.

use super::*;
use autosim_engine::stats::Estimate;
use rand::{RngExt as _, SeedableRng as _};
use rand_xoshiro::Xoshiro256PlusPlus;
use std::collections::BTreeMap;
use std::convert::Infallible;

/// The space of some axes.
pub(super) fn sample(axes: &[&str]) -> Space {
    Space { axes: axes.iter().map(|axis| axis.parse().unwrap()).collect() }
}

/// What a setting truly costs, and its true excess.
type Truth = fn(&[f64]) -> (f64, f64);

/// Settings of a function, with luck that all settings of a replication share in part.
struct Played<'a> {
    space: &'a Space,
    truth: Truth,
    luck: f64,
    seed: u64,
    seen: BTreeMap<Point, Vec<Sample>>,
    cells: usize,
}

impl<'a> Played<'a> {
    fn new(space: &'a Space, truth: Truth, luck: f64, seed: u64) -> Self {
        Self { space, truth, luck, seed, seen: BTreeMap::new(), cells: 0 }
    }

    fn true_values(&self, point: Point) -> (f64, f64) {
        let values: Vec<f64> =
            self.space.values(point).map(|(_, value)| value.parse().unwrap()).collect();
        (self.truth)(&values)
    }

    fn draw(&self, key: u64) -> f64 {
        let mut random =
            Xoshiro256PlusPlus::seed_from_u64(self.seed ^ key.wrapping_mul(0x9e37_79b9));
        (0..12).map(|_| random.random::<f64>()).sum::<f64>() - 6.0
    }

    fn best(&self) -> Option<(Point, f64)> {
        let all = (0..self.space.size().unwrap()).map(|point| (point, self.true_values(point)));
        let holds = all.filter(|(_, (_, excess))| *excess <= 1.0);
        let best = holds.min_by(|a, b| a.1.0.total_cmp(&b.1.0));
        best.map(|(point, (cost, _))| (point, cost))
    }
}

impl Trials for Played<'_> {
    type Stop = Infallible;

    fn run(&mut self, wanted: &[(Point, u32)]) -> Result<(), Infallible> {
        for &(point, replications) in wanted {
            let (cost, excess) = self.true_values(point);
            let from = self.samples(point).len() as u32;
            for replication in from..replications {
                self.cells += 1;
                let common = self.draw(u64::from(replication) + 1);
                let own = self.draw(((point as u64 + 1) << 20) + u64::from(replication));
                let luck = self.luck * (0.9 * common + 0.4 * own);
                let sample = Sample {
                    cost: cost * (1.0 + 0.02 * common + 0.002 * own),
                    excess: vec![excess * luck.exp()],
                };
                self.seen.entry(point).or_default().push(sample);
            }
        }
        Ok(())
    }

    fn samples(&self, point: Point) -> &[Sample] {
        self.seen.get(&point).map_or(&[], Vec::as_slice)
    }

    fn points(&self) -> Vec<Point> {
        self.seen.keys().copied().collect()
    }
}

fn plan(draws: bool) -> Plan {
    let replications = if draws { 8 } else { 1 };
    let most_replications = 4 * replications;
    Plan { replications, most_replications, draws, at_once: 4, whole: false }
}

/// As a target and a minimum work: utilization to a target costs its inverse and is late from a knee on, the
/// more the fewer there are at least.
fn target_and_minimum(at: &[f64]) -> (f64, f64) {
    let (target, minimum) = (at[0], at[1]);
    let cost = 400.0 / target + 0.35 * minimum;
    (cost, ((target - 59.0 - minimum) / 5.5).exp())
}

#[test]
fn one_knob_is_halved() {
    let space = sample(&["target=40..90:1"]);
    for limit in [41.0, 55.5, 67.0, 88.0] {
        fn knee(at: &[f64], limit: f64) -> (f64, f64) {
            (100.0 / at[0], if at[0] <= limit { 0.5 } else { 2.0 })
        }
        let truth: Truth = match limit {
            41.0 => |at| knee(at, 41.0),
            55.5 => |at| knee(at, 55.5),
            67.0 => |at| knee(at, 67.0),
            _ => |at| knee(at, 88.0),
        };
        let mut played = Played::new(&space, truth, 0.0, 1);
        let Ok(found) = search(&space, &mut played, plan(false));
        assert_eq!(found.winner, played.best().map(|(point, _)| point), "{limit}");
        assert_eq!(found.failing, found.winner.map(|point| point + 1), "{limit}");
        assert_eq!(found.way, Way::Halving);
        assert!(played.cells <= 10, "{} cells", played.cells);
    }
}

#[test]
fn costs_that_are_not_in_order_are_no_reason_to_miss_the_best() {
    let space = sample(&["window=1..60"]);
    // Cheapest in the middle, and the SLO holds in the middle only.
    let truth: Truth =
        |at| (10.0 + (at[0] - 31.0).abs() / 10.0, ((at[0] - 25.0).abs() / 12.0).powi(2));
    let mut played = Played::new(&space, truth, 0.0, 1);
    let Ok(found) = search(&space, &mut played, plan(false));
    assert_eq!(found.winner, played.best().map(|(point, _)| point));
    assert_eq!(found.way, Way::Surrogate);
}

#[test]
fn two_knobs_are_found_with_a_tenth_of_the_grid() {
    let space = sample(&["target=40..90:1", "min=2,4,8,12"]);
    let mut played = Played::new(&space, target_and_minimum, 0.0, 1);
    let Ok(found) = search(&space, &mut played, plan(false));
    assert_eq!(found.winner, played.best().map(|(point, _)| point));
    assert!(10 * played.cells <= space.size().unwrap() + 50, "{} cells", played.cells);
}

/// Of twenty seeds nineteen end at the best setting or a tie, with a fifth of the grid's cells at most.
#[test]
fn luck_hides_the_best_setting_one_time_in_twenty_at_most() {
    let space = sample(&["target=40..90:2", "min=2,4,8,12"]);
    let (mut right, mut cells) = (0, 0);
    for seed in 0..20 {
        let mut played = Played::new(&space, target_and_minimum, 0.15, seed);
        let (_, least) = played.best().unwrap();
        let Ok(found) = search(&space, &mut played, plan(true));
        let (cost, excess) = played.true_values(found.winner.unwrap());
        right += usize::from(excess <= 1.0 && cost <= 1.01 * least);
        cells += played.cells;
    }
    assert!(right >= 19, "{right} of 20");
    let whole = 20 * 8 * space.size().unwrap();
    assert!(5 * cells <= whole, "{cells} of {whole} cells");
}

/// Fresh luck knows nothing of the selection: nineteen of twenty intervals from it hold the truth.
#[test]
fn intervals_from_fresh_luck_hold_the_truth_after_the_selection_too() {
    let space = sample(&["target=40..90:2", "min=2,4,8,12"]);
    let searches = 200;
    let mut right = 0;
    for seed in 0..searches {
        let mut played = Played::new(&space, target_and_minimum, 0.15, seed);
        let Ok(found) = search(&space, &mut played, plan(true));
        let winner = found.winner.unwrap();
        let mut fresh = Played::new(&space, target_and_minimum, 0.15, seed + 1_000_003);
        let Ok(()) = fresh.run(&[(winner, 8)]);
        let costs: Vec<f64> = fresh.samples(winner).iter().map(|one| one.cost).collect();
        let estimate = Estimate::of(&costs).unwrap();
        let (cost, _) = played.true_values(winner);
        right += u32::from(estimate.low() <= cost && cost <= estimate.high());
    }
    let share = f64::from(right) / searches as f64;
    assert!((0.92..=0.98).contains(&share), "{share}");
}

#[test]
fn what_cannot_hold_ends_with_the_closest() {
    let space = sample(&["target=40..90:2", "min=2,4,8,12"]);
    let truth: Truth = |at| (100.0 / at[0], 1.5 + at[0] / 100.0 - at[1] / 40.0);
    let mut played = Played::new(&space, truth, 0.0, 1);
    let Ok(found) = search(&space, &mut played, plan(false));
    assert_eq!(found.winner, None);
    assert_eq!(found.closest.map(|point| space.told(point)).as_deref(), Some("target 40, min 12"));
    assert!(played.cells < 60, "{} cells", played.cells);
}

#[test]
fn everything_is_tried_where_that_is_asked_or_as_little() {
    for (axes, whole) in [(&["min=1..5"][..], false), (&["target=40..90:2", "min=2,4,8,12"], true)]
    {
        let space = sample(axes);
        let mut played = Played::new(&space, |_| (1.0, 0.5), 0.0, 1);
        let Ok(found) = search(&space, &mut played, Plan { whole, ..plan(false) });
        assert_eq!((found.way, found.tried.len()), (Way::Whole, space.size().unwrap()), "{axes:?}");
    }
}
