//! `latency-cdf`: how many requests were done by when, and the tail of those that were not.

use super::axis::{Axis, latency_words};
use super::colour::{CRIMSON, Colour, GREY, INK, series};
use super::frame::Frame;
use super::label::fitted;
use super::picture::{Align, Picture, TEXT};
use super::render::text_width;
use crate::number::plain;
use autosim_study::experiment::{Figure, PolicyResults, Results};

const WIDTH: f64 = 1200.0;
const LEFT: f64 = 90.0;
const SLO_DASH: Option<(f64, f64)> = Some((6.0, 4.0));

/// One policy: share of all counted requests not completed within each latency, failures never.
struct Curve {
    series: usize,
    name: String,
    /// (latency in ms, share slower), ascending; until there is an axis, empty where none was done.
    slower: Vec<(f64, f64)>,
}

/// Two panels that share the latency axis: the share done, and the share still not done on a log
/// scale, where the tail can be read.
pub(super) fn picture(results: &Results) -> Picture {
    let mut curves: Vec<Curve> = results.policies.iter().enumerate().filter_map(curve).collect();
    let title = format!("{}: latency of all requests", results.about.title());
    let x = latency_axis(&curves, results);
    // Of whom nothing was done.
    for none in curves.iter_mut().filter(|curve| curve.slower.is_empty()) {
        none.slower = vec![(x.low, 1.0), (x.high, 1.0)];
    }
    let rows = legend_rows(&curves, results);
    let height = 580.0 + 22.0 * rows.len() as f64;
    let mut page = Picture::new(WIDTH, height, title.clone());
    page.heading(&title, "all finished replications together; requests that failed are never done");
    let bottom = 500.0;
    let mut done = Axis::linear(0.0, 1.0, 5);
    for (value, words) in &mut done.ticks {
        *words = format!("{} %", plain(100.0 * *value, 0));
    }
    let least = curves.iter().filter_map(Curve::rarest).fold(1e-2, f64::min).max(1e-6);
    let late = Axis::logarithmic(least, 1.0, |share| format!("{} %", plain(100.0 * share, 6)));
    let left = Frame { left: LEFT, top: 80.0, right: 590.0, bottom, x: x.clone(), y: done };
    let right = Frame { left: 700.0, top: 80.0, right: WIDTH - 20.0, bottom, x, y: late };
    for (frame, words) in [(&left, "share done"), (&right, "share not done, log scale")] {
        frame.draw(&mut page, true);
        frame.x_title(&mut page, "response time, log scale");
        frame.y_title(&mut page, words, 68.0);
    }
    slo_lines(&mut page, &left, &right, results);
    for curve in &curves {
        let (colour, dash) = series(curve.series);
        let done = curve.slower.iter().map(|&(ms, slower)| (ms, 1.0 - slower));
        page.dashed(left.curve(done), colour, 2.0, dash);
        let tail = curve.slower.iter().copied().take_while(|&(_, slower)| slower > 0.0);
        page.dashed(right.curve(tail), colour, 2.0, dash);
    }
    legend(&mut page, &rows, 566.0);
    if curves.is_empty() {
        let middle = (WIDTH / 2.0, 290.0);
        page.text(middle, "no request arrived", TEXT, GREY, Align::Middle);
    }
    page
}

fn curve((series, policy): (usize, &PolicyResults)) -> Option<Curve> {
    let arrived: f64 = policy.first_service().filter_map(|row| row.row.get(Figure::Arrived)).sum();
    if arrived <= 0.0 {
        return None;
    }
    let mut left = arrived;
    let mut slower = Vec::new();
    for (latency, count) in policy.latency.buckets() {
        if slower.is_empty() {
            slower.push((latency.as_millis_f64(), 1.0));
        }
        left -= count as f64;
        slower.push((latency.as_millis_f64(), (left / arrived).max(0.0)));
    }
    Some(Curve { series, name: policy.name.clone(), slower })
}

impl Curve {
    /// The latency within which one request in 10 000 is done: fewer would only stretch the axis.
    fn fastest(&self) -> Option<f64> {
        let common = self.slower.iter().find(|&&(_, slower)| slower <= 1.0 - 1e-4);
        common.or(self.slower.first()).map(|&(ms, _)| ms)
    }

    /// The smallest share above zero.
    fn rarest(&self) -> Option<f64> {
        self.slower.iter().map(|&(_, share)| share).filter(|share| *share > 0.0).reduce(f64::min)
    }
}

fn latency_axis(curves: &[Curve], results: &Results) -> Axis {
    let ends = || curves.iter().filter_map(|c| Some((c.fastest()?, c.slower.last()?.0)));
    let limits = results.about.slo.latency.iter().map(|slo| slo.limit.as_millis_f64());
    let low = ends().map(|(low, _)| low).chain(limits.clone()).reduce(f64::min).unwrap_or(1.0);
    let high = ends().map(|(_, high)| high).chain(limits).reduce(f64::max).unwrap_or(1000.0);
    let mut axis = Axis::logarithmic(low.max(1e-3) / 1.2, high * 1.2, latency_words);
    // Half a page holds seven words at most.
    if axis.ticks.len() > 7 {
        let decade = |value: f64| (value.log10() - value.log10().round()).abs() < 1e-9;
        axis.ticks.retain(|(value, _)| decade(*value));
    }
    axis
}

/// The limit and the share of each SLO; their words stand in the legend.
fn slo_lines(page: &mut Picture, left: &Frame, right: &Frame, results: &Results) {
    for slo in &results.about.slo.latency {
        let limit = slo.limit.as_millis_f64();
        for (frame, share) in [(left, slo.quantile), (right, 1.0 - slo.quantile)] {
            let (x, y) = frame.at(limit, share);
            page.dashed(vec![(x, frame.top), (x, frame.bottom)], CRIMSON, 1.3, SLO_DASH);
            page.dashed(vec![(frame.left, y), (frame.right, y)], CRIMSON, 1.3, SLO_DASH);
        }
    }
}

/// An entry of the legend: its line, its words and how far from the left it begins.
struct Entry {
    line: (Colour, Option<(f64, f64)>),
    words: String,
    x: f64,
}

/// Policies, then the SLOs, in rows as wide as the page.
fn legend_rows(curves: &[Curve], results: &Results) -> Vec<Vec<Entry>> {
    let mut rows = vec![Vec::new()];
    let mut x = LEFT;
    let policies = curves.iter().map(|curve| (series(curve.series), curve.name.clone()));
    let slos = results.about.slo.latency.iter();
    let slos = slos.map(|slo| ((CRIMSON, SLO_DASH), format!("SLO {slo}")));
    for (line, words) in policies.chain(slos) {
        let words = fitted(&words, TEXT, WIDTH - LEFT - 90.0);
        let width = 60.0 + text_width(&words, TEXT);
        if x + width > WIDTH - 20.0 && x > LEFT {
            rows.push(Vec::new());
            x = LEFT;
        }
        if let Some(row) = rows.last_mut() {
            row.push(Entry { line, words, x });
        }
        x += width;
    }
    rows
}

fn legend(page: &mut Picture, rows: &[Vec<Entry>], top: f64) {
    for (at, row) in rows.iter().enumerate() {
        let y = top + 22.0 * at as f64;
        for Entry { line: (colour, dash), words, x } in row {
            page.dashed(vec![(*x, y), (x + 26.0, y)], *colour, 2.5, *dash);
            page.text((x + 33.0, y), words.as_str(), TEXT, INK, Align::Left);
        }
    }
}
