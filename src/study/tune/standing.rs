//! What is known of settings that were tried, and whether it is enough to say that they hold.

use super::space::Point;
use statrs::distribution::{ContinuousCDF, StudentsT};
use std::collections::BTreeMap;

/// What one replication of a setting showed.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// What it cost.
    pub cost: f64,
    /// Term by term of the SLO: how much of what may be late, or fail, was: 1 = all of it, 2 = twice as much.
    pub excess: Vec<f64>,
}

/// Whether a setting keeps the SLO.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It does; luck does not change that.
    Holds,
    /// It does not.
    Breaks,
    /// It may be either: what was seen lies too close to the limit for so few replications.
    CannotTell,
}

/// A setting that was tried.
#[derive(Debug, Clone, PartialEq)]
pub struct Tried {
    /// How often.
    pub replications: u32,
    /// Mean cost.
    pub cost: f64,
    /// Of the worst term, over all replications together; at most 1 where the SLO was kept. Infinite where no request
    /// arrived: nothing was seen.
    pub excess: f64,
    /// Whether that is certain.
    pub standing: Standing,
}

impl Tried {
    /// The SLO was kept in what was seen, certain or not.
    pub fn kept(&self) -> bool {
        self.excess <= 1.0
    }
}

/// Excess below which nothing is told apart: a thousandth of what is allowed.
const LEAST: f64 = 1e-3;
/// What is this improbable under luck alone is certain: on either side one setting in two hundred is misjudged each
/// time it is looked at.
const CERTAIN: f64 = 0.995;
/// Without knowledge of luck, an excess this many times the limit, or less than it by as much, is certain.
const FAR: f64 = 4.0;
/// Degrees of freedom from which on the spread of luck counts as known.
const FREEDOM: f64 = 4.0;

/// Excess on a scale on which luck is as large everywhere.
pub(super) fn scaled(excess: f64) -> f64 {
    excess.clamp(LEAST, 1.0 / LEAST).ln()
}

/// All that were tried.
pub(super) fn tried<'a>(
    samples: impl Iterator<Item = (Point, &'a [Sample])>,
    draws: bool,
) -> BTreeMap<Point, Tried> {
    let samples: Vec<(Point, &[Sample])> = samples.filter(|(_, seen)| !seen.is_empty()).collect();
    let luck = if draws { luck(&samples) } else { Some((0.0, f64::INFINITY)) };
    let one = |&(point, seen): &(Point, &[Sample])| (point, judged(seen, luck));
    samples.iter().map(one).collect()
}

/// Standard deviation of scaled excess between replications of one setting, all settings together, and its degrees of
/// freedom; `None` where too few were repeated to know. Settings far from the limit on either side tell nothing of luck at it.
fn luck(samples: &[(Point, &[Sample])]) -> Option<(f64, f64)> {
    let (mut squares, mut freedom) = (0.0, 0.0);
    for (_, seen) in samples {
        let values: Vec<f64> = seen.iter().map(|one| scaled(worst(&one.excess))).collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        if values.len() > 1 && mean.abs() < 10f64.ln() {
            squares += values.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
            freedom += values.len() as f64 - 1.0;
        }
    }
    (freedom >= FREEDOM).then(|| ((squares / freedom).sqrt(), freedom))
}

fn worst(excess: &[f64]) -> f64 {
    excess.iter().copied().fold(0.0, f64::max)
}

fn judged(seen: &[Sample], luck: Option<(f64, f64)>) -> Tried {
    let count = seen.len() as f64;
    let cost = seen.iter().map(|one| one.cost).sum::<f64>() / count;
    let replications = seen.len() as u32;
    let terms = seen.iter().map(|one| one.excess.len()).max().unwrap_or(0);
    if terms == 0 {
        let (excess, standing) = (f64::INFINITY, Standing::CannotTell);
        return Tried { replications, cost, excess, standing };
    }
    let mean = |term: usize| {
        seen.iter().filter_map(|one| one.excess.get(term)).sum::<f64>() / count //
    };
    let excess = (0..terms).map(mean).fold(0.0, f64::max);
    let far = match luck {
        Some((_, f64::INFINITY)) => 0.0,
        Some((luck, freedom)) => quantile(freedom) * luck / count.sqrt(),
        None => FAR.ln(),
    };
    let standing = match scaled(excess) {
        at if at < -far || (far == 0.0 && at <= 0.0) => Standing::Holds,
        at if at > far => Standing::Breaks,
        _ => Standing::CannotTell,
    };
    Tried { replications, cost, excess, standing }
}

/// Of Student's t: how many standard errors are certain.
fn quantile(freedom: f64) -> f64 {
    // It exists for all freedoms from 1 on.
    StudentsT::new(0.0, 1.0, freedom).map_or(f64::INFINITY, |t| t.inverse_cdf(CERTAIN))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(excess: &[&[f64]], draws: bool) -> Vec<Standing> {
        let samples: Vec<Vec<Sample>> = excess
            .iter()
            .map(|all| all.iter().map(|one| Sample { cost: 1.0, excess: vec![*one] }).collect())
            .collect();
        let tried = tried(samples.iter().map(Vec::as_slice).enumerate(), draws);
        tried.into_values().map(|one| one.standing).collect()
    }

    #[test]
    fn what_lies_close_to_the_limit_for_its_luck_cannot_be_told() {
        use Standing::{Breaks, CannotTell, Holds};
        for (excess, draws, standings) in [
            // Nothing is drawn: once is enough.
            (vec![&[0.99][..], &[1.0], &[1.01]], false, vec![Holds, Holds, Breaks]),
            // Luck is unknown: only what is far off is certain.
            (
                vec![&[0.2][..], &[0.5], &[3.0], &[5.0]],
                true,
                vec![Holds, CannotTell, CannotTell, Breaks],
            ),
            // Luck is known from settings that were repeated, and small.
            (
                vec![&[0.9, 0.92, 0.91][..], &[1.1, 1.12, 1.13], &[0.8], &[1.01]],
                true,
                vec![Holds, Breaks, Holds, CannotTell],
            ),
            // It is large.
            (vec![&[0.5, 2.0, 0.9][..], &[0.4, 1.5, 3.0], &[0.8]], true, vec![CannotTell; 3]),
        ] {
            assert_eq!(of(&excess, draws), standings, "{excess:?}");
        }
    }

    #[test]
    fn the_worst_term_decides_over_all_replications_together() {
        let sample = |a: f64, b: f64| Sample { cost: a, excess: vec![a, b] };
        let seen = [sample(0.5, 1.4), sample(1.1, 0.2)];
        let tried = tried([(7, &seen[..])].into_iter(), true);
        assert_eq!(tried[&7].replications, 2);
        assert!((tried[&7].excess - 0.8).abs() < 1e-12 && tried[&7].kept());
    }
}
