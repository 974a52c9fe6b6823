//! Which of several choices no other choice beats at everything.

/// For each (cost, badness), whether no other point is at most as bad in both and better in one. Points
/// with a value that is not finite are never on the frontier. Equal points are all on it or none.
pub fn frontier(points: &[(f64, f64)]) -> Vec<bool> {
    let dominates = |a: &(f64, f64), b: &(f64, f64)| a.0 <= b.0 && a.1 <= b.1 && a != b;
    points
        .iter()
        .map(|point| {
            point.0.is_finite()
                && point.1.is_finite()
                && !points.iter().any(|other| dominates(other, point))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dominated_points_are_not_on_the_frontier() {
        let points = [(1.0, 9.0), (2.0, 5.0), (3.0, 5.0), (4.0, 1.0), (2.0, 5.0), (9.0, 9.0)];
        assert_eq!(frontier(&points), [true, true, false, true, true, false]);
    }

    #[test]
    fn infinitely_bad_is_never_on_the_frontier() {
        assert_eq!(frontier(&[(1.0, f64::INFINITY), (2.0, 3.0)]), [false, true]);
        assert_eq!(frontier(&[]), [] as [bool; 0]);
    }
}
