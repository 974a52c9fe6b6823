//! Test support: a product's autoscaler, asked at given instants with given readings.

use super::{Document, DocumentFaults, Product};
use crate::builtin::PolicyContext;
use autosim_engine::control::{Autoscaler, Decision, Observation};
use autosim_engine::signal::{Census, Reading};
use autosim_engine::units::{Time, WallClock};
use serde_json::Value;

/// The documents of a JSON text (an array of them, or one), read leniently; panics with their faults.
pub(super) fn model<V: Product>(json: &str, knobs: &V::Knobs) -> V::Model {
    let mut faults = DocumentFaults::new();
    V::read(&documents(json), knobs, false, &mut faults)
        .unwrap_or_else(|| panic!("{:#?}\n{json}", faults.as_slice()))
}

/// The documents of a JSON text.
pub(super) fn documents(json: &str) -> Vec<Value> {
    let value = serde_json::from_str(json).unwrap_or_else(|error| panic!("{error}\n{json}"));
    Document::of_value(value).bodies
}

/// Faults of documents as `severity code status field: message`, one line each.
pub(super) fn faults<V: Product>(json: &str, knobs: &V::Knobs, strict: bool) -> Vec<String> {
    let mut faults = DocumentFaults::new();
    let _ = V::read(&documents(json), knobs, strict, &mut faults);
    let line = |fault: &super::DocumentFault| {
        let status = fault.status.map_or_else(|| "-".to_owned(), |status| status.to_string());
        let (severity, code) = (fault.severity, &fault.code);
        format!("{severity:?} {code} {status} {}: {}", fault.field, fault.message)
    };
    faults.as_slice().iter().map(line).collect()
}

/// A run from `start` (RFC 3339, with a zone) that lasts 400 days.
pub(super) fn context(start: &str, initial: u32) -> PolicyContext {
    PolicyContext {
        clock: WallClock::parse(start).unwrap_or_else(|error| panic!("{error:?}")),
        concurrency: 1,
        initial,
        end: Time::from_secs(400 * 86_400),
        plan: None,
        recorded: Default::default(),
        replication: 0,
        explains: true,
    }
}

/// An autoscaler under test. Replicas are ready at once unless `ready` is set.
pub(super) struct Tape {
    pub(super) autoscaler: Autoscaler,
    pub(super) desired: u32,
    pub(super) ready: Option<u32>,
}

impl Tape {
    pub(super) fn new<V: Product>(
        model: &V::Model,
        knobs: &V::Knobs,
        context: &PolicyContext,
    ) -> Self {
        let autoscaler = V::autoscaler(model, knobs, context);
        Self { autoscaler, desired: context.initial, ready: None }
    }

    /// A control at `at` seconds; the decision comes into force. One value per signal.
    pub(super) fn at(&mut self, at: u64, values: &[Option<f64>]) -> Decision {
        let now = Time::from_secs(at);
        assert_eq!(values.len(), self.autoscaler.signals.len(), "one value per signal");
        let readings: Vec<Reading> =
            values.iter().map(|&value| Reading { value, at: now }).collect();
        let ready = self.ready.unwrap_or(self.desired);
        let census = Census { starting: self.desired.saturating_sub(ready), ready, draining: 0 };
        let seen = Observation::new(now, census, self.desired, &readings);
        let decision = self.autoscaler.policy.observe(&seen);
        self.desired = decision.desired;
        decision
    }
}
