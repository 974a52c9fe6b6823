//! `cost-vs-latency`: every policy where it stands, what no other beats, the SLO.

use super::axis::{Axis, latency_words};
use super::colour::{CRIMSON, GREY, INK, PURPLE, series};
use super::frame::Frame;
use super::label::{self, Labels, extent};
use super::picture::{Align, At, Picture, SMALL, TEXT};
use super::render::text_width;
use crate::number::{currency, human, plain};
use crate::table::{all_infinite, human_quantile};
use autosim_engine::simulation::Slo;
use autosim_engine::stats::Estimate;
use autosim_study::experiment::{Compared, Comparison, CostBy, Figure, Results, Ruling};

const WIDTH: f64 = 1200.0;
const HEIGHT: f64 = 720.0;
const SLO_DASH: Option<(f64, f64)> = Some((8.0, 5.0));

/// A policy with a place on the plot.
struct Point<'a> {
    series: usize,
    policy: &'a Compared,
    cost: Estimate,
    /// `None`: more than the SLO allows failed, so that the quantile is infinite. Where it is of every policy:
    /// the share of requests that failed.
    latency: Option<Estimate>,
}

/// Cost to the right, latency upwards; both better towards the lower left corner.
pub(super) fn picture(results: &Results, comparison: &Comparison) -> Picture {
    let about = &results.about;
    let quantile = about.slo.tail().map_or(0.99, |slo| slo.quantile);
    let title = format!("{}: cost versus latency", about.title());
    let mut page = Picture::new(WIDTH, HEIGHT, title.clone());
    page.heading(&title, &subtitle(results));
    let mut points = points(comparison);
    let failing = all_infinite(comparison);
    if failing {
        points.iter_mut().for_each(|p| p.latency = p.policy.estimate(Figure::FailedShare));
    }
    let frame = frame(results, &points, failing);
    frame.draw(&mut page, true);
    let currency = currency(about.price.currency());
    let x_title = match comparison.cost {
        CostBy::Money if currency == "units" => "cost, units (no currency is stated)".to_owned(),
        CostBy::Money => format!("cost, {currency}"),
        CostBy::BilledHours => "billed replica-hours (replicas have no price)".to_owned(),
    };
    frame.x_title(&mut page, &x_title);
    let y_title = match failing {
        true => format!("share that failed: the p{} is infinite", human_quantile(quantile)),
        false => format!(
            "p{} latency of all requests{}",
            human_quantile(quantile),
            if frame.y.log { ", log scale" } else { "" }
        ),
    };
    frame.y_title(&mut page, &y_title, 70.0);
    let mut labels = Labels::new((frame.left, frame.top, frame.right, frame.bottom));
    lines(&mut page, &frame, &mut labels, results, failing);
    staircase(&mut page, &frame, &mut labels, &points);
    dots(&mut page, &frame, &mut labels, &points);
    let slo = results.about.slo.tail().filter(|_| !failing);
    legend(&mut page, &frame, &points, slo);
    page
}

fn subtitle(results: &Results) -> String {
    let about = &results.about;
    let many = results.policies.iter().any(|policy| policy.first_service().count() > 1);
    let luck = if !about.draws {
        "every replication would be the same".to_owned()
    } else if many {
        format!("{} replications, bars: 95 % intervals of the mean", results.replications_told())
    } else {
        "one replication, no intervals".to_owned()
    };
    match about.slo.is_empty() {
        false => format!("SLO: {}; {luck}", about.slo),
        true => format!("no SLO; {luck}"),
    }
}

fn points(comparison: &Comparison) -> Vec<Point<'_>> {
    let figure = comparison.cost.figure();
    comparison.policies.iter().enumerate().filter_map(|(at, p)| point(at, p, figure)).collect()
}

fn point(series: usize, policy: &Compared, cost_figure: Figure) -> Option<Point<'_>> {
    let cost = policy.estimate(cost_figure)?;
    // Where nothing arrived nothing is known of latency: such a policy has no place here.
    policy.estimate(Figure::Arrived).filter(|arrived| arrived.mean > 0.0)?;
    Some(Point { series, policy, cost, latency: policy.estimate(Figure::SloLatency) })
}

