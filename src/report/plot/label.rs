//! Where words go so that they cover neither each other nor a mark, and whose they are can be seen: beside
//! their mark where there is room, else further away, with a line that leads back to it.

use super::colour::{GREY, INK};
use super::picture::{Align, At, Picture, TEXT};
use super::render::text_width;

/// A rectangle of the page: left, top, right, bottom.
pub(super) type Area = (f64, f64, f64, f64);

/// From the top of one line of words to that of the next, as a multiple of the size of letters.
const ROW: f64 = 1.4;
/// A frame is parted into columns at least so wide, two at least, for words that are led to their marks: none
/// is wider than a column, so that a few of them never fill the frame.
const COLUMN: f64 = 250.0;
/// Places across the frame at which led words may begin.
const STEPS: usize = 32;
/// What it costs, beside what is covered: a line at all, each point of its length, each mark or line in its
/// way, and words in its way.
const LED: f64 = 40.0;
const LENGTH: f64 = 0.5;
const CROSSED: f64 = 40.0;
const STRUCK: f64 = 2000.0;
/// Words beside another mark would be taken for that one's.
const MISLED: f64 = 1e5;
/// Bold letters are an eighth wider.
pub(super) const BOLD: f64 = 1.125;
/// Room between two labels in a row.
const GAP: f64 = 6.0;
/// Where a line to a mark ends: at its edge.
const EDGE: f64 = 8.0;

/// Where words may stand.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Spot {
    at: At,
    align: Align,
    /// From the edge of its mark to the words; `None` = they stand beside it, nearer than to any other.
    leader: Option<[At; 2]>,
    area: Area,
}

/// Words with their place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Label {
    text: String,
    spot: Spot,
}

/// What is taken of a frame.
#[derive(Debug)]
pub(super) struct Labels {
    within: Area,
    /// Better not covered.
    taken: Vec<Area>,
    /// Never covered.
    words: Vec<Area>,
    marks: Vec<At>,
    leaders: Vec<[At; 2]>,
}

impl Labels {
    pub(super) fn new(within: Area) -> Self {
        let (taken, words, marks, leaders) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { within, taken, words, marks, leaders }
    }

    /// Keeps labels off words that have their place.
    pub(super) fn avoid_words(&mut self, area: Area) {
        self.words.push(area);
    }

    /// Keeps labels off a mark, and those of other marks further away than its own.
    pub(super) fn mark(&mut self, at: At, reach: f64) {
        self.taken.push((at.0 - reach, at.1 - reach, at.0 + reach, at.1 + reach));
        self.marks.push(at);
    }

    /// Keeps labels off a level or upright line.
    pub(super) fn avoid_line(&mut self, from: At, to: At) {
        let (left, right) = (from.0.min(to.0), from.0.max(to.0));
        let (top, bottom) = (from.1.min(to.1), from.1.max(to.1));
        self.taken.push((left - 2.0, top - 2.0, right + 2.0, bottom + 2.0));
    }

    /// The words of the mark at `point`: the cheapest place of those beside it and all over the frame, which
    /// is taken from then on. Words wider than a column are shortened.
    pub(super) fn place(&mut self, point: At, text: &str, size: f64) -> Label {
        let room = self.within.2 - self.within.0;
        let text = fitted(text, size, room / (room / COLUMN).floor().max(2.0) - GAP);
        let width = text_width(&text, size);
        let beside = beside(point).map(|(at, align)| {
            Spot { at, align, leader: None, area: extent(at, align, width, size) } //
        });
        let led = self.slots(width, size).map(|at| {
            let area = extent(at, Align::Left, width, size);
            Spot { at, align: Align::Left, leader: Some(leader(point, area)), area }
        });
        // There are sixteen beside it: one is the cheapest.
        let mut best = (
            f64::INFINITY,
            Spot { at: point, align: Align::Left, leader: None, area: self.within },
        );
        for spot in beside.chain(led) {
            let cost = self.cost(point, &spot);
            if cost < best.0 {
                best = (cost, spot);
            }
        }
        let spot = best.1;
        let (left, top, right, bottom) = spot.area;
        self.words.push((left - GAP, top, right + GAP, bottom));
        self.leaders.extend(spot.leader);
        Label { text, spot }
    }

    /// Rows of places for words that wide, all within the frame.
    fn slots(&self, width: f64, size: f64) -> impl Iterator<Item = At> {
        let (left, top, right, bottom) = self.within;
        let rows = ((bottom - top) / (ROW * size)).floor() as usize;
        let step = (right - left - width - 2.0 * GAP).max(0.0) / STEPS as f64;
        (0..rows).flat_map(move |row| {
            let y = top + (row as f64 + 0.5) * ROW * size;
            (0..=STEPS).map(move |at| (left + GAP + at as f64 * step, y))
        })
    }

