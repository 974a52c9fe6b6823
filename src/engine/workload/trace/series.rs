//! Series of counts, rates or counters, as a file holds them, and the traffic that is chosen of them.

use super::MAX_ROWS;
use super::failure::TraceError;
use super::format::Format;
use super::intervals::Raw;
use super::options::{Options, Values};
use super::parts::{Part, Ranking, largest};
use super::question::quoted;
use super::recording::Recording;
use super::spread::Spread;
use super::stamp::{RELATIVE_BELOW_NS, StampReader};
use crate::units::Span;
use indexmap::IndexSet;
use jiff::tz::TimeZone;
use std::collections::{BTreeMap, BTreeSet};

/// One series of a file.
#[derive(Debug, Clone, Default)]
pub(super) struct Series {
    /// As the file calls it: a column, or labels as in `{job="web"}`.
    pub(super) name: String,
    /// Its labels, where it has some.
    pub(super) labels: Vec<(String, String)>,
    pub(super) points: Vec<Point>,
}

/// A value at an instant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Point {
    pub(super) at: i64,
    pub(super) value: f64,
    /// Where it is in its file; 0 where that has no lines.
    pub(super) line: u64,
}

/// What a file of series holds.
#[derive(Debug)]
pub(super) struct SeriesFile {
    pub(super) path: String,
    pub(super) sha256: String,
    pub(super) format: Format,
    /// Columns of its header.
    pub(super) columns: Vec<String>,
    pub(super) series: Vec<Series>,
    /// What the values are, as long as the user says nothing else.
    pub(super) values: Values,
    /// Times that are numbers.
    pub(super) numeric: bool,
    /// Where the clock was that wrote its times.
    pub(super) zone: TimeZone,
    /// Points that came before the one above.
    pub(super) inversions: u64,
    /// What was told from the file.
    pub(super) assumptions: Vec<String>,
}

impl SeriesFile {
    /// A file whose times `stamps` read.
    pub(super) fn new(
        path: String,
        format: Format,
        values: Values,
        stamps: &StampReader,
        options: &Options,
    ) -> Self {
        Self {
            path,
            sha256: String::new(),
            format,
            columns: Vec::new(),
            series: Vec::new(),
            values,
            numeric: stamps.numeric(),
            zone: stamps.zone(options.zone.is_some()),
            inversions: 0,
            assumptions: Vec::new(),
        }
    }

    /// The traffic that is chosen of it.
    pub(super) fn into_recording(mut self, options: &Options) -> Result<Recording, TraceError> {
        let values = options.values.unwrap_or(self.values);
        let chosen = self.chosen(options)?;
        let mut said = std::mem::take(&mut self.assumptions);
        let counted = counted(chosen, values, options, &self.path, &mut said)?;
        let (counted, parts) = of_the_largest(counted, values, options, &self.path, &mut said)?;
        let points = summed(counted, options, &self.path, &mut said)?;
        let raw = Raw { points, path: self.path.clone() };
        let (rows, last) = raw.into_rows(values, options, &mut said)?;
        Ok(Recording {
            relative: self.numeric && last < RELATIVE_BELOW_NS,
            path: self.path,
            sha256: self.sha256,
            format: self.format,
            columns: self.columns,
            rows,
            zone: self.zone,
            inversions: self.inversions,
            waited: false,
            law: None,
            joined: None,
            grid: None,
            spread: match values {
                Values::Counts | Values::Counters => Spread::Uniform,
                Values::Rates => Spread::Poisson,
            },
            parts,
            assumptions: said,
        })
    }

    /// The series that the options choose.
    fn chosen(&mut self, options: &Options) -> Result<Vec<Series>, TraceError> {
        let all = std::mem::take(&mut self.series);
        let by = options.by.as_deref();
        if let Some(by) = by.filter(|by| !all.iter().any(|series| series.label(by).is_some())) {
            let message = format!("{}: no series has a label `{by}`", self.path);
            let labels: BTreeSet<&str> = all.iter().flat_map(Series::label_names).collect();
            let labels = labels.into_iter().collect::<Vec<_>>().join(", ");
            let hint = if labels.is_empty() { "leave out by: they have none" } else { &labels };
            return Err(TraceError::at("by", message, format!("their labels: {hint}")));
        }
        if options.select.is_empty() {
            if all.len() > 1 && options.top.is_none() {
                let message = format!("{} holds {} series", self.path, all.len());
                return Err(TraceError::at("select", message, choices(&all, by)));
            }
            return Ok(all);
        }
        for wanted in &options.select {
            if !all.iter().any(|series| is_chosen(series, wanted, by)) {
                let what = by.map_or_else(|| "series".to_owned(), |by| format!("`{by}`"));
                let message = format!("{} has no {what} `{wanted}`", self.path);
                return Err(TraceError::at("select", message, choices(&all, by)));
            }
        }
        let is =
            |series: &Series| options.select.iter().any(|wanted| is_chosen(series, wanted, by));
        Ok(all.into_iter().filter(is).collect())
    }
}

