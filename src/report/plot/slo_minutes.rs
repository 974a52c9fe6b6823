//! `slo-by-minute`: when each policy kept the SLO, and how badly it missed it.

use super::colour::{Colour, GREY, INK, ORANGE, SKY, VERMILLION};
use super::frame::Frame;
use super::label::{BOLD, fitted};
use super::picture::{Align, At, Picture, SMALL, TEXT, TextStyle};
use super::render::text_width;
use super::{axis::Axis, time_axis};
use crate::minutes::{Column, columns};
use crate::number::human;
use crate::table::human_quantile;
use autosim_engine::simulation::{Slo, SloMinute};
use autosim_study::experiment::Results;

const WIDTH: f64 = 1200.0;
const LEFT: f64 = 260.0;
const RIGHT: f64 = WIDTH - 120.0;
const TOP: f64 = 84.0;
const ROW: f64 = 34.0;
const BAR: f64 = 24.0;
/// More columns than this cannot be told apart.
const COLUMNS: usize = 1780;
/// Beyond orange and vermillion: nearly all were late.
const WORST: Colour = Colour(0x4a, 0x15, 0x00);

/// A policy with the minutes of its first kept replication.
struct Strip<'a> {
    name: &'a str,
    minutes: &'a [SloMinute],
}

/// The SLO on latency, if there is one, and who has minutes to show.
fn strips(results: &Results) -> Option<(Slo, Vec<Strip<'_>>)> {
    let slo = results.about.slo.tail()?;
    let strips = results.policies.iter().filter_map(|policy| {
        let service = policy.details.first()?.services.first()?;
        let minutes = service.slo_minutes.as_slice();
        (!minutes.is_empty()).then_some(Strip { name: &policy.name, minutes })
    });
    let strips: Vec<Strip<'_>> = strips.collect();
    (!strips.is_empty()).then_some((slo, strips))
}

/// Whether there is anything to draw.
pub(super) fn has_any(results: &Results) -> bool {
    strips(results).is_some()
}

/// One strip for each policy above one clock.
pub(super) fn picture(results: &Results) -> Picture {
    let title = format!("{}: the SLO by minute", results.about.title());
    let Some((slo, strips)) = strips(results) else {
        return Picture::new(WIDTH, TOP, title);
    };
    let bottom = TOP + ROW * strips.len() as f64;
    let mut page = Picture::new(WIDTH, bottom + 84.0, title.clone());
    let below = format!(
        "first replication; share of the requests of a minute that failed or took longer than {}{}",
        slo.limit,
        if results.about.slo.latency.len() > 1 { "; kept: every SLO" } else { "" }
    );
    page.heading(&title, &below);
    let (from, to) = (results.about.window.warmup, results.about.window.end);
    let (low, high) = (from.as_secs_f64(), to.as_secs_f64());
    let mut x = time_axis::axis(&results.about, &[]);
    x.ticks.retain(|(at, _)| (low..=high).contains(at));
    (x.low, x.high) = (low, high.max(low + 1.0));
    let y = Axis { log: false, low: 0.0, high: 1.0, ticks: Vec::new() };
    let frame = Frame { left: LEFT, top: TOP, right: RIGHT, bottom, x, y };
    frame.draw(&mut page, true);
    for (at, strip) in strips.iter().enumerate() {
        draw(&mut page, &frame, strip, TOP + ROW * at as f64 + (ROW - BAR) / 2.0, slo);
    }
    legend(&mut page, bottom + 62.0, slo);
    page
}

fn draw(page: &mut Picture, frame: &Frame, strip: &Strip<'_>, top: f64, slo: Slo) {
    let middle = top + BAR / 2.0;
    let name = fitted(strip.name, BOLD * TEXT, LEFT - 12.0 - 24.0);
    page.styled((LEFT - 12.0, middle), name, TEXT, Align::Right, TextStyle::Bold);
    let (each, columns) = columns(strip.minutes, slo.quantile, COLUMNS);
    let seconds = |at: usize| frame.x.low + (at * each * 60) as f64;
    let colour = |column: &Column| column.late.map(|late| degree(late, column.broken > 0));
    let mut at = 0;
    while at < columns.len() {
        let same = |column: &&Column| colour(column) == colour(&columns[at]);
        let end = at + columns[at..].iter().take_while(same).count();
        if let Some(colour) = colour(&columns[at]) {
            let (left, right) = (frame.at_x(seconds(at)), frame.at_x(seconds(end)));
            // A single broken minute of a long run must not be lost.
            let least = if colour == SKY { 0.0 } else { 1.0 };
            page.area(rectangle(left, top, right.max(left + least)), colour, opacity(colour));
        }
        at = end;
    }
    let total: u32 = columns.iter().map(|column| column.minutes).sum();
    let kept = total - columns.iter().map(|column| column.broken).sum::<u32>();
    let share = 100.0 * f64::from(kept) / f64::from(total.max(1));
    let words =
        if total == 0 { "no traffic".into() } else { format!("{} % kept", human(share, 3)) };
    page.text((RIGHT + 12.0, middle), words, SMALL, GREY, Align::Left);
}

fn rectangle(left: f64, top: f64, right: f64) -> Vec<At> {
    vec![(left, top), (right, top), (right, top + BAR), (left, top + BAR)]
}

fn degree(late: f64, broken: bool) -> Colour {
    if !broken {
        SKY
    } else if late <= 0.05 {
        ORANGE
    } else if late <= 0.25 {
        VERMILLION
    } else {
        WORST
    }
}

fn opacity(colour: Colour) -> f64 {
    if colour == SKY { 0.45 } else { 1.0 }
}

fn legend(page: &mut Picture, y: f64, slo: Slo) {
    let allowed = human_quantile(1.0 - slo.quantile);
    let mut x = LEFT;
    for (words, colour) in [
        (format!("kept: at most {allowed} % late"), SKY),
        ("broken: up to 5 %".to_owned(), ORANGE),
        ("up to 25 %".to_owned(), VERMILLION),
        ("more".to_owned(), WORST),
    ] {
        let corners = vec![(x, y - 6.0), (x + 20.0, y - 6.0), (x + 20.0, y + 6.0), (x, y + 6.0)];
        page.area(corners, colour, opacity(colour));
        page.text((x + 27.0, y), words.as_str(), SMALL, INK, Align::Left);
        x += 50.0 + text_width(&words, SMALL);
    }
}
