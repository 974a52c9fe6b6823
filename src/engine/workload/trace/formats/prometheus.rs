//! `prometheus`: the answer of Prometheus' HTTP API to a query over a range (`query_range`) or at an instant, or a bare
//! list of its series, as client libraries leave it.
//!
//! Values are texts, times seconds since 1970. A value that is `NaN` or infinite is none. A `rate(...[5m])` looks back
//! over its window: it comes late and smooths bursts by as much.

use crate::workload::trace::columns::checked;
use crate::workload::trace::failure::TraceError;
use crate::workload::trace::format::{Format, Head, TraceFormat};
use crate::workload::trace::input::Input;
use crate::workload::trace::number::{TimeUnit, finite};
use crate::workload::trace::options::{Options, Values};
use crate::workload::trace::recording::Recording;
use crate::workload::trace::series::{Point, Series, SeriesFile};
use crate::workload::trace::stamp::StampReader;
use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Series of values.
pub(crate) struct Prometheus;

/// The envelope of an answer.
#[derive(Deserialize)]
struct Answer<'a> {
    status: Cow<'a, str>,
    error: Option<String>,
    #[serde(borrow)]
    data: Option<Data<'a>>,
}

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(borrow)]
    result: Vec<Found<'a>>,
}

/// A series: of values, or with the one of an instant.
#[derive(Deserialize)]
struct Found<'a> {
    #[serde(default)]
    metric: IndexMap<String, String>,
    #[serde(borrow, default)]
    values: Vec<Sample<'a>>,
    #[serde(borrow)]
    value: Option<Sample<'a>>,
}

#[derive(Deserialize)]
struct Sample<'a>(#[serde(borrow)] &'a RawValue, Cow<'a, str>);

impl TraceFormat for Prometheus {
    fn sniff(&self, head: &Head) -> bool {
        let has = |name: &str| head.text.contains(name);
        let text = head.text.trim_start();
        (text.starts_with('{') && has("\"resultType\""))
            || (text.starts_with('[') && has("\"metric\"") && has("\"value"))
    }
    fn read(&self, input: Input, options: &Options) -> Result<Recording, TraceError> {
        const USED: &[&str] = &["interval", "missing", "time_is", "values", "select", "by", "top"];
        options.only(Format::Prometheus, USED)?;
        let path = input.path.clone();
        let (text, sha256) = input.into_text()?;
        let mut stamps = StampReader::of_intervals(options.time_zone()?, Some(TimeUnit::Seconds));
        let found = answer(&text, &path)?;
        let values = options.values.unwrap_or_else(|| meaning(&found));
        let mut missing = 0;
        let series: Result<Vec<Series>, TraceError> = found
            .iter()
            .map(|one| series(one, Some(values), &mut stamps, &mut missing, &path))
            .collect();
        let mut file = SeriesFile::new(path, Format::Prometheus, values, &stamps, options);
        (file.series, file.sha256) = (series?, sha256);
        let told = match values {
            Values::Rates => "its values were taken for requests a second",
            Values::Counts => "its values were taken for requests of each interval",
            Values::Counters => {
                "its series are counters by their name: what they grew by is counted"
            }
        };
        file.assumptions.push(format!("{}: {told}; values = states otherwise", file.path));
        file.assumptions.extend(missing_told(missing, &file.path));
        file.into_recording(options)
    }
}

/// All series of an answer, whatever they measure.
pub(crate) fn measured(
    text: &str,
    stamps: &mut StampReader,
    path: &str,
    said: &mut Vec<String>,
) -> Result<Vec<Series>, TraceError> {
    let mut missing = 0;
    let found = answer(text, path)?;
    let series = found.iter().map(|one| series(one, None, stamps, &mut missing, path));
    let series = series.collect::<Result<_, _>>()?;
    said.extend(missing_told(missing, path));
    Ok(series)
}

fn missing_told(missing: u64, path: &str) -> Option<String> {
    (missing > 0).then(|| format!("{path}: {missing} values are NaN or infinite: none"))
}

/// The series of an answer, or of a bare list.
fn answer<'a>(text: &'a str, path: &str) -> Result<Vec<Found<'a>>, TraceError> {
    let wrong = |error: serde_json::Error| {
        let message = format!("{path}: not a whole answer of Prometheus: {error}");
        TraceError::file(message, "curl 'http://HOST:9090/api/v1/query_range?query=...' writes one")
    };
    if text.trim_start().starts_with('[') {
        return serde_json::from_str(text).map_err(wrong);
    }
    let answer: Answer<'a> = serde_json::from_str(text).map_err(wrong)?;
    match answer.data {
        Some(data) if answer.status == "success" && !data.result.is_empty() => Ok(data.result),
        Some(_) if answer.status == "success" => Err(TraceError::file(
            format!("{path}: the answer holds no series"),
            "the query matched nothing in its range",
        )),
        _ => {
            let why = answer.error.unwrap_or_default();
            let message = format!("{path}: the answer is `{}`: {why}", answer.status);
            Err(TraceError::file(message, "ask again"))
        }
    }
}

/// What values of such series are: a counter by its name (Prometheus' naming conventions), else a rate.
fn meaning(found: &[Found<'_>]) -> Values {
    let counts = |one: &Found<'_>| {
        let name = one.metric.get("__name__");
        name.is_some_and(|name| ["_total", "_count"].iter().any(|end| name.ends_with(end)))
    };
    if found.iter().all(counts) { Values::Counters } else { Values::Rates }
}

/// A series; as traffic its values are checked for what they are.
fn series(
    found: &Found<'_>,
    values: Option<Values>,
    stamps: &mut StampReader,
    missing: &mut u64,
    path: &str,
) -> Result<Series, TraceError> {
    let labels: Vec<(String, String)> =
        found.metric.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    let name = written(&labels);
    let mut points = Vec::with_capacity(found.values.len());
    for Sample(at, value) in found.values.iter().chain(&found.value) {
        let wrong = |why: &str| {
            TraceError::file(
                format!("{path}: series `{name}`: `{value}` at {at} {why}"),
                "query it anew",
            )
        };
        let at = stamps.read(at.get()).ok_or_else(|| wrong("is at no time"))?;
        let Some(value) = finite(value) else {
            *missing += 1;
            continue;
        };
        let value = values.map_or(Ok(value), |values| checked(value, values));
        let value = value.map_err(|why| wrong(&why))?;
        points.push(Point { at, value, line: 0 });
    }
    Ok(Series { name, labels, points })
}

/// Labels as Prometheus writes them: `up{job="web"}`.
pub(crate) fn written(labels: &[(String, String)]) -> String {
    let name = labels.iter().find(|(label, _)| label == "__name__").map_or("", |(_, name)| name);
    let others = labels.iter().filter(|(label, _)| label != "__name__");
    let others: Vec<String> = others.map(|(label, value)| format!("{label}=\"{value}\"")).collect();
    match others.as_slice() {
        [] if !name.is_empty() => name.to_owned(),
        others => format!("{name}{{{}}}", others.join(",")),
    }
}
