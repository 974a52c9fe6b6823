//! What a chart is made of, in points of a page whose origin is the upper left corner.

use super::colour::Colour;
use super::label::{BOLD, fitted};

/// A point of the page.
pub(super) type At = (f64, f64);

/// A finished drawing, ready for any backend.
#[derive(Debug, Clone)]
pub(super) struct Picture {
    pub width: f64,
    pub height: f64,
    /// Read aloud where the picture cannot be seen.
    pub description: String,
    /// Drawn in order, later ones on top.
    pub marks: Vec<Mark>,
}

/// One element.
#[derive(Debug, Clone)]
pub(super) enum Mark {
    /// Through all points, solid or dashed (length, gap).
    Line { points: Vec<At>, colour: Colour, width: f64, dash: Option<(f64, f64)> },
    /// A filled polygon; opacity in [0, 1].
    Area { points: Vec<At>, colour: Colour, opacity: f64 },
    /// A filled or hollow dot.
    Dot { at: At, radius: f64, colour: Colour, filled: bool },
    /// Words.
    Text { at: At, text: String, size: f64, colour: Colour, align: Align, style: TextStyle },
}

/// Which point of a text its position names, horizontally; vertically it is always the middle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Middle,
    Right,
}

/// How a text is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextStyle {
    Normal,
    Bold,
    /// Reads upwards.
    Upwards,
}

pub(super) const TITLE: f64 = 19.0;
pub(super) const TEXT: f64 = 13.0;
pub(super) const SMALL: f64 = 12.0;

impl Picture {
    pub(super) fn new(width: f64, height: f64, description: impl Into<String>) -> Self {
        Self { width, height, description: description.into(), marks: Vec::new() }
    }

    pub(super) fn line(&mut self, points: Vec<At>, colour: Colour, width: f64) {
        self.dashed(points, colour, width, None);
    }

    pub(super) fn dashed(
        &mut self,
        points: Vec<At>,
        colour: Colour,
        width: f64,
        dash: Option<(f64, f64)>,
    ) {
        if points.len() > 1 {
            self.marks.push(Mark::Line { points, colour, width, dash });
        }
    }

    pub(super) fn area(&mut self, points: Vec<At>, colour: Colour, opacity: f64) {
        if points.len() > 2 {
            self.marks.push(Mark::Area { points, colour, opacity });
        }
    }

    pub(super) fn dot(&mut self, at: At, radius: f64, colour: Colour, filled: bool) {
        self.marks.push(Mark::Dot { at, radius, colour, filled });
    }

    pub(super) fn text(
        &mut self,
        at: At,
        text: impl Into<String>,
        size: f64,
        colour: Colour,
        align: Align,
    ) {
        let (text, style) = (text.into(), TextStyle::Normal);
        self.marks.push(Mark::Text { at, text, size, colour, align, style });
    }

    pub(super) fn styled(
        &mut self,
        at: At,
        text: impl Into<String>,
        size: f64,
        align: Align,
        style: TextStyle,
    ) {
        let (text, colour) = (text.into(), super::colour::INK);
        self.marks.push(Mark::Text { at, text, size, colour, align, style });
    }

    /// Title and what is below it.
    pub(super) fn heading(&mut self, title: &str, below: &str) {
        let room = self.width - 48.0;
        // Beside it a closed loop says that it is one.
        let title = fitted(title, BOLD * TITLE, room - 240.0);
        self.styled((24.0, 28.0), title, TITLE, Align::Left, TextStyle::Bold);
        let below = fitted(below, TEXT, room);
        self.text((24.0, 53.0), below, TEXT, super::colour::GREY, Align::Left);
    }
}
