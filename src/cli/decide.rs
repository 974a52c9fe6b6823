//! `decide`: the dry run.

use super::exit::{Exit, Failure};
use super::input::{Input, Role};
use super::policy_input::PolicyArgs;
use super::terminal::Terminal;
use autosim_engine::fault::{Faults, Severity};
use autosim_engine::units::WallClock;
use autosim_policies::products::Happening;
use autosim_report::{dry_run_csv, dry_run_json};
use autosim_study::dryrun::{Answer, Question, Recording, play};
use autosim_study::scenario::NamedPolicy;
use serde_json::Value;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

/// Dry run: recorded readings in, what the policy would have decided out, step by step
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    policy: PolicyArgs,
    /// CSV with a header, plain, gz or zst: `time_s` (seconds since the policy was enabled) or `time` (clock
    /// times) first, then `replicas` and `ready` if known, and metrics by autosim's names or the platform's;
    /// `-` reads standard input
    #[arg(long, value_name = "FILE")]
    readings: PathBuf,
    /// What a row is: a sample, to which the policy's own windows, delays and evaluation times apply,
    /// or exactly what it sees at one evaluation
    #[arg(long = "as", value_enum, default_value_t)]
    rows: Rows,
    /// Replicas at the start, where the recording has no column `replicas` [default: the policy's own]
    #[arg(long, value_name = "N")]
    initial: Option<u32>,
    /// When the policy was enabled, for example 2026-03-02T00:00:00+08:00: the wall clock at time_s = 0, for
    /// calendars; in a recording of clock times, rows before it are left out [default: the first of them]
    #[arg(long, value_name = "TIME")]
    start: Option<String>,
    /// Only decisions that changed the number; what a terminal gets if nothing is said
    #[arg(long)]
    changes: bool,
    /// Every decision; what a file or pipe gets if nothing is said
    #[arg(long, conflicts_with = "changes")]
    all: bool,
    /// Form of the decisions
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// What a row of the recording is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
enum Rows {
    /// One evaluation
    Readings,
    /// One sample
    #[default]
    Samples,
}

/// Form of the decisions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
enum Format {
    /// One row per decision
    #[default]
    Csv,
    /// One object per line, with every stage, and the platform's own form where it has one
    Json,
}

const EXAMPLES: &str = "\
Examples:
  autosim decide --policy eas.json --readings recorded.csv
  autosim decide --policy hpa.toml --readings recorded.csv --as readings --initial 4 --format json
  autosim decide --policy sae.json --readings recorded.csv.gz --start 2026-03-02T00:00:00+08:00 --changes
Columns: requests_per_s, ongoing_requests, cpu_percent, ... are totals of the service unless they end
in _per_replica; a platform's own name (qps, 5XX, tcpActiveConn) is exactly what its controller sees;
NAME/metric and NAME/replicas are another service's. An empty cell is a missing sample.";

pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<Exit, Failure> {
    let policy = args.policy.load(terminal)?;
    let input = Input::read(&args.readings, Role::Readings)?;
    let mut faults = Faults::new();
    let recording = Recording::read(&input.text, args.start.as_deref(), &mut faults);
    let answered = recording.as_ref().and_then(|recording| {
        let question = Question {
            policy: &policy.spec,
            recording,
            initial: args.initial,
            as_readings: args.rows == Rows::Readings,
        };
        play(&question, &mut faults)
    });
    let text = render(&faults, &args.readings);
    let Some(mut dry_run) = answered else { return Err(Failure::Said(text)) };
    if !text.is_empty() {
        terminal.say(&text);
    }
    let summary = dry_run.summary();
    if args.changes || (!args.all && std::io::stdout().is_terminal()) {
        dry_run.keep_changes();
    }
    terminal.print(&match args.format {
        Format::Csv => dry_run_csv(&dry_run),
        Format::Json => dry_run_json(&dry_run, |answer| told(&policy, &dry_run.clock, answer)),
    })?;
    terminal.say(&summary);
    Ok(Exit::Good)
}

fn told(policy: &NamedPolicy, clock: &WallClock, answer: &Answer) -> Option<Value> {
    policy.spec.product()?.tell(&Happening {
        at: answer.at,
        clock,
        before: answer.before,
        decision: &answer.decision,
        census: answer.census,
        readings: &answer.readings,
    })
}

/// Faults of a table, one line each: severity, file, place, what, remedy.
fn render(faults: &Faults, file: &Path) -> String {
    let mut text = String::new();
    for fault in faults.as_slice() {
        let severity = match fault.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let place = if fault.path.is_empty() { String::new() } else { format!(", {}", fault.path) };
        let hint = if fault.hint.is_empty() { String::new() } else { format!(" ({})", fault.hint) };
        let message = &fault.message;
        text.push_str(&format!("{severity}: {}{place}: {message}{hint}\n", file.display()));
    }
    text
}
