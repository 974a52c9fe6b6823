//! Which column of a recording a signal is read from, and how its cells become readings.

use super::recording::{Offer, Recording, Row, is_count};
use super::series::choices;
use autosim_engine::control::SignalRef;
use autosim_engine::fault::Faults;
use autosim_engine::signal::{Basis, Metric};

/// Columns every service may have besides metrics.
pub(super) const REPLICAS: &str = "replicas";
pub(super) const READY: &str = "ready";
pub(super) const PER_REPLICA: &str = "_per_replica";

/// Where a signal's values come from.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Source {
    /// A column, its cells times a factor.
    Column {
        at: usize,
        factor: f64,
        share: Share,
        /// Where the replicas of another service are.
        replicas: Option<usize>,
    },
    /// The count in force.
    OwnReplicas,
    /// Time without traffic, told by these columns.
    Idle(Vec<usize>),
}

/// What is done with a cell to make it total or per replica as the signal wants it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Share {
    AsItIs,
    /// Over the counts at the end of the window.
    ByLive,
    ByReady,
    /// Over the counts at each row.
    ByReadyEach,
    TimesReady,
}

/// Counts in force at a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) live: u32,
    pub(super) ready: u32,
}

impl Source {
    /// What a row says, in the platform's unit; `None` = missing. Idle times are not told by a row alone.
    pub(super) fn value(&self, row: &Row, own: Counts) -> Option<f64> {
        self.shared(row, own, self.undivided(row)?)
    }

    /// Whether values are averaged as totals and shared out afterwards.
    pub(super) fn shares_at_the_end(&self) -> bool {
        matches!(self, Self::Column { share: Share::ByLive | Share::ByReady, .. })
    }

    /// What a row says of the whole service.
    pub(super) fn undivided(&self, row: &Row) -> Option<f64> {
        match self {
            Self::Column { at, factor, .. } => Some(row.cells[*at]? * factor),
            Self::OwnReplicas | Self::Idle(_) => Some(0.0),
        }
    }

    /// `value` as the signal wants it, by the counts of `row`.
    pub(super) fn shared(&self, row: &Row, own: Counts, value: f64) -> Option<f64> {
        let Self::Column { share, replicas, .. } = *self else {
            return (*self == Self::OwnReplicas).then_some(f64::from(own.live));
        };
        let other = replicas.map(|at| row.cells[at]);
        let count = |own: u32| other.unwrap_or(Some(f64::from(own))).filter(|&count| count > 0.0);
        match share {
            Share::AsItIs => Some(value),
            Share::ByLive => Some(value / count(own.live)?),
            Share::ByReady | Share::ByReadyEach => Some(value / count(own.ready)?),
            Share::TimesReady => Some(value * count(own.ready)?),
        }
    }
}

/// A source for every signal, in their order; what is missing goes to `faults`.
pub(super) fn sources(
    signals: &[SignalRef],
    recording: &Recording,
    faults: &mut Faults,
) -> Vec<Source> {
    let mut found = Vec::new();
    for signal in signals {
        match source(signal, recording) {
            Ok(source) => found.push(source),
            Err(names) => {
                let message = format!("no column for what the policy reads, `{}`", names[0]);
                let (place, hint) = match recording.series.as_deref() {
                    None => ("line 1", format!("add one of: {}", names.join(", "))),
                    Some(offers) => ("", which_series(&names, offers)),
                };
                faults.error(place, message, hint);
            }
        }
    }
    found
}

/// The series that may be meant by one of `names`: several that would be such a column, else all.
fn which_series(names: &[String], offers: &[Offer]) -> String {
    let would = |one: &&Offer| one.column.as_ref().is_some_and(|column| names.contains(column));
    if let Some(column) = offers.iter().find(would).and_then(|one| one.column.as_deref()) {
        let same = offers.iter().filter(|one| one.column.as_deref() == Some(column));
        let names: Vec<&str> = same.map(|one| one.name.as_str()).collect();
        let choices = choices(column, names.iter().copied());
        return match names.as_slice() {
            [_] => choices,
            several => {
                let several = several.len();
                format!(
                    "`{column}` may be any of {several} series: let the query average or add them up, or {choices}"
                )
            }
        };
    }
    let counts = |one: &&Offer| one.column.as_deref().is_none_or(|name| !is_count(name));
    let choices = choices(&names[0], offers.iter().filter(counts).map(|one| one.name.as_str()));
    match &names[1..] {
        [] => choices,
        others => format!("{choices}; or give one of: {}", others.join(", ")),
    }
}

