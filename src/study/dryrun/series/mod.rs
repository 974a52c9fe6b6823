//! A recording made of series: which of them is which column, and their points merged into rows.

mod known;

use super::columns::{READY, REPLICAS};
use super::recording::{MOST_REPLICAS, Offer, Recording, Row, clock_at_zero, enabled, is_count};
use autosim_engine::fault::Faults;
use autosim_engine::signal::Metric;
use autosim_engine::units::{Span, Time, WallClock, plural};
use autosim_engine::workload::trace::{Edge, Measured, Telemetry};
use known::{Nature, doubt, nature, usual};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// More rows than this are a slip.
const MOST_ROWS: usize = 20_000_000;

/// A series that a user makes a column: `NAME=SERIES`, or `NAME=SERIES*FACTOR`.
#[derive(Debug, Clone, PartialEq)]
pub struct Mapping {
    /// A metric of autosim or the platform's name for it.
    pub column: String,
    /// A name, or labels as in `{job="web"}`.
    pub series: String,
    /// What its values are multiplied by.
    pub factor: f64,
}

impl FromStr for Mapping {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            "expected NAME=SERIES, for example 'requests_per_s=rate{job=\"web\"}' or 'cpu_percent=cpu*100'"
                .to_owned()
        };
        let (column, series) = text.split_once('=').ok_or_else(wrong)?;
        let (column, series) = (column.trim(), series.trim());
        let scaled = series.rsplit_once('*').and_then(|(series, factor)| {
            let factor: f64 = factor.trim().parse().ok()?;
            Some((series.trim(), factor))
        });
        let (series, factor) = scaled.unwrap_or((series, 1.0));
        match column.is_empty() || series.is_empty() || column.contains('{') || !factor.is_finite()
        {
            true => Err(wrong()),
            false => Ok(Self { column: column.to_owned(), series: series.to_owned(), factor }),
        }
    }
}

/// A series with the column it becomes.
struct Column<'a> {
    name: String,
    series: &'a Measured,
    nature: Nature,
    factor: f64,
    /// From the time of a value to when it is known.
    late: Span,
    /// Its place among what is known; lower is better.
    rank: usize,
    /// Its points, in the column's unit.
    points: Vec<(i64, f64)>,
}

impl fmt::Display for Column<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.name != self.series.metric() {
            write!(f, "{} = ", self.name)?;
        }
        f.write_str(&self.series.name)?;
        match self.nature {
            Nature::Level => {}
            Nature::Counter(per) => write!(f, " (what it grew by per {})", per.name())?,
            Nature::PerPeriod(per) => {
                let (period, per) = (self.series.usual_gap(), per.name());
                write!(f, " (taken for the sums of each {period}, per {per})")?;
            }
            Nature::Seconds => f.write_str(" (seconds, in milliseconds)")?,
        }
        if self.factor == 1.0 { Ok(()) } else { write!(f, " * {}", self.factor) }
    }
}

