//! `decide`: the dry run.

use super::exit::{Exit, Failure};
use super::input::{Input, Role};
use super::policy_input::PolicyArgs;
use super::terminal::Terminal;
use autosim_engine::fault::{Faults, Severity};
use autosim_engine::units::WallClock;
use autosim_engine::workload::trace::{Options, Telemetry, telemetry};
use autosim_policies::products::Happening;
use autosim_report::{dry_run_csv, dry_run_csv_header, dry_run_csv_rows, dry_run_json};
use autosim_study::dryrun::{Answer, DryRun, Live, Mapping, Question, Recording, Tally, play};
use autosim_study::scenario::NamedPolicy;
use serde_json::Value;
use std::io::{BufRead as _, IsTerminal as _};
use std::path::{Path, PathBuf};

/// Dry run: recorded readings in, what the policy would have decided out, step by step
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    policy: PolicyArgs,
    /// Recorded metrics, plain, gz or zst: CSV with `time_s` (seconds since the policy was enabled) or `time`
    /// (clock times) first, then `replicas` and `ready` if known, and metrics by autosim's names or the
    /// platform's; or series, as Prometheus, CloudWatch and Grafana export them. May be repeated: series of
    /// several files are merged by time; `-` reads standard input, and answers rows of a pipe as they come
    #[arg(long, value_name = "FILE", required = true)]
    readings: Vec<PathBuf>,
    /// Which series of the readings is which metric: 'requests_per_s=rate{job="web"}', or with a factor
    /// 'cpu_percent=cpu*100'; names of kube-state-metrics and CloudWatch are known; may be repeated
    #[arg(long = "column", value_name = "NAME=SERIES", value_parser = str::parse::<Mapping>)]
    columns: Vec<Mapping>,
    /// Column of times of a table of series [default: the first with a usual name]
    #[arg(long, value_name = "COLUMN")]
    time: Option<String>,
    /// Zone of clock times of series that have none, for example Europe/Berlin [default: UTC]
    #[arg(long, value_name = "ZONE")]
    zone: Option<String>,
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
  autosim decide --policy hpa.yaml --readings replicas.json --readings cpu.json --column 'cpu_percent={job=\"web\"}'
Columns: requests_per_s, ongoing_requests, cpu_percent, ... are totals of the service unless they end
in _per_replica; a platform's own name (qps, 5XX, tcpActiveConn) is exactly what its controller sees;
NAME/metric and NAME/replicas are another service's. An empty cell is a missing sample.";

pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<Exit, Failure> {
    let policy = args.policy.load(terminal)?;
    if args.comes_live() {
        return live(args, &policy, terminal);
    }
    let mut faults = Faults::new();
    let inputs = args.readings.iter().map(|path| Input::read(path, Role::Readings));
    let inputs = inputs.collect::<Result<Vec<Input>, Failure>>()?;
    let names: Vec<&str> = inputs.iter().map(|input| input.name.as_str()).collect();
    let name = names.join(", ");
    let recording = match inputs.as_slice() {
        [one] if args.of_columns() && Recording::is_table(&one.text) => {
            Recording::read(&one.text, args.start.as_deref(), &mut faults)
        }
        several => args.of_series(several, &mut faults, terminal)?,
    };
    let answered = recording.as_ref().and_then(|recording| {
        let question = Question {
            policy: &policy.spec,
            recording,
            initial: args.initial,
            as_readings: args.rows == Rows::Readings,
        };
        play(&question, &mut faults)
    });
    let text = render(&faults, &name);
    let Some(mut dry_run) = answered else { return Err(Failure::Said(text)) };
    if !text.is_empty() {
        terminal.say(&text);
    }
    let summary = dry_run.summary();
    if args.only_changes() {
        dry_run.keep_changes();
    }
    terminal.print(&match args.format {
        Format::Csv => dry_run_csv(&dry_run),
        Format::Json => dry_run_json(&dry_run, |answer| told(&policy, &dry_run.clock, answer)),
    })?;
    terminal.say(&summary);
    Ok(Exit::Good)
}