    fn cost(&self, point: At, spot: &Spot) -> f64 {
        let area = spot.area;
        let outside = (self.within.0 - area.0).max(0.0)
            + (area.2 - self.within.2).max(0.0)
            + (self.within.1 - area.1).max(0.0)
            + (area.3 - self.within.3).max(0.0);
        let on_words: f64 = self.words.iter().map(|other| overlap(*other, area)).sum();
        let covered: f64 = self.taken.iter().map(|taken| overlap(*taken, area)).sum();
        let struck = self.leaders.iter().filter(|line| crosses(**line, area)).count() as f64;
        let way = match spot.leader {
            None => {
                let nearer = |mark: &&At| away(area, **mark) < away(area, point);
                MISLED * self.marks.iter().filter(nearer).count() as f64
            }
            Some(line) => {
                let through = |others: &[Area]| {
                    others.iter().filter(|other| crosses(line, **other)).count() as f64
                };
                let length = (line[1].0 - line[0].0).hypot(line[1].1 - line[0].1);
                LED + LENGTH * length
                    + CROSSED * through(&self.taken)
                    + STRUCK * through(&self.words)
            }
        };
        1e6 * (outside + on_words) + covered + STRUCK * struck + way + 0.02 * away(area, point)
    }
}

/// Sixteen places around a mark.
fn beside(point: At) -> impl Iterator<Item = (At, Align)> {
    [12.0, 20.0].into_iter().flat_map(move |distance| {
        [
            (1.0, 0.0, Align::Left),
            (-1.0, 0.0, Align::Right),
            (1.0, -0.7, Align::Left),
            (1.0, 0.7, Align::Left),
            (-1.0, -0.7, Align::Right),
            (-1.0, 0.7, Align::Right),
            (0.0, -1.4, Align::Middle),
            (0.0, 1.5, Align::Middle),
        ]
        .map(|(dx, dy, align)| ((point.0 + dx * distance, point.1 + dy * distance), align))
    })
}

/// From a mark's edge to the nearest point of a rectangle.
fn leader(point: At, area: Area) -> [At; 2] {
    let end =
        (point.0.clamp(area.0 - 3.0, area.2 + 3.0), point.1.clamp(area.1 + 2.0, area.3 - 2.0));
    let length = (end.0 - point.0).hypot(end.1 - point.1);
    let share = if length > EDGE { EDGE / length } else { 1.0 };
    [(point.0 + share * (end.0 - point.0), point.1 + share * (end.1 - point.1)), end]
}

/// Draws them, lines first.
pub(super) fn draw(page: &mut Picture, labels: &[Label]) {
    for line in labels.iter().filter_map(|label| label.spot.leader) {
        page.line(line.to_vec(), GREY, 1.0);
    }
    for Label { text, spot } in labels {
        page.text(spot.at, text.as_str(), TEXT, INK, spot.align);
    }
}

/// A text no wider than `room`: from the middle on letters are left out, since names differ at their ends.
pub(super) fn fitted(text: &str, size: f64, room: f64) -> String {
    if text_width(text, size) <= room {
        return text.to_owned();
    }
    let letters: Vec<char> = text.chars().collect();
    let shortened = |kept: usize| -> String {
        let (head, tail) = (kept.div_ceil(2), kept / 2);
        let tail = &letters[letters.len() - tail..];
        letters[..head].iter().chain(&['…']).chain(tail).collect()
    };
    let fits = |kept: &usize| text_width(&shortened(*kept), size) <= room;
    (0..letters.len()).rev().find(fits).map_or_else(String::new, shortened)
}

/// The rectangle a text covers.
pub(super) fn extent(at: At, align: Align, width: f64, size: f64) -> Area {
    let left = match align {
        Align::Left => at.0,
        Align::Middle => at.0 - width / 2.0,
        Align::Right => at.0 - width,
    };
    (left, at.1 - 0.65 * size, left + width, at.1 + 0.65 * size)
}

/// How far a point lies from a rectangle.
fn away(area: Area, at: At) -> f64 {
    let dx = (area.0 - at.0).max(at.0 - area.2).max(0.0);
    let dy = (area.1 - at.1).max(at.1 - area.3).max(0.0);
    dx.hypot(dy)
}

fn overlap(a: Area, b: Area) -> f64 {
    let width = a.2.min(b.2) - a.0.max(b.0);
    let height = a.3.min(b.3) - a.1.max(b.1);
    width.max(0.0) * height.max(0.0)
}

