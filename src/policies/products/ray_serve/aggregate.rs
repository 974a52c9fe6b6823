//! From the reports of handles to one number: the merge of series into a step function, and its mean,
//! maximum or minimum.

use crate::products::words::words;

/// A sample: seconds, and the value from then on.
pub type Point = (f64, f64);

/// Shortest time the last value is taken to have been in force, in seconds.
const SHORTEST_LAST_S: f64 = 1e-3;

words! {
    /// How the step function becomes one number: `aggregation_function`.
    pub enum Aggregation {
        /// Weighted by time.
        Mean = "mean",
        /// The largest value that began within the window.
        Max = "max",
        /// The smallest value that began within the window.
        Min = "min",
    }
}

/// The sum of several series as a step function, reduced to what any later instant needs: asking costs
/// the same however long the series were.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Merged {
    window: Option<Window>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Window {
    starts_s: f64,
    last_event_s: f64,
    last_value: f64,
    /// Value times seconds from the start to the last event.
    integral: f64,
    highest: f64,
    lowest: f64,
}

impl Merged {
    /// Adds up `sources`, each in order of time; empty ones do not count. A source alone is taken as it
    /// is. Of several, each begins at zero and counts from where it changes, at times rounded to 10 ms,
    /// and the window opens where the last of them begins.
    pub fn of<'a>(sources: impl Iterator<Item = &'a [Point]>) -> Self {
        let mut sources = sources.filter(|points| !points.is_empty()).peekable();
        let Some(first) = sources.next() else { return Self::default() };
        if sources.peek().is_none() {
            let opens = first.first().map_or(0.0, |point| point.0);
            return Self { window: window(first, opens) };
        }
        let mut deltas: Vec<Point> = Vec::new();
        let mut all_begun = f64::NEG_INFINITY;
        for points in std::iter::once(first).chain(sources) {
            all_begun = points.first().map_or(all_begun, |point| point.0.max(all_begun));
            add_changes(points, &mut deltas);
        }
        let mut sum = 0.0;
        for (_, value) in &mut deltas {
            sum += *value;
            *value = sum;
        }
        let (Some(&(first, _)), Some(&(last, _))) = (deltas.first(), deltas.last()) else {
            return Self::default();
        };
        let opens = if all_begun <= last { all_begun.max(first) } else { first };
        Self { window: window(&deltas, opens) }
    }

    /// What it is at `now_s`; zero of nothing.
    pub fn at(&self, now_s: f64, aggregation: Aggregation) -> f64 {
        let Some(window) = &self.window else { return 0.0 };
        match aggregation {
            Aggregation::Max => window.highest,
            Aggregation::Min => window.lowest,
            Aggregation::Mean => {
                let since = now_s - window.last_event_s;
                let last = if since <= 0.0 { SHORTEST_LAST_S } else { since };
                let length = window.last_event_s + last - window.starts_s;
                (window.integral + window.last_value * last) / length
            }
        }
    }
}

/// Adds the changes of one series to those of all, which ascend. Series of one handle share their
/// times, so the times stay few.
fn add_changes(points: &[Point], deltas: &mut Vec<Point>) {
    let mut before = 0.0;
    for &(at, value) in points {
        if value == before {
            continue;
        }
        let delta = value - before;
        before = value;
        let at = (100.0 * at + 0.5).floor() / 100.0;
        let place = deltas.partition_point(|known| known.0 < at);
        match deltas.get_mut(place) {
            Some(known) if known.0 == at => known.1 += delta,
            _ => deltas.insert(place, (at, delta)),
        }
    }
}

/// What events leave behind for a window that opens at `starts_s`.
fn window(events: &[Point], starts_s: f64) -> Option<Window> {
    let &(last_event_s, last_value) = events.last()?;
    let mut integral = 0.0;
    for pair in events.windows(2) {
        let (from, to) = (pair[0].0.max(starts_s), pair[1].0);
        if to > from {
            integral += pair[0].1 * (to - from);
        }
    }
    let inside = || events.iter().filter(|event| event.0 >= starts_s).map(|event| event.1);
    Some(Window {
        starts_s,
        last_event_s,
        last_value,
        integral,
        highest: inside().reduce(f64::max).unwrap_or(0.0),
        lowest: inside().reduce(f64::min).unwrap_or(0.0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(sources: &[&[Point]]) -> Merged {
        Merged::of(sources.iter().copied())
    }

    #[test]
    fn one_series_is_taken_as_it_is() {
        let merged = of(&[&[(90.0, 0.0), (95.0, 4.0), (99.0, 2.0)], &[]]);
        let all = [Aggregation::Mean, Aggregation::Max, Aggregation::Min];
        assert_eq!(all.map(|how| merged.at(100.0, how)), [1.8, 4.0, 0.0]);
        assert_eq!(of(&[]).at(100.0, Aggregation::Mean), 0.0);
    }

    #[test]
    fn several_series_add_up_from_where_the_last_begins() {
        let merged = of(&[
            &[(0.3, 2.0), (1.0, 3.0)],
            &[(0.2, 5.0), (0.8, 7.0), (1.5, 6.0)],
            &[(0.1, 3.0), (0.9, 4.0), (1.4, 8.0)],
        ]);
        assert!((merged.at(2.0, Aggregation::Mean) - 13.76470588235294).abs() < 1e-12);
        assert_eq!(merged.at(2.0, Aggregation::Max), 18.0);
        let late = of(&[&[(70.0, 10.0), (80.0, 4.0), (90.0, 10.0)], &[(98.0, 2.0)]]);
        assert_eq!(late.at(100.0, Aggregation::Mean), 12.0);
    }

    #[test]
    fn a_last_value_has_lasted_a_thousandth_of_a_second_at_least() {
        let merged = of(&[&[(99.0, 0.0), (100.0, 8.0)]]);
        assert!((merged.at(100.0, Aggregation::Mean) - 8.0 * 1e-3 / 1.001).abs() < 1e-12);
        assert_eq!(merged.at(101.0, Aggregation::Mean), 4.0);
    }
}
