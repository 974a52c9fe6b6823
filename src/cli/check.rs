//! `check`: is a scenario sound, and does what it promises hold.

use super::execute::{ExecuteArgs, Keep, execute, judge};
use super::exit::{Exit, Failure};
use super::input::ScenarioArgs;
use super::policy_input::{DocumentVerdict, is_document};
use super::run::Format;
use super::terminal::Terminal;
use autosim_study::experiment::Comparison;
use autosim_study::scenario::{Findings, Loaded, Scenario};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Check scenarios and platforms' documents without running them; with --assert, run scenarios and fail
/// unless the claims hold
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Scenarios, TOML files, and platforms' documents, JSON or YAML; `-` reads standard input
    #[arg(value_name = "SCENARIO", required = true)]
    scenarios: Vec<PathBuf>,
    /// What is printed on standard output (csv and markdown as table)
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Refuse in documents what the platform lets pass by kindness: unknown keys, aliases
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    scenario_args: ScenarioArgs,
    #[command(flatten)]
    execute: ExecuteArgs,
}

const EXAMPLES: &str = "\
Examples:
  autosim check scenarios/*.toml
  autosim check eas.json --strict --format json
  autosim check scenarios/quickstart.toml --assert 'prepared:p99<300ms' --assert 'errors<0.1%'
Exit codes: 0 sound and every claim holds, 1 a claim fails, 2 a scenario cannot be used.";

pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<Exit, Failure> {
    let mut worst = Exit::Good;
    let mut objects = Vec::new();
    for path in &args.scenarios {
        let exit = match check_one(path, args, terminal, &mut objects) {
            Err(Failure::BadInput(text)) => {
                terminal.complain(&text);
                Exit::BadInput
            }
            other => other?,
        };
        if exit as u8 > worst as u8 {
            worst = exit;
        }
        if exit == Exit::Interrupted {
            break;
        }
    }
    if args.format == Format::Json {
        terminal.print(&format!("{:#}\n", Value::Array(objects)))?;
    }
    Ok(worst)
}

fn check_one(
    path: &Path,
    args: &Args,
    terminal: &Terminal,
    objects: &mut Vec<Value>,
) -> Result<Exit, Failure> {
    let name = path.display().to_string();
    let json = args.format == Format::Json;
    if is_document(&name) {
        return check_document(path, args, terminal, objects);
    }
    match args.scenario_args.load(Some(path))? {
        Err(findings) => {
            if json {
                objects
                    .push(json!({ "file": name, "sound": false, "findings": findings.located() }));
            } else {
                terminal.say(&findings.render(terminal.colour));
            }
            Ok(Exit::BadInput)
        }
        Ok(Loaded { scenario, warnings }) => {
            if !json && !warnings.is_empty() {
                terminal.say(&warnings.render(terminal.colour));
            }
            sound(&name, &scenario, &warnings, args, terminal, objects)
        }
    }
}

/// A platform's document: whether it would take it, and if not, its answer.
fn check_document(
    path: &Path,
    args: &Args,
    terminal: &Terminal,
    objects: &mut Vec<Value>,
) -> Result<Exit, Failure> {
    let name = path.display().to_string();
    let verdict = DocumentVerdict::of(&name, args.strict)?;
    let exit = if verdict.sound { Exit::Good } else { Exit::BadInput };
    if args.format == Format::Json {
        objects.push(json!({
            "file": name,
            "sound": verdict.sound,
            "product": verdict.kind,
            "findings": verdict.findings.located(),
            "answer": verdict.answer,
        }));
        return Ok(exit);
    }
    if !verdict.findings.is_empty() {
        terminal.say(&verdict.findings.render(terminal.colour));
    }
    if verdict.sound && !args.execute.quiet {
        terminal.print(&format!("{name}: sound: a document of {}\n", verdict.kind))?;
    } else if let Some(answer) = verdict.answer {
        terminal.say(&format!("{name}: the platform would answer: {answer}"));
    }
    Ok(exit)
}

fn sound(
    name: &str,
    scenario: &Scenario,
    warnings: &Findings,
    args: &Args,
    terminal: &Terminal,
    objects: &mut Vec<Value>,
) -> Result<Exit, Failure> {
    let json = args.format == Format::Json;
    if !json && !args.execute.quiet {
        terminal.print(&format!("{name}: sound: {}\n", summary(scenario)))?;
    }
    let mut lines = Vec::new();
    let mut exit = Exit::Good;
    if !args.execute.asserts.is_empty() {
        let results = execute(scenario, &args.execute, Keep::default(), terminal)?;
        let comparison = Comparison::of(&results);
        let hold = judge(&args.execute.asserts, &results, &comparison, |line| {
            lines.push(line.to_owned());
            if json { Ok(()) } else { terminal.print(&format!("{name}: {line}\n")) }
        })?;
        exit = match (results.complete, hold) {
            (false, _) => Exit::Interrupted,
            (true, false) => Exit::Failed,
            (true, true) => Exit::Good,
        };
    }
    objects.push(json!({
        "file": name,
        "sound": true,
        "findings": warnings.located(),
        "assertions": lines,
        "hold": exit == Exit::Good,
        "assumptions": scenario.assumptions,
        "resolved": scenario.resolved,
    }));
    Ok(exit)
}

fn summary(scenario: &Scenario) -> String {
    let end = scenario.window.end;
    let requests: f64 =
        scenario.services.iter().map(|service| service.workload.expected_requests(end)).sum();
    let policies: Vec<&str> = scenario.policies.iter().map(|policy| policy.name.as_str()).collect();
    format!(
        "{} policies ({}), {} of {} {} requests each",
        policies.len(),
        policies.join(", "),
        match scenario.draws() {
            true => format!("{} replications", scenario.replications),
            false => "one replication, as every other would be the same,".to_owned(),
        },
        if scenario.closed_loop_users() > 0 { "at most about" } else { "about" },
        super::effort::grouped(requests.round() as u64),
    )
}
