//! `check`: is a scenario sound, and does what is asserted of it hold.

mod documents;

use super::assertion::Finding;
use super::documents::{Group, ReadDocument, is_document};
use super::execute::{ExecuteArgs, cases, execute, judge};
use super::exit::{Exit, Failure};
use super::input::{Input, Role, ScenarioArgs, refuse_recorded};
use super::past_run::PastRun;
use super::run::Format;
use super::terminal::Terminal;
use autosim_engine::units::plural;
use autosim_report::{Case, Outcome, Suite};
use autosim_study::experiment::Comparison;
use autosim_study::scenario::{Findings, Loaded, Scenario};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Check scenarios and platforms' documents without running them; with --assert, run scenarios and fail
/// unless the claims hold
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Scenarios and policies, TOML files, and platforms' documents, JSON or YAML (those that belong
    /// together as one); `-` reads standard input
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
  autosim check group.json up.json down.json --set tick_s=60
  autosim check scenarios/quickstart.toml --assert 'prepared:p99<300ms' --assert 'errors<0.1%'
  autosim check scenarios/quickstart.toml --assert 'cost<=1.05*baseline' --baseline before/summary.csv \
      --junit verdicts.xml
--set names a path of a scenario (service.concurrency=8) or, for documents, a knob or a key below it.
Exit codes: 0 sound and every claim holds, 1 a claim fails, 2 something cannot be used, or documents are
incomplete: good, but not enough to run.";

pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<Exit, Failure> {
    let mut worst = Exit::Good;
    let (mut objects, mut suites) = (Vec::new(), Vec::new());
    for subject in Subject::all(args) {
        let (name, mut claims) = (subject.name(), Vec::new());
        let exit = check_one(subject, args, terminal, &mut objects, &mut claims);
        let exit = exit.unwrap_or_else(|failure| {
            if args.format != Format::Json {
                terminal.complain(&failure.text(terminal.colour));
            }
            objects.push(refused(&failure.findings()));
            Exit::BadInput
        });
        let sound = objects.last().and_then(|object| sound_case(&name, object));
        suites.push(Suite { name, cases: sound.into_iter().chain(claims).collect() });
        worst = worst.worst(exit);
        if exit == Exit::Interrupted {
            break;
        }
    }
    if args.format == Format::Json {
        terminal.print(&format!("{:#}\n", Value::Array(objects)))?;
    }
    args.execute.leave_junit(suites)?;
    Ok(worst)
}

/// Whether a subject can be used, as the case of a build, from what is said of it.
fn sound_case(name: &str, object: &Value) -> Option<Case> {
    let errors = object["findings"].as_array()?.iter().filter(|one| one["severity"] == "error");
    let told = |finding: &Value| {
        let place = finding["line"].as_u64().filter(|line| *line > 0);
        let place = place.map_or_else(String::new, |line| format!("line {line}: "));
        format!("{place}{}", finding["message"].as_str().unwrap_or_default())
    };
    let outcome = match object["sound"] == true {
        true => Outcome::Passed,
        false => Outcome::Error(errors.map(told).collect::<Vec<_>>().join("; ")),
    };
    Some(Case { class: name.to_owned(), name: "sound".into(), outcome })
}

/// What cannot be used, as an object.
pub(super) fn refused(findings: &Value) -> Value {
    json!({ "sound": false, "verdict": "refused", "findings": findings })
}

/// What arguments turned out to be.
enum Subject {
    Scenario(Input),
    /// Policies without a scenario.
    Policies(Input),
    Documents(Group),
    /// Nothing that can be looked at, and why.
    Unread(String, Findings),
}

impl Subject {
    /// What messages call it.
    fn name(&self) -> String {
        match self {
            Self::Scenario(input) | Self::Policies(input) => input.name.clone(),
            Self::Documents(group) => group.names().join(", "),
            Self::Unread(name, _) => name.clone(),
        }
    }

    /// Reads what the arguments name, in their order; documents that belong together become one.
    fn all(args: &Args) -> Vec<Self> {
        let (mut all, mut documents) = (Vec::new(), Vec::new());
        let mut places = Vec::new();
        for (at, path) in args.scenarios.iter().enumerate() {
            match Self::read(path, args) {
                Ok(document) => {
                    places.push((document.name().to_owned(), at));
                    documents.push(document);
                }
                Err(other) => all.push((at, *other)),
            }
        }
        let place = |group: &Group| places.iter().find(|(name, _)| group.names()[0] == name);
        let groups = Group::apart(documents).into_iter();
        all.extend(
            groups.map(|group| (place(&group).map_or(0, |(_, at)| *at), Self::Documents(group))),
        );
        all.sort_by_key(|(at, _)| *at);
        all.into_iter().map(|(_, subject)| subject).collect()
    }