impl Series {
    /// The value of a label.
    fn label(&self, name: &str) -> Option<&str> {
        let found = self.labels.iter().find(|(label, _)| label == name);
        found.map(|(_, value)| value.as_str())
    }

    fn label_names(&self) -> impl Iterator<Item = &str> {
        self.labels.iter().map(|(name, _)| name.as_str())
    }

    /// The part of the file that it is, or belongs to: its name, or the value of a label.
    pub(super) fn part(&self, by: Option<&str>) -> &str {
        by.map_or(&self.name, |by| self.label(by).unwrap_or_default())
    }
}

/// What helps where a file holds several series: the choices, to be pasted.
fn choices(all: &[Series], by: Option<&str>) -> String {
    const SHOWN: usize = 8;
    let parts: IndexSet<&str> = all.iter().map(|series| series.part(by)).collect();
    let flag = |part: &&str| format!("--select {}", quoted(part));
    let mut shown: Vec<String> = parts.iter().take(SHOWN).map(flag).collect();
    if parts.len() > SHOWN {
        shown.push(format!("... ({} more)", parts.len() - SHOWN));
    }
    format!(
        "say which is the traffic: {}, several of them, the largest together: --top 3, or all: --select '*'; in a \
         scenario: select = [\"...\"]; `autosim trace split` makes a service of each",
        shown.join(" or ")
    )
}

/// Whether a series is one that the user wants: by its name, by labels `{job="web"}`, or `*`; by the value of one label
/// where parts are told by that.
pub(super) fn is_chosen(series: &Series, wanted: &str, by: Option<&str>) -> bool {
    match by {
        Some(_) => wanted == "*" || series.part(by) == wanted,
        None => wanted == "*" || is_called(&series.name, &series.labels, wanted),
    }
}

/// Whether a series of this name and these labels is one that a user calls `wanted`.
pub(super) fn is_called(name: &str, labels: &[(String, String)], wanted: &str) -> bool {
    let metric = labels.iter().find(|(label, _)| label == "__name__").map(|(_, metric)| metric);
    if name == wanted || metric.is_some_and(|metric| metric == wanted) {
        return true;
    }
    matchers(wanted).is_some_and(|matchers| {
        matchers.iter().all(|(label, value, equal)| {
            let found = labels.iter().find(|(name, _)| name == label);
            (found.is_some_and(|(_, found)| found == value)) == *equal
        })
    })
}

/// The conditions of `name{label="value",other!="value"}`: label, value, whether they must be equal.
pub(super) fn matchers(text: &str) -> Option<Vec<(String, String, bool)>> {
    let (name, inner) = text.trim().strip_suffix('}')?.split_once('{')?;
    let mut found = Vec::new();
    if !name.trim().is_empty() {
        found.push(("__name__".to_owned(), name.trim().to_owned(), true));
    }
    let mut rest = inner.trim();
    while !rest.is_empty() {
        let (label, tail) = rest.split_once('=')?;
        let (label, equal) = match label.strip_suffix('!') {
            Some(label) => (label, false),
            None => (label, true),
        };
        let (value, tail) = tail.trim().strip_prefix('"')?.split_once('"')?;
        found.push((label.trim().to_owned(), value.to_owned(), equal));
        rest = tail.trim().trim_start_matches(',').trim();
    }
    Some(found)
}

/// Series in order of time, counters turned into counts.
fn counted(
    mut chosen: Vec<Series>,
    values: Values,
    options: &Options,
    path: &str,
    said: &mut Vec<String>,
) -> Result<Vec<Series>, TraceError> {
    let mut resets = 0;
    for series in &mut chosen {
        series.points.sort_by_key(|point| point.at);
        if values == Values::Counters {
            series.points = increments(series, options, path, &mut resets)?;
        }
    }
    if resets > 0 {
        let times = if resets == 1 { "once".to_owned() } else { format!("{resets} times") };
        said.push(format!("{path}: a counter began again {times}; it counted from zero then"));
    }
    Ok(chosen)
}