impl Recording {
    /// Merges the series of files into rows: one for each instant at which any of them has a value, a cell missing
    /// where a series has none. Columns are what `mappings` say and what is known by its name, which `said` tells.
    /// `start` as for [`Recording::read`].
    pub fn of_series(
        files: &[Telemetry],
        mappings: &[Mapping],
        start: Option<&str>,
        said: &mut Vec<String>,
        faults: &mut Faults,
    ) -> Option<Self> {
        let errors = faults.errors();
        let first = files.first()?;
        if files.iter().any(|file| file.relative != first.relative) {
            let message =
                "times of one file are those of a clock, of another they count from its start";
            faults.error("--readings", message, "give files whose times are of one kind");
            return None;
        }
        let (all, none): (Vec<(Cow<'_, Measured>, Edge)>, Vec<_>) = joined(files, said, faults)
            .into_iter()
            .partition(|(series, _)| !series.points.is_empty());
        said.extend(none.iter().map(|(series, _)| format!("`{}` holds no value", series.name)));
        refuse_words(&all, faults);
        let (mut columns, offers) = assigned(&all, mappings, faults);
        ready_for_replicas(&mut columns, said);
        for column in &mut columns {
            fill(column, said, faults);
        }
        if faults.errors() > errors {
            return None;
        }
        told(files, &all, &columns, said);
        let names: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
        if names.is_empty() {
            let hint = choices("NAME", all.iter().map(|(series, _)| series.name.as_str()));
            faults.error("", "none of its series is a column by its name", hint);
            return None;
        }
        let instants = merged(&columns, faults)?;
        let (begin, end) = (*instants.keys().next()?, *instants.keys().next_back()?);
        let (clock, zero) = match first.relative {
            true => (clock_at_zero(start, &WallClock::default(), faults)?, 0),
            false => enabled((begin, Some(end)), start, |at| first.clock_from(at), faults)?,
        };
        let rows = instants.into_iter().filter_map(|(at, cells)| {
            let since = u64::try_from(at.checked_sub(zero)?).ok()?;
            Some(Row { at: Time(since), cells, line: 0 })
        });
        let rows: Vec<Row> = rows.collect();
        Some(Self {
            columns: names,
            rows,
            clock,
            clock_times: !first.relative,
            series: Some(offers),
        })
    }
}

/// The series of all files: one that several files hold, of consecutive days for example, is one.
fn joined<'a>(
    files: &'a [Telemetry],
    said: &mut Vec<String>,
    faults: &mut Faults,
) -> Vec<(Cow<'a, Measured>, Edge)> {
    let mut all: Vec<(Cow<'a, Measured>, Edge)> = Vec::new();
    let mut places = BTreeMap::new();
    for file in files {
        // Of one file two that are called alike stay two.
        let mut alike = BTreeMap::new();
        for series in &file.series {
            let mut labels: Vec<&(String, String)> = series.labels.iter().collect();
            labels.sort_unstable();
            let called = (series.metric(), labels, file.stamps == Edge::Start);
            let before = alike.entry(called.clone()).or_insert(0_usize);
            let place = *places.entry((called, *before)).or_insert(all.len());
            *before += 1;
            match all.get_mut(place) {
                None => all.push((Cow::Borrowed(series), file.stamps)),
                Some((joined, _)) => joined.to_mut().points.extend(&series.points),
            }
        }
    }
    for (series, _) in &mut all {
        let Cow::Owned(series) = series else { continue };
        series.points.sort_by_key(|point| point.0);
        series.points.dedup();
        let twice = series.points.windows(2).find(|pair| pair[0].0 == pair[1].0);
        if let Some([(at, one), (_, other)]) = twice {
            let clock = files.iter().filter(|file| !file.relative).find_map(|f| f.clock_from(*at));
            let told = clock.and_then(|clock| clock.start_told());
            let at = told.unwrap_or_else(|| format!("{} s", *at as f64 / 1e9));
            let message =
                format!("`{}` is {one} in one file and {other} in another at {at}", series.name);
            faults.error("--readings", message, "give files of one series that follow each other");
        } else {
            said.push(format!("`{}` of several files is one series", series.name));
        }
    }
    all
}

/// A column of a table in which no cell is a number was read as words; that of a metric is none.
fn refuse_words(all: &[(Cow<'_, Measured>, Edge)], faults: &mut Faults) {
    let mut labels = all.iter().flat_map(|(series, _)| &series.labels);
    let is_metric = |name: &str| name.contains('_') && name.parse::<Metric>().is_ok();
    if let Some((name, value)) = labels.find(|(name, _)| is_metric(name)) {
        let message = format!("no cell of `{name}` is a number: `{value}`");
        faults.error("--readings", message, "a number, or nothing where there is none");
    }
}

/// Which series is which column, and what each is or may be.
fn assigned<'a>(
    all: &'a [(Cow<'_, Measured>, Edge)],
    mappings: &[Mapping],
    faults: &mut Faults,
) -> (Vec<Column<'a>>, Vec<Offer>) {
    let mut columns: Vec<Column<'a>> = Vec::new();
    for mapping in mappings {
        // A whole name is that series alone, though it reads like labels of others too.
        let exact = all.iter().any(|(series, _)| series.name == mapping.series);
        let found = all.iter().filter(|(series, _)| match exact {
            true => series.name == mapping.series,
            false => series.is_called(&mapping.series),
        });
        let found: Vec<&(Cow<'_, Measured>, Edge)> = found.collect();
        let place = "--column";
        if columns.iter().any(|column| column.name == mapping.column) {
            let message = format!("`{}` is given twice", mapping.column);
            faults.error(place, message, "a column is one series: let the query add several up");
        }
        match found.as_slice() {
            [(series, edge)] => {
                let name = mapping.column.clone();
                columns.push(Column { factor: mapping.factor, ..column(name, series, *edge, 0) });
            }
            [] => {
                let message = format!("there is no series `{}`", mapping.series);
                let names = all.iter().map(|(series, _)| series.name.as_str());
                faults.error(place, message, choices(&mapping.column, names));
            }
            several => {
                let message = format!("`{}` are {} series", mapping.series, several.len());
                let names = several.iter().map(|(series, _)| series.name.as_str());
                faults.error(place, message, choices(&mapping.column, names));
            }
        }
    }
    let stated = columns.len();
    let mut offers = Vec::new();
    let mut known: BTreeMap<String, Vec<Column<'a>>> = BTreeMap::new();
    for (series, edge) in all {
        let taken = columns[..stated].iter().find(|column| std::ptr::eq(column.series, &**series));
        let usual = usual(series);
        let stated = taken.map(|column| column.name.clone());
        let column_name = stated.or_else(|| usual.as_ref().map(|(name, _)| name.clone()));
        let name = series.name.clone();
        offers.push(Offer { name, column: column_name, taken: taken.is_some() });
        if let (None, Some((name, rank))) = (taken, usual) {
            let column = column(name.clone(), series, *edge, rank);
            known.entry(name).or_default().push(column);
        }
    }
    for (name, several) in known {
        if columns[..stated].iter().any(|column| column.name == name) {
            continue;
        }
        let best = several.iter().map(|column| column.rank).min();
        let mut best: Vec<Column<'a>> =
            several.into_iter().filter(|column| Some(column.rank) == best).collect();
        if let [only] = best.as_slice() {
            let taken = only.series.name.as_str();
            offers.iter_mut().for_each(|offer| offer.taken |= offer.name == taken);
            columns.append(&mut best);
        } else if is_count(&name) {
            let message = format!("{} series may be `{name}`", best.len());
            let names = best.iter().map(|column| column.series.name.as_str());
            faults.error("", message, choices(&name, names));
        }
    }
    (columns, offers)
}

fn column(name: String, series: &Measured, edge: Edge, rank: usize) -> Column<'_> {
    let late = match edge {
        Edge::Start => series.usual_gap(),
        Edge::End => Span::ZERO,
    };
    let nature = nature(&name, series);
    Column { name, series, nature, factor: 1.0, late, rank, points: Vec::new() }
}

/// What helps where it is not known which series a column is: the choices, to be pasted.
pub(super) fn choices<'a>(column: &str, names: impl Iterator<Item = &'a str>) -> String {
    const SHOWN: usize = 8;
    let flags: Vec<String> =
        names.map(|name| format!("--column '{column}={}'", name.replace('\'', "'\\''"))).collect();
    let mut shown = flags[..flags.len().min(SHOWN)].join(" or ");
    if flags.len() > SHOWN {
        shown.push_str(&format!(" ... ({} more)", flags.len() - SHOWN));
    }
    format!("say which: {shown}")
}

