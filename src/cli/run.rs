//! `run`: the main job.

use super::documents::is_document;
use super::execute::{ExecuteArgs, cases, execute, judge};
use super::exit::{Exit, Failure};
use super::input::{ScenarioArgs, accept};
use super::past_run::PastRun;
use super::terminal::Terminal;
use autosim_report::{Suite, check_folder, markdown, summary_csv, summary_json, table, write_all};
use autosim_study::experiment::{Comparison, Results};
use autosim_study::scenario::{Period, Scenario};
use std::path::{Path, PathBuf};

/// Run a scenario: every policy, every replication, on the same traffic
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The scenario, a TOML file, or what a run left: its report.html, its manifest.json or their folder;
    /// `-` reads standard input. Platforms' documents, JSON or YAML, are policies, as with --policy
    #[arg(value_name = "SCENARIO|DOCUMENT")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) output: OutputArgs,
    #[command(flatten)]
    pub(super) scenario_args: ScenarioArgs,
    #[command(flatten)]
    pub(super) execute: ExecuteArgs,
}

/// Where results go.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct OutputArgs {
    /// Folder for the files of the run [default: output/NAME of the scenario]
    #[arg(long, short, value_name = "DIR")]
    out: Option<PathBuf>,
    /// What is printed on standard output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Tells costs and replica-hours for an hour, day, week, month (30.4375 days) or year, as if all of it were
    /// like the window that was run: in tables, and beside the others in JSON
    #[arg(long, value_name = "PERIOD", value_parser = period)]
    per: Option<Period>,
    /// Which decisions `decisions.csv` holds [default: changes]
    #[arg(long, value_enum)]
    decisions: Option<Decisions>,
    /// Which replications `timeline.csv` holds [default: first]
    #[arg(long, value_enum)]
    timelines: Option<Timelines>,
}

impl OutputArgs {
    /// Whether what is printed is read by people.
    pub(super) fn for_people(&self) -> bool {
        self.format == Format::Table
    }
}

fn period(text: &str) -> Result<Period, String> {
    let found = Period::ALL.iter().find(|period| period.name() == text);
    found.copied().ok_or_else(|| {
        let names: Vec<&str> = Period::ALL.iter().map(|period| period.name()).collect();
        format!("one of {}", names.join(", "))
    })
}

/// Form of the results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(super) enum Format {
    /// For people, as wide as the terminal; 80 columns where there is none
    #[default]
    Table,
    /// One object
    Json,
    /// The rows of `summary.csv`
    Csv,
    /// For a pull request
    Markdown,
}

/// Which decisions are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Decisions {
    /// Those that changed the number or the reason
    Changes,
    /// Every one
    All,
}

/// Which timelines are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Timelines {
    /// Of the first replication
    First,
    /// Of every replication
    All,
}

const EXAMPLES: &str = "\
Examples:
  autosim run scenarios/quickstart.toml
  autosim run scenarios/quickstart.toml --policy target --set replica.cold_start=90s
  autosim run scenarios/quickstart.toml --replications 30 --out /tmp/thirty --format json
  autosim run output/quickstart/report.html --set replica.cold_start=90s --out slower
  autosim run --trace traffic.csv --service svc.toml --policy hpa.toml --slo 'p99<300ms'
  autosim run scenarios/quickstart.toml --base peak --per month
  autosim run scenarios/quickstart.toml --scale-traffic 3 --set replica.cold_start=15s
  autosim run today.yaml tuned.yaml --trace traffic.csv --service svc.toml --slo 'p99<300ms'
Results go to standard output, everything else to standard error.";

pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<Exit, Failure> {
    let alone = args.scenario_args.trace.is_none();
    let (scenario, documents) = match &args.files[..] {
        // One that is no scenario is told so.
        [one] if alone => (Some(one.as_path()), Vec::new()),
        files => apart(files)?,
    };
    let loaded = args.scenario_args.with_documents(documents).load(scenario)?;
    let mut scenario = accept(loaded, terminal)?;
    run_scenario(&mut scenario, &args.output, &args.execute, terminal)
}