fn frame(results: &Results, points: &[Point<'_>], failing: bool) -> Frame {
    let mut costs: Vec<f64> = points.iter().flat_map(|p| [p.cost.low(), p.cost.high()]).collect();
    costs.extend(Estimate::of(&results.references.work_bound).map(|bound| bound.mean));
    let (least, most) = extremes(&costs);
    let margin = 0.06 * (most - least).max(0.1 * most);
    let low = if least - margin < 0.3 * most { 0.0 } else { least - margin };
    let x = Axis::linear(low, most + margin, 8);
    let limit = results.about.slo.tail().filter(|_| !failing);
    let mut latencies: Vec<f64> = points
        .iter()
        .filter_map(|point| point.latency)
        .flat_map(|latency| [latency.low().max(0.5 * latency.mean), latency.high()])
        .collect();
    latencies.extend(limit.map(|slo| slo.limit.as_millis_f64()));
    let (fast, slow) = extremes(&latencies);
    let y = if failing {
        let mut y = Axis::linear(0.0, 1.12 * slow, 6);
        for (value, words) in &mut y.ticks {
            *words = format!("{} %", plain(100.0 * *value, 6));
        }
        y
    } else if slow > 10.0 * fast && fast > 0.0 {
        Axis::logarithmic(fast / 1.4, slow * 1.6, latency_words)
    } else {
        // Dots need no zero below them where they all lie far above it.
        let low = if fast > 0.5 * slow { 0.98 * fast - 0.5 * (slow - fast) } else { 0.0 };
        let mut y = Axis::linear(low, slow + 0.12 * (slow - low), 6);
        for (value, words) in &mut y.ticks {
            *words = latency_words(*value);
        }
        y
    };
    Frame { left: 110.0, top: 80.0, right: WIDTH - 40.0, bottom: HEIGHT - 90.0, x, y }
}

/// Smallest and largest; 0 and 1 without values.
fn extremes(values: &[f64]) -> (f64, f64) {
    let low = values.iter().copied().reduce(f64::min).unwrap_or(0.0);
    (low, values.iter().copied().reduce(f64::max).unwrap_or(1.0))
}

/// The SLO, whose words stand in the legend, and the work bound with its own.
fn lines(page: &mut Picture, frame: &Frame, labels: &mut Labels, results: &Results, failing: bool) {
    if let Some(slo) = results.about.slo.tail().filter(|_| !failing) {
        let y = frame.at_y(slo.limit.as_millis_f64());
        let ends = vec![(frame.left, y), (frame.right, y)];
        page.dashed(ends, CRIMSON, 1.5, SLO_DASH);
        labels.avoid_line((frame.left, y), (frame.right, y));
    }
    if let Some(bound) = Estimate::of(&results.references.work_bound) {
        let x = frame.at_x(bound.mean);
        let ends = vec![(x, frame.top), (x, frame.bottom)];
        page.dashed(ends, PURPLE, 1.5, Some((2.0, 4.0)));
        let words = format!("work bound {}", human(bound.mean, 3));
        let at = (x + 7.0, frame.bottom - 14.0);
        labels.avoid_words(extent(at, Align::Left, text_width(&words, SMALL), SMALL));
        labels.avoid_line((x, frame.top), (x, frame.bottom));
        page.text(at, words, SMALL, PURPLE, Align::Left);
    }
}

/// The frontier as stairs: between two policies on it nothing better than the cheaper one is known.
fn staircase(page: &mut Picture, frame: &Frame, labels: &mut Labels, points: &[Point<'_>]) {
    let mut on: Vec<(f64, f64)> = points
        .iter()
        .filter(|point| point.policy.on_frontier)
        .filter_map(|point| Some((point.cost.mean, point.latency?.mean)))
        .collect();
    on.sort_by(|a, b| a.0.total_cmp(&b.0).then(b.1.total_cmp(&a.1)));
    let mut stairs = Vec::new();
    if let Some(first) = on.first() {
        stairs.push((frame.at_x(first.0), frame.top));
    }
    for (n, &(cost, latency)) in on.iter().enumerate() {
        stairs.push(frame.at(cost, latency));
        let next = on.get(n + 1).map_or(frame.x.high, |next| next.0);
        stairs.push(frame.at(next, latency));
    }
    for pair in stairs.windows(2) {
        labels.avoid_line(pair[0], pair[1]);
    }
    page.line(stairs, GREY, 1.5);
}

fn dots(page: &mut Picture, frame: &Frame, labels: &mut Labels, points: &[Point<'_>]) {
    let place = |point: &Point<'_>| -> At {
        let x = frame.at_x(point.cost.mean);
        point.latency.map_or((x, frame.top + 12.0), |latency| (x, frame.at_y(latency.mean)))
    };
    for point in points {
        let (x, y) = place(point);
        let (colour, _) = series(point.series);
        labels.mark((x, y), 9.0);
        let (left, right) = (frame.at_x(point.cost.low()), frame.at_x(point.cost.high()));
        labels.avoid_line((left, y), (right, y));
        page.line(vec![(left, y), (right, y)], colour, 1.5);
        match point.latency {
            Some(latency) => {
                let (low, high) = (frame.at_y(latency.low()), frame.at_y(latency.high()));
                labels.avoid_line((x, low), (x, high));
                page.line(vec![(x, low), (x, high)], colour, 1.5);
                let kept = point.policy.verdict.ruling != Ruling::Missed;
                if point.policy.sees_future {
                    page.area(diamond((x, y), 9.0), colour, 1.0);
                } else {
                    page.dot((x, y), 6.5, colour, kept);
                }
            }
            None => {
                // An arrow upwards: beyond any latency.
                let tip = vec![(x - 8.0, y + 6.0), (x, y - 9.0), (x + 8.0, y + 6.0)];
                page.area(tip, colour, 1.0);
            }
        }
    }
    let named = points.iter().map(|p| labels.place(place(p), &p.policy.name, TEXT));
    let named: Vec<label::Label> = named.collect();
    label::draw(page, &named);
}

fn diamond((x, y): At, size: f64) -> Vec<At> {
    vec![(x - size, y), (x, y - size), (x + size, y), (x, y + size)]
}

fn legend(page: &mut Picture, frame: &Frame, points: &[Point<'_>], slo: Option<Slo>) {
    let (mut x, mut y) = (frame.left + 10.0, HEIGHT - 20.0);
    let mut entry = |page: &mut Picture, words: &str, mark: &dyn Fn(&mut Picture, At)| {
        let width = text_width(words, SMALL);
        if x + 16.0 + width > WIDTH - 24.0 {
            (x, y) = (frame.left + 10.0, y + 22.0);
            page.height = y + 20.0;
        }
        mark(page, (x, y));
        page.text((x + 16.0, y), words, SMALL, INK, Align::Left);
        x += 40.0 + width;
    };
    let any = |ruling: Ruling| points.iter().any(|p| p.policy.verdict.ruling == ruling);
    if let Some(slo) = slo {
        entry(page, &format!("SLO {slo}"), &|page, (x, y)| {
            page.dashed(vec![(x - 10.0, y), (x + 11.0, y)], CRIMSON, 1.5, SLO_DASH);
        });
    }
    if any(Ruling::Met) {
        entry(page, "keeps the SLO", &|page, (x, y)| page.dot((x + 4.0, y), 5.0, GREY, true));
    }
    if any(Ruling::Missed) {
        entry(page, "misses the SLO", &|page, (x, y)| page.dot((x + 4.0, y), 5.0, GREY, false));
    }
    if points.iter().any(|point| point.latency.is_none()) {
        entry(page, "so many fail that the latency is infinite", &|page, (x, y)| {
            let tip = vec![(x - 1.0, y + 5.0), (x + 5.0, y - 6.0), (x + 11.0, y + 5.0)];
            page.area(tip, GREY, 1.0);
        });
    }
    if points.iter().any(|point| point.policy.sees_future) {
        entry(page, "sees the future: a reference", &|page, (x, y)| {
            page.area(diamond((x + 4.0, y), 7.0), GREY, 1.0);
        });
    }
    if points.iter().any(|point| point.policy.on_frontier) {
        entry(page, "frontier: no other is both cheaper and faster", &|page, (x, y)| {
            page.line(vec![(x - 8.0, y), (x + 11.0, y)], GREY, 1.5);
        });
    }
}