/// Whether a line goes through a rectangle: what is left of it between each pair of sides.
fn crosses([from, to]: [At; 2], area: Area) -> bool {
    let (mut enters, mut leaves) = (0.0_f64, 1.0_f64);
    let sides = [(from.0, to.0, area.0, area.2), (from.1, to.1, area.1, area.3)];
    for (from, to, low, high) in sides {
        let way = to - from;
        if way.abs() < 1e-9 {
            if from <= low || from >= high {
                return false;
            }
            continue;
        }
        let (a, b) = ((low - from) / way, (high - from) / way);
        (enters, leaves) = (enters.max(a.min(b)), leaves.min(a.max(b)));
    }
    leaves - enters > 1e-9
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    const FRAMES: [Area; 2] = [(110.0, 80.0, 1160.0, 630.0), (0.0, 0.0, 320.0, 420.0)];

    fn placed(within: Area, points: &[(At, String)]) -> Vec<Label> {
        let mut labels = Labels::new(within);
        points.iter().for_each(|(at, _)| labels.mark(*at, 9.0));
        points.iter().map(|(at, name)| labels.place(*at, name, TEXT)).collect()
    }

    /// Every label is within the frame, off every other, and can be told to be its own mark's.
    fn hold(within: Area, points: &[(At, String)]) {
        let labels = placed(within, points);
        for (n, (label, (point, name))) in labels.iter().zip(points).enumerate() {
            let area = label.spot.area;
            let inside = area.0 >= within.0 && area.2 <= within.2;
            assert!(
                inside && area.1 >= within.1 && area.3 <= within.3,
                "{name} leaves: {points:?}"
            );
            for other in &labels[..n] {
                assert!(
                    overlap(other.spot.area, area) < 1e-9,
                    "{name} on {}: {points:?}",
                    other.text
                );
            }
            match label.spot.leader {
                None => {
                    let nearest = |other: &(At, String)| away(area, *point) <= away(area, other.0);
                    assert!(away(area, *point) <= 30.0 && points.iter().all(nearest), "{name}");
                }
                Some([from, to]) => {
                    let far = (from.0 - point.0).hypot(from.1 - point.1);
                    assert!(
                        far <= EDGE + 1e-9 && away(area, to) <= 3.0 + 1e-9,
                        "{name}: {label:?}"
                    );
                }
            }
        }
    }

    fn named(points: impl Iterator<Item = At>, long: usize) -> Vec<(At, String)> {
        points.enumerate().map(|(n, at)| (at, format!("{}-{n}", "p".repeat(long)))).collect()
    }

    fn on((left, top, right, bottom): Area, (x, y): At) -> At {
        (left + x * (right - left), top + y * (bottom - top))
    }

    #[test]
    fn labels_hold_where_points_lie_as_badly_as_they_can() {
        let shapes: [fn(usize, f64) -> At; 7] = [
            |_, _| (0.5, 0.5),
            |_, _| (0.0, 0.0),
            |_, _| (1.0, 1.0),
            |_, share| (share, 0.0),
            |_, share| (1.0, share),
            |_, share| (0.4 + 0.1 * share, 0.5),
            |n, _| (0.5 + 0.02 * (n % 4) as f64, 0.5 + 0.02 * (n / 4) as f64),
        ];
        for within in FRAMES {
            for (count, shape) in (1..=12).flat_map(|n| shapes.iter().map(move |shape| (n, shape)))
            {
                let at = |n: usize| on(within, shape(n, n as f64 / count as f64));
                hold(within, &named((0..count).map(at), [2, 20, 80][count % 3]));
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: 100,
            failure_persistence: None,
            rng_seed: RngSeed::Fixed(16),
            ..ProptestConfig::default()
        })]

        #[test]
        fn labels_of_up_to_twelve_points_hold_anywhere(
            points in prop::collection::vec((0.0..=1.0_f64, 0.0..=1.0_f64), 1..=12),
            crowded in 0.05..=1.0_f64,
            long in 1..30_usize,
        ) {
            for within in FRAMES {
                let at = |&(x, y): &At| on(within, (crowded * x, 1.0 - crowded * y));
                hold(within, &named(points.iter().map(at), long));
            }
        }
    }

    #[test]
    fn a_label_with_room_stands_beside_its_mark_and_is_not_struck_through() {
        let mut labels = Labels::new((0.0, 0.0, 400.0, 300.0));
        let lines = [((100.0, 150.0), (400.0, 150.0)), ((100.0, 150.0), (100.0, 0.0))];
        for (from, to) in lines {
            labels.avoid_line(from, to);
        }
        let label = labels.place((100.0, 150.0), "policy", 13.0);
        assert_eq!(label.spot.leader, None);
        assert!(overlap(label.spot.area, (100.0, 149.0, 400.0, 151.0)) < 1e-9, "{label:?}");
        assert!(overlap(label.spot.area, (99.0, 0.0, 101.0, 150.0)) < 1e-9, "{label:?}");
    }

    #[test]
    fn words_that_have_their_place_are_never_covered() {
        let mut labels = Labels::new((0.0, 0.0, 400.0, 300.0));
        let words = (150.0, 100.0, 300.0, 200.0);
        labels.avoid_words(words);
        let label = labels.place((160.0, 150.0), "policy", 13.0);
        assert!(overlap(label.spot.area, words) < 1e-9, "{label:?}");
    }

    #[test]
    fn a_name_that_is_too_long_keeps_its_ends() {
        assert_eq!(fitted("short", 13.0, 200.0), "short");
        let long = fitted("track-the-utilization-of-everything-30", 13.0, 130.0);
        assert!(
            long.starts_with("track-") && long.ends_with("-30") && long.contains('…'),
            "{long}"
        );
        assert!(text_width(&long, 13.0) <= 130.0);
    }
}
