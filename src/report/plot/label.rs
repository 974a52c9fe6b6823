//! Where words go so that they cover neither each other nor a mark.

use super::picture::{Align, At};
use super::render::text_width;

/// A rectangle of the page: left, top, right, bottom.
pub(super) type Area = (f64, f64, f64, f64);

/// What a label costs that lies nearer to another mark than to its own: more than being struck through.
const MISLEADING: f64 = 500.0;

/// Room between two labels in a row.
const GAP: f64 = 6.0;

/// Rectangles that are taken.
#[derive(Debug)]
pub(super) struct Labels {
    within: Area,
    taken: Vec<Area>,
    marks: Vec<At>,
}

impl Labels {
    pub(super) fn new(within: Area) -> Self {
        Self { within, taken: Vec::new(), marks: Vec::new() }
    }

    /// Keeps labels off a rectangle.
    pub(super) fn avoid(&mut self, area: Area) {
        self.taken.push(area);
    }

    /// Keeps labels off a mark, and those of other marks further away than its own.
    pub(super) fn mark(&mut self, at: At, reach: f64) {
        self.avoid((at.0 - reach, at.1 - reach, at.0 + reach, at.1 + reach));
        self.marks.push(at);
    }

    /// Keeps labels off a level or upright line.
    pub(super) fn avoid_line(&mut self, from: At, to: At) {
        let (left, right) = (from.0.min(to.0), from.0.max(to.0));
        let (top, bottom) = (from.1.min(to.1), from.1.max(to.1));
        self.avoid((left - 2.0, top - 2.0, right + 2.0, bottom + 2.0));
    }

    /// A place for `text` near `point`, the first of sixteen around it that covers least; it is taken
    /// from then on.
    pub(super) fn place(&mut self, point: At, text: &str, size: f64) -> (At, Align) {
        let width = text_width(text, size);
        let mut best = ((point.0, point.1 - size), Align::Middle, f64::INFINITY);
        for distance in [12.0, 24.0, 40.0] {
            for (dx, dy, align) in [
                (1.0, -0.5, Align::Left),
                (1.0, 0.7, Align::Left),
                (-1.0, -0.5, Align::Right),
                (-1.0, 0.7, Align::Right),
                (0.0, -1.2, Align::Middle),
                (0.0, 1.3, Align::Middle),
                (1.0, -1.4, Align::Left),
                (-1.0, 1.6, Align::Right),
            ] {
                let at = (point.0 + dx * distance, point.1 + dy * distance);
                let area = extent(at, align, width, size);
                let nearer = |mark: &&At| away(area, **mark) < away(area, point);
                let misled = self.marks.iter().filter(nearer).count() as f64;
                let cost = self.cost(area) + MISLEADING * misled + 0.02 * distance;
                if cost < best.2 {
                    best = (at, align, cost);
                }
            }
        }
        let (left, top, right, bottom) = extent(best.0, best.1, width, size);
        self.taken.push((left - GAP, top, right + GAP, bottom));
        (best.0, best.1)
    }

    /// Covered area, and far more for leaving the frame.
    fn cost(&self, area: Area) -> f64 {
        let outside = (self.within.0 - area.0).max(0.0)
            + (area.2 - self.within.2).max(0.0)
            + (self.within.1 - area.1).max(0.0)
            + (area.3 - self.within.3).max(0.0);
        let covered: f64 = self.taken.iter().map(|taken| overlap(*taken, area)).sum();
        1000.0 * outside + covered
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_nearest_to_its_own_mark() {
        let mut labels = Labels::new((0.0, 0.0, 400.0, 300.0));
        let points = [(100.0, 12.0), (130.0, 12.0), (160.0, 12.0), (190.0, 12.0)];
        points.iter().for_each(|&point| labels.mark(point, 9.0));
        for point in points {
            let (at, align) = labels.place(point, "min-10", 13.0);
            let area = extent(at, align, text_width("min-10", 13.0), 13.0);
            for other in points {
                assert!(away(area, point) <= away(area, other), "{point:?} {other:?} {area:?}");
            }
        }
    }

    #[test]
    fn a_label_is_not_struck_through() {
        let mut labels = Labels::new((0.0, 0.0, 400.0, 300.0));
        let lines = [((100.0, 150.0), (400.0, 150.0)), ((100.0, 150.0), (100.0, 0.0))];
        for (from, to) in lines {
            labels.avoid_line(from, to);
        }
        let (at, align) = labels.place((100.0, 150.0), "policy", 13.0);
        let area = extent(at, align, text_width("policy", 13.0), 13.0);
        assert!(overlap(area, (100.0, 149.0, 400.0, 151.0)) < 1e-9, "{area:?}");
        assert!(overlap(area, (99.0, 0.0, 101.0, 150.0)) < 1e-9, "{area:?}");
    }

    #[test]
    fn labels_of_close_points_do_not_cover_each_other_or_leave_the_page() {
        let mut labels = Labels::new((0.0, 0.0, 400.0, 300.0));
        let points = [(200.0, 150.0), (205.0, 152.0), (395.0, 5.0), (5.0, 295.0), (202.0, 140.0)];
        for point in points {
            labels.avoid((point.0 - 5.0, point.1 - 5.0, point.0 + 5.0, point.1 + 5.0));
        }
        let areas: Vec<Area> = points
            .iter()
            .map(|&point| {
                let (at, align) = labels.place(point, "policy", 13.0);
                extent(at, align, text_width("policy", 13.0), 13.0)
            })
            .collect();
        for (at, area) in areas.iter().enumerate() {
            assert!(area.0 >= 0.0 && area.1 >= 0.0 && area.2 <= 400.0 && area.3 <= 300.0);
            assert!(areas[..at].iter().all(|other| overlap(*other, *area) < 1.0), "{areas:?}");
        }
    }
}
