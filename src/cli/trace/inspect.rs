//! `trace inspect`: what is in a recording.

use super::reading::ReadingArgs;
use crate::cli::exit::{Exit, Failure};
use crate::cli::terminal::Terminal;
use autosim_engine::units::{Span, plural};
use autosim_engine::workload::trace::{Inspection, inspect};
use autosim_report::{group, plain};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Describe a trace: format, length, rates, burstiness, gaps, service times
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// A table, lines of JSON, a log, an answer of a monitoring system; plain, gz or zst; `-` is standard input
    file: PathBuf,
    /// What is printed
    #[arg(long, value_enum, default_value_t)]
    format: Shape,
    #[command(flatten)]
    reading: ReadingArgs,
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
  autosim trace inspect per_minute.csv --as counts --value requests --format json
  autosim trace inspect prometheus.json --select '{job=\"web\"}'";

pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<Exit, Failure> {
    let path = args.file.display().to_string();
    let options = args.reading.options_of(&args.file)?;
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
    line("format", seen.format.to_owned());
    if !seen.columns.is_empty() {
        line("columns", columns(&seen.columns));
    }
    line("rows", seen.rows.to_string());
    line("requests", number(seen.requests));
    if let Some(start) = &seen.start {
        line("begins", start.clone());
    }
    line("lasts", Span::from_secs_f64((seen.span_s * 1e3).round() * 1e-3).to_string());
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
    for warning in &seen.warnings {
        let _ = writeln!(out, "warning: {warning}");
    }
    out
}

/// The names of columns, the first dozen of them.
fn columns(names: &[String]) -> String {
    const SHOWN: usize = 12;
    let more = names.len().saturating_sub(SHOWN);
    let shown = names[..names.len() - more].join(", ");
    if more > 0 { format!("{shown}, ... ({more} more)") } else { shown }
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
    fn numbers_and_bars_are_short() {
        assert_eq!(number(12.3456), "12.346");
        assert_eq!(number(1_234_567.8), "1 234 568");
        assert_eq!(sparkline(&[0.0, 1.0, 4.0, 8.0]), " ▁▄█");
        assert_eq!(sparkline(&[0.0]), " ");
    }
}
