//! `trace inspect --plot`: the rate of a recording over time, its busiest windows, the hours of its week.

use super::axis::Axis;
use super::colour::{BLUE, Colour, FAINT, GREY, INK, PALE, VERMILLION};
use super::frame::Frame;
use super::picture::{Align, Picture, SMALL, TEXT, TextStyle};
use super::render::{png, svg, text_width};
use super::time_axis;
use crate::hours::DAYS;
use crate::number::human;
use autosim_engine::units::{Span, WallClock};
use std::io;

/// What is drawn of a recording.
#[derive(Debug, Clone)]
pub struct RecordingPlot {
    /// Above the picture.
    pub title: String,
    /// Below the title.
    pub below: String,
    /// What clocks showed at the first row; of one that is not known, times count from it.
    pub clock: WallClock,
    /// How long the recording is, in seconds.
    pub span_s: f64,
    /// Length of a point of `points`, in seconds.
    pub point_s: f64,
    /// Length of the windows that peaks are of, in seconds.
    pub window_s: f64,
    /// Mean rate of each point, and that of its busiest window; requests a second.
    pub points: Vec<(f64, f64)>,
    /// Factors of the hours of the week from Monday 00:00 on, where they are known.
    pub hours: Option<Vec<Option<f64>>>,
}

const WIDTH: f64 = 1200.0;
const LEFT: f64 = 74.0;
const RIGHT: f64 = 1174.0;
const TOP: f64 = 112.0;
const BOTTOM: f64 = 420.0;
/// Where the map of the week begins, below the ticks of the rate.
const WEEK_TOP: f64 = BOTTOM + 104.0;
const ROW: f64 = 22.0;

impl RecordingPlot {
    /// As SVG.
    pub fn svg(&self) -> io::Result<Vec<u8>> {
        svg(&self.picture()).map(String::into_bytes).map_err(io::Error::other)
    }

    /// As PNG, two pixels to a point.
    pub fn png(&self) -> io::Result<Vec<u8>> {
        png(&self.picture()).map_err(io::Error::other)
    }

    pub(super) fn picture(&self) -> Picture {
        let height = match self.hours {
            Some(_) => WEEK_TOP + 7.0 * ROW + 34.0,
            None => BOTTOM + 58.0,
        };
        let mut page = Picture::new(WIDTH, height, format!("{}: requests a second", self.title));
        page.heading(&self.title, &self.below);
        let most = self.points.iter().map(|point| point.0.max(point.1)).fold(0.0, f64::max);
        let y = Axis::linear(0.0, 1.02 * most, 5);
        let widest = y.ticks.iter().map(|tick| text_width(&tick.1, SMALL)).fold(0.0, f64::max);
        let x = time_axis::of_length(&self.clock, self.span_s);
        let left = LEFT.max(widest + 38.0);
        let frame = Frame { left, top: TOP, right: RIGHT, bottom: BOTTOM, x, y };
        frame.draw(&mut page, true);
        frame.y_title(&mut page, "requests per second", widest + 22.0);
        frame.x_title(&mut page, &time_axis::title(&self.clock));
        self.rates(&mut page, &frame);
        if let Some(hours) = &self.hours {
            week(&mut page, hours);
        }
        page
    }

    /// Means as an area, peaks as a line above it where they are of shorter windows.
    fn rates(&self, page: &mut Picture, frame: &Frame) {
        let stairs = |value: fn(&(f64, f64)) -> f64| {
            let at = |index: usize| index as f64 * self.point_s;
            let points = self.points.iter().enumerate();
            let values: Vec<(f64, f64)> =
                points.map(|(index, point)| (at(index), value(point))).collect();
            frame.stairs(&values, frame.x.high)
        };
        let means = stairs(|point| point.0);
        page.area(frame.below(means.clone()), BLUE, 0.18);
        let span = |seconds: f64| Span::from_secs_f64(seconds).to_string();
        let mut legend = vec![(format!("mean of {}", span(self.point_s)), BLUE)];
        if self.point_s > self.window_s {
            page.line(stairs(|point| point.1), VERMILLION, 1.0);
            legend.push((format!("busiest {} in it", span(self.window_s)), VERMILLION));
        }
        page.line(means, BLUE, 1.6);
        key(page, &legend);
    }
}

fn key(page: &mut Picture, entries: &[(String, Colour)]) {
    let (mut x, y) = (LEFT, TOP - 30.0);
    for (words, colour) in entries {
        page.line(vec![(x, y), (x + 20.0, y)], *colour, 2.2);
        page.text((x + 27.0, y), words.as_str(), SMALL, INK, Align::Left);
        x += 50.0 + text_width(words, SMALL);
    }
}

/// Hours of the week as a map: the darker, the busier.
fn week(page: &mut Picture, hours: &[Option<f64>]) {
    let most = hours.iter().flatten().copied().fold(0.0, f64::max);
    let head =
        format!("hours of the week: the busiest has {} times the mean of all", human(most, 3));
    page.styled((LEFT, WEEK_TOP - 20.0), head, TEXT, Align::Left, TextStyle::Bold);
    let width = (RIGHT - LEFT) / 24.0;
    for (row, (day, hours)) in DAYS.iter().zip(hours.chunks(24)).enumerate() {
        let y = WEEK_TOP + ROW * row as f64;
        page.text((LEFT - 8.0, y + ROW / 2.0), *day, SMALL, INK, Align::Right);
        for (at, factor) in hours.iter().enumerate() {
            let x = LEFT + width * at as f64;
            let (right, bottom) = (x + width - 1.0, y + ROW - 1.0);
            let corners = vec![(x, y), (right, y), (right, bottom), (x, bottom)];
            match factor {
                Some(factor) => {
                    page.area(corners.clone(), FAINT, 1.0);
                    page.area(corners, BLUE, if most > 0.0 { factor / most } else { 0.0 });
                }
                // Not recorded: a stroke through the middle.
                None => page.line(vec![(x, y + ROW / 2.0), (right, y + ROW / 2.0)], PALE, 1.0),
            }
        }
    }
    for hour in (0..24).step_by(2) {
        let x = LEFT + width * f64::from(hour);
        let y = WEEK_TOP + 7.0 * ROW + 11.0;
        page.text((x, y), format!("{hour:02}:00"), SMALL, GREY, Align::Left);
    }
}
