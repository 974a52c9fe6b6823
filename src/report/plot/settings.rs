//! `settings-NAME.svg`: which settings of a policy were tried, and which of them hold.

use super::colour::{Colour, FAINT, GREEN, GREY, INK, ORANGE, VERMILLION};
use super::picture::{Align, Picture, SMALL, TEXT, TextStyle};
use super::render::{svg, text_width};
use autosim_study::tune::Standing;
use std::io;

/// What is drawn of the settings of a policy: two of its axes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SettingsMap {
    /// Above the picture.
    pub(crate) title: String,
    /// Below the title.
    pub(crate) below: String,
    /// To the right: the key, and its values.
    pub(crate) across: (String, Vec<String>),
    /// Upwards; one value without a name where only one key varies.
    pub(crate) upwards: (String, Vec<String>),
    /// Those that were tried.
    pub(crate) tried: Vec<Cell>,
}

/// A setting that was tried.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Cell {
    /// Its place across and upwards.
    pub(crate) at: (usize, usize),
    pub(crate) standing: Standing,
    /// What it cost.
    pub(crate) cost: String,
    /// The same as a number.
    pub(crate) cost_value: f64,
    /// It is the one that was chosen.
    pub(crate) chosen: bool,
    /// It is what is in force today.
    pub(crate) today: bool,
}

const WIDTH: f64 = 1200.0;
const RIGHT: f64 = 1174.0;
const TOP: f64 = 116.0;
/// Heights of a row, between which it is as high as there is room.
const ROWS: (f64, f64) = (18.0, 54.0);
/// What all rows together may take.
const MOST_HEIGHT: f64 = 480.0;

impl SettingsMap {
    /// As SVG.
    pub(crate) fn svg(&self) -> io::Result<String> {
        svg(&self.picture()).map_err(io::Error::other)
    }

    pub(super) fn picture(&self) -> Picture {
        let (columns, rows) = (self.across.1.len().max(1), self.upwards.1.len().max(1));
        let row = (MOST_HEIGHT / rows as f64).clamp(ROWS.0, ROWS.1);
        let widest = self.upwards.1.iter().map(|value| text_width(value, SMALL));
        let left = 74.0 + widest.fold(0.0, f64::max);
        let column = (RIGHT - left) / columns as f64;
        let bottom = TOP + row * rows as f64;
        let mut page = Picture::new(WIDTH, bottom + 66.0, self.title.clone());
        page.heading(&self.title, &self.below);
        legend(&mut page);
        rectangle(&mut page, (left, TOP, RIGHT, bottom), FAINT, 1.0);
        for cell in &self.tried {
            let (x, y) = (left + column * cell.at.0 as f64, bottom - row * (cell.at.1 + 1) as f64);
            let inside = (x + 1.0, y + 1.0, x + column - 1.0, y + row - 1.0);
            rectangle(&mut page, inside, colour(cell.standing), 0.55);
            if text_width(&cell.cost, SMALL) < column - 4.0 {
                let middle = (x + column / 2.0, y + row / 2.0);
                page.text(middle, cell.cost.clone(), SMALL, INK, Align::Middle);
            }
        }
        for cell in self.tried.iter().filter(|cell| cell.chosen) {
            let (x, y) = (left + column * cell.at.0 as f64, bottom - row * (cell.at.1 + 1) as f64);
            let (x2, y2) = (x + column, y + row);
            page.line(vec![(x, y), (x2, y), (x2, y2), (x, y2), (x, y)], INK, 3.0);
        }
        for (at, value) in self.upwards.1.iter().enumerate() {
            let y = bottom - row * (at as f64 + 0.5);
            page.text((left - 10.0, y), value.clone(), SMALL, GREY, Align::Right);
        }
        self.values_across(&mut page, (left, bottom), column);
        let middle = (left + RIGHT) / 2.0;
        page.text((middle, bottom + 46.0), self.across.0.clone(), TEXT, INK, Align::Middle);
        let (at, text) = ((30.0, (TOP + bottom) / 2.0), self.upwards.0.clone());
        page.styled(at, text, TEXT, Align::Middle, TextStyle::Upwards);
        page
    }

