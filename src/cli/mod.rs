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
use std::ffi::OsString;
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
    let verb = match Cli::try_parse_from(values_joined(std::env::args_os())) {
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

/// `--scale -1` as `--scale=-1`: what follows a flag and begins with a minus and a digit is its value, and is judged as one.
fn values_joined(words: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let is_flag = |word: &OsString| {
        word.to_str()
            .is_some_and(|word| word.len() > 2 && word.starts_with("--") && !word.contains('='))
    };
    let is_negative = |word: &OsString| {
        let rest = word.to_str().and_then(|word| word.strip_prefix('-')).unwrap_or_default();
        rest.trim_start_matches('.').starts_with(|first: char| first.is_ascii_digit())
    };
    let (mut all, mut only_names): (Vec<OsString>, bool) = (Vec::new(), false);
    for word in words {
        only_names |= word == "--";
        match all.last_mut().filter(|last| !only_names && is_flag(last) && is_negative(&word)) {
            Some(flag) => {
                flag.push("=");
                flag.push(word);
            }
            None => all.push(word),
        }
    }
    all
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
    fn a_negative_value_is_a_value_of_the_flag_before_it() {
        for (line, joined) in [
            (
                "autosim trace convert a --scale -1 --out b",
                "autosim trace convert a --scale=-1 --out b",
            ),
            ("autosim run a --duration -1h", "autosim run a --duration=-1h"),
            ("autosim x --from -7d --to -.5", "autosim x --from=-7d --to=-.5"),
            ("autosim x --a=1 -1 -o -2 -x", "autosim x --a=1 -1 -o -2 -x"),
            ("autosim x --out --scale 2", "autosim x --out --scale 2"),
            ("autosim x -- --scale -1", "autosim x -- --scale -1"),
        ] {
            let words = line.split(' ').map(OsString::from);
            let expected: Vec<OsString> = joined.split(' ').map(OsString::from).collect();
            assert_eq!(values_joined(words), expected, "{line}");
        }
    }

    #[test]
    fn no_verb_takes_a_negative_value_for_another_flag() {
        let mut all = Vec::new();
        verbs(&super::command(), "autosim", &mut all);
        for (name, verb) in all {
            let valued = verb.get_arguments().filter(|flag| flag.get_action().takes_values());
            for flag in valued.filter_map(clap::Arg::get_long) {
                let line = format!("{name} --{flag} -1");
                let parsed =
                    Cli::try_parse_from(values_joined(line.split(' ').map(OsString::from)));
                let told = parsed.err().map(|error| error.to_string()).unwrap_or_default();
                assert!(!told.contains("unexpected argument '-1'"), "{line}: {told}");
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
