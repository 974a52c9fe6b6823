//! `offered-and-goodput`: what clients send, first attempts and retries, against what they get out of it.

use super::axis::Axis;
use super::colour::{BLACK, BLUE, Colour, GREY, INK, VERMILLION};
use super::frame::Frame;
use super::label::{BOLD, fitted};
use super::picture::{Align, Picture, SMALL, TEXT, TextStyle};
use super::render::text_width;
use super::{time_axis, timeline};
use crate::number::human;
use crate::table::percent;
use autosim_engine::simulation::Interval;
use autosim_study::experiment::{Figure, PolicyResults, Results};

const WIDTH: f64 = 1200.0;
const TOP: f64 = 124.0;
/// Left and right edge of the panels of a row.
const COLUMNS: [(f64, f64); 2] = [(74.0, 590.0), (658.0, 1174.0)];
const HEIGHT: f64 = 150.0;
/// Between rows: the names of the panels below.
const GAP: f64 = 50.0;
/// Bars of a panel: more are no more than noise.
const BARS: usize = 180;

/// A stretch of time: requests a second.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Bar {
    /// In seconds.
    from: f64,
    first: f64,
    all: f64,
    good: f64,
}

/// Whether clients of any policy do more than wait for ever.
pub(super) fn has_any(results: &Results) -> bool {
    let mut intervals =
        results.policies.iter().filter_map(|policy| Some(&timeline::first(policy)?.timeline));
    intervals.any(|all| all.iter().any(|interval| interval.clients.is_some()))
}

/// A panel for each policy, all on one scale.
pub(super) fn picture(results: &Results) -> Picture {
    let panels: Vec<(&PolicyResults, &[Interval], Vec<Bar>)> = results
        .policies
        .iter()
        .filter_map(|policy| {
            let intervals = timeline::first(policy)?.timeline.as_slice();
            Some((policy, intervals, bars(intervals)))
        })
        .collect();
    let rows = panels.len().div_ceil(COLUMNS.len());
    let height = TOP + rows as f64 * (HEIGHT + GAP) + 14.0;
    let title = format!("{}: offered load and goodput", results.about.name);
    let mut page = Picture::new(WIDTH, height, title.clone());
    let below = "requests per second in the first replication; figures are means of all";
    page.heading(&title, below);
    let tried_again = panels.iter().flat_map(|panel| &panel.2).any(|bar| bar.all > bar.first);
    legend(&mut page, tried_again);
    let most = panels.iter().flat_map(|panel| &panel.2).map(|bar| bar.all.max(bar.good));
    let y = Axis::linear(0.0, 1.05 * most.fold(0.0, f64::max), 4);
    for (at, (policy, intervals, bars)) in panels.iter().enumerate() {
        let (left, right) = COLUMNS[at % COLUMNS.len()];
        let top = TOP + (at / COLUMNS.len()) as f64 * (HEIGHT + GAP);
        let bottom = top + HEIGHT;
        let mut x = time_axis::axis(&results.about, intervals);
        thin_ticks(&mut x);
        let frame = Frame { left, top, right, bottom, x, y: y.clone() };
        let last = at + COLUMNS.len() >= panels.len();
        frame.draw(&mut page, last);
        draw(&mut page, &frame, bars);
        name(&mut page, &frame, policy);
    }
    let words = time_axis::title(&results.about.clock);
    page.text((WIDTH / 2.0, height - 16.0), words, TEXT, INK, Align::Middle);
    page
}

/// Half as wide as other plots: half as many words.
fn thin_ticks(x: &mut Axis) {
    if x.ticks.len() > 7 {
        let mut at = 0;
        x.ticks.retain(|_| {
            at += 1;
            at % 2 == 1
        });
    }
}

/// Means over as many intervals each as make few enough bars.
fn bars(intervals: &[Interval]) -> Vec<Bar> {
    let size = intervals.len().div_ceil(BARS).max(1);
    let mean = |chunk: &[Interval]| {
        let seconds: f64 = chunk.iter().map(|i| i.length.as_secs_f64()).sum();
        let rate = |count: &dyn Fn(&Interval) -> u64| {
            chunk.iter().map(count).sum::<u64>() as f64 / seconds.max(1e-9)
        };
        let retries = rate(&|i| i.clients.map_or(0, |clients| clients.retries));
        let (first, good) = (rate(&|i| i.arrivals), rate(&|i| i.completions));
        let from = chunk.first().map_or(0.0, |first| first.at.as_secs_f64());
        Bar { from, first, all: first + retries, good }
    };
    intervals.chunks(size).map(mean).collect()
}

