//! Running a scenario for a verb: threads, progress, interruption, effort.

use super::assertion::{Assertion, Ruling};
use super::effort::{Effort, takes};
use super::exit::{Exit, Failure};
use super::input::at_least_one;
use super::progress::Bar;
use super::signals::stop_when_asked;
use super::terminal::Terminal;
use autosim_study::experiment::{Comparison, Estimate, Results, RunOptions, run};
use autosim_study::scenario::Scenario;
use std::num::NonZeroUsize;
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

    /// What a run would take.
    pub(super) fn estimate(&self, scenario: &Scenario) -> Estimate {
        Estimate::of(scenario, self.jobs(scenario))
    }
}

/// A run that takes longer says so before it begins.
const SAID_FROM_S: f64 = 3.0;

/// Runs every cell; says how it goes on standard error.
pub(super) fn execute(
    scenario: &Scenario,
    args: &ExecuteArgs,
    terminal: &Terminal,
) -> Result<Results, Failure> {
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
    let results = run(scenario, &options, &bar);
    bar.finish();
    let results = results.map_err(Failure::bad_input)?;
    if !results.complete {
        terminal.say("interrupted: only what was finished by then is kept");
    }
    if !args.quiet {
        terminal.say(&effort.line(results.simulated_requests));
    }
    Ok(results)
}

/// How a run ends that makes these claims: a claim that is not decided fails nothing. The lines about them
/// go to `say`.
pub(super) fn judge(
    asserts: &[Assertion],
    results: &Results,
    comparison: &Comparison,
    mut say: impl FnMut(&str) -> Result<(), Failure>,
) -> Result<Exit, Failure> {
    let mut exit = if results.complete { Exit::Good } else { Exit::Interrupted };
    for assertion in asserts {
        for found in assertion.judge(results, comparison).map_err(Failure::bad_input)? {
            if found.ruling == Ruling::Fails {
                exit = exit.worst(Exit::Failed);
            }
            say(&found.line)?;
        }
    }
    Ok(exit)
}
