//! What is said of PAI-EAS, checked.

mod documents;
mod knobs;
mod worked;

use super::{AutoScaler, Knobs, PaiEas};
use crate::products::tape::{self, Tape};
use autosim_engine::control::Decision;

/// A body with one strategy, 10 requests per second a replica.
fn body(min: u32, max: u32, behavior: &str) -> String {
    format!(
        "{{\"min\":{min},\"max\":{max},\"scaleStrategies\":[{{\"metricName\":\"qps\",\
         \"threshold\":10}}],\"behavior\":{behavior}}}"
    )
}

fn model(json: &str) -> AutoScaler {
    tape::model::<PaiEas>(json, &Knobs::default())
}

fn tape_with(json: &str, initial: u32, knobs: &Knobs) -> Tape {
    let context = tape::context("2026-03-02T00:00:00Z", initial);
    Tape::new::<PaiEas>(&tape::model::<PaiEas>(json, knobs), knobs, &context)
}

fn tape(json: &str, initial: u32) -> Tape {
    tape_with(json, initial, &Knobs::default())
}

/// The decisive stage's name and reason.
fn reason(decision: &Decision) -> String {
    let step = decision.reason();
    format!("{}: {}", step.stage.name(), step.why)
}

/// A service under one strategy whose total traffic is known: what a strategy sees is the total over
/// the present count.
struct Total {
    tape: Tape,
    /// When the last request came, where idle time is read.
    last_request: Option<u64>,
}

impl Total {
    fn of(json: &str, initial: u32) -> Self {
        Self { tape: tape(json, initial), last_request: None }
    }

    fn at(&mut self, at: u64, total: f64) -> Decision {
        let count = self.tape.desired;
        let value = (count > 0).then(|| total / f64::from(count));
        match self.last_request {
            None => self.tape.at(at, &[value]),
            Some(last) => self.tape.at(at, &[value, Some((at - last) as f64)]),
        }
    }
}
