//! # cli: the command
//!
//! **Is**: one file per verb - arguments, help with examples, body - and what all share: exit codes,
//! output discipline, progress, interruption.
//!
//! **Knows**: everything; the only room with standard output, the environment, the clock, the network and
//! the number of threads.
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
mod documents;
mod effort;
mod execute;
mod exit;
mod explain;
mod export;
mod import;
mod input;
mod man;
mod moment;
mod named;
mod past_run;
mod policy_input;
mod presets;
mod progress;
mod run;
mod schema;
mod signals;
mod terminal;
mod trace;
mod tune;

use clap::{CommandFactory as _, Parser, Subcommand};
use exit::Exit;
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
Exit codes: 0 good, 1 an assertion failed, 2 bad input or output that cannot be written, 3 a fault of
autosim, 130 interrupted.
Start with `autosim demo`, then `autosim run scenarios/quickstart.toml`.";

/// The verbs, in the order of the help.
#[derive(Debug, Subcommand)]
enum Verb {
    Run(run::Args),
    Tune(Box<tune::Args>),
    Merge(tune::merge::Args),
    Decide(decide::Args),
    Explain(explain::Args),
    Diff(diff::Args),
    Check(check::Args),
    Import(import::Args),
    Export(export::Args),
    Trace(trace::Args),
    Demo(demo::Args),
    Presets(presets::Args),
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
        Verb::Tune(args) => tune::run(&args, &terminal),
        Verb::Merge(args) => tune::merge::run(&args, &terminal),
        Verb::Decide(args) => decide::run(&args, &terminal),
        Verb::Explain(args) => explain::run(&args, &terminal),
        Verb::Diff(args) => diff::run(&args, &terminal),
        Verb::Check(args) => check::run(&args, &terminal),
        Verb::Import(args) => import::run(&args, &terminal),
        Verb::Export(args) => export::run(&args, &terminal),
        Verb::Trace(args) => trace::run(&args, &terminal),
        Verb::Demo(args) => demo::run(&args, &terminal),
        Verb::Presets(args) => presets::run(&args, &terminal),
        Verb::Schema(args) => schema::run(&args, &terminal),
        Verb::Completions(args) => completions::run(&args, &terminal),
        Verb::Man(args) => man::run(&args, &terminal),
    };
    match done {
        Ok(exit) => exit.into(),
        Err(failure) => {
            terminal.complain(&failure.text(terminal.colour));
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
    use super::*;

    /// The command lines of a text of examples; a backslash carries one on to the next line.
    fn examples(help: &str) -> Vec<Vec<String>> {
        let text = help.replace("\\\n", " ");
        let lines = text.lines().filter(|line| line.trim_start().starts_with("autosim "));
        let words = |line: &str| {
            let mut words = vec![String::new()];
            let mut quoted = None;
            for c in line.trim().chars() {
                match (quoted, c) {
                    (None, '|' | '>' | '<') => break,
                    (None, '\'' | '"') => quoted = Some(c),
                    (Some(open), _) if c == open => quoted = None,
                    (None, ' ') => words.push(String::new()),
                    _ => words.last_mut().unwrap().push(c),
                }
            }
            words.into_iter().filter(|word| !word.is_empty()).collect()
        };
        lines.map(words).collect()
    }

    /// Every verb with its name, those of `trace` among them.
    fn verbs(command: &clap::Command, name: &str, all: &mut Vec<(String, clap::Command)>) {
        for verb in command.get_subcommands().filter(|verb| verb.get_name() != "help") {
            let name = format!("{name} {}", verb.get_name());
            match verb.has_subcommands() {
                true => verbs(verb, &name, all),
                false => all.push((name, verb.clone())),
            }
        }
    }

    #[test]
    fn the_command_line_is_well_formed() {
        super::command().debug_assert();
    }

    #[test]
    fn every_verb_has_examples_that_its_arguments_take() {
        let mut all = Vec::new();
        verbs(&super::command(), "autosim", &mut all);
        assert!(all.len() > 10, "{}", all.len());
        for (name, verb) in all {
            let help = verb.get_after_help().map(ToString::to_string).unwrap_or_default();
            let own = examples(&help).into_iter().filter(|line| line.join(" ").starts_with(&name));
            let own: Vec<Vec<String>> = own.collect();
            assert!(!own.is_empty(), "{name} shows no example");
            for line in own {
                let parsed = Cli::try_parse_from(&line);
                assert!(parsed.is_ok(), "{line:?}\n{}", parsed.unwrap_err());
            }
        }
    }
}
