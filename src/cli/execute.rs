//! Running a scenario for a verb: threads, progress, interruption, effort.

use super::assertion::{Assertion, Ruling};
use super::effort::Effort;
use super::exit::{Exit, Failure};
use super::input::at_least_one;
use super::progress::Bar;
use super::signals::stop_when_asked;
use super::terminal::Terminal;
use autosim_study::experiment::{Comparison, Results, RunOptions, run};
use autosim_study::scenario::Scenario;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// How to run.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct ExecuteArgs {
    /// Cells simulated at once [default: one per processor]
    #[arg(long, short, value_name = "N", value_parser = at_least_one::<NonZeroUsize>)]
    pub(super) jobs: Option<NonZeroUsize>,
    /// Says nothing on standard error but faults
    #[arg(long, short)]
    pub(super) quiet: bool,
    /// Fails the command (exit 1) unless this holds, for example 'p99<300ms' or 'steady:cost<12.50';
    /// may be repeated
    #[arg(long = "assert", value_name = "CLAIM")]
    pub(super) asserts: Vec<Assertion>,
}

/// What is kept beyond the figures.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Keep {
    /// Timelines of every replication.
    pub(super) all_timelines: bool,
    /// Every decision.
    pub(super) all_decisions: bool,
}

/// Runs every cell; says how it goes on standard error.
pub(super) fn execute(
    scenario: &Scenario,
    args: &ExecuteArgs,
    keep: Keep,
    terminal: &Terminal,
) -> Result<Results, Failure> {
    if let Some(nobody) = args.asserts.iter().find(|one| one.names_nobody(&scenario.policies)) {
        return Err(Failure::bad_input(nobody.no_such_policy()));
    }
    if !args.quiet {
        for assumption in &scenario.assumptions {
            terminal.say(&format!("assumed: {assumption}"));
        }
    }
    let cancel = Arc::new(AtomicBool::new(false));
    stop_when_asked(&cancel);
    let jobs = args.jobs.or_else(|| std::thread::available_parallelism().ok());
    let limits: Vec<_> = args.asserts.iter().filter_map(Assertion::longest).collect();
    let options = RunOptions {
        jobs: jobs.map_or(1, NonZeroUsize::get),
        all_timelines: keep.all_timelines,
        all_decisions: keep.all_decisions,
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
