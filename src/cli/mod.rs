//! # cli: the command
//!
//! **Is**: one file per verb - arguments, help with examples, body - and what all share: exit codes,
//! output discipline, progress, interruption.
//!
//! **Knows**: everything; the only room with standard output, the environment, the clock and the number
//! of threads.
//!
//! **Must not know**: how anything is computed: a verb reads its arguments, asks the rooms below, prints.
//!
//! **Start at** [`main`]; the verbs are the variants of `Verb`.

mod assertion;
mod check;
mod completions;
mod decide;
mod demo;
mod diff;
mod effort;
mod execute;
mod exit;
mod explain;
mod export;
mod import;
mod input;
mod man;
mod past_run;
mod policy_input;
mod progress;
mod run;
mod schema;
mod terminal;
mod trace;

use clap::{CommandFactory as _, Parser, Subcommand};
use exit::{Exit, Failure};
use std::process::ExitCode;
use terminal::Terminal;

/// Rehearse an autoscaler before production does.
///
/// Replays traffic request by request through modelled replicas with cold starts, lets autoscaling
/// policies decide from the metrics they would really have seen, and shows what each choice costs and
/// what it does to latency.
#[derive(Debug, Parser)]
#[command(name = "autosim", version, max_term_width = 100, after_help = AFTER_HELP)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

const AFTER_HELP: &str = "\
Exit codes: 0 good, 1 an assertion failed, 2 bad input, 3 a fault of autosim, 130 interrupted.
Start with `autosim demo`, then `autosim run scenarios/quickstart.toml`.";

/// The verbs, in the order of the help.
#[derive(Debug, Subcommand)]
enum Verb {
    Run(run::Args),
    Decide(decide::Args),
    Explain(explain::Args),
    Diff(diff::Args),
    Check(check::Args),
    Import(import::Args),
    Export(export::Args),
    Trace(trace::Args),
    Demo(demo::Args),
    Schema(schema::Args),
    Completions(completions::Args),
    Man(man::Args),
}

/// Parses the command line, does what it says, and returns the exit code.
pub(crate) fn main() -> ExitCode {
    exit::report_panics_as_ours();
    let verb = match Cli::try_parse() {
        Ok(cli) => cli.verb,
        Err(error) => {
            // Help and version go to standard output, usage errors to standard error; a closed pipe
            // is no concern here.
            let _ = error.print();
            return if error.use_stderr() { Exit::BadInput } else { Exit::Good }.into();
        }
    };
    let terminal = Terminal::of_process();
    let done = match verb {
        Verb::Run(args) => run::run(&args, &terminal),
        Verb::Decide(args) => decide::run(&args, &terminal),
        Verb::Explain(args) => explain::run(&args, &terminal),
        Verb::Diff(args) => diff::run(&args, &terminal),
        Verb::Check(args) => check::run(&args, &terminal),
        Verb::Import(args) => import::run(&args, &terminal),
        Verb::Export(args) => export::run(&args, &terminal),
        Verb::Trace(args) => trace::run(&args, &terminal),
        Verb::Demo(args) => demo::run(&args, &terminal),
        Verb::Schema(args) => schema::run(&args, &terminal),
        Verb::Completions(args) => completions::run(&args, &terminal),
        Verb::Man(args) => man::run(&args, &terminal),
    };
    match done {
        Ok(exit) => exit.into(),
        Err(Failure::ClosedPipe) => Exit::Good.into(),
        Err(Failure::BadInput(text)) => {
            terminal.complain(&text);
            Exit::BadInput.into()
        }
    }
}

/// The whole command line, for completions and manual pages.
fn command() -> clap::Command {
    Cli::command()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_well_formed() {
        super::command().debug_assert();
    }
}
