//! What is asked where a file does not say what its rows are: nothing is concluded that something speaks against.

use super::failure::TraceError;
use super::format::Head;
use super::formats::grafana;
use super::number::finite;
use super::options::Options;
use super::requests::is_time_name;
use super::stamp::{RELATIVE_BELOW_NS, StampReader};
use crate::units::Span;

/// Columns that say which metric, or which series, a row is of.
pub(super) const METRIC_NAMES: &[&str] =
    &["metric", "metric_name", "metrics", "__name__", "series"];

/// Words of a name that speaks of requests in an interval, not of one request.
const OF_INTERVALS: &[&str] = &[
    "requests",
    "reqs",
    "rps",
    "qps",
    "tps",
    "rpm",
    "throughput",
    "hits",
    "visits",
    "total",
    "invocations",
    "queries",
];

/// Words of a name that speaks of one request all the same.
const OF_ONE: &[&str] =
    &["id", "tokens", "bytes", "size", "time", "duration", "latency", "length", "ms", "cost"];

/// Rows at even distances, at least so many, are samples rather than requests.
const FEWEST_SAMPLES: usize = 4;

/// What speaks against one request a row in a table with a column of times.
pub(super) fn about(head: &Head, options: &Options, path: &str) -> Option<TraceError> {
    let rows = head.rows();
    let numeric = numeric_columns(head, options, &rows);
    let metric =
        head.header.iter().find(|name| METRIC_NAMES.iter().any(|m| name.eq_ignore_ascii_case(m)));
    let speaking = numeric.iter().find(|name| speaks_of_intervals(name));
    let why = if let Some(metric) = metric {
        format!("its column `{metric}` says that rows are of several metrics")
    } else if let Some(name) = speaking {
        format!("its column `{name}` may be the requests of an interval")
    } else {
        let step = even_step(head, options, &rows).filter(|_| !numeric.is_empty())?;
        format!("its rows are {step} apart, beside numbers in `{}`", numeric.join("`, `"))
    };
    let message = format!("what a row of `{path}` is cannot be told: {why}");
    let value = speaking.copied().unwrap_or_else(|| proposed(&numeric));
    Some(TraceError::at("format", message, choices(value)))
}

/// The first of these columns that has a name.
fn proposed<'a>(columns: &[&'a str]) -> &'a str {
    columns.iter().find(|name| !name.is_empty()).copied().unwrap_or("COLUMN")
}

/// A name as a shell takes it.
pub(super) fn quoted(name: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "_.-".contains(letter);
    match name.chars().all(plain) && !name.is_empty() {
        true => name.to_owned(),
        false => format!("'{}'", name.replace('\'', "'\\''")),
    }
}

/// The choices, as flags to be pasted.
fn choices(value: &str) -> String {
    let value = quoted(value);
    format!(
        "say which: --as counts --value {value} (requests of each interval), --as rates --value {value} (requests a \
         second), --as counters --value {value} (requests since the beginning) or --as timestamps (a row is a \
         request); in a scenario: format = \"counts\", value = ..."
    )
}

/// A file that is known, and is no traffic, or that another tool turns into some.
struct Known {
    is: fn(&Head) -> bool,
    what: &'static str,
    way: &'static str,
}

