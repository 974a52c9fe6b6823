//! # scaleway: Instance autoscaling, v1alpha1
//!
//! **What**: an instance group with its scaling policies and its template, bodies of
//! `/autoscaling/v1alpha1/zones/{zone}/...`. A machine of thresholds: about every five minutes each
//! policy compares an aggregate of a metric with its threshold, in order of priority; the first that
//! would change the count does, unless the one cooldown denies it.
//!
//! **Sources**: the public reference of the API (public beta), the types and errors of
//! `scaleway-sdk-go` (api/autoscaling/v1alpha1, scw/errors.go), traffic with the API recorded by
//! `terraform-provider-scaleway` in June 2025. The loop itself is not published: what the documentation
//! leaves open is a knob (`knobs.rs`). v1alpha2 is another algorithm and is refused by name.
//!
//! **Start at** `policy.rs`, whose steps are numbered.

mod advice;
mod check;
mod knobs;
mod native;
mod policy;
mod read;
mod samples;
mod tell;
#[cfg(test)]
mod tests;
mod words;

pub use knobs::{
    Actions, ConnectionsRate, CooldownEnd, CooldownFrom, Ids, Knobs, NetworkValue, NoSamples,
    NoopPolicy, Precision, Rounding, Ties, Victim,
};
pub use read::Model;

use super::{
    DocumentFault, FixedRule, Form, Happening, LeavesFirst, Omitted, Platform, Product, Provenance,
    Reader,
};
use crate::builtin::PolicyContext;
use autosim_engine::control::Autoscaler;
use autosim_engine::units::Span;
use serde_json::{Map, Value, json};
use words::{FORMAT, REASONS, V1Alpha1, is_error};

/// Scaleway's Instance autoscaling.
#[derive(Debug, Clone, Copy)]
pub struct Scaleway;

impl Product for Scaleway {
    const KIND: &'static str = "scaleway";
    const PRODUCT: &'static str = "Scaleway Instance autoscaling, v1alpha1";
    const PROVENANCE: Provenance = Provenance::Documented;
    const AGGREGATES_ITSELF: bool = true;

    const FIXED: &'static [FixedRule] = &[
        ("first count", "min_replicas", "not published; a scenario's `initial` replaces it"),
        (
            "a denied action",
            "ends the evaluation; weaker policies are not tried",
            "one shared cooldown would deny them too",
        ),
        ("a correction", "is the only action of its evaluation", "not published"),
        ("a sample", "the mean since the sample before, of running Instances", "not published"),
    ];

    const FORMS: &'static [Form] = read::FORMS;

    type Knobs = Knobs;
    type Dialect = V1Alpha1;
    type Model = Model;

    fn joins(before: &[Value], document: &Value) -> bool {
        read::joins(before, document)
    }

    fn dialect(knobs: &Knobs, strict: bool) -> V1Alpha1 {
        V1Alpha1 { update: false, ids: if strict { Ids::Strict } else { knobs.ids } }
    }

    fn model(documents: &[Value], knobs: &Knobs, reader: &Reader<V1Alpha1>) -> Option<Model> {
        read::read(documents, knobs, reader)
    }

    fn lacks(model: &Model) -> Option<String> {
        let partial = model.bodies.iter().find(|body| body.partial);
        match (partial, model.group) {
            (Some(body), _) => {
                let kind = body.kind.name();
                Some(format!("an update of a {kind} was given, and no {kind} that it amends"))
            }
            (None, None) => {
                Some("there is no instance group: its capacity is not known".to_owned())
            }
            (None, Some(_)) => None,
        }
    }

    fn export(model: &Model) -> Vec<Value> {
        let writable = |body: &native::Body| {
            let read_only = body.kind.read_only();
            let members = body
                .members
                .iter()
                .filter(|(key, _)| !read_only.split(' ').any(|name| name == key.as_str()));
            Value::Object(members.map(|(key, value)| (key.clone(), value.clone())).collect())
        };
        model.bodies.iter().map(writable).collect()
    }

    fn defaults(model: &Model) -> Vec<Omitted> {
        model.omitted.clone()
    }

    fn platform(model: &Model, knobs: &Knobs) -> Platform {
        let (min, max) = model.group.map_or((0, u32::MAX), |group| (group.min, group.max));
        Platform {
            cold_start: Some(Span::from_secs(knobs.cold_start_s.into())),
            leaves_first: Some(match knobs.victim {
                Victim::Newest => LeavesFirst::Newest,
                Victim::Oldest => LeavesFirst::Oldest,
            }),
            ..Platform::between(min, max)
        }
    }

    fn autoscaler(model: &Model, knobs: &Knobs, context: &PolicyContext) -> Autoscaler {
        policy::autoscaler(model, knobs, context)
    }

    fn first_evaluation(_: &Model, knobs: &Knobs) -> Option<Span> {
        Some(Span::from_secs(knobs.tick_s.into()))
    }

    fn unreadable(message: &str) -> DocumentFault {
        let message = format!("the body is no JSON: {message}");
        DocumentFault::error(FORMAT, Some(400), "", message, "a JSON object")
    }

    /// Bodies are sent one by one, so the answer is the one to the first that is refused. A missing
    /// resource is answered without a type, as recorded.
    fn refusal(faults: &[&DocumentFault]) -> Value {
        let refused = |fault: &&&DocumentFault| is_error(fault) && fault.status.is_some();
        let first = faults.iter().filter(refused).map(|fault| fault.document).min();
        let of_first: Vec<&&DocumentFault> =
            faults.iter().filter(refused).filter(|f| Some(f.document) == first).collect();
        let argument =
            |fault: &&&DocumentFault| REASONS.iter().any(|(code, _)| *code == fault.code);
        let details: Vec<Value> = of_first
            .iter()
            .copied()
            .filter(|fault| argument(fault))
            .map(|fault| {
                json!({
                    "argument_name": fault.field,
                    "reason": fault.code,
                    "help_message": fault.remedy,
                })
            })
            .collect();
        match of_first.first() {
            Some(missing) if details.is_empty() => json!({ "message": missing.message }),
            Some(_) => json!({
                "type": "invalid_arguments",
                "message": "invalid argument(s)",
                "details": details,
            }),
            None => Value::Object(Map::new()),
        }
    }

    fn tell(model: &Model, _: &Knobs, happening: &Happening<'_>) -> Option<Value> {
        tell::event(model, happening)
    }
}
