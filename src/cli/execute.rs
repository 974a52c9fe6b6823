//! Running a scenario for a verb: threads, progress, interruption, effort.

use super::assertion::{Assertion, Finding, Ruling, check_baseline, check_currency};
use super::effort::{Effort, takes};
use super::exit::{Exit, Failure};
use super::input::at_least_one;
use super::progress::Bar;
use super::signals::stop_when_asked;
use super::terminal::Terminal;
use autosim_engine::units::plural;
use autosim_engine::workload::trace::write_whole;
use autosim_report::{Baseline, Case, Outcome, Suite, junit_xml, significant};
use autosim_study::experiment::{
    Comparison, Estimate, Loose, Precision, Results, RunOptions, Stopped, run, run_to,
    without_percentile,
};
use autosim_study::scenario::Scenario;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// How to run.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct ExecuteArgs {
    /// Cells simulated at once [default: one per processor]
    #[arg(long, short, value_name = "N", value_parser = jobs)]
    pub(super) jobs: Option<NonZeroUsize>,
    /// Says nothing on standard error but faults
    #[arg(long, short)]
    pub(super) quiet: bool,
    /// Fails the command (exit 1) unless this holds, for example 'p99<300ms' or 'steady:cost<12.50';
    /// may be repeated
    #[arg(long = "assert", value_name = "CLAIM")]
    pub(super) asserts: Vec<Assertion>,
    /// Adds replications until 95 % intervals are so narrow: a share of each policy's cost, for example 2%; the
    /// percentile of the SLO may be two and a half times as wide; exit 1 where that is not reached
    #[arg(long, value_name = "SHARE")]
    precision: Option<Precision>,
    /// Stops adding replications before so many requests are simulated, for example 2e9
    #[arg(long, value_name = "REQUESTS", requires = "precision", value_parser = super::tune::requests)]
    budget: Option<f64>,
    /// What `baseline` means in claims such as 'cost<=1.05*baseline': the summary.csv that a run left, or its
    /// folder [default: the policy of --base]
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Writes what became of the claims as JUnit XML too
    #[arg(long, value_name = "FILE")]
    pub(super) junit: Option<PathBuf>,
}

/// More threads than this are a typing error.
const MOST_JOBS: usize = 1024;

pub(super) fn jobs(text: &str) -> Result<NonZeroUsize, String> {
    let jobs: NonZeroUsize = at_least_one(text)?;
    match jobs.get() <= MOST_JOBS {
        true => Ok(jobs),
        false => Err(format!("at most {MOST_JOBS}: more than there are processors save no time")),
    }
}

impl ExecuteArgs {
    /// Cells simulated at once.
    fn jobs(&self, scenario: &Scenario) -> usize {
        let jobs = self.jobs.or_else(|| std::thread::available_parallelism().ok());
        Estimate::jobs_that_fit(scenario, jobs.map_or(1, NonZeroUsize::get))
    }

    /// Whether something besides claims is asked of a run.
    pub(super) const fn needs_a_run(&self) -> bool {
        self.baseline.is_some() || self.precision.is_some()
    }

    /// Whether claims are to be compared with a run that is finished.
    pub(super) const fn has_baseline(&self) -> bool {
        self.baseline.is_some()
    }

    /// What claims about a baseline are judged by, before the run that they are made of.
    pub(super) fn baseline(&self, scenario: &Scenario) -> Result<Option<Baseline>, Failure> {
        check_currency(&self.asserts, scenario).map_err(Failure::bad_input)?;
        let baseline = self.baseline.as_deref().map(read_baseline).transpose()?;
        check_baseline(&self.asserts, scenario, baseline.as_ref()).map_err(Failure::bad_input)?;
        Ok(baseline)
    }

    /// Leaves what was judged for a service that runs builds, if that was asked for.
    pub(super) fn leave_junit(&self, suites: Vec<Suite>) -> Result<(), Failure> {
        let Some(path) = &self.junit else { return Ok(()) };
        write_whole(path, junit_xml(suites).as_bytes()).map_err(|error| {
            Failure::bad_input(format_args!("cannot write {}: {error}", path.display()))
        })
    }

    /// What a run would take.
    pub(super) fn estimate(&self, scenario: &Scenario) -> Estimate {
        Estimate::of(scenario, self.jobs(scenario))
    }
}

/// A run that takes longer says so before it begins.
const SAID_FROM_S: f64 = 3.0;