const KNOWN: &[Known] = &[
    Known {
        is: |head| head.header.iter().any(|name| name.starts_with("percentile_Average")),
        what: "durations of Azure Functions 2019, without when they ran",
        way: "the file of invocations is the traffic",
    },
    Known {
        is: |head| head.header.iter().any(|name| name.starts_with("AverageAllocatedMb")),
        what: "memory of Azure Functions 2019, without when they ran",
        way: "the file of invocations is the traffic",
    },
    Known {
        is: |head| head.lines.iter().any(|line| line.starts_with("apiVersion:")),
        what: "a document of Kubernetes, not traffic",
        way: "`autosim check FILE` looks at it, and --policy FILE runs it",
    },
    Known {
        is: |head| head.has_all(&["iat_cv", "iat_family"]),
        what: "parameters of ServeGen's clients, not requests",
        way: "a source with its rates: [workload.arrivals.NAME.profile]; burstiness by [workload.arrivals.NAME.renewal]",
    },
    Known {
        is: |head| head.text.starts_with('{') && head.text.contains("\"startedDateTime\""),
        what: "an HTTP archive (HAR)",
        way: "jq -c '.log.entries[] | {time: .startedDateTime, took_ms: .time}' FILE > har.jsonl makes lines that are read, \
              with --sort --service-time took_ms:ms",
    },
    Known {
        is: |head| head.has_all(&["chat_id", "input_length"]),
        what: "requests of Qwen, whose times may be in seconds",
        way: "say so: --as timestamps --time timestamp --time-unit s",
    },
    Known {
        is: |head| {
            head.is_json() && head.text.contains("\"traceID\"") && head.text.contains("\"spans\"")
        },
        what: "spans of Jaeger",
        way: "jq -c '.data[].spans[] | {time: .startTime, took: .duration}' FILE > spans.jsonl makes lines that are read, \
              with --sort --time-unit us --service-time took:us; choose the spans of the service in question",
    },
    Known {
        is: |head| head.text.contains("\"resourceSpans\""),
        what: "spans of OpenTelemetry",
        way: "jq -c '.resourceSpans[].scopeSpans[].spans[] | {time: .startTimeUnixNano, took: ((.endTimeUnixNano | tonumber) \
              - (.startTimeUnixNano | tonumber))}' FILE > spans.jsonl makes lines that are read, with --sort --time-unit ns \
              --service-time took:ns",
    },
    Known {
        is: |head| {
            head.is_json()
                && head.text.contains("\"timeSeries\"")
                && head.text.contains("\"points\"")
        },
        what: "an answer of Google's Cloud Monitoring",
        way: "jq -r '[\"time\",\"count\"], (.timeSeries[].points[] | [.interval.endTime, (.value.int64Value // \
              .value.doubleValue)]) | @csv' FILE > counts.csv makes a table that is read, with --as counts --value count \
              --time-is end --sort",
    },
    Known {
        is: |head| {
            head.is_json()
                && head.text.contains("\"timeseries\"")
                && head.text.contains("\"timeStamp\"")
        },
        what: "an answer of Azure Monitor",
        way: "jq -r '[\"time\",\"count\"], (.value[0].timeseries[].data[] | select(.total != null) | [.timeStamp, .total]) | @csv' \
              FILE > counts.csv makes a table that is read, with --as counts --value count",
    },
    Known {
        is: |head| head.is_json() && head.text.contains("\"pointlist\""),
        what: "an answer of Datadog",
        way: "jq -r '[\"time\",\"rate\"], (.series[].pointlist[] | select(.[1] != null)) | @csv' FILE > rates.csv makes a table that \
              is read, with --as rates --value rate --time-unit ms, or --as counts --value rate where it was asked .as_count()",
    },
    Known {
        is: |head| {
            head.is_json() && head.text.contains("\"streams\"") && head.text.contains("\"stream\"")
        },
        what: "an answer of Loki: lines of logs with their streams",
        way: "jq -r '.data.result[].values[][1]' FILE > lines.log leaves the lines, which are read where their form is known, \
              with --sort",
    },
    Known {
        is: |head| head.text.starts_with("#[Histogram log format"),
        what: "a log of HdrHistogram: how long requests took, not when they came",
        way: "its percentiles may make a service time: service_time.empirical",
    },
    Known {
        is: |head| head.is_json() && head.text.contains("\"latencyPercentiles\""),
        what: "a report of oha: how long requests took, not when they came",
        way: "its percentiles may make a service time: service_time.empirical",
    },
    Known {
        is: |head| {
            head.text.contains("Latency Distribution")
                || head.text.contains("Detailed Percentile spectrum")
        },
        what: "a report of wrk: how long requests took, not when they came",
        way: "its percentiles may make a service time: service_time.empirical",
    },
    Known {
        is: |head| {
            let has = |name: &str| head.text.contains(name);
            head.text.starts_with('{')
                && (has("\"user_count\"") && has("\"stats_total\"") || has("\"num_reqs_per_sec\""))
        },
        what: "reports of Locust's workers",
        way: "locust --csv NAME --csv-full-history writes a history that is read",
    },
    Known {
        is: |head| head.text.contains("\"runtimeData\""),
        what: "cold starts of lambda-perf: no traffic",
        way: "they may make a cold start: replica.cold_start.empirical",
    },
    Known {
        is: |head| head.text.contains("\"gap_seconds\""),
        what: "availability of spot machines: no traffic",
        way: "replica.failures takes replicas away",
    },
    Known {
        is: |head| head.text.starts_with('\u{1b}') && head.text.contains("HTTP/1"),
        what: "a log of siege with colours",
        way: "siege --log=FILE writes only totals: sed 's/\\x1b\\[[0-9;]*m//g' FILE, with a header `user,protocol,status,took,\
              bytes,url,id,time`, is read with --sort --service-time took:s",
    },
];

