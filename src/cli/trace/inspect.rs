//! `trace inspect`: what is in a recording.

use super::reading::ReadingArgs;
use crate::cli::exit::{Exit, Failure};
use crate::cli::terminal::Terminal;
use autosim_engine::units::{Span, Time, plural};
use autosim_engine::workload::trace::{Inspection, Part, Summary, inspect};
use autosim_report::{DAYS, RecordingPlot, group, plain, significant};
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
    /// Draws the rate over time with its busiest minutes, and the hours of the week; to an SVG or PNG file by its ending
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
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
  autosim trace inspect access.log.gz --plot rate.png
  autosim trace inspect calls.csv --time TIMESTAMP --zone UTC --service-time duration:ms
  autosim trace inspect per_minute.csv --as counts --value requests --format json
  autosim trace inspect prometheus.json --select '{job=\"web\"}'
  autosim trace inspect access.log.gz --by path --top 5";

pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<Exit, Failure> {
    let path = args.file.display().to_string();
    let options = args.reading.options_of(&args.file)?;
    let seen = inspect(Path::new(""), &path, &options).map_err(|fault| {
        Failure::bad_input(format_args!("{}\n  = help: {}", fault.message, fault.hint))
    })?;
    if let Some(file) = &args.plot {
        draw(&seen, file)?;
    }
    match args.format {
        Shape::Table => terminal.print(&describe(&seen))?,
        Shape::Json => {
            let value = serde_json::to_value(&seen).unwrap_or_default();
            terminal.print(&format!("{value:#}\n"))?;
        }
    }
    Ok(Exit::Good)
}

/// Writes the picture that the ending of the file's name says.
fn draw(seen: &Inspection, file: &Path) -> Result<(), Failure> {
    let plot = RecordingPlot {
        title: Path::new(&seen.path).file_name().unwrap_or_default().display().to_string(),
        below: format!(
            "{} requests in {}, {}/s on average",
            number(seen.requests),
            lasts(seen.span_s),
            number(seen.mean_per_s)
        ),
        clock: seen.clock.clone().unwrap_or_default(),
        span_s: seen.span_s,
        point_s: seen.curve.point_s,
        window_s: seen.curve.window_s,
        points: seen.curve.points.iter().map(|p| (p.mean_per_s, p.peak_per_s)).collect(),
        hours: seen.hour_of_week.clone(),
    };
    if seen.curve.points.is_empty() {
        return Err(Failure::bad_input(
            "`--plot`: the recording is shorter than two seconds or two intervals: there is nothing to draw\n  = help: \
             leave out --plot",
        ));
    }
    let ending = file.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    let drawn = match ending.to_ascii_lowercase().as_str() {
        "svg" => plot.svg(),
        "png" => plot.png(),
        _ => {
            let name = file.display();
            return Err(Failure::bad_input(format_args!(
                "`--plot {name}`: a plot is .svg or .png\n  = help: --plot rate.svg"
            )));
        }
    };
    let written = drawn.and_then(|bytes| std::fs::write(file, bytes));
    written
        .map_err(|why| Failure::bad_input(format_args!("cannot write `{}`: {why}", file.display())))
}

fn lasts(seconds: f64) -> Span {
    Span::from_secs_f64((seconds * 1e3).round() * 1e-3)
}

/// A line of a description: its name and what it says.
type Line = (String, String);

/// A description that fits 80 columns.
fn describe(seen: &Inspection) -> String {
    let mut out = String::new();
    let lines = about(seen).into_iter().chain(rates(seen)).chain(rows(seen)).chain(parts(seen));
    for (name, value) in lines.chain(seen.service_time.as_ref().map(service_time)) {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{name:<14}{value}");
    }
    let _ = writeln!(out, "{:<14}{}", "over time", bars(seen.sparkline.iter().copied().map(Some)));
    if let Some(hours) = &seen.hour_of_week {
        out += &week(hours);
    }
    for assumption in &seen.assumptions {
        let _ = writeln!(out, "assumed: {assumption}");
    }
    for warning in &seen.warnings {
        let _ = writeln!(out, "warning: {warning}");
    }
    out
}

/// The file, and how much is in it.
fn about(seen: &Inspection) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut line = |name: &str, value: String| lines.push((name.to_owned(), value));
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
    line("lasts", lasts(seen.span_s).to_string());
    line("mean rate", format!("{}/s", number(seen.mean_per_s)));
    lines
}