/// Runs every cell; says how it goes on standard error. It has failed where figures are not as precise as was
/// asked for.
pub(super) fn execute(
    scenario: &mut Scenario,
    args: &ExecuteArgs,
    terminal: &Terminal,
) -> Result<(Results, Exit), Failure> {
    if let Some(nobody) = args.asserts.iter().find(|one| one.names_nobody(&scenario.policies)) {
        return Err(Failure::bad_input(nobody.no_such_policy()));
    }
    if let Some((found, hint)) = scenario.kept_too_much() {
        return Err(Failure::bad_input(format_args!("{found}; {hint}")));
    }
    if !args.quiet {
        for assumption in &scenario.assumptions {
            terminal.say(&format!("assumed: {assumption}"));
        }
    }
    let budget = args.budget.map(|most| most as u64);
    if args.precision.is_some() {
        Precision::begin(scenario, budget).map_err(Failure::bad_input)?;
    }
    let estimate = args.estimate(scenario);
    if !args.quiet && estimate.elapsed_s > SAID_FROM_S {
        terminal.say(&takes(&estimate));
    }
    let cancel = Arc::new(AtomicBool::new(false));
    stop_when_asked(&cancel);
    let limits: Vec<_> = args.asserts.iter().filter_map(Assertion::longest).collect();
    let options = RunOptions {
        jobs: args.jobs(scenario),
        all_timelines: scenario.recipe.all_timelines,
        all_decisions: scenario.recipe.all_decisions,
        limits: &limits,
        cancel: &cancel,
    };
    let effort = Effort::start();
    let bar = Bar::new(terminal.interactive && !args.quiet);
    let done = match args.precision {
        Some(precision) => run_to(scenario, precision, budget, &options, &bar),
        None => run(scenario, &options, &bar).map(|results| (results, Stopped::NotAsked)),
    };
    bar.finish();
    let (results, stopped) = done.map_err(Failure::bad_input)?;
    if !results.complete {
        terminal.say("interrupted: only what was finished by then is kept");
    }
    if !args.quiet {
        terminal.say(&effort.line(results.simulated_requests));
    }
    let (line, exit) = told(&stopped, results.about.replications);
    if exit != Exit::Good || !args.quiet {
        line.iter().for_each(|line| terminal.say(line));
    }
    let without = without_percentile(&results).join(", ");
    if args.precision.is_some() && !without.is_empty() {
        let why = "it is infinite in some replications, as too many requests failed";
        terminal.say(&format!("not held to the precision: the percentile of {without}; {why}"));
    }
    Ok((results, exit))
}

/// Why no more replications were added, if that was asked, and how the command ends by it.
fn told(stopped: &Stopped, replications: u32) -> (Option<String>, Exit) {
    let short = |why: &str, loose: &Loose| {
        let line = format!(
            "not precise with {replications} replications, and {why}: {}",
            imprecise(loose)
        );
        (Some(line), Exit::Failed)
    };
    match stopped {
        Stopped::NotAsked | Stopped::Interrupted => (None, Exit::Good),
        Stopped::Precise(None) => {
            let line = format!("precise with {}", plural(replications.into(), "replication"));
            (Some(line), Exit::Good)
        }
        Stopped::Precise(Some(last)) => {
            let why = format!("precise from {replications} replications on");
            (Some(format!("{why}: the last to be was {}", imprecise(last))), Exit::Good)
        }
        Stopped::Budget(loose) => short("the budget is spent", loose),
        Stopped::Most(loose) => short("more are not run", loose),
    }
}

/// A figure that was not precise.
fn imprecise(loose: &Loose) -> String {
    let Loose { policy, figure, is, asked, .. } = loose;
    let percent = |share: f64| significant(100.0 * share, 2);
    format!(
        "{} of {policy} at ±{} %, {} % asked for",
        figure.column(),
        percent(*is),
        percent(*asked)
    )
}

/// The summary of a run, or that in its folder.
fn read_baseline(path: &Path) -> Result<Baseline, Failure> {
    let path = match path.is_dir() {
        true => path.join("summary.csv"),
        false => path.to_owned(),
    };
    let name = path.display().to_string();
    let text = std::fs::read_to_string(&path).map_err(|error| {
        Failure::bad_input(format_args!(
            "cannot read {name}: {error}; give the folder that `autosim run` left, or its summary.csv"
        ))
    })?;
    Baseline::read(&name, &text).map_err(Failure::bad_input)
}

/// What became of claims.
pub(super) struct Judged {
    /// How the run ends that makes them: a claim that is not decided fails nothing.
    pub(super) exit: Exit,
    /// One by one.
    pub(super) findings: Vec<Finding>,
}

/// Judges claims about what was run.
pub(super) fn judge(
    asserts: &[Assertion],
    results: &Results,
    comparison: &Comparison,
    baseline: Option<&Baseline>,
) -> Result<Judged, Failure> {
    let mut exit = if results.complete { Exit::Good } else { Exit::Interrupted };
    let mut findings = Vec::new();
    for assertion in asserts {
        let found = assertion.judge(results, comparison, baseline).map_err(Failure::bad_input)?;
        if found.iter().any(|found| found.ruling == Ruling::Fails) {
            exit = exit.worst(Exit::Failed);
        }
        findings.extend(found);
    }
    Ok(Judged { exit, findings })
}

/// Claims about a scenario as cases of a build.
pub(super) fn cases(file: &str, findings: &[Finding]) -> Vec<Case> {
    let case = |found: &Finding| Case {
        class: format!("{file}.{}", found.policy),
        name: found.claim.clone(),
        outcome: match found.ruling {
            Ruling::Holds => Outcome::Passed,
            Ruling::Fails => Outcome::Failed(found.seen.clone()),
            Ruling::Undecided => Outcome::Skipped(found.seen.clone()),
        },
    };
    findings.iter().map(case).collect()
}