const FIRST: (Colour, f64) = (GREY, 0.35);
const RETRIES: (Colour, f64) = (VERMILLION, 0.45);

fn draw(page: &mut Picture, frame: &Frame, bars: &[Bar]) {
    let stairs = |value: fn(&Bar) -> f64| {
        let values: Vec<(f64, f64)> = bars.iter().map(|bar| (bar.from, value(bar))).collect();
        frame.stairs(&values, frame.x.high)
    };
    let (first, all) = (stairs(|bar| bar.first), stairs(|bar| bar.all));
    page.area(frame.below(first.clone()), FIRST.0, FIRST.1);
    if bars.iter().any(|bar| bar.all > bar.first) {
        // What lies between the two, and nothing of what is below.
        let between = all.iter().copied().chain(first.iter().rev().copied()).collect();
        page.area(between, RETRIES.0, RETRIES.1);
    }
    page.line(first, BLACK, 1.0);
    page.line(stairs(|bar| bar.good), BLUE, 2.2);
}

/// The policy's name above its panel, with what it came to.
fn name(page: &mut Picture, frame: &Frame, policy: &PolicyResults) {
    let y = frame.top - 13.0;
    let name = fitted(&policy.name, BOLD * TEXT, frame.right - frame.left);
    page.styled((frame.left, y), name.as_str(), TEXT, Align::Left, TextStyle::Bold);
    let mean = |figure: Figure| {
        let values: Option<Vec<f64>> =
            policy.first_service().map(|row| row.row.get(figure)).collect();
        let values = values.filter(|values| !values.is_empty())?;
        Some(values.iter().sum::<f64>() / values.len() as f64)
    };
    let words = [
        mean(Figure::Amplification)
            .filter(|&n| n > 1.0)
            .map(|n| format!("{} attempts per request", human(n, 3))),
        mean(Figure::FailedShare).map(|failed| format!("{} % fail", percent(failed))),
        mean(Figure::WastedWork).map(|wasted| format!("{} % of work wasted", percent(wasted))),
    ];
    let mut words: Vec<String> = words.into_iter().flatten().collect();
    // A long name leaves room for less.
    let room = frame.right - frame.left - text_width(&name, BOLD * TEXT) - 14.0;
    while !words.is_empty() && text_width(&words.join(", "), SMALL) > room {
        words.pop();
    }
    page.text((frame.right, y), words.join(", "), SMALL, GREY, Align::Right);
}

fn legend(page: &mut Picture, tried_again: bool) {
    let (mut x, y) = (COLUMNS[0].0, TOP - 42.0);
    for (words, area) in [
        ("first attempts", Some(FIRST)),
        ("retries, on top of them", Some(RETRIES)),
        ("goodput: requests answered while somebody waited", None),
    ] {
        match area {
            Some(RETRIES) if !tried_again => continue,
            Some((colour, opacity)) => {
                let (right, top, bottom) = (x + 20.0, y - 6.0, y + 6.0);
                let corners = vec![(x, top), (right, top), (right, bottom), (x, bottom)];
                page.area(corners, colour, opacity);
            }
            None => page.line(vec![(x, y), (x + 20.0, y)], BLUE, 2.2),
        }
        page.text((x + 27.0, y), words, SMALL, INK, Align::Left);
        x += 50.0 + text_width(words, SMALL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn bars_are_means_over_equal_stretches() {
        let results = sample::with_clients();
        let intervals = &results.policies[1].details[0].services[0].timeline;
        let bars = bars(intervals);
        assert_eq!(bars.len(), BARS);
        let chunk = &intervals[8..16];
        let sum = |count: fn(&Interval) -> u64| chunk.iter().map(count).sum::<u64>() as f64 / 480.0;
        let retries = sum(|i| i.clients.unwrap().retries);
        let expected = Bar {
            from: 480.0,
            first: sum(|i| i.arrivals),
            all: sum(|i| i.arrivals) + retries,
            good: sum(|i| i.completions),
        };
        assert!(retries > 0.0);
        assert_eq!(bars[1], expected);
    }
}
