//! # ray_serve: the autoscaler of Ray Serve
//!
//! **Is**: the controller of Ray Serve 2.60.0 and the metric path that feeds it, read from its source and
//! compared with its outputs: [`decision`] and [`aggregate`] are pure functions, `sensor` the handle that
//! samples and pushes, `policy` a tick of the controller.
//!
//! **Knows**: an autoscaling config, a deployment or a whole Serve config file, in JSON or YAML, and what
//! pydantic says to wrong ones.
//!
//! **Must not know**: custom policies, which are code and are refused by name; the router's cached queue
//! lengths, probes and back-off.
//!
//! **Start at** [`decision::decide`], then `sensor`.

pub mod aggregate;
mod check;
pub mod decision;
mod fields;
mod knobs;
mod native;
mod policy;
mod sensor;
mod tell;
#[cfg(test)]
mod tests;

pub use knobs::{DelayMeasure, HandleAge, Knobs};
pub use native::{AutoscalingConfig, Direction, Model, Scaling};
pub use sensor::{Begins, Handle, Timing};

use super::{
    Assumption, DocumentFault, DocumentFaults, Fidelity, Happening, LeavesFirst, Omitted, Platform,
    Product,
};
use crate::builtin::PolicyContext;
use autosim_engine::control::Autoscaler;
use autosim_engine::fault::Faults;
use autosim_engine::units::Span;
use check::Shape;
use serde_json::{Value, json};

/// Ray Serve.
#[derive(Debug, Clone, Copy)]
pub struct RayServe;

impl Product for RayServe {
    const KIND: &'static str = "ray-serve";
    const PRODUCT: &'static str = "Ray Serve 2.60.0";
    const FIDELITY: Fidelity = Fidelity::Source;
    type Knobs = Knobs;
    type Model = Model;

    fn recognises(document: &Value) -> bool {
        let Value::Object(members) = document else { return false };
        match Shape::of(members) {
            Shape::Config => members.get("applications").is_some_and(Value::is_array),
            Shape::Deployment => check::DEPLOYMENT.iter().any(|key| members.contains_key(*key)),
            Shape::Autoscaling => check::AUTOSCALING.iter().any(|key| members.contains_key(*key)),
        }
    }

    fn read(
        documents: &[Value],
        knobs: &Knobs,
        strict: bool,
        faults: &mut DocumentFaults,
    ) -> Option<Model> {
        for (at, _) in documents.iter().enumerate().skip(1) {
            faults.document(at);
            let message = "one document describes a deployment, and this is another";
            let fault = DocumentFault::ours(message, "give one document");
            faults.add("", fault);
        }
        faults.document(0);
        let model = check::read(documents.first()?, knobs.deployment.as_deref(), strict, faults);
        model.filter(|_| documents.len() == 1)
    }

    fn check_knobs(knobs: &Knobs, faults: &mut Faults) {
        knobs.check(faults);
    }

    fn export(model: &Model) -> Vec<Value> {
        vec![model.typed.clone()]
    }

    fn defaults(model: &Model) -> Vec<Omitted> {
        let below = |place: &str, key: &str| match place {
            "" => key.to_owned(),
            place => format!("{place}.{key}"),
        };
        let typed = |place: &str| match place {
            "" => Some(&model.typed),
            place => model.typed.pointer(&format!("/{}", place.replace('.', "/"))),
        };
        let mut omitted = Vec::new();
        let mut note = |place: &str, key: &str, value: Value| {
            if typed(place).is_none_or(|object| object.get(key).is_none()) {
                omitted.push(Omitted { document: 0, path: below(place, key), value });
            }
        };
        let alone = model.autoscaling_place.as_deref() == Some("");
        if !alone {
            note(&model.place, "max_ongoing_requests", model.max_ongoing_requests.into());
            let grace = model.graceful_shutdown_timeout_s;
            note(&model.place, "graceful_shutdown_timeout_s", json!(grace));
        }
        match &model.scaling {
            Scaling::Fixed(count) => note(&model.place, "num_replicas", (*count).into()),
            Scaling::Auto(config) => {
                let place = model.autoscaling_place.clone();
                let place = place.unwrap_or_else(|| below(&model.place, "autoscaling_config"));
                for (key, value) in config.members() {
                    note(&place, &key, value);
                }
            }
        }
        omitted
    }

    fn assumptions(_: &Model, knobs: &Knobs) -> Vec<Assumption> {
        let rule =
            |rule: &str, value: String, why| Assumption { rule: rule.to_owned(), value, why };
        let interval = knobs.control_interval.to_string();
        let handle = serde_json::to_value(knobs.handle).unwrap_or_default();
        let handle = handle.as_str().unwrap_or_default().to_owned();
        vec![
            rule(
                "control_interval",
                interval,
                "a step of the controller takes no time; in a live one it adds some milliseconds",
            ),
            rule("handle", handle, "a proxy learns of a deployment when it is deployed"),
            rule(
                "handle_phase",
                knobs.handle_phase.to_string(),
                "when a handle samples and pushes depends on when it began",
            ),
            rule(
                "handles",
                "1".into(),
                "which handle of several takes a request is not modelled, so one takes all",
            ),
        ]
    }

    fn platform(model: &Model, knobs: &Knobs) -> Platform {
        let limits = policy::limits(model, knobs);
        Platform {
            concurrency: Some(model.max_ongoing_requests),
            grace: Some(Span::from_secs_f64(model.graceful_shutdown_timeout_s)),
            leaves_first: Some(LeavesFirst::Newest),
            ..Platform::between(policy::start(model, knobs), limits.highest.max(limits.lowest))
        }
    }

    fn autoscaler(model: &Model, knobs: &Knobs, _: &PolicyContext) -> Autoscaler {
        policy::autoscaler(model, knobs)
    }

    fn unreadable(message: &str) -> DocumentFault {
        DocumentFault::ours(message, "a JSON or YAML document")
    }

    /// What pydantic's `ValidationError.errors()` lists.
    fn refusal(faults: &[&DocumentFault]) -> Value {
        let one = |fault: &&DocumentFault| {
            let part = |part: &str| part.parse::<u64>().map_or_else(|_| part.into(), Value::from);
            let places = fault.field.split('.').filter(|part| !part.is_empty());
            let places: Vec<Value> = places.map(part).collect();
            json!({ "type": fault.code, "loc": places, "msg": fault.message })
        };
        faults.iter().map(one).collect()
    }

    fn tell(model: &Model, _: &Knobs, happening: &Happening<'_>) -> Option<Value> {
        tell::status(model, happening)
    }
}