/// Answers each row of standard input as it comes.
fn live(args: &Args, policy: &NamedPolicy, terminal: &Terminal) -> Result<Exit, Failure> {
    const NAME: &str = "standard input";
    let mut faults = Faults::new();
    let input = std::io::stdin().lock();
    let how = (args.initial, args.rows == Rows::Readings);
    let live = Live::open(input, &policy.spec, how, args.start.as_deref(), &mut faults);
    let Some(mut live) = live else { return Err(Failure::Said(render(&faults, NAME))) };
    let (mut tally, mut begun) = (Tally::default(), false);
    loop {
        let mut faults = Faults::new();
        let next = live.next(&mut faults);
        let text = render(&faults, NAME);
        if faults.any_error() {
            return Err(Failure::Said(text));
        }
        if !text.is_empty() {
            terminal.say(&text);
        }
        let Some(decided) = next else { break };
        let mut decided: DryRun = decided.clone();
        decided.answers.retain(|answer| tally.add(answer) || !args.only_changes());
        let text = match args.format {
            Format::Csv if begun => dry_run_csv_rows(&decided),
            Format::Csv => dry_run_csv_header(&decided) + &dry_run_csv_rows(&decided),
            Format::Json => dry_run_json(&decided, |answer| told(policy, &decided.clock, answer)),
        };
        terminal.print(&text)?;
        begun = true;
    }
    if !begun {
        let hint = "one row per reading after the header";
        return Err(Failure::bad_input(format_args!("{NAME}: it has no rows ({hint})")));
    }
    terminal.say(&tally.to_string());
    Ok(Exit::Good)
}

impl Args {
    /// Only decisions that changed the number are printed.
    fn only_changes(&self) -> bool {
        self.changes || (!self.all && std::io::stdout().is_terminal())
    }

    /// Standard input brings a table of columns row by row: it is no file, and begins with the table's header.
    fn comes_live(&self) -> bool {
        if self.readings != [Path::new("-")] || !self.of_columns() || is_file() {
            return false;
        }
        let mut input = std::io::stdin().lock();
        let begin = input.fill_buf().unwrap_or_default();
        !begin.is_empty() && Recording::is_timed(&String::from_utf8_lossy(begin))
    }

    /// Nothing is said that is about series.
    fn of_columns(&self) -> bool {
        self.columns.is_empty() && self.time.is_none() && self.zone.is_none()
    }

    /// The series of all files as one recording, with a sentence of what they were taken for.
    fn of_series(
        &self,
        inputs: &[Input],
        faults: &mut Faults,
        terminal: &Terminal,
    ) -> Result<Option<Recording>, Failure> {
        let options =
            Options { time: self.time.clone(), zone: self.zone.clone(), ..Options::default() };
        let is_json = |input: &Input| input.text.trim_start().starts_with(['{', '[']);
        if self.time.is_some() && inputs.iter().all(is_json) {
            let what = "--time: there is no table among the readings; in JSON times are where its format has them";
            return Err(Failure::bad_input(format_args!("{what} (leave out --time)")));
        }
        let read = |input: &Input| {
            telemetry(&input.text, &input.name, &options).map_err(|fault| {
                Failure::bad_input(format_args!("{}\n  = help: {}", fault.message, fault.hint))
            })
        };
        let files = inputs.iter().map(read).collect::<Result<Vec<Telemetry>, Failure>>()?;
        let mut said = Vec::new();
        let start = self.start.as_deref();
        let recording = Recording::of_series(&files, &self.columns, start, &mut said, faults);
        for sentence in said {
            terminal.say(&format!("read: {sentence}"));
        }
        Ok(recording)
    }
}

/// Standard input is a file, whole from the beginning.
#[cfg(unix)]
fn is_file() -> bool {
    use std::os::fd::AsFd as _;
    let input = std::io::stdin().as_fd().try_clone_to_owned();
    let data = input.and_then(|input| std::fs::File::from(input).metadata());
    data.is_ok_and(|data| data.is_file())
}

#[cfg(not(unix))]
const fn is_file() -> bool {
    false
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
fn render(faults: &Faults, name: &str) -> String {
    let mut text = String::new();
    for fault in faults.as_slice() {
        let severity = match fault.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let place = if fault.path.is_empty() { String::new() } else { format!(", {}", fault.path) };
        let hint = if fault.hint.is_empty() { String::new() } else { format!(" ({})", fault.hint) };
        let message = &fault.message;
        text.push_str(&format!("{severity}: {name}{place}: {message}{hint}\n"));
    }
    text
}
