//! Elasticity metrics of demand against supply: time integrals, and directions of change on a grid.

/// A span of time during which neither demand nor supply changes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Piece {
    /// How long; any unit, the same for all.
    pub length: f64,
    /// What is needed.
    pub demand: f64,
    /// What is there.
    pub supply: f64,
}

/// Demand and supply over time.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Track {
    /// One after another, cut wherever either changes.
    pub pieces: Vec<Piece>,
    /// (demand, supply) at equal steps, for the metrics that count directions of change.
    pub grid: Vec<(f64, f64)>,
}

/// Accuracy, time shares and instability (Herbst et al. 2016; Bauer et al. 2018), all in percent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Elasticity {
    /// Missing supply relative to demand, mean over time.
    pub theta_under: f64,
    /// Excess supply relative to demand, mean over time.
    pub theta_over: f64,
    /// Share of time with too little.
    pub tau_under: f64,
    /// Share of time with too much.
    pub tau_over: f64,
    /// Share of step boundaries at which supply and demand move differently (up, down, not at all).
    pub instability: f64,
    /// Mean missing supply, in units of supply.
    pub mean_missing: f64,
    /// Mean excess supply, in units of supply.
    pub mean_excess: f64,
    /// How often supply changed.
    pub adjustments: u64,
}

/// Variants of Ilyushkin et al. (2018), in percent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ilyushkin {
    /// Missing supply relative to max(demand, 1).
    pub accuracy_under: f64,
    /// Excess supply relative to max(supply, 1).
    pub accuracy_over: f64,
    /// Share of step boundaries at which supply trends above demand.
    pub above: f64,
    /// Share of step boundaries at which supply trends below demand.
    pub below: f64,
}

impl Elasticity {
    /// `None` for no time at all. A time without demand counts its excess relative to 1.
    pub fn of(track: &Track) -> Option<Self> {
        let relative_to = |d: f64| if d > 0.0 { d } else { 1.0 };
        let supplies = track.pieces.windows(2).filter(|pair| pair[0].supply != pair[1].supply);
        Some(Self {
            theta_under: 100.0 * track.mean(|d, s| (d - s).max(0.0) / relative_to(d))?,
            theta_over: 100.0 * track.mean(|d, s| (s - d).max(0.0) / relative_to(d))?,
            tau_under: 100.0 * track.mean(|d, s| f64::from(d > s))?,
            tau_over: 100.0 * track.mean(|d, s| f64::from(s > d))?,
            instability: track.share_of_moves(|d, s| d != s),
            mean_missing: track.mean(|d, s| (d - s).max(0.0))?,
            mean_excess: track.mean(|d, s| (s - d).max(0.0))?,
            adjustments: supplies.count() as u64,
        })
    }
}

impl Ilyushkin {
    /// `None` for no time at all.
    pub fn of(track: &Track) -> Option<Self> {
        Some(Self {
            accuracy_under: 100.0 * track.mean(|d, s| (d - s).max(0.0) / d.max(1.0))?,
            accuracy_over: 100.0 * track.mean(|d, s| (s - d).max(0.0) / s.max(1.0))?,
            above: track.share_of_moves(|d, s| s > d),
            below: track.share_of_moves(|d, s| s < d),
        })
    }
}

impl Track {
    /// Mean over time of something about demand and supply.
    fn mean(&self, of: impl Fn(f64, f64) -> f64) -> Option<f64> {
        let length: f64 = self.pieces.iter().map(|piece| piece.length).sum();
        let sum: f64 = self.pieces.iter().map(|p| p.length * of(p.demand, p.supply)).sum();
        (length > 0.0).then(|| sum / length)
    }

    /// Percentage of the boundaries of the grid at which the directions of demand and supply (1 up, 0,
    /// -1 down) are as asked.
    fn share_of_moves(&self, asked: impl Fn(i8, i8) -> bool) -> f64 {
        let direction = |from: f64, to: f64| match from.total_cmp(&to) {
            std::cmp::Ordering::Less => 1,
            std::cmp::Ordering::Equal => 0,
            std::cmp::Ordering::Greater => -1,
        };
        let is_asked = |pair: &&[(f64, f64)]| {
            asked(direction(pair[0].0, pair[1].0), direction(pair[0].1, pair[1].1))
        };
        let moves = || self.grid.windows(2);
        share(moves().filter(is_asked).count(), moves().count())
    }
}

fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { 100.0 * part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_close(got: &[f64], expected: &[f64]) {
        for (at, (got, expected)) in got.iter().zip(expected).enumerate() {
            assert!((got - expected).abs() < 1e-7, "figure {at}: {got} is not {expected}");
        }
    }

    // Both fixtures are small enough to check by hand.
    const DEMAND: [f64; 8] = [2.0, 4.0, 6.0, 6.0, 4.0, 2.0, 2.0, 2.0];
    const SUPPLY: [f64; 8] = [2.0, 2.0, 4.0, 6.0, 6.0, 4.0, 2.0, 1.0];

    /// One unit of time per pair.
    fn track(demand: &[f64], supply: &[f64]) -> Track {
        let grid: Vec<(f64, f64)> = demand.iter().copied().zip(supply.iter().copied()).collect();
        let piece = |&(demand, supply): &(f64, f64)| Piece { length: 1.0, demand, supply };
        Track { pieces: grid.iter().map(piece).collect(), grid }
    }

    #[test]
    fn a_supply_that_lags_demand() {
        let track = track(&DEMAND, &SUPPLY);
        let e = Elasticity::of(&track).unwrap();
        let got = [e.theta_under, e.theta_over, e.tau_under, e.tau_over, e.instability];
        assert_close(&got, &[100.0 / 6.0, 18.75, 37.5, 25.0, 500.0 / 7.0]);
        assert_close(&[e.mean_missing, e.mean_excess], &[0.625, 0.5]);
        assert_eq!(e.adjustments, 5);
        let i = Ilyushkin::of(&track).unwrap();
        let got = [i.accuracy_under, i.accuracy_over, i.above, i.below];
        assert_close(&got, &[100.0 / 6.0, 125.0 / 12.0, 200.0 / 7.0, 300.0 / 7.0]);
    }

    #[test]
    fn a_supply_that_is_always_one_above() {
        let track = track(&[3.0; 4], &[4.0; 4]);
        let e = Elasticity::of(&track).unwrap();
        let got = [e.theta_under, e.theta_over, e.tau_under, e.tau_over, e.instability];
        assert_close(&got, &[0.0, 100.0 / 3.0, 0.0, 100.0, 0.0]);
        let i = Ilyushkin::of(&track).unwrap();
        assert_close(&[i.accuracy_over, i.above, i.below], &[25.0, 0.0, 0.0]);
        assert_eq!(Elasticity::of(&Track::default()), None);
    }

    #[test]
    fn time_counts_by_its_length() {
        let piece = |length, demand, supply| Piece { length, demand, supply };
        let pieces = vec![piece(1.0, 2.0, 1.0), piece(3.0, 2.0, 4.0)];
        let e = Elasticity::of(&Track { pieces, grid: Vec::new() }).unwrap();
        let got = [e.theta_under, e.theta_over, e.tau_under, e.tau_over, e.instability];
        assert_close(&got, &[12.5, 75.0, 25.0, 75.0, 0.0]);
        assert_eq!(e.adjustments, 1);
    }
}
