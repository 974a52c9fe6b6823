//! The settings there are: every combination of the values of several axes.

use super::Axis;

/// The most settings of one policy.
pub const MOST_POINTS: usize = 1_000_000;

/// A setting: its place among all of its space.
pub type Point = usize;

/// Every combination of the values of its axes; the last axis changes first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Space {
    /// One at least; each has a value at least.
    pub axes: Vec<Axis>,
}

impl Space {
    /// How many settings there are; `None` for more than [`MOST_POINTS`].
    pub fn size(&self) -> Option<usize> {
        let mut sizes = self.axes.iter().map(|axis| axis.values.len());
        let size = sizes.try_fold(1usize, usize::checked_mul);
        size.filter(|size| *size <= MOST_POINTS)
    }

    /// How many there are, as a number to be told.
    pub fn size_told(&self) -> f64 {
        self.axes.iter().map(|axis| axis.values.len() as f64).product()
    }

    /// Places of the values of a setting, axis by axis.
    pub fn places(&self, point: Point) -> Vec<usize> {
        let mut rest = point;
        let mut places: Vec<usize> = (self.axes.iter().rev())
            .map(|axis| {
                let place = rest % axis.values.len();
                rest /= axis.values.len();
                place
            })
            .collect();
        places.reverse();
        places
    }

    /// The setting with these places.
    pub fn point(&self, places: &[usize]) -> Point {
        self.axes.iter().zip(places).fold(0, |all, (axis, place)| all * axis.values.len() + place)
    }

    /// How many of its values are not those in force today.
    pub fn changes(&self, point: Point) -> usize {
        let axes = self.axes.iter().zip(self.places(point));
        axes.filter(|(axis, place)| axis.today.is_some_and(|today| today != *place)).count()
    }

    /// Whether all its values are those in force today.
    pub fn is_today(&self, point: Point) -> bool {
        self.changes(point) == 0 && self.axes.iter().all(|axis| axis.today.is_some())
    }

    /// The cheapest of some settings with their costs; of those that cost the same the one that changes least.
    pub fn cheapest(&self, settings: impl Iterator<Item = (Point, f64)>) -> Option<Point> {
        // What differs in the last digits is the same sum added up in another order.
        const SAME: f64 = 1e-9;
        let settings: Vec<(Point, f64)> = settings.collect();
        let least = settings.iter().map(|(_, cost)| *cost).min_by(f64::total_cmp)?;
        let same = settings.iter().filter(|(_, cost)| *cost <= least + SAME * least.abs());
        same.map(|(point, _)| *point).min_by_key(|point| (self.changes(*point), *point))
    }

    /// Keys and values of a setting.
    pub fn values(&self, point: Point) -> impl Iterator<Item = (&str, &str)> {
        let axes = self.axes.iter().zip(self.places(point));
        axes.map(|(axis, place)| (axis.key.as_str(), axis.values[place].as_str()))
    }

    /// In words: `target 54, min 4`.
    pub fn told(&self, point: Point) -> String {
        let values = self.values(point).map(|(key, value)| format!("{key} {value}"));
        values.collect::<Vec<_>>().join(", ")
    }

    /// One step away on one axis: which axis, whether up, and the setting. Words have every other value as a
    /// neighbour.
    pub fn neighbours(&self, point: Point) -> Vec<(usize, Point)> {
        let places = self.places(point);
        let mut all = Vec::new();
        for (index, axis) in self.axes.iter().enumerate() {
            let here = places[index];
            let steps: Vec<usize> = match axis.ordered {
                true => [here.checked_sub(1), Some(here + 1)].into_iter().flatten().collect(),
                false => (0..axis.values.len()).filter(|place| *place != here).collect(),
            };
            for step in steps.into_iter().filter(|step| *step < axis.values.len()) {
                let mut moved = places.clone();
                moved[index] = step;
                all.push((index, self.point(&moved)));
            }
        }
        all
    }

    /// How many steps it takes from one setting to another; a word is one step from every other.
    pub fn steps(&self, one: Point, other: Point) -> usize {
        let places = self.places(one).into_iter().zip(self.places(other));
        let axes = self.axes.iter().zip(places);
        axes.map(|(axis, (a, b))| if axis.ordered { a.abs_diff(b) } else { usize::from(a != b) })
            .sum()
    }

    /// Where a setting lies, for distances: from 0 to 1 along an ordered axis; on one of words, apart.
    pub fn coordinates(&self, point: Point) -> Vec<f64> {
        let axes = self.axes.iter().zip(self.places(point));
        axes.map(|(axis, place)| match axis.ordered {
            true => place as f64 / (axis.values.len().max(2) - 1) as f64,
            false => place as f64,
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::sample;
    use super::*;

    #[test]
    fn a_setting_is_its_place_among_all_combinations() {
        let space = sample(&["target=40..60:10", "min=2,4", "metric=cpu,rps,queue"]);
        assert_eq!(space.size(), Some(18));
        for point in 0..18 {
            assert_eq!(space.point(&space.places(point)), point);
        }
        assert_eq!(space.told(0), "target 40, min 2, metric cpu");
        assert_eq!(space.told(17), "target 60, min 4, metric queue");
        assert_eq!(space.coordinates(17), [1.0, 1.0, 2.0]);
    }

    #[test]
    fn of_settings_that_cost_the_same_the_one_that_changes_least_is_the_cheapest() {
        let mut space = sample(&["window=1m,2m,5m", "min=2,4"]);
        let all = |cost: fn(usize) -> f64| (0..6).map(move |point| (point, cost(point)));
        assert_eq!(space.cheapest(all(|_| 1.0)), Some(0));
        for (axis, value) in ["120s", "4"].iter().enumerate() {
            space.axes[axis] = space.axes[axis].clone().from_today(value);
        }
        assert_eq!(
            space.cheapest(all(|_| 0.1 + 0.2)).map(|point| space.told(point)).as_deref(),
            Some("window 2m, min 4")
        );
        assert_eq!(
            space.cheapest(all(|point| 0.3 + if point == 3 { 1e-16 } else { 0.0 })),
            Some(3)
        );
        assert_eq!(space.cheapest(all(|point| if point == 3 { 1.01 } else { 1.0 })), Some(1));
        assert_eq!(space.cheapest(std::iter::empty()), None);
    }

    #[test]
    fn neighbours_are_one_step_away_on_one_axis() {
        let space = sample(&["target=40..60:10", "metric=cpu,rps,queue"]);
        let of = |point| space.neighbours(point).into_iter().map(|(axis, n)| (axis, space.told(n)));
        let told: Vec<(usize, String)> = of(0).collect();
        let expected = [
            (0, "target 50, metric cpu"),
            (1, "target 40, metric rps"),
            (1, "target 40, metric queue"),
        ];
        assert_eq!(told, expected.map(|(axis, text)| (axis, text.to_owned())));
        assert_eq!(of(4).count(), 4);
    }

    #[test]
    fn a_space_of_too_many_settings_has_no_size() {
        let space = sample(&["a=1..10000", "b=1..10000"]);
        assert_eq!((space.size(), space.size_told()), (None, 1e8));
        let most = sample(&["a=1..1000", "b=1..1000"]);
        assert_eq!(most.size(), Some(MOST_POINTS));
    }
}
