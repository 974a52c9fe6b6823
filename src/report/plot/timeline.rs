//! `timeline-<policy>`: traffic, replicas, what the policy saw and what users felt, above one clock.

use super::axis::{Axis, latency_words};
use super::colour::{
    BLACK, BLUE, CRIMSON, Colour, GREEN, GREY, INK, LEVEL, ORANGE, PURPLE, SKY, VERMILLION,
    of_incident, series,
};
use super::frame::Frame;
use super::label::{BOLD, fitted};
use super::picture::{Align, At, Picture, SMALL, TEXT, TextStyle};
use super::render::text_width;
use super::time_axis;
use crate::incidents::{Incident, Kind, incidents};
use crate::seen::{levels_told, words_of};
use autosim_engine::control::{Level, Stage};
use autosim_engine::simulation::{DecisionRecord, Interval};
use autosim_study::experiment::{PolicyResults, Results, ServiceDetails, Setting};

const WIDTH: f64 = 1200.0;
const LEFT: f64 = 96.0;
const RIGHT: f64 = WIDTH - 70.0;
/// Between panels: words of the axis above and the title of the one below.
const GAP: f64 = 52.0;
/// Height of the strip of decisions, which has no words below.
const STRIP: f64 = 22.0;
/// Height of a row of a legend.
const LEGEND: f64 = 18.0;
/// Height of a kind's row in what befell the service.
const ROW: f64 = 11.0;
/// More incidents than this do not cross the panels.
const CROSSING: usize = 40;
/// Curves have at most this many columns; of more values each column keeps the extremes.
const COLUMNS: usize = 1000;

/// What is drawn: the first replication that kept its timeline, the service policies compete for.
pub(super) fn first(policy: &PolicyResults) -> Option<&ServiceDetails> {
    let service = policy.details.first()?.services.first()?;
    (!service.timeline.is_empty()).then_some(service)
}

/// Four panels that share the time axis, and a strip of decisions.
pub(super) fn picture(results: &Results, at: usize) -> Picture {
    let policy = &results.policies[at];
    let title = format!("{}: {} over time", results.about.title(), policy.name);
    let mut page = Picture::new(WIDTH, 1076.0, title.clone());
    let Some(service) = first(policy) else { return page };
    let setting = policy.settings.first();
    let incidents = incidents(setting, service);
    let replication = policy.details.first().map_or(0, |details| details.replication);
    let slo = &results.about.slo;
    let slo_words = if slo.is_empty() { String::new() } else { format!(", SLO: {slo}") };
    let below = format!("{}, replication {}{slo_words}", policy.kind, replication + 1);
    page.heading(&title, &below);
    let x = time_axis::axis(&results.about, &service.timeline);
    let drawing = Drawing { results, service, x, incidents };
    let mut top = 104.0;
    top = drawing.traffic(&mut page, top);
    top = drawing.replicas(&mut page, top);
    top = drawing.decisions(&mut page, top);
    top = drawing.befell(&mut page, top);
    top = drawing.signal(&mut page, top, setting);
    page.height = drawing.latency(&mut page, top) + 62.0;
    page
}

struct Drawing<'a> {
    results: &'a Results,
    service: &'a ServiceDetails,
    x: Axis,
    incidents: Vec<Incident>,
}

/// An entry of a panel's legend.
struct Entry {
    words: String,
    colour: Colour,
    dash: Option<(f64, f64)>,
    area: bool,
}

fn line(words: &str, colour: Colour) -> Entry {
    Entry { words: words.to_owned(), colour, dash: None, area: false }
}

fn dashed(words: &str, colour: Colour) -> Entry {
    Entry { dash: DASH, ..line(words, colour) }
}

fn area(words: &str, colour: Colour) -> Entry {
    Entry { area: true, ..line(words, colour) }
}

const DASH: Option<(f64, f64)> = Some((6.0, 4.0));

