//! What is to be expected of bad luck.

use statrs::distribution::{Beta, ContinuousCDF};

/// Mean of the worst tenth of values, the largest ones: the conditional value at risk at 90 % (Rockafellar and Uryasev
/// 2000). Of fewer than ten values it is the largest; where a tenth is no whole number, the last value counts in part.
/// `None` without values.
pub fn worst_tenth(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let (largest, weight) = (*sorted.first()?, values.len() as f64 / 10.0);
    if weight <= 1.0 {
        return Some(largest);
    }
    let whole = weight.floor();
    let sum: f64 = sorted.iter().take(whole as usize).sum();
    let part = sorted.get(whole as usize).map_or(0.0, |value| (weight - whole) * value);
    Some((sum + part) / weight)
}

/// The 95 % interval of a share of which `hits` of `of` independent trials are known (Clopper and Pearson 1934): it
/// covers at least so often, whatever the share. `None` without trials.
pub fn share_interval(hits: u32, of: u32) -> Option<(f64, f64)> {
    let (hits, of) = (f64::from(hits), f64::from(of));
    if of == 0.0 {
        return None;
    }
    let at = |a: f64, b: f64, share: f64| Beta::new(a, b).ok().map(|law| law.inverse_cdf(share));
    let low = if hits == 0.0 { 0.0 } else { at(hits, of - hits + 1.0, 0.025)? };
    let high = if hits == of { 1.0 } else { at(hits + 1.0, of - hits, 0.975)? };
    Some((low, high))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_tenth_weighs_the_last_value_in_part() {
        let to = |n: u32| (1..=n).map(f64::from).collect::<Vec<_>>();
        for (values, worst) in [
            (to(3), Some(3.0)),
            (to(10), Some(10.0)),
            (to(20), Some(19.5)),
            // (15 + 14 / 2) / 1.5
            (to(15), Some(22.0 / 1.5)),
            (vec![], None),
        ] {
            assert_eq!(worst_tenth(&values), worst, "{values:?}");
        }
    }

    #[test]
    fn intervals_of_shares_are_those_of_the_tables() {
        // Clopper-Pearson at 95 %: 0 of 10, 5 of 10, 9 of 10, 10 of 10.
        for (hits, low, high) in
            [(0, 0.0, 0.308_5), (5, 0.187_1, 0.812_9), (9, 0.555_0, 0.997_5), (10, 0.691_5, 1.0)]
        {
            let (found_low, found_high) = share_interval(hits, 10).unwrap();
            assert!((found_low - low).abs() < 5e-5, "{hits}: {found_low}");
            assert!((found_high - high).abs() < 5e-5, "{hits}: {found_high}");
        }
        assert_eq!(share_interval(0, 0), None);
    }
}