/// How uneven the rate is.
fn rates(seen: &Inspection) -> Vec<Line> {
    let windows = seen.windows.iter().flat_map(|window| {
        let length = Span::from_secs_f64(window.length_s);
        let (mean, dispersion) = (number(window.mean), number(window.dispersion));
        let (peak, times) = (number(window.peak), plain(window.peak_to_mean, 1));
        let busiest = format!("{peak} ({times} x the mean), {}", moment(seen, window.peak_at_s));
        [
            (format!("per {length}"), format!("mean {mean}, dispersion {dispersion}")),
            ("  busiest".to_owned(), busiest),
        ]
    });
    let cv = seen.gap_cv.map(|cv| ("gaps".into(), format!("cv {} (1 = Poisson)", number(cv))));
    let longest = seen.longest_gap.map(|gap| {
        let from = moment(seen, gap.at_s);
        (
            "longest gap".to_owned(),
            format!("{} without a request, from {from}", lasts(gap.length_s)),
        )
    });
    windows.chain(cv).chain(longest).collect()
}

/// A moment of the recording: what its clock showed, else how far in.
fn moment(seen: &Inspection, at_s: f64) -> String {
    let shown = seen.clock.as_ref().and_then(|clock| clock.dated_at(Time::from_secs_f64(at_s)));
    shown.map_or_else(|| format!("{} in", lasts(at_s)), |at| at.strftime("%a %F %T").to_string())
}

/// What is peculiar about the rows.
fn rows(seen: &Inspection) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut line = |name: &str, value: String| lines.push((name.to_owned(), value));
    if let Some(grid) = seen.grid_s {
        line("stamps", format!("multiples of {}", Span::from_secs_f64(grid)));
    }
    if seen.at_same_instant > 0 {
        let told = plural(seen.at_same_instant, "request");
        line("duplicates", format!("{told} at the instant of the one before"));
    }
    if let Some(interval) = seen.interval_s {
        let step = Span::from_secs_f64(interval);
        line("interval", format!("{step}, {} without a row", seen.missing));
    }
    if seen.inversions > 0 {
        line("out of order", plural(seen.inversions, "row"));
    }
    lines
}

/// The largest parts with their shares, a line each.
fn parts(seen: &Inspection) -> Vec<Line> {
    const SHOWN: usize = 12;
    let line = |(at, part): (usize, &Part)| {
        let name = if at == 0 { "parts" } else { "" };
        let share = plain(100.0 * part.share, 1);
        (name.to_owned(), format!("{share:>5} %  {}", part.name))
    };
    let mut lines: Vec<Line> = seen.parts.iter().take(SHOWN).enumerate().map(line).collect();
    if seen.parts.len() > SHOWN {
        lines.push((String::new(), format!("         {} more", seen.parts.len() - SHOWN)));
    }
    lines
}

fn service_time(time: &Summary) -> Line {
    let part = |name: &str, s: f64| format!("{name} {}", Span::from_secs_f64(round_s(s)));
    let parts = [
        part("mean", time.mean_s),
        part("p50", time.p50_s),
        part("p90", time.p90_s),
        part("p99", time.p99_s),
        part("max", time.max_s),
    ];
    ("service time".to_owned(), parts.join(", "))
}

/// A row of bars for each day of the week, an hour each.
fn week(hours: &[Option<f64>]) -> String {
    let most = hours.iter().flatten().copied().fold(0.0, f64::max);
    let mut out = format!("{:<14}{:<24}  {}\n", "hours", "0     6     12    18", "x the mean");
    for (day, hours) in DAYS.iter().zip(hours.chunks(24)) {
        let known: Vec<f64> = hours.iter().flatten().copied().collect();
        if known.is_empty() {
            continue;
        }
        let mean = known.iter().sum::<f64>() / known.len() as f64;
        let bars = bars_of(hours.iter().copied(), most);
        let _ = writeln!(out, "{:<14}{bars}  {}", format!("  {day}"), plain(mean, 2));
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
    group(&if value >= 1000.0 { plain(value, 0) } else { significant(value, 4) })
}

/// Rates as bars, the highest eight eighths.
fn bars(rates: impl Iterator<Item = Option<f64>> + Clone) -> String {
    let peak = rates.clone().flatten().fold(0.0, f64::max);
    bars_of(rates, peak)
}

/// Bars of a given highest; a dot where nothing is known.
fn bars_of(rates: impl Iterator<Item = Option<f64>>, peak: f64) -> String {
    const BARS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let bar = |rate: Option<f64>| match rate {
        None => '·',
        Some(rate) if peak > 0.0 => BARS[((rate / peak * 8.0).ceil() as usize).min(8)],
        Some(_) => BARS[0],
    };
    rates.map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_bars_are_short() {
        assert_eq!((number(12.3456), number(0.013_456)), ("12.35".into(), "0.01346".into()));
        assert_eq!(number(1_234_567.8), "1 234 568");
        assert_eq!(bars([0.0, 1.0, 4.0, 8.0].into_iter().map(Some)), " ▁▄█");
        assert_eq!(bars_of([Some(0.0), None].into_iter(), 0.0), " ·");
    }
}