/// Columns that no signal is read from, and series that are no column.
pub(super) fn unread<'a>(sources: &[Source], recording: &'a Recording) -> Vec<&'a str> {
    let reads = |source: &Source, column: usize| match source {
        Source::Column { at, replicas, .. } => *at == column || *replicas == Some(column),
        Source::Idle(columns) => columns.contains(&column),
        Source::OwnReplicas => false,
    };
    let read = |name: &str| {
        let at = recording.column(name);
        let used = at.is_some_and(|at| sources.iter().any(|source| reads(source, at)));
        name == REPLICAS || name == READY || used
    };
    match &recording.series {
        None => recording.columns.iter().map(String::as_str).filter(|name| !read(name)).collect(),
        Some(offers) => {
            let unread = |one: &&Offer| !(one.taken && one.column.as_deref().is_some_and(read));
            offers.iter().filter(unread).map(|one| one.name.as_str()).collect()
        }
    }
}

/// Columns whose values fall when the policy adds replicas to its service, by name: means over replicas or
/// requests, and shares of them.
pub(super) fn of_load<'a>(
    signals: &[SignalRef],
    sources: &[Source],
    recording: &'a Recording,
) -> Vec<&'a str> {
    let reads = signals.iter().zip(sources).filter(|(signal, _)| signal.service.is_none());
    let mut names: Vec<&str> = reads
        .filter_map(|(signal, source)| match source {
            Source::Column { at, share: Share::AsItIs | Share::TimesReady, .. } => {
                let name = recording.columns[*at].as_str();
                let signal = &signal.signal;
                let falls =
                    signal.metric.is_average() || signal.per_replica || name.ends_with(PER_REPLICA);
                falls.then_some(name)
            }
            Source::Column { .. } | Source::OwnReplicas | Source::Idle(_) => None,
        })
        .collect();
    names.dedup();
    names
}

/// Refuses what no metric can be, in the columns that are read.
pub(super) fn refuse_negative(
    sources: &[Source],
    names: &[String],
    rows: &[Row],
    faults: &mut Faults,
) {
    let mut columns: Vec<usize> = sources
        .iter()
        .flat_map(|source| match source {
            Source::Column { at, .. } => std::slice::from_ref(at),
            Source::Idle(columns) => columns.as_slice(),
            Source::OwnReplicas => &[],
        })
        .copied()
        .collect();
    columns.sort_unstable();
    columns.dedup();
    for at in columns {
        let negative = |row: &&Row| row.cells[at].is_some_and(|value| value < 0.0);
        let mut rows = rows.iter().filter(negative);
        if let Some(row) = rows.next() {
            let (value, more) = (row.cells[at].unwrap_or_default(), rows.count());
            let more = if more > 0 { format!(", and {more} more") } else { String::new() };
            let place = match row.line {
                0 => names[at].clone(),
                line => format!("line {line}, {}", names[at]),
            };
            faults.error(&place, format!("`{value}` is below zero{more}"), "empty = missing");
        }
    }
}

/// Columns of a service that show traffic: autosim's names, `names` (those of the policy's product), and
/// whatever a signal of that kind is read from.
pub(super) fn traffic(
    signals: &[SignalRef],
    sources: &[Source],
    recording: &Recording,
    names: &[&str],
    service: Option<&str>,
) -> Vec<usize> {
    let prefix = service.map_or_else(String::new, |name| format!("{name}/"));
    let named = recording.columns.iter().enumerate().filter_map(|(at, name)| {
        let own = name.strip_prefix(&prefix)?;
        let metric = own.strip_suffix(PER_REPLICA).unwrap_or(own);
        let shows = names.contains(&own) || metric.parse().is_ok_and(shows_traffic);
        shows.then_some(at)
    });
    let read = signals.iter().zip(sources).filter_map(|(signal, source)| match source {
        Source::Column { at, .. }
            if signal.service.as_deref() == service && shows_traffic(signal.signal.metric) =>
        {
            Some(*at)
        }
        Source::Column { .. } | Source::OwnReplicas | Source::Idle(_) => None,
    });
    let mut columns: Vec<usize> = named.chain(read).collect();
    columns.sort_unstable();
    columns.dedup();
    columns
}