/// Series of the parts that are wanted, and those parts.
fn of_the_largest(
    mut counted: Vec<Series>,
    values: Values,
    options: &Options,
    path: &str,
    said: &mut Vec<String>,
) -> Result<(Vec<Series>, Vec<Part>), TraceError> {
    let by = options.by.as_deref();
    if by.is_none() && options.top.is_none() {
        return Ok((counted, Vec::new()));
    }
    let mut ranking = Ranking::default();
    for series in &counted {
        let sum: f64 = series.points.iter().map(|point| point.value).sum();
        let requests = match values {
            Values::Counts | Values::Counters => sum,
            Values::Rates => sum * Span(usual_gap(&series.points)).as_secs_f64(),
        };
        let first = series.points.first().map_or(i64::MAX, |point| point.at);
        ranking.add(series.part(by), requests, first, path)?;
    }
    let parts = largest(ranking.parts(), options.top, path, said);
    let names: BTreeSet<&str> = parts.iter().map(|part| part.name.as_str()).collect();
    counted.retain(|series| names.contains(series.part(by)));
    Ok((counted, parts))
}

/// The points of several series added up.
fn summed(
    mut counted: Vec<Series>,
    options: &Options,
    path: &str,
    said: &mut Vec<String>,
) -> Result<Vec<Point>, TraceError> {
    match counted.len() {
        0 | 1 => Ok(counted.pop().unwrap_or_default().points),
        count => {
            said.push(format!("{path}: the sum of {count} chosen series"));
            on_one_grid(&counted, options.interval, path)
        }
    }
}

/// The sum of several series. Exporters stamp those of one scrape a little apart: they meet on the grid of the first.
fn on_one_grid(
    chosen: &[Series],
    interval: Option<Span>,
    path: &str,
) -> Result<Vec<Point>, TraceError> {
    let refused = |message: String| {
        let hint = "take one of them with --select, or ask again with one step and no range twice; where intervals \
                    without requests have no row, state the interval, for example --interval 1m";
        Err(TraceError::at("select", message, hint))
    };
    let stepped = chosen.iter().map(|series| (series, usual_gap(&series.points)));
    let stepped: Vec<(&Series, u64)> = stepped.filter(|(_, step)| *step > 0).collect();
    let told = stepped.first().map_or(1, |(_, step)| *step);
    let step = interval.map_or(told, |interval| interval.0.max(1));
    let apart = |(_, found): &&(&Series, u64)| found.abs_diff(step) > step / 4;
    if let Some((other, found)) = stepped.iter().find(apart).filter(|_| interval.is_none()) {
        let (step, found, other) = (Span(step), Span(*found), &other.name);
        return refused(format!("{path}: points of `{other}` are {found} apart, of others {step}"));
    }
    let first =
        chosen.iter().filter_map(|series| series.points.first()).map(|point| point.at).min();
    let first = first.unwrap_or(0);
    let mut sums: BTreeMap<u64, Point> = BTreeMap::new();
    for series in chosen {
        let mut last = None;
        for point in &series.points {
            let index = point.at.abs_diff(first).saturating_add(step / 2) / step;
            if last.replace(index) == Some(index) {
                let name = &series.name;
                return refused(format!(
                    "{path}: two points of `{name}` in one interval of {}",
                    Span(step)
                ));
            }
            let at = first.saturating_add_unsigned(index.saturating_mul(step));
            let sum = sums.entry(index).or_insert(Point { at, value: 0.0, line: point.line });
            sum.value += point.value;
        }
    }
    Ok(sums.into_values().collect())
}

/// The usual distance between points in order; 0 for fewer than two.
pub(super) fn usual_gap(points: &[Point]) -> u64 {
    let gaps = points.windows(2).map(|pair| pair[1].at.abs_diff(pair[0].at));
    let mut gaps: Vec<u64> = gaps.collect();
    let middle = gaps.len() / 2;
    if gaps.is_empty() { 0 } else { *gaps.select_nth_unstable(middle).1 }
}

