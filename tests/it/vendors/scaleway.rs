//! Scaleway: the samples of the reference as they are printed there, and the shipped document.

use super::{load, loaded};
use autosim::fault::Severity;
use std::io::Write;
use std::path::PathBuf;

/// The text of an API reference; it is not part of the project, so a test without it says so.
fn reference(test: &str, file: &str) -> Option<String> {
    let shared = std::env::var_os("AUTOSIM_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared")),
        Into::into,
    );
    let text = std::fs::read_to_string(shared.join("seeds").join(file)).ok();
    if text.is_none() {
        let line = format!("skipped: {test}: {file} absent (AUTOSIM_SHARED names its folder)\n");
        let _ = std::io::stderr().write_all(line.as_bytes());
    }
    text
}

/// The bodies of the `curl -d '...'` commands of a page, with the shell's quotes in them.
fn bodies(page: &str) -> Vec<String> {
    let starts = page.match_indices("-d '{").map(|(at, _)| at + "-d '".len());
    let ends = |at: usize| page[at..].find("}'").map(|length| page[at..at + length + 1].to_owned());
    starts.filter_map(ends).collect()
}

#[test]
fn the_bodies_of_the_reference_run_as_they_are_printed() {
    let Some(page) = reference("Scaleway's reference", "003_1c89563fd6e3b042.txt") else { return };
    let bodies = bodies(&page);
    assert_eq!(bodies.len(), 4);
    assert!(bodies[0].contains("\"'\"$SCW_PROJECT_ID\"'\""), "{}", bodies[0]);
    let policy = loaded("scaleway", &format!("[{}]", bodies.join(",")));
    let out = policy.export();
    assert_eq!(out.len(), 4);
    assert_eq!(out[0]["project_id"], "$SCW_PROJECT_ID");
    assert_eq!(out[1]["capacity"]["cooldown_delay"], "300s");
    let platform = policy.platform();
    assert_eq!((platform.start, platform.most), (1, 5));
    let strict = load("scaleway", &format!("[{}]", bodies.join(",")), true);
    assert!(strict.policy.is_none());
    for found in &strict.found {
        assert_eq!((found.fault.code.as_str(), found.fault.status), ("format", Some(400)));
    }
}

#[test]
fn the_shipped_document_is_sound_and_evaluated_every_five_minutes() {
    let text = include_str!("../../../scenarios/policies/scaleway.json");
    let loading = load("scaleway", text, false);
    assert!(loading.found.is_empty(), "{:#?}", loading.found);
    let policy = loading.policy.unwrap();
    assert_eq!(policy.first_evaluation().unwrap().as_secs_f64(), 300.0);
    assert!(policy.aggregates_itself() && policy.omitted().iter().all(|one| one.path == "tags"));
}

#[test]
fn a_fault_has_its_place_in_the_text_of_its_body() {
    let text = "[\n{\"metric\": {\"threshold\": 65}},\n{\"metric\": {\"threshold\": \"hot\"}}\n]";
    let loading = load("scaleway", text, false);
    let errors: Vec<_> =
        loading.found.iter().filter(|found| found.fault.severity == Severity::Error).collect();
    assert_eq!(errors.len(), 1, "{errors:?}");
    match &errors[0].origin {
        autosim::vendor::Origin::File { file: 0, span } => {
            assert_eq!(&text[span.clone()], "\"hot\"");
        }
        other => panic!("{other:?}"),
    }
}