    /// As many of them as there is room for, the first among them.
    fn values_across(&self, page: &mut Picture, (left, bottom): (f64, f64), column: f64) {
        let widest = self.across.1.iter().map(|value| text_width(value, SMALL)).fold(0.0, f64::max);
        let every = ((widest + 12.0) / column).ceil().max(1.0) as usize;
        for (at, value) in self.across.1.iter().enumerate().step_by(every) {
            let x = left + column * (at as f64 + 0.5);
            page.text((x, bottom + 18.0), value.clone(), SMALL, GREY, Align::Middle);
        }
    }
}

const fn colour(standing: Standing) -> Colour {
    match standing {
        Standing::Holds => GREEN,
        Standing::Breaks => VERMILLION,
        Standing::CannotTell => ORANGE,
    }
}

fn rectangle(
    page: &mut Picture,
    (x, y, x2, y2): (f64, f64, f64, f64),
    colour: Colour,
    opacity: f64,
) {
    page.area(vec![(x, y), (x2, y), (x2, y2), (x, y2)], colour, opacity);
}

fn legend(page: &mut Picture) {
    let mut x = 24.0;
    let kinds = [
        (Some(Standing::Holds), "holds"),
        (Some(Standing::Breaks), "does not hold"),
        (Some(Standing::CannotTell), "cannot be told"),
        (None, "not tried"),
    ];
    for (standing, words) in kinds {
        let (colour, opacity) = standing.map_or((FAINT, 1.0), |standing| (colour(standing), 0.55));
        rectangle(page, (x, 80.0, x + 16.0, 96.0), colour, opacity);
        page.text((x + 22.0, 88.0), words, SMALL, INK, Align::Left);
        x += 52.0 + text_width(words, SMALL);
    }
    page.text((x, 88.0), "in a frame: the one that was chosen", SMALL, GREY, Align::Left);
}

#[cfg(test)]
mod tests {
    use super::super::picture::Mark;
    use super::*;

    fn map(columns: usize, rows: usize) -> SettingsMap {
        let values = |count: usize| (0..count).map(|at| format!("{}%", 40 + at)).collect();
        let cell = |at: (usize, usize)| Cell {
            at,
            standing: Standing::Holds,
            cost: "12.5".to_owned(),
            cost_value: 12.5,
            today: false,
            chosen: at == (0, 0),
        };
        SettingsMap {
            title: "shop: settings of hpa".to_owned(),
            below: "cost of what was tried".to_owned(),
            across: ("target".to_owned(), values(columns)),
            upwards: ("min".to_owned(), values(rows)),
            tried: [(0, 0), (columns - 1, rows - 1)].map(cell).to_vec(),
        }
    }

    #[test]
    fn values_never_cover_each_other_and_the_chosen_setting_is_framed() {
        for (columns, rows) in [(1, 2), (2, 3), (51, 4), (400, 26)] {
            let page = map(columns, rows).picture();
            let ticks = page.marks.iter().filter_map(|mark| match mark {
                Mark::Text { at, text, size, .. }
                    if text.ends_with('%') && at.1 > page.height - 60.0 =>
                {
                    let half = text_width(text, *size) / 2.0;
                    Some((at.0 - half, at.0 + half))
                }
                Mark::Text { .. } | Mark::Line { .. } | Mark::Area { .. } | Mark::Dot { .. } => {
                    None
                }
            });
            let ticks: Vec<(f64, f64)> = ticks.collect();
            assert!(!ticks.is_empty(), "{columns} x {rows}");
            assert!(ticks.windows(2).all(|pair| pair[0].1 < pair[1].0), "{columns} x {rows}");
            let frames = page.marks.iter().filter(|mark| matches!(mark, Mark::Line { .. }));
            assert_eq!(frames.count(), 1, "{columns} x {rows}");
            assert!(map(columns, rows).svg().unwrap().contains("does not hold"));
        }
    }
}