/// A file of a known kind that is not read: what it is, and the nearest way.
pub(super) fn known(head: &Head, path: &str) -> Option<TraceError> {
    if let Some(error) = error_of_prometheus(head) {
        let what = "an answer of Prometheus that says what was wrong with the question";
        let message = format!("`{path}` is {what}: {error}");
        return Some(TraceError::at("format", message, "mend the query and ask again"));
    }
    let known = KNOWN.iter().find(|known| (known.is)(head))?;
    Some(TraceError::at("format", format!("`{path}` is {}", known.what), known.way))
}

/// The error that is all an answer holds.
fn error_of_prometheus(head: &Head) -> Option<String> {
    let text = head.text.trim();
    let may_be = text.starts_with('{') && text.contains("\"error\"");
    let answer: serde_json::Value = may_be.then(|| serde_json::from_str(text).ok())??;
    let is_error = answer.get("status")?.as_str() == Some("error");
    answer.get("error")?.as_str().filter(|_| is_error).map(str::to_owned)
}

/// What is said of a file that no format knows.
pub(super) fn unknown(head: &Head, path: &str) -> TraceError {
    let first = head.lines.first().map_or("", String::as_str);
    let shown: String = first.chars().take(60).collect();
    let message = format!("the format of `{path}` cannot be told; it begins with `{shown}`");
    TraceError::at("format", message, remedy(head))
}

fn remedy(head: &Head) -> String {
    if head.is_numeric() {
        return "numbers without a header: name the columns in a first line, or state format = \
                \"per-second-counts\" (--as per-second-counts) if each is the count of a second"
            .to_owned();
    }
    if head.is_document() {
        let shapes = "answers of prometheus and cloudwatch are read, and lines of JSON with a time each: jq -c '.[]' \
                      FILE > lines.jsonl makes lines of an array";
        return shapes.to_owned();
    }
    let value = head.header.iter().find(|name| name.eq_ignore_ascii_case("value"));
    if let (true, Some(value)) = (head.timed, value) {
        return choices(value);
    }
    match times_by_content(head) {
        Some(name) => {
            let rows = head.rows();
            let dated = Options { time: Some(name.to_owned()), ..Options::default() };
            let numbers = numeric_columns(head, &dated, &rows);
            let (time, value) = (quoted(name), proposed(&numbers));
            format!("its column `{name}` may be the time: --time {time}; {}", choices(value))
        }
        None => "name its format with --as, one of those in the guide; a table needs a header, and its column of times by \
                 --time COLUMN"
            .to_owned(),
    }
}

/// True for the column of times: the stated one, or one with a usual name.
fn is_time(options: &Options, name: &str) -> bool {
    options.time.as_ref().map_or_else(|| is_time_name(name), |time| time == name)
}

