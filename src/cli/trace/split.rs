//! `trace split`: a service for each part of a recording, as the keys of a scenario.

use super::fit::start;
use super::reading::ReadingArgs;
use crate::cli::exit::{Exit, Failure};
use crate::cli::input::seen_from;
use crate::cli::terminal::Terminal;
use autosim_engine::units::{Span, plural};
use autosim_engine::workload::trace::{Inspection, Part, inspect, write_whole};
use autosim_report::plain;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Make services of the parts of a recording - its series, functions or paths - as a part of a scenario
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// A recording of any format
    file: PathBuf,
    /// The file to write: a table [services.NAME] for each part, the largest first
    #[arg(long, short, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    reading: ReadingArgs,
}

/// More services than these nobody writes policies for.
const MOST_SERVICES: usize = 100;

const EXAMPLES: &str = "\
Nothing is copied: every service plays its part of the same file, all on one clock. Policies compete for the first; give
each of the others a policy of its own, and all of them [services.NAME.service] and [services.NAME.replica].
Examples:
  autosim trace split prometheus.json --by job --out services.toml
  autosim trace split invocations.csv --top 5 --out services.toml
  autosim trace split calls.csv --by function --top 5 --out services.toml";

pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<Exit, Failure> {
    if args.file.as_path() == Path::new("-") {
        return Err(Failure::bad_input(
            "standard input is gone when the scenario is run\n  = help: save it to a file, and split that",
        ));
    }
    args.reading.refuse_to_replace(std::slice::from_ref(&args.file), &args.out)?;
    let path = args.file.display().to_string();
    let options = args.reading.options_of(&args.file)?.in_parts();
    let seen = inspect(Path::new(""), &path, &options).map_err(|fault| {
        Failure::bad_input(format_args!("{}\n  = help: {}", fault.message, fault.hint))
    })?;
    // Who plays one without requests is refused.
    let (played, silent): (Vec<&Part>, Vec<&Part>) =
        seen.parts.iter().partition(|part| part.requests > 0.0);
    if played.is_empty() {
        return Err(Failure::bad_input(format_args!(
            "no part of {path} has a request\n  = help: `autosim trace inspect` shows what was read"
        )));
    }
    if played.len() > MOST_SERVICES {
        let count = played.len();
        return Err(Failure::bad_input(format_args!(
            "{path} has {count} parts, more than {MOST_SERVICES} services\n  = help: --top 10 takes the largest, --by \
             another column has fewer"
        )));
    }
    let text = written(&seen, &played, args)?;
    let out = args.out.display();
    write_whole(&args.out, text.as_bytes())
        .map_err(|why| Failure::bad_input(format_args!("cannot write `{out}`: {why}")))?;
    for assumption in &seen.assumptions {
        terminal.say(&format!("assumed: {assumption}"));
    }
    if !silent.is_empty() {
        terminal.say(&format!("assumed: {}", left_out(&silent)));
    }
    let services = plural(played.len() as u64, "service");
    terminal.say(&format!("{services} in {out}: each still needs its service and replica"));
    Ok(Exit::Good)
}

/// The parts without requests, the first of them by name.
fn left_out(silent: &[&Part]) -> String {
    const NAMED: usize = 8;
    let mut names: Vec<String> =
        silent.iter().take(NAMED).map(|part| format!("`{}`", printable(part))).collect();
    if silent.len() > NAMED {
        names.push(format!("{} more", silent.len() - NAMED));
    }
    let parts = plural(silent.len() as u64, "part");
    format!("{parts} without requests left out: {}", names.join(", "))
}

/// The services, each with its part.
fn written(seen: &Inspection, played: &[&Part], args: &Args) -> Result<String, Failure> {
    let name = args.file.file_name().unwrap_or_default().display();
    let mut out = format!("# Made by `autosim trace split` from {name}.\n");
    if let Some(clock) = &seen.clock {
        out += &format!("start = \"{}\"\n", start(clock));
    }
    let zero = seen.parts.iter().map(|part| part.first).min().unwrap_or(0);
    let folder = args.out.parent().unwrap_or(Path::new(""));
    let mut names = Vec::new();
    for part in played {
        let name = unlike(&name_of(&part.name), &names);
        let mut keys = args.reading.keys();
        keys.remove("top");
        let file = seen_from(folder, &args.file)?;
        let durations = keys.get("durations").and_then(toml::Value::as_str).map(Path::new);
        if let Some(path) = durations.map(|path| seen_from(folder, path)).transpose()? {
            keys.insert("durations".to_owned(), path.into());
        }
        keys.insert("file".to_owned(), file.into());
        keys.insert("select".to_owned(), vec![part.name.clone()].into());
        let later = Span(part.first.abs_diff(zero));
        if seen.clock.is_some() && !later.is_zero() {
            keys.insert("at".to_owned(), later.to_string().into());
        }
        // Writing to a string cannot fail.
        let _ = write!(
            out,
            "\n# {}\n[services.{name}.workload.arrivals.recorded.replay]\n",
            told(part)
        );
        for (key, value) in &keys {
            // A table within stands in its line: by itself it would be one of the whole file.
            let _ = writeln!(out, "{key} = {value}");
        }
        names.push(name);
    }
    Ok(out)
}

/// How much of the requests it is, of those that `--top` leaves out too.
fn told(part: &Part) -> String {
    let share = plain(100.0 * part.share, 1);
    let requests = plural(part.requests.round() as u64, "request");
    format!("{}: {requests}, {share} %", printable(part))
}

/// Its name in a line.
fn printable(part: &Part) -> String {
    part.name.chars().filter(|letter| !letter.is_control()).collect()
}

/// A service's name, which a bare key of TOML may be: of a path `/api/items` it is `api-items`.
fn name_of(part: &str) -> String {
    let word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let words = part.split(|letter: char| !word(letter)).filter(|word| !word.is_empty());
    let name: String = words.collect::<Vec<_>>().join("-").chars().take(60).collect();
    if name.is_empty() { "part".to_owned() } else { name }
}

/// The name, with a number behind it where others have it.
fn unlike(name: &str, others: &[String]) -> String {
    let numbered = (2..).map(|number| format!("{name}-{number}"));
    let mut names = std::iter::once(name.to_owned()).chain(numbered);
    names.find(|name| !others.contains(name)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_are_named_after_their_parts_and_none_twice() {
        let mut names: Vec<String> = Vec::new();
        for (part, name) in [
            ("/api/items", "api-items"),
            ("api.items", "api-items-2"),
            ("http_requests_total{job=\"web\"}", "http_requests_total-job-web"),
            ("", "part"),
            ("\u{e9}", "part-2"),
        ] {
            let found = unlike(&name_of(part), &names);
            assert_eq!(found, name, "{part}");
            names.push(found);
        }
    }
}
