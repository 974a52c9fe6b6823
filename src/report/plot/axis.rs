//! Scales and their ticks.

use crate::number::{group, plain};

/// One direction of a frame.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Axis {
    pub log: bool,
    pub low: f64,
    pub high: f64,
    /// Where a grid line with words goes.
    pub ticks: Vec<(f64, String)>,
}

impl Axis {
    /// From zero, or from below `low` where that shows more, to a little above `high`.
    pub(super) fn linear(low: f64, high: f64, ticks: usize) -> Self {
        let high = if high > low { high } else { low + 1.0 };
        let step = nice_step((high - low) / ticks as f64);
        let (low, high) = ((low / step).floor() * step, (high / step).ceil() * step);
        let count = ((high - low) / step).round() as usize;
        let decimals = usize::try_from(-step.log10().floor() as i64).unwrap_or(0).min(9);
        let ticks = (0..=count)
            .map(|n| low + n as f64 * step)
            .map(|at| (at, human_tick(at, decimals)))
            .collect();
        Self { log: false, low, high, ticks }
    }

    /// Logarithmic over positive values, with ticks at 1, 2, 5 or at powers of ten.
    pub(super) fn logarithmic(low: f64, high: f64, words: impl Fn(f64) -> String) -> Self {
        let low = if low > 0.0 { low } else { 1e-9 };
        let high = if high > low * 1.5 { high } else { low * 1.5 };
        let decades = (high / low).log10();
        let digits: &[f64] = if decades <= 1.2 {
            &[1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0]
        } else if decades <= 3.5 {
            &[1.0, 2.0, 5.0]
        } else {
            &[1.0]
        };
        let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
        let ticks = (first..=last)
            .flat_map(|power| digits.iter().map(move |digit| digit * 10f64.powi(power)))
            .filter(|at| (low * 0.999..=high * 1.001).contains(at))
            .map(|at| (at, words(at)))
            .collect();
        Self { log: true, low, high, ticks }
    }

    /// 0 at the low end, 1 at the high end; outside values are clamped.
    pub(super) fn share(&self, value: f64) -> f64 {
        let share = if self.log {
            (value.max(self.low) / self.low).ln() / (self.high / self.low).ln()
        } else {
            (value - self.low) / (self.high - self.low)
        };
        share.clamp(0.0, 1.0)
    }
}

/// The next of 1, 2, 2.5, 5 times a power of ten.
fn nice_step(rough: f64) -> f64 {
    let power = 10f64.powf(rough.log10().floor());
    let digits = [1.0, 2.0, 2.5, 5.0, 10.0];
    digits.iter().map(|digit| digit * power).find(|step| *step >= rough * 0.999).unwrap_or(rough)
}

fn human_tick(value: f64, decimals: usize) -> String {
    group(&plain(value, decimals + 1))
}

/// A latency with its unit: `0.5 ms`, `20 ms`, `1.5 s`.
pub(super) fn latency_words(ms: f64) -> String {
    if ms >= 999.5 {
        format!("{} s", plain(ms / 1000.0, 3))
    } else {
        format!("{} ms", plain(ms, 6))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|(_, words)| words.as_str()).collect()
    }

    #[test]
    fn ticks_fall_on_round_numbers() {
        assert_eq!(words(&Axis::linear(0.0, 9.3, 5)), ["0", "2", "4", "6", "8", "10"]);
        assert_eq!(words(&Axis::linear(0.11, 0.34, 4)), ["0.1", "0.2", "0.3", "0.4"]);
        assert_eq!(words(&Axis::linear(0.0, 23_000.0, 3)), ["0", "10 000", "20 000", "30 000"]);
        assert_eq!(
            words(&Axis::logarithmic(8.0, 2500.0, latency_words)),
            ["10 ms", "20 ms", "50 ms", "100 ms", "200 ms", "500 ms", "1 s", "2 s"]
        );
    }

    #[test]
    fn values_without_spread_still_make_an_axis() {
        let axis = Axis::linear(3.0, 3.0, 4);
        assert!(axis.high > axis.low && axis.ticks.len() > 1);
        let axis = Axis::logarithmic(5.0, 5.0, latency_words);
        assert!(axis.share(5.0) < 0.1 && axis.share(0.0) < 0.1);
    }
}
