//! Loops that drift: each turn comes a little later than its interval says (rule 51).

use crate::random::{Generator, Purpose, Sampler, Streams};
use crate::units::Span;

/// Standard deviation of the logarithm: one turn in a hundred is late by ten times the median or more.
const SIGMA: f64 = std::f64::consts::LN_10 / 2.326_347_874_040_841;

/// How late the turns of one loop come.
pub(super) struct Lateness(Option<(Sampler, Generator)>);

impl Lateness {
    /// By `median` at the median; zero = never. `number` tells the loops of an autoscaler apart.
    pub(super) fn new(median: Span, streams: &Streams, number: u32) -> Self {
        let law = || Sampler::Lognormal { mu: (median.0 as f64).ln(), sigma: SIGMA };
        Self((!median.is_zero()).then(|| (law(), streams.sequential(Purpose::Drift, number))))
    }

    /// Of the next turn.
    pub(super) fn draw(&mut self) -> Span {
        self.0.as_mut().map_or(Span::ZERO, |(law, rng)| law.draw(rng))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A live controller was late by 4.5 ms at the median, 7.2 ms in the mean and 45 ms once in a hundred.
    #[test]
    fn one_turn_in_a_hundred_is_late_by_ten_times_the_median() {
        let mut lateness = Lateness::new(Span(4_500_000), &Streams::new(1, 0, 0), 0);
        let mut late_ms: Vec<f64> = (0..100_000).map(|_| lateness.draw().as_millis_f64()).collect();
        late_ms.sort_by(f64::total_cmp);
        let mean = late_ms.iter().sum::<f64>() / 1e5;
        for (got, expected) in [(late_ms[50_000], 4.5), (late_ms[99_000], 45.0), (mean, 7.34)] {
            assert!((got / expected - 1.0).abs() < 0.03, "{got} instead of {expected}");
        }
        assert_eq!(Lateness::new(Span::ZERO, &Streams::new(1, 0, 0), 0).draw(), Span::ZERO);
    }
}
