//! `trace fetch prometheus`: the answers to queries over a range, in pieces where it is long, as one file.

use super::Server;
use super::client::Client;
use super::instant::Instant;
use crate::cli::exit::{Exit, Failure};
use crate::cli::terminal::Terminal;
use autosim_engine::units::{Span, plural};
use autosim_engine::workload::trace::write_packed;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

/// A server answers 11 000 points of a series at once.
const PIECE: u64 = 10_000;
/// More points of one series than this are a slip: a year at a second is more than anybody replays.
const MOST_POINTS: u64 = 40_000_000;

/// Fetch series from Prometheus, or whatever speaks its query_range
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    server: Server,
    /// What is asked, in PromQL; NAME=QUERY calls its series so, for example by the metric of autosim that they are;
    /// may be repeated
    #[arg(long = "query", value_name = "[NAME=]QUERY", required = true)]
    queries: Vec<Query>,
    /// From when on: a date and time, seconds since 1970, or how long ago, for example -7d
    #[arg(long, value_name = "TIME", default_value = "-1d")]
    from: Instant,
    /// Up to when
    #[arg(long, value_name = "TIME", default_value = "now")]
    to: Instant,
    /// From one point to the next
    #[arg(long, value_name = "SPAN", default_value = "15s")]
    step: Span,
    /// The file to write, whole or not at all; `.gz` and `.zst` are packed [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  autosim trace fetch prometheus --url http://127.0.0.1:9090 --from=-7d --out week.json \\
      --query 'sum(rate(http_requests_total{job=\"web\"}[1m]))'
  autosim trace fetch prometheus --url http://127.0.0.1:9090 --from 2026-03-02 --to 2026-03-03 --out day.json \\
      --query 'replicas=kube_deployment_status_replicas{deployment=\"web\"}' \\
      --query 'requests_per_s=sum(rate(http_requests_total{job=\"web\"}[1m]))'
Then `autosim run --trace week.json ...`, `autosim decide --readings day.json ...`.";

/// A query, and what its series are to be called.
#[derive(Debug, Clone, PartialEq)]
struct Query {
    name: Option<String>,
    text: String,
}

impl FromStr for Query {
    type Err = String;

    /// PromQL has no `NAME=...` of its own, but `NAME==...`, `NAME=~...` within braces.
    fn from_str(text: &str) -> Result<Self, String> {
        let word = |name: &str| {
            let mut letters = name.chars();
            let first = |letter: char| letter.is_ascii_alphabetic() || letter == '_';
            letters.next().is_some_and(first)
                && letters.all(|letter| first(letter) || letter.is_ascii_digit())
        };
        let named = text
            .split_once('=')
            .filter(|(name, query)| word(name.trim()) && !query.starts_with(['=', '~']));
        let (name, query) = match named {
            Some((name, query)) => (Some(name.trim().to_owned()), query),
            None => (None, text),
        };
        match query.trim() {
            "" => {
                Err("expected a query in PromQL, for example 'up' or 'NAME=sum(rate(x[1m]))'"
                    .into())
            }
            query => Ok(Self { name, text: query.to_owned() }),
        }
    }
}

type Labels = BTreeMap<String, String>;
type Sample = (serde_json::Number, String);

#[derive(Deserialize, Serialize)]
struct Answer {
    status: String,
    #[serde(default, skip_serializing)]
    error: Option<String>,
    data: Option<Data>,
    #[serde(default, skip_serializing)]
    warnings: Vec<String>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    result_type: String,
    result: Vec<Series>,
}

#[derive(Deserialize, Serialize)]
struct Series {
    metric: Labels,
    #[serde(default)]
    values: Vec<Sample>,
}

pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<Exit, Failure> {
    let pieces = pieces(args)?;
    let client = Client::new(&args.server)?;
    let url = format!("{}/api/v1/query_range", base(&args.server.url)?);
    let mut series: BTreeMap<Labels, Vec<Sample>> = BTreeMap::new();
    for (at, query) in args.queries.iter().enumerate() {
        let found = fetched(&client, &url, query, args.step, &pieces, terminal)?;
        if found.is_empty() {
            terminal.say(&format!("warning: no series in this range: {}", query.text));
        }
        for (labels, values) in found {
            if at > 0 && series.contains_key(&labels) {
                return Err(Failure::bad_input(format_args!(
                    "--query: the series of `{}` have the labels of another query's; name each: --query 'NAME={}'",
                    query.text, query.text
                )));
            }
            series.insert(labels, values);
        }
    }
    let points: usize = series.values().map(Vec::len).sum();
    if points == 0 {
        return Err(Failure::bad_input(
            "--query: the server has nothing of it from --from to --to; try the query on its page",
        ));
    }
    let count = series.len();
    let result = series.into_iter().map(|(metric, values)| Series { metric, values }).collect();
    let data = Some(Data { result_type: "matrix".to_owned(), result });
    let answer = Answer { status: "success".to_owned(), error: None, data, warnings: Vec::new() };
    let text = serde_json::to_string(&answer).unwrap_or_default() + "\n";
    let told = format!("{count} series of {}", plural(points as u64, "value"));
    match &args.out {
        None => terminal.print(&text)?,
        Some(out) => {
            write_packed(out, text.as_bytes())
                .map_err(|error| Failure::bad_input(format_args!("--out: {error}")))?;
            let (out, step) = (out.display(), args.step);
            terminal
                .say(&format!("{told}, {step} apart, in {out}; see `autosim trace inspect {out}`"));
        }
    }
    Ok(Exit::Good)
}

