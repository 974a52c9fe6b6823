//! What is said of Scalingo, checked.

mod documents;
mod knobs;
mod worked;

use super::{App, Knobs, Scalingo};
use crate::products::tape::{self, Tape};
use autosim_engine::control::Decision;

/// A creation.
fn body(container_type: &str, min: u32, max: u32, metric: &str, target: f64) -> String {
    format!(
        "{{\"autoscaler\":{{\"container_type\":\"{container_type}\",\"min_containers\":{min},\
         \"max_containers\":{max},\"metric\":\"{metric}\",\"target\":{target}}}}}"
    )
}

/// The creation of the API reference.
fn seed() -> String {
    body("web", 3, 7, "rpm_per_container", 150.0)
}

fn model(json: &str) -> App {
    tape::model::<Scalingo>(json, &Knobs::default())
}

fn tape_with(json: &str, initial: u32, knobs: &Knobs) -> Tape {
    let context = tape::context("2026-03-02T00:00:00Z", initial);
    Tape::new::<Scalingo>(&tape::model::<Scalingo>(json, knobs), knobs, &context)
}

fn tape(json: &str, initial: u32) -> Tape {
    tape_with(json, initial, &Knobs::default())
}

/// The decisive stage's name and reason.
fn reason(decision: &Decision) -> String {
    let step = decision.reason();
    format!("{}: {}", step.stage.name(), step.why)
}

/// Every stage's reason.
fn trail(decision: &Decision) -> String {
    let steps = decision.trail.iter();
    let steps: Vec<String> =
        steps.map(|step| format!("{}: {}", step.stage.name(), step.why)).collect();
    steps.join("; ")
}

/// A minute's end with these requests in all: over the containers that run.
fn total(tape: &mut Tape, at: u64, total: f64) -> Decision {
    let running = f64::from(tape.ready.unwrap_or(tape.desired));
    tape.at(at, &[Some(total / running)])
}
