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

/// How supply followed a rise of demand.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Response {
    /// Most that supply was above demand, relative to it.
    pub overshoot: f64,
    /// From the rise until supply stayed within one of demand, in the unit of lengths; `None` if it did not.
    pub settling: Option<f64>,
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
    /// Time, in the unit of the pieces.
    pub fn length(&self) -> f64 {
        self.pieces.iter().map(|piece| piece.length).sum()
    }

    /// How often demand changed.
    pub fn changes_of_demand(&self) -> usize {
        self.pieces.windows(2).filter(|pair| pair[0].demand != pair[1].demand).count()
    }

    /// The most that was needed.
    pub fn peak_demand(&self) -> f64 {
        self.pieces.iter().map(|piece| piece.demand).fold(0.0, f64::max)
    }

    /// The response to the largest rise of demand, the first of equals; `None` where none is of two or more. The
    /// demand it is held against is the median from the rise until demand is further than half of it from where the
    /// rise ended.
    pub fn response_to_the_largest_rise(&self) -> Option<Response> {
        let rise = |at: usize| self.pieces[at].demand - self.pieces[at - 1].demand;
        let later = |a: &usize, b: &usize| rise(*a).total_cmp(&rise(*b)).then(b.cmp(a));
        let at = (1..self.pieces.len()).max_by(later).filter(|&at| rise(at) >= 2.0)?;
        let (height, reached) = (rise(at), self.pieces[at].demand);
        let stays = |piece: &&Piece| (piece.demand - reached).abs() <= (height / 2.0).max(1.0);
        let after: Vec<Piece> = self.pieces[at..].iter().take_while(stays).copied().collect();
        let level = median_demand(&after);
        let above = after.iter().map(|piece| (piece.supply - level) / level);
        let is_off = |piece: &Piece| (piece.supply - level).abs() > 1.0;
        let settled = after.iter().rposition(is_off).map_or(0, |last| last + 1);
        let length = after[..settled].iter().map(|piece| piece.length).sum();
        Some(Response {
            overshoot: above.fold(0.0, f64::max),
            settling: (settled < after.len()).then_some(length),
        })
    }

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

/// The demand with half of the time at or below it; there is at least one piece.
fn median_demand(pieces: &[Piece]) -> f64 {
    let mut sorted = pieces.to_vec();
    sorted.sort_by(|a, b| a.demand.total_cmp(&b.demand));
    let half = pieces.iter().map(|piece| piece.length).sum::<f64>() / 2.0;
    let mut passed = 0.0;
    let reaches = |piece: &&Piece| {
        passed += piece.length;
        passed >= half
    };
    sorted.iter().find(reaches).map_or(0.0, |piece| piece.demand)
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

    /// | (length, demand, supply) | overshoot, settling |
    #[test]
    fn a_response_is_that_to_the_largest_rise() {
        type Case<'a> = (&'a [(f64, f64, f64)], Option<(f64, Option<f64>)>);
        let cases: &[Case<'_>] = &[
            // Nothing rises, or by one.
            (&[(9.0, 4.0, 4.0), (9.0, 2.0, 4.0), (9.0, 3.0, 4.0)], None),
            // There before it was needed.
            (&[(9.0, 2.0, 6.0), (9.0, 6.0, 6.0)], Some((0.0, Some(0.0)))),
            (
                &[(9.0, 2.0, 2.0), (3.0, 6.0, 2.0), (1.0, 6.0, 9.0), (9.0, 6.0, 7.0)],
                Some((0.5, Some(4.0))),
            ),
            // It is off to the end.
            (&[(9.0, 2.0, 2.0), (3.0, 6.0, 2.0), (9.0, 6.0, 12.0)], Some((1.0, None))),
            // The first of two equal rises, until the fall after it; its demand wavers about 6.
            (
                &[
                    (9.0, 2.0, 2.0),
                    (2.0, 6.0, 2.0),
                    (1.0, 7.0, 6.0),
                    (4.0, 6.0, 6.0),
                    (9.0, 2.0, 60.0),
                    (9.0, 6.0, 60.0),
                ],
                Some((0.0, Some(2.0))),
            ),
        ];
        for (pieces, expected) in cases {
            let piece =
                |&(length, demand, supply): &(f64, f64, f64)| Piece { length, demand, supply };
            let track = Track { pieces: pieces.iter().map(piece).collect(), grid: Vec::new() };
            let found = track.response_to_the_largest_rise();
            assert_eq!(found.map(|one| (one.overshoot, one.settling)), *expected, "{pieces:?}");
        }
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
