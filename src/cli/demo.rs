//! `demo`: the scenarios that come with autosim.

use super::effort::takes;
use super::execute::ExecuteArgs;
use super::exit::{Exit, Failure};
use super::input::{Input, ScenarioArgs, accept};
use super::run::{OutputArgs, run_scenario};
use super::terminal::Terminal;
use autosim_study::scenario::{nearest, nearest_of};
use std::path::PathBuf;

/// The shipped scenarios: one line each. A test compares it with the folder.
const SHIPPED: &[(&str, &str)] = &[
    ("quickstart", include_str!("../../scenarios/quickstart.toml")),
    ("batch-behind-interactive", include_str!("../../scenarios/batch-behind-interactive.toml")),
    ("cap-saturation", include_str!("../../scenarios/cap-saturation.toml")),
    ("classic-policies", include_str!("../../scenarios/classic-policies.toml")),
    ("closed-loop", include_str!("../../scenarios/closed-loop.toml")),
    ("cooldown-blocks", include_str!("../../scenarios/cooldown-blocks.toml")),
    ("deploy-resets-replicas", include_str!("../../scenarios/deploy-resets-replicas.toml")),
    ("faas-validation", include_str!("../../scenarios/faas-validation.toml")),
    ("hpa-vpa-fight", include_str!("../../scenarios/hpa-vpa-fight.toml")),
    ("keep-alive-cost", include_str!("../../scenarios/keep-alive-cost.toml")),
    ("lag-oscillation", include_str!("../../scenarios/lag-oscillation.toml")),
    ("launch-day", include_str!("../../scenarios/launch-day.toml")),
    ("long-jobs-killed", include_str!("../../scenarios/long-jobs-killed.toml")),
    ("metric-outage-scale-in", include_str!("../../scenarios/metric-outage-scale-in.toml")),
    ("monday-morning", include_str!("../../scenarios/monday-morning.toml")),
    ("retry-storm", include_str!("../../scenarios/retry-storm.toml")),
    ("rollout", include_str!("../../scenarios/rollout.toml")),
    ("scale-to-zero-herd", include_str!("../../scenarios/scale-to-zero-herd.toml")),
    ("stabilise-worst-of-both", include_str!("../../scenarios/stabilise-worst-of-both.toml")),
    ("startup-cpu-burn", include_str!("../../scenarios/startup-cpu-burn.toml")),
    ("worker-follows-web", include_str!("../../scenarios/worker-follows-web.toml")),
    ("wrong-metric", include_str!("../../scenarios/wrong-metric.toml")),
    ("zone-loss", include_str!("../../scenarios/zone-loss.toml")),
];

/// List the scenarios that come with autosim, with the lesson of each; run one by name
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Which one to run; without it they are listed
    name: Option<String>,
    /// Prints the scenario's file instead of running it
    #[arg(long)]
    print: bool,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    scenario_args: ScenarioArgs,
    #[command(flatten)]
    execute: ExecuteArgs,
}

const EXAMPLES: &str = "\
Examples:
  autosim demo
  autosim demo quickstart
  autosim demo quickstart --print > mine.toml";

pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<Exit, Failure> {
    let Some(name) = &args.name else {
        terminal.print(&list())?;
        return Ok(Exit::Good);
    };
    let Some((name, text)) = SHIPPED.iter().find(|(shipped, _)| shipped == name) else {
        let names: Vec<&str> = SHIPPED.iter().map(|(name, _)| *name).collect();
        return Err(Failure::bad_input(format_args!(
            "there is no shipped scenario `{name}`; {}",
            nearest_of(name, &names)
        )));
    };
    if args.print {
        terminal.print(text)?;
        return Ok(Exit::Good);
    }
    let input = Input::embedded(name, text, PathBuf::from("scenarios"));
    let mut scenario = accept(args.scenario_args.load_input(input)?, terminal)?;
    if !args.execute.quiet {
        terminal.say(&takes(&args.execute.estimate(&scenario)));
    }
    let exit = run_scenario(&mut scenario, &args.output, &args.execute, terminal)?;
    if let Some(lesson) = scenario.lesson.as_ref().filter(|_| args.output.for_people()) {
        terminal.print(&format!("\nlesson:\n{}", wrapped(lesson)))?;
    }
    Ok(exit)
}

/// The shipped scenario whose name is nearly this one.
pub(super) fn nearly(name: &str) -> Option<&'static str> {
    let names: Vec<&str> = SHIPPED.iter().map(|(shipped, _)| *shipped).collect();
    nearest(name, &names, 0.85)
}

/// One paragraph per scenario: its name, its question and its lesson.
fn list() -> String {
    let mut out = String::new();
    for (name, text) in SHIPPED {
        let table: toml::Table = toml::from_str(text).unwrap_or_default();
        out += &format!("{name}\n");
        for key in ["question", "lesson"] {
            if let Some(sentence) = table.get(key).and_then(toml::Value::as_str) {
                out += &wrapped(sentence);
            }
        }
    }
    out
}

/// Lines of at most 80 columns, indented.
pub(super) fn wrapped(text: &str) -> String {
    let mut out = String::new();
    let mut line = String::from("   ");
    for word in text.split_whitespace() {
        if line.chars().count() + 1 + word.chars().count() > 80 {
            out += &line;
            out.push('\n');
            line = String::from("   ");
        }
        line.push(' ');
        line += word;
    }
    out + &line + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scenario_of_the_folder_is_shipped_and_says_what_it_teaches() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .filter_map(|entry| {
                let name = entry.unwrap().file_name().into_string().unwrap();
                name.strip_suffix(".toml").map(str::to_owned)
            })
            .collect();
        files.sort();
        let mut shipped: Vec<&str> = SHIPPED.iter().map(|(name, _)| *name).collect();
        shipped.sort_unstable();
        assert_eq!(shipped, files);
        for (name, text) in SHIPPED {
            let table: toml::Table = toml::from_str(text).unwrap();
            assert!(table.contains_key("question") && table.contains_key("lesson"), "{name}");
        }
    }

    #[test]
    fn the_list_fits_a_terminal() {
        assert!(list().lines().all(|line| line.chars().count() <= 80), "{}", list());
    }
}