impl Drawing<'_> {
    fn end(&self) -> f64 {
        self.x.high
    }

    /// The values of a timeline's column, few enough to draw.
    fn column(&self, value: impl Fn(&Interval) -> f64) -> Vec<(f64, f64)> {
        let all = self.service.timeline.iter().map(|i| (i.at.as_secs_f64(), value(i))).collect();
        thinned(all)
    }

    fn most(&self, value: impl Fn(&Interval) -> f64) -> f64 {
        self.service.timeline.iter().map(value).fold(0.0, f64::max)
    }

    /// An empty panel with its title and legend.
    fn panel(
        &self,
        page: &mut Picture,
        (top, height): (f64, f64),
        title: &str,
        y: Axis,
        legend: &[Entry],
    ) -> Frame {
        let words_below = !y.ticks.is_empty();
        let width = |entry: &Entry| 46.0 + text_width(&entry.words, SMALL);
        let title = fitted(title, BOLD * TEXT, RIGHT - LEFT);
        let rows = legend_rows(RIGHT - LEFT, text_width(&title, BOLD * TEXT), legend, width);
        // A legend without room beside the title stands in rows below it.
        let top = top + LEGEND * (rows.len() - 1) as f64;
        let bottom = top + height;
        let frame = Frame { left: LEFT, top, right: RIGHT, bottom, x: self.x.clone(), y };
        self.shade_uncounted(page, &frame);
        self.shade_incidents(page, &frame);
        frame.draw(page, words_below);
        let title_y = top - 15.0 - LEGEND * (rows.len() - 1) as f64;
        page.styled((LEFT, title_y), title, TEXT, Align::Left, TextStyle::Bold);
        for (row, entries) in rows.iter().enumerate() {
            let y = title_y + 1.0 + LEGEND * row as f64;
            let mut x = RIGHT - entries.iter().copied().map(width).sum::<f64>() + 12.0;
            for entry in entries {
                if entry.area {
                    page.area(block((x, x + 20.0), (y - 5.0, y + 5.0)), entry.colour, 0.55);
                } else {
                    page.dashed(vec![(x, y), (x + 22.0, y)], entry.colour, 2.0, entry.dash);
                }
                page.text((x + 27.0, y), entry.words.as_str(), SMALL, INK, Align::Left);
                x += width(entry);
            }
        }
        frame
    }

    /// What lies outside the measured window.
    fn shade_uncounted(&self, page: &mut Picture, frame: &Frame) {
        let window = self.results.about.window;
        let (warm, end) = (window.warmup.as_secs_f64(), window.end.as_secs_f64());
        for (from, to) in [(self.x.low, warm.min(self.end())), (end, self.end())] {
            let (from, to) = (frame.at_x(from), frame.at_x(to));
            if to - from >= 1.0 {
                page.area(block((from, to), (frame.top, frame.bottom)), GREY, 0.12);
            }
        }
    }

    /// What befell the service crosses every panel, unless it is too much to be told apart.
    fn shade_incidents(&self, page: &mut Picture, frame: &Frame) {
        if self.incidents.len() > CROSSING {
            return;
        }
        for incident in &self.incidents {
            let colour = of_incident(incident.kind);
            let [from, to] = [incident.from, incident.to].map(|at| frame.at_x(at.as_secs_f64()));
            if to - from >= 3.0 {
                page.area(block((from, to), (frame.top, frame.bottom)), colour, 0.13);
            } else {
                let line = vec![(from, frame.top), (from, frame.bottom)];
                page.dashed(line, colour, 1.0, Some((2.0, 3.0)));
            }
        }
    }

    /// What befell the service, a row for each kind; nothing where nothing did.
    fn befell(&self, page: &mut Picture, top: f64) -> f64 {
        let of = |kind: Kind| self.incidents.iter().filter(move |one| one.kind == kind);
        let kinds: Vec<Kind> =
            Kind::ALL.iter().copied().filter(|kind| of(*kind).next().is_some()).collect();
        if kinds.is_empty() {
            return top;
        }
        let y = Axis { log: false, low: 0.0, high: 1.0, ticks: Vec::new() };
        let legend: Vec<Entry> = kinds
            .iter()
            .map(|kind| Entry { area: true, ..line(kind.name(), of_incident(*kind)) })
            .collect();
        let height = ROW * kinds.len() as f64 + 6.0;
        let frame = self.panel(page, (top, height), "what befell the service", y, &legend);
        for (row, kind) in kinds.iter().enumerate() {
            let top = frame.top + 4.0 + ROW * row as f64;
            for one in of(*kind) {
                let [from, to] = [one.from, one.to].map(|at| frame.at_x(at.as_secs_f64()));
                let ends = (from - 2.0, to.max(from + 2.0));
                page.area(block(ends, (top, top + ROW - 2.0)), of_incident(*kind), 1.0);
            }
        }
        frame.bottom + GAP - 16.0
    }

    fn traffic(&self, page: &mut Picture, top: f64) -> f64 {
        let per_s = |count: u64, i: &Interval| count as f64 / i.length.as_secs_f64().max(1e-9);
        let offered = |i: &Interval| per_s(i.arrivals, i);
        let done = |i: &Interval| per_s(i.completions, i);
        let failed = |i: &Interval| per_s(i.rejections + i.losses + i.timeouts, i);
        let retries = |i: &Interval| i.clients.map_or(0, |clients| clients.retries);
        let tried = |i: &Interval| per_s(i.arrivals + retries(i), i);
        let high = self.most(tried).max(self.most(done)).max(self.most(failed));
        let mut legend =
            vec![line("offered", BLACK), line("completed", BLUE), area("failed", VERMILLION)];
        let tries_again = self.service.timeline.iter().any(|i| retries(i) > 0);
        if tries_again {
            legend.insert(1, dashed("with retries", PURPLE));
        }
        let y = Axis::linear(0.0, 1.05 * high, 5);
        let frame = self.panel(page, (top, 165.0), "traffic, requests/s", y, &legend);
        let failures = frame.stairs(&self.column(failed), self.end());
        page.area(frame.below(failures.clone()), VERMILLION, 0.55);
        if self.most(failed) > 0.0 {
            page.line(failures, VERMILLION, 1.0);
        }
        if tries_again {
            page.dashed(frame.stairs(&self.column(tried), self.end()), PURPLE, 1.3, DASH);
        }
        // Wider below narrower: where the two agree both are seen.
        page.line(frame.stairs(&self.column(offered), self.end()), BLACK, 3.0);
        page.line(frame.stairs(&self.column(done), self.end()), BLUE, 1.3);
        frame.bottom + GAP
    }

    fn replicas(&self, page: &mut Picture, top: f64) -> f64 {
        let live = |i: &Interval| i.mean_ready + i.mean_starting;
        let seen = self.most(live).max(self.most(|i| f64::from(i.desired)));
        // A recommendation beyond all bounds must not flatten what happened.
        let recommendation = self.most(|i| f64::from(i.uncapped));
        let high = (1.08 * seen).max(recommendation.min(1.6 * seen)).max(1.0);
        let legend = [
            area("ready", SKY),
            area("starting", ORANGE),
            line("desired", BLACK),
            dashed("wanted without limits", PURPLE),
        ];
        let mut y = Axis::linear(0.0, high, 5);
        y.ticks.retain(|(count, _)| count.fract() == 0.0);
        let frame = self.panel(page, (top, 200.0), "replicas", y, &legend);
        let ready = frame.stairs(&self.column(|i| i.mean_ready), self.end());
        let all = frame.stairs(&self.column(live), self.end());
        page.area(frame.below(all), ORANGE, 0.75);
        // White first: the two colours must not mix.
        page.area(frame.below(ready.clone()), Colour(255, 255, 255), 1.0);
        page.area(frame.below(ready), SKY, 0.55);
        let wanted = frame.stairs(&self.column(|i| f64::from(i.uncapped)), self.end());
        page.dashed(wanted, PURPLE, 1.3, DASH);
        let desired = frame.stairs(&self.column(|i| f64::from(i.desired)), self.end());
        page.line(desired, BLACK, 1.5);
        frame.bottom + GAP
    }

    /// One stroke per decision that changed the number, in the colour of the stage that decided.
    fn decisions(&self, page: &mut Picture, top: f64) -> f64 {
        let changed = || self.service.decisions.iter().filter(|d| d.before != d.decision.desired);
        let stage = |d: &DecisionRecord| d.decision.reason().stage;
        let legend: Vec<Entry> = Stage::ALL
            .iter()
            .enumerate()
            .filter(|(_, candidate)| changed().any(|d| stage(d) == **candidate))
            .map(|(at, stage)| line(&stage.name().replace('_', " "), stage_colour(at)))
            .collect();
        let y = Axis { log: false, low: 0.0, high: 1.0, ticks: Vec::new() };
        let title = format!("decisions that changed the count: {}", changed().count());
        let frame = self.panel(page, (top, STRIP), &title, y, &legend);
        let mut last = (f64::MIN, None);
        for decision in changed() {
            let seconds = decision.at.as_secs_f64();
            let x = frame.at_x(seconds);
            let at = Stage::ALL.iter().position(|other| *other == stage(decision));
            // A stroke within half a point of one of the same colour would not be seen.
            if !frame.shows_x(seconds) || (x - last.0 < 0.5 && at == last.1) {
                continue;
            }
            last = (x, at);
            let colour = stage_colour(at.unwrap_or_default());
            page.line(vec![(x, frame.top + 3.0), (x, frame.bottom - 3.0)], colour, 1.5);
        }
        frame.bottom + GAP - 16.0
    }

    fn signal(&self, page: &mut Picture, top: f64, setting: Option<&Setting>) -> f64 {
        let used = |i: &Interval| 100.0 * i.utilization.unwrap_or(0.0);
        let setting = setting.filter(|_| self.service.timeline.iter().any(|i| i.signal.is_some()));
        let watched = setting.and_then(|known| Some((known, known.signals.first()?)));
        let Some((Setting { levels, percent, .. }, name)) = watched else {
            let y = Axis::linear(0.0, self.most(used).max(100.0), 4);
            let legend = [line("utilization", GREEN)];
            let frame = self.panel(page, (top, 150.0), "utilization, %", y, &legend);
            page.line(frame.stairs(&self.column(used), self.end()), GREEN, 1.4);
            return frame.bottom + GAP;
        };
        // One replica's part of a total lies higher the more there are to be.
        let at = |level: &Level, i: &Interval| {
            level.value * if level.each { f64::from(i.desired) } else { 1.0 }
        };
        let levelled = |i: &Interval| levels.iter().map(|level| at(level, i)).fold(0.0, f64::max);
        let most = self.most(|i| i.signal.unwrap_or(0.0).max(levelled(i)));
        let mut legend = vec![line("signal as seen", BLUE)];
        if !levels.is_empty() {
            legend.push(dashed(&levels_told(levels), LEVEL));
        }
        legend.push(line(if *percent { "utilization" } else { "utilization (right axis)" }, GREEN));
        let title = format!("what the policy sees: {}", words_of(name));
        // Percentages share the scale that they have everywhere.
        let y = match percent {
            true => Axis::linear(0.0, most.max(self.most(used)).max(100.0), 4),
            false => Axis::linear(0.0, 1.05 * most, 4),
        };
        let frame = self.panel(page, (top, 150.0), &title, y, &legend);
        let right = if *percent { frame.clone() } else { right_axis(page, &frame) };
        page.line(right.stairs(&self.column(used), self.end()), GREEN, 3.0);
        for piece in self.pieces(|i| i.signal) {
            page.line(frame.curve(piece), BLUE, 1.3);
        }
        for level in levels {
            let curve = frame.stairs(&self.column(|i| at(level, i)), self.end());
            page.dashed(curve, LEVEL, 1.4, DASH);
        }
        frame.bottom + GAP
    }

    /// The last panel, and where it ends.
    fn latency(&self, page: &mut Picture, top: f64) -> f64 {
        let percentile = |at: usize| {
            move |i: &Interval| i.percentiles.map(|all| all[at].as_millis_f64().max(1e-3)) //
        };
        let slos = &self.results.about.slo.latency;
        let limits = || slos.iter().map(|slo| slo.limit.as_millis_f64());
        let all = || (0..3).flat_map(|at| self.service.timeline.iter().filter_map(percentile(at)));
        let low = all().chain(limits()).reduce(f64::min).unwrap_or(1.0);
        let high = all().chain(limits()).reduce(f64::max).unwrap_or(1000.0);
        let mut legend = vec![line("p50", SKY), line("p95", ORANGE), line("p99", series(0).0)];
        if !slos.is_empty() {
            let words: Vec<String> = slos.iter().map(|slo| slo.limit.to_string()).collect();
            legend.push(dashed(&format!("SLO {}", words.join(", ")), CRIMSON));
        }
        let y = Axis::logarithmic(low / 1.2, high * 1.2, latency_words);
        let title = "latency of completions, log scale";
        let frame = self.panel(page, (top, 190.0), title, y, &legend);
        for (at, colour) in [(0, SKY), (1, ORANGE), (2, series(0).0)] {
            for piece in self.pieces(percentile(at)) {
                page.line(frame.curve(piece), colour, 1.4);
            }
        }
        for limit in limits() {
            let y = frame.at_y(limit);
            page.dashed(vec![(frame.left, y), (frame.right, y)], CRIMSON, 1.4, DASH);
        }
        frame.x_title(page, &time_axis::title(&self.results.about.clock));
        frame.bottom
    }

    /// A column that may have no value, as runs without gaps; each value in the middle of its interval.
    fn pieces(&self, value: impl Fn(&Interval) -> Option<f64>) -> Vec<Vec<(f64, f64)>> {
        let mut pieces = vec![Vec::new()];
        for interval in &self.service.timeline {
            let middle = interval.at.as_secs_f64() + interval.length.as_secs_f64() / 2.0;
            match (value(interval), pieces.last_mut()) {
                (Some(value), Some(piece)) => piece.push((middle, value)),
                (None, Some(piece)) if !piece.is_empty() => pieces.push(Vec::new()),
                _ => {}
            }
        }
        pieces.into_iter().map(thinned).collect()
    }
}

