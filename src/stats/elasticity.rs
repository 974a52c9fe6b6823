//! Elasticity metrics of demand against supply, on a stated grid of equal steps.

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
    /// From demand and supply over steps of equal length; `None` without steps. A step without demand
    /// counts its excess relative to 1.
    pub fn of(demand: &[f64], supply: &[f64]) -> Option<Self> {
        let steps = demand.len().min(supply.len());
        if steps == 0 {
            return None;
        }
        let pairs = || demand.iter().zip(supply).map(|(&d, &s)| (d, s));
        let mean = |f: &dyn Fn(f64, f64) -> f64| pairs().map(|(d, s)| f(d, s)).sum::<f64>();
        let mean = |f: &dyn Fn(f64, f64) -> f64| mean(f) / steps as f64;
        let relative_to = |d: f64| if d > 0.0 { d } else { 1.0 };
        let moves = || boundaries(demand, supply);
        Some(Self {
            theta_under: 100.0 * mean(&|d, s| (d - s).max(0.0) / relative_to(d)),
            theta_over: 100.0 * mean(&|d, s| (s - d).max(0.0) / relative_to(d)),
            tau_under: 100.0 * mean(&|d, s| f64::from(d > s)),
            tau_over: 100.0 * mean(&|d, s| f64::from(s > d)),
            instability: share(moves().filter(|(d, s)| d != s).count(), steps - 1),
            mean_missing: mean(&|d, s| (d - s).max(0.0)),
            mean_excess: mean(&|d, s| (s - d).max(0.0)),
            adjustments: moves().filter(|&(_, s)| s != 0).count() as u64,
        })
    }
}

impl Ilyushkin {
    /// As [`Elasticity::of`].
    pub fn of(demand: &[f64], supply: &[f64]) -> Option<Self> {
        let steps = demand.len().min(supply.len());
        if steps == 0 {
            return None;
        }
        let sum = |f: &dyn Fn(f64, f64) -> f64| -> f64 {
            demand.iter().zip(supply).map(|(&d, &s)| f(d, s)).sum()
        };
        let moves = || boundaries(demand, supply);
        Some(Self {
            accuracy_under: 100.0 * sum(&|d, s| (d - s).max(0.0) / d.max(1.0)) / steps as f64,
            accuracy_over: 100.0 * sum(&|d, s| (s - d).max(0.0) / s.max(1.0)) / steps as f64,
            above: share(moves().filter(|(d, s)| s > d).count(), steps - 1),
            below: share(moves().filter(|(d, s)| s < d).count(), steps - 1),
        })
    }
}

/// Direction of demand and of supply from each step to the next.
fn boundaries<'a>(demand: &'a [f64], supply: &'a [f64]) -> impl Iterator<Item = (i8, i8)> + 'a {
    let direction = |pair: &[f64]| match pair[0].total_cmp(&pair[1]) {
        std::cmp::Ordering::Less => 1,
        std::cmp::Ordering::Equal => 0,
        std::cmp::Ordering::Greater => -1,
    };
    demand.windows(2).map(direction).zip(supply.windows(2).map(direction))
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

    #[test]
    fn a_supply_that_lags_demand() {
        let e = Elasticity::of(&DEMAND, &SUPPLY).unwrap();
        let got = [e.theta_under, e.theta_over, e.tau_under, e.tau_over, e.instability];
        assert_close(&got, &[100.0 / 6.0, 18.75, 37.5, 25.0, 500.0 / 7.0]);
        assert_close(&[e.mean_missing, e.mean_excess], &[0.625, 0.5]);
        assert_eq!(e.adjustments, 5);
        let i = Ilyushkin::of(&DEMAND, &SUPPLY).unwrap();
        let got = [i.accuracy_under, i.accuracy_over, i.above, i.below];
        assert_close(&got, &[100.0 / 6.0, 125.0 / 12.0, 200.0 / 7.0, 300.0 / 7.0]);
    }

    #[test]
    fn a_supply_that_is_always_one_above() {
        let e = Elasticity::of(&[3.0; 4], &[4.0; 4]).unwrap();
        let got = [e.theta_under, e.theta_over, e.tau_under, e.tau_over, e.instability];
        assert_close(&got, &[0.0, 100.0 / 3.0, 0.0, 100.0, 0.0]);
        let i = Ilyushkin::of(&[3.0; 4], &[4.0; 4]).unwrap();
        assert_close(&[i.accuracy_over, i.above, i.below], &[25.0, 0.0, 0.0]);
        assert_eq!(Elasticity::of(&[], &[]), None);
    }
}
