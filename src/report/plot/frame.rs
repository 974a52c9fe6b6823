//! A rectangle of the page in which values have a place.

use super::axis::Axis;
use super::colour::{FAINT, GREY, INK, PALE};
use super::picture::{Align, At, Picture, SMALL, TEXT, TextStyle};

/// Axes on a page.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
    pub x: Axis,
    pub y: Axis,
}

impl Frame {
    /// The place of a value pair; outside values are put on the edge.
    pub(super) fn at(&self, x: f64, y: f64) -> At {
        (self.at_x(x), self.at_y(y))
    }

    pub(super) fn at_x(&self, x: f64) -> f64 {
        self.left + self.x.share(x) * (self.right - self.left)
    }

    pub(super) fn at_y(&self, y: f64) -> f64 {
        self.bottom - self.y.share(y) * (self.bottom - self.top)
    }

    /// Whether a page coordinate is within the frame, from side to side.
    pub(super) fn shows_x(&self, x: f64) -> bool {
        (self.x.low..=self.x.high).contains(&x)
    }

    /// Grid lines, tick words and the edge. `x_words` puts words below; panels that share an axis
    /// have them once.
    pub(super) fn draw(&self, page: &mut Picture, x_words: bool) {
        for (value, words) in &self.x.ticks {
            let x = self.at_x(*value);
            page.line(vec![(x, self.top), (x, self.bottom)], FAINT, 1.0);
            if x_words {
                page.text((x, self.bottom + 14.0), words, SMALL, INK, Align::Middle);
            }
        }
        for (value, words) in &self.y.ticks {
            let y = self.at_y(*value);
            page.line(vec![(self.left, y), (self.right, y)], FAINT, 1.0);
            page.text((self.left - 8.0, y), words, SMALL, INK, Align::Right);
        }
        let corners = [
            (self.left, self.top),
            (self.right, self.top),
            (self.right, self.bottom),
            (self.left, self.bottom),
            (self.left, self.top),
        ];
        page.line(corners.to_vec(), PALE, 1.0);
        page.line(vec![(self.left, self.bottom), (self.right, self.bottom)], GREY, 1.0);
    }

    /// Words along the left edge, reading upwards; `gap` points from it.
    pub(super) fn y_title(&self, page: &mut Picture, words: &str, gap: f64) {
        let at = (self.left - gap, (self.top + self.bottom) / 2.0);
        page.styled(at, words, TEXT, Align::Middle, TextStyle::Upwards);
    }

    /// Words below the tick words.
    pub(super) fn x_title(&self, page: &mut Picture, words: &str) {
        let at = ((self.left + self.right) / 2.0, self.bottom + 38.0);
        page.text(at, words, TEXT, INK, Align::Middle);
    }

    /// A line through values, clipped at the edges.
    pub(super) fn curve(&self, values: impl IntoIterator<Item = (f64, f64)>) -> Vec<At> {
        values.into_iter().map(|(x, y)| self.at(x, y)).collect()
    }

    /// Values that hold from their x on, as a staircase up to `end`.
    pub(super) fn stairs(&self, values: &[(f64, f64)], end: f64) -> Vec<At> {
        let mut points = Vec::with_capacity(2 * values.len());
        for (at, &(x, y)) in values.iter().enumerate() {
            let next = values.get(at + 1).map_or(end, |next| next.0);
            points.push(self.at(x, y));
            points.push(self.at(next, y));
        }
        points
    }

    /// The area between a curve and the bottom of the frame.
    pub(super) fn below(&self, mut curve: Vec<At>) -> Vec<At> {
        if let (Some(first), Some(last)) = (curve.first().copied(), curve.last().copied()) {
            curve.push((last.0, self.bottom));
            curve.push((first.0, self.bottom));
        }
        curve
    }
}