/// Entries in rows of a width, of which the first begins with a title.
fn legend_rows(
    room: f64,
    title: f64,
    legend: &[Entry],
    width: impl Fn(&Entry) -> f64,
) -> Vec<Vec<&Entry>> {
    let all: f64 = legend.iter().map(&width).sum();
    let mut rows = vec![Vec::new()];
    let mut left = room - title;
    if all > left {
        rows.push(Vec::new());
        left = room;
    }
    for entry in legend {
        if width(entry) > left && rows.last().is_some_and(|row| !row.is_empty()) {
            rows.push(Vec::new());
            left = room;
        }
        left -= width(entry);
        if let Some(row) = rows.last_mut() {
            row.push(entry);
        }
    }
    rows
}

/// Utilization beside a signal that is no percentage, from 0 to 100 %.
fn right_axis(page: &mut Picture, frame: &Frame) -> Frame {
    let right = Frame { y: Axis::linear(0.0, 100.0, 4), ..frame.clone() };
    for (value, words) in &right.y.ticks {
        let at = (right.right + 8.0, right.at_y(*value));
        page.text(at, format!("{words} %"), SMALL, GREEN, Align::Left);
    }
    right
}

fn block((left, right): (f64, f64), (top, bottom): (f64, f64)) -> Vec<At> {
    vec![(left, top), (right, top), (right, bottom), (left, bottom)]
}

