//! `trace inspect`: what is in a recording.

use crate::cli::exit::{Exit, Failure};
use crate::cli::terminal::Terminal;
use autosim_engine::units::{Span, plural};
use autosim_engine::workload::trace::{
    Edge, Format, Inspection, Missing, Options, ServiceColumn, TimeUnit, inspect,
};
use autosim_report::{group, plain};
use serde::de::IntoDeserializer;
use serde::de::value::{Error as ValueError, StrDeserializer};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Describe a trace: format, length, rates, burstiness, gaps, service times
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// CSV, TSV or numbers; plain, gz or zst
    file: PathBuf,
    /// What is printed
    #[arg(long, value_enum, default_value_t)]
    format: Shape,
    /// Its format: timestamps, counts, rates or per-second-counts [default: told from the file]
    #[arg(long = "as", value_name = "FORMAT", value_parser = named::<Format>)]
    format_of_file: Option<Format>,
    /// Column of times
    #[arg(long, value_name = "COLUMN")]
    time: Option<String>,
    /// Unit of times that are numbers: s, ms, us or ns
    #[arg(long, value_name = "UNIT", value_parser = named::<TimeUnit>)]
    time_unit: Option<TimeUnit>,
    /// Whether a time is the start or the end of its row
    #[arg(long, value_name = "EDGE", value_parser = named::<Edge>)]
    time_is: Option<Edge>,
    /// Zone of times without one, for example UTC or Europe/Berlin
    #[arg(long, value_name = "ZONE")]
    zone: Option<String>,
    /// Column of counts or rates
    #[arg(long, value_name = "COLUMN")]
    value: Option<String>,
    /// Length of the interval of a count or rate
    #[arg(long, value_name = "SPAN")]
    interval: Option<Span>,
    /// What an interval without a row means: zero, interpolate, hold or error
    #[arg(long, value_name = "RULE", value_parser = named::<Missing>)]
    missing: Option<Missing>,
    /// Column of service times and its unit, for example duration:ms
    #[arg(long, value_name = "COLUMN:UNIT", value_parser = service_column)]
    service_time: Option<ServiceColumn>,
    /// Sorts rows by time instead of refusing unsorted ones
    #[arg(long)]
    sort: bool,
}

/// Form of the description.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
enum Shape {
    /// For people
    #[default]
    Table,
    /// One object
    Json,
}

const EXAMPLES: &str = "\
Examples:
  autosim trace inspect requests.csv.gz
  autosim trace inspect calls.csv --time TIMESTAMP --zone UTC --service-time duration:ms
  autosim trace inspect per_minute.csv --as counts --value requests --format json";

/// A value by the name that scenario files use for it.
fn named<T: for<'de> serde::Deserialize<'de>>(text: &str) -> Result<T, String> {
    let from: StrDeserializer<'_, ValueError> = text.into_deserializer();
    T::deserialize(from).map_err(|error| error.to_string())
}

fn service_column(text: &str) -> Result<ServiceColumn, String> {
    let (column, unit) =
        text.rsplit_once(':').ok_or("expected COLUMN:UNIT, for example duration:ms")?;
    Ok(ServiceColumn { column: column.to_owned(), unit: named(unit)? })
}

pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<Exit, Failure> {
    let options = Options {
        format: args.format_of_file,
        time: args.time.clone(),
        time_unit: args.time_unit,
        time_is: args.time_is.unwrap_or_default(),
        zone: args.zone.clone(),
        value: args.value.clone(),
        interval: args.interval,
        missing: args.missing,
        service_time_column: args.service_time.clone(),
        service_time_linear: None,
        sort: args.sort,
        memory_limit_bytes: None,
    };
    let path = args.file.display().to_string();
    let seen = inspect(Path::new(""), &path, &options).map_err(|fault| {
        Failure::bad_input(format_args!("{}\n  = help: {}", fault.message, fault.hint))
    })?;
    match args.format {
        Shape::Table => terminal.print(&describe(&seen))?,
        Shape::Json => {
            let value = serde_json::to_value(&seen).unwrap_or_default();
            terminal.print(&format!("{value:#}\n"))?;
        }
    }
    Ok(Exit::Good)
}