/// The scenario, and platforms' documents beside it.
fn apart(files: &[PathBuf]) -> Result<(Option<&Path>, Vec<String>), Failure> {
    let (documents, scenarios): (Vec<&PathBuf>, Vec<&PathBuf>) =
        files.iter().partition(|path| is_document_file(path));
    match scenarios[..] {
        [first, second, ..] => Err(Failure::bad_input(format_args!(
            "{} and {} are two scenarios: run one after the other, and `autosim diff` compares what they leave",
            first.display(),
            second.display()
        ))),
        [] | [_] => Ok((
            scenarios.first().map(|path| path.as_path()),
            documents.iter().map(|path| path.display().to_string()).collect(),
        )),
    }
}

/// Whether a file is a platform's document by its ending, and nothing that a run left.
fn is_document_file(path: &Path) -> bool {
    let named = is_document(&path.display().to_string(), "");
    named && !std::fs::read_to_string(path).is_ok_and(|text| PastRun::is_left_by_us(&text))
}

/// Runs a scenario, prints the answer, leaves the files.
pub(super) fn run_scenario(
    scenario: &mut Scenario,
    output: &OutputArgs,
    execute_args: &ExecuteArgs,
    terminal: &Terminal,
) -> Result<Exit, Failure> {
    let folder = output.out.clone().unwrap_or_else(|| Path::new("output").join(&scenario.name));
    check_folder(&folder).map_err(Failure::bad_input)?;
    let recipe = &mut scenario.recipe;
    if let Some(timelines) = output.timelines {
        recipe.all_timelines = timelines == Timelines::All;
    }
    if let Some(decisions) = output.decisions {
        recipe.all_decisions = decisions == Decisions::All;
    }
    recipe.per = output.per.or(recipe.per);
    let baseline = execute_args.baseline(scenario)?;
    let (results, ran) = execute(scenario, execute_args, terminal)?;
    if results.policies.iter().all(|policy| policy.rows.is_empty()) {
        terminal.say("nothing was finished (policies that run side by side end together): nothing is written");
        return Ok(Exit::Interrupted);
    }
    let comparison = Comparison::of(&results);
    // What was found is told whatever becomes of telling it: none of these three hides another.
    let printed = terminal.print(&answer(output.format, &results, &comparison, terminal));
    let left = leave(&results, &comparison, &folder, execute_args.quiet, terminal);
    let judged = judge(&execute_args.asserts, &results, &comparison, baseline.as_ref())?;
    judged.findings.iter().for_each(|found| terminal.say(&found.line()));
    let (name, cases) = (scenario.name.clone(), cases(&scenario.name, &judged.findings));
    let told = execute_args.leave_junit(vec![Suite { name, cases }]);
    let failures = [printed, left, told].into_iter().filter_map(Result::err);
    Ok(failures.fold(judged.exit.worst(ran), |exit, failure| {
        terminal.complain(&failure.text(terminal.colour));
        exit.worst(Exit::BadInput)
    }))
}

/// Writes the files and says where.
fn leave(
    results: &Results,
    comparison: &Comparison,
    folder: &Path,
    quiet: bool,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let written = write_all(results, comparison, folder).map_err(Failure::bad_input)?;
    let (count, place) = (written.files.len(), written.folder.display());
    if written.folder != folder {
        let kept = folder.display();
        terminal.say(&format!("{count} files in {place}; {kept} keeps the run before"));
    } else if !quiet {
        terminal.say(&format!("{count} files in {place}"));
    }
    Ok(())
}

fn answer(
    format: Format,
    results: &Results,
    comparison: &Comparison,
    terminal: &Terminal,
) -> String {
    match format {
        Format::Table => table(results, comparison, terminal.width),
        Format::Json => format!("{:#}\n", summary_json(results, comparison)),
        Format::Csv => summary_csv(results, comparison),
        Format::Markdown => markdown(results, comparison),
    }
}