fn stage_colour(at: usize) -> Colour {
    const COLOURS: [Colour; 8] = [BLUE, GREY, SKY, ORANGE, PURPLE, VERMILLION, GREEN, BLACK];
    COLOURS[at % COLOURS.len()]
}

/// At most two values per column of the plot: the smallest and the largest, in order of time.
fn thinned(values: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    if values.len() <= 2 * COLUMNS {
        return values;
    }
    let size = values.len().div_ceil(COLUMNS);
    values
        .chunks(size)
        .flat_map(|chunk| {
            let by_value = |a: &&(f64, f64), b: &&(f64, f64)| a.1.total_cmp(&b.1);
            let low = chunk.iter().min_by(by_value).copied();
            let high = chunk.iter().max_by(by_value).copied();
            let mut ends: Vec<(f64, f64)> = low.into_iter().chain(high).collect();
            ends.sort_by(|a, b| a.0.total_cmp(&b.0));
            ends.dedup();
            ends
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thinning_keeps_the_extremes() {
        let values: Vec<(f64, f64)> =
            (0..100_000).map(|n| (f64::from(n), if n == 54_321 { 9.0 } else { 1.0 })).collect();
        let thin = thinned(values);
        assert!(thin.len() <= 2 * COLUMNS);
        assert!(thin.contains(&(54_321.0, 9.0)));
        assert!(thin.is_sorted_by(|a, b| a.0 < b.0));
    }
}
