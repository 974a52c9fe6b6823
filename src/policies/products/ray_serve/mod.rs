//! # ray_serve: the autoscaler of Ray Serve
//!
//! **Is**: the controller of Ray Serve 2.60.0 and the metric path that feeds it, read from its source and
//! compared with its outputs: [`decision`] and [`aggregate`] are pure functions, `sensor` the handle that
//! samples and pushes, `policy` a tick of the controller.
//!
//! **Knows**: an autoscaling config, a deployment, an application, a model of Serve LLM, a whole Serve config
//! file or the REST API's answer, in JSON or YAML, and what pydantic says to wrong ones.
//!
//! **Must not know**: custom policies, which are code and are refused by name; the router's cached queue
//! lengths, probes and back-off.
//!
//! **Start at** [`decision::decide`], then `sensor`.

pub mod aggregate;
mod check;
pub mod decision;
mod knobs;
mod native;
mod options;
mod policy;
mod pydantic;
mod sensor;
mod tell;
#[cfg(test)]
mod tests;

pub use knobs::{DelayMeasure, HandleAge, Knobs};
pub use native::{AutoscalingConfig, Direction, Model, Scaling};
pub use sensor::{Begins, Handle, Timing};

use super::{
    DocumentFault, FixedRule, Form, Happening, LeavesFirst, Omitted, Platform, Product, Provenance,
    Reader,
};
use crate::builtin::PolicyContext;
use autosim_engine::control::Autoscaler;
use autosim_engine::units::Span;
use pydantic::Pydantic;
use serde_json::{Value, json};

/// Ray Serve.
#[derive(Debug, Clone, Copy)]
pub struct RayServe;

impl Product for RayServe {
    const KIND: &'static str = "ray-serve";
    const PRODUCT: &'static str = "Ray Serve 2.60.0";
    const PROVENANCE: Provenance = Provenance::Source;
    const FIXED: &'static [FixedRule] = &[(
        "handles",
        "1",
        "which handle of several takes a request is not modelled, so one takes all",
    )];

    const FORMS: &'static [Form] = check::FORMS;

    type Knobs = Knobs;
    type Dialect = Pydantic;
    type Model = Model;

    fn dialect(_: &Knobs, _: bool) -> Pydantic {
        Pydantic
    }

    fn model(documents: &[Value], knobs: &Knobs, reader: &Reader<Pydantic>) -> Option<Model> {
        for (at, document) in documents.iter().enumerate().skip(1) {
            let message = "one document describes a deployment, and this is another";
            reader.document(at, document).decline(message, "give one document");
        }
        check::read(documents.first()?, knobs.deployment.as_deref(), reader)
    }

    fn export(model: &Model) -> Vec<Value> {
        vec![model.typed.clone()]
    }

    fn defaults(model: &Model) -> Vec<Omitted> {
        model.omitted.clone()
    }

    fn platform(model: &Model, knobs: &Knobs) -> Platform {
        let limits = policy::limits(model, knobs);
        Platform {
            concurrency: Some(model.max_ongoing_requests)
                .filter(|most| *most <= native::LARGEST_LIMIT),
            grace: Some(Span::from_secs_f64(model.graceful_shutdown_timeout_s)),
            leaves_first: Some(LeavesFirst::Newest),
            sleeps: limits.lowest == 0,
            scale_in_after: match &model.scaling {
                Scaling::Fixed(_) => None,
                Scaling::Auto(config) => Some(Span::from_secs_f64(config.downscale_delay_s)),
            },
            ..Platform::between(policy::start(model, knobs), limits.highest.max(limits.lowest))
        }
    }

    fn autoscaler(model: &Model, knobs: &Knobs, context: &PolicyContext) -> Autoscaler {
        policy::autoscaler(model, knobs, context)
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