/// What a counter counted between its samples, at the earlier of two; a smaller one began again at zero. What it
/// counted over a gap is spread evenly over it.
fn increments(
    series: &Series,
    options: &Options,
    path: &str,
    resets: &mut u64,
) -> Result<Vec<Point>, TraceError> {
    let step =
        options.interval.map_or_else(|| usual_gap(&series.points), |interval| interval.0).max(1);
    let mut counts = Vec::with_capacity(series.points.len());
    for pair in series.points.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        let reset = to.value < from.value;
        *resets += u64::from(reset);
        let counted = if reset { to.value } else { to.value - from.value };
        let parts = (to.at.abs_diff(from.at).saturating_add(step / 2) / step).max(1);
        if parts > (MAX_ROWS - counts.len().min(MAX_ROWS)) as u64 {
            let message = format!("{path}: `{}` has a gap of {parts} intervals", series.name);
            return Err(TraceError::at(
                "interval",
                message,
                "cut it there, or state a longer interval",
            ));
        }
        for part in 0..parts {
            let at = from.at.saturating_add_unsigned(part.saturating_mul(step));
            counts.push(Point { at, value: counted / parts as f64, line: from.line });
        }
    }
    Ok(counts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(values: &[(i64, f64)]) -> Vec<Point> {
        let point = |&(s, value)| Point { at: s * 1_000_000_000, value, line: 0 };
        values.iter().map(point).collect()
    }

    fn of(values: &[(i64, f64)]) -> Series {
        Series { points: points(values), ..Series::default() }
    }

    #[test]
    fn series_are_chosen_by_name_and_by_labels() {
        let label = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let series = Series {
            name: "up{job=\"web\",zone=\"a\"}".to_owned(),
            labels: vec![label("__name__", "up"), label("job", "web"), label("zone", "a")],
            points: Vec::new(),
        };
        for (wanted, chosen) in [
            ("*", true),
            ("up{job=\"web\",zone=\"a\"}", true),
            ("{job=\"web\"}", true),
            ("up", true),
            ("up{zone=\"a\"}", true),
            ("down{zone=\"a\"}", false),
            ("{zone!=\"a\"}", false),
            ("{zone!=\"b\", job=\"web\"}", true),
            ("{rack=\"1\"}", false),
            ("web", false),
            ("{broken", false),
        ] {
            assert_eq!(is_chosen(&series, wanted, None), chosen, "{wanted}");
        }
    }

    #[test]
    fn a_gap_of_a_counter_that_no_memory_holds_is_refused() {
        let series = of(&[(0, 1.0), (1, 2.0), (2, 3.0), (1_700_000_000, 9.0)]);
        let refused = increments(&series, &Options::default(), "t", &mut 0).unwrap_err();
        assert!(refused.message.contains("has a gap of 1699999998 intervals"), "{refused}");
    }

    #[test]
    fn counters_count_between_samples_from_zero_after_a_reset_and_evenly_over_a_gap() {
        let mut resets = 0;
        let series = of(&[(0, 100.0), (10, 130.0), (20, 5.0), (40, 25.0)]);
        let counted = increments(&series, &Options::default(), "t", &mut resets).unwrap();
        assert_eq!(counted, points(&[(0, 30.0), (10, 5.0), (20, 10.0), (30, 10.0)]));
        assert_eq!(resets, 1);
    }

    #[test]
    fn series_of_one_scrape_meet_although_their_stamps_differ() {
        let chosen =
            vec![of(&[(0, 1.0), (60, 2.0), (120, 4.0)]), of(&[(1, 10.0), (59, 20.0), (119, 40.0)])];
        let sum = on_one_grid(&chosen, None, "t").unwrap();
        assert_eq!(sum, points(&[(0, 11.0), (60, 22.0), (120, 44.0)]));
        let steps = [of(&[(0, 1.0), (60, 2.0)]), of(&[(0, 1.0), (30, 2.0), (60, 1.0)])];
        assert!(
            on_one_grid(&steps, None, "t")
                .unwrap_err()
                .message
                .contains("are 30s apart, of others 1m")
        );
        let twice = [
            of(&[(0, 1.0), (60, 2.0), (120, 4.0)]),
            of(&[(0, 1.0), (60, 2.0), (61, 2.0), (120, 4.0)]),
        ];
        assert!(on_one_grid(&twice, None, "t").unwrap_err().message.contains("two points"));
    }
}