/// Where nothing counts all replicas, those that are ready stand for them.
fn ready_for_replicas(columns: &mut [Column<'_>], said: &mut Vec<String>) {
    if columns.iter().any(|column| column.name == REPLICAS) {
        return;
    }
    if let Some(ready) = columns.iter_mut().find(|column| column.name == READY) {
        ready.name = REPLICAS.to_owned();
        said.push(format!(
            "no series counts all replicas: `{}`, those that are ready, stands for them; --column \
             'replicas=SERIES' states another",
            ready.series.name
        ));
    }
}

/// The points of a column, in its unit and at the instants at which they are known.
fn fill(column: &mut Column<'_>, said: &mut Vec<String>, faults: &mut Faults) {
    let points = match column.nature {
        Nature::Level => Ok(column.series.points.clone()),
        Nature::Seconds => Ok(scaled(&column.series.points, 1e3)),
        Nature::Counter(per) => Ok(scaled(&growth(&column.series.points), per.seconds())),
        Nature::PerPeriod(per) => {
            per_second(column.series, said).map(|points| scaled(&points, per.seconds()))
        }
    };
    let points = match points {
        Ok(points) => points,
        Err((message, hint)) => return faults.error(&column.name, message, hint),
    };
    column.points = scaled(&points, column.factor);
    for point in &mut column.points {
        point.0 = point.0.saturating_add_unsigned(column.late.0);
    }
    if is_count(&column.name) {
        whole(column, said, faults);
    }
    let own = column.name.rsplit('/').next().unwrap_or_default();
    if column.nature == Nature::Level
        && column.factor == 1.0
        && let Some((message, hint)) = doubt(&column.name, column.series)
    {
        faults.warn(&column.name, format!("`{}`: {message}", column.series.name), hint);
    }
    let most = column.points.iter().map(|point| point.1).fold(0.0, f64::max);
    if own.ends_with("_percent") && most > 0.0 && most <= 1.5 && column.factor == 1.0 {
        let message = format!("its values are at most {most}");
        let name = &column.series.name;
        let hint = format!("if 1 is all of it: --column '{}={name}*100'", column.name);
        faults.warn(&column.name, message, hint);
    }
}

fn scaled(points: &[(i64, f64)], factor: f64) -> Vec<(i64, f64)> {
    points.iter().map(|&(at, value)| (at, value * factor)).collect()
}

/// Per second from one sample to the next; a smaller one began again at zero.
fn growth(points: &[(i64, f64)]) -> Vec<(i64, f64)> {
    let grew = |pair: &[(i64, f64)]| {
        let ((before, from), (at, to)) = (pair[0], pair[1]);
        let counted = if to < from { to } else { to - from };
        (at, counted / Span(at.abs_diff(before)).as_secs_f64())
    };
    points.windows(2).map(grew).collect()
}

/// Counts of periods per second; a period without a value counted nothing.
fn per_second(
    series: &Measured,
    said: &mut Vec<String>,
) -> Result<Vec<(i64, f64)>, (String, &'static str)> {
    let period = series.usual_gap().0;
    if period == 0 {
        let message =
            format!("`{}` has one value: how long its period is cannot be told", series.name);
        return Err((message, "export a range of several periods"));
    }
    let mut points: Vec<(i64, f64)> = Vec::with_capacity(series.points.len());
    let mut all_quiet = 0;
    for &(at, value) in &series.points {
        if let Some(&(last, _)) = points.last() {
            let between = (at.abs_diff(last).saturating_add(period / 2) / period).saturating_sub(1);
            if all_quiet + between > MOST_ROWS as u64 {
                let message = format!("`{}` has a hole of {between} periods", series.name);
                return Err((message, "export a shorter range"));
            }
            all_quiet += between;
            let zero = |step: u64| (last.saturating_add_unsigned(step.saturating_mul(period)), 0.0);
            points.extend((1..=between).map(zero));
        }
        points.push((at, value / Span(period).as_secs_f64()));
    }
    if all_quiet > 0 {
        let (name, quiet) = (&series.name, plural(all_quiet, "period"));
        said.push(format!("`{name}`: {quiet} without a value, in which nothing was counted"));
    }
    Ok(points)
}

/// Counts of replicas are whole: averages of a downsampled series are rounded.
fn whole(column: &mut Column<'_>, said: &mut Vec<String>, faults: &mut Faults) {
    let (name, series) = (&column.name, &column.series.name);
    let off = column.points.iter().find(|point| !(0.0..=MOST_REPLICAS).contains(&point.1));
    if let Some((_, value)) = off {
        let hint = "a count is from 0 to 10 million: another series may be meant";
        return faults.error(name, format!("`{series}`: {value} is no count of replicas"), hint);
    }
    let fractions = column.points.iter().filter(|point| point.1.fract() != 0.0).count() as u64;
    if fractions > 0 {
        said.push(format!("{name}: {} rounded to whole replicas", plural(fractions, "value")));
    }
    for point in &mut column.points {
        point.1 = point.1.round();
    }
}

/// What the files hold and what was made of it, in a sentence.
fn told(
    files: &[Telemetry],
    all: &[(Cow<'_, Measured>, Edge)],
    columns: &[Column<'_>],
    said: &mut Vec<String>,
) {
    said.splice(0..0, files.iter().flat_map(|file| file.assumptions.iter().cloned()));
    if columns.iter().any(|column| column.late > Span::ZERO) {
        let sentence =
            "times of CloudWatch begin periods: each value is known at the end of its own";
        said.push(sentence.to_owned());
    }
    let points: usize = all.iter().map(|(series, _)| series.points.len()).sum();
    let columns: Vec<String> = columns.iter().map(ToString::to_string).collect();
    let became =
        if columns.is_empty() { "none is a column".to_owned() } else { columns.join("; ") };
    let (series, points) = (all.len() as u64, plural(points as u64, "value"));
    said.push(format!("{series} series of {points}: {became}"));
}

/// A row for every instant. A count holds until its next value, or until that is overdue: rows of other series in
/// between do not say that it is unknown.
fn merged(columns: &[Column<'_>], faults: &mut Faults) -> Option<BTreeMap<i64, Vec<Option<f64>>>> {
    let mut rows: BTreeMap<i64, Vec<Option<f64>>> = BTreeMap::new();
    for (place, column) in columns.iter().enumerate() {
        for &(at, value) in &column.points {
            rows.entry(at).or_insert_with(|| vec![None; columns.len()])[place] = Some(value);
        }
        if rows.len() > MOST_ROWS {
            let message = format!("more than {MOST_ROWS} rows");
            faults.error("--readings", message, "give a shorter range");
            return None;
        }
    }
    for (place, column) in columns.iter().enumerate().filter(|(_, column)| is_count(&column.name)) {
        let gap = column.series.usual_gap().0;
        let overdue = gap.saturating_add(gap / 2);
        let mut last: Option<(i64, f64)> = None;
        for (&at, cells) in &mut rows {
            match (cells[place], last) {
                (Some(value), _) => last = Some((at, value)),
                (None, Some((since, value))) if at.abs_diff(since) < overdue => {
                    cells[place] = Some(value);
                }
                (None, _) => {}
            }
        }
    }
    Some(rows)
}

#[cfg(test)]
mod tests;