/// A description that fits 80 columns.
fn describe(seen: &Inspection) -> String {
    let mut out = String::new();
    let mut line = |name: &str, value: String| {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{name:<14}{value}");
    };
    line("file", seen.path.clone());
    line("format", format!("{}, columns: {}", seen.format, seen.columns.join(", ")));
    line("rows", seen.rows.to_string());
    line("requests", number(seen.requests));
    if let Some(start) = &seen.start {
        line("begins", start.clone());
    }
    line("lasts", Span::from_secs_f64(seen.span_s).to_string());
    line("mean rate", format!("{}/s", number(seen.mean_per_s)));
    for window in &seen.windows {
        line(
            &format!("per {}", Span::from_secs_f64(window.length_s)),
            format!(
                "at most {} ({} x the mean), dispersion {}",
                number(window.peak),
                number(window.peak_to_mean),
                number(window.dispersion)
            ),
        );
    }
    if let Some(cv) = seen.gap_cv {
        line("gaps", format!("cv {} (1 = Poisson)", number(cv)));
    }
    if let Some(grid) = seen.grid_s {
        line("stamps", format!("multiples of {}", Span::from_secs_f64(grid)));
    }
    if let Some(interval) = seen.interval_s {
        let step = Span::from_secs_f64(interval);
        line("interval", format!("{step}, {} without a row", seen.missing));
    }
    if seen.inversions > 0 {
        line("out of order", plural(seen.inversions, "row"));
    }
    if let Some(time) = &seen.service_time {
        let part = |name: &str, s: f64| format!("{name} {}", Span::from_secs_f64(round_s(s)));
        line(
            "service time",
            [
                part("mean", time.mean_s),
                part("p50", time.p50_s),
                part("p90", time.p90_s),
                part("p99", time.p99_s),
                part("max", time.max_s),
            ]
            .join(", "),
        );
    }
    line("over time", sparkline(&seen.sparkline));
    for assumption in &seen.assumptions {
        let _ = writeln!(out, "assumed: {assumption}");
    }
    out
}

/// Four significant digits of a number of seconds, so that spans print short.
fn round_s(seconds: f64) -> f64 {
    if seconds <= 0.0 {
        return 0.0;
    }
    let unit = 10f64.powi(seconds.log10().floor() as i32 - 3);
    (seconds / unit).round() * unit
}

/// Whole if large, else four significant digits.
fn number(value: f64) -> String {
    group(&plain(value, if value >= 1000.0 { 0 } else { 3 }))
}

/// Rates as bars, the highest eight eighths.
fn sparkline(rates: &[f64]) -> String {
    const BARS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let peak = rates.iter().copied().fold(0.0, f64::max);
    let bar = |rate: &f64| {
        if peak > 0.0 { BARS[((rate / peak * 8.0).ceil() as usize).min(8)] } else { BARS[0] }
    };
    rates.iter().map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_scenario_files() {
        assert_eq!(named::<Format>("per-second-counts"), Ok(Format::PerSecondCounts));
        assert!(named::<Format>("perseconds").unwrap_err().contains("per-second-counts"));
        let column = service_column("a:b:ms").unwrap();
        assert_eq!((column.column.as_str(), column.unit), ("a:b", named("ms").unwrap()));
    }

    #[test]
    fn numbers_and_bars_are_short() {
        assert_eq!(number(12.3456), "12.346");
        assert_eq!(number(1_234_567.8), "1 234 568");
        assert_eq!(sparkline(&[0.0, 1.0, 4.0, 8.0]), " ▁▄█");
        assert_eq!(sparkline(&[0.0]), " ");
    }
}