/// First and last instants of the parts of the range, in milliseconds since 1970.
fn pieces(args: &Args) -> Result<Vec<(i64, i64)>, Failure> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = i64::try_from(now.as_nanos()).unwrap_or(i64::MAX);
    let (from, to) = (args.from.millis(now), args.to.millis(now));
    let step = args.step.0 / 1_000_000;
    if step == 0 || step * 1_000_000 != args.step.0 {
        return Err(Failure::bad_input("--step: give whole milliseconds, at least one"));
    }
    if from >= to {
        return Err(Failure::bad_input(
            "--from is not before --to: give a range, for example --from -7d",
        ));
    }
    let points = to.abs_diff(from) / step + 1;
    if points > MOST_POINTS {
        return Err(Failure::bad_input(format_args!(
            "--step: {points} points of each series: give a longer step or a shorter range"
        )));
    }
    let instant = |point: u64| from.saturating_add_unsigned(point * step);
    let firsts = (0..points).step_by(PIECE as usize);
    Ok(firsts.map(|first| (instant(first), instant((first + PIECE).min(points) - 1))).collect())
}

/// The address without what belongs to a page or to the question.
fn base(url: &str) -> Result<&str, Failure> {
    if url.contains(['?', '#']) {
        return Err(Failure::bad_input(
            "--url: give the server's address alone, and what is asked with --query, --from, --to and --step",
        ));
    }
    let url = url.trim_end_matches('/');
    let ends = ["/query_range", "/query", "/api/v1", "/graph"];
    Ok(ends.iter().fold(url, |url, end| url.strip_suffix(end).unwrap_or(url)))
}

/// The series of a query over all pieces.
fn fetched(
    client: &Client,
    url: &str,
    query: &Query,
    step: Span,
    pieces: &[(i64, i64)],
    terminal: &Terminal,
) -> Result<BTreeMap<Labels, Vec<Sample>>, Failure> {
    let seconds = |ms: i64| format!("{}.{:03}", ms.div_euclid(1000), ms.rem_euclid(1000));
    let step = seconds(i64::try_from(step.0 / 1_000_000).unwrap_or(i64::MAX));
    let mut all: BTreeMap<Labels, Vec<Sample>> = BTreeMap::new();
    for &(from, to) in pieces {
        let (from, to) = (seconds(from), seconds(to));
        let asked =
            [("query", query.text.as_str()), ("start", &from), ("end", &to), ("step", &step)];
        let body = client.get(url, &asked, terminal)?;
        let answer: Answer =
            serde_json::from_slice(&body).map_err(|error| not_an_answer(&body, &error))?;
        for warning in &answer.warnings {
            terminal.say(&format!("warning: the server says: {warning}"));
        }
        if let Some(error) = answer.error {
            return Err(Failure::bad_input(format_args!(
                "--query: the server answers `{}`: {error} (mend the query)",
                answer.status
            )));
        }
        let data = answer.data.filter(|data| data.result_type == "matrix").ok_or_else(|| {
            Failure::bad_input(
                "--url: the server answers no series over a range: is it Prometheus?",
            )
        })?;
        let mut of_piece = BTreeSet::new();
        for mut series in data.result {
            if let Some(name) = &query.name {
                series.metric.insert("__name__".to_owned(), name.clone());
            }
            if !of_piece.insert(series.metric.clone()) {
                return Err(alike(query, &series.metric));
            }
            all.entry(series.metric).or_default().append(&mut series.values);
        }
    }
    Ok(all)
}

/// Series that only their names told apart, which are gone.
fn alike(query: &Query, labels: &Labels) -> Failure {
    let told = labels.iter().filter(|(label, _)| *label != "__name__");
    let told: Vec<String> = told.map(|(label, value)| format!("{label}=\"{value}\"")).collect();
    let (told, text) = (told.join(","), &query.text);
    let remedy = match &query.name {
        Some(name) => format!(
            "let the query add them up, as in '{name}=sum({text})', or ask for one name alone; without `{name}=` each \
             keeps its own"
        ),
        None => "is it Prometheus? its series differ in their labels".to_owned(),
    };
    Failure::bad_input(format_args!(
        "--query: several series of `{text}` have the labels {{{told}}} ({remedy})"
    ))
}

fn not_an_answer(body: &[u8], error: &serde_json::Error) -> Failure {
    let begin: String = String::from_utf8_lossy(body).trim().chars().take(40).collect();
    Failure::bad_input(format_args!(
        "--url: the answer is none of Prometheus ({error}); it begins with `{}`: is the address right?",
        begin.escape_debug()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_may_bring_the_name_of_its_series() {
        for (text, name, query) in [
            ("up", None, "up"),
            ("replicas=sum(up)", Some("replicas"), "sum(up)"),
            ("up{job=\"web\"}", None, "up{job=\"web\"}"),
            ("up==1", None, "up==1"),
            ("cpu_percent = 100 * up{a!=\"b\"}", Some("cpu_percent"), "100 * up{a!=\"b\"}"),
        ] {
            let expected = Query { name: name.map(str::to_owned), text: query.to_owned() };
            assert_eq!(text.parse(), Ok(expected), "{text}");
        }
        assert!("x=".parse::<Query>().is_err() && "".parse::<Query>().is_err());
    }

    #[test]
    fn an_address_is_that_of_the_server() {
        for url in
            ["http://a/p", "http://a/p/", "http://a/p/graph", "http://a/p/api/v1/query_range"]
        {
            assert_eq!(base(url).ok(), Some("http://a/p"), "{url}");
        }
        assert!(base("http://a/graph?g0.expr=up").is_err());
    }
}