const fn shows_traffic(metric: Metric) -> bool {
    matches!(
        metric,
        Metric::RequestsPerS
            | Metric::RequestsPerMin
            | Metric::InFlightRequests
            | Metric::QueuedRequests
            | Metric::OngoingRequests
    )
}

/// The source of a signal, or the names of columns that would do.
fn source(signal: &SignalRef, recording: &Recording) -> Result<Source, Vec<String>> {
    let prefix = signal.service.as_ref().map_or_else(String::new, |name| format!("{name}/"));
    let metric = signal.signal.metric;
    if metric == Metric::Replicas && signal.service.is_none() && !signal.by_native_name {
        return Ok(Source::OwnReplicas);
    }
    if metric == Metric::IdleS {
        // Completed when all sources are known.
        return Ok(Source::Idle(Vec::new()));
    }
    let other = signal.service.as_ref().map(|_| format!("{prefix}{REPLICAS}"));
    let mut names = Vec::new();
    for (name, factor, share) in candidates(signal) {
        let name = format!("{prefix}{name}");
        let divides = share != Share::AsItIs;
        let replicas = other.as_ref().filter(|_| divides).map(|name| recording.column(name));
        match (recording.column(&name), replicas) {
            (Some(_), Some(None)) => {
                names.push(format!("{prefix}{REPLICAS} (to share out `{name}`)"));
            }
            (Some(at), replicas) => {
                return Ok(Source::Column { at, factor, share, replicas: replicas.flatten() });
            }
            (None, _) => names.push(name),
        }
    }
    Err(names)
}

/// Names of columns, best first, with what makes the platform's value of their cells.
fn candidates(signal: &SignalRef) -> Vec<(String, f64, Share)> {
    let (metric, unit) = (signal.signal.metric, signal.signal.unit);
    let mut names = Vec::new();
    if let Some(native) = &signal.native {
        names.push((native.clone(), 1.0, Share::AsItIs));
    }
    if let Some(column) = &signal.column {
        names.push((column.clone(), 1.0, Share::AsItIs));
    }
    if signal.by_native_name {
        return names;
    }
    for (metric, factor) in same_in_other_units(metric) {
        let factor = factor / unit;
        let each = format!("{metric}{PER_REPLICA}");
        match (metric.is_average(), signal.signal.per_replica, signal.signal.basis) {
            (true, ..) => {
                let long = metric.to_string();
                let short = long.strip_suffix("_percent").map(str::to_owned);
                names.push((long, factor, Share::AsItIs));
                names.extend(short.map(|short| (short, factor, Share::AsItIs)));
            }
            (_, true, basis) => {
                let share = match basis {
                    Basis::LiveNow => Share::ByLive,
                    Basis::ReadyNow => Share::ByReady,
                    Basis::ReadyOverWindow => Share::ByReadyEach,
                };
                names.push((each, factor, Share::AsItIs));
                names.push((metric.to_string(), factor, share));
            }
            (_, false, _) => {
                names.push((metric.to_string(), factor, Share::AsItIs));
                names.push((each, factor, Share::TimesReady));
            }
        }
    }
    names
}

/// The metric itself, and the same per second or per minute.
fn same_in_other_units(metric: Metric) -> Vec<(Metric, f64)> {
    let others = [
        (Metric::RequestsPerS, Metric::RequestsPerMin),
        (Metric::ErrorsPerS, Metric::ErrorsPerMin),
    ];
    let other = others.into_iter().find_map(|(per_s, per_min)| {
        let of_minute = (metric == per_s).then_some((per_min, 1.0 / 60.0));
        of_minute.or((metric == per_min).then_some((per_s, 60.0)))
    });
    std::iter::once((metric, 1.0)).chain(other).collect()
}
