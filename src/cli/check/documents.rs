//! `check` of policies without a scenario: platforms' documents, and TOML that holds policies alone.

use super::{Args, Subject};
use crate::cli::documents::Group;
use crate::cli::exit::{Exit, Failure};
use crate::cli::input::{Input, policies_of};
use crate::cli::policy_input::set_layer;
use crate::cli::run::Format;
use crate::cli::terminal::Terminal;
use autosim_engine::fault::Severity;
use autosim_policies::products::{DocumentFault, ProductFile};
use autosim_study::scenario::{Findings, LoadOptions, Sources, load_policies};
use serde_json::{Value, json};

/// What is asked of a scenario and cannot be of what `name` is.
fn refuse_flags(name: &str, args: &Args, policies_too: bool) -> Result<(), Findings> {
    let asked = &args.scenario_args;
    let flags = [
        ("--seed", asked.seed.is_some()),
        ("--replications", asked.replications.is_some()),
        ("--trace", asked.trace.is_some()),
        ("--service", asked.service.is_some()),
        ("--scale-traffic", asked.scale_traffic.is_some()),
        ("--base", asked.base.is_some()),
        ("--slo", !asked.slo.is_empty()),
        ("--assert", !args.execute.asserts.is_empty()),
        ("--baseline", args.execute.has_baseline()),
        ("--policy", policies_too && !asked.policies.is_empty()),
    ];
    let given: Vec<&str> =
        flags.into_iter().filter(|(_, given)| *given).map(|(flag, _)| flag).collect();
    if given.is_empty() {
        return Ok(());
    }
    let flags = given.join(", ");
    let message = format!("{flags}: of a scenario, and {name} is none");
    Err(Findings::of_file(
        name,
        message,
        "leave it out, or check a scenario that names the document",
    ))
}

/// Whether a text holds policies and nothing else: what `import` writes.
pub(super) fn holds_policies_alone(input: &Input, args: &Args) -> bool {
    let root = toml::from_str::<toml::Table>(&input.text).unwrap_or_default();
    let asked = &args.scenario_args;
    let alone = !root.is_empty() && root.keys().all(|key| key == "policies");
    alone && asked.trace.is_none() && asked.service.is_none()
}

/// Policies of a file of ours.
pub(super) fn check_policies(
    input: Input,
    args: &Args,
    terminal: &Terminal,
    objects: &mut Vec<Value>,
) -> Result<Exit, Failure> {
    let name = input.name.clone();
    if let Err(findings) = refuse_flags(&name, args, false) {
        return Ok(Subject::refuse(&name, &findings, args, terminal, objects));
    }
    let options = LoadOptions {
        folder: input.folder,
        layers: args.scenario_args.values(),
        policies: args.scenario_args.policies.clone(),
        ..LoadOptions::default()
    };
    let count = policies_of(&input.text).len();
    match load_policies(Sources::new(input.name, input.text), &options) {
        Err(findings) => Ok(Subject::refuse(&name, &findings, args, terminal, objects)),
        Ok((policies, warnings)) => {
            let all: Vec<String> = policies
                .iter()
                .map(|one| format!("{} ({})", one.name, one.spec.kind_name()))
                .collect();
            objects.push(json!({
                "file": name,
                "sound": true,
                "verdict": "sound",
                "policies": all,
                "findings": warnings.located(),
            }));
            if args.format == Format::Json {
                return Ok(Exit::Good);
            }
            if !warnings.is_empty() {
                terminal.say(&warnings.render(terminal.colour));
            }
            if !args.execute.quiet {
                let what = if count == 1 { "a policy" } else { "policies" };
                terminal.print(&format!(
                    "{name}: sound: {what} without a scenario: {}\n",
                    all.join(", ")
                ))?;
            }
            Ok(Exit::Good)
        }
    }
}

/// What becomes of documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    /// `run` takes them.
    Sound,
    /// The platform would take them, and there is not enough to run.
    Incomplete,
    /// The platform or autosim refuses them.
    Refused,
}

/// Documents that belong together: whether they would be taken, and if not, the platform's answer.
pub(super) fn check_documents(
    group: &Group,
    args: &Args,
    terminal: &Terminal,
    objects: &mut Vec<Value>,
) -> Result<Exit, Failure> {
    let name = group.names().join(", ");
    if let Err(findings) = refuse_flags(&name, args, true) {
        return Ok(Subject::refuse(&name, &findings, args, terminal, objects));
    }
    let policy = group.policy_name(&[]);
    let set = args.scenario_args.set.iter();
    let set = set.map(|set| set_layer(&policy, group.kind(), set));
    let options = LoadOptions {
        layers: std::iter::once(group.layer(&policy, args.strict)).chain(set).collect(),
        documents: group.texts().collect(),
        ..LoadOptions::default()
    };
    let loaded = load_policies(Sources::new(name.clone(), ""), &options);
    let is_sound = loaded.is_ok();
    let findings = loaded.map_or_else(|findings| findings, |(_, warnings)| warnings);
    let lacks = findings.of_documents().find(|fault| fault.is_incompleteness()).cloned();
    let others = findings.clone().without_incompleteness();
    let verdict = match (is_sound, others.any_error()) {
        (true, _) => Verdict::Sound,
        (false, true) => Verdict::Refused,
        (false, false) => Verdict::Incomplete,
    };
    let errors: Vec<&DocumentFault> =
        findings.of_documents().filter(|fault| fault.severity == Severity::Error).collect();
    let file = ProductFile::of_files(group.kind(), Vec::new(), args.strict);
    let answer = file.and_then(|file| file.refusal(&errors));
    let exit = if verdict == Verdict::Sound { Exit::Good } else { Exit::BadInput };
    objects.push(json!({
        "file": group.names()[0],
        "files": group.names(),
        "sound": is_sound,
        "verdict": verdict,
        "product": group.kind(),
        "taken_for": group.recognised(),
        "findings": findings.located(),
        "answer": answer,
    }));
    if args.format == Format::Json {
        return Ok(exit);
    }
    if !others.is_empty() {
        terminal.say(&others.render(terminal.colour));
    }
    let taken_for = format!("taken for a document of {}", group.recognised());
    match (verdict, lacks, answer) {
        (Verdict::Sound, ..) if args.execute.quiet => {}
        (Verdict::Sound, ..) => terminal.print(&format!("{name}: sound: {taken_for}\n"))?,
        (Verdict::Incomplete, Some(lacks), _) => terminal.print(&format!(
            "{name}: incomplete: {taken_for}; the platform would take it, but {}: {}\n",
            lacks.message, lacks.remedy
        ))?,
        (_, _, Some(answer)) => {
            terminal.say(&format!("{name}: {taken_for}; the platform would answer: {answer}"));
        }
        (_, _, None) => terminal.say(&format!("{name}: refused: {taken_for}")),
    }
    Ok(exit)
}