    /// A document, or something else.
    fn read(path: &Path, args: &Args) -> Result<ReadDocument, Box<Self>> {
        let name = path.display().to_string();
        let unread = |findings| Box::new(Self::Unread(name.clone(), findings));
        let role = if is_document(&name, "") { Role::Policy } else { Role::Scenario };
        let input = refuse_recorded(path).and_then(|()| Input::find(path, role));
        let input = input.map_err(unread)?;
        if !PastRun::is_left_by_us(&input.text) && is_document(&name, &input.text) {
            return ReadDocument::of(input).map_err(unread);
        }
        Err(Box::new(match documents::holds_policies_alone(&input, args) {
            true => Self::Policies(input),
            false => Self::Scenario(input),
        }))
    }

    /// Says why `name` cannot be used.
    fn refuse(
        name: &str,
        findings: &Findings,
        args: &Args,
        terminal: &Terminal,
        objects: &mut Vec<Value>,
    ) -> Exit {
        objects.push(json!({
            "file": name,
            "sound": false,
            "verdict": "refused",
            "findings": findings.located(),
        }));
        if args.format != Format::Json {
            terminal.say(&findings.render(terminal.colour));
        }
        Exit::BadInput
    }
}

fn check_one(
    subject: Subject,
    args: &Args,
    terminal: &Terminal,
    objects: &mut Vec<Value>,
    claims: &mut Vec<Case>,
) -> Result<Exit, Failure> {
    let input = match subject {
        Subject::Unread(name, findings) => {
            return Ok(Subject::refuse(&name, &findings, args, terminal, objects));
        }
        Subject::Documents(group) => {
            return documents::check_documents(&group, args, terminal, objects);
        }
        Subject::Policies(input) => {
            return documents::check_policies(input, args, terminal, objects);
        }
        Subject::Scenario(input) => input,
    };
    let name = input.name.clone();
    match args.scenario_args.load_input(input)? {
        Err(findings) => Ok(Subject::refuse(&name, &findings, args, terminal, objects)),
        Ok(Loaded { mut scenario, warnings, .. }) => {
            if args.format != Format::Json && !warnings.is_empty() {
                terminal.say(&warnings.render(terminal.colour));
            }
            let (object, exit, cases) = sound(&name, &mut scenario, &warnings, args, terminal)?;
            objects.push(object);
            claims.extend(cases);
            Ok(exit)
        }
    }
}

fn sound(
    name: &str,
    scenario: &mut Scenario,
    warnings: &Findings,
    args: &Args,
    terminal: &Terminal,
) -> Result<(Value, Exit, Vec<Case>), Failure> {
    let json = args.format == Format::Json;
    if !json && !args.execute.quiet {
        terminal.print(&format!("{name}: sound: {}\n", summary(scenario, args)))?;
    }
    let (mut lines, mut cases_made, mut exit) = (Vec::new(), Vec::new(), Exit::Good);
    if !args.execute.asserts.is_empty() || args.execute.needs_a_run() {
        let baseline = args.execute.baseline(scenario)?;
        let (results, ran) = execute(scenario, &args.execute, terminal)?;
        let comparison = Comparison::of(&results);
        let judged = judge(&args.execute.asserts, &results, &comparison, baseline.as_ref())?;
        lines.extend(judged.findings.iter().map(Finding::line));
        if !json {
            lines.iter().try_for_each(|line| terminal.print(&format!("{name}: {line}\n")))?;
        }
        (cases_made, exit) = (cases(name, &judged.findings), judged.exit.worst(ran));
    }
    let estimate = args.execute.estimate(scenario);
    let estimate = json!({
        "requests": estimate.requests.round(),
        "elapsed_s": estimate.elapsed_s,
        "memory_bytes": estimate.memory_bytes.round(),
    });
    let object = json!({
        "file": name,
        "sound": true,
        "verdict": "sound",
        "findings": warnings.located(),
        "assertions": lines,
        // Of an interrupted run it is not known.
        "hold": (exit != Exit::Interrupted).then_some(exit == Exit::Good),
        "assumptions": scenario.assumptions,
        "estimate": estimate,
        "resolved": scenario.resolved,
    });
    Ok((object, exit, cases_made))
}

fn summary(scenario: &Scenario, args: &Args) -> String {
    let end = scenario.window.end;
    let requests: f64 =
        scenario.services.iter().map(|service| service.workload.expected_requests(end)).sum();
    let policies: Vec<&str> = scenario.policies.iter().map(|policy| policy.name.as_str()).collect();
    format!(
        "{} ({}), {} of {} {} each; a run takes about {}",
        plural(policies.len() as u64, "policy"),
        policies.join(", "),
        match scenario.draws() {
            true => plural(scenario.replications.into(), "replication"),
            false => "one replication, as every other would be the same,".to_owned(),
        },
        if scenario.closed_loop_users() > 0 { "at most about" } else { "about" },
        plural(requests.round() as u64, "request"),
        super::effort::duration(args.execute.estimate(scenario).elapsed_s),
    )
}