/// Columns of numbers, times left out: at least half of their cells are numbers, with a comma or a unit for all that.
fn numeric_columns<'a>(head: &'a Head, options: &Options, rows: &[Vec<String>]) -> Vec<&'a str> {
    let is_number = |cell: &&String| {
        cell.starts_with(|first: char| first.is_ascii_digit() || first == '-')
            && (finite(&cell.replacen(',', ".", 1)).is_some() || grafana::cell(cell).is_some())
    };
    let is_numeric = |index: usize| {
        let cells: Vec<&String> = rows.iter().filter_map(|row| row.get(index)).collect();
        !cells.is_empty() && cells.iter().copied().filter(is_number).count() * 2 >= cells.len()
    };
    let columns = head.header.iter().enumerate().filter(|(_, name)| !is_time(options, name));
    columns.filter(|(index, _)| is_numeric(*index)).map(|(_, name)| name.as_str()).collect()
}

fn speaks_of_intervals(name: &str) -> bool {
    let words = words(name);
    let any = |of: &[&str]| words.iter().any(|word| of.contains(&word.as_str()));
    let lower = name.to_lowercase();
    let a_second =
        ["/s", "/min", "per sec", "per min", "persec"].iter().any(|end| lower.contains(end));
    (any(OF_INTERVALS) || a_second) && !any(OF_ONE)
}

/// The words of a name, in lower case: apart by signs, or by a capital behind a small letter.
fn words(name: &str) -> Vec<String> {
    let (mut words, mut small) = (vec![String::new()], false);
    for letter in name.chars() {
        if (letter.is_uppercase() && small) || !letter.is_alphanumeric() {
            words.push(String::new());
        }
        small = letter.is_lowercase();
        if let (true, Some(word)) = (letter.is_alphanumeric(), words.last_mut()) {
            word.extend(letter.to_lowercase());
        }
    }
    words
}

/// The usual distance of the rows, where all distances are multiples of it and at least a second: samples, some of
/// which may be missing, in either order.
fn even_step(head: &Head, options: &Options, rows: &[Vec<String>]) -> Option<Span> {
    let time = head.header.iter().position(|name| is_time(options, name))?;
    let mut stamps = StampReader::utc();
    let at: Option<Vec<i64>> = rows.iter().map(|row| stamps.read(row.get(time)?)).collect();
    let mut at = at.filter(|at| at.len() >= FEWEST_SAMPLES)?;
    at.sort_unstable();
    let gaps: Vec<u64> = at.windows(2).map(|pair| pair[1].abs_diff(pair[0])).collect();
    let mut sorted = gaps.clone();
    let step = *sorted.select_nth_unstable(gaps.len() / 2).1;
    let even = step >= 1_000_000_000 && gaps.iter().all(|gap| *gap > 0 && gap.is_multiple_of(step));
    even.then_some(Span(step))
}

/// The first column all of whose cells are times of the calendar.
fn times_by_content(head: &Head) -> Option<&str> {
    let rows = head.rows();
    let is_time = |index: usize| {
        let mut stamps = StampReader::utc();
        let dated = |row: &Vec<String>| {
            let at = row.get(index).and_then(|cell| stamps.read(cell));
            at.is_some_and(|at| at >= RELATIVE_BELOW_NS)
        };
        !rows.is_empty() && rows.iter().all(dated)
    };
    let named = |index: &usize| !head.header[*index].is_empty() && is_time(*index);
    (0..head.header.len()).find(named).map(|index| head.header[index].as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_speak_of_intervals_are_told_from_those_of_one_request() {
        for name in [
            "total_requests",
            "Requests/sec",
            "rps",
            "throughput",
            "Visits",
            "totalRequests",
            "req/min",
        ] {
            assert!(speaks_of_intervals(name), "{name}");
        }
        for name in [
            "request_id",
            "Request tokens",
            "Total tokens",
            "bytes",
            "web",
            "totalTime",
            "attempts",
        ] {
            assert!(!speaks_of_intervals(name), "{name}");
        }
    }
}
