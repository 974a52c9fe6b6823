//! One long run: where its start ends to show, and how sure its mean is though its values depend on each other.

use super::Estimate;
use super::estimate::mean;

/// Values of a batch of MSER-5.
const BATCH: usize = 5;

/// How many of the first values the start still shows in, by MSER-5 (White, Cobb and Spratt 2000): of batches
/// of five values as many are cut, at most half, as make `sum (Y_i - mean)^2 / (n - d)^2` of the rest smallest. `None` if
/// that is nearly half of them, which means that no steady state is in sight, or there are fewer than ten batches.
pub fn mser5(values: &[f64]) -> Option<usize> {
    let batches: Vec<f64> = values.chunks_exact(BATCH).map(mean).collect();
    let count = batches.len();
    if count < 10 {
        return None;
    }
    // Sums from the end on, of values shifted so that large means cost no digits.
    let shift = mean(&batches);
    let (mut sum, mut squares) = (0.0, 0.0);
    let mut smallest = (f64::INFINITY, 0);
    for (cut, value) in batches.iter().enumerate().rev() {
        let left = (count - cut) as f64;
        sum += value - shift;
        squares += (value - shift).powi(2);
        let about = squares - sum * sum / left;
        // What is left of equal values is rounding: no cut is better than another by it.
        let about = if about <= 1e-12 * squares { 0.0 } else { about };
        let error = about / (left * left);
        if cut <= count / 2 && error <= smallest.0 {
            smallest = (error, cut);
        }
    }
    (20 * smallest.1 <= 9 * count).then_some(smallest.1 * BATCH)
}

/// Fewest batches and most: with more of them neighbours depend on each other, with fewer the interval is wide.
const BATCHES: (usize, usize) = (20, 30);

/// The mean of values of one long run, with an interval from the means of 20 to 30 batches; the first values that fill no
/// batch are left out. `None` where the run is too short for that: in batches as long or shorter, neighbours correlate by
/// 0.2 or more, or there are too few values.
pub fn batch_means(values: &[f64]) -> Option<Estimate> {
    let batches = |size: usize| {
        let whole = values.len() / size * size;
        values[values.len() - whole..].chunks_exact(size).map(mean).collect::<Vec<f64>>()
    };
    let size = (values.len() / BATCHES.1).max(1);
    let size = if values.len() / size > BATCHES.1 { size + 1 } else { size };
    // So few means as there are in the end tell little of their dependence: shorter batches tell it.
    let mut sizes = std::iter::successors(Some(1), |size| Some(2 * size));
    let apart = |size: &usize| neighbours(&batches(*size)) < 0.2;
    sizes.by_ref().take_while(|shorter| *shorter <= size).find(apart)?;
    Some(batches(size))
        .filter(|means| means.len() >= BATCHES.0)
        .and_then(|means| Estimate::of(&means))
}

/// Correlation of each value with the next one; 0 where they do not vary.
fn neighbours(values: &[f64]) -> f64 {
    let mean = mean(values);
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    let products: f64 = values.windows(2).map(|pair| (pair[0] - mean) * (pair[1] - mean)).sum();
    if squares > 0.0 { products / squares } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt as _, SeedableRng as _};

    /// Noise whose neighbours correlate by `rho`, of mean 10 and deviation 1.
    fn noise(count: usize, rho: f64, seed: u64) -> Vec<f64> {
        let mut random = rand_xoshiro::Xoshiro256PlusPlus::seed_from_u64(seed);
        let (mut state, scale) = (0.0, (12.0 * (1.0 - rho * rho)).sqrt());
        let mut next = || {
            state = rho * state + scale * (random.random::<f64>() - 0.5);
            10.0 + state
        };
        // The start of the recursion is left out.
        (0..100).for_each(|_| _ = next());
        (0..count).map(|_| next()).collect()
    }

    #[test]
    fn what_is_cut_is_the_start_that_is_unlike_the_rest() {
        let mut found = 0;
        for seed in 0..20 {
            let mut values = noise(400, 0.0, seed);
            (0..60).for_each(|at| values[at] += 30.0 * (1.0 - f64::from(at as u32) / 60.0));
            let cut = mser5(&values);
            found += usize::from(cut.is_some_and(|cut| (40..=90).contains(&cut)));
        }
        assert!(found >= 18, "{found} of 20");
    }

    #[test]
    fn a_run_without_a_start_loses_little_and_one_that_never_settles_is_told() {
        for seed in 0..20 {
            let values = noise(400, 0.0, seed);
            if let Some(cut) = mser5(&values) {
                assert!((mean(&values) - mean(&values[cut..])).abs() < 0.2);
            }
        }
        let trend: Vec<f64> = (0..400).map(f64::from).collect();
        assert_eq!(mser5(&trend), None);
        assert_eq!(mser5(&[1.0; 49]), None);
        assert_eq!(mser5(&[1.0; 50]), Some(0));
    }

    #[test]
    fn by_hand_the_statistic_is_that_of_the_paper() {
        // Batches 9, 1, 1 ... 1: without the first one the rest does not vary at all.
        let mut values = vec![1.0; 60];
        values[..5].fill(9.0);
        assert_eq!(mser5(&values), Some(5));
        // Steps of any height to a constant: rounding decides nothing.
        for start in 1..4 {
            for tail in 4..60 {
                let mut values = vec![f64::from(tail); 600];
                values[..15].fill(f64::from(start));
                assert_eq!(mser5(&values), Some(15), "{start} {tail}");
            }
        }
    }

    #[test]
    fn batches_cover_the_mean_of_dependent_values_where_single_ones_do_not() {
        let (mut batched, mut single, runs) = (0, 0, 400);
        for seed in 0..runs {
            let values = noise(4000, 0.9, seed);
            let covers = |one: Estimate| one.low() <= 10.0 && 10.0 <= one.high();
            batched += u32::from(batch_means(&values).is_some_and(covers));
            single += u32::from(covers(Estimate::of(&values).unwrap()));
        }
        let share = f64::from(batched) / runs as f64;
        assert!((0.90..=0.98).contains(&share), "{share}");
        assert!(f64::from(single) / (runs as f64) < 0.5, "{single}");
    }

    #[test]
    fn too_few_values_have_no_interval() {
        assert_eq!(batch_means(&[1.0; 19]), None);
        for count in (20..=30).chain(41..=400) {
            let one = batch_means(&vec![1.0; count]).unwrap();
            assert!(
                (20..=30).contains(&one.count) && one.half_width == Some(0.0),
                "{count}: {one:?}"
            );
        }
        let trend: Vec<f64> = (0..400).map(f64::from).collect();
        assert_eq!(batch_means(&trend), None);
    }
}
